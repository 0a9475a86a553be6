/*
 * any bytes as what a publisher answers, then packed and unpacked; and as what
 * another machine wrote into the store
 */
#include <stdlib.h>
#include <string.h>

#include "priv.h"
#include "store_redis.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
pack(const struct th_receipt_line *l)
{
	struct th_receipt_view in = { 0 }, out;
	struct th_buf packed, room, json;

	th_buf_init(&packed, TH_LINE_MAX);
	th_buf_init(&room, TH_LINE_MAX);
	th_buf_init(&json, TH_LINE_MAX);
	in.id = th_str(l->remote_id);
	in.url = th_str(l->url);
	if (th_receipt_pack(&in, &packed) != TH_OK ||
	    th_receipt_unpack(th_buf_str(&packed), &room, &out) != TH_OK)
		abort();
	/* Nothing is added, and without odd bytes nothing is lost. */
	if (out.id.len > in.id.len || out.url.len > in.url.len)
		abort();
	if (in.url.len > 0 && strchr(l->url, '\001') == NULL &&
	    (in.id.len == 0 || strchr(l->remote_id, '\001') == NULL) &&
	    !th_str_is(out.url, l->url))
		abort();
	if (th_receipt_json(&out, 0, &json) != TH_OK)
		abort();
	th_buf_release(&packed);
	th_buf_release(&room);
	th_buf_release(&json);
}

static void
unpack(struct th_str any)
{
	struct th_receipt_view out;
	struct th_buf room;

	th_buf_init(&room, TH_LINE_MAX);
	th_receipt_unpack(any, &room, &out);
	th_buf_release(&room);
}

static void
stored(struct th_str any)
{
	char *owner = th_strndup(any.s, any.len);
	struct th_str rest;

	th_redis_number(any, &rest);
	if (rest.s + rest.len != any.s + any.len || rest.len > any.len)
		abort();
	if (owner != NULL)
		th_owner_life(owner);
	free(owner);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_str line = { (const char *)data, size };
	struct th_receipt_line l;
	struct th_err err = { 0 };
	struct th_item it;

	if (size == 0)
		return 0;
	unpack(line);
	stored(line);
	th_item_init(&it);
	if (th_item_parse(&it, line, &err) == TH_OK &&
	    th_receipt_read(&it, &l, &err) == TH_OK) {
		if (l.id == NULL || l.after < -1)
			abort();
		pack(&l);
		th_receipt_line_release(&l);
	}
	th_item_release(&it);
	return 0;
}

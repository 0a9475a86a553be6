/* identity -- what tells one item from another when it does not say so */
#include "trigger.h"

enum th_status
th_urn_uuid(struct th_str text, struct th_buf *ret)
{
	unsigned char sum[TH_SHA256_SIZE];
	size_t i;

	th_sha256(text, sum);
	sum[6] = (sum[6] & 0x0f) | 0x80;
	sum[8] = (sum[8] & 0x3f) | 0x80;
	th_buf_adds(ret, "urn:uuid:");
	for (i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			th_buf_addc(ret, '-');
		th_hex_encode((struct th_str){ (char *)&sum[i], 1 }, ret);
	}
	return ret->status;
}

/* What tools add on the way, `_published` and its like, is no content. */
static enum th_status
content_urn(const struct th_item *it, struct th_buf *ret)
{
	struct th_buf content;
	enum th_status st;
	size_t i;

	th_buf_init(&content, 2 * TH_LINE_MAX);
	for (i = 0; i < it->n; i++) {
		if (th_str_has_prefix(it->member[i].key, "_"))
			continue;
		th_buf_add(
		    &content, it->member[i].key.s, it->member[i].key.len);
		th_buf_addc(&content, ':');
		th_buf_add(&content, it->member[i].value.raw.s,
		    it->member[i].value.raw.len);
		th_buf_addc(&content, ',');
	}
	if ((st = content.status) == TH_OK)
		st = th_urn_uuid(th_buf_str(&content), ret);
	th_buf_release(&content);
	return st;
}

enum th_status
th_item_identity(const struct th_item *it, struct th_buf *ret)
{
	static const char *const name[] = { "id", "url" };
	size_t i, len = ret->len;
	enum th_status st;

	for (i = 0; i < 2; i++) {
		st = th_item_text(it, name[i], ret);
		if (st != TH_END && (st != TH_OK || ret->len > len))
			return st;
	}
	return content_urn(it, ret);
}

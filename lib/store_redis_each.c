/* store_redis_each -- all states, to be moved elsewhere */
#include <stdlib.h>
#include <string.h>

#include "store_redis.h"

#define PREFIX TH_REDIS_KEY "state "
#define PAGE 1000

struct walk {
	struct th_redis *r;
	th_state_visit *visit;
	void *ctx;
};

static int
digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : 0;
}

/* Decodes a NAME as th_redis_escape() wrote it. */
static enum th_status
read_name(struct th_str s, struct th_buf *ret)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.s[i] == '%' && i + 2 < s.len) {
			th_buf_addc(ret,
			    (char)(digit(s.s[i + 1]) << 4 | digit(s.s[i + 2])));
			i += 2;
		} else {
			th_buf_addc(ret, s.s[i]);
		}
	return ret->status != TH_OK ? ret->status
	       : ret->len > 0       ? TH_OK
				    : TH_END;
}

/* Takes a tail off a key; false: it has another one. */
static bool
cut_tail(struct th_str *key, const char *tail, size_t more)
{
	const size_t n = strlen(tail) + more;

	if (key->len <= n || memcmp(key->s + key->len - n, tail, n - more) != 0)
		return false;
	key->len -= n;
	return true;
}

static bool
is_aside(struct th_str key)
{
	size_t i;

	for (i = 0; i + 5 <= key.len; i++)
		if (memcmp(key.s + i, ":run:", 5) == 0)
			return true;
	return false;
}

/* Commands that take a cursor: HSCAN, ZSCAN.  use gets each pair of a page. */
static enum th_status
scan_key(struct walk *w, const char *command, struct th_str key,
    struct th_state_entry *e,
    enum th_status (*use)(struct walk *, struct th_state_entry *,
	const struct redisReply *, size_t),
    struct th_err *err)
{
	struct th_redis_cmd cmd;
	const struct redisReply *page;
	char cursor[24] = "0";
	enum th_status st;
	size_t i;

	do {
		th_redis_plain(&cmd, command);
		th_redis_add(&cmd, key);
		th_redis_adds(&cmd, cursor);
		th_redis_adds(&cmd, "COUNT");
		th_redis_addi(&cmd, PAGE);
		st = th_redis_run(w->r, &cmd, 1, err);
		page = th_redis_at(cmd.reply, 1);
		snprintf(cursor, sizeof(cursor), "%.*s",
		    (int)th_redis_text(th_redis_at(cmd.reply, 0)).len,
		    st == TH_OK ? th_redis_text(th_redis_at(cmd.reply, 0)).s
				: "");
		for (i = 0; i + 1 < th_redis_len(page) && st == TH_OK; i += 2)
			st = use(w, e, page, i);
		th_redis_done(&cmd);
	} while (st == TH_OK && strcmp(cursor, "0") != 0 && cursor[0] != '\0');
	return st;
}

static enum th_status
use_value(struct walk *w, struct th_state_entry *e,
    const struct redisReply *page, size_t i)
{
	/* Replies of hiredis end in a NUL. */
	e->key = th_redis_text(th_redis_at(page, i)).s;
	e->value = th_redis_text(th_redis_at(page, i + 1));
	return e->value.len > 0 ? w->visit(w->ctx, e) : TH_OK;
}

static enum th_status
use_mark(struct walk *w, struct th_state_entry *e,
    const struct redisReply *page, size_t i)
{
	const struct th_str id = th_redis_text(th_redis_at(page, i));
	struct th_str rest;

	if (id.len != TH_HASH_SIZE)
		return TH_OK;
	memcpy(e->id.byte, id.s, TH_HASH_SIZE);
	e->day =
	    th_redis_number(th_redis_text(th_redis_at(page, i + 1)), &rest);
	return w->visit(w->ctx, e);
}

/* NAME:v and NAME:s:SCOPE; what a run keeps aside is passed over. */
static enum th_status
use_key(struct walk *w, struct th_str key, struct th_err *err)
{
	const size_t n = sizeof(PREFIX) - 1;
	struct th_str name = { key.s + n, key.len - n };
	struct th_state_entry e = { 0 };
	char scope[TH_SCOPE_SIZE] = "";
	const bool values = cut_tail(&name, ":v", 0);
	struct th_buf b;
	enum th_status st;

	if ((!values && !cut_tail(&name, ":s:", sizeof(scope) - 1)) ||
	    is_aside(name))
		return TH_OK;
	if (!values)
		memcpy(scope, key.s + key.len - (sizeof(scope) - 1),
		    sizeof(scope) - 1);
	th_buf_init(&b, TH_LINE_MAX);
	st = read_name(name, &b);
	e.state = b.data;
	if (st == TH_OK && values) {
		st = scan_key(w, "HSCAN", key, &e, use_value, err);
	} else if (st == TH_OK) {
		e.scope = scope;
		st = scan_key(w, "ZSCAN", key, &e, use_mark, err);
	}
	th_buf_release(&b);
	return st == TH_END ? TH_OK : st;
}

static enum th_status
state_each(struct th_store *store, th_state_visit *visit, void *ctx,
    struct th_err *err)
{
	struct walk w = { (struct th_redis *)store, visit, ctx };
	struct th_redis_cmd cmd;
	const struct redisReply *page;
	char cursor[24] = "0";
	enum th_status st;
	size_t i;

	do {
		th_redis_plain(&cmd, "SCAN");
		th_redis_adds(&cmd, cursor);
		th_redis_adds(&cmd, "MATCH");
		th_redis_adds(&cmd, PREFIX "*");
		th_redis_adds(&cmd, "COUNT");
		th_redis_addi(&cmd, PAGE);
		st = th_redis_run(w.r, &cmd, 1, err);
		page = th_redis_at(cmd.reply, 1);
		snprintf(cursor, sizeof(cursor), "%.*s",
		    (int)th_redis_text(th_redis_at(cmd.reply, 0)).len,
		    st == TH_OK ? th_redis_text(th_redis_at(cmd.reply, 0)).s
				: "");
		for (i = 0; i < th_redis_len(page) && st == TH_OK; i++)
			st = use_key(
			    &w, th_redis_text(th_redis_at(page, i)), err);
		th_redis_done(&cmd);
	} while (st == TH_OK && strcmp(cursor, "0") != 0 && cursor[0] != '\0');
	return st;
}

void
th_redis_each_ops(struct th_store_ops *ops)
{
	ops->state_each = state_each;
}

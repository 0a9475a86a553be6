/* store_redis_move -- what Redis remembers besides items, out and in again */
#include <stdlib.h>
#include <string.h>

#include "store_redis.h"

#define PAGE 1000
#define MARK_SLOT 2
#define MARK_SIZE 6

static const char *const kind_name[] = { "limit ", "pause ", "queue " };
static const char *const kind_tail[] = { "", "", ":m" };

/* Numbered by how often it occurs: what is there already stays as often. */
static const struct th_redis_script hits_script = {
	{ "local call, K, nth, last = redis.call, KEYS[1], 0, ''\n"
	  "for i = 1, #ARGV - 1 do\n"
	  "  local at = ARGV[i]\n"
	  "  nth, last = at == last and nth + 1 or 1, at\n"
	  "  if call('ZCOUNT', K, at, at) < nth then\n"
	  "    call('ZADD', K, at, 'm' .. at .. '.' .. nth)\n"
	  "  end\n"
	  "end\n"
	  "return 1\n" }
};

static const struct th_redis_script marks_script = {
	{ "for i = 1, #ARGV - 1 do\n"
	  "  local m = ARGV[i]\n"
	  "  redis.call('HSETNX', KEYS[1], string.sub(m, 1, 2), "
	  "string.sub(m, 3))\n"
	  "end\n"
	  "return 1\n" }
};

static const struct th_redis_script pause_script = {
	{ "local K, till, now = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])\n"
	  "local t = redis.call('TIME')\n"
	  "local ms = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / "
	  "1000)\n"
	  "till = ms + (till - now) * 1000\n"
	  "if tonumber(redis.call('HGET', K, 'until') or 0) < till then\n"
	  "  redis.call('HSET', K, 'until', till, 'since', ms)\n"
	  "  redis.call('PEXPIRE', K, math.min(math.max(till - ms, 0), 1e13) + "
	  "60000)\n"
	  "end\n"
	  "return 1\n" }
};

/* ---- out ---- */

static enum th_status
visit_hits(const struct th_redis_cmd *cmd, const char *key,
    th_memory_visit *visit, void *ctx)
{
	enum th_status st = TH_OK;
	size_t i;

	for (i = 1; i < th_redis_len(cmd->reply) && st == TH_OK; i += 2)
		st = visit(ctx, key, th_redis_int(th_redis_at(cmd->reply, i)));
	return st;
}

static enum th_status
visit_marks(const struct th_redis_cmd *cmd, const char *key,
    th_memory_visit *visit, void *ctx)
{
	enum th_status st = TH_OK;
	struct th_str slot, print;
	uint64_t mark;
	size_t i, j;

	for (i = 0; i + 1 < th_redis_len(cmd->reply) && st == TH_OK; i += 2) {
		slot = th_redis_text(th_redis_at(cmd->reply, i));
		print = th_redis_text(th_redis_at(cmd->reply, i + 1));
		if (slot.len != MARK_SLOT || print.len != MARK_SIZE - MARK_SLOT)
			continue;
		for (mark = 0, j = MARK_SIZE; j-- > 0;)
			mark = mark << 8 |
			       (unsigned char)(j < MARK_SLOT
						   ? slot.s[j]
						   : print.s[j - MARK_SLOT]);
		st = visit(ctx, key, (int64_t)mark);
	}
	return st;
}

static enum th_status
recall_one(struct th_redis *r, enum th_memory kind, const char *key,
    th_memory_visit *visit, void *ctx, struct th_err *err)
{
	static const char *const command[] = { "ZRANGE", "HGET", "HGETALL" };
	struct th_redis_cmd cmd;
	enum th_status st;
	int64_t until;

	th_redis_plain(&cmd, command[kind]);
	th_redis_key(&cmd, kind_name[kind], key, kind_tail[kind]);
	if (kind == TH_M_LIMIT) {
		th_redis_adds(&cmd, "0");
		th_redis_adds(&cmd, "-1");
		th_redis_adds(&cmd, "WITHSCORES");
	} else if (kind == TH_M_PAUSE) {
		th_redis_adds(&cmd, "until");
	}
	if ((st = th_redis_run(r, &cmd, 1, err)) == TH_OK) {
		until = th_redis_int(cmd.reply) / 1000;
		st = kind == TH_M_LIMIT   ? visit_hits(&cmd, key, visit, ctx)
		     : kind == TH_M_GUARD ? visit_marks(&cmd, key, visit, ctx)
		     : until > 0          ? visit(ctx, key, until)
					  : TH_OK;
	}
	th_redis_done(&cmd);
	return st;
}

/* Names behind a kind in a page of keys, %XX decoded. */
static enum th_status
recall_page(struct th_redis *r, const struct redisReply *page,
    enum th_memory kind, th_memory_visit *visit, void *ctx, struct th_err *err)
{
	const size_t head = strlen(TH_REDIS_KEY) + strlen(kind_name[kind]);
	const size_t tail = strlen(kind_tail[kind]);
	enum th_status st = TH_OK;
	struct th_str key;
	char *name;
	size_t i;

	for (i = 0; i < th_redis_len(page) && st == TH_OK; i++) {
		key = th_redis_text(th_redis_at(page, i));
		if (key.len < head + tail)
			continue;
		name = th_url_unescape(
		    (struct th_str){ key.s + head, key.len - head - tail });
		st = name != NULL ? recall_one(r, kind, name, visit, ctx, err)
				  : th_fail(err, TH_ENOMEM, "out of memory");
		free(name);
	}
	return st;
}

/* A key may come twice in a walk; to hear of it twice does no harm. */
static enum th_status
recall_all(struct th_redis *r, enum th_memory kind, th_memory_visit *visit,
    void *ctx, struct th_err *err)
{
	char cursor[24] = "0", pattern[64];
	struct th_redis_cmd cmd;
	enum th_status st;
	struct th_str next;

	snprintf(pattern, sizeof(pattern), TH_REDIS_KEY "%s*%s",
	    kind_name[kind], kind_tail[kind]);
	do {
		th_redis_plain(&cmd, "SCAN");
		th_redis_adds(&cmd, cursor);
		th_redis_adds(&cmd, "MATCH");
		th_redis_adds(&cmd, pattern);
		th_redis_adds(&cmd, "COUNT");
		th_redis_addi(&cmd, PAGE);
		st = th_redis_run(r, &cmd, 1, err);
		next = th_redis_text(th_redis_at(cmd.reply, 0));
		snprintf(cursor, sizeof(cursor), "%.*s", (int)next.len,
		    next.s != NULL ? next.s : "0");
		if (st == TH_OK)
			st = recall_page(r, th_redis_at(cmd.reply, 1), kind,
			    visit, ctx, err);
		th_redis_done(&cmd);
	} while (st == TH_OK && strcmp(cursor, "0") != 0);
	return st;
}

static enum th_status
recall(struct th_store *store, enum th_memory kind, const char *key,
    th_memory_visit *visit, void *ctx, struct th_err *err)
{
	struct th_redis *r = (struct th_redis *)store;

	return key != NULL ? recall_one(r, kind, key, visit, ctx, err)
			   : recall_all(r, kind, visit, ctx, err);
}

/* ---- in ---- */

static enum th_status
remember(struct th_store *store, enum th_memory kind, const char *key,
    const int64_t *v, size_t n, int64_t now, struct th_err *err)
{
	static const struct th_redis_script *const script[] = { &hits_script,
		&pause_script, &marks_script };
	struct th_redis_cmd cmd;
	char mark[MARK_SIZE];
	enum th_status st;
	size_t i, j;

	th_redis_script(&cmd, script[kind], 1);
	th_redis_key(&cmd, kind_name[kind], key, kind_tail[kind]);
	for (i = 0; i < n; i++) {
		for (j = 0; j < MARK_SIZE; j++)
			mark[j] = (char)(v[i] >> 8 * j & 0xff);
		if (kind == TH_M_GUARD)
			th_redis_add(&cmd, (struct th_str){ mark, MARK_SIZE });
		else
			th_redis_addi(&cmd, v[i]);
	}
	if (kind == TH_M_PAUSE)
		th_redis_addi(&cmd, now);
	st = n > 0 ? th_redis_run((struct th_redis *)store, &cmd, 1, err)
		   : TH_OK;
	th_redis_done(&cmd);
	return st;
}

void
th_redis_move_ops(struct th_store_ops *ops)
{
	ops->recall = recall;
	ops->remember = remember;
}

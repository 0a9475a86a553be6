/*
 * store_redis_limit -- windows, pauses and locks in Redis
 *
 * The server's clock counts, so those of the machines need not agree.  What
 * goes in and out is turned into times from now.  A key that is of no use any
 * more goes away by itself.
 */
#include <stdio.h>

#include "store_redis.h"

#define CLOCK_LUA                                                              \
	"local call, again = redis.call, ARGV[#ARGV] == '1'\n"                 \
	"local t = call('TIME')\n"                                             \
	"local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / "     \
	"1000)\n"                                                              \
	"local K = KEYS[1]\n"

/* A sorted set: a token each, by the millisecond it was taken in. */
static const char window_lua[] =
    "local n, window = tonumber(ARGV[1]), tonumber(ARGV[2])\n"
    "local function look()\n"
    "  local used = call('ZCOUNT', K, '(' .. now - window, '+inf')\n"
    "  if used < n or n == 0 then return used, 0 end\n"
    "  local nth = call('ZREVRANGE', K, n - 1, n - 1, 'WITHSCORES')[2]\n"
    "  return used, math.max(math.min(tonumber(nth), now) + window - now, 1)\n"
    "end\n";

static const struct th_redis_script take_script = { { CLOCK_LUA, window_lua,
    "local token = ARGV[3]\n"
    "if again and call('ZSCORE', K, token) then return { 1, 0 } end\n"
    "local late = call('ZRANGEBYSCORE', K, '(' .. now, '+inf')\n"
    "for _, m in ipairs(late) do call('ZADD', K, now, m) end\n"
    "call('ZREMRANGEBYSCORE', K, '-inf', now - window)\n"
    "local used, left = look()\n"
    "if used >= n then return { 0, left } end\n"
    "call('ZADD', K, now, token)\n"
    "call('PEXPIRE', K, math.min(window, 1e13) + 60000)\n"
    "return { 1, 0 }\n" } };

static const struct th_redis_script look_script = { { CLOCK_LUA, window_lua,
    "local used, left = look()\n"
    "return { math.max(n - used, 0), left }\n" } };

static const struct th_redis_script pause_set_script = { { CLOCK_LUA,
    "local till = now + tonumber(ARGV[1]) * 1000\n"
    "local old = call('HMGET', K, 'until', 'since')\n"
    "if not old[1] or tonumber(old[1]) < till or tonumber(old[2]) > now then\n"
    "  call('HSET', K, 'until', till, 'since', now)\n"
    "  call('PEXPIRE', K, math.min(math.max(till - now, 0), 1e13) + 60000)\n"
    "end\n"
    "return 1\n" } };

static const struct th_redis_script pause_get_script = { { CLOCK_LUA,
    "local p = call('HMGET', K, 'until', 'since')\n"
    "if not p[1] then return false end\n"
    "return { math.ceil((tonumber(p[1]) - now) / 1000),\n"
    "    math.ceil((tonumber(p[2]) - now) / 1000) }\n" } };

static const struct th_redis_script lock_script = { { CLOCK_LUA,
    "local owner, dead, time = ARGV[1], ARGV[2], tonumber(ARGV[3]) * 1000\n"
    "local l = call('HMGET', K, 'owner', 'until', 'since')\n"
    "if l[1] and tonumber(l[2]) > now and tonumber(l[3]) <= now + 60000\n"
    "    and l[1] ~= owner and l[1] ~= dead then return l[1] end\n"
    "call('HSET', K, 'owner', owner, 'until', now + time, 'since', now)\n"
    "call('PEXPIRE', K, math.min(math.max(time, 0), 1e13) + 60000)\n"
    "return 1\n" } };

static const struct th_redis_script unlock_script = { { CLOCK_LUA,
    "if call('HGET', K, 'owner') == ARGV[1] then call('DEL', K) end\n"
    "return 1\n" } };

static enum th_status
limit_take(struct th_store *store, const char *key, int64_t n, int64_t window,
    int64_t now, int64_t *token, int64_t *next, struct th_err *err)
{
	struct th_redis_cmd cmd;
	enum th_status st;
	uint64_t chance;
	int64_t left;

	if ((st = th_random(&chance, sizeof(chance))) != TH_OK)
		return th_fail(err, st, "no random bytes");
	/* Not 0, which means none. */
	*token = (int64_t)(chance >> 1) | 1;
	th_redis_script(&cmd, &take_script, 1);
	th_redis_key(&cmd, "limit ", key, "");
	th_redis_addi(&cmd, n);
	th_redis_addi(&cmd, window);
	th_redis_addi(&cmd, *token);
	st = th_redis_run((struct th_redis *)store, &cmd, 1, err);
	left = th_redis_int(th_redis_at(cmd.reply, 1));
	*next = left > 0 ? now + left : 0;
	if (st == TH_OK && th_redis_int(th_redis_at(cmd.reply, 0)) == 0) {
		*token = 0;
		st = TH_END;
	}
	th_redis_done(&cmd);
	return st;
}

static enum th_status
limit_give(
    struct th_store *store, const char *key, int64_t token, struct th_err *err)
{
	struct th_redis_cmd cmd;
	enum th_status st;

	th_redis_plain(&cmd, "ZREM");
	th_redis_key(&cmd, "limit ", key, "");
	th_redis_addi(&cmd, token);
	st = th_redis_run((struct th_redis *)store, &cmd, 1, err);
	th_redis_done(&cmd);
	return st;
}

static enum th_status
limit_look(struct th_store *store, const char *key, int64_t n, int64_t window,
    int64_t now, int64_t *ret, int64_t *next, struct th_err *err)
{
	struct th_redis_cmd cmd;
	enum th_status st;
	int64_t left;

	th_redis_script(&cmd, &look_script, 1);
	th_redis_key(&cmd, "limit ", key, "");
	th_redis_addi(&cmd, n);
	th_redis_addi(&cmd, window);
	st = th_redis_run((struct th_redis *)store, &cmd, 1, err);
	*ret = th_redis_int(th_redis_at(cmd.reply, 0));
	left = th_redis_int(th_redis_at(cmd.reply, 1));
	*next = left > 0 ? now + left : 0;
	th_redis_done(&cmd);
	return st;
}

static enum th_status
pause_set(struct th_store *store, const char *key, int64_t until, int64_t now,
    struct th_err *err)
{
	struct th_redis_cmd cmd;
	enum th_status st;

	th_redis_script(&cmd, &pause_set_script, 1);
	th_redis_key(&cmd, "pause ", key, "");
	th_redis_addi(&cmd, until - now);
	st = th_redis_run((struct th_redis *)store, &cmd, 1, err);
	th_redis_done(&cmd);
	return st;
}

static enum th_status
pause_get(struct th_store *store, const char *key, int64_t *until,
    int64_t *since, struct th_err *err)
{
	struct th_redis_cmd cmd;
	enum th_status st;

	th_redis_script(&cmd, &pause_get_script, 1);
	th_redis_key(&cmd, "pause ", key, "");
	st = th_redis_run((struct th_redis *)store, &cmd, 1, err);
	if (st == TH_OK && th_redis_len(cmd.reply) != 2)
		st = TH_END;
	*until = th_now() + th_redis_int(th_redis_at(cmd.reply, 0));
	*since = th_now() + th_redis_int(th_redis_at(cmd.reply, 1));
	th_redis_done(&cmd);
	return st;
}

static enum th_status
lock_take(struct th_store *store, const char *name, const char *owner,
    const char *dead, int64_t now, int64_t until, char holder[TH_OWNER_SIZE],
    struct th_err *err)
{
	struct th_redis_cmd cmd;
	struct th_str whose;
	enum th_status st;

	th_redis_script(&cmd, &lock_script, 1);
	th_redis_key(&cmd, "lock ", name, "");
	th_redis_adds(&cmd, owner);
	th_redis_adds(&cmd, dead);
	th_redis_addi(&cmd, until - now);
	st = th_redis_run((struct th_redis *)store, &cmd, 1, err);
	whose = th_redis_text(cmd.reply);
	if (st == TH_OK && whose.s != NULL) {
		snprintf(
		    holder, TH_OWNER_SIZE, "%.*s", (int)whose.len, whose.s);
		st = TH_END;
	}
	th_redis_done(&cmd);
	return st;
}

static enum th_status
lock_drop(struct th_store *store, const char *name, const char *owner,
    struct th_err *err)
{
	struct th_redis_cmd cmd;
	enum th_status st;

	th_redis_script(&cmd, &unlock_script, 1);
	th_redis_key(&cmd, "lock ", name, "");
	th_redis_adds(&cmd, owner);
	st = th_redis_run((struct th_redis *)store, &cmd, 1, err);
	th_redis_done(&cmd);
	return st;
}

void
th_redis_limit_ops(struct th_store_ops *ops)
{
	ops->limit_take = limit_take;
	ops->limit_give = limit_give;
	ops->limit_look = limit_look;
	ops->pause_set = pause_set;
	ops->pause_get = pause_get;
	ops->lock_take = lock_take;
	ops->lock_drop = lock_drop;
}

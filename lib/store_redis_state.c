/*
 * store_redis_state -- readers' states in Redis
 *
 * The keys of a state, th:{th}:state NAME and
 *
 *	:v             hash: value by key
 *	:s:SCOPE       sorted set: ids seen in a scope, by the day
 *	:run:RUN:v     what a run keeps aside: values, "" for one to be taken
 *away :run:RUN:c     set: the scopes in which it saw ids :run:RUN:s:SCOPE set:
 *these ids
 *
 * SCOPE is the hash of its name.  th:{th}:run RUN is the set of the states that
 *a run keeps something of aside; each is settled in a step of its own.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store_redis.h"

#define NAME_MAX_SIZE 4096

/* In pieces, for a call takes some thousands of arguments at most. */
static const char pieces_lua[] =
    "local call, N = redis.call, 2000\n"
    "local function many(cmd, key, a)\n"
    "  for i = 1, #a, N do\n"
    "    call(cmd, key, unpack(a, i, math.min(i + N - 1, #a)))\n"
    "  end\n"
    "end\n"
    "local function forget(key, day) call('ZREMRANGEBYSCORE', key, '-inf',\n"
    "    '(' .. day) end\n";

/* KEYS: values, then a key for each scope.  npairs key value..., scope id... */
static const struct th_redis_script commit_script = { { pieces_lua,
    "local day, oldest, i = ARGV[1], ARGV[2], 4\n"
    "local set, del, seen = {}, {}, {}\n"
    "for _ = 1, tonumber(ARGV[3]) do\n"
    "  if ARGV[i + 1] == '' then del[#del + 1] = ARGV[i]\n"
    "  else set[#set + 1] = ARGV[i] set[#set + 1] = ARGV[i + 1] end\n"
    "  i = i + 2\n"
    "end\n"
    "many('HSET', KEYS[1], set)\n"
    "many('HDEL', KEYS[1], del)\n"
    "for k = 2, #KEYS do seen[k] = {} end\n"
    "while i < #ARGV do\n"
    "  local s = seen[tonumber(ARGV[i])]\n"
    "  s[#s + 1] = day s[#s + 1] = ARGV[i + 1]\n"
    "  i = i + 2\n"
    "end\n"
    "for k = 2, #KEYS do\n"
    "  many('ZADD', KEYS[k], seen[k])\n"
    "  forget(KEYS[k], oldest)\n"
    "end\n"
    "return 1\n" } };

/* KEYS: values, scopes, then a key for each scope.  npairs and so on; names. */
static const struct th_redis_script aside_script = { { pieces_lua,
    "local i, set, seen = 2, {}, {}\n"
    "for _ = 1, tonumber(ARGV[1]) do\n"
    "  set[#set + 1] = ARGV[i] set[#set + 1] = ARGV[i + 1]\n"
    "  i = i + 2\n"
    "end\n"
    "many('HSET', KEYS[1], set)\n"
    "for k = 3, #KEYS do\n"
    "  call('SADD', KEYS[2], ARGV[i])\n"
    "  seen[k] = {}\n"
    "  i = i + 1\n"
    "end\n"
    "while i < #ARGV do\n"
    "  local s = seen[tonumber(ARGV[i])]\n"
    "  s[#s + 1] = ARGV[i + 1]\n"
    "  i = i + 2\n"
    "end\n"
    "for k = 3, #KEYS do many('SADD', KEYS[k], seen[k]) end\n"
    "return 1\n" } };

/* KEYS: values, the run's values and scopes, then pairs of true and aside. */
static const struct th_redis_script settle_script = { { pieces_lua,
    "local keep, day, oldest = ARGV[1] == '1', ARGV[2], ARGV[3]\n"
    "if keep then\n"
    "  local v, set, del = call('HGETALL', KEYS[2]), {}, {}\n"
    "  for i = 1, #v, 2 do\n"
    "    if v[i + 1] == '' then del[#del + 1] = v[i]\n"
    "    else set[#set + 1] = v[i] set[#set + 1] = v[i + 1] end\n"
    "  end\n"
    "  many('HSET', KEYS[1], set)\n"
    "  many('HDEL', KEYS[1], del)\n"
    "end\n"
    "for k = 4, #KEYS, 2 do\n"
    "  local ids, seen = call('SMEMBERS', KEYS[k + 1]), {}\n"
    "  for _, id in ipairs(ids) do\n"
    "    seen[#seen + 1] = day seen[#seen + 1] = id\n"
    "  end\n"
    "  if keep then\n"
    "    many('ZADD', KEYS[k], seen)\n"
    "    forget(KEYS[k], oldest)\n"
    "  end\n"
    "  call('DEL', KEYS[k + 1])\n"
    "end\n"
    "call('DEL', KEYS[2], KEYS[3])\n"
    "return 1\n" } };

/* A key of a state: "" or ":run:RUN", then a tail, then a scope or "". */
static void
add_key(struct th_redis_cmd *cmd, const char *name, const char *run,
    const char *tail, const char *scope)
{
	struct th_buf b;

	th_buf_init(&b, NAME_MAX_SIZE * 4);
	if (run[0] != '\0') {
		th_buf_adds(&b, ":run:");
		th_redis_escape(&b, run);
	}
	th_buf_adds(&b, tail);
	th_buf_adds(&b, scope);
	if (b.status == TH_OK)
		th_redis_key(cmd, "state ", name, b.data);
	else
		cmd->args.status = b.status;
	th_buf_release(&b);
}

static enum th_status
state_get(struct th_store *store, const char *name, const char *run,
    const char *key, struct th_buf *ret, struct th_err *err)
{
	const char *const place[2] = { run, "" };
	struct th_redis_cmd cmd[2];
	struct th_str value;
	enum th_status st;
	size_t i;

	for (i = 0; i < 2; i++) {
		th_redis_plain(&cmd[i], "HGET");
		add_key(&cmd[i], name, place[i], ":v", "");
		th_redis_adds(&cmd[i], key);
	}
	st = th_redis_run((struct th_redis *)store, cmd, 2, err);
	i = th_redis_is_text(cmd[0].reply) ? 0 : 1;
	value = th_redis_text(cmd[i].reply);
	if (st == TH_OK)
		st = value.len == 0 ? TH_END
				    : th_buf_add(ret, value.s, value.len);
	if (st == TH_ENOMEM)
		th_fail(err, st, "out of memory");
	th_redis_done(&cmd[0]);
	th_redis_done(&cmd[1]);
	return st;
}

static enum th_status
state_scope(struct th_store *store, const char *name, const char *run,
    const char *scope, bool *ret, struct th_err *err)
{
	struct th_redis_cmd cmd;
	enum th_status st;

	th_redis_plain(&cmd, "EXISTS");
	add_key(&cmd, name, "", ":s:", scope);
	if (run[0] != '\0')
		add_key(&cmd, name, run, ":s:", scope);
	st = th_redis_run((struct th_redis *)store, &cmd, 1, err);
	*ret = th_redis_int(cmd.reply) > 0;
	th_redis_done(&cmd);
	return st;
}

static enum th_status
state_seen(struct th_store *store, const char *name, const char *run,
    const char *scope, const struct th_hash *id, bool *ret, struct th_err *err)
{
	const size_t n = run[0] != '\0' ? 2 : 1;
	struct th_redis_cmd cmd[2];
	enum th_status st;

	th_redis_plain(&cmd[0], "ZSCORE");
	add_key(&cmd[0], name, "", ":s:", scope);
	th_redis_addh(&cmd[0], id);
	th_redis_plain(&cmd[1], "SISMEMBER");
	add_key(&cmd[1], name, run, ":s:", scope);
	th_redis_addh(&cmd[1], id);
	st = th_redis_run((struct th_redis *)store, cmd, n, err);
	*ret = th_redis_is_text(cmd[0].reply) ||
	       (n == 2 && th_redis_int(cmd[1].reply) == 1);
	th_redis_done(&cmd[0]);
	th_redis_done(&cmd[1]);
	return st;
}

/* first: the number of the first scope's key. */
static void
add_change(struct th_redis_cmd *cmd, const struct th_state_change *c,
    bool scopes, size_t first)
{
	size_t i;

	th_redis_addi(cmd, (int64_t)c->npairs);
	for (i = 0; i < c->npairs; i++) {
		th_redis_adds(cmd, c->pair[i].key);
		th_redis_add(cmd, th_buf_str(&c->pair[i].value));
	}
	for (i = 0; i < c->nscopes && scopes; i++)
		th_redis_adds(cmd, c->scope[i]);
	for (i = 0; i < c->nmarks; i++) {
		th_redis_addi(cmd, (int64_t)(first + c->mark[i].scope));
		th_redis_addh(cmd, &c->mark[i].id);
	}
}

static void
add_scope_keys(struct th_redis_cmd *cmd, const char *name, const char *run,
    const struct th_state_change *c)
{
	size_t i;

	for (i = 0; i < c->nscopes; i++)
		add_key(cmd, name, run, ":s:", c->scope[i]);
}

/* The state's name is noted first, so that the run finds it in any case. */
static enum th_status
commit_aside(struct th_redis *r, const char *name, const char *run,
    const struct th_state_change *c, struct th_err *err)
{
	struct th_redis_cmd note, cmd;
	enum th_status st;

	th_redis_plain(&note, "SADD");
	th_redis_key(&note, "run ", run, "");
	th_redis_adds(&note, name);
	st = th_redis_run(r, &note, 1, err);
	th_redis_done(&note);
	if (st != TH_OK)
		return st;
	th_redis_script(&cmd, &aside_script, 2 + (int)c->nscopes);
	add_key(&cmd, name, run, ":v", "");
	add_key(&cmd, name, run, ":c", "");
	add_scope_keys(&cmd, name, run, c);
	add_change(&cmd, c, true, 3);
	st = th_redis_run(r, &cmd, 1, err);
	th_redis_done(&cmd);
	return st;
}

static enum th_status
state_commit(struct th_store *store, const char *name, const char *run,
    const struct th_state_change *c, struct th_err *err)
{
	struct th_redis *r = (struct th_redis *)store;
	const int64_t day = c->now / 86400;
	struct th_redis_cmd cmd;
	enum th_status st;

	if (run[0] != '\0')
		return commit_aside(r, name, run, c, err);
	th_redis_script(&cmd, &commit_script, 1 + (int)c->nscopes);
	add_key(&cmd, name, "", ":v", "");
	add_scope_keys(&cmd, name, "", c);
	th_redis_addi(&cmd, day);
	th_redis_addi(&cmd, day - TH_SEEN_DAYS);
	add_change(&cmd, c, false, 2);
	st = th_redis_run(r, &cmd, 1, err);
	th_redis_done(&cmd);
	return st;
}

static enum th_status
settle_state(struct th_redis *r, const char *name, const char *run, bool keep,
    int64_t day, struct th_err *err)
{
	struct th_redis_cmd scopes, cmd;
	enum th_status st;
	size_t i, n;

	th_redis_plain(&scopes, "SMEMBERS");
	add_key(&scopes, name, run, ":c", "");
	if ((st = th_redis_run(r, &scopes, 1, err)) != TH_OK)
		goto out;
	n = th_redis_len(scopes.reply);
	th_redis_script(&cmd, &settle_script, 3 + 2 * (int)n);
	add_key(&cmd, name, "", ":v", "");
	add_key(&cmd, name, run, ":v", "");
	add_key(&cmd, name, run, ":c", "");
	for (i = 0; i < n; i++) {
		/* Replies of hiredis end in a NUL. */
		add_key(&cmd, name, "",
		    ":s:", th_redis_text(th_redis_at(scopes.reply, i)).s);
		add_key(&cmd, name, run,
		    ":s:", th_redis_text(th_redis_at(scopes.reply, i)).s);
	}
	th_redis_addi(&cmd, keep);
	th_redis_addi(&cmd, day);
	th_redis_addi(&cmd, day - TH_SEEN_DAYS);
	st = th_redis_run(r, &cmd, 1, err);
	th_redis_done(&cmd);
out:
	th_redis_done(&scopes);
	return st;
}

static enum th_status
state_settle(struct th_store *store, const char *run, bool keep, int64_t now,
    struct th_err *err)
{
	struct th_redis *r = (struct th_redis *)store;
	struct th_redis_cmd names, end;
	enum th_status st;
	size_t i;

	if (run[0] == '\0')
		return TH_OK;
	th_redis_plain(&names, "SMEMBERS");
	th_redis_key(&names, "run ", run, "");
	st = th_redis_run(r, &names, 1, err);
	for (i = 0; i < th_redis_len(names.reply) && st == TH_OK; i++)
		st = settle_state(r,
		    th_redis_text(th_redis_at(names.reply, i)).s, run, keep,
		    now / 86400, err);
	th_redis_done(&names);
	if (st != TH_OK)
		return st;
	th_redis_plain(&end, "DEL");
	th_redis_key(&end, "run ", run, "");
	st = th_redis_run(r, &end, 1, err);
	th_redis_done(&end);
	return st;
}

void
th_redis_state_ops(struct th_store_ops *ops)
{
	th_redis_each_ops(ops);
	ops->state_get = state_get;
	ops->state_scope = state_scope;
	ops->state_seen = state_seen;
	ops->state_commit = state_commit;
	ops->state_settle = state_settle;
}

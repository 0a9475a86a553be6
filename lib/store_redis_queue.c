/*
 * store_redis_queue -- outbox and ledger in Redis: what comes in, what goes out
 *
 * The keys of a queue, th:{th}:queue NAME and
 *
 *	:q  hash: the last sequence number, how many are in some states
 *	:s  stream: h, i, l (hash, id, line) of each item of the outbox, by
 *number; its group `pub` has a consumer for each owner, and what is pending is
 *	    what is leased.  An entry is deleted when the item leaves the outbox
 *	:o  hash: the record of each item of the outbox, by hash
 *	:w  sorted set: those that wait for their time, by that time
 *	:r  sorted set: those that are due again, by number
 *	:l  hash: the ledger, STATE DATE ":" RECEIPT by hash
 *	:m  hash: the guard's marks, a bounded number of slots
 *
 * A waiting item that the group has not read yet is in neither :w nor :r: the
 * stream itself is their queue.  A record is its state's digit and a
 *MessagePack array, see the names in the Lua below.
 */
#include <stdlib.h>
#include <string.h>

#include "store_redis.h"

#define MARK_SLOT 2 /* bytes of a mark that say where it is kept */
#define MARK_SIZE 6
#define TRY_SIZE 16 /* tells a claim from those before it */

/* What every script about a queue begins with. */
const char th_redis_queue_lua[] =
    "local Q, S, O, L, W, R, M = unpack(KEYS)\n"
    "local call, again = redis.call, ARGV[#ARGV] == '1'\n"
    "local now = tonumber(call('TIME')[1])\n"
    "local STATE, SEQ, DUE, SINCE, DATE, TRIES = 1, 2, 3, 4, 5, 6\n"
    "local DOUBT, READ, OWNER, REASON, TRY = 7, 8, 9, 10, 11\n"
    "local WAITING, LEASED, EXPIRED, PUBLISHED = 1, 2, 5, 6\n"
    "local delta, there = {}\n" /* there: the stream is known to exist */
    "local function add(k, n) delta[k] = (delta[k] or 0) + n end\n"
    /* How many wait, are leased or published is told by what holds them. */
    "local function tally(r, n)\n"
    "  if r[STATE] > LEASED then add('n' .. r[STATE], n)\n"
    "  elseif r[STATE] == WAITING and r[DOUBT] == 1 then add('doubt', n) end\n"
    "end\n"
    "local function finish(ret)\n"
    "  for k, n in pairs(delta) do\n"
    "    if n ~= 0 then call('HINCRBY', Q, k, n) end\n"
    "  end\n"
    "  delta = {}\n"
    "  return ret\n"
    "end\n"
    "local function at(r) return r[SEQ] .. '-1' end\n"
    "local function get(h)\n"
    "  local v = call('HGET', O, h)\n"
    "  return v and cmsgpack.unpack(string.sub(v, 2))\n"
    "end\n"
    "local function pack(r) return r[STATE] .. cmsgpack.pack(r) end\n"
    "local function put(h, r) call('HSET', O, h, pack(r)) end\n"
    /* Out of its place; between leave and enter the record is changed. */
    "local function leave(h, r)\n"
    "  tally(r, -1)\n"
    "  if r[STATE] == LEASED then call('XACK', S, 'pub', at(r)) end\n"
    "  if r[STATE] == WAITING and r[DUE] > 0 then call('ZREM', W, h)\n"
    "  elseif r[STATE] == WAITING and r[READ] == 1 then call('ZREM', R, h) "
    "end\n"
    "end\n"
    "local function enter(h, r)\n"
    "  tally(r, 1)\n"
    "  if r[STATE] == WAITING and r[DUE] > 0 then\n"
    "    call('ZADD', W, r[DUE], h)\n"
    "  elseif r[STATE] == WAITING and r[READ] == 1 then\n"
    "    call('ZADD', R, r[SEQ], h)\n"
    "  end\n"
    "  put(h, r)\n"
    "end\n"
    "local function grab(owner, r)\n"
    "  call('XCLAIM', S, 'pub', owner, 0, at(r), 'FORCE', 'JUSTID')\n"
    "end\n"
    "local function remove(h, r)\n"
    "  leave(h, r)\n"
    "  call('XDEL', S, at(r))\n"
    "  call('HDEL', O, h)\n"
    "  there = true\n"
    "end\n"
    /* One that is not in it: no id is in outbox and ledger. */
    "local function ledger(h, state, date, receipt)\n"
    "  call('HSET', L, h, state .. date .. ':' .. receipt)\n"
    "  if state > PUBLISHED then add('n' .. state, 1) end\n"
    "end\n"
    "local function marks(...)\n"
    "  local set = {}\n"
    "  for _, m in ipairs({ ... }) do\n"
    "    if m ~= '' then\n"
    "      set[#set + 1] = string.sub(m, 1, 2)\n"
    "      set[#set + 1] = string.sub(m, 3)\n"
    "    end\n"
    "  end\n"
    "  if #set > 0 then call('HSET', M, unpack(set)) end\n"
    "end\n"
    "local function open()\n"
    "  if call('EXISTS', S) == 0 then\n"
    "    call('XGROUP', 'CREATE', S, 'pub', '0', 'MKSTREAM')\n"
    "  end\n"
    "end\n"
    "local function append(h, r, id, line)\n"
    "  r[SEQ] = call('HINCRBY', Q, 'seq', 1)\n"
    "  call('XADD', S, at(r), 'h', h, 'i', id, 'l', line)\n"
    "  enter(h, r)\n"
    "end\n";

/*
 * What is asked and what is noted goes in pieces, for the sake of speed.  Marks
 * are wanted of what was seen alone, and come behind all items.
 */
static const struct th_redis_script deposit_script = { { th_redis_queue_lua,
    "open()\n"
    "local ret, fresh, all, set, SEEN = {}, {}, {}, {}, 7\n"
    "local count = tonumber(ARGV[1])\n"
    "for i = 1, count do all[i] = ARGV[4 * i - 2] end\n"
    "local ledgered = call('HMGET', L, unpack(all))\n"
    "local waiting = call('HMGET', O, unpack(all))\n"
    "local seq = tonumber(call('HGET', Q, 'seq') or 0)\n"
    "local function deposit(h, i, want)\n"
    "  local r = { want, seq + 1, 0, now, now, 0, 0, 0, '', '', '' }\n"
    "  seq = seq + 1\n"
    "  call('XADD', S, at(r), 'h', h, 'i', ARGV[i], 'l', ARGV[i + 1])\n"
    "  set[#set + 1], set[#set + 2] = h, pack(r)\n"
    "  tally(r, 1)\n"
    "end\n"
    "local function see(h, n)\n"
    "  local r = get(h)\n"
    "  if r then remove(h, r) end\n"
    "  ledger(h, SEEN, now, '')\n"
    "  n = 4 * count + 2 * n\n"
    "  marks(ARGV[n], ARGV[n + 1])\n"
    "end\n"
    "for n, h in ipairs(all) do\n"
    "  local i, old = 4 * n - 2, ledgered[n]\n"
    "  local want = tonumber(ARGV[i + 1])\n"
    "  local state = fresh[h] or waiting[n] and\n"
    "      tonumber(string.sub(waiting[n], 1, 1)) or 0\n"
    "  ret[n] = old or state\n"
    "  if not old and want == SEEN and state ~= LEASED and state ~= SEEN then\n"
    "    see(h, n)\n"
    "    fresh[h] = want\n"
    "  elseif not old and want ~= SEEN and state == 0 then\n"
    "    deposit(h, i + 2, want)\n"
    "    fresh[h] = want\n"
    "  end\n"
    "end\n"
    "if #set > 0 then\n"
    "  call('HSET', O, unpack(set))\n"
    "  call('HSET', Q, 'seq', seq)\n"
    "end\n"
    "return finish(ret)\n" } };

static const struct th_redis_script import_script = { { th_redis_queue_lua,
    "open()\n"
    "local ret = {}\n"
    "for i = 1, #ARGV - 1, 11 do\n"
    "  local h, state, n = ARGV[i], tonumber(ARGV[i + 1]), {}\n"
    "  for j = 4, 7 do n[j] = tonumber(ARGV[i + j]) end\n"
    "  if call('HEXISTS', L, h) == 1 or call('HEXISTS', O, h) == 1 then\n"
    "    ret[#ret + 1] = 0\n"
    "  elseif state >= PUBLISHED then\n"
    "    ledger(h, state, ARGV[i + 4], ARGV[i + 10])\n"
    "    ret[#ret + 1] = 1\n"
    "  else\n"
    "    local owner = ARGV[i + 8] ~= '' and ARGV[i + 8] or '?'\n"
    "    local r = { state, 0, n[5], now, n[4], n[6], n[7], 0,\n"
    "        state == LEASED and owner or '', ARGV[i + 9], '' }\n"
    "    append(h, r, ARGV[i + 2], ARGV[i + 3])\n"
    "    if state == LEASED then grab(owner, r) end\n"
    "    ret[#ret + 1] = 1\n"
    "  end\n"
    "end\n"
    "return finish(ret)\n" } };

/*
 * The order: what is due again is older than what the group has not read.  What
 * it reads and cannot be leased now leaves the pending list again.
 */
static const char claim_lua[] =
    "local owner, age = ARGV[1], tonumber(ARGV[3])\n"
    "local ordered, try, expired = ARGV[4] == '1', ARGV[5], 0\n"
    "local late = false\n" /* may something be in :w or :r? */
    "local function lease(h, r, line)\n"
    "  line = line or call('XRANGE', S, at(r), at(r))[1][2][6]\n"
    "  return { 1, expired, h, r[TRIES], r[DATE], r[DOUBT], line }\n"
    "end\n"
    "local function wake(h, r)\n"
    "  leave(h, r)\n"
    "  r[DUE] = 0\n"
    "  enter(h, r)\n"
    "end\n"
    "local function elder(seq)\n"
    "  local p = call('XPENDING', S, 'pub', '-', '+', 1)[1]\n"
    "  if p and tonumber(string.match(p[1], '%d+')) < seq then return true "
    "end\n"
    "  for _, h in ipairs(call('ZRANGE', W, 0, -1)) do\n"
    "    if get(h)[SEQ] < seq then return true end\n"
    "  end\n"
    "end\n"
    /* To read an entry is to lease it. */
    "local function read()\n"
    "  if not there and call('EXISTS', S) == 0 then return end\n"
    "  while true do\n"
    "    local x = call('XREADGROUP', 'GROUP', 'pub', owner, 'COUNT', 1,\n"
    "        'STREAMS', S, '>')\n"
    "    if not x then return end\n"
    "    local e = x[1][2][1]\n"
    "    local h = e[2][2]\n"
    "    local r = get(h)\n"
    "    if r then\n"
    "      r[READ] = 1\n"
    "      if r[STATE] == WAITING and r[DUE] == 0 then\n"
    "        return h, r, e[2][6]\n"
    "      end\n"
    "      put(h, r)\n"
    "    end\n"
    "    if r and r[STATE] == LEASED then grab(r[OWNER], r)\n"
    "    else call('XACK', S, 'pub', e[1]) end\n"
    "  end\n"
    "end\n"
    "local function first()\n"
    "  local h, r, line = late and call('ZPOPMIN', R)[1]\n"
    "  if h then r = get(h) else h, r, line = read() end\n"
    "  if not h then return end\n"
    "  local old = age > 0 and r[DATE] <= now - age\n"
    "  if not old and not (ordered and elder(r[SEQ])) then\n"
    "    return h, r, line\n"
    "  end\n"
    "  if line then call('XACK', S, 'pub', at(r)) end\n"
    "  leave(h, r)\n"
    "  if old then r[STATE], r[SINCE] = EXPIRED, now end\n"
    "  enter(h, r)\n"
    "  if not old then return end\n"
    "  expired = expired + 1\n"
    "  return first()\n"
    "end\n";

static const char claim_first_lua[] =
    "local function claim()\n"
    "  if again and call('EXISTS', S) == 1 then\n"
    "    local mine = call('XPENDING', S, 'pub', '-', '+', 10000, owner)\n"
    "    for _, p in ipairs(mine) do\n"
    "      local h = call('XRANGE', S, p[1], p[1])[1][2][2]\n"
    "      local r = get(h)\n"
    "      if r[TRY] == try then return lease(h, r) end\n"
    "    end\n"
    "  end\n"
    "  late = call('EXISTS', W, R) > 0\n"
    "  if late then\n"
    "    for _, h in ipairs(call('ZRANGEBYSCORE', W, '-inf', now)) do\n"
    "      wake(h, get(h))\n"
    "    end\n"
    "  end\n"
    "  local h, r, line = first()\n"
    "  if not h and late then\n"
    "    for _, w in ipairs(call('ZRANGE', W, 0, -1)) do\n"
    "      local x = get(w)\n"
    "      if x[SINCE] > now + 60 then wake(w, x) end\n"
    "    end\n"
    "    h, r, line = first()\n"
    "  end\n"
    "  if not h then\n"
    "    local w = call('ZRANGE', W, 0, 0, 'WITHSCORES')[2]\n"
    "    return finish({ 0, expired, w and tonumber(w) - now or 0 })\n"
    "  end\n"
    "  tally(r, -1)\n"
    "  if not line then grab(owner, r) end\n"
    "  r[STATE], r[DUE], r[SINCE] = LEASED, now + tonumber(ARGV[2]), now\n"
    "  r[OWNER], r[TRY] = owner, try\n"
    "  enter(h, r)\n"
    "  return finish(lease(h, r, line))\n"
    "end\n";

static const struct th_redis_script claim_script = { { th_redis_queue_lua,
    claim_lua, claim_first_lua, "return claim()\n" } };

/* Its arguments begin behind the first `a`. */
static const char settle_lua[] =
    "local function settle(a)\n"
    "  local h, to = ARGV[a + 1], tonumber(ARGV[a + 2])\n"
    "  local reason, r = ARGV[a + 5], get(h)\n"
    "  if to == PUBLISHED then\n"
    "    if not r then return again and call('HEXISTS', L, h) or 0 end\n"
    "    remove(h, r)\n"
    "    ledger(h, to, ARGV[a + 7], ARGV[a + 6])\n"
    "    marks(ARGV[a + 11], ARGV[a + 12])\n"
    "    return finish(1)\n"
    "  end\n"
    "  if not r then return 0 end\n"
    "  local leased = r[STATE] == LEASED\n"
    "  if ARGV[a + 3] == '1' and not (leased and r[OWNER] == ARGV[a + 4])\n"
    "      or not leased and r[STATE] ~= WAITING then\n"
    "    return again and r[STATE] == to and r[REASON] == reason and 1 or 0\n"
    "  end\n"
    "  leave(h, r)\n"
    "  local delay = tonumber(ARGV[a + 8])\n"
    "  r[STATE], r[DUE], r[SINCE] = to, delay > 0 and now + delay or 0, now\n"
    "  r[TRIES] = r[TRIES] + tonumber(ARGV[a + 9])\n"
    "  r[DOUBT], r[OWNER] = tonumber(ARGV[a + 10]), ''\n"
    "  r[REASON], r[TRY] = reason, ''\n"
    "  enter(h, r)\n"
    "  return finish(1)\n"
    "end\n";

static const struct th_redis_script settle_script = { { th_redis_queue_lua,
    settle_lua, "return settle(0)\n" } };

/* One way there and back, one script: the next for the one that is done. */
static const struct th_redis_script settle_and_claim_script = {
	{ th_redis_queue_lua, claim_lua, claim_first_lua, settle_lua,
	    "local settled = settle(5) return { settled, claim() }\n" }
};

/* As if it had not been claimed. */
static const struct th_redis_script give_back_script = { { th_redis_queue_lua,
    "local r = get(ARGV[1])\n"
    "if not r or r[STATE] ~= LEASED or r[OWNER] ~= ARGV[2] then return 0 end\n"
    "leave(ARGV[1], r)\n"
    "r[STATE], r[DUE], r[OWNER], r[TRY] = WAITING, 0, '', ''\n"
    "enter(ARGV[1], r)\n"
    "return finish(1)\n" } };

/* Consumers without a lease that did nothing for a while are forgotten. */
static const struct th_redis_script owners_script = { { th_redis_queue_lua,
    "local ret = {}\n"
    "if call('EXISTS', S) == 0 then return ret end\n"
    "for _, c in ipairs(call('XINFO', 'CONSUMERS', S, 'pub')) do\n"
    "  local f = {}\n"
    "  for i = 1, #c, 2 do f[c[i]] = c[i + 1] end\n"
    "  if f.pending > 0 then ret[#ret + 1] = f.name\n"
    "  elseif f.idle > 60000 then\n"
    "    call('XGROUP', 'DELCONSUMER', S, 'pub', f.name)\n"
    "  end\n"
    "end\n"
    "return ret\n" } };

static const struct th_redis_script reclaim_script = { { th_redis_queue_lua,
    "local owner, life, from = ARGV[1], ARGV[2], '-'\n"
    "local dead, far = life == '1', life == '2'\n"
    "if call('EXISTS', S) == 0 then return 0 end\n"
    "repeat\n"
    "  local page = call('XPENDING', S, 'pub', from, '+', 500, owner)\n"
    "  for _, p in ipairs(page) do\n"
    "    from = '(' .. p[1]\n"
    "    local h = call('XRANGE', S, p[1], p[1])[1][2][2]\n"
    "    local r = get(h)\n"
    "    if dead or r[DUE] <= now or far and r[SINCE] > now + 60 then\n"
    "      leave(h, r)\n"
    "      r[STATE], r[DUE], r[SINCE] = WAITING, 0, now\n"
    "      r[DOUBT], r[OWNER], r[TRY] = 1, '', ''\n"
    "      enter(h, r)\n"
    "    end\n"
    "  end\n"
    "until #page == 0\n"
    "return finish(1)\n" } };

static const struct th_redis_script renew_script = { { th_redis_queue_lua,
    "local r = get(ARGV[1])\n"
    "if not r or r[STATE] ~= LEASED or r[OWNER] ~= ARGV[2] then return 0 end\n"
    "r[DUE], r[SINCE] = now + tonumber(ARGV[3]), now\n"
    "put(ARGV[1], r)\n"
    "return 1\n" } };

static const char *const tails[] = { ":q", ":s", ":o", ":l", ":w", ":r", ":m" };
#define NTAILS (sizeof(tails) / sizeof(*tails))

void
th_redis_queue_script(struct th_redis_cmd *cmd,
    const struct th_redis_script *script, const char *queue)
{
	size_t i;

	th_redis_script(cmd, script, NTAILS);
	for (i = 0; i < NTAILS; i++)
		th_redis_key(cmd, "queue ", queue, tails[i]);
}

enum th_item_state
th_redis_ledger(struct th_str s, int64_t *date, struct th_str *receipt)
{
	int state = s.len > 0 ? s.s[0] - '0' : 0;
	struct th_str rest = { s.s + 1, s.len > 0 ? s.len - 1 : 0 };

	*date = th_redis_number(rest, receipt);
	if (receipt->len > 0) {
		receipt->s++;
		receipt->len--;
	}
	return state == TH_Q_SEEN      ? TH_Q_SEEN
	       : state == TH_Q_DROPPED ? TH_Q_DROPPED
				       : TH_Q_PUBLISHED;
}

/* What a reply tells of an id: a ledger's text, or the state's number. */
static enum th_status
take_known(struct th_incoming *in, const struct redisReply *reply)
{
	struct th_str receipt;

	if (!th_redis_is_text(reply)) {
		in->known = (enum th_item_state)th_redis_int(reply);
		return TH_OK;
	}
	in->known = th_redis_ledger(th_redis_text(reply), &in->date, &receipt);
	th_buf_clear(&in->receipt);
	return receipt.len > 0
		   ? th_buf_add(&in->receipt, receipt.s, receipt.len)
		   : TH_OK;
}

/* The outbox first: an item may be on its way from there to the ledger. */
static enum th_status
lookup(struct th_store *store, const char *queue, struct th_incoming *in,
    size_t n, struct th_err *err)
{
	struct th_redis_cmd cmd[2];
	struct th_str record;
	enum th_status st;
	size_t i, j;

	for (j = 0; j < 2; j++) {
		th_redis_plain(&cmd[j], "HMGET");
		th_redis_key(&cmd[j], "queue ", queue, j == 0 ? ":o" : ":l");
		for (i = 0; i < n; i++)
			th_redis_addh(&cmd[j], &in[i].hash);
	}
	st =
	    n > 0 ? th_redis_run((struct th_redis *)store, cmd, 2, err) : TH_OK;
	for (i = 0; i < n && st == TH_OK; i++) {
		record = th_redis_text(th_redis_at(cmd[0].reply, i));
		in[i].known = TH_Q_UNKNOWN;
		if (th_redis_is_text(th_redis_at(cmd[1].reply, i)))
			st = take_known(&in[i], th_redis_at(cmd[1].reply, i));
		else if (record.len > 0)
			in[i].known = (enum th_item_state)(record.s[0] - '0');
	}
	if (st == TH_ENOMEM)
		th_fail(err, st, "out of memory");
	th_redis_done(&cmd[0]);
	th_redis_done(&cmd[1]);
	return st;
}

/* ---- the guard's marks ---- */

/* Two bytes tell the slot, four what is in it. */
static void
pack_mark(uint64_t mark, char ret[MARK_SIZE])
{
	int i;

	for (i = 0; i < MARK_SIZE; i++)
		ret[i] = (char)(mark >> 8 * i & 0xff);
}

static void
add_marks(struct th_redis_cmd *cmd, const uint64_t mark[2])
{
	char text[MARK_SIZE];
	int i;

	for (i = 0; i < 2; i++) {
		pack_mark(mark[i], text);
		th_redis_add(
		    cmd, (struct th_str){ text, mark[i] != 0 ? MARK_SIZE : 0 });
	}
}

static enum th_status
guard(struct th_store *store, const char *queue, const uint64_t *mark, size_t n,
    bool *ret, struct th_err *err)
{
	struct th_redis_cmd cmd;
	char text[MARK_SIZE];
	struct th_str found;
	enum th_status st;
	size_t i;

	th_redis_plain(&cmd, "HMGET");
	th_redis_key(&cmd, "queue ", queue, ":m");
	for (i = 0; i < n; i++) {
		pack_mark(mark[i], text);
		th_redis_add(&cmd, (struct th_str){ text, MARK_SLOT });
	}
	st = n > 0 ? th_redis_run((struct th_redis *)store, &cmd, 1, err)
		   : TH_OK;
	for (i = 0; i < n; i++) {
		pack_mark(mark[i], text);
		found = th_redis_text(th_redis_at(cmd.reply, i));
		ret[i] = mark[i] != 0 && found.len == MARK_SIZE - MARK_SLOT &&
			 memcmp(found.s, text + MARK_SLOT, found.len) == 0;
	}
	th_redis_done(&cmd);
	return st;
}

/* ---- depositing ---- */

/* A queue that is listed and stays empty does no harm. */
static void
list_queue(struct th_redis_cmd *cmd, const char *queue, const char *service,
    const char *account)
{
	struct th_buf b;

	th_redis_plain(cmd, "HSETNX");
	th_redis_adds(cmd, TH_REDIS_KEY "queues");
	th_redis_adds(cmd, queue);
	th_buf_init(&b, TH_LINE_MAX);
	th_buf_addf(&b, "%s\n%s", service, account);
	if (b.status == TH_OK)
		th_redis_add(cmd, th_buf_str(&b));
	else
		cmd->args.status = b.status;
	th_buf_release(&b);
}

/*
 * cmd[1] is a script that may make the queue, cmd[0] becomes what lists it.
 * Returns how many of them are to be run, from the end.
 */
static size_t
making(const struct th_redis *r, const char *queue, const char *service,
    const char *account, struct th_redis_cmd cmd[2])
{
	if (r->queue != NULL && strcmp(r->queue, queue) == 0)
		return 1;
	list_queue(&cmd[0], queue, service, account);
	return 2;
}

static void
made(struct th_redis *r, const char *queue)
{
	if (r->queue != NULL && strcmp(r->queue, queue) == 0)
		return;
	free(r->queue);
	r->queue = th_strdup(queue); /* NULL: is listed again */
}

void
th_redis_forget_posted(struct th_redis *r)
{
	size_t i;

	for (i = 2 - r->posted.n; i < 2; i++)
		th_redis_done(&r->posted.cmd[i]);
	free(r->posted.queue);
	r->posted.queue = NULL;
	r->posted.n = 0;
}

static enum th_status
post(struct th_store *store, const char *queue, const char *service,
    const char *account, struct th_incoming *in, size_t n, int64_t now,
    struct th_err *err)
{
	struct th_redis *r = (struct th_redis *)store;
	struct th_redis_cmd *cmd = r->posted.cmd;
	size_t i;

	(void)now;
	if ((r->posted.queue = th_strdup(queue)) == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	th_redis_queue_script(&cmd[1], &deposit_script, queue);
	th_redis_addi(&cmd[1], (int64_t)n);
	for (i = 0; i < n; i++) {
		th_redis_addh(&cmd[1], &in[i].hash);
		th_redis_addi(&cmd[1], (int64_t)in[i].want);
		th_redis_add(&cmd[1], in[i].id);
		th_redis_add(&cmd[1], in[i].line);
	}
	for (i = 0; i < n; i++)
		if (in[0].want == TH_Q_SEEN) /* as are all */
			add_marks(&cmd[1], in[i].mark);
	r->posted.n = making(r, queue, service, account, cmd);
	r->posted.in = in;
	r->posted.nin = n;
	th_redis_send(r, cmd + 2 - r->posted.n, r->posted.n);
	return TH_OK;
}

static enum th_status
posted(struct th_store *store, struct th_err *err)
{
	struct th_redis *r = (struct th_redis *)store;
	struct th_redis_cmd *cmd = r->posted.cmd;
	enum th_status st;
	size_t i;

	st = th_redis_run(r, cmd + 2 - r->posted.n, r->posted.n, err);
	if (st == TH_OK)
		made(r, r->posted.queue);
	for (i = 0; i < r->posted.nin && st == TH_OK; i++)
		st = take_known(&r->posted.in[i], th_redis_at(cmd[1].reply, i));
	if (st == TH_ENOMEM)
		th_fail(err, st, "out of memory");
	th_redis_forget_posted(r);
	return st;
}

static enum th_status
deposit(struct th_store *store, const char *queue, const char *service,
    const char *account, struct th_incoming *in, size_t n, int64_t now,
    struct th_err *err)
{
	enum th_status st =
	    post(store, queue, service, account, in, n, now, err);

	return st == TH_OK ? posted(store, err) : st;
}

static enum th_status
import(struct th_store *store, const char *queue, const char *service,
    const char *account, struct th_entry *e, size_t n, int64_t now,
    struct th_err *err)
{
	struct th_redis *r = (struct th_redis *)store;
	struct th_redis_cmd cmd[2];
	enum th_status st;
	size_t i, ncmd;

	(void)now;
	th_redis_queue_script(&cmd[1], &import_script, queue);
	for (i = 0; i < n; i++) {
		th_redis_addh(&cmd[1], &e[i].hash);
		th_redis_addi(&cmd[1], (int64_t)e[i].state);
		th_redis_add(&cmd[1], e[i].id);
		th_redis_add(&cmd[1], e[i].line);
		th_redis_addi(&cmd[1], e[i].date);
		th_redis_addi(&cmd[1], e[i].due);
		th_redis_addi(&cmd[1], e[i].tries);
		th_redis_addi(&cmd[1], e[i].doubtful);
		th_redis_add(&cmd[1], e[i].owner);
		th_redis_add(&cmd[1], e[i].reason);
		th_redis_add(&cmd[1], e[i].receipt);
	}
	ncmd = making(r, queue, service, account, cmd);
	st = th_redis_run(r, cmd + 2 - ncmd, ncmd, err);
	if (st == TH_OK)
		made(r, queue);
	for (i = 0; i < n && st == TH_OK; i++)
		if (th_redis_int(th_redis_at(cmd[1].reply, i)) == 0)
			e[i].state = TH_Q_UNKNOWN;
	for (i = 2 - ncmd; i < 2; i++)
		th_redis_done(&cmd[i]);
	return st;
}

/* ---- leases ---- */

static enum th_status
read_lease(const struct redisReply *reply, struct th_lease *ret)
{
	struct th_str s = th_redis_text(th_redis_at(reply, 2));

	if (s.len == TH_HASH_SIZE)
		memcpy(ret->hash.byte, s.s, TH_HASH_SIZE);
	ret->tries = th_redis_int(th_redis_at(reply, 3));
	ret->date = th_redis_int(th_redis_at(reply, 4));
	ret->doubtful = th_redis_int(th_redis_at(reply, 5)) != 0;
	th_buf_clear(&ret->line);
	s = th_redis_text(th_redis_at(reply, 6));
	return th_buf_add(&ret->line, s.s, s.len);
}

static void
add_claim(struct th_redis_cmd *cmd, const struct th_claim *c,
    const char try[TRY_SIZE])
{
	th_redis_adds(cmd, c->owner);
	th_redis_addi(cmd, c->seconds);
	th_redis_addi(cmd, c->max_age);
	th_redis_addi(cmd, c->in_order);
	th_redis_add(cmd, (struct th_str){ try, TRY_SIZE });
}

/* Is it the claim of before once more? */
static bool
is_same_claim(
    const struct th_redis *r, const char *queue, const struct th_claim *c)
{
	return r->ahead.queue != NULL && strcmp(r->ahead.queue, queue) == 0 &&
	       strcmp(r->ahead.owner, c->owner) == 0 &&
	       r->ahead.seconds == c->seconds &&
	       r->ahead.max_age == c->max_age &&
	       r->ahead.in_order == c->in_order;
}

/* Without memory for it nothing is claimed ahead. */
static void
remember_claim(struct th_redis *r, const char *queue, const struct th_claim *c)
{
	free(r->ahead.queue);
	r->ahead.queue = NULL;
	if (strlen(c->owner) >= sizeof(r->ahead.owner))
		return;
	r->ahead.queue = th_strdup(queue);
	memcpy(r->ahead.owner, c->owner, strlen(c->owner) + 1);
	r->ahead.seconds = c->seconds;
	r->ahead.max_age = c->max_age;
	r->ahead.in_order = c->in_order;
}

/* What was claimed ahead; NULL: nothing. */
static const struct redisReply *
ahead_of(const struct th_redis *r)
{
	return th_redis_at(r->ahead.reply, 1);
}

static void
forget_ahead(struct th_redis *r)
{
	th_redis_free(r->ahead.reply);
	r->ahead.reply = NULL;
}

enum th_status
th_redis_give_back(struct th_redis *r, struct th_err *err)
{
	struct th_redis_cmd cmd;
	enum th_status st;

	if (r->ahead.reply == NULL)
		return TH_OK;
	th_redis_queue_script(&cmd, &give_back_script, r->ahead.queue);
	th_redis_add(&cmd, th_redis_text(th_redis_at(ahead_of(r), 2)));
	th_redis_adds(&cmd, r->ahead.owner);
	st = th_redis_run(r, &cmd, 1, err);
	th_redis_done(&cmd);
	forget_ahead(r);
	return st;
}

/* What was claimed ahead is the next.  TH_END: nothing was. */
static enum th_status
take_ahead(struct th_redis *r, const char *queue, struct th_claim *c,
    struct th_lease *ret, struct th_err *err)
{
	enum th_status st;

	if (!is_same_claim(r, queue, c)) {
		st = th_redis_give_back(r, err);
		remember_claim(r, queue, c);
		return st == TH_OK ? TH_END : st;
	}
	c->expired += r->ahead.expired;
	r->ahead.expired = 0;
	if (r->ahead.reply == NULL)
		return TH_END;
	st = read_lease(ahead_of(r), ret);
	ret->beat = r->ahead.beat;
	forget_ahead(r);
	return st == TH_OK ? st : th_fail(err, st, "%s", th_strstatus(st));
}

static enum th_status
claim(struct th_store *store, const char *queue, struct th_claim *c,
    int64_t now, struct th_lease *ret, struct th_err *err)
{
	struct th_redis *r = (struct th_redis *)store;
	struct th_redis_cmd cmd;
	enum th_status st;
	char try[TRY_SIZE];
	int64_t left;

	ret->next = 0;
	if ((st = take_ahead(r, queue, c, ret, err)) != TH_END)
		return st;
	if ((st = th_random(try, sizeof(try))) != TH_OK)
		return th_fail(err, st, "no random bytes");
	th_redis_queue_script(&cmd, &claim_script, queue);
	add_claim(&cmd, c, try);
	st = th_redis_run(r, &cmd, 1, err);
	if (st == TH_OK) {
		c->expired += th_redis_int(th_redis_at(cmd.reply, 1));
		if (th_redis_int(th_redis_at(cmd.reply, 0)) == 1) {
			st = read_lease(cmd.reply, ret);
			if (st != TH_OK)
				th_fail(err, st, "%s", th_strstatus(st));
		} else {
			left = th_redis_int(th_redis_at(cmd.reply, 2));
			ret->next = left > 0 ? now + left : 0;
			st = TH_END;
		}
	}
	th_redis_done(&cmd);
	return st;
}

static void
add_settlement(struct th_redis_cmd *cmd, const struct th_settlement *t)
{
	th_redis_addh(cmd, &t->hash);
	th_redis_addi(cmd, (int64_t)t->state);
	th_redis_addi(cmd, t->owner != NULL);
	th_redis_adds(cmd, t->owner);
	th_redis_add(cmd, t->reason);
	th_redis_add(cmd, t->receipt);
	th_redis_addi(cmd, t->now);
	th_redis_addi(cmd, t->due != 0 ? t->due - th_now() : 0);
	th_redis_addi(cmd, t->tried);
	th_redis_addi(cmd, t->doubtful);
	add_marks(cmd, t->mark);
}

/* Is the next sure to be asked for by the one who published this? */
static bool
may_claim_ahead(
    const struct th_redis *r, const char *queue, const struct th_settlement *t)
{
	return t->state == TH_Q_PUBLISHED && t->owner != NULL &&
	       r->ahead.reply == NULL && r->ahead.queue != NULL &&
	       strcmp(r->ahead.queue, queue) == 0 &&
	       strcmp(r->ahead.owner, t->owner) == 0 && !th_interrupted;
}

static enum th_status
settle_and_claim(struct th_redis *r, const char *queue,
    const struct th_settlement *t, struct th_err *err)
{
	struct th_claim c = { .owner = r->ahead.owner,
		.seconds = r->ahead.seconds,
		.max_age = r->ahead.max_age,
		.in_order = r->ahead.in_order };
	const struct redisReply *claimed;
	struct th_redis_cmd cmd;
	enum th_status st;
	char try[TRY_SIZE];

	if ((st = th_random(try, sizeof(try))) != TH_OK)
		return th_fail(err, st, "no random bytes");
	th_redis_queue_script(&cmd, &settle_and_claim_script, queue);
	add_claim(&cmd, &c, try);
	add_settlement(&cmd, t);
	r->ahead.beat = th_steady_ms();
	st = th_redis_run(r, &cmd, 1, err);
	if (st == TH_OK && th_redis_int(th_redis_at(cmd.reply, 0)) == 0)
		st = TH_END;
	claimed = th_redis_at(cmd.reply, 1);
	r->ahead.expired += th_redis_int(th_redis_at(claimed, 1));
	if (th_redis_int(th_redis_at(claimed, 0)) == 1) {
		r->ahead.reply = cmd.reply;
		cmd.reply = NULL;
	}
	th_redis_done(&cmd);
	return st;
}

static enum th_status
settle(struct th_store *store, const char *queue, const struct th_settlement *t,
    struct th_err *err)
{
	struct th_redis *r = (struct th_redis *)store;
	struct th_redis_cmd cmd;
	enum th_status st;

	if (may_claim_ahead(r, queue, t))
		return settle_and_claim(r, queue, t, err);
	th_redis_queue_script(&cmd, &settle_script, queue);
	add_settlement(&cmd, t);
	st = th_redis_run(r, &cmd, 1, err);
	if (st == TH_OK && th_redis_int(cmd.reply) == 0)
		st = TH_END;
	th_redis_done(&cmd);
	return st;
}

static enum th_status
owners(struct th_store *store, const char *queue,
    enum th_status (*visit)(void *ctx, const char *owner), void *ctx,
    struct th_err *err)
{
	struct th_redis_cmd cmd;
	enum th_status st;
	struct th_str s;
	size_t i;

	th_redis_queue_script(&cmd, &owners_script, queue);
	st = th_redis_run((struct th_redis *)store, &cmd, 1, err);
	for (i = 0; i < th_redis_len(cmd.reply) && st == TH_OK; i++) {
		s = th_redis_text(th_redis_at(cmd.reply, i));
		st = visit(ctx, s.s != NULL ? s.s : "");
	}
	th_redis_done(&cmd);
	return st;
}

static enum th_status
reclaim(struct th_store *store, const char *queue, const char *owner,
    enum th_owner_life life, int64_t now, struct th_err *err)
{
	struct th_redis_cmd cmd;
	enum th_status st;

	(void)now;
	th_redis_queue_script(&cmd, &reclaim_script, queue);
	th_redis_adds(&cmd, owner);
	th_redis_addi(&cmd, (int64_t)life);
	st = th_redis_run((struct th_redis *)store, &cmd, 1, err);
	th_redis_done(&cmd);
	return st;
}

static enum th_status
renew(struct th_store *store, const char *queue, const struct th_hash *hash,
    const char *owner, int64_t seconds, int64_t now, struct th_err *err)
{
	struct th_redis_cmd cmd;
	enum th_status st;

	(void)now;
	th_redis_queue_script(&cmd, &renew_script, queue);
	th_redis_addh(&cmd, hash);
	th_redis_adds(&cmd, owner);
	th_redis_addi(&cmd, seconds);
	st = th_redis_run((struct th_redis *)store, &cmd, 1, err);
	if (st == TH_OK && th_redis_int(cmd.reply) == 0)
		st = TH_END;
	th_redis_done(&cmd);
	return st;
}

void
th_redis_queue_ops(struct th_store_ops *ops)
{
	ops->lookup = lookup;
	ops->guard = guard;
	ops->deposit = deposit;
	ops->post = post;
	ops->posted = posted;
	ops->import = import;
	ops->claim = claim;
	ops->settle = settle;
	ops->owners = owners;
	ops->reclaim = reclaim;
	ops->renew = renew;
}

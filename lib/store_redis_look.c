/* store_redis_look -- outbox and ledger in Redis: looking, moving, forgetting
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "store_redis.h"

#define PAGE 200         /* items of the outbox in one reply */
#define LEDGER_PAGE 1000 /* the same of the ledger, about */
#define ENTRY_FIELDS 10

static const struct th_redis_script move_script = { { th_redis_queue_lua,
    "local which, from, to = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])\n"
    "local before, date, moved = tonumber(ARGV[4]), ARGV[5], 0\n"
    "local all = which == '' and call('HKEYS', O) or { which }\n"
    "for _, h in ipairs(all) do\n"
    "  local r = get(h)\n"
    "  if not r or bit.band(bit.lshift(1, r[STATE]), from) == 0\n"
    "      or before > 0 and r[SINCE] >= before then\n"
    "  elseif to ~= WAITING then\n"
    "    remove(h, r)\n"
    "    ledger(h, to, date, '')\n"
    "    moved = moved + 1\n"
    "  elseif r[STATE] ~= WAITING or r[DUE] > 0 then\n"
    "    leave(h, r)\n"
    "    if r[STATE] == EXPIRED then r[DATE] = now end\n"
    "    r[STATE], r[DUE], r[SINCE], r[TRIES] = to, 0, now, 0\n"
    "    r[OWNER], r[REASON], r[TRY] = '', '', ''\n"
    "    enter(h, r)\n"
    "    moved = moved + 1\n"
    "  end\n"
    "end\n"
    "return finish(moved)\n" } };

/* The receipts of those that are still what they were. */
static const struct th_redis_script strip_script = { { th_redis_queue_lua,
    "local n = 0\n"
    "for i = 1, #ARGV - 1 do\n"
    "  local v = call('HGET', L, ARGV[i])\n"
    "  local short = v and string.match(v, '^%d+:')\n"
    "  if short and short ~= v then\n"
    "    call('HSET', L, ARGV[i], short)\n"
    "    n = n + 1\n"
    "  end\n"
    "end\n"
    "return n\n" } };

static const struct th_redis_script count_script = { { th_redis_queue_lua,
    "local ret = call('HMGET', Q, '', '', 'n3', 'n4', 'n5', '', 'n7', 'n8',\n"
    "    'doubt')\n"
    "for i = 1, 9 do ret[i] = tonumber(ret[i] or 0) end\n"
    "if call('EXISTS', S) == 1 then\n"
    "  ret[2] = call('XPENDING', S, 'pub')[1]\n"
    "  ret[1] = call('XLEN', S) - ret[2] - ret[3] - ret[4] - ret[5]\n"
    "end\n"
    "ret[6] = call('HLEN', L) - ret[7] - ret[8]\n"
    "local due = call('ZRANGE', W, 0, 0, 'WITHSCORES')[2]\n"
    "if not due or ret[1] > call('ZCARD', W) then due = now end\n"
    "ret[10] = math.max(tonumber(due) - now, 0)\n"
    "ret[11] = 0\n"
    "local from = '-'\n"
    "while ret[1] > 0 and ret[11] == 0 do\n"
    "  local page = call('XRANGE', S, from, '+', 'COUNT', 100)\n"
    "  for _, e in ipairs(page) do\n"
    "    local r = get(e[2][2])\n"
    "    if r and r[STATE] == WAITING then ret[11] = r[DATE] break end\n"
    "  end\n"
    "  if #page == 0 then break end\n"
    "  from = '(' .. page[#page][1]\n"
    "end\n"
    "return ret\n" } };

static const char entry_lua[] =
    "local function entry(e)\n"
    "  local h = e[2][2]\n"
    "  local r = get(h)\n"
    "  return r and { r[STATE], h, e[2][4], e[2][6], r[DATE], r[DUE],\n"
    "      r[TRIES], r[DOUBT], r[REASON], r[OWNER] }\n"
    "end\n";

static const struct th_redis_script each_script = { { th_redis_queue_lua,
    entry_lua,
    "local states, ret = tonumber(ARGV[2]), { '' }\n"
    "local page = call('XRANGE', S, ARGV[1], '+', 'COUNT', ARGV[3])\n"
    "for _, e in ipairs(page) do\n"
    "  local x = entry(e)\n"
    "  if x and bit.band(bit.lshift(1, x[1]), states) ~= 0 then\n"
    "    ret[#ret + 1] = x\n"
    "  end\n"
    "  ret[1] = '(' .. e[1]\n"
    "end\n"
    "return ret\n" } };

static const struct th_redis_script find_script = { { th_redis_queue_lua,
    entry_lua,
    "local r = get(ARGV[1])\n"
    "if not r then return call('HGET', L, ARGV[1]) end\n"
    "return entry(call('XRANGE', S, at(r), at(r))[1])\n" } };

/* ---- moving ---- */

static enum th_status
move_some(struct th_redis *r, const char *queue, const struct th_hash *hash,
    unsigned from, enum th_item_state to, int64_t before, int64_t date,
    int64_t *ret, struct th_err *err)
{
	struct th_redis_cmd cmd;
	enum th_status st;

	th_redis_queue_script(&cmd, &move_script, queue);
	if (hash != NULL)
		th_redis_addh(&cmd, hash);
	else
		th_redis_adds(&cmd, "");
	th_redis_addi(&cmd, (int64_t)from);
	th_redis_addi(&cmd, (int64_t)to);
	th_redis_addi(&cmd, before);
	th_redis_addi(&cmd, date);
	st = th_redis_run(r, &cmd, 1, err);
	*ret = st == TH_OK ? th_redis_int(cmd.reply) : 0;
	th_redis_done(&cmd);
	return st;
}

static enum th_status
move(struct th_store *store, const char *queue, const struct th_hash *hash,
    unsigned from, enum th_item_state to, int64_t now, int64_t *ret,
    struct th_err *err)
{
	return move_some(
	    (struct th_redis *)store, queue, hash, from, to, 0, now, ret, err);
}

/* ---- the ledger, page by page ---- */

/* The cursor of a walk: what HSCAN gave, "0" at the beginning and the end. */
struct walk {
	struct th_redis *r;
	const char *queue;
	char cursor[24];
	struct th_redis_cmd cmd;
};

static void
walk_begin(struct walk *w, struct th_redis *r, const char *queue)
{
	*w = (struct walk){ .r = r, .queue = queue, .cursor = "0" };
}

/* The next page is the second element of w->cmd.reply, to be released. */
static enum th_status
walk_on(struct walk *w, struct th_err *err)
{
	enum th_status st;

	th_redis_plain(&w->cmd, "HSCAN");
	th_redis_key(&w->cmd, "queue ", w->queue, ":l");
	th_redis_adds(&w->cmd, w->cursor);
	th_redis_adds(&w->cmd, "COUNT");
	th_redis_addi(&w->cmd, LEDGER_PAGE);
	st = th_redis_run(w->r, &w->cmd, 1, err);
	snprintf(w->cursor, sizeof(w->cursor), "%.*s",
	    (int)th_redis_text(th_redis_at(w->cmd.reply, 0)).len,
	    st == TH_OK ? th_redis_text(th_redis_at(w->cmd.reply, 0)).s : "");
	return st;
}

static bool
walk_is_over(const struct walk *w)
{
	return strcmp(w->cursor, "0") == 0 || w->cursor[0] == '\0';
}

/* Forgets the receipts of a page that are older. */
static enum th_status
strip_page(struct walk *w, int64_t before, int64_t *ret, struct th_err *err)
{
	const struct redisReply *page = th_redis_at(w->cmd.reply, 1);
	struct th_redis_cmd cmd;
	struct th_str receipt;
	enum th_status st = TH_OK;
	size_t i, n = 0;
	int64_t date;

	th_redis_queue_script(&cmd, &strip_script, w->queue);
	for (i = 0; i + 1 < th_redis_len(page); i += 2) {
		if (th_redis_ledger(th_redis_text(th_redis_at(page, i + 1)),
			&date, &receipt) != TH_Q_PUBLISHED ||
		    date >= before || receipt.len == 0)
			continue;
		th_redis_add(&cmd, th_redis_text(th_redis_at(page, i)));
		n++;
	}
	if (n > 0)
		st = th_redis_run(w->r, &cmd, 1, err);
	if (n > 0 && st == TH_OK)
		*ret += th_redis_int(cmd.reply);
	th_redis_done(&cmd);
	return st;
}

/* A step for each page: each item's part of it is whole. */
static enum th_status
purge(struct th_store *store, const char *queue, int64_t before, int64_t *ret,
    struct th_err *err)
{
	struct th_redis *r = (struct th_redis *)store;
	enum th_status st;
	struct walk w;

	st = move_some(r, queue, NULL,
	    TH_Q_BIT(TH_Q_REFUSED) | TH_Q_BIT(TH_Q_EXPIRED), TH_Q_DROPPED,
	    before, before, ret, err);
	if (st != TH_OK)
		return st;
	walk_begin(&w, r, queue);
	do {
		st = walk_on(&w, err);
		if (st == TH_OK)
			st = strip_page(&w, before, ret, err);
		th_redis_done(&w.cmd);
	} while (st == TH_OK && !walk_is_over(&w));
	return st;
}

static void
read_ledger(struct th_entry *e, struct th_str hash, struct th_str value)
{
	*e = (struct th_entry){ 0 };
	if (hash.len == TH_HASH_SIZE)
		memcpy(e->hash.byte, hash.s, TH_HASH_SIZE);
	e->state = th_redis_ledger(value, &e->date, &e->receipt);
}

static enum th_status
each_of_ledger(struct th_redis *r, const char *queue, unsigned states,
    th_entry_visit *visit, void *ctx, struct th_err *err)
{
	const struct redisReply *page;
	struct th_entry e;
	enum th_status st;
	struct walk w;
	size_t i;

	walk_begin(&w, r, queue);
	do {
		st = walk_on(&w, err);
		page = th_redis_at(w.cmd.reply, 1);
		for (i = 0; i + 1 < th_redis_len(page) && st == TH_OK; i += 2) {
			read_ledger(&e, th_redis_text(th_redis_at(page, i)),
			    th_redis_text(th_redis_at(page, i + 1)));
			if ((TH_Q_BIT(e.state) & states) != 0)
				st = visit(ctx, &e);
		}
		th_redis_done(&w.cmd);
	} while (st == TH_OK && !walk_is_over(&w));
	return st;
}

/* ---- looking ---- */

static enum th_status
count(struct th_store *store, const char *queue, unsigned states, int64_t now,
    struct th_queue_counts *ret, struct th_err *err)
{
	struct th_redis_cmd cmd;
	enum th_status st;
	int64_t left;
	int i;

	*ret = (struct th_queue_counts){ 0 };
	th_redis_queue_script(&cmd, &count_script, queue);
	st = th_redis_run((struct th_redis *)store, &cmd, 1, err);
	for (i = TH_Q_WAITING; i < TH_Q_STATES && st == TH_OK; i++)
		if ((TH_Q_BIT(i) & states) != 0)
			ret->n[i] =
			    th_redis_int(th_redis_at(cmd.reply, (size_t)i - 1));
	if (st == TH_OK && (states & TH_Q_BIT(TH_Q_WAITING)) != 0) {
		ret->doubtful = th_redis_int(th_redis_at(cmd.reply, 8));
		left = th_redis_int(th_redis_at(cmd.reply, 9));
		ret->next = left > 0 ? now + left : 0;
		ret->oldest = th_redis_int(th_redis_at(cmd.reply, 10));
	}
	th_redis_done(&cmd);
	return st;
}

static void
read_entry(const struct redisReply *r, struct th_entry *e)
{
	struct th_str hash = th_redis_text(th_redis_at(r, 1));

	*e = (struct th_entry){ 0 };
	e->state = (enum th_item_state)th_redis_int(th_redis_at(r, 0));
	if (hash.len == TH_HASH_SIZE)
		memcpy(e->hash.byte, hash.s, TH_HASH_SIZE);
	e->id = th_redis_text(th_redis_at(r, 2));
	e->line = th_redis_text(th_redis_at(r, 3));
	e->date = th_redis_int(th_redis_at(r, 4));
	e->due = th_redis_int(th_redis_at(r, 5));
	e->tries = th_redis_int(th_redis_at(r, 6));
	e->doubtful = th_redis_int(th_redis_at(r, 7)) != 0;
	e->reason = th_redis_text(th_redis_at(r, 8));
	e->owner = th_redis_text(th_redis_at(r, 9));
	if (e->reason.len == 0)
		e->reason.s = NULL;
	if (e->owner.len == 0)
		e->owner.s = NULL;
}

static enum th_status
each_of_outbox(struct th_redis *r, const char *queue, unsigned states,
    th_entry_visit *visit, void *ctx, struct th_err *err)
{
	char from[64] = "-";
	struct th_redis_cmd cmd;
	struct th_entry e;
	struct th_str next;
	enum th_status st;
	size_t i;

	do {
		th_redis_queue_script(&cmd, &each_script, queue);
		th_redis_adds(&cmd, from);
		th_redis_addi(&cmd, (int64_t)states);
		th_redis_addi(&cmd, PAGE);
		st = th_redis_run(r, &cmd, 1, err);
		next = th_redis_text(th_redis_at(cmd.reply, 0));
		snprintf(from, sizeof(from), "%.*s", (int)next.len,
		    next.s != NULL ? next.s : "");
		for (i = 1; i < th_redis_len(cmd.reply) && st == TH_OK; i++) {
			read_entry(th_redis_at(cmd.reply, i), &e);
			st = visit(ctx, &e);
		}
		th_redis_done(&cmd);
	} while (st == TH_OK && from[0] != '\0');
	return st;
}

static enum th_status
each(struct th_store *store, const char *queue, unsigned states,
    th_entry_visit *visit, void *ctx, struct th_err *err)
{
	struct th_redis *r = (struct th_redis *)store;
	enum th_status st = TH_OK;

	if (states & TH_Q_OUTBOX)
		st = each_of_outbox(r, queue, states, visit, ctx, err);
	if (st == TH_OK && (states & TH_Q_LEDGER))
		st = each_of_ledger(r, queue, states, visit, ctx, err);
	return st;
}

static enum th_status
find(struct th_store *store, const char *queue, const struct th_hash *hash,
    th_entry_visit *visit, void *ctx, struct th_err *err)
{
	const struct th_str raw = { (const char *)hash->byte, TH_HASH_SIZE };
	struct th_redis_cmd cmd;
	struct th_entry e;
	enum th_status st;

	th_redis_queue_script(&cmd, &find_script, queue);
	th_redis_addh(&cmd, hash);
	st = th_redis_run((struct th_redis *)store, &cmd, 1, err);
	if (st == TH_OK && th_redis_is_text(cmd.reply))
		read_ledger(&e, raw, th_redis_text(cmd.reply));
	else if (st == TH_OK && th_redis_len(cmd.reply) == ENTRY_FIELDS)
		read_entry(cmd.reply, &e);
	else if (st == TH_OK)
		st = TH_END;
	if (st == TH_OK)
		st = visit(ctx, &e);
	th_redis_done(&cmd);
	return st;
}

struct listed {
	struct th_str name, about;
};

static int
by_name(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;
	size_t n = x->name.len < y->name.len ? x->name.len : y->name.len;
	int c = memcmp(x->name.s, y->name.s, n);

	return c != 0
		   ? c
		   : (x->name.len > y->name.len) - (x->name.len < y->name.len);
}

/* Replies of hiredis end in a NUL. */
static enum th_status
show_queue(const struct listed *l, th_queue_visit *visit, void *ctx)
{
	size_t len = strcspn(l->about.s, "\n");
	char *service = th_strndup(l->about.s, len);
	enum th_status st = TH_ENOMEM;

	if (service != NULL)
		st = visit(ctx, l->name.s, service,
		    l->about.s + len + (l->about.s[len] == '\n'));
	free(service);
	return st;
}

static enum th_status
queues(struct th_store *store, th_queue_visit *visit, void *ctx,
    struct th_err *err)
{
	struct th_redis_cmd cmd;
	struct listed *list = NULL;
	enum th_status st;
	size_t i, n = 0;

	th_redis_plain(&cmd, "HGETALL");
	th_redis_adds(&cmd, TH_REDIS_KEY "queues");
	st = th_redis_run((struct th_redis *)store, &cmd, 1, err);
	if (st == TH_OK)
		n = th_redis_len(cmd.reply) / 2;
	if (n > 0 && (list = th_calloc(n, sizeof(*list))) == NULL)
		st = th_fail(err, TH_ENOMEM, "out of memory");
	for (i = 0; i < n && list != NULL; i++) {
		list[i].name = th_redis_text(th_redis_at(cmd.reply, 2 * i));
		list[i].about =
		    th_redis_text(th_redis_at(cmd.reply, 2 * i + 1));
	}
	if (list != NULL)
		qsort(list, n, sizeof(*list), by_name);
	for (i = 0; i < n && st == TH_OK; i++)
		if (list[i].name.s != NULL && list[i].about.s != NULL)
			st = show_queue(&list[i], visit, ctx);
	free(list);
	th_redis_done(&cmd);
	return st;
}

void
th_redis_look_ops(struct th_store_ops *ops)
{
	ops->move = move;
	ops->purge = purge;
	ops->count = count;
	ops->each = each;
	ops->find = find;
	ops->queues = queues;
}

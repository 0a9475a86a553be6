/* queue -- items into the outbox, storms held, receipts out of the ledger */
#include <stdlib.h>
#include <string.h>

#include "priv.h"

#define BATCH_ITEMS 1000
#define BATCH_BYTES ((size_t)8 << 20)

/* An item that was added: the text that `incoming` points into, and its source.
 */
struct added {
	char *text;
	uint64_t source;
};

/* Items on their way in, which go in together. */
struct batch {
	struct th_incoming *in;
	struct added *added;
	size_t n, bytes;
	bool is_new; /* it has been looked up, and is to be written */
};

struct th_queue {
	struct th_store *store;
	char *name;
	char *service, *account;           /* of the one who asks */
	char *kept_service, *kept_account; /* of the one who made the queue */
	struct batch now;                  /* what is added goes here */
	struct batch before; /* was looked up, and waits for the next to be */
	struct th_buf room;  /* a scratch for texts */
	struct th_search *search; /* told of all this; or NULL */
	struct th_err indexed;    /* what went wrong there */
};

static const char *const state_names[TH_Q_STATES] = { "unknown", "waiting",
	"leased", "held", "refused", "expired", "published", "seen",
	"dropped" };

const char *
th_item_state_name(enum th_item_state state)
{
	return state < TH_Q_STATES ? state_names[state] : state_names[0];
}

enum th_item_state
th_item_state_of(struct th_str word)
{
	int i;

	for (i = 0; i < TH_Q_STATES; i++)
		if (th_str_is(word, state_names[i]))
			return (enum th_item_state)i;
	return TH_Q_UNKNOWN;
}

static enum th_status
note_keeper(
    void *ctx, const char *name, const char *service, const char *account)
{
	struct th_queue *q = ctx;

	if (strcmp(name, q->name) != 0)
		return TH_OK;
	free(q->kept_service);
	free(q->kept_account);
	q->kept_service = th_strdup(service);
	q->kept_account = th_strdup(account);
	return TH_END;
}

static bool
is_whole(const struct th_queue *q)
{
	return q->name != NULL && q->service != NULL && q->account != NULL &&
	       q->kept_service != NULL && q->kept_account != NULL &&
	       q->now.in != NULL && q->now.added != NULL &&
	       q->before.in != NULL && q->before.added != NULL;
}

static void
batch_init(struct batch *b)
{
	*b = (struct batch){ 0 };
	b->in = th_calloc(BATCH_ITEMS, sizeof(*b->in));
	b->added = th_calloc(BATCH_ITEMS, sizeof(*b->added));
}

static void
batch_clear(struct batch *b)
{
	size_t i;

	for (i = 0; i < b->n; i++) {
		free(b->added[i].text);
		th_buf_release(&b->in[i].receipt);
	}
	b->n = b->bytes = 0;
	b->is_new = false;
}

static void
batch_release(struct batch *b)
{
	batch_clear(b);
	free(b->in);
	free(b->added);
}

enum th_status
th_queue_new(struct th_store *store, const char *name, const char *service,
    const char *account, struct th_queue **ret, struct th_err *err)
{
	struct th_queue *q = th_calloc(1, sizeof(*q));
	enum th_status st;

	if (q == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	q->store = store;
	th_buf_init(&q->room, TH_LINE_MAX * 2);
	q->name = th_strdup(name);
	q->service = th_strdup(service);
	q->account = th_strdup(account);
	q->kept_service = th_strdup(service);
	q->kept_account = th_strdup(account);
	batch_init(&q->now);
	batch_init(&q->before);
	st = is_whole(q) ? store->ops->queues(store, note_keeper, q, err)
			 : TH_ENOMEM;
	if (!is_whole(q))
		st = th_fail(err, TH_ENOMEM, "out of memory");
	if (st != TH_OK && st != TH_END) {
		th_queue_free(q);
		return st;
	}
	*ret = q;
	return TH_OK;
}

void
th_queue_free(struct th_queue *q)
{
	if (q == NULL)
		return;
	batch_release(&q->now);
	batch_release(&q->before);
	free(q->name);
	free(q->service);
	free(q->account);
	free(q->kept_service);
	free(q->kept_account);
	th_buf_release(&q->room);
	free(q);
}

const char *
th_queue_name(const struct th_queue *q)
{
	return q->name;
}

const char *
th_queue_service(const struct th_queue *q)
{
	return q->kept_service;
}

/* ---- being found again ---- */

void
th_queue_index(struct th_queue *q, struct th_search *search)
{
	q->search = search;
}

enum th_status
th_queue_indexed(const struct th_queue *q, struct th_err *err)
{
	if (q->indexed.status == TH_OK)
		return TH_OK;
	return th_fail(err, q->indexed.status, "%s", q->indexed.text);
}

static void
note_index(struct th_queue *q, enum th_status st, const struct th_err *err)
{
	if (st > q->indexed.status && st > TH_END)
		q->indexed = *err;
}

/* Those that are new, before they are deposited: none is lost in between. */
static void
index_new(struct th_queue *q)
{
	struct th_err err = { 0 };
	enum th_status st;
	size_t i;

	if (q->search == NULL)
		return;
	if ((st = th_search_begin(q->search, &err)) == TH_OK) {
		for (i = 0; i < q->now.n && st == TH_OK; i++)
			if (q->now.in[i].known == TH_Q_UNKNOWN)
				st = th_search_put_item(q->search,
				    q->now.in[i].id, q->now.in[i].line,
				    q->service, &err);
		st = th_search_end(q->search, st, &err);
	}
	note_index(q, st, &err);
}

/* Before it is true: one time too many does no harm. */
static void
index_published(struct th_queue *q, const struct th_hash *hash)
{
	struct th_err err = { 0 };

	if (q->search != NULL)
		note_index(q, th_search_touch(q->search, hash, &err), &err);
}

static uint64_t
mark_of(const char kind, struct th_str text)
{
	struct th_hash h = th_hash(text);
	uint64_t mark;

	memcpy(&mark, h.byte, sizeof(mark));
	/* A title that is some other item's url is no repetition. */
	mark ^= (uint64_t)(unsigned char)kind << 56;
	return mark != 0 ? mark : 1;
}

/* The marks of an item's url and title; 0 for what it does not have. */
static void
item_marks(const struct th_item *it, struct th_buf *room, uint64_t ret[2])
{
	static const char *const field[] = { "url", "title" };
	int i;

	for (i = 0; i < 2; i++) {
		th_buf_clear(room);
		ret[i] = 0;
		if (th_item_text(it, field[i], room) == TH_OK && room->len > 0)
			ret[i] = mark_of(field[i][0], th_buf_str(room));
	}
}

static bool
add_source(void *ctx, const struct th_value *v)
{
	struct th_str *ret = ctx;

	*ret = v->raw;
	return true;
}

static enum th_status
keep_text(struct th_queue *q, size_t idlen, struct th_err *err)
{
	struct th_incoming *in = &q->now.in[q->now.n];
	char *text = th_malloc(q->room.len + 1);

	if (text == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	memcpy(text, q->room.data, q->room.len);
	text[q->room.len] = '\0';
	*in = (struct th_incoming){ 0 };
	in->id = (struct th_str){ text, idlen };
	in->line = (struct th_str){ text + idlen, q->room.len - idlen };
	in->hash = th_hash(in->id);
	th_buf_init(&in->receipt, TH_LINE_MAX);
	q->now.added[q->now.n].text = text;
	q->now.bytes += q->room.len;
	return TH_OK;
}

enum th_status
th_queue_add(struct th_queue *q, const struct th_item *it, struct th_err *err)
{
	struct th_str source = { NULL, 0 };
	enum th_status st;
	size_t idlen;

	th_buf_clear(&q->room);
	if ((st = th_item_id(it, &q->room, err)) != TH_OK)
		return st;
	idlen = q->room.len;
	if ((st = th_item_line(it, &q->room)) != TH_OK)
		return th_fail(err, st, "%s", th_strstatus(st));
	if ((st = keep_text(q, idlen, err)) != TH_OK)
		return st;
	item_marks(it, &q->room, q->now.in[q->now.n].mark);
	th_item_visit(it, "_source.feed_url", add_source, &source);
	q->now.added[q->now.n].source =
	    source.s != NULL ? mark_of('s', source) : 0;
	q->now.n++;
	return TH_OK;
}

bool
th_queue_full(const struct th_queue *q)
{
	return q->now.n >= BATCH_ITEMS || q->now.bytes >= BATCH_BYTES;
}

/* ---- the storm guard ---- */

/* The mark that shows an item to be a repetition; 0: none does. */
static uint64_t
repeated(const struct th_queue *q, const bool *found, size_t i)
{
	return found[2 * i]       ? q->now.in[i].mark[0]
	       : found[2 * i + 1] ? q->now.in[i].mark[1]
				  : 0;
}

/* Is the first item's source in a storm?  Forty posts called "Photo" are none.
 */
static bool
is_storm(const struct th_queue *q, const bool *found, size_t first)
{
	size_t i, j, new = 0, same = 0, different = 0;
	uint64_t mark;

	for (i = first; i < q->now.n; i++) {
		if (q->now.in[i].known != TH_Q_UNKNOWN ||
		    q->now.added[i].source != q->now.added[first].source)
			continue;
		new ++;
		if ((mark = repeated(q, found, i)) == 0)
			continue;
		same++;
		for (j = first; j < i; j++)
			if (q->now.in[j].known == TH_Q_UNKNOWN &&
			    repeated(q, found, j) == mark)
				break;
		different += j == i;
	}
	return different >= TH_STORM && same * 2 >= new;
}

/* Holds the repetitions of each source that is in a storm. */
static void
hold_storms(struct th_queue *q, const bool *found)
{
	uint64_t source;
	size_t i, j;
	bool storm;

	for (i = 0; i < q->now.n; i++) {
		source = q->now.added[i].source;
		for (j = 0; j < i; j++)
			if (q->now.in[j].known == TH_Q_UNKNOWN &&
			    q->now.added[j].source == source)
				break;
		if (q->now.in[i].known != TH_Q_UNKNOWN || j < i)
			continue; /* known, or its source was judged before */
		storm = is_storm(q, found, i);
		for (j = i; j < q->now.n && storm; j++)
			if (q->now.in[j].known == TH_Q_UNKNOWN &&
			    q->now.added[j].source == source &&
			    repeated(q, found, j) != 0)
				q->now.in[j].want = TH_Q_HELD;
	}
}

static enum th_status
guard(struct th_queue *q, struct th_err *err)
{
	uint64_t *mark = th_calloc(q->now.n * 2, sizeof(*mark));
	bool *found = th_calloc(q->now.n * 2, sizeof(*found));
	enum th_status st;
	size_t i;

	if (mark == NULL || found == NULL) {
		st = th_fail(err, TH_ENOMEM, "out of memory");
		goto out;
	}
	for (i = 0; i < q->now.n; i++)
		if (q->now.in[i].known == TH_Q_UNKNOWN)
			memcpy(&mark[2 * i], q->now.in[i].mark,
			    sizeof(q->now.in[i].mark));
	st = q->store->ops->guard(
	    q->store, q->name, mark, q->now.n * 2, found, err);
	if (st == TH_OK)
		hold_storms(q, found);
out:
	free(mark);
	free(found);
	return st;
}

/* ---- depositing ---- */

static size_t
count_new(const struct th_queue *q)
{
	size_t i, n = 0;

	for (i = 0; i < q->now.n; i++)
		n += q->now.in[i].known == TH_Q_UNKNOWN;
	return n;
}

/* In a look the second of two is known by the first. */
static void
find_twins(struct th_queue *q)
{
	size_t i, j;

	for (i = 1; i < q->now.n; i++)
		for (j = 0; j < i; j++)
			if (memcmp(&q->now.in[i].hash, &q->now.in[j].hash,
				sizeof(q->now.in[i].hash)) == 0) {
				if (q->now.in[i].known == TH_Q_UNKNOWN)
					q->now.in[i].known = TH_Q_WAITING;
				break;
			}
}

/* What is known of those that were added, and what they are wanted to be. */
static enum th_status
look(struct th_queue *q, enum th_deposit how, struct th_err *err)
{
	const struct th_store_ops *ops = q->store->ops;
	enum th_status st;
	size_t i, new;

	for (i = 0; i < q->now.n; i++)
		q->now.in[i].want =
		    how == TH_DEPOSIT_SEEN ? TH_Q_SEEN : TH_Q_WAITING;
	st = ops->lookup(q->store, q->name, q->now.in, q->now.n, err);
	if (st != TH_OK)
		return st;
	new = count_new(q);
	if (how == TH_DEPOSIT_LOOK) {
		find_twins(q);
		return TH_OK;
	}
	if (how == TH_DEPOSIT_GUARD && new >= TH_STORM &&
	    (st = guard(q, err)) != TH_OK)
		return st;
	/* Of a re-run nothing is new: nothing to write, nothing to sync. */
	q->now.is_new = new > 0 || how == TH_DEPOSIT_SEEN;
	return TH_OK;
}

enum th_status
th_queue_receipt(struct th_queue *q, struct th_str line, struct th_str packed,
    int64_t date, struct th_buf *ret, struct th_err *err)
{
	struct th_receipt_view view;
	struct th_item it;
	struct th_buf json;
	enum th_status st;

	th_item_init(&it);
	th_buf_init(&json, TH_LINE_MAX);
	th_buf_clear(ret);
	if ((st = th_item_parse(&it, line, err)) != TH_OK)
		goto out;
	st = th_receipt_unpack(packed, &q->room, &view);
	if (view.service.s == NULL)
		view.service = th_str(q->kept_service);
	if (view.account.s == NULL)
		view.account = th_str(q->kept_account);
	if (st == TH_OK)
		st = th_receipt_json(&view, date, &json);
	if (st == TH_OK)
		st = th_item_append(&it, "_published", th_buf_str(&json));
	if (st == TH_OK)
		st = th_item_line(&it, ret);
	if (st != TH_OK)
		th_fail(err, st, "%s", th_strstatus(st));
out:
	th_buf_release(&json);
	th_item_release(&it);
	return st;
}

static enum th_status
tell(struct th_queue *q, const struct batch *b, th_told *told, void *ctx,
    struct th_err *err)
{
	struct th_incoming *in;
	enum th_status st = TH_OK;
	struct th_str receipt;
	struct th_buf line;
	bool is_new;
	size_t i;

	th_buf_init(&line, TH_LINE_MAX * 2);
	for (i = 0; i < b->n && st == TH_OK; i++) {
		in = &b->in[i];
		is_new = in->known == TH_Q_UNKNOWN;
		receipt = (struct th_str){ NULL, 0 };
		if (in->known == TH_Q_PUBLISHED) {
			st = th_queue_receipt(q, in->line,
			    th_buf_str(&in->receipt), in->date, &line, err);
			receipt = th_buf_str(&line);
		}
		if (st == TH_OK)
			st = told(ctx, is_new ? in->want : in->known, is_new,
			    in->line, receipt);
	}
	th_buf_release(&line);
	return st;
}

/* What was looked up goes in; meanwhile the index is told of the next. */
static enum th_status
write_before(struct th_queue *q, struct th_err *err)
{
	const struct th_store_ops *ops = q->store->ops;
	const struct batch *b = &q->before;
	enum th_status st = TH_OK;

	if (b->is_new)
		st = ops->post(q->store, q->name, q->service, q->account, b->in,
		    b->n, th_now(), err);
	if (q->now.is_new)
		index_new(q);
	if (b->is_new && st == TH_OK)
		st = ops->posted(q->store, err);
	return st;
}

static enum th_status
finish_before(struct th_queue *q, th_told *told, void *ctx, struct th_err *err)
{
	enum th_status st = write_before(q, err);

	if (st == TH_OK && told != NULL)
		st = tell(q, &q->before, told, ctx, err);
	batch_clear(&q->before);
	return st;
}

/*
 * Of two batches the second is looked up first, while the store has nothing
 * else to do: then it writes the first while we are busy with the second.
 */
static enum th_status
deposit_behind(struct th_queue *q, enum th_deposit how, th_told *told,
    void *ctx, struct th_err *err)
{
	enum th_status st = TH_OK, looked = TH_OK;
	struct th_err why = { 0 };
	struct batch b;

	if (q->now.n > 0)
		looked = look(q, how, &why);
	st = finish_before(q, told, ctx, err);
	if (looked != TH_OK)
		batch_clear(&q->now);
	if (st == TH_OK && looked != TH_OK)
		st = th_fail(err, looked, "%s", why.text);
	b = q->before;
	q->before = q->now;
	q->now = b;
	return st;
}

static enum th_status
deposit_at_once(struct th_queue *q, enum th_deposit how, th_told *told,
    void *ctx, struct th_err *err)
{
	enum th_status st = TH_OK;

	if (q->now.n > 0)
		st = look(q, how, err);
	if (st == TH_OK && q->now.is_new) {
		index_new(q);
		st = q->store->ops->deposit(q->store, q->name, q->service,
		    q->account, q->now.in, q->now.n, th_now(), err);
	}
	if (st == TH_OK && told != NULL)
		st = tell(q, &q->now, told, ctx, err);
	batch_clear(&q->now);
	return st;
}

enum th_status
th_queue_post(struct th_queue *q, enum th_deposit how, th_told *told, void *ctx,
    struct th_err *err)
{
	if (q->store->ops->post == NULL || how == TH_DEPOSIT_LOOK)
		return deposit_at_once(q, how, told, ctx, err);
	return deposit_behind(q, how, told, ctx, err);
}

enum th_status
th_queue_deposit(struct th_queue *q, enum th_deposit how, th_told *told,
    void *ctx, struct th_err *err)
{
	enum th_status st;

	if (q->before.n == 0)
		return deposit_at_once(q, how, told, ctx, err);
	st = deposit_behind(q, how, told, ctx, err);
	return st == TH_OK ? finish_before(q, told, ctx, err) : st;
}

/* ---- leases ---- */

void
th_lease_init(struct th_lease *l)
{
	*l = (struct th_lease){ 0 };
	th_buf_init(&l->line, TH_LINE_MAX);
}

void
th_lease_release(struct th_lease *l)
{
	th_buf_release(&l->line);
}

enum th_status
th_queue_claim(struct th_queue *q, struct th_claim *c, struct th_lease *ret,
    struct th_err *err)
{
	ret->beat = th_steady_ms();
	return q->store->ops->claim(q->store, q->name, c, th_now(), ret, err);
}

/* Names of owners, copied: what visits may not ask the store. */
struct owners {
	char **name;
	size_t n;
};

static enum th_status
note_owner(void *ctx, const char *owner)
{
	struct owners *o = ctx;
	char **more = th_realloc(o->name, (o->n + 1) * sizeof(*more));

	if (more == NULL)
		return TH_ENOMEM;
	o->name = more;
	if ((o->name[o->n] = th_strdup(owner)) == NULL)
		return TH_ENOMEM;
	o->n++;
	return TH_OK;
}

enum th_status
th_queue_reclaim(struct th_queue *q, struct th_err *err)
{
	struct owners o = { 0 };
	enum th_owner_life life;
	enum th_status st;
	size_t i;

	st = q->store->ops->owners(q->store, q->name, note_owner, &o, err);
	for (i = 0; i < o.n && st == TH_OK; i++) {
		life = th_owner_life(o.name[i]);
		st = q->store->ops->reclaim(
		    q->store, q->name, o.name[i], life, th_now(), err);
	}
	for (i = 0; i < o.n; i++)
		free(o.name[i]);
	free(o.name);
	return st == TH_ENOMEM ? th_fail(err, st, "out of memory") : st;
}

enum th_status
th_queue_renew(struct th_queue *q, struct th_lease *l, const char *owner,
    int64_t seconds, struct th_err *err)
{
	const int64_t beat = th_steady_ms();
	enum th_status st;

	st = q->store->ops->renew(
	    q->store, q->name, &l->hash, owner, seconds, th_now(), err);
	if (st == TH_OK)
		l->beat = beat;
	return st;
}

enum th_status
th_queue_settle(struct th_queue *q, const struct th_hash *hash,
    const struct th_outcome *o, struct th_err *err)
{
	struct th_settlement t = { 0 };
	struct th_receipt_view view = { 0 };
	struct th_buf packed;
	enum th_status st = TH_OK;

	th_buf_init(&packed, TH_LINE_MAX);
	t.hash = *hash;
	t.state = o->state;
	t.owner = o->owner;
	t.reason = o->reason;
	t.now = o->date != 0 ? o->date : th_now();
	t.due = o->due;
	t.tried = o->tried;
	t.doubtful = o->doubtful;
	if (o->state == TH_Q_PUBLISHED) {
		view.id = th_str(o->id);
		view.url = th_str(o->url);
		if (strcmp(q->service, q->kept_service) != 0)
			view.service = th_str(q->service);
		if (strcmp(q->account, q->kept_account) != 0)
			view.account = th_str(q->account);
		st = th_receipt_pack(&view, &packed);
		t.receipt = th_buf_str(&packed);
		if (o->item != NULL)
			item_marks(o->item, &q->room, t.mark);
		index_published(q, hash);
	}
	st = st == TH_OK ? q->store->ops->settle(q->store, q->name, &t, err)
			 : th_fail(err, st, "%s", th_strstatus(st));
	th_buf_release(&packed);
	return st;
}

/* ---- looking and moving ---- */

enum th_status
th_queue_count(struct th_queue *q, unsigned states, struct th_queue_counts *ret,
    struct th_err *err)
{
	return q->store->ops->count(
	    q->store, q->name, states, th_now(), ret, err);
}

enum th_status
th_queue_each(struct th_queue *q, unsigned states, th_entry_visit *visit,
    void *ctx, struct th_err *err)
{
	return q->store->ops->each(q->store, q->name, states, visit, ctx, err);
}

enum th_status
th_queue_find(struct th_queue *q, struct th_str id, th_entry_visit *visit,
    void *ctx, struct th_err *err)
{
	struct th_hash hash = th_hash(id);

	return q->store->ops->find(q->store, q->name, &hash, visit, ctx, err);
}

enum th_status
th_queue_list(
    struct th_store *s, th_queue_visit *visit, void *ctx, struct th_err *err)
{
	return s->ops->queues(s, visit, ctx, err);
}

enum th_status
th_queue_import(
    struct th_queue *q, struct th_entry *e, size_t n, struct th_err *err)
{
	return q->store->ops->import(
	    q->store, q->name, q->service, q->account, e, n, th_now(), err);
}

enum th_status
th_memory_each(struct th_store *s, enum th_memory kind, const char *key,
    th_memory_visit *visit, void *ctx, struct th_err *err)
{
	return s->ops->recall(s, kind, key, visit, ctx, err);
}

enum th_status
th_memory_put(struct th_store *s, enum th_memory kind, const char *key,
    const int64_t *v, size_t n, struct th_err *err)
{
	return s->ops->remember(s, kind, key, v, n, th_now(), err);
}

enum th_status
th_queue_move(struct th_queue *q, struct th_str id, unsigned from,
    enum th_item_state to, int64_t *ret, struct th_err *err)
{
	struct th_hash hash = { { 0 } };

	if (id.s != NULL)
		hash = th_hash(id);
	return q->store->ops->move(q->store, q->name,
	    id.s != NULL ? &hash : NULL, from, to, th_now(), ret, err);
}

enum th_status
th_queue_purge(
    struct th_queue *q, int64_t before, int64_t *ret, struct th_err *err)
{
	return q->store->ops->purge(q->store, q->name, before, ret, err);
}

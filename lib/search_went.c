/* search_went -- where an item went, as the ledgers of all queues tell */
#include <stdlib.h>
#include <string.h>

#include "search.h"

struct th_went {
	struct th_store *store;
	struct th_queue **queue;
	size_t n, cap;
	struct th_item item;
	struct th_buf id, with;
	struct th_err *err;
};

/* The item at hand, and what one queue says of it. */
struct asked {
	struct th_went *went;
	struct th_queue *queue;
	struct th_str line;
	struct th_buf *ret;
};

void
th_went_free(struct th_went *w)
{
	size_t i;

	if (w == NULL)
		return;
	for (i = 0; i < w->n; i++)
		th_queue_free(w->queue[i]);
	free(w->queue);
	th_item_release(&w->item);
	th_buf_release(&w->id);
	th_buf_release(&w->with);
	free(w);
}

/* The names come first: to open a queue is to walk them again. */
static enum th_status
add_name(void *ctx, const char *name, const char *service, const char *account)
{
	struct th_went *w = ctx;

	th_buf_add(&w->id, name, strlen(name) + 1);
	th_buf_add(&w->id, service, strlen(service) + 1);
	th_buf_add(&w->id, account, strlen(account) + 1);
	w->cap++;
	return w->id.status;
}

static enum th_status
open_queues(struct th_went *w, struct th_err *err)
{
	const char *name, *service, *account;
	enum th_status st;

	st = th_queue_list(w->store, add_name, w, err);
	if (st != TH_OK)
		return th_fail(err, st, "%s",
		    err != NULL && err->text[0] != '\0' ? err->text
							: th_strstatus(st));
	w->queue = th_calloc(w->cap + 1, sizeof(*w->queue));
	if (w->queue == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	for (name = w->id.data; w->n < w->cap && st == TH_OK;) {
		service = name + strlen(name) + 1;
		account = service + strlen(service) + 1;
		st = th_queue_new(
		    w->store, name, service, account, &w->queue[w->n], err);
		w->n += st == TH_OK;
		name = account + strlen(account) + 1;
	}
	return st;
}

enum th_status
th_went_new(struct th_store *store, struct th_went **ret, struct th_err *err)
{
	struct th_went *w = th_calloc(1, sizeof(*w));
	enum th_status st = TH_OK;

	if (w == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	th_item_init(&w->item);
	th_buf_init(&w->id, TH_LINE_MAX);
	th_buf_init(&w->with, TH_LINE_MAX * 2);
	w->store = store;
	w->err = err;
	if (store != NULL)
		st = open_queues(w, err);
	if (st != TH_OK) {
		th_went_free(w);
		return st;
	}
	*ret = w;
	return TH_OK;
}

struct th_queue *
th_went_queue(const struct th_went *w, size_t nth, const char **service)
{
	if (nth >= w->n)
		return NULL;
	*service = th_queue_service(w->queue[nth]);
	return w->queue[nth];
}

bool
th_went_has(struct th_str in, struct th_str what)
{
	size_t i;

	for (i = 0; i + what.len <= in.len; i++)
		if (memcmp(in.s + i, what.s, what.len) == 0)
			return true;
	return false;
}

/* The receipt is the last object of the line; is it in the first line too? */
static bool
is_known(struct th_str before, struct th_str after)
{
	size_t i = after.len;

	while (i > 0 && after.s[i - 1] != '{')
		i--;
	if (i == 0 || after.len - i < 3)
		return false;
	/* Without what closes the array and the item. */
	return th_went_has(
	    before, (struct th_str){ after.s + i - 1, after.len - i - 1 });
}

static enum th_status
ask(void *ctx, const struct th_entry *e)
{
	struct asked *a = ctx;
	struct th_went *w = a->went;
	struct th_str line = th_buf_str(a->ret);
	enum th_status st;

	if (e->state != TH_Q_PUBLISHED)
		return TH_OK;
	th_buf_clear(&w->with);
	st = th_queue_receipt(
	    a->queue, line, e->receipt, e->date, &w->with, w->err);
	if (st != TH_OK || is_known(line, th_buf_str(&w->with)))
		return st;
	th_buf_clear(a->ret);
	return th_buf_add(a->ret, w->with.data, w->with.len);
}

enum th_status
th_went_line(struct th_went *w, struct th_str line, struct th_buf *ret,
    struct th_err *err)
{
	struct asked a = { .went = w, .ret = ret };
	enum th_status st;
	size_t i;

	w->err = err;
	th_buf_clear(ret);
	th_buf_clear(&w->id);
	if ((st = th_item_parse(&w->item, line, err)) != TH_OK)
		return st;
	st = th_item_text(&w->item, "id", &w->id);
	if (st == TH_OK || st == TH_END)
		st = th_buf_add(ret, line.s, line.len);
	for (i = 0; i < w->n && st == TH_OK && w->id.len > 0; i++) {
		a.queue = w->queue[i];
		st = th_queue_find(a.queue, th_buf_str(&w->id), ask, &a, err);
		if (st == TH_END)
			st = TH_OK;
	}
	return st == TH_ENOMEM ? th_fail(err, st, "out of memory") : st;
}

/* Does a queue have its text, a receipt, or anything of later than that? */
struct kept {
	int64_t before;
	bool known, kept;
};

static enum th_status
look_at(void *ctx, const struct th_entry *e)
{
	struct kept *k = ctx;

	k->known = true;
	if ((TH_Q_BIT(e->state) & TH_Q_OUTBOX) != 0 || e->receipt.len > 0 ||
	    e->date > k->before)
		k->kept = true;
	return TH_OK;
}

enum th_status
th_went_keeps(struct th_went *w, struct th_str line, int64_t date,
    int64_t before, bool *ret, struct th_err *err)
{
	struct kept k = { .before = before };
	enum th_status st;
	size_t i;

	*ret = true;
	th_buf_clear(&w->id);
	if ((st = th_item_parse(&w->item, line, err)) != TH_OK)
		return st;
	st = th_item_text(&w->item, "id", &w->id);
	if (st == TH_END)
		st = TH_OK;
	for (i = 0; i < w->n && st == TH_OK && !k.kept; i++) {
		st = th_queue_find(
		    w->queue[i], th_buf_str(&w->id), look_at, &k, err);
		if (st == TH_END)
			st = TH_OK;
	}
	*ret = k.kept || (!k.known && date >= before);
	return st == TH_ENOMEM ? th_fail(err, st, "out of memory") : st;
}

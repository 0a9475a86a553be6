/* shelf -- pages to be read later: listed as a whole, handed on once each */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "trigger.h"

#define KEY_MAX ((size_t)64 << 10)

enum th_status
th_shelf_init(
    struct th_shelf *s, struct th_session *ses, const struct th_fetch *f)
{
	*s = (struct th_shelf){ .ses = ses, .f = f };
	th_buf_init(&s->key, KEY_MAX);
	json_set_alloc_funcs(th_malloc, free);
	return (s->all = json_object()) != NULL ? TH_OK : TH_ENOMEM;
}

void
th_shelf_release(struct th_shelf *s)
{
	json_decref(s->all);
	th_buf_release(&s->key);
	*s = (struct th_shelf){ 0 };
}

enum th_status
th_shelf_recall(struct th_shelf *s, int64_t *since)
{
	int64_t last = 0;
	enum th_status st = s->key.status;

	if (st == TH_OK)
		st = th_fetch_recall(
		    s->f, s->key.data, &last, th_session_err(s->ses));
	/* Whether that second counts as "since" nobody says. */
	if (last > 0)
		*since = last - 1;
	return st;
}

/* Hands on one, unless it was before. */
static enum th_status
hand_on(const struct th_shelf *s, const struct th_shelving *how,
    const json_t *entry, struct th_buf *line)
{
	struct th_err *err = th_session_err(s->ses);
	char room[TH_SHELF_ID];
	const char *id = how->id(entry, room);
	enum th_status st;
	bool known;

	th_buf_clear(line);
	st = th_fetch_knows(s->f, s->key.data, th_str(id), &known, err);
	if (st == TH_OK && !known)
		st = how->item(how->ctx, entry, line);
	if (st == TH_EDATA) {
		th_session_say(
		    s->ses, 0, TH_EDATA, "%s: too long, left out", id);
		return TH_OK;
	}
	if (st != TH_OK)
		return st;
	return th_fetch_emit(
	    s->f, s->key.data, th_str(id), th_buf_str(line), err);
}

enum th_status
th_shelf_emit(const struct th_shelf *s, const struct th_shelving *how,
    const json_t **ret_last, bool *ret_whole)
{
	json_t **entry = NULL;
	struct th_buf line;
	size_t n = 0, i = 0;
	enum th_status st;

	*ret_last = NULL;
	*ret_whole = false;
	st = th_payload_order(s->all, how->date, how->tie, &entry, &n);
	if (st != TH_OK)
		return st;
	if (how->most > 0 && n > how->most)
		i = n - how->most;
	th_buf_init(&line, TH_LINE_MAX);
	for (; st == TH_OK && i < n; i++) {
		st = hand_on(s, how, entry[i], &line);
		if (st == TH_OK || st == TH_END)
			*ret_last = entry[i];
	}
	*ret_whole = i == n && (st == TH_OK || st == TH_END);
	th_buf_release(&line);
	free(entry);
	return st;
}

enum th_status
th_shelf_page(
    struct th_session *ses, const struct th_delivery *d, struct th_buf *ret)
{
	enum th_status st = th_delivery_page(d, ret);

	if (st == TH_END)
		st = th_session_fail(ses, TH_EREFUSED,
		    "no page to be read: the item has no http address");
	return st;
}

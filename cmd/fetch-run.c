/* fetch-run -- one run of a source: state, items, commit */
#include <stdlib.h>

#include "fetch.h"

static bool
is_too_old(struct fetch *f, struct th_str line)
{
	int64_t date;

	if (f->since == INT64_MIN ||
	    th_item_parse(&f->item, line, NULL) != TH_OK)
		return false;
	/* One without a date may be new. */
	return th_item_date(&f->item, &date) == TH_OK && date < f->since;
}

enum th_status
fetch_emit(void *ctx, struct th_str id, struct th_str line)
{
	struct fetch *f = ctx;
	enum th_status st;

	(void)id;
	if (th_interrupted)
		return TH_EAGAIN;
	if (is_too_old(f, line))
		return TH_OK;
	if ((st = th_out_line(&cmd_out, line)) != TH_OK)
		return st;
	f->printed++;
	return f->limit > 0 && f->printed >= f->limit ? TH_END : TH_OK;
}

void
fetch_open(struct fetch *f)
{
	const char *run = getenv("TH_RUN");
	struct th_err err = { 0 };

	th_item_init(&f->item);
	cmd_check(th_config_load(cmd_config, &f->config, &err), &err);
	if (f->state_name == NULL || f->state_name[0] == '\0')
		return;
	if (run != NULL && run[0] == '\0')
		run = NULL;
	cmd_check(cmd_store_open(f->config, f->wait, 0, &f->store, &err), &err);
	cmd_check(
	    th_state_open(f->store, f->state_name, run, &f->state, &err), &err);
	f->manners = f->state;
	if (run != NULL)
		cmd_check(th_state_open(
			      f->store, f->state_name, NULL, &f->manners, &err),
		    &err);
}

static void
commit(struct th_state *state)
{
	struct th_err err = { 0 };
	enum th_status st = th_state_commit(state, &err);

	if (st == TH_OK)
		return;
	cmd_warn("state: %s", err.text);
	cmd_note(st);
}

void
fetch_close(struct fetch *f, enum th_status st)
{
	bool whole = th_out_flush(&cmd_out) == TH_OK && st != TH_ENOMEM &&
		     st != TH_EIO && st != TH_EBUG;

	if (f->manners != f->state)
		commit(f->manners);
	if (f->state != NULL && whole)
		commit(f->state);
	if (f->manners != f->state)
		th_state_free(f->manners);
	th_state_free(f->state);
	th_store_close(f->store);
	th_config_free(f->config);
	th_item_release(&f->item);
}

static struct th_session *
open_session(
    struct fetch *f, const struct th_service *s, const struct th_opts *opts)
{
	struct th_account *account;
	struct th_session *ses;
	struct th_http_options *http;
	struct th_err err = { 0 };

	cmd_check(th_account_new(f->config, s->name, f->account, s->params,
		      &account, &err),
	    &err);
	ses =
	    cmd_need(th_session_new(s, f->config, account, opts, fetch_say, f));
	http = th_session_http_options(ses);
	http->timeout = f->timeout;
	http->max_size = f->max_size;
	return ses;
}

void
fetch_service(struct fetch *f, const struct th_service *s,
    const struct th_opts *opts, char *const *arg, size_t nargs)
{
	struct th_session *ses;
	struct th_fetch fetch = { .arg = arg,
		.nargs = nargs,
		.emit = fetch_emit,
		.progress = fetch_progress,
		.ctx = f };
	enum th_status st;

	fetch_open(f);
	ses = open_session(f, s, opts);
	fetch.limit = f->limit;
	fetch.since = f->since;
	fetch.state = f->state;
	fetch.manners = f->manners;
	st = s->fetch(ses, &fetch);
	fetch_progress_end();
	/* cmd_finish() tells of standard output. */
	if (st > TH_END && cmd_out.status <= TH_END) {
		cmd_warn("%s: %s", s->name,
		    st != TH_ENOMEM && th_session_err(ses)->text[0] != '\0'
			? th_session_err(ses)->text
			: th_strstatus(st));
		cmd_note(st);
	}
	fetch_close(f, st);
	th_session_free(ses);
}

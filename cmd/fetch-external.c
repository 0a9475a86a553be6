/* fetch-external -- a source that is a program: th-fetch-NAME on PATH */
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "fetch.h"

static void
take(void *ctx, int letter, const char *arg)
{
	fetch_option(ctx, letter, arg);
}

/* Seen ids are those of the program with these words. */
static enum th_status
make_scope(const struct fetch *f, const struct cmd_words *w, struct th_buf *ret)
{
	unsigned char digest[TH_SHA256_SIZE];
	struct th_buf b;
	size_t i;

	th_buf_init(&b, TH_LINE_MAX);
	th_buf_adds(&b, f->account);
	for (i = 1; i < w->n; i++) {
		th_buf_addc(&b, '\0');
		th_buf_adds(&b, w->argv[i]);
	}
	th_sha256(th_buf_str(&b), digest);
	th_buf_addf(ret, "%s:", f->service);
	th_hex_encode(
	    (struct th_str){ (const char *)digest, sizeof(digest) }, ret);
	if (b.status != TH_OK)
		ret->status = b.status;
	th_buf_release(&b);
	return ret->status;
}

static enum th_status
pass(struct fetch *f, const struct th_item *it, const char *scope,
    struct th_err *err)
{
	const struct th_fetch to = {
		.state = f->state, .emit = fetch_emit, .ctx = f
	};
	struct th_buf id;
	enum th_status st;

	th_buf_init(&id, TH_LINE_MAX);
	st = th_item_text(it, "id", &id);
	if (st == TH_OK)
		st = th_fetch_emit(&to, scope, th_buf_str(&id), it->line, err);
	else if (st == TH_END) /* without an id it cannot be known again */
		st = fetch_emit(f, th_buf_str(&id), it->line);
	th_buf_release(&id);
	return st;
}

static enum th_status
read_items(struct fetch *f, int fd, const char *scope, struct th_err *err)
{
	struct th_stream in;
	struct th_item it;
	enum th_status st;

	th_stream_init(&in, fd, &cmd_out);
	in.patience = (f->timeout > 0 ? f->timeout : CMD_CHILD_TIMEOUT) * 1000;
	th_item_init(&it);
	while ((st = th_stream_next(&in, &it)) != TH_END) {
		if (st == TH_EDATA) {
			cmd_warn("%s: line %zu: %s", f->service, in.line,
			    in.err.text);
			cmd_note(st);
			continue;
		}
		if (st != TH_OK) {
			*err = in.err;
			break;
		}
		if ((st = pass(f, &it, scope, err)) != TH_OK)
			break;
	}
	/* TH_END stands for the end of input here: enough is TH_EREFUSED. */
	if (st == TH_END && !in.eof)
		st = TH_EREFUSED;
	th_item_release(&it);
	th_stream_release(&in);
	return st;
}

static void
report(struct fetch *f, enum th_status st, const struct th_err *err)
{
	if (st <= TH_END || cmd_out.status > TH_END)
		return;
	cmd_warn("%s: %s", f->service,
	    err->text[0] != '\0' ? err->text : th_strstatus(st));
	cmd_note(st);
}

static void
run(struct fetch *f, const char *path, const struct cmd_words *w)
{
	struct th_account *account = NULL;
	struct cmd_child child;
	struct th_buf scope;
	struct th_err err = { 0 };
	enum th_status st, end;

	fetch_open(f);
	cmd_check(th_account_new(
		      f->config, f->service, f->account, NULL, &account, &err),
	    &err);
	th_buf_init(&scope, TH_LINE_MAX);
	cmd_check(make_scope(f, w, &scope), NULL);
	cmd_check(cmd_child_start(
		      path, w->argv, f->config, account, false, &child, &err),
	    &err);
	st = read_items(f, child.out, scope.data, &err);
	if (st > TH_END && st != TH_EREFUSED)
		report(f, st, &err);
	end = cmd_child_wait(&child, f->service,
	    st == TH_EUNAVAIL ? CMD_CHILD_HANGS
	    : st > TH_END     ? CMD_CHILD_STOPPED
			      : CMD_CHILD_ENDS,
	    &err);
	report(f, end, &err);
	fetch_close(f, st);
	th_buf_release(&scope);
	th_account_free(account);
}

void
fetch_external(struct fetch *f, const char *path, int argc, char *argv[])
{
	struct cmd_words w = { 0 };

	cmd_child_words(path, argc, argv, take, f, &w);
	if (!cmd_vacation() && !f->nothing)
		run(f, path, &w);
	cmd_words_release(&w);
}

/* items -- standard input, item by item, for the main()s */
#include <unistd.h>

#include "cmd.h"

void
cmd_items_open(struct th_stream *in, struct th_out *out)
{
	if (isatty(STDIN_FILENO) == 1)
		cmd_say(0, "reading items from the terminal; Ctrl-D ends them");
	th_stream_init(in, STDIN_FILENO, out);
}

/* Somebody may have left out what makes items of it. */
void
cmd_items_close(struct th_stream *in)
{
	if (in->eof && in->items == 0 && in->bad > 0 && cmd_out.status == TH_OK)
		cmd_warn("no line was an item; th-fetch rss - reads a feed, "
			 "th-fetch file - JSON and CSV");
	th_stream_release(in);
}

void
cmd_bad_line(
    const struct th_stream *in, enum th_status st, const struct th_err *err)
{
	cmd_note(st);
	if (cmd_out.status != TH_OK) /* of that cmd_finish() tells */
		return;
	if (err->column > 0)
		cmd_warn("line %zu, column %zu: %s", in->line, err->column,
		    err->text);
	else
		cmd_warn("line %zu: %s", in->line, err->text);
}

enum th_status
cmd_each_item(cmd_item *f, void *ctx)
{
	struct th_err err = { 0 };
	struct th_stream in;
	struct th_item it;
	enum th_status st;
	bool ours = false; /* is it f that ended it? */

	cmd_items_open(&in, &cmd_out);
	th_item_init(&it);
	while (!ours &&
	       ((st = th_stream_next(&in, &it)) == TH_OK || st == TH_EDATA)) {
		err = in.err;
		if (st == TH_OK) {
			err.column = 0;
			st = f(ctx, &it, &err);
		}
		if (st != TH_OK)
			cmd_bad_line(&in, st, &err);
		ours = st != TH_OK && st != TH_EDATA;
	}
	if (!ours && st != TH_END && cmd_out.status == TH_OK)
		cmd_warn("standard input: %s", in.err.text);
	if (st != TH_END)
		cmd_note(st);
	th_item_release(&it);
	cmd_items_close(&in);
	return st == TH_END ? TH_OK : st;
}

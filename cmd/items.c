/* items -- standard input, item by item, for the main()s */
#include <unistd.h>

#include "cmd.h"

/* Of standard output cmd_finish() tells. */
static void
complain(enum th_status st, size_t line, const struct th_err *err)
{
	if (cmd_out.status == TH_OK)
		cmd_warn("line %zu: %s", line, err->text);
	cmd_note(st);
}

enum th_status
cmd_each_item(cmd_item *f, void *ctx)
{
	struct th_err err = { 0 };
	struct th_stream in;
	struct th_item it;
	enum th_status st;
	bool ours = false; /* is it f that ended it? */

	th_stream_init(&in, STDIN_FILENO, &cmd_out);
	th_item_init(&it);
	while (!ours &&
	       ((st = th_stream_next(&in, &it)) == TH_OK || st == TH_EDATA)) {
		err = in.err;
		if (st == TH_OK)
			st = f(ctx, &it, &err);
		if (st != TH_OK)
			complain(st, in.line, &err);
		ours = st != TH_OK && st != TH_EDATA;
	}
	if (!ours && st != TH_END && cmd_out.status == TH_OK)
		cmd_warn("standard input: %s", in.err.text);
	if (st != TH_END)
		cmd_note(st);
	th_item_release(&it);
	th_stream_release(&in);
	return st == TH_END ? TH_OK : st;
}

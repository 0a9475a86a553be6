/*
 * the header of a trigger; what it says has a next time that is later; and its
 * body as words of the shell
 */
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
told(void *ctx, const struct th_err *err)
{
	if (err->text[0] == '\0')
		abort();
	++*(int *)ctx;
}

static void
read_words(struct th_str text)
{
	struct th_shell words;
	enum th_status st = th_shell_read(text, &words);
	size_t i;

	if (st != TH_OK && st != TH_EDATA)
		abort();
	for (i = 0; st == TH_OK && i < words.n; i++)
		if (words.word[i].line == 0 || words.word[i].column == 0)
			abort();
	if (st == TH_OK)
		th_shell_release(&words);
}

/* Whatever it is, quoted it is one word, and one value of the header. */
static void
write_and_read(struct th_str text)
{
	struct th_shell words = { 0 };
	struct th_buf b;

	if (memchr(text.s, '\0', text.len) != NULL)
		return;
	th_buf_init(&b, TH_LINE_MAX);
	if (th_shell_quote(text, &b) != TH_OK ||
	    th_shell_read(th_buf_str(&b), &words) != TH_OK || words.n != 1 ||
	    words.word[0].dynamic || words.word[0].text.len != text.len ||
	    (text.len > 0 &&
		memcmp(words.word[0].text.data, text.s, text.len) != 0))
		abort();
	th_shell_release(&words);
	th_buf_release(&b);
}

static void
add_and_read(struct th_str text)
{
	struct th_script s;
	struct th_buf b;
	int n = 0;

	th_buf_init(&b, TH_LINE_MAX);
	th_buf_adds(&b, "#!/bin/sh\n");
	if (th_script_add(&b, "description", text) != TH_OK ||
	    th_script_parse(th_buf_str(&b), "x", told, &n, &s) != TH_OK)
		abort();
	th_script_release(&s);
	th_buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int64_t now = 1795470000;
	struct th_script s;
	enum th_status st;
	int64_t next;
	int n = 0;

	st = th_script_parse(
	    (struct th_str){ (const char *)data, size }, "x", told, &n, &s);
	if ((st == TH_OK) != (n == 0))
		abort();
	next = th_schedule_next(&s.schedule, now, 0, now);
	if (next != 0 && next <= now)
		abort();
	th_schedule_slot(&s.schedule, now - 100000, now);
	th_script_release(&s);
	read_words((struct th_str){ (const char *)data, size });
	write_and_read((struct th_str){ (const char *)data, size });
	add_and_read((struct th_str){ (const char *)data, size });
	return 0;
}

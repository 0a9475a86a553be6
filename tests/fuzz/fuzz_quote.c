/* Lists of feeds of other programs: any bytes, every text handed out is within.
 */
#include <stdint.h>
#include <stdlib.h>

#include "trigger.h"

/* A word that was quoted is read as that one word. */
static void
quote_and_read(struct th_str text)
{
	struct th_shell words;
	struct th_buf b;

	th_buf_init(&b, 1 << 20);
	th_buf_adds(&b, "x ");
	th_shell_quote(text, &b);
	if (b.status == TH_OK &&
	    th_shell_read(th_buf_str(&b), &words) == TH_OK) {
		if (words.n != 2 || words.word[1].dynamic ||
		    words.word[1].text.len != text.len)
			abort();
		th_shell_release(&words);
	}
	th_buf_release(&b);
}

/* A script with any title and tags still has a header that can be read. */
static void
title_and_parse(struct th_str text)
{
	struct th_script script = { 0 };
	struct th_buf b, name;

	th_buf_init(&b, 1 << 20);
	th_buf_init(&name, 1 << 10);
	th_buf_adds(&b, "#!/bin/sh\n");
	th_script_add(&b, "description", text);
	th_script_add_list(&b, "tags", &text, 1);
	if (text.len < 4096 && b.status == TH_OK &&
	    th_script_parse(th_buf_str(&b), "x", NULL, NULL, &script) ==
		TH_ECONFIG)
		abort();
	th_script_release(&script);
	if (th_script_name(text, &name) == TH_OK &&
	    !th_script_is_name(name.data))
		abort();
	th_buf_release(&b);
	th_buf_release(&name);
}

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct th_str text = { (const char *)data, size };

	if (size > 1 << 16)
		return 0;
	quote_and_read(text);
	title_and_parse(text);
	return 0;
}

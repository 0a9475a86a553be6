/* any bytes as text and HTML: what comes out of UTF-8 is UTF-8 */
#include <stdlib.h>

#include "trigger.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
valid(struct th_buf *b)
{
	if (b->status != TH_OK || th_utf8_valid(th_buf_str(b)) != b->len)
		abort();
	th_buf_clear(b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_str s = { (const char *)data, size };
	struct th_buf clean, b;

	th_buf_init(&clean, SIZE_MAX);
	th_buf_init(&b, SIZE_MAX);
	th_text_from_html(s, TH_TEXT_LINES, &b);
	th_buf_clear(&b);
	if (th_utf8_clean(s, &clean) != TH_OK)
		abort();
	s = th_buf_str(&clean);
	th_text_from_html(s, TH_TEXT_FOLD, &b);
	valid(&b);
	th_text_from_html(s, TH_TEXT_LINES, &b);
	valid(&b);
	th_text_is_html(s);
	th_text_escape(s, &b);
	valid(&b);
	th_text_fold(s, &b);
	valid(&b);
	th_text_lower(s, &b);
	valid(&b);
	th_text_upper(s, &b);
	valid(&b);
	th_text_truncate(s, size / 2, &b);
	valid(&b);
	th_text_urlencode(s, &b);
	valid(&b);
	th_buf_release(&clean);
	th_buf_release(&b);
	return 0;
}

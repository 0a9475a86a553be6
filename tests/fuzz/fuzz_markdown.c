/* any bytes as HTML, to be made Markdown; and as CSV */
#include <stdlib.h>

#include "trigger.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_str text = { (const char *)data, size };
	struct th_csv csv;
	struct th_buf b;
	bool last;

	th_buf_init(&b, TH_LINE_MAX);
	if (th_markdown_from_html(text, &b) != TH_OK)
		abort();
	if (b.len > 0 && b.data[b.len - 1] != '\n')
		abort();
	th_csv_init(&csv, text);
	while (th_csv_next(&csv, &b, &last) == TH_OK)
		if (csv.p > csv.end)
			abort();
	th_buf_release(&b);
	return 0;
}

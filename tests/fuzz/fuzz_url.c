/* a base and a reference, a line feed between: resolved it stays as it is */
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	size_t n = end != NULL ? (size_t)(end - data) : size;
	struct th_str base = { (const char *)data, n };
	struct th_str ref = { (const char *)data + n, size - n };
	struct th_buf tidy, once, twice;
	struct th_url url;

	th_buf_init(&tidy, SIZE_MAX);
	th_buf_init(&once, SIZE_MAX);
	th_buf_init(&twice, SIZE_MAX);
	th_url_resolve(TH_STR(""), base, &tidy);
	if (th_url_resolve(th_buf_str(&tidy), ref, &once) == TH_OK &&
	    (th_url_resolve(TH_STR(""), th_buf_str(&once), &twice) != TH_OK ||
		once.len != twice.len ||
		memcmp(once.data, twice.data, once.len) != 0))
		abort();
	th_url_parse(base, &url);
	th_url_is_http(base);
	th_url_is_loopback(base);
	th_buf_clear(&once);
	if (th_url_mask(base, &once) != TH_OK)
		abort();
	if (memchr(th_buf_str(&once).s, '?', once.len) != NULL)
		abort();
	th_buf_release(&tidy);
	th_buf_release(&once);
	th_buf_release(&twice);
	return 0;
}

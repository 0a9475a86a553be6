/* any bytes as an expression, up to a line feed, asked about the item behind */
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char usual[] =
    "{\"id\":\"1\",\"title\":\"Caf\\u00e9 "
    "<b>x</b>\",\"tags\":[\"a\",\"b\",null],"
    "\"n\":-1.5e3,\"date_published\":\"2026-11-23T20:18:58Z\",\"url\":"
    "\"http://u@h.example:80/p\",\"authors\":[{\"name\":\"A\"}],\"t\":true,"
    "\"content_html\":\"<p>&amp;<script>x</script>\"}";

static void
ask(struct th_expr *x, struct th_str line)
{
	struct th_item it;
	struct th_err err = { 0 };
	bool hit, again;

	th_item_init(&it);
	if (th_item_parse(&it, line, &err) == TH_OK &&
	    th_expr_match(x, &it, &hit, &err) == TH_OK &&
	    (th_expr_match(x, &it, &again, &err) != TH_OK || hit != again))
		abort();
	th_item_release(&it);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	size_t len = end != NULL ? (size_t)(end - data) : size;
	char *src = th_strndup((const char *)data, len);
	struct th_expr *x = NULL;
	struct th_err err = { 0 };
	enum th_status st;

	if (src == NULL)
		return 0;
	st = th_expr_new(src, 1795464000, &x, &err);
	if (st == TH_OK) {
		ask(x, TH_STR(usual));
		if (len < size)
			ask(x, (struct th_str){
				   (const char *)end + 1, size - len - 1 });
	} else if (st != TH_EUSAGE || err.text[0] == '\0' || err.column == 0 ||
		   err.column > strlen(src) + 1) {
		abort();
	}
	th_expr_free(x);
	free(src);
	return 0;
}

/* any bytes as a template, up to a line feed, and a substitution behind */
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const char usual[] =
    "{\"id\":\"1\",\"title\":\"Caf\\u00e9 <b>x</b>, \\u0000\",\"tags\":[\"a "
    "b\","
    "\"c\",null],\"n\":-1.5e3,\"date_published\":\"2026-11-23T20:18:58Z\","
    "\"content_html\":\"<p>&amp;<script>x</script>\",\"o\":{\"a\":[1]}}";

static void
try_template(const char *src)
{
	struct th_template *t = NULL;
	struct th_err err = { 0 };
	struct th_item it;
	struct th_buf b;
	enum th_status st;

	st = th_template_new(src, &t, &err);
	if (st == TH_EUSAGE && (err.text[0] == '\0' || err.column == 0 ||
				   err.column > strlen(src) + 1))
		abort();
	if (st != TH_OK)
		return;
	th_item_init(&it);
	th_buf_init(&b, (size_t)1 << 20);
	if (th_item_parse(&it, TH_STR(usual), &err) != TH_OK)
		abort();
	st = th_template_expand(t, &it, NULL, &b, &err);
	if (st == TH_OK && th_utf8_valid(th_buf_str(&b)) != b.len)
		abort();
	th_buf_release(&b);
	th_item_release(&it);
	th_template_free(t);
}

static void
try_substitution(struct th_str text)
{
	struct th_substitution sub = { 0 };
	struct th_err err = { 0 };
	struct th_buf b;

	if (th_substitution_init(&sub, text, &err) != TH_OK)
		return;
	th_buf_init(&b, (size_t)1 << 20);
	th_regex_replace(sub.regex, TH_STR("Caf\xc3\xa9 aaab, x"),
	    th_str(sub.replacement), sub.global, &b, &err);
	th_buf_release(&b);
	th_substitution_release(&sub);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	size_t len = end != NULL ? (size_t)(end - data) : size;
	char *src = th_strndup((const char *)data, len);

	if (src == NULL)
		return 0;
	try_template(src);
	free(src);
	if (len == size)
		return 0;
	src = th_strndup((const char *)end + 1, size - len - 1);
	if (src != NULL)
		try_substitution(th_str(src));
	free(src);
	return 0;
}

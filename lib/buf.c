/* buf -- borrowed bytes, and growing ones with a ceiling */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "priv.h"

struct th_str
th_str(const char *s)
{
	if (s == NULL)
		return TH_STR("");
	return (struct th_str){ s, strlen(s) };
}

bool
th_str_equal(struct th_str a, struct th_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

bool
th_str_is(struct th_str a, const char *b)
{
	return th_str_equal(a, th_str(b));
}

/* Not strncasecmp(): that obeys the locale. */
bool
th_str_iis(struct th_str a, const char *b)
{
	size_t i;

	for (i = 0; i < a.len; i++)
		if (b[i] == '\0' || th_lower(a.s[i]) != th_lower(b[i]))
			return false;
	return b[i] == '\0';
}

bool
th_str_has_prefix(struct th_str a, const char *prefix)
{
	size_t len = strlen(prefix);

	return a.len >= len && (len == 0 || memcmp(a.s, prefix, len) == 0);
}

struct th_str
th_str_trim(struct th_str a)
{
	while (a.len > 0 && th_is_space(a.s[0])) {
		a.s++;
		a.len--;
	}
	while (a.len > 0 && th_is_space(a.s[a.len - 1]))
		a.len--;
	return a;
}

void
th_buf_init(struct th_buf *b, size_t max)
{
	*b = (struct th_buf){ .max = max };
}

void
th_buf_release(struct th_buf *b)
{
	free(b->data);
	th_buf_init(b, b->max);
}

void
th_buf_clear(struct th_buf *b)
{
	b->len = 0;
	b->status = TH_OK;
	if (b->data != NULL)
		b->data[0] = '\0';
}

/* Doubles, but asks for no more than the ceiling and its NUL. */
static size_t
grown(const struct th_buf *b, size_t need)
{
	size_t cap = b->cap < 32 ? 64 : b->cap;

	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? SIZE_MAX : cap * 2;
	if (b->max < SIZE_MAX && cap > b->max + 1)
		cap = b->max + 1;
	return cap;
}

enum th_status
th_buf_reserve(struct th_buf *b, size_t more)
{
	size_t cap;
	char *data;

	if (b->status != TH_OK)
		return b->status;
	if (b->len > b->max || more > b->max - b->len ||
	    more >= SIZE_MAX - b->len)
		return b->status = TH_EDATA;
	if (b->len + more < b->cap)
		return TH_OK;
	cap = grown(b, b->len + more + 1);
	data = th_realloc(b->data, cap);
	if (data == NULL)
		return b->status = TH_ENOMEM;
	data[b->len] = '\0';
	b->data = data;
	b->cap = cap;
	return TH_OK;
}

enum th_status
th_buf_add(struct th_buf *b, const void *p, size_t len)
{
	if (th_buf_reserve(b, len) != TH_OK)
		return b->status;
	if (len > 0)
		memcpy(b->data + b->len, p, len);
	b->len += len;
	b->data[b->len] = '\0';
	return TH_OK;
}

enum th_status
th_buf_adds(struct th_buf *b, const char *s)
{
	return th_buf_add(b, s, strlen(s));
}

enum th_status
th_buf_addc(struct th_buf *b, char c)
{
	return th_buf_add(b, &c, 1);
}

enum th_status
th_buf_addf(struct th_buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 && b->status == TH_OK)
		b->status = TH_ENOMEM;
	if (n >= 0 && th_buf_reserve(b, (size_t)n) == TH_OK) {
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
	return b->status;
}

struct th_str
th_buf_str(const struct th_buf *b)
{
	return (struct th_str){ b->data != NULL ? b->data : "", b->len };
}

char *
th_buf_take(struct th_buf *b)
{
	char *data;

	if (th_buf_reserve(b, 0) != TH_OK)
		return NULL;
	data = b->data;
	th_buf_init(b, b->max);
	return data;
}

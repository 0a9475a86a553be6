/* feed_html -- addresses inside the HTML of entries made absolute */
#include <string.h>

#include "feed.h"
#include "html.h"
#include "priv.h"

bool
th_html_is_address(struct th_str name)
{
#define NAME(s)                                                                \
	{                                                                      \
		s, sizeof(s) - 1                                               \
	}
	static const struct th_str known[] = { NAME("href"), NAME("src"),
		NAME("srcset"), NAME("poster"), NAME("cite"), NAME("action"),
		NAME("background"), NAME("longdesc"), NAME("data"),
		NAME("formaction"), NAME("usemap"), NAME("codebase"),
		NAME("classid"), NAME("profile"), NAME("imagesrcset") };
#undef NAME
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (name.len == known[i].len && th_str_iis(name, known[i].s))
			return true;
	return false;
}

/* "a.png 1x, b.png 2x": only a comma at its end is not of an address. */
static void
resolve_set(struct th_str base, struct th_str s, struct th_buf *ret)
{
	const char *p = s.s, *end = p + s.len;
	struct th_str one, size;

	for (;;) {
		while (p < end && (th_is_space(*p) || *p == ','))
			p++;
		if (p == end)
			return;
		for (one = (struct th_str){ p, 0 }; p < end && !th_is_space(*p);
		     p++)
			one.len++;
		size = (struct th_str){ p, 0 };
		while (one.s[one.len - 1] != ',' && p < end && *p != ',') {
			size.len++;
			p++;
		}
		while (one.s[one.len - 1] == ',')
			one.len--;
		if (ret->len > 0)
			th_buf_adds(ret, ", ");
		th_url_resolve(base, one, ret);
		size = th_str_trim(size);
		if (size.len > 0)
			th_buf_addc(ret, ' ');
		th_buf_add(ret, size.s, size.len);
	}
}

enum th_status
th_html_resolve(struct th_str name, struct th_str base, struct th_str value,
    struct th_buf *ret)
{
	if (th_str_iis(name, "srcset") || th_str_iis(name, "imagesrcset"))
		resolve_set(base, value, ret);
	else
		th_url_resolve(base, value, ret);
	return ret->status;
}

/* Appends the address a raw attribute value stands for, escaped again. */
static enum th_status
add_address(struct th_str name, struct th_str raw, struct th_str base,
    struct th_buf *ret)
{
	struct th_buf value, url;
	size_t i, n;

	th_buf_init(&value, ret->max);
	th_buf_init(&url, ret->max);
	for (i = 0; i < raw.len; i += n) {
		n = th_html_entity(
		    (struct th_str){ raw.s + i, raw.len - i }, true, &value);
		if (n == 0) {
			th_buf_addc(&value, raw.s[i]);
			n = 1;
		}
	}
	th_html_resolve(name, base, th_buf_str(&value), &url);
	th_text_escape(th_buf_str(&url), ret);
	if (ret->status == TH_OK && value.status != TH_OK)
		ret->status = value.status;
	if (ret->status == TH_OK && url.status != TH_OK)
		ret->status = url.status;
	th_buf_release(&value);
	th_buf_release(&url);
	return ret->status;
}

/* The next attribute's value in a tag, its name; false when there is none. */
static bool
next_value(struct th_str *tag, struct th_str *name, struct th_str *value)
{
	const char *p = tag->s, *end = p + tag->len, *q;
	char quote;

	while ((p = memchr(p, '=', (size_t)(end - p))) != NULL) {
		for (q = p; q > tag->s && th_is_space(q[-1]); q--)
			continue;
		name->len = 0;
		while (q > tag->s && !th_is_space(q[-1]) && q[-1] != '"' &&
		       q[-1] != '\'') {
			q--;
			name->len++;
		}
		name->s = q;
		for (p++; p < end && th_is_space(*p); p++)
			continue;
		if (p == end)
			return false;
		quote = *p == '"' || *p == '\'' ? *p++ : '\0';
		value->s = p;
		while (p < end &&
		       (quote ? *p != quote : !th_is_space(*p) && *p != '>'))
			p++;
		value->len = (size_t)(p - value->s);
		tag->s = p;
		tag->len = (size_t)(end - p);
		return true;
	}
	return false;
}

/* Nothing to be done: http or https, and of characters that stay as they are.
 */
static bool
is_absolute(struct th_str raw)
{
	size_t i = th_str_has_prefix(raw, "https://")  ? 8
		   : th_str_has_prefix(raw, "http://") ? 7
						       : 0;
	char c;

	if (i == 0)
		return false;
	for (; i < raw.len; i++) {
		c = raw.s[i];
		if (th_is_alnum(c))
			continue;
		if (c == '&' && raw.len - i > 4 &&
		    memcmp(raw.s + i, "&amp;", 5) == 0)
			i += 4;
		else if (c == '\0' ||
			 strchr("-._~:/?#@!$()*+,;=%", c) == NULL ||
			 (c == '.' && raw.s[i - 1] == '/'))
			return false;
	}
	return true;
}

/*
 * Might there be an address that is to be changed?  Of most texts this tells
 * that there is none, for a tenth of what it takes to look at their tags.
 */
static bool
may_be_relative(struct th_str s)
{
	const char *p = s.s, *end = p + s.len, *q;
	struct th_str name, value;

	for (; (p = memchr(p, '=', (size_t)(end - p))) != NULL; p++) {
		for (q = p; q > s.s && th_is_space(q[-1]); q--)
			continue;
		for (name = (struct th_str){ q, 0 };
		     name.s > s.s && th_is_alpha(name.s[-1]); name.s--)
			name.len++;
		if (!th_html_is_address(name))
			continue;
		for (q = p + 1; q < end && th_is_space(*q); q++)
			continue;
		q += q < end && (*q == '"' || *q == '\'');
		for (value = (struct th_str){ q, 0 };
		     q < end && !th_is_space(*q) && strchr("\"'>", *q) == NULL;
		     q++)
			value.len++;
		if (!is_absolute(value))
			return true;
	}
	return false;
}

/* What is there up to *done was added or is to stay as it is. */
static void
add_tag(struct th_str tag, struct th_str base, const char **done,
    struct th_buf *ret)
{
	struct th_str name, value;

	while (next_value(&tag, &name, &value)) {
		if (!th_html_is_address(name) || is_absolute(value))
			continue;
		th_buf_add(ret, *done, (size_t)(value.s - *done));
		add_address(name, value, base, ret);
		*done = value.s + value.len;
	}
}

enum th_status
th_html_absolute(struct th_str s, struct th_str base, struct th_buf *ret)
{
	const char *p = s.s, *end = p + s.len, *done = p;
	struct th_tags tags = { 0 };
	struct th_str rest, name;

	if (!may_be_relative(s))
		return TH_END;
	while ((p = memchr(p, '<', (size_t)(end - p))) != NULL &&
	       ret->status == TH_OK) {
		rest = (struct th_str){ p, (size_t)(end - p) };
		if (!th_html_at_tag(rest)) {
			p++;
			continue;
		}
		rest.len = th_html_tag(rest, &tags, &name);
		if (name.len > 0)
			add_tag(rest, base, &done, ret);
		p += rest.len;
	}
	if (done == s.s && ret->status == TH_OK)
		return TH_END;
	return th_buf_add(ret, done, (size_t)(end - done));
}

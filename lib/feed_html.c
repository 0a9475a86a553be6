/* feed_html -- addresses inside the HTML of entries made absolute */
#include <string.h>

#include "feed.h"
#include "html.h"

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool
th_html_is_address(struct th_str name)
{
	static const char *const known[] = { "href", "src", "poster", "cite",
		"action", "background", "longdesc", "data", "formaction",
		"usemap", "codebase", "classid", "profile", "srcset",
		"imagesrcset" };
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (th_str_iis(name, known[i]))
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
		while (p < end && (is_space(*p) || *p == ','))
			p++;
		if (p == end)
			return;
		for (one = (struct th_str){ p, 0 }; p < end && !is_space(*p);
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
		for (q = p; q > tag->s && is_space(q[-1]); q--)
			continue;
		name->len = 0;
		while (q > tag->s && !is_space(q[-1]) && q[-1] != '"' &&
		       q[-1] != '\'') {
			q--;
			name->len++;
		}
		name->s = q;
		for (p++; p < end && is_space(*p); p++)
			continue;
		if (p == end)
			return false;
		quote = *p == '"' || *p == '\'' ? *p++ : '\0';
		value->s = p;
		while (p < end &&
		       (quote ? *p != quote : !is_space(*p) && *p != '>'))
			p++;
		value->len = (size_t)(p - value->s);
		tag->s = p;
		tag->len = (size_t)(end - p);
		return true;
	}
	return false;
}

static void
add_tag(struct th_str tag, struct th_str base, struct th_buf *ret)
{
	struct th_str rest = tag, name, value;
	const char *done = tag.s;

	while (next_value(&rest, &name, &value)) {
		if (!th_html_is_address(name))
			continue;
		th_buf_add(ret, done, (size_t)(value.s - done));
		add_address(name, value, base, ret);
		done = value.s + value.len;
	}
	th_buf_add(ret, done, (size_t)(tag.s + tag.len - done));
}

enum th_status
th_html_absolute(struct th_str s, struct th_str base, struct th_buf *ret)
{
	struct th_tags tags = { 0 };
	struct th_str name;
	const char *lt;
	size_t n;

	while (s.len > 0 && ret->status == TH_OK) {
		lt = memchr(s.s, '<', s.len);
		n = lt != NULL ? (size_t)(lt - s.s) : s.len;
		th_buf_add(ret, s.s, n);
		s.s += n;
		s.len -= n;
		if (s.len == 0)
			break;
		if (th_html_at_tag(s)) {
			n = th_html_tag(s, &tags, &name);
			if (name.len > 0)
				add_tag((struct th_str){ s.s, n }, base, ret);
			else
				th_buf_add(ret, s.s, n);
		} else {
			n = 1;
			th_buf_addc(ret, '<');
		}
		s.s += n;
		s.len -= n;
	}
	return ret->status;
}

/* csv -- comma-separated values (RFC 4180), as they are found */
#include <string.h>

#include "trigger.h"

/* The most frequent of these outside quotes in the first line; else a comma. */
static char
guess_separator(struct th_str s)
{
	static const char candidate[] = ",;\t";
	size_t n[3] = { 0 }, i, best = 0;
	const char *p;
	bool quoted = false;

	for (i = 0; i < s.len && (quoted || (s.s[i] != '\n' && s.s[i] != '\r'));
	     i++) {
		if (s.s[i] == '"')
			quoted = !quoted;
		else if (!quoted && s.s[i] != '\0' &&
			 (p = strchr(candidate, s.s[i])) != NULL)
			n[p - candidate]++;
	}
	for (i = 1; i < 3; i++)
		if (n[i] > n[best])
			best = i;
	return candidate[best];
}

void
th_csv_init(struct th_csv *c, struct th_str text)
{
	if (th_str_has_prefix(text, "\xef\xbb\xbf")) {
		text.s += 3;
		text.len -= 3;
	}
	*c = (struct th_csv){ .p = text.s,
		.end = text.s + text.len,
		.line = 1,
		.separator = guess_separator(text) };
}

/* Up to the closing quote; two in a row stand for one. */
static bool
read_quoted(struct th_csv *c, struct th_buf *ret)
{
	const char *run;

	for (run = ++c->p; c->p < c->end; c->p++) {
		c->line += *c->p == '\n';
		if (*c->p != '"')
			continue;
		th_buf_add(ret, run, (size_t)(c->p - run));
		if (c->p + 1 == c->end || c->p[1] != '"') {
			c->p++;
			return true;
		}
		run = ++c->p;
	}
	return false;
}

enum th_status
th_csv_next(struct th_csv *c, struct th_buf *ret, bool *ret_last)
{
	const char *run;

	if (c->p >= c->end && !c->more)
		return TH_END;
	th_buf_clear(ret);
	if (c->p < c->end && *c->p == '"' && !read_quoted(c, ret))
		return TH_EDATA;
	for (run = c->p; c->p < c->end && *c->p != c->separator &&
			 *c->p != '\n' && *c->p != '\r';
	     c->p++)
		;
	th_buf_add(ret, run, (size_t)(c->p - run));
	c->more = c->p < c->end && *c->p == c->separator;
	*ret_last = !c->more;
	if (c->p < c->end && *c->p == '\r')
		c->p += c->p + 1 < c->end && c->p[1] == '\n';
	if (c->p < c->end) {
		c->line += !c->more;
		c->p++;
	}
	return ret->status;
}

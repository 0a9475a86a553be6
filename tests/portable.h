/*
 * portable.h -- the scanner as processors without vector instructions run it,
 * beside the library's own, to compare the two
 */
#ifndef PORTABLE_H
#define PORTABLE_H

#include <string.h>

#include "../lib/scan.h"

const char *portable_fail(struct th_scan *, const char *at, const char *why);
enum th_status portable_err(const struct th_scan *, struct th_err *err);
bool portable_utf8(struct th_scan *);
const char *portable_string(struct th_scan *, const char *p);
const char *portable_value(
    struct th_scan *, const char *p, size_t depth, enum th_json *ret);

#define TH_SCAN_PORTABLE
#define th_scan_fail portable_fail
#define th_scan_err portable_err
#define th_scan_utf8 portable_utf8
#define th_scan_string portable_string
#define th_scan_value portable_value
#include "../lib/scan.c"
#undef th_scan_fail
#undef th_scan_err
#undef th_scan_utf8
#undef th_scan_string
#undef th_scan_value

/* The length of the value at the start, or its error: the place and reason. */
struct outcome {
	size_t len, at;
	const char *why;
};

static struct outcome
scan_portable(struct th_str text)
{
	struct th_scan s = { .begin = text.s };
	enum th_json type;
	const char *p;

	s.end = s.lim = text.s + text.len;
	p = portable_value(&s, text.s, 0, &type);
	if (p != NULL)
		return (struct outcome){ (size_t)(p - text.s), 0, NULL };
	return (struct outcome){ 0, (size_t)(s.at - text.s), s.why };
}

/* lim: up to here may be looked at. */
static struct outcome
scan_fast(struct th_str text, const char *lim)
{
	struct th_scan s = { .begin = text.s, .lim = lim };
	enum th_json type;
	const char *p;

	s.end = text.s + text.len;
	p = th_scan_value(&s, text.s, 0, &type);
	if (p != NULL)
		return (struct outcome){ (size_t)(p - text.s), 0, NULL };
	return (struct outcome){ 0, (size_t)(s.at - text.s), s.why };
}

static bool
same_outcome(struct outcome a, struct outcome b)
{
	return a.len == b.len && a.at == b.at &&
	       (a.why == b.why || (a.why != NULL && b.why != NULL &&
				      strcmp(a.why, b.why) == 0));
}

#endif

/*
 * scan.h -- the JSON scanner's inside, for those in lib/ that read JSON closely
 */
#ifndef TH_SCAN_H
#define TH_SCAN_H

#include "trigger.h"

/* The value of a hex digit, else -1. */
static inline int
th_scan_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Past the white space at p; mostly there is none. */
static inline const char *
th_scan_space(const char *p, const char *end)
{
	while (p < end && (unsigned char)*p <= ' ' &&
	       (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

/* Surely valid UTF-8?  Quick to tell; false may also mean that it cannot. */
bool th_utf8_fast(struct th_str);

/*
 * A text being validated.  Bytes up to lim may be looked at though the text
 * ends before: behind a line of a stream stand its newline and the next line,
 * or zeros.  The byte at end must then be a control character.
 */
struct th_scan {
	const char *begin, *end, *lim;
	const char *at;  /* where it went wrong */
	const char *why; /* the reason, in words */
	enum th_status status;
};

/*
 * Each returns the place behind what it passed, NULL when that is not valid
 * (then at, why and status tell).  UTF-8 is looked at apart, th_scan_utf8().
 */
const char *th_scan_string(
    struct th_scan *, const char *p); /* p: behind the quote */
const char *th_scan_value(
    struct th_scan *, const char *p, size_t depth, enum th_json *ret);
bool th_scan_utf8(struct th_scan *);
const char *th_scan_fail(struct th_scan *, const char *at, const char *why);
/* Ends in th_fail() with the reason and the column. */
enum th_status th_scan_err(const struct th_scan *, struct th_err *err);

/* Is a key, as it is written, that name? */
bool th_json_key_is(struct th_str key, struct th_str name);

/* th_item_parse() where bytes up to lim may be looked at. */
enum th_status th_item_parse_in(
    struct th_item *, struct th_str line, const char *lim, struct th_err *err);

#endif

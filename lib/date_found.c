/*
 * date_found -- dates as feeds write them: words and numbers in any order that
 * makes sense
 */
#include <string.h>

#include "date.h"
#include "priv.h"

#define UNSET (-1)
#define LONGEST 160 /* bytes of a date worth reading */

static bool
is_letter(char c)
{
	return th_is_alpha(c) || (unsigned char)c >= 0x80;
}

struct number {
	int value, digits;
	char before; /* the character it follows, NUL at the start */
};

struct scan {
	const char *start, *p, *end;
	struct th_moment m;
	struct number n[4];
	size_t nn;
	int half; /* of the day: 0, TH_W_AM or TH_W_PM */
	bool timed, zoned, week;
};

/* Is the whole of the date there, so that four digits are hours and minutes? */
static bool
has_date(const struct scan *c)
{
	return c->nn + (c->m.month != UNSET) >= 3 ||
	       (c->nn == 1 && c->n[0].digits >= 6);
}

/* "2003-W52-3", "2003W523" */
static bool
begins_week(const struct scan *c, struct th_str word)
{
	return th_str_is(word, "w") && c->nn == 1 && c->n[0].digits == 4 &&
	       c->p < c->end && th_is_digit(*c->p);
}

/*
 * Weekdays of all languages come first or before a comma: any word may, and
 * any between a date and its time.
 */
static bool
take_word(struct scan *c)
{
	struct th_str s = { c->p, 0 };
	const struct th_word *w;

	for (; c->p < c->end && is_letter(*c->p); c->p++)
		s.len++;
	if (begins_week(c, s))
		return c->week = true;
	w = th_date_word(s);
	if (w == NULL)
		return c->timed || c->nn == 0 || has_date(c) ||
		       (c->p < c->end && *c->p == ',');
	if (w->kind == TH_W_MONTH) { /* "mar. 12 mai": the later one is right */
		if (c->nn < 3)
			c->m.month = w->value;
	} else if (w->kind == TH_W_ZONE) {
		c->m.zone = w->value;
		c->zoned = true;
	} else if (w->kind == TH_W_AM || w->kind == TH_W_PM) {
		c->half = (int)w->kind;
		if (!c->zoned && w->value != 0)
			c->m.zone = w->value;
	} else if (w->kind == TH_W_KOREAN && !c->zoned) {
		c->m.zone = 540;
	}
	return true;
}

static int
take_digits(struct scan *c, int *digits)
{
	int v = 0, n = 0;

	for (; c->p < c->end && th_is_digit(*c->p); c->p++, n++)
		v = n < 9 ? v * 10 + (*c->p - '0') : v;
	*digits = n;
	return v;
}

/* "20031231101455", "200312311014": the time, when the digits are behind us. */
static void
take_compact(struct scan *c, int digits)
{
	const char *p = c->p - digits + 8;

	c->timed = true;
	c->m.hour = (p[0] - '0') * 10 + p[1] - '0';
	c->m.min = (p[2] - '0') * 10 + p[3] - '0';
	if (digits == 14)
		c->m.sec = (p[4] - '0') * 10 + p[5] - '0';
}

/* After "hh:": minutes, and perhaps seconds and their fraction. */
static void
take_time(struct scan *c, int hour)
{
	int digits;

	c->timed = true;
	c->m.hour = hour;
	c->p++;
	c->m.min = take_digits(c, &digits);
	if (c->end - c->p > 1 && *c->p == ':' && th_is_digit(c->p[1])) {
		c->p++;
		c->m.sec = take_digits(c, &digits);
	}
	if (c->end - c->p > 1 && (*c->p == '.' || *c->p == ',') &&
	    th_is_digit(c->p[1])) {
		c->p++;
		take_digits(c, &digits);
	}
}

/* "+0200", "-5", "+05:30", after the sign. */
static bool
take_zone(struct scan *c, char sign)
{
	int digits, v = take_digits(c, &digits);
	int hour = v, min = 0;

	if (digits > 4)
		return false;
	if (digits > 2) {
		hour = v / 100;
		min = v % 100;
	} else if (c->end - c->p > 1 && *c->p == ':' && th_is_digit(c->p[1])) {
		c->p++;
		min = take_digits(c, &digits);
	}
	if (hour > 24 || min > 59)
		return false;
	c->m.zone = (sign == '-' ? -1 : 1) * (hour * 60 + min);
	c->zoned = true;
	return true;
}

static bool
take_number(struct scan *c)
{
	char before = c->p > c->start ? c->p[-1] : '\0';
	int digits, v;

	if ((before == '+' && c->nn > 0) ||
	    (before == '-' && (c->timed || c->zoned)))
		return take_zone(c, before);
	v = take_digits(c, &digits);
	if (before == 't' && !c->timed && digits == 2 && has_date(c) &&
	    (c->p == c->end || *c->p != ':')) {
		c->timed = true; /* hours alone */
		c->m.hour = v;
		return true;
	}
	if (c->p < c->end && *c->p == ':' && !c->timed && digits <= 2) {
		take_time(c, v);
		return true;
	}
	if (!c->timed && has_date(c) && (digits == 4 || digits == 6)) {
		c->timed = true;
		c->m.sec = digits == 6 ? v % 100 : 0;
		v = digits == 6 ? v / 100 : v;
		c->m.hour = v / 100;
		c->m.min = v % 100;
		return true;
	}
	if (c->nn == 0 && !c->timed && (digits == 12 || digits == 14)) {
		take_compact(c, digits);
		v /= 10; /* nine of them were counted */
		digits = 8;
	}
	if (digits > 8 || c->nn == sizeof(c->n) / sizeof(*c->n))
		return false;
	c->n[c->nn++] =
	    (struct number){ .value = v, .digits = digits, .before = before };
	return true;
}

static bool
take_all(struct scan *c)
{
	while (c->p < c->end) {
		if (*c->p == '(') {
			while (c->p < c->end && *c->p != ')')
				c->p++;
		} else if (th_is_digit(*c->p)) {
			if (!take_number(c))
				return false;
		} else if (is_letter(*c->p)) {
			if (!take_word(c))
				return false;
		} else {
			c->p++;
		}
	}
	return true;
}

/* RFC 5322, 4.3: 50 is 1950, 49 is 2049; programs write 124 for 2024. */
static int
full_year(const struct number *n)
{
	if (n->digits > 2)
		return n->value + (n->digits == 3 ? 1900 : 0);
	return n->value + (n->value < 50 ? 2000 : 1900);
}

static bool
set_date(struct th_moment *m, int year, int month, int day)
{
	m->year = year;
	m->month = month;
	m->day = day;
	return true;
}

static bool
set_ordinal(struct th_moment *m, int year, int day)
{
	if (day < 1 || day > 365 + th_is_leap(year))
		return false;
	th_date_from_days(th_days_from_date(year, 1, 1) + day - 1, m);
	return true;
}

/* A week belongs to the year that its Thursday is in; Monday is the first. */
static bool
set_week(struct th_moment *m, int year, int week, int day)
{
	int64_t monday = th_days_from_date(year, 1, 4);

	monday -= (monday + 3) % 7; /* 1970 began on a Thursday */
	monday += (int64_t)(week - 1) * 7;
	th_date_from_days(monday + 3, m);
	if (week < 1 || m->year != year || day < 1 || day > 7)
		return false;
	th_date_from_days(monday + day - 1, m);
	return true;
}

/* 2003-W52-3, 2003-W52, 2003W523 */
static bool
set_from_week(struct th_moment *m, const struct number *n, size_t nn)
{
	if (nn == 2 && n[1].digits == 3)
		return set_week(
		    m, n[0].value, n[1].value / 10, n[1].value % 10);
	if (nn < 2 || nn > 3 || n[1].digits != 2)
		return false;
	return set_week(m, n[0].value, n[1].value, nn == 3 ? n[2].value : 1);
}

/* One number and no name of a month: 2003, 20031231, 2003335, 031231, 03335 */
static bool
set_from_one(struct th_moment *m, struct number a)
{
	int two = a.digits % 2 == 0 ? a.value / 10000 : a.value / 1000;
	int year = a.digits > 6 ? two : two + (two < 50 ? 2000 : 1900);

	switch (a.digits) {
	case 4:
		if (a.before != '-')
			return set_date(m, a.value, 1, 1);
		year = a.value / 100; /* -0312 */
		return set_date(
		    m, year + (year < 50 ? 2000 : 1900), a.value % 100, 1);
	case 6:
	case 8: return set_date(m, year, a.value / 100 % 100, a.value % 100);
	case 5:
	case 7: return set_ordinal(m, year, a.value % 1000);
	default: return false;
	}
}

/* Two: 2003-12, 2003-335, 03-335, -03-12 */
static bool
set_from_two(struct th_moment *m, const struct number *n)
{
	if (n[1].digits == 3)
		return set_ordinal(m, full_year(&n[0]), n[1].value);
	if (n[0].digits != 4 && n[0].before != '-')
		return false;
	return set_date(m, full_year(&n[0]), n[1].value, 1);
}

/* Three: 2003-12-31, 31.12.2003, 12/31/2003, 03-12-31 */
static bool
set_from_three(struct th_moment *m, const struct number *n)
{
	bool year_first =
	    n[0].digits > 2 || (n[1].before == '-' && n[2].digits <= 2);
	bool month_first = n[1].before == '/' && n[0].value <= 12;

	if (year_first)
		return set_date(m, full_year(&n[0]), n[1].value, n[2].value);
	if (month_first)
		return set_date(m, full_year(&n[2]), n[0].value, n[1].value);
	return set_date(m, full_year(&n[2]), n[1].value, n[0].value);
}

/* Makes day, month and year of the numbers found. */
static bool
set_from_numbers(struct scan *c)
{
	struct number *n = c->n;

	if (c->week)
		return set_from_week(&c->m, n, c->nn);
	if (c->m.month == UNSET) {
		switch (c->nn) {
		case 1: return set_from_one(&c->m, n[0]);
		case 2: return set_from_two(&c->m, n);
		case 3: return set_from_three(&c->m, n);
		default: return false;
		}
	}
	if (c->nn == 1 && n[0].digits == 4)
		return set_date(&c->m, n[0].value, c->m.month, 1);
	if (c->nn != 2)
		return false;
	if (n[0].digits > 2)
		return set_date(&c->m, n[0].value, c->m.month, n[1].value);
	return set_date(&c->m, full_year(&n[1]), c->m.month, n[0].value);
}

static enum th_status
parse_lower(struct th_str s, int64_t *ret)
{
	struct scan c = { .start = s.s,
		.p = s.s,
		.end = s.s + s.len,
		.m = { .month = UNSET } };

	if (!take_all(&c) || !set_from_numbers(&c))
		return TH_EDATA;
	if (c.half != 0 && c.m.hour <= 12)
		c.m.hour = c.m.hour % 12 + (c.half == TH_W_PM ? 12 : 0);
	return th_instant(&c.m, ret);
}

/* Seconds since 1970, or thousandths, of this time: no date is so written. */
static bool
is_epoch(struct th_str s, int64_t *ret)
{
	int64_t n;

	if ((s.len != 10 && s.len != 13) || s.s[0] != '1' ||
	    th_int_parse(s, &n) != TH_OK)
		return false;
	*ret = s.len == 13 ? n / 1000 : n;
	return true;
}

enum th_status
th_date_parse(struct th_str s, int64_t *ret)
{
	char lower[LONGEST];
	struct th_buf wide;
	enum th_status st;
	bool ascii = true;
	size_t i;

	s = th_str_trim(s);
	if (s.len == 0 || s.len > LONGEST)
		return TH_EDATA;
	if (th_date_parse_rfc3339(s, ret) == TH_OK || is_epoch(s, ret))
		return TH_OK;
	for (i = 0; i < s.len; i++) {
		lower[i] = s.s[i];
		if (lower[i] >= 'A' && lower[i] <= 'Z')
			lower[i] = (char)(lower[i] - 'A' + 'a');
		ascii = ascii && (unsigned char)lower[i] < 0x80;
	}
	if (ascii)
		return parse_lower((struct th_str){ lower, s.len }, ret);
	th_buf_init(&wide, (size_t)4 * LONGEST);
	st = th_text_lower(s, &wide);
	if (st == TH_OK)
		st = parse_lower(th_buf_str(&wide), ret);
	th_buf_release(&wide);
	return st;
}

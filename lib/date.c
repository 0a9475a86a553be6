/* date -- instants and durations, RFC 3339 first and then what feeds write */
#include <string.h>
#include <time.h>

#include "trigger.h"

#define DAY 86400
#define UNSET (-1)
#define LONGEST 160 /* bytes of a date worth reading */

struct moment {
	int year, month, day, hour, min, sec;
	int zone; /* minutes east of Greenwich */
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (unsigned char)c >= 0x80;
}

static bool
is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
days_of_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 1970-01-01 in the Gregorian calendar, counted from March on. */
static int64_t
days_from_date(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void
date_from_days(int64_t days, struct moment *ret)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	ret->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	ret->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	ret->year = (int)(yoe + era * 400 + (ret->month <= 2));
}

static enum th_status
instant(const struct moment *m, int64_t *ret)
{
	if (m->year < 0 || m->year > 9999 || m->month < 1 || m->month > 12 ||
	    m->day < 1 || m->day > days_of_month(m->year, m->month))
		return TH_EDATA;
	if (m->hour > 24 || m->min > 59 || m->sec > 60 ||
	    (m->hour == 24 && (m->min > 0 || m->sec > 0)))
		return TH_EDATA;
	*ret = days_from_date(m->year, m->month, m->day) * DAY +
	       (int64_t)m->hour * 3600 + m->min * 60 + m->sec -
	       (int64_t)m->zone * 60;
	return TH_OK;
}

/* ---- RFC 3339, to the letter ---- */

/* Reads exactly n digits and, when not NUL, the character after them. */
static bool
fixed(const char **p, const char *end, int n, char after, int *ret)
{
	const char *s = *p;
	int v = 0;

	if (end - s < n + (after != '\0'))
		return false;
	for (; n > 0; n--, s++) {
		if (!is_digit(*s))
			return false;
		v = v * 10 + (*s - '0');
	}
	if (after != '\0' && *s++ != after)
		return false;
	*p = s;
	*ret = v;
	return true;
}

static bool
fixed_zone(const char **p, const char *end, int *ret)
{
	int sign, hour, min;

	if (*p == end)
		return false;
	if (**p == 'Z' || **p == 'z') {
		++*p;
		return true;
	}
	if (**p != '+' && **p != '-')
		return false;
	sign = *(*p)++ == '-' ? -1 : 1;
	if (!fixed(p, end, 2, ':', &hour) || !fixed(p, end, 2, '\0', &min) ||
	    hour > 23 || min > 59)
		return false;
	*ret = sign * (hour * 60 + min);
	return true;
}

static bool
fixed_time(const char **p, const char *end, struct moment *m)
{
	if (*p == end || strchr("Tt ", **p) == NULL || **p == '\0')
		return false;
	++*p;
	if (!fixed(p, end, 2, ':', &m->hour) ||
	    !fixed(p, end, 2, ':', &m->min) ||
	    !fixed(p, end, 2, '\0', &m->sec) || m->hour > 23)
		return false;
	if (end - *p > 1 && **p == '.' && is_digit((*p)[1]))
		for (++*p; *p < end && is_digit(**p); ++*p)
			continue;
	return fixed_zone(p, end, &m->zone) && *p == end;
}

enum th_status
th_date_parse_rfc3339(struct th_str s, int64_t *ret)
{
	const char *p = s.s, *end = p + s.len;
	struct moment m = { 0 };

	if (s.len < 10 || !fixed(&p, end, 4, '-', &m.year) ||
	    !fixed(&p, end, 2, '-', &m.month) ||
	    !fixed(&p, end, 2, '\0', &m.day))
		return TH_EDATA;
	if (p != end && !fixed_time(&p, end, &m))
		return TH_EDATA;
	return instant(&m, ret);
}

/* ---- everything else: words and numbers in any order that makes sense ---- */

enum kind { MONTH, ZONE, NOISE, AM, PM, KOREAN };

struct word {
	const char *name; /* in lower case */
	enum kind kind;
	int value;  /* number of the month, minutes of the zone */
	bool whole; /* else words that begin so count too */
};

/* Looked through from the top: a longer beginning stands before a shorter. */
static const struct word words[] = {
	{ "mon", NOISE, 0, true },
	{ "tue", NOISE, 0, true },
	{ "wed", NOISE, 0, true },
	{ "thu", NOISE, 0, true },
	{ "fri", NOISE, 0, true },
	{ "sat", NOISE, 0, true },
	{ "sun", NOISE, 0, true },
	{ "jan", MONTH, 1, false },
	{ "feb", MONTH, 2, false },
	{ "mar", MONTH, 3, false },
	{ "apr", MONTH, 4, false },
	{ "may", MONTH, 5, false },
	{ "jun", MONTH, 6, false },
	{ "jul", MONTH, 7, false },
	{ "aug", MONTH, 8, false },
	{ "sep", MONTH, 9, false },
	{ "oct", MONTH, 10, false },
	{ "nov", MONTH, 11, false },
	{ "dec", MONTH, 12, false },
	{ "gmt", ZONE, 0, true },
	{ "utc", ZONE, 0, true },
	{ "ut", ZONE, 0, true },
	{ "z", ZONE, 0, true },
	{ "est", ZONE, -300, true },
	{ "edt", ZONE, -240, true },
	{ "et", ZONE, -300, true },
	{ "cst", ZONE, -360, true },
	{ "cdt", ZONE, -300, true },
	{ "ct", ZONE, -360, true },
	{ "mst", ZONE, -420, true },
	{ "mdt", ZONE, -360, true },
	{ "mt", ZONE, -420, true },
	{ "pst", ZONE, -480, true },
	{ "pdt", ZONE, -420, true },
	{ "pt", ZONE, -480, true },
	{ "ast", ZONE, -240, true },
	{ "adt", ZONE, -180, true },
	{ "at", ZONE, -240, true },
	{ "nst", ZONE, -210, true },
	{ "ndt", ZONE, -150, true },
	{ "akst", ZONE, -540, true },
	{ "akdt", ZONE, -480, true },
	{ "hst", ZONE, -600, true },
	{ "wet", ZONE, 0, true },
	{ "west", ZONE, 60, true },
	{ "bst", ZONE, 60, true },
	{ "met", ZONE, 60, true },
	{ "mest", ZONE, 120, true },
	{ "cet", ZONE, 60, true },
	{ "cest", ZONE, 120, true },
	{ "mez", ZONE, 60, true },
	{ "mesz", ZONE, 120, true },
	{ "eet", ZONE, 120, true },
	{ "eest", ZONE, 180, true },
	{ "sast", ZONE, 120, true },
	{ "msk", ZONE, 180, true },
	{ "msd", ZONE, 240, true },
	{ "ist", ZONE, 330, true },
	{ "sgt", ZONE, 480, true },
	{ "hkt", ZONE, 480, true },
	{ "awst", ZONE, 480, true },
	{ "jst", ZONE, 540, true },
	{ "kst", ZONE, 540, true },
	{ "acst", ZONE, 570, true },
	{ "acdt", ZONE, 630, true },
	{ "aest", ZONE, 600, true },
	{ "aedt", ZONE, 660, true },
	{ "nzst", ZONE, 720, true },
	{ "nzdt", ZONE, 780, true },
	{ "am", AM, 0, true },
	{ "pm", PM, 0, true },
	{ "t", NOISE, 0, true },
	{ "st", NOISE, 0, true },
	{ "nd", NOISE, 0, true },
	{ "rd", NOISE, 0, true },
	{ "th", NOISE, 0, true },
	{ "of", NOISE, 0, true },
	{ "de", NOISE, 0, true },
	{ "del", NOISE, 0, true },
	{ "den", NOISE, 0, true },
	{ "um", NOISE, 0, true },
	{ "uhr", NOISE, 0, true },
	{ "etc", NOISE, 0, true },
	/* German, Dutch, French, Italian, Spanish, Portuguese, Scandinavian */
	{ "jän", MONTH, 1, false },
	{ "ene", MONTH, 1, false },
	{ "gen", MONTH, 1, false },
	{ "fév", MONTH, 2, false },
	{ "fev", MONTH, 2, false },
	{ "mär", MONTH, 3, false },
	{ "mrz", MONTH, 3, false },
	{ "maa", MONTH, 3, false },
	{ "mrt", MONTH, 3, false },
	{ "avr", MONTH, 4, false },
	{ "abr", MONTH, 4, false },
	{ "mai", MONTH, 5, false },
	{ "maj", MONTH, 5, false },
	{ "mei", MONTH, 5, false },
	{ "mag", MONTH, 5, false },
	{ "giu", MONTH, 6, false },
	{ "juin", MONTH, 6, false },
	{ "juil", MONTH, 7, false },
	{ "lug", MONTH, 7, false },
	{ "aoû", MONTH, 8, false },
	{ "aou", MONTH, 8, false },
	{ "ago", MONTH, 8, false },
	{ "set", MONTH, 9, false },
	{ "okt", MONTH, 10, false },
	{ "out", MONTH, 10, false },
	{ "ott", MONTH, 10, false },
	{ "dez", MONTH, 12, false },
	{ "déc", MONTH, 12, false },
	{ "des", MONTH, 12, false },
	{ "dic", MONTH, 12, false },
	/* Hungarian */
	{ "már", MONTH, 3, false },
	{ "ápr", MONTH, 4, false },
	{ "máj", MONTH, 5, false },
	{ "máu", MONTH, 5, false },
	{ "jún", MONTH, 6, false },
	{ "júl", MONTH, 7, false },
	{ "sze", MONTH, 9, false },
	/* Greek */
	{ "ιαν", MONTH, 1, false },
	{ "φεβ", MONTH, 2, false },
	{ "μάρ", MONTH, 3, false },
	{ "μαρ", MONTH, 3, false },
	{ "μάώ", MONTH, 3, false },
	{ "μαώ", MONTH, 3, false },
	{ "απρ", MONTH, 4, false },
	{ "μάι", MONTH, 5, false },
	{ "μαϊ", MONTH, 5, false },
	{ "μαΐ", MONTH, 5, false },
	{ "μαι", MONTH, 5, false },
	{ "ιούν", MONTH, 6, false },
	{ "ιον", MONTH, 6, false },
	{ "ιουν", MONTH, 6, false },
	{ "ιούλ", MONTH, 7, false },
	{ "ιολ", MONTH, 7, false },
	{ "ιουλ", MONTH, 7, false },
	{ "αύγ", MONTH, 8, false },
	{ "αυγ", MONTH, 8, false },
	{ "σεπ", MONTH, 9, false },
	{ "οκτ", MONTH, 10, false },
	{ "νοέ", MONTH, 11, false },
	{ "νοε", MONTH, 11, false },
	{ "δεκ", MONTH, 12, false },
	{ "πμ", AM, 0, true },
	{ "μμ", PM, 0, true },
	/* Russian */
	{ "янв", MONTH, 1, false },
	{ "фев", MONTH, 2, false },
	{ "мар", MONTH, 3, false },
	{ "апр", MONTH, 4, false },
	{ "май", MONTH, 5, false },
	{ "мая", MONTH, 5, false },
	{ "июн", MONTH, 6, false },
	{ "июл", MONTH, 7, false },
	{ "авг", MONTH, 8, false },
	{ "сен", MONTH, 9, false },
	{ "окт", MONTH, 10, false },
	{ "ноя", MONTH, 11, false },
	{ "дек", MONTH, 12, false },
	/* Korean; without a zone it is the time of Seoul */
	{ "년", KOREAN, 0, true },
	{ "월", KOREAN, 0, true },
	{ "일", KOREAN, 0, true },
	{ "오전", AM, 540, true },
	{ "오후", PM, 540, true },
	/* Chinese, Japanese */
	{ "年", NOISE, 0, true },
	{ "月", NOISE, 0, true },
	{ "日", NOISE, 0, true },
	{ "上午", AM, 0, true },
	{ "下午", PM, 0, true },
};

struct number {
	int value, digits;
	char before; /* the character it follows, NUL at the start */
};

struct scan {
	const char *start, *p, *end;
	struct moment m;
	struct number n[4];
	size_t nn;
	int half; /* of the day: 0, AM or PM */
	bool timed, zoned;
};

static const struct word *
find_word(const char *s, size_t len)
{
	size_t i, n;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (words[i].name[0] != s[0])
			continue;
		n = strlen(words[i].name);
		if ((words[i].whole ? len == n : len >= n) &&
		    memcmp(words[i].name, s, n) == 0)
			return &words[i];
	}
	return NULL;
}

/* Weekdays of all languages come first or before a comma: any word may. */
static bool
take_word(struct scan *c)
{
	const char *s = c->p;
	const struct word *w;

	while (c->p < c->end && is_letter(*c->p))
		c->p++;
	w = find_word(s, (size_t)(c->p - s));
	if (w == NULL)
		return c->timed || c->nn == 0 ||
		       (c->p < c->end && *c->p == ',');
	if (w->kind == MONTH) { /* "mar. 12 mai": the later one is right */
		c->m.month = w->value;
	} else if (w->kind == ZONE) {
		c->m.zone = w->value;
		c->zoned = true;
	} else if (w->kind == AM || w->kind == PM) {
		c->half = (int)w->kind;
		if (!c->zoned && w->value != 0)
			c->m.zone = w->value;
	} else if (w->kind == KOREAN && !c->zoned) {
		c->m.zone = 540;
	}
	return true;
}

static int
take_digits(struct scan *c, int *digits)
{
	int v = 0, n = 0;

	for (; c->p < c->end && is_digit(*c->p); c->p++, n++)
		v = n < 9 ? v * 10 + (*c->p - '0') : v;
	*digits = n;
	return v;
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
	if (c->end - c->p > 1 && *c->p == ':' && is_digit(c->p[1])) {
		c->p++;
		c->m.sec = take_digits(c, &digits);
	}
	if (c->end - c->p > 1 && (*c->p == '.' || *c->p == ',') &&
	    is_digit(c->p[1])) {
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
	} else if (c->end - c->p > 1 && *c->p == ':' && is_digit(c->p[1])) {
		c->p++;
		min = take_digits(c, &digits);
	}
	if (hour > 24 || min > 59)
		return false;
	c->m.zone = (sign == '-' ? -1 : 1) * (hour * 60 + min);
	c->zoned = true;
	return true;
}

/* Is the whole of the date there, so that four digits are hours and minutes? */
static bool
has_date(const struct scan *c)
{
	return c->nn + (c->m.month != UNSET) >= 3 ||
	       (c->nn == 1 && c->n[0].digits >= 6);
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
		} else if (is_digit(*c->p)) {
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

static int
full_year(const struct number *n)
{
	if (n->digits > 2)
		return n->value;
	return n->value + (n->value < 50 ? 2000 : 1900);
}

static bool
set_date(struct moment *m, int year, int month, int day)
{
	m->year = year;
	m->month = month;
	m->day = day;
	return true;
}

static bool
set_ordinal(struct moment *m, int year, int day)
{
	if (day < 1 || day > 365 + is_leap(year))
		return false;
	date_from_days(days_from_date(year, 1, 1) + day - 1, m);
	return true;
}

/* One number and no name of a month: 2003, 20031231, 2003335, 031231, 03335 */
static bool
set_from_one(struct moment *m, struct number a)
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
set_from_two(struct moment *m, const struct number *n)
{
	if (n[1].digits == 3)
		return set_ordinal(m, full_year(&n[0]), n[1].value);
	if (n[0].digits != 4 && n[0].before != '-')
		return false;
	return set_date(m, full_year(&n[0]), n[1].value, 1);
}

/* Three: 2003-12-31, 31.12.2003, 12/31/2003, 03-12-31 */
static bool
set_from_three(struct moment *m, const struct number *n)
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
		c.m.hour = c.m.hour % 12 + (c.half == PM ? 12 : 0);
	return instant(&c.m, ret);
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
	if (th_date_parse_rfc3339(s, ret) == TH_OK)
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

/* ---- writing ---- */

static enum th_status
split(int64_t t, struct moment *ret)
{
	int64_t days = t / DAY, rest = t % DAY;

	if (rest < 0) {
		rest += DAY;
		days--;
	}
	if (days < -719528 || days > 2932896) /* years 0000 to 9999 */
		return TH_EDATA;
	date_from_days(days, ret);
	ret->hour = (int)(rest / 3600);
	ret->min = (int)(rest / 60 % 60);
	ret->sec = (int)(rest % 60);
	return TH_OK;
}

static char *
put(char *p, int value, int digits, char after)
{
	int i;

	for (i = digits - 1; i >= 0; i--, value /= 10)
		p[i] = (char)('0' + value % 10);
	p[digits] = after;
	return p + digits + 1;
}

enum th_status
th_date_format(int64_t t, char ret[TH_DATE_SIZE])
{
	struct moment m = { 0 };
	char *p = ret;

	if (split(t, &m) != TH_OK)
		return TH_EDATA;
	p = put(p, m.year, 4, '-');
	p = put(p, m.month, 2, '-');
	p = put(p, m.day, 2, 'T');
	p = put(p, m.hour, 2, ':');
	p = put(p, m.min, 2, ':');
	p = put(p, m.sec, 2, 'Z');
	*p = '\0';
	return TH_OK;
}

enum th_status
th_date_format_rfc822(int64_t t, char ret[TH_DATE_RFC822_SIZE])
{
	static const char days[] = "Thu, Fri, Sat, Sun, Mon, Tue, Wed, ";
	static const char months[] =
	    "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ";
	struct moment m = { 0 };
	int64_t weekday;
	char *p = ret;

	if (split(t, &m) != TH_OK)
		return TH_EDATA;
	weekday = ((t - (t % DAY + DAY) % DAY) / DAY % 7 + 7) % 7;
	memcpy(p, days + weekday * 5, 5);
	p = put(p + 5, m.day, 2, ' ');
	memcpy(p, months + (size_t)(m.month - 1) * 4, 4);
	p = put(p + 4, m.year, 4, ' ');
	p = put(p, m.hour, 2, ':');
	p = put(p, m.min, 2, ':');
	p = put(p, m.sec, 2, ' ');
	memcpy(p, "GMT", 4);
	return TH_OK;
}

/* ---- durations ---- */

static const struct unit {
	char name;
	int64_t seconds;
} units[] = {
	{ 'w', 7 * DAY },
	{ 'd', DAY },
	{ 'h', 3600 },
	{ 'm', 60 },
	{ 's', 1 },
};

static int64_t
unit_seconds(char name)
{
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (units[i].name == name)
			return units[i].seconds;
	return 0;
}

enum th_status
th_duration_parse(struct th_str s, int64_t *ret)
{
	const char *p = s.s, *end = p + s.len;
	int64_t sum = 0, v, unit;

	if (s.len == 0)
		return TH_EDATA;
	while (p < end) {
		if (!is_digit(*p))
			return TH_EDATA;
		for (v = 0; p < end && is_digit(*p); p++) {
			if (v > (INT64_MAX - 9) / 10)
				return TH_EDATA;
			v = v * 10 + (*p - '0');
		}
		unit = 1;
		if (p < end)
			unit = unit_seconds(*p++);
		else if (sum != 0) /* "1h30": thirty of what? */
			return TH_EDATA;
		if (unit == 0 || v > (INT64_MAX - sum) / unit)
			return TH_EDATA;
		sum += v * unit;
	}
	*ret = sum;
	return TH_OK;
}

enum th_status
th_duration_format(int64_t t, struct th_buf *ret)
{
	const struct unit *u = units;

	while (u->seconds > 1 && (t == 0 || t % u->seconds != 0))
		u++;
	return th_buf_addf(ret, "%lld%c", (long long)(t / u->seconds), u->name);
}

int64_t
th_now(void)
{
	return (int64_t)time(NULL);
}

int64_t
th_now_ms(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) != 0)
		return th_now() * 1000;
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

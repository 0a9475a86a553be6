/* date -- instants, as RFC 3339 and RFC 822 write them */
#include <string.h>
#include <time.h>

#include "date.h"
#include "priv.h"

bool
th_is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
days_of_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };

	return days[month - 1] + (month == 2 && th_is_leap(year));
}

int64_t
th_days_from_date(int year, int month, int day)
{
	/* years begin in March, so that a leap day is the last of one */
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void
th_date_from_days(int64_t days, struct th_moment *ret)
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

enum th_status
th_instant(const struct th_moment *m, int64_t *ret)
{
	if (m->year < 0 || m->year > 9999 || m->month < 1 || m->month > 12 ||
	    m->day < 1 || m->day > days_of_month(m->year, m->month))
		return TH_EDATA;
	if (m->hour > 24 || m->min > 59 || m->sec > 60 ||
	    (m->hour == 24 && (m->min > 0 || m->sec > 0)))
		return TH_EDATA;
	*ret = th_days_from_date(m->year, m->month, m->day) * TH_DAY +
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
		if (!th_is_digit(*s))
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
fixed_time(const char **p, const char *end, struct th_moment *m)
{
	if (*p == end || strchr("Tt ", **p) == NULL || **p == '\0')
		return false;
	++*p;
	if (!fixed(p, end, 2, ':', &m->hour) ||
	    !fixed(p, end, 2, ':', &m->min) ||
	    !fixed(p, end, 2, '\0', &m->sec) || m->hour > 23)
		return false;
	if (end - *p > 1 && **p == '.' && th_is_digit((*p)[1]))
		for (++*p; *p < end && th_is_digit(**p); ++*p)
			continue;
	return fixed_zone(p, end, &m->zone) && *p == end;
}

enum th_status
th_date_parse_rfc3339(struct th_str s, int64_t *ret)
{
	const char *p = s.s, *end = p + s.len;
	struct th_moment m = { 0 };

	if (s.len < 10 || !fixed(&p, end, 4, '-', &m.year) ||
	    !fixed(&p, end, 2, '-', &m.month) ||
	    !fixed(&p, end, 2, '\0', &m.day))
		return TH_EDATA;
	if (p != end && !fixed_time(&p, end, &m))
		return TH_EDATA;
	return th_instant(&m, ret);
}

/* ---- writing ---- */

static enum th_status
split(int64_t t, struct th_moment *ret)
{
	int64_t days = t / TH_DAY, rest = t % TH_DAY;

	if (rest < 0) {
		rest += TH_DAY;
		days--;
	}
	if (days < -719528 || days > 2932896) /* years 0000 to 9999 */
		return TH_EDATA;
	th_date_from_days(days, ret);
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
	struct th_moment m = { 0 };
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
	struct th_moment m = { 0 };
	int64_t weekday;
	char *p = ret;

	if (split(t, &m) != TH_OK)
		return TH_EDATA;
	weekday = ((t - (t % TH_DAY + TH_DAY) % TH_DAY) / TH_DAY % 7 + 7) % 7;
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

/* ---- now ---- */

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

int64_t
th_steady_ms(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

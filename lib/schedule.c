/*
 * schedule -- when something is due again, by interval or as cron says it
 *
 * cron's fields are those of crontab(5) and mean local time.  Where clocks are
 * put forward, what was to run in the hour that is left out runs right after
 * it, once.  Where they are put back, what names its hour runs the first time
 * alone.  What runs every hour, or every so many minutes, just goes on.
 */
#include <string.h>
#include <time.h>

#include "priv.h"

#define DAY 86400
#define YEARS 9 /* 29 February may be that far away */
#define ALIGN 60
#define CLOCK_SLACK 60

/* ---- reading ---- */

static const char month_names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
static const char day_names[] = "sunmontuewedthufrisat";

static const struct field {
	const char *what;
	int min, max;
	const char *names; /* of three letters each; the first is min */
} fields[] = { { "minute", 0, 59, NULL }, { "hour", 0, 23, NULL },
	{ "day of the month", 1, 31, NULL }, { "month", 1, 12, month_names },
	{ "day of the week", 0, 7, day_names } };
#define NFIELDS (sizeof(fields) / sizeof(*fields))

static const struct {
	const char *word, *means;
} nicknames[] = { { "@hourly", "0 * * * *" }, { "@daily", "0 0 * * *" },
	{ "@midnight", "0 0 * * *" }, { "@weekly", "0 0 * * 0" },
	{ "@monthly", "0 0 1 * *" }, { "@yearly", "0 0 1 1 *" },
	{ "@annually", "0 0 1 1 *" } };

/* A place in the text, and what to say of it. */
struct reader {
	const char *start, *p, *end;
	struct th_err *err;
};

static enum th_status
fail(struct reader *r, const struct field *f, const char *what)
{
	if (r->err != NULL)
		r->err->column = (size_t)(r->p - r->start) + 1;
	return th_fail(r->err, TH_EUSAGE, "%s: %s", f->what, what);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The index of three letters in a string of names; -1 when not there. */
static int
name_at(const struct reader *r, const char *names)
{
	size_t i;

	if (names == NULL || r->end - r->p < 3)
		return -1;
	for (i = 0; names[i] != '\0'; i += 3)
		if (th_str_iis((struct th_str){ names + i, 3 },
			(char[]){ r->p[0], r->p[1], r->p[2], '\0' }))
			return (int)(i / 3);
	return -1;
}

static enum th_status
number(struct reader *r, const struct field *f, int *ret)
{
	int n = name_at(r, f->names), digits = 0;

	if (n >= 0) {
		r->p += 3;
		*ret = n + f->min;
		return TH_OK;
	}
	for (n = 0; r->p + digits < r->end && th_is_digit(r->p[digits]);
	     digits++)
		if ((n = n * 10 + r->p[digits] - '0') > 999)
			return fail(r, f, "out of range");
	if (digits == 0)
		return fail(r, f, "neither a number nor *");
	r->p += digits;
	*ret = n;
	return TH_OK;
}

static bool
take(struct reader *r, char c)
{
	if (r->p == r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

/* "*", "5", "1-5", each with a step "/2" behind it. */
static enum th_status
range(struct reader *r, const struct field *f, uint64_t *set)
{
	int from = f->min, to = f->max, step = 1;
	enum th_status st = TH_OK;
	bool one = false;

	if (!take(r, '*')) {
		if ((st = number(r, f, &from)) != TH_OK)
			return st;
		one = !take(r, '-');
		to = from;
		if (!one && (st = number(r, f, &to)) != TH_OK)
			return st;
		/* Sunday ends a week, too. */
		if (f->names == day_names && !one && to == 0 && from > 0)
			to = 7;
	}
	if (from < f->min || to > f->max)
		return fail(r, f, "out of range");
	if (from > to)
		return fail(r, f, "the range ends before it begins");
	if (take(r, '/')) {
		if (one)
			return fail(r, f, "a step needs a range or *");
		if ((st = number(r, f, &step)) != TH_OK)
			return st;
		if (step < 1)
			return fail(r, f, "a step is at least 1");
	}
	for (; from <= to; from += step)
		*set |= (uint64_t)1 << from;
	return TH_OK;
}

/* A list of ranges up to a blank. */
static enum th_status
field(struct reader *r, const struct field *f, uint64_t *ret, bool *any)
{
	uint64_t set = 0;
	enum th_status st;

	while (r->p < r->end && is_blank(*r->p))
		r->p++;
	if (r->p == r->end)
		return fail(r, f, "missing; there are five fields");
	*any = *r->p == '*';
	do
		if ((st = range(r, f, &set)) != TH_OK)
			return st;
	while (take(r, ','));
	if (r->p < r->end && !is_blank(*r->p))
		return fail(r, f, "not understood from here on");
	*ret = set;
	return TH_OK;
}

static struct th_str
nickname(struct th_str text)
{
	size_t i;

	for (i = 0; i < sizeof(nicknames) / sizeof(*nicknames); i++)
		if (th_str_iis(text, nicknames[i].word))
			return th_str(nicknames[i].means);
	return text;
}

/* The 31st of February, and nothing else, is never. */
static bool
comes(const struct th_cron *c)
{
	static const int days[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	int i;

	if (!c->any_mday && !c->any_wday)
		return true;
	for (i = 0; i < 12; i++)
		if ((c->month >> (i + 1) & 1) != 0 &&
		    (c->mday & (((uint64_t)2 << days[i]) - 1)) != 0)
			return true;
	return false;
}

enum th_status
th_cron_parse(struct th_str text, struct th_cron *ret, struct th_err *err)
{
	struct th_str s = nickname(th_str_trim(text));
	struct reader r = { s.s, s.s, s.s + s.len, err };
	uint64_t set[NFIELDS];
	bool any[NFIELDS];
	enum th_status st;
	size_t i;

	if (s.len > 0 && s.s[0] == '@')
		return th_fail(err, TH_EUSAGE,
		    "not one of @hourly, @daily, @weekly, @monthly, @yearly");
	for (i = 0; i < NFIELDS; i++)
		if ((st = field(&r, &fields[i], &set[i], &any[i])) != TH_OK)
			return st;
	while (r.p < r.end && is_blank(*r.p))
		r.p++;
	if (r.p < r.end)
		return fail(&r, &fields[4], "more than five fields");
	*ret = (struct th_cron){ .minute = set[0],
		.hour = (uint32_t)set[1],
		.mday = (uint32_t)set[2],
		.month = (uint32_t)set[3],
		/* Sunday is 0 and 7. */
		.wday = (uint32_t)((set[4] | set[4] >> 7) & 0x7f),
		.any_hour = any[1],
		.any_mday = any[2],
		.any_wday = any[4] };
	r.p = r.start;
	return comes(ret) ? TH_OK
			  : fail(&r, &fields[2],
				"no month that is named has it, "
				"so it never comes");
}

/* ---- the next time ---- */

/* Seconds of a civil time, as if it were UTC (days by Howard Hinnant's rule).
 */
static int64_t
civil(const struct tm *tm)
{
	const int64_t y = tm->tm_year + 1900 - (tm->tm_mon < 2),
		      era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400,
		      month = (tm->tm_mon + 10) % 12,
		      doy = (153 * month + 2) / 5 + tm->tm_mday - 1,
		      doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return (era * 146097 + doe - 719468) * DAY + tm->tm_hour * 3600 +
	       tm->tm_min * 60 + tm->tm_sec;
}

static bool
local(int64_t t, struct tm *ret)
{
	time_t u = (time_t)t;

	return localtime_r(&u, ret) != NULL;
}

/* How far local time is ahead of UTC. */
static int64_t
offset(int64_t t)
{
	struct tm tm;

	return local(t, &tm) ? civil(&tm) - t : 0;
}

static bool
has(uint64_t set, int n)
{
	return (set >> n & 1) != 0;
}

/* crontab(5): either of two days that are given will do. */
static bool
day_matches(const struct th_cron *c, const struct tm *tm)
{
	bool mday = has(c->mday, tm->tm_mday), wday = has(c->wday, tm->tm_wday);

	if (!has(c->month, tm->tm_mon + 1))
		return false;
	return c->any_mday || c->any_wday ? mday && wday : mday || wday;
}

static bool
time_matches(const struct th_cron *c, int64_t civil_time)
{
	return has(c->hour, (int)(civil_time / 3600 % 24)) &&
	       has(c->minute, (int)(civil_time / 60 % 60));
}

/* Was a time that matches left out just before t? */
static bool
left_out(const struct th_cron *c, int64_t t, int64_t now)
{
	int64_t missing = now - offset(t - 60), i;

	for (i = missing / 60; i > 0; i--)
		if (time_matches(c, t + now - i * 60))
			return true;
	return false;
}

/* Did the same local time come before, with the clocks not yet put back? */
static bool
came_before(int64_t t, int64_t now)
{
	int64_t ago;

	for (ago = 1800; ago <= 7200; ago += 1800)
		if (offset(t - ago) == now + ago)
			return true;
	return false;
}

static bool
matches(const struct th_cron *c, int64_t t)
{
	const int64_t ahead = offset(t);

	if (time_matches(c, t + ahead))
		return c->any_hour || !came_before(t, ahead);
	return !c->any_hour && left_out(c, t, ahead);
}

/* The first instant of the next local day; it need not be midnight. */
static int64_t
next_day(int64_t t, const struct tm *now)
{
	struct tm tm;

	t += DAY - 7200 - (now->tm_hour * 3600 + now->tm_min * 60);
	t -= t % 60;
	while (local(t, &tm) && tm.tm_mday == now->tm_mday)
		t += 60;
	return t;
}

int64_t
th_cron_next(const struct th_cron *c, int64_t after)
{
	int64_t t = after - after % 60 + 60, end;
	const int64_t last = after + (int64_t)YEARS * 366 * DAY;
	struct tm tm;

	while (t < last && local(t, &tm)) {
		end = next_day(t, &tm);
		if (day_matches(c, &tm))
			for (; t < end; t += 60)
				if (matches(c, t))
					return t;
		t = end;
	}
	return 0;
}

/* ---- what is due ---- */

int64_t
th_schedule_next(
    const struct th_schedule *s, int64_t last, int64_t since, int64_t now)
{
	if (s->kind == TH_SCHEDULE_NONE)
		return 0;
	/* The clock was put back: what it said then means nothing now. */
	if (last > now + CLOCK_SLACK)
		last = 0;
	if (s->kind == TH_SCHEDULE_EVERY)
		return last == 0 ? now : last + s->every;
	if (since > now + CLOCK_SLACK)
		since = 0;
	if (since > last)
		last = since;
	/* Never seen: this very minute counts. */
	return th_cron_next(&s->cron, last != 0 ? last : now - 60);
}

int64_t
th_schedule_slot(const struct th_schedule *s, int64_t last, int64_t now)
{
	int64_t slot = now;

	/* One line of cron starts at a full minute, or a little later. */
	if (s->kind == TH_SCHEDULE_EVERY && s->every >= ALIGN)
		slot = now - now % ALIGN;
	if (s->kind == TH_SCHEDULE_EVERY && last > 0 && now > last + s->every)
		slot = last + (now - last) / s->every * s->every;
	return slot;
}

/* when triggers are due: cron's fields, changes of clocks, what was missed */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tap.h"
#include "trigger.h"

#define TZ_EUROPE "CET-1CEST,M3.5.0,M10.5.0/3"

/* Two moves: after a time in UTC comes the next, and the next of that. */
static const struct {
	const char *name, *zone, *cron, *after, *want, *then;
} times[] = {
	{ "every minute", "UTC0", "* * * * *", "2026-11-23T10:00:00Z",
	    "2026-11-23T10:01:00Z", "2026-11-23T10:02:00Z" },
	{ "seconds do not count", "UTC0", "* * * * *", "2026-11-23T10:00:59Z",
	    "2026-11-23T10:01:00Z", "2026-11-23T10:02:00Z" },
	{ "steps", "UTC0", "5-59/20 * * * *", "2026-11-23T10:06:00Z",
	    "2026-11-23T10:25:00Z", "2026-11-23T10:45:00Z" },
	{ "lists and names", "UTC0", "30 8 * JAN,Mar mon-wed",
	    "2026-11-23T00:00:00Z", "2027-01-04T08:30:00Z",
	    "2027-01-05T08:30:00Z" },
	{ "Sunday is 7", "UTC0", "0 0 * * 7", "2026-11-23T00:00:00Z",
	    "2026-11-29T00:00:00Z", "2026-12-06T00:00:00Z" },
	{ "Friday to Sunday", "UTC0", "0 0 * * 5-7", "2026-11-23T00:00:00Z",
	    "2026-11-27T00:00:00Z", "2026-11-28T00:00:00Z" },
	{ "Friday to Sunday by their names", "UTC0", "0 0 * * fri-sun",
	    "2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z",
	    "2026-12-04T00:00:00Z" },
	{ "either of two days", "UTC0", "0 12 13 * fri", "2026-11-23T00:00:00Z",
	    "2026-11-27T12:00:00Z", "2026-12-04T12:00:00Z" },
	{ "leap day", "UTC0", "0 0 29 2 *", "2026-11-23T00:00:00Z",
	    "2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z" },
	{ "no leap year in 2100", "UTC0", "0 0 29 2 *", "2096-02-29T00:00:00Z",
	    "2104-02-29T00:00:00Z", "2108-02-29T00:00:00Z" },
	{ "a day that never comes, or a weekday", "UTC0", "0 0 31 2 mon",
	    "2026-11-23T00:00:00Z", "2027-02-01T00:00:00Z",
	    "2027-02-08T00:00:00Z" },
	{ "@daily", "UTC0", "@daily", "2026-11-23T00:00:00Z",
	    "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z" },
	{ "local time", TZ_EUROPE, "0 8 * * *", "2026-11-23T00:00:00Z",
	    "2026-11-23T07:00:00Z", "2026-11-24T07:00:00Z" },
	{ "an hour that is left out: right after it", TZ_EUROPE, "30 2 * * *",
	    "2027-03-27T12:00:00Z", "2027-03-28T01:00:00Z",
	    "2027-03-29T00:30:00Z" },
	{ "an hour that comes twice: once", TZ_EUROPE, "30 2 * * *",
	    "2027-10-30T12:00:00Z", "2027-10-31T00:30:00Z",
	    "2027-11-01T01:30:00Z" },
	{ "every half hour goes on", TZ_EUROPE, "*/30 * * * *",
	    "2027-10-31T00:30:00Z", "2027-10-31T01:00:00Z",
	    "2027-10-31T01:30:00Z" },
	{ "every half hour leaves nothing to catch up", TZ_EUROPE,
	    "*/30 * * * *", "2027-03-28T00:30:00Z", "2027-03-28T01:00:00Z",
	    "2027-03-28T01:30:00Z" },
	{ "a zone of half an hour", "LHST-10:30LHDT-11,M10.1.0,M4.1.0",
	    "15 2 * * *", "2026-10-02T20:00:00Z", "2026-10-03T15:30:00Z",
	    "2026-10-04T15:15:00Z" },
	{ "a day that begins at one", "XST0XDT,M3.4.0/0,M10.4.0/0", "0 0 * * *",
	    "2027-03-27T12:00:00Z", "2027-03-28T00:00:00Z",
	    "2027-03-28T23:00:00Z" },
};

static int64_t
at(const char *date)
{
	int64_t t = 0;

	if (th_date_parse_rfc3339(th_str(date), &t) != TH_OK)
		abort();
	return t;
}

static bool
is_at(int64_t t, const char *want)
{
	char date[TH_DATE_SIZE] = "none";

	if (t != 0)
		th_date_format(t, date);
	if (want == NULL ? t == 0 : strcmp(date, want) == 0)
		return true;
	printf("# got %s, not %s\n", date, want != NULL ? want : "none");
	return false;
}

static void
check_times(void)
{
	struct th_cron c;
	struct th_err err = { 0 };
	bool good;
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(*times); i++) {
		setenv("TZ", times[i].zone, 1);
		tzset();
		good =
		    th_cron_parse(th_str(times[i].cron), &c, &err) == TH_OK &&
		    is_at(
			th_cron_next(&c, at(times[i].after)), times[i].want) &&
		    (times[i].then == NULL ||
			is_at(th_cron_next(&c, at(times[i].want)),
			    times[i].then));
		ok(times[i].name, good);
	}
	setenv("TZ", "UTC0", 1);
	tzset();
}

static const struct {
	const char *cron;
	size_t column;
} wrong[] = {
	{ "", 1 },
	{ "* * * *", 8 },
	{ "* * * * * *", 11 },
	{ "60 * * * *", 3 },
	{ "* 24 * * *", 5 },
	{ "* * 0 * *", 6 },
	{ "* * * 13 *", 9 },
	{ "* * * * 8", 10 },
	{ "5-1 * * * *", 4 },
	{ "*/0 * * * *", 4 },
	{ "5/2 * * * *", 3 },
	{ "a * * * *", 1 },
	{ "* * * * mon-fry", 13 },
	{ "1,,2 * * * *", 3 },
	{ "99999999999 * * * *", 1 },
	{ "@reboot", 0 },
	{ "1- * * * *", 3 },
	{ "0 0 31 2 *", 1 },
	{ "0 0 30,31 feb *", 1 },
	{ "0 0 31 4,6,9,11 *", 1 },
};

static void
check_wrong(void)
{
	struct th_cron c;
	struct th_err err;
	char name[80];
	bool good;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		err = (struct th_err){ 0 };
		good = th_cron_parse(th_str(wrong[i].cron), &c, &err) ==
			   TH_EUSAGE &&
		       err.text[0] != '\0' && err.column == wrong[i].column;
		if (!good)
			printf("# column %zu: %s\n", err.column, err.text);
		snprintf(
		    name, sizeof(name), "no schedule: \"%s\"", wrong[i].cron);
		ok(name, good);
	}
}

static void
check_every(void)
{
	struct th_schedule s = { .kind = TH_SCHEDULE_EVERY, .every = 900 };
	int64_t now = at("2026-11-23T10:00:40Z"), slot;

	ok("what never ran is due", th_schedule_next(&s, 0, 0, now) == now);
	slot = th_schedule_slot(&s, 0, now);
	ok("a slot begins at the minute", is_at(slot, "2026-11-23T10:00:00Z"));
	ok("due again after the interval",
	    is_at(th_schedule_next(&s, slot, 0, now), "2026-11-23T10:15:00Z"));
	slot = th_schedule_slot(&s, slot, at("2026-11-23T11:07:12Z"));
	ok("what was missed is one run and no drift",
	    is_at(slot, "2026-11-23T11:00:00Z"));
	ok("a clock that was put back frees it",
	    th_schedule_next(&s, now + 86400, 0, now) == now);
	s.every = 10;
	ok("below a minute seconds count", th_schedule_slot(&s, 0, now) == now);
	s.kind = TH_SCHEDULE_NONE;
	ok("by hand: never due", th_schedule_next(&s, 0, 0, now) == 0);
}

static void
check_cron(void)
{
	struct th_schedule s = { .kind = TH_SCHEDULE_CRON };
	int64_t now = at("2026-11-23T10:00:40Z");

	th_cron_parse(TH_STR("0 8 * * *"), &s.cron, NULL);
	ok("a time before it was seen does not count",
	    is_at(th_schedule_next(&s, 0, now, now), "2026-11-24T08:00:00Z"));
	ok("a time that was missed is due",
	    is_at(th_schedule_next(&s, at("2026-11-20T08:00:00Z"), 0, now),
		"2026-11-21T08:00:00Z"));
	ok("enabled since: what was missed before is not",
	    is_at(th_schedule_next(&s, at("2026-11-20T08:00:00Z"), now, now),
		"2026-11-24T08:00:00Z"));
}

/* ---- headers ---- */

static void
count(void *ctx, const struct th_err *err)
{
	++*(int *)ctx;
	printf("# %s\n", err->text);
}

static void
check_scripts(void)
{
	struct th_script s;
	int problems = 0;

	ok("a header is read",
	    th_script_parse(TH_STR("#!/bin/sh\n\n# words\n"
				   "#: description: \"a: b\"\n#: every: 1h\n"
				   "#: tags: a, b\n#\n#: timeout: 5m\nrun\n"
				   "#: every: 5m\n"),
		"x", count, &problems, &s) == TH_OK &&
		s.schedule.every == 3600 && s.timeout == 300 && s.ntags == 2 &&
		s.body == 9 && strcmp(s.description, "a: b") == 0);
	th_script_release(&s);
	ok("none is fine", th_script_parse(TH_STR("#!/bin/sh\ntrue\n"), "x",
			       count, &problems, &s) == TH_OK &&
			       s.schedule.kind == TH_SCHEDULE_NONE);
	th_script_release(&s);
	ok("an empty file is fine",
	    th_script_parse(TH_STR(""), "x", count, &problems, &s) == TH_OK);
	th_script_release(&s);
	ok("no problem was told", problems == 0);
	ok("every and cron are one too many",
	    th_script_parse(TH_STR("#: every: 1h\n#: cron: '@daily'\n"), "x",
		count, &problems, &s) == TH_ECONFIG &&
		problems == 1 && s.schedule.kind == TH_SCHEDULE_EVERY);
	th_script_release(&s);
	ok("what is right counts beside what is wrong",
	    th_script_parse(TH_STR("#: evry: 1h\n#: cron: '@daily'\n"
				   "#: failed_tries: many\n"),
		"x", count, &problems, &s) == TH_ECONFIG &&
		problems == 3 && s.schedule.kind == TH_SCHEDULE_CRON &&
		s.failed_tries == -1);
	th_script_release(&s);
	ok("fields of cron need no quotes",
	    th_script_parse(TH_STR("#: cron: */5 * * * * # often\n"), "x",
		count, &problems, &s) == TH_OK &&
		strcmp(s.cron, "*/5 * * * *") == 0);
	th_script_release(&s);
	ok("nor do its words, in a last line without an end",
	    th_script_parse(TH_STR("#!/bin/sh\n#: cron: @daily"), "x", count,
		&problems, &s) == TH_OK &&
		strcmp(s.cron, "@daily") == 0 && s.body == 3);
	th_script_release(&s);
	ok("a description is words, whatever YAML would make of them",
	    th_script_parse(TH_STR("#: description: Soup: it's #1:\n"), "x",
		count, &problems, &s) == TH_OK &&
		strcmp(s.description, "Soup: it's #1:") == 0);
	th_script_release(&s);
	ok("also at its beginning",
	    th_script_parse(TH_STR("#: description: *new* soups\n"), "x", count,
		&problems, &s) == TH_OK &&
		strcmp(s.description, "*new* soups") == 0);
	th_script_release(&s);
	ok("it may be YAML, too",
	    th_script_parse(TH_STR("#: description: \"a\\tb\" # c\n"), "x",
		count, &problems, &s) == TH_OK &&
		strcmp(s.description, "a\tb") == 0);
	th_script_release(&s);
	ok("a list in a list is no tag, less than never no number",
	    th_script_parse(TH_STR("#: tags: [[a], b]\n#: failed_tries: -1\n"),
		"x", count, &problems, &s) == TH_ECONFIG &&
		problems == 5 && s.ntags == 1 && s.failed_tries == -1);
	th_script_release(&s);
	ok("YAML that is none is told once",
	    th_script_parse(TH_STR("#: {a: [\n"), "x", count, &problems, &s) ==
		    TH_ECONFIG &&
		problems == 6);
	th_script_release(&s);
}

static void
check_names(void)
{
	static const char *const good[] = { "a", "A.b-c_9", "4", "_", "bak",
		"soup.new", "old.soup" };
	static const char *const bad[] = { "", ".a", "-a", "a/b", "..", "a b",
		"a~", "\xc3\xa9", "a\n", "soup.bak", "soup.orig", "soup.swp",
		"soup.dpkg-old" };
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++)
		ok(good[i], th_script_is_name(good[i]));
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok("no name", !th_script_is_name(bad[i]));
}

int
main(void)
{
	check_times();
	check_wrong();
	check_every();
	check_cron();
	check_scripts();
	check_names();
	return done();
}

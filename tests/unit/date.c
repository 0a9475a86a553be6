/* dates as RFC 3339 has them, and as feeds do */
#include <stdio.h>
#include <string.h>

#include "trigger.h"

static int n, failed;

static void
ok(bool good, const char *what, const char *name)
{
	printf("%sok %d - %s%s\n", good ? "" : "not ", ++n, what, name);
	failed += !good;
}

/* want NULL: no date at all */
static const struct {
	const char *in, *want;
} loose[] = {
	{ "2003-12-31T10:14:55Z", "2003-12-31T10:14:55Z" },
	{ "2003-12-31T10:14:55.1234Z", "2003-12-31T10:14:55Z" },
	{ "2003-12-31T10:14:55-08:00", "2003-12-31T18:14:55Z" },
	{ "2003-12-31T10:14:55-0800", "2003-12-31T18:14:55Z" },
	{ "2003-12-31t10:14z", "2003-12-31T10:14:00Z" },
	{ "2003-12-31 10:14:55", "2003-12-31T10:14:55Z" },
	{ "2003-12-31 10:14:55.0", "2003-12-31T10:14:55Z" },
	{ "2004-07-08 23:56:58 -00:20", "2004-07-09T00:16:58Z" },
	{ "2003-12-31T24:00:00Z", "2004-01-01T00:00:00Z" },
	{ "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z" },
	{ "2002-12-31T192030+01:00", "2002-12-31T18:20:30Z" },
	{ "2017-06-13T03:18:00+00:0", "2017-06-13T03:18:00Z" },
	{ "20031231", "2003-12-31T00:00:00Z" },
	{ "2003-12-31T10Z", "2003-12-31T10:00:00Z" },
	{ "2003-W52-3", "2003-12-24T00:00:00Z" },
	{ "2003W523T10:00+02:00", "2003-12-24T08:00:00Z" },
	{ "2004-W53", "2004-12-27T00:00:00Z" },
	{ "2004-W01-1", "2003-12-29T00:00:00Z" },
	{ "2003-W53", NULL },
	{ "2003-W00", NULL },
	{ "2003-W10-8", NULL },
	{ "Tue, 05 Mar 124 10:00:00 GMT", "2024-03-05T10:00:00Z" },
	{ "Tue, 05 Foo 2024 10:00:00 GMT", NULL },
	{ "20031231T101455Z", "2003-12-31T10:14:55Z" },
	{ "20031231101455", "2003-12-31T10:14:55Z" },
	{ "200312311014 +0100", "2003-12-31T09:14:00Z" },
	{ "20031231256455", NULL },
	{ "1072865695", "2003-12-31T10:14:55Z" },
	{ " 1072865695999 ", "2003-12-31T10:14:55Z" },
	{ "2026112017", NULL },
	{ "107286569", NULL },
	{ "2003-12-31T10:14:55Z junk", "2003-12-31T10:14:55Z" },
	{ "2003-12", "2003-12-01T00:00:00Z" },
	{ "2003", "2003-01-01T00:00:00Z" },
	{ "2003-335", "2003-12-01T00:00:00Z" },
	{ "2003335", "2003-12-01T00:00:00Z" },
	{ "03335", "2003-12-01T00:00:00Z" },
	{ "03-335", "2003-12-01T00:00:00Z" },
	{ "03-12-31", "2003-12-31T00:00:00Z" },
	{ "031231", "2003-12-31T00:00:00Z" },
	{ "-03-12", "2003-12-01T00:00:00Z" },
	{ "-0312", "2003-12-01T00:00:00Z" },
	{ "2003-012-31T10:14:55+00:00", "2003-12-31T10:14:55Z" },
	{ "2020/1/10 14:33:00", "2020-01-10T14:33:00Z" },
	{ "10.01.2020 14:33", "2020-01-10T14:33:00Z" },
	{ "01/10/2020", "2020-01-10T00:00:00Z" },
	{ "31/12/2020", "2020-12-31T00:00:00Z" },
	{ "Thu, 01 Jan 2004 19:48:21 GMT", "2004-01-01T19:48:21Z" },
	{ "Thu,  5 Apr 2012 10:00:00 GMT", "2012-04-05T10:00:00Z" },
	{ "Mon, 1 Jan 2004 19:48:21 +0000", "2004-01-01T19:48:21Z" },
	{ "01 Jan 2004 19:48 EST", "2004-01-02T00:48:00Z" },
	{ "Thu, 01 Jan 04 19:48:21 PDT", "2004-01-02T02:48:21Z" },
	{ "Thu, 01 Jan 98 19:48:21 Z", "1998-01-01T19:48:21Z" },
	{ "Thu, 01 Jan 2004", "2004-01-01T00:00:00Z" },
	{ "Thu,\r\n 09 Feb 2006\r\n 23:59:45 +0000", "2006-02-09T23:59:45Z" },
	{ "Mon, 13 Feb, 2012 06:28:00 UTC", "2012-02-13T06:28:00Z" },
	{ "Wed, 19 Aug 2009 18:28:00 Etc/GMT", "2009-08-19T18:28:00Z" },
	{ "Wed, 19 Feb 2012 22:40:00 GMT-01:01", "2012-02-19T23:41:00Z" },
	{ "Thu, 30 Apr 2015 08:57:00 MEST", "2015-04-30T06:57:00Z" },
	{ "jeudi 5 août 2021 à 10:00", "2021-08-05T10:00:00Z" },
	{ "Вторник, 5 марта 2024 г. 10:00", "2024-03-05T10:00:00Z" },
	{ "Tue, 02 Aug 2005 12:09:14 +0000 (UTC)", "2005-08-02T12:09:14Z" },
	{ "03 Apr 02 1500 GMT", "2002-04-03T15:00:00Z" },
	{ "Friday, January 29, 2021 04:42 PM", "2021-01-29T16:42:00Z" },
	{ "29 January 2021 12:05 am", "2021-01-29T00:05:00Z" },
	{ "Sun Jan  4 16:29:06 2004", "2004-01-04T16:29:06Z" },
	{ "Sun Jan  4 16:29:06 PST 2004", "2004-01-05T00:29:06Z" },
	{ "Thu Aug 30 2012 17:26:16 +0200", "2012-08-30T15:26:16Z" },
	{ "31st of December 2003", "2003-12-31T00:00:00Z" },
	{ "2004\353\205\204 05\354\233\224 28\354\235\274  01:31:15",
	    "2004-05-27T16:31:15Z" },
	{ "2004-05-25 \354\230\244\355\233\204 11:23:17",
	    "2004-05-25T14:23:17Z" },
	{ "Κυρ, 11 Ιούλ 2004 12:00:00 EST", "2004-07-11T17:00:00Z" },
	{ "2004-július-13T9:15-05:00", "2004-07-13T14:15:00Z" },
	{ "mar. 12 mai 2020 10:00", "2020-05-12T10:00:00Z" },
	{ "Пт, 29 янв 2021 10:00:00 +0300", "2021-01-29T07:00:00Z" },
	{ "", NULL },
	{ "   ", NULL },
	{ "insert published date here", NULL },
	{ "07-01T01:55:07-05:00", NULL },
	{ "2003-13-01", NULL },
	{ "2003-02-29", NULL },
	{ "Thu, 31 Jun 2004 19:48:21 GMT", NULL },
	{ "2003-12-31T25:14:55Z", NULL },
	{ "2003-12-31T10:61:55Z", NULL },
	{ "99999999999999999999", NULL },
	{ "1 2 3 4 5", NULL },
};

static const struct {
	const char *in, *want;
} strict[] = {
	{ "2026-11-23T20:18:58Z", "2026-11-23T20:18:58Z" },
	{ "2026-11-23t20:18:58.25+02:00", "2026-11-23T18:18:58Z" },
	{ "2026-11-23", "2026-11-23T00:00:00Z" },
	{ "0000-03-01T00:00:00Z", "0000-03-01T00:00:00Z" },
	{ "9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z" },
	{ "1900-02-28T00:00:00Z", "1900-02-28T00:00:00Z" },
	{ "2026-11-23T20:18Z", NULL },
	{ "2026-11-23T20:18:58", NULL },
	{ "2026-11-23T20:18:58+0200", NULL },
	{ "2026-11-23T24:00:00Z", NULL },
	{ "2026-1-23", NULL },
	{ "2026-11-23 ", NULL },
	{ "2026-11-23T20:18:58Zx", NULL },
};

static const struct {
	const char *in;
	int64_t want; /* -1: none */
	const char *out;
} duration[] = {
	{ "90s", 90, "90s" },
	{ "15m", 900, "15m" },
	{ "2h", 7200, "2h" },
	{ "7d", 604800, "1w" },
	{ "4w", 2419200, "4w" },
	{ "1h30m", 5400, "90m" },
	{ "60", 60, "1m" },
	{ "0", 0, "0s" },
	{ "", -1, NULL },
	{ "m", -1, NULL },
	{ "5y", -1, NULL },
	{ "1h30", -1, NULL },
	{ "-5m", -1, NULL },
	{ "99999999999999999999w", -1, NULL },
	{ "9223372036854775807w", -1, NULL },
};

static void
check(enum th_status st, int64_t t, const char *in, const char *want,
    const char *what)
{
	char text[TH_DATE_SIZE] = "";

	if (want == NULL) {
		ok(st == TH_EDATA, what, in);
		return;
	}
	ok(st == TH_OK && th_date_format(t, text) == TH_OK &&
		strcmp(text, want) == 0,
	    what, in);
	if (strcmp(text, want) != 0)
		printf("# %s, not %s\n", text, want);
}

static void
check_durations(void)
{
	struct th_buf b;
	int64_t t;
	size_t i;

	th_buf_init(&b, 64);
	for (i = 0; i < sizeof(duration) / sizeof(*duration); i++) {
		t = -1;
		th_duration_parse(th_str(duration[i].in), &t);
		ok(t == duration[i].want, "duration: ", duration[i].in);
		if (t < 0)
			continue;
		th_buf_clear(&b);
		th_duration_format(t, &b);
		ok(th_str_is(th_buf_str(&b), duration[i].out),
		    "in one unit: ", duration[i].out);
	}
	th_buf_release(&b);
}

/* Every day from 1600 to 2400 comes back as the day it was. */
static bool
days_return(void)
{
	char text[TH_DATE_SIZE];
	int64_t t, back;

	for (t = INT64_C(-11676096000); t < INT64_C(13569465600); t += 86400)
		if (th_date_format(t, text) != TH_OK ||
		    th_date_parse_rfc3339(th_str(text), &back) != TH_OK ||
		    back != t)
			return false;
	return true;
}

int
main(void)
{
	char text[TH_DATE_RFC822_SIZE];
	char small[TH_DATE_SIZE];
	int64_t t;
	size_t i;
	enum th_status st;

	for (i = 0; i < sizeof(loose) / sizeof(*loose); i++) {
		t = 0;
		st = th_date_parse(th_str(loose[i].in), &t);
		check(st, t,
		    loose[i].in[0] == '\0' ? ""
		    : loose[i].want        ? loose[i].want
					   : "no date",
		    loose[i].want, "a feed's date: ");
	}
	for (i = 0; i < sizeof(strict) / sizeof(*strict); i++) {
		t = 0;
		st = th_date_parse_rfc3339(th_str(strict[i].in), &t);
		check(st, t, strict[i].in, strict[i].want, "RFC 3339: ");
	}
	check_durations();
	ok(days_return(), "", "every day of eight centuries is itself again");
	ok(th_date_format_rfc822(INT64_C(1795465138), text) == TH_OK &&
		strcmp(text, "Mon, 23 Nov 2026 20:18:58 GMT") == 0,
	    "", "RFC 822 form has the right weekday");
	ok(th_date_format_rfc822(-1, text) == TH_OK &&
		strcmp(text, "Wed, 31 Dec 1969 23:59:59 GMT") == 0,
	    "", "RFC 822 form works before 1970");
	ok(th_date_format(INT64_MAX, small) == TH_EDATA &&
		th_date_format(INT64_MIN, small) == TH_EDATA,
	    "", "years beyond 9999 are refused");
	ok(th_now_ms() / 1000 - th_now() <= 1, "", "both clocks agree");
	printf("1..%d\n", n);
	return failed > 0;
}

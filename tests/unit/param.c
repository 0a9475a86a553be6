/* options and settings: what is accepted, what is refused, and in which words
 */
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

static const struct th_param table[] = { { "search", TH_STRING, TH_P_FETCH,
					     NULL, "words", 0 },
	{ "home", TH_FLAG, TH_P_FETCH, NULL, "a flag", 0 },
	{ "jobs", TH_INT, TH_P_FETCH, NULL, "a number", 'j' },
	{ "age", TH_DURATION, TH_P_PUBLISH, NULL, "a duration", 0 },
	{ "url", TH_URL, TH_P_PUBLISH | TH_P_REQUIRED, NULL, "a URL", 0 },
	{ "tags", TH_LIST, TH_P_PUBLISH, NULL, "a list", 0 },
	{ "header", TH_REPEAT, TH_P_PUBLISH, NULL, "repeated", 0 },
	{ "text", TH_TEMPLATE, TH_P_PUBLISH, NULL, "a template", 0 },
	{ "position", TH_CHOICE, TH_P_PUBLISH, "top|bottom", "a choice", 0 },
	{ "file", TH_FILE, TH_P_FETCH, NULL, "a path", 0 },
	{ "token", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET, NULL, "a key", 0 },
	{ NULL, TH_STRING, 0, NULL, NULL, 0 } };

static const struct {
	const char *name, *arg;
	enum th_status want;
	const char *words;
} given[] = {
	{ "search", "#chess", TH_OK, NULL },
	{ "search", "\xff", TH_EUSAGE, "not UTF-8" },
	{ "home", NULL, TH_OK, NULL },
	{ "jobs", "16", TH_OK, NULL },
	{ "jobs", "-1", TH_EUSAGE, "whole number: -1" },
	{ "jobs", "", TH_EUSAGE, "whole number" },
	{ "jobs", "9223372036854775808", TH_EUSAGE, "whole number" },
	{ "jobs", NULL, TH_EUSAGE, "needs an argument" },
	{ "age", "1h30m", TH_OK, NULL },
	{ "age", "soon", TH_EUSAGE, "not a duration" },
	{ "url", "https://h/p", TH_OK, NULL },
	{ "url", "file:///etc/passwd", TH_EUSAGE, "not an http" },
	{ "url", "ftp://u:hunter2@h/", TH_EUSAGE, "not an http or https URL" },
	{ "position", "top", TH_OK, NULL },
	{ "position", "to", TH_EUSAGE, "one of top|bottom, not to" },
	{ "position", "", TH_EUSAGE, "one of top|bottom" },
	{ "position", "top|bottom", TH_EUSAGE, "one of" },
	{ "text", "{title}", TH_OK, NULL },
	{ "text", "{title", TH_EUSAGE, "--text: column" },
	{ "file", "", TH_EUSAGE, "not a path" },
	{ "file", "\xff", TH_OK, NULL },
	{ "token", "x", TH_EUSAGE, "unknown option --token" },
	{ "nothing", "x", TH_EUSAGE, "unknown option --nothing" },
};

static void
test_set(void)
{
	struct th_opts *o;
	struct th_err err;
	char name[128];
	size_t i;

	for (i = 0; i < sizeof(given) / sizeof(*given); i++) {
		memset(&err, 0, sizeof(err));
		o = th_opts_new(table);
		snprintf(name, sizeof(name), "--%s %s", given[i].name,
		    given[i].arg != NULL ? given[i].arg : "");
		ok(th_opts_set(o, given[i].name, given[i].arg, &err) ==
			    given[i].want &&
			(given[i].words == NULL ||
			    strstr(err.text, given[i].words) != NULL),
		    given[i].want == TH_OK ? "taken: " : "refused: ", name);
		th_opts_free(o);
	}
}

static void
test_values(void)
{
	struct th_opts *o = th_opts_new(table);
	struct th_err err = { 0 };

	ok(th_opts_check(o, TH_P_FETCH, &err) == TH_OK, "",
	    "what th-publish requires is nothing to th-fetch");
	ok(th_opts_check(o, TH_P_PUBLISH, &err) == TH_EUSAGE &&
		strcmp(err.text, "--url is missing") == 0,
	    "", "a required option that is missing is named");
	th_opts_set(o, "tags", " a, b ,,c", NULL);
	th_opts_set(o, "tags", "d", NULL);
	ok(th_opt_count(o, "tags") == 4 &&
		strcmp(th_opt_nth(o, "tags", 1), "b") == 0 &&
		strcmp(th_opt(o, "tags"), "d") == 0 &&
		th_opt_nth(o, "tags", 4) == NULL,
	    "", "lists add up, trimmed, without empty words");
	th_opts_set(o, "header", "A: 1,2", NULL);
	th_opts_set(o, "header", "B: 3", NULL);
	ok(th_opt_count(o, "header") == 2 &&
		strcmp(th_opt_nth(o, "header", 0), "A: 1,2") == 0,
	    "", "a repeated option keeps its commas");
	th_opts_set(o, "age", "15m", NULL);
	th_opts_set(o, "age", "2h", NULL);
	ok(th_opt_int(o, "age", 1) == 7200, "", "the last value counts");
	ok(th_opt_int(o, "jobs", 16) == 16 && th_opt(o, "jobs") == NULL &&
		!th_opt_flag(o, "home"),
	    "", "what was not given is not there");
	th_opts_free(o);
}

static const struct {
	const char *text;
	int64_t count, window;
} limits[] = {
	{ "5/15m", 5, 900 },
	{ "1/1d", 1, 86400 },
	{ "30/90", 30, 90 },
	{ "5", 0, 0 },
	{ "/15m", 0, 0 },
	{ "5/", 0, 0 },

	{ "5/0s", 0, 0 },
	{ "-5/1h", 0, 0 },
	{ "5/1h/2", 0, 0 },
	{ "", 0, 0 },
	{ "99999999999999999999/1h", 0, 0 },
};

static void
test_limits(void)
{
	struct th_limit l;
	enum th_status st;
	size_t i;

	for (i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		st = th_limit_parse(limits[i].text, &l, NULL);
		ok(limits[i].count > 0
			? st == TH_OK && l.n == limits[i].count &&
			      l.window == limits[i].window
			: st == TH_EUSAGE,
		    limits[i].count > 0 ? "a limit: " : "no limit: ",
		    limits[i].text);
	}
}

static const struct {
	const char *typed, *meant;
} words[] = {
	{ "limt", "limit" },
	{ "titel", "title" },
	{ "dat", "date" },
	{ "trelo", "trello" },
	{ "x", NULL },
	{ "T", NULL },
	{ "DATE", "date" },
	{ "Trelo", "trello" },
	{ "LIM", "limit" },
	{ "", NULL },
	{ "completely", NULL },
	{ "lim", "limit" },
};

static void
test_suggest(void)
{
	static const char *const known[] = { "limit", "title", "date",
		"trello" };
	struct th_suggest s;
	size_t i, k;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		th_suggest_init(&s, words[i].typed);
		for (k = 0; k < sizeof(known) / sizeof(*known); k++)
			th_suggest_offer(&s, known[k]);
		ok(words[i].meant == NULL
			? s.best == NULL
			: s.best != NULL && strcmp(s.best, words[i].meant) == 0,
		    "what was meant by ", words[i].typed);
	}
}

int
main(void)
{
	test_set();
	test_values();
	test_limits();
	test_suggest();
	printf("1..%d\n", n);
	return failed != 0;
}

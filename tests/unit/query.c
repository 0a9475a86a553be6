/* queries, as th-search takes them apart; what they mark in a text */
#include <string.h>

#include "tap.h"
#include "trigger.h"

static const char fields[] = "atgs", hows[] = "~=*";

/* The query in one line: minus, field, how, (words), one blank between. */
static bool
reads(const char *src, const char *want)
{
	struct th_query q = { 0 };
	struct th_buf b;
	bool good;
	size_t i;

	th_buf_init(&b, 4096);
	th_buf_adds(&b, "");
	if (th_query_parse(src, &q, NULL) != TH_OK) {
		printf("# %s: refused\n", src);
		th_buf_release(&b);
		return false;
	}
	for (i = 0; i < q.n; i++)
		th_buf_addf(&b, "%s%s%c%c(%s)", i > 0 ? " " : "",
		    q.term[i].minus ? "-" : "", fields[q.term[i].field],
		    hows[q.term[i].how], q.term[i].text);
	good = strcmp(b.data, want) == 0;
	if (!good)
		printf("# %s: %s\n", src, b.data);
	th_query_release(&q);
	th_buf_release(&b);
	return good;
}

static bool
dates(const char *src, const char *after, const char *before)
{
	struct th_query q = { 0 };
	int64_t from = INT64_MIN, to = INT64_MAX;
	bool good;

	if (th_query_parse(src, &q, NULL) != TH_OK ||
	    (after != NULL &&
		th_date_parse_rfc3339(th_str(after), &from) != TH_OK) ||
	    (before != NULL &&
		th_date_parse_rfc3339(th_str(before), &to) != TH_OK))
		return false;
	good = q.after == from && q.before == to && q.n == 0;
	th_query_release(&q);
	return good;
}

static bool
refuses(const char *src, size_t column)
{
	struct th_query q = { 0 };
	struct th_err err = { 0 };

	return th_query_parse(src, &q, &err) == TH_EUSAGE &&
	       err.column == column && err.text[0] != '\0';
}

/* What is marked in a text, with | between. */
static bool
marks(const char *src, const char *text, const char *want)
{
	struct th_query q = { 0 };
	struct th_marker *m;
	struct th_str word;
	struct th_buf b;
	bool good;

	if (th_query_parse(src, &q, NULL) != TH_OK ||
	    (m = th_marker_new(&q)) == NULL)
		return false;
	th_buf_init(&b, 4096);
	th_buf_adds(&b, "");
	th_marker_start(m, th_str(text));
	while (th_marker_next(m, &word))
		th_buf_addf(
		    &b, "%s%.*s", b.len > 0 ? "|" : "", (int)word.len, word.s);
	good = strcmp(b.data, want) == 0;
	if (!good)
		printf("# %s: %s\n", src, b.data);
	th_marker_free(m);
	th_query_release(&q);
	th_buf_release(&b);
	return good;
}

static void
test_terms(void)
{
	ok("words", reads(" one\ttwo ", "a~(one) a~(two)"));
	ok("a phrase", reads("\"one two\"", "a=(one two)"));
	ok("a phrase that does not close", reads("\"one two", "a=(one two)"));
	ok("a word in quotes", reads("\"one\"", "a=(one)"));
	ok("a beginning", reads("one*", "a*(one)"));
	ok("a phrase that ends in one", reads("\"one tw\"*", "a*(one tw)"));
	ok("minus", reads("a -b -\"c d\" -e*", "a~(a) -a~(b) -a=(c d) -a*(e)"));
	ok("plus means nothing", reads("+one", "a~(one)"));
	ok("fields", reads("title:a tag:b service:c", "t~(a) g~(b) s~(c)"));
	ok("fields in capitals, and tags",
	    reads("TITLE:a tags:b", "t~(a) g~(b)"));
	ok("a field with all there is", reads("-title:\"a b\"*", "-t*(a b)"));
	ok("a blank behind a field", reads("title: a -tag: \"b c\" note: d",
					 "t~(a) -g=(b c) a~(note) a~(d)"));
	ok("and nothing behind it", reads("a title:", "a~(a)"));
	ok("what is no field is words",
	    reads("Re:zero 12:30", "a=(Re zero) a=(12 30)"));
	ok("words written as one follow each other",
	    reads("aujourd'hui", "a=(aujourd hui)"));
	ok("an article is no word",
	    reads("l'\xc3\xa9t\xc3\xa9 D'or", "a~(\xc3\xa9t\xc3\xa9) a~(or)"));
	ok("with either apostrophe, in a field, as a beginning",
	    reads("title:l\xe2\x80\x99or -d'a*", "t~(or) -a*(a)"));
	ok("but in quotes it is", reads("\"l'or\"", "a=(l or)"));
	ok("and by itself", reads("l' d l'*", "a~(l) a~(d) a*(l)"));
	ok("signs alone are left out", reads("a && *** - b", "a~(a) a~(b)"));
	ok("quotes in a word part it", reads("a\"b", "a=(a b)"));
	ok("bytes that are no UTF-8 part words", reads("a\xff"
						       "b\xc3",
						     "a=(a b)"));
	ok("each Han character is a word",
	    reads("\xe5\xa4\xa9\xe6\xb0\x97", "a=(\xe5\xa4\xa9 \xe6\xb0\x97)"));
}

static void
test_dates(void)
{
	ok("after", dates("after:2026-11-20", "2026-11-20", NULL));
	ok("before", dates("before:2026-11-20", NULL, "2026-11-20"));
	ok("a day", dates("date:2026-11-30", "2026-11-30", "2026-12-01"));
	ok("a month", dates("date:2026-12", "2026-12-01", "2027-01-01"));
	ok("a short month", dates("date:2028-02", "2028-02-01", "2028-03-01"));
	ok("a year", dates("date:2024", "2024-01-01", "2025-01-01"));
	ok("from one to another",
	    dates("date:2025..2026-03", "2025-01-01", "2026-04-01"));
	ok("to one", dates("date:..2026", NULL, "2027-01-01"));
	ok("from one on", dates("date:2026..", "2026-01-01", NULL));
	ok("the narrowest of several counts",
	    dates("after:2020 after:2021 before:2030 before:2025", "2021-01-01",
		"2025-01-01"));
}

static void
test_refused(void)
{
	char long_one[20000], many[200];
	size_t i;

	ok("nothing", refuses("", 1));
	ok("signs alone", refuses(" !!! ", 1));
	ok("no date", refuses("a after:then", 3));
	ok("a month that is none", refuses("date:2026-13", 1));
	ok("a date left out", refuses("-after:2026", 1));
	memset(long_one, 'a', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = '\0';
	ok("a query too long", refuses(long_one, 1));
	for (i = 0; i < 65; i++)
		memcpy(many + 2 * i, "a ", 3);
	ok("too many words", refuses(many, 129));
}

static void
test_marks(void)
{
	ok("a word, its stems, its case",
	    marks("recettes", "Une RECETTE, des recettes, un reste",
		"RECETTE|recettes"));
	ok("without accents",
	    marks("ete", "l'\xc3\x89T\xc3\x89 ete", "\xc3\x89T\xc3\x89|ete"));
	ok("a beginning",
	    marks("bret*", "Bretagne, breton, pr\xc3\xaat", "Bretagne|breton"));
	ok("no stem of a phrase",
	    marks("\"recettes\"", "recette recettes", "recettes"));
	ok("nothing that is left out", marks("a -b", "a b", "a"));
	ok("any bytes", marks("a", "\xff\xc3 a \xf0\x9f", "a"));
}

int
main(void)
{
	test_terms();
	test_dates();
	test_refused();
	test_marks();
	return done();
}

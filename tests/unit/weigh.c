/* weigh: published examples of the weighted length, and the cut */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

static int n, failed;

static void
ok(bool good, const char *name)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++n, name);
	failed += !good;
}

/* Text and weight, as the rules' own conformance table and guide have them. */
static const struct {
	const char *name, *text;
	size_t weight;
} vector[] = {
	{ "nothing", "", 0 },
	{ "plain", "This is a test.", 15 },
	{ "latin with diacritics", "Caf\xc3\xa9 na\xc3\xafve", 10 },
	{ "a decomposed letter is one", "cafe\xcc\x81", 4 },
	{ "Japanese counts double", "\xe3\x81\x82\xe3\x81\x84\xe3\x81\x86", 6 },
	{ "Hangul counts double", "\xed\x95\x9c\xea\xb8\x80", 4 },
	{ "Arabic counts one", "\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7", 5 },
	{ "quotation marks count one", "\xe2\x80\x9cx\xe2\x80\x9d", 3 },
	{ "an ellipsis counts two", "\xe2\x80\xa6", 2 },
	{ "an https URL", "https://example.com/", 23 },
	{ "a long URL",
	    "https://example.com/a/very/long/path/"
	    "that/goes/on?and=on&and=on#and-on",
	    23 },
	{ "a URL between words", "see http://example.org/x now", 31 },
	{ "a bare domain", "example.com", 23 },
	{ "a country's domain", "bbc.co.uk", 23 },
	{ "a full stop behind a URL", "https://example.com/a.", 24 },
	{ "parentheses in a URL", "https://example.com/a_(b)", 23 },
	{ "parentheses around a URL", "(https://example.com/a)", 25 },
	{ "letters of Latin and Cyrillic in a path",
	    "https://example.com/caf\xc3\xa9/\xd1\x8f", 23 },
	{ "Japanese ends a path", "https://example.com/a\xe3\x81\x82", 25 },
	{ "two URLs", "http://a.example.com http://b.example.com", 47 },
	{ "a mail address is no URL", "me@example.com", 14 },
	{ "an emoji", "\xf0\x9f\x98\x80", 2 },
	{ "a skin tone", "\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbe", 2 },
	{ "a flag", "\xf0\x9f\x87\xab\xf0\x9f\x87\xb7", 2 },
	{ "two flags",
	    "\xf0\x9f\x87\xab\xf0\x9f\x87\xb7\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa",
	    4 },
	{ "a family",
	    "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f"
	    "\x91\xa7\xe2\x80\x8d\xf0\x9f\x91\xa6",
	    2 },
	{ "the rainbow flag",
	    "\xf0\x9f\x8f\xb3\xef\xb8\x8f\xe2\x80\x8d\xf0\x9f\x8c\x88", 2 },
	{ "the flag of England",
	    "\xf0\x9f\x8f\xb4\xf3\xa0\x81\xa7\xf3\xa0\x81\xa2\xf3\xa0\x81\xa5"
	    "\xf3\xa0\x81\xae\xf3\xa0\x81\xa7\xf3\xa0\x81\xbf",
	    2 },
	{ "a woman running",
	    "\xf0\x9f\x8f\x83\xe2\x80\x8d\xe2\x99\x80\xef\xb8\x8f", 2 },
	{ "a keycap", "1\xef\xb8\x8f\xe2\x83\xa3", 2 },
	{ "pictures that are not joined count apart",
	    "\xf0\x9f\x8d\x95\xe2\x80\x8d\xf0\x9f\x8d\x95", 5 },
	{ "copyright", "\xc2\xa9 2026", 6 },
	{ "a host nobody is sure of counts what is more",
	    "http://averyveryverylonghostname.internal/x", 43 },
	{ "a version is no URL", "version 1.2.3", 13 },
	{ "control characters are not there",
	    "a\x01\x02"
	    "b\xef\xbb\xbf",
	    2 },
};

static void
cut_is(const char *text, size_t max, const char *want, const char *name)
{
	struct th_buf b;
	size_t w = 0;

	th_buf_init(&b, 1 << 20);
	th_buf_adds(&b, "");
	ok(th_post_cut(th_str(text), max, &b) == TH_OK &&
		strcmp(b.data, want) == 0 &&
		th_post_weight(th_buf_str(&b), &w) == TH_OK && w <= max,
	    name);
	if (strcmp(b.data, want) != 0)
		printf("# %s (%zu)\n", b.data, w);
	th_buf_release(&b);
}

static void
test_long(void)
{
	struct th_buf in, out;
	size_t w = 0, i;

	th_buf_init(&in, 1 << 20);
	th_buf_init(&out, 1 << 20);
	for (i = 0; i < 5000; i++)
		th_buf_adds(&in, i % 7 == 0 ? " " : "\xe3\x81\x82");
	ok(th_post_cut(th_buf_str(&in), TH_POST_MAX, &out) == TH_OK &&
		th_post_weight(th_buf_str(&out), &w) == TH_OK &&
		w <= TH_POST_MAX && w > TH_POST_MAX - 20,
	    "5,000 characters come down to 280");
	th_buf_release(&in);
	th_buf_release(&out);
}

int
main(void)
{
	size_t i, w;

	for (i = 0; i < sizeof(vector) / sizeof(vector[0]); i++) {
		w = 9999;
		ok(th_post_weight(th_str(vector[i].text), &w) == TH_OK &&
			w == vector[i].weight,
		    vector[i].name);
		if (w != vector[i].weight)
			printf("# %zu, not %zu\n", w, vector[i].weight);
	}
	cut_is("short", 280, "short", "what fits stays");
	cut_is(
	    "one two three four", 12, "one two\xe2\x80\xa6", "a cut at a word");
	cut_is("abcdefghijklmnop", 10, "abcdefgh\xe2\x80\xa6",
	    "a word too long is cut inside");
	cut_is("see https://example.com/abc", 20, "see\xe2\x80\xa6",
	    "no cut inside a URL");
	cut_is("aaaaaa \xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d"
	       "\xf0\x9f\x91\xa7 bbbb",
	    10, "aaaaaa\xe2\x80\xa6", "no cut inside an emoji");
	test_long();
	printf("1..%d\n", n);
	return failed != 0;
}

/* scan -- the fast scanners and the portable ones agree */
#include <stdlib.h>
#include <string.h>

#include "../portable.h"
#include "tap.h"

#define ROOM 256

/* In memory of its own, so that a sanitizer sees a look behind the end. */
static bool
agree(const char *text, size_t len)
{
	char *alone = th_malloc(len), more[ROOM + 64] = { 0 };
	struct th_str s = { alone, len };
	struct outcome want;
	bool same;

	memcpy(alone, text, len);
	memcpy(more, text, len);
	memcpy(more + len, "\n\"\\\"", 4); /* the next line */
	want = scan_portable(s);
	same = same_outcome(want, scan_fast(s, s.s + len)) &&
	       same_outcome(want,
		   scan_fast((struct th_str){ more, len }, more + len + 64));
	free(alone);
	if (!same)
		printf("# %.*s\n", (int)len, text);
	return same;
}

/* A string of every length with every byte at every place. */
static bool
strings_agree(void)
{
	char text[ROOM];
	size_t len, at;
	int c;

	for (len = 0; len < 70; len++)
		for (at = 0; at <= len; at++)
			for (c = 0; c < 256; c++) {
				memset(text, 'x', sizeof(text));
				text[0] = text[len + 1] = '"';
				text[at] = (char)c;
				if (!agree(text, len + 2))
					return false;
			}
	return true;
}

/* Pieces that matter to a scanner, strung together at random. */
static bool
pieces_agree(void)
{
	static const char *const piece[] = { "\"", "\\", "\\\"", "\\u12aF", "{",
		"}", "[", "]", ":", ",", "1", "-0.5e+3", "true", "null", " ",
		"\t", "\n", "abcdefgh", "\xe3\x81\x82\xe3\x81\x84",
		"\"a\":", "\"long enough to need more than one step\"" };
	char text[ROOM];
	const char *p;
	size_t len, i;
	unsigned rnd = 1;

	for (i = 0; i < 100000; i++) {
		text[0] = "[{\""[i % 3];
		len = 1;
		do {
			rnd = rnd * 1103515245 + 12345;
			p = piece[(rnd >> 16) %
				  (sizeof(piece) / sizeof(*piece))];
			memcpy(text + len, p, strlen(p));
			len += strlen(p);
		} while (len < ROOM - 64 && (rnd >> 8) % 16 != 0);
		if (!agree(text, len))
			return false;
	}
	return true;
}

/* Every first two bytes with the third and fourth of every kind. */
static bool
utf8_agrees(size_t before, size_t behind)
{
	static const unsigned char kind[] = { 'a', 0x80, 0x8f, 0x90, 0x9f, 0xa0,
		0xbf, 0xc3, 0xe1, 0xf1, 0xff };
	size_t len = before + 4 + behind, n = sizeof(kind);
	char text[ROOM];
	unsigned i, j;

	memset(text, 'x', sizeof(text));
	for (i = 0; i < 256 * 256; i++)
		for (j = 0; j < n * n; j++) {
			text[before] = (char)(i >> 8);
			text[before + 1] = (char)i;
			text[before + 2] = (char)kind[j / n];
			text[before + 3] = (char)kind[j % n];
			if (th_utf8_fast((struct th_str){ text, len }) !=
			    (th_utf8_valid((struct th_str){ text, len }) ==
				len))
				return false;
		}
	return true;
}

int
main(void)
{
	ok("strings end at the same place", strings_agree());
	ok("texts of all kinds end, or go wrong, at the same place",
	    pieces_agree());
	if (!th_utf8_fast(TH_STR(""))) {
		ok("UTF-8 # SKIP this processor has no quick way", true);
		return done();
	}
	ok("the same is UTF-8 at the start", utf8_agrees(0, 40));
	ok("the same where two steps meet", utf8_agrees(30, 2));
	ok("the same at the very end", utf8_agrees(29, 0));
	return done();
}

/* point -- shows where in a text the mistake is */
#define _XOPEN_SOURCE 700 /* wcwidth() */
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "cmd.h"

#define BEFORE 56 /* columns of the text shown before the place */
#define AFTER 20  /* and behind it */

/* One character: its bytes, and its columns on a terminal. */
static size_t
one_character(const char *s, size_t len, int *columns)
{
	struct th_str whole = { s, len };
	uint32_t c;
	size_t n;

	*columns = 1;
	if (len > 4)
		whole.len = 4;
	if (th_utf8_valid(whole) == 0)
		return 1; /* shown as it is */
	n = th_utf8_decode(s, whole.len, &c);
	*columns = wcwidth((wchar_t)c);
	if (*columns < 0)
		*columns = 1; /* a control character is shown as '?' */
	/* C1 controls are shown as two. */
	if (c >= 0x80 && c < 0xa0)
		*columns = 2;
	return n;
}

/* Bytes of text that fill at most `columns`; *filled is how many they do. */
static size_t
prefix(struct th_str text, int columns, int *filled)
{
	size_t i = 0, n;
	int width;

	*filled = 0;
	while (i < text.len) {
		n = one_character(text.s + i, text.len - i, &width);
		if (*filled + width > columns)
			break;
		*filled += width;
		i += n;
	}
	return i;
}

/* White space is one blank wide, so that the caret finds its place. */
static char *
blank(const char *text)
{
	char *copy = th_strdup(text), *p;

	for (p = copy; p != NULL && *p != '\0'; p++)
		if (*p == '\t' || *p == '\n' || *p == '\r')
			*p = ' ';
	return copy;
}

void
cmd_point(const char *what, const char *text, const struct th_err *err)
{
	char *shown = blank(text);
	size_t len = strlen(text), at = err->column > 0 ? err->column - 1 : 0;
	size_t start = 0, tail;
	const char *cut = "";
	int columns, rest;

	if (at > len)
		at = len;
	cmd_warn("%s: %s", what, err->text);
	prefix((struct th_str){ text, at }, INT32_MAX, &columns);
	if (columns > BEFORE) {
		start = prefix(
		    (struct th_str){ text, at }, columns - BEFORE, &rest);
		columns -= rest;
		cut = "...";
	}
	tail = prefix((struct th_str){ text + at, len - at }, AFTER, &rest);
	cmd_warn("    %s%.*s%s", cut, (int)(at + tail - start),
	    (shown != NULL ? shown : text) + start,
	    at + tail < len ? "..." : "");
	free(shown);
	cmd_warn("    %*s^", columns + (int)strlen(cut), "");
	cmd_note(TH_EUSAGE);
	exit(cmd_finish());
}

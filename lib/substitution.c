/* substitution -- /REGEX/REPLACEMENT/FLAGS */
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

static enum th_status
fail_at(struct th_err *err, size_t at, const char *text)
{
	if (err != NULL)
		err->column = at + 1;
	return th_fail(err, TH_EUSAGE, "%s", text);
}

/* The place of the next delimiter that no backslash stands before. */
static size_t
part_length(struct th_str s, char delimiter)
{
	size_t i;

	for (i = 0; i < s.len && s.s[i] != delimiter; i++)
		if (s.s[i] == '\\' && i + 1 < s.len)
			i++;
	return i;
}

/* A copy in which an escaped delimiter is just that character. */
static char *
copy_part(struct th_str s, char delimiter)
{
	char *copy = th_malloc(s.len + 1);
	size_t i, n = 0;

	if (copy == NULL)
		return NULL;
	for (i = 0; i < s.len; i++) {
		if (s.s[i] == '\\' && i + 1 < s.len) {
			if (s.s[i + 1] != delimiter)
				copy[n++] = s.s[i];
			i++;
		}
		copy[n++] = s.s[i];
	}
	copy[n] = '\0';
	return copy;
}

static bool
is_delimiter(struct th_str s)
{
	return s.len > 0 && strchr("/,;:|#@!%+=~_^'\"", s.s[0]) != NULL;
}

static enum th_status
parse_flags(struct th_substitution *sub, struct th_str text, size_t at,
    bool *caseless, struct th_err *err)
{
	for (; at < text.len; at++)
		if (text.s[at] == 'g')
			sub->global = true;
		else if (text.s[at] == 'i')
			*caseless = true;
		else
			return fail_at(err, at,
			    "unknown flag; there are g (every match) and "
			    "i (upper and lower case are the same)");
	return TH_OK;
}

/* Compiles the pattern; `at` is where the replacement stands in the text. */
static enum th_status
compile(struct th_substitution *sub, const char *pattern, bool caseless,
    size_t at, struct th_err *err)
{
	enum th_status st =
	    th_regex_new(th_str(pattern), caseless, &sub->regex, err);

	if (st == TH_EUSAGE && err != NULL)
		err->column++;
	if (st != TH_OK)
		return st;
	st = th_regex_check(sub->regex, th_str(sub->replacement), err);
	if (st == TH_EUSAGE && err != NULL)
		err->column += at;
	return st;
}

enum th_status
th_substitution_init(
    struct th_substitution *sub, struct th_str text, struct th_err *err)
{
	struct th_str a, b;
	bool caseless = false;
	char *pattern;
	size_t at;
	enum th_status st;

	*sub = (struct th_substitution){ 0 };
	if (!is_delimiter(text))
		return fail_at(err, 0, "/REGEX/REPLACEMENT/ expected");
	a = (struct th_str){ text.s + 1, text.len - 1 };
	a.len = part_length(a, text.s[0]);
	at = 1 + a.len;
	if (at >= text.len)
		return fail_at(err, at, "the replacement is missing");
	b = (struct th_str){ text.s + at + 1, text.len - at - 1 };
	b.len = part_length(b, text.s[0]);
	st = parse_flags(sub, text, at + 1 + b.len + 1, &caseless, err);
	if (st != TH_OK)
		return st;
	pattern = copy_part(a, text.s[0]);
	sub->replacement = copy_part(b, text.s[0]);
	st = TH_ENOMEM;
	if (pattern != NULL && sub->replacement != NULL)
		st = compile(sub, pattern, caseless, at + 1, err);
	else
		th_fail(err, st, "%s", th_strstatus(st));
	free(pattern);
	if (st != TH_OK)
		th_substitution_release(sub);
	return st;
}

void
th_substitution_release(struct th_substitution *sub)
{
	th_regex_free(sub->regex);
	free(sub->replacement);
	*sub = (struct th_substitution){ 0 };
}

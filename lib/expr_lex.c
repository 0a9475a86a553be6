/* expr_lex -- the words of an expression */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "expr.h"
#include "priv.h"

enum th_status
th_expr_fail(struct th_lexer *lex, size_t at, const char *fmt, ...)
{
	char text[sizeof(lex->err->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (lex->err != NULL)
		lex->err->column = at + 1;
	return th_fail(lex->err, TH_EUSAGE, "%s", text);
}

/* Bytes of s that fit a pattern in which 0 stands for any digit. */
static bool
fits(struct th_str s, const char *pattern)
{
	size_t i;

	for (i = 0; pattern[i] != '\0'; i++)
		if (i >= s.len || (pattern[i] == '0' ? !th_is_digit(s.s[i])
						     : s.s[i] != pattern[i]))
			return false;
	return true;
}

static struct th_str
from(struct th_str s, size_t i)
{
	return (struct th_str){ s.s + i, s.len - i };
}

/* 2026-11-23, or with a time and perhaps a zone behind it. */
static size_t
date_length(struct th_str s)
{
	size_t i = sizeof("2026-11-23") - 1;

	if (i >= s.len || (s.s[i] != 'T' && s.s[i] != 't'))
		return i;
	for (i++; i < s.len &&
		  (th_is_digit(s.s[i]) || s.s[i] == ':' || s.s[i] == '.');
	     i++)
		;
	if (i < s.len && (s.s[i] == 'Z' || s.s[i] == 'z'))
		return i + 1;
	if (fits(from(s, i), "+00:00") || fits(from(s, i), "-00:00"))
		return i + 6;
	return i;
}

static enum th_status
lex_date(struct th_lexer *lex, struct th_str s)
{
	struct th_token *t = &lex->tok;

	t->type = TH_T_DATE;
	t->text = (struct th_str){ s.s, date_length(s) };
	/* No zone is UTC; seconds may be left out, but not what they follow. */
	if (!th_is_alnum(t->text.s[t->text.len - 1]) ||
	    (t->text.s[t->text.len - 1] | 0x20) == 't')
		return th_expr_fail(lex, t->at, "no such date");
	if (th_date_parse_rfc3339(t->text, &t->date) != TH_OK &&
	    (t->text.len == 10 || th_date_parse(t->text, &t->date) != TH_OK))
		return th_expr_fail(lex, t->at, "no such date");
	return TH_OK;
}

static size_t
digits(struct th_str s, size_t i)
{
	while (i < s.len && th_is_digit(s.s[i]))
		i++;
	return i;
}

/* 12, 1.5, 2e6: as in JSON. */
static size_t
number_length(struct th_str s)
{
	size_t i = digits(s, 0), j;

	if (i + 1 < s.len && s.s[i] == '.' && th_is_digit(s.s[i + 1]))
		i = digits(s, i + 1);
	if (i < s.len && (s.s[i] == 'e' || s.s[i] == 'E')) {
		j = i + 1;
		j += j < s.len && (s.s[j] == '+' || s.s[j] == '-');
		if (digits(s, j) > j)
			i = digits(s, j);
	}
	return i;
}

static enum th_status
lex_number(struct th_lexer *lex, struct th_str s)
{
	struct th_token *t = &lex->tok;
	struct th_value v = { TH_JSON_NUMBER, s };
	size_t i = number_length(s);
	int64_t seconds;

	t->type = TH_T_NUMBER;
	if (i == s.len || !th_is_alnum(s.s[i])) {
		v.raw.len = i;
		t->text = v.raw;
		th_value_number(&v, &t->number);
		return TH_OK;
	}
	while (i < s.len && th_is_alnum(s.s[i]))
		i++;
	t->type = TH_T_DURATION;
	t->text = (struct th_str){ s.s, i };
	if (th_duration_parse(t->text, &seconds) != TH_OK)
		return th_expr_fail(lex, t->at,
		    "neither a number nor a duration such as 90s, 15m, 2h, 7d");
	t->number = (double)seconds;
	t->date = seconds;
	return TH_OK;
}

/* A backslash takes the next character with it; what it means comes later. */
static enum th_status
lex_string(struct th_lexer *lex, struct th_str s)
{
	size_t i;

	for (i = 1; i < s.len && s.s[i] != s.s[0]; i++)
		if (s.s[i] == '\\')
			i++;
	if (i >= s.len)
		return th_expr_fail(lex, lex->tok.at, "this string has no end");
	lex->tok.type = TH_T_STRING;
	lex->tok.text = (struct th_str){ s.s + 1, i - 1 };
	return TH_OK;
}

/* Longer ones first.  Those with a hint belong to other languages. */
static const struct {
	const char *text;
	enum th_op op;
	const char *meant;
} operators[] = {
	{ "==", TH_EQ, "=" },
	{ "=~", TH_MATCH, "~" },
	{ "!=", TH_NE, NULL },
	{ "!~", TH_NOMATCH, NULL },
	{ "<>", TH_NE, "!=" },
	{ "<=", TH_LE, NULL },
	{ ">=", TH_GE, NULL },
	{ "&&", TH_EQ, "and" },
	{ "||", TH_EQ, "or" },
	{ "=", TH_EQ, NULL },
	{ "<", TH_LT, NULL },
	{ ">", TH_GT, NULL },
	{ "~", TH_MATCH, NULL },
	{ "!", TH_EQ, "not" },
	{ "&", TH_EQ, "and" },
	{ "|", TH_EQ, "or" },
};

static enum th_status
lex_operator(struct th_lexer *lex, struct th_str s)
{
	struct th_token *t = &lex->tok;
	size_t i, len;

	for (i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		if (!th_str_has_prefix(s, operators[i].text))
			continue;
		if (operators[i].meant != NULL)
			return th_expr_fail(lex, t->at,
			    "no operator %s; did you mean %s?",
			    operators[i].text, operators[i].meant);
		t->type = TH_T_OP;
		t->op = operators[i].op;
		t->text = (struct th_str){ s.s, strlen(operators[i].text) };
		return TH_OK;
	}
	len = 1;
	while (len < s.len && ((unsigned char)s.s[len] & 0xc0) == 0x80)
		len++;
	return th_expr_fail(
	    lex, t->at, "\"%.*s\" means nothing here", (int)len, s.s);
}

/* Quotes of a text, as word processors and web pages put for those of code. */
static bool
is_printers_quote(struct th_str s)
{
	static const char *const quotes[] = { "\xe2\x80\x98", "\xe2\x80\x99",
		"\xe2\x80\x9a", "\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\x9e",
		"\xc2\xab", "\xc2\xbb" };
	size_t i;

	for (i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++)
		if (th_str_has_prefix(s, quotes[i]))
			return true;
	return false;
}

enum th_status
th_expr_lex(struct th_lexer *lex)
{
	struct th_token *t = &lex->tok;
	struct th_str s;
	enum th_status st = TH_OK;

	while (lex->pos < lex->src.len &&
	       strchr(" \t\r\n", lex->src.s[lex->pos]) != NULL)
		lex->pos++;
	s = from(lex->src, lex->pos);
	*t = (struct th_token){ .at = lex->pos, .text = { s.s, 0 } };
	if (s.len == 0)
		return TH_OK;
	if (is_printers_quote(s))
		return th_expr_fail(
		    lex, t->at, "a string stands between \" or '");
	t->text.len = th_field_scan(s);
	if (t->text.len > 0) {
		t->type = TH_T_NAME;
	} else if (fits(s, "0000-00-00")) {
		st = lex_date(lex, s);
	} else if (th_is_digit(s.s[0])) {
		st = lex_number(lex, s);
	} else if (s.s[0] == '"' || s.s[0] == '\'') {
		st = lex_string(lex, s);
	} else if (strchr("()+-", s.s[0]) != NULL) {
		t->type = TH_T_CHAR;
		t->text.len = 1;
	} else {
		st = lex_operator(lex, s);
	}
	lex->pos += t->text.len + 2 * (t->type == TH_T_STRING);
	return st;
}

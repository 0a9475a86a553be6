/* trigger-literal -- arguments that are written in a little language */
#include <string.h>

#include "trigger-check.h"

/* Each: is it right?  err->column is the place in it, from 1, or 0. */

static enum th_status
read_expression(const char *text, struct th_err *err)
{
	struct th_expr *e = NULL;
	enum th_status st = th_expr_new(text, th_now(), &e, err);

	th_expr_free(e);
	return st;
}

static enum th_status
read_template(const char *text, struct th_err *err)
{
	struct th_template *t = NULL;
	enum th_status st = th_template_new(text, &t, err);

	th_template_free(t);
	return st;
}

/* What follows the field: "title={title|upper}", "title/a/b/g". */
static enum th_status
read_behind(const char *text, const char *mark, struct th_err *err,
    enum th_status (*read)(const char *, struct th_err *))
{
	const size_t n = strcspn(text, mark);
	enum th_status st;

	if (n == 0 || text[n] == '\0')
		return th_fail(err, TH_EUSAGE, "no FIELD%s in front", mark);
	st = read(text + n + (*mark == '='), err);
	if (st != TH_OK && err->column > 0)
		err->column += n + (*mark == '=');
	return st;
}

static enum th_status
read_setting(const char *text, struct th_err *err)
{
	return read_behind(text, "=", err, read_template);
}

static enum th_status
read_rule(const char *text, struct th_err *err)
{
	struct th_substitution s = { 0 };
	enum th_status st = th_substitution_init(&s, th_str(text), err);

	if (st == TH_OK)
		th_substitution_release(&s);
	return st;
}

static enum th_status
read_replacement(const char *text, struct th_err *err)
{
	return read_behind(text, "/", err, read_rule);
}

static enum th_status
read_duration(const char *text, struct th_err *err)
{
	int64_t t;

	if (th_duration_parse(th_str(text), &t) == TH_OK)
		return TH_OK;
	return th_fail(err, TH_EUSAGE, "not a duration such as 15m, 2h or 7d");
}

static enum th_status
read_number(const char *text, struct th_err *err)
{
	int64_t n;

	if (th_int_parse(th_str(text), &n) == TH_OK)
		return TH_OK;
	return th_fail(err, TH_EUSAGE, "not a whole number");
}

static enum th_status
read_limit(const char *text, struct th_err *err)
{
	struct th_limit limit;

	return th_limit_parse(text, &limit, err);
}

static enum th_status
read_since(const char *text, struct th_err *err)
{
	int64_t t;

	if (th_date_parse_rfc3339(th_str(text), &t) == TH_OK ||
	    th_duration_parse(th_str(text), &t) == TH_OK)
		return TH_OK;
	return th_fail(err, TH_EUSAGE,
	    "neither a date such as 2026-12-24 nor a duration such as 7d");
}

static const struct {
	const char *form; /* as --help has it */
	enum th_status (*read)(const char *, struct th_err *);
} languages[] = {
	{ "DATE|DURATION", read_since },
	{ "DURATION", read_duration },
	{ "EXPRESSION", read_expression },
	{ "FIELD/REGEX/REPLACEMENT/FLAGS", read_replacement },
	{ "FIELD=TEMPLATE", read_setting },
	{ "N", read_number },
	{ "N/DURATION", read_limit },
	{ "TEMPLATE", read_template },
};

/* The place in the script of a byte of a word's text. */
static void
place_of(const struct th_shell_word *w, size_t at, size_t *line, size_t *column)
{
	size_t i;

	*line = w->line;
	*column = w->column;
	for (i = 0; i <= at && i <= w->text.len && !w->shifted; i++) {
		if (w->quoted && i == w->quote_at)
			++*column;
		if (i == at)
			break;
		++*column;
		if (w->text.data[i] == '\n') {
			++*line;
			*column = 1;
		}
	}
}

void
check_literal(struct check *k, const struct th_shell_word *w, size_t offset,
    struct th_str form)
{
	struct th_err err = { 0 };
	size_t i, line, column;
	enum th_status st;

	for (i = 0; i < sizeof(languages) / sizeof(*languages); i++)
		if (th_str_is(form, languages[i].form))
			break;
	if (i == sizeof(languages) / sizeof(*languages))
		return;
	st = languages[i].read(w->text.data + offset, &err);
	if (st == TH_ENOMEM)
		cmd_check(st, &err);
	if (st == TH_OK)
		return;
	place_of(
	    w, offset + (err.column > 0 ? err.column - 1 : 0), &line, &column);
	check_complain(k, line, column, "%s", err.text);
}

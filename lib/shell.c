/*
 * shell -- a script as simple commands, as far as one can tell
 *
 * Not a shell: what is made at run time ($x, `x`, $(x)) is marked and passed
 * over, and so is what stands in a case.  What is left is enough to find a
 * misspelt command or option before the night it would have run.
 */
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

#define WORD_MAX ((size_t)1 << 20)

struct reader {
	const char *p, *end, *line_start;
	size_t line;
	char heredoc[128]; /* ends at a line like this; "" */
	bool cut_tabs;
	struct th_shell *w;
	size_t cap;
	enum th_status status;
};

/* NULL: no memory. */
static struct th_shell_word *
new_word(struct reader *r, bool first)
{
	struct th_shell *w = r->w;
	size_t more = r->cap > 0 ? 2 * r->cap : 64;
	struct th_shell_word *p = w->word;

	if (w->n == r->cap) {
		p = th_realloc(w->word, more * sizeof(*p));
		if (p == NULL) {
			r->status = TH_ENOMEM;
			return NULL;
		}
		r->cap = more;
		w->word = p;
	}
	p = &w->word[w->n++];
	*p = (struct th_shell_word){ .line = r->line,
		.column = (size_t)(r->p - r->line_start) + 1,
		.first = first };
	th_buf_init(&p->text, WORD_MAX);
	return p;
}

static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static void
new_line(struct reader *r)
{
	r->line++;
	r->line_start = r->p;
}

static void
take_char(struct reader *r, struct th_shell_word *w)
{
	th_buf_addc(&w->text, *r->p);
	if (*r->p++ == '\n')
		new_line(r);
}

/* "$(...)", "${...}", "$((...))": up to where it closes. */
static void
skip_nested(struct reader *r, char open, char close)
{
	int depth = 0;

	for (; r->p < r->end; r->p++) {
		if (*r->p == open)
			depth++;
		if (*r->p == '\n') {
			r->line++;
			r->line_start = r->p + 1;
		}
		if (*r->p == close && --depth == 0) {
			r->p++;
			return;
		}
	}
}

static void
take_dollar(struct reader *r, struct th_shell_word *w)
{
	w->dynamic = true;
	r->p++;
	if (r->p < r->end && *r->p == '(')
		skip_nested(r, '(', ')');
	else if (r->p < r->end && *r->p == '{')
		skip_nested(r, '{', '}');
}

static void
take_quoted(struct reader *r, struct th_shell_word *w, char quote)
{
	r->p++;
	while (r->p < r->end && *r->p != quote) {
		if (quote == '"' && *r->p == '$') {
			take_dollar(r, w);
			continue;
		}
		if (quote == '"' && *r->p == '`')
			w->dynamic = true;
		if (quote == '"' && *r->p == '\\' && r->p + 1 < r->end &&
		    is_one_of(r->p[1], "$`\"\\\n"))
			r->p++;
		take_char(r, w);
	}
	if (r->p < r->end)
		r->p++;
}

static void
take_word(struct reader *r, bool first)
{
	struct th_shell_word *w = new_word(r, first);

	if (w == NULL)
		return;
	while (r->p < r->end && !is_one_of(*r->p, " \t\n|&;()<>")) {
		if (*r->p == '\'' || *r->p == '"') {
			w->quoted = true;
			take_quoted(r, w, *r->p);
		} else if (*r->p == '$') {
			take_dollar(r, w);
		} else if (*r->p == '\\' && r->p + 1 < r->end) {
			r->p++;
			take_char(r, w);
		} else {
			if (is_one_of(*r->p, "`*?["))
				w->dynamic = true;
			take_char(r, w);
		}
	}
	if (w->text.status != TH_OK)
		r->status = w->text.status;
}

/* "<<EOF": its lines begin after the present one. */
static void
take_redirection(struct reader *r)
{
	bool here = r->end - r->p > 1 && r->p[0] == '<' && r->p[1] == '<';
	struct th_shell_word *w;

	while (r->p < r->end && is_one_of(*r->p, "<>&|"))
		r->p++;
	r->cut_tabs = here && r->p < r->end && *r->p == '-';
	if (r->cut_tabs)
		r->p++;
	while (r->p < r->end && is_one_of(*r->p, " \t"))
		r->p++;
	take_word(r, false);
	if (r->status != TH_OK)
		return;
	w = &r->w->word[--r->w->n];
	if (here && w->text.data != NULL)
		snprintf(r->heredoc, sizeof(r->heredoc), "%s", w->text.data);
	th_buf_release(&w->text);
}

static void
skip_heredoc(struct reader *r)
{
	struct th_str line;
	const char *nl;

	while (r->heredoc[0] != '\0' && r->p < r->end) {
		nl = memchr(r->p, '\n', (size_t)(r->end - r->p));
		line = (struct th_str){ r->p,
			(size_t)((nl != NULL ? nl : r->end) - r->p) };
		while (r->cut_tabs && line.len > 0 && line.s[0] == '\t') {
			line.s++;
			line.len--;
		}
		if (th_str_is(line, r->heredoc))
			r->heredoc[0] = '\0';
		r->p = nl != NULL ? nl + 1 : r->end;
		new_line(r);
	}
}

static void
skip_comment(struct reader *r)
{
	while (r->p < r->end && *r->p != '\n')
		r->p++;
}

/* After these another command begins. */
static bool
is_lead(const struct th_shell_word *w)
{
	static const char *const all[] = { "if", "then", "else", "elif", "do",
		"while", "until", "!", "{", "time", NULL };
	size_t i;

	for (i = 0; !w->quoted && w->text.data != NULL && all[i] != NULL; i++)
		if (strcmp(w->text.data, all[i]) == 0)
			return true;
	return false;
}

/* "NAME=value" in front of a command. */
static bool
is_assignment(const struct th_shell_word *w)
{
	const char *s = w->text.data;
	size_t n =
	    s == NULL ? 0
		      : strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR"
				  "STUVWXYZ0123456789_");

	return n > 0 && s[n] == '=';
}

static bool
is_number(const struct th_shell_word *w)
{
	return w->text.len > 0 &&
	       w->text.data[strspn(w->text.data, "0123456789")] == '\0';
}

enum th_status
th_shell_read(struct th_str text, struct th_shell *ret)
{
	struct reader r = { .p = text.s,
		.end = text.s + text.len,
		.line_start = text.s,
		.line = 1,
		.w = ret };
	bool first = true;
	struct th_shell_word *w;

	*ret = (struct th_shell){ 0 };
	while (r.p < r.end && r.status == TH_OK) {
		if (is_one_of(*r.p, " \t")) {
			r.p++;
		} else if (*r.p == '\\' && r.p + 1 < r.end && r.p[1] == '\n') {
			r.p += 2;
			new_line(&r);
		} else if (*r.p == '\n') {
			r.p++;
			new_line(&r);
			skip_heredoc(&r);
			first = true;
		} else if (*r.p == '#') {
			skip_comment(&r);
		} else if (is_one_of(*r.p, "<>")) {
			take_redirection(&r);
		} else if (is_one_of(*r.p, "|&;()")) {
			if (*r.p == '(' && ret->n > 0)
				ret->word[ret->n - 1].called = true;
			r.p++;
			first = true;
		} else {
			take_word(&r, first);
			if (r.status != TH_OK)
				break;
			w = &ret->word[ret->n - 1];
			/* "2>file": the number belongs to the arrow. */
			if (is_number(w) && r.p < r.end &&
			    is_one_of(*r.p, "<>")) {
				th_buf_release(&ret->word[--ret->n].text);
				continue;
			}
			first = first && (is_lead(w) || is_assignment(w));
		}
	}
	if (r.status != TH_OK)
		th_shell_release(ret);
	return r.status;
}

void
th_shell_release(struct th_shell *w)
{
	while (w->n > 0)
		th_buf_release(&w->word[--w->n].text);
	free(w->word);
	w->word = NULL;
}

enum th_status
th_shell_quote(struct th_str s, struct th_buf *ret)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP"
				    "QRSTUVWXYZ0123456789_-./:=@%+,";
	size_t i;

	for (i = 0; i < s.len && is_one_of(s.s[i], plain); i++)
		;
	if (i > 0 && i == s.len)
		return th_buf_add(ret, s.s, s.len);
	th_buf_addc(ret, '\'');
	for (i = 0; i < s.len; i++)
		if (s.s[i] == '\'')
			th_buf_adds(ret, "'\\''");
		else
			th_buf_addc(ret, s.s[i]);
	return th_buf_addc(ret, '\'');
}

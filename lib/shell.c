/*
 * shell -- a script as simple commands, as far as one can tell
 *
 * Not a shell: nothing is run, and what is made at run time ($x, `x`, $(x)) is
 * marked.  The commands inside of $(...) and `...` are given after those of the
 * script around them.  What is left is enough to find a misspelt command,
 * option or expression before the night it would have run.
 */
#include <stdlib.h>
#include <string.h>

#include "priv.h"

#define WORD_MAX ((size_t)1 << 20)
#define DEPTH_MAX 40 /* of $( in $( */
#define CASES_MAX 60
#define HERE_MAX 8 /* here-documents that one line begins */

/* What the next word is. */
enum place {
	COMMAND,  /* a command's name, or what leads to one */
	ARGUMENT, /* anything */
	FUNCTION, /* the name of a function */
	FOR,      /* "for x in a b": up to where do is */
	SUBJECT,  /* "case x in" */
	PATTERN,  /* of a case, up to ) */
	TEST,     /* "[[ ... ]]" */
	ELEMENT   /* of an array: "x=( ... )" */
};

struct here {
	char end[128];
	bool cut_tabs;
};

struct reader {
	const char *p, *end, *line_start;
	size_t line, depth;
	struct here here[HERE_MAX];
	size_t nhere;
	struct th_shell inner; /* of $(...) that were read */
	size_t inner_cap;
	enum th_status status;
};

/* Commands up to one end: a script, or what stands between $( and ). */
struct level {
	struct reader *r;
	struct th_shell *w;
	size_t cap;
	char close;    /* ')', '`', or '\0' */
	size_t parens; /* of subshells that are open */
	size_t cases;
	size_t parens_of[CASES_MAX];
	enum place place, after_array;
};

static void read_inner(struct reader *, char close);

static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

static bool
sees(const struct reader *r, const char *text)
{
	const size_t n = strlen(text);

	return (size_t)(r->end - r->p) >= n && memcmp(r->p, text, n) == 0;
}

/* Goes over one character. */
static void
pass(struct reader *r)
{
	if (*r->p++ == '\n') {
		r->line++;
		r->line_start = r->p;
	}
}

/* ---- the list of words ---- */

static struct th_shell_word *
new_word(struct reader *r, struct th_shell *w, size_t *cap)
{
	size_t more = *cap > 0 ? 2 * *cap : 64;
	struct th_shell_word *p;

	if (w->n == *cap) {
		p = th_realloc(w->word, more * sizeof(*p));
		if (p == NULL) {
			r->status = TH_ENOMEM;
			return NULL;
		}
		*cap = more;
		w->word = p;
	}
	p = &w->word[w->n++];
	*p = (struct th_shell_word){ .line = r->line,
		.column = (size_t)(r->p - r->line_start) + 1 };
	th_buf_init(&p->text, WORD_MAX);
	return p;
}

/* Moves the words of one list to the end of another. */
static void
move_words(
    struct reader *r, struct th_shell *from, struct th_shell *to, size_t *cap)
{
	struct th_shell_word *w;
	size_t i;

	for (i = 0; i < from->n && r->status == TH_OK; i++)
		if ((w = new_word(r, to, cap)) != NULL) {
			*w = from->word[i];
			w->inner = true;
			from->word[i] = (struct th_shell_word){ 0 };
		}
	th_shell_release(from);
}

/* ---- words ---- */

static void
take_char(struct reader *r, struct th_shell_word *w)
{
	th_buf_addc(&w->text, *r->p);
	pass(r);
}

/* "$((1 + 2))", "((i++))": up to where both close. */
static void
skip_arithmetic(struct reader *r)
{
	size_t depth = 0;

	while (r->p < r->end) {
		if (sees(r, "$(") && !sees(r, "$((")) {
			r->p += 2;
			read_inner(r, ')');
			continue;
		}
		if (*r->p == '(')
			depth++;
		if (*r->p == ')' && --depth == 0) {
			pass(r);
			return;
		}
		pass(r);
	}
}

static void skip_braces(struct reader *);

/* What a dollar leads to. */
static void
skip_dollar(struct reader *r)
{
	r->p++;
	if (sees(r, "((")) {
		skip_arithmetic(r);
	} else if (sees(r, "(")) {
		r->p++;
		read_inner(r, ')');
	} else if (sees(r, "{")) {
		skip_braces(r);
	} else if (r->p < r->end && is_one_of(*r->p, "#$?!*@-")) {
		r->p++;
	} else {
		while (r->p < r->end && (th_is_alnum(*r->p) || *r->p == '_'))
			r->p++;
	}
}

/* "${x:-"$(y)"}" */
static void
skip_braces(struct reader *r)
{
	bool quoted = false;

	while (r->p < r->end) {
		if (*r->p == '\\' && r->end - r->p > 1) {
			r->p++;
			pass(r);
		} else if (*r->p == '$' && !sees(r, "$}")) {
			if (r->depth++ < DEPTH_MAX)
				skip_dollar(r);
			else
				r->p++;
			r->depth--;
		} else if (*r->p == '`') {
			r->p++;
			read_inner(r, '`');
		} else if (*r->p == '}' && !quoted) {
			r->p++;
			return;
		} else {
			quoted = quoted != (*r->p == '"');
			pass(r);
		}
	}
}

static void
take_dollar(struct reader *r, struct th_shell_word *w)
{
	w->dynamic = true;
	skip_dollar(r);
}

static void
take_double(struct reader *r, struct th_shell_word *w)
{
	while (r->p < r->end && *r->p != '"') {
		if (*r->p == '$') {
			take_dollar(r, w);
		} else if (*r->p == '`') {
			w->dynamic = true;
			r->p++;
			read_inner(r, '`');
		} else {
			if (*r->p == '\\' && r->end - r->p > 1 &&
			    is_one_of(r->p[1], "$`\"\\\n")) {
				w->shifted = true;
				r->p++;
				/* A line that goes on. */
				if (*r->p == '\n') {
					pass(r);
					continue;
				}
			}
			take_char(r, w);
		}
	}
	if (r->p < r->end)
		r->p++;
}

static void
take_single(struct reader *r, struct th_shell_word *w, bool escapes)
{
	while (r->p < r->end && *r->p != '\'') {
		if (escapes && *r->p == '\\' && r->end - r->p > 1)
			r->p++;
		take_char(r, w);
	}
	if (r->p < r->end)
		r->p++;
}

static void
take_quoted(struct reader *r, struct th_shell_word *w)
{
	const char quote = *r->p;

	/* A quotation at the end lies one column further. */
	if (w->quoted)
		w->shifted = true;
	else
		w->quote_at = w->text.len;
	w->quoted = true;
	r->p++;
	if (quote == '"')
		take_double(r, w);
	else
		take_single(r, w, false);
}

static bool
ends_word(const struct level *l)
{
	const char c = *l->r->p;

	return is_one_of(c, " \t\n|&;()<>") || (c == '`' && l->close == '`');
}

static void
take_piece(struct level *l, struct th_shell_word *w)
{
	struct reader *r = l->r;

	if (*r->p == '\'' || *r->p == '"') {
		take_quoted(r, w);
		return;
	}
	if (w->quoted)
		w->shifted = true;
	if (sees(r, "$'")) {
		w->dynamic = w->quoted = true;
		r->p += 2;
		take_single(r, w, true);
	} else if (*r->p == '$') {
		take_dollar(r, w);
	} else if (*r->p == '`') {
		w->dynamic = true;
		r->p++;
		read_inner(r, '`');
	} else if (*r->p == '\\' && r->end - r->p > 1) {
		w->shifted = true;
		r->p++;
		if (*r->p == '\n')
			pass(r);
		else
			take_char(r, w);
	} else {
		if (is_one_of(*r->p, "*?["))
			w->dynamic = true;
		take_char(r, w);
	}
}

/* NULL: no memory. */
static struct th_shell_word *
take_word(struct level *l)
{
	struct reader *r = l->r;
	struct th_shell_word *w = new_word(r, l->w, &l->cap);

	if (w == NULL)
		return NULL;
	while (r->p < r->end && !ends_word(l) && r->status == TH_OK)
		take_piece(l, w);
	if (w->text.status != TH_OK)
		r->status = w->text.status;
	return r->status == TH_OK ? w : NULL;
}

static void
drop_word(struct th_shell *w)
{
	th_buf_release(&w->word[--w->n].text);
}

/* ---- redirections ---- */

static void
expect_heredoc(struct reader *r, const struct th_shell_word *w, bool cut_tabs)
{
	struct here *h;

	if (r->nhere == HERE_MAX)
		return;
	h = &r->here[r->nhere++];
	h->cut_tabs = cut_tabs;
	snprintf(h->end, sizeof(h->end), "%s",
	    w->text.data != NULL ? w->text.data : "");
}

/* ">file", "<<EOF", "<<<word", "<(command)". */
static void
take_redirection(struct level *l)
{
	struct reader *r = l->r;
	const bool here = sees(r, "<<") && !sees(r, "<<<");
	struct th_shell_word *w;
	bool cut_tabs;

	/* It is a word, the name of a pipe that the shell makes. */
	if (sees(r, "<(") || sees(r, ">(")) {
		if ((w = new_word(r, l->w, &l->cap)) == NULL)
			return;
		w->dynamic = w->quoted = true;
		r->p += 2;
		read_inner(r, ')');
		return;
	}
	while (r->p < r->end && is_one_of(*r->p, "<>&|") && !sees(r, "<("))
		r->p++;
	cut_tabs = here && sees(r, "-");
	if (cut_tabs)
		r->p++;
	while (r->p < r->end && is_one_of(*r->p, " \t"))
		r->p++;
	if (r->p == r->end || sees(r, "<(") || ends_word(l))
		return;
	if ((w = take_word(l)) == NULL)
		return;
	if (here)
		expect_heredoc(r, w, cut_tabs);
	drop_word(l->w);
}

/* The documents that the line behind us began. */
static void
skip_heredocs(struct reader *r)
{
	struct th_str line;
	const char *nl;
	size_t i;

	for (i = 0; i < r->nhere && r->p < r->end;) {
		nl = memchr(r->p, '\n', (size_t)(r->end - r->p));
		line = (struct th_str){ r->p,
			(size_t)((nl != NULL ? nl : r->end) - r->p) };
		while (
		    r->here[i].cut_tabs && line.len > 0 && line.s[0] == '\t') {
			line.s++;
			line.len--;
		}
		if (th_str_is(line, r->here[i].end))
			i++;
		r->p = nl != NULL ? nl : r->end;
		if (nl != NULL)
			pass(r);
	}
	r->nhere = 0;
}

/* ---- commands ---- */

static bool
is_plain(const struct th_shell_word *w, const char *text)
{
	return !w->quoted && !w->dynamic &&
	       th_str_is(th_buf_str(&w->text), text);
}

/* After these another command begins. */
static bool
is_lead(const struct th_shell_word *w)
{
	static const char *const all[] = { "if", "then", "else", "elif", "do",
		"while", "until", "!", "{", "time", "coproc", NULL };
	size_t i;

	for (i = 0; all[i] != NULL; i++)
		if (is_plain(w, all[i]))
			return true;
	return false;
}

/* "NAME=value", "NAME+=value", "NAME[i]=value" in front of a command. */
static bool
is_assignment(const struct th_shell_word *w)
{
	const char *s = w->text.data != NULL ? w->text.data : "";
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR"
			     "STUVWXYZ0123456789_");

	if (n == 0 || w->text.len == n)
		return false;
	if (s[n] == '[')
		n += strcspn(s + n, "=");
	return s[n] == '=' || (s[n] == '+' && s[n + 1] == '=');
}

static bool
is_number(const struct th_shell_word *w)
{
	return !w->quoted && w->text.len > 0 &&
	       w->text.data[strspn(w->text.data, "0123456789")] == '\0';
}

static void
open_case(struct level *l)
{
	l->place = SUBJECT;
	if (l->cases == CASES_MAX) {
		l->place = ARGUMENT;
		return;
	}
	l->parens_of[l->cases++] = l->parens;
	l->parens = 0;
}

static void
close_case(struct level *l)
{
	if (l->cases > 0)
		l->parens = l->parens_of[--l->cases];
	l->place = ARGUMENT;
}

static void
after_name(struct level *l, const struct th_shell_word *w)
{
	if (is_plain(w, "case"))
		open_case(l);
	else if (is_plain(w, "esac"))
		close_case(l);
	else if (is_plain(w, "for") || is_plain(w, "select"))
		l->place = FOR;
	else if (is_plain(w, "function"))
		l->place = FUNCTION;
	else if (w->text.data != NULL && strcmp(w->text.data, "[[") == 0)
		l->place = TEST;
	else if (!is_lead(w) && !is_assignment(w))
		l->place = ARGUMENT;
}

/* A word is there: what comes after it? */
static void
place_next(struct level *l, struct th_shell_word *w)
{
	const enum place was = l->place;

	w->first = was == COMMAND;
	switch (was) {
	case COMMAND: after_name(l, w); break;
	case FUNCTION:
		w->called = true;
		l->place = COMMAND;
		break;
	case FOR:
		if (is_plain(w, "do"))
			l->place = COMMAND;
		break;
	case SUBJECT:
		if (is_plain(w, "in"))
			l->place = PATTERN;
		break;
	case PATTERN:
		if (!is_plain(w, "esac")) {
			drop_word(l->w);
			break;
		}
		w->first = true;
		close_case(l);
		break;
	case TEST:
		if (is_plain(w, "]]"))
			l->place = ARGUMENT;
		break;
	case ARGUMENT:
	case ELEMENT: break;
	}
}

static void
take_open(struct level *l)
{
	struct reader *r = l->r;
	struct th_shell_word *w = l->w->n > 0 ? &l->w->word[l->w->n - 1] : NULL;
	const bool touches = w != NULL && r->p > r->line_start &&
			     !is_one_of(r->p[-1], " \t\n;&|(){}`");

	if ((l->place == COMMAND || l->place == FOR) && sees(r, "((")) {
		skip_arithmetic(r);
		l->place = l->place == FOR ? FOR : ARGUMENT;
		return;
	}
	r->p++;
	if (l->place == PATTERN || l->place == TEST || l->place == ELEMENT)
		return;
	if (touches && is_assignment(w)) {
		l->after_array = l->place;
		l->place = ELEMENT;
		return;
	}
	/* "name ( )" */
	if (w != NULL && (w->first || w->called) && l->place != COMMAND) {
		w->called = true;
		while (r->p < r->end && is_one_of(*r->p, " \t"))
			r->p++;
		if (sees(r, ")"))
			r->p++;
		l->place = COMMAND;
		return;
	}
	if (w != NULL && w->called)
		while (r->p < r->end && is_one_of(*r->p, " \t"))
			r->p++;
	if (w != NULL && w->called && sees(r, ")")) {
		r->p++;
		return;
	}
	l->parens++;
	l->place = COMMAND;
}

/* True: this level ends. */
static bool
take_close(struct level *l)
{
	struct reader *r = l->r;

	if (l->place == PATTERN) {
		l->place = COMMAND;
	} else if (l->place == ELEMENT) {
		l->place = l->after_array;
	} else if (l->place != TEST) {
		if (l->parens == 0 && l->close == ')') {
			r->p++;
			return true;
		}
		if (l->parens > 0)
			l->parens--;
		l->place = ARGUMENT;
	}
	r->p++;
	return false;
}

static void
take_operator(struct level *l)
{
	struct reader *r = l->r;

	if (l->place == TEST || l->place == ELEMENT || l->place == PATTERN) {
		r->p++;
		return;
	}
	if (l->cases > 0 && l->parens == 0 &&
	    (sees(r, ";;") || sees(r, ";&"))) {
		while (r->p < r->end && is_one_of(*r->p, ";&"))
			r->p++;
		l->place = PATTERN;
		return;
	}
	if (sees(r, "&>")) {
		r->p++;
		return;
	}
	r->p++;
	l->place = COMMAND;
}

static void
take_newline(struct level *l)
{
	pass(l->r);
	if (l->r->nhere > 0)
		skip_heredocs(l->r);
	if (l->place == ARGUMENT || l->place == FOR)
		l->place = COMMAND;
}

static void
take_any_word(struct level *l)
{
	struct th_shell_word *w = take_word(l);

	if (w == NULL)
		return;
	/* "2>file": the number belongs to the arrow. */
	if (is_number(w) && l->r->p < l->r->end && is_one_of(*l->r->p, "<>"))
		drop_word(l->w);
	else
		place_next(l, w);
}

/* One thing; true: the level is over. */
static bool
step(struct level *l)
{
	struct reader *r = l->r;

	if (is_one_of(*r->p, " \t")) {
		r->p++;
	} else if (sees(r, "\\\n")) {
		r->p++;
		pass(r);
	} else if (*r->p == '\n') {
		take_newline(l);
	} else if (*r->p == '`' && l->close == '`') {
		r->p++;
		return true;
	} else if (*r->p == '#') {
		while (r->p < r->end && *r->p != '\n' &&
		       !(l->close == '`' && *r->p == '`'))
			r->p++;
	} else if (is_one_of(*r->p, "<>") && l->place != TEST) {
		take_redirection(l);
	} else if (*r->p == '(') {
		take_open(l);
	} else if (*r->p == ')') {
		return take_close(l);
	} else if (is_one_of(*r->p, "|&;")) {
		take_operator(l);
	} else if (is_one_of(*r->p, "<>")) {
		r->p++;
	} else {
		take_any_word(l);
	}
	return false;
}

static void
read_level(struct reader *r, char close, struct th_shell *ret)
{
	struct level l = { .r = r, .w = ret, .close = close };

	r->depth++;
	while (r->p < r->end && r->status == TH_OK && !step(&l))
		;
	r->depth--;
}

/* Behind "$(" or "`"; what is nested too deep is passed over. */
static void
read_inner(struct reader *r, char close)
{
	struct th_shell words = { 0 };

	if (r->depth >= DEPTH_MAX) {
		r->p = r->end;
		return;
	}
	read_level(r, close, &words);
	move_words(r, &words, &r->inner, &r->inner_cap);
}

enum th_status
th_shell_read(struct th_str text, struct th_shell *ret)
{
	struct reader r = { .p = text.s,
		.end = text.s + text.len,
		.line_start = text.s,
		.line = 1 };
	size_t cap;

	*ret = (struct th_shell){ 0 };
	read_level(&r, '\0', ret);
	cap = ret->n;
	move_words(&r, &r.inner, ret, &cap);
	th_shell_release(&r.inner);
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

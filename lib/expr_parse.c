/* expr_parse -- from words to the tree: not binds before and, and before or */
#include <stdlib.h>
#include <string.h>

#include "expr.h"

#define NO_DATE "no date; one looks like 2026-11-23 or now - 7d"

struct parser {
	struct th_lexer lex;
	int64_t now;
	int depth;
};

static const char *const functions[] = { [TH_LENGTH] = "length",
	[TH_LOWER] = "lower",
	[TH_HOST] = "host",
	[TH_TEXT] = "text",
	NULL };

static enum th_status parse_or(struct parser *, struct th_node **ret);
static enum th_status parse_operand(struct parser *, struct th_operand *ret);

/* ---- helpers ---- */

static bool
is_word(const struct parser *p, const char *word)
{
	return p->lex.tok.type == TH_T_NAME && th_str_is(p->lex.tok.text, word);
}

static bool
is_char(const struct parser *p, char c)
{
	return p->lex.tok.type == TH_T_CHAR && p->lex.tok.text.s[0] == c;
}

static enum th_status
no_memory(struct parser *p)
{
	return th_fail(p->lex.err, TH_ENOMEM, "%s", th_strstatus(TH_ENOMEM));
}

/* The nearest word of a table to the one at hand, or NULL. */
static const char *
hint(const struct parser *p, const char *const *names)
{
	struct th_str s = p->lex.tok.text;
	struct th_suggest near;
	char word[32];

	if (s.len >= sizeof(word))
		return NULL;
	memcpy(word, s.s, s.len);
	word[s.len] = '\0';
	th_suggest_init(&near, word);
	for (; *names != NULL; names++)
		th_suggest_offer(&near, *names);
	return near.best;
}

/* What stands here instead of what was expected. */
static enum th_status
unexpected(struct parser *p, const char *expected)
{
	const struct th_token *t = &p->lex.tok;

	if (t->type == TH_T_END)
		return th_expr_fail(
		    &p->lex, t->at, "%s expected at the end", expected);
	return th_expr_fail(&p->lex, t->at, "%s expected", expected);
}

static void
release_operand(struct th_operand *o)
{
	th_field_release(&o->field);
	free(o->own);
	*o = (struct th_operand){ 0 };
}

void
th_node_free(struct th_node *n)
{
	struct th_node *next;

	for (; n != NULL; n = next) {
		next = n->next;
		th_node_free(n->child);
		release_operand(&n->left);
		release_operand(&n->right);
		th_regex_free(n->regex);
		free(n);
	}
}

/* ---- operands ---- */

/* What a string stands for: \" \' \\ \n \t; other backslashes are themselves.
 */
static enum th_status
parse_string(struct parser *p, struct th_operand *ret)
{
	struct th_str s = p->lex.tok.text;
	size_t i, n = 0;
	char c;

	ret->own = th_malloc(s.len + 1);
	if (ret->own == NULL)
		return no_memory(p);
	for (i = 0; i < s.len; i++) {
		c = s.s[i];
		if (c == '\\' && i + 1 < s.len &&
		    strchr("\"'\\nt", s.s[i + 1]) != NULL) {
			c = s.s[++i];
			c = (char)(c == 'n' ? '\n' : c == 't' ? '\t' : c);
		}
		ret->own[n++] = c;
	}
	ret->constant = true;
	ret->value.type = TH_V_STRING;
	ret->value.str = (struct th_str){ ret->own, n };
	return th_expr_lex(&p->lex);
}

/* A function's name and the parenthesis were read. */
static enum th_status
parse_call(struct parser *p, enum th_call call, struct th_operand *ret)
{
	size_t at = ret->at;
	enum th_status st;

	if (++p->depth > TH_EXPR_DEPTH)
		return th_expr_fail(&p->lex, at, "nested too deeply");
	st = parse_operand(p, ret);
	if (st != TH_OK)
		return st;
	p->depth--;
	if (!is_char(p, ')'))
		return unexpected(p, "\")\"");
	if (ret->ncalls > 0 && ret->call[ret->ncalls - 1] == TH_LENGTH)
		return th_expr_fail(&p->lex, ret->at,
		    "length() is a number, %s() takes text", functions[call]);
	if (ret->constant && ret->value.type != TH_V_STRING)
		return th_expr_fail(&p->lex, ret->at,
		    "%s() takes a field or a string", functions[call]);
	if (ret->ncalls == TH_CALL_MAX)
		return th_expr_fail(&p->lex, at, "nested too deeply");
	ret->call[ret->ncalls++] = call;
	ret->at = at;
	return th_expr_lex(&p->lex);
}

static enum th_status
unknown_function(struct parser *p, struct th_token name)
{
	const char *near;

	p->lex.tok = name;
	near = hint(p, functions);
	if (near != NULL)
		return th_expr_fail(&p->lex, name.at,
		    "no function %.*s; did you mean %s?", (int)name.text.len,
		    name.text.s, near);
	return th_expr_fail(&p->lex, name.at,
	    "no function %.*s; there are length, lower, host and text",
	    (int)name.text.len, name.text.s);
}

static void
set_constant(struct th_operand *o, enum th_type type, double n, int64_t date)
{
	o->constant = true;
	o->value = (struct th_val){ .type = type, .number = n, .date = date };
}

/* A name: a constant, a function when a parenthesis follows, or a field. */
static enum th_status
parse_name(struct parser *p, struct th_operand *ret)
{
	struct th_token name = p->lex.tok;
	enum th_status st = th_expr_lex(&p->lex);
	int i;

	if (st != TH_OK)
		return st;
	if (th_str_iis(name.text, "not") &&
	    (is_char(p, '(') || p->lex.tok.type == TH_T_NAME))
		return th_expr_fail(&p->lex, name.at,
		    "no operator %.*s; did you mean not?", (int)name.text.len,
		    name.text.s);
	if (is_char(p, '(')) {
		for (i = 0; functions[i] != NULL; i++)
			if (th_str_is(name.text, functions[i]))
				break;
		if (functions[i] == NULL)
			return unknown_function(p, name);
		st = th_expr_lex(&p->lex);
		return st != TH_OK ? st : parse_call(p, (enum th_call)i, ret);
	}
	if (th_str_is(name.text, "now")) {
		set_constant(ret, TH_V_DATE, 0, p->now);
	} else if (th_str_is(name.text, "true")) {
		set_constant(ret, TH_V_BOOL, 1, 0);
	} else if (th_str_is(name.text, "false")) {
		set_constant(ret, TH_V_BOOL, 0, 0);
	} else {
		st = th_field_init(&ret->field, name.text, p->lex.err);
		if (st == TH_EUSAGE && p->lex.err != NULL)
			p->lex.err->column = name.at + 1;
	}
	return st;
}

/* -5, or a parenthesis that holds constants. */
static enum th_status
parse_sign_or_group(struct parser *p, struct th_operand *ret)
{
	bool minus = is_char(p, '-');
	size_t at = p->lex.tok.at;
	enum th_status st = th_expr_lex(&p->lex);

	if (st != TH_OK)
		return st;
	if (++p->depth > TH_EXPR_DEPTH)
		return th_expr_fail(&p->lex, at, "nested too deeply");
	if (!minus) {
		st = parse_operand(p, ret);
		if (st == TH_OK && !is_char(p, ')'))
			st = unexpected(p, "\")\"");
		p->depth--;
		return st != TH_OK ? st : th_expr_lex(&p->lex);
	}
	p->depth--;
	if (p->lex.tok.type != TH_T_NUMBER)
		return unexpected(p, "a number");
	set_constant(ret, TH_V_NUMBER, -p->lex.tok.number, 0);
	return th_expr_lex(&p->lex);
}

static enum th_status
parse_primary(struct parser *p, struct th_operand *ret)
{
	const struct th_token *t = &p->lex.tok;

	ret->at = t->at;
	switch (t->type) {
	case TH_T_NAME:
		if (is_word(p, "and") || is_word(p, "or") || is_word(p, "not"))
			return unexpected(p, "a field or a value");
		return parse_name(p, ret);
	case TH_T_STRING: return parse_string(p, ret);
	case TH_T_NUMBER:
		set_constant(ret, TH_V_NUMBER, t->number, 0);
		return th_expr_lex(&p->lex);
	case TH_T_DURATION:
		set_constant(ret, TH_V_NUMBER, t->number, t->date);
		ret->duration = true;
		return th_expr_lex(&p->lex);
	case TH_T_DATE:
		set_constant(ret, TH_V_DATE, 0, t->date);
		return th_expr_lex(&p->lex);
	case TH_T_CHAR:
		if (is_char(p, '(') || is_char(p, '-'))
			return parse_sign_or_group(p, ret);
		break;
	case TH_T_OP:
	case TH_T_END: break;
	}
	return unexpected(p, "a field or a value");
}

/* now - 7d, 2026-11-23 + 12h, 1h + 30m, now - 2026-01-01, 2 + 3. */
static bool
add_constants(struct th_operand *a, const struct th_operand *b, bool minus)
{
	int64_t n =
	    b->duration || b->value.type == TH_V_DATE ? b->value.date : 0;

	if (minus)
		n = n == INT64_MIN ? INT64_MAX : -n;
	if (!a->constant || !b->constant)
		return false;
	if ((a->value.type == TH_V_DATE && b->duration) ||
	    (a->duration && b->duration)) {
		if (__builtin_add_overflow(a->value.date, n, &a->value.date))
			return false;
		a->value.number = (double)a->value.date;
		return true;
	}
	if (a->value.type == TH_V_DATE && b->value.type == TH_V_DATE && minus) {
		if (__builtin_add_overflow(a->value.date, n, &n))
			return false;
		set_constant(a, TH_V_NUMBER, (double)n, n);
		a->duration = true;
		return true;
	}
	if (a->value.type != TH_V_NUMBER || b->value.type != TH_V_NUMBER ||
	    a->duration || b->duration)
		return false;
	a->value.number += minus ? -b->value.number : b->value.number;
	return true;
}

static enum th_status
parse_operand(struct parser *p, struct th_operand *ret)
{
	struct th_operand more = { 0 };
	enum th_status st = parse_primary(p, ret);
	size_t at;
	bool minus;

	while (st == TH_OK && (is_char(p, '+') || is_char(p, '-'))) {
		at = p->lex.tok.at;
		minus = is_char(p, '-');
		st = th_expr_lex(&p->lex);
		if (st == TH_OK)
			st = parse_primary(p, &more);
		if (st == TH_OK && !add_constants(ret, &more, minus))
			st = th_expr_fail(&p->lex, at,
			    "only dates, durations and numbers can be added, "
			    "as in date > now - 7d");
		release_operand(&more);
	}
	return st;
}

/* ---- tests ---- */

/* What an operand always gives; TH_V_NONE when that depends on the item. */
static enum th_type
type_of(const struct th_operand *o)
{
	if (o->ncalls > 0)
		return o->call[o->ncalls - 1] == TH_LENGTH ? TH_V_NUMBER
							   : TH_V_STRING;
	if (o->constant)
		return o->value.type;
	return th_field_is_date(&o->field) ? TH_V_DATE : TH_V_NONE;
}

static const char *
type_name(enum th_type type)
{
	static const char *const name[] = { [TH_V_NONE] = "a field",
		[TH_V_BOOL] = "true or false",
		[TH_V_NUMBER] = "a number",
		[TH_V_DATE] = "a date",
		[TH_V_STRING] = "a string",
		[TH_V_OTHER] = "a field" };

	return name[type];
}

/* A string beside a date is a date too: date > "2026-11-01". */
static enum th_status
make_date(struct parser *p, struct th_operand *o)
{
	int64_t date;

	if (!o->constant || o->ncalls > 0 || o->value.type != TH_V_STRING)
		return TH_OK;
	if (th_date_parse_rfc3339(o->value.str, &date) != TH_OK)
		return th_expr_fail(&p->lex, o->at, NO_DATE);
	set_constant(o, TH_V_DATE, 0, date);
	return TH_OK;
}

static enum th_status
check_types(struct parser *p, struct th_node *n)
{
	enum th_type a = type_of(&n->left), b = type_of(&n->right);
	enum th_status st = TH_OK;

	if (a == TH_V_DATE && b == TH_V_STRING)
		st = make_date(p, &n->right);
	if (b == TH_V_DATE && a == TH_V_STRING)
		st = make_date(p, &n->left);
	if (st != TH_OK)
		return st;
	a = type_of(&n->left);
	b = type_of(&n->right);
	if (a == TH_V_DATE && b == TH_V_NUMBER && n->right.duration)
		return th_expr_fail(&p->lex, n->right.at,
		    "a duration is no date; did you mean now - %.*s?",
		    (int)(p->lex.tok.at - n->right.at),
		    p->lex.src.s + n->right.at);
	if (a != TH_V_NONE && b != TH_V_NONE && a != b)
		return th_expr_fail(&p->lex, n->right.at,
		    "%s cannot be compared with %s", type_name(a),
		    type_name(b));
	if (n->op != TH_EQ && (a == TH_V_BOOL || b == TH_V_BOOL))
		return th_expr_fail(
		    &p->lex, n->right.at, "true and false have no order");
	return TH_OK;
}

/*
 * The text goes to PCRE2 as it is written, so that patterns need no doubled
 * backslashes; an escaped quote is a quote there too.
 */
static enum th_status
parse_pattern(struct parser *p, struct th_node *n)
{
	struct th_token t = p->lex.tok;
	enum th_status st;

	if (t.type != TH_T_STRING)
		return unexpected(p, "a pattern between quotes");
	if (type_of(&n->left) == TH_V_NUMBER)
		return th_expr_fail(
		    &p->lex, n->left.at, "a number has no text to match");
	st = th_regex_new(t.text, true, &n->regex, p->lex.err);
	if (st == TH_EUSAGE && p->lex.err != NULL)
		p->lex.err->column += t.at + 1;
	return st != TH_OK ? st : th_expr_lex(&p->lex);
}

/* "a field" alone: has it.  A string or number alone says nothing. */
static enum th_status
check_alone(struct parser *p, const struct th_operand *o)
{
	enum th_type type = type_of(o);

	if (o->constant ? type == TH_V_BOOL && o->ncalls == 0
			: type != TH_V_NUMBER)
		return TH_OK;
	return th_expr_fail(&p->lex, o->at, "%s says nothing alone%s",
	    type_name(type),
	    type == TH_V_STRING ? "; did you mean any ~ \"...\"?"
				: "; a comparison is missing");
}

/*
 * tags = ad: a word on the right is a string without its quotes.  Quotes would
 * make no date of it, nor what other languages compare a missing field with.
 */
static enum th_status
check_right(
    struct parser *p, const struct th_operand *left, const struct th_operand *o)
{
	const struct th_field *f = &o->field;

	if (o->constant || o->ncalls > 0 || !f->foreign || f->parent != NULL)
		return TH_OK;
	if (type_of(left) == TH_V_DATE)
		return th_expr_fail(&p->lex, o->at,
		    "no field %s, and " NO_DATE
		    " (.%s is a field of just that name)",
		    f->path, f->path);
	if (strcmp(f->path, "null") == 0 || strcmp(f->path, "nil") == 0)
		return th_expr_fail(&p->lex, o->at,
		    "there is no %s; \"not FIELD\" is true without the field",
		    f->path);
	return th_expr_fail(&p->lex, o->at,
	    "no field %s; did you mean \"%s\"? (.%s is a field of just that "
	    "name)",
	    f->path, f->path, f->path);
}

static enum th_status
parse_test(struct parser *p, struct th_node *n)
{
	enum th_status st = parse_operand(p, &n->left);

	n->type = TH_N_HAS;
	if (st != TH_OK)
		return st;
	if (p->lex.tok.type != TH_T_OP)
		return check_alone(p, &n->left);
	n->type = TH_N_TEST;
	n->op = p->lex.tok.op;
	/* The opposites are just that, whatever the field holds. */
	n->negate = n->op == TH_NE || n->op == TH_NOMATCH;
	if (n->negate)
		n->op = n->op == TH_NE ? TH_EQ : TH_MATCH;
	st = th_expr_lex(&p->lex);
	if (st != TH_OK)
		return st;
	if (n->op == TH_MATCH)
		return parse_pattern(p, n);
	st = parse_operand(p, &n->right);
	if (st == TH_OK)
		st = check_right(p, &n->left, &n->right);
	return st != TH_OK ? st : check_types(p, n);
}

/* ---- and, or, not ---- */

/* The operator that other languages call by this word, or NULL. */
static const char *
operator_meant(struct th_str word)
{
	static const char *const words[][2] = { { "contains", "~" },
		{ "like", "~" }, { "match", "~" }, { "matches", "~" },
		{ "eq", "=" }, { "equals", "=" }, { "in", "=" },
		{ "is", "=" } };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (th_str_iis(word, words[i][0]))
			return words[i][1];
	return NULL;
}

/* What stands behind a test that ended, instead of what was expected. */
static enum th_status
not_joined(struct parser *p, const char *expected)
{
	const struct th_token *t = &p->lex.tok;
	const char *op = t->type == TH_T_NAME ? operator_meant(t->text) : NULL;

	if (op == NULL)
		return unexpected(p, expected);
	return th_expr_fail(&p->lex, t->at,
	    "no operator %.*s; did you mean %s?", (int)t->text.len, t->text.s,
	    op);
}

/*
 * A parenthesis on the left of a comparison holds a value, elsewhere tests:
 * tests are what people write there, so the value goes on the right.
 */
static enum th_status
parse_group(struct parser *p, struct th_node **ret)
{
	size_t at = p->lex.tok.at;
	enum th_status st;

	if (++p->depth > TH_EXPR_DEPTH)
		return th_expr_fail(&p->lex, at, "nested too deeply");
	st = th_expr_lex(&p->lex);
	if (st == TH_OK)
		st = parse_or(p, ret);
	p->depth--;
	if (st != TH_OK)
		return st;
	if (p->lex.tok.type == TH_T_END)
		return th_expr_fail(&p->lex, at, "this \"(\" is never closed");
	if (!is_char(p, ')'))
		return not_joined(p, "\"and\", \"or\" or \")\"");
	return th_expr_lex(&p->lex);
}

static enum th_status
parse_not(struct parser *p, struct th_node **ret)
{
	bool negate = false;
	enum th_status st = TH_OK;

	while (st == TH_OK && is_word(p, "not")) {
		negate = !negate;
		st = th_expr_lex(&p->lex);
	}
	if (st != TH_OK)
		return st;
	if (is_char(p, '(')) {
		st = parse_group(p, ret);
	} else {
		*ret = th_calloc(1, sizeof(**ret));
		st = *ret != NULL ? parse_test(p, *ret) : no_memory(p);
	}
	if (st == TH_OK && negate)
		(*ret)->negate = !(*ret)->negate;
	return st;
}

/* A list of siblings rather than a chain, so that length is not depth. */
static enum th_status
parse_list(struct parser *p, enum th_node_type type, const char *word,
    enum th_status (*parse)(struct parser *, struct th_node **),
    struct th_node **ret)
{
	struct th_node *list, **end;
	enum th_status st = parse(p, ret);

	if (st != TH_OK || !is_word(p, word))
		return st;
	list = th_calloc(1, sizeof(*list));
	if (list == NULL)
		return no_memory(p);
	list->type = type;
	list->child = *ret;
	*ret = list;
	end = &list->child->next;
	while (st == TH_OK && is_word(p, word)) {
		st = th_expr_lex(&p->lex);
		if (st != TH_OK)
			return st;
		st = parse(p, end);
		if (*end != NULL)
			end = &(*end)->next;
	}
	return st;
}

static enum th_status
parse_and(struct parser *p, struct th_node **ret)
{
	return parse_list(p, TH_N_AND, "and", parse_not, ret);
}

static enum th_status
parse_or(struct parser *p, struct th_node **ret)
{
	return parse_list(p, TH_N_OR, "or", parse_and, ret);
}

/* The tree is whole, but words are left. */
static enum th_status
left_over(struct parser *p)
{
	static const char *const words[] = { "and", "or", NULL };
	const struct th_token *t = &p->lex.tok;
	const char *near;

	if (is_char(p, ')'))
		return th_expr_fail(
		    &p->lex, t->at, "this \")\" was never opened");
	near = t->type == TH_T_NAME ? hint(p, words) : NULL;
	if (near != NULL)
		return th_expr_fail(&p->lex, t->at,
		    "\"and\" or \"or\" expected; did you mean %s?", near);
	return not_joined(p, "\"and\" or \"or\"");
}

static enum th_status
check_source(struct parser *p)
{
	size_t valid = th_utf8_valid(p->lex.src);

	if (p->lex.src.len > TH_EXPR_MAX)
		return th_expr_fail(
		    &p->lex, TH_EXPR_MAX, "longer than %zu bytes", TH_EXPR_MAX);
	if (valid < p->lex.src.len)
		return th_expr_fail(&p->lex, valid, "not UTF-8");
	return TH_OK;
}

enum th_status
th_expr_parse(
    const char *src, int64_t now, struct th_node **ret, struct th_err *err)
{
	struct parser p = { .lex = { .src = th_str(src), .err = err },
		.now = now };
	struct th_node *root = NULL;
	enum th_status st = check_source(&p);

	if (st == TH_OK)
		st = th_expr_lex(&p.lex);
	if (st == TH_OK)
		st = parse_or(&p, &root);
	if (st == TH_OK && p.lex.tok.type != TH_T_END)
		st = left_over(&p);
	if (st == TH_OK)
		*ret = root;
	else
		th_node_free(root);
	return st;
}

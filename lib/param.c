/* param -- typed options of the command line, declared as data */
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

struct value {
	const struct th_param *param;
	char *text;
	int64_t number; /* of TH_INT and TH_DURATION */
};

struct th_opts {
	const struct th_param *table;
	struct value *value;
	size_t n, cap;
};

struct th_opts *
th_opts_new(const struct th_param *table)
{
	struct th_opts *o = th_calloc(1, sizeof(*o));

	if (o != NULL)
		o->table = table;
	return o;
}

void
th_opts_free(struct th_opts *o)
{
	size_t i;

	if (o == NULL)
		return;
	for (i = 0; i < o->n; i++)
		free(o->value[i].text);
	free(o->value);
	free(o);
}

/* Account keys may have the name of an option; they are not meant here. */
static const struct th_param *
find(const struct th_param *p, const char *name)
{
	for (; p != NULL && p->name != NULL; p++)
		if ((p->flags & (TH_P_FETCH | TH_P_PUBLISH)) != 0 &&
		    strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

static enum th_status
keep(struct th_opts *o, const struct th_param *p, struct th_str text,
    int64_t number, struct th_err *err)
{
	struct value *v;
	size_t cap;

	if (o->n == o->cap) {
		cap = o->cap > 0 ? o->cap * 2 : 8;
		v = th_realloc(o->value, cap * sizeof(*v));
		if (v == NULL)
			goto out;
		o->value = v;
		o->cap = cap;
	}
	v = &o->value[o->n];
	v->param = p;
	v->number = number;
	v->text = th_strndup(text.s != NULL ? text.s : "", text.len);
	if (v->text == NULL)
		goto out;
	o->n++;
	return TH_OK;
out:
	return th_fail(
	    err, TH_ENOMEM, "--%s: %s", p->name, th_strstatus(TH_ENOMEM));
}

/* "a,b,c": each word without white space around; empty ones do not count. */
static enum th_status
keep_list(struct th_opts *o, const struct th_param *p, const char *arg,
    struct th_err *err)
{
	enum th_status st = TH_OK;
	struct th_str word;
	size_t len;

	for (; st == TH_OK; arg += len + 1) {
		len = strcspn(arg, ",");
		word.s = arg;
		word.len = len;
		word = th_str_trim(word);
		if (word.len > 0)
			st = keep(o, p, word, 0, err);
		if (arg[len] == '\0')
			break;
	}
	return st;
}

static enum th_status
wrong(const struct th_param *p, const char *arg, const char *what,
    struct th_err *err)
{
	return th_fail(err, TH_EUSAGE, "--%s: %s: %s", p->name, what, arg);
}

static enum th_status
check_choice(const struct th_param *p, const char *arg, struct th_err *err)
{
	const char *c = p->arg;
	size_t len;

	for (;; c += len + 1) {
		len = strcspn(c, "|");
		if (th_str_is((struct th_str){ c, len }, arg))
			return TH_OK;
		if (c[len] == '\0')
			return th_fail(err, TH_EUSAGE,
			    "--%s: one of %s, not %s", p->name, p->arg, arg);
	}
}

static enum th_status
check_template(const struct th_param *p, const char *arg, struct th_err *err)
{
	struct th_template *t = NULL;
	struct th_err why = { 0 };
	enum th_status st;

	st = th_template_new(arg, &t, &why);
	th_template_free(t);
	if (st != TH_OK)
		th_fail(err, st, "--%s: column %zu: %s", p->name, why.column,
		    why.text);
	return st;
}

enum th_status
th_int_parse(struct th_str s, int64_t *ret)
{
	int64_t n = 0;
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.s[i] < '0' || s.s[i] > '9' ||
		    n > (INT64_MAX - (s.s[i] - '0')) / 10)
			return TH_EDATA;
		n = n * 10 + (s.s[i] - '0');
	}
	if (s.len == 0)
		return TH_EDATA;
	*ret = n;
	return TH_OK;
}

/* Is it a value of that kind?  *number gets what it says when it is one. */
static enum th_status
check(const struct th_param *p, const char *arg, int64_t *number,
    struct th_err *err)
{
	struct th_str s = th_str(arg);

	if (p->kind != TH_FILE && th_utf8_valid(s) != s.len)
		return wrong(p, "(bytes)", "not UTF-8", err);
	switch (p->kind) {
	case TH_INT:
		if (th_int_parse(s, number) != TH_OK)
			return wrong(p, arg, "not a whole number", err);
		return TH_OK;
	case TH_DURATION:
		if (th_duration_parse(s, number) != TH_OK)
			return wrong(p, arg, "not a duration such as 15m", err);
		return TH_OK;
	case TH_URL:
		if (!th_url_is_http(s))
			return th_fail(err, TH_EUSAGE,
			    "--%s: not an http or https URL", p->name);
		return TH_OK;
	case TH_CHOICE: return check_choice(p, arg, err);
	case TH_TEMPLATE: return check_template(p, arg, err);
	case TH_FILE:
		if (s.len == 0)
			return wrong(p, "(empty)", "not a path", err);
		return TH_OK;
	case TH_STRING:
	case TH_FLAG:
	case TH_LIST:
	case TH_REPEAT: break;
	}
	return TH_OK;
}

enum th_status
th_opts_set(
    struct th_opts *o, const char *name, const char *arg, struct th_err *err)
{
	const struct th_param *p = find(o->table, name);
	enum th_status st;
	int64_t number = 0;

	if (p == NULL)
		return th_fail(err, TH_EUSAGE, "unknown option --%s", name);
	if (p->kind == TH_FLAG)
		return keep(o, p, th_str(NULL), 1, err);
	if (arg == NULL)
		return th_fail(err, TH_EUSAGE, "--%s needs an argument", name);
	if ((st = check(p, arg, &number, err)) != TH_OK)
		return st;
	if (p->kind == TH_LIST)
		return keep_list(o, p, arg, err);
	return keep(o, p, th_str(arg), number, err);
}

enum th_status
th_opts_check(const struct th_opts *o, unsigned which, struct th_err *err)
{
	const struct th_param *p;

	for (p = o->table; p != NULL && p->name != NULL; p++)
		if ((p->flags & which) != 0 &&
		    (p->flags & TH_P_REQUIRED) != 0 &&
		    th_opt(o, p->name) == NULL)
			return th_fail(
			    err, TH_EUSAGE, "--%s is missing", p->name);
	return TH_OK;
}

/* The last value given; NULL when there is none. */
static const struct value *
last(const struct th_opts *o, const char *name)
{
	size_t i;

	for (i = o->n; i > 0; i--)
		if (strcmp(o->value[i - 1].param->name, name) == 0)
			return &o->value[i - 1];
	return NULL;
}

const char *
th_opt(const struct th_opts *o, const char *name)
{
	const struct value *v = last(o, name);

	return v != NULL ? v->text : NULL;
}

bool
th_opt_flag(const struct th_opts *o, const char *name)
{
	return last(o, name) != NULL;
}

int64_t
th_opt_int(const struct th_opts *o, const char *name, int64_t otherwise)
{
	const struct value *v = last(o, name);

	return v != NULL ? v->number : otherwise;
}

size_t
th_opt_count(const struct th_opts *o, const char *name)
{
	size_t i, n = 0;

	for (i = 0; i < o->n; i++)
		n += strcmp(o->value[i].param->name, name) == 0;
	return n;
}

const char *
th_opt_nth(const struct th_opts *o, const char *name, size_t nth)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		if (strcmp(o->value[i].param->name, name) == 0 && nth-- == 0)
			return o->value[i].text;
	return NULL;
}

enum th_status
th_limit_parse(const char *s, struct th_limit *ret, struct th_err *err)
{
	struct th_str n = { s, strcspn(s, "/") };
	struct th_limit l = { 0 };
	bool whole = s[n.len] == '/';

	if (th_int_parse(n, &l.n) != TH_OK || (!whole && l.n != 0) ||
	    (whole &&
		(th_duration_parse(th_str(s + n.len + 1), &l.window) != TH_OK ||
		    l.window == 0)))
		return th_fail(
		    err, TH_EUSAGE, "not a limit such as 5/15m: %s", s);
	*ret = l;
	return TH_OK;
}

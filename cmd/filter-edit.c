/* filter-edit -- what th-filter changes in an item */
#include <stdlib.h>
#include <string.h>

#include "filter.h"

/* What --set makes of its text. */
enum shape { SHAPE_STRING, SHAPE_TAGS, SHAPE_AUTHORS };

/* One use of --set, --replace or --rename. */
struct edit {
	enum edit_type type;
	char *name, *to;
	enum shape shape;
	struct th_template *template;
	struct th_substitution sub;
};
/* A name that may be a slip, which shows when no item has it. */
struct doubt {
	const char *option, *name, *meant;
	bool seen;
};
struct edits {
	struct edit *edit;
	size_t n;
	struct doubt *doubt;
	size_t ndoubts, items;
	char **keep, **drop; /* names of all --keep and --drop together */
	size_t nkeep, ndrop;
	struct th_buf text, json, scratch;
};

static const char *const option[] = { [EDIT_SET] = "--set",
	[EDIT_REPLACE] = "--replace",
	[EDIT_RENAME] = "--rename",
	[EDIT_KEEP] = "--keep",
	[EDIT_DROP] = "--drop" };

struct edits *
edits_new(void)
{
	struct edits *e = cmd_need(th_calloc(1, sizeof(*e)));

	th_buf_init(&e->text, TH_LINE_MAX);
	th_buf_init(&e->json, TH_LINE_MAX);
	th_buf_init(&e->scratch, TH_LINE_MAX);
	return e;
}

void
edits_free(struct edits *e)
{
	size_t i;

	if (e == NULL)
		return;
	for (i = 0; i < e->n; i++) {
		free(e->edit[i].name);
		free(e->edit[i].to);
		th_template_free(e->edit[i].template);
		th_substitution_release(&e->edit[i].sub);
	}
	for (i = 0; i < e->nkeep; i++)
		free(e->keep[i]);
	for (i = 0; i < e->ndrop; i++)
		free(e->drop[i]);
	free(e->edit);
	free(e->doubt);
	free(e->keep);
	free(e->drop);
	th_buf_release(&e->text);
	th_buf_release(&e->json);
	th_buf_release(&e->scratch);
	free(e);
}

/* ---- names that may be slips ---- */

/* The field that was probably meant, or NULL: misspelt, or an alias. */
static const char *
meant_by(const char *name)
{
	static const char *const alias[][2] = { { "author", "authors" },
		{ "date", "date_published" }, { "text", "content_text" } };
	struct th_suggest guess;
	struct th_key *key;
	const char *field;
	size_t i;
	enum th_status st;

	for (i = 0; i < sizeof(alias) / sizeof(alias[0]); i++)
		if (strcmp(name, alias[i][0]) == 0)
			return alias[i][1];
	st = th_key_new(name, &key, NULL);
	if (st == TH_OK)
		th_key_free(key);
	if (st != TH_EUSAGE)
		return NULL;
	th_suggest_init(&guess, name);
	for (i = 0; (field = th_field_name(i)) != NULL; i++)
		if (strchr(field, '.') == NULL)
			th_suggest_offer(&guess, field);
	return guess.best;
}

/* The name is borrowed. */
static void
doubt(struct edits *e, enum edit_type type, const char *name)
{
	const char *meant = meant_by(name);

	if (meant == NULL)
		return;
	e->doubt = cmd_need(
	    th_realloc(e->doubt, (e->ndoubts + 1) * sizeof(*e->doubt)));
	e->doubt[e->ndoubts++] =
	    (struct doubt){ option[type], name, meant, false };
}

/* Does the item that is about to be changed have it? */
static void
look_for(struct edits *e, const char *name, const struct th_item *it)
{
	struct th_value v;
	size_t i;

	for (i = 0; i < e->ndoubts; i++)
		if (e->doubt[i].name == name && !e->doubt[i].seen)
			e->doubt[i].seen = th_item_get(it, name, &v);
}

void
edits_tell(const struct edits *e)
{
	const struct doubt *d = e->doubt;
	size_t i;

	for (i = 0; i < e->ndoubts && e->items > 0; i++)
		if (!d[i].seen)
			cmd_say(0, "%s: no item has %s; did you mean %s?",
			    d[i].option, d[i].name, d[i].meant);
}

/* ---- reading the options ---- */

/* Edits are made to whole fields, so a path is a mistake. */
static char *
field_name(enum edit_type type, const char *s, size_t len)
{
	if (len == 0)
		cmd_usage("%s: the name of a field is missing", option[type]);
	if (memchr(s, '.', len) != NULL)
		cmd_usage(
		    "%s: not a whole field: %.*s", option[type], (int)len, s);
	if (th_utf8_valid((struct th_str){ s, len }) < len)
		cmd_usage("%s: not UTF-8", option[type]);
	return cmd_need(th_strndup(s, len));
}

/* Items stay what th-item(5) says they are. */
static enum shape
shape_of(const char *name)
{
	static const char *const refused[] = { "attachments", "_source",
		"_published" };
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (strcmp(name, refused[i]) == 0)
			cmd_usage("--set: %s is no text", name);
	if (strcmp(name, "tags") == 0)
		return SHAPE_TAGS;
	return strcmp(name, "authors") == 0 ? SHAPE_AUTHORS : SHAPE_STRING;
}

static void
add_set(struct edit *e, const char *arg)
{
	size_t len = strcspn(arg, "=");
	struct th_err err = { 0 };
	enum th_status st;

	if (arg[len] == '\0')
		cmd_usage("--set: FIELD=TEMPLATE expected: %s", arg);
	e->name = field_name(EDIT_SET, arg, len);
	e->shape = shape_of(e->name);
	st = th_template_new(arg + len + 1, &e->template, &err);
	if (st == TH_EUSAGE)
		cmd_point("--set", arg + len + 1, &err);
	cmd_check(st, &err);
}

static void
add_replace(struct edit *e, const char *arg)
{
	size_t len = strcspn(arg, "/,;:|#@!%+=~^'\"");
	struct th_err err = { 0 };
	enum th_status st;

	if (arg[len] == '\0')
		cmd_usage(
		    "--replace: FIELD/REGEX/REPLACEMENT/FLAGS expected: %s",
		    arg);
	e->name = field_name(EDIT_REPLACE, arg, len);
	st = th_substitution_init(&e->sub, th_str(arg + len), &err);
	if (st == TH_EUSAGE)
		cmd_point("--replace", arg + len, &err);
	cmd_check(st, &err);
}

static void
add_rename(struct edit *e, const char *arg)
{
	size_t len = strcspn(arg, "=");

	if (arg[len] == '\0')
		cmd_usage("--rename: A=B expected: %s", arg);
	e->name = field_name(EDIT_RENAME, arg, len);
	e->to = field_name(EDIT_RENAME, arg + len + 1, strlen(arg + len + 1));
}

static void
add_names(struct edits *e, enum edit_type type, const char *arg, char ***names,
    size_t *n)
{
	struct th_str name;
	size_t len;

	for (;; arg += len + 1) {
		len = strcspn(arg, ",");
		name = th_str_trim((struct th_str){ arg, len });
		*names =
		    cmd_need(th_realloc(*names, (*n + 1) * sizeof(char *)));
		(*names)[*n] = field_name(type, name.s, name.len);
		doubt(e, type, (*names)[(*n)++]);
		if (arg[len] == '\0')
			return;
	}
}

void
edits_add(struct edits *e, enum edit_type type, const char *arg)
{
	struct edit *one;

	if (type == EDIT_KEEP) {
		add_names(e, type, arg, &e->keep, &e->nkeep);
		return;
	}
	if (type == EDIT_DROP) {
		add_names(e, type, arg, &e->drop, &e->ndrop);
		return;
	}
	e->edit = cmd_need(th_realloc(e->edit, (e->n + 1) * sizeof(*one)));
	one = &e->edit[e->n++];
	*one = (struct edit){ .type = type };
	if (type == EDIT_SET)
		add_set(one, arg);
	else if (type == EDIT_REPLACE)
		add_replace(one, arg);
	else
		add_rename(one, arg);
	if (type != EDIT_SET)
		doubt(e, type, one->name);
}

/* ---- editing ---- */

/* Tags as "{tags}" gives them: words between commas. */
static enum th_status
add_tags(struct th_buf *json, struct th_str text)
{
	struct th_str tag;
	const char *comma;
	size_t len;

	th_json_open(json, '[');
	while (text.len > 0) {
		comma = memchr(text.s, ',', text.len);
		len = comma != NULL ? (size_t)(comma - text.s) : text.len;
		tag = th_str_trim((struct th_str){ text.s, len });
		if (tag.len > 0)
			th_json_string(json, tag);
		len += comma != NULL;
		text.s += len;
		text.len -= len;
	}
	return th_json_close(json, ']');
}

static enum th_status
set_shape(struct edits *e, const struct edit *one, struct th_item *it)
{
	struct th_str text = th_buf_str(&e->text);

	th_buf_clear(&e->json);
	if (one->shape == SHAPE_STRING)
		return th_item_set_string(it, one->name, text);
	if (one->shape == SHAPE_TAGS) {
		add_tags(&e->json, text);
	} else {
		th_json_open(&e->json, '[');
		th_json_open(&e->json, '{');
		th_json_member(&e->json, "name", text);
		th_json_close(&e->json, '}');
		th_json_close(&e->json, ']');
	}
	if (e->json.status != TH_OK)
		return e->json.status;
	return th_item_set(it, one->name, th_buf_str(&e->json));
}

/* A field that would be empty is left out, as everywhere in items. */
static enum th_status
apply_set(struct edits *e, const struct edit *one, struct th_item *it,
    struct th_err *err)
{
	enum th_status st;

	th_buf_clear(&e->text);
	st = th_template_expand(one->template, it, NULL, &e->text, err);
	if (st != TH_OK)
		return st;
	if (e->text.len > 0)
		return set_shape(e, one, it);
	th_item_remove(it, one->name);
	return TH_OK;
}

/* The replaced text of a string is in e->text; *changed tells of a change. */
static enum th_status
replace_text(struct edits *e, const struct edit *one, const struct th_value *v,
    bool *changed, struct th_err *err)
{
	struct th_str s = { 0 };
	enum th_status st = th_value_str(v, &e->scratch, &s);

	th_buf_clear(&e->text);
	if (st == TH_OK)
		st = th_regex_replace(one->sub.regex, s,
		    th_str(one->sub.replacement), one->sub.global, &e->text,
		    err);
	if (st == TH_OK && !th_str_equal(th_buf_str(&e->text), s))
		*changed = true;
	return st;
}

/* Each string of an array; one that becomes empty goes. */
static enum th_status
replace_array(struct edits *e, const struct edit *one,
    const struct th_value *array, bool *changed, struct th_err *err)
{
	struct th_value v;
	struct th_iter i;
	enum th_status st = TH_OK;

	th_buf_clear(&e->json);
	th_json_open(&e->json, '[');
	th_iter_init(&i, array);
	while (st == TH_OK && th_iter_next(&i, NULL, &v)) {
		if (v.type != TH_JSON_STRING) {
			st = th_json_raw(&e->json, v.raw);
			continue;
		}
		st = replace_text(e, one, &v, changed, err);
		if (st == TH_OK && e->text.len > 0)
			st = th_json_string(&e->json, th_buf_str(&e->text));
	}
	return st == TH_OK ? th_json_close(&e->json, ']') : st;
}

static enum th_status
apply_replace(struct edits *e, const struct edit *one, struct th_item *it,
    struct th_err *err)
{
	enum th_status st = TH_OK;
	bool changed = false, array, empty;
	struct th_value v;

	if (!th_item_get(it, one->name, &v))
		return TH_OK;
	array = v.type == TH_JSON_ARRAY;
	if (array)
		st = replace_array(e, one, &v, &changed, err);
	else if (v.type == TH_JSON_STRING)
		st = replace_text(e, one, &v, &changed, err);
	if (st != TH_OK || !changed)
		return st;
	empty = array ? e->json.len == 2 : e->text.len == 0;
	if (empty)
		th_item_remove(it, one->name);
	else if (array)
		st = th_item_set(it, one->name, th_buf_str(&e->json));
	else
		st = th_item_set_string(it, one->name, th_buf_str(&e->text));
	return st;
}

static enum th_status
apply_one(struct edits *e, const struct edit *one, struct th_item *it,
    struct th_err *err)
{
	look_for(e, one->name, it);
	switch (one->type) {
	case EDIT_SET: return apply_set(e, one, it, err);
	case EDIT_REPLACE: return apply_replace(e, one, it, err);
	case EDIT_RENAME: return th_item_rename(it, one->name, one->to);
	case EDIT_KEEP:
	case EDIT_DROP: break;
	}
	return TH_OK;
}

enum th_status
edits_apply(struct edits *e, struct th_item *it, struct th_err *err)
{
	enum th_status st = TH_OK;
	size_t i;
	int type;

	err->text[0] = '\0';
	e->items++;
	for (type = EDIT_SET; type <= EDIT_RENAME; type++)
		for (i = 0; i < e->n && st == TH_OK; i++)
			if (e->edit[i].type == (enum edit_type)type)
				st = apply_one(e, &e->edit[i], it, err);
	for (i = 0; i < e->nkeep && e->ndoubts > 0; i++)
		look_for(e, e->keep[i], it);
	if (st == TH_OK && e->nkeep > 0)
		th_item_keep(it, e->keep, e->nkeep);
	for (i = 0; i < e->ndrop && st == TH_OK; i++) {
		look_for(e, e->drop[i], it);
		th_item_remove(it, e->drop[i]);
	}
	if (st != TH_OK && err->text[0] == '\0')
		th_fail(err, st, "%s", th_strstatus(st));
	return st;
}

/* yaml -- a small YAML text as a tree, read with libyaml */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "trigger.h"

#define DEPTH_MAX 16
#define NODE_MAX 20000

struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	const char *name;
	struct th_str text;
	size_t nodes;
	struct th_err *err;
};

void
th_yaml_free(struct th_yaml *node)
{
	struct th_yaml *next;

	for (; node != NULL; node = next) {
		next = node->next;
		th_yaml_free(node->child);
		free(node->key);
		free(node->text);
		free(node);
	}
}

enum th_status
th_yaml_fail(const char *name, const struct th_yaml *node, struct th_err *err,
    const char *what)
{
	if (err != NULL) {
		err->line = node->line;
		err->column = node->column;
	}
	if (node->key == NULL)
		return th_fail(err, TH_ECONFIG, "%s:%zu:%zu: %s", name,
		    node->line, node->column, what);
	return th_fail(err, TH_ECONFIG, "%s:%zu:%zu: %.64s: %s", name,
	    node->line, node->column, node->key, what);
}

static enum th_status
fail_at(struct reader *r, yaml_mark_t at, const char *what)
{
	struct th_yaml place = { 0 };

	place.line = at.line + 1;
	place.column = at.column + 1;
	return th_yaml_fail(r->name, &place, r->err, what);
}

static enum th_status
no_memory(struct reader *r)
{
	return th_fail(
	    r->err, TH_ENOMEM, "%s: %s", r->name, th_strstatus(TH_ENOMEM));
}

/* What is no text is told by its offset alone. */
static yaml_mark_t
mark_of(const struct reader *r, size_t offset)
{
	yaml_mark_t ret = { 0 };
	size_t i;

	for (i = 0; i < offset && i < r->text.len; i++) {
		ret.column++;
		if (r->text.s[i] == '\n') {
			ret.line++;
			ret.column = 0;
		}
	}
	return ret;
}

/* A tab among the blanks that a line begins with, which YAML forbids. */
static bool
begins_with_tab(struct th_str text, size_t line)
{
	const char *nl;
	size_t i;

	for (; line > 0; line--) {
		if (text.len == 0 ||
		    (nl = memchr(text.s, '\n', text.len)) == NULL)
			return false;
		text.len -= (size_t)(nl + 1 - text.s);
		text.s = nl + 1;
	}
	for (i = 0; i < text.len && text.s[i] == ' '; i++)
		continue;
	return i < text.len && text.s[i] == '\t';
}

/* The next event, which replaces the last one. */
static enum th_status
next(struct reader *r)
{
	const char *why;

	yaml_event_delete(&r->event);
	memset(&r->event, 0, sizeof(r->event));
	if (yaml_parser_parse(&r->parser, &r->event) == 1)
		return TH_OK;
	if (r->parser.error == YAML_MEMORY_ERROR)
		return no_memory(r);
	why = r->parser.problem;
	if (r->parser.error == YAML_READER_ERROR)
		r->parser.problem_mark = mark_of(r, r->parser.problem_offset);
	else if (begins_with_tab(r->text, r->parser.problem_mark.line))
		why = "a tab; YAML is indented with blanks";
	return fail_at(
	    r, r->parser.problem_mark, why != NULL ? why : "no YAML");
}

static enum th_status read_value(
    struct reader *, int depth, struct th_yaml *ret);

static struct th_yaml *
new_node(struct reader *r)
{
	struct th_yaml *node = th_calloc(1, sizeof(*node));

	if (node == NULL)
		return NULL;
	node->line = r->event.start_mark.line + 1;
	node->column = r->event.start_mark.column + 1;
	return node;
}

/* A scalar's bytes; NUL cannot be kept, so it is refused. */
static enum th_status
take_text(struct reader *r, char **ret)
{
	const char *s = (const char *)r->event.data.scalar.value;
	size_t len = r->event.data.scalar.length;

	if (memchr(s, '\0', len) != NULL)
		return fail_at(r, r->event.start_mark, "a NUL character");
	if ((*ret = th_strndup(s, len)) == NULL)
		return no_memory(r);
	return TH_OK;
}

/* The event is a member's key: takes it and goes on to the value. */
static enum th_status
read_key(struct reader *r, const struct th_yaml *map, struct th_yaml *node)
{
	const struct th_yaml *c;
	enum th_status st;

	if (r->event.type != YAML_SCALAR_EVENT)
		return fail_at(r, r->event.start_mark, "a key must be a word");
	if ((st = take_text(r, &node->key)) != TH_OK)
		return st;
	for (c = map->child; c != node; c = c->next)
		if (strcmp(c->key, node->key) == 0)
			return th_yaml_fail(
			    r->name, node, r->err, "the key is there twice");
	return next(r);
}

/* The event begins a list or map; ends with the event that ends it. */
static enum th_status
read_children(struct reader *r, int depth, struct th_yaml *ret)
{
	yaml_event_type_t end = ret->kind == TH_YAML_MAP
				    ? YAML_MAPPING_END_EVENT
				    : YAML_SEQUENCE_END_EVENT;
	struct th_yaml **last = &ret->child;
	enum th_status st;

	if (depth > DEPTH_MAX)
		return fail_at(r, r->event.start_mark, "nested too deep");
	while ((st = next(r)) == TH_OK && r->event.type != end) {
		if ((*last = new_node(r)) == NULL)
			return no_memory(r);
		if (ret->kind == TH_YAML_MAP &&
		    (st = read_key(r, ret, *last)) != TH_OK)
			return st;
		if ((st = read_value(r, depth + 1, *last)) != TH_OK)
			return st;
		last = &(*last)->next;
	}
	return st;
}

/* The event begins a value. */
static enum th_status
read_value(struct reader *r, int depth, struct th_yaml *ret)
{
	if (++r->nodes > NODE_MAX)
		return fail_at(r, r->event.start_mark, "too much of it");
	switch (r->event.type) {
	case YAML_SCALAR_EVENT:
		ret->kind = TH_YAML_TEXT;
		ret->from = r->event.start_mark.index;
		ret->to = r->event.end_mark.index;
		ret->plain =
		    r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		return take_text(r, &ret->text);
	case YAML_SEQUENCE_START_EVENT:
		ret->kind = TH_YAML_LIST;
		return read_children(r, depth, ret);
	case YAML_MAPPING_START_EVENT:
		ret->kind = TH_YAML_MAP;
		return read_children(r, depth, ret);
	default:
		/* An alias can make a small text a huge tree. */
		return fail_at(
		    r, r->event.start_mark, "aliases are not allowed");
	}
}

/* One document at most; an empty text is an empty map. */
static enum th_status
read_document(struct reader *r, struct th_yaml *ret)
{
	enum th_status st;

	if ((st = next(r)) != TH_OK || (st = next(r)) != TH_OK)
		return st;
	if (r->event.type == YAML_STREAM_END_EVENT) {
		ret->kind = TH_YAML_MAP;
		return TH_OK;
	}
	if ((st = next(r)) != TH_OK || (st = read_value(r, 0, ret)) != TH_OK ||
	    (st = next(r)) != TH_OK || (st = next(r)) != TH_OK)
		return st;
	if (r->event.type != YAML_STREAM_END_EVENT)
		return fail_at(r, r->event.start_mark, "a second document");
	return TH_OK;
}

enum th_status
th_yaml_parse(struct th_str text, const char *name, struct th_yaml **ret,
    struct th_err *err)
{
	struct reader r = { 0 };
	struct th_yaml *root;
	enum th_status st;

	r.name = name;
	r.text = text;
	r.err = err;
	if ((root = th_calloc(1, sizeof(*root))) == NULL ||
	    yaml_parser_initialize(&r.parser) != 1) {
		free(root);
		return no_memory(&r);
	}
	root->line = root->column = 1;
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser,
	    (const unsigned char *)(text.len > 0 ? text.s : ""), text.len);
	st = read_document(&r, root);
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	if (st == TH_OK)
		*ret = root;
	else
		th_yaml_free(root);
	return st;
}

const struct th_yaml *
th_yaml_get(const struct th_yaml *map, const char *key)
{
	const struct th_yaml *c;

	if (map == NULL || map->kind != TH_YAML_MAP)
		return NULL;
	for (c = map->child; c != NULL; c = c->next)
		if (strcmp(c->key, key) == 0)
			return c;
	return NULL;
}

enum th_status
th_yaml_known(const struct th_yaml *map, const char *const *keys,
    const char *name, struct th_err *err)
{
	const struct th_yaml *c;
	struct th_suggest guess;
	char what[128] = "unknown key";
	size_t i;

	for (c = map->child; c != NULL; c = c->next) {
		th_suggest_init(&guess, c->key);
		for (i = 0; keys[i] != NULL && strcmp(keys[i], c->key) != 0;
		     i++)
			th_suggest_offer(&guess, keys[i]);
		if (keys[i] != NULL)
			continue;
		if (guess.best != NULL)
			snprintf(what, sizeof(what),
			    "unknown key, did you mean %s?", guess.best);
		return th_yaml_fail(name, c, err, what);
	}
	return TH_OK;
}

/* item -- one item: its line, the places of its members, and edits */
#include <stdlib.h>
#include <string.h>

#include "scan.h"
#include "trigger.h"

/* Text that an edit brought, kept until the item is released or parsed anew. */
struct th_chunk {
	struct th_chunk *next;
	char text[];
};

/* Members' memory that is kept from item to item. */
#define MEMBERS_KEPT 4096

void
th_item_init(struct th_item *it)
{
	*it = (struct th_item){ 0 };
}

static void
free_chunks(struct th_item *it)
{
	struct th_chunk *c, *next;

	for (c = it->own; c != NULL; c = next) {
		next = c->next;
		free(c);
	}
	it->own = NULL;
}

void
th_item_release(struct th_item *it)
{
	free_chunks(it);
	free(it->member);
	th_item_init(it);
}

/* Room for one more member. */
static enum th_status
grow(struct th_item *it)
{
	size_t cap = it->cap > 0 ? it->cap * 2 : 32;
	struct th_member *m;

	if (it->n < it->cap)
		return TH_OK;
	if (it->n >= TH_MEMBER_MAX)
		return TH_EDATA;
	m = th_realloc(it->member, cap * sizeof(*m));
	if (m == NULL)
		return TH_ENOMEM;
	it->member = m;
	it->cap = cap;
	return TH_OK;
}

/* One member from its name's quote to behind its value. */
static const char *
scan_member(struct th_scan *s, const char *p, struct th_item *it)
{
	struct th_member *m;
	enum th_status st = grow(it);
	const char *start = p + 1;

	if (st != TH_OK) {
		th_scan_fail(s, p, "too many members");
		if (st == TH_ENOMEM)
			s->why = th_strstatus(st);
		s->status = st;
		return NULL;
	}
	m = &it->member[it->n];
	if (p >= s->end || *p != '"')
		return th_scan_fail(s, p, "a member's name is missing");
	p = th_scan_string(s, start);
	if (p == NULL)
		return NULL;
	m->key = (struct th_str){ start, (size_t)(p - 1 - start) };
	p = th_scan_space(p, s->end);
	if (p >= s->end || *p != ':')
		return th_scan_fail(s, p, "':' is missing");
	start = th_scan_space(p + 1, s->end);
	p = th_scan_value(s, start, 1, &m->value.type);
	if (p == NULL)
		return NULL;
	m->value.raw = (struct th_str){ start, (size_t)(p - start) };
	it->n++;
	return p;
}

static const char *
scan_members(struct th_scan *s, const char *p, struct th_item *it)
{
	p = th_scan_space(p, s->end);
	if (p < s->end && *p == '}')
		return p + 1;
	while ((p = scan_member(s, p, it)) != NULL) {
		p = th_scan_space(p, s->end);
		if (p < s->end && *p == '}')
			return p + 1;
		if (p >= s->end || *p != ',')
			return th_scan_fail(s, p, "',' or '}' is missing");
		p = th_scan_space(p + 1, s->end);
	}
	return NULL;
}

enum th_status
th_item_parse_in(
    struct th_item *it, struct th_str line, const char *lim, struct th_err *err)
{
	struct th_scan s = { .begin = line.s, .lim = lim };
	const char *p;

	free_chunks(it);
	if (it->cap > MEMBERS_KEPT)
		th_item_release(it);
	it->line = line;
	it->n = 0;
	it->edited = false;
	s.end = line.s + line.len;
	p = th_scan_space(line.s, s.end);
	if (!th_scan_utf8(&s))
		p = NULL;
	else if (p >= s.end || *p != '{')
		p = th_scan_fail(&s, p, "not an object");
	else
		p = scan_members(&s, p + 1, it);
	if (p != NULL && th_scan_space(p, s.end) < s.end)
		p = th_scan_fail(
		    &s, th_scan_space(p, s.end), "more text behind the object");
	if (p != NULL)
		return TH_OK;
	it->n = 0;
	return th_scan_err(&s, err);
}

/* A copy of the item's own; NULL when there is no memory. */
static char *
keep(struct th_item *it, struct th_str s)
{
	struct th_chunk *c = th_malloc(sizeof(*c) + s.len + 1);

	if (c == NULL)
		return NULL;
	memcpy(c->text, s.s, s.len);
	c->text[s.len] = '\0';
	c->next = it->own;
	it->own = c;
	return c->text;
}

/* Line breaks between the tokens of a value would break the line. */
static char *
keep_value(struct th_item *it, struct th_str json)
{
	char *s = keep(it, json), *p;

	for (p = s; s != NULL && p < s + json.len; p++)
		if (*p == '\n' || *p == '\r')
			*p = ' ';
	return s;
}

/* Moves the item to a copy of its line, in which line breaks are blanks. */
static enum th_status
fold_lines(struct th_item *it)
{
	const char *from = it->line.s, *to = keep_value(it, it->line);
	struct th_member *m;
	size_t i;

	if (to == NULL)
		return TH_ENOMEM;
	for (i = 0; i < it->n; i++) {
		m = &it->member[i];
		m->key.s = to + (m->key.s - from);
		m->value.raw.s = to + (m->value.raw.s - from);
	}
	it->line.s = to;
	return TH_OK;
}

enum th_status
th_item_parse(struct th_item *it, struct th_str line, struct th_err *err)
{
	enum th_status st;

	st = th_item_parse_in(it, line, line.s + line.len, err);
	if (st != TH_OK || memchr(line.s, '\n', line.len) == NULL)
		return st;
	st = fold_lines(it);
	return st == TH_OK ? st : th_fail(err, st, "%s", th_strstatus(st));
}

/* ---- reading ---- */

/* The index of the last member of that name, or it->n. */
static size_t
find(const struct th_item *it, struct th_str name)
{
	size_t i;

	for (i = it->n; i > 0; i--)
		if (th_json_key_is(it->member[i - 1].key, name))
			return i - 1;
	return it->n;
}

bool
th_item_get(const struct th_item *it, const char *name, struct th_value *ret)
{
	size_t i = find(it, th_str(name));

	if (i == it->n)
		return false;
	*ret = it->member[i].value;
	return true;
}

enum th_status
th_item_text(const struct th_item *it, const char *name, struct th_buf *ret)
{
	struct th_value v;

	if (!th_item_get(it, name, &v) ||
	    (v.type != TH_JSON_STRING && v.type != TH_JSON_NUMBER))
		return TH_END;
	return th_value_text(&v, ret);
}

enum th_status
th_item_id(const struct th_item *it, struct th_buf *ret, struct th_err *err)
{
	const size_t from = ret->len;
	enum th_status st = th_item_text(it, "id", ret);

	if (st == TH_END || (st == TH_OK && ret->len == from))
		return th_fail(err, TH_EDATA, "an item without an id");
	return st == TH_OK ? st : th_fail(err, st, "%s", th_strstatus(st));
}

/*
 * The next element of an array that is no array, out of those in it too.  They
 * are passed over by their brackets, since an array that was stepped into after
 * it was measured is read again at each depth.
 */
static bool
next_element(struct th_str *rest, struct th_value *ret)
{
	const char *p = rest->s, *end = p + rest->len;
	struct th_scan s = { .begin = p, .end = end, .lim = end };

	while ((p = th_scan_space(p, end)) < end &&
	       (*p == '[' || *p == ']' || *p == ','))
		p++;
	if (p == end)
		return false;
	ret->raw.s = p;
	p = th_scan_value(&s, p, 0, &ret->type);
	ret->raw.len = (size_t)(p - ret->raw.s);
	*rest = (struct th_str){ p, (size_t)(end - p) };
	return true;
}

static bool
visit_value(
    const struct th_value *v, const char *path, th_visit *visit, void *ctx)
{
	struct th_str name = { path, strcspn(path, ".") }, key;
	struct th_value child, last;
	struct th_str rest = v->raw;
	struct th_iter it;
	bool found = false;

	if (v->type == TH_JSON_ARRAY) {
		while (next_element(&rest, &child))
			if (visit_value(&child, path, visit, ctx))
				return true;
		return false;
	}
	if (name.len == 0)
		return visit(ctx, v);
	th_iter_init(&it, v);
	while (th_iter_next(&it, &key, &child))
		if (th_json_key_is(key, name)) {
			last = child;
			found = true;
		}
	path += name.len;
	return found && visit_value(&last, path + (*path == '.'), visit, ctx);
}

bool
th_item_visit(
    const struct th_item *it, const char *path, th_visit *visit, void *ctx)
{
	size_t len = strcspn(path, ".");
	size_t i = find(it, (struct th_str){ path, len });

	path += len;
	return i < it->n && visit_value(&it->member[i].value,
				path + (*path == '.'), visit, ctx);
}

/* ---- editing ---- */

/* Removes the members of that name but the one at `but`. */
static void
remove_but(struct th_item *it, struct th_str name, size_t but)
{
	size_t i, n = 0;

	for (i = 0; i < it->n; i++)
		if (i == but || !th_json_key_is(it->member[i].key, name))
			it->member[n++] = it->member[i];
	if (n < it->n)
		it->edited = true;
	it->n = n;
}

void
th_item_remove(struct th_item *it, const char *name)
{
	remove_but(it, th_str(name), SIZE_MAX);
}

static bool
is_one_of(struct th_str key, char *const *name, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (th_json_key_is(key, th_str(name[i])))
			return true;
	return false;
}

void
th_item_keep(struct th_item *it, char *const *name, size_t n)
{
	size_t i, kept = 0;

	for (i = 0; i < it->n; i++)
		if (is_one_of(it->member[i].key, name, n))
			it->member[kept++] = it->member[i];
	it->edited = it->edited || kept < it->n;
	it->n = kept;
}

/* A name as a key: escaped, the item's own. */
static enum th_status
make_key(struct th_item *it, const char *name, struct th_str *ret)
{
	struct th_buf b;
	enum th_status st;

	th_buf_init(&b, TH_LINE_MAX);
	st = th_json_escape(&b, th_str(name));
	if (st == TH_OK) {
		*ret = (struct th_str){ keep(it, th_buf_str(&b)), b.len };
		st = ret->s != NULL ? TH_OK : TH_ENOMEM;
	}
	th_buf_release(&b);
	return st;
}

enum th_status
th_item_set(struct th_item *it, const char *name, struct th_str json)
{
	struct th_member new;
	enum th_status st;
	size_t i = find(it, th_str(name));

	st = th_json_parse(json, &new.value, NULL);
	if (st != TH_OK)
		return st;
	new.value.raw.s = keep_value(it, new.value.raw);
	if (new.value.raw.s == NULL)
		return TH_ENOMEM;
	if (i < it->n) {
		it->member[i].value = new.value;
		it->edited = true;
		remove_but(it, th_str(name), i);
		return TH_OK;
	}
	st = grow(it);
	if (st == TH_OK)
		st = make_key(it, name, &new.key);
	if (st != TH_OK)
		return st;
	it->member[it->n++] = new;
	it->edited = true;
	return TH_OK;
}

enum th_status
th_item_set_string(struct th_item *it, const char *name, struct th_str text)
{
	struct th_buf b;
	enum th_status st;

	th_buf_init(&b, TH_LINE_MAX);
	st = th_json_string(&b, text);
	if (st == TH_OK)
		st = th_item_set(it, name, th_buf_str(&b));
	th_buf_release(&b);
	return st;
}

enum th_status
th_item_rename(struct th_item *it, const char *from, const char *to)
{
	size_t i = find(it, th_str(from));
	struct th_str key;
	enum th_status st;

	if (i == it->n || strcmp(from, to) == 0)
		return TH_OK;
	st = make_key(it, to, &key);
	if (st != TH_OK)
		return st;
	it->member[i].key = key;
	it->edited = true;
	remove_but(it, th_str(to), i);
	remove_but(it, th_str(from), SIZE_MAX);
	return TH_OK;
}

enum th_status
th_item_append(struct th_item *it, const char *name, struct th_str json)
{
	struct th_str old = TH_STR("");
	struct th_value v;
	struct th_buf b;
	enum th_status st;

	if (th_item_get(it, name, &v) && v.type != TH_JSON_NULL) {
		old = v.raw;
		if (v.type == TH_JSON_ARRAY)
			old = th_str_trim(
			    (struct th_str){ old.s + 1, old.len - 2 });
	}
	th_buf_init(&b, TH_LINE_MAX);
	th_json_open(&b, '[');
	if (old.len > 0)
		th_json_raw(&b, old);
	th_json_raw(&b, json);
	st = th_json_close(&b, ']');
	if (st == TH_OK)
		st = th_item_set(it, name, th_buf_str(&b));
	th_buf_release(&b);
	return st;
}

enum th_status
th_item_line(const struct th_item *it, struct th_buf *ret)
{
	const struct th_member *m;
	size_t i;

	if (!it->edited)
		return th_buf_add(ret, it->line.s, it->line.len);
	th_buf_addc(ret, '{');
	for (i = 0; i < it->n; i++) {
		m = &it->member[i];
		th_buf_adds(ret, i == 0 ? "\"" : ",\"");
		th_buf_add(ret, m->key.s, m->key.len);
		th_buf_adds(ret, "\":");
		th_buf_add(ret, m->value.raw.s, m->value.raw.len);
	}
	return th_buf_addc(ret, '}');
}

/* ---- aliases ---- */

static enum th_status
date_of(const struct th_item *it, const char *name, int64_t *ret)
{
	char room[64];
	struct th_buf b = { .data = room, .cap = sizeof(room), .max = 63 };
	struct th_value v;

	if (!th_item_get(it, name, &v) || v.type != TH_JSON_STRING ||
	    v.raw.len >= sizeof(room))
		return TH_END;
	th_value_text(&v, &b);
	return th_date_parse_rfc3339(th_buf_str(&b), ret) == TH_OK ? TH_OK
								   : TH_END;
}

/* Null and "" should not be there; where they are, there is nothing. */
enum th_status
th_item_date(const struct th_item *it, int64_t *ret)
{
	struct th_value v;

	if (!th_item_get(it, "date_published", &v) || th_value_is_empty(&v))
		return date_of(it, "date_modified", ret);
	return date_of(it, "date_published", ret);
}

enum th_status
th_item_body_text(
    const struct th_item *it, enum th_text_mode mode, struct th_buf *ret)
{
	struct th_value v;
	struct th_buf html;
	enum th_status st;

	if (th_item_get(it, "content_text", &v) && v.type == TH_JSON_STRING &&
	    !th_value_is_empty(&v))
		return th_value_text(&v, ret);
	if (!th_item_get(it, "content_html", &v) || v.type != TH_JSON_STRING ||
	    th_value_is_empty(&v))
		return th_item_text(it, "summary", ret);
	th_buf_init(&html, v.raw.len);
	st = th_value_text(&v, &html);
	if (st == TH_OK)
		st = th_text_from_html(th_buf_str(&html), mode, ret);
	th_buf_release(&html);
	return st;
}

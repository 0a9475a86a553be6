/* field -- paths and aliases, as expressions and templates name them */
#include <stdlib.h>
#include <string.h>

#include "field.h"
#include "priv.h"

/* What items have (th-item(5)), to tell a slip from a field of the user's. */
static const char *const known[] = { "id", "url", "external_url", "title",
	"content_html", "content_text", "summary", "image", "banner_image",
	"date_published", "date_modified", "authors", "authors.name",
	"authors.url", "authors.avatar", "tags", "language", "attachments",
	"attachments.url", "attachments.mime_type", "attachments.title",
	"attachments.size_in_bytes", "attachments.duration_in_seconds",
	"_source", "_source.service", "_source.account", "_source.feed_url",
	"_source.title", "_source.home_page_url", "_source.language",
	"_published", "_published.service", "_published.account",
	"_published.id", "_published.url", "_published.date", "author", "date",
	"text", "any", NULL };

const char *
th_field_name(size_t i)
{
	return i < sizeof(known) / sizeof(known[0]) ? known[i] : NULL;
}

static bool
is_name_char(unsigned char c, bool first)
{
	return c == '_' || c >= 0x80 || th_is_alpha(c) ||
	       (!first && th_is_digit(c));
}

/* One or more names with dots between, perhaps a dot before. */
size_t
th_field_scan(struct th_str s)
{
	size_t i = s.len > 0 && s.s[0] == '.', start, end = 0;

	for (;;) {
		start = i;
		while (i < s.len &&
		       is_name_char((unsigned char)s.s[i], i == start))
			i++;
		if (i == start)
			return end;
		end = i;
		if (i >= s.len || s.s[i] != '.')
			return end;
		i++;
	}
}

static bool
is_known(const char *path)
{
	size_t i;

	for (i = 0; known[i] != NULL; i++)
		if (strcmp(path, known[i]) == 0)
			return true;
	return false;
}

static const char *
nearest_known(const char *path)
{
	size_t i;

	for (i = 0; known[i] != NULL; i++)
		if (th_str_iis(th_str(path), known[i]))
			return known[i];
	return th_suggest_slip(path, known);
}

static bool
copy_path(struct th_field *f, const char *path, size_t len)
{
	const char *dot;

	f->path = th_strndup(path, len);
	if (f->path == NULL)
		return false;
	dot = strrchr(f->path, '.');
	if (dot == NULL)
		return true;
	f->parent = th_strndup(path, (size_t)(dot - f->path));
	if (f->parent == NULL)
		th_field_release(f);
	return f->path != NULL;
}

enum th_status
th_field_init(struct th_field *f, struct th_str name, struct th_err *err)
{
	static const char *const alias[] = {
		[TH_A_DATE] = "date", [TH_A_TEXT] = "text", [TH_A_ANY] = "any"
	};
	bool literal = name.len > 0 && name.s[0] == '.';
	const char *near;
	int i;

	*f = (struct th_field){ 0 };
	if (th_str_is(name, "author"))
		name = TH_STR("authors.name");
	if (!copy_path(f, name.s + literal, name.len - literal))
		return th_fail(err, TH_ENOMEM, "%s", th_strstatus(TH_ENOMEM));
	if (literal)
		return TH_OK;
	for (i = TH_A_DATE; i <= TH_A_ANY; i++)
		if (strcmp(f->path, alias[i]) == 0)
			f->alias = (enum th_alias)i;
	if (is_known(f->path))
		return TH_OK;
	f->foreign = true;
	near = nearest_known(f->path);
	if (near == NULL)
		return TH_OK;
	th_fail(err, TH_EUSAGE,
	    "no field %s; did you mean %s? (.%s is a field of just that name)",
	    f->path, near, f->path);
	th_field_release(f);
	return TH_EUSAGE;
}

void
th_field_release(struct th_field *f)
{
	free(f->path);
	free(f->parent);
	*f = (struct th_field){ 0 };
}

bool
th_field_is_date(const struct th_field *f)
{
	return f->alias == TH_A_DATE ||
	       strcmp(f->path, "date_published") == 0 ||
	       strcmp(f->path, "date_modified") == 0;
}

/* ---- values ---- */

struct walk {
	struct th_buf *scratch;
	th_see *see;
	void *ctx;
	enum th_status status;
};

static bool
see_value(void *ctx, const struct th_value *v)
{
	struct walk *w = ctx;
	struct th_val val = { .type = TH_V_OTHER, .str = v->raw };

	switch (v->type) {
	case TH_JSON_NULL: return false;
	case TH_JSON_BOOL:
		val.type = TH_V_BOOL;
		val.number = v->raw.s[0] == 't';
		break;
	case TH_JSON_NUMBER:
		val.type = TH_V_NUMBER;
		th_value_number(v, &val.number);
		break;
	case TH_JSON_STRING:
		val.type = TH_V_STRING;
		w->status = th_value_str(v, w->scratch, &val.str);
		if (w->status != TH_OK)
			return true;
		break;
	case TH_JSON_ARRAY:
	case TH_JSON_OBJECT: break;
	}
	w->status = w->see(w->ctx, &val);
	return w->status != TH_OK;
}

static enum th_status
each_date(const struct th_item *it, struct walk *w)
{
	struct th_val val = { .type = TH_V_DATE };

	if (th_item_date(it, &val.date) != TH_OK)
		return TH_OK;
	return w->see(w->ctx, &val);
}

static enum th_status
each_text(const struct th_item *it, enum th_text_mode mode, struct walk *w)
{
	struct th_val val = { .type = TH_V_STRING };
	enum th_status st;

	th_buf_clear(w->scratch);
	st = th_item_body_text(it, mode, w->scratch);
	if (st != TH_OK)
		return st == TH_END ? TH_OK : st;
	val.str = th_buf_str(w->scratch);
	return val.str.len > 0 ? w->see(w->ctx, &val) : TH_OK;
}

static enum th_status
each_any(const struct th_item *it, enum th_text_mode mode, struct walk *w)
{
	static const char *const part[] = { "title", "summary", "tags" };
	size_t i;

	for (i = 0; i < sizeof(part) / sizeof(part[0]); i++)
		if (th_item_visit(it, part[i], see_value, w))
			return w->status;
	return each_text(it, mode, w);
}

enum th_status
th_field_each(const struct th_field *f, const struct th_item *it,
    struct th_buf *scratch, th_see *see, void *ctx)
{
	struct walk w = { scratch, see, ctx, TH_OK };

	switch (f->alias) {
	case TH_A_DATE: return each_date(it, &w);
	case TH_A_TEXT: return each_text(it, f->mode, &w);
	case TH_A_ANY: return each_any(it, f->mode, &w);
	case TH_A_PATH: break;
	}
	th_item_visit(it, f->path, see_value, &w);
	return w.status;
}

struct raw_walk {
	const char *leaf;
	th_visit *visit;
	void *ctx;
};

static bool
see_parent(void *ctx, const struct th_value *v)
{
	struct raw_walk *w = ctx;
	struct th_value leaf;

	return th_value_get(v, w->leaf, &leaf) && w->visit(w->ctx, &leaf);
}

void
th_field_each_raw(const struct th_field *f, const struct th_item *it,
    th_visit *visit, void *ctx)
{
	struct raw_walk w = { NULL, visit, ctx };
	struct th_value v;

	if (f->parent != NULL) {
		w.leaf = f->path + strlen(f->parent) + 1;
		th_item_visit(it, f->parent, see_parent, &w);
	} else if (th_item_get(it, f->path, &v)) {
		visit(ctx, &v);
	}
}

struct th_str
th_val_text(const struct th_val *v, char room[TH_DATE_SIZE])
{
	if (v->type != TH_V_DATE)
		return v->str;
	if (th_date_format(v->date, room) != TH_OK)
		return TH_STR("");
	return th_str(room);
}

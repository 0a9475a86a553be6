/* fuzz_item -- any line: parsed, walked, edited, written and parsed again */
#include <stdlib.h>
#include <string.h>

#include "../portable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Unlike assert(), it stays when NDEBUG is set. */
static void
must(bool truth)
{
	if (!truth)
		abort();
}

/* Every value in v: valid by itself, its text valid UTF-8. */
static void
walk(const struct th_value *v, struct th_buf *text)
{
	struct th_value child, again;
	struct th_iter it;
	struct th_str key;
	double d;

	must(th_json_parse(v->raw, &again, NULL) == TH_OK);
	must(again.type == v->type && again.raw.len == v->raw.len);
	must(th_value_number(v, &d) == (v->type == TH_JSON_NUMBER));
	th_buf_clear(text);
	must(th_value_text(v, text) == TH_OK && text->len <= v->raw.len);
	must(th_utf8_valid(th_buf_str(text)) == text->len);
	th_iter_init(&it, v);
	while (th_iter_next(&it, &key, &child))
		must(child.raw.s > v->raw.s &&
		     child.raw.s + child.raw.len < v->raw.s + v->raw.len);
	must(th_scan_space(it.p, it.end) == it.end);
}

static bool
walk_visited(void *text, const struct th_value *v)
{
	walk(v, text);
	return false;
}

/* What an edit made is an item that says the same. */
static void
must_reparse(const struct th_item *it)
{
	struct th_item again = { 0 };
	struct th_buf line;
	size_t i;

	th_buf_init(&line, SIZE_MAX);
	must(th_item_line(it, &line) == TH_OK);
	must(memchr(line.data, '\n', line.len) == NULL);
	must(th_item_parse(&again, th_buf_str(&line), NULL) == TH_OK);
	must(again.n == it->n);
	for (i = 0; i < it->n; i++) {
		const struct th_member *a = &it->member[i];
		const struct th_member *b = &again.member[i];

		must(a->value.type == b->value.type);
		must(a->key.len == b->key.len &&
		     memcmp(a->key.s, b->key.s, a->key.len) == 0);
		must(a->value.raw.len == b->value.raw.len &&
		     memcmp(a->value.raw.s, b->value.raw.s, a->value.raw.len) ==
			 0);
	}
	th_item_release(&again);
	th_buf_release(&line);
}

static void
edit(struct th_item *it, struct th_str text)
{
	struct th_value v;
	struct th_buf b;

	th_buf_init(&b, SIZE_MAX);
	must(th_item_set_string(it, "title", text) == TH_OK);
	must(th_item_text(it, "title", &b) == TH_OK);
	must(th_utf8_valid(text) < text.len ||
	     (b.len == text.len && memcmp(b.data, text.s, b.len) == 0));
	must_reparse(it);
	must(th_item_append(it, "tags", TH_STR("[\"x\"]")) == TH_OK);
	must(th_item_append(it, "tags", TH_STR("1")) == TH_OK);
	must(th_item_get(it, "tags", &v) && v.type == TH_JSON_ARRAY);
	must_reparse(it);
	must(th_item_rename(it, "title", "id") == TH_OK);
	must(!th_item_get(it, "title", &v) && th_item_get(it, "id", &v));
	must_reparse(it);
	th_item_remove(it, "id");
	must(!th_item_get(it, "id", &v));
	must_reparse(it);
	th_buf_release(&b);
}

/* The library's scanner, the portable one, and both validators of UTF-8. */
static void
must_agree(struct th_str text)
{
	char *more = malloc(text.len + 64);
	struct outcome want = scan_portable(text);
	bool valid = th_utf8_valid(text) == text.len;

	must(same_outcome(want, scan_fast(text, text.s + text.len)));
	memcpy(more, text.s, text.len);
	memset(more + text.len, 0, 64);
	must(same_outcome(want, scan_fast((struct th_str){ more, text.len },
				    more + text.len + 64)));
	free(more);
	if (th_utf8_fast(TH_STR("")))
		must(th_utf8_fast(text) == valid);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct th_str line = { (const char *)data, len };
	struct th_item it = { 0 };
	struct th_err err = { 0 };
	struct th_value v;
	struct th_buf b;
	enum th_status st;
	size_t i;

	if (len == 0)
		return 0;
	must_agree(line);
	th_buf_init(&b, SIZE_MAX);
	st = th_item_parse(&it, line, &err);
	must(st == TH_OK || st == TH_EDATA);
	if (st == TH_EDATA)
		must(err.column >= 1 && err.column <= len + 1);
	/* An object alone is an item, and nothing else is. */
	must((st == TH_OK) == (th_json_parse(line, &v, NULL) == TH_OK &&
				  v.type == TH_JSON_OBJECT));
	if (st == TH_OK) {
		for (i = 0; i < it.n; i++)
			walk(&it.member[i].value, &b);
		th_item_visit(&it, "a", walk_visited, &b);
		th_item_visit(&it, "authors.name", walk_visited, &b);
		must_reparse(&it);
		edit(&it, line);
	}
	th_item_release(&it);
	th_buf_release(&b);
	return 0;
}

/* note -- an item as a Markdown file with YAML in front */
#include <string.h>

#include "trigger.h"

/* A double-quoted scalar: JSON's, but YAML has more characters to escape. */
static void
add_yaml(struct th_buf *b, const char *key, struct th_str s)
{
	size_t i, n, run;
	uint32_t c;

	th_buf_adds(b, key);
	th_buf_adds(b, "\"");
	for (i = run = 0; i < s.len; i += n) {
		n = th_utf8_decode(s.s + i, s.len - i, &c);
		if (n == 0)
			n = 1;
		if ((c < 0x7f || c > 0x9f) && c != 0x2028 && c != 0x2029 &&
		    c != 0xfeff && c < 0xfffe)
			continue;
		th_json_escape(b, (struct th_str){ s.s + run, i - run });
		if (c <= 0xffff)
			th_buf_addf(b, "\\u%04x", (unsigned)c);
		else
			th_buf_add(b, s.s + i, n);
		run = i + n;
	}
	th_json_escape(b, (struct th_str){ s.s + run, s.len - run });
	th_buf_adds(b, "\"");
}

struct list {
	struct th_buf *out, text;
	size_t n;
};

static bool
add_element(void *ctx, const struct th_value *v)
{
	struct list *l = ctx;

	if (v->type != TH_JSON_STRING || v->raw.len <= 2)
		return false;
	th_buf_clear(&l->text);
	th_value_text(v, &l->text);
	add_yaml(l->out, l->n++ == 0 ? "" : ", ", th_buf_str(&l->text));
	return l->text.status != TH_OK;
}

/* "key: [...]", or nothing when the item has none. */
static enum th_status
add_yaml_list(struct th_buf *b, const char *key, const struct th_item *it,
    const char *path)
{
	struct list l = { .out = b };
	enum th_status st;
	size_t len = b->len;

	th_buf_init(&l.text, TH_LINE_MAX);
	th_buf_addf(b, "%s: [", key);
	th_item_visit(it, path, add_element, &l);
	st = l.text.status;
	th_buf_release(&l.text);
	if (st != TH_OK || b->status != TH_OK)
		return st != TH_OK ? st : b->status;
	if (l.n == 0) {
		b->len = len;
		return TH_OK;
	}
	return th_buf_adds(b, "]\n");
}

enum th_status
th_note_head(struct th_str id, struct th_buf *ret)
{
	th_buf_adds(ret, "---\n");
	add_yaml(ret, "id: ", id);
	return th_buf_adds(ret, "\n");
}

static enum th_status
add_front_matter(const struct th_item *it, struct th_str id,
    struct th_str title, struct th_buf *b)
{
	char date[TH_DATE_SIZE];
	struct th_buf url;
	enum th_status st;
	int64_t t;

	th_buf_init(&url, TH_LINE_MAX);
	th_note_head(id, b);
	add_yaml(b, "title: ", title);
	st = th_item_text(it, "url", &url);
	if (st == TH_OK && url.len > 0)
		add_yaml(b, "\nurl: ", th_buf_str(&url));
	th_buf_release(&url);
	if (st == TH_ENOMEM)
		return st;
	if (th_item_date(it, &t) == TH_OK && th_date_format(t, date) == TH_OK)
		th_buf_addf(b, "\ndate: %s", date);
	th_buf_adds(b, "\n");
	if ((st = add_yaml_list(b, "author", it, "authors.name")) != TH_OK)
		return st;
	if ((st = add_yaml_list(b, "tags", it, "tags")) != TH_OK)
		return st;
	return th_buf_adds(b, "---\n\n");
}

/* content_html, else content_text, else the summary. */
static enum th_status
add_body(struct th_buf *b, const struct th_item *it)
{
	static const char *const name[] = { "content_html", "content_text",
		"summary" };
	struct th_buf text;
	enum th_status st = TH_END;
	size_t i;

	th_buf_init(&text, TH_LINE_MAX);
	for (i = 0; i < 3 && (st == TH_END || (st == TH_OK && text.len == 0));
	     i++)
		st = th_item_text(it, name[i], &text);
	if (st == TH_OK && i == 1)
		st = th_markdown_from_html(th_buf_str(&text), b);
	else if (st == TH_OK && text.len > 0) {
		th_buf_add(b, text.data, text.len);
		st = th_buf_addc(b, '\n');
	}
	th_buf_release(&text);
	return st == TH_END ? TH_OK : st;
}

enum th_status
th_note_make(const struct th_item *it, struct th_str id, struct th_str title,
    struct th_buf *ret)
{
	enum th_status st = add_front_matter(it, id, title, ret);

	return st != TH_OK ? st : add_body(ret, it);
}

/* search-show -- what th-search found, for people and for programs */
#include <string.h>

#include "search.h"

#define SNIPPET 160 /* bytes around what matched */
#define BEFORE 50
#define WORD 30 /* it may be from a place to the next blank */
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

/* The item or trigger with where it went, and nothing to be printed yet. */
static enum th_status
take_hit(struct search *s, const struct th_hit *hit, struct th_item *ret,
    struct th_err *err)
{
	enum th_status st;

	th_item_init(ret);
	th_buf_clear(&s->line);
	th_buf_clear(&s->out);
	if (hit->kind == TH_SEARCH_ITEM)
		st = th_went_line(s->went, hit->line, &s->line, err);
	else
		st = th_buf_add(&s->line, hit->line.s, hit->line.len);
	return st == TH_OK ? th_item_parse(ret, th_buf_str(&s->line), err) : st;
}

/* ---- for programs ---- */

/* The item or trigger with its score as its last member. */
enum th_status
search_json(void *ctx, const struct th_hit *hit)
{
	struct search *s = ctx;
	struct th_item it;
	struct th_err err = { 0 };
	enum th_status st;
	char score[32];

	st = take_hit(s, hit, &it, &err);
	snprintf(score, sizeof(score), "%.6g", hit->score);
	if (st == TH_OK)
		st = th_item_set(&it, "_score", th_str(score));
	if (st == TH_OK)
		st = th_item_line(&it, &s->out);
	th_item_release(&it);
	cmd_check(st, &err);
	return th_out_line(&cmd_out, th_buf_str(&s->out));
}

/* ---- for people ---- */

/* Control characters are not for terminals. */
static void
add_safe(struct th_buf *b, struct th_str s)
{
	unsigned char c;
	size_t i;

	for (i = 0; i < s.len; i++) {
		c = (unsigned char)s.s[i];
		if (c == 0xc2 && i + 1 < s.len &&
		    (unsigned char)s.s[i + 1] < 0xa0) {
			th_buf_addc(b, ' ');
			i++;
		} else
			th_buf_addc(b, c < ' ' || c == 0x7f ? ' ' : (char)c);
	}
}

/* A text with the words that were looked for in bold. */
static void
add_marked(struct search *s, struct th_str text)
{
	const char *done = text.s;
	struct th_str word;

	if (!s->bold) {
		add_safe(&s->out, text);
		return;
	}
	th_marker_start(s->marker, text);
	while (th_marker_next(s->marker, &word)) {
		add_safe(
		    &s->out, (struct th_str){ done, (size_t)(word.s - done) });
		th_buf_adds(&s->out, BOLD);
		add_safe(&s->out, word);
		th_buf_adds(&s->out, PLAIN);
		done = word.s + word.len;
	}
	add_safe(&s->out,
	    (struct th_str){ done, (size_t)(text.s + text.len - done) });
}

static bool
is_middle(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* The beginning of a word a little after that, else of a character. */
static size_t
begin_word(struct th_str text, size_t at, size_t most)
{
	size_t i;

	for (i = at; i > 0 && i < most && i < at + WORD; i++)
		if (text.s[i - 1] == ' ')
			return i;
	while (at > 0 && is_middle(text.s[at]))
		at--;
	return at;
}

/* The end of a word a little before that, else of a character. */
static size_t
end_word(struct th_str text, size_t at, size_t least)
{
	size_t i;

	for (i = at; i < text.len && i > least && i + WORD > at; i--)
		if (text.s[i] == ' ')
			return i;
	while (at < text.len && is_middle(text.s[at]))
		at++;
	return at;
}

/* A line of the text around the first word that was looked for. */
static void
add_snippet(struct search *s, struct th_str text)
{
	struct th_str word;
	size_t from, to, at;

	th_marker_start(s->marker, text);
	if (!th_marker_next(s->marker, &word))
		return;
	at = (size_t)(word.s - text.s);
	from = begin_word(text, at > BEFORE ? at - BEFORE : 0, at + 1);
	to = text.len - from > SNIPPET ? from + SNIPPET : text.len;
	to = end_word(text, to, at + word.len);
	th_buf_adds(&s->out, from > 0 ? "\n    …" : "\n    ");
	add_marked(s, (struct th_str){ text.s + from, to - from });
	if (to < text.len)
		th_buf_adds(&s->out, "…");
}

/* As it is looked for with date: */
static void
add_day(struct th_buf *b, int64_t at)
{
	char text[TH_DATE_SIZE] = "";

	if (th_date_format(at, text) == TH_OK)
		text[strcspn(text, "T")] = '\0';
	th_buf_adds(b, text);
}

static void
add_member(struct th_buf *b, const struct th_value *object, const char *name,
    const char *before)
{
	struct th_value v;
	struct th_buf text;

	th_buf_init(&text, TH_LINE_MAX);
	if (th_value_get(object, name, &v) && v.type == TH_JSON_STRING &&
	    th_value_text(&v, &text) == TH_OK && text.len > 0) {
		th_buf_adds(b, before);
		add_safe(b, th_buf_str(&text));
	}
	th_buf_release(&text);
}

/* One receipt: "trello:default 2026-11-23T21:00:00Z https://..." */
static bool
add_receipt(void *ctx, const struct th_value *v)
{
	struct search *s = ctx;

	if (v->type != TH_JSON_OBJECT)
		return false;
	add_member(&s->out, v, "service", "\n    → ");
	add_member(&s->out, v, "account", ":");
	add_member(&s->out, v, "date", " ");
	add_member(&s->out, v, "url", " ");
	return false;
}

static bool
add_tag(void *ctx, const struct th_value *v)
{
	struct search *s = ctx;

	if (s->text.len > 0)
		th_buf_adds(&s->text, ", ");
	return th_value_text(v, &s->text) != TH_OK;
}

/* Puts a member into s->text. */
static bool
take_text(struct search *s, const struct th_item *it, const char *name)
{
	th_buf_clear(&s->text);
	return th_item_text(it, name, &s->text) == TH_OK && s->text.len > 0;
}

static void
show_item(struct search *s, const struct th_item *it, int64_t date)
{
	add_day(&s->out, date);
	th_buf_adds(&s->out, "  ");
	if (take_text(s, it, "title") || take_text(s, it, "id"))
		add_marked(s, th_buf_str(&s->text));
	if (take_text(s, it, "url")) {
		th_buf_adds(&s->out, "\n    ");
		add_safe(&s->out, th_buf_str(&s->text));
	}
	th_item_visit(it, "_published", add_receipt, s);
	th_buf_clear(&s->text);
	if (th_item_body_text(it, TH_TEXT_FOLD, &s->text) == TH_OK &&
	    s->text.len > 0)
		add_snippet(s, th_buf_str(&s->text));
}

static void
show_trigger(struct search *s, const struct th_item *it)
{
	th_buf_adds(&s->out, "trigger  ");
	if (take_text(s, it, "trigger"))
		add_marked(s, th_buf_str(&s->text));
	th_buf_clear(&s->text);
	th_item_visit(it, "tags", add_tag, s);
	if (s->text.len > 0) {
		th_buf_adds(&s->out, "  [");
		add_marked(s, th_buf_str(&s->text));
		th_buf_addc(&s->out, ']');
	}
	if (take_text(s, it, "description")) {
		th_buf_adds(&s->out, "\n    ");
		add_marked(s, th_buf_str(&s->text));
	}
}

enum th_status
search_show(void *ctx, const struct th_hit *hit)
{
	struct search *s = ctx;
	struct th_item it;
	struct th_err err = { 0 };

	cmd_check(take_hit(s, hit, &it, &err), &err);
	if (hit->kind == TH_SEARCH_ITEM)
		show_item(s, &it, hit->date);
	else
		show_trigger(s, &it);
	th_item_release(&it);
	cmd_check(s->out.status, NULL);
	cmd_check(s->text.status, NULL);
	return th_out_line(&cmd_out, th_buf_str(&s->out));
}

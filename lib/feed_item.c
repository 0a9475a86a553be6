/* feed_item -- from the pieces of an entry to the line of an item */
#include <stdlib.h>
#include <string.h>

#include "feed.h"
#include "priv.h"

struct th_item_maker {
	struct th_buf text, other; /* scratch */
};

/* ---- an entry ---- */

void
th_found_init(struct th_found *e)
{
	memset(e, 0, sizeof(*e));
	th_buf_init(&e->text, TH_FEED_ENTRY_MAX);
	th_buf_init(
	    &e->authors, TH_FEED_LIST_MAX * sizeof(struct th_feed_author));
	th_buf_init(
	    &e->source, TH_FEED_LIST_MAX * sizeof(struct th_feed_author));
	th_buf_init(&e->tags, TH_FEED_LIST_MAX * sizeof(struct th_slot));
	th_buf_init(&e->files, TH_FEED_LIST_MAX * sizeof(struct th_feed_file));
}

void
th_found_release(struct th_found *e)
{
	th_buf_release(&e->text);
	th_buf_release(&e->authors);
	th_buf_release(&e->source);
	th_buf_release(&e->tags);
	th_buf_release(&e->files);
}

void
th_found_clear(struct th_found *e)
{
	th_buf_clear(&e->text);
	th_buf_clear(&e->authors);
	th_buf_clear(&e->source);
	th_buf_clear(&e->tags);
	th_buf_clear(&e->files);
	memset(e->slot, 0, sizeof(e->slot));
}

struct th_str
th_found_str(const struct th_found *e, struct th_slot s)
{
	if (s.len == 0)
		return TH_STR("");
	return (struct th_str){ e->text.data + s.off, s.len };
}

static enum th_status
add_to_list(struct th_buf *list, const void *p, size_t size)
{
	if (list->len + size > list->max)
		return TH_OK;
	return th_buf_add(list, p, size);
}

enum th_status
th_found_author(struct th_found *e, const struct th_feed_author *a)
{
	return add_to_list(&e->authors, a, sizeof(*a));
}

enum th_status
th_found_source_author(struct th_found *e, const struct th_feed_author *a)
{
	return add_to_list(&e->source, a, sizeof(*a));
}

static struct th_slot
copy_slot(struct th_found *to, const struct th_found *from, struct th_slot s)
{
	struct th_slot ret = { to->text.len, s.len, s.form };
	struct th_str text = th_found_str(from, s);

	th_buf_add(&to->text, text.s, text.len);
	return ret;
}

enum th_status
th_found_copy_author(struct th_found *to, const struct th_found *from,
    const struct th_feed_author *a)
{
	struct th_feed_author copy = { copy_slot(to, from, a->name),
		copy_slot(to, from, a->email), copy_slot(to, from, a->url),
		copy_slot(to, from, a->avatar) };

	if (to->text.status != TH_OK)
		return to->text.status;
	return th_found_author(to, &copy);
}

enum th_status
th_found_tag(struct th_found *e, struct th_slot tag)
{
	return add_to_list(&e->tags, &tag, sizeof(tag));
}

enum th_status
th_found_file(struct th_found *e, const struct th_feed_file *f)
{
	return add_to_list(&e->files, f, sizeof(*f));
}

/* The first of the slots, up to a 0 at the end, that says something. */
static struct th_str
first(const struct th_found *e, const enum th_slots *of, size_t n,
    enum th_form *form)
{
	struct th_str s;
	size_t i;

	for (i = 0; i < n; i++) {
		s = th_str_trim(th_found_str(e, e->slot[of[i]]));
		if (s.len == 0)
			continue;
		if (form != NULL)
			*form = e->slot[of[i]].form;
		return s;
	}
	return TH_STR("");
}

#define FIRST(e, form, ...)                                                    \
	first(e, (const enum th_slots[]){ __VA_ARGS__ },                       \
	    sizeof((enum th_slots[]){ __VA_ARGS__ }) / sizeof(enum th_slots),  \
	    form)

/* ---- texts ---- */

/*
 * One member.  Its key, literal and with the comma before, needs no look: this
 * runs a dozen times for each item.
 */
#define MEMBER(line, name, s) member(line, TH_STR(",\"" name "\":\""), s)

static void
member(struct th_buf *line, struct th_str key, struct th_str s)
{
	if (s.len == 0)
		return;
	th_buf_add(line, key.s, key.len);
	th_json_escape(line, s);
	th_buf_addc(line, '"');
}

static bool
is_html(struct th_str s, enum th_form form, enum th_feed_text of)
{
	if (form != TH_FORM_GUESS)
		return form == TH_FORM_HTML;
	return (memchr(s.s, '<', s.len) != NULL ||
		   memchr(s.s, '&', s.len) != NULL) &&
	       th_feed_is_html(s, of);
}

/* The text on one line, in m->text until the next call. */
static struct th_str
plain(struct th_item_maker *m, struct th_str s, enum th_form form,
    enum th_feed_text of)
{
	th_buf_clear(&m->text);
	if (is_html(s, form, of))
		th_text_from_html(s, TH_TEXT_FOLD, &m->text);
	else
		th_text_fold(s, &m->text);
	return th_buf_str(&m->text);
}

static void
add_body(struct th_str s, enum th_form form, struct th_buf *line)
{
	if (is_html(s, form, TH_FEED_BODY))
		MEMBER(line, "content_html", s);
	else
		MEMBER(line, "content_text", s);
}

/*
 * What the description is: the body where there is no other, else the summary.
 * Two of them, and the longer is the body.
 */
static void
add_texts(
    struct th_item_maker *m, const struct th_found *e, struct th_buf *line)
{
	enum th_form form = TH_FORM_HTML, form2 = TH_FORM_GUESS;
	struct th_str body = FIRST(e, &form, TH_S_CONTENT, TH_S_BODY);
	struct th_str text = FIRST(e, &form2, TH_S_SUMMARY, TH_S_SUMMARY2);

	if (body.len == 0) {
		add_body(text, form2, line);
		return;
	}
	add_body(body, form, line);
	/* JSON Feed may have both. */
	if (form == TH_FORM_HTML && e->slot[TH_S_BODY].form == TH_FORM_TEXT)
		MEMBER(line, "content_text", FIRST(e, NULL, TH_S_BODY));
	if (text.len != body.len || memcmp(text.s, body.s, body.len) != 0)
		MEMBER(line, "summary", plain(m, text, form2, TH_FEED_BODY));
}

/* The first of the slots that is a date. */
static void
add_date(const struct th_found *e, struct th_str key, const enum th_slots *of,
    size_t n, struct th_buf *line)
{
	char text[TH_DATE_SIZE];
	struct th_str s;
	int64_t t;
	size_t i;

	for (i = 0; i < n; i++) {
		s = th_found_str(e, e->slot[of[i]]);
		if (s.len == 0 || th_date_parse(s, &t) != TH_OK ||
		    th_date_format(t, text) != TH_OK)
			continue;
		member(line, key, th_str(text));
		return;
	}
}

static void
add_dates(const struct th_found *e, struct th_buf *line)
{
	static const enum th_slots published[] = { TH_S_PUBLISHED,
		TH_S_PUBLISHED2, TH_S_DC_DATE, TH_S_CREATED };
	static const enum th_slots modified[] = { TH_S_UPDATED, TH_S_MODIFIED };

	add_date(e, TH_STR(",\"date_published\":\""), published, 4, line);
	add_date(e, TH_STR(",\"date_modified\":\""), modified, 2, line);
}

/* ---- lists ---- */

/* "mailto:" and the address, in m->other. */
static struct th_str
mailto(struct th_item_maker *m, struct th_str address)
{
	th_buf_clear(&m->other);
	th_buf_adds(&m->other, "mailto:");
	th_buf_add(&m->other, address.s, address.len);
	return th_buf_str(&m->other);
}

/* RSS: "joe@example.org (Joe)", "Joe (joe@example.org)", "Joe <joe@...>". */
static void
split_author(struct th_str *name, struct th_str *email)
{
	char open = memchr(name->s, '(', name->len) != NULL ? '(' : '<';
	const char *p = memchr(name->s, open, name->len), *end;
	struct th_str a, b;

	if (p == NULL || email->len > 0)
		return;
	end = memchr(
	    p, open == '(' ? ')' : '>', (size_t)(name->s + name->len - p));
	if (end == NULL)
		return;
	a = th_str_trim((struct th_str){ name->s, (size_t)(p - name->s) });
	b = th_str_trim((struct th_str){ p + 1, (size_t)(end - p - 1) });
	if (memchr(a.s, '@', a.len) != NULL && b.len > 0) {
		*email = a;
		*name = b;
	} else if (b.len > 0 && memchr(b.s, '@', b.len) != NULL) {
		*email = b;
		*name = a;
	}
}

static void
add_author(struct th_item_maker *m, const struct th_found *e,
    const struct th_feed_author *a, struct th_buf *line)
{
	struct th_str name = th_str_trim(th_found_str(e, a->name));
	struct th_str email = th_str_trim(th_found_str(e, a->email));
	struct th_str url = th_str_trim(th_found_str(e, a->url));

	if (name.len > 0)
		name = plain(m, name, a->name.form, TH_FEED_TITLE);
	split_author(&name, &email);
	if (name.len == 0)
		name = email;
	if (name.len == 0 && url.len == 0)
		return;
	th_json_open(line, '{');
	th_json_member(line, "name", name);
	if (url.len == 0 && email.len > 0)
		url = mailto(m, email);
	th_json_member(line, "url", url);
	th_json_member(line, "avatar", th_str_trim(th_found_str(e, a->avatar)));
	th_json_close(line, '}');
}

static bool
is_same(const struct th_found *e, struct th_slot a, struct th_slot b)
{
	struct th_str s = th_str_trim(th_found_str(e, a));
	struct th_str t = th_str_trim(th_found_str(e, b));

	return s.len == t.len && memcmp(s.s, t.s, s.len) == 0;
}

/* RSS names its authors in two ways, and many a feed in both. */
static bool
is_repeated_author(
    const struct th_found *e, const struct th_feed_author *a, size_t i)
{
	size_t j;

	for (j = 0; j < i; j++)
		if (is_same(e, a[i].name, a[j].name) &&
		    is_same(e, a[i].email, a[j].email) &&
		    is_same(e, a[i].url, a[j].url))
			return true;
	return false;
}

/* Ends a list; takes back what was opened when nothing came into it. */
static void
close_list(struct th_buf *line, size_t before, size_t opened)
{
	if (line->len == opened && line->status == TH_OK) {
		line->len = before;
		line->data[before] = '\0';
	} else {
		th_json_close(line, ']');
	}
}

static void
add_author_list(struct th_item_maker *m, const struct th_found *e,
    const struct th_feed_author *a, size_t n, struct th_buf *line)
{
	size_t before = line->len, opened, i;

	th_json_key(line, "authors");
	th_json_open(line, '[');
	opened = line->len;
	for (i = 0; i < n; i++)
		if (!is_repeated_author(e, a, i))
			add_author(m, e, &a[i], line);
	close_list(line, before, opened);
}

/* Its own, those of the feed it was taken from, those of this feed. */
static void
add_authors(struct th_item_maker *m, const struct th_found *e,
    const struct th_found *feed, struct th_buf *line)
{
	struct th_feed_author itunes = { .name = e->slot[TH_S_ITUNES_AUTHOR] };
	const struct th_found *of = e;
	const struct th_buf *list = &e->authors;
	size_t size = sizeof(itunes);

	if (list->len == 0 && itunes.name.len > 0) {
		add_author_list(m, e, &itunes, 1, line);
		return;
	}
	if (list->len == 0)
		list = &e->source;
	if (list->len == 0) {
		of = feed;
		list = &feed->authors;
	}
	if (list->len > 0)
		add_author_list(
		    m, of, (const void *)list->data, list->len / size, line);
}

/* Has the same tag come before?  Quadratic, but the list is short. */
static bool
is_repeated(const struct th_found *e, const struct th_slot *tag, size_t i)
{
	size_t j;

	for (j = 0; j < i; j++)
		if (is_same(e, tag[i], tag[j]))
			return true;
	return false;
}

static void
add_tags(struct th_item_maker *m, const struct th_found *e, struct th_buf *line)
{
	const struct th_slot *tag = (const void *)e->tags.data;
	size_t n = e->tags.len / sizeof(*tag), before = line->len, opened, i;
	struct th_str s;

	if (n == 0)
		return;
	th_json_key(line, "tags");
	th_json_open(line, '[');
	opened = line->len;
	for (i = 0; i < n; i++) {
		s = th_str_trim(th_found_str(e, tag[i]));
		if (s.len == 0 || is_repeated(e, tag, i))
			continue;
		s = plain(m, s, tag[i].form, TH_FEED_TITLE);
		if (s.len > 0)
			th_json_string(line, s);
	}
	close_list(line, before, opened);
}

/* "SS", "MM:SS", "HH:MM:SS", "SS.5"; 0 when it is something else. */
static int64_t
seconds(struct th_str s)
{
	int64_t sum = 0, v = 0;
	size_t i;

	for (i = 0; i < s.len && (i == 0 || s.s[i] != '.'); i++) {
		if (s.s[i] == ':') {
			sum = (sum + v) * 60;
			v = 0;
		} else if (th_is_digit(s.s[i]) && v < 100000000) {
			v = v * 10 + (s.s[i] - '0');
		} else {
			return 0;
		}
		if (sum > 100000000)
			return 0;
	}
	return sum + v;
}

static void
add_files(const struct th_found *e, struct th_buf *line)
{
	const struct th_feed_file *f = (const void *)e->files.data;
	size_t n = e->files.len / sizeof(*f), i;
	int64_t length = seconds(FIRST(e, NULL, TH_S_DURATION));

	if (n == 0)
		return;
	th_json_key(line, "attachments");
	th_json_open(line, '[');
	for (i = 0; i < n; i++) {
		th_json_open(line, '{');
		th_json_member(line, "url", th_found_str(e, f[i].url));
		th_json_member(line, "mime_type", th_found_str(e, f[i].type));
		th_json_member(line, "title", th_found_str(e, f[i].title));
		/* 0 is what is written of a length that is not known. */
		if (f[i].length > 0) {
			th_json_key(line, "size_in_bytes");
			th_json_int(line, f[i].length);
		}
		if (f[i].exact.len > 0) {
			th_json_key(line, "duration_in_seconds");
			th_json_raw(line, th_found_str(e, f[i].exact));
		} else if (f[i].seconds > 0 || (i == 0 && length > 0)) {
			th_json_key(line, "duration_in_seconds");
			th_json_int(
			    line, f[i].seconds > 0 ? f[i].seconds : length);
		}
		th_json_close(line, '}');
	}
	th_json_close(line, ']');
}

/* ---- the item ---- */

static struct th_str
link_of(const struct th_found *e)
{
	return FIRST(e, NULL, TH_S_LINK, TH_S_ALTERNATE, TH_S_PERMALINK);
}

/* An entry without id and link is what it says. */
static void
make_id(const struct th_found *e, struct th_buf *id)
{
	unsigned char sum[TH_SHA256_SIZE];

	th_sha256(th_buf_str(&e->text), sum);
	th_buf_adds(id, "sha256:");
	th_hex_encode((struct th_str){ (char *)sum, sizeof(sum) }, id);
}

static void
set_id(struct th_item_maker *m, const struct th_found *e, struct th_buf *id)
{
	struct th_str s = FIRST(e, NULL, TH_S_ID, TH_S_ABOUT);

	if (s.len == 0)
		s = link_of(e);
	if (s.len > 0)
		s = plain(m, s, TH_FORM_TEXT, TH_FEED_TITLE);
	if (s.len > 0)
		th_buf_add(id, s.s, s.len);
	else
		make_id(e, id);
}

enum th_status
th_item_make(struct th_item_maker *m, const struct th_found *e,
    const struct th_found *feed, struct th_buf *line, struct th_buf *id)
{
	enum th_form form = TH_FORM_GUESS;
	struct th_str title;

	set_id(m, e, id);
	th_buf_adds(line, "{\"id\":\"");
	th_json_escape(line, th_buf_str(id));
	th_buf_addc(line, '"');
	MEMBER(line, "url", link_of(e));
	MEMBER(line, "external_url", FIRST(e, NULL, TH_S_EXTERNAL));
	title = FIRST(e, &form, TH_S_TITLE, TH_S_DC_TITLE, TH_S_MEDIA_TITLE);
	MEMBER(line, "title", plain(m, title, form, TH_FEED_TITLE));
	add_texts(m, e, line);
	MEMBER(line, "image", FIRST(e, NULL, TH_S_IMAGE, TH_S_IMAGE2));
	add_dates(e, line);
	add_authors(m, e, feed, line);
	add_tags(m, e, line);
	MEMBER(line, "language", FIRST(e, NULL, TH_S_LANGUAGE));
	add_files(e, line);
	if (m->text.status != TH_OK)
		return m->text.status;
	return id->status != TH_OK ? id->status : line->status;
}

struct th_item_maker *
th_item_maker_new(void)
{
	struct th_item_maker *m = th_calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	th_buf_init(&m->text, TH_FEED_ENTRY_MAX);
	th_buf_init(&m->other, TH_FEED_ENTRY_MAX);
	return m;
}

void
th_item_maker_free(struct th_item_maker *m)
{
	if (m == NULL)
		return;
	th_buf_release(&m->text);
	th_buf_release(&m->other);
	free(m);
}

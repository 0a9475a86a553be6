/* feed -- a feed in any format, read as it arrives */
#include <stdlib.h>
#include <string.h>

#include "feed.h"

#define PREFIX_MAX 4096 /* bytes that may stand before the first < or { */

struct th_feed {
	struct th_feed_info info;
	char *url, *base, *charset, *language;
	struct th_buf place; /* where it says it is, when it has no url */
	bool placed;         /* that is its own address, not its page's */
	struct th_charset *decoder;
	struct th_feed_xml *xml;
	struct th_feed_json *json;
	struct th_page *page; /* when it is one */
	struct th_buf head;   /* before it is known what it is */
	struct th_feed_meta meta;
	struct th_found entry, common;
	struct th_item_maker *maker;
	struct th_buf line, id, source;
	/* Lines without their end, each after its id and both lengths. */
	struct th_buf held;
	bool holding, found;
	bool list; /* of feeds: OPML */
	enum th_status status;
	struct th_err *err;
	size_t count;
};

struct th_feed_meta *
th_feed_meta(struct th_feed *f)
{
	return &f->meta;
}

struct th_found *
th_feed_entry(struct th_feed *f)
{
	return &f->entry;
}

struct th_found *
th_feed_common(struct th_feed *f)
{
	return &f->common;
}

struct th_str
th_feed_base(const struct th_feed *f)
{
	if (f->info.base != NULL)
		return th_str(f->info.base);
	return f->info.url != NULL ? th_str(f->info.url)
				   : th_buf_str(&f->place);
}

enum th_status
th_feed_says_place(struct th_feed *f, struct th_str url, bool own)
{
	if (f->info.url != NULL || f->placed || !th_url_is_http(url) ||
	    (f->place.len > 0 && !own))
		return TH_OK;
	f->placed = own;
	th_buf_clear(&f->place);
	return th_buf_add(&f->place, url.s, url.len);
}

void
th_feed_note(struct th_feed *f, const char *text)
{
	if (f->info.note != NULL)
		f->info.note(f->info.ctx, text);
}

void
th_feed_found(struct th_feed *f)
{
	f->found = true;
}

/* ---- handing on ---- */

/* Makes the member _source, the same for all items of a feed. */
static enum th_status
make_source(struct th_feed *f)
{
	struct th_str title = th_buf_str(&f->meta.title);
	struct th_buf text;

	th_buf_init(&text, TH_LINE_MAX);
	if (f->meta.title_form == TH_FORM_HTML ||
	    (f->meta.title_form == TH_FORM_GUESS &&
		th_feed_is_html(title, TH_FEED_TITLE)))
		th_text_from_html(title, TH_TEXT_FOLD, &text);
	else
		th_text_fold(title, &text);
	th_buf_clear(&f->source);
	th_json_open(&f->source, '{');
	th_json_member(&f->source, "service", TH_STR("rss"));
	th_json_member(&f->source, "feed_url", th_str(f->info.url));
	th_json_member(&f->source, "title", th_buf_str(&text));
	th_json_member(&f->source, "home_page_url",
	    th_str_trim(th_buf_str(&f->meta.link)));
	th_json_member(&f->source, "language",
	    th_str_trim(f->meta.language.len > 0 ? th_buf_str(&f->meta.language)
						 : th_str(f->language)));
	th_json_close(&f->source, '}');
	f->meta.dirty = false;
	if (text.status != TH_OK)
		f->source.status = text.status;
	th_buf_release(&text);
	return f->source.status;
}

static enum th_status
hand_on(struct th_feed *f, struct th_str id, struct th_buf *line)
{
	enum th_status st;

	if (f->meta.dirty && (st = make_source(f)) != TH_OK)
		return st;
	th_buf_adds(line, ",\"_source\":");
	th_buf_add(line, f->source.data, f->source.len);
	if ((st = th_json_close(line, '}')) != TH_OK)
		return st;
	f->count++;
	return f->info.emit(f->info.ctx, id, th_buf_str(line));
}

static enum th_status
hold(struct th_feed *f)
{
	size_t len[2] = { f->id.len, f->line.len };

	th_buf_add(&f->held, len, sizeof(len));
	th_buf_add(&f->held, f->id.data, f->id.len);
	return th_buf_add(&f->held, f->line.data, f->line.len);
}

/* Lets go what waited for the feed's title. */
static enum th_status
release(struct th_feed *f)
{
	enum th_status st = TH_OK;
	size_t at = 0, len[2];
	struct th_str id;

	f->holding = false;
	while (st == TH_OK && at < f->held.len) {
		memcpy(len, f->held.data + at, sizeof(len));
		at += sizeof(len);
		id = (struct th_str){ f->held.data + at, len[0] };
		th_buf_clear(&f->line);
		th_buf_add(&f->line, id.s + len[0], len[1]);
		at += len[0] + len[1];
		st = hand_on(f, id, &f->line);
	}
	th_buf_release(&f->held);
	return st;
}

enum th_status
th_feed_emit(struct th_feed *f)
{
	enum th_status st;

	if (f->holding &&
	    (f->meta.title.len > 0 || f->held.len > TH_FEED_HELD_MAX) &&
	    (st = release(f)) != TH_OK)
		return st;
	th_buf_clear(&f->line);
	th_buf_clear(&f->id);
	st = th_item_make(f->maker, &f->entry, &f->common, &f->line, &f->id);
	th_found_clear(&f->entry);
	if (th_alloc_failed()) /* something may be missing from the line */
		return TH_ENOMEM;
	if (st == TH_OK && f->holding)
		return hold(f);
	return st != TH_OK ? st : hand_on(f, th_buf_str(&f->id), &f->line);
}

/* ---- what is it? ---- */

static struct th_str
skip_blanks(struct th_str s)
{
	while (s.len > 0 && (unsigned char)*s.s <= ' ') {
		s.s++;
		s.len--;
	}
	return s;
}

/* The name of the tag at s, its prefix left out. */
static struct th_str
tag_name(struct th_str s)
{
	struct th_str name = { s.s + 1, 0 };
	size_t i;

	for (i = 1; i < s.len && strchr(" \t\r\n/>", s.s[i]) == NULL; i++) {
		name.len++;
		if (s.s[i] == ':') {
			name.s = s.s + i + 1;
			name.len = 0;
		}
	}
	return name;
}

static bool
is_one_of(struct th_str name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (th_str_iis(name, *names))
			return true;
	return false;
}

/* Is that the first tag, but for declarations and comments? */
static bool
begins_with(struct th_str s, const char *root)
{
	for (; s.len > 1; s.s++, s.len--)
		if (*s.s == '<' && s.s[1] != '?' && s.s[1] != '!')
			return th_str_iis(tag_name(s), root);
	return false;
}

/* A page: what only pages have comes, and no root of a feed. */
static bool
is_page(struct th_str s)
{
	static const char *const roots[] = { "rss", "rdf", "feed", "channel",
		"entry", NULL };
	static const char *const pages[] = { "!doctype", "html", "head", "body",
		"meta", "title", "link", NULL };
	static const char dtd[] = "<!doctype html";
	struct th_str name;
	bool page = false;

	for (; s.len > 1; s.s++, s.len--) {
		if (*s.s != '<')
			continue;
		name = tag_name(s);
		if (is_one_of(name, roots))
			return false;
		if (!is_one_of(name, pages))
			continue;
		page |= name.s[0] != '!' ||
			(s.len >= sizeof(dtd) - 1 &&
			    th_str_iis(
				(struct th_str){ s.s, sizeof(dtd) - 1 }, dtd));
	}
	return page;
}

static enum th_status
start_reader(struct th_feed *f, struct th_str head)
{
	struct th_str s = skip_blanks(head);

	if (s.len > 0 && (*s.s == '{' || *s.s == '['))
		f->json = th_feed_json_new(f);
	else if (!(f->list = begins_with(s, "opml")) && is_page(s))
		f->page = th_page_new(f->info.url);
	else
		f->xml = th_feed_xml_new(f);
	return f->json != NULL || f->page != NULL || f->xml != NULL ? TH_OK
								    : TH_ENOMEM;
}

static enum th_status
push_reader(struct th_feed *f, struct th_str s)
{
	if (f->json != NULL)
		return th_feed_json_push(f->json, s, f->err);
	if (f->page != NULL)
		return th_page_push(f->page, s);
	return th_feed_xml_push(f->xml, s, f->err);
}

/* Gathers the beginning until there is enough of it to tell. */
static enum th_status
gather(struct th_feed *f, struct th_str s, bool final)
{
	struct th_str head;
	enum th_status st;

	if ((st = th_buf_add(&f->head, s.s, s.len)) != TH_OK)
		return st;
	if (f->head.len < PREFIX_MAX && !final)
		return TH_OK;
	head = th_buf_str(&f->head);
	if (head.len > PREFIX_MAX) /* however large the pieces are */
		head.len = PREFIX_MAX;
	st = start_reader(f, head);
	if (st == TH_OK)
		st = push_reader(f, th_buf_str(&f->head));
	th_buf_release(&f->head);
	return st;
}

static enum th_status
on_clean(void *ctx, struct th_str s)
{
	struct th_feed *f = ctx;

	if (f->json == NULL && f->page == NULL && f->xml == NULL)
		return gather(f, s, false);
	return push_reader(f, s);
}

/* ---- the door ---- */

static bool
copy(const char **from, char **to)
{
	if (*from == NULL)
		return true;
	*to = th_strdup(*from);
	*from = *to;
	return *to != NULL;
}

enum th_status
th_feed_new(
    const struct th_feed_info *info, struct th_feed **ret, struct th_err *err)
{
	struct th_feed *f = th_calloc(1, sizeof(*f));

	if (f == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	f->info = *info;
	f->holding = f->meta.dirty = true;
	th_buf_init(&f->head, SIZE_MAX);
	th_buf_init(&f->line, TH_LINE_MAX);
	th_buf_init(&f->id, TH_LINE_MAX);
	th_buf_init(&f->source, TH_LINE_MAX);
	th_buf_init(&f->held, SIZE_MAX);
	th_buf_init(&f->place, TH_FEED_META_MAX);
	th_buf_init(&f->meta.title, TH_FEED_META_MAX);
	th_buf_init(&f->meta.link, TH_FEED_META_MAX);
	th_buf_init(&f->meta.language, TH_FEED_META_MAX);
	th_found_init(&f->entry);
	th_found_init(&f->common);
	f->maker = th_item_maker_new();
	if (!copy(&f->info.url, &f->url) || !copy(&f->info.base, &f->base) ||
	    !copy(&f->info.charset, &f->charset) ||
	    !copy(&f->info.language, &f->language) || f->maker == NULL ||
	    (f->decoder = th_charset_new(f->charset, on_clean, f)) == NULL) {
		th_feed_free(f);
		return th_fail(err, TH_ENOMEM, "out of memory");
	}
	*ret = f;
	return TH_OK;
}

void
th_feed_free(struct th_feed *f)
{
	if (f == NULL)
		return;
	th_charset_free(f->decoder);
	th_feed_xml_free(f->xml);
	th_feed_json_free(f->json);
	th_page_free(f->page);
	th_item_maker_free(f->maker);
	th_found_release(&f->entry);
	th_found_release(&f->common);
	th_buf_release(&f->head);
	th_buf_release(&f->line);
	th_buf_release(&f->id);
	th_buf_release(&f->source);
	th_buf_release(&f->held);
	th_buf_release(&f->place);
	th_buf_release(&f->meta.title);
	th_buf_release(&f->meta.link);
	th_buf_release(&f->meta.language);
	free(f->url);
	free(f->base);
	free(f->charset);
	free(f->language);
	free(f);
}

/*
 * How a call ended: items that waited are handed on though what follows them
 * is bad, and a status that came without a sentence gets one.
 */
static enum th_status
result(struct th_feed *f, enum th_status st, struct th_err *err)
{
	enum th_status released;

	if ((st == TH_OK || st == TH_EDATA) && th_alloc_failed())
		st = TH_ENOMEM;
	if (st == TH_EDATA && (released = release(f)) != TH_OK)
		st = released;
	f->status = st;
	if (st == TH_OK || st == TH_END)
		return st;
	if (err != NULL && err->status == st && err->text[0] != '\0')
		return st;
	return th_fail(err, st, "%s", th_strstatus(st));
}

enum th_status
th_feed_push(struct th_feed *f, struct th_str s, struct th_err *err)
{
	if (f->status != TH_OK)
		return f->status;
	if (err != NULL)
		*err = (struct th_err){ 0 };
	f->err = err;
	return result(f, th_charset_push(f->decoder, s), err);
}

static enum th_status
finish(struct th_feed *f, struct th_err *err)
{
	enum th_status st = th_charset_finish(f->decoder);

	if (st == TH_OK && f->head.len > 0)
		st = gather(f, TH_STR(""), true);
	if (st == TH_OK && f->json != NULL)
		st = th_feed_json_finish(f->json, err);
	if (st == TH_OK && f->xml != NULL)
		st = th_feed_xml_finish(f->xml, err);
	if (st != TH_OK)
		return st;
	if (th_charset_repaired(f->decoder))
		th_feed_note(f, "bytes that are not in the encoding declared "
				"were guessed");
	st = release(f);
	if (st == TH_OK && !f->found)
		st = th_fail(err, TH_EDATA, "%s",
		    f->page != NULL ? "a web page, not a feed"
		    : f->list       ? "a list of feeds (OPML), not a feed"
				    : "not a feed");
	return st;
}

enum th_status
th_feed_finish(struct th_feed *f, struct th_err *err)
{
	if (f->status != TH_OK)
		return f->status;
	if (err != NULL)
		*err = (struct th_err){ 0 };
	f->err = err;
	return result(f, finish(f, err), err);
}

enum th_status
th_feed_discover(struct th_feed *f, struct th_buf *ret)
{
	return f->page != NULL ? th_page_feed(f->page, ret) : TH_END;
}

size_t
th_feed_count(const struct th_feed *f)
{
	return f->count;
}

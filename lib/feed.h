/*
 * feed.h -- the inside of the feed reader, for lib/feed*.c and html.c only
 *
 * A reader (feed_xml.c, feed_json.c) collects an entry's pieces in one buffer
 * that the next entry reuses; feed_item.c makes the line of them.
 */
#ifndef FEED_H
#define FEED_H

#include "charset.h"
#include "trigger.h"

#define TH_FEED_ENTRY_MAX ((size_t)16 << 20) /* bytes of one entry */
#define TH_FEED_META_MAX ((size_t)1 << 20)   /* of its title, link... */
#define TH_FEED_LIST_MAX 1000 /* tags, authors, attachments of one entry */
#define TH_FEED_HELD_MAX ((size_t)1 << 20) /* lines that wait for the title */

/* How to read a text: as it is, as HTML, or by what it looks like. */
enum th_form { TH_FORM_TEXT, TH_FORM_HTML, TH_FORM_GUESS };

/* A stretch of the entry's buffer; len 0: not there. */
struct th_slot {
	size_t off, len;
	enum th_form form;
};

/* What an entry may have, the better one before the lesser. */
enum th_slots {
	TH_S_ID,
	TH_S_ABOUT,
	TH_S_LINK,      /* RSS link, Atom alternate in HTML */
	TH_S_ALTERNATE, /* atom:link in RSS, Atom alternate in no HTML */
	TH_S_PERMALINK,
	TH_S_EXTERNAL,
	TH_S_TITLE,
	TH_S_DC_TITLE,
	TH_S_MEDIA_TITLE,
	TH_S_CONTENT,
	TH_S_BODY,
	TH_S_SUMMARY,
	TH_S_SUMMARY2, /* a second description, what iTunes and media have */
	TH_S_PUBLISHED,
	TH_S_PUBLISHED2, /* atom:published, dcterms:issued in RSS */
	TH_S_DC_DATE,
	TH_S_UPDATED,
	TH_S_MODIFIED,
	TH_S_CREATED,
	TH_S_LANGUAGE,
	TH_S_IMAGE,
	TH_S_IMAGE2,
	TH_S_DURATION,
	TH_S_ITUNES_AUTHOR,
	TH_SLOTS
};

struct th_feed_author {
	struct th_slot name, email, url, avatar;
};

struct th_feed_file {
	struct th_slot url, type, title;
	int64_t length; /* -1: unknown */
	int64_t seconds;
	struct th_slot exact; /* the same with a fraction, as in JSON */
};

struct th_found {
	struct th_buf text;
	struct th_slot slot[TH_SLOTS];
	struct th_buf authors; /* struct th_feed_author */
	struct th_buf source;  /* those of Atom's source, when it has no own */
	struct th_buf tags;    /* struct th_slot */
	struct th_buf files;   /* struct th_feed_file */
};

struct th_feed;

void th_found_init(struct th_found *);
void th_found_release(struct th_found *);
void th_found_clear(struct th_found *);
struct th_str th_found_str(const struct th_found *, struct th_slot);
/* Appends to one of the lists; more than TH_FEED_LIST_MAX are dropped. */
enum th_status th_found_author(
    struct th_found *, const struct th_feed_author *);
enum th_status th_found_source_author(
    struct th_found *, const struct th_feed_author *);
/* The same of another entry, whose text is copied. */
enum th_status th_found_copy_author(struct th_found *to,
    const struct th_found *from, const struct th_feed_author *);
enum th_status th_found_tag(struct th_found *, struct th_slot);
enum th_status th_found_file(struct th_found *, const struct th_feed_file *);

/* What is known of the feed; text as it was found. */
struct th_feed_meta {
	struct th_buf title, link, language;
	enum th_form title_form;
	bool dirty; /* since _source was made */
};

/*
 * Makes the line, all but _source and its end, and the id.  Authors of `feed`
 * are those of an entry without.
 */
struct th_item_maker;
struct th_item_maker *th_item_maker_new(void);
void th_item_maker_free(struct th_item_maker *);
enum th_status th_item_make(struct th_item_maker *, const struct th_found *,
    const struct th_found *feed, struct th_buf *line, struct th_buf *id);

/* ---- feed.c, for the readers ---- */

struct th_feed_meta *th_feed_meta(struct th_feed *);
struct th_found *th_feed_entry(struct th_feed *);
/* What entries have when they say nothing else: authors. */
struct th_found *th_feed_common(struct th_feed *);
/*
 * What addresses in it are relative to: its own, and of one that came from a
 * file or a pipe what it says of itself, else its home page.
 */
struct th_str th_feed_base(const struct th_feed *);
enum th_status th_feed_says_place(
    struct th_feed *, struct th_str url, bool own);
/* Emits the entry and clears it; returns what emit did. */
enum th_status th_feed_emit(struct th_feed *);
void th_feed_note(struct th_feed *, const char *text);
/* Seen: the root of a feed.  Before it nothing counts. */
void th_feed_found(struct th_feed *);

/* ---- feed_guess.c ---- */

/* A title has no lone <select> as markup; the text of an entry may. */
enum th_feed_text { TH_FEED_TITLE, TH_FEED_BODY };
/* Is a text that may be either HTML, rather than plain? */
bool th_feed_is_html(struct th_str, enum th_feed_text);

/* ---- feed_xml.c ---- */

struct th_feed_xml;
struct th_feed_xml *th_feed_xml_new(struct th_feed *);
void th_feed_xml_free(struct th_feed_xml *);
enum th_status th_feed_xml_push(
    struct th_feed_xml *, struct th_str, struct th_err *);
enum th_status th_feed_xml_finish(struct th_feed_xml *, struct th_err *);

/* ---- feed_json.c ---- */

struct th_feed_json;
struct th_feed_json *th_feed_json_new(struct th_feed *);
void th_feed_json_free(struct th_feed_json *);
enum th_status th_feed_json_push(
    struct th_feed_json *, struct th_str, struct th_err *);
enum th_status th_feed_json_finish(struct th_feed_json *, struct th_err *);

/* ---- http_reply.c: links of a page or of its headers ---- */

/* What a link is worth as one to a feed, 0: nothing. */
int th_feed_rank(struct th_str rel, struct th_str type);

/* ---- feed_html.c: markup inside entries ---- */

/*
 * Appends HTML with the addresses in its tags made absolute.  TH_END, and
 * nothing is appended: they all are.
 */
enum th_status th_html_absolute(
    struct th_str html, struct th_str base, struct th_buf *ret);
/* Is that attribute of HTML an address, or more than one? */
bool th_html_is_address(struct th_str attribute);
/* Its value made absolute, without references; ret is empty. */
enum th_status th_html_resolve(struct th_str attribute, struct th_str base,
    struct th_str value, struct th_buf *ret);

/* ---- html.c: the page of a feed ---- */

struct th_page;
struct th_page *th_page_new(const char *url);
void th_page_free(struct th_page *);
enum th_status th_page_push(struct th_page *, struct th_str);
/* Appends the address of the page's feed; TH_END when it names none. */
enum th_status th_page_feed(struct th_page *, struct th_buf *ret);

#endif

/*
 * feed_xml.h -- the inside of the reader of feeds in XML, for feed_xml.c,
 * feed_rules.c and feed_taken.c
 */
#ifndef FEED_XML_H
#define FEED_XML_H

#include "feed.h"
#include "xml.h"

enum th_fx_ns {
	NS_NONE,
	NS_ATOM,
	NS_RDF,
	NS_DC,
	NS_TERMS,
	NS_CONTENT,
	NS_MEDIA,
	NS_ITUNES,
	NS_XHTML,
	NS_XML
};

/* Bits of a set of namespaces. */
enum {
	IN_RSS = 1 << NS_NONE,
	IN_ATOM = 1 << NS_ATOM,
	IN_RDF = 1 << NS_RDF,
	IN_DC = 1 << NS_DC,
	IN_TERMS = 1 << NS_TERMS,
	IN_CONTENT = 1 << NS_CONTENT,
	IN_MEDIA = 1 << NS_MEDIA,
	IN_ITUNES = 1 << NS_ITUNES,
	IN_XHTML = 1 << NS_XHTML
};

/* Where an element stands: what its parent is. */
enum th_fx_role {
	R_NONE,
	R_DOC,
	R_RSS,
	R_CHANNEL,
	R_ITEM,
	R_AUTHOR,
	R_SOURCE,
	R_GROUP,
	R_TAKEN
};

enum {
	AT_DOC = 1 << R_DOC,
	AT_RSS = 1 << R_RSS,
	AT_CHANNEL = 1 << R_CHANNEL,
	AT_ITEM = 1 << R_ITEM,
	AT_AUTHOR = 1 << R_AUTHOR,
	AT_SOURCE = 1 << R_SOURCE,
	AT_GROUP = 1 << R_GROUP,
	AT_ENTRY = AT_ITEM | AT_GROUP
};

struct th_fx_level {
	size_t base, base_len; /* in inherited */
	size_t lang, lang_len;
	size_t inherited; /* its length before this element */
	enum th_fx_role role;
	bool in_feed, in_item;
	bool empty; /* in HTML it has no end */
};

struct th_fx_rule;

struct th_feed_xml {
	struct th_feed *feed;
	struct th_found *entry;
	/*
	 * One that begins inside an item; which of the two was meant to hold
	 * the other, if any, tells how the outer one ends.
	 */
	struct th_found second;
	bool nested, waits; /* there is one; it has come to its end */
	struct th_feed_meta *meta;
	struct th_xml *xml;
	enum th_status status;
	bool atom; /* the root is Atom's */
	int root_ns;
	size_t depth;
	struct th_fx_level level[TH_XML_DEPTH + 1];
	struct th_buf inherited; /* xml:base and xml:lang in scope */
	/* The element whose text is being taken. */
	const struct th_fx_rule *taking;
	size_t taken_at, start;
	enum th_form form;
	bool base64, drop_div;
	bool media; /* a picture or the like, if its base64 is no text */
	struct th_feed_author author;
	size_t author_at;                   /* where its text begins */
	struct th_buf value, other;         /* scratch */
	unsigned char head[128], next[128]; /* of the table of rules */
};

/*
 * begin is called with the tag and decides what the element is; text with all
 * of its text when it was taken.
 */
struct th_fx_rule {
	const char *name; /* in lower case */
	unsigned ns, at;
	void (*begin)(struct th_feed_xml *, const struct th_xml_tag *,
	    const struct th_fx_rule *);
	void (*text)(struct th_feed_xml *, struct th_slot, int arg);
	int arg;
};

static inline struct th_fx_level *
th_fx_top(struct th_feed_xml *f)
{
	return &f->level[f->depth];
}

static inline struct th_str
th_fx_base(struct th_feed_xml *f)
{
	if (th_fx_top(f)->base_len == 0)
		return th_feed_base(f->feed);
	return (struct th_str){ f->inherited.data + th_fx_top(f)->base,
		th_fx_top(f)->base_len };
}

/* ---- feed_xml.c ---- */

/* Stops when it is a failure. */
void th_fx_failed(struct th_feed_xml *, enum th_status);

/* ---- feed_rules.c: what elements mean ---- */

void th_fx_index_rules(struct th_feed_xml *);
/* NULL: nothing. */
const struct th_fx_rule *th_fx_find_rule(const struct th_feed_xml *,
    const struct th_xml_tag *, enum th_fx_role parent);
bool th_fx_is_item(const struct th_fx_rule *);
/*
 * An author of RSS, whose text is being taken, that is written like one of
 * Atom: what was taken is dropped, what follows is told.
 */
bool th_fx_is_person(struct th_feed_xml *, const struct th_xml_tag *);

/* ---- feed_taken.c: pieces of the entry ---- */

struct th_str th_fx_str(const struct th_feed_xml *, struct th_slot);
/* Appends to the entry's buffer. */
struct th_slot th_fx_keep(struct th_feed_xml *, struct th_str, enum th_form);
/* The attribute's value, trimmed, until the next call; empty when missing. */
struct th_str th_fx_attr(
    struct th_feed_xml *, const struct th_xml_tag *, const char *name);
struct th_slot th_fx_keep_attr(
    struct th_feed_xml *, const struct th_xml_tag *, const char *name);
/* Keeps an address, absolute; what has no base stays as it is. */
struct th_slot th_fx_keep_url(struct th_feed_xml *, struct th_str url);
struct th_slot th_fx_keep_url_attr(
    struct th_feed_xml *, const struct th_xml_tag *, const char *name);
/* Sets a slot that says nothing yet. */
void th_fx_set(struct th_feed_xml *, enum th_slots, struct th_slot);

/* ---- and the text of an element, with the markup inside it ---- */

/* What follows, up to the end of the element, is text for the rule. */
void th_fx_take(struct th_feed_xml *, const struct th_fx_rule *,
    enum th_xml_text, enum th_form);
void th_fx_add_start(struct th_feed_xml *, const struct th_xml_tag *);
void th_fx_add_end(struct th_feed_xml *, const struct th_xml_tag *);
/* The element ended: its rule gets the text. */
void th_fx_taken(struct th_feed_xml *);

#endif

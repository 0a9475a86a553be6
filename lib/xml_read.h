/*
 * xml_read.h -- the inside of the reader of XML, for lib/xml*.c only
 */
#ifndef XML_READ_H
#define XML_READ_H

#include <string.h>

#include "priv.h"
#include "xml.h"

#define TH_XML_ENTITIES 256 /* declared ones */
#define TH_XML_DOCTYPE_MAX ((size_t)256 << 10)

enum th_xml_state { CONTENT, CDATA, COMMENT, DOCTYPE };

enum th_xml_repair {
	BARE_LT,
	BARE_AMP,
	STRAY_END,
	LEFT_OPEN,
	ODD_TAG,
	NO_PREFIX,
	CUT_SHORT,
	REPAIRS
};

struct th_xml_frame {
	size_t name; /* offset in names */
	size_t len;
	size_t local;    /* length of the prefix and its colon */
	size_t bindings; /* how many there were before it */
	int ns;
	unsigned hash; /* of the name, its case left out; 0: not known yet */
};

struct th_xml_binding {
	size_t prefix, len; /* in prefixes */
	int ns;
};

struct th_xml_entity {
	size_t name, name_len, value, value_len; /* in declared */
};

struct th_xml {
	struct th_xml_handler h;
	enum th_xml_text want;
	struct th_buf *into;
	enum th_xml_state state;
	enum th_status status;
	const char *why;
	struct th_buf carry; /* what a push left over */
	/* How far the tag at its beginning has been looked at. */
	size_t seen, gt;
	char quote;
	struct th_buf names, prefixes, declared;
	struct th_xml_frame frame[TH_XML_DEPTH];
	size_t depth;
	struct th_xml_binding *binding;
	size_t nbindings, cap;
	struct th_xml_entity entity[TH_XML_ENTITIES];
	size_t nentities, expanded;
	struct th_xml_attr attr[TH_XML_ATTRS];
	bool noted[REPAIRS];
};

static inline bool
is_name_start(char c)
{
	return th_is_alpha(c) || c == '_' || c == ':' ||
	       (unsigned char)c >= 0x80;
}

static inline bool
is_name(char c)
{
	return is_name_start(c) || th_is_digit(c) || c == '-' || c == '.';
}

static inline struct th_str
between(const char *p, const char *end)
{
	return (struct th_str){ p, (size_t)(end - p) };
}

/* ---- xml.c ---- */

/* The first failure stays; reading ends. */
void th_xml_fail(struct th_xml *, enum th_status, const char *why);
/* Tells of a repair, of each kind once. */
void th_xml_note(struct th_xml *, enum th_xml_repair);

/* ---- xml_text.c ---- */

/* Appends text with its references decoded; depth: of entities in entities. */
void th_xml_expand(struct th_xml *, struct th_str, int depth, struct th_buf *);
/* Text of an element, and such as has no references in it. */
void th_xml_text(struct th_xml *, struct th_str);
void th_xml_cdata(struct th_xml *, struct th_str);
/* Bytes at the end that may be the beginning of a reference. */
size_t th_xml_open_reference(struct th_str);
/* Learns the entities of a document type's declaration. */
void th_xml_doctype(struct th_xml *, const char *p, const char *end);
/* Where it ends; quotes and brackets count.  NULL: not here. */
const char *th_xml_find_doctype_end(const char *p, const char *end);

/* ---- xml_tag.c ---- */

/* The inside of a start tag; that of an end tag, a name. */
void th_xml_start_tag(struct th_xml *, const char *p, const char *end);
void th_xml_end_tag(struct th_xml *, struct th_str name);
/* Ends the innermost element; implied: though nothing says so. */
void th_xml_pop(struct th_xml *, bool implied);
/*
 * Finds the end of the start tag at p: the > that no quotes enclose.  NULL:
 * not there yet, go on when more has come.  *bare is set when it is no tag,
 * because another < comes first.
 */
const char *th_xml_find_tag_end(
    struct th_xml *, const char *p, const char *end, bool *bare);
/* It was taken: the next one is looked at from its beginning. */
void th_xml_forget_tag(struct th_xml *);

#endif

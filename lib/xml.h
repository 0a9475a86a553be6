/*
 * xml.h -- a push reader of XML that forgives
 *
 * Well-formed XML is read as it must be; what is not is read as a person would:
 * a bare < or & is text, an end tag closes what it names and all inside, an
 * end tag without a start is dropped, names of HTML's characters are known.
 * Nothing outside the bytes pushed is ever looked at, and nothing is expanded
 * beyond TH_XML_EXPANSION.
 */
#ifndef XML_H
#define XML_H

#include "trigger.h"

#define TH_XML_TAG_MAX ((size_t)4 << 20)   /* one tag with its attributes */
#define TH_XML_EXPANSION ((size_t)1 << 20) /* text out of declared entities */
#define TH_XML_ATTRS 64                    /* of one tag; more are not seen */
#define TH_XML_NAMES 512                   /* namespaces in scope */
#define TH_XML_DEPTH 512                   /* open elements */

struct th_xml_attr {
	struct th_str name; /* as written, with its prefix */
	struct th_str raw;  /* undecoded, see th_xml_value() */
};

struct th_xml_tag {
	int ns; /* id out of the table, 0: none, -1: one not in it */
	struct th_str name; /* as written */
	struct th_str local;
	const struct th_xml_attr *attr;
	size_t nattrs;
	bool implied; /* an end that is not there: it was left open */
};

struct th_xml_ns {
	const char *uri; /* without slash at the end; case does not matter */
	const char
	    *prefix; /* what it means where it was not declared, or NULL */
	int id;
};

enum th_xml_text { TH_XML_SKIP, TH_XML_DECODED, TH_XML_RAW };

struct th_xml_handler {
	const struct th_xml_ns *ns; /* ends in { NULL } */
	void (*start)(void *ctx, const struct th_xml_tag *);
	/* Every start has its end, in order; attributes are not there. */
	void (*end)(void *ctx, const struct th_xml_tag *);
	/*
	 * Asked before a start: does it show that the innermost element was
	 * left open?  Then that one is closed, and the next is asked about.
	 */
	bool (*left_open)(void *ctx, const struct th_xml_tag *next);
	void (*note)(void *ctx, const char *repair); /* once for each kind */
	void *ctx;
};

struct th_xml;
struct th_xml *th_xml_new(const struct th_xml_handler *);
void th_xml_free(struct th_xml *);
/*
 * Where text goes from here on; handlers say it in start and end.  RAW:
 * references as they are, CDATA escaped.
 */
void th_xml_want(struct th_xml *, enum th_xml_text, struct th_buf *into);
size_t th_xml_depth(const struct th_xml *);
/* UTF-8 without control characters.  TH_EDATA: refused; TH_ENOMEM. */
enum th_status th_xml_push(struct th_xml *, struct th_str, struct th_err *err);
/* Closes what is open. */
enum th_status th_xml_finish(struct th_xml *, struct th_err *err);
/* Stops at once; push returns st. */
void th_xml_stop(struct th_xml *, enum th_status st);
/* The attribute of that local name ("xml:base": of that whole name). */
const struct th_xml_attr *th_xml_attr(
    const struct th_xml_tag *, const char *name);
/* Appends an attribute's value, decoded. */
enum th_status th_xml_value(
    struct th_xml *, const struct th_xml_attr *, struct th_buf *ret);

#endif

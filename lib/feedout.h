/*
 * feedout.h -- what the writers of feeds share, for lib/feedout*.c only
 */
#ifndef FEEDOUT_H
#define FEEDOUT_H

#include "trigger.h"

#define FEEDOUT_GENERATOR "Trigger Happy"
#define FEEDOUT_JSON "{\"version\":\"https://jsonfeed.org/version/1.1\""
/*
 * What an Atom entry without a date says, for it must say something: what no
 * entry with a date does, whose zone is Z.
 */
#define FEEDOUT_NO_DATE "1970-01-01T00:00:00-00:00"

/* One item of the feed to be: where its text lies, and what it sorts by. */
struct feedout_entry {
	unsigned char key[16]; /* of its id */
	int64_t date, updated; /* INT64_MIN: none */
	int64_t newest;        /* of these, as the item has them */
	uint64_t offset;       /* in the spool */
	size_t len, order;
	bool old;    /* from the file merged */
	bool author; /* says who wrote it */
};

/* The tag, of the key, spares most looks at the entries, which lie far apart.
 */
struct feedout_slot {
	uint32_t entry; /* + 1; 0: none */
	uint32_t tag;
};

/* Made text waits here until the head is known: in memory, then in a file. */
struct feedout_spool {
	struct th_buf mem;
	uint64_t filed; /* bytes in fd; mem follows them */
	int fd;
	char *map;
	size_t shown; /* of it since it was last let go */
};

struct feedout_attachment {
	struct th_buf url, type, title;
	int64_t size; /* 0: unknown */
};

struct th_feedout {
	struct th_feedout_options opt;
	char *link, *self; /* of opt, as the format may have them */
	const struct feedout_format *format;
	th_note *note;
	void *ctx;
	struct th_buf b;          /* the entry in the making */
	struct th_buf text, more; /* a member decoded; and escaped */
	struct th_buf id;         /* the item's, as the format writes it */
	struct th_buf url;        /* made absolute */
	struct th_buf base[2];    /* of the item, from its source */
	bool based;               /* they were looked for */
	struct feedout_attachment at;
	enum th_status status; /* the worst that any of these met with */
	struct feedout_entry *entry;
	size_t n, cap;
	struct feedout_slot *slot; /* by key, open addressing */
	size_t nslots;
	struct feedout_spool spool;
	int64_t newest; /* of all that is written; INT64_MIN: none */
	bool merged;    /* a file's items follow the input's */
	bool author;    /* each entry has one */
	bool open;      /* a list of JSON was begun */
};

/* How a format looks.  The functions append to f->b. */
struct feedout_format {
	const char *root;               /* first line of a file of ours */
	const char *open, *close;       /* around an entry in it */
	const char *id_open, *id_close; /* its id, as the file has it */
	const char *date[2],
	    *updated[2];     /* elements, the first that is there */
	const char *no_date; /* what stands where one is required */
	/* Turns the id in f->id into what the format writes (escaped). */
	void (*id)(struct th_feedout *);
	/* Sets e->author; dates are known. */
	void (*item)(struct th_feedout *, const struct th_item *,
	    struct feedout_entry *e);
	void (*head)(struct th_feedout *);
	const char *separator, *tail;
	bool uris; /* its addresses are URIs: what is not ASCII is encoded */
};
extern const struct feedout_format th_feedout_rss, th_feedout_atom,
    th_feedout_json;

/* feedout.c */

/* Empties a buffer for its next use; what went wrong in it is kept in mind. */
void th_feedout_clear(struct th_feedout *, struct th_buf *);
void th_feedout_note(struct th_feedout *, const char *fmt, ...) TH_PRINTF(2, 3);

/* feedout_value.c: members; false when there is none that can be written */

/*
 * A member that is a string or number, decoded, and not all blank; borrowed
 * until the next call.
 */
bool th_feedout_text(struct th_feedout *, const struct th_item *,
    const char *name, struct th_str *ret);
bool th_feedout_value(
    struct th_feedout *, const struct th_value *, struct th_str *ret);
/* The same made an absolute URL; one that cannot be is told of. */
bool th_feedout_url(struct th_feedout *, const struct th_item *, struct th_str,
    struct th_str *ret);
/* What is not ASCII in a URL, percent-encoded. */
bool th_feedout_uri(struct th_feedout *, struct th_str *url);
/* A date member; one that is invalid or cannot be written is told of. */
bool th_feedout_date(struct th_feedout *, const struct th_item *,
    const char *name, int64_t *ret);
/* The tag of the item's language; one that is none is told of. */
bool th_feedout_language(
    struct th_feedout *, const struct th_item *, struct th_str *ret);
bool th_feedout_is_language(struct th_str);
/* Has it a scheme, and only what an IRI may have, where it may have it? */
bool th_feedout_is_iri(struct th_str);
/* Reads an attachment into f->at; false when it has no usable url. */
bool th_feedout_attachment(
    struct th_feedout *, const struct th_item *, const struct th_value *);

/* feedout_xml.c: pieces of XML; characters that XML has not are left out */

void th_feedout_escape(struct th_buf *, struct th_str, bool attribute);
void th_feedout_element(struct th_buf *, const char *name, struct th_str);
/* ` name="value"` */
void th_feedout_attribute(struct th_buf *, const char *name, struct th_str);
/* Plain text where readers expect HTML: escaped only when it looks like it. */
void th_feedout_as_html(struct th_feedout *, const char *name, struct th_str);
/* Plain text as HTML, with its lines. */
void th_feedout_lines(struct th_feedout *, const char *name, struct th_str);
/*
 * An element for each attachment but one, with href, type, length and title,
 * and for external_url.
 */
void th_feedout_links(struct th_feedout *, const struct th_item *,
    const char *element, size_t but);
/* Calls for each element of an array member, or for a lone value. */
typedef void th_feedout_each(struct th_feedout *, const struct th_item *,
    const struct th_value *, const char *element);
void th_feedout_every(struct th_feedout *, const struct th_item *,
    const char *name, th_feedout_each *each, const char *element);

#endif

/*
 * search.h -- shared by the search*.c files alone
 *
 * search.c is what others call; search_sqlite.c keeps the documents and finds
 * them with FTS5; search_elastic*.c have them found by an engine elsewhere.
 */
#ifndef TH_SEARCH_H
#define TH_SEARCH_H

#include "priv.h"

#define TH_SEARCH_TEXT_MAX                                                     \
	((size_t)64 << 10) /* of a text; the rest is not found */
#define TH_SEARCH_LINE_MAX                                                     \
	((size_t)128 << 10) /* longer ones keep what is shown alone */
#define TH_SEARCH_SERVICES 4
/* ---- search_doc.c: what of an item is looked at ---- */

/* The columns of the index; reused from one document to the next. */
struct th_doc {
	struct th_buf title, text, tags, source;
	struct th_buf line; /* what is kept of it */
	struct th_buf
	    service[TH_SEARCH_SERVICES]; /* folded, a blank between words */
	size_t nservices;
	int64_t date; /* INT64_MIN: it has none */
	struct th_item item;
};
void th_doc_init(struct th_doc *);
void th_doc_release(struct th_doc *);
/* Of an item's line; of a trigger's line (see struct th_hit). */
enum th_status th_doc_item(
    struct th_doc *, struct th_str line, struct th_err *err);
enum th_status th_doc_trigger(
    struct th_doc *, struct th_str line, struct th_err *err);
enum th_status th_doc_fill(struct th_doc *, enum th_search_kind,
    struct th_str line, struct th_err *err);
/* Appends a name as services are compared: words, folded. */
enum th_status th_doc_fold(struct th_str name, struct th_buf *ret);

/* ---- search_sqlite.c: documents, and FTS5 ---- */

struct th_docs;
/*
 * In the database of the store when it is SQLite.  engine is an address
 * ("sqlite", "http://..."): after a change of it everything is indexed anew.
 */
enum th_status th_docs_open(struct th_store *, const char *engine,
    struct th_docs **ret, struct th_err *err);
void th_docs_free(struct th_docs *);
enum th_status th_docs_begin(struct th_docs *, struct th_err *err);
enum th_status th_docs_end(
    struct th_docs *, enum th_status st, struct th_err *err);
/* An item that is there stays as it is. */
enum th_status th_docs_put(struct th_docs *, enum th_search_kind,
    const struct th_hash *, const struct th_doc *, struct th_err *err);
enum th_status th_docs_put_service(struct th_docs *, const struct th_hash *,
    struct th_str service, struct th_err *err);
enum th_status th_docs_touch(
    struct th_docs *, const struct th_hash *, struct th_err *err);
enum th_status th_docs_drop(struct th_docs *, enum th_search_kind,
    const struct th_hash *, struct th_err *err);
/* The items after that number, at most so many; TH_END: there are none. */
typedef enum th_status th_docs_item_visit(void *ctx, int64_t no,
    const struct th_hash *, int64_t date, struct th_str line);
enum th_status th_docs_items(struct th_docs *, int64_t after, size_t limit,
    th_docs_item_visit *visit, void *ctx, struct th_err *err);
/* Forgets the index, whatever it looks like, and makes it again. */
enum th_status th_docs_rebuild(struct th_docs *, struct th_err *err);
enum th_status th_docs_count(
    struct th_docs *, int64_t *ret, struct th_err *err);
enum th_status th_docs_find(struct th_docs *, enum th_search_kind,
    const struct th_query *, size_t limit, th_hit_visit *visit, void *ctx,
    struct th_err *err);

/* A small value kept with the documents.  TH_END: there is none. */
enum th_status th_docs_get(
    struct th_docs *, const char *key, struct th_buf *ret, struct th_err *err);
enum th_status th_docs_set(
    struct th_docs *, const char *key, struct th_str value, struct th_err *err);

/* The triggers known, by name: what their file looked like. */
typedef enum th_status th_docs_trigger_visit(
    void *ctx, struct th_str name, struct th_str stamp);
enum th_status th_docs_triggers(struct th_docs *, th_docs_trigger_visit *visit,
    void *ctx, struct th_err *err);
enum th_status th_docs_set_trigger(struct th_docs *, const char *name,
    const char *stamp, struct th_err *err); /* stamp NULL: it is gone */

/* What an engine elsewhere was not told yet; line.s == NULL: it is gone. */
struct th_pending {
	int64_t no;
	enum th_search_kind kind;
	struct th_hash hash;
	struct th_str line;
	int64_t date;
	const struct th_buf *services; /* a blank before and after each */
};
typedef enum th_status th_docs_pending_visit(
    void *ctx, const struct th_pending *);
/* At most so many, in order; visit must not write.  TH_END: there are none. */
enum th_status th_docs_pending(struct th_docs *, int64_t after, size_t limit,
    th_docs_pending_visit *visit, void *ctx, struct th_err *err);
/* It knows that one now. */
enum th_status th_docs_sent(struct th_docs *, int64_t no, struct th_err *err);

/* ---- search_elastic.c: an engine elsewhere ---- */

struct th_elastic;
struct th_search_engine {
	enum th_status (*open)(const struct th_config *, const char *url,
	    struct th_docs *, struct th_store *, struct th_elastic **ret,
	    struct th_err *err);
	void (*free)(struct th_elastic *);
	enum th_status (*flush)(
	    struct th_elastic *, bool now, struct th_err *err);
	/* Deletes what this store has there, to be sent again. */
	enum th_status (*clear)(struct th_elastic *, struct th_err *err);
	enum th_status (*find)(struct th_elastic *, enum th_search_kind,
	    const struct th_query *, size_t limit, th_hit_visit *visit,
	    void *ctx, struct th_err *err);
};

/* ---- search_went.c ---- */

/* Is the receipt, as it is written, among those? */
bool th_went_has(struct th_str in, struct th_str what);

/* ---- search_trigger.c: the directory of triggers ---- */

enum th_status th_search_scan(
    struct th_search *, struct th_docs *, struct th_err *err);

#endif

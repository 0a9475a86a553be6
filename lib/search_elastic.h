/* search_elastic.h -- shared by the search_elastic*.c files alone */
#ifndef TH_SEARCH_ELASTIC_H
#define TH_SEARCH_ELASTIC_H

#include "search.h"

#define TH_ELASTIC_BODY_MAX ((size_t)200 << 20) /* of a request */

struct th_elastic {
	struct th_docs *docs;
	struct th_store *store;
	struct th_went *went; /* while documents are sent */
	struct th_words *words;
	struct th_http *http;
	struct th_account *account;
	struct th_secret user, password, api_key;
	char *base;   /* "http://host:9200" */
	char *prefix; /* of the indexes */
	char id[20];  /* of the store */
	bool made[2]; /* the index is there */
};

/* The fields of words and of their stems, in the order of struct th_doc. */
struct th_elastic_column {
	const char *name, *stems;
	int weight;
};
#define TH_ELASTIC_COLUMNS 4
extern const struct th_elastic_column th_elastic_column[TH_ELASTIC_COLUMNS];
/* What the names of the indexes end with, by enum th_search_kind. */
extern const char *const th_elastic_index[];

/* ---- search_elastic_http.c ---- */

/*
 * Sends; body.s NULL: none.  TH_OK: an answer came, whatever it says, and the
 * caller releases it; TH_EAGAIN: none did.
 */
enum th_status th_elastic_ask(struct th_elastic *, const char *method,
    const char *path, const char *type, struct th_str body,
    struct th_reply *ret, struct th_err *err);
/*
 * What of an answer is no success, in words of the engine.  An index that takes
 * nothing for the time being, as when its disk is full, is to be tried again.
 */
enum th_status th_elastic_judge(const struct th_reply *, struct th_err *err);
/* The index is made by the first who needs it. */
enum th_status th_elastic_make_index(
    struct th_elastic *, enum th_search_kind, struct th_err *err);

/* ---- search_elastic_bulk.c ---- */

/*
 * Sends all that waits.  TH_EAGAIN: something still does; TH_EREFUSED: some
 * documents were refused for good and left out.
 */
enum th_status th_elastic_send(struct th_elastic *, struct th_err *err);

/* ---- search_elastic_pause.c ---- */

/* The same unless the engine was away a while ago; now: even then. */
enum th_status th_elastic_flush(
    struct th_elastic *, bool now, struct th_err *err);
/* It may be asked at once again. */
enum th_status th_elastic_resume(struct th_elastic *, struct th_err *err);

/* ---- search_elastic_query.c ---- */

/* Appends the body of a search; what fails is in the buffer's status. */
void th_elastic_query(struct th_elastic *, struct th_buf *ret,
    const struct th_query *, size_t limit);

/* ---- search_elastic_found.c ---- */

/* Calls for each hit of an answer, at most so many. */
enum th_status th_elastic_show(const struct th_reply *, enum th_search_kind,
    size_t limit, th_hit_visit *visit, void *ctx, struct th_err *err);

#endif

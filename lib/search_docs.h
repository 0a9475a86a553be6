/* search_docs.h -- shared by the files that keep the documents in SQLite */
#ifndef TH_SEARCH_DOCS_H
#define TH_SEARCH_DOCS_H

#include "search.h"
#include "store_sqlite.h"

struct th_docs {
	struct th_sqlite *s;
	struct th_store *own; /* opened here; else NULL */
	bool fts;             /* words are found by FTS5 */
};

/* ---- search_fts.c: the tokenizer and the functions that queries use ---- */

enum th_status th_fts_add(struct th_sqlite *, struct th_err *);

#endif

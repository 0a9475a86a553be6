/* search.h -- shared between the files of th-search */
#ifndef SEARCH_H
#define SEARCH_H

#include "cmd.h"

/* What the command line asks for, and what is open. */
struct search {
	char **argv;
	const struct th_search_engine *engine; /* NULL: none elsewhere */
	bool items, triggers, json, reindex;
	int64_t n;
	char *words; /* the query, as one text */
	struct th_query query;
	struct th_config *config;
	struct th_store *store;
	struct th_search *index;
	struct th_went *went;
	struct th_marker *marker;
	bool bold;                     /* what matched, on a terminal */
	struct th_buf line, text, out; /* of the hit at hand */
};

/* All of the program; argv as it came. */
int search_main(
    int argc, char *argv[], const struct th_search_engine *engine);

/* th_hit_visit: prints one hit, as JSON or for people. */
enum th_status search_json(void *ctx, const struct th_hit *);
enum th_status search_show(void *ctx, const struct th_hit *);

#endif

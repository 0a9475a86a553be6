/*
 * fetch.h -- what the files of th-fetch share
 */
#ifndef FETCH_H
#define FETCH_H

#include "cmd.h"

/* What the command line asks for, and how far that is done. */
struct fetch {
	char *service;
	const char *account, *state_name;
	int64_t limit, since, timeout, wait;
	size_t max_size;
	bool list, nothing; /* no item is wanted */

	struct th_config *config;
	struct th_store *store;
	struct th_state *state, *manners; /* NULL: stateless; maybe the same */
	int64_t printed;
	struct th_item item; /* looked into for --since */
};

/* Takes an option of th-fetch; false when it is none. */
bool fetch_option(struct fetch *, int c, const char *arg);

/* A th_emit: prints an item unless it is too old; TH_END: that was enough. */
enum th_status fetch_emit(void *fetch, struct th_str id, struct th_str line);
/*
 * Opens configuration and state; ends the program on failure.  close() flushes
 * what was printed and only then commits; st is what the source ended with.
 */
void fetch_open(struct fetch *);
void fetch_close(struct fetch *, enum th_status st);

/* The whole of a run: a built-in service, a program on PATH. */
void fetch_service(struct fetch *, const struct th_service *,
    const struct th_opts *, char *const *arg, size_t nargs);
void fetch_external(struct fetch *, const char *path, int argc, char *argv[]);

/* A th_say that does not garble the line of progress. */
void fetch_say(void *fetch, int level, enum th_status, const char *text);
/* For struct th_fetch: flushes, and tells on a terminal how far it is. */
void fetch_progress(void *fetch, size_t done, size_t total);
void fetch_progress_end(void);

#endif

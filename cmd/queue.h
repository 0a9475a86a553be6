/* queue.h -- shared between the files of th-queue */
#ifndef QUEUE_H
#define QUEUE_H

#include "cmd.h"

#define QUEUE_GAUGES 3

/* What the command line asks for, and what is open. */
struct queue_cmd {
	char **arg; /* operands after the subcommand */
	size_t nargs;
	bool json, prometheus, all, ledger;
	int64_t n;     /* -n; 0: all */
	int64_t lease; /* --lease */
	int64_t older; /* --older */
	int64_t wait;  /* --wait; -1: as usual */
	struct th_config *config;
	struct th_store *store;
	struct th_queue *q;       /* of queue_open() */
	struct th_search *search; /* told of it; NULL for what only looks */
	char *service, *account;  /* what the queue says of itself */
	struct th_buf gauge[QUEUE_GAUGES]; /* --prometheus: the lines of each */
};

/*
 * Opens the queue NAME.  When there is none it will be one of that service and
 * account; it dies then when service is NULL.
 */
void queue_open(struct queue_cmd *, const char *name, const char *service,
    const char *account);
void queue_close(struct queue_cmd *);
/* Shall output be for programs: --json, or no terminal? */
bool queue_wants_json(const struct queue_cmd *);
/* Calls f for each queue in turn, opened. */
void queue_for_each(struct queue_cmd *, void (*f)(struct queue_cmd *));
/* Appends an entry as a JSON object; with its item when `whole`. */
enum th_status queue_entry_json(const struct queue_cmd *,
    const struct th_entry *, bool whole, struct th_buf *ret);
/* A th_entry_visit: prints it so on a line of its own; ctx is the command. */
enum th_status queue_print_entry(void *ctx, const struct th_entry *);
/*
 * What a store knows besides items, a line each: the guard's marks of the queue
 * that is open; what counts on limits and pauses, of that queue or of all.
 */
void queue_export_guard(const struct queue_cmd *);
void queue_export_limits(const struct queue_cmd *);
/* Is it such a line, and of what? */
bool queue_is_memory(
    const struct th_item *, enum th_memory *kind, struct th_buf *of);
enum th_status queue_import_memory(struct queue_cmd *, const struct th_item *,
    enum th_memory, const char *of, struct th_err *err);
/* Until when the account or the destination of the queue is left alone; 0. */
int64_t queue_paused(const struct queue_cmd *);
/* Dies with the sentence unless st is TH_OK or TH_END. */
void queue_check(enum th_status st, const struct th_err *err);

/* The subcommands. */
void queue_list(struct queue_cmd *);
void queue_show(struct queue_cmd *);
void queue_explain(struct queue_cmd *);
void queue_stats(struct queue_cmd *);
void queue_put(struct queue_cmd *);
void queue_take(struct queue_cmd *);
void queue_ack(struct queue_cmd *);
void queue_retry(struct queue_cmd *);
void queue_release(struct queue_cmd *);
void queue_drop(struct queue_cmd *);
void queue_purge(struct queue_cmd *);
void queue_export(struct queue_cmd *);
void queue_import(struct queue_cmd *);

#endif

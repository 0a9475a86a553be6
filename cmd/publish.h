/* publish.h -- shared between the files of th-publish */
#ifndef PUBLISH_H
#define PUBLISH_H

#include "cmd.h"

/* What the command line asks for, and what is open meanwhile. */
struct publish {
	char *service;            /* name */
	const char *account;      /* name */
	const char *queue;        /* --queue, else NULL */
	const char *text_source, *title_source;
	bool queue_only, drain, mark_seen, dry_run, in_order, no_guard, list;
	int parallel;
	int64_t retries, max_age, max_items, wait;
	int64_t timeout;          /* 0: as usual */
	/* Of a program; NULL for built-in ones */
	const struct cmd_words *words;
	bool has_own;             /* --limit */
	struct th_limit own;

	struct th_config *config;
	struct th_store *store;   /* NULL in a dry run without one */
	struct th_queue *outbox;
	struct th_search *search; /* NULL in a dry run */
	struct th_template *text, *title;
	bool has_limit;
	struct th_limit limit;    /* of the account */
	struct th_buf account_key; /* SERVICE:ACCOUNT */
	struct th_buf place;       /* the same, or that and the destination */
	struct th_buf queue_name;
	int64_t seen;             /* --mark-seen: so many */
	int64_t held;             /* by the storm guard, in this run */
};

/* Configuration, templates, name of the queue, store; dies when it cannot. */
void publish_open(struct publish *, const struct th_service *,
    const struct th_opts *);
void publish_close(struct publish *);
/* Reads standard input into the outbox; receipts of known items go out. */
void publish_deposit(struct publish *);
/* What run() left in *pub, and the queue, in one line; notes what it means. */
void publish_summary(struct publish *, const struct th_publisher *pub);
/* The parts of a publisher that are the same for every kind of service. */
void publish_init(struct publish *, struct th_publisher *ret);
/* Says how a run ended, when that is worth a message. */
void publish_ended(enum th_status, const struct th_err *);

/* A service that is built in; --dry-run. */
void publish_service(struct publish *, const struct th_service *,
    const struct th_opts *);
void publish_dry(struct publish *, struct th_publisher *);
/* A service that is a program, th-publish-NAME; its words have been split. */
struct cmd_words;
void publish_external(struct publish *, const struct cmd_words *);

#endif

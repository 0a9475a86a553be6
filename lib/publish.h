/* publish.h -- shared by the publish*.c files alone: items in hand */
#ifndef TH_PUBLISH_H
#define TH_PUBLISH_H

#include "priv.h"

#define TH_PIPE_BATCH 100 /* items that one run of a program gets at most */

/* One item in hand. */
struct slot {
	struct run *run;
	struct th_lease lease;
	struct th_item item;
	struct th_delivery d;
	struct th_delivery_text room;
	size_t at;        /* of a program: where its line is in the input */
	int64_t given;    /*   and since when; th_steady_ms() */
	int64_t token[2]; /* of the account's limit, of the queue's */
	long code;        /* of the last answer; 0: none yet */
	bool maybe;       /* no answer, yet it may have arrived */
	bool asked;       /* a request has been sent */
	bool unsafe;      /* one of them is not harmless when repeated */
	enum { FREE, TO_SEND, SENDING } state;
};

struct run {
	struct th_publisher *p;
	struct slot *slot;
	size_t nslots, busy, sending;
	struct th_http *http;
	char owner[TH_OWNER_SIZE];
	int unavailable, failed; /* in a row */
	int64_t begun;           /* items claimed so far */
	enum th_status stop;     /* not TH_OK: claims no more */
	struct th_err *err;
};

/* TH_END ends a run too (the reader of receipts left); the gravest counts. */
void th_run_stop(struct run *, enum th_status);
/* Claims one item within the limits.  TH_END: none for now. */
enum th_status th_slot_claim(struct slot *);
/*
 * Is it still ours?  Renews the lease when a good part of it is over.  What is
 * not must not be sent: another publisher has it, or will.
 */
bool th_slot_hold(struct slot *);
/* Lets go of an item that th_slot_hold() says is not ours, and says so. */
void th_slot_lose(struct slot *);
/* Makes the claimed item ready; false when that settled it already. */
bool th_slot_open(struct slot *);
/*
 * Settles the item by what became of it: TH_END is published, the rest as a
 * service's publish() says it.  retry_at: not before, 0 for back-off; with
 * `pause` the account asked for it.
 */
void th_slot_conclude(struct slot *, enum th_status, const char *reason,
    int64_t retry_at, bool pause);
/* Frees what th_slot_open() made. */
void th_slot_release(struct slot *);

/* The two kinds of draining. */
void th_run_http(struct run *);
void th_run_pipe(struct run *);

#endif

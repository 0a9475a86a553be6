/*
 * filter.h -- the parts of th-filter
 */
#ifndef FILTER_H
#define FILTER_H

#include "cmd.h"

/* ---- filter-edit.c: --set --replace --rename --keep --drop ---- */

enum edit_type { EDIT_SET, EDIT_REPLACE, EDIT_RENAME, EDIT_KEEP, EDIT_DROP };
struct edits;
struct edits *edits_new(void);
void edits_free(struct edits *);
/* Adds one use of an option; ends the program with 64 when it is wrong. */
void edits_add(struct edits *, enum edit_type, const char *arg);
/* Applies all, in the order of the types, then of the command line. */
enum th_status edits_apply(
    struct edits *, struct th_item *, struct th_err *err);
/* At the end: names of fields that look like slips, as no item had them. */
void edits_tell(const struct edits *);

/* ---- filter-order.c: --sort --reverse --tail ---- */

/*
 * Items in the order of their keys, then of their coming; only as many as the
 * output needs are kept.
 */
struct order {
	bool descending; /* by key, later items still behind earlier ones */
	bool reverse;    /* all of it */
	bool last;       /* keep the last `max` rather than the first */
	size_t max;
	struct kept **kept; /* a heap, then in order */
	size_t n, cap, seen;
};
/* Copies; key.s == NULL: the item has none and comes last. */
enum th_status order_add(struct order *, struct th_str key, struct th_str line);
/* Puts what is kept in order; then order_line() of 0 to n - 1. */
void order_finish(struct order *);
struct th_str order_line(const struct order *, size_t i);
void order_release(struct order *);

#endif

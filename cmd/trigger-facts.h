/* trigger-facts.h -- what is known of a trigger, ready to be shown */
#ifndef TRIGGER_FACTS_H
#define TRIGGER_FACTS_H

#include "triggers.h"

#define TRIGGER_CELL 128

struct trigger_facts {
	const char *state; /* "on", "off", "failing", "running", "vacation" */
	bool running;
	char
	    schedule[TRIGGER_CELL]; /* "every 15m", a line of cron, "by hand" */
	char last_status[32];
	int64_t last_run, last_ms, next;
	int64_t waiting, held, refused, due; /* items in its queues; when */
	char why[512];                       /* what is wrong, in words */
	char advice[256];                    /* and what to do */
};
void trigger_facts(
    struct triggers *, const struct trigger *, struct trigger_facts *ret);
/* "failed once", "failed 3 times in a row". */
void trigger_failed(int64_t n, char ret[TRIGGER_CELL]);
/* Appends one JSON object; whole: with days and history. */
void trigger_json(
    struct triggers *, const struct trigger *, bool whole, struct th_buf *);
/* All triggers, what is wrong first. */
struct overview_row {
	const struct trigger *t;
	struct trigger_facts f;
	int gravity; /* 0 in trouble, 1 items wait, 2 in order, 3 off */
};
struct overview {
	struct overview_row *row;
	size_t n, on, bad;
	int64_t waiting;
	struct cmd_vacation vacation;
	bool planned; /* vacation is set, and not over */
};
/* Appends a page of HTML that needs nothing besides. */
enum th_status trigger_page(const struct overview *, struct th_buf *ret);
/* In trigger-chart.c: parts of it. */
void page_chart(struct th_buf *, const struct trigger *);
void page_runs(struct th_buf *, const struct trigger *);
/* Says on stderr that nothing runs, and until when. */
void trigger_say_vacation(void);

#endif

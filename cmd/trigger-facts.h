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
/* "2026-11-23 21:15", the zone of the reader; "" for 0. */
void trigger_clock(int64_t, char ret[TRIGGER_CELL]);
/* Appends one JSON object; whole: with days and history. */
void trigger_json(
    struct triggers *, const struct trigger *, bool whole, struct th_buf *);
/* Says on stderr that nothing runs, and until when. */
void trigger_say_vacation(void);

#endif

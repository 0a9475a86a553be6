/*
 * date.h -- the inside of dates, for lib/date*.c only
 */
#ifndef DATE_H
#define DATE_H

#include "trigger.h"

#define TH_DAY 86400

struct th_moment {
	int year, month, day, hour, min, sec;
	int zone; /* minutes east of Greenwich */
};

/* ---- date.c ---- */

bool th_is_leap(int year);
/* Days since 1970-01-01 in the Gregorian calendar. */
int64_t th_days_from_date(int year, int month, int day);
void th_date_from_days(int64_t days, struct th_moment *ret);
/* TH_EDATA: no such day or time.  24:00:00 and a leap second are. */
enum th_status th_instant(const struct th_moment *, int64_t *ret);

/* ---- date_words.c ---- */

enum th_word_kind {
	TH_W_MONTH,
	TH_W_ZONE,
	TH_W_NOISE,
	TH_W_AM,
	TH_W_PM,
	TH_W_KOREAN
};

struct th_word {
	const char *name; /* in lower case */
	enum th_word_kind kind;
	int value;  /* number of the month, minutes of the zone */
	bool whole; /* else words that begin so count too */
};

/* A word in lower case that dates are written with; NULL for others. */
const struct th_word *th_date_word(struct th_str);

#endif

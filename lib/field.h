/*
 * field.h -- how expressions, templates and sorting name a part of an item
 */
#ifndef TH_FIELD_H
#define TH_FIELD_H

#include "trigger.h"

/* A value of an item, or one computed from it. */
enum th_type {
	TH_V_NONE, /* null, or nothing */
	TH_V_BOOL,
	TH_V_NUMBER,
	TH_V_DATE,
	TH_V_STRING,
	TH_V_OTHER /* an object */
};
struct th_val {
	enum th_type type;
	struct th_str str; /* decoded; JSON text of what is no string or date */
	double number;     /* of TH_V_NUMBER and TH_V_BOOL */
	int64_t date;
};
/* Its text; a date is written into room. */
struct th_str th_val_text(const struct th_val *, char room[TH_DATE_SIZE]);

/* A path such as attachments.url, or an alias. */
enum th_alias { TH_A_PATH, TH_A_DATE, TH_A_TEXT, TH_A_ANY };
struct th_field {
	enum th_alias alias;
	enum th_text_mode mode; /* of TH_A_TEXT and TH_A_ANY */
	bool foreign; /* not of th-item(5), and written without a dot before */
	char *path;
	char *parent; /* the path without its last name; NULL for one name */
};

/* Bytes at s that could be a field's name; 0 when none could. */
size_t th_field_scan(struct th_str s);
/*
 * Takes a name as the user wrote it.  One that is nearly, but not quite, a
 * field of an item is TH_EUSAGE with a hint; a dot before it (".rate") takes
 * it as it is, no alias and no mistake.
 */
enum th_status th_field_init(
    struct th_field *, struct th_str name, struct th_err *err);
void th_field_release(struct th_field *);
/* Does it always give dates? */
bool th_field_is_date(const struct th_field *);

/*
 * Calls see for each value, arrays entered, nulls left out.  A value's text is
 * the item's or scratch's, good for that call.  Ends early with what see
 * returned if that is not TH_OK.
 */
typedef enum th_status th_see(void *ctx, const struct th_val *);
enum th_status th_field_each(const struct th_field *, const struct th_item *,
    struct th_buf *scratch, th_see *see, void *ctx);
/* The same with JSON values, and an array at the end not entered; paths only.
 */
void th_field_each_raw(const struct th_field *, const struct th_item *,
    th_visit *visit, void *ctx);

#endif

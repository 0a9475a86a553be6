/* import.h -- shared between the files of th-trigger import and export */
#ifndef IMPORT_H
#define IMPORT_H

#include "triggers.h"

#define IMPORT_MAX ((size_t)64 << 20) /* of a list or a dump */

/* Names given out in this import, and what became of all. */
struct importing {
	struct triggers *c;
	const char *file; /* for messages */
	struct th_set *names;
	int64_t made, known, left;
};

/* One script on its way. */
struct import_script {
	struct th_str title;   /* what it is named after */
	const char *otherwise; /* the name when a title makes none */
	const char *mark;      /* a script with this line in it is the same */
	const char *shown;     /* what it does, without secrets */
	bool disabled;
};
/* A name that is free, or that of the script with the mark. */
void import_name(
    struct importing *, const struct import_script *, struct th_buf *ret);
/* Writes it, unless it is there already or this is a dry run. */
void import_write(struct importing *, const char *name,
    const struct import_script *, struct th_str text);
/* What is there by the name of a file that would hold this text. */
enum there { THERE_NOT, THERE_SAME, THERE_OTHER };
enum there import_look(const char *path, struct th_str text);
/* Writes a file of the home, and makes its directory. */
void import_put(const char *path, struct th_str text, unsigned mode);
/* Says that something else of that name is there, and stays. */
void import_keep(struct importing *, const char *name);
/* "every" or "cron" as the options say, else hourly. */
void import_add_schedule(const struct importing *, struct th_buf *);
/*
 * The address of a feed behind "th-fetch rss", and "|"; false: it is not http.
 */
bool import_add_feed(struct th_buf *, struct th_str url);
/* Tells of what does not come, with the reason; lost: it is missed. */
void import_leave(struct importing *, size_t line, bool lost, const char *what);

/* The kinds of files; text is all of it. */
void import_opml(struct importing *, struct th_str text);
void import_django(struct importing *, struct th_str text);
void import_sfeedrc(struct importing *, struct th_str text);
void import_newsboat(struct importing *, struct th_str text);
/* A tar of th-trigger export, from a file that can be read again. */
void import_archive(struct importing *, int fd);

/* ---- moving.c: what export and import share ---- */

#define MOVING_PREFIX "triggerhappy/" /* of all members */
#define MOVING_FORMAT 1
/* Begins the state of one, see open_state() */
#define MOVING_TRIGGER ":trigger:"

int moving_spool(void);
void moving_rewind(int fd);
void moving_copy(int from, int to, int64_t max, const char *name);
/* th-queue export to, import from a descriptor. */
void moving_queues(const char *command, int fd);

#endif

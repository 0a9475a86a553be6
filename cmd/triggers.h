/*
 * triggers.h -- shared between the files of th-trigger
 */
#ifndef TRIGGERS_H
#define TRIGGERS_H

#include "cmd.h"

/* Ceilings of what is kept of a trigger. */
#define TRIGGER_SCRIPT_MAX ((size_t)1 << 20)
#define TRIGGER_HISTORY 50 /* runs */
#define TRIGGER_DAYS 60    /* of counts */
#define TRIGGER_RECORD_MAX ((size_t)1 << 20)
#define TRIGGER_LEASE 30   /* seconds a run is left to a machine that died */
#define TRIGGER_TIMEOUT 3600 /* when the header does not say */
#define TRIGGER_NOTICE 3     /* failures in a row that are worth a notice */
#define TRIGGER_REMIND 300   /* seconds until one that was put off goes again */
#define TRIGGER_RUN_MAX 160  /* a TH_RUN and its NUL */

/* ---- trigger-record.c: what the store keeps of a trigger ---- */

/*
 * Four values: the user's will (disabled, since), the run at work (running),
 * what is wrong with the header (problem), and the rest in one, which only the
 * holder of the trigger's lock writes.
 */
struct trigger_record {
	bool disabled;
	char by[16]; /* "user" or "failures" */
	int64_t disabled_at;
	int64_t since; /* when it was enabled or first seen; 0 */
	int64_t forgiven; /* runs before that: their failures do not count */
	char running[TRIGGER_RUN_MAX]; /* TH_RUN; "" */
	char owner[TH_OWNER_SIZE];     /* who runs it */
	int64_t running_since;
	char problem[256]; /* of the header, as run --due has told it; or "" */

	int64_t slot;     /* the time that the last run stood for; 0: none */
	int64_t failures; /* in a row */
	bool notified;    /* of these */
	struct th_buf notice; /* one that was put off (75), JSON; or empty */
	int64_t notice_at;    /* when it is handed over again */
	int64_t runs, fetched, published;
	struct th_buf queues; /* JSON: ["..."], those it published to */
	struct th_buf
	    days; /* JSON: {"2026-11-23":[fetched,published,runs,failed]} */
	struct th_buf history; /* JSON: [{...}], the last run first */
};
void trigger_record_init(struct trigger_record *);
void trigger_record_release(struct trigger_record *);
enum th_status trigger_record_load(struct th_store *, const char *name,
    struct trigger_record *ret, struct th_err *err);
/* Each is one durable step. */
enum th_status trigger_record_save(struct th_store *, const char *name,
    const struct trigger_record *, struct th_err *err);
enum th_status trigger_record_begin(struct th_store *, const char *name,
    const struct trigger_record *, struct th_err *err);
enum th_status trigger_record_since(
    struct th_store *, const char *name, int64_t since, struct th_err *err);
enum th_status trigger_record_enable(
    struct th_store *, const char *name, int64_t now, struct th_err *err);
enum th_status trigger_record_disable(struct th_store *, const char *name,
    const char *by, int64_t now, struct th_err *err);
/* problem: "" when there is none any more. */
enum th_status trigger_record_problem(struct th_store *, const char *name,
    const char *problem, struct th_err *err);
/* Forgets all of it. */
enum th_status trigger_record_forget(
    struct th_store *, const char *name, struct th_err *err);

/* How a run ended. */
enum trigger_outcome {
	TRIGGER_OK,
	TRIGGER_FAILED,
	TRIGGER_TIMED_OUT,
	TRIGGER_INTERRUPTED, /* by us; no failure of the trigger's */
	TRIGGER_LOST         /* it was killed with its machine or th-trigger */
};
const char *trigger_outcome_name(enum trigger_outcome);
struct trigger_result {
	const char *run;
	enum trigger_outcome outcome;
	int64_t start;
	int64_t ms; /* how long */
	int code;   /* exit code; 128 and more: a signal */
	enum th_status worst;
	char why[512];
	bool in_words; /* of the program that failed */
	int64_t fetched, published, refused;
	struct th_buf stages; /* JSON: [{...}] */
	struct th_buf queues; /* JSON: ["..."] */
};
/* Adds a run to history, days and counts. */
enum th_status trigger_record_add(
    struct trigger_record *, const struct trigger_result *, struct th_err *err);
/* Members of a JSON object, for readers of stages, days and history. */
int64_t trigger_int(const struct th_value *, const char *name);
void trigger_text(
    const struct th_value *, const char *name, char *ret, size_t size);
/* The last run of a history; false when there is none. */
bool trigger_last(const struct trigger_record *, struct th_value *ret);
/* The counts of a day, as they stand in `days`; those that lack are left. */
enum trigger_count {
	TRIGGER_FETCHED,
	TRIGGER_PUBLISHED,
	TRIGGER_RUNS,
	TRIGGER_FAILURES,
	TRIGGER_COUNTS
};
void trigger_day(const struct th_value *, int64_t ret[TRIGGER_COUNTS]);
/* Calls for each element of a JSON array or member of an object. */
void trigger_each(const struct th_buf *json,
    void (*visit)(void *ctx, struct th_str key, const struct th_value *),
    void *ctx);

/* ---- trigger-home.c: the directory triggers/ ---- */

/* What a name is, for messages. */
#define TRIGGER_NAMES \
	": letters, digits, \"_\", \".\" and \"-\", neither of the last two " \
	"in front, no ending such as .bak"

struct trigger {
	char *name, *path;
	struct th_buf text; /* of the script */
	struct th_script script;
	bool unread;           /* the file cannot be read, or */
	bool broken;           /* the header is wrong: */
	struct th_err problem; /* the first thing */
	struct trigger_record record;
};
struct trigger_list {
	struct trigger **t; /* by name */
	size_t n;
};

struct triggers {
	char **arg; /* operands after the subcommand */
	size_t nargs;
	bool due, json, prometheus, force, dry_run;
	bool django, sfeedrc, newsboat; /* what a file is */
	const char *html, *from, *until, *pipeline, *backlog;
	const char *every, *cron, *description, *tags;
	const char *one, *to;
	int64_t jobs, lines;
	struct th_config *config;
	struct th_store *store; /* opened by trigger_store() */
};
/* The store, opened at the first call; ends the program on failure. */
struct th_store *trigger_store(struct triggers *);
/* Path of a trigger's script; of one of its files in the state directory. */
char *trigger_path(const char *name);
char *trigger_state_path(const char *directory, const char *name);
/*
 * Words between commas, borrowed, at most max of them; ends with 64 past that.
 */
size_t trigger_split_tags(const char *tags, struct th_str *ret, size_t max);
/* Makes the directory of configuration and triggers/ in it. */
void trigger_make_home(void);
/* Reads one; NULL when there is none of that name. */
struct trigger *trigger_read(struct triggers *, const char *name);
/* The same, or the end of the program with a suggestion (64). */
struct trigger *trigger_need(struct triggers *, const char *name);
void trigger_free(struct trigger *);
/* All there are, or those that are named by operands, each once. */
void trigger_all(struct triggers *, struct trigger_list *ret);
void trigger_given(struct triggers *, struct trigger_list *ret);
/* Calls for each that trigger_given() has. */
void trigger_each_given(
    struct triggers *, void (*f)(struct triggers *, const struct trigger *));
/* For completion: their names and what they do. */
void trigger_offer(void);
void trigger_list_release(struct trigger_list *);
/* When it is due; 0: never (disabled, no schedule). */
int64_t trigger_next(const struct trigger *, int64_t now);
/* Is it time for a notice that was put off? */
bool trigger_reminds(const struct trigger *, int64_t now);
/* On vacation, whether or not that is ignored. */
bool trigger_is_away(void);
/* In trigger-vacation.c: takes the file away once its date is over. */
void trigger_end_vacation(void);
int64_t trigger_tries(const struct triggers *, const struct trigger *);

/* ---- trigger-log.c: what the scripts said ---- */

struct trigger_log {
	int fd;
	size_t room[2]; /* bytes that still go in, of stdout and stderr */
	size_t lost[2];
	struct th_buf line[2]; /* begun */
	char last[512]; /* the last whole line of stderr, not of our programs */
};
void trigger_log_open(struct trigger_log *, const char *name, const char *run);
/* which: 0 stdout, 1 stderr. */
void trigger_log_add(struct trigger_log *, int which, const char *, size_t);
void trigger_log_close(struct trigger_log *, const char *last_line);

/* ---- trigger-job.c: one run ---- */

struct job;
/* In ms, going on evenly whatever happens to the clock on the wall. */
int64_t job_clock(void);
/*
 * Starts a run.  TH_END: nothing to do (another runs it, or it is not due any
 * more).  due: look again whether it is, once it is locked.
 */
enum th_status job_start(struct triggers *, struct trigger *, bool due,
    bool show, struct job **ret, struct th_err *err);
/* What to poll: adds at most 2; returns how many. */
struct pollfd;
int job_poll(const struct job *, struct pollfd *);
/* Reads what there is, looks after time and end; true when all is done. */
bool job_work(struct job *);
/* When it wants to be called at the latest, in ms of job_clock(). */
int64_t job_wake(const struct job *);
/* Asks it to end. */
void job_interrupt(struct job *);
void job_free(struct job *);
/* In trigger-report.c: what the programs of the run said; sets *ret's counts.
 */
enum job_pipeline { JOB_DONE, JOB_WORKING, JOB_KILLED };
enum job_pipeline job_report(
    const char *path, const char *run, struct trigger_result *ret);
/* The item that tells of failing (why) or of recovery (why is NULL). */
enum th_status job_notice(const struct trigger *, const char *why,
    int64_t failures, int64_t tries, struct th_buf *ret);

/* ---- the subcommands ---- */

void trigger_run(struct triggers *);
void trigger_print_list(struct triggers *);
void trigger_show(struct triggers *);
void trigger_new(struct triggers *);
void trigger_edit(struct triggers *);
void trigger_check(struct triggers *);
void trigger_enable(struct triggers *);
void trigger_disable(struct triggers *);
void trigger_remove(struct triggers *);
void trigger_print_log(struct triggers *);
void trigger_status(struct triggers *);
void trigger_vacation(struct triggers *);
void trigger_crontab(struct triggers *);
void trigger_systemd(struct triggers *);
void trigger_import(struct triggers *);
void trigger_export(struct triggers *);

#endif

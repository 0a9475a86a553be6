/*
 * cmd.h -- what the main()s share: words for people, exit codes, options
 */
#ifndef CMD_H
#define CMD_H

#include <getopt.h>

#include "trigger.h"

/*
 * A program, for --help and --version.  synopsis: one line per form, without
 * the program's name, separated by newlines.  options: the program's own, in
 * the order of the manual, without those that cmd.c handles for all.
 *
 * The last two are for completion and may be NULL.  sub: the tables that come
 * with the first operand, if that is a subcommand or service.  offer: calls
 * cmd_offer() for what there is of a kind, which is what the synopsis or an
 * option calls it ("QUEUE"); sub is the first operand or "".
 */
struct cmd {
	const char *name;     /* "th-filter" */
	const char *summary;  /* "select and reshape items" */
	const char *synopsis; /* "[OPTION]... [EXPRESSION]" */
	const struct cmd_option *options;
	const char *closed; /* of a service: since when, what to use; or NULL */
	const char *note;     /* a last paragraph for --help, or NULL */
	void (*sub)(const char *word, struct cmd *ret,
	    const struct th_param **ret_params, unsigned *ret_which);
	void (*offer)(const char *sub, const char *kind);
};

/* One option of a program.  Help is printed and getopt_long fed from it. */
struct cmd_option {
	const char *name;  /* long name; NULL ends a table */
	int letter;        /* short one, or a value from 256 for none */
	const char *arg;   /* what --help calls the argument; NULL: takes none;
			      "[ARG]": none when last, and not for letters */
	const char *help;  /* lower case, no full stop */
};

/* Options that mean the same everywhere, as cmd_getopt() left them. */
extern int cmd_verbose;         /* -v: 1, -vv: 2; -q: -1 */
extern const char *cmd_config;  /* -c FILE, else NULL */

/*
 * First call of every main(): SIGPIPE ignored, SIGINT and SIGTERM set
 * th_interrupted, no core files, nothing for debuggers, closed standard
 * descriptors opened on /dev/null such that using them stays an error.
 */
void cmd_init(const struct cmd *);

/*
 * getopt_long() over the program's table and the common one; returns the
 * letter of an option of the program, -1 at the end.  -h, -V, -v, -q and -c are
 * dealt with inside; an unknown option ends the program with 64 and a hint.
 * In a program with services or subcommands (stop_at_operand) parsing stops at
 * the first operand, so that the rest can be parsed with a table that knows it;
 * call cmd_getopt_more() with that table then.
 */
int cmd_getopt(int argc, char *argv[], bool stop_at_operand);
/*
 * Goes on after the word that was the operand (optind points at it at the first
 * call), with the tables of the program, of `sub` (the subcommand or service;
 * may be NULL) and of `params` (those with a flag of `which`; may be NULL)
 * together.  A parameter of the service is set in opts; others come back as
 * letters, and -1 at the end with optind at the first operand.  -h prints the
 * help of sub.
 */
int cmd_getopt_more(int argc, char *argv[], const struct cmd *sub,
    const struct th_param *params, unsigned which, struct th_opts *opts);

/* "th-NAME: message" on stderr; control characters become '?'. */
void cmd_warn(const char *fmt, ...) TH_PRINTF(1, 2);
/* The same when -v was given at least `level` times (0: unless -q). */
void cmd_say(int level, const char *fmt, ...) TH_PRINTF(2, 3);
/* Control characters (C0, DEL, and C1 in UTF-8) must not reach a terminal. */
void cmd_disarm(char *);
/* Keeps the worst status for the exit code. */
void cmd_note(enum th_status);
/* Says it, notes it and ends the program (what was output stays flushed). */
void cmd_die(enum th_status, const char *fmt, ...)
    TH_PRINTF(2, 3) __attribute__((__noreturn__));
/* The same for a mistake in the command line, with "try th-NAME --help", or
 * "th-NAME SERVICE --help" once that is known. */
void cmd_usage(const char *fmt, ...)
    TH_PRINTF(1, 2) __attribute__((__noreturn__));
/*
 * Where a subcommand is in a table of n structs of `size` bytes, each of which
 * begins with a const char *name; else the end with 64, and the nearest of the
 * synopsis, or all.
 */
size_t cmd_find_command(
    const char *word, const void *table, size_t n, size_t size);
/*
 * Ends with 64 when an option of the program was given that is none of those
 * that the subcommand takes (long names, with a blank behind each), and would
 * be passed over.
 */
void cmd_check_options(const char *command, const char *takes);
/* Ends with 64, and how the synopsis has it: too few operands or too many. */
void cmd_check_operands(const char *command, size_t n, size_t min, size_t max);
/*
 * A mistake in what the user wrote, shown under its place (err->column, in
 * bytes): the reason, the text, a caret.  Ends the program with 64.
 */
void cmd_point(const char *what, const char *text, const struct th_err *err)
    __attribute__((__noreturn__));
/* cmd_die() unless st is TH_OK, with the sentence of err. */
void cmd_check(enum th_status st, const struct th_err *err);
/* What was allocated, or the end of the program when it is NULL. */
void *cmd_need(void *) __attribute__((__returns_nonnull__));

/* Standard output, flushed by cmd_finish(). */
extern struct th_out cmd_out;
/*
 * Prints what was composed, the second with a newline, and releases it; the end
 * of the program when there was no memory for it.
 */
void cmd_print(struct th_buf *);
void cmd_print_line(struct th_buf *);
/*
 * Last call of every main(): flushes standard output and checks it, returns the
 * exit code of the worst status noted (DESIGN, "Exit codes").  A reader that
 * left (EPIPE) is no error.
 */
int cmd_finish(void);
/* sysexits' code of a status. */
int cmd_exit_code(enum th_status);
/* And back: a failure that is none of them is TH_EUNAVAIL. */
enum th_status cmd_exit_status(int code);

/*
 * In a trigger's pipeline (TH_RUN, TH_REPORT) each program tells th-trigger how
 * it ended; cmd_init() and cmd_finish() see to that.  These add to what it
 * says: how many items came in, which queue was used.  Elsewhere they do
 * nothing.
 */
void cmd_tell(const char *key, const char *text);
void cmd_tell_count(const char *key, int64_t n);

/* Warns of the line just read, by its number and the column if there is one. */
void cmd_bad_line(const struct th_stream *, enum th_status,
    const struct th_err *);

/*
 * Standard input as items.  open: says that they are waited for when it is a
 * terminal.  close: says what may have been forgotten when no line was one.
 */
void cmd_items_open(struct th_stream *, struct th_out *);
void cmd_items_close(struct th_stream *);
/*
 * Calls f for each item of standard input.  A bad line, and one that f says
 * TH_EDATA of, is told with its number, noted and passed over; what else f says
 * but TH_OK ends it, told likewise.  TH_OK: all was read.
 */
typedef enum th_status cmd_item(void *ctx, const struct th_item *,
    struct th_err *);
enum th_status cmd_each_item(cmd_item *, void *ctx);

/* A th_say for sessions: cmd_warn, cmd_say and cmd_note. */
void cmd_session_say(void *ctx, int level, enum th_status st, const char *text);

/* A whole number or a duration of an option, or the end with 64. */
int64_t cmd_int(const char *option, const char *arg, int64_t min);
int64_t cmd_duration(const char *option, const char *arg);
/* The DURATION of --wait, and that of --timeout. */
int64_t cmd_wait(const char *arg);
int64_t cmd_timeout(const char *arg);
/* DATE or DURATION (before now) of --since and --until. */
int64_t cmd_since(const char *option, const char *arg);

/* "2026-11-23 21:15", in the zone of the reader; "" for 0. */
#define CMD_CLOCK_SIZE 24
void cmd_clock(int64_t at, char ret[CMD_CLOCK_SIZE]);
/* Adds a member of a JSON object, RFC 3339; none for 0. */
void cmd_json_date(struct th_buf *, const char *name, int64_t at);

/*
 * th_store_open_with(), waiting for so many seconds (-1: as usual); -v tells
 * what the settings of a server do not keep.
 */
enum th_status cmd_store_open(struct th_config *, int64_t wait, unsigned flags,
    struct th_store **ret, struct th_err *err);

/*
 * Has a queue tell th-search's index of its items, and sends what an engine
 * elsewhere does not know yet.  What fails is said and noted, and stops
 * nothing.
 */
void cmd_index_open(struct th_config *, struct th_store *, struct th_queue *,
    struct th_search **ret);
void cmd_index_close(struct th_search *, struct th_queue *);
/* What the queues have forgotten is not found any more. */
void cmd_index_prune(struct th_config *, struct th_store *, int64_t before);

/*
 * On vacation, unless TH_VACATION=ignore: says so and returns true; th-fetch
 * and th-publish then leave with 0.
 */
bool cmd_vacation(void);
/* What the file `vacation` says, whoever ignores it; false: there is none. */
struct cmd_vacation {
	int64_t from, until; /* INT64_MIN, INT64_MAX: open */
	bool now;
};
bool cmd_vacation_read(struct cmd_vacation *ret);

/*
 * For completion: offers a word, with a line of help or NULL.
 * cmd_offer_services does so with the services, built in or on PATH, that can
 * be read from (TH_P_FETCH), written to (TH_P_PUBLISH) or logged in to
 * (TH_P_LOGIN), and with their accounts.
 */
void cmd_offer(const char *word, const char *help);
void cmd_offer_services(unsigned which);
/* The parameters of the service in SERVICE[:ACCOUNT]; NULL: not built in. */
const struct th_param *cmd_service_params(const char *word);
/* The queues of the store, if it is here and there. */
void cmd_offer_queues(void);

/* "fetch" or "publish": in the names of programs that stand in for services. */
const char *cmd_service_kind(unsigned which);
/*
 * Prints a line for each service that can be read from (TH_P_FETCH) or written
 * to (TH_P_PUBLISH), built in or on PATH: what it can do, since when it is
 * closed, its accounts.
 */
void cmd_list_services(unsigned which);
/* Takes SERVICE[:ACCOUNT] apart, or ends with 64; the name is the caller's. */
void cmd_split_service(
    const char *word, char **ret_name, const char **ret_account);
/* Warns of limits in the configuration for services that are not there. */
void cmd_check_limits(const struct th_config *);
/* The end with 64, and perhaps the one that was meant. */
void cmd_unknown_service(const char *name) __attribute__((__noreturn__));

#endif

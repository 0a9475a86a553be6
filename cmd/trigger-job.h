/* trigger-job.h -- shared by the files that make a run of a trigger */
#ifndef TRIGGER_JOB_H
#define TRIGGER_JOB_H

#include <sys/types.h>

#include "triggers.h"

enum phase { RUNNING, LINGERING, TELLING, DONE };

struct job {
	struct triggers *c;
	struct trigger *t;
	enum phase phase;
	char run[TRIGGER_RUN_MAX];
	char lock[128];
	char *report;
	pid_t pid;
	int fd[2]; /* stdout and stderr of the script; -1 at their end */
	int status;
	bool show, timed_out, interrupted, lost, recovered;
	bool reminding;       /* no run: a notice that was put off goes again */
	struct th_buf notice; /* that is handed over, a line */
	struct trigger_log log;
	int64_t start, start_ms;
	int64_t end_at; /* time is over; then TERM, and KILL after that */
	int64_t renew_at, kill_at, linger_until;
	int64_t renewed; /* in seconds of th_now() */
	struct trigger_result result;
};

/* ---- trigger-spawn.c: a child of ours ---- */

/* PATH for scripts: ours, and behind it the directory of our programs. */
enum th_status job_path(struct th_buf *ret);
/* Our ends of a pipe are not for children.  0 or errno. */
int job_pipe(int fd[2]);
/*
 * Sends a signal to the group that leader leads; all: to its whole session, for
 * timeout(1) and shells with job control make groups of their own.
 */
void job_signal(pid_t leader, int sig, bool all);
/*
 * argv, the leader of a session, with its output to j->fd; in_run: it knows the
 * run.  in: its standard input; -1: none.  0 or errno.
 */
int job_spawn(struct job *, char *const argv[], bool in_run, int in);

/* ---- trigger-verdict.c: how it ended, and who is told ---- */

/* What the shell and the programs said makes the result. */
void job_judge(struct job *);
/* Cursors become true or are dropped; the record is written. */
enum th_status job_keep(struct job *, struct th_err *err);
void job_maybe_disable(struct job *);
/* Says how it ended; the line for the log. */
void job_say_end(struct job *, char *line, size_t size);
/*
 * The pipeline to be told of this end; NULL: it is no news, or there is none.
 */
const char *job_news(struct job *);
/* The same for the notice that the record has kept. */
const char *job_reminder(const struct job *);
/* Appends the notice, a line. */
enum th_status job_notice_of(const struct job *, struct th_buf *ret);
/* The pipeline came to its end with that code. */
void job_told(struct job *, int code);

#endif

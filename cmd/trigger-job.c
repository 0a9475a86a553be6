/*
 * trigger-job -- one run of a trigger, from its lock to its record
 *
 * The script is the leader of a session, and nothing of that session outlives
 * the run.  Its cursors are kept aside by the store under TH_RUN and
 * made true only when all went well; a run that is lost with us is found by the
 * next one, which drops them.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "trigger-job.h"

#define KILL_MS 5000    /* between TERM and KILL */
#define LINGER_MS 10000 /* for programs in the background to be done */
#define LOOK_MS 20      /* between two looks at those */
#define LOOKS 25        /* for others */
#define RENEW_MS (TRIGGER_LEASE * 1000 / 3)
#define NOTICE_MS 60000
#define READ_MAX 16384

/* What a machine sleeps is not counted: a script did not run in that time. */
int64_t
job_clock(void)
{
	struct timespec t = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- what comes before ---- */

static enum th_status
make_run(struct job *j, struct th_err *err)
{
	char date[TH_DATE_SIZE];
	struct th_buf b;
	enum th_status st;

	th_date_format(j->start, date);
	th_buf_init(&b, sizeof(j->run));
	th_buf_addf(&b, "%s:%s:", j->t->name, date);
	if ((st = th_random_token(4, &b)) == TH_OK)
		snprintf(j->run, sizeof(j->run), "%s", b.data);
	else
		th_fail(err, st, "%s: %s", j->t->name, th_strstatus(st));
	th_buf_release(&b);
	return st;
}

static void
pause_ms(int ms)
{
	poll(NULL, 0, ms);
}

/*
 * A script whose th-trigger was killed goes on by itself.  Its report begins
 * with who it is; it must be gone before the next.
 */
static void
end_orphan(const char *report, const char *run)
{
	char owner[TH_OWNER_SIZE], line[1024], was[TRIGGER_RUN_MAX];
	struct th_value v;
	const char *p;
	ssize_t n;
	long pid;
	int fd, i;

	if ((fd = open(report, O_RDONLY | O_CLOEXEC)) == -1)
		return;
	n = read(fd, line, sizeof(line));
	close(fd);
	if (n <= 0 || (p = memchr(line, '\n', (size_t)n)) == NULL ||
	    th_json_parse(
		(struct th_str){ line, (size_t)(p - line) }, &v, NULL) != TH_OK)
		return;
	trigger_text(&v, "orphan", was, sizeof(was));
	trigger_text(&v, "script", owner, sizeof(owner));
	pid = (long)trigger_int(&v, "group");
	if (strcmp(was, run) != 0 || pid <= 1)
		return;
	for (i = 0; i < 200 && th_owner_life(owner) == TH_OWNER_ALIVE; i++) {
		if (i == 0 || i == 100)
			job_signal(
			    (pid_t)pid, i == 0 ? SIGTERM : SIGKILL, true);
		pause_ms(20);
	}
}

/* The run before this one never came to its end: its cursors are dropped. */
static enum th_status
clear_lost(struct job *j, struct th_err *err)
{
	struct trigger_record *r = &j->t->record;
	struct trigger_result lost = { .run = r->running,
		.outcome = TRIGGER_LOST,
		.start = r->running_since,
		.why = "the run was killed, or its machine stopped" };
	enum th_status st;

	if (r->running[0] == '\0')
		return TH_OK;
	cmd_say(0,
	    "%s: the run before was cut off; its cursors stay where "
	    "they were",
	    j->t->name);
	end_orphan(j->report, r->running);
	st = th_state_settle(j->c->store, r->running, false, err);
	if (st == TH_OK)
		st = trigger_record_add(r, &lost, err);
	return st;
}

/* ---- telling somebody ---- */

static void
tell(struct job *j, const char *pipeline)
{
	char sh[] = "/bin/sh", flag[] = "-c", *copy = th_strdup(pipeline);
	char *argv[] = { sh, flag, copy, NULL };
	int in[2] = { -1, -1 }, rc;

	trigger_log_open(&j->log, j->t->name, "notify");
	rc = copy == NULL ? ENOMEM : job_pipe(in);
	if (rc == 0 && job_notice_of(j, &j->notice) != TH_OK)
		rc = ENOMEM;
	/* It is small enough for the pipe to hold, reader or not. */
	if (rc == 0 &&
	    th_file_write(in[1], th_buf_str(&j->notice), NULL) != TH_OK)
		rc = EIO;
	if (in[1] != -1)
		close(in[1]);
	if (rc == 0)
		rc = job_spawn(j, argv, false, in[0]);
	if (in[0] != -1)
		close(in[0]);
	if (rc != 0) {
		j->pid = -1;
		cmd_warn("%s: notify: %s", j->t->name, strerror(rc));
	}
	j->end_at = job_clock() + NOTICE_MS;
	j->kill_at = j->linger_until = 0;
	j->phase = TELLING;
	free(copy);
}

/* ---- starting ---- */

/* Empty, and then with the line by which the next run would find the script. */
static enum th_status
make_report(const char *path, struct th_err *err)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return th_fail(
		    err, TH_ECREATE, "%s: %s", path, strerror(errno));
	close(fd);
	return TH_OK;
}

static void
sign_report(const struct job *j)
{
	char owner[TH_OWNER_SIZE], line[TRIGGER_RUN_MAX + TH_OWNER_SIZE + 80];
	int fd, n;

	th_owner_of((int64_t)j->pid, owner);
	n = snprintf(line, sizeof(line),
	    "{\"orphan\":\"%s\",\"script\":\"%s\",\"group\":%ld}\n", j->run,
	    owner, (long)j->pid);
	fd = open(j->report, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd == -1)
		return;
	th_file_write(fd, (struct th_str){ line, (size_t)n }, NULL);
	close(fd);
}

static enum th_status
begin(struct job *j, struct th_err *err)
{
	struct trigger_record *r = &j->t->record;
	enum th_status st;

	if ((st = clear_lost(j, err)) != TH_OK ||
	    (st = make_run(j, err)) != TH_OK ||
	    (st = make_report(j->report, err)) != TH_OK)
		return st;
	snprintf(r->running, sizeof(r->running), "%s", j->run);
	th_owner(r->owner);
	r->running_since = j->start;
	return trigger_record_begin(j->c->store, j->t->name, r, err);
}

/* What to do about a script that cannot be started. */
static const char *
remedy(const struct job *j, int rc)
{
	const struct th_buf *text = &j->t->text;
	const char *nl;

	if (rc == EACCES)
		return "; chmod +x makes it a program";
	if (rc != ENOENT || text->len == 0)
		return "";
	nl = memchr(text->data, '\n', text->len);
	return nl != NULL && nl > text->data && nl[-1] == '\r'
		   ? "; its lines end with CR LF"
		   : "; its first line names a program that is not there";
}

static void
launch(struct job *j)
{
	char *argv[] = { j->t->path, NULL };
	int64_t timeout = j->t->script.timeout;
	int rc;

	if (timeout == 0)
		timeout = TRIGGER_TIMEOUT;
	j->end_at = j->start_ms + timeout * 1000;
	trigger_log_open(&j->log, j->t->name, j->run);
	rc = job_spawn(j, argv, true, -1);
	if (rc == 0) {
		sign_report(j);
		return;
	}
	j->pid = -1;
	snprintf(j->log.last, sizeof(j->log.last), "%s: %s%s", j->t->path,
	    strerror(rc), remedy(j, rc));
}

/* Locked: is it still so that it should run? */
static enum th_status
look_again(struct job *j, bool due, struct th_err *err)
{
	enum th_status st;
	int64_t next;

	st = trigger_record_load(j->c->store, j->t->name, &j->t->record, err);
	if (st != TH_OK || !due)
		return st;
	next = trigger_next(j->t, j->start);
	if (next != 0 && next <= j->start)
		return TH_OK;
	j->reminding =
	    trigger_reminds(j->t, j->start) && job_reminder(j) != NULL;
	return j->reminding ? TH_OK : TH_END;
}

static struct job *
job_new(struct triggers *c, struct trigger *t, bool show)
{
	struct job *j = th_calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	j->c = c;
	j->t = t;
	j->show = show;
	j->fd[0] = j->fd[1] = -1;
	j->start = th_now();
	j->start_ms = job_clock();
	j->renew_at = j->start_ms + RENEW_MS;
	j->renewed = j->start;
	th_buf_init(&j->result.stages, TRIGGER_RECORD_MAX);
	th_buf_init(&j->result.queues, TRIGGER_RECORD_MAX);
	th_buf_init(&j->notice, READ_MAX);
	j->report = trigger_state_path("run", t->name);
	snprintf(j->lock, sizeof(j->lock), "trigger:%s", t->name);
	return j;
}

/* Locked: a run, or a notice that was put off. */
static enum th_status
set_out(struct job *j, bool due, struct th_err *err)
{
	enum th_status st = look_again(j, due, err);

	if (st == TH_OK && !j->reminding)
		st = begin(j, err);
	if (st == TH_OK && j->reminding)
		tell(j, job_reminder(j));
	else if (st == TH_OK)
		launch(j);
	else
		th_unlock(j->c->store, j->lock, NULL);
	if (st == TH_END && err != NULL)
		err->text[0] = '\0';
	return st;
}

enum th_status
job_start(struct triggers *c, struct trigger *t, bool due, bool show,
    struct job **ret, struct th_err *err)
{
	struct job *j = job_new(c, t, show);
	enum th_status st;

	if (j == NULL)
		return th_fail(err, TH_ENOMEM, "%s", th_strstatus(TH_ENOMEM));
	st = th_lock(c->store, j->lock, TRIGGER_LEASE, err);
	if (st == TH_END)
		th_fail(err, TH_EAGAIN, "it runs already");
	else if (st == TH_OK)
		st = set_out(j, due, err);
	if (st == TH_OK)
		*ret = j;
	else
		job_free(j);
	return st;
}

void
job_free(struct job *j)
{
	int i;

	if (j == NULL)
		return;
	for (i = 0; i < 2; i++)
		if (j->fd[i] != -1)
			close(j->fd[i]);
	th_buf_release(&j->result.stages);
	th_buf_release(&j->result.queues);
	th_buf_release(&j->notice);
	free(j->report);
	free(j);
}

/* ---- its output ---- */

int
job_poll(const struct job *j, struct pollfd *p)
{
	int i, n = 0;

	for (i = 0; i < 2; i++)
		if (j->fd[i] != -1)
			p[n++] =
			    (struct pollfd){ .fd = j->fd[i], .events = POLLIN };
	return n;
}

static void
pass_on(const struct job *j, int which, const char *s, size_t len)
{
	struct th_err err = { 0 };

	if (!j->show)
		return;
	if (which == 0) {
		th_out_write(&cmd_out, (struct th_str){ s, len });
		th_out_flush(&cmd_out);
	} else {
		th_file_write(STDERR_FILENO, (struct th_str){ s, len }, &err);
	}
}

/* A few pieces at a time, so that one who talks much stops nobody else. */
static void
read_output(struct job *j, int which)
{
	char piece[READ_MAX];
	ssize_t n = 1;
	int i;

	for (i = 0; i < 8 && n > 0 && j->fd[which] != -1; i++) {
		n = read(j->fd[which], piece, sizeof(piece));
		if (n > 0) {
			trigger_log_add(&j->log, which, piece, (size_t)n);
			if (j->phase != TELLING)
				pass_on(j, which, piece, (size_t)n);
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			close(j->fd[which]);
			j->fd[which] = -1;
		}
	}
}

/* ---- its end ---- */

static void
end_all(struct job *j, int sig)
{
	if (j->pid > 0)
		job_signal(j->pid, sig, true);
}

void
job_interrupt(struct job *j)
{
	if (j->phase == TELLING || j->interrupted)
		return;
	j->interrupted = true;
	end_all(j, SIGTERM);
	j->kill_at = job_clock() + KILL_MS;
}

static void
look_at_time(struct job *j, int64_t now)
{
	if (j->phase == LINGERING)
		return;
	if (j->kill_at == 0 && now >= j->end_at) {
		j->timed_out = j->phase != TELLING;
		end_all(j, SIGTERM);
		j->kill_at = now + KILL_MS;
	} else if (j->kill_at != 0 && now >= j->kill_at) {
		end_all(j, SIGKILL);
		j->kill_at = now + KILL_MS;
	}
}

/*
 * Holds the lock for longer; what another took over is no longer ours.  Leases
 * end by the clock on the wall, which may be set, and goes on in a machine's
 * sleep.
 */
static void
renew(struct job *j, int64_t now)
{
	struct th_err err = { 0 };
	enum th_status st;

	if (now < j->renew_at && th_now() >= j->renewed &&
	    th_now() < j->renewed + RENEW_MS / 1000)
		return;
	j->renew_at = now + RENEW_MS;
	j->renewed = th_now();
	st = th_lock(j->c->store, j->lock, TRIGGER_LEASE, &err);
	if (st == TH_END && !j->lost) {
		j->lost = true;
		cmd_warn("%s: another machine took it over", j->t->name);
		job_interrupt(j);
	}
}

/* Is the leader done?  It is left to be waited for, so its group stays ours. */
static bool
is_over(const struct job *j)
{
	siginfo_t info = { 0 };

	if (j->pid <= 0)
		return true;
	return waitid(P_PID, (id_t)j->pid, &info,
		   WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == j->pid;
}

/* Who does not care for SIGTERM; a group that has members keeps its number. */
static void
end_rest(pid_t group)
{
	int i;

	for (i = 0; i <= LOOKS && kill(-group, 0) == 0; i++) {
		if (i == LOOKS)
			kill(-group, SIGKILL);
		else
			pause_ms(LOOK_MS);
	}
}

/* What it left in the background ends with it; in time, or else. */
static void
reap(struct job *j)
{
	const bool hard =
	    j->timed_out || j->interrupted || j->linger_until != 0;
	int i;

	for (i = 0; i < 2; i++)
		read_output(j, i);
	/* Who still holds the output may be in another group. */
	if (j->pid > 0)
		job_signal(
		    j->pid, SIGTERM, hard || j->fd[0] != -1 || j->fd[1] != -1);
	if (hard)
		end_all(j, SIGKILL);
	for (i = 0; i < 2; i++) {
		read_output(j, i);
		if (j->fd[i] != -1)
			close(j->fd[i]);
		j->fd[i] = -1;
	}
	while (j->pid > 0 && waitpid(j->pid, &j->status, 0) == -1)
		if (errno != EINTR)
			break;
	if (j->pid > 0) {
		end_rest(j->pid);
		j->pid = 0;
	}
}

/* ---- and its end ---- */

static void
told(struct job *j)
{
	if (j->pid == -1)
		return;
	reap(j);
	job_told(j, WIFEXITED(j->status) ? WEXITSTATUS(j->status) : 128);
}

/* ---- from one to the next ---- */

static void
close_run(struct job *j)
{
	char line[1024];

	job_say_end(j, line, sizeof(line));
	trigger_log_close(&j->log, line);
	unlink(j->report);
}

static void
finish(struct job *j)
{
	struct th_err err = { 0 };
	const char *pipeline;

	reap(j);
	job_judge(j);
	if (job_keep(j, &err) != TH_OK) {
		cmd_warn("%s: %s", j->t->name, err.text);
		cmd_note(err.status);
	}
	close_run(j);
	job_maybe_disable(j);
	j->phase = DONE;
	if (!j->lost && (pipeline = job_news(j)) != NULL)
		tell(j, pipeline);
}

static void
linger(struct job *j, int64_t now)
{
	enum job_pipeline p =
	    j->pid > 0 ? job_report(j->report, j->run, &j->result) : JOB_DONE;

	if (p == JOB_WORKING && now < j->linger_until)
		return;
	/* All is told: no need to be hard on what else there is. */
	if (p == JOB_DONE)
		j->linger_until = 0;
	finish(j);
}

bool
job_work(struct job *j)
{
	int64_t now = job_clock();

	read_output(j, 0);
	read_output(j, 1);
	renew(j, now);
	look_at_time(j, now);
	if (j->phase == RUNNING && is_over(j)) {
		j->phase = LINGERING;
		j->linger_until =
		    j->kill_at != 0 ? j->kill_at : now + LINGER_MS;
	}
	if (j->phase == LINGERING) {
		linger(j, now);
	} else if (j->phase == TELLING && is_over(j)) {
		told(j);
		trigger_log_close(&j->log, "told");
		j->phase = DONE;
	}
	if (j->phase != DONE)
		return false;
	if (!j->lost)
		th_unlock(j->c->store, j->lock, NULL);
	return true;
}

int64_t
job_wake(const struct job *j)
{
	int64_t at = j->kill_at != 0 ? j->kill_at : j->end_at;

	if (j->phase == LINGERING || j->pid <= 0)
		return job_clock() + LOOK_MS;
	return at < j->renew_at ? at : j->renew_at;
}

/* trigger-run -- runs triggers, several at a time */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "triggers.h"

#define JOBS_MAX 128
#define INTERRUPT_MS 1000 /* how long a wait may be at most */

/* A child ended: a byte here wakes poll(). */
static int wake[2] = { -1, -1 };

static void
on_child(int sig)
{
	int saved = errno;
	ssize_t n = write(wake[1], "", 1);

	(void)sig;
	(void)n;
	errno = saved;
}

static void
watch_children(void)
{
	struct sigaction sa = { 0 };
	int i;

	if (pipe(wake) == -1)
		cmd_die(TH_EAGAIN, "pipe: %s", strerror(errno));
	for (i = 0; i < 2; i++) {
		fcntl(wake[i], F_SETFD, FD_CLOEXEC);
		fcntl(wake[i], F_SETFL, O_NONBLOCK);
	}
	sigemptyset(&sa.sa_mask);
	sa.sa_handler = on_child;
	sigaction(SIGCHLD, &sa, NULL);
}

struct crew {
	struct triggers *c;
	struct trigger_list list;
	size_t next; /* of the list */
	struct job *job[JOBS_MAX];
	size_t n, max;
	bool due, show;
	size_t begun;
};

static void
start_one(struct crew *w)
{
	struct trigger *t = w->list.t[w->next++];
	struct th_err err = { 0 };
	enum th_status st;

	st = job_start(w->c, t, w->due, w->show, &w->job[w->n], &err);
	if (st == TH_OK) {
		w->n++;
		w->begun++;
	} else if (st != TH_END) {
		cmd_warn("%s: %s", t->name, err.text);
		cmd_note(st);
	} else if (err.text[0] != '\0') {
		cmd_say(w->due, "%s: %s", t->name, err.text);
		if (!w->due)
			cmd_note(TH_EAGAIN);
	}
}

static void
wait_for_something(const struct crew *w)
{
	struct pollfd p[2 * JOBS_MAX + 1];
	int64_t now = job_clock(), at = now + INTERRUPT_MS;
	char rest[64];
	nfds_t n = 1;
	size_t i;

	p[0] = (struct pollfd){ .fd = wake[0], .events = POLLIN };
	for (i = 0; i < w->n; i++) {
		n += (nfds_t)job_poll(w->job[i], p + n);
		if (job_wake(w->job[i]) < at)
			at = job_wake(w->job[i]);
	}
	poll(p, n, at > now ? (int)(at - now) : 0);
	while (read(wake[0], rest, sizeof(rest)) > 0)
		;
}

static void
work(struct crew *w)
{
	size_t i;

	for (i = 0; i < w->n;) {
		if (th_interrupted)
			job_interrupt(w->job[i]);
		if (!job_work(w->job[i])) {
			i++;
			continue;
		}
		job_free(w->job[i]);
		w->job[i] = w->job[--w->n];
	}
}

static void
run_all(struct crew *w)
{
	watch_children();
	while (w->n > 0 || (w->next < w->list.n && !th_interrupted)) {
		while (
		    !th_interrupted && w->n < w->max && w->next < w->list.n) {
			start_one(w);
			/* What went quickly is done before the next begins. */
			if (w->n == w->max)
				work(w);
		}
		if (w->n > 0)
			wait_for_something(w);
		work(w);
	}
	if (w->next < w->list.n)
		cmd_note(TH_EAGAIN);
	if (th_interrupted)
		cmd_warn("interrupted");
}

/* ---- which ---- */

/* cron's times count from the first time we see it. */
static void
first_seen(struct triggers *c, struct trigger *t, int64_t now)
{
	struct th_err err = { 0 };

	if (t->record.since != 0 || t->record.slot != 0 ||
	    t->script.schedule.kind != TH_SCHEDULE_CRON)
		return;
	/* This minute is not over: it counts. */
	cmd_check(
	    trigger_record_since(c->store, t->name, now - now % 60 - 1, &err),
	    &err);
	t->record.since = now - now % 60 - 1;
}

static void
complain(const struct trigger *t)
{
	cmd_warn("%s", t->problem.text);
	cmd_note(t->problem.status);
}

/*
 * run --due comes each minute: it says what is wrong with a header when that is
 * new, and cron has one mail to send.
 */
static void
complain_once(struct triggers *c, struct trigger *t)
{
	const size_t path = strlen(t->path); /* each machine has its own */
	const char *text = t->broken ? t->problem.text : "";
	struct trigger_record *r = &t->record;
	char problem[sizeof(r->problem)];
	struct th_err err = { 0 };

	if (strncmp(text, t->path, path) == 0)
		text += path;
	snprintf(
	    problem, sizeof(problem), "%.*s", (int)sizeof(problem) - 1, text);
	problem[th_utf8_valid(th_str(problem))] = '\0';
	if (t->broken)
		cmd_note(t->problem.status);
	if (t->broken && cmd_verbose > 0)
		complain(t);
	if (strcmp(problem, r->problem) == 0)
		return;
	if (t->broken && cmd_verbose <= 0)
		complain(t);
	cmd_check(
	    trigger_record_problem(c->store, t->name, problem, &err), &err);
}

static int
by_due(const void *a, const void *b)
{
	const struct trigger *const *x = a, *const *y = b;
	int64_t now = th_now(), m = trigger_next(*x, now),
		n = trigger_next(*y, now);

	return m != n ? (m < n ? -1 : 1) : strcmp((*x)->name, (*y)->name);
}

/* Keeps what is due, the longest due first. */
static void
select_due(struct triggers *c, struct trigger_list *l)
{
	int64_t now = th_now(), next;
	size_t i, kept = 0;

	for (i = 0; i < l->n; i++) {
		if (!l->t[i]->record.disabled) {
			complain_once(c, l->t[i]);
			first_seen(c, l->t[i], now);
		}
		next = trigger_next(l->t[i], now);
		if ((next != 0 && next <= now) || trigger_reminds(l->t[i], now))
			l->t[kept++] = l->t[i];
		else
			trigger_free(l->t[i]);
	}
	l->n = kept;
	if (kept > 0)
		qsort(l->t, kept, sizeof(struct trigger *), by_due);
}

/* Of those that are named, or all: what is disabled stays so. */
static void
select_enabled(struct triggers *c, struct trigger_list *l)
{
	size_t i, kept = 0;
	struct trigger *t;

	for (i = 0; i < l->n; i++) {
		t = l->t[i];
		if (t->broken && !t->record.disabled)
			complain(t);
		if (!t->record.disabled || c->force) {
			l->t[kept++] = t;
			continue;
		}
		if (c->nargs > 0) {
			cmd_warn("%s is disabled; th-trigger enable %s, or "
				 "run --force",
			    t->name, t->name);
			cmd_note(TH_EUSAGE);
		}
		trigger_free(t);
	}
	l->n = kept;
}

static size_t
cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : (size_t)n;
}

void
trigger_run(struct triggers *c)
{
	struct crew w = { .c = c, .due = c->due };

	if (c->due && c->nargs > 0)
		cmd_usage("either names or --due");
	trigger_end_vacation();
	if (cmd_vacation())
		return;
	trigger_store(c);
	w.max = c->jobs > 0 ? (size_t)c->jobs : cores();
	if (w.max > JOBS_MAX)
		w.max = JOBS_MAX;
	w.show = !c->due || cmd_verbose > 0;
	trigger_given(c, &w.list);
	if (c->due)
		select_due(c, &w.list);
	else
		select_enabled(c, &w.list);
	run_all(&w);
	cmd_say(1, "%zu run", w.begun);
	trigger_list_release(&w.list);
}

/* trigger-verdict -- how a run ended, what is kept of it, and who is told */
#include <sys/wait.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trigger-facts.h"
#include "trigger-job.h"

static void
explain(struct job *j, enum th_status st, const char *why)
{
	struct trigger_result *r = &j->result;

	if (st <= r->worst && r->why[0] != '\0')
		return;
	r->worst = st > r->worst ? st : r->worst;
	r->in_words = false;
	snprintf(r->why, sizeof(r->why), "%s", why);
}

/* What the shell says counts as much as what our programs say. */
static void
judge_script(struct job *j)
{
	struct trigger_result *r = &j->result;
	char text[80];

	if (j->pid == -1) {
		r->code = 126;
		explain(j, TH_ECONFIG, j->log.last);
	} else if (WIFSIGNALED(j->status)) {
		r->code = 128 + WTERMSIG(j->status);
		snprintf(text, sizeof(text),
		    "the script was ended by signal %d", WTERMSIG(j->status));
		explain(j, TH_EUNAVAIL, text);
	} else if (WEXITSTATUS(j->status) != 0) {
		if (r->code == 0)
			r->code = WEXITSTATUS(j->status);
		snprintf(text, sizeof(text),
		    "the script ended with exit code "
		    "%d",
		    WEXITSTATUS(j->status));
		explain(j, cmd_exit_status(WEXITSTATUS(j->status)), text);
	}
}

/* What another program said last, when none of ours tells more. */
static void
add_last_words(struct job *j)
{
	struct trigger_result *r = &j->result;
	size_t n = strlen(r->why);
	const char *s = j->log.last;

	if (j->pid == -1 || r->in_words || s[0] == '\0' ||
	    n + 3 > sizeof(r->why))
		return;
	snprintf(r->why + n, sizeof(r->why) - n, " (%.300s)", s);
}

void
job_judge(struct job *j)
{
	struct trigger_result *r = &j->result;

	r->run = j->run;
	r->start = j->start;
	r->ms = job_clock() - j->start_ms;
	job_report(j->report, j->run, r);
	judge_script(j);
	if (r->worst == TH_OK) {
		r->outcome = TRIGGER_OK;
		r->why[0] = '\0';
	} else if (j->timed_out) {
		r->outcome = TRIGGER_TIMED_OUT;
		r->worst = TH_EAGAIN;
		snprintf(r->why, sizeof(r->why),
		    "it took longer than %" PRId64 " s",
		    (j->end_at - j->start_ms) / 1000);
	} else if (j->interrupted) {
		r->outcome = TRIGGER_INTERRUPTED;
		r->worst = TH_EAGAIN;
		snprintf(r->why, sizeof(r->why), "it was told to end");
	} else {
		r->outcome = TRIGGER_FAILED;
		add_last_words(j);
	}
	cmd_disarm(r->why);
}

/* ---- what is kept of it ---- */

static bool
is_failure(const struct job *j)
{
	return j->result.outcome == TRIGGER_FAILED ||
	       j->result.outcome == TRIGGER_TIMED_OUT;
}

enum th_status
job_keep(struct job *j, struct th_err *err)
{
	struct trigger_record *r = &j->t->record;
	enum th_status st;

	/* It may have been taken over while we slept. */
	if (th_lock(j->c->store, j->lock, TRIGGER_LEASE, err) == TH_END)
		j->lost = true;
	st = th_state_settle(j->c->store, j->run,
	    j->result.outcome == TRIGGER_OK && !j->lost, err);
	if (st != TH_OK || j->lost)
		return st;
	if (j->result.outcome == TRIGGER_OK)
		r->failures = 0;
	else if (is_failure(j))
		r->failures++;
	/* An interrupted run is due again. */
	if (j->result.outcome != TRIGGER_INTERRUPTED)
		r->slot =
		    th_schedule_slot(&j->t->script.schedule, r->slot, j->start);
	if ((st = trigger_record_add(r, &j->result, err)) != TH_OK)
		return st;
	return trigger_record_save(j->c->store, j->t->name, r, err);
}

/* A person may have said so during the run, and that word counts more. */
static bool
is_disabled(const struct job *j)
{
	struct trigger_record now;
	bool ret;

	trigger_record_init(&now);
	ret =
	    trigger_record_load(j->c->store, j->t->name, &now, NULL) == TH_OK &&
	    now.disabled;
	trigger_record_release(&now);
	return ret;
}

/* On vacation only a person runs triggers, who sees what happens. */
void
job_maybe_disable(struct job *j)
{
	const int64_t tries = trigger_tries(j->c, j->t);
	char failed[TRIGGER_CELL];
	struct th_err err = { 0 };

	if (!is_failure(j) || tries == 0 || j->t->record.failures < tries ||
	    is_disabled(j) || trigger_is_away())
		return;
	if (trigger_record_disable(
		j->c->store, j->t->name, "failures", th_now(), &err) != TH_OK) {
		cmd_warn("%s: %s", j->t->name, err.text);
		return;
	}
	j->t->record.disabled = true;
	trigger_failed(j->t->record.failures, failed);
	cmd_warn("%s: %s and is disabled; th-trigger enable %s lets it run "
		 "again",
	    j->t->name, failed, j->t->name);
}

void
job_say_end(struct job *j, char *line, size_t size)
{
	const struct trigger_result *r = &j->result;
	int level = r->outcome == TRIGGER_OK ? (j->show ? 0 : 1) : 0;

	snprintf(line, size,
	    "%s%s%s, %" PRId64 ".%" PRId64 " s, %" PRId64 " fetched, %" PRId64
	    " published",
	    trigger_outcome_name(r->outcome), r->why[0] != '\0' ? ": " : "",
	    r->why, r->ms / 1000, r->ms % 1000 / 100, r->fetched, r->published);
	if (r->outcome == TRIGGER_OK)
		cmd_say(level, "%s: %s", j->t->name, line);
	else
		cmd_warn("%s: %s: %s", j->t->name,
		    trigger_outcome_name(r->outcome), r->why);
	cmd_note(r->worst);
}

/* ---- telling somebody ---- */

static const char *
notify_pipeline(const struct job *j)
{
	const char *s = j->t->script.notify;

	if (s == NULL)
		s = th_config_notify(j->c->config);
	if (s == NULL || s[0] == '\0' || strcmp(s, "no") == 0 ||
	    strcmp(s, "none") == 0 || strcmp(s, "false") == 0)
		return NULL;
	return s;
}

/* Once when it goes wrong again and again, once when that is over. */
static bool
is_news(struct job *j)
{
	const struct trigger_record *r = &j->t->record;
	int64_t tries = trigger_tries(j->c, j->t);

	if (tries == 0 || tries > TRIGGER_NOTICE)
		tries = TRIGGER_NOTICE;
	j->recovered = j->result.outcome == TRIGGER_OK;
	if (j->recovered)
		return r->notified;
	return is_failure(j) && !r->notified && r->failures >= tries;
}

const char *
job_news(struct job *j)
{
	return is_news(j) ? notify_pipeline(j) : NULL;
}

const char *
job_reminder(const struct job *j)
{
	return notify_pipeline(j);
}

enum th_status
job_notice_of(const struct job *j, struct th_buf *ret)
{
	const struct th_buf *kept = &j->t->record.notice;

	if (j->reminding) {
		th_buf_add(ret, kept->data, kept->len);
		return th_buf_addc(ret, '\n');
	}
	return job_notice(j->t, j->recovered ? NULL : j->result.why,
	    j->t->record.failures, trigger_tries(j->c, j->t), ret);
}

/* Who put it off (75) is told again, for there may be no run any more. */
static enum th_status
keep_notice(struct job *j, bool put_off)
{
	struct trigger_record *r = &j->t->record;

	th_buf_clear(&r->notice);
	r->notice_at = put_off ? th_now() + TRIGGER_REMIND : 0;
	if (put_off)
		th_buf_add(&r->notice, j->notice.data, j->notice.len - 1);
	return r->notice.status;
}

void
job_told(struct job *j, int code)
{
	const bool put_off = code == 75, lost = code != 0 && !put_off;
	struct th_err err = { 0 };

	if (lost)
		cmd_warn("%s: notify: ended with exit code %d%s%s", j->t->name,
		    code, j->log.last[0] != '\0' ? ": " : "", j->log.last);
	/* The next failure is told instead. */
	if (lost && !j->reminding)
		return;
	if (!j->reminding)
		j->t->record.notified = !j->recovered;
	cmd_check(keep_notice(j, put_off), NULL);
	if (trigger_record_save(j->c->store, j->t->name, &j->t->record, &err) !=
	    TH_OK)
		cmd_warn("%s: %s", j->t->name, err.text);
}

/* trigger-edit -- new, edit, enable, disable, rm: a person's will */
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "triggers.h"

#define ANSWER_MAX 4096
#define TAGS 64

extern char **environ;

/* ---- new ---- */

/* Asks on the terminal; what is just Enter is `usual`. */
static char *
ask(const char *question, const char *usual)
{
	char line[ANSWER_MAX];
	struct th_str s;

	fprintf(stderr, "%s%s%s%s ", question, usual[0] != '\0' ? " [" : "",
	    usual, usual[0] != '\0' ? "]" : "");
	if (fgets(line, sizeof(line), stdin) == NULL)
		cmd_die(TH_EAGAIN, "interrupted");
	s = th_str_trim(th_str(line));
	return cmd_need(s.len > 0 ? th_strndup(s.s, s.len) : th_strdup(usual));
}

static bool
is_terminal(void)
{
	return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

static void
ask_when(struct triggers *c)
{
	char *answer = ask("How often? (15m, or as in crontab)", "1h");
	struct th_cron cron;
	int64_t every;

	if (th_duration_parse(th_str(answer), &every) == TH_OK && every > 0)
		c->every = answer;
	else if (th_cron_parse(th_str(answer), &cron, NULL) == TH_OK)
		c->cron = answer;
	else
		free(answer);
}

/* What options did not say, a person does. */
static void
ask_for_rest(struct triggers *c)
{
	if (!is_terminal())
		return;
	if (c->description == NULL)
		c->description = ask("What does it do?", "");
	while (c->every == NULL && c->cron == NULL)
		ask_when(c);
	if (c->from == NULL)
		c->from = ask("Which pipeline? (Enter: an example)", "");
	if (c->from[0] == '\0')
		c->from = NULL;
}

size_t
trigger_split_tags(const char *tags, struct th_str *ret, size_t max)
{
	const char *p;
	size_t n = 0;

	for (p = tags; *p != '\0'; p += *p == ',') {
		if (n == max)
			cmd_usage("--tags: more than %zu", max);
		ret[n] = (struct th_str){ p, strcspn(p, ",") };
		p += ret[n++].len;
	}
	return n;
}

static void
add_tags(struct th_buf *b, const char *tags)
{
	struct th_str tag[TAGS];

	th_script_add_list(b, "tags", tag, trigger_split_tags(tags, tag, TAGS));
}

static void
write_script(struct triggers *c, const char *name, struct th_buf *b)
{
	th_buf_adds(b, "#!/bin/sh\n");
	th_script_add(b, "description",
	    th_str(c->description != NULL && c->description[0] != '\0'
		       ? c->description
		       : name));
	if (c->cron != NULL)
		th_script_add(b, "cron", th_str(c->cron));
	else
		th_buf_addf(
		    b, "#: every: %s\n", c->every != NULL ? c->every : "1h");
	if (c->tags != NULL)
		add_tags(b, c->tags);
	if (c->from != NULL)
		th_buf_addf(b, "%s\n", c->from);
	else
		th_buf_adds(b,
		    "# Fetch, select, publish: put your own pipeline here.\n"
		    "th-fetch rss https://example.org/feed.xml |\n"
		    "    th-filter 'title ~ \"release\"' |\n"
		    "    th-publish file --path \"$HOME/notes/{title}.md\"\n");
	cmd_check(b->status, NULL);
}

static void
say_problem(void *ctx, const struct th_err *err)
{
	(void)ctx;
	cmd_warn("%s", err->text);
	cmd_note(TH_EUSAGE);
}

static void
make_script(const char *path, struct th_str text)
{
	struct th_err err = { 0 };

	trigger_make_home();
	cmd_check(th_file_replace(path, text, 0700, &err), &err);
}

void
trigger_new(struct triggers *c)
{
	char *path;
	struct th_script script;
	struct th_err err = { 0 };
	struct th_buf b;

	if (!th_script_is_name(c->arg[0]))
		cmd_usage("%s: not a name" TRIGGER_NAMES, c->arg[0]);
	if (c->every != NULL && c->cron != NULL)
		cmd_usage("either --every or --cron");
	if (c->from != NULL && th_str_trim(th_str(c->from)).len == 0)
		cmd_usage("--from: an empty pipeline");
	path = trigger_path(c->arg[0]);
	if (access(path, F_OK) == 0)
		cmd_usage("%s is there already; th-trigger edit changes it",
		    c->arg[0]);
	ask_for_rest(c);
	th_buf_init(&b, TRIGGER_SCRIPT_MAX);
	write_script(c, c->arg[0], &b);
	if (th_script_parse(
		th_buf_str(&b), c->arg[0], say_problem, NULL, &script) != TH_OK)
		cmd_die(TH_EUSAGE, "%s: not made", c->arg[0]);
	th_script_release(&script);
	make_script(path, th_buf_str(&b));
	cmd_check(
	    trigger_record_enable(trigger_store(c), c->arg[0], th_now(), &err),
	    &err);
	cmd_say(0, "%s", path);
	th_buf_release(&b);
	free(path);
}

/* ---- edit ---- */

/* The editor's own words and ways: it has the terminal, and our signals. */
static int
run_editor(const char *path)
{
	const char *editor = getenv("VISUAL");
	char sh[] = "/bin/sh", flag[] = "-c", name[] = "th-trigger";
	char *copy = th_strdup(path), command[ANSWER_MAX];
	char *argv[] = { sh, flag, command, name, copy, NULL };
	int status = 0;
	pid_t pid;

	if (editor == NULL || editor[0] == '\0')
		editor = getenv("EDITOR");
	if (editor == NULL || editor[0] == '\0')
		editor = "vi";
	snprintf(command, sizeof(command), "%s \"$1\"", editor);
	if (copy == NULL || posix_spawn(&pid, sh, NULL, NULL, argv, environ))
		cmd_die(TH_EAGAIN, "%s: cannot be started", editor);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	free(copy);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

void
trigger_edit(struct triggers *c)
{
	struct trigger *t = trigger_need(c, c->arg[0]);
	int code = run_editor(t->path);

	if (code != 0)
		cmd_die(TH_EAGAIN, "the editor ended with exit code %d", code);
	trigger_free(t);
	trigger_check(c);
}

/* ---- enable, disable, rm ---- */

static void
enable_one(struct triggers *c, const struct trigger *t)
{
	struct th_err err = { 0 };

	if (!t->record.disabled) {
		cmd_say(1, "%s is enabled already", t->name);
		return;
	}
	cmd_check(
	    trigger_record_enable(c->store, t->name, th_now(), &err), &err);
	cmd_say(0, "%s enabled", t->name);
}

void
trigger_enable(struct triggers *c)
{
	trigger_store(c);
	trigger_each_given(c, enable_one);
}

static void
disable_one(struct triggers *c, const struct trigger *t)
{
	struct th_err err = { 0 };

	/* A person's word counts more than that of failures. */
	if (t->record.disabled && strcmp(t->record.by, "user") == 0) {
		cmd_say(1, "%s is disabled already", t->name);
		return;
	}
	cmd_check(
	    trigger_record_disable(c->store, t->name, "user", th_now(), &err),
	    &err);
	cmd_say(0, "%s disabled", t->name);
}

void
trigger_disable(struct triggers *c)
{
	trigger_store(c);
	trigger_each_given(c, disable_one);
}

/* Not while it runs: the run would write its record again. */
static void
remove_one(struct triggers *c, const struct trigger *t)
{
	char lock[160], *log = trigger_state_path("log", t->name);
	struct th_err err = { 0 };
	enum th_status st;

	snprintf(lock, sizeof(lock), "trigger:%s", t->name);
	st = th_lock(c->store, lock, TRIGGER_LEASE, &err);
	if (st == TH_END)
		cmd_die(TH_EAGAIN, "%s runs right now", t->name);
	cmd_check(st, &err);
	if (unlink(t->path) == -1)
		cmd_die(TH_EIO, "%s: %s", t->path, strerror(errno));
	cmd_check(trigger_record_forget(c->store, t->name, &err), &err);
	th_unlock(c->store, lock, NULL);
	unlink(log);
	cmd_say(0, "%s removed", t->name);
	free(log);
}

void
trigger_remove(struct triggers *c)
{
	trigger_store(c);
	trigger_each_given(c, remove_one);
}

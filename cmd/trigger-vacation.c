/*
 * trigger-vacation -- nothing runs while its owner is away
 *
 * A file says so, and for how long.  Whether a trigger is enabled is kept apart
 * and not touched, so that afterwards all is as it was, or as it was changed
 * meanwhile.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trigger-facts.h"
#include "triggers.h"

#define TEXT_MAX 4096

static char *
vacation_path(void)
{
	struct th_err err = { 0 };
	struct th_buf b;
	char *path;

	th_buf_init(&b, TRIGGER_SCRIPT_MAX);
	cmd_check(th_path_config("vacation", &b, &err), &err);
	path = cmd_need(th_buf_take(&b));
	return path;
}

/* A date, or how long from now. */
static int64_t
instant(const char *option, const char *arg)
{
	int64_t t;

	if (th_date_parse_rfc3339(th_str(arg), &t) == TH_OK)
		return t;
	if (th_duration_parse(th_str(arg), &t) == TH_OK)
		return th_now() + t;
	cmd_usage("%s: neither a date such as 2026-12-24 nor a duration such "
		  "as 7d: %s",
	    option, arg);
}

static void
add_date(struct th_buf *b, const char *key, int64_t at)
{
	char date[TH_DATE_SIZE];

	if (th_date_format(at, date) == TH_OK)
		th_buf_addf(b, "%s: %s\n", key, date);
}

/* How many are enabled, in these words.  A store that is away is no matter. */
static void
say_enabled(struct triggers *c, const char *one, const char *many)
{
	/* Without a store: here what is loaded may fail. */
	struct triggers bare = { 0 };
	struct trigger_list l = { 0 };
	enum th_status st = TH_OK;
	size_t i, n = 0;

	if (c->store == NULL)
		st = th_store_open(c->config, &c->store, NULL);
	trigger_all(&bare, &l);
	for (i = 0; st == TH_OK && i < l.n; i++) {
		st = trigger_record_load(
		    c->store, l.t[i]->name, &l.t[i]->record, NULL);
		n += !l.t[i]->record.disabled;
	}
	trigger_list_release(&l);
	if (st == TH_OK)
		cmd_say(0, "%zu trigger%s", n, n == 1 ? one : many);
}

static void
turn_on(struct triggers *c)
{
	int64_t from = INT64_MIN, until = INT64_MAX;
	struct th_err err = { 0 };
	char *path = vacation_path();
	struct th_buf b;

	if (c->from != NULL)
		from = instant("--from", c->from);
	if (c->until != NULL)
		until = instant("--until", c->until);
	if (until <= from || until <= th_now())
		cmd_usage("the vacation ends before it begins");
	th_buf_init(&b, TEXT_MAX);
	if (from != INT64_MIN)
		add_date(&b, "from", from);
	if (until != INT64_MAX)
		add_date(&b, "until", until);
	cmd_check(b.status, NULL);
	trigger_make_home();
	cmd_check(th_file_replace(path, th_buf_str(&b), 0600, &err), &err);
	trigger_say_vacation();
	say_enabled(c, " will be enabled again afterwards",
	    "s will be enabled again afterwards");
	th_buf_release(&b);
	free(path);
}

/* ---- off ---- */

struct skipped {
	struct triggers *c;
	int64_t n;
};

static enum th_status
add_name(void *ctx, const char *name, const char *service, const char *account)
{
	(void)service;
	(void)account;
	return th_json_string(ctx, th_str(name));
}

static void
skip_queue(void *ctx, struct th_str key, const struct th_value *v)
{
	struct skipped *s = ctx;
	struct th_err err = { 0 };
	struct th_queue *q;
	struct th_buf name;
	int64_t n = 0;

	(void)key;
	th_buf_init(&name, TRIGGER_RECORD_MAX);
	cmd_check(th_value_text(v, &name), NULL);
	cmd_check(th_queue_new(s->c->store, name.data, "", "", &q, &err), &err);
	cmd_check(th_queue_move(q, (struct th_str){ NULL, 0 },
		      TH_Q_BIT(TH_Q_WAITING), TH_Q_SEEN, &n, &err),
	    &err);
	s->n += n;
	th_queue_free(q);
	th_buf_release(&name);
}

/* Names first: a walk over the queues must not change them. */
static int64_t
skip_backlog(struct triggers *c)
{
	struct skipped s = { c, 0 };
	struct th_err err = { 0 };
	struct th_buf names;

	th_buf_init(&names, TH_LINE_MAX);
	th_json_open(&names, '[');
	cmd_check(
	    th_queue_list(trigger_store(c), add_name, &names, &err), &err);
	th_json_close(&names, ']');
	cmd_check(names.status, NULL);
	trigger_each(&names, skip_queue, &s);
	th_buf_release(&names);
	return s.n;
}

/*
 * The directory is synced: a reboot does not bring the vacation back.  The lock
 * keeps out a new one that is just being written; over: only if this one ended.
 */
static void
remove_file(char *path, bool over)
{
	struct cmd_vacation v;
	struct th_file file;
	struct th_err err = { 0 };

	cmd_check(th_file_open(path, 0600, &file, &err), &err);
	if (!over || (cmd_vacation_read(&v) && v.until <= th_now())) {
		if (unlink(path) == -1 && errno != ENOENT)
			cmd_die(TH_EIO, "%s: %s", path, strerror(errno));
		cmd_check(th_file_sync_dir(file.dir, &err), &err);
	}
	th_file_release(&file);
}

void
trigger_end_vacation(void)
{
	struct cmd_vacation v;
	char *path;

	if (!cmd_vacation_read(&v) || v.until > th_now())
		return;
	path = vacation_path();
	remove_file(path, true);
	cmd_say(0, "the vacation is over");
	free(path);
}

static void
turn_off(struct triggers *c)
{
	bool skip = c->backlog != NULL && strcmp(c->backlog, "skip") == 0;
	char *path = vacation_path();
	struct stat sb;
	int64_t n;

	if (c->backlog != NULL && !skip && strcmp(c->backlog, "deliver") != 0)
		cmd_usage("--backlog: either deliver or skip: %s", c->backlog);
	/* Whatever it says: a person may have written it. */
	if (lstat(path, &sb) == -1 && (errno == ENOENT || errno == ENOTDIR)) {
		cmd_say(0, "not on vacation");
		free(path);
		return;
	}
	/* First what must not be sent: cut off here, it is still vacation. */
	if (skip) {
		n = skip_backlog(c);
		cmd_say(0, "%" PRId64 " waiting item%s marked as seen", n,
		    n == 1 ? "" : "s");
	}
	remove_file(path, false);
	cmd_say(0, "vacation is over");
	say_enabled(c, " is enabled", "s are enabled");
	free(path);
}

static void
print_json(const struct cmd_vacation *v, bool there, struct th_buf *b)
{
	char date[TH_DATE_SIZE];

	th_json_open(b, '{');
	th_json_member_bool(b, "vacation", v->now);
	th_json_member_bool(
	    b, "planned", there && !v->now && v->from > th_now());
	if (v->from != INT64_MIN && th_date_format(v->from, date) == TH_OK)
		th_json_member(b, "from", th_str(date));
	if (v->until != INT64_MAX && th_date_format(v->until, date) == TH_OK)
		th_json_member(b, "until", th_str(date));
	th_json_close(b, '}');
}

static void
print_status(struct triggers *c)
{
	char from[TRIGGER_CELL] = "", until[TRIGGER_CELL] = "";
	struct cmd_vacation v;
	struct th_buf b;
	bool there = cmd_vacation_read(&v);
	const char *word = v.now ? "on" : "off";

	if (there && v.from > th_now())
		word = "planned";
	if (v.from != INT64_MIN)
		cmd_clock(v.from, from);
	if (v.until != INT64_MAX)
		cmd_clock(v.until, until);
	th_buf_init(&b, TEXT_MAX);
	if (c->json)
		print_json(&v, there, &b);
	else
		th_buf_addf(&b, "%s%s%s%s%s", word,
		    from[0] != '\0' ? ", from " : "", from,
		    until[0] != '\0' ? ", until " : "", until);
	cmd_print_line(&b);
}

void
trigger_vacation(struct triggers *c)
{
	const char *word = c->arg[0];

	if (c->backlog != NULL && strcmp(word, "off") != 0)
		cmd_usage("--backlog goes with vacation off");
	if ((c->from != NULL || c->until != NULL) && strcmp(word, "on") != 0)
		cmd_usage("--from and --until go with vacation on");
	if (strcmp(word, "on") == 0)
		turn_on(c);
	else if (strcmp(word, "off") == 0)
		turn_off(c);
	else if (strcmp(word, "status") == 0)
		print_status(c);
	else
		cmd_usage("vacation: on, off or status: %s", word);
}

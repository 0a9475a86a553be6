/* trigger-home -- the directory of scripts, each with what the store knows */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "triggers.h"

#define PATH_SIZE ((size_t)16 << 10)

struct th_store *
trigger_store(struct triggers *c)
{
	struct th_err err = { 0 };

	if (c->store == NULL)
		cmd_check(th_store_open(c->config, &c->store, &err), &err);
	return c->store;
}

/* The directory when name is NULL. */
char *
trigger_path(const char *name)
{
	struct th_err err = { 0 };
	struct th_buf b;

	th_buf_init(&b, PATH_SIZE);
	cmd_check(th_path_config("triggers", &b, &err), &err);
	if (name != NULL)
		th_buf_addf(&b, "/%s", name);
	return cmd_need(th_buf_take(&b));
}

char *
trigger_state_path(const char *directory, const char *name)
{
	struct th_err err = { 0 };
	struct th_buf b;

	th_buf_init(&b, PATH_SIZE);
	cmd_check(th_path_state(directory, &b, &err), &err);
	if (mkdir(b.data, 0700) == -1 && errno != EEXIST)
		cmd_die(TH_ECREATE, "%s: %s", b.data, strerror(errno));
	th_buf_addf(&b, "/%s", name);
	return cmd_need(th_buf_take(&b));
}

void
trigger_make_home(void)
{
	char *path = trigger_path(NULL), *p = path;

	do {
		if ((p = strchr(p + 1, '/')) != NULL)
			*p = '\0';
		if (mkdir(path, 0700) == -1 && errno != EEXIST)
			cmd_die(TH_ECREATE, "%s: %s", path, strerror(errno));
		if (p != NULL)
			*p = '/';
	} while (p != NULL);
	free(path);
}

/* ---- one ---- */

static void
note_problem(void *ctx, const struct th_err *err)
{
	struct trigger *t = ctx;

	if (!t->broken)
		t->problem = *err;
	t->broken = true;
}

/* A description is one line, however YAML wraps it, and for terminals, too. */
static void
make_line(char *s)
{
	size_t n;

	for (n = 0; s[n] != '\0'; n++)
		if (s[n] == '\n' || s[n] == '\t')
			s[n] = ' ';
	while (n > 0 && s[n - 1] == ' ')
		s[--n] = '\0';
	cmd_disarm(s);
}

struct trigger *
trigger_read(struct triggers *c, const char *name)
{
	struct trigger *t;
	struct th_err err = { 0 };
	struct stat sb;
	enum th_status st;

	if (!th_script_is_name(name))
		return NULL;
	t = cmd_need(th_calloc(1, sizeof(*t)));
	trigger_record_init(&t->record);
	th_buf_init(&t->text, TRIGGER_SCRIPT_MAX);
	t->name = cmd_need(th_strdup(name));
	t->path = trigger_path(name);
	/* A pipe or a device would keep us waiting. */
	if (stat(t->path, &sb) == -1 || !S_ISREG(sb.st_mode)) {
		trigger_free(t);
		return NULL;
	}
	st = th_file_read(t->path, &t->text, &err);
	if (st == TH_ENOMEM)
		cmd_check(st, &err);
	t->unread = st != TH_OK;
	if (t->unread)
		note_problem(t, &err);
	else
		st = th_script_parse(
		    th_buf_str(&t->text), t->path, note_problem, t, &t->script);
	if (st == TH_ENOMEM)
		cmd_check(st, NULL);
	if (t->script.description != NULL)
		make_line(t->script.description);
	if (c->store != NULL)
		cmd_check(trigger_record_load(c->store, name, &t->record, &err),
		    &err);
	return t;
}

void
trigger_free(struct trigger *t)
{
	if (t == NULL)
		return;
	trigger_record_release(&t->record);
	th_script_release(&t->script);
	th_buf_release(&t->text);
	free(t->name);
	free(t->path);
	free(t);
}

/* ---- many ---- */

static int
by_name(const void *a, const void *b)
{
	const struct trigger *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static void
add(struct trigger_list *l, struct trigger *t)
{
	l->t =
	    cmd_need(th_realloc(l->t, (l->n + 1) * sizeof(struct trigger *)));
	l->t[l->n++] = t;
}

void
trigger_all(struct triggers *c, struct trigger_list *ret)
{
	char *path = trigger_path(NULL);
	const struct dirent *entry;
	struct trigger *t;
	DIR *dir = opendir(path);

	if (dir == NULL && errno != ENOENT)
		cmd_die(TH_EIO, "%s: %s", path, strerror(errno));
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if ((t = trigger_read(c, entry->d_name)) != NULL)
			add(ret, t);
	if (dir != NULL)
		closedir(dir);
	free(path);
	if (ret->n > 0)
		qsort(ret->t, ret->n, sizeof(struct trigger *), by_name);
}

void
trigger_offer(void)
{
	struct triggers c = { 0 }; /* no store: it may be far away */
	struct trigger_list all = { 0 };
	size_t i;

	trigger_all(&c, &all);
	for (i = 0; i < all.n; i++)
		cmd_offer(all.t[i]->name, all.t[i]->script.description);
	trigger_list_release(&all);
}

void
trigger_list_release(struct trigger_list *l)
{
	while (l->n > 0)
		trigger_free(l->t[--l->n]);
	free(l->t);
	l->t = NULL;
}

struct trigger *
trigger_need(struct triggers *c, const char *name)
{
	struct trigger_list all = { 0 };
	struct th_suggest guess;
	struct trigger *t;
	size_t i;

	if ((t = trigger_read(c, name)) != NULL)
		return t;
	if (!th_script_is_name(name))
		cmd_usage("%s: not the name of a trigger" TRIGGER_NAMES, name);
	th_suggest_init(&guess, name);
	trigger_all(c, &all);
	for (i = 0; i < all.n; i++)
		th_suggest_offer(&guess, all.t[i]->name);
	if (guess.best != NULL)
		cmd_usage("no trigger %s (did you mean %s?)", name, guess.best);
	cmd_usage("no trigger %s; th-trigger list names those there are", name);
}

static bool
is_in(const struct trigger_list *l, const char *name)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->t[i]->name, name) == 0)
			return true;
	return false;
}

/* Not to machines, nor to cron. */
static void
say_none(const struct triggers *c)
{
	char *path;

	if (c->due || c->json || c->prometheus || c->html != NULL)
		return;
	path = trigger_path(NULL);
	cmd_say(
	    0, "no triggers in %s yet; th-trigger new NAME makes one", path);
	free(path);
}

void
trigger_given(struct triggers *c, struct trigger_list *ret)
{
	size_t i;

	if (c->nargs == 0)
		trigger_all(c, ret);
	if (c->nargs == 0 && ret->n == 0)
		say_none(c);
	for (i = 0; i < c->nargs; i++)
		if (!is_in(ret, c->arg[i]))
			add(ret, trigger_need(c, c->arg[i]));
}

void
trigger_each_given(
    struct triggers *c, void (*f)(struct triggers *, const struct trigger *))
{
	struct trigger_list l = { 0 };
	size_t i;

	trigger_given(c, &l);
	for (i = 0; i < l.n; i++)
		f(c, l.t[i]);
	trigger_list_release(&l);
}

/* ---- when ---- */

int64_t
trigger_next(const struct trigger *t, int64_t now)
{
	if (t->record.disabled)
		return 0;
	return th_schedule_next(
	    &t->script.schedule, t->record.slot, t->record.since, now);
}

bool
trigger_reminds(const struct trigger *t, int64_t now)
{
	/* A clock that was wrong then does not put it off for ever. */
	return t->record.notice.len > 0 &&
	       (t->record.notice_at <= now ||
		   t->record.notice_at > now + TRIGGER_REMIND);
}

int64_t
trigger_tries(const struct triggers *c, const struct trigger *t)
{
	return t->script.failed_tries >= 0 ? t->script.failed_tries
					   : th_config_failed_tries(c->config);
}

bool
trigger_is_away(void)
{
	struct cmd_vacation v;

	return cmd_vacation_read(&v) && v.now;
}

/*
 * import-archive -- what th-trigger export wrote, put back
 *
 * The archive is looked at whole before anything is written: names, kinds,
 * sizes, and whether all is there that its list names.  Then state comes before
 * scripts, so that none runs without its past.  Each part is put back so that
 * doing it again changes nothing; an import that was cut off is run once more.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "import.h"

#define MEMBERS_MAX 100000
#define TEXT_MAX ((size_t)1 << 20)
#define STATE_MAX ((int64_t)1 << 32)

struct unpack {
	struct importing *m;
	int fd;
	struct th_archive *a; /* of the pass at hand */
	struct th_set *names;
	struct th_buf manifest;
	size_t members;
};

/* The places a member may have, and what puts it back. */
struct place {
	const char
	    *name; /* one with "/" at its end takes the name of a trigger */
	int64_t max;
	void (*put)(struct unpack *, const char *name, int64_t size);
};

static void bad(const struct unpack *, const char *name, const char *why)
    __attribute__((__noreturn__));

static void
bad(const struct unpack *u, const char *name, const char *why)
{
	cmd_die(TH_EDATA, "%s: %s%s%s; nothing is imported", u->m->file, name,
	    name[0] != '\0' ? ": " : "", why);
}

/* ---- bytes ---- */

static void
read_member(
    struct unpack *u, const char *name, int64_t size, struct th_buf *ret)
{
	struct th_err err = { 0 };
	char piece[8192];
	enum th_status st;
	size_t n;

	th_buf_init(ret, (size_t)size + 1);
	while ((st = th_archive_read(u->a, piece, sizeof(piece), &n, &err)) ==
	       TH_OK)
		th_buf_add(ret, piece, n);
	if (st != TH_END)
		cmd_die(st, "%s: %s: %s", u->m->file, name, err.text);
	cmd_check(ret->status, NULL);
}

static int
spool_member(struct unpack *u, const char *name)
{
	const int fd = moving_spool();
	struct th_err err = { 0 };
	char piece[8192];
	enum th_status st;
	size_t n;

	while ((st = th_archive_read(u->a, piece, sizeof(piece), &n, &err)) ==
	       TH_OK)
		cmd_check(
		    th_file_write(fd, (struct th_str){ piece, n }, &err), &err);
	if (st != TH_END)
		cmd_die(st, "%s: %s: %s", u->m->file, name, err.text);
	moving_rewind(fd);
	return fd;
}

/* ---- files ---- */

static char *
config_path(const char *name)
{
	struct th_err err = { 0 };
	struct th_buf path;

	th_buf_init(&path, TEXT_MAX);
	cmd_check(th_path_config(name, &path, &err), &err);
	return th_buf_take(&path);
}

static void
put_file(
    struct unpack *u, const char *name, int64_t size, unsigned mode, bool count)
{
	char *path = config_path(name);
	struct th_buf text;
	enum there there;

	read_member(u, name, size, &text);
	there = import_look(path, th_buf_str(&text));
	if (there == THERE_OTHER && !u->m->c->force) {
		import_keep(u->m, name);
	} else {
		if (there != THERE_SAME)
			import_put(path, th_buf_str(&text), mode);
		u->m->known += count && there == THERE_SAME;
		u->m->made += count && there != THERE_SAME;
	}
	th_buf_release(&text);
	free(path);
}

static void
put_trigger(struct unpack *u, const char *name, int64_t size)
{
	put_file(u, name, size, 0700, true);
}

static void
put_other(struct unpack *u, const char *name, int64_t size)
{
	put_file(u, name, size, 0600, false);
}

/* What was there before counts: it says where the store is. */
static void
put_config(struct unpack *u, const char *name, int64_t size)
{
	char *path = config_path(name);
	struct triggers *c = u->m->c;
	struct th_err err = { 0 };
	struct th_buf text;
	enum there there;

	read_member(u, name, size, &text);
	there = import_look(path, th_buf_str(&text));
	if (there == THERE_OTHER && !c->force) {
		cmd_say(0, "%s is there already and stays", name);
	} else if (there != THERE_SAME) {
		import_put(path, th_buf_str(&text), 0600);
		if (cmd_config == NULL) {
			th_config_free(c->config);
			c->config = NULL;
			cmd_check(th_config_load(NULL, &c->config, &err), &err);
		}
	}
	th_buf_release(&text);
	free(path);
}

/* ---- state ---- */

/* A trigger that the store knows has its past. */
static bool
is_known(void *ctx, const char *state)
{
	const size_t n = sizeof(MOVING_TRIGGER) - 1;
	struct unpack *u = ctx;
	struct trigger_record r;
	struct th_err err = { 0 };
	bool known;

	if (strncmp(state, MOVING_TRIGGER, n) != 0)
		return false;
	trigger_record_init(&r);
	cmd_check(
	    trigger_record_load(trigger_store(u->m->c), state + n, &r, &err),
	    &err);
	known = r.disabled || r.since != 0 || r.runs > 0;
	trigger_record_release(&r);
	return known;
}

static void
put_readers(struct unpack *u, const char *name, int64_t size)
{
	struct th_state_moving moving = { .store = trigger_store(u->m->c),
		.replace = u->m->c->force,
		.keep = is_known,
		.ctx = u };
	const int fd = spool_member(u, name);
	struct th_err err = { 0 };
	struct th_stream in;
	struct th_item it;
	enum th_status st;

	(void)size;
	th_stream_init(&in, fd, NULL);
	th_item_init(&it);
	while ((st = th_stream_next(&in, &it)) == TH_OK || st == TH_EDATA) {
		err = in.err;
		if (st == TH_OK)
			st = th_state_import(&moving, &it, &err);
		if (st == TH_EDATA)
			import_leave(u->m, in.line, true, err.text);
		else
			cmd_check(st, &err);
	}
	if (st != TH_END)
		cmd_die(st, "%s: %s: %s", u->m->file, name, in.err.text);
	cmd_check(th_state_import_end(&moving, &err), &err);
	th_item_release(&it);
	th_stream_release(&in);
	close(fd);
}

static void
put_queues(struct unpack *u, const char *name, int64_t size)
{
	const int fd = spool_member(u, name);

	(void)size;
	moving_queues("import", fd);
	close(fd);
}

/* ---- passes ---- */

/* In the order in which they are put back. */
static const struct place places[] = {
	{ "manifest.json", IMPORT_MAX, NULL },
	{ "config.yaml", TEXT_MAX, put_config },
	{ "vacation", TEXT_MAX, put_other },
	{ "state/readers.ndjson", STATE_MAX, put_readers },
	{ "state/queues.ndjson", STATE_MAX, put_queues },
	{ "lists/", IMPORT_MAX, put_other },
	{ "triggers/", TRIGGER_SCRIPT_MAX, put_trigger },
};
#define NPLACES (sizeof(places) / sizeof(*places))

static const struct place *
find_place(const char *name)
{
	size_t i, n;

	for (i = 0; i < NPLACES; i++) {
		n = strlen(places[i].name);
		if (places[i].name[n - 1] == '/'
			? strncmp(name, places[i].name, n) == 0 &&
			      th_script_is_name(name + n)
			: strcmp(name, places[i].name) == 0)
			return &places[i];
	}
	return NULL;
}

static const char *
short_name(const char *name)
{
	const size_t n = sizeof(MOVING_PREFIX) - 1;

	if (strncmp(name, "./", 2) == 0)
		name += 2;
	return strncmp(name, MOVING_PREFIX, n) == 0 ? name + n : name;
}

/* One that nobody can read would be in the way of a second try. */
static void
check_config(struct unpack *u, const char *name, struct th_str text)
{
	struct th_config *config;
	struct th_err err = { 0 };
	enum th_status st = th_config_parse(text, name, &config, &err);

	if (st == TH_ENOMEM)
		cmd_check(st, &err);
	if (st != TH_OK)
		cmd_die(TH_EDATA, "%s: %s; nothing is imported", u->m->file,
		    err.text);
	th_config_free(config);
}

static void
check_member(struct unpack *u, const struct th_archived *member)
{
	const char *name = short_name(member->name);
	const struct place *p = find_place(name);
	struct th_buf skip;
	bool is_new;

	if (++u->members > MEMBERS_MAX)
		bad(u, "", "too many members");
	if (member->kind == TH_MEMBER_DIRECTORY)
		return;
	if (member->kind != TH_MEMBER_FILE)
		bad(u, member->name, "neither a file nor a directory");
	if (p == NULL)
		bad(u, member->name, "nothing that an export has");
	if (member->size < 0 || member->size > p->max)
		bad(u, member->name, "too long");
	cmd_check(th_set_add(u->names, th_str(name), &is_new), NULL);
	if (!is_new)
		bad(u, member->name, "there twice");
	if (p->put == NULL) {
		read_member(u, name, member->size, &u->manifest);
		return;
	}
	/* To its end, so that what is cut off is found now. */
	th_buf_init(&skip, 0);
	if (p->max < STATE_MAX)
		read_member(u, name, member->size, &skip);
	else
		close(spool_member(u, name));
	if (p->max < STATE_MAX && skip.len != (size_t)member->size)
		bad(u, member->name, "cut off");
	if (p->put == put_config)
		check_config(u, name, th_buf_str(&skip));
	th_buf_release(&skip);
}

/* Calls for each member; place NULL: all of them are checked. */
static void
pass(struct unpack *u, const struct place *place)
{
	struct th_err err = { 0 };
	struct th_archived member;
	enum th_status st;

	moving_rewind(u->fd);
	st = th_archive_open(u->fd, &u->a, &err);
	while (st == TH_OK &&
	       (st = th_archive_next(u->a, &member, &err)) == TH_OK) {
		if (place == NULL)
			check_member(u, &member);
		else if (member.kind == TH_MEMBER_FILE &&
			 find_place(short_name(member.name)) == place)
			place->put(u, short_name(member.name), member.size);
	}
	if (st != TH_END && place == NULL && st == TH_EDATA)
		bad(u, "", err.text);
	if (st != TH_END)
		cmd_die(st, "%s: %s", u->m->file, err.text);
	th_archive_free(u->a);
}

/* ---- the list ---- */

static bool
read_manifest(struct unpack *u, const char *key, struct th_iter *ret)
{
	struct th_value all, v;

	if (u->manifest.len == 0 ||
	    th_json_parse(th_buf_str(&u->manifest), &all, NULL) != TH_OK ||
	    !th_value_get(&all, key, &v) || v.type != TH_JSON_ARRAY)
		return false;
	th_iter_init(ret, &v);
	return true;
}

static void
check_manifest(struct unpack *u)
{
	struct th_value all, v;
	struct th_iter it;
	struct th_buf name;
	bool is_new;

	if (!read_manifest(u, "members", &it))
		bad(u, "", "not an export, or cut off");
	if (th_json_parse(th_buf_str(&u->manifest), &all, NULL) != TH_OK ||
	    trigger_int(&all, "format") != MOVING_FORMAT)
		bad(u, "", "made by a newer version of this program");
	th_buf_init(&name, TEXT_MAX);
	while (th_iter_next(&it, NULL, &v)) {
		th_buf_clear(&name);
		cmd_check(th_value_text(&v, &name), NULL);
		cmd_check(
		    th_set_add(u->names, th_buf_str(&name), &is_new), NULL);
		if (is_new)
			bad(u, name.data != NULL ? name.data : "", "missing");
	}
	th_buf_release(&name);
}

static void
say_lines(struct unpack *u, const char *key, const char *what)
{
	struct th_iter it;
	struct th_value v;
	struct th_buf line;

	if (!read_manifest(u, key, &it))
		return;
	while (th_iter_next(&it, NULL, &v)) {
		th_buf_init(&line, TEXT_MAX);
		if (th_value_text(&v, &line) == TH_OK && line.len > 0)
			cmd_say(0, "%s%s", what, line.data);
		th_buf_release(&line);
	}
}

static void
show(struct unpack *u)
{
	struct th_iter it;
	struct th_value v;
	struct th_buf name;

	th_buf_init(&name, TEXT_MAX);
	read_manifest(u, "members", &it);
	while (th_iter_next(&it, NULL, &v)) {
		th_buf_clear(&name);
		cmd_check(th_value_text(&v, &name), NULL);
		th_out_line(&cmd_out, th_buf_str(&name));
		u->m->made += th_str_has_prefix(th_buf_str(&name), "triggers/");
	}
	th_buf_release(&name);
}

void
import_archive(struct importing *m, int fd)
{
	struct unpack u = { .m = m, .fd = fd, .names = cmd_need(th_set_new()) };
	size_t i;

	pass(&u, NULL);
	check_manifest(&u);
	if (m->c->dry_run)
		show(&u);
	else
		for (i = 0; i < NPLACES; i++)
			if (places[i].put != NULL)
				pass(&u, &places[i]);
	say_lines(&u, "secrets", "fill in config.yaml: ");
	say_lines(&u, "logins", "log in: th-auth login ");
	th_set_free(u.names);
	th_buf_release(&u.manifest);
}

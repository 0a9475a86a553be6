/* trigger-import -- triggers made from what other programs know */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "import.h"

#define NAME_SIZE 128
#define ARCHIVE_MAX ((int64_t)1 << 33)
#define TRIES 10000 /* at names that are taken */

/* ---- names ---- */

/* Is it free, or of the same thing? */
static bool
is_ours(
    struct importing *m, const char *name, const struct import_script *script)
{
	struct trigger *t = trigger_read(m->c, name);
	char *path;
	bool ours = t != NULL && t->text.data != NULL &&
		    strstr(t->text.data, script->mark) != NULL;

	if (t == NULL) {
		/* A directory, or what nobody but root may look at. */
		path = trigger_path(name);
		ours = access(path, F_OK) == -1;
		free(path);
	}
	trigger_free(t);
	return ours;
}

void
import_name(
    struct importing *m, const struct import_script *script, struct th_buf *ret)
{
	enum th_status st;
	size_t len;
	bool is_new;
	int i;

	th_buf_clear(ret);
	if ((st = th_script_name(script->title, ret)) == TH_END)
		st = th_script_name(th_str(script->otherwise), ret);
	if (st == TH_END)
		st = th_buf_adds(ret, "trigger");
	cmd_check(st, NULL);
	len = ret->len;
	for (i = 2; i < TRIES; i++) {
		cmd_check(th_set_add(m->names, th_buf_str(ret), &is_new), NULL);
		if (is_new && is_ours(m, ret->data, script))
			return;
		ret->len = len;
		cmd_check(th_buf_addf(ret, "-%d", i), NULL);
	}
	cmd_die(TH_EDATA, "%s: more than %d of one name: %.*s", m->file, TRIES,
	    (int)len, ret->data);
}

/* ---- scripts ---- */

static void
say_problem(void *ctx, const struct th_err *err)
{
	(void)ctx;
	cmd_warn("%s", err->text);
	cmd_note(err->status == TH_ENOMEM ? TH_ENOMEM : TH_EUSAGE);
}

static void
make(struct importing *m, const char *name, const char *path, bool disabled,
    struct th_str text)
{
	struct th_store *store = trigger_store(m->c);
	struct th_err err = { 0 };

	/* It must not run in between. */
	if (disabled)
		cmd_check(
		    trigger_record_disable(store, name, "user", th_now(), &err),
		    &err);
	trigger_make_home();
	cmd_check(th_file_replace(path, text, 0700, &err), &err);
	if (!disabled)
		cmd_check(
		    trigger_record_enable(store, name, th_now(), &err), &err);
}

static void
show(const char *name, const struct import_script *s)
{
	struct th_buf b;

	th_buf_init(&b, IMPORT_MAX);
	th_buf_addf(
	    &b, "%s%s: %s", name, s->disabled ? " (disabled)" : "", s->shown);
	cmd_print_line(&b);
}

enum there
import_look(const char *path, struct th_str text)
{
	struct th_err err = { 0 };
	struct th_buf old;
	enum th_status st;
	bool same;

	th_buf_init(&old, IMPORT_MAX);
	st = th_file_read(path, &old, &err);
	if (st != TH_END && st != TH_EDATA)
		cmd_check(st, &err);
	same = st == TH_OK && th_str_equal(th_buf_str(&old), text);
	th_buf_release(&old);
	return st == TH_END ? THERE_NOT : same ? THERE_SAME : THERE_OTHER;
}

void
import_put(const char *path, struct th_str text, unsigned mode)
{
	struct th_err err = { 0 };
	char *dir =
	    cmd_need(th_strndup(path, (size_t)(strrchr(path, '/') - path)));

	trigger_make_home();
	if (mkdir(dir, 0700) == -1 && errno != EEXIST)
		cmd_die(TH_ECREATE, "%s: %s", dir, strerror(errno));
	cmd_check(th_file_replace(path, text, mode, &err), &err);
	free(dir);
}

void
import_keep(struct importing *m, const char *name)
{
	cmd_warn("%s is there already and differs; --force replaces it", name);
	cmd_note(TH_ECREATE);
	m->left++;
}

void
import_write(struct importing *m, const char *name,
    const struct import_script *s, struct th_str text)
{
	struct trigger *t;
	struct th_script script;
	char *path;
	enum th_status st;

	st = th_script_parse(text, name, say_problem, NULL, &script);
	if (st != TH_OK)
		cmd_die(st == TH_ENOMEM ? st : TH_EUSAGE, "%s: not made", name);
	th_script_release(&script);
	t = trigger_read(m->c, name);
	path = trigger_path(name);
	if (t != NULL && th_str_equal(th_buf_str(&t->text), text)) {
		cmd_say(1, "%s is there already", name);
		m->known++;
	} else if (t != NULL && !m->c->force) {
		import_keep(m, name);
	} else {
		if (m->c->dry_run)
			show(name, s);
		else
			make(m, name, path, s->disabled, text);
		m->made++;
	}
	trigger_free(t);
	free(path);
}

void
import_add_schedule(const struct importing *m, struct th_buf *b)
{
	if (m->c->cron != NULL)
		th_script_add(b, "cron", th_str(m->c->cron));
	else
		th_buf_addf(b, "#: every: %s\n",
		    m->c->every != NULL ? m->c->every : "1h");
}

void
import_leave(struct importing *m, size_t line, bool lost, const char *what)
{
	if (line > 0)
		cmd_warn("%s:%zu: %s", m->file, line, what);
	else
		cmd_warn("%s: %s", m->file, what);
	if (!lost)
		return;
	cmd_note(TH_EDATA);
	m->left++;
}

/* ---- files ---- */

/* Its bytes can be read more than once, whatever it is. */
static int
open_file(const char *name)
{
	const bool standard = strcmp(name, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	struct stat sb;
	int spool;

	if (fd == -1)
		cmd_die(errno == ENOENT ? TH_EUSAGE : TH_EIO, "%s: %s", name,
		    strerror(errno));
	if (!standard && fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode))
		return fd;
	spool = moving_spool();
	moving_copy(fd, spool, ARCHIVE_MAX, standard ? "standard input" : name);
	moving_rewind(spool);
	if (!standard)
		close(fd);
	return spool;
}

/* The mark of POSIX's tar. */
static bool
is_archive(int fd)
{
	char head[512];

	return pread(fd, head, sizeof(head), 0) == sizeof(head) &&
	       memcmp(head + 257, "ustar", 5) == 0;
}

/* How it is unpacked; NULL: it is not compressed. */
static const char *
unpacker(struct th_str text)
{
	return th_str_has_prefix(text, "\x1f\x8b") ? "gzip"
	       : th_str_has_prefix(text, "BZh")    ? "bzip2"
	       : th_str_has_prefix(text, "\xfd"
					 "7zXZ")
		   ? "xz"
	       : th_str_has_prefix(text, "\x28\xb5\x2f\xfd") ? "zstd"
							     : NULL;
}

/* What a file is when no option says so. */
static void
import_any(struct importing *m, struct th_str text)
{
	struct th_str s = text;

	if (th_str_has_prefix(s, "\xef\xbb\xbf"))
		s = (struct th_str){ s.s + 3, s.len - 3 };
	s = th_str_trim(s);
	if (s.len > 0 && s.s[0] == '<')
		import_opml(m, text);
	else
		cmd_usage("%s: neither OPML nor an export; is it --django-th, "
			  "--sfeedrc or "
			  "--newsboat?",
		    m->file);
}

static void
check_options(const struct triggers *c)
{
	if (c->django + c->sfeedrc + c->newsboat > 1)
		cmd_usage("one of --django-th, --sfeedrc, --newsboat");
	if (c->every != NULL && c->cron != NULL)
		cmd_usage("either --every or --cron");
	if (c->one != NULL && !th_script_is_name(c->one))
		cmd_usage("--one: %s: not a name: letters, digits, \"_\", "
			  "\".\" and \"-\", neither of the last two in front",
		    c->one);
}

void
trigger_import(struct triggers *c)
{
	struct importing m = { .c = c, .file = c->arg[0] };
	const bool told = c->django || c->sfeedrc || c->newsboat;
	struct th_err err = { 0 };
	struct th_buf text;
	int fd;

	check_options(c);
	m.names = cmd_need(th_set_new());
	fd = open_file(m.file);
	if (strcmp(m.file, "-") == 0)
		m.file = "standard input";
	th_buf_init(&text, IMPORT_MAX);
	if (!told && is_archive(fd))
		import_archive(&m, fd);
	else if (th_file_read_fd(fd, &text, &err) != TH_OK)
		cmd_die(err.status, "%s: %s", m.file, err.text);
	else if (unpacker(th_buf_str(&text)) != NULL)
		cmd_usage("%s: compressed; unpack it: %s -dc FILE | "
			  "th-trigger import ... -",
		    m.file, unpacker(th_buf_str(&text)));
	else if (c->django)
		import_django(&m, th_buf_str(&text));
	else if (c->sfeedrc)
		import_sfeedrc(&m, th_buf_str(&text));
	else if (c->newsboat)
		import_newsboat(&m, th_buf_str(&text));
	else
		import_any(&m, th_buf_str(&text));
	cmd_say(0,
	    "%" PRId64 " %s, %" PRId64 " there already, %" PRId64 " left out",
	    m.made, c->dry_run ? "would be made" : "made", m.known, m.left);
	close(fd);
	th_buf_release(&text);
	th_set_free(m.names);
}

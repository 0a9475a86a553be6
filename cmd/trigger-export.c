/*
 * trigger-export -- triggers, configuration and state as one tar
 *
 * Cursors are written before queues: what is read in between is in the ledger
 * then, though not behind the cursor, and is published once all the same.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "import.h"
#include "services.h"

#define TEXT_MAX ((size_t)1 << 20)
#define PIECE ((size_t)64 << 10)

struct export
{
	struct triggers *c;
	struct th_archive *a;
	struct th_buf members; /* JSON: ["..."] */
	struct th_buf secrets, logins;
};

static void
note_member(struct export *x, const char *name, struct th_buf *full)
{
	cmd_check(th_json_string(&x->members, th_str(name)), NULL);
	th_buf_init(full, TEXT_MAX);
	cmd_check(th_buf_addf(full, MOVING_PREFIX "%s", name), NULL);
}

/* A reader that left is no error. */
static void
written(enum th_status st, const struct th_err *err)
{
	if (st == TH_END)
		exit(cmd_finish());
	cmd_check(st, err);
}

static void
add(struct export *x, const char *name, unsigned mode, struct th_str bytes)
{
	struct th_err err = { 0 };
	struct th_buf full;

	note_member(x, name, &full);
	written(th_archive_add(x->a, full.data, mode, bytes, &err), &err);
	th_buf_release(&full);
}

static void
add_spool(struct export *x, const char *name, int fd)
{
	char *piece = cmd_need(th_malloc(PIECE));
	struct th_err err = { 0 };
	struct th_buf full;
	struct stat sb;
	ssize_t n;

	moving_rewind(fd);
	if (fstat(fd, &sb) == -1)
		cmd_die(TH_EIO, "a spool: %s", strerror(errno));
	note_member(x, name, &full);
	written(
	    th_archive_begin(x->a, full.data, 0600, sb.st_size, &err), &err);
	while ((n = read(fd, piece, PIECE)) > 0)
		written(th_archive_write(
			    x->a, (struct th_str){ piece, (size_t)n }, &err),
		    &err);
	if (n == -1)
		cmd_die(TH_EIO, "a spool: %s", strerror(errno));
	th_buf_release(&full);
	free(piece);
	close(fd);
}

/* ---- files ---- */

static void
add_triggers(struct export *x)
{
	struct trigger_list l = { 0 };
	struct th_buf name;
	size_t i;

	trigger_all(x->c, &l);
	for (i = 0; i < l.n; i++) {
		th_buf_init(&name, TEXT_MAX);
		cmd_check(
		    th_buf_addf(&name, "triggers/%s", l.t[i]->name), NULL);
		add(x, name.data, 0700, th_buf_str(&l.t[i]->text));
		th_buf_release(&name);
	}
	cmd_say(1, "%zu triggers", l.n);
	trigger_list_release(&l);
}

/* False: there is none. */
static bool
read_config(const char *name, size_t max, struct th_buf *ret)
{
	struct th_err err = { 0 };
	struct th_buf path;
	enum th_status st;

	th_buf_init(&path, TEXT_MAX);
	th_buf_init(ret, max);
	cmd_check(th_path_config(name, &path, &err), &err);
	st = th_file_read(path.data, ret, &err);
	if (st != TH_END)
		cmd_check(st, &err);
	th_buf_release(&path);
	return st == TH_OK;
}

static void
add_lists(struct export *x)
{
	struct th_err err = { 0 };
	const struct dirent *entry;
	struct th_buf path, name, text;
	DIR *dir;

	th_buf_init(&path, TEXT_MAX);
	cmd_check(th_path_config("lists", &path, &err), &err);
	dir = opendir(path.data);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (!th_script_is_name(entry->d_name))
			continue;
		th_buf_init(&name, TEXT_MAX);
		cmd_check(th_buf_addf(&name, "lists/%s", entry->d_name), NULL);
		if (read_config(name.data, IMPORT_MAX, &text))
			add(x, name.data, 0600, th_buf_str(&text));
		th_buf_release(&name);
		th_buf_release(&text);
	}
	if (dir != NULL)
		closedir(dir);
	th_buf_release(&path);
}

static bool
is_secret(void *ctx, const char *service, const char *key)
{
	const struct th_service *s = th_service_find(service);
	const struct th_param *p;

	(void)ctx;
	for (p = s != NULL ? s->params : NULL; p != NULL && p->name != NULL;
	     p++)
		if ((p->flags & TH_P_ACCOUNT) != 0 && strcmp(p->name, key) == 0)
			return (p->flags & TH_P_SECRET) != 0;
	return false;
}

static void
add_config(struct export *x)
{
	struct th_err err = { 0 };
	struct th_buf text, shared;

	th_buf_init(&shared, 2 * TEXT_MAX);
	if (read_config("config.yaml", TEXT_MAX, &text)) {
		cmd_check(th_config_share(th_buf_str(&text), "config.yaml",
			      is_secret, NULL, &shared, &x->secrets, &err),
		    &err);
		add(x, "config.yaml", 0600, th_buf_str(&shared));
	}
	th_buf_release(&text);
	th_buf_release(&shared);
	if (read_config("vacation", TEXT_MAX, &text))
		add(x, "vacation", 0600, th_buf_str(&text));
	th_buf_release(&text);
}

/* ---- state ---- */

/* A run that is under way here is none there. */
static bool
is_wanted(const char *state, const char *key)
{
	return strncmp(state, MOVING_TRIGGER, sizeof(MOVING_TRIGGER) - 1) !=
		   0 ||
	       strcmp(key, "running") != 0;
}

static void
add_state(struct export *x)
{
	const int readers = moving_spool(), queues = moving_spool();
	struct th_err err = { 0 };
	struct th_out out;

	th_out_init(&out, readers);
	cmd_check(
	    th_state_export(trigger_store(x->c), is_wanted, &out, &err), &err);
	cmd_check(th_out_flush(&out), NULL);
	th_out_release(&out);
	moving_queues("export", queues);
	add_spool(x, "state/readers.ndjson", readers);
	add_spool(x, "state/queues.ndjson", queues);
}

/* ---- the list of it all, at the end ---- */

static enum th_status
note_login(void *ctx, const char *service, const char *account)
{
	struct export *x = ctx;
	struct th_creds *creds;
	enum th_status st = th_creds_read(service, account, &creds, NULL);

	if (st != TH_OK)
		return TH_OK;
	th_creds_free(creds);
	return th_buf_addf(&x->logins, "%s:%s\n", service, account);
}

static void
add_lines(struct th_buf *b, const char *key, struct th_buf *lines)
{
	const char *p = lines->data, *nl;

	th_json_key(b, key);
	th_json_open(b, '[');
	for (; p != NULL && (nl = strchr(p, '\n')) != NULL; p = nl + 1)
		th_json_string(b, (struct th_str){ p, (size_t)(nl - p) });
	th_json_close(b, ']');
}

static void
add_manifest(struct export *x)
{
	char date[TH_DATE_SIZE] = "";
	struct th_err err = { 0 };
	struct th_buf b;

	cmd_check(th_config_accounts(x->c->config, note_login, x, &err), &err);
	th_date_format(th_now(), date);
	th_buf_init(&b, IMPORT_MAX);
	th_json_open(&b, '{');
	th_json_member(&b, "made_by", TH_STR("Trigger Happy " TH_VERSION));
	th_json_member_int(&b, "format", MOVING_FORMAT);
	th_json_member(&b, "date", th_str(date));
	add_lines(&b, "secrets", &x->secrets);
	add_lines(&b, "logins", &x->logins);
	th_json_close(&x->members, ']');
	th_json_member_raw(&b, "members", th_buf_str(&x->members));
	th_json_close(&b, '}');
	th_buf_addc(&b, '\n');
	cmd_check(b.status, NULL);
	written(th_archive_add(x->a, MOVING_PREFIX "manifest.json", 0600,
		    th_buf_str(&b), &err),
	    &err);
	th_buf_release(&b);
}

static void
export_to(struct triggers *c, int fd)
{
	struct export x = { .c = c };
	struct th_err err = { 0 };

	th_buf_init(&x.members, IMPORT_MAX);
	th_buf_init(&x.secrets, TEXT_MAX);
	th_buf_init(&x.logins, TEXT_MAX);
	th_json_open(&x.members, '[');
	written(th_archive_create(fd, &x.a, &err), &err);
	add_triggers(&x);
	add_lists(&x);
	add_config(&x);
	add_state(&x);
	add_manifest(&x);
	written(th_archive_finish(x.a, &err), &err);
	th_archive_free(x.a);
	if (x.secrets.len > 0 || x.logins.len > 0)
		cmd_say(0, "secrets and logins are not in it");
	th_buf_release(&x.members);
	th_buf_release(&x.secrets);
	th_buf_release(&x.logins);
}

void
trigger_export(struct triggers *c)
{
	const char *name = c->nargs > 0 ? c->arg[0] : "-";
	struct th_err err = { 0 };
	struct th_file f;

	if (strcmp(name, "-") == 0) {
		if (isatty(STDOUT_FILENO))
			cmd_usage("an archive is nothing for a terminal: name "
				  "a file");
		export_to(c, STDOUT_FILENO);
		return;
	}
	cmd_check(th_file_open(name, 0600, &f, &err), &err);
	export_to(c, f.fd);
	cmd_check(th_file_commit(&f, &err), &err);
	th_file_release(&f);
}

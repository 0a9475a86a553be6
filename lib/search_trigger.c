/* search_trigger -- the directory of triggers, looked through again */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "search.h"

#define PATH_MAX_SIZE ((size_t)1 << 16)
#define SCRIPT_MAX ((size_t)1 << 20)

/* What the store knows: names and stamps, sorted by neither. */
struct known {
	char *name, *stamp;
	bool there; /* the file is still there */
};

struct scan {
	struct th_search *search;
	struct th_docs *docs;
	struct known *known;
	size_t n, cap;
	struct th_buf dir; /* with a slash */
	bool writing;      /* something changed: in a transaction */
	struct th_err *err;
};

static enum th_status
note_known(void *ctx, struct th_str name, struct th_str stamp)
{
	struct scan *s = ctx;
	struct known *k;

	if (s->n == s->cap) {
		k = th_realloc(s->known, (s->cap * 2 + 16) * sizeof(*k));
		if (k == NULL)
			return th_fail(s->err, TH_ENOMEM, "out of memory");
		s->known = k;
		s->cap = s->cap * 2 + 16;
	}
	k = &s->known[s->n++];
	*k = (struct known){ 0 };
	k->name = th_strndup(name.s, name.len);
	k->stamp = th_strndup(stamp.s, stamp.len);
	return k->name != NULL && k->stamp != NULL
		   ? TH_OK
		   : th_fail(s->err, TH_ENOMEM, "out of memory");
}

static enum th_status
write_now(struct scan *s)
{
	enum th_status st = TH_OK;

	if (!s->writing && (st = th_docs_begin(s->docs, s->err)) == TH_OK)
		s->writing = true;
	return st;
}

static void
scan_release(struct scan *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		free(s->known[i].name);
		free(s->known[i].stamp);
	}
	free(s->known);
	th_buf_release(&s->dir);
}

/* ---- one script ---- */

static enum th_status
put_script(struct scan *s, const char *name, struct th_str text)
{
	struct th_script script;
	struct th_buf tags;
	enum th_status st;
	size_t i;

	th_buf_init(&tags, SCRIPT_MAX + 1);
	/* A header that th-trigger check complains of is words all the same. */
	st = th_script_parse(text, name, NULL, NULL, &script);
	if (st != TH_ENOMEM)
		st = TH_OK;
	for (i = 0; i < script.ntags; i++) {
		th_buf_adds(&tags, script.tag[i]);
		th_buf_addc(&tags, '\n');
	}
	if (tags.status > st)
		st = tags.status;
	if (st == TH_OK)
		st = th_search_put_trigger(s->search, name,
		    th_str(
			script.description != NULL ? script.description : ""),
		    tags.len > 0 ? th_buf_str(&tags) : TH_STR(""), text,
		    s->err);
	else
		th_fail(s->err, st, "%s: %s", name, th_strstatus(st));
	th_script_release(&script);
	th_buf_release(&tags);
	return st;
}

static enum th_status
read_script(struct scan *s, const char *name, const char *stamp)
{
	const size_t dir = s->dir.len;
	struct th_buf text;
	enum th_status st;

	th_buf_init(&text, SCRIPT_MAX);
	th_buf_adds(&text, "");
	th_buf_adds(&s->dir, name);
	st = s->dir.status;
	if (st == TH_OK)
		st = write_now(s);
	if (st == TH_OK)
		st = th_file_read(s->dir.data, &text, s->err);
	s->dir.len = dir;
	/* One that cannot be read is not found; th-trigger tells of it. */
	if (st == TH_END || st == TH_EIO || st == TH_EDATA) {
		th_buf_release(&text);
		return TH_OK;
	}
	if (st == TH_OK)
		st = put_script(s, name, th_buf_str(&text));
	if (st == TH_OK)
		st = th_docs_set_trigger(s->docs, name, stamp, s->err);
	th_buf_release(&text);
	return st;
}

/* ---- the directory ---- */

static enum th_status
look_at(struct scan *s, int dir, const char *name)
{
	char stamp[96];
	struct stat sb;
	size_t i;

	if (name[0] == '.' || name[strlen(name) - 1] == '~' ||
	    fstatat(dir, name, &sb, 0) == -1 || !S_ISREG(sb.st_mode) ||
	    th_utf8_valid(th_str(name)) != strlen(name))
		return TH_OK;
	/* Not when it says it was changed: a copy may say what it likes. */
	snprintf(stamp, sizeof(stamp), "%" PRId64 ".%09ld %" PRId64 " %" PRIu64,
	    (int64_t)sb.st_ctim.tv_sec, sb.st_ctim.tv_nsec, (int64_t)sb.st_size,
	    (uint64_t)sb.st_ino);
	for (i = 0; i < s->n; i++)
		if (strcmp(s->known[i].name, name) == 0) {
			s->known[i].there = true;
			if (strcmp(s->known[i].stamp, stamp) == 0)
				return TH_OK;
		}
	return read_script(s, name, stamp);
}

static enum th_status
look_through(struct scan *s)
{
	struct dirent *entry;
	enum th_status st = TH_OK;
	DIR *dir = opendir(s->dir.data);

	if (dir == NULL)
		return errno == ENOENT ? TH_OK
				       : th_fail(s->err, TH_EIO, "%s: %s",
					     s->dir.data, strerror(errno));
	while (st == TH_OK && (entry = readdir(dir)) != NULL)
		st = look_at(s, dirfd(dir), entry->d_name);
	closedir(dir);
	return st;
}

static enum th_status
drop_gone(struct scan *s)
{
	enum th_status st = TH_OK;
	struct th_hash hash;
	size_t i;

	for (i = 0; i < s->n && st == TH_OK; i++) {
		if (s->known[i].there)
			continue;
		hash = th_hash(th_str(s->known[i].name));
		if ((st = write_now(s)) == TH_OK)
			st = th_docs_drop(
			    s->docs, TH_SEARCH_TRIGGER, &hash, s->err);
		if (st == TH_OK)
			st = th_docs_set_trigger(
			    s->docs, s->known[i].name, NULL, s->err);
	}
	return st;
}

enum th_status
th_search_scan(
    struct th_search *search, struct th_docs *docs, struct th_err *err)
{
	struct scan s = { .search = search, .docs = docs, .err = err };
	enum th_status st;

	th_buf_init(&s.dir, PATH_MAX_SIZE);
	st = th_path_config("triggers/", &s.dir, err);
	if (st == TH_OK)
		st = th_docs_triggers(docs, note_known, &s, err);
	if (st == TH_OK)
		st = look_through(&s);
	if (st == TH_OK)
		st = drop_gone(&s);
	if (s.writing)
		st = th_docs_end(docs, st, err);
	scan_release(&s);
	return st;
}

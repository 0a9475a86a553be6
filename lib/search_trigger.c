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

/* ---- one script
 * ----------------------------------------------------------------------- */

/* Appends the YAML behind "#:" of the first comment block. */
static void
add_header(struct th_buf *b, struct th_str text)
{
	const char *end;
	size_t len;

	while (text.len > 0 && text.s[0] == '#') {
		end = memchr(text.s, '\n', text.len);
		len = end != NULL ? (size_t)(end - text.s) + 1 : text.len;
		if (len > 2 && text.s[1] == ':')
			th_buf_add(b, text.s + 2 + (text.s[2] == ' '),
			    len - 2 - (text.s[2] == ' '));
		text.s += len;
		text.len -= len;
	}
}

static void
add_tag(struct th_buf *b, const struct th_yaml *n)
{
	if (n == NULL || n->kind != TH_YAML_TEXT)
		return;
	th_buf_adds(b, n->text);
	th_buf_addc(b, '\n');
}

static enum th_status
put_script(struct scan *s, const char *name, struct th_str text)
{
	const struct th_yaml *n;
	struct th_yaml *root = NULL;
	struct th_str description = { "", 0 };
	struct th_buf header, tags;
	enum th_status st;

	th_buf_init(&header, SCRIPT_MAX + 1);
	th_buf_init(&tags, SCRIPT_MAX + 1);
	add_header(&header, text);
	/* A header that th-trigger check complains of is words all the same. */
	if (header.len > 0)
		th_yaml_parse(th_buf_str(&header), name, &root, NULL);
	n = root != NULL ? th_yaml_get(root, "description") : NULL;
	if (n != NULL && n->kind == TH_YAML_TEXT)
		description = th_str(n->text);
	n = root != NULL ? th_yaml_get(root, "tags") : NULL;
	if (n != NULL && n->kind == TH_YAML_LIST)
		for (n = n->child; n != NULL; n = n->next)
			add_tag(&tags, n);
	else
		add_tag(&tags, n);
	st = header.status != TH_OK ? header.status : tags.status;
	st = st == TH_OK
		 ? th_search_put_trigger(s->search, name, description,
		       tags.len > 0 ? th_buf_str(&tags) : TH_STR(""), text,
		       s->err)
		 : th_fail(s->err, st, "%s: %s", name, th_strstatus(st));
	th_yaml_free(root);
	th_buf_release(&header);
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

/* ---- the directory
 * ------------------------------------------------------------------------- */

static enum th_status
look_at(struct scan *s, int dir, const char *name)
{
	char stamp[64];
	struct stat sb;
	size_t i;

	if (name[0] == '.' || name[strlen(name) - 1] == '~' ||
	    fstatat(dir, name, &sb, 0) == -1 || !S_ISREG(sb.st_mode) ||
	    th_utf8_valid(th_str(name)) != strlen(name))
		return TH_OK;
	snprintf(stamp, sizeof(stamp), "%" PRId64 ".%09ld %" PRId64,
	    (int64_t)sb.st_mtim.tv_sec, sb.st_mtim.tv_nsec,
	    (int64_t)sb.st_size);
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
			st = th_docs_drop_trigger(s->docs, &hash, s->err);
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

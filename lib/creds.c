/* creds -- the tokens of an account, in a file of their own */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "priv.h"

#define CREDS_MAX ((size_t)1 << 20)

/* A member of the file: its name, and its value as JSON text. */
struct cred {
	char *key, *json;
};

struct th_creds {
	struct cred *at;
	size_t n, cap;
	struct th_file file; /* while it is locked */
	bool locked;
};

static void
wipe_free(char *s)
{
	if (s != NULL)
		th_wipe(s, strlen(s));
	free(s);
}

void
th_creds_free(struct th_creds *c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->n; i++) {
		free(c->at[i].key);
		wipe_free(c->at[i].json);
	}
	free(c->at);
	if (c->locked)
		th_file_release(&c->file);
	free(c);
}

/* Names go into a file name: no slash, no leading dot, nothing unprintable. */
static bool
is_name(const char *s)
{
	size_t i;

	for (i = 0; s[i] != '\0'; i++)
		if (s[i] == '/' || (unsigned char)s[i] <= ' ' || s[i] == 0x7f)
			return false;
	return i > 0 && i < 200 && s[0] != '.';
}

enum th_status
th_creds_path(const char *service, const char *account, struct th_buf *ret,
    struct th_err *err)
{
	enum th_status st;

	if (!is_name(service) || !is_name(account))
		return th_fail(err, TH_EUSAGE,
		    "%s:%s: not a name for an account", service, account);
	if ((st = th_path_config("credentials", ret, err)) != TH_OK)
		return st;
	if (th_buf_addf(ret, "/%s.%s.json", service, account) != TH_OK)
		return th_fail(err, ret->status, "out of memory");
	return TH_OK;
}

/* ---- reading ---- */

static enum th_status
creds_add(struct th_creds *c, struct th_str key, struct th_str json)
{
	struct cred *more;

	if (c->n == c->cap) {
		more = th_realloc(c->at, (c->cap + 16) * sizeof(*more));
		if (more == NULL)
			return TH_ENOMEM;
		c->at = more;
		c->cap += 16;
	}
	c->at[c->n].key = th_strndup(key.s, key.len);
	c->at[c->n].json = th_strndup(json.s, json.len);
	c->n++;
	return c->at[c->n - 1].key == NULL || c->at[c->n - 1].json == NULL
		   ? TH_ENOMEM
		   : TH_OK;
}

static enum th_status
creds_parse(struct th_creds *c, struct th_str text, struct th_err *err)
{
	struct th_value top, value;
	struct th_iter it;
	struct th_str key;

	if (th_json_parse(text, &top, NULL) != TH_OK ||
	    top.type != TH_JSON_OBJECT)
		return th_fail(err, TH_ECONFIG, "not a JSON object");
	th_iter_init(&it, &top);
	while (th_iter_next(&it, &key, &value))
		if (creds_add(c, key, value.raw) != TH_OK)
			return th_fail(err, TH_ENOMEM, "out of memory");
	return TH_OK;
}

static enum th_status
read_private(int fd, struct th_creds *c, struct th_err *err)
{
	struct th_buf text;
	struct stat sb;
	enum th_status st;

	if (fstat(fd, &sb) == -1)
		return th_fail(err, TH_EIO, "%s", strerror(errno));
	if ((sb.st_mode & 077) != 0)
		return th_fail(err, TH_ECONFIG,
		    "others can read it (chmod 600 it, and renew its tokens)");
	th_buf_init(&text, CREDS_MAX);
	if ((st = th_file_read_fd(fd, &text, err)) == TH_OK)
		st = creds_parse(c, th_buf_str(&text), err);
	th_buf_wipe(&text);
	return st;
}

/* Reads the file into c; TH_END when there is none. */
static enum th_status
creds_load(const char *path, struct th_creds *c, struct th_err *err)
{
	const char *name = strrchr(path, '/') + 1;
	struct th_err why = { 0 };
	enum th_status st;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return th_fail(err, TH_END, "credentials/%s: none", name);
	if (fd < 0)
		return th_fail(err, TH_ECONFIG, "credentials/%s: %s", name,
		    strerror(errno));
	st = read_private(fd, c, &why);
	close(fd);
	return st == TH_OK
		   ? TH_OK
		   : th_fail(err, st, "credentials/%s: %s", name, why.text);
}

enum th_status
th_creds_read(const char *service, const char *account, struct th_creds **ret,
    struct th_err *err)
{
	struct th_buf path;
	struct th_creds *c;
	enum th_status st;

	th_buf_init(&path, CREDS_MAX);
	c = th_calloc(1, sizeof(*c));
	if (c == NULL)
		st = th_fail(err, TH_ENOMEM, "out of memory");
	else if ((st = th_creds_path(service, account, &path, err)) == TH_OK)
		st = creds_load(path.data, c, err);
	th_buf_release(&path);
	if (st != TH_OK) {
		th_creds_free(c);
		return st;
	}
	*ret = c;
	return TH_OK;
}

static struct cred *
creds_find(const struct th_creds *c, const char *key)
{
	size_t i;

	for (i = c->n; i > 0; i--)
		if (strcmp(c->at[i - 1].key, key) == 0)
			return &c->at[i - 1];
	return NULL;
}

enum th_status
th_creds_get(const struct th_creds *c, const char *key, struct th_secret *ret)
{
	const struct cred *at = creds_find(c, key);
	struct th_value value;
	struct th_buf text;
	enum th_status st;

	if (at == NULL)
		return TH_END;
	if ((st = th_json_parse(th_str(at->json), &value, NULL)) != TH_OK)
		return st;
	if (value.type != TH_JSON_STRING && value.type != TH_JSON_NUMBER &&
	    value.type != TH_JSON_BOOL)
		return TH_END;
	th_buf_init(&text, CREDS_MAX);
	if ((st = th_value_text(&value, &text)) == TH_OK && text.len > 0)
		ret->value = th_buf_take(&text);
	else if (st == TH_OK)
		st = TH_END;
	th_buf_release(&text);
	return st == TH_OK && ret->value == NULL ? TH_ENOMEM : st;
}

const char *
th_creds_key(const struct th_creds *c, size_t i)
{
	return i < c->n ? c->at[i].key : NULL;
}

/* ---- changing ---- */

enum th_status
th_creds_lock(const char *service, const char *account, struct th_creds **ret,
    struct th_err *err)
{
	struct th_creds *c = th_calloc(1, sizeof(*c));
	struct th_buf path;
	enum th_status st;

	th_buf_init(&path, CREDS_MAX);
	if (c == NULL)
		st = th_fail(err, TH_ENOMEM, "out of memory");
	else if ((st = th_creds_path(service, account, &path, err)) == TH_OK &&
		 (st = th_path_make_parent(path.data, err)) == TH_OK &&
		 (st = th_file_open(path.data, 0600, &c->file, err)) == TH_OK) {
		c->locked = true;
		st = creds_load(path.data, c, err);
		st = st == TH_END ? TH_OK : st;
	}
	th_buf_release(&path);
	if (st != TH_OK) {
		th_creds_free(c);
		return st;
	}
	*ret = c;
	return TH_OK;
}

static void
creds_drop(struct th_creds *c, struct cred *at)
{
	size_t i = (size_t)(at - c->at);

	free(at->key);
	wipe_free(at->json);
	memmove(at, at + 1, (c->n - i - 1) * sizeof(*at));
	c->n--;
}

enum th_status
th_creds_set(struct th_creds *c, const char *key, struct th_str value)
{
	struct th_buf json;
	struct cred *at;
	enum th_status st = TH_OK;

	while ((at = creds_find(c, key)) != NULL)
		creds_drop(c, at);
	if (value.len == 0)
		return TH_OK;
	th_buf_init(&json, CREDS_MAX);
	if ((st = th_json_string(&json, value)) == TH_OK)
		st = creds_add(c, th_str(key), th_buf_str(&json));
	th_buf_wipe(&json);
	return st;
}

static enum th_status
creds_text(const struct th_creds *c, struct th_buf *ret)
{
	size_t i;

	th_buf_adds(ret, "{");
	for (i = 0; i < c->n; i++)
		th_buf_addf(ret, "%s\n\t\"%s\": %s", i == 0 ? "" : ",",
		    c->at[i].key, c->at[i].json);
	return th_buf_adds(ret, "\n}\n");
}

enum th_status
th_creds_commit(struct th_creds *c, struct th_err *err)
{
	struct th_buf text;
	enum th_status st;

	th_buf_init(&text, CREDS_MAX);
	if ((st = creds_text(c, &text)) != TH_OK)
		st = th_fail(err, st, "credentials: %s", th_strstatus(st));
	else if ((st = th_file_write(c->file.fd, th_buf_str(&text), err)) ==
		 TH_OK)
		st = th_file_commit(&c->file, err);
	th_buf_wipe(&text);
	th_file_release(&c->file);
	c->locked = false;
	return st;
}

enum th_status
th_creds_put_back(struct th_creds *c, const struct th_creds *old)
{
	enum th_status st = TH_OK;
	size_t i;

	while (c->n > 0)
		creds_drop(c, &c->at[c->n - 1]);
	for (i = 0; old != NULL && i < old->n && st == TH_OK; i++)
		st = creds_add(
		    c, th_str(old->at[i].key), th_str(old->at[i].json));
	return st;
}

enum th_status
th_creds_remove(struct th_creds *c, struct th_err *err)
{
	enum th_status st = TH_OK;

	if (unlinkat(c->file.dir, c->file.name, 0) == -1 && errno != ENOENT)
		st = th_fail(err, TH_ECREATE, "cannot remove %s: %s",
		    c->file.name, strerror(errno));
	if (st == TH_OK)
		st = th_file_sync_dir(c->file.dir, err);
	th_file_release(&c->file);
	c->locked = false;
	return st;
}

/* external -- services that are programs on PATH */
#include <sys/stat.h>

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "services.h"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789_-"

static bool
is_program(const char *path)
{
	struct stat sb;

	return stat(path, &sb) == 0 && S_ISREG(sb.st_mode) &&
	       access(path, X_OK) == 0;
}

enum th_status
th_external_find(const char *kind, const char *name, struct th_buf *ret)
{
	const char *dir = getenv("PATH");
	size_t start = ret->len, len;

	if (dir == NULL || name[0] == '\0' ||
	    name[strspn(name, NAME_CHARS)] != '\0')
		return TH_END;
	for (;; dir += len + 1) {
		len = strcspn(dir, ":");
		/* An empty entry means the working directory: not trusted. */
		if (len > 0 && dir[0] == '/') {
			th_buf_add(ret, dir, len);
			if (th_buf_addf(ret, "/th-%s-%s", kind, name) != TH_OK)
				return ret->status;
			if (is_program(ret->data + start))
				return TH_OK;
			ret->len = start;
			ret->data[start] = '\0';
		}
		if (dir[len] == '\0')
			return TH_END;
	}
}

static int
is_ours(const struct dirent *e)
{
	return strncmp(e->d_name, "th-", 3) == 0;
}

/* Hands over a program of a directory, unless another comes before it. */
static enum th_status
visit_program(const char *kind, struct th_str dir, const char *file,
    th_external_visit *visit, void *ctx)
{
	const size_t len = strlen(kind);
	const char *name = file + 3 + len + 1;
	enum th_status st = TH_OK;
	struct th_buf path;

	if (strncmp(file + 3, kind, len) != 0 || file[3 + len] != '-' ||
	    th_service_find(name) != NULL)
		return TH_OK;
	th_buf_init(&path, TH_LINE_MAX);
	st = th_external_find(kind, name, &path);
	if (st == TH_OK && path.len == dir.len + 1 + strlen(file) &&
	    memcmp(path.data, dir.s, dir.len) == 0)
		st = visit(ctx, name, path.data);
	th_buf_release(&path);
	return st == TH_END ? TH_OK : st;
}

static enum th_status
visit_dir(
    const char *kind, struct th_str dir, th_external_visit *visit, void *ctx)
{
	char *path = th_strndup(dir.s, dir.len);
	enum th_status st = path != NULL ? TH_OK : TH_ENOMEM;
	struct dirent **list = NULL;
	int i, n = 0;

	if (st == TH_OK)
		n = scandir(path, &list, is_ours, alphasort);
	for (i = 0; i < n; i++) {
		if (st == TH_OK)
			st = visit_program(
			    kind, dir, list[i]->d_name, visit, ctx);
		free(list[i]);
	}
	free(list);
	free(path);
	return st;
}

/* Is the directory at `dir` there before it, too? */
static bool
comes_again(const char *path, const char *dir, size_t len)
{
	size_t n;

	for (; path < dir; path += n + 1) {
		n = strcspn(path, ":");
		if (n == len && memcmp(path, dir, len) == 0)
			return true;
	}
	return false;
}

enum th_status
th_external_each(const char *kind, th_external_visit *visit, void *ctx)
{
	const char *path = getenv("PATH"), *dir = path;
	enum th_status st = TH_OK;
	size_t len;

	for (; dir != NULL && st == TH_OK; dir += len + 1) {
		len = strcspn(dir, ":");
		if (len > 0 && !comes_again(path, dir, len))
			st = visit_dir(
			    kind, (struct th_str){ dir, len }, visit, ctx);
		if (dir[len] == '\0')
			break;
	}
	return st;
}

const char *
th_service_suggest(const char *name)
{
	struct th_suggest guess;
	size_t i;

	th_suggest_init(&guess, name);
	for (i = 0; th_services[i] != NULL; i++)
		th_suggest_offer(&guess, th_services[i]->name);
	return guess.best;
}

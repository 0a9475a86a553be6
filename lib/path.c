/* path -- where configuration and state are kept */
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "priv.h"

/* An environment variable with an absolute path; XDG says to ignore others. */
static const char *
absolute(const char *variable)
{
	const char *s = getenv(variable);

	return s != NULL && s[0] == '/' ? s : NULL;
}

/* Appends the directory: TH_HOME, else XDG's, else its default below HOME. */
static enum th_status
directory(const char *xdg, const char *otherwise, struct th_buf *ret,
    struct th_err *err)
{
	const char *home = getenv("TH_HOME");

	if (home != NULL && home[0] != '\0')
		return th_buf_adds(ret, home);
	if ((home = absolute(xdg)) != NULL)
		return th_buf_addf(ret, "%s/triggerhappy", home);
	if ((home = absolute("HOME")) == NULL)
		return th_fail(err, TH_ECONFIG,
		    "neither TH_HOME nor HOME says where files are");
	return th_buf_addf(ret, "%s/%s/triggerhappy", home, otherwise);
}

/* Makes a directory and those above it, for its owner alone. */
static enum th_status
make_directories(char *path, struct th_err *err)
{
	char *p = path;

	do {
		p = strchr(p + 1, '/');
		if (p != NULL)
			*p = '\0';
		if (mkdir(path, 0700) == -1 && errno != EEXIST)
			return th_fail(
			    err, TH_ECREATE, "%s: %s", path, strerror(errno));
		if (p != NULL)
			*p = '/';
	} while (p != NULL);
	return TH_OK;
}

static enum th_status
add_name(struct th_buf *ret, const char *name, struct th_err *err)
{
	th_buf_addc(ret, '/');
	if (th_buf_adds(ret, name) != TH_OK)
		return th_fail(err, ret->status, "path of %s: %s", name,
		    th_strstatus(ret->status));
	return TH_OK;
}

enum th_status
th_path_config(const char *name, struct th_buf *ret, struct th_err *err)
{
	enum th_status st;

	st = directory("XDG_CONFIG_HOME", ".config", ret, err);
	if (st == TH_ECONFIG)
		return st;
	return add_name(ret, name, err);
}

enum th_status
th_path_state_look(const char *name, struct th_buf *ret, struct th_err *err)
{
	enum th_status st;

	st = directory("XDG_STATE_HOME", ".local/state", ret, err);
	if (st == TH_ECONFIG)
		return st;
	return add_name(ret, name, err);
}

enum th_status
th_path_state(const char *name, struct th_buf *ret, struct th_err *err)
{
	size_t start = ret->len;
	enum th_status st;

	st = directory("XDG_STATE_HOME", ".local/state", ret, err);
	if (st == TH_ECONFIG)
		return st;
	if (ret->status == TH_OK &&
	    (st = make_directories(ret->data + start, err)) != TH_OK)
		return st;
	return add_name(ret, name, err);
}

enum th_status
th_path_make_parent(char *path, struct th_err *err)
{
	char *slash = strrchr(path, '/');
	enum th_status st;

	if (slash == NULL || slash == path)
		return TH_OK;
	*slash = '\0';
	st = make_directories(path, err);
	*slash = '/';
	return st;
}

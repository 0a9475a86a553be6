/* config -- config.yaml: read once, checked whole, then looked things up in */
#include <sys/stat.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

#define CONFIG_MAX ((size_t)1 << 20)
#define FAILED_TRIES 10

extern char **environ;

typedef enum th_status check_value(
    const struct th_config *, const struct th_yaml *, struct th_err *);

bool
th_key_ends(const char *key, const char *suffix, size_t *len)
{
	size_t k = strlen(key), s = strlen(suffix);

	if (k <= s || strcmp(key + k - s, suffix) != 0)
		return false;
	*len = k - s;
	return true;
}

bool
th_secret_name(const char *key)
{
	static const char *const place[] = { "_url", "_file", "_path",
		"_command", "_env", "consumer_key", "public_key" };
	static const char *const word[] = { "secret", "token", "pass" };
	size_t i, len;

	for (i = 0; i < sizeof(place) / sizeof(*place); i++)
		if (strcmp(key, place[i]) == 0 ||
		    th_key_ends(key, place[i], &len))
			return false;
	for (i = 0; i < sizeof(word) / sizeof(*word); i++)
		if (strstr(key, word[i]) != NULL)
			return true;
	return strcmp(key, "key") == 0 || th_key_ends(key, "_key", &len);
}

/* "key:" with nothing behind it is an empty map. */
static bool
is_map(const struct th_yaml *n)
{
	return n->kind == TH_YAML_MAP ||
	       (n->kind == TH_YAML_TEXT && n->plain &&
		   (n->text[0] == '\0' || strcmp(n->text, "~") == 0 ||
		       strcmp(n->text, "null") == 0));
}

static enum th_status
check_text(
    const struct th_config *c, const struct th_yaml *n, struct th_err *err)
{
	if (n->kind != TH_YAML_TEXT)
		return th_yaml_fail(c->name, n, err, "must be one value");
	return TH_OK;
}

/* An address with a password in it is a secret, too. */
static enum th_status
check_address(const struct th_config *c, const struct th_yaml *n,
    const char *const *prefix, const char *otherwise, struct th_err *err)
{
	struct th_url url;
	size_t i;

	if (n->kind != TH_YAML_TEXT)
		return th_yaml_fail(c->name, n, err, otherwise);
	if (strcmp(n->text, "sqlite") == 0)
		return TH_OK;
	for (i = 0; prefix[i] != NULL; i++)
		if (th_str_has_prefix(th_str(n->text), prefix[i]))
			break;
	if (prefix[i] == NULL || th_url_parse(th_str(n->text), &url) != TH_OK)
		return th_yaml_fail(c->name, n, err, otherwise);
	if (c->exposed && url.userinfo.len > 0)
		return th_yaml_fail(c->name, n, err,
		    "a secret in a file that others can read; chmod 600");
	return TH_OK;
}

static enum th_status
check_store(
    const struct th_config *c, const struct th_yaml *n, struct th_err *err)
{
	static const char *const prefix[] = { "redis://", "rediss://",
		"unix://", NULL };

	return check_address(c, n, prefix,
	    "must be sqlite, redis://HOST:PORT/DB or unix:///PATH", err);
}

static enum th_status
check_search(
    const struct th_config *c, const struct th_yaml *n, struct th_err *err)
{
	static const char *const prefix[] = { "http://", "https://", NULL };

	return check_address(
	    c, n, prefix, "must be sqlite or http(s)://HOST:PORT/PREFIX", err);
}

static enum th_status
check_tries(
    const struct th_config *c, const struct th_yaml *n, struct th_err *err)
{
	int64_t tries;

	if (n->kind != TH_YAML_TEXT ||
	    th_int_parse(th_str(n->text), &tries) != TH_OK)
		return th_yaml_fail(c->name, n, err, "must be a whole number");
	return TH_OK;
}

static enum th_status
check_limits(
    const struct th_config *c, const struct th_yaml *n, struct th_err *err)
{
	struct th_limit limit;
	const struct th_yaml *l;

	if (!is_map(n))
		return th_yaml_fail(c->name, n, err,
		    "must name services, as in {twitter: 5/15m}");
	for (l = n->child; l != NULL; l = l->next)
		if (l->kind != TH_YAML_TEXT ||
		    th_limit_parse(l->text, &limit, NULL) != TH_OK)
			return th_yaml_fail(
			    c->name, l, err, "must be a limit such as 5/15m");
	return TH_OK;
}

static enum th_status
check_account(const struct th_config *c, const struct th_yaml *account,
    struct th_err *err)
{
	const struct th_yaml *n;
	enum th_status st;

	if (!is_map(account))
		return th_yaml_fail(c->name, account, err,
		    "must be an account's keys and values");
	for (n = account->child; n != NULL; n = n->next) {
		if ((st = check_text(c, n, err)) != TH_OK)
			return st;
		if (c->exposed && th_secret_name(n->key))
			return th_yaml_fail(c->name, n, err,
			    "a secret in a file that others can read; "
			    "chmod 600");
	}
	return TH_OK;
}

static enum th_status
check_accounts(
    const struct th_config *c, const struct th_yaml *n, struct th_err *err)
{
	const struct th_yaml *service, *account;
	enum th_status st;

	if (!is_map(n))
		return th_yaml_fail(c->name, n, err, "must name services");
	for (service = n->child; service != NULL; service = service->next) {
		if (!is_map(service))
			return th_yaml_fail(c->name, service, err,
			    "must name accounts, as in {default: {...}}");
		for (account = service->child; account != NULL;
		     account = account->next)
			if ((st = check_account(c, account, err)) != TH_OK)
				return st;
	}
	return TH_OK;
}

static enum th_status
check_root(const struct th_config *c, struct th_err *err)
{
	static const char *const key[] = { "store", "store_command",
		"store_env", "search", "notify", "failed_tries", "limits",
		"accounts", NULL };
	static check_value *const check[] = { check_store, check_text,
		check_text, check_search, check_text, check_tries, check_limits,
		check_accounts };
	const struct th_yaml *n;
	enum th_status st;
	size_t i;

	if (!is_map(c->root))
		return th_yaml_fail(
		    c->name, c->root, err, "must be keys and values");
	if ((st = th_yaml_known(c->root, key, c->name, err)) != TH_OK)
		return st;
	for (i = 0; key[i] != NULL; i++)
		if ((n = th_yaml_get(c->root, key[i])) != NULL &&
		    (st = check[i](c, n, err)) != TH_OK)
			return st;
	return TH_OK;
}

static enum th_status
parse(struct th_str text, const char *name, bool exposed,
    struct th_config **ret, struct th_err *err)
{
	struct th_config *c = th_calloc(1, sizeof(*c));
	enum th_status st = TH_ENOMEM;

	if (c == NULL || (c->name = th_strdup(name)) == NULL) {
		th_fail(err, st, "%s: %s", name, th_strstatus(st));
		goto out;
	}
	c->exposed = exposed;
	c->wait = -1;
	if ((st = th_yaml_parse(text, name, &c->root, err)) != TH_OK ||
	    (st = check_root(c, err)) != TH_OK)
		goto out;
	*ret = c;
	c = NULL;
out:
	th_config_free(c);
	return st;
}

enum th_status
th_config_parse(struct th_str text, const char *name, struct th_config **ret,
    struct th_err *err)
{
	return parse(text, name, false, ret, err);
}

static enum th_status
load(
    const char *path, bool may_miss, struct th_config **ret, struct th_err *err)
{
	struct th_buf text = { 0 };
	struct stat sb = { 0 };
	enum th_status st;

	th_buf_init(&text, CONFIG_MAX);
	/* A pipe (`-c <(...)`) has no mode that would mean anything. */
	if (stat(path, &sb) == -1 || !S_ISREG(sb.st_mode))
		sb.st_mode = 0;
	st = th_file_read(path, &text, err);
	if (st == TH_END && may_miss)
		st = TH_OK;
	else if (st == TH_END)
		st =
		    th_fail(err, TH_ECONFIG, "%s: there is no such file", path);
	else if (st == TH_EIO || st == TH_EDATA)
		st = TH_ECONFIG;
	if (st == TH_OK)
		st = parse(
		    th_buf_str(&text), path, (sb.st_mode & 077) != 0, ret, err);
	th_buf_wipe(&text);
	return st;
}

enum th_status
th_config_load(const char *path, struct th_config **ret, struct th_err *err)
{
	struct th_buf usual = { 0 };
	enum th_status st;

	if (path != NULL)
		return load(path, false, ret, err);
	th_buf_init(&usual, CONFIG_MAX);
	st = th_path_config("config.yaml", &usual, err);
	if (st == TH_OK)
		st = load(usual.data, true, ret, err);
	th_buf_release(&usual);
	return st;
}

void
th_config_free(struct th_config *c)
{
	if (c == NULL)
		return;
	th_yaml_free(c->root);
	free(c->name);
	free(c);
}

static const char *
text_of(const struct th_config *c, const char *key, const char *otherwise)
{
	const struct th_yaml *n = th_yaml_get(c->root, key);

	return n != NULL ? n->text : otherwise;
}

const char *
th_config_store(const struct th_config *c)
{
	const bool elsewhere = th_yaml_get(c->root, "store_command") != NULL ||
			       th_yaml_get(c->root, "store_env") != NULL;

	return text_of(c, "store", elsewhere ? "" : "sqlite");
}

void
th_config_wait(struct th_config *c, int64_t seconds)
{
	c->wait = seconds;
}

static enum th_status
ask_command(const struct th_config *c, const struct th_yaml *n,
    struct th_secret *ret, struct th_err *err)
{
	char **environment = th_config_environ(c);
	enum th_status st;

	if (environment == NULL)
		return th_fail(
		    err, TH_ENOMEM, "%s: %s", c->name, th_strstatus(TH_ENOMEM));
	st = th_command_line(n->text, environment, "store_command", ret, err);
	free(environment);
	return st;
}

enum th_status
th_config_store_url(
    const struct th_config *c, struct th_secret *ret, struct th_err *err)
{
	const struct th_yaml *command = th_yaml_get(c->root, "store_command");
	const struct th_yaml *env = th_yaml_get(c->root, "store_env");
	const char *text = text_of(c, "store", NULL);

	if ((text != NULL) + (command != NULL) + (env != NULL) > 1)
		return th_yaml_fail(c->name, command != NULL ? command : env,
		    err, "store, store_command, store_env: one is enough");
	if (command != NULL)
		return ask_command(c, command, ret, err);
	if (env != NULL && (text = getenv(env->text)) == NULL)
		return th_yaml_fail(
		    c->name, env, err, "is not in the environment");
	ret->value = th_strdup(text != NULL ? text : "sqlite");
	return ret->value != NULL ? TH_OK
				  : th_fail(err, TH_ENOMEM, "%s: %s", c->name,
					th_strstatus(TH_ENOMEM));
}

const char *
th_config_search(const struct th_config *c)
{
	return text_of(c, "search", "sqlite");
}

const char *
th_config_notify(const struct th_config *c)
{
	return text_of(c, "notify", NULL);
}

int64_t
th_config_failed_tries(const struct th_config *c)
{
	const char *s = text_of(c, "failed_tries", "");
	int64_t n = FAILED_TRIES;

	th_int_parse(th_str(s), &n);
	return n;
}

/* Is it SERVICE:ACCOUNT? */
static bool
names_account(const char *key, const char *service, const char *account)
{
	size_t len = strlen(service);

	return strncmp(key, service, len) == 0 && key[len] == ':' &&
	       strcmp(key + len + 1, account) == 0;
}

bool
th_config_limit(const struct th_config *c, const char *service,
    const char *account, struct th_limit *ret)
{
	const struct th_yaml *limits = th_yaml_get(c->root, "limits"), *l;
	const char *text = NULL;

	for (l = limits != NULL ? limits->child : NULL; l != NULL; l = l->next)
		if (names_account(l->key, service, account))
			return th_limit_parse(l->text, ret, NULL) == TH_OK;
		else if (strcmp(l->key, service) == 0)
			text = l->text;
	return text != NULL && th_limit_parse(text, ret, NULL) == TH_OK;
}

void
th_config_limits(const struct th_config *c, th_limit_visit *visit, void *ctx)
{
	const struct th_yaml *limits = th_yaml_get(c->root, "limits"), *l;
	struct th_buf place;

	th_buf_init(&place, TH_LINE_MAX);
	for (l = limits != NULL ? limits->child : NULL; l != NULL;
	     l = l->next) {
		th_buf_clear(&place);
		if (th_buf_addf(&place, "%s:%zu:%zu", c->name, l->line,
			l->column) == TH_OK)
			visit(ctx, l->key, place.data);
	}
	th_buf_release(&place);
}

/* Does a KEY_env here or below name the variable (NAME=value)? */
static bool
named(const struct th_yaml *n, const char *variable)
{
	size_t len;

	for (; n != NULL; n = n->next) {
		if (named(n->child, variable))
			return true;
		if (n->kind == TH_YAML_TEXT && n->key != NULL &&
		    th_key_ends(n->key, "_env", &len) &&
		    strncmp(variable, n->text, strlen(n->text)) == 0 &&
		    variable[strlen(n->text)] == '=')
			return true;
	}
	return false;
}

char **
th_config_environ(const struct th_config *c)
{
	char **list;
	size_t i, n = 0;

	for (i = 0; environ != NULL && environ[i] != NULL; i++)
		;
	if ((list = th_calloc(i + 1, sizeof(*list))) == NULL)
		return NULL;
	for (i = 0; environ != NULL && environ[i] != NULL; i++)
		if (!named(c->root->child, environ[i]))
			list[n++] = environ[i];
	return list;
}

/* account -- one account's settings: config.yaml over credentials */
#include <stdlib.h>
#include <string.h>

#include "config.h"

#define FINGERPRINT 8 /* bytes of SHA-256 that tell two tokens apart */

enum how { LITERAL, COMMAND, VARIABLE };

struct setting {
	char *key;   /* without _command or _env */
	char *value; /* the text, the command, the name of the variable */
	enum how how;
	bool secret;
	size_t line; /* in config.yaml; 0: in the credentials */
};

struct th_account {
	char *service, *name;
	const struct th_config *config;
	const struct th_param *table;
	struct setting *setting;
	size_t n, cap;
	/* Set: the credentials hold newer tokens than config.yaml does. */
	char replaces[2 * FINGERPRINT + 1];
};

/* Keys that every service has. */
static const char *const common[] = { "base_url", "insecure", "ca_file",
	"proxy" };
#define NCOMMON (sizeof(common) / sizeof(*common))

void
th_account_free(struct th_account *a)
{
	size_t i;

	if (a == NULL)
		return;
	for (i = 0; i < a->n; i++) {
		free(a->setting[i].key);
		if (a->setting[i].value != NULL)
			th_wipe(
			    a->setting[i].value, strlen(a->setting[i].value));
		free(a->setting[i].value);
	}
	free(a->setting);
	free(a->service);
	free(a->name);
	free(a);
}

static struct setting *
find(const struct th_account *a, const char *key)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (strcmp(a->setting[i].key, key) == 0)
			return &a->setting[i];
	return NULL;
}

static const struct th_param *
declared(const struct th_account *a, const char *key)
{
	const struct th_param *p;

	for (p = a->table; p != NULL && p->name != NULL; p++)
		if ((p->flags & TH_P_ACCOUNT) != 0 && strcmp(p->name, key) == 0)
			return p;
	return NULL;
}

static bool
is_secret(const struct th_account *a, const char *key)
{
	const struct th_param *p = declared(a, key);

	return p != NULL ? (p->flags & TH_P_SECRET) != 0 : th_secret_name(key);
}

/* One more setting; its key is the first `len` bytes. */
static struct setting *
add(struct th_account *a, const char *key, size_t len, const char *value)
{
	struct setting *s;
	size_t cap;

	if (a->n == a->cap) {
		cap = a->cap > 0 ? a->cap * 2 : 8;
		s = th_realloc(a->setting, cap * sizeof(*s));
		if (s == NULL)
			return NULL;
		a->setting = s;
		a->cap = cap;
	}
	s = &a->setting[a->n];
	memset(s, 0, sizeof(*s));
	s->key = th_strndup(key, len);
	s->value = th_strdup(value);
	if (s->key == NULL || s->value == NULL) {
		free(s->key);
		free(s->value);
		return NULL;
	}
	a->n++;
	s->secret = is_secret(a, s->key);
	return s;
}

static enum th_status
no_memory(const struct th_account *a, struct th_err *err)
{
	return th_fail(err, TH_ENOMEM, "account %s:%s: %s", a->service, a->name,
	    th_strstatus(TH_ENOMEM));
}

/* A key of config.yaml that the service does not have. */
static enum th_status
unknown_key(const struct th_account *a, const struct th_yaml *n,
    const char *key, struct th_err *err)
{
	const struct th_param *p;
	struct th_suggest guess;
	char what[128] = "unknown key";
	size_t i;

	th_suggest_init(&guess, key);
	for (p = a->table; p->name != NULL; p++)
		if ((p->flags & TH_P_ACCOUNT) != 0)
			th_suggest_offer(&guess, p->name);
	for (i = 0; i < NCOMMON; i++)
		th_suggest_offer(&guess, common[i]);
	if (guess.best != NULL)
		snprintf(what, sizeof(what), "unknown key, did you mean %s?",
		    guess.best);
	return th_yaml_fail(a->config->name, n, err, what);
}

static bool
known(const struct th_account *a, const char *key)
{
	size_t i;

	for (i = 0; i < NCOMMON; i++)
		if (strcmp(common[i], key) == 0)
			return true;
	return a->table == NULL || declared(a, key) != NULL;
}

/* Runs the command and keeps what it says: a command is run once. */
static enum th_status
run_command(const struct th_account *a, struct setting *s, struct th_err *err)
{
	struct th_secret secret = { 0 };
	char what[256], **environment;
	enum th_status st;

	snprintf(what, sizeof(what), "%s:%zu: %s_command", a->config->name,
	    s->line, s->key);
	if ((environment = th_config_environ(a->config)) == NULL)
		return no_memory(a, err);
	st = th_command_line(s->value, environment, what, &secret, err);
	free(environment);
	if (st != TH_OK)
		return st;
	free(s->value);
	s->value = secret.value;
	s->how = LITERAL;
	return TH_OK;
}

/* The value, wherever it comes from. */
static enum th_status
value_of(const struct th_account *a, struct setting *s, const char **ret,
    struct th_err *err)
{
	enum th_status st;

	if (s->how == COMMAND && (st = run_command(a, s, err)) != TH_OK)
		return st;
	*ret = s->how == VARIABLE ? getenv(s->value) : s->value;
	if (*ret == NULL)
		return th_fail(err, TH_ECONFIG,
		    "%s:%zu: %s_env: %s is not in the environment",
		    a->config->name, s->line, s->key, s->value);
	return TH_OK;
}

/* What is no secret is asked for at once: th_account_get() only looks. */
static enum th_status
resolve(struct setting *s, const struct th_account *a, struct th_err *err)
{
	const char *value;
	enum th_status st;
	char *copy;

	if ((st = value_of(a, s, &value, err)) != TH_OK || s->how == LITERAL)
		return st;
	if ((copy = th_strdup(value)) == NULL)
		return no_memory(a, err);
	free(s->value);
	s->value = copy;
	s->how = LITERAL;
	return TH_OK;
}

/* KEY, KEY_command or KEY_env of config.yaml. */
static enum th_status
add_from_config(
    struct th_account *a, const struct th_yaml *n, struct th_err *err)
{
	size_t len = strlen(n->key);
	enum how how = LITERAL;
	struct setting *s;

	if (th_key_ends(n->key, "_command", &len))
		how = COMMAND;
	else if (th_key_ends(n->key, "_env", &len))
		how = VARIABLE;
	if ((s = add(a, n->key, len, n->text)) == NULL)
		return no_memory(a, err);
	s->how = how;
	s->line = n->line;
	if (!known(a, s->key))
		return unknown_key(a, n, s->key, err);
	if (find(a, s->key) != s)
		return th_yaml_fail(
		    a->config->name, n, err, "the key is there twice");
	if (how == LITERAL && s->secret && a->config->exposed)
		return th_yaml_fail(a->config->name, n, err,
		    "a secret in a file that others can read; chmod 600");
	if (how == LITERAL || s->secret)
		return TH_OK;
	if (a->table == NULL) { /* what is kept so well is one */
		s->secret = true;
		return TH_OK;
	}
	return resolve(s, a, err);
}

static enum th_status
read_config(struct th_account *a, bool *found, struct th_err *err)
{
	const struct th_yaml *n;
	enum th_status st = TH_OK;

	n = th_yaml_get(a->config->root, "accounts");
	n = th_yaml_get(n, a->service);
	n = th_yaml_get(n, a->name);
	if (n == NULL)
		return TH_OK;
	*found = true;
	for (n = n->child; n != NULL && st == TH_OK; n = n->next)
		st = add_from_config(a, n, err);
	return st;
}

/*
 * Tokens that were renewed since config.yaml was written go first; they say so
 * with the fingerprint of the refresh token that they replace.
 */
static enum th_status
find_renewed(
    struct th_account *a, const struct th_creds *creds, struct th_err *err)
{
	struct th_secret replaces = { NULL };
	struct th_buf now;
	enum th_status st;

	st = th_creds_get(creds, "replaces", &replaces);
	if (st != TH_OK)
		return st == TH_ENOMEM ? no_memory(a, err) : TH_OK;
	th_buf_init(&now, sizeof(a->replaces));
	st = th_account_fingerprint(a, "refresh_token", &now, err);
	if (st == TH_OK && strcmp(now.data, replaces.value) == 0)
		memcpy(a->replaces, now.data, sizeof(a->replaces));
	th_buf_release(&now);
	th_secret_release(&replaces);
	return st == TH_END ? TH_OK : st;
}

/* What config.yaml says goes first, but for tokens that were renewed. */
static enum th_status
add_credential(struct th_account *a, const char *key,
    const struct th_secret *value, struct th_err *err)
{
	struct setting *s = find(a, key);
	char *copy;

	if (s == NULL) {
		s = add(a, key, strlen(key), value->value);
		return s == NULL ? no_memory(a, err) : TH_OK;
	}
	if (a->replaces[0] == '\0')
		return TH_OK;
	if ((copy = th_strdup(value->value)) == NULL)
		return no_memory(a, err);
	th_wipe(s->value, strlen(s->value));
	free(s->value);
	s->value = copy;
	s->how = LITERAL;
	return TH_OK;
}

static enum th_status
read_credentials(struct th_account *a, bool *found, struct th_err *err)
{
	struct th_secret value = { NULL };
	struct th_creds *creds = NULL;
	enum th_status st;
	const char *key;
	size_t i;

	st = th_creds_read(a->service, a->name, &creds, err);
	if (st != TH_OK)
		return st == TH_END ? TH_OK : st;
	*found = true;
	st = find_renewed(a, creds, err);
	for (i = 0; st == TH_OK && (key = th_creds_key(creds, i)) != NULL;
	     i++) {
		st = th_creds_get(creds, key, &value);
		if (st == TH_OK)
			st = add_credential(a, key, &value, err);
		else
			st = st == TH_ENOMEM ? no_memory(a, err) : TH_OK;
		th_secret_release(&value);
	}
	th_creds_free(creds);
	return st;
}

/* They become part of a path. */
static bool
good_name(const char *s)
{
	const char *p;

	for (p = s; *p != '\0'; p++)
		if (*p == '/' || (unsigned char)*p <= ' ' || *p == 0x7f)
			return false;
	return s[0] != '\0' && s[0] != '.';
}

static bool
needs_keys(const struct th_param *p)
{
	for (; p != NULL && p->name != NULL; p++)
		if ((p->flags & TH_P_ACCOUNT) != 0 &&
		    (p->flags & TH_P_REQUIRED) != 0)
			return true;
	return false;
}

static enum th_status
fill(struct th_account *a, struct th_err *err)
{
	bool found = false;
	enum th_status st;

	if (!good_name(a->service) || !good_name(a->name))
		return th_fail(err, TH_EUSAGE, "not an account's name: %s:%s",
		    a->service, a->name);
	if ((st = read_config(a, &found, err)) != TH_OK ||
	    (st = read_credentials(a, &found, err)) != TH_OK)
		return st;
	if (!found && (strcmp(a->name, "default") != 0 || needs_keys(a->table)))
		return th_fail(err, TH_ECONFIG,
		    "unknown account %s:%s: neither %s nor the credentials "
		    "have it",
		    a->service, a->name, a->config->name);
	return TH_OK;
}

enum th_status
th_account_new(const struct th_config *config, const char *service,
    const char *account, const struct th_param *table, struct th_account **ret,
    struct th_err *err)
{
	struct th_account *a = th_calloc(1, sizeof(*a));
	enum th_status st = TH_ENOMEM;

	if (a == NULL)
		goto out;
	a->config = config;
	a->table = table;
	a->service = th_strdup(service);
	a->name = th_strdup(account);
	if (a->service == NULL || a->name == NULL)
		goto out;
	if ((st = fill(a, err)) == TH_OK) {
		*ret = a;
		return TH_OK;
	}
out:
	if (st == TH_ENOMEM)
		th_fail(err, st, "account %s:%s: %s", service, account,
		    th_strstatus(st));
	th_account_free(a);
	return st;
}

enum th_status
th_account_missing(
    const struct th_account *a, const char *key, struct th_err *err)
{
	const struct th_param *p = declared(a, key);

	if (p != NULL && (p->flags & TH_P_LOGIN) != 0)
		return th_fail(err, TH_EAUTH,
		    "account %s:%s has no %s; th-auth login %s:%s", a->service,
		    a->name, key, a->service, a->name);
	for (p = a->table; p != NULL && p->name != NULL; p++)
		if ((p->flags & TH_P_LOGIN) != 0)
			break;
	if (p == NULL || p->name == NULL)
		return th_fail(err, TH_ECONFIG, "account %s:%s has no %s in %s",
		    a->service, a->name, key, a->config->name);
	return th_fail(err, TH_ECONFIG,
	    "account %s:%s has no %s in %s; th-auth login %s:%s says what it "
	    "needs",
	    a->service, a->name, key, a->config->name, a->service, a->name);
}

enum th_status
th_account_check(const struct th_account *a, struct th_err *err)
{
	const struct th_param *p;
	const char *login = NULL;

	for (p = a->table; p != NULL && p->name != NULL; p++) {
		if ((p->flags & TH_P_ACCOUNT) == 0 ||
		    (p->flags & TH_P_REQUIRED) == 0 || find(a, p->name) != NULL)
			continue;
		if ((p->flags & TH_P_LOGIN) == 0)
			return th_account_missing(a, p->name, err);
		login = p->name;
	}
	return login != NULL ? th_account_missing(a, login, err) : TH_OK;
}

const char *
th_account_service(const struct th_account *a)
{
	return a->service;
}

const char *
th_account_name(const struct th_account *a)
{
	return a->name;
}

const char *
th_account_get(const struct th_account *a, const char *key)
{
	const struct setting *s = find(a, key);

	return s != NULL && !s->secret ? s->value : NULL;
}

bool
th_account_has(const struct th_account *a, const char *key)
{
	return find(a, key) != NULL;
}

bool
th_account_logged_in(const struct th_account *a)
{
	const struct th_param *p;

	for (p = a->table; p != NULL && p->name != NULL; p++)
		if ((p->flags & TH_P_LOGIN) != 0 && find(a, p->name) != NULL)
			return true;
	return false;
}

const char *
th_account_key(const struct th_account *a, size_t nth, bool *secret)
{
	if (nth >= a->n)
		return NULL;
	*secret = a->setting[nth].secret;
	return a->setting[nth].key;
}

enum th_status
th_account_secret(const struct th_account *a, const char *key,
    struct th_secret *ret, struct th_err *err)
{
	struct setting *s = find(a, key);
	const char *value;
	enum th_status st;

	if (s == NULL)
		return TH_END;
	if ((st = value_of(a, s, &value, err)) != TH_OK)
		return st;
	if ((ret->value = th_strdup(value)) == NULL)
		return no_memory(a, err);
	return TH_OK;
}

void
th_account_mask(const struct th_account *a, struct th_reply *rep)
{
	const char *value;
	size_t i;

	for (i = 0; i < a->n; i++) {
		value = a->setting[i].value;
		if (a->setting[i].how == VARIABLE)
			value = getenv(value);
		if (a->setting[i].secret && a->setting[i].how != COMMAND &&
		    value != NULL)
			th_reply_mask(rep, th_str(value));
	}
}

/* Settings of config.yaml stay; those of the credentials are read again. */
enum th_status
th_account_reload(struct th_account *a, struct th_err *err)
{
	bool found = false;
	size_t i, n = 0;

	for (i = 0; i < a->n; i++) {
		if (a->setting[i].line != 0) {
			a->setting[n++] = a->setting[i];
			continue;
		}
		free(a->setting[i].key);
		th_wipe(a->setting[i].value, strlen(a->setting[i].value));
		free(a->setting[i].value);
	}
	a->n = n;
	return read_credentials(a, &found, err);
}

enum th_status
th_account_fingerprint(const struct th_account *a, const char *key,
    struct th_buf *ret, struct th_err *err)
{
	const struct setting *s = find(a, key);
	unsigned char digest[TH_SHA256_SIZE];
	struct th_secret value = { NULL };
	enum th_status st;

	if (s == NULL || s->line == 0)
		return TH_END;
	if (a->replaces[0] == '\0') {
		if ((st = th_account_secret(a, key, &value, err)) != TH_OK)
			return st;
		th_sha256(th_str(value.value), digest);
		th_secret_release(&value);
		st = th_hex_encode(
		    (struct th_str){ (char *)digest, FINGERPRINT }, ret);
	} else {
		st = th_buf_adds(ret, a->replaces);
	}
	return st == TH_OK ? st : no_memory(a, err);
}

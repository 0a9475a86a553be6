/* config_share -- a configuration as it may be given away */
#include <stdlib.h>
#include <string.h>

#include "config.h"

struct share {
	struct th_str text;
	size_t at;    /* bytes of it that were written */
	size_t chars; /* the same in characters */
	bool (*secret)(void *ctx, const char *service, const char *key);
	void *ctx;
	struct th_buf *ret, *left;
};

/* The place of a character; values come in the order of the text. */
static size_t
find(const struct share *s, size_t character)
{
	size_t i = s->at, n = s->chars;

	for (; i < s->text.len && n < character; n++)
		for (i++; i < s->text.len && (s->text.s[i] & 0xc0) == 0x80; i++)
			;
	return i;
}

/* Any of YAML's line breaks (YAML 1.1, section 4.2). */
static bool
ends_line(struct th_str s)
{
	static const char *const all[] = { "\n", "\r", "\xc2\x85",
		"\xe2\x80\xa8", "\xe2\x80\xa9" };
	size_t i, n;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++) {
		n = strlen(all[i]);
		if (s.len >= n && memcmp(s.s + s.len - n, all[i], n) == 0)
			return true;
	}
	return false;
}

/* Writes the text up to a value, and `instead` for it. */
static void
replace(struct share *s, const struct th_yaml *v, struct th_str instead)
{
	const size_t from = find(s, v->from);

	th_buf_add(s->ret, s->text.s + s->at, from - s->at);
	s->at = from;
	s->chars = v->from;
	s->at = find(s, v->to);
	s->chars = v->to;
	th_buf_addc(s->ret, '"');
	th_json_escape(s->ret, instead);
	th_buf_addc(s->ret, '"');
	/* A block scalar takes its newline along. */
	if (ends_line((struct th_str){ s->text.s + from, s->at - from }))
		th_buf_addc(s->ret, '\n');
}

static void
leave_out(struct share *s, const struct th_yaml *v, const char *service,
    const char *account)
{
	replace(s, v, TH_STR(""));
	th_buf_adds(s->left, service);
	if (account != NULL)
		th_buf_addf(s->left, ":%s", account);
	th_buf_addf(s->left, " %s\n", v->key);
}

/* A URL stays, without who it logs in as. */
static void
share_url(struct share *s, const struct th_yaml *v, const char *service,
    const char *account)
{
	struct th_url url;
	struct th_buf b;

	if (v->kind != TH_YAML_TEXT ||
	    th_url_parse(th_str(v->text), &url) != TH_OK ||
	    url.userinfo.s == NULL)
		return;
	th_buf_init(&b, TH_LINE_MAX);
	th_buf_add(&b, v->text, (size_t)(url.userinfo.s - v->text));
	th_buf_adds(&b, url.userinfo.s + url.userinfo.len + 1);
	replace(s, v, th_buf_str(&b));
	th_buf_addf(s->left, "%s%s%s %s, its user and password\n", service,
	    account != NULL ? ":" : "", account != NULL ? account : "", v->key);
	th_buf_release(&b);
}

static bool
is_elsewhere(const char *key)
{
	size_t len;

	return th_key_ends(key, "_command", &len) ||
	       th_key_ends(key, "_env", &len);
}

static void
share_setting(struct share *s, const struct th_yaml *v, const char *service,
    const char *account)
{
	if (v->text[0] == '\0' || is_elsewhere(v->key))
		return;
	if (th_secret_name(v->key) || s->secret(s->ctx, service, v->key))
		leave_out(s, v, service, account);
	else
		share_url(s, v, service, account);
}

/* "accounts:" and nothing behind it. */
static bool
is_nothing(const struct th_yaml *v)
{
	return v->kind == TH_YAML_TEXT && v->text[0] == '\0';
}

/* Anything but settings of accounts of services might be a secret. */
static enum th_status
share_accounts(struct share *s, const struct th_yaml *accounts,
    const char *name, struct th_err *err)
{
	const struct th_yaml *service, *account, *v;

	if (is_nothing(accounts))
		return TH_OK;
	if (accounts->kind != TH_YAML_MAP)
		return th_yaml_fail(name, accounts, err, "not a map");
	for (service = accounts->child; service != NULL;
	     service = service->next) {
		if (is_nothing(service))
			continue;
		if (service->kind != TH_YAML_MAP)
			return th_yaml_fail(name, service, err, "not a map");
		for (account = service->child; account != NULL;
		     account = account->next) {
			if (is_nothing(account))
				continue;
			if (account->kind != TH_YAML_MAP)
				return th_yaml_fail(
				    name, account, err, "not a map");
			for (v = account->child; v != NULL; v = v->next) {
				if (v->kind != TH_YAML_TEXT)
					return th_yaml_fail(
					    name, v, err, "not a text");
				share_setting(s, v, service->key, account->key);
			}
		}
	}
	return TH_OK;
}

enum th_status
th_config_share(struct th_str text, const char *name,
    bool (*secret)(void *ctx, const char *service, const char *key), void *ctx,
    struct th_buf *ret, struct th_buf *left, struct th_err *err)
{
	struct share s = { .text = text,
		.secret = secret,
		.ctx = ctx,
		.ret = ret,
		.left = left };
	const struct th_yaml *v;
	struct th_yaml *root;
	enum th_status st = th_yaml_parse(text, name, &root, err);

	if (st != TH_OK)
		return st;
	if (root->kind != TH_YAML_MAP)
		st = th_yaml_fail(name, root, err, "not a map");
	for (v = root->child; v != NULL && st == TH_OK; v = v->next)
		if (strcmp(v->key, "accounts") == 0)
			st = share_accounts(&s, v, name, err);
		else
			share_url(&s, v, "config.yaml", NULL);
	th_buf_add(ret, text.s + s.at, text.len - s.at);
	th_yaml_free(root);
	if (st != TH_OK)
		return st;
	st = ret->status != TH_OK ? ret->status : left->status;
	return st == TH_OK ? TH_OK : th_fail(err, st, "%s", th_strstatus(st));
}

/* accounts -- all accounts that there are, in config.yaml and credentials/ */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

#define NAME_MAX_LEN ((size_t)4096)

static bool
is_configured(
    const struct th_config *c, const char *service, const char *account)
{
	const struct th_yaml *n = th_yaml_get(c->root, "accounts");

	return th_yaml_get(th_yaml_get(n, service), account) != NULL;
}

static enum th_status
visit_config(const struct th_config *c, th_account_visit *visit, void *ctx)
{
	const struct th_yaml *service, *account;
	enum th_status st = TH_OK;

	service = th_yaml_get(c->root, "accounts");
	for (service = service != NULL ? service->child : NULL;
	     service != NULL && st == TH_OK; service = service->next)
		for (account = service->child; account != NULL && st == TH_OK;
		     account = account->next)
			st = visit(ctx, service->key, account->key);
	return st;
}

/* SERVICE.ACCOUNT.json, of an account that config.yaml does not have. */
static enum th_status
visit_file(const struct th_config *c, const char *file, th_account_visit *visit,
    void *ctx)
{
	const char *dot = strchr(file, '.');
	size_t len = 0;
	char *service, *account;
	enum th_status st = TH_OK;

	if (file[0] == '.' || dot == NULL || !th_key_ends(dot, ".json", &len) ||
	    len < 2)
		return TH_OK;
	service = th_strndup(file, (size_t)(dot - file));
	account = th_strndup(dot + 1, len - 1);
	if (service == NULL || account == NULL)
		st = TH_ENOMEM;
	else if (!is_configured(c, service, account))
		st = visit(ctx, service, account);
	free(service);
	free(account);
	return st;
}

static int
name_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

enum th_status
th_config_accounts(const struct th_config *c, th_account_visit *visit,
    void *ctx, struct th_err *err)
{
	struct dirent **list = NULL;
	struct th_buf path;
	enum th_status st;
	int i, n = 0;

	th_buf_init(&path, NAME_MAX_LEN);
	st = th_path_config("credentials", &path, err);
	if (st == TH_OK)
		st = visit_config(c, visit, ctx);
	if (st == TH_OK)
		n = scandir(path.data, &list, NULL, name_order);
	if (n < 0 && errno == ENOMEM)
		st = TH_ENOMEM;
	for (i = 0; i < n; i++) {
		if (st == TH_OK)
			st = visit_file(c, list[i]->d_name, visit, ctx);
		free(list[i]);
	}
	free(list);
	th_buf_release(&path);
	return st == TH_ENOMEM ? th_fail(err, st, "out of memory") : st;
}

/* a configuration given away: no secret is left in it, and it can be read */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Every key is one here but "plain". */
static bool
secret(void *ctx, const char *service, const char *key)
{
	(void)ctx;
	(void)service;
	return strcmp(key, "plain") != 0;
}

/* Values of accounts are empty or come from elsewhere. */
static void
check_accounts(const struct th_yaml *accounts)
{
	const struct th_yaml *service, *account, *v;

	for (service = accounts->child; service != NULL;
	     service = service->next)
		for (account = service->child; account != NULL;
		     account = account->next)
			for (v = account->child; v != NULL; v = v->next)
				if (v->kind == TH_YAML_TEXT &&
				    strcmp(v->key, "plain") != 0 &&
				    strstr(v->key, "_env") == NULL &&
				    strstr(v->key, "_command") == NULL &&
				    v->text[0] != '\0')
					abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct th_str text = { (const char *)data, size };
	const struct th_yaml *accounts;
	struct th_yaml *root;
	struct th_buf ret, left;

	th_buf_init(&ret, 1 << 20);
	th_buf_init(&left, 1 << 20);
	if (size < 1 << 16 && th_config_share(text, "x", secret, NULL, &ret,
				  &left, NULL) == TH_OK) {
		if (th_yaml_parse(th_buf_str(&ret), "y", &root, NULL) != TH_OK)
			abort();
		accounts = th_yaml_get(root, "accounts");
		if (accounts != NULL && accounts->kind == TH_YAML_MAP)
			check_accounts(accounts);
		th_yaml_free(root);
	}
	th_buf_release(&ret);
	th_buf_release(&left);
	return 0;
}

/* any bytes as config.yaml, then everything that is looked up in one */
#include <stdlib.h>

#include "trigger.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_str text = { (const char *)data, size };
	struct th_account *account = NULL;
	struct th_config *config = NULL;
	struct th_limit limit;
	struct th_err err = { 0 };

	setenv("TH_HOME", "/nonexistent", 1);
	if (th_config_parse(text, "fuzz", &config, &err) != TH_OK)
		return 0;
	if (th_config_store(config) == NULL || th_config_search(config) == NULL)
		abort();
	th_config_limit(config, "a", "default", &limit);
	free(th_config_environ(config));
	if (th_account_new(config, "a", "default", NULL, &account, &err) ==
	    TH_OK) {
		th_account_get(account, "base_url");
		th_account_has(account, "token");
	}
	th_account_free(account);
	th_config_free(config);
	return 0;
}

/* complete-service -- services and accounts for the shell to offer */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "services.h"

/* Can it be read from, written to, logged in to? */
static bool
does(const struct th_service *s, unsigned which)
{
	if (which == TH_P_FETCH)
		return s->fetch != NULL;
	if (which == TH_P_PUBLISH)
		return s->publish != NULL;
	return s->auth != TH_AUTH_NONE;
}

const struct th_param *
cmd_service_params(const char *word)
{
	const struct th_service *s;
	char *name = th_strndup(word, strcspn(word, ":"));

	s = name != NULL ? th_service_find(name) : NULL;
	free(name);
	return s != NULL ? s->params : NULL;
}

/* Is there a program for this name, which no service has? */
static bool
is_external(unsigned which, const char *name)
{
	struct th_buf path;
	bool is;

	if (which == TH_P_LOGIN)
		return false;
	th_buf_init(&path, TH_LINE_MAX);
	is = th_external_find(cmd_service_kind(which), name, &path) == TH_OK;
	th_buf_release(&path);
	return is;
}

static enum th_status
offer_program(void *ctx, const char *name, const char *path)
{
	(void)ctx;
	(void)path;
	cmd_offer(name, "a program on PATH");
	return TH_OK;
}

static enum th_status
offer_account(void *ctx, const char *service, const char *account)
{
	const unsigned *which = ctx;
	const struct th_service *s = th_service_find(service);
	struct th_buf word;

	if (strcmp(account, "default") == 0 ||
	    !(s != NULL ? does(s, *which) : is_external(*which, service)))
		return TH_OK;
	th_buf_init(&word, TH_LINE_MAX);
	if (th_buf_addf(&word, "%s:%s", service, account) == TH_OK)
		cmd_offer(word.data, s != NULL ? s->summary : NULL);
	th_buf_release(&word);
	return TH_OK;
}

void
cmd_offer_services(unsigned which)
{
	struct th_config *config = NULL;
	size_t i;

	for (i = 0; th_services[i] != NULL; i++)
		if (does(th_services[i], which))
			cmd_offer(
			    th_services[i]->name, th_services[i]->summary);
	if (which != TH_P_LOGIN)
		th_external_each(cmd_service_kind(which), offer_program, NULL);
	/* A configuration with a mistake in it is for the program to tell. */
	if (th_config_load(cmd_config, &config, NULL) == TH_OK)
		th_config_accounts(config, offer_account, &which, NULL);
	th_config_free(config);
}

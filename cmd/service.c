/* service -- SERVICE[:ACCOUNT] of a command line */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "services.h"

void
cmd_split_service(const char *word, char **ret_name, const char **ret_account)
{
	size_t len = strcspn(word, ":");
	char *name = cmd_need(th_strndup(word, len));
	const char *account = word[len] == ':' ? word + len + 1 : "default";

	if (name[0] == '\0' || account[0] == '\0')
		cmd_usage("not a service: %s", word);
	*ret_name = name;
	*ret_account = account;
}

void
cmd_unknown_service(const char *name)
{
	const char *near = th_service_suggest(name);

	if (near != NULL)
		cmd_usage("unknown service %s (did you mean %s?)", name, near);
	cmd_usage("unknown service %s; --list names those there are", name);
}

/* A limit for a name that is misspelt would bind nobody, silently. */
static void
check_limit(void *ctx, const char *whom, const char *place)
{
	char *name = th_strndup(whom, strcspn(whom, ":"));
	const char *near;
	struct th_buf path;

	(void)ctx;
	th_buf_init(&path, TH_LINE_MAX);
	if (name != NULL && th_service_find(name) == NULL &&
	    th_external_find("publish", name, &path) == TH_END) {
		near = th_service_suggest(name);
		cmd_warn(
		    "%s: %.64s: a limit for a service that is not here%s%s%s",
		    place, whom, near != NULL ? " (did you mean " : "",
		    near != NULL ? near : "", near != NULL ? "?)" : "");
	}
	free(name);
	th_buf_release(&path);
}

void
cmd_check_limits(const struct th_config *config)
{
	th_config_limits(config, check_limit, NULL);
}

/* complete-service -- services and accounts for the shell to offer */
#include <dirent.h>
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

static const char *
kind_of(unsigned which)
{
	return which == TH_P_FETCH ? "fetch" : "publish";
}

/* Is it a program that is run for this name, and not hidden by another? */
static bool
is_external(unsigned which, const char *name, const char *dir, size_t len)
{
	struct th_buf path;
	bool is;

	if (which == TH_P_LOGIN || th_service_find(name) != NULL)
		return false;
	th_buf_init(&path, TH_LINE_MAX);
	is = th_external_find(kind_of(which), name, &path) == TH_OK &&
	     (dir == NULL || (strncmp(path.data, dir, len) == 0 &&
				 strrchr(path.data, '/') == path.data + len));
	th_buf_release(&path);
	return is;
}

static void
offer_programs(unsigned which, const char *dir, size_t len)
{
	char path[4096], prefix[16];
	size_t n;
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "%.*s", (int)len, dir);
	n = (size_t)snprintf(prefix, sizeof(prefix), "th-%s-", kind_of(which));
	if (len == 0 || len >= sizeof(path) || (d = opendir(path)) == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (strncmp(e->d_name, prefix, n) == 0 &&
		    is_external(which, e->d_name + n, dir, len))
			cmd_offer(e->d_name + n, "a program on PATH");
	closedir(d);
}

static enum th_status
offer_account(void *ctx, const char *service, const char *account)
{
	const unsigned *which = ctx;
	const struct th_service *s = th_service_find(service);
	struct th_buf word;

	if (strcmp(account, "default") == 0 ||
	    !(s != NULL ? does(s, *which)
			: is_external(*which, service, NULL, 0)))
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
	const char *dir = getenv("PATH");
	struct th_config *config = NULL;
	size_t i, len;

	for (i = 0; th_services[i] != NULL; i++)
		if (does(th_services[i], which))
			cmd_offer(
			    th_services[i]->name, th_services[i]->summary);
	for (; dir != NULL && which != TH_P_LOGIN; dir += len + 1) {
		len = strcspn(dir, ":");
		offer_programs(which, dir, len);
		if (dir[len] == '\0')
			break;
	}
	/* A configuration with a mistake in it is for the program to tell. */
	if (th_config_load(cmd_config, &config, NULL) == TH_OK)
		th_config_accounts(config, offer_account, &which, NULL);
	th_config_free(config);
}

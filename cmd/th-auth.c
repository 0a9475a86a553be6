/* th-auth -- log in at services and look after the tokens */
#include <stdlib.h>
#include <string.h>

#include "auth.h"
#include "services.h"

enum {
	OPT_METHOD = 256,
	OPT_NO_BROWSER,
	OPT_PASTE,
	OPT_PORT,
	OPT_TIMEOUT,
	OPT_TOKEN_STDIN,
	OPT_USER
};

static const struct cmd_option login_options[] = {
	{ "method", OPT_METHOD, "NAME",
	    "one of the ways that the service has: oauth1, oauth2, token..." },
	{ "no-browser", OPT_NO_BROWSER, NULL,
	    "print the address; open no browser" },
	{ "paste", OPT_PASTE, NULL,
	    "read the code or address that the service shows from standard "
	    "input" },
	{ "port", OPT_PORT, "N",
	    "the port on 127.0.0.1 that the browser comes back to (default: "
	    "any)" },
	{ "timeout", OPT_TIMEOUT, "DURATION",
	    "how long to wait for the browser (default 10m)" },
	{ "token-stdin", OPT_TOKEN_STDIN, NULL,
	    "read a token that you have from standard input" },
	{ "user", OPT_USER, "NAME",
	    "the user name, where a service wants name and password" },
	{ NULL, 0, NULL, NULL },
};
static const struct cmd_option no_options[] = { { NULL, 0, NULL, NULL } };

/* many: works on each account named, on all of them when none is. */
static const struct command {
	struct cmd sub;
	void (*run)(struct auth *, struct auth_account *);
	bool many;
} commands[] = {
	{ { .name = "login",
	      .summary = "Log in at a service and keep the tokens.",
	      .synopsis = "SERVICE[:ACCOUNT] [OPTION]...",
	      .options = login_options },
	    auth_login, false },
	{ { .name = "list",
	      .summary = "Print a line for each account: service, account, way "
			 "of login, settings, end.",
	      .synopsis = "[SERVICE[:ACCOUNT]]...",
	      .options = no_options },
	    auth_list, true },
	{ { .name = "check",
	      .summary = "Ask the services whose the tokens are and how long "
			 "they last.",
	      .synopsis = "[SERVICE[:ACCOUNT]]...",
	      .options = no_options },
	    auth_check, true },
	{ { .name = "refresh",
	      .summary = "Renew tokens now.",
	      .synopsis = "[SERVICE[:ACCOUNT]]...",
	      .options = no_options },
	    auth_refresh, true },
	{ { .name = "logout",
	      .summary = "Make the tokens void, where the service can, and "
			 "forget them.",
	      .synopsis = "SERVICE[:ACCOUNT]",
	      .options = no_options },
	    auth_logout, false },
};
#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static void
command_tables(const char *word, struct cmd *ret,
    const struct th_param **ret_params, unsigned *ret_which)
{
	size_t i;

	(void)ret_params;
	(void)ret_which;
	for (i = 0; i < NCOMMANDS; i++)
		if (strcmp(commands[i].sub.name, word) == 0)
			*ret = commands[i].sub;
}

static void
offer(const char *command, const char *kind)
{
	(void)command;
	if (strcmp(kind, "SERVICE[:ACCOUNT]") == 0)
		cmd_offer_services(TH_P_LOGIN);
}

static const struct cmd program = {
	.name = "th-auth",
	.summary = "Log in at services and look after the tokens.",
	.synopsis = "login SERVICE[:ACCOUNT] [OPTION]...\n"
		    "list [SERVICE[:ACCOUNT]]...\n"
		    "check [SERVICE[:ACCOUNT]]...\n"
		    "refresh [SERVICE[:ACCOUNT]]...\n"
		    "logout SERVICE[:ACCOUNT]",
	.options = no_options,
	.note = "th-auth login --help lists the options of login.",
	.sub = command_tables,
	.offer = offer,
};

/* ---- accounts ---- */

static const struct th_service *
service_of(const char *name)
{
	const struct th_service *s = th_service_find(name);
	const char *near;

	if (s != NULL)
		return s;
	near = th_service_suggest(name);
	if (near != NULL)
		cmd_usage("unknown service %s (did you mean %s?)", name, near);
	cmd_usage("unknown service %s", name);
}

bool
auth_open(struct auth *a, const char *word, struct auth_account *ret)
{
	struct th_account *account = NULL;
	struct th_err err = { 0 };
	size_t len = strcspn(word, ":");
	const char *name = word[len] == ':' ? word + len + 1 : "default";
	struct th_buf b;
	enum th_status st;

	th_buf_init(&b, TH_LINE_MAX);
	th_buf_add(&b, word, len);
	cmd_check(b.status, NULL);
	ret->service = service_of(th_buf_str(&b).s != NULL ? b.data : "");
	th_buf_clear(&b);
	th_buf_addf(&b, "%s:%s", ret->service->name, name);
	st = th_account_new(a->config, ret->service->name, name,
	    ret->service->params, &account, &err);
	if (st != TH_OK) {
		th_buf_release(&b);
		cmd_warn("%s", err.text);
		cmd_note(st);
		return false;
	}
	ret->session = cmd_need(th_session_new(
	    ret->service, a->config, account, NULL, cmd_session_say, NULL));
	ret->name = cmd_need(th_buf_take(&b));
	th_buf_release(&b);
	return true;
}

void
auth_close(struct auth_account *acc)
{
	th_session_free(acc->session);
	free(acc->name);
	*acc = (struct auth_account){ 0 };
}

void
auth_warn(const struct auth_account *acc, enum th_status st)
{
	const char *text = th_session_err(acc->session)->text;

	cmd_warn(
	    "%s: %s", acc->name, text[0] != '\0' ? text : th_strstatus(st));
	cmd_note(st);
}

/* ---- running ---- */

struct job {
	struct auth *auth;
	const struct command *command;
	size_t n; /* accounts that were found */
};

static void
run_one(const struct job *j, const char *word)
{
	struct auth_account acc = { 0 };

	if (!auth_open(j->auth, word, &acc))
		return;
	j->command->run(j->auth, &acc);
	auth_close(&acc);
}

/* One of all: those of scripts and of services that need no login are passed.
 */
static enum th_status
run_found(void *ctx, const char *service, const char *account)
{
	const struct th_service *s = th_service_find(service);
	struct job *j = ctx;
	struct th_buf b;

	if (s == NULL || s->auth == TH_AUTH_NONE)
		return TH_OK;
	th_buf_init(&b, TH_LINE_MAX);
	th_buf_addf(&b, "%s:%s", service, account);
	cmd_check(b.status, NULL);
	j->n++;
	run_one(j, b.data);
	th_buf_release(&b);
	return TH_OK;
}

static void
run(struct job *j, int argc, char *argv[])
{
	struct th_err err = { 0 };
	int i;

	cmd_check_operands(j->command->sub.name, (size_t)(argc - optind),
	    j->command->many ? 0 : 1, j->command->many ? SIZE_MAX : 1);
	for (i = optind; i < argc; i++)
		run_one(j, argv[i]);
	if (optind == argc)
		cmd_check(
		    th_config_accounts(j->auth->config, run_found, j, &err),
		    &err);
	if (optind == argc && j->n == 0)
		cmd_say(0, "no account yet; th-auth login SERVICE makes one");
}

static void
set_option(struct auth *a, int c, const char *arg)
{
	int64_t n;

	switch (c) {
	case OPT_METHOD: a->method = arg; break;
	case OPT_NO_BROWSER: a->no_browser = true; break;
	case OPT_PASTE: a->paste = true; break;
	case OPT_PORT:
		n = cmd_int("--port", arg, 0);
		if (n > 65535)
			cmd_usage("--port: at most 65535: %s", arg);
		a->port = (unsigned)n;
		break;
	case OPT_TIMEOUT: a->timeout = cmd_duration("--timeout", arg); break;
	case OPT_TOKEN_STDIN: a->token_stdin = true; break;
	case OPT_USER: a->user = arg; break;
	}
}

int
main(int argc, char *argv[])
{
	struct auth a = { .timeout = 600 };
	struct th_err err = { 0 };
	struct job j = { .auth = &a };
	int c;

	cmd_init(&program);
	while ((c = cmd_getopt(argc, argv, true)) != -1)
		set_option(&a, c, optarg);
	if (optind == argc)
		cmd_usage("name a command");
	j.command = &commands[cmd_find_command(
	    argv[optind], commands, NCOMMANDS, sizeof(*commands))];
	while ((c = cmd_getopt_more(
		    argc, argv, &j.command->sub, NULL, 0, NULL)) != -1)
		set_option(&a, c, optarg);
	cmd_check(th_config_load(cmd_config, &a.config, &err), &err);
	run(&j, argc, argv);
	th_config_free(a.config);
	return cmd_finish();
}

/* list -- --list: the services, what each can do, which accounts are set up */
#include <string.h>

#include "cmd.h"
#include "services.h"

struct listing {
	const struct th_config *config;
	unsigned which;
	const char *name;
	const struct th_param *params; /* NULL: of a program */
	bool login;
	struct th_buf *out;
	bool any; /* an account was told of */
};

/* What is wrong with it, in brackets; "" when it is logged in. */
static const char *
state_of(const struct listing *l, const char *account)
{
	struct th_account *a = NULL;
	const char *state = "";

	if (th_account_new(l->config, l->name, account, l->params, &a, NULL) !=
	    TH_OK)
		return " (cannot be read: see th-auth list)";
	if (l->login && !th_account_logged_in(a))
		state = " (not logged in)";
	th_account_free(a);
	return state;
}

static enum th_status
add_account(void *ctx, const char *service, const char *account)
{
	struct listing *l = ctx;

	if (strcmp(service, l->name) != 0)
		return TH_OK;
	th_buf_addf(l->out, "%s%s%s", l->any ? ", " : "; accounts: ", account,
	    state_of(l, account));
	l->any = true;
	return l->out->status;
}

static void
add_line(struct listing *l, bool reads, bool writes, const char *summary)
{
	th_buf_addf(l->out, "%-12s %-11s  %s", l->name,
	    reads && writes ? "read, write"
	    : reads         ? "read"
			    : "write",
	    summary);
}

static void
add_accounts(struct listing *l)
{
	struct th_err err = { 0 };
	enum th_status st = TH_OK;

	l->any = false;
	if (l->config != NULL)
		st = th_config_accounts(l->config, add_account, l, &err);
	if (st != TH_OK) {
		cmd_warn("%s", err.text);
		cmd_note(st);
	}
	th_buf_addc(l->out, '\n');
}

static void
add_service(struct listing *l, const struct th_service *s)
{
	l->name = s->name;
	l->params = s->params;
	l->login = s->login != NULL;
	add_line(l, s->fetch != NULL, s->publish != NULL, s->summary);
	if (s->closed != NULL)
		th_buf_addf(l->out, "; closed %s", s->closed);
	add_accounts(l);
}

/* It does what is listed; the other direction is another program's, if any. */
static enum th_status
add_program(void *ctx, const char *name, const char *path)
{
	struct listing *l = ctx;

	l->name = name;
	l->params = NULL;
	l->login = false;
	add_line(l, l->which == TH_P_FETCH, l->which == TH_P_PUBLISH, path);
	add_accounts(l);
	return l->out->status;
}

const char *
cmd_service_kind(unsigned which)
{
	return which == TH_P_FETCH ? "fetch" : "publish";
}

void
cmd_list_services(unsigned which)
{
	struct th_config *config = NULL;
	struct th_err err = { 0 };
	struct th_buf b;
	struct listing l = { .which = which, .out = &b };
	const struct th_service *s;
	enum th_status st;
	size_t i;

	st = th_config_load(cmd_config, &config, &err);
	if (st != TH_OK) { /* the list is right without it */
		cmd_warn("%s", err.text);
		cmd_note(st);
	}
	th_buf_init(&b, TH_LINE_MAX);
	l.config = config;
	for (i = 0; (s = th_services[i]) != NULL; i++)
		if (which == TH_P_FETCH ? s->fetch != NULL : s->publish != NULL)
			add_service(&l, s);
	th_external_each(cmd_service_kind(which), add_program, &l);
	th_config_free(config);
	cmd_print(&b);
}

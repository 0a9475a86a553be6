/* auth-list -- th-auth list, check, refresh, logout */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "auth.h"

#define DAY 86400

/* Which of its settings that an account can have are there. */
static void
add_settings(struct th_buf *b, const struct auth_account *acc)
{
	const struct th_param *p = acc->service->params;
	size_t start = b->len;

	for (; p != NULL && p->name != NULL; p++)
		if ((p->flags & TH_P_ACCOUNT) != 0 &&
		    strcmp(p->name, "expires_at") != 0 &&
		    th_session_has(acc->session, p->name))
			th_buf_addf(
			    b, "%s%s", b->len > start ? "," : "", p->name);
	if (b->len == start)
		th_buf_addc(b, '-');
}

/* Is the account one that renews its tokens by itself? */
static bool
renews(const struct auth_account *acc)
{
	return th_session_has(acc->session, "refresh_token");
}

static void
add_end(struct th_buf *b, const struct auth_account *acc)
{
	const char *end = th_session_setting(acc->session, "expires_at");

	th_buf_adds(b, end != NULL ? end : "-");
	if (renews(acc))
		th_buf_adds(b, " (renewed as needed)");
}

void
auth_list(struct auth *a, struct auth_account *acc)
{
	const struct th_login *way = th_login_way(acc->session, NULL);
	struct th_buf b;

	(void)a;
	th_buf_init(&b, TH_LINE_MAX);
	th_buf_addf(&b, "%s\t%s\t%s\t", acc->service->name,
	    th_session_account(acc->session), way != NULL ? way->name : "-");
	add_settings(&b, acc);
	th_buf_addc(&b, '\t');
	add_end(&b, acc);
	cmd_print_line(&b);
}

static void
add_days(struct th_buf *b, int64_t end)
{
	int64_t left = end - th_now();

	if (end == 0)
		th_buf_adds(b, "no end known");
	else if (left <= 0)
		th_buf_adds(b, "ended");
	else
		th_buf_addf(b, "%" PRId64 " days left", left / DAY);
}

void
auth_check(struct auth *a, struct auth_account *acc)
{
	struct th_identity who = { 0 };
	struct th_buf b;
	enum th_status st;

	(void)a;
	if (acc->service->whoami == NULL) {
		cmd_say(0, "%s: the service cannot be asked", acc->name);
		return;
	}
	st = acc->service->whoami(acc->session, &who);
	if (st == TH_EREFUSED)
		st = TH_EUNAVAIL; /* no item is refused here */
	if (st != TH_OK) {
		auth_warn(acc, st);
		free(who.name);
		return;
	}
	th_buf_init(&b, TH_LINE_MAX);
	th_buf_addf(&b, "%s\t%s\t%s\t", acc->service->name,
	    th_session_account(acc->session),
	    who.name != NULL ? who.name : "-");
	if (renews(acc))
		th_buf_adds(&b, "renewed as needed");
	else
		add_days(&b, who.expires);
	cmd_print_line(&b);
	free(who.name);
}

static bool
needs_login(const struct auth_account *acc)
{
	if (acc->service->login == NULL)
		cmd_say(0, "%s: needs no login", acc->name);
	return acc->service->login != NULL;
}

/* Says how to log in when it is not. */
static bool
is_logged_in(const struct auth_account *acc)
{
	bool settings = th_login_way(acc->session, NULL) != NULL;

	if (th_session_logged_in(acc->session))
		return true;
	cmd_warn("%s: not logged in; th-auth login %s%s", acc->name, acc->name,
	    settings ? "" : " says what it needs");
	cmd_note(settings ? TH_EAUTH : TH_ECONFIG);
	return false;
}

void
auth_refresh(struct auth *a, struct auth_account *acc)
{
	enum th_status st;

	(void)a;
	if (!renews(acc)) {
		if (needs_login(acc) && is_logged_in(acc))
			cmd_say(
			    0, "%s: has no tokens that are renewed", acc->name);
		return;
	}
	st = th_session_renew(acc->session);
	if (st != TH_OK)
		auth_warn(acc, st);
	else
		cmd_say(0, "%s: renewed", acc->name);
}

/* Tokens of config.yaml outlive a logout: they are the user's to take out. */
static void
warn_of_config(const struct auth_account *acc, enum th_status st)
{
	if (st == TH_OK) {
		cmd_warn("%s: config.yaml still has its tokens; take them out",
		    acc->name);
		return;
	}
	cmd_warn("%s: its tokens stand in config.yaml, and %s cannot make "
		 "them void; take them out",
	    acc->name, acc->service->name);
	cmd_note(TH_ECONFIG);
}

void
auth_logout(struct auth *a, struct auth_account *acc)
{
	bool was_in = th_session_logged_in(acc->session);
	enum th_status st;

	(void)a;
	if (!needs_login(acc))
		return;
	st = th_login_end(acc->session);
	if (st != TH_OK && st != TH_END)
		auth_warn(acc, st);
	else if (!was_in && st == TH_END)
		cmd_say(0, "%s: was not logged in", acc->name);
	else if (st == TH_OK)
		cmd_say(0, "%s: logged out", acc->name);
	if ((st == TH_OK || st == TH_END) && th_session_logged_in(acc->session))
		warn_of_config(acc, st);
}

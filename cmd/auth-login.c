/* auth-login -- th-auth login: the person, the browser, the service */
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "auth.h"

#define ANSWER_MAX ((size_t)64 << 10)
#define CALLBACK "/callback"

/* ---- asking ---- */

/*
 * Reads up to a newline and no further: the rest may be for others.  TH_END:
 * there was none, nor anything else.
 */
static enum th_status
read_line(struct th_buf *ret)
{
	ssize_t n;
	char c;

	for (;;) {
		n = read(STDIN_FILENO, &c, 1);
		if (n < 0 && !th_interrupted)
			return TH_EIO;
		if (n < 0)
			return TH_EAGAIN;
		if (n == 0 && ret->len == 0)
			return TH_END;
		if (n == 0 || c == '\n')
			return ret->status;
		if (c != '\r')
			th_buf_addc(ret, c);
	}
}

void
auth_ask(const char *prompt, bool secret, struct th_secret *ret)
{
	bool person = isatty(STDIN_FILENO) == 1;
	struct termios before, quiet;
	bool hidden = person && secret && tcgetattr(STDIN_FILENO, &before) == 0;
	struct th_buf line;
	enum th_status st;

	th_buf_init(&line, ANSWER_MAX);
	cmd_check(th_buf_reserve(&line, ANSWER_MAX), NULL);
	if (hidden) {
		quiet = before;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	if (person)
		cmd_warn("%s:", prompt);
	st = read_line(&line);
	if (hidden)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	if (st == TH_END || (st == TH_OK && line.len == 0))
		cmd_die(TH_EAUTH, "standard input: no %s", prompt);
	if (st != TH_OK)
		cmd_die(st == TH_EDATA ? TH_EAUTH : st, "standard input: %s",
		    th_strstatus(st));
	ret->value = cmd_need(th_buf_take(&line));
}

/* ---- the browser ---- */

static bool
has_desktop(void)
{
	const char *x = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");

	return (x != NULL && *x != '\0') ||
	       (wayland != NULL && *wayland != '\0');
}

void
auth_browse(const struct auth *a, const char *address)
{
	char program[] = "xdg-open", *copy;
	posix_spawn_file_actions_t actions;
	char **environment;
	pid_t pid;

	if (a->no_browser || a->paste || !has_desktop())
		return;
	copy = th_strdup(address);
	environment = th_config_environ(a->config);
	if (copy != NULL && environment != NULL &&
	    posix_spawn_file_actions_init(&actions) == 0) {
		char *argv[] = { program, copy, NULL };

		/* It may outlive us; that it fails is no matter. */
		posix_spawn_file_actions_addopen(
		    &actions, 0, "/dev/null", O_RDONLY, 0);
		posix_spawn_file_actions_addopen(
		    &actions, 1, "/dev/null", O_WRONLY, 0);
		posix_spawn_file_actions_adddup2(&actions, 1, 2);
		if (posix_spawnp(
			&pid, program, &actions, NULL, argv, environment) != 0)
			cmd_say(1, "no browser could be opened");
		posix_spawn_file_actions_destroy(&actions);
	}
	free(environment);
	free(copy);
}

/* The address goes to standard output, alone on its line, and out at once. */
static void
show_address(const struct auth *a, const struct th_login_flow *flow)
{
	const char *address = th_login_address(flow);

	if (address == NULL)
		return;
	cmd_say(0, "open this address in a browser, and allow it there:");
	th_out_line(&cmd_out, th_str(address));
	th_out_flush(&cmd_out);
	if (th_login_user_code(flow) != NULL)
		cmd_say(
		    0, "the code to type there: %s", th_login_user_code(flow));
	auth_browse(a, address);
}

/* A line, whatever is in it. */
static void
await_word(const char *prompt)
{
	struct th_buf line;
	enum th_status st;

	th_buf_init(&line, ANSWER_MAX);
	if (isatty(STDIN_FILENO) == 1)
		cmd_warn("%s:", prompt);
	st = read_line(&line);
	th_buf_release(&line);
	if (st == TH_END)
		cmd_die(TH_EAUTH, "standard input: no %s", prompt);
	cmd_check(st, NULL);
}

/* ---- the ways ---- */

static struct th_listener *
listen_for(struct auth *a, struct th_buf *redirect)
{
	struct th_listener *l = NULL;
	struct th_err err = { 0 };

	if (!a->paste)
		cmd_check(th_listen_open(a->port, &l, &err), &err);
	if (l != NULL)
		th_buf_addf(redirect, "http://127.0.0.1:%u" CALLBACK,
		    th_listen_port(l));
	else if (a->port != 0)
		th_buf_addf(redirect, "http://127.0.0.1:%u" CALLBACK, a->port);
	cmd_check(redirect->status, NULL);
	return l;
}

/* Pocket's redirect carries nothing; the person says when it is done. */
static enum th_status
wait_for(struct auth *a, struct th_listener *l, const struct th_login *way,
    struct th_login_flow *flow, struct th_buf *answer, struct th_err *err)
{
	struct th_secret typed = { NULL };
	enum th_status st;

	if (way->kind == TH_LOGIN_DEVICE)
		return TH_OK;
	if (l != NULL)
		return th_listen_wait(l, CALLBACK, a->timeout, th_login_accept,
		    flow, answer, err);
	if (way->kind == TH_LOGIN_POCKET) {
		await_word("Enter, when it is allowed");
		return TH_OK;
	}
	auth_ask("code or address it led to", true, &typed);
	st = th_buf_adds(answer, typed.value);
	th_secret_release(&typed);
	return st;
}

/* Sends the person to a page and waits until the browser comes back. */
static enum th_status
by_browser(struct auth *a, struct auth_account *acc, const struct th_login *way)
{
	struct th_err *err = th_session_err(acc->session);
	struct th_login_flow *flow = NULL;
	struct th_listener *l = NULL;
	struct th_buf redirect, answer;
	enum th_status st;

	th_buf_init(&redirect, 256);
	th_buf_init(&answer, ANSWER_MAX);
	if (way->kind != TH_LOGIN_DEVICE)
		l = listen_for(a, &redirect);
	st = th_login_begin(acc->session, way,
	    l != NULL || (redirect.len > 0 && way->kind == TH_LOGIN_OAUTH2)
		? redirect.data
		: NULL,
	    &flow);
	if (st == TH_OK) {
		show_address(a, flow);
		st = wait_for(a, l, way, flow, &answer, err);
	}
	th_listen_close(l);
	if (st == TH_OK)
		st = th_login_finish(acc->session, flow, th_buf_str(&answer));
	th_login_flow_free(flow);
	th_buf_release(&redirect);
	th_buf_wipe(&answer);
	return st;
}

static enum th_status
by_token(struct auth *a, struct auth_account *acc, const struct th_login *way)
{
	struct th_login_flow *flow = NULL;
	struct th_secret token = { NULL };
	enum th_status st;

	st = th_login_begin(acc->session, way, NULL, &flow);
	if (st != TH_OK)
		return st;
	if (!a->token_stdin) {
		if (th_login_address(flow) == NULL)
			cmd_say(0, "%s", way->help);
		show_address(a, flow);
	}
	auth_ask("token", true, &token);
	st = th_login_token(acc->session, way, &token);
	th_secret_release(&token);
	th_login_flow_free(flow);
	return st;
}

static enum th_status
by_password(
    struct auth *a, struct auth_account *acc, const struct th_login *way)
{
	struct th_secret user = { NULL }, password = { NULL };
	enum th_status st;

	if (a->user == NULL)
		auth_ask("user name", false, &user);
	auth_ask("password", true, &password);
	st = th_login_password(acc->session, way,
	    a->user != NULL ? a->user : user.value, &password);
	th_secret_release(&user);
	th_secret_release(&password);
	return st;
}

/* ---- the command ---- */

static const struct th_login *
token_way(const struct th_login *way)
{
	for (; way->kind != TH_LOGIN_END; way++)
		if (way->kind == TH_LOGIN_TOKEN)
			return way;
	return NULL;
}

/* The sentence for an account that has the settings of no way. */
static void
nothing_fits(const struct auth_account *acc)
{
	const struct th_login *way = acc->service->login;

	for (; way->kind != TH_LOGIN_END; way++)
		cmd_say(0, "%s: %s: needs %s (%s)", acc->service->name,
		    way->name, way->needs, way->help);
	cmd_die(TH_ECONFIG,
	    "account %s has the settings of no way to log in; put them into "
	    "config.yaml",
	    acc->name);
}

/* A service that closed has no address of its own to log in at. */
static void
check_address(const struct auth_account *acc)
{
	struct th_buf url;
	enum th_status st = TH_OK;

	th_buf_init(&url, ANSWER_MAX);
	if (acc->service->closed != NULL)
		st = th_session_url(acc->session, NULL, "/", &url);
	th_buf_release(&url);
	if (st != TH_OK)
		cmd_die(st, "%s: %s", acc->name,
		    th_session_err(acc->session)->text);
}

static const struct th_login *
choose(const struct auth *a, const struct auth_account *acc)
{
	const struct th_login *way;

	if (acc->service->login == NULL)
		cmd_die(TH_EUSAGE, "%s needs no login", acc->service->name);
	check_address(acc);
	if (a->token_stdin) {
		if ((way = token_way(acc->service->login)) == NULL)
			cmd_usage("--token-stdin: %s is not given a token",
			    acc->service->name);
		return way;
	}
	if ((way = th_login_way(acc->session, a->method)) != NULL)
		return way;
	if (a->method != NULL)
		cmd_usage("--method: %s has none called %s", acc->service->name,
		    a->method);
	nothing_fits(acc);
	return NULL;
}

/* What config.yaml says goes first: say so when that makes the login useless.
 */
static void
warn_shadowed(const struct auth_account *acc, const struct th_login *way)
{
	const char *eq = strchr(way->keeps, '='), *key = way->keeps;
	struct th_buf name, print;

	if (eq != NULL && (size_t)(eq - key) < strcspn(key, " "))
		key = eq + 1;
	th_buf_init(&name, 256);
	th_buf_init(&print, 256);
	th_buf_add(&name, key, strcspn(key, " "));
	cmd_check(name.status, NULL);
	if (!th_session_has(acc->session, "replaces") &&
	    th_session_fingerprint(acc->session, name.data, &print) == TH_OK)
		cmd_warn("%s: config.yaml has a %s of its own, which goes "
			 "first; take it out",
		    acc->name, name.data);
	th_buf_release(&name);
	th_buf_release(&print);
}

/* What is there before a token that a person gives takes its place; or NULL. */
static struct th_creds *
keep_old(const struct auth_account *acc, const struct th_login *way)
{
	struct th_creds *old = NULL;
	struct th_err err = { 0 };
	enum th_status st;

	if (way->kind != TH_LOGIN_TOKEN)
		return NULL;
	st = th_creds_read(
	    acc->service->name, th_session_account(acc->session), &old, &err);
	if (st == TH_ENOMEM)
		cmd_check(st, &err);
	return old;
}

/* A token that the service refuses changes nothing. */
static void
put_back(const struct auth_account *acc, const struct th_creds *old)
{
	struct th_creds *now = NULL;
	struct th_err err = { 0 };
	enum th_status st;

	st = th_creds_lock(
	    acc->service->name, th_session_account(acc->session), &now, &err);
	if (st == TH_OK)
		st = th_creds_put_back(now, old);
	if (st == TH_OK)
		st = old != NULL ? th_creds_commit(now, &err)
				 : th_creds_remove(now, &err);
	th_creds_free(now);
	cmd_check(st, &err);
}

void
auth_login(struct auth *a, struct auth_account *acc)
{
	const struct th_login *way = choose(a, acc);
	struct th_creds *old = keep_old(acc, way);
	struct th_identity who = { 0 };
	enum th_status st;

	if (way->kind == TH_LOGIN_TOKEN)
		st = by_token(a, acc, way);
	else if (way->kind == TH_LOGIN_XAUTH || way->kind == TH_LOGIN_PASSWORD)
		st = by_password(a, acc, way);
	else
		st = by_browser(a, acc, way);
	if (st != TH_OK) {
		auth_warn(acc, st);
		th_creds_free(old);
		return;
	}
	warn_shadowed(acc, way);
	if (acc->service->whoami != NULL)
		st = acc->service->whoami(acc->session, &who);
	if (st != TH_OK)
		auth_warn(acc, st);
	if (st == TH_EAUTH && way->kind == TH_LOGIN_TOKEN)
		put_back(acc, old);
	th_creds_free(old);
	if (st == TH_OK)
		cmd_say(0, "%s: logged in%s%s", acc->name,
		    who.name != NULL ? " as " : "",
		    who.name != NULL ? who.name : "");
	free(who.name);
}

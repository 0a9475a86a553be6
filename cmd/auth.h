/*
 * auth.h -- shared between the files of th-auth
 */
#ifndef AUTH_H
#define AUTH_H

#include "cmd.h"

/* What the command line asks for. */
struct auth {
	const char *method; /* --method, or NULL */
	const char *user;   /* --user, or NULL */
	bool paste;         /* --paste */
	bool token_stdin;   /* --token-stdin */
	bool no_browser;    /* --no-browser */
	unsigned port;      /* --port; 0: any */
	int64_t timeout;    /* --timeout, seconds */
	struct th_config *config;
};

/* One account at work, with a session of its own. */
struct auth_account {
	const struct th_service *service;
	char *name; /* SERVICE:ACCOUNT */
	struct th_session *session;
};
/*
 * Opens SERVICE[:ACCOUNT]; an unknown service ends the program, an account that
 * cannot be read is told of and noted (false).
 */
bool auth_open(struct auth *, const char *word, struct auth_account *ret);
void auth_close(struct auth_account *);
/* Says what went wrong with the account and notes it. */
void auth_warn(const struct auth_account *, enum th_status);

/* The subcommands. */
void auth_login(struct auth *, struct auth_account *);
void auth_list(struct auth *, struct auth_account *);
void auth_check(struct auth *, struct auth_account *);
void auth_refresh(struct auth *, struct auth_account *);
void auth_logout(struct auth *, struct auth_account *);

/*
 * A line from standard input, without its newline; on a terminal asked for with
 * the prompt, and not shown when it is secret.  No line ends the program (77).
 */
void auth_ask(const char *prompt, bool secret, struct th_secret *ret);
/* Opens an address in the browser of a desktop session, where there is one. */
void auth_browse(const struct auth *, const char *address);

#endif

/*
 * config.h -- shared between config.c, account.c, secret.c and session.c
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "priv.h"

/* What account.c looks at in a configuration. */
struct th_config {
	char *name;          /* the file, for messages */
	struct th_yaml *root;
	bool exposed;        /* others than the owner can read the file */
	int64_t wait;        /* th_config_wait(); -1: not said */
};

/* Where the store is: store, or what store_command or store_env tells. */
enum th_status th_config_store_url(const struct th_config *,
    struct th_secret *ret, struct th_err *err);

/*
 * Is this account key a secret, going by its name?  For what no table of a
 * service tells about.
 */
bool th_secret_name(const char *key);
/* Takes `suffix` off: *len gets the length of key without it. */
bool th_key_ends(const char *key, const char *suffix, size_t *len);

/*
 * Runs a command by /bin/sh in that environment and takes the first line of
 * what it prints.  At most a minute and 64 KiB.  `what` is for messages.
 */
enum th_status th_command_line(const char *command, char *const *environment,
    const char *what, struct th_secret *ret, struct th_err *err);
/* The sentence for a key that is not set: TH_ECONFIG or TH_EAUTH. */
/* Masks the account's secrets, as far as they were read, in a reply. */
void th_account_mask(const struct th_account *, struct th_reply *);
enum th_status th_account_missing(const struct th_account *, const char *key,
    struct th_err *err);

#endif

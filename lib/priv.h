/*
 * priv.h -- what files of lib/ share among themselves, installed nowhere
 *
 * The policies on top of trigger.h hold here too.
 */
#ifndef TH_PRIV_H
#define TH_PRIV_H

#include "trigger.h"

/* ---- secret.c, path.c ------------------------------------------------------- */

/* Overwrites memory in a way that is not optimized out; NULL is fine. */
void th_wipe(void *, size_t);
/* Makes the directories above a file, for their owner alone. */
enum th_status th_path_make_parent(char *path, struct th_err *err);

/* ---- grant.c: token endpoints, for login.c and token.c ------------------------ */

/* A field of a request; one without value is not sent. */
struct th_field {
	const char *name, *value;
};
/* Who asks, of OAuth 2; a public client has no secret. */
struct th_client {
	struct th_secret id, secret;
};
enum th_status th_grant_client(struct th_session *, struct th_client *ret);
void th_client_release(struct th_client *);
/* Appends an address of the table, on the account's base_url when it has one. */
enum th_status th_grant_endpoint(struct th_session *, const char *address,
    struct th_buf *ret);
/* Makes a POST of fields (a NULL name ends them), as a form or JSON. */
enum th_status th_grant_post(struct th_session *, const struct th_login *,
    const char *address, const struct th_field *, struct th_request *ret);
/* Sends it; a refusal is TH_EAUTH in the words of RFC 6749, 5.2. */
enum th_status th_grant_send(struct th_session *, const struct th_request *,
    struct th_reply *ret);
enum th_status th_grant_refusal(struct th_session *, enum th_status,
    const struct th_reply *);
/* At most 6 fields and the client's own; sent, not judged. */
enum th_status th_grant_ask(struct th_session *, const struct th_login *,
    const char *address, const struct th_field *, struct th_reply *ret);
/* A field that an answer must have. */
enum th_status th_grant_need(struct th_session *, const struct th_reply *,
    const char *name, struct th_secret *ret);
/* Keeps the tokens of an answer; take first sees whether it is one. */
enum th_status th_grant_keep(struct th_session *, const struct th_login *,
    const struct th_reply *);
enum th_status th_grant_take(struct th_session *, const struct th_login *,
    enum th_status, const struct th_reply *);
/* The same into locked credentials; of a renewal what is not told stays. */
enum th_status th_grant_store(struct th_session *, const struct th_login *,
    struct th_creds *, const struct th_reply *, bool renewal);
/* Calls for each word of a list; ends with the first that is not TH_OK. */
enum th_status th_each_word(const char *list,
    enum th_status (*use)(void *, const char *word), void *ctx);

/* ---- store.c: the interface of the two backends ---------------------------- */

/*
 * A backend is a table of steps.  Each is atomic: it happened whole or not at
 * all, whatever dies when.  None spans two queues, accounts or states, so that
 * a backend may keep each of these in a place of its own (a hash slot).  What a
 * step is to do is decided by what it is given and what it finds, never by an
 * earlier call, so that any number of processes may mix theirs.  Every step may
 * return TH_EIO, TH_ENOMEM, TH_EAGAIN (busy for too long, or unreachable) with
 * a sentence in err; then nothing happened, or (EAGAIN of Redis alone) it is
 * not known whether it did, and calling it again is harmless.
 */
struct th_store {
	const struct th_store_ops *ops; /* first member of the backend's struct */
};

/* An id as the store knows it: SHA-256 of its UTF-8, cut to 128 bits. */
#define TH_HASH_SIZE 16
struct th_hash {
	unsigned char byte[TH_HASH_SIZE];
};
struct th_hash th_hash(struct th_str);

/* What one th_state_commit() changes. */
struct th_state_pair {
	char *key;
	struct th_buf value; /* empty: the key is no longer set */
};
struct th_state_mark {
	size_t scope; /* index in scope[] */
	struct th_hash id;
	bool known;   /* the store had it already */
};
struct th_state_change {
	struct th_state_pair *pair;
	size_t npairs;
	char **scope;
	size_t nscopes;
	struct th_state_mark *mark;
	size_t nmarks;
	int64_t now;
};
#define TH_SEEN_DAYS 90 /* how long an id is remembered after it was last read */

struct th_store_ops {
	void (*close)(struct th_store *);

	/*
	 * The value of a key: the one kept aside under run when there is one,
	 * else the true one.  TH_END when there is none.  run is "" for none.
	 */
	enum th_status (*state_get)(struct th_store *, const char *name,
	    const char *run, const char *key, struct th_buf *ret,
	    struct th_err *);
	/* Is the id marked, in truth or under run? */
	enum th_status (*state_seen)(struct th_store *, const char *name,
	    const char *run, const char *scope, const struct th_hash *,
	    bool *ret, struct th_err *);
	/*
	 * Makes the change true, durably, or keeps it aside under run.  Then ids
	 * of the scopes in it that were not marked for TH_SEEN_DAYS are
	 * forgotten (not so under run).
	 */
	enum th_status (*state_commit)(struct th_store *, const char *name,
	    const char *run, const struct th_state_change *, struct th_err *);
	/* Makes all that was kept aside under run true, or drops it. */
	enum th_status (*state_settle)(struct th_store *, const char *run,
	    bool keep, int64_t now, struct th_err *);
};

/* The backends.  `flags` is enum th_store_flags; TH_END: nothing there to read. */
enum th_status th_store_sqlite(unsigned flags, struct th_store **ret,
    struct th_err *);

#endif

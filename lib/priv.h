/*
 * priv.h -- what files of lib/ share among themselves, installed nowhere
 *
 * The policies on top of trigger.h hold here too.
 */
#ifndef TH_PRIV_H
#define TH_PRIV_H

#include "trigger.h"

/* ---- characters: ASCII alone, whatever the locale ---- */

static inline bool
th_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
th_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
th_is_alnum(char c)
{
	return th_is_alpha(c) || th_is_digit(c);
}

static inline char
th_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* White space as isspace() has it: blank, tab, newline, \v, \f, \r. */
static inline bool
th_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* ---- suggest.c ---- */

/*
 * Where other words are as good as those of the table (NULL ends it), only what
 * is very near to one is taken for a slip: "titel", "tag", "datee"; not "data",
 * nor "rate".  NULL: none.
 */
const char *th_suggest_slip(const char *word, const char *const *names);

/* ---- secret.c, path.c ---- */

/* Overwrites memory in a way that is not optimized out; NULL is fine. */
void th_wipe(void *, size_t);
/* Stars for a secret wherever it stands in a reply, as it is or escaped. */
void th_reply_mask(struct th_reply *, struct th_str secret);
/* The same for the secrets of a request. */
void th_request_mask(const struct th_request *, struct th_reply *);
/*
 * Hands the bytes over as a secret when st is TH_OK; wipes and releases the
 * buffer in any case.  Returns st, or why there is none.
 */
enum th_status th_secret_take(struct th_buf *, enum th_status st,
    struct th_secret *ret);
/* Makes the directories above a file, for their owner alone. */
enum th_status th_path_make_parent(char *path, struct th_err *err);

/* As th_path_state(), for a reader: makes no directory. */
enum th_status th_path_state_look(
    const char *name, struct th_buf *ret, struct th_err *err);

/* ---- url.c ---- */

/* Appends a byte as %XX. */
void th_percent(struct th_buf *, unsigned char);

/* ---- grant.c: token endpoints, for login.c and token.c ---- */

/* A field of a request; one without value is not sent. */
struct th_grant_field {
	const char *name, *value;
};
/* Who asks, of OAuth 2; a public client has no secret. */
struct th_client {
	struct th_secret id, secret;
};
enum th_status th_grant_client(struct th_session *, struct th_client *ret);
void th_client_release(struct th_client *);
/*
 * Appends an address of the table, on the account's base_url when it has one.
 */
enum th_status th_grant_endpoint(struct th_session *, const char *address,
    struct th_buf *ret);
/* Makes a POST of fields (a NULL name ends them), as a form or JSON. */
enum th_status th_grant_post(struct th_session *, const struct th_login *,
    const char *address, const struct th_grant_field *, struct th_request *ret);
/* Sends it; a refusal is TH_EAUTH in the words of RFC 6749, 5.2. */
enum th_status th_grant_send(struct th_session *, const struct th_request *,
    struct th_reply *ret);
enum th_status th_grant_refusal(struct th_session *, enum th_status,
    const struct th_reply *);
/* At most 6 fields and the client's own; sent, not judged. */
enum th_status th_grant_ask(struct th_session *, const struct th_login *,
    const char *address, const struct th_grant_field *, struct th_reply *ret);
/* A field that an answer must have. */
enum th_status th_grant_need(struct th_session *, const struct th_reply *,
    const char *name, struct th_secret *ret);
/* Keeps the tokens of an answer; take first sees whether it is one. */
enum th_status th_grant_keep(struct th_session *, const struct th_login *,
    const struct th_reply *);
enum th_status th_grant_take(struct th_session *, const struct th_login *,
    enum th_status, const struct th_reply *);
/* The same of an answer that must have that field. */
enum th_status th_grant_keep_token(struct th_session *,
    const struct th_login *, const struct th_reply *, const char *name);
/* The same into locked credentials; of a renewal what is not told stays. */
enum th_status th_grant_store(struct th_session *, const struct th_login *,
    struct th_creds *, const struct th_reply *, bool renewal);
/* Calls for each word of a list; ends with the first that is not TH_OK. */
enum th_status th_each_word(const char *list,
    enum th_status (*use)(void *, const char *word), void *ctx);

/* ---- store.c: the interface of the two backends ---- */

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
	/* First member of the backend's struct */
	const struct th_store_ops *ops;
};

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
#define TH_SCOPE_SIZE (2 * TH_HASH_SIZE + 1) /* a scope's hash, written out */
struct th_state_change {
	struct th_state_pair *pair;
	size_t npairs;
	char **scope;
	size_t nscopes;
	struct th_state_mark *mark;
	size_t nmarks;
	int64_t now;
};
/* How long an id is remembered after it was last read */
#define TH_SEEN_DAYS 90

/* One item on its way in. */
struct th_incoming {
	struct th_hash hash;
	struct th_str id, line;
	uint64_t mark[2]; /* of its url and title for the guard; 0: none */
	enum th_item_state want;  /* WAITING, HELD or SEEN */
	/* Set by lookup and deposit: what the queue knew of it before. */
	enum th_item_state known;
	int64_t date;             /* PUBLISHED: when; and its receipt, packed */
	struct th_buf receipt;
};

/* What became of a leased item; as struct th_outcome, all worked out. */
struct th_settlement {
	struct th_hash hash;
	enum th_item_state state;
	const char *owner;        /* NULL: anybody's lease */
	struct th_str reason;
	struct th_str receipt;    /* packed */
	uint64_t mark[2];
	int64_t now, due;
	bool tried, doubtful;
};

struct th_store_ops {
	void (*close)(struct th_store *);
	/* As th_store_advise(); may be NULL. */
	void (*advise)(struct th_store *, th_say *, void *ctx);

	/*
	 * The value of a key: the one kept aside under run when there is one,
	 * else the true one.  TH_END when there is none.  run is "" for none.
	 */
	enum th_status (*state_get)(struct th_store *, const char *name,
	    const char *run, const char *key, struct th_buf *ret,
	    struct th_err *);
	/* May an id of the scope be marked, in truth or under run? */
	enum th_status (*state_scope)(struct th_store *, const char *name,
	    const char *run, const char *scope, bool *ret, struct th_err *);
	/* Is the id marked, in truth or under run? */
	enum th_status (*state_seen)(struct th_store *, const char *name,
	    const char *run, const char *scope, const struct th_hash *,
	    bool *ret, struct th_err *);
	/*
	 * Makes the change true, durably, or keeps it aside under run.  Then
	 * ids of the scopes in it that were not marked for TH_SEEN_DAYS are
	 * forgotten (not so under run).
	 */
	enum th_status (*state_commit)(struct th_store *, const char *name,
	    const char *run, const struct th_state_change *, struct th_err *);
	/*
	 * All that is true, of one state after the other, marks of a scope
	 * together.  visit must not call the store.
	 */
	enum th_status (*state_each)(struct th_store *, th_state_visit *visit,
	    void *ctx, struct th_err *);
	/* Makes all that was kept aside under run true, or drops it. */
	enum th_status (*state_settle)(struct th_store *, const char *run,
	    bool keep, int64_t now, struct th_err *);

	/*
	 * Queues, by name.  A queue is made by the first deposit or import; one
	 * that is not there is an empty one.
	 */
	/* Sets known, date and receipt of each.  Writes nothing. */
	enum th_status (*lookup)(struct th_store *, const char *queue,
	    struct th_incoming *, size_t n, struct th_err *);
	/*
	 * Which marks belong to items published before?  A queue keeps at least
	 * the last tens of thousands; it may forget older ones.
	 */
	enum th_status (*guard)(struct th_store *, const char *queue,
	    const uint64_t *mark, size_t n, bool *ret, struct th_err *);
	/*
	 * Durably.  What is unknown becomes what it is wanted to be, in order;
	 * SEEN is also for what is waiting, held, refused or expired.  All else
	 * stays as it is.  Sets known as lookup does.
	 */
	enum th_status (*deposit)(struct th_store *, const char *queue,
	    const char *service, const char *account, struct th_incoming *,
	    size_t n, int64_t now, struct th_err *);
	/*
	 * The same in two steps, which may be NULL: post sends, posted waits
	 * for what becomes of it.  In between the items stay where they are,
	 * and this store is asked nothing else.
	 */
	enum th_status (*post)(struct th_store *, const char *queue,
	    const char *service, const char *account, struct th_incoming *,
	    size_t n, int64_t now, struct th_err *);
	enum th_status (*posted)(struct th_store *, struct th_err *);
	/*
	 * Leases the first waiting item that is due, after all that are older
	 * than max_age have expired (and were counted).  In order: not while
	 * one before it is leased or not due.  What waits for a date that was
	 * set more than a minute after now (the clock jumped) is due.  Sets
	 * beat when it was leased earlier than now.  TH_END: ret->next.
	 */
	enum th_status (*claim)(struct th_store *, const char *queue,
	    struct th_claim *, int64_t now, struct th_lease *ret,
	    struct th_err *);
	/* TH_END as th_queue_settle(). */
	enum th_status (*settle)(struct th_store *, const char *queue,
	    const struct th_settlement *, struct th_err *);
	/* Those who lease items of the queue, each once. */
	enum th_status (*owners)(struct th_store *, const char *queue,
	    enum th_status (*visit)(void *ctx, const char *owner), void *ctx,
	    struct th_err *);
	/*
	 * Makes what an owner leased wait again, doubtful: all of it when he is
	 * dead, else what is over; of one who is far also what was leased more
	 * than a minute after now (the clock jumped).  Where clocks of this
	 * machine count, those who live on it are judged by th_steady_ms().
	 */
	enum th_status (*reclaim)(struct th_store *, const char *queue,
	    const char *owner, enum th_owner_life, int64_t now,
	    struct th_err *);
	/* As th_queue_renew(). */
	enum th_status (*renew)(struct th_store *, const char *queue,
	    const struct th_hash *, const char *owner, int64_t seconds,
	    int64_t now, struct th_err *);
	/* As th_queue_move(), th_queue_purge(); hash NULL: all. */
	enum th_status (*move)(struct th_store *, const char *queue,
	    const struct th_hash *, unsigned from, enum th_item_state to,
	    int64_t now, int64_t *ret, struct th_err *);
	enum th_status (*purge)(struct th_store *, const char *queue,
	    int64_t before, int64_t *ret, struct th_err *);
	/* Of the states asked for alone: the ledger may be long. */
	enum th_status (*count)(struct th_store *, const char *queue,
	    unsigned states, int64_t now, struct th_queue_counts *ret,
	    struct th_err *);
	/* visit must not call the store. */
	enum th_status (*each)(struct th_store *, const char *queue,
	    unsigned states, th_entry_visit *, void *ctx, struct th_err *);
	enum th_status (*find)(struct th_store *, const char *queue,
	    const struct th_hash *, th_entry_visit *, void *ctx,
	    struct th_err *);
	/* Durably; sets `state` of those known already to TH_Q_UNKNOWN. */
	enum th_status (*import)(struct th_store *, const char *queue,
	    const char *service, const char *account, struct th_entry *,
	    size_t n, int64_t now, struct th_err *);
	enum th_status (*queues)(struct th_store *, th_queue_visit *, void *ctx,
	    struct th_err *);
	/* As th_memory_each(), th_memory_put(). */
	enum th_status (*recall)(struct th_store *, enum th_memory,
	    const char *key, th_memory_visit *, void *ctx, struct th_err *);
	enum th_status (*remember)(struct th_store *, enum th_memory,
	    const char *key, const int64_t *, size_t n, int64_t now,
	    struct th_err *);

	/*
	 * A window of `window` ms with at most n in it.  take: brings what was
	 * counted after now back to now, forgets what left the window, and
	 * counts now if there is room.  *next: when the oldest that must leave
	 * does.  look: the same without counting, room in *ret.
	 */
	enum th_status (*limit_take)(struct th_store *, const char *key,
	    int64_t n, int64_t window, int64_t now, int64_t *token,
	    int64_t *next, struct th_err *);
	enum th_status (*limit_give)(struct th_store *, const char *key,
	    int64_t token, struct th_err *);
	enum th_status (*limit_look)(struct th_store *, const char *key,
	    int64_t n, int64_t window, int64_t now, int64_t *ret, int64_t *next,
	    struct th_err *);
	/*
	 * The later of two pauses counts.  get: until and when it was set;
	 * TH_END.
	 */
	enum th_status (*pause_set)(struct th_store *, const char *key,
	    int64_t until, int64_t now, struct th_err *);
	enum th_status (*pause_get)(struct th_store *, const char *key,
	    int64_t *until, int64_t *since, struct th_err *);

	/*
	 * Takes the lock if it is free, over (until <= now, or set more than a
	 * minute after now), ours, or held by `dead` (NULL: nobody).  TH_END:
	 * *holder tells whose it is.
	 */
	enum th_status (*lock_take)(struct th_store *, const char *name,
	    const char *owner, const char *dead, int64_t now, int64_t until,
	    char holder[TH_OWNER_SIZE], struct th_err *);
	enum th_status (*lock_drop)(struct th_store *, const char *name,
	    const char *owner, struct th_err *);
};

/* queue.c: the service of the one who made the queue. */
const char *th_queue_service(const struct th_queue *);

/*
 * The backends.  `flags` is enum th_store_flags; TH_END: nothing there to read.
 * `wait` is in seconds: for a store that another holds, a server that is away.
 * Redis connects at the first step.
 */
enum th_status th_store_sqlite(unsigned flags, int64_t wait,
    struct th_store **ret, struct th_err *);
enum th_status th_store_redis(const char *url, int64_t wait,
    struct th_store **ret, struct th_err *);

#endif

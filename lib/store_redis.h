/* store_redis.h -- shared by the store_redis*.c files alone */
#ifndef TH_STORE_REDIS_H
#define TH_STORE_REDIS_H

#include "priv.h"

#define TH_REDIS_SCRIPTS 32
#define TH_REDIS_MAX ((size_t)500 << 20) /* of a command; Redis takes 512 MB */

/* What all keys begin with; what is between the braces tells the slot. */
#define TH_REDIS_KEY "th:{th}:"

struct redisContext;
struct redisReply;

/* Where a server is and who asks; made from a URL. */
struct th_redis_place {
	char *shown; /* the URL as it may be shown */
	char *host;  /* NULL: a Unix socket */
	char *path;  /* of the socket */
	int port;
	int64_t db;
	bool tls;
	struct th_secret user, pass;
};
enum th_status th_redis_place(const char *url, struct th_redis_place *ret,
    struct th_err *err);
void th_redis_place_release(struct th_redis_place *);

/* One atomic step, in Lua: its parts are put together. */
#define TH_REDIS_PARTS 5
struct th_redis_script {
	const char *part[TH_REDIS_PARTS];
};

/*
 * A command on its way.  A script's last argument is added when it is sent: "1"
 * when it may have been done before, because a reply was lost.
 */
struct th_redis_cmd {
	const struct th_redis_script *script; /* NULL: a plain command */
	struct th_buf args;
	size_t nargs;
	struct redisReply *reply;
};

struct th_redis {
	struct th_store store;
	struct th_store_ops ops;
	struct redisContext *c; /* NULL: not connected */
	struct th_redis_place place;
	struct {
		char *host; /* NULL: the place itself */
		int port;
	} node; /* of the cluster: who has our keys */
	int64_t wait; /* ms that a step waits for the server */
	struct {
		const struct th_redis_script *script;
		char sha[41];
	} known[TH_REDIS_SCRIPTS];
	size_t nknown;
	char *queue; /* the queue that is known to be listed */
	const struct th_redis_cmd *sent; /* whose replies are on their way */
	/* A deposit on its way: the items, and what adds them. */
	struct {
		struct th_redis_cmd cmd[2];
		size_t n; /* how many of them, from the end; 0: none */
		struct th_incoming *in;
		size_t nin;
		char *queue;
	} posted;
	/*
	 * The last claim, and what was claimed ahead in its name while an item
	 * was settled: one way there and back for both.  What is not asked for
	 * in the end is given back.
	 */
	struct {
		char *queue;
		char owner[TH_OWNER_SIZE];
		int64_t seconds, max_age, expired, beat;
		bool in_order;
		struct redisReply *reply; /* NULL: none; the lease is in it */
	} ahead;
};

void th_redis_plain(struct th_redis_cmd *, const char *name);
void th_redis_script(struct th_redis_cmd *, const struct th_redis_script *,
    int nkeys);
void th_redis_done(struct th_redis_cmd *);
void th_redis_add(struct th_redis_cmd *, struct th_str);
void th_redis_adds(struct th_redis_cmd *, const char *);
void th_redis_addi(struct th_redis_cmd *, int64_t);
void th_redis_addh(struct th_redis_cmd *, const struct th_hash *);
/* A key: KIND, NAME and TAIL after what all begin with. */
void th_redis_key(struct th_redis_cmd *, const char *kind, const char *name,
    const char *tail);
/* Appends NAME with blanks, braces and the like escaped. */
void th_redis_escape(struct th_buf *, const char *name);
/*
 * Sends n commands together and waits for their replies; again and again while
 * the server cannot be reached or is not ready, until the store's time is over.
 */
enum th_status th_redis_run(struct th_redis *, struct th_redis_cmd *, size_t n,
    struct th_err *);
/*
 * Sends n commands if that can be done at once; th_redis_run() of the same ones
 * waits for their replies.
 */
void th_redis_send(struct th_redis *, const struct th_redis_cmd *, size_t n);

/*
 * A socket to the node or the place, within so many ms.  TH_EAGAIN: not
 * reached.
 */
enum th_status th_redis_reach(const struct th_redis *, int64_t ms, int *ret,
    struct th_err *);

/* Lets go of a deposit on its way, whatever became of it. */
void th_redis_forget_posted(struct th_redis *);
/* Gives back what was claimed ahead. */
enum th_status th_redis_give_back(struct th_redis *, struct th_err *);

/* Replies.  NULL and what is of another type read as nothing. */
const struct redisReply *th_redis_at(const struct redisReply *, size_t i);
size_t th_redis_len(const struct redisReply *);
bool th_redis_is_text(const struct redisReply *);
struct th_str th_redis_text(const struct redisReply *);
int64_t th_redis_int(const struct redisReply *); /* of a text, too */
void th_redis_free(struct redisReply *);
/* The number that a text begins with; *rest is what is behind it. */
int64_t th_redis_number(struct th_str, struct th_str *rest);

/* store_redis_queue.c, _state.c, _limit.c: the other steps of the table. */
void th_redis_queue_ops(struct th_store_ops *);
void th_redis_look_ops(struct th_store_ops *);
void th_redis_state_ops(struct th_store_ops *);
void th_redis_each_ops(struct th_store_ops *);
void th_redis_limit_ops(struct th_store_ops *);
void th_redis_move_ops(struct th_store_ops *);

/* What store_redis_queue.c and store_redis_look.c share. */
extern const char th_redis_queue_lua[];
/* A script about one queue: its keys are added. */
void th_redis_queue_script(struct th_redis_cmd *,
    const struct th_redis_script *, const char *queue);
/* "6DATE:RECEIPT" of the ledger. */
enum th_item_state th_redis_ledger(struct th_str, int64_t *date,
    struct th_str *receipt);

#endif

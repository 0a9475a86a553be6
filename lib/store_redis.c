/*
 * store_redis -- a store that machines share: connection, commands, replies
 *
 * Each step is one script (or one command), so it is atomic.  All keys lie in
 * one hash slot: in a cluster, the node that has it is all there is to talk to,
 * and any other tells which it is.  Every step may be sent again without harm,
 * so a connection that breaks is made anew and the step repeated, until the
 * store's waiting time is over.
 */
#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <hiredis/hiredis.h>
#include <nettle/sha1.h>

#include "store_redis.h"
#if HIREDIS_MAJOR >= 1
#include <hiredis/hiredis_ssl.h>
#endif

#define PAUSE_MIN_MS 10
#define PAUSE_MAX_MS 500
#define TIMEOUT_MIN_MS 1000
#define FOLLOW_MAX 4        /* nodes asked in a row without waiting */
#define SLICE_MS 500        /* between two looks whether we were told to stop */
#define INTERRUPTED_MS 2000 /* waited for at most once we were told to stop */

/* What is to be done about an answer that is an error. */
enum fate { GIVE_UP, WAIT, RECONNECT, SEND_WHOLE, FOLLOW };

static const struct {
	const char *code;
	enum fate fate;
	enum th_status status;
	const char *words; /* NULL: the server's own */
} errors[] = {
	{ "NOSCRIPT", SEND_WHOLE, TH_EAGAIN, NULL },
	{ "LOADING", WAIT, TH_EAGAIN, "is loading its data" },
	{ "BUSY", WAIT, TH_EAGAIN, "is busy" },
	{ "TRYAGAIN", WAIT, TH_EAGAIN, "is moving keys" },
	{ "CLUSTERDOWN", WAIT, TH_EAGAIN, "is not serving its keys" },
	{ "NOREPLICAS", WAIT, TH_EAGAIN, "has too few replicas" },
	{ "MASTERDOWN", RECONNECT, TH_EAGAIN, "has lost its master" },
	{ "READONLY", RECONNECT, TH_EAGAIN, "is a replica, not to be written" },
	{ "OOM", WAIT, TH_EIO, "has no memory left (maxmemory)" },
	{ "MISCONF", WAIT, TH_EIO, "cannot write to its disk" },
	{ "NOAUTH", GIVE_UP, TH_ECONFIG, "wants a password" },
	{ "WRONGPASS", GIVE_UP, TH_ECONFIG, "does not take the password" },
	{ "NOPERM", GIVE_UP, TH_ECONFIG, "does not permit it (ACL)" },
	{ "ERR The user executing the script", GIVE_UP, TH_ECONFIG,
	    "does not permit it (ACL)" },
	{ "MOVED", FOLLOW, TH_EAGAIN,
	    "is of a cluster whose nodes send us round" },
	{ "ASK", WAIT, TH_EAGAIN, "is moving keys" },
	{ "WRONGTYPE", GIVE_UP, TH_EIO, "has other things under th: keys" },
	{ "ERR unknown command", GIVE_UP, TH_ECONFIG,
	    "is too old; 6.2 or later is needed" },
	{ "ERR syntax error", GIVE_UP, TH_ECONFIG,
	    "is too old; 6.2 or later is needed" },
	{ "ERR DB index", GIVE_UP, TH_ECONFIG,
	    "has no database of that number" },
	{ "ERR SELECT", GIVE_UP, TH_ECONFIG,
	    "is a cluster, which has database 0 alone" },
	{ "ERR AUTH", GIVE_UP, TH_ECONFIG,
	    "has no password, but one is configured" },
	{ "ERR Client sent AUTH", GIVE_UP, TH_ECONFIG,
	    "has no password, but one is configured" },
	{ "ERR max number of clients", RECONNECT, TH_EAGAIN,
	    "has too many clients" },
	{ NULL, GIVE_UP, TH_EIO, NULL },
};

/* ---- commands ---- */

static void
init_cmd(struct th_redis_cmd *cmd, const struct th_redis_script *script)
{
	*cmd = (struct th_redis_cmd){ 0 };
	cmd->script = script;
	th_buf_init(&cmd->args, TH_REDIS_MAX);
}

void
th_redis_plain(struct th_redis_cmd *cmd, const char *name)
{
	init_cmd(cmd, NULL);
	th_redis_adds(cmd, name);
}

void
th_redis_script(
    struct th_redis_cmd *cmd, const struct th_redis_script *script, int nkeys)
{
	init_cmd(cmd, script);
	th_redis_addi(cmd, nkeys);
}

void
th_redis_done(struct th_redis_cmd *cmd)
{
	freeReplyObject(cmd->reply);
	cmd->reply = NULL;
	th_buf_release(&cmd->args);
	cmd->nargs = 0;
}

/* "$LEN" and the like; printf takes longer than all else about a command. */
static void
add_length(struct th_buf *b, char kind, size_t n)
{
	char text[24], *p = text + sizeof(text);

	*--p = '\n';
	*--p = '\r';
	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	*--p = kind;
	th_buf_add(b, p, (size_t)(text + sizeof(text) - p));
}

static void
add_bulk(struct th_buf *b, struct th_str s)
{
	add_length(b, '$', s.len);
	th_buf_add(b, s.s, s.len);
	th_buf_add(b, "\r\n", 2);
}

void
th_redis_add(struct th_redis_cmd *cmd, struct th_str s)
{
	add_bulk(&cmd->args, s.s != NULL ? s : TH_STR(""));
	cmd->nargs++;
}

void
th_redis_adds(struct th_redis_cmd *cmd, const char *s)
{
	th_redis_add(cmd, th_str(s));
}

void
th_redis_addi(struct th_redis_cmd *cmd, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, n);
	th_redis_adds(cmd, text);
}

void
th_redis_addh(struct th_redis_cmd *cmd, const struct th_hash *h)
{
	th_redis_add(
	    cmd, (struct th_str){ (const char *)h->byte, TH_HASH_SIZE });
}

void
th_redis_escape(struct th_buf *b, const char *name)
{
	for (; *name != '\0'; name++)
		if (strchr("{}%", *name) != NULL ||
		    (unsigned char)*name <= ' ' || *name == 0x7f)
			th_buf_addf(b, "%%%02X", (unsigned char)*name);
		else
			th_buf_addc(b, *name);
}

void
th_redis_key(struct th_redis_cmd *cmd, const char *kind, const char *name,
    const char *tail)
{
	struct th_buf b;

	th_buf_init(&b, TH_LINE_MAX);
	th_buf_addf(&b, TH_REDIS_KEY "%s", kind);
	th_redis_escape(&b, name);
	th_buf_adds(&b, tail);
	if (b.status != TH_OK)
		cmd->args.status = b.status;
	else
		th_redis_add(cmd, th_buf_str(&b));
	th_buf_release(&b);
}

/* ---- connecting ---- */

static void
disconnect(struct th_redis *r)
{
	if (r->c != NULL)
		redisFree(r->c);
	r->c = NULL;
	r->sent = NULL;
}

/* The connection is of no use any more: why, and what is to be done. */
static enum th_status
lost(struct th_redis *r, enum fate *fate, struct th_err *err)
{
	const int kind = r->c != NULL ? r->c->err : REDIS_ERR_OOM;
	const char *why;
	enum th_status st;

	*fate = GIVE_UP;
	if (kind == REDIS_ERR_OOM) {
		st = th_fail(err, TH_ENOMEM, "store: out of memory");
	} else if (kind == REDIS_ERR_PROTOCOL) {
		st = th_fail(
		    err, TH_ECONFIG, "%s: is no Redis server", r->place.shown);
	} else {
		*fate = RECONNECT;
		why = kind == REDIS_ERR_IO &&
			      (errno == EAGAIN || errno == EWOULDBLOCK)
			  ? "does not answer"
		      : kind == REDIS_ERR_EOF ? "closes the connection"
					      : r->c->errstr;
		st = th_fail(err, TH_EAGAIN, "%s: %s", r->place.shown, why);
	}
	disconnect(r);
	return st;
}

/* Is it this error?  Redis 6 wraps what went wrong inside of a script. */
static bool
is_error(const char *text, const char *code)
{
	const size_t len = strlen(code);
	const char *p;

	if (strncmp(text, code, len) == 0)
		return true;
	p = strstr(text, ": -");
	return p != NULL && strncmp(p + 3, code, len) == 0;
}

static enum th_status
answer_of(struct th_redis *r, const redisReply *reply, enum fate *fate,
    struct th_err *err)
{
	size_t i;

	if (reply->type != REDIS_REPLY_ERROR)
		return TH_OK;
	for (i = 0; errors[i].code != NULL; i++)
		if (is_error(reply->str, errors[i].code))
			break;
	*fate = errors[i].fate;
	return th_fail(err, errors[i].status, "%s: %s", r->place.shown,
	    errors[i].words != NULL ? errors[i].words : reply->str);
}

static int64_t
timeout_of(const struct th_redis *r)
{
	return r->wait > TIMEOUT_MIN_MS ? r->wait : TIMEOUT_MIN_MS;
}

static void
leave_node(struct th_redis *r)
{
	free(r->node.host);
	r->node.host = NULL;
}

/* "MOVED 3999 127.0.0.1:6381" says where to go; without a host: the same. */
static enum th_status
go_to_node(struct th_redis *r, const char *text, struct th_err *err)
{
	const char *host = strrchr(text, ' '), *colon = strrchr(text, ':');
	const char *same = r->node.host != NULL ? r->node.host : r->place.host;
	char *copy = NULL;
	int64_t port;

	if (host == NULL || colon == NULL || colon < host ||
	    (port = th_redis_number(th_str(colon + 1), NULL)) < 1 ||
	    port > 65535 || (colon == host + 1 && same == NULL))
		return th_fail(err, TH_EIO, "%s: sends us nowhere: %s",
		    r->place.shown, text);
	copy = colon > host + 1
		   ? th_strndup(host + 1, (size_t)(colon - host - 1))
		   : th_strdup(same);
	if (copy == NULL)
		return th_fail(err, TH_ENOMEM, "store: out of memory");
	leave_node(r);
	r->node.host = copy;
	r->node.port = (int)port;
	return TH_EAGAIN;
}

static enum th_status
secure(struct th_redis *r, struct th_err *err)
{
#if HIREDIS_MAJOR >= 1
	redisSSLContext *tls;
	int rc = REDIS_ERR;

	redisInitOpenSSL();
	tls = redisCreateSSLContext(
	    NULL, "/etc/ssl/certs", NULL, NULL, r->place.host, NULL);
	if (tls != NULL)
		rc = redisInitiateSSLWithContext(r->c, tls);
	redisFreeSSLContext(tls);
	if (rc == REDIS_OK)
		return TH_OK;
	return th_fail(
	    err, TH_EAGAIN, "%s: no secure connection", r->place.shown);
#else
	return th_fail(err, TH_EBUG, "%s: no TLS", r->place.shown);
#endif
}

/* ---- sending ---- */

/* The script's name at the server; NULL: there are too many scripts. */
static const char *
sha_of(struct th_redis *r, const struct th_redis_script *script)
{
	uint8_t sum[SHA1_DIGEST_SIZE];
	struct sha1_ctx ctx;
	size_t i;

	for (i = 0; i < r->nknown; i++)
		if (r->known[i].script == script)
			return r->known[i].sha;
	if (r->nknown == TH_REDIS_SCRIPTS)
		return NULL;
	sha1_init(&ctx);
	for (i = 0; i < TH_REDIS_PARTS && script->part[i] != NULL; i++)
		sha1_update(&ctx, strlen(script->part[i]),
		    (const uint8_t *)script->part[i]);
	sha1_digest(&ctx, sizeof(sum), sum);
	for (i = 0; i < sizeof(sum); i++)
		snprintf(r->known[r->nknown].sha + 2 * i, 3, "%02x", sum[i]);
	r->known[r->nknown].script = script;
	return r->known[r->nknown++].sha;
}

static enum th_status
append(struct th_redis *r, const struct th_redis_cmd *cmd, bool whole,
    bool again, struct th_buf *b)
{
	const struct th_redis_script *script = cmd->script;
	const char *sha;
	struct th_buf text;
	int i;

	add_length(b, '*', cmd->nargs + (script != NULL ? 3 : 0));
	if (script != NULL) {
		add_bulk(b, th_str(whole ? "EVAL" : "EVALSHA"));
		th_buf_init(&text, 1 << 20);
		if (!whole && (sha = sha_of(r, script)) != NULL)
			th_buf_adds(&text, sha);
		for (i = 0;
		     whole && i < TH_REDIS_PARTS && script->part[i] != NULL;
		     i++)
			th_buf_adds(&text, script->part[i]);
		if (text.status == TH_OK)
			add_bulk(b, th_buf_str(&text));
		else
			b->status = text.status;
		th_buf_release(&text);
	}
	th_buf_add(b, cmd->args.data, cmd->args.len);
	if (script != NULL)
		add_bulk(b, th_str(again ? "1" : "0"));
	return b->status;
}

#if HIREDIS_MAJOR >= 1
static enum th_status
write_out(
    struct th_redis *r, struct th_str s, enum fate *fate, struct th_err *err)
{
	int done = 0;

	if (redisAppendFormattedCommand(r->c, s.s, s.len) != REDIS_OK)
		return lost(r, fate, err);
	while (done == 0)
		if (redisBufferWrite(r->c, &done) != REDIS_OK)
			return lost(r, fate, err);
	return TH_OK;
}
#else
/* Not by hiredis: that of 0.14 does not survive it when memory is out. */
static enum th_status
write_out(
    struct th_redis *r, struct th_str s, enum fate *fate, struct th_err *err)
{
	enum th_status st;
	ssize_t n;

	while (s.len > 0) {
		n = send(r->c->fd, s.s, s.len, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			break;
		s.s += n;
		s.len -= (size_t)n;
	}
	if (s.len == 0)
		return TH_OK;
	*fate = RECONNECT;
	st = th_fail(err, TH_EAGAIN, "%s: %s", r->place.shown,
	    errno == EAGAIN || errno == EWOULDBLOCK ? "does not answer"
						    : strerror(errno));
	disconnect(r);
	return st;
}
#endif

/* Sends commands together. */
static enum th_status
send_all(struct th_redis *r, const struct th_redis_cmd *cmd, size_t n,
    bool whole, bool again, enum fate *fate, struct th_err *err)
{
	enum th_status st;
	struct th_buf b;
	size_t i;

	th_buf_init(&b, 2 * TH_REDIS_MAX);
	*fate = GIVE_UP;
	for (i = 0; i < n; i++)
		append(r, &cmd[i], whole, again, &b);
	if (b.status == TH_OK) {
		st = write_out(r, th_buf_str(&b), fate, err);
	} else {
		st = th_fail(err, b.status, "store: %s",
		    b.status == TH_EDATA ? "too much at once"
					 : "out of memory");
		disconnect(r);
	}
	th_buf_release(&b);
	return st;
}

/* How long a server may take, from the start; less once we were told to stop.
 */
static int64_t
patience(int64_t ms)
{
	return th_interrupted && ms > INTERRUPTED_MS ? INTERRUPTED_MS : ms;
}

/* Waits until there is something to read; an errno else. */
static int
await_reply(const struct th_redis *r)
{
	struct pollfd p = { r->c->fd, POLLIN, 0 };
	const int64_t start = th_steady_ms();
	int64_t left;
	int n;

	for (;;) {
		left = start + patience(timeout_of(r)) - th_steady_ms();
		if (left <= 0)
			return EAGAIN;
		n = poll(&p, 1, (int)(left < SLICE_MS ? left : SLICE_MS));
		if (n > 0)
			return 0;
		if (n == -1 && errno != EINTR)
			return errno;
	}
}

/* Not by redisGetReply(), which sleeps on when we are told to stop. */
static enum th_status
receive(struct th_redis *r, struct th_redis_cmd *cmd, enum fate *fate,
    struct th_err *err)
{
	void *reply = NULL;
	int error = 0;

	freeReplyObject(cmd->reply);
	cmd->reply = NULL;
	while (reply == NULL) {
		if (redisReaderGetReply(r->c->reader, &reply) != REDIS_OK)
			error = r->c->err = r->c->reader->err;
		else if (reply == NULL && (errno = await_reply(r)) != 0)
			error = r->c->err = REDIS_ERR_IO;
		else if (reply == NULL)
			error = redisBufferRead(r->c);
		if (error != 0)
			return lost(r, fate, err);
	}
	cmd->reply = reply;
	return TH_OK;
}

/* ---- greeting ---- */

/* One command of the greeting. */
static enum th_status
greet(struct th_redis *r, const char *const *word, int n, enum fate *fate,
    struct th_err *err)
{
	struct th_redis_cmd cmd;
	enum th_status st;
	int i;

	th_redis_plain(&cmd, word[0]);
	for (i = 1; i < n; i++)
		th_redis_adds(&cmd, word[i]);
	st = send_all(r, &cmd, 1, false, false, fate, err);
	if (st == TH_OK)
		st = receive(r, &cmd, fate, err);
	if (st == TH_OK && (st = answer_of(r, cmd.reply, fate, err)) != TH_OK)
		disconnect(r);
	if (cmd.args.data != NULL) /* a password, maybe */
		th_wipe(cmd.args.data, cmd.args.len);
	th_redis_done(&cmd);
	return st;
}

static enum th_status
introduce(struct th_redis *r, enum fate *fate, struct th_err *err)
{
	const struct th_redis_place *p = &r->place;
	const char *auth[3] = { "AUTH", p->user.value, p->pass.value };
	const char *alone[2] = { "AUTH", p->pass.value };
	const char *select[2] = { "SELECT", NULL };
	enum th_status st = TH_OK;
	char db[24];

	if (p->user.value != NULL && p->pass.value != NULL)
		st = greet(r, auth, 3, fate, err);
	else if (p->pass.value != NULL)
		st = greet(r, alone, 2, fate, err);
	if (st != TH_OK || p->db == 0)
		return st;
	snprintf(db, sizeof(db), "%" PRId64, p->db);
	select[1] = db;
	return greet(r, select, 2, fate, err);
}

static enum th_status
connect_to(struct th_redis *r, enum fate *fate, struct th_err *err)
{
	const int64_t ms = timeout_of(r);
	const struct timeval limit = { ms / 1000, ms % 1000 * 1000 };
	enum th_status st;
	int fd;

	if ((st = th_redis_reach(r, ms, &fd, err)) != TH_OK) {
		leave_node(r); /* another may have its keys by now */
		*fate = st == TH_EAGAIN ? RECONNECT : GIVE_UP;
		return st;
	}
	if ((r->c = redisConnectFd(fd)) == NULL) {
		close(fd);
		return lost(r, fate, err);
	}
	redisSetTimeout(r->c, limit);
	*fate = RECONNECT;
	if (r->place.tls && (st = secure(r, err)) != TH_OK) {
		disconnect(r);
		return st;
	}
	return introduce(r, fate, err);
}

/* ---- running ---- */

/* The server does not have the script yet. */
static enum th_status
send_whole(struct th_redis *r, struct th_redis_cmd *cmd, bool again,
    enum fate *fate, struct th_err *err)
{
	enum th_status st = send_all(r, cmd, 1, true, again, fate, err);

	if (st == TH_OK)
		st = receive(r, cmd, fate, err);
	return st == TH_OK ? answer_of(r, cmd->reply, fate, err) : st;
}

static enum th_status
exchange(struct th_redis *r, struct th_redis_cmd *cmd, size_t n, bool again,
    enum fate *fate, struct th_err *err)
{
	enum th_status st = TH_OK;
	size_t i;

	if (r->sent == NULL)
		st = send_all(r, cmd, n, false, again, fate, err);
	r->sent = NULL;
	for (i = 0; i < n && st == TH_OK; i++)
		st = receive(r, &cmd[i], fate, err);
	for (i = 0; i < n && st == TH_OK; i++) {
		st = answer_of(r, cmd[i].reply, fate, err);
		if (st != TH_OK && *fate == SEND_WHOLE)
			st = send_whole(r, &cmd[i], again, fate, err);
	}
	if (st == TH_EAGAIN && *fate == FOLLOW &&
	    (st = go_to_node(r, cmd[i - 1].reply->str, err)) != TH_EAGAIN)
		*fate = GIVE_UP;
	if (st != TH_OK && (*fate == RECONNECT || *fate == FOLLOW))
		disconnect(r);
	return st;
}

/* Is there time for another attempt?  Then it has been waited for. */
static bool
wait_more(const struct th_redis *r, int64_t start, int64_t *pause)
{
	const int64_t most = patience(r->wait);
	const struct timespec t = { *pause / 1000, *pause % 1000 * 1000000 };

	if (th_steady_ms() - start + *pause > most)
		return false;
	nanosleep(&t, NULL);
	*pause = *pause * 2 < PAUSE_MAX_MS ? *pause * 2 : PAUSE_MAX_MS;
	return true;
}

enum th_status
th_redis_run(
    struct th_redis *r, struct th_redis_cmd *cmd, size_t n, struct th_err *err)
{
	int64_t start = th_steady_ms(), pause = PAUSE_MIN_MS;
	enum th_status st;
	enum fate fate;
	bool again = r->sent == cmd;
	int follow = 0;
	size_t i;

	if (!again && r->sent != NULL) /* not to be mixed up with ours */
		disconnect(r);
	for (i = 0; i < n; i++)
		if (cmd[i].args.status != TH_OK)
			return th_fail(err, cmd[i].args.status, "store: %s",
			    cmd[i].args.status == TH_EDATA ? "too much at once"
							   : "out of memory");
	for (;;) {
		fate = GIVE_UP;
		st = r->c != NULL ? TH_OK : connect_to(r, &fate, err);
		if (st == TH_OK) {
			st = exchange(r, cmd, n, again, &fate, err);
			again = true;
		}
		if (st != TH_OK && fate == FOLLOW && follow++ < FOLLOW_MAX)
			continue;
		if (st == TH_OK || fate == GIVE_UP ||
		    !wait_more(r, start, &pause))
			return st;
	}
}

void
th_redis_send(struct th_redis *r, const struct th_redis_cmd *cmd, size_t n)
{
	enum fate fate;
	size_t i;

	for (i = 0; i < n; i++)
		if (cmd[i].args.status != TH_OK)
			return;
	if (r->c == NULL || r->sent != NULL)
		return;
	if (send_all(r, cmd, n, false, false, &fate, NULL) == TH_OK)
		r->sent = cmd;
}

/* ---- replies ---- */

const struct redisReply *
th_redis_at(const struct redisReply *r, size_t i)
{
	return i < th_redis_len(r) ? r->element[i] : NULL;
}

size_t
th_redis_len(const struct redisReply *r)
{
	return r != NULL && r->type == REDIS_REPLY_ARRAY ? r->elements : 0;
}

bool
th_redis_is_text(const struct redisReply *r)
{
	return r != NULL &&
	       (r->type == REDIS_REPLY_STRING || r->type == REDIS_REPLY_STATUS);
}

struct th_str
th_redis_text(const struct redisReply *r)
{
	if (!th_redis_is_text(r))
		return (struct th_str){ NULL, 0 };
	return (struct th_str){ r->str, r->len };
}

void
th_redis_free(struct redisReply *r)
{
	freeReplyObject(r);
}

int64_t
th_redis_number(struct th_str s, struct th_str *rest)
{
	bool minus = s.len > 0 && s.s[0] == '-';
	size_t i = minus ? 1 : 0;
	int64_t n = 0;

	for (; i < s.len && th_is_digit(s.s[i]); i++)
		if (n < INT64_MAX / 10)
			n = n * 10 + (s.s[i] - '0');
	if (rest != NULL)
		*rest = (struct th_str){ s.s + i, s.len - i };
	return minus ? -n : n;
}

int64_t
th_redis_int(const struct redisReply *r)
{
	if (r != NULL && r->type == REDIS_REPLY_INTEGER)
		return r->integer;
	return th_redis_number(
	    th_redis_is_text(r) ? th_redis_text(r) : TH_STR(""), NULL);
}

/* ---- opening ---- */

static void
redis_close(struct th_store *store)
{
	struct th_redis *r = (struct th_redis *)store;

	/* Should it fail, the lease ends with the process. */
	r->wait = 0;
	th_redis_give_back(r, NULL);
	th_redis_forget_posted(r);
	disconnect(r);
	leave_node(r);
	th_redis_place_release(&r->place);
	free(r->queue);
	free(r->ahead.queue);
	free(r);
}

static const struct redisReply *
setting(const struct th_redis_cmd *cmd)
{
	return th_redis_at(cmd->reply, 1);
}

/* What the server's settings do not keep of what this store promises. */
static void
advise(struct th_store *store, th_say *say, void *ctx)
{
	static const struct {
		const char *name, *want, *words;
	} want[] = {
		{ "appendonly", "yes",
		    "is not yes: what was not saved is lost when it stops" },
		{ "appendfsync", "always",
		    "is not always: a power failure loses the last second" },
		{ "maxmemory-policy", "noeviction",
		    "is not noeviction: it may forget what was published" },
	};
	struct th_redis *r = (struct th_redis *)store;
	struct th_err text, err = { 0 };
	struct th_redis_cmd cmd;
	struct th_str value;
	enum th_status st;
	size_t i;

	for (i = 0; i < sizeof(want) / sizeof(*want); i++) {
		th_redis_plain(&cmd, "CONFIG");
		th_redis_adds(&cmd, "GET");
		th_redis_adds(&cmd, want[i].name);
		value = (struct th_str){ NULL, 0 };
		st = th_redis_run(r, &cmd, 1, &err);
		if (st == TH_OK)
			value = th_redis_text(setting(&cmd));
		if (value.s == NULL)
			th_fail(&text, TH_OK, "%s: does not tell its %s",
			    r->place.shown, want[i].name);
		else
			th_fail(&text, TH_OK, "%s: %s %s", r->place.shown,
			    want[i].name, want[i].words);
		if (value.s == NULL || !th_str_is(value, want[i].want))
			say(ctx, 1, TH_OK, text.text);
		th_redis_done(&cmd);
		if (st == TH_EAGAIN) /* the next step will wait, too */
			return;
	}
}

enum th_status
th_store_redis(
    const char *url, int64_t wait, struct th_store **ret, struct th_err *err)
{
	struct th_redis *r = th_calloc(1, sizeof(*r));
	enum th_status st;

	if (r == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	r->ops.close = redis_close;
	r->ops.advise = advise;
	th_redis_queue_ops(&r->ops);
	th_redis_look_ops(&r->ops);
	th_redis_state_ops(&r->ops);
	th_redis_limit_ops(&r->ops);
	th_redis_move_ops(&r->ops);
	r->store.ops = &r->ops;
	r->wait = wait * 1000;
	st = th_redis_place(url, &r->place, err);
	if (st == TH_OK && r->place.tls && HIREDIS_MAJOR < 1)
		st = th_fail(err, TH_ECONFIG,
		    "%s: TLS is not possible: this hiredis (%d.%d) has none, "
		    "1.0 or later has",
		    r->place.shown, HIREDIS_MAJOR, HIREDIS_MINOR);
	if (st != TH_OK) {
		redis_close(&r->store);
		return st;
	}
	*ret = &r->store;
	return TH_OK;
}

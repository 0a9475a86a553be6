/* store -- what outlives a process: the choice of a backend, readers' states */
#include <stdlib.h>
#include <string.h>

#include "config.h"

#define WAIT_SQLITE 60 /* seconds that another process may hold it */
#define WAIT_REDIS 10  /* seconds that the server may be away */

struct th_hash
th_hash(struct th_str s)
{
	unsigned char whole[TH_SHA256_SIZE];
	struct th_hash h;

	th_sha256(s, whole);
	memcpy(h.byte, whole, sizeof(h.byte));
	return h;
}

enum th_status
th_store_open_with(const struct th_config *config, unsigned flags,
    struct th_store **ret, struct th_err *err)
{
	struct th_secret where = { 0 };
	enum th_status st = th_config_store_url(config, &where, err);

	if (st != TH_OK)
		return st;
	if (strcmp(where.value, "sqlite") == 0)
		st = th_store_sqlite(flags,
		    config->wait >= 0 ? config->wait : WAIT_SQLITE, ret, err);
	else
		st = th_store_redis(where.value,
		    config->wait >= 0 ? config->wait : WAIT_REDIS, ret, err);
	th_secret_release(&where);
	return st;
}

enum th_status
th_store_open(
    const struct th_config *config, struct th_store **ret, struct th_err *err)
{
	return th_store_open_with(config, 0, ret, err);
}

void
th_store_close(struct th_store *s)
{
	if (s != NULL)
		s->ops->close(s);
}

void
th_store_advise(struct th_store *s, th_say *say, void *ctx)
{
	if (s->ops->advise != NULL)
		s->ops->advise(s, say, ctx);
}

/*
 * A reader's state.  Changes wait in memory until the commit; each kind is
 * found again through an open hash of indexes, for there may be as many as
 * feeds have items.
 */
struct index {
	size_t *slot;  /* index + 1; 0 is free */
	size_t nslots; /* a power of two, at least twice n */
	size_t n;
	uint64_t *hash; /* of each element, to move them into more slots */
};

/* A scope as readers name it; its hash is in the change. */
struct scope {
	char *name;
	bool used; /* the store may know ids in it */
};

struct th_state {
	struct th_store *store;
	char *name, *run;
	struct th_state_change change;
	struct scope *scope;
	size_t cap_pairs, cap_scopes, cap_names, cap_marks;
	struct index pairs, scopes, marks;
	/* The id looked up last: a reader asks of it before it marks it. */
	struct th_state_mark last;
	bool looked;
};

typedef bool is_same(const struct th_state *, size_t i, const void *key);

static bool
same_pair(const struct th_state *st, size_t i, const void *key)
{
	return strcmp(st->change.pair[i].key, key) == 0;
}

static bool
same_scope(const struct th_state *st, size_t i, const void *key)
{
	return strcmp(st->scope[i].name, key) == 0;
}

static bool
is_mark(const struct th_state_mark *a, const struct th_state_mark *b)
{
	return a->scope == b->scope &&
	       memcmp(&a->id, &b->id, sizeof(a->id)) == 0;
}

static bool
same_mark(const struct th_state *st, size_t i, const void *key)
{
	const struct th_state_mark *m = key;

	return is_mark(&st->change.mark[i], m);
}

static uint64_t
hash_text(const char *s)
{
	uint64_t h = 14695981039346656037u;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h ^ h >> 32;
}

static uint64_t
hash_mark(const struct th_state_mark *m)
{
	uint64_t h;

	memcpy(&h, m->id.byte, sizeof(h));
	return h + m->scope;
}

/* The slot an element is in, or would be in.  nslots is not 0. */
static size_t *
find_slot(const struct th_state *st, const struct index *x, uint64_t hash,
    is_same *same, const void *key)
{
	size_t i;

	for (i = hash & (x->nslots - 1); x->slot[i] != 0;
	     i = (i + 1) & (x->nslots - 1))
		if (same != NULL && same(st, x->slot[i] - 1, key))
			break;
	return &x->slot[i];
}

/* The index of an element, or of one to be added: the present count. */
static size_t
find(const struct th_state *st, const struct index *x, uint64_t hash,
    is_same *same, const void *key)
{
	size_t *slot;

	if (x->nslots == 0)
		return x->n;
	slot = find_slot(st, x, hash, same, key);
	return *slot != 0 ? *slot - 1 : x->n;
}

/* Makes room for one more, so that index_add() cannot fail. */
static enum th_status
index_reserve(struct index *x, struct th_err *err)
{
	size_t i, more = x->nslots > 0 ? x->nslots * 2 : 64;
	uint64_t *hash;
	size_t *slot;

	if ((x->n + 1) * 2 <= x->nslots)
		return TH_OK;
	slot = th_calloc(more, sizeof(*slot));
	hash = th_realloc(x->hash, more / 2 * sizeof(*hash));
	if (hash != NULL)
		x->hash = hash;
	if (slot == NULL || hash == NULL) {
		free(slot);
		return th_fail(err, TH_ENOMEM, "out of memory");
	}
	free(x->slot);
	x->slot = slot;
	x->nslots = more;
	for (i = 0; i < x->n; i++)
		*find_slot(NULL, x, x->hash[i], NULL, NULL) = i + 1;
	return TH_OK;
}

static void
index_add(struct index *x, uint64_t hash)
{
	*find_slot(NULL, x, hash, NULL, NULL) = x->n + 1;
	x->hash[x->n++] = hash;
}

static void
index_release(struct index *x)
{
	free(x->slot);
	free(x->hash);
	*x = (struct index){ 0 };
}

enum th_status
th_state_open(struct th_store *store, const char *name, const char *run,
    struct th_state **ret, struct th_err *err)
{
	struct th_state *st = th_calloc(1, sizeof(*st));

	if (st == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	st->store = store;
	st->name = th_strdup(name);
	st->run = th_strdup(run != NULL ? run : "");
	if (st->name == NULL || st->run == NULL) {
		th_state_free(st);
		return th_fail(err, TH_ENOMEM, "out of memory");
	}
	*ret = st;
	return TH_OK;
}

static void
forget_change(struct th_state *st)
{
	struct th_state_change *c = &st->change;
	size_t i;

	for (i = 0; i < c->npairs; i++) {
		free(c->pair[i].key);
		th_buf_release(&c->pair[i].value);
	}
	for (i = 0; i < c->nscopes; i++) {
		free(c->scope[i]);
		free(st->scope[i].name);
	}
	free(c->pair);
	free(c->scope);
	free(c->mark);
	free(st->scope);
	*c = (struct th_state_change){ 0 };
	st->scope = NULL;
	st->cap_pairs = st->cap_scopes = st->cap_names = st->cap_marks = 0;
	st->looked = false;
	index_release(&st->pairs);
	index_release(&st->scopes);
	index_release(&st->marks);
}

void
th_state_free(struct th_state *st)
{
	if (st == NULL)
		return;
	forget_change(st);
	free(st->name);
	free(st->run);
	free(st);
}

/* Makes room for one more element of an array that doubles, and in its index.
 */
static enum th_status
grow(void *array, size_t *cap, size_t size, struct index *x, struct th_err *err)
{
	size_t more = *cap > 0 ? *cap * 2 : 16;
	void **old = array, *p;

	if (x->n >= *cap) {
		p = more > SIZE_MAX / size ? NULL
					   : th_realloc(*old, more * size);
		if (p == NULL)
			return th_fail(err, TH_ENOMEM, "out of memory");
		*old = p;
		*cap = more;
	}
	return index_reserve(x, err);
}

enum th_status
th_state_get(struct th_state *st, const char *key, struct th_buf *ret,
    struct th_err *err)
{
	size_t i = find(st, &st->pairs, hash_text(key), same_pair, key);
	const struct th_buf *value;

	if (i == st->pairs.n)
		return st->store->ops->state_get(
		    st->store, st->name, st->run, key, ret, err);
	value = &st->change.pair[i].value;
	return value->len == 0 ? TH_END
			       : th_buf_add(ret, value->data, value->len);
}

static enum th_status
add_pair(struct th_state *st, const char *key, struct th_err *err)
{
	struct th_state_change *c = &st->change;
	struct th_state_pair pair = { 0 };
	enum th_status rc;
	void *array = c->pair;

	rc = grow(&array, &st->cap_pairs, sizeof(pair), &st->pairs, err);
	c->pair = array;
	if (rc != TH_OK)
		return rc;
	if ((pair.key = th_strdup(key)) == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	th_buf_init(&pair.value, TH_LINE_MAX);
	c->pair[c->npairs++] = pair;
	index_add(&st->pairs, hash_text(key));
	return TH_OK;
}

enum th_status
th_state_put(struct th_state *st, const char *key, struct th_str value,
    struct th_err *err)
{
	size_t i = find(st, &st->pairs, hash_text(key), same_pair, key);
	struct th_buf *b;
	enum th_status rc;

	if (i == st->pairs.n && (rc = add_pair(st, key, err)) != TH_OK)
		return rc;
	b = &st->change.pair[i].value;
	th_buf_clear(b);
	rc = th_buf_add(b, value.s, value.len);
	return rc == TH_OK ? TH_OK
			   : th_fail(err, rc, "%s: %s", key, th_strstatus(rc));
}

/*
 * Stores know a scope by its hash, so that it can be moved from one to another.
 */
static char *
hash_scope(const char *scope)
{
	const struct th_hash h = th_hash(th_str(scope));
	struct th_buf b;

	th_buf_init(&b, TH_SCOPE_SIZE);
	th_hex_encode(
	    (struct th_str){ (const char *)h.byte, TH_HASH_SIZE }, &b);
	return th_buf_take(&b);
}

/* Adds a scope to the change, and asks the store once whether it has it. */
static enum th_status
add_scope(struct th_state *st, const char *scope, struct th_err *err)
{
	struct th_state_change *c = &st->change;
	struct scope s = { th_strdup(scope), true };
	char *hash = hash_scope(scope);
	enum th_status rc = TH_ENOMEM;

	if (s.name == NULL || hash == NULL)
		th_fail(err, rc, "out of memory");
	else
		rc = st->store->ops->state_scope(
		    st->store, st->name, st->run, hash, &s.used, err);
	if (rc != TH_OK) {
		free(s.name);
		free(hash);
		return rc;
	}
	st->scope[c->nscopes] = s;
	c->scope[c->nscopes++] = hash;
	index_add(&st->scopes, hash_text(scope));
	return TH_OK;
}

static enum th_status
find_scope(
    struct th_state *st, const char *scope, size_t *ret, struct th_err *err)
{
	void *hashes = st->change.scope, *names = st->scope;
	enum th_status rc;

	*ret = find(st, &st->scopes, hash_text(scope), same_scope, scope);
	if (*ret < st->scopes.n)
		return TH_OK;
	rc = grow(&hashes, &st->cap_scopes, sizeof(*st->change.scope),
	    &st->scopes, err);
	st->change.scope = hashes;
	if (rc == TH_OK)
		rc = grow(&names, &st->cap_names, sizeof(*st->scope),
		    &st->scopes, err);
	st->scope = names;
	return rc == TH_OK ? add_scope(st, scope, err) : rc;
}

/* Finds what is known of an id; the mark is filled for add_mark(). */
static enum th_status
look_up(struct th_state *st, const char *scope, struct th_str id,
    struct th_state_mark *mark, bool *ret_marked, struct th_err *err)
{
	enum th_status rc;

	*ret_marked = false;
	if ((rc = find_scope(st, scope, &mark->scope, err)) != TH_OK)
		return rc;
	mark->id = th_hash(id);
	if (find(st, &st->marks, hash_mark(mark), same_mark, mark) <
	    st->marks.n) {
		*ret_marked = true;
		return TH_OK;
	}
	if (st->looked && is_mark(&st->last, mark))
		mark->known = st->last.known;
	else if (st->scope[mark->scope].used)
		rc = st->store->ops->state_seen(st->store, st->name, st->run,
		    st->change.scope[mark->scope], &mark->id, &mark->known,
		    err);
	st->last = *mark;
	st->looked = rc == TH_OK;
	return rc;
}

enum th_status
th_state_knows(struct th_state *st, const char *scope, struct th_str id,
    bool *ret, struct th_err *err)
{
	struct th_state_mark mark = { 0 };
	enum th_status rc;
	bool marked;

	rc = look_up(st, scope, id, &mark, &marked, err);
	if (rc == TH_OK)
		*ret = marked || mark.known;
	return rc;
}

enum th_status
th_state_see(struct th_state *st, const char *scope, struct th_str id,
    bool *ret, struct th_err *err)
{
	struct th_state_change *c = &st->change;
	struct th_state_mark mark = { 0 };
	enum th_status rc;
	void *array;
	bool marked;

	rc = look_up(st, scope, id, &mark, &marked, err);
	if (rc == TH_OK && marked)
		*ret = false;
	if (rc != TH_OK || marked)
		return rc;
	array = c->mark;
	rc = grow(&array, &st->cap_marks, sizeof(mark), &st->marks, err);
	c->mark = array;
	if (rc != TH_OK)
		return rc;
	c->mark[c->nmarks++] = mark;
	index_add(&st->marks, hash_mark(&mark));
	*ret = !mark.known;
	return TH_OK;
}

enum th_status
th_state_commit(struct th_state *st, struct th_err *err)
{
	enum th_status rc = TH_OK;

	st->change.now = th_now();
	if (st->change.npairs + st->change.nmarks > 0)
		rc = st->store->ops->state_commit(
		    st->store, st->name, st->run, &st->change, err);
	if (rc == TH_OK)
		forget_change(st);
	return rc;
}

enum th_status
th_state_settle(
    struct th_store *store, const char *run, bool keep, struct th_err *err)
{
	return store->ops->state_settle(store, run, keep, th_now(), err);
}

/* store -- what outlives a process: the choice of a backend, readers' states */
#include <stdlib.h>
#include <string.h>

#include "priv.h"
#include "trigger.h"

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
	const char *where = th_config_store(config);

	if (strcmp(where, "sqlite") == 0)
		return th_store_sqlite(flags, ret, err);
	return th_fail(err, TH_ECONFIG, "store: no such kind of store");
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

/*
 * A reader's state.  Changes wait in memory until the commit; ids that were
 * asked about are found again through an open hash of indexes into mark[].
 */
struct th_state {
	struct th_store *store;
	char *name, *run;
	struct th_state_change change;
	size_t cap_pairs, cap_scopes, cap_marks;
	size_t *slot;  /* index + 1; 0 is free */
	size_t nslots; /* a power of two */
};

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
change_release(struct th_state_change *c)
{
	size_t i;

	for (i = 0; i < c->npairs; i++) {
		free(c->pair[i].key);
		th_buf_release(&c->pair[i].value);
	}
	for (i = 0; i < c->nscopes; i++)
		free(c->scope[i]);
	free(c->pair);
	free(c->scope);
	free(c->mark);
	*c = (struct th_state_change){ 0 };
}

void
th_state_free(struct th_state *st)
{
	if (st == NULL)
		return;
	change_release(&st->change);
	free(st->slot);
	free(st->name);
	free(st->run);
	free(st);
}

/* Makes room for one more element of an array that doubles. */
static enum th_status
grow(void **array, size_t n, size_t *cap, size_t size, struct th_err *err)
{
	size_t more = *cap > 0 ? *cap * 2 : 16;
	void *p;

	if (n < *cap)
		return TH_OK;
	p = more > SIZE_MAX / size ? NULL : th_realloc(*array, more * size);
	if (p == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	*array = p;
	*cap = more;
	return TH_OK;
}

static struct th_state_pair *
find_pair(const struct th_state *st, const char *key)
{
	size_t i;

	for (i = 0; i < st->change.npairs; i++)
		if (strcmp(st->change.pair[i].key, key) == 0)
			return &st->change.pair[i];
	return NULL;
}

enum th_status
th_state_get(struct th_state *st, const char *key, struct th_buf *ret,
    struct th_err *err)
{
	const struct th_state_pair *pair = find_pair(st, key);

	if (pair == NULL)
		return st->store->ops->state_get(
		    st->store, st->name, st->run, key, ret, err);
	if (pair->value.len == 0)
		return TH_END;
	return th_buf_add(ret, pair->value.data, pair->value.len);
}

enum th_status
th_state_put(struct th_state *st, const char *key, struct th_str value,
    struct th_err *err)
{
	struct th_state_change *c = &st->change;
	struct th_state_pair *pair = find_pair(st, key);
	void *array = c->pair;
	enum th_status rc;

	if (pair == NULL) {
		rc =
		    grow(&array, c->npairs, &st->cap_pairs, sizeof(*pair), err);
		if (rc != TH_OK)
			return rc;
		c->pair = array;
		pair = &c->pair[c->npairs];
		pair->key = th_strdup(key);
		if (pair->key == NULL)
			return th_fail(err, TH_ENOMEM, "out of memory");
		th_buf_init(&pair->value, TH_LINE_MAX);
		c->npairs++;
	}
	th_buf_clear(&pair->value);
	rc = th_buf_add(&pair->value, value.s, value.len);
	return rc == TH_OK ? TH_OK
			   : th_fail(err, rc, "%s: %s", key, th_strstatus(rc));
}

static enum th_status
find_scope(
    struct th_state *st, const char *scope, size_t *ret, struct th_err *err)
{
	struct th_state_change *c = &st->change;
	void *array = c->scope;
	enum th_status rc;
	size_t i;

	/* A reader asks about one feed after the other: the last comes first.
	 */
	for (i = c->nscopes; i-- > 0;)
		if (strcmp(c->scope[i], scope) == 0) {
			*ret = i;
			return TH_OK;
		}
	rc = grow(&array, c->nscopes, &st->cap_scopes, sizeof(*c->scope), err);
	if (rc != TH_OK)
		return rc;
	c->scope = array;
	c->scope[c->nscopes] = th_strdup(scope);
	if (c->scope[c->nscopes] == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	*ret = c->nscopes++;
	return TH_OK;
}

/* The slot of a mark: taken by it, or free for it.  nslots is not 0. */
static size_t *
find_slot(const struct th_state *st, size_t scope, const struct th_hash *id)
{
	const struct th_state_mark *m;
	size_t i;

	memcpy(&i, id->byte, sizeof(i));
	for (i += scope;; i++) {
		i &= st->nslots - 1;
		if (st->slot[i] == 0)
			return &st->slot[i];
		m = &st->change.mark[st->slot[i] - 1];
		if (m->scope == scope && memcmp(&m->id, id, sizeof(*id)) == 0)
			return &st->slot[i];
	}
}

/* Keeps the slots at most half full, so that a look-up stays short. */
static enum th_status
grow_slots(struct th_state *st, struct th_err *err)
{
	size_t i, more = st->nslots > 0 ? st->nslots * 2 : 64;
	size_t *slot;

	if (st->change.nmarks * 2 < st->nslots)
		return TH_OK;
	slot = th_calloc(more, sizeof(*slot));
	if (slot == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	free(st->slot);
	st->slot = slot;
	st->nslots = more;
	for (i = 0; i < st->change.nmarks; i++)
		*find_slot(st, st->change.mark[i].scope,
		    &st->change.mark[i].id) = i + 1;
	return TH_OK;
}

enum th_status
th_state_see(struct th_state *st, const char *scope, struct th_str id,
    bool *ret, struct th_err *err)
{
	struct th_state_change *c = &st->change;
	struct th_state_mark mark = { 0 };
	void *array;
	enum th_status rc;
	size_t *slot;

	if ((rc = find_scope(st, scope, &mark.scope, err)) != TH_OK)
		return rc;
	if ((rc = grow_slots(st, err)) != TH_OK)
		return rc;
	array = c->mark;
	rc = grow(&array, c->nmarks, &st->cap_marks, sizeof(mark), err);
	if (rc != TH_OK)
		return rc;
	c->mark = array;
	mark.id = th_hash(id);
	slot = find_slot(st, mark.scope, &mark.id);
	if (*slot != 0) {
		*ret = false;
		return TH_OK;
	}
	rc = st->store->ops->state_seen(
	    st->store, st->name, st->run, scope, &mark.id, &mark.known, err);
	if (rc != TH_OK)
		return rc;
	c->mark[c->nmarks++] = mark;
	*slot = c->nmarks;
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
	if (rc != TH_OK)
		return rc;
	change_release(&st->change);
	st->cap_pairs = st->cap_scopes = st->cap_marks = 0;
	free(st->slot);
	st->slot = NULL;
	st->nslots = 0;
	return TH_OK;
}

enum th_status
th_state_settle(
    struct th_store *store, const char *run, bool keep, struct th_err *err)
{
	return store->ops->state_settle(store, run, keep, th_now(), err);
}

/* filter-order -- sorts items, keeping no more of them than are wanted */
#include <stdlib.h>
#include <string.h>

#include "filter.h"

struct kept {
	uint64_t head; /* the key's first bytes, to look no further mostly */
	size_t seq, keylen, len;
	bool has;
	const char *bytes; /* the key, then the line; behind the struct */
};

static uint64_t
head_of(struct th_str key)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < sizeof(n); i++)
		n = n << 8 | (i < key.len ? (unsigned char)key.s[i] : 0);
	return n;
}

static int
compare_keys(const struct kept *a, const struct kept *b)
{
	size_t len = a->keylen < b->keylen ? a->keylen : b->keylen;
	int c;

	if (a->head != b->head)
		return a->head < b->head ? -1 : 1;
	c = memcmp(a->bytes, b->bytes, len);
	return c != 0 ? c : (a->keylen > b->keylen) - (a->keylen < b->keylen);
}

/* Never 0: of equal keys the one that came first is first. */
static int
compare(const struct order *o, const struct kept *a, const struct kept *b)
{
	int c = (a->has < b->has) - (a->has > b->has);

	if (c == 0 && a->has) {
		c = compare_keys(a, b);
		c = o->descending ? -c : c;
	}
	if (c == 0)
		c = a->seq < b->seq ? -1 : 1;
	return o->reverse ? -c : c;
}

/* Would a leave the heap before b? */
static bool
goes_first(const struct order *o, const struct kept *a, const struct kept *b)
{
	int c = compare(o, a, b);

	return o->last ? c < 0 : c > 0;
}

static void
sift_down(struct order *o, size_t i, size_t n)
{
	struct kept *k = o->kept[i];
	size_t child;

	while ((child = 2 * i + 1) < n) {
		if (child + 1 < n &&
		    goes_first(o, o->kept[child + 1], o->kept[child]))
			child++;
		if (!goes_first(o, o->kept[child], k))
			break;
		o->kept[i] = o->kept[child];
		i = child;
	}
	o->kept[i] = k;
}

static void
make_heap(struct order *o)
{
	size_t i;

	for (i = o->n / 2; i > 0; i--)
		sift_down(o, i - 1, o->n);
}

static enum th_status
grow(struct order *o)
{
	size_t cap = o->cap > 0 ? o->cap * 2 : 64;
	struct kept **kept;

	if (o->n < o->cap)
		return TH_OK;
	kept = th_realloc(o->kept, cap * sizeof(struct kept *));
	if (kept == NULL)
		return TH_ENOMEM;
	o->kept = kept;
	o->cap = cap;
	return TH_OK;
}

/* Key and line behind the struct, in one piece. */
static struct kept *
copy(const struct kept *probe, struct th_str line)
{
	struct kept *k = th_malloc(sizeof(*k) + probe->keylen + line.len);
	char *bytes;

	if (k == NULL)
		return NULL;
	*k = *probe;
	bytes = (char *)(k + 1);
	if (probe->bytes != NULL)
		memcpy(bytes, probe->bytes, probe->keylen);
	memcpy(bytes + probe->keylen, line.s, line.len);
	k->bytes = bytes;
	return k;
}

enum th_status
order_add(struct order *o, struct th_str key, struct th_str line)
{
	struct kept probe = { .head = head_of(key),
		.seq = o->seen++,
		.keylen = key.len,
		.len = line.len,
		.has = key.s != NULL,
		.bytes = key.s };
	bool full = o->n == o->max;
	struct kept *k;

	if (full && (o->max == 0 || !goes_first(o, o->kept[0], &probe)))
		return TH_OK;
	if (!full && grow(o) != TH_OK)
		return TH_ENOMEM;
	k = copy(&probe, line);
	if (k == NULL)
		return TH_ENOMEM;
	if (full) {
		free(o->kept[0]);
		o->kept[0] = k;
		sift_down(o, 0, o->n);
		return TH_OK;
	}
	o->kept[o->n++] = k;
	if (o->n == o->max)
		make_heap(o);
	return TH_OK;
}

/* Heap sort: no memory, and no input makes it slow. */
void
order_finish(struct order *o)
{
	struct kept *k;
	size_t n;

	o->last = false;
	make_heap(o);
	for (n = o->n; n > 1; n--) {
		k = o->kept[0];
		o->kept[0] = o->kept[n - 1];
		o->kept[n - 1] = k;
		sift_down(o, 0, n - 1);
	}
}

struct th_str
order_line(const struct order *o, size_t i)
{
	const struct kept *k = o->kept[i];

	return (struct th_str){ k->bytes + k->keylen, k->len };
}

void
order_release(struct order *o)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		free(o->kept[i]);
	free(o->kept);
	*o = (struct order){ 0 };
}

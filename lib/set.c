/* set -- texts seen before, exactly */
#include <sys/random.h>

#include <stdlib.h>
#include <string.h>

#include "trigger.h"

#define TEXT_MAX ((size_t)1 << 40) /* all texts together */

/* Texts lie one behind the other; a slot says where one begins. */
struct slot {
	uint64_t hash;
	size_t at, len; /* at 0: free; texts begin at 1 */
};
struct th_set {
	uint64_t key[2];
	struct slot *slot;
	size_t n, cap; /* cap is a power of two */
	struct th_buf text;
};

struct th_set *
th_set_new(void)
{
	struct th_set *s = th_calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	th_buf_init(&s->text, TEXT_MAX);
	th_buf_addc(&s->text, '\0');
	/* A key that the authors of the texts cannot know: no flooding. */
	if (getrandom(s->key, sizeof(s->key), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(s->key))
		s->key[0] = (uint64_t)th_now_ms() ^ (uint64_t)(uintptr_t)s;
	return s;
}

void
th_set_free(struct th_set *s)
{
	if (s == NULL)
		return;
	th_buf_release(&s->text);
	free(s->slot);
	free(s);
}

/* ---- SipHash-1-3 (Aumasson and Bernstein) ---- */

static uint64_t
rotate(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static uint64_t
hash(const struct th_set *s, struct th_str text)
{
	uint64_t v[4] = { s->key[0] ^ 0x736f6d6570736575,
		s->key[1] ^ 0x646f72616e646f6d, s->key[0] ^ 0x6c7967656e657261,
		s->key[1] ^ 0x7465646279746573 };
	uint64_t m;
	size_t i, left;

	for (i = 0; i <= text.len; i += 8) {
		left = text.len - i;
		m = left < 8 ? (uint64_t)text.len << 56 : 0;
		memcpy(&m, text.s + i, left < 7 ? left : left < 8 ? 7 : 8);
		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
	}
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* ---- the table ---- */

/* The slot that holds the text, or the free one where it belongs. */
static struct slot *
find(struct th_set *s, uint64_t h, struct th_str text)
{
	size_t i = (size_t)h & (s->cap - 1);
	struct slot *p;

	for (;; i = (i + 1) & (s->cap - 1)) {
		p = &s->slot[i];
		if (p->at == 0 ||
		    (p->hash == h && p->len == text.len &&
			memcmp(s->text.data + p->at, text.s, text.len) == 0))
			return p;
	}
}

static enum th_status
grow(struct th_set *s)
{
	size_t cap = s->cap > 0 ? s->cap * 2 : 256, i, j;
	struct slot *slot = th_calloc(cap, sizeof(*slot));

	if (slot == NULL)
		return TH_ENOMEM;
	for (i = 0; i < s->cap; i++) {
		if (s->slot[i].at == 0)
			continue;
		for (j = (size_t)s->slot[i].hash & (cap - 1); slot[j].at != 0;)
			j = (j + 1) & (cap - 1);
		slot[j] = s->slot[i];
	}
	free(s->slot);
	s->slot = slot;
	s->cap = cap;
	return TH_OK;
}

enum th_status
th_set_add(struct th_set *s, struct th_str text, bool *ret)
{
	uint64_t h = hash(s, text);
	struct slot *p;
	enum th_status st;

	if (s->n >= s->cap / 2) {
		st = grow(s);
		if (st != TH_OK)
			return st;
	}
	p = find(s, h, text);
	*ret = p->at == 0;
	if (!*ret)
		return TH_OK;
	st = th_buf_reserve(&s->text, text.len);
	if (st != TH_OK)
		return st;
	*p = (struct slot){ h, s->text.len, text.len };
	s->n++;
	return th_buf_add(&s->text, text.s, text.len);
}

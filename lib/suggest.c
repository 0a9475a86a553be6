/* suggest -- the word that was meant */
#include <string.h>

#include "priv.h"

#define WORD_MAX 64

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Capitals are no mistake in themselves: "RSS" is rss. */
static bool
is_same(char a, char b)
{
	return th_lower(a) == th_lower(b);
}

/*
 * Edits that turn a into b, where two neighbours that changed places are one
 * edit (optimal string alignment).  Words over WORD_MAX are never near.
 */
static size_t
distance(const char *a, const char *b)
{
	size_t row[3][WORD_MAX + 1], *before = row[0], *last = row[1],
				     *now = row[2], *tmp;
	size_t la = strlen(a), lb = strlen(b), i, j, cost;

	if (la > WORD_MAX || lb > WORD_MAX)
		return WORD_MAX;
	for (j = 0; j <= lb; j++)
		last[j] = j;
	for (i = 1; i <= la; i++) {
		now[0] = i;
		for (j = 1; j <= lb; j++) {
			cost = !is_same(a[i - 1], b[j - 1]);
			now[j] = least(
			    now[j - 1] + 1, last[j] + 1, last[j - 1] + cost);
			if (i > 1 && j > 1 && is_same(a[i - 1], b[j - 2]) &&
			    is_same(a[i - 2], b[j - 1]) &&
			    before[j - 2] + cost < now[j])
				now[j] = before[j - 2] + cost;
		}
		tmp = before;
		before = last;
		last = now;
		now = tmp;
	}
	return last[lb];
}

void
th_suggest_init(struct th_suggest *s, const char *word)
{
	s->word = word;
	s->best = NULL;
	/* A third of the word may be wrong, but never all of a short one. */
	s->limit = strlen(word) / 3 + (strlen(word) > 1);
}

void
th_suggest_offer(struct th_suggest *s, const char *candidate)
{
	size_t d = distance(s->word, candidate), len = strlen(s->word);
	bool begins = len > 1 && strlen(candidate) >= len &&
		      th_str_iis((struct th_str){ candidate, len }, s->word);

	if (begins && d > 1)
		d = 1;
	if (d > s->limit || (s->best != NULL && d >= s->distance))
		return;
	s->best = candidate;
	s->distance = d;
}

/* Do the words have the same letters?  Then two of them changed places. */
static bool
same_letters(const char *a, const char *b)
{
	unsigned sum = 0;

	while (*a != '\0' && *b != '\0')
		sum += (unsigned char)*a++ - (unsigned)(unsigned char)*b++;
	return sum == 0 && *a == *b;
}

const char *
th_suggest_slip(const char *word, const char *const *names)
{
	const char *last = strrchr(word, '.');
	size_t len = strlen(last != NULL ? last + 1 : word);
	struct th_suggest s;

	for (; *names != NULL; names++) {
		th_suggest_init(&s, word);
		s.limit = len < 3 ? 0 : len < 6 ? 1 : 2;
		th_suggest_offer(&s, *names);
		if (s.best == NULL)
			continue;
		if (len > 4 || strlen(word) != strlen(s.best) ||
		    same_letters(word, s.best))
			return s.best;
	}
	return NULL;
}

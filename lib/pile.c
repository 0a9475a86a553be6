/* pile -- items that a service gives newest first, handed on oldest first */
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

struct th_piled {
	char *text; /* the id and the line */
	size_t idlen, len;
};

void
th_pile_release(struct th_pile *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		free(p->at[i].text);
	free(p->at);
	*p = (struct th_pile){ 0 };
}

enum th_status
th_pile_add(struct th_pile *p, struct th_str id, struct th_str line)
{
	struct th_piled *more;
	size_t cap;
	char *text;

	if (p->n == p->cap) {
		cap = p->cap > 0 ? 2 * p->cap : 64;
		if ((more = th_realloc(p->at, cap * sizeof(*more))) == NULL)
			return TH_ENOMEM;
		p->at = more;
		p->cap = cap;
	}
	if ((text = th_malloc(id.len + line.len)) == NULL)
		return TH_ENOMEM;
	memcpy(text, id.s, id.len);
	memcpy(text + id.len, line.s, line.len);
	p->at[p->n++] = (struct th_piled){ text, id.len, line.len };
	return TH_OK;
}

enum th_status
th_pile_emit(
    const struct th_pile *p, th_emit *emit, void *ctx, size_t *ret_taken)
{
	const struct th_piled *it;
	enum th_status st = TH_OK;
	size_t i;

	for (i = p->n; i > 0 && st == TH_OK; i--) {
		it = &p->at[i - 1];
		st = emit(ctx, (struct th_str){ it->text, it->idlen },
		    (struct th_str){ it->text + it->idlen, it->len });
	}
	*ret_taken = p->n - i;
	return st;
}

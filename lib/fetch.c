/* fetch -- what every reader does: hand on what is new, remember where it was
 */
#include <inttypes.h>

#include "trigger.h"

enum th_status
th_fetch_knows(const struct th_fetch *f, const char *scope, struct th_str id,
    bool *ret, struct th_err *err)
{
	*ret = false;
	if (f->state == NULL)
		return TH_OK;
	return th_state_knows(f->state, scope, id, ret, err);
}

enum th_status
th_fetch_emit(const struct th_fetch *f, const char *scope, struct th_str id,
    struct th_str line, struct th_err *err)
{
	enum th_status st, taken = TH_OK;
	bool known, fresh;

	if (th_interrupted)
		return th_fail(err, TH_EAGAIN, "interrupted");
	if ((st = th_fetch_knows(f, scope, id, &known, err)) != TH_OK)
		return st;
	if (!known)
		taken = f->emit(f->ctx, id, line);
	if (f->state == NULL || (taken != TH_OK && taken != TH_END))
		return taken;
	/* One that is known, too: it is not to be forgotten for its age. */
	st = th_state_see(f->state, scope, id, &fresh, err);
	return st == TH_OK ? taken : st;
}

enum th_status
th_fetch_recall(
    const struct th_fetch *f, const char *key, int64_t *ret, struct th_err *err)
{
	struct th_buf b;
	enum th_status st;
	int64_t n;

	if (f->state == NULL)
		return TH_OK;
	th_buf_init(&b, 64);
	st = th_state_get(f->state, key, &b, err);
	if (st == TH_OK && th_int_parse(th_buf_str(&b), &n) == TH_OK)
		*ret = n;
	th_buf_release(&b);
	return st == TH_END || st == TH_EDATA ? TH_OK : st;
}

enum th_status
th_fetch_keep(
    const struct th_fetch *f, const char *key, int64_t n, struct th_err *err)
{
	char text[24];

	if (f->state == NULL)
		return TH_OK;
	snprintf(text, sizeof(text), "%" PRId64, n);
	return th_state_put(f->state, key, th_str(text), err);
}

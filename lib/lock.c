/* lock -- one at a time over all processes and machines */
#include "priv.h"

enum th_status
th_lock(
    struct th_store *s, const char *name, int64_t seconds, struct th_err *err)
{
	char owner[TH_OWNER_SIZE], holder[TH_OWNER_SIZE] = "";
	const int64_t now = th_now();
	enum th_status st;

	th_owner(owner);
	st = s->ops->lock_take(
	    s, name, owner, NULL, now, now + seconds, holder, err);
	if (st != TH_END || th_owner_life(holder) != TH_OWNER_DEAD)
		return st;
	return s->ops->lock_take(
	    s, name, owner, holder, now, now + seconds, holder, err);
}

enum th_status
th_unlock(struct th_store *s, const char *name, struct th_err *err)
{
	char owner[TH_OWNER_SIZE];

	th_owner(owner);
	return s->ops->lock_drop(s, name, owner, err);
}

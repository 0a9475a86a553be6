/* pace -- services that want few requests, and one at a time for some things */
#include <time.h>

#include "trigger.h"

#define WAIT_MAX 20   /* seconds that a request is held back in place */
#define LOCK_TIME 120 /* seconds that a lock lasts when its holder is gone */
#define LOOK_MS 50

static void
rest(int64_t ms)
{
	struct timespec left = { .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&left, NULL); /* a signal ends it: the caller looks */
}

enum th_status
th_session_pace(
    struct th_session *ses, const char *key, const struct th_limit *limit)
{
	struct th_err *err = th_session_err(ses);
	struct th_store *store;
	int64_t token, next, now;
	enum th_status st;

	if ((st = th_session_store(ses, &store)) != TH_OK)
		return st;
	while ((st = th_limit_take(store, key, limit, &token, &next, err)) ==
	       TH_END) {
		now = th_now();
		if (th_interrupted)
			return th_session_fail(ses, TH_EAGAIN, "interrupted");
		if (next == 0 || next > now + WAIT_MAX) {
			err->retry_at = next;
			return th_session_fail(ses, TH_EAGAIN,
			    "as many requests as the service allows");
		}
		rest(next > now ? (next - now) * 1000 : LOOK_MS);
	}
	return st;
}

enum th_status
th_session_lock(struct th_session *ses, const char *name)
{
	struct th_err *err = th_session_err(ses);
	struct th_store *store;
	int64_t end = th_now() + LOCK_TIME;
	enum th_status st;

	if ((st = th_session_store(ses, &store)) != TH_OK)
		return st;
	while ((st = th_lock(store, name, LOCK_TIME, err)) == TH_END) {
		if (th_interrupted)
			return th_session_fail(ses, TH_EAGAIN, "interrupted");
		if (th_now() > end)
			return th_session_fail(ses, TH_EAGAIN,
			    "another process is at the same and does not end");
		rest(LOOK_MS);
	}
	return st;
}

void
th_session_unlock(struct th_session *ses, const char *name)
{
	struct th_store *store;

	if (th_session_store(ses, &store) == TH_OK)
		th_unlock(store, name, NULL);
}

/* the header of a trigger; what it says has a next time that is later */
#include <stdlib.h>

#include "trigger.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
told(void *ctx, const struct th_err *err)
{
	if (err->text[0] == '\0')
		abort();
	++*(int *)ctx;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const int64_t now = 1795470000;
	struct th_script s;
	enum th_status st;
	int64_t next;
	int n = 0;

	st = th_script_parse(
	    (struct th_str){ (const char *)data, size }, "x", told, &n, &s);
	if ((st == TH_OK) != (n == 0))
		abort();
	next = th_schedule_next(&s.schedule, now, 0, now);
	if (next != 0 && next <= now)
		abort();
	th_schedule_slot(&s.schedule, now - 100000, now);
	th_script_release(&s);
	return 0;
}

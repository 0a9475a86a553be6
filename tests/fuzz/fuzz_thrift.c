/* any bytes as a reply in Thrift's binary protocol: what was checked is read */
#include <stdlib.h>

#include "trigger.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Reads all that there is, and stays within it. */
static void
walk(const struct th_thrift *st, struct th_str all, int depth)
{
	struct th_thrift_iter it;
	struct th_thrift v;
	struct th_str s;
	int id;

	if (st->raw.s < all.s || st->raw.s + st->raw.len > all.s + all.len ||
	    depth > 40)
		abort();
	for (id = -1; id < 20; id++) {
		th_thrift_number(st, id, 0);
		s = th_thrift_text(st, id);
		if (s.s != NULL &&
		    (s.s < all.s || s.s + s.len > all.s + all.len))
			abort();
		if (th_thrift_get(st, id, TH_THRIFT_STRUCT, &v))
			walk(&v, all, depth + 1);
		th_thrift_list(st, id, &it);
		while (th_thrift_next(&it, &v))
			if (v.type == TH_THRIFT_STRUCT && depth < 3)
				walk(&v, all, depth + 1);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_str all = { (const char *)data, size };
	struct th_thrift_message m;

	if (th_thrift_parse(all, &m, NULL) == TH_OK)
		walk(&m.body, all, 0);
	return 0;
}

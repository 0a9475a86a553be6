/* any bytes as a query; its words are then looked for in these bytes */
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
mark(const struct th_query *q, struct th_str text)
{
	struct th_marker *m = th_marker_new(q);
	const char *last = text.s;
	struct th_str word;

	if (m == NULL)
		return;
	th_marker_start(m, text);
	while (th_marker_next(m, &word)) {
		if (word.s < last || word.len == 0 ||
		    word.s + word.len > text.s + text.len)
			abort();
		last = word.s + word.len;
	}
	th_marker_free(m);
}

/* What the engines rely on: no sign of theirs is in a term. */
static void
check(const struct th_query *q)
{
	const char *p;
	size_t i;

	if (q->n == 0 && q->after == INT64_MIN && q->before == INT64_MAX)
		abort();
	for (i = 0; i < q->n; i++) {
		p = q->term[i].text;
		if (*p == '\0' || *p == ' ' || p[strlen(p) - 1] == ' ' ||
		    th_utf8_valid(th_str(p)) != strlen(p))
			abort();
		for (; *p != '\0'; p++)
			if (strchr("\"'*:^(){}[]-+=~\\/;,.<>&|!?", *p) != NULL)
				abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *src = th_strndup((const char *)data, size);
	struct th_query q = { 0 };
	struct th_err err = { 0 };
	enum th_status st;

	if (src == NULL)
		return 0;
	st = th_query_parse(src, &q, &err);
	if (st == TH_OK) {
		check(&q);
		mark(&q, (struct th_str){ (const char *)data, size });
		th_query_release(&q);
	} else if (st != TH_EUSAGE || err.column == 0 ||
		   err.column > strlen(src) + 1) {
		abort();
	}
	free(src);
	return 0;
}

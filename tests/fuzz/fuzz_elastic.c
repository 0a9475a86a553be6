/* what Elasticsearch answers to a bulk request, to a query, and to a mistake */
#include "../../lib/search_elastic_bulk.c"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static enum th_status
visit(void *ctx, const struct th_hit *hit)
{
	(void)ctx;
	if (hit->line.len == 0 || hit->line.s[hit->line.len] != '\0')
		__builtin_trap();
	return TH_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_reply rep = { .code = size > 0 ? 200 + data[0] : 0 };
	struct th_err err = { 0 };
	struct th_elastic e = { 0 };
	struct bulk b = { .e = &e, .n = 3, .err = &err };

	th_buf_init(&rep.body, 1 << 20);
	th_buf_add(&rep.body, (const char *)data, size);
	if (th_elastic_judge(&rep, &err) != TH_OK && err.text[0] == '\0')
		__builtin_trap();
	if (read_answer(&b, &rep) == TH_OK &&
	    (b.keep[0] || b.keep[1] || b.keep[2]))
		__builtin_trap();
	th_elastic_show(&rep, TH_SEARCH_ITEM, 20, visit, NULL, &err);
	th_reply_release(&rep);
	return 0;
}

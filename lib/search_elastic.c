/* search_elastic -- an engine elsewhere */
#include "search.h"

enum th_status
th_elastic_new(const struct th_config *config, const char *url,
    struct th_docs *docs, struct th_store *store, struct th_elastic **ret,
    struct th_err *err)
{
	(void)config;
	(void)docs;
	(void)store;
	(void)ret;
	return th_fail(
	    err, TH_ECONFIG, "search: only sqlite is known, not %s", url);
}
void
th_elastic_free(struct th_elastic *e)
{
	(void)e;
}
enum th_status
th_elastic_flush(struct th_elastic *e, struct th_err *err)
{
	(void)e;
	(void)err;
	return TH_OK;
}
enum th_status
th_elastic_clear(struct th_elastic *e, struct th_err *err)
{
	(void)e;
	(void)err;
	return TH_OK;
}
enum th_status
th_elastic_find(struct th_elastic *e, enum th_search_kind k,
    const struct th_query *q, size_t limit, th_hit_visit *visit, void *ctx,
    struct th_err *err)
{
	(void)e;
	(void)k;
	(void)q;
	(void)limit;
	(void)visit;
	(void)ctx;
	(void)err;
	return TH_OK;
}

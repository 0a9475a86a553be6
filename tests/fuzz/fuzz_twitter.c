/* fuzz_twitter -- a page of posts as items, and an answer to a post */
#include "../../services/twitter.c"
#include "emitted.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
read_page(struct th_session *ses, json_t *root)
{
	struct th_fetch f = { .since = INT64_MIN, .emit = check };
	struct reading r = { .ses = ses, .f = &f, .src = &sources[0] };

	th_buf_init(&r.key, 64);
	th_buf_init(&r.first, 64);
	th_buf_init(&r.since, 64);
	th_buf_init(&r.next, URL_MAX);
	th_buf_init(&r.newest, 64);
	if (take_page(&r, root) == TH_OK)
		emit_all(&r);
	has_next(&r, root);
	th_pile_release(&r.pile);
	th_buf_release(&r.key);
	th_buf_release(&r.first);
	th_buf_release(&r.since);
	th_buf_release(&r.next);
	th_buf_release(&r.newest);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_str text = { (const char *)data, size };
	struct th_delivery d = { 0 };
	struct th_reply rep = { .code = size > 0 ? 200 + data[0] : 0 };
	struct th_session *ses;
	json_t *root = NULL;

	ses = th_session_new(&th_service_twitter, NULL, NULL, NULL, NULL, NULL);
	if (ses == NULL)
		return 0;
	th_buf_init(&rep.body, 1 << 20);
	th_buf_add(&rep.body, text.s, text.len);
	judge(ses, &rep);
	sent(ses, &d, &rep);
	if (th_payload_parse(text, &root, NULL) == TH_OK) {
		read_page(ses, root);
		find_own(root, TH_STR("text"));
	}
	free(d.receipt.id);
	free(d.receipt.url);
	json_decref(root);
	th_reply_release(&rep);
	th_session_free(ses);
	return 0;
}

/* fuzz_readability -- a page of bookmarks, and the items made of it */
#include "../../services/readability.c"
#include "emitted.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_fetch f = { .since = INT64_MIN, .emit = check };
	struct th_str text = { (const char *)data, size };
	struct reading r = { .zone = -18000 };
	struct th_session *ses = th_session_new(
	    &th_service_readability, NULL, NULL, NULL, NULL, NULL);
	json_t *root = NULL;

	if (ses != NULL && th_shelf_init(&r.shelf, ses, &f) == TH_OK &&
	    th_payload_parse(text, &root, NULL) == TH_OK &&
	    take_page(&r, json_object_get(root, "bookmarks")) == TH_OK)
		emit_all(&r);
	json_decref(root);
	th_shelf_release(&r.shelf);
	th_session_free(ses);
	return 0;
}

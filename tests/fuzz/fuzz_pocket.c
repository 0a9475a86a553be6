/* fuzz_pocket -- an answer to /v3/get, or an export, as items */
#include "../../services/pocket.c"
#include "emitted.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
read_reply(struct reading *r, struct th_str text)
{
	struct th_reply rep = { .code = 200 };
	json_t *root = NULL;
	size_t fresh;

	th_buf_init(&rep.body, 1 << 20);
	th_buf_add(&rep.body, text.s, text.len);
	if (read_answer(r->shelf.ses, &rep, &root) == TH_OK &&
	    take_page(r, json_object_get(root, "list"), &fresh) == TH_OK)
		sift(r);
	json_decref(root);
	th_reply_release(&rep);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_str text = { (const char *)data, size };
	struct th_fetch f = { .since = INT64_MIN, .emit = check };
	struct reading r = { .status = "all" };
	struct th_session *ses =
	    th_session_new(&th_service_pocket, NULL, NULL, NULL, NULL, NULL);
	struct th_csv csv;

	if (ses == NULL || th_shelf_init(&r.shelf, ses, &f) != TH_OK)
		return 0;
	if (size > 0 && data[0] == '{') {
		read_reply(&r, text);
	} else {
		th_csv_init(&csv, text);
		read_records(&r, "export", &csv);
	}
	emit_all(&r);
	th_shelf_release(&r.shelf);
	th_session_free(ses);
	return 0;
}

/* fuzz_trello -- cards as items, and an answer to a card */
#include "../../services/trello.c"
#include "emitted.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
read_cards_of(struct th_session *ses, json_t *root)
{
	struct th_fetch f = { .since = INT64_MIN, .emit = check };
	struct reading r = { .ses = ses, .f = &f };
	struct card c = { 0 };
	const char *least = NULL;
	json_t *all = json_array(), *card;
	size_t i;

	if (all == NULL)
		return;
	take_page(root, all, &least);
	emit_cards(&r, all);
	json_array_foreach(root, i, card) is_same_card(card, &c);
	json_decref(all);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_str text = { (const char *)data, size };
	struct th_delivery d = { 0 };
	struct th_reply rep = { .code = size > 0 ? 200 + data[0] : 0 };
	struct th_opts *opts = th_opts_new(params);
	struct th_session *ses = NULL;
	json_t *root = NULL;

	if (opts != NULL && th_opts_set(opts, "board", "B", NULL) == TH_OK)
		ses = th_session_new(
		    &th_service_trello, NULL, NULL, opts, NULL, NULL);
	if (ses == NULL)
		return 0;
	th_buf_init(&rep.body, 1 << 20);
	th_buf_add(&rep.body, text.s, text.len);
	judge(ses, &rep);
	sent(ses, &d, &rep);
	if (th_payload_parse(text, &root, NULL) == TH_OK)
		read_cards_of(ses, root);
	free(d.receipt.id);
	free(d.receipt.url);
	json_decref(root);
	th_reply_release(&rep);
	th_session_free(ses);
	th_opts_free(opts);
	return 0;
}

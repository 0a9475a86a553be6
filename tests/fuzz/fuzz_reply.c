/*
 * fuzz_reply -- the head and body of an HTTP reply, and what is made of it: by
 * the library, and by a webhook
 */
#include <stdlib.h>

#include "../../services/webhook.c"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
look(const struct th_reply *rep)
{
	struct th_err err = { 0 };
	struct th_buf b;
	int64_t age = th_reply_max_age(rep);

	th_buf_init(&b, 1 << 16);
	th_reply_status(rep, &err);
	if (age < -1 || age > 7 * 86400 ||
	    err.text[th_utf8_valid(th_str(err.text))] != '\0')
		__builtin_trap();
	th_reply_feed_link(rep, &b);
	th_buf_release(&b);
}

/* What was taken has nowhere to be but at an address. */
static void
take_receipt(const struct th_reply *rep)
{
	struct th_session *ses =
	    th_session_new(&th_service_webhook, NULL, NULL, NULL, NULL, NULL);
	struct th_delivery d = { 0 };
	enum th_status st;

	if (ses == NULL)
		return;
	st = read_reply(ses, &d, rep);
	if (st == TH_OK || (st == TH_END) != (rep->code / 100 == 2) ||
	    (d.receipt.url != NULL && !th_url_is_http(th_str(d.receipt.url))))
		__builtin_trap();
	free(d.receipt.url);
	th_session_free(ses);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_reply rep = { 0 };
	struct th_str rest = { (const char *)data, size };
	const char *nl;
	size_t n;

	th_buf_init(&rep.body, 1 << 16);
	if ((rep.url = th_strdup("http://example.org/a/b?c")) == NULL)
		return 0;
	while ((nl = memchr(rest.s, '\n', rest.len)) != NULL) {
		n = (size_t)(nl - rest.s) + 1;
		th_reply_line(&rep, (struct th_str){ rest.s, n });
		rest.s += n;
		rest.len -= n;
	}
	th_buf_add(&rep.body, rest.s, rest.len);
	look(&rep);
	take_receipt(&rep);
	th_reply_release(&rep);
	return 0;
}

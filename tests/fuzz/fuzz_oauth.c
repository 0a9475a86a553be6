/*
 * fuzz_oauth -- answers of token endpoints, forms, what is signed of a URL, and
 * the file that tokens are kept in
 */
#include "../../lib/creds.c"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
read_reply(struct th_str body)
{
	static const char *const name[] = { "access_token", "oauth_token",
		"expires_in", "error", "interval" };
	struct th_secret s = { NULL };
	size_t i;

	for (i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		if (th_login_reply(body, name[i], &s) == TH_OK &&
		    s.value[0] == '\0')
			__builtin_trap(); /* an empty token is none */
		th_secret_release(&s);
	}
}

/* Signing what can be signed never fails, and never shows the secrets. */
static void
sign(struct th_str url, struct th_str form)
{
	const struct th_oauth1 who = { .consumer_key = "key",
		.consumer_secret = "canary-a",
		.token = "token",
		.token_secret = "canary-b",
		.nonce = "nonce",
		.timestamp = 1 };
	struct th_request req;
	struct th_buf base;

	th_request_init(&req);
	th_buf_init(&base, 1 << 24);
	if (th_request_set(&req, "POST", url) == TH_OK) {
		th_request_header(
		    &req, "Content-Type", "application/x-www-form-urlencoded");
		req.has_body = true;
		th_buf_add(&req.body, form.s, form.len);
		if (th_oauth1_base_string(&req, &who, &base) == TH_OK &&
		    (strncmp(base.data, "POST&", 5) != 0 ||
			strlen(base.data) != base.len))
			__builtin_trap();
	}
	th_request_release(&req);
	th_buf_release(&base);
}

/* What is written of a file is read as the same. */
static void
keep(struct th_str file)
{
	struct th_creds *c = th_calloc(1, sizeof(*c));
	struct th_creds *again = th_calloc(1, sizeof(*again));
	struct th_buf one, two;

	th_buf_init(&one, TH_LINE_MAX);
	th_buf_init(&two, TH_LINE_MAX);
	if (c != NULL && again != NULL && creds_parse(c, file, NULL) == TH_OK) {
		th_creds_set(c, "token", TH_STR("\"\\\n"));
		if (creds_text(c, &one) != TH_OK ||
		    creds_parse(again, th_buf_str(&one), NULL) != TH_OK ||
		    creds_text(again, &two) != TH_OK ||
		    !th_str_is(th_buf_str(&one), two.data))
			__builtin_trap();
	}
	th_creds_free(c);
	th_creds_free(again);
	th_buf_release(&one);
	th_buf_release(&two);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	size_t n = end != NULL ? (size_t)(end - data) : size;
	struct th_str all = { (const char *)data, size };

	read_reply(all);
	keep(all);
	sign((struct th_str){ (const char *)data, n },
	    (struct th_str){ (const char *)data + n, size - n });
	return 0;
}

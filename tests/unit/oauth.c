/* oauth: RFC 5849's and published vectors, RFC 7636's, forms */
#include <stdio.h>
#include <string.h>

#include "trigger.h"

static int n, failed;

static void
ok(bool good, const char *name)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++n, name);
	failed += !good;
}

struct vector {
	const char *name, *method, *url, *form;
	struct th_oauth1 who;
	const char *base; /* or NULL */
	const char *signature;
};

static const struct vector vector[] = {
	{ "RFC 5849, 1.2: token", "POST", "https://photos.example.net/token",
	    NULL,
	    { .consumer_key = "dpf43f3p2l4k3l03",
		.consumer_secret = "kd94hf93k423kf44",
		.token = "hh5s93j4hdidpola",
		.token_secret = "hdhd0244k9j7ao03",
		.verifier = "hfdp7dh39dks9884",
		.nonce = "walatlh",
		.timestamp = 137131201,
		.no_version = true },
	    NULL, "gKgrFCywp7rO0OXSjdot%2FIHF7IU%3D" },
	{ "RFC 5849, 1.2: a photo, query signed", "GET",
	    "http://photos.example.net/photos?file=vacation.jpg&size=original",
	    NULL,
	    { .consumer_key = "dpf43f3p2l4k3l03",
		.consumer_secret = "kd94hf93k423kf44",
		.token = "nnch734d00sl2jdk",
		.token_secret = "pfkkdhi9sl3r4s00",
		.nonce = "chapoH",
		.timestamp = 137131202,
		.no_version = true },
	    NULL, "MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D" },
	{ "RFC 5849, 3.4.1: double names, pluses, an escaped query", "POST",
	    "HTTP://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
	    "c2&a3=2+q",
	    { .consumer_key = "9djdj82h48djs9d2",
		.consumer_secret = "j49sk3j29djd",
		.token = "kkk9d7dh3k39sjv7",
		.token_secret = "dh893hdasih9",
		.nonce = "7d8f3e4a",
		.timestamp = 137131201,
		.no_version = true },
	    "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%"
	    "2520q"
	    "%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_"
	    "consumer_"
	    "key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_"
	    "m"
	    "ethod%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%"
	    "3Dkkk"
	    "9d7dh3k39sjv7",
	    "r6%2FTJjbCOr97%2F%2BUU0NsvSne7s5g%3D" },
	{ "a published vector: a status posted as a form", "POST",
	    "https://api.twitter.com/1.1/statuses/"
	    "update.json?include_entities=true",
	    "status=Hello%20Ladies%20%2b%20Gentlemen%2c%20a%20signed%20OAuth%20"
	    "request%21",
	    { .consumer_key = "xvz1evFS4wEEPTGEFPHBog",
		.consumer_secret =
		    "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
		.token = "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
		.token_secret = "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
		.nonce = "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
		.timestamp = 1318622958 },
	    NULL, "hCtSmYh%2BiHYCEqBWrE7C7hYmtUk%3D" },
};

static void
signs(const struct vector *v)
{
	struct th_request req;
	struct th_buf base;
	char want[128];
	bool good;

	th_request_init(&req);
	th_buf_init(&base, 8192);
	th_request_set(&req, v->method, th_str(v->url));
	if (v->form != NULL) {
		th_request_header(&req, "Content-Type",
		    "application/x-www-form-urlencoded; charset=utf-8");
		th_buf_adds(&req.body, v->form);
		req.has_body = true;
	}
	good = v->base == NULL ||
	       (th_oauth1_base_string(&req, &v->who, &base) == TH_OK &&
		   strcmp(base.data, v->base) == 0);
	snprintf(want, sizeof(want), "oauth_signature=\"%s\"", v->signature);
	good = good && th_oauth1_sign(&req, &v->who, NULL) == TH_OK &&
	       strstr(req.header[req.nheaders - 1].value, want) != NULL &&
	       req.header[req.nheaders - 1].secret;
	ok(good, v->name);
	th_request_release(&req);
	th_buf_release(&base);
}

static void
base_of(struct th_request *req, const char *url, struct th_buf *ret)
{
	const struct th_oauth1 who = { .consumer_key = "k", .nonce = "n" };

	th_request_set(req, "POST", th_str(url));
	th_buf_clear(ret);
	th_oauth1_base_string(req, &who, ret);
}

static void
test_base(void)
{
	struct th_request req;
	struct th_buf b;

	th_request_init(&req);
	th_buf_init(&b, 8192);
	th_request_header(&req, "Content-Type", "application/json");
	th_buf_adds(&req.body, "{\"text\":\"secret=1\"}");
	req.has_body = true;
	base_of(&req, "https://h/2/tweets", &b);
	ok(strstr(b.data, "text") == NULL, "a JSON body is not signed");
	base_of(&req, "https://h:443", &b);
	ok(strstr(b.data, "&https%3A%2F%2Fh%2F&") != NULL,
	    "the default port goes, an empty path is /");
	base_of(&req, "http://h:8080/x", &b);
	ok(strstr(b.data, "http%3A%2F%2Fh%3A8080%2Fx") != NULL,
	    "another port stays");
	base_of(&req, "https://h/?a=%zz", &b);
	ok(th_oauth1_base_string(&req,
	       &(struct th_oauth1){ .consumer_key = "k", .nonce = "n" },
	       &b) == TH_EDATA,
	    "a broken query is refused");
	th_request_release(&req);
	th_buf_release(&b);
}

static void
test_nonce(void)
{
	const struct th_oauth1 who = { .consumer_key = "k",
		.consumer_secret = "s" };
	struct th_request a, b;

	th_request_init(&a);
	th_request_init(&b);
	th_request_set(&a, "GET", th_str("https://h/"));
	th_request_set(&b, "GET", th_str("https://h/"));
	ok(th_oauth1_sign(&a, &who, NULL) == TH_OK &&
		th_oauth1_sign(&b, &who, NULL) == TH_OK &&
		strcmp(a.header[0].value, b.header[0].value) != 0,
	    "two requests never share a nonce");
	th_request_release(&a);
	th_request_release(&b);
}

static void
test_pkce(void)
{
	struct th_buf b;

	th_buf_init(&b, 256);
	th_pkce_challenge(
	    th_str("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), &b);
	ok(strcmp(b.data, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM") == 0,
	    "RFC 7636, appendix B");
	th_buf_clear(&b);
	ok(th_random_token(16, &b) == TH_OK && b.len == 32,
	    "chance is of the length asked for");
	th_buf_release(&b);
}

static void
test_form(void)
{
	struct th_buf b;

	th_buf_init(&b, 256);
	ok(th_form_get(th_str("a=1&b=x+%26%3D&&c"), "b", &b) == TH_OK &&
		strcmp(b.data, "x &=") == 0,
	    "a form value is decoded");
	ok(th_form_get(th_str("a=1&c"), "c", &b) == TH_OK,
	    "a name without value is there");
	ok(th_form_get(th_str("a=1"), "b", &b) == TH_END,
	    "an absent name is told");
	ok(th_form_get(th_str("a=%4"), "a", &b) == TH_EDATA,
	    "a broken percent sign is told");
	th_buf_release(&b);
	th_buf_init(&b, 256);
	th_form_add(&b, "a", th_str("1 2"));
	th_form_add(&b, "b", th_str("\xc3\xa9&"));
	ok(strcmp(b.data, "a=1%202&b=%C3%A9%26") == 0, "a form is made");
	th_buf_release(&b);
}

static bool
reply_is(const char *body, const char *name, const char *want)
{
	struct th_secret s = { NULL };
	bool good = th_login_reply(th_str(body), name, &s) == TH_OK &&
		    strcmp(s.value, want) == 0;

	th_secret_release(&s);
	return good;
}

static void
test_reply(void)
{
	struct th_secret s = { NULL };

	ok(reply_is(" {\"a\": \"x\\u00e9\"} ", "a", "x\xc3\xa9") &&
		reply_is("{\"a\": 7200}", "a", "7200"),
	    "JSON answers are read");
	ok(reply_is("a=1&oauth_token=t%2B\n", "oauth_token", "t+"),
	    "form answers are read");
	ok(th_login_reply(th_str("{\"a\": \"x\\u0000y\"}"), "a", &s) ==
		    TH_EDATA &&
		th_login_reply(th_str("a=%00b"), "a", &s) == TH_EDATA,
	    "a NUL in a token is refused");
	ok(th_login_reply(th_str("{\"a\": {}}"), "a", &s) == TH_END &&
		th_login_reply(th_str("{\"a\":"), "a", &s) == TH_EDATA,
	    "what is no token is told");
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(vector) / sizeof(vector[0]); i++)
		signs(&vector[i]);
	test_base();
	test_nonce();
	test_pkce();
	test_form();
	test_reply();
	printf("1..%d\n", n);
	return failed != 0;
}

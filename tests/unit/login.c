/*
 * login: the ways that no built-in service has, against tests/servers/oauth.py.
 * auth.t runs it with the stand-in's address; without one there is nothing to
 * do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

static int n, failed;

static void
ok(bool good, const char *name)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++n, name);
	failed += !good;
}

static const struct th_login ways[] = {
	{ .kind = TH_LOGIN_DEVICE,
	    .name = "device",
	    .needs = "client_id",
	    .keeps = "access_token refresh_token",
	    .request = "/device/code",
	    .token = "/oauth/token",
	    .scope = "all" },
	{ .kind = TH_LOGIN_PASSWORD,
	    .name = "password",
	    .needs = "client_id",
	    .keeps = "access_token refresh_token",
	    .token = "/oauth/token" },
	{ .kind = TH_LOGIN_XAUTH,
	    .name = "xauth",
	    .needs = "consumer_key consumer_secret",
	    .keeps = "oauth_token=token oauth_token_secret=token_secret",
	    .token = "/oauth/access_token" },
	{ .kind = TH_LOGIN_END },
};
static const struct th_service service = { .name = "test", .login = ways };

static struct th_session *
session(const struct th_config *config, const char *account)
{
	struct th_account *a = NULL;

	if (th_account_new(config, "test", account, NULL, &a, NULL) != TH_OK)
		return NULL;
	return th_session_new(&service, config, a, NULL, NULL, NULL);
}

/* Do the tokens of the account open the door? */
static bool
is_good(const struct th_config *config, const char *account)
{
	struct th_session *ses = session(config, account);
	struct th_reply rep = { 0 };
	struct th_request req;
	struct th_buf url;
	bool good;

	th_request_init(&req);
	th_buf_init(&url, 1024);
	good = ses != NULL && th_session_url(ses, NULL, "/me", &url) == TH_OK &&
	       th_request_set(&req, "GET", th_buf_str(&url)) == TH_OK &&
	       th_session_authorize(ses, &req) == TH_OK &&
	       th_session_send(ses, &req, &rep) == TH_OK;
	th_reply_release(&rep);
	th_request_release(&req);
	th_buf_release(&url);
	th_session_free(ses);
	return good;
}

static void
test_device(const struct th_config *config)
{
	struct th_session *ses = session(config, "device");
	struct th_login_flow *flow = NULL;

	ok(th_login_begin(ses, th_login_way(ses, "device"), NULL, &flow) ==
		TH_OK,
	    "a device asks for a code");
	ok(flow != NULL && strcmp(th_login_user_code(flow), "WDJB-MJHT") == 0 &&
		strstr(th_login_address(flow), "/device") != NULL,
	    "there is a code to show, and a page");
	ok(flow != NULL && th_login_finish(ses, flow, TH_STR("")) == TH_OK,
	    "it asks until the person has typed it in");
	ok(is_good(config, "device"), "the token is good");
	th_login_flow_free(flow);
	th_session_free(ses);
}

static void
test_password(const struct th_config *config, const char *way)
{
	struct th_session *ses = session(config, way);
	char right[] = "open sesame", wrong[] = "open barley";
	const struct th_secret good = { right }, bad = { wrong };
	const struct th_login *l = th_login_way(ses, way);

	ok(th_login_password(ses, l, "alice", &bad) == TH_EAUTH,
	    "a wrong password is refused");
	ok(strstr(th_session_err(ses)->text, wrong) == NULL,
	    "and not repeated");
	ok(th_login_password(ses, l, "alice", &good) == TH_OK,
	    "the right one is taken");
	ok(is_good(config, way), "the token is good");
	th_session_free(ses);
}

int
main(void)
{
	const char *url = getenv("TH_TEST_URL");
	struct th_config *config = NULL;
	struct th_buf text;

	if (url == NULL) {
		printf("1..0 # SKIP auth.t runs this with a server\n");
		return 0;
	}
	th_buf_init(&text, 4096);
	th_buf_addf(&text,
	    "accounts:\n  test:\n"
	    "    device: {base_url: \"%s\", client_id: client-id}\n"
	    "    password: {base_url: \"%s\", client_id: client-id}\n"
	    "    xauth: {base_url: \"%s\", consumer_key: consumer-key, "
	    "consumer_secret: consumer-secret}\n",
	    url, url, url);
	ok(th_config_parse(th_buf_str(&text), "test", &config, NULL) == TH_OK,
	    "the configuration is read");
	test_device(config);
	test_password(config, "password");
	test_password(config, "xauth");
	th_config_free(config);
	th_buf_release(&text);
	printf("1..%d\n", n);
	return failed != 0;
}

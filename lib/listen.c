/* listen -- one visit of the user's browser, on the loopback address */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "priv.h"

#define QUERY_MAX 16384
#define WAIT_MS 200 /* how soon an interruption is noticed */

struct th_listener {
	struct MHD_Daemon *daemon;
	unsigned port;
	const char *path;
	th_accept *accept;
	void *ctx;
	struct th_buf query;
	bool done;
};

static const char page_done[] =
    "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\">"
    "<title>Trigger Happy</title>"
    "<body style=\"font:1.2em sans-serif;margin:4em auto;max-width:30em\">"
    "<h1>Thank you</h1><p>Trigger Happy has its answer. "
    "You may close this page and go back to the terminal.</p></body></html>\n";
static const char page_wrong[] =
    "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\">"
    "<title>Trigger Happy</title>"
    "<body style=\"font:1.2em sans-serif;margin:4em auto;max-width:30em\">"
    "<h1>Not for us</h1><p>This is not the answer to the login that was "
    "begun. Open the address in the terminal again.</p></body></html>\n";

static enum MHD_Result
answer(struct MHD_Connection *conn, unsigned code, const char *page)
{
	struct MHD_Response *resp;
	enum MHD_Result rc;

	resp = MHD_create_response_from_buffer(
	    strlen(page), (void *)(uintptr_t)page, MHD_RESPMEM_PERSISTENT);
	if (resp == NULL)
		return MHD_NO;
	MHD_add_response_header(
	    resp, "Content-Type", "text/html; charset=utf-8");
	MHD_add_response_header(resp, "Cache-Control", "no-store");
	MHD_add_response_header(resp, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(resp, "Connection", "close");
	rc = MHD_queue_response(conn, code, resp);
	MHD_destroy_response(resp);
	return rc;
}

static enum MHD_Result
add_argument(
    void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
	(void)kind;
	return th_form_add(ctx, key, th_str(value)) == TH_OK ? MHD_YES : MHD_NO;
}

static enum MHD_Result
visit(void *cls, struct MHD_Connection *conn, const char *url,
    const char *method, const char *version, const char *data, size_t *len,
    void **state)
{
	struct th_listener *l = cls;
	bool good;

	(void)version;
	(void)data;
	if (*state == NULL) { /* the headers alone: wait for the whole */
		*state = l;
		return MHD_YES;
	}
	if (*len > 0) {
		*len = 0;
		return MHD_YES;
	}
	if (l->done || strcmp(method, "GET") != 0 || strcmp(url, l->path) != 0)
		return answer(conn, MHD_HTTP_NOT_FOUND, page_wrong);
	th_buf_clear(&l->query);
	MHD_get_connection_values(
	    conn, MHD_GET_ARGUMENT_KIND, add_argument, &l->query);
	good = l->query.status == TH_OK &&
	       l->accept(l->ctx, th_buf_str(&l->query));
	if (!good)
		return answer(conn, MHD_HTTP_BAD_REQUEST, page_wrong);
	l->done = true;
	return answer(conn, MHD_HTTP_OK, page_done);
}

enum th_status
th_listen_open(unsigned port, struct th_listener **ret, struct th_err *err)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	const union MHD_DaemonInfo *info;
	struct th_listener *l;

	if ((l = th_calloc(1, sizeof(*l))) == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	th_buf_init(&l->query, QUERY_MAX);
	sin.sin_port = htons((uint16_t)port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l->daemon = MHD_start_daemon(0, (uint16_t)port, NULL, NULL, visit, l,
	    MHD_OPTION_SOCK_ADDR, &sin, MHD_OPTION_CONNECTION_LIMIT, 16u,
	    MHD_OPTION_CONNECTION_TIMEOUT, 10u, MHD_OPTION_END);
	if (l->daemon == NULL) {
		th_listen_close(l);
		return th_fail(err, TH_ECREATE,
		    "cannot listen on 127.0.0.1, port %u", port);
	}
	info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_BIND_PORT);
	l->port = info == NULL ? port : info->port;
	*ret = l;
	return TH_OK;
}

void
th_listen_close(struct th_listener *l)
{
	if (l == NULL)
		return;
	if (l->daemon != NULL)
		MHD_stop_daemon(l->daemon);
	th_buf_wipe(&l->query);
	free(l);
}

unsigned
th_listen_port(const struct th_listener *l)
{
	return l->port;
}

/* Sends what is still to be sent of the page, but not for ever. */
static void
see_off(struct th_listener *l)
{
	const union MHD_DaemonInfo *info;
	int i;

	for (i = 0; i < 10; i++) {
		info = MHD_get_daemon_info(
		    l->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
		if (info == NULL || info->num_connections == 0)
			return;
		MHD_run_wait(l->daemon, WAIT_MS / 2);
	}
}

enum th_status
th_listen_wait(struct th_listener *l, const char *path, int64_t seconds,
    th_accept *accept, void *ctx, struct th_buf *ret, struct th_err *err)
{
	int64_t end = th_steady_ms() + seconds * 1000;

	l->path = path;
	l->accept = accept;
	l->ctx = ctx;
	l->done = false;
	while (!l->done) {
		if (th_interrupted)
			return th_fail(err, TH_EAGAIN, "interrupted");
		if (th_steady_ms() >= end)
			return th_fail(err, TH_EAGAIN,
			    "nobody came back from the browser");
		if (MHD_run_wait(l->daemon, WAIT_MS) != MHD_YES)
			return th_fail(err, TH_EIO, "the listener failed");
	}
	see_off(l);
	return th_buf_add(ret, l->query.data, l->query.len);
}

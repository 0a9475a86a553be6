/* api -- requests of services that answer in JSON, in an account's name */
#include <inttypes.h>
#include <stdlib.h>

#include "trigger.h"

#define URL_MAX ((size_t)64 << 10)
#define CLOCK_SLACK 300 /* seconds that a signature may be old or young */

enum th_status
th_api_request(struct th_session *ses, const struct th_api *api,
    const char *method, const char *path, struct th_request *ret)
{
	struct th_buf url;
	enum th_status st;

	th_buf_init(&url, URL_MAX);
	if ((st = th_session_url(ses, api->host, path, &url)) == TH_OK)
		st = th_request_set(ret, method, th_buf_str(&url));
	if (st == TH_OK)
		st = th_request_header(ret, "Accept", "application/json");
	th_buf_release(&url);
	return st;
}

static enum th_status
authorize(
    struct th_session *ses, const struct th_api *api, struct th_request *req)
{
	enum th_status st = TH_OK;

	if (api->pace != NULL)
		st = api->pace(ses, req);
	if (st != TH_OK)
		return st;
	return api->authorize != NULL ? api->authorize(ses, req)
				      : th_session_authorize(ses, req);
}

enum th_status
th_api_wait(struct th_session *ses, const char *who, int64_t until)
{
	char date[TH_DATE_SIZE] = "";

	th_date_format(until, date);
	th_session_err(ses)->retry_at = until;
	return th_session_fail(
	    ses, TH_EAGAIN, "%s asks to wait until %s", who, date);
}

/* A signature that is refused for its time is one of a wrong clock. */
static enum th_status
look_at_clock(struct th_session *ses, const struct th_reply *rep)
{
	const char *date = th_reply_header(rep, "Date");
	int64_t there, off;

	if (date == NULL || th_session_has(ses, "access_token") ||
	    th_date_parse(th_str(date), &there) != TH_OK)
		return TH_OK;
	off = th_now() - there;
	if (off > -CLOCK_SLACK && off < CLOCK_SLACK)
		return TH_OK;
	return th_session_fail(ses, TH_EAUTH,
	    "refused (401): this clock is %" PRId64 " s %s that of the "
	    "service",
	    off < 0 ? -off : off, off < 0 ? "behind" : "ahead of");
}

bool
th_api_renewed(
    struct th_session *ses, enum th_status st, const struct th_reply *rep)
{
	if (st != TH_EAUTH || rep->code != 401 ||
	    look_at_clock(ses, rep) != TH_OK)
		return false;
	return th_session_renew(ses) == TH_OK;
}

enum th_status
th_api_send(struct th_session *ses, const struct th_api *api,
    struct th_request *req, struct th_reply *ret)
{
	enum th_status st;
	bool again = false;

	for (;;) {
		if ((st = authorize(ses, api, req)) != TH_OK)
			return st;
		st = th_session_send(ses, req, ret);
		if (st != TH_OK && ret->code != 0)
			st = api->judge(ses, ret);
		if (again || !th_api_renewed(ses, st, ret))
			return st;
		again = true;
		th_reply_release(ret);
		*ret = (struct th_reply){ 0 };
	}
}

enum th_status
th_api_call(struct th_session *ses, const struct th_api *api,
    struct th_request *req, struct json_t **ret)
{
	struct th_reply rep = { 0 };
	enum th_status st = th_api_send(ses, api, req, &rep);

	if (st == TH_OK)
		st = th_payload_parse(
		    th_buf_str(&rep.body), ret, th_session_err(ses));
	th_reply_release(&rep);
	return st;
}

enum th_status
th_api_get(struct th_session *ses, const struct th_api *api, const char *path,
    struct json_t **ret)
{
	struct th_request req;
	enum th_status st;

	th_request_init(&req);
	if ((st = th_api_request(ses, api, "GET", path, &req)) == TH_OK)
		st = th_api_call(ses, api, &req, ret);
	th_request_release(&req);
	return st;
}

enum th_status
th_api_begin(struct th_session *ses, const struct th_api *api,
    struct th_delivery *d, const char *method, const char *path, int step)
{
	th_request_release(&d->request);
	th_request_init(&d->request);
	d->step = step;
	return th_api_request(ses, api, method, path, &d->request);
}

enum th_status
th_api_ready(
    struct th_session *ses, const struct th_api *api, struct th_delivery *d)
{
	enum th_status st;

	if (d->dry)
		return th_session_authorize_dry(ses, &d->request);
	if ((st = authorize(ses, api, &d->request)) != TH_OK)
		d->retry_at = th_session_err(ses)->retry_at;
	return st;
}

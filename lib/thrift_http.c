/* thrift_http -- calls of Apache Thrift in the bodies of POST requests */
#include "trigger.h"

#define TYPE "application/x-thrift"
#define CALL_MAX ((size_t)32 << 20)
#define SEQID 1

enum th_status
th_thrift_request(struct th_request *ret, const char *url, const char *method)
{
	enum th_status st;

	if ((st = th_request_set(ret, "POST", th_str(url))) != TH_OK ||
	    (st = th_request_header(ret, "Content-Type", TYPE)) != TH_OK ||
	    (st = th_request_header(ret, "Accept", TYPE)) != TH_OK)
		return st;
	ret->has_body = true;
	ret->body.max = CALL_MAX;
	return th_thrift_call(&ret->body, method, SEQID);
}

static bool
is_page(const struct th_reply *rep)
{
	const char *type = th_reply_header(rep, "Content-Type");

	return th_reply_is_page(rep) ||
	       (type != NULL && th_str_has_prefix(th_str(type), "text/html"));
}

enum th_status
th_thrift_reply(const struct th_reply *rep, const char *method,
    struct th_thrift *ret, struct th_err *err)
{
	struct th_thrift_message m = { 0 };
	struct th_err why = { 0 };
	struct th_str words;
	enum th_status st = th_reply_status(rep, err);

	/* Over HTTP comes what keeps a call from arriving, never a refusal. */
	if (st == TH_EREFUSED)
		return th_fail(err, TH_EUNAVAIL,
		    "HTTP %ld where a Thrift service should be", rep->code);
	if (st != TH_OK)
		return st;
	if (is_page(rep))
		return th_fail(err, TH_EUNAVAIL,
		    "a web page came where the service should answer");
	if (th_thrift_parse(th_buf_str(&rep->body), &m, &why) != TH_OK)
		return th_fail(
		    err, TH_EUNAVAIL, "the answer to %s: %s", method, why.text);
	if (m.kind == TH_THRIFT_EXCEPTION) {
		words = th_thrift_text(&m.body, 1);
		words.len = th_utf8_valid(words);
		return th_fail(err, TH_EUNAVAIL, "%s: %.*s", method,
		    words.len < 200 ? (int)words.len : 200,
		    words.len > 0 ? words.s : "an exception");
	}
	if (m.kind != TH_THRIFT_REPLY || m.seqid != SEQID ||
	    !th_str_is(m.method, method))
		return th_fail(
		    err, TH_EUNAVAIL, "the answer is none to %s", method);
	*ret = m.body;
	return TH_OK;
}

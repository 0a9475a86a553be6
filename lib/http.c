/* http -- transfers over libcurl multi; the only door to libcurl */
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "priv.h"

#define SLOW_BYTES 1000 /* a second; less is no transfer */
#define HEAD_MAX ((size_t)256 << 10)
#define HEADERS_MAX 1000
#define WORDS_MAX ((size_t)64 << 10) /* of a body that nobody needs */
#define POLL_MS 500                  /* how late an interrupt may be noticed */

/* What a URL means to libcurl, so that nothing is compared by other rules. */
struct place {
	char *url; /* without user, password and fragment */
	char *user, *password;
	char *origin; /* scheme, host and port */
	bool plain;   /* http, not https */
};

struct transfer {
	struct transfer *next; /* in the queue, or of those under way */
	struct th_http *http;
	const struct th_request *req;
	struct th_transfer hooks;
	struct th_reply reply, *keep; /* keep: where the reply is to stay */
	struct th_err err;
	enum th_status status;
	CURL *easy;
	struct curl_slist *headers;
	struct place place;
	char *first; /* origin that the secrets are for */
	const char *method;
	size_t received, head;
	int redirects, attempts;
	bool with_body, temporary, head_done;
	bool undecoded; /* take the body as it comes */
};

struct th_http {
	CURLM *multi;
	struct th_http_options opt;
	char *ca_file, *proxy;
	struct transfer *queue, **queue_end;
	struct transfer *active;
	size_t nqueued, nactive;
	CURL **spare; /* handles to use again, at most max_parallel */
	size_t nspare;
};

/* ---- places ---- */

static void
place_release(struct place *p)
{
	free(p->url);
	free(p->user);
	free(p->password);
	free(p->origin);
	*p = (struct place){ 0 };
}

/* Takes one part away from a URL; *ret stays NULL when there is none. */
static enum th_status
part(CURLU *u, CURLUPart what, unsigned flags, char **ret)
{
	char *s = NULL;
	CURLUcode rc = curl_url_get(u, what, &s, flags);

	if (rc == CURLUE_OUT_OF_MEMORY)
		return TH_ENOMEM;
	if (rc != CURLUE_OK)
		return TH_OK;
	*ret = th_strdup(s);
	curl_free(s);
	return *ret != NULL ? TH_OK : TH_ENOMEM;
}

static enum th_status
origin(CURLU *u, char **ret)
{
	char *scheme = NULL, *host = NULL, *port = NULL;
	struct th_buf b;
	enum th_status st;

	th_buf_init(&b, TH_LINE_MAX);
	st = part(u, CURLUPART_SCHEME, 0, &scheme);
	if (st == TH_OK)
		st = part(u, CURLUPART_HOST, 0, &host);
	if (st == TH_OK)
		st = part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT, &port);
	if (st == TH_OK && (scheme == NULL || host == NULL || port == NULL))
		st = TH_EDATA;
	if (st == TH_OK) {
		st = th_text_lower(th_str(host), &b);
		if (st == TH_OK)
			st = th_buf_addf(&b, " %s %s", scheme, port);
	}
	if (st == TH_OK && (*ret = th_buf_take(&b)) == NULL)
		st = TH_ENOMEM;
	th_buf_release(&b);
	free(scheme);
	free(host);
	free(port);
	return st;
}

static enum th_status
dissect(CURLU *u, struct place *p)
{
	enum th_status st;

	st = part(u, CURLUPART_USER, CURLU_URLDECODE, &p->user);
	if (st == TH_OK)
		st = part(u, CURLUPART_PASSWORD, CURLU_URLDECODE, &p->password);
	if (st == TH_OK)
		st = origin(u, &p->origin);
	curl_url_set(u, CURLUPART_USER, NULL, 0);
	curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
	curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
	if (st == TH_OK)
		st = part(u, CURLUPART_URL, 0, &p->url);
	return st == TH_OK && p->url == NULL ? TH_ENOMEM : st;
}

static enum th_status
place_init(const struct th_http_options *opt, const char *url,
    struct place *ret, struct th_err *err)
{
	const bool failed = th_alloc_failed();
	CURLU *u = curl_url();
	struct place p = { 0 };
	enum th_status st = TH_ENOMEM;
	CURLUcode rc;

	if (u == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	rc = curl_url_set(
	    u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME | CURLU_URLENCODE);
	if (!failed && th_alloc_failed()) /* which libcurl calls many things */
		rc = CURLUE_OUT_OF_MEMORY;
	if (rc != CURLUE_OK && rc != CURLUE_OUT_OF_MEMORY)
		st = th_fail(err, TH_EDATA, "not a valid URL");
	else if (rc == CURLUE_OK && !th_url_is_http(th_str(url)))
		st = th_fail(err, TH_EDATA, "not an http or https URL");
	else if (rc == CURLUE_OK)
		st = dissect(u, &p);
	curl_url_cleanup(u);
	p.plain = p.url != NULL && strncmp(p.url, "http:", 5) == 0;
	if (st == TH_OK && p.plain && !opt->allow_http &&
	    !th_url_is_loopback(th_str(p.url)))
		st = th_fail(err, TH_ECONFIG,
		    "plain http, which anyone on the way can read; use https "
		    "or say insecure: true of the account");
	if (st == TH_OK)
		*ret = p;
	else
		place_release(&p);
	if (st == TH_ENOMEM)
		th_fail(err, st, "out of memory");
	return st;
}

/* ---- a transfer's life ---- */

static void
transfer_free(struct transfer *t)
{
	if (t == NULL)
		return;
	curl_slist_free_all(t->headers);
	place_release(&t->place);
	th_reply_release(&t->reply);
	free(t->first);
	free(t);
}

/* Gives the handle back; connections stay with the multi handle. */
static void
detach(struct transfer *t)
{
	struct th_http *h = t->http;
	struct transfer **pp;

	if (t->easy == NULL)
		return;
	for (pp = &h->active; *pp != t; pp = &(*pp)->next)
		continue;
	*pp = t->next;
	h->nactive--;
	curl_multi_remove_handle(h->multi, t->easy);
	curl_easy_reset(t->easy);
	h->spare[h->nspare++] = t->easy;
	t->easy = NULL;
	curl_slist_free_all(t->headers);
	t->headers = NULL;
}

static void
finish(struct transfer *t, enum th_status st)
{
	detach(t);
	if (t->keep != NULL) {
		*t->keep = t->reply;
		t->reply = (struct th_reply){ 0 };
	}
	t->hooks.done(
	    t->hooks.ctx, st, t->keep != NULL ? t->keep : &t->reply, &t->err);
	transfer_free(t);
}

static bool
may_repeat(const struct transfer *t)
{
	return t->req->idempotent || strcmp(t->method, "GET") == 0 ||
	       strcmp(t->method, "HEAD") == 0;
}

/* ---- what libcurl calls ---- */

/*
 * Before a request is sent on a connection.  libcurl sends it once more when a
 * connection that was kept turns out dead; whether the first arrived nobody
 * knows then, so one that is not to be repeated ends here.
 */
static int
on_send(void *ctx, char *ip, char *local_ip, int port, int local_port)
{
	struct transfer *t = ctx;

	(void)ip;
	(void)local_ip;
	(void)port;
	(void)local_port;
	if (++t->attempts > 1 && !may_repeat(t))
		return CURL_PREREQFUNC_ABORT;
	return CURL_PREREQFUNC_OK;
}

static bool
is_redirect(const struct transfer *t)
{
	long code = t->reply.code;

	return t->req->follow &&
	       (code == 301 || code == 302 || code == 303 || code == 307 ||
		   code == 308) &&
	       th_reply_header(&t->reply, "Location") != NULL;
}

static size_t
on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;

	n *= size;
	t->head += n;
	if (t->head > HEAD_MAX || t->reply.nheaders >= HEADERS_MAX) {
		t->status = th_fail(&t->err, TH_EUNAVAIL, "too many headers");
		return 0;
	}
	if (t->head_done) /* trailers */
		return n;
	if (n <= 2 && th_str_trim((struct th_str){ line, n }).len == 0) {
		t->head_done = t->reply.code >= 200;
		return n;
	}
	t->status = th_reply_line(&t->reply, (struct th_str){ line, n });
	return t->status == TH_OK ? n : 0;
}

static size_t
on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct transfer *t = ctx;
	size_t max = t->http->opt.max_size;
	struct th_str s = { data, n * size };

	t->received += s.len;
	if (t->req->by_status && t->received > WORDS_MAX)
		return 0; /* ends it, see is_told() */
	if (t->received > max) {
		t->status =
		    th_fail(&t->err, TH_EUNAVAIL, "larger than %zu bytes", max);
		return 0;
	}
	if (is_redirect(t))
		return s.len;
	if (t->hooks.body != NULL)
		t->status = t->hooks.body(t->hooks.ctx, &t->reply, s);
	else
		t->status = th_buf_add(&t->reply.body, s.s, s.len);
	return t->status == TH_OK ? s.len : 0;
}

/* ---- setting up ---- */

static enum th_status
add_line(struct transfer *t, const char *name, const char *value)
{
	struct curl_slist *p = NULL;
	struct th_buf b;

	th_buf_init(&b, TH_LINE_MAX);
	th_buf_adds(&b, name);
	/* ';' is how libcurl is told of a header without a value. */
	th_buf_adds(&b, value[0] != '\0' ? ": " : ";");
	if (th_buf_adds(&b, value) == TH_OK)
		p = curl_slist_append(t->headers, b.data);
	if (b.data != NULL)
		memset(b.data, 0, b.len);
	th_buf_release(&b);
	if (p == NULL)
		return TH_ENOMEM;
	t->headers = p;
	return TH_OK;
}

static enum th_status
mute_line(struct transfer *t, const char *line)
{
	struct curl_slist *p = curl_slist_append(t->headers, line);

	if (p == NULL)
		return TH_ENOMEM;
	t->headers = p;
	return TH_OK;
}

/* What says who we are goes to the first origin and to no other. */
static bool
is_private(const struct th_header *h)
{
	return h->secret || th_str_iis(th_str(h->name), "Authorization") ||
	       th_str_iis(th_str(h->name), "Cookie");
}

static enum th_status
set_headers(struct transfer *t)
{
	bool home = strcmp(t->first, t->place.origin) == 0, typed = false;
	const struct th_header *h;
	enum th_status st = TH_OK;
	size_t i;

	for (i = 0; st == TH_OK && i < t->req->nheaders; i++) {
		h = &t->req->header[i];
		if (th_str_iis(th_str(h->name), "Content-Type"))
			typed = true;
		if (home || !is_private(h))
			st = add_line(t, h->name, h->value);
	}
	if (st == TH_OK && t->with_body && !typed)
		st = mute_line(t, "Content-Type:");
	if (st == TH_OK && t->with_body)
		st = mute_line(t, "Expect:");
	if (st == TH_OK && t->headers != NULL &&
	    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers) !=
		CURLE_OK)
		st = TH_ENOMEM;
	if (st == TH_OK && t->place.user != NULL) {
		curl_easy_setopt(t->easy, CURLOPT_USERNAME, t->place.user);
		curl_easy_setopt(t->easy, CURLOPT_PASSWORD,
		    t->place.password != NULL ? t->place.password : "");
	}
	return st;
}

static void
set_method(struct transfer *t)
{
	CURL *e = t->easy;

	if (t->with_body || strcmp(t->method, "POST") == 0) {
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)(t->with_body ? t->req->body.len : 0));
		curl_easy_setopt(e, CURLOPT_POSTFIELDS,
		    t->with_body && t->req->body.data != NULL
			? t->req->body.data
			: "");
	} else if (strcmp(t->method, "HEAD") == 0) {
		curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
		return;
	}
	curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, t->method);
}

/* Time-outs, ceilings, TLS: the same for every request. */
static void
set_limits(CURL *e, const struct th_http_options *opt)
{
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, (long)opt->timeout);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
	curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, (long)opt->timeout);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	if (opt->ca_file != NULL)
		curl_easy_setopt(e, CURLOPT_CAINFO, opt->ca_file);
	if (opt->proxy != NULL) { /* for all hosts, whatever no_proxy says */
		curl_easy_setopt(e, CURLOPT_PROXY, opt->proxy);
		curl_easy_setopt(e, CURLOPT_NOPROXY, "");
	}
	curl_easy_setopt(e, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 64L << 10);
	curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(e, CURLOPT_USERAGENT,
	    "TriggerHappy/" TH_VERSION " (feed reader and publisher)");
}

static void
set_hooks(struct transfer *t)
{
	CURL *e = t->easy;

	curl_easy_setopt(e, CURLOPT_PRIVATE, t);
	if (t->undecoded)
		curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, NULL);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_send);
	curl_easy_setopt(e, CURLOPT_PREREQDATA, t);
	/*
	 * Over TLS a handshake tells whether one connection serves all.  In
	 * plain http the first answer would, which may never come.
	 */
	curl_easy_setopt(e, CURLOPT_PIPEWAIT, t->place.plain ? 0L : 1L);
}

/* Puts a transfer to work; one that cannot be set up is finished at once. */
static void
launch(struct transfer *t)
{
	struct th_http *h = t->http;
	const bool failed = th_alloc_failed();
	enum th_status st = TH_ENOMEM;

	t->easy = h->nspare > 0 ? h->spare[--h->nspare] : curl_easy_init();
	if (t->easy == NULL)
		goto out;
	t->next = h->active;
	h->active = t;
	h->nactive++;
	free(t->reply.url);
	t->reply.url = th_strdup(t->place.url);
	set_limits(t->easy, &h->opt);
	set_hooks(t);
	set_method(t);
	st = set_headers(t);
	/* Of an option that could not be copied libcurl makes none. */
	if (t->reply.url == NULL || (!failed && th_alloc_failed()) ||
	    curl_easy_setopt(t->easy, CURLOPT_URL, t->place.url) != CURLE_OK)
		st = TH_ENOMEM;
	if (st == TH_OK && curl_multi_add_handle(h->multi, t->easy) != CURLM_OK)
		st = TH_ENOMEM;
out:
	if (st != TH_OK)
		finish(t, th_fail(&t->err, st, "%s", th_strstatus(st)));
}

/* ---- the queue ---- */

static bool
host_is_busy(const struct th_http *h, const struct transfer *t)
{
	const struct transfer *a;
	int n = 0;

	for (a = h->active; a != NULL; a = a->next)
		if (strcmp(a->place.origin, t->place.origin) == 0)
			n++;
	return n >= h->opt.max_per_host;
}

static void
enqueue(struct transfer *t)
{
	t->next = NULL;
	*t->http->queue_end = t;
	t->http->queue_end = &t->next;
	t->http->nqueued++;
}

static struct transfer *
dequeue(struct th_http *h, struct transfer **pp)
{
	struct transfer *t = *pp;

	*pp = t->next;
	if (t->next == NULL)
		h->queue_end = pp;
	t->next = NULL;
	h->nqueued--;
	return t;
}

/* Starts what may start: first come, first served, but for busy hosts. */
static void
fill(struct th_http *h)
{
	struct transfer **pp = &h->queue;

	while (*pp != NULL && h->nactive < (size_t)h->opt.max_parallel) {
		if (host_is_busy(h, *pp))
			pp = &(*pp)->next;
		else
			launch(dequeue(h, pp));
	}
}

/* ---- redirects ---- */

static void
forget_reply(struct transfer *t)
{
	struct th_reply *r = &t->reply;
	char *moved = r->moved;
	bool redirected = r->redirected;

	r->moved = NULL;
	th_reply_release(r);
	r->moved = moved;
	r->redirected = redirected;
	th_buf_init(&r->body, t->http->opt.max_size);
	t->received = t->head = 0;
	t->head_done = false;
	t->attempts = 0;
}

/* 303, and by custom 301 and 302 of a POST: what is there is to be read. */
static void
redirect_method(struct transfer *t, long code)
{
	bool post = strcmp(t->method, "POST") == 0;

	if ((code == 303 && strcmp(t->method, "HEAD") != 0) ||
	    (post && (code == 301 || code == 302))) {
		t->method = "GET";
		t->with_body = false;
	}
}

static enum th_status
note_moved(struct transfer *t, const char *url)
{
	long code = t->reply.code;

	if (code != 301 && code != 308)
		t->temporary = true;
	if (t->temporary)
		return TH_OK;
	free(t->reply.moved);
	t->reply.moved = th_strdup(url);
	return t->reply.moved != NULL ? TH_OK : TH_ENOMEM;
}

/* The user of a URL goes along within the origin. */
static void
keep_user(struct place *from, struct place *to)
{
	if (to->user != NULL || strcmp(from->origin, to->origin) != 0)
		return;
	to->user = from->user;
	to->password = from->password;
	from->user = from->password = NULL;
}

static enum th_status
redirect(struct transfer *t)
{
	char *url = NULL;
	struct place to = { 0 };
	enum th_status st;
	long code = t->reply.code;

	curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &url);
	if (++t->redirects > TH_REDIRECT_MAX)
		return th_fail(&t->err, TH_EUNAVAIL,
		    "redirected more than %d times", TH_REDIRECT_MAX);
	if (url == NULL)
		return th_fail(
		    &t->err, TH_EUNAVAIL, "redirected to no valid URL");
	st = place_init(&t->http->opt, url, &to, &t->err);
	if (st == TH_ENOMEM)
		return st;
	if (st != TH_OK)
		return th_fail(&t->err, TH_EUNAVAIL, "redirected to what is %s",
		    st == TH_ECONFIG ? "plain http" : "not http or https");
	redirect_method(t, code);
	if (t->with_body && strcmp(t->first, to.origin) != 0) {
		place_release(&to);
		return th_fail(
		    &t->err, TH_EUNAVAIL, "redirected to another host");
	}
	if ((st = note_moved(t, to.url)) == TH_OK)
		keep_user(&t->place, &to);
	place_release(&t->place);
	t->place = to;
	t->reply.redirected = true;
	return st;
}

/* ---- results ---- */

static void
why_timeout(struct transfer *t)
{
	long long s = (long long)t->http->opt.timeout;

	if (t->attempts == 0)
		th_fail(&t->err, TH_EUNAVAIL, "no connection within %lld s", s);
	else if (t->head == 0)
		th_fail(&t->err, TH_EUNAVAIL, "no answer within %lld s", s);
	else
		th_fail(
		    &t->err, TH_EUNAVAIL, "slower than 1 kB/s for %lld s", s);
}

static const struct {
	CURLcode rc;
	const char *words;
} reasons[] = {
	{ CURLE_COULDNT_RESOLVE_PROXY, "cannot resolve the proxy's name" },
	{ CURLE_COULDNT_CONNECT, "cannot connect" },
	{ CURLE_PARTIAL_FILE, "the connection was cut" },
	{ CURLE_RECV_ERROR, "the connection was cut" },
	{ CURLE_SEND_ERROR, "the connection was cut" },
	{ CURLE_GOT_NOTHING, "the connection was closed without an answer" },
	{ CURLE_PEER_FAILED_VERIFICATION,
	    "the certificate is not valid for this host" },
	{ CURLE_SSL_CONNECT_ERROR, "no TLS connection" },
	{ CURLE_SSL_CACERT_BADFILE,
	    "cannot read the CA certificates (ca_file)" },
	{ CURLE_BAD_CONTENT_ENCODING, "the compressed body is damaged" },
	/* Ours tell why themselves; decoders fail so after the end of gzip. */
	{ CURLE_WRITE_ERROR, "the compressed body is damaged" },
	{ CURLE_WEIRD_SERVER_REPLY, "the answer is not HTTP" },
	{ CURLE_UNSUPPORTED_PROTOCOL, "the answer is not HTTP" },
	{ CURLE_HTTP2, "HTTP/2 went wrong" },
	{ CURLE_HTTP2_STREAM, "HTTP/2 went wrong" },
	{ CURLE_ABORTED_BY_CALLBACK, "the connection was cut" },
};

static enum th_status
why_failed(struct transfer *t, CURLcode rc)
{
	const char *words = curl_easy_strerror(rc);
	long no = 0, proxy = 0;
	size_t i;

	if (t->status != TH_OK)
		return t->status;
	if (rc == CURLE_OUT_OF_MEMORY || th_alloc_failed())
		return th_fail(&t->err, TH_ENOMEM, "out of memory");
	if (rc == CURLE_OPERATION_TIMEDOUT) {
		why_timeout(t);
		return TH_EUNAVAIL;
	}
	if (rc == CURLE_COULDNT_RESOLVE_HOST)
		return th_fail(&t->err, TH_EUNAVAIL,
		    "cannot resolve the name of %.*s",
		    (int)strcspn(t->place.origin, " "), t->place.origin);
	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].rc == rc)
			words = reasons[i].words;
	curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
	if (proxy >= 300)
		return th_fail(&t->err, TH_EUNAVAIL,
		    "the proxy refused to connect (%ld)", proxy);
	if (rc == CURLE_COULDNT_CONNECT)
		curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &no);
	return th_fail(&t->err,
	    rc == CURLE_SSL_CACERT_BADFILE ? TH_ECONFIG : TH_EUNAVAIL, "%s%s%s",
	    words, no != 0 ? ": " : "", no != 0 ? strerror((int)no) : "");
}

/* Sent to the last byte, as far as can be known. */
static bool
was_sent(const struct transfer *t)
{
	curl_off_t up = 0;

	if (t->attempts == 0)
		return false;
	if (t->attempts > 1 || !t->with_body)
		return true;
	curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &up);
	return (size_t)up >= t->req->body.len;
}

/* The words of an error are shown, and some services repeat what they got. */
static void
mask_secrets(struct transfer *t)
{
	const struct th_http_options *o = &t->http->opt;

	th_request_mask(t->req, &t->reply);
	if (o->mask != NULL)
		o->mask(o->mask_ctx, &t->reply);
}

/* Has it said all that counts, though it did not come to a good end? */
static bool
is_told(const struct transfer *t)
{
	return t->req->by_status && t->head_done;
}

/*
 * Does Content-Encoding name a coding?  Some servers write a charset there, and
 * the body is what it would be without (RFC 9110, 8.4).
 */
static bool
is_encoded(const struct th_reply *r)
{
	static const char *const codings[] = { "gzip", "deflate", "br", "zstd",
		"compress" };
	const char *value = th_reply_header(r, "Content-Encoding");
	struct th_buf lower;
	bool is = false;
	size_t i;

	th_buf_init(&lower, HEAD_MAX);
	if (value != NULL)
		th_text_lower(th_str(value), &lower);
	for (i = 0; i < sizeof(codings) / sizeof(codings[0]) && !is; i++)
		is = lower.len > 0 && strstr(lower.data, codings[i]) != NULL;
	th_buf_release(&lower);
	return is;
}

/* Into the queue once more, as changed. */
static void
ask_again(struct transfer *t)
{
	detach(t);
	forget_reply(t);
	enqueue(t);
}

static void
complete(struct transfer *t, CURLcode rc)
{
	enum th_status st = TH_OK;

	if (rc == CURLE_BAD_CONTENT_ENCODING && !t->undecoded &&
	    may_repeat(t) && !is_encoded(&t->reply)) {
		t->undecoded = true;
		ask_again(t);
		return;
	}
	if (rc != CURLE_OK && !is_told(t)) {
		t->reply.maybe_processed = was_sent(t);
		finish(t, why_failed(t, rc));
		return;
	}
	if (t->reply.code >= 400 && th_alloc_failed()) {
		/* Perhaps the request lacked something: libcurl goes on. */
		finish(t, th_fail(&t->err, TH_ENOMEM, "out of memory"));
		return;
	}
	if (!is_redirect(t)) {
		if (t->reply.code >= 400)
			mask_secrets(t);
		finish(t, TH_OK);
		return;
	}
	if ((st = redirect(t)) != TH_OK) {
		finish(t, st);
		return;
	}
	ask_again(t);
}

static void
harvest(struct th_http *h)
{
	struct transfer *t = NULL;
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(h->multi, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(
		    msg->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		complete(t, msg->data.result);
	}
}

/* ---- running ---- */

static struct transfer *
first_repeatable(struct th_http *h)
{
	struct transfer *t = h->active;

	while (t != NULL && !may_repeat(t))
		t = t->next;
	return t;
}

/* Interrupted: what waits is not sent, what may be repeated is dropped. */
static void
cancel(struct th_http *h)
{
	struct transfer *t;

	while (h->queue != NULL) {
		t = dequeue(h, &h->queue);
		finish(t, th_fail(&t->err, TH_EAGAIN, "interrupted"));
	}
	while ((t = first_repeatable(h)) != NULL)
		finish(t, th_fail(&t->err, TH_EAGAIN, "interrupted"));
}

/* One turn: starts, moves and ends what it can, and waits for more. */
static enum th_status
turn(struct th_http *h, struct th_err *err)
{
	size_t before;
	int running;

	if (th_interrupted)
		cancel(h);
	else
		fill(h);
	if (h->nactive == 0)
		return TH_OK;
	before = h->nactive;
	if (curl_multi_perform(h->multi, &running) != CURLM_OK)
		return th_fail(err, TH_ENOMEM, "out of memory");
	harvest(h);
	if (h->nactive >= before && h->nactive > 0 &&
	    curl_multi_poll(h->multi, NULL, 0, POLL_MS, NULL) != CURLM_OK)
		return th_fail(err, TH_ENOMEM, "out of memory");
	return TH_OK;
}

enum th_status
th_http_run(struct th_http *h, size_t left, struct th_err *err)
{
	enum th_status st;

	while (h->nqueued + h->nactive > left) {
		if (h->opt.tick != NULL)
			h->opt.tick(h->opt.tick_ctx);
		if ((st = turn(h, err)) != TH_OK)
			return st;
	}
	return th_interrupted ? th_fail(err, TH_EAGAIN, "interrupted") : TH_OK;
}

void
th_http_stop(struct th_http *h)
{
	while (h->queue != NULL)
		finish(dequeue(h, &h->queue), TH_END);
	while (h->active != NULL)
		finish(h->active, TH_END);
}

static enum th_status
start(struct th_http *h, const struct th_request *req,
    const struct th_transfer *hooks, struct th_reply *keep, struct th_err *err)
{
	struct transfer *t = th_calloc(1, sizeof(*t));
	enum th_status st;

	if (t == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	t->http = h;
	t->req = req;
	t->hooks = *hooks;
	t->keep = keep;
	t->method = req->method;
	t->with_body = req->has_body;
	th_buf_init(&t->reply.body, h->opt.max_size);
	st = place_init(&h->opt, req->url, &t->place, err);
	if (st == TH_OK && (t->first = th_strdup(t->place.origin)) == NULL)
		st = th_fail(err, TH_ENOMEM, "out of memory");
	if (st != TH_OK) {
		transfer_free(t);
		return st;
	}
	enqueue(t);
	return TH_OK;
}

enum th_status
th_http_start(struct th_http *h, const struct th_request *req,
    const struct th_transfer *hooks, struct th_err *err)
{
	return start(h, req, hooks, NULL, err);
}

/* ---- one request, waited for ---- */

struct sent {
	enum th_status status;
	struct th_err *err;
	bool done;
};

static void
on_sent(void *ctx, enum th_status st, const struct th_reply *reply,
    const struct th_err *err)
{
	struct sent *s = ctx;

	(void)reply;
	s->status = st;
	s->done = true;
	if (st != TH_OK)
		th_fail(s->err, st, "%s", err->text);
}

/* libcurl itself failed: nobody waits for that transfer any more. */
static void
abandon(struct th_http *h, const struct sent *s)
{
	struct transfer **pp, *t;

	for (t = h->active; t != NULL; t = t->next)
		if (t->hooks.ctx == s) {
			detach(t);
			transfer_free(t);
			return;
		}
	for (pp = &h->queue; *pp != NULL; pp = &(*pp)->next)
		if ((*pp)->hooks.ctx == s) {
			transfer_free(dequeue(h, pp));
			return;
		}
}

enum th_status
th_http_send(struct th_http *h, const struct th_request *req,
    struct th_reply *ret, struct th_err *err)
{
	struct sent s = { .err = err };
	struct th_transfer hooks = { .done = on_sent, .ctx = &s };
	enum th_status st;

	*ret = (struct th_reply){ 0 };
	if ((st = start(h, req, &hooks, ret, err)) != TH_OK)
		return st;
	while (!s.done && (st = turn(h, err)) == TH_OK)
		continue;
	if (!s.done) {
		abandon(h, &s);
		return st;
	}
	return s.status;
}

/* ---- the client ---- */

enum th_status
th_http_new(
    const struct th_http_options *opt, struct th_http **ret, struct th_err *err)
{
	struct th_http *h;

	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, th_malloc, free,
		th_realloc, th_strdup, th_calloc) != CURLE_OK)
		return th_fail(err, TH_ENOMEM, "out of memory");
	if ((h = th_calloc(1, sizeof(*h))) == NULL) {
		curl_global_cleanup();
		return th_fail(err, TH_ENOMEM, "out of memory");
	}
	h->opt = *opt;
	h->queue_end = &h->queue;
	if (h->opt.timeout <= 0)
		h->opt.timeout = 10;
	if (h->opt.max_size == 0)
		h->opt.max_size = TH_REPLY_MAX;
	if (h->opt.max_parallel <= 0)
		h->opt.max_parallel = 16;
	if (h->opt.max_per_host <= 0)
		h->opt.max_per_host = 4;
	if (opt->ca_file != NULL)
		h->opt.ca_file = h->ca_file = th_strdup(opt->ca_file);
	if (opt->proxy != NULL)
		h->opt.proxy = h->proxy = th_strdup(opt->proxy);
	h->multi = curl_multi_init();
	h->spare = th_calloc((size_t)h->opt.max_parallel, sizeof(*h->spare));
	if (h->multi == NULL || h->spare == NULL ||
	    (opt->ca_file != NULL && h->ca_file == NULL) ||
	    (opt->proxy != NULL && h->proxy == NULL)) {
		th_http_free(h);
		return th_fail(err, TH_ENOMEM, "out of memory");
	}
	curl_multi_setopt(
	    h->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)h->opt.max_per_host);
	curl_multi_setopt(
	    h->multi, CURLMOPT_MAXCONNECTS, (long)h->opt.max_parallel * 2);
	*ret = h;
	return TH_OK;
}

void
th_http_free(struct th_http *h)
{
	struct transfer *t;

	if (h == NULL)
		return;
	while (h->active != NULL) {
		t = h->active;
		detach(t);
		transfer_free(t);
	}
	while (h->queue != NULL)
		transfer_free(dequeue(h, &h->queue));
	while (h->nspare > 0)
		curl_easy_cleanup(h->spare[--h->nspare]);
	if (h->multi != NULL)
		curl_multi_cleanup(h->multi);
	free(h->spare);
	free(h->ca_file);
	free(h->proxy);
	free(h);
	curl_global_cleanup();
}

/* http -- requests and replies as data: no network here */
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

static void
injection(void)
{
	struct th_request req;
	struct th_secret secret = { (char[]){ "t\nX: y" } };

	th_request_init(&req);
	ok(th_request_header(&req, "X", "a\r\nY: b") == TH_EDATA,
	    "a value with a line break is no header");
	ok(th_request_header(&req, "X: y\r\nZ", "a") == TH_EDATA,
	    "a name with a line break is no header");
	ok(th_request_header(&req, "", "a") == TH_EDATA,
	    "an empty name is no header");
	ok(th_request_secret(&req, "Authorization", "Bearer ", &secret) ==
		TH_EDATA,
	    "a secret with a line break is no header");
	ok(th_request_set(&req, "GET", TH_STR("http://a/ HTTP/1.1\r\nX: y")) ==
		TH_EDATA,
	    "a URL with white space is no request");
	ok(req.nheaders == 0 && req.url == NULL, "nothing of it is kept");
	th_request_release(&req);
}

static void
showing(void)
{
	static const char want[] =
	    "POST https://***@example.org/b/***/c?key=***&token=***&***\n"
	    "Content-Type: application/json\n"
	    "Authorization: ***\n"
	    "\n"
	    "{\"access_token\":\"***\",\"title\":\"a\"}\n";
	struct th_secret secret = { (char[]){ "s3cr3t" } };
	struct th_request req;
	struct th_buf b;

	th_buf_init(&b, 4096);
	th_request_init(&req);
	th_request_set(&req, "POST",
	    TH_STR("https://u:p@example.org/b/s3cr3t/c?key=k&token=s3cr3t&x"));
	th_request_header(&req, "Content-Type", "text/plain");
	th_request_header(&req, "content-type", "application/json");
	th_request_secret(&req, "Authorization", "Bearer ", &secret);
	th_request_hide(&req, &secret);
	req.has_body = true;
	th_buf_adds(&req.body, "{\"access_token\":\"s3cr3t\",\"title\":\"a\"}");
	ok(th_request_show(&req, &b) == TH_OK && strcmp(b.data, want) == 0,
	    "a request is shown without its secrets");
	if (strcmp(b.data, want) != 0)
		printf("# %s\n", b.data);
	th_request_release(&req);
	th_buf_release(&b);
}

static void
feed_head(struct th_reply *rep, const char *head)
{
	const char *p = head, *nl;

	while ((nl = strchr(p, '\n')) != NULL) {
		th_reply_line(rep, (struct th_str){ p, (size_t)(nl + 1 - p) });
		p = nl + 1;
	}
}

static void
replies(void)
{
	struct th_reply rep = { 0 };
	struct th_err err = { 0 };

	th_buf_init(&rep.body, 4096);
	feed_head(&rep,
	    "HTTP/1.1 100 Continue\r\nX-A: early\r\n\r\n"
	    "HTTP/1.1 429 Too Many Requests\r\nRETRY-AFTER:  120\r\n"
	    "ETag: W/\"a:b\" \r\nnonsense\r\n: none\r\nETag: \"2\"\r\n\r\n");
	ok(rep.code == 429 && rep.nheaders == 3,
	    "the last head counts, nonsense is passed over");
	ok(th_reply_header(&rep, "X-A") == NULL, "an interim head is gone");
	ok(strcmp(th_reply_header(&rep, "etag"), "\"2\"") == 0,
	    "the last header of a name is found, whatever its case");
	th_buf_adds(&rep.body, "slow down, please\nmore");
	ok(th_reply_status(&rep, &err) == TH_EAGAIN &&
		strcmp(err.text,
		    "too many requests (429): slow down, please") == 0,
	    "the first line of the reply is told");
	ok(err.retry_at >= th_now() + 118 && err.retry_at <= th_now() + 120,
	    "Retry-After in seconds is obeyed");
	th_buf_clear(&rep.body);
	th_buf_adds(&rep.body, "<html>no</html>");
	th_reply_status(&rep, &err);
	ok(strstr(err.text, "html") == NULL, "a page is not told");
	th_reply_release(&rep);
}

static void
codes(void)
{
	static const struct {
		long code;
		enum th_status st;
	} want[] = { { 200, TH_OK }, { 204, TH_OK }, { 226, TH_OK },
		{ 301, TH_EUNAVAIL }, { 400, TH_EREFUSED }, { 401, TH_EAUTH },
		{ 403, TH_EREFUSED }, { 404, TH_EREFUSED }, { 408, TH_EAGAIN },
		{ 425, TH_EAGAIN }, { 429, TH_EAGAIN }, { 500, TH_EAGAIN },
		{ 503, TH_EAGAIN }, { 0, TH_EUNAVAIL } };
	struct th_reply rep = { 0 };
	bool good = true;
	size_t i;

	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		rep.code = want[i].code;
		if (th_reply_status(&rep, NULL) != want[i].st) {
			printf("# %ld\n", want[i].code);
			good = false;
		}
	}
	ok(good, "codes mean what the caller does next");
}

/* How far off a reply with that header puts the next try; 0: it says nothing.
 */
static int64_t
put_off(const char *code, const char *header)
{
	struct th_reply rep = { 0 };
	struct th_err err = { 0 };
	int64_t now = th_now();

	th_reply_line(&rep, th_str(code));
	th_reply_line(&rep, th_str(header));
	th_reply_status(&rep, &err);
	th_reply_release(&rep);
	return err.retry_at != 0 ? err.retry_at - now : 0;
}

static bool
is_near(int64_t got, int64_t want)
{
	return got >= want - 2 && got <= want + 2;
}

static void
resets(void)
{
	const char *many = "HTTP/1.1 429 Too Many Requests";
	char text[100];

	ok(is_near(put_off(many, "Retry-After: 120.5"), 121),
	    "Retry-After with a fraction");
	ok(is_near(put_off(many, "Retry-After-Ms: 119500"), 120),
	    "in milliseconds");
	ok(is_near(put_off(many, "X-RateLimit-Reset-After: 60.2"), 61),
	    "the seconds until a limit ends");
	ok(is_near(put_off(many, "RateLimit-Reset: 60"), 60),
	    "the same by another name");
	snprintf(text, sizeof(text), "x-rate-limit-reset: %lld",
	    (long long)th_now() + 90);
	ok(is_near(put_off(many, text), 90), "when it ends, since 1970");
	snprintf(text, sizeof(text), "X-RateLimit-Reset: %lld000",
	    (long long)th_now() + 90);
	ok(is_near(put_off(many, text), 90), "the same in milliseconds");
	ok(put_off(many, "X-RateLimit-Reset: 2100-01-01T00:00:00Z") > 86400,
	    "as a date");
	ok(put_off(many, "X-RateLimit-Reset: 1500000000") == 0,
	    "what is past says nothing");
	ok(put_off(many, "RateLimit-Reset: 99999999999999999999") <= 604802,
	    "a week is the most");
	ok(put_off("HTTP/1.1 500 No", "X-RateLimit-Reset: 60") == 0,
	    "a limit that was not hit says nothing");
}

static void
retry_after(void)
{
	int64_t now = 1700000000;

	ok(th_retry_after(TH_STR(" 90 "), now) == now + 90, "seconds");
	ok(th_retry_after(TH_STR("Tue, 14 Nov 2023 22:14:20 GMT"), now) ==
		now + 60,
	    "an HTTP date");
	ok(th_retry_after(TH_STR("Tue, 14 Nov 2000 22:14:20 GMT"), now) == now,
	    "a date gone by is now");
	ok(th_retry_after(TH_STR("99999999999999999999999"), now) ==
		now + 7 * 86400,
	    "later than a week is a week");
	ok(th_retry_after(TH_STR("soon"), now) == 0, "a word is nothing");
}

static int64_t
age_of(const char *head)
{
	struct th_reply rep = { 0 };
	int64_t age;

	feed_head(&rep, head);
	age = th_reply_max_age(&rep);
	th_reply_release(&rep);
	return age;
}

static void
cache_control(void)
{
	ok(age_of("HTTP/1.1 200 OK\n") == -1, "no Cache-Control says nothing");
	ok(age_of("Cache-Control: public, MAX-AGE=\"60\"\n") == 60,
	    "max-age is found among others, in any case, in quotes");
	ok(age_of("Cache-Control: x=\"a, max-age=9\"\n") == -1,
	    "but not inside of a quoted value");
	ok(age_of("Cache-Control: max-age=60, no-cache\n") == 0,
	    "no-cache goes before it");
	ok(age_of("Cache-Control: no-cache\nCache-Control: max-age=60\n") == 0,
	    "also out of another header of that name");
	ok(age_of("Cache-Control: max-age=60\nCache-Control: public\n") == 60,
	    "as does what only the first of them says");
	ok(age_of("Cache-Control: max-age=60\nAge: 50\n") == 10,
	    "Age is taken off");
	ok(age_of("Cache-Control: max-age=60\nAge: 61\n") <= 0,
	    "what is over is over");
	ok(age_of("Cache-Control: max-age=99999999999999999999\n") == 7 * 86400,
	    "more than a week is a week");
}

static bool
links_to(const char *head, const char *want)
{
	struct th_reply rep = { 0 };
	struct th_buf b;
	enum th_status st;
	bool good;

	th_buf_init(&b, 4096);
	rep.url = th_strdup("http://h/a/b");
	feed_head(&rep, head);
	st = th_reply_feed_link(&rep, &b);
	good = want == NULL ? st == TH_END
			    : st == TH_OK && strcmp(b.data, want) == 0;
	th_buf_release(&b);
	th_reply_release(&rep);
	return good;
}

static void
links(void)
{
	ok(links_to("Link: <x,y;z>; rel=alternate; "
		    "type=\"application/atom+xml\"\n",
	       "http://h/a/x,y;z"),
	    "the feed of a Link header, resolved");
	ok(links_to("Link: <x>; rel=\"feed ALTERNATE\"; "
		    "type=\"application/rss+xml; charset=utf-8\"\n",
	       "http://h/a/x"),
	    "rel is a list, and a type may have parameters");
	ok(links_to("Link: <x>; rel=feed\n", "http://h/a/x"),
	    "a feed needs no type");
	ok(links_to("Link: <x>; rel=alternate; type=application/json\n", NULL),
	    "JSON may be anything");
	ok(links_to("Link: <a>; rel=next, </f>; type=application/rss+xml;"
		    " title=\"a, b\"; rel=\"Alternate\"\n",
	       "http://h/f"),
	    "also behind another");
	ok(links_to("Link: <a>; rel=alternate; type=text/html\n", NULL),
	    "another form of the page is no feed");
	ok(links_to("Link: <a; rel=alternate; type=application/rss+xml\n"
		    "Link: \"\nLink: <>\nLink: ;\nLink: ,\nLink:\n",
	       NULL),
	    "nonsense is none");
}

int
main(void)
{
	injection();
	showing();
	replies();
	codes();
	retry_after();
	resets();
	cache_control();
	links();
	printf("1..%d\n", n);
	return failed != 0;
}

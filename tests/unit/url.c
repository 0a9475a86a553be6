/* the examples of RFC 3986, section 5.4, and what browsers put up with */
#include <stdio.h>
#include <string.h>

#include "trigger.h"

static int n, failed;

static void
ok(bool good, const char *what, const char *name)
{
	printf("%sok %d - %s%s\n", good ? "" : "not ", ++n, what, name);
	failed += !good;
}

#define BASE "http://a/b/c/d;p?q"

static const struct {
	const char *base, *ref, *want;
} resolve[] = {
	{ BASE, "g:h", "g:h" },
	{ BASE, "g", "http://a/b/c/g" },
	{ BASE, "./g", "http://a/b/c/g" },
	{ BASE, "g/", "http://a/b/c/g/" },
	{ BASE, "/g", "http://a/g" },
	{ BASE, "//g", "http://g" },
	{ BASE, "?y", "http://a/b/c/d;p?y" },
	{ BASE, "g?y", "http://a/b/c/g?y" },
	{ BASE, "#s", "http://a/b/c/d;p?q#s" },
	{ BASE, "g#s", "http://a/b/c/g#s" },
	{ BASE, "g?y#s", "http://a/b/c/g?y#s" },
	{ BASE, ";x", "http://a/b/c/;x" },
	{ BASE, "g;x=1/../y", "http://a/b/c/y" },
	{ BASE, "", "http://a/b/c/d;p?q" },
	{ BASE, ".", "http://a/b/c/" },
	{ BASE, "./", "http://a/b/c/" },
	{ BASE, "..", "http://a/b/" },
	{ BASE, "../", "http://a/b/" },
	{ BASE, "../g", "http://a/b/g" },
	{ BASE, "../..", "http://a/" },
	{ BASE, "../../g", "http://a/g" },
	{ BASE, "../../../g", "http://a/g" },
	{ BASE, "/./g", "http://a/g" },
	{ BASE, "/../g", "http://a/g" },
	{ BASE, "g.", "http://a/b/c/g." },
	{ BASE, "..g", "http://a/b/c/..g" },
	{ BASE, "./../g", "http://a/b/g" },
	{ BASE, "./g/.", "http://a/b/c/g/" },
	{ BASE, "g/./h", "http://a/b/c/g/h" },
	{ BASE, "g/../h", "http://a/b/c/h" },
	{ BASE, "g?y/../x", "http://a/b/c/g?y/../x" },
	{ BASE, "g#s/../x", "http://a/b/c/g#s/../x" },
	{ BASE, "  g \n", "http://a/b/c/g" },
	{ BASE, "g\n\th", "http://a/b/c/gh" },
	{ BASE, "a b\"c", "http://a/b/c/a%20b%22c" },
	{ "http://h", "g", "http://h/g" },
	{ "http://u:p@h:8080/x", "/y", "http://u:p@h:8080/y" },
	{ "file:///srv/feeds/x.xml", "y.html", "file:///srv/feeds/y.html" },
	{ "", "http://h/a/../b", "http://h/a/../b" },
	{ "", "mailto:a@b", "mailto:a@b" },
};

static const struct {
	const char *base, *ref;
} unresolved[] = { { "", "g" }, { "x/y", "g" }, { "mailto:a@b", "g" } };

static const struct {
	const char *in;
	bool parses, http, loopback;
	const char *masked;
} questions[] = {
	{ "https://u:p@h:443/x?token=1#f", true, true, false,
	    "https://h:443/x" },
	{ "HTTP://localhost:8080/", true, true, true,
	    "HTTP://localhost:8080/" },
	{ "http://127.0.0.1/x", true, true, true, "http://127.0.0.1/x" },
	{ "http://127.0.0.1.example.org/", true, true, false,
	    "http://127.0.0.1.example.org/" },
	{ "http://[::1]:99/", true, true, true, "http://[::1]:99/" },
	{ "http://localhost@h/", true, true, false, "http://h/" },
	{ "http:///x", true, false, false, "http:///x" },
	{ "ftp://h/x", true, false, false, "ftp://h/x" },
	{ "x/y", true, false, false, "x/y" },
	{ "http://h:x/", false, false, false, "http://h:x/" },
	{ "http://[::1/", false, false, false, "http://[::1/" },
	{ "http://a b/?secret", false, false, false, "http://a b/" },
	{ "http://u:secret word@h/", false, false, false, "http://h/" },
	{ "http://u:sec/ret@h/x", false, false, false, "http://h/x" },
	{ "http://u:sec?ret@h:1/x?y", false, false, false, "http://h:1/x" },
	{ "http://u:sec#ret@h", false, false, false, "http://h" },
};

static const struct {
	const char *in, *want;
} feeds[] = {
	{ "feed://h/x?y", "http://h/x?y" },
	{ "FEED:https://h/x", "https://h/x" },
	{ "https://h/feed:x", "https://h/feed:x" },
	{ "feeds/x", "feeds/x" },
	{ "feed", "feed" },
};

int
main(void)
{
	struct th_buf b;
	struct th_url url;
	struct th_str s;
	size_t i;

	th_buf_init(&b, 4096);
	for (i = 0; i < sizeof(resolve) / sizeof(*resolve); i++) {
		th_buf_clear(&b);
		ok(th_url_resolve(th_str(resolve[i].base),
		       th_str(resolve[i].ref), &b) == TH_OK &&
			th_str_is(th_buf_str(&b), resolve[i].want),
		    "resolved: ", resolve[i].want);
		if (!th_str_is(th_buf_str(&b), resolve[i].want))
			printf("# %s\n", b.data);
	}
	for (i = 0; i < sizeof(unresolved) / sizeof(*unresolved); i++) {
		th_buf_clear(&b);
		ok(th_url_resolve(th_str(unresolved[i].base),
		       th_str(unresolved[i].ref), &b) == TH_EDATA &&
			th_str_is(th_buf_str(&b), unresolved[i].ref),
		    "stays as it is without a base: ", unresolved[i].base);
	}
	for (i = 0; i < sizeof(questions) / sizeof(*questions); i++) {
		s = th_str(questions[i].in);
		ok((th_url_parse(s, &url) == TH_OK) == questions[i].parses,
		    "parsed or refused: ", questions[i].in);
		ok(th_url_is_http(s) == questions[i].http,
		    "http or not: ", questions[i].in);
		ok(th_url_is_loopback(s) == questions[i].loopback,
		    "loopback or not: ", questions[i].in);
		th_buf_clear(&b);
		ok(th_url_mask(s, &b) == TH_OK &&
			th_str_is(th_buf_str(&b), questions[i].masked),
		    "masked: ", questions[i].masked);
	}
	for (i = 0; i < sizeof(feeds) / sizeof(*feeds); i++) {
		th_buf_clear(&b);
		ok(th_url_of_feed(th_str(feeds[i].in), &b) == TH_OK &&
			th_str_is(th_buf_str(&b), feeds[i].want),
		    "where a feed is: ", feeds[i].in);
	}
	th_buf_release(&b);
	printf("1..%d\n", n);
	return failed > 0;
}

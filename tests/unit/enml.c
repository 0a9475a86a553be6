/* enml: HTML becomes a note, and a note HTML */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tap.h"
#include "trigger.h"

#define HEAD                                                                   \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE en-note "       \
	"SYSTEM \"http://xml.evernote.com/pub/enml2.dtd\">\n<en-note>"
#define TAIL "</en-note>"

static const struct {
	const char *name, *html, *want;
} vector[] = {
	{ "nothing", "", "" },
	{ "text is escaped", "a < b & c > d \"e\"",
	    "a &lt; b &amp; c &gt; d &quot;e&quot;" },
	{ "references become characters", "&eacute;&#x1F600;&amp;&nosuch;",
	    "\xc3\xa9\xf0\x9f\x98\x80&amp;&amp;nosuch;" },
	{ "control characters go", "a\x01\x0c&#8;b\tc", "ab\tc" },
	{ "bytes that are no UTF-8 are marked",
	    "a\xff"
	    "b",
	    "a\xef\xbf\xbd"
	    "b" },
	{ "tags are closed and in lower case", "<P>a<P>b<B>c",
	    "<p>a</p><p>b<b>c</b></p>" },
	{ "list items end where the next begins",
	    "<ul><li>a<li>b<ul><li>c</ul></ul>",
	    "<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>" },
	{ "cells and rows, too", "<table><tr><td>1<td>2<tr><th>3</table>x",
	    "<table><tr><td>1</td><td>2</td></tr><tr><th>3</th></tr></table>"
	    "x" },
	{ "crossed tags are uncrossed", "<b><i>x</b>y</i>z",
	    "<b><i>x</i></b>yz" },
	{ "an end without a start goes", "</div>a</p>", "a" },
	{ "empty elements are closed", "a<br>b<hr noshade>",
	    "a<br/>b<hr noshade=\"noshade\"/>" },
	{ "a break has no language", "<br lang=en dir=rtl xml:lang=en title=t>",
	    "<br title=\"t\"/>" },
	{ "scripts and styles go with what is in them",
	    "a<script>if (1<2) x()</script><style>p{}</style>b", "ab" },
	{ "a script without an end takes the rest", "a<script>x()", "a" },
	{ "a button without an end takes nothing", "a<button>b", "ab" },
	{ "form controls go", "<form>a<select><option>b</select>c</form>",
	    "<div>ac</div>" },
	{ "newer elements become older ones",
	    "<article><mark>a</mark></article>", "<div><span>a</span></div>" },
	{ "unknown ones leave their text", "<x-y>a</x-y>", "a" },
	{ "ids, classes and handlers go",
	    "<p id=a class=b onclick=c data-x=d title=\"e&quot;f\">g",
	    "<p title=\"e&quot;f\">g</p>" },
	{ "an attribute stands once", "<p title=a TITLE=b>c",
	    "<p title=\"a\">c</p>" },
	{ "a value that may not be goes", "<p align=sideways>a<p align=Right>b",
	    "<p>a</p><p align=\"right\">b</p>" },
	{ "style that loads something goes",
	    "<p style='background:url(x)'>a<p style='color:red'>b",
	    "<p>a</p><p style=\"color:red\">b</p>" },
	{ "links are absolute", "<a href='b c?d=1&amp;e=\"'>x</a>",
	    "<a href=\"https://e.org/a/b%20c?d=1&amp;e=%22\">x</a>" },
	{ "scripts are no links", "<a href=' java\nscript:x()'>x</a>",
	    "<a>x</a>" },
	{ "pictures are of the web, else words",
	    "<img src=i.png alt=a><img src='data:x' alt=b><img alt=c>",
	    "<img src=\"https://e.org/a/i.png\" alt=\"a\"/>bc" },
	{ "films are links", "<iframe src=//v.e/1>x</iframe>",
	    "<a href=\"https://v.e/1\">https://v.e/1</a> " },
	{ "comments and declarations go", "<!-- <b> -->a<!doctype x><?p?>b",
	    "ab" },
	{ "a tag that does not end is none of ours", "a<b", "a<b></b>" },
};

static const struct {
	const char *name, *enml, *want;
} back[] = {
	{ "the note's own tag goes", HEAD "<div>a</div>" TAIL, "<div>a</div>" },
	{ "what is to be done has a box",
	    "<en-note><en-todo checked=\"true\"/>a<en-todo/>b</en-note>",
	    "\xe2\x98\x91 a\xe2\x98\x90 b" },
	{ "media are named",
	    "<en-note><en-media type=\"image/png\" hash=\"0\"/></en-note>",
	    "[image/png]" },
	{ "what is encrypted is said so",
	    "<en-note>a<en-crypt hint=\"x\">bm8=</en-crypt>b</en-note>",
	    "a[encrypted]b" },
	{ "empty elements have an end in HTML",
	    "<en-note><div/><br/></en-note>", "<div></div><br/>" },
	{ "CDATA is text", "<en-note><![CDATA[a<&b]]></en-note>",
	    "a&lt;&amp;b" },
};

static bool
is(const struct th_buf *b, const char *before, const char *want,
    const char *after)
{
	size_t n = strlen(before), len = strlen(want);
	bool good = b->len == n + len + strlen(after) &&
		    memcmp(b->data, before, n) == 0 &&
		    memcmp(b->data + n, want, len) == 0 &&
		    memcmp(b->data + n + len, after, strlen(after)) == 0;

	if (!good)
		printf(
		    "# got  %s\n# want %s%s%s\n", b->data, before, want, after);
	return good;
}

static void
test_vectors(void)
{
	struct th_buf b;
	size_t i;

	th_buf_init(&b, TH_LINE_MAX);
	for (i = 0; i < sizeof(vector) / sizeof(*vector); i++) {
		th_buf_clear(&b);
		ok(vector[i].name,
		    th_enml_from_html(th_str(vector[i].html),
			TH_STR("https://e.org/a/"), &b) == TH_OK &&
			is(&b, HEAD, vector[i].want, TAIL));
	}
	for (i = 0; i < sizeof(back) / sizeof(*back); i++) {
		th_buf_clear(&b);
		ok(back[i].name,
		    th_enml_to_html(th_str(back[i].enml), &b) == TH_OK &&
			is(&b, "", back[i].want, ""));
	}
	th_buf_clear(&b);
	ok("plain text is a line each",
	    th_enml_from_text(TH_STR("a <b>\n\nc"), &b) == TH_OK &&
		is(&b, HEAD,
		    "<div>a &lt;b&gt;</div><div><br/></div><div>c</div>",
		    TAIL));
	th_buf_release(&b);
}

/* So much of the same, numbered, and something behind it. */
static enum th_status
many(const char *piece, bool numbered, size_t bytes, const char *tail,
    struct th_buf *ret)
{
	struct th_buf html;
	enum th_status st;
	size_t i;

	th_buf_init(&html, TH_LINE_MAX);
	th_buf_clear(ret);
	for (i = 0; html.len < bytes; i++) {
		th_buf_adds(&html, piece);
		if (numbered)
			th_buf_addf(&html, "%zx", i);
	}
	th_buf_adds(&html, tail);
	st = th_enml_from_html(th_buf_str(&html), TH_STR(""), ret);
	th_buf_release(&html);
	return st;
}

static void
test_limits(void)
{
	static const struct {
		const char *name, *piece, *tail;
	} hostile[] = {
		{ "a megabyte of open elements", "<b>", "x" },
		{ "a megabyte of ends that close nothing", "<b></i>", "" },
		{ "a megabyte of attributes", "<p a=1 b='>' ", ">" },
		{ "a megabyte of attributes in one tag", "<p  a", "" },
		{ "a megabyte of quotes", "<a b=\"c='", "" },
		{ "a megabyte of elements without an end", "<svg><button>",
		    "" },
		{ "a megabyte of comments that do not end", "<!-- <b>", "" },
		{ "a megabyte of ampersands", "&amp", "" },
	};
	struct th_buf b;
	clock_t begin;
	size_t i;

	th_buf_init(&b, TH_LINE_MAX);
	for (i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
		begin = clock();
		ok(hostile[i].name, many(hostile[i].piece, true, 1 << 20,
					hostile[i].tail, &b) == TH_OK &&
					clock() - begin < 5 * CLOCKS_PER_SEC);
	}
	ok("a note of the greatest size",
	    many("\xc3\xa4", false, 2 * (TH_ENML_MAX - sizeof(HEAD TAIL) + 1),
		"", &b) == TH_OK);
	ok("one character more is too much",
	    many("\xc3\xa4", false, 2 * (TH_ENML_MAX - sizeof(HEAD TAIL) + 1),
		"x", &b) == TH_EDATA);
	th_buf_release(&b);
}

int
main(void)
{
	test_vectors();
	test_limits();
	return done();
}

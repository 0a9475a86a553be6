/* characters, HTML to text, escapes */
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

static void
gives(struct th_buf *b, enum th_status st, const char *want, const char *what,
    const char *name)
{
	bool good = st == TH_OK && th_str_is(th_buf_str(b), want);

	ok(good, what, name);
	if (!good)
		printf("# \"%s\", not \"%s\"\n", b->data ? b->data : "", want);
	th_buf_clear(b);
}

static const struct {
	const char *html, *fold, *lines;
} html[] = {
	{ "plain", "plain", "plain" },
	{ " a \n\t b ", "a b", "a b" },
	{ "<b>a</b>b", "ab", "ab" },
	{ "a<br>b<br/><br>c", "a b c", "a\nb\n\nc" },
	{ "<p>a</p><p>b</p>", "a b", "a\nb" },
	{ "<ul><li>a<li>b</ul>", "a b", "a\nb" },
	{ "a<script>if (a<b) x()</script>b", "ab", "ab" },
	{ "a<STYLE>p { }</STYLE >b", "ab", "ab" },
	{ "a<!-- > b -->c", "ac", "ac" },
	{ "a<!-->c", "ac", "ac" },
	{ "<a href=\"x>y\">z</a>", "z", "z" },
	{ "<a href='x>y'>z</a>", "z", "z" },
	{ "<a href=\"x>y", "y", "y" },
	{ "1 < 2 <3", "1 < 2 <3", "1 < 2 <3" },
	{ "AT&amp;T &lt;b&gt;", "AT&T <b>", "AT&T <b>" },
	{ "&eacute;&#233;&#xE9;", "ééé", "ééé" },
	{ "&nbsp;a&nbsp;b", "a b", "a b" },
	{ "&copy &notit; &unknown; & &#; &#x;", "© ¬it; &unknown; & &#; &#x;",
	    "© ¬it; &unknown; & &#; &#x;" },
	{ "&#150;&#x80;", "–€", "–€" },
	{ "&#0;&#xD800;&#x110000;&#99999999999;",
	    "\357\277\275\357\277\275"
	    "\357\277\275\357\277\275",
	    "\357\277\275\357\277\275"
	    "\357\277\275\357\277\275" },
	{ "&NotEqualTilde;", "≂̸", "≂̸" },
	{ "a\001b", "ab", "ab" },
	{ "<pre>a\n  b</pre>", "a b", "a\nb" },
	{ "a<", "a<", "a<" },
	{ "a<b", "a", "a" },
	{ "a<!--", "a", "a" },
	{ "", "", "" },
};

static const struct {
	const char *in;
	bool html;
} looks[] = {
	{ "a < b", false },
	{ "a <b> c", true },
	{ "AT&T", false },
	{ "AT&amp;T", true },
	{ "x &copy y", false },
	{ "</p>", true },
	{ "<p", false },
	{ "<!-- x -->", true },
	{ "", false },
};

static const struct {
	const char *in;
	size_t max;
	const char *want;
} cuts[] = {
	{ "short", 5, "short" },
	{ "shorter", 5, "shor…" },
	{ "one two three", 10, "one two…" },
	{ "one twothreefour", 10, "one twoth…" },
	{ "one two three", 0, "" },
	{ "one", 1, "…" },
	{ "e\314\201e\314\201e\314\201", 4, "e\314\201…" },
	{ "\360\237\207\253\360\237\207\267\360\237\207\251\360\237\207\252", 3,
	    "\360\237\207\253\360\237\207\267…" },
	{ "\360\237\221\251\342\200\215\360\237\221\251xyz", 3, "…" },
	{ "日本語テキスト", 4, "日本語…" },
};

static const struct {
	const char *in;
	size_t valid;
	const char *clean;
} utf8[] = {
	{ "abc", 3, "abc" },
	{ "déjà vu, 日本, \360\237\230\200", 23,
	    "déjà vu, 日本, \360\237\230\200" },
	{ "abcdefgh\377x", 8, "abcdefgh\357\277\275x" },
	{ "\300\200", 0, "\357\277\275\357\277\275" },
	{ "\355\240\200", 0, "\357\277\275\357\277\275\357\277\275" },
	{ "\364\220\200\200", 0,
	    "\357\277\275\357\277\275\357\277\275\357\277\275" },
	{ "a\303", 1, "a\357\277\275" },
};

static void
check_html(struct th_buf *b)
{
	size_t i;

	for (i = 0; i < sizeof(html) / sizeof(*html); i++) {
		gives(b,
		    th_text_from_html(th_str(html[i].html), TH_TEXT_FOLD, b),
		    html[i].fold, "on one line: ", html[i].fold);
		gives(b,
		    th_text_from_html(th_str(html[i].html), TH_TEXT_LINES, b),
		    html[i].lines, "with its lines: ", html[i].fold);
	}
	for (i = 0; i < sizeof(looks) / sizeof(*looks); i++)
		ok(th_text_is_html(th_str(looks[i].in)) == looks[i].html,
		    "HTML or text: ", looks[i].in);
}

/* Each of these takes minutes when some step looks at the rest each time. */
static void
check_time(void)
{
	static const char *const piece[] = { "<", "<!", "<!--", "<a href=\"",
		"<a '", "<script>", "</", "&", "&amp", "&#", "<pre>" };
	struct th_buf in, out;
	size_t i, j;

	th_buf_init(&in, 1 << 22);
	th_buf_init(&out, 1 << 24);
	for (i = 0; i < sizeof(piece) / sizeof(*piece); i++) {
		th_buf_clear(&in);
		th_buf_clear(&out);
		for (j = 0; j < 200000; j++)
			th_buf_adds(&in, piece[i]);
		th_text_is_html(th_buf_str(&in));
		ok(th_text_from_html(th_buf_str(&in), TH_TEXT_LINES, &out) ==
			TH_OK,
		    "200,000 times and the time stays linear: ", piece[i]);
	}
	th_buf_release(&in);
	th_buf_release(&out);
}

int
main(void)
{
	struct th_buf b;
	uint32_t c;
	size_t i;

	th_buf_init(&b, 4096);
	check_html(&b);
	for (i = 0; i < sizeof(cuts) / sizeof(*cuts); i++)
		gives(&b, th_text_truncate(th_str(cuts[i].in), cuts[i].max, &b),
		    cuts[i].want, "cut: ", cuts[i].want);
	for (i = 0; i < sizeof(utf8) / sizeof(*utf8); i++) {
		ok(th_utf8_valid(th_str(utf8[i].in)) == utf8[i].valid,
		    "valid up to its first bad byte: ", utf8[i].clean);
		gives(&b, th_utf8_clean(th_str(utf8[i].in), &b), utf8[i].clean,
		    "cleaned: ", utf8[i].clean);
	}
	gives(&b, th_text_escape(TH_STR("<a b='\"'>&"), &b),
	    "&lt;a b=&#39;&quot;&#39;&gt;&amp;", "escaped: ", "all five");
	gives(&b, th_text_fold(TH_STR("  a\r\n b\302\240c  "), &b), "a b c",
	    "white space folded: ", "ends and no-break blanks too");
	gives(&b, th_text_lower(TH_STR("ÀÉÎ ΣΑΣ İ ЖЫ AZ[@`"), &b),
	    "àéî σασ i жы az[@`", "lower: ", "Latin, Greek, Cyrillic");
	gives(&b, th_text_upper(TH_STR("àéî ß ÿ az{@`"), &b), "ÀÉÎ ß Ÿ AZ{@`",
	    "upper: ", "what has no capital stays");
	gives(&b, th_text_urlencode(TH_STR("a b&c/é~"), &b),
	    "a%20b%26c%2F%C3%A9~", "URL-encoded: ", "all but unreserved");
	ok(th_utf8_decode("\360\237\230\200", 4, &c) == 4 && c == 0x1f600, "",
	    "a character beyond 16 bits is decoded");
	check_time();
	th_buf_release(&b);
	printf("1..%d\n", n);
	return failed > 0;
}

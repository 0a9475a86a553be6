/* item -- members found, visited and edited */
#include <string.h>

#include "tap.h"
#include "trigger.h"

static struct th_item it;
static struct th_buf out;

/* Parses a line that an edit is then made to. */
static void
given(const char *line)
{
	if (th_item_parse(&it, th_str(line), NULL) != TH_OK)
		printf("Bail out! %s\n", line);
}

static bool
line_is(const char *want)
{
	th_buf_clear(&out);
	if (th_item_line(&it, &out) == TH_OK && strcmp(out.data, want) == 0)
		return true;
	printf("# %s\n", out.data);
	return false;
}

static bool
text_is(const char *name, const char *want)
{
	th_buf_clear(&out);
	return th_item_text(&it, name, &out) == TH_OK &&
	       strcmp(out.data, want) == 0;
}

static void
test_parse(void)
{
	struct th_err err = { 0 };
	struct th_value v;

	given(" {\"a\" : \"x\\ny\", \"b\":1.0,\"a\":\"z\", \"c\":[ ]} \r");
	ok("an untouched line stays byte for byte",
	    line_is(" {\"a\" : \"x\\ny\", \"b\":1.0,\"a\":\"z\", \"c\":[ ]} "
		    "\r"));
	ok("all members are found", it.n == 4);
	ok("the last of a name counts", text_is("a", "z"));
	ok("a number's text is its digits", text_is("b", "1.0"));
	ok("an array has no text", th_item_text(&it, "c", &out) == TH_END);
	ok("a name that is not there", !th_item_get(&it, "d", &v));
	ok("an array is no item",
	    th_item_parse(&it, TH_STR(" []"), &err) == TH_EDATA &&
		err.column == 2 && strcmp(err.text, "not an object") == 0);
	ok("two objects are no item",
	    th_item_parse(&it, TH_STR("{} {}"), &err) == TH_EDATA &&
		err.column == 4);
	ok("a bad value is told with its place",
	    th_item_parse(&it, TH_STR("{\"a\":[1,tru]}"), &err) == TH_EDATA &&
		err.column == 9);
	ok("of a bad line no members are left", it.n == 0);
	given("{\"\\u0069d\":\"7\",\"\\ud83d\\ude80\":2}");
	ok("an escaped name is found", text_is("id", "7"));
	ok("one beyond the basic plane too", text_is("\xf0\x9f\x9a\x80", "2"));
	ok("a name is not found by its escapes",
	    !th_item_get(&it, "\\u0069d", &v));
}

static enum th_status
parse_members(size_t n)
{
	struct th_item many = { 0 };
	struct th_buf b;
	enum th_status st;
	size_t i;

	th_buf_init(&b, SIZE_MAX);
	th_json_open(&b, '{');
	for (i = 0; i < n; i++)
		th_buf_adds(&b, i > 0 ? ",\"\":1" : "\"\":1");
	th_json_close(&b, '}');
	st = th_item_parse(&many, th_buf_str(&b), NULL);
	th_item_release(&many);
	th_buf_release(&b);
	return st;
}

static bool
collect(void *ctx, const struct th_value *v)
{
	(void)ctx;
	th_value_text(v, &out);
	th_buf_addc(&out, ';');
	return th_str_is(v->raw, "\"stop\"");
}

static bool
visits(const char *path, const char *want, bool stopped)
{
	bool got;

	th_buf_clear(&out);
	got = th_item_visit(&it, path, collect, NULL);
	if (got == stopped && strcmp(out.len > 0 ? out.data : "", want) == 0)
		return true;
	printf("# %s: %s\n", path, out.data);
	return false;
}

static void
test_visit(void)
{
	given("{\"t\":\"a\",\"l\":[\"b\",[\"c\"],{\"t\":\"d\"}],"
	      "\"o\":{\"t\":[1,2],\"t\":[3,{\"u\":4}],\"\":5},"
	      "\"n\":[{\"u\":\"x\"},{\"u\":\"stop\"},{\"u\":\"y\"}],\"e\":[]}");
	ok("a member", visits("t", "a;", false));
	ok("the elements of an array, and of arrays in it",
	    visits("l", "b;c;{\"t\":\"d\"};", false));
	ok("a member of an array's objects", visits("l.t", "d;", false));
	ok("the last of a name in an object",
	    visits("o.t", "3;{\"u\":4};", false));
	ok("three names", visits("o.t.u", "4;", false));
	ok("true ends the walk", visits("n.u", "x;stop;", true));
	ok("nothing is in an empty array", visits("e", "", false));
	ok("nothing is where no member is", visits("t.u", "", false));
	ok("nor under a name that is missing", visits("no.u", "", false));
}

static void
test_set(void)
{
	given("{\"a\":1, \"b\":2, \"a\":3}");
	th_item_set(&it, "b", TH_STR(" [1,\n2]\t"));
	ok("set replaces in place, on one line",
	    line_is("{\"a\":1,\"b\":[1, 2],\"a\":3}"));
	th_item_set_string(&it, "c\"d", TH_STR("e\nf"));
	ok("and adds at the end",
	    line_is("{\"a\":1,\"b\":[1, 2],\"a\":3,\"c\\\"d\":\"e\\nf\"}"));
	ok("what was added is found", text_is("c\"d", "e\nf"));
	th_item_set(&it, "a", TH_STR("null"));
	ok("of two with one name the last is set, the other goes",
	    line_is("{\"b\":[1, 2],\"a\":null,\"c\\\"d\":\"e\\nf\"}"));
	ok("what is not JSON is refused",
	    th_item_set(&it, "a", TH_STR("1,\"x\":2")) == TH_EDATA);
	given("{\n\"a\": [\n1 ]\r\n}");
	ok("an object of several lines becomes one line",
	    line_is("{ \"a\": [ 1 ]  }"));
	given("{}");
	ok("a new line forgets the edits", line_is("{}"));
	th_item_set(&it, "a", TH_STR("1"));
	ok("an empty object gets a member", line_is("{\"a\":1}"));
}

static void
test_change(void)
{
	given("{\"a\":1,\"b\":2,\"a\":3,\"c\":4}");
	th_item_rename(&it, "x", "y");
	th_item_rename(&it, "b", "b");
	ok("a rename of nothing changes nothing", !it.edited);
	th_item_rename(&it, "a", "c");
	ok("a rename keeps the last, and takes the name from others",
	    line_is("{\"b\":2,\"c\":3}"));
	given("{ \"a\":1,\"b\":2,\"a\":3}");
	th_item_remove(&it, "x");
	ok("what is not there cannot be removed",
	    line_is("{ \"a\":1,\"b\":2,\"a\":3}"));
	th_item_remove(&it, "a");
	ok("all of a name are removed", line_is("{\"b\":2}"));
	th_item_remove(&it, "b");
	ok("down to an empty object", line_is("{}"));
}

static void
test_append(void)
{
	given("{\"a\":[1, 2 ],\"e\":[ ],\"s\":\"x\",\"n\":null}");
	th_item_append(&it, "a", TH_STR("{\"b\":3}"));
	th_item_append(&it, "e", TH_STR("4"));
	th_item_append(&it, "s", TH_STR("5"));
	th_item_append(&it, "n", TH_STR("6"));
	th_item_append(&it, "new", TH_STR("7"));
	th_item_append(&it, "new", TH_STR("8"));
	ok("append adds to an array, or makes one",
	    line_is("{\"a\":[1, 2,{\"b\":3}],\"e\":[4],\"s\":[\"x\",5],"
		    "\"n\":[6],\"new\":[7,8]}"));
	ok("what is not JSON is refused",
	    th_item_append(&it, "a", TH_STR("]")) == TH_EDATA);
}

static bool
body_is(const char *line, const char *want)
{
	given(line);
	th_buf_clear(&out);
	return th_item_body_text(&it, TH_TEXT_FOLD, &out) ==
		   (want != NULL ? TH_OK : TH_END) &&
	       strcmp(out.len > 0 ? out.data : "", want != NULL ? want : "") ==
		   0;
}

static bool
date_is(const char *line, int64_t want)
{
	int64_t t = -1;

	given(line);
	return th_item_date(&it, &t) == (want >= 0 ? TH_OK : TH_END) &&
	       t == want;
}

static void
test_aliases(void)
{
	ok("content_text is the body",
	    body_is("{\"content_html\":\"x\",\"content_text\":\"a <b>\"}",
		"a <b>"));
	ok("content_html's text is the body",
	    body_is("{\"summary\":\"s\",\"content_html\":"
		    "\"<p>a &amp;\\n b<\\/p>\"}",
		"a & b"));
	ok("else the summary", body_is("{\"summary\":\"s\"}", "s"));
	ok("no body", body_is("{\"title\":\"t\"}", NULL));
	ok("date_published is the date",
	    date_is("{\"date_modified\":\"1970-01-03T00:00:00Z\","
		    "\"date_published\":\"1970-01-02T00:00:00\\u005a\"}",
		86400));
	ok("else date_modified",
	    date_is("{\"date_modified\":\"1970-01-03T00:00:00Z\"}", 172800));
	ok("else none", date_is("{\"title\":\"t\"}", -1));
	ok("what is no date is none",
	    date_is("{\"date_published\":\"yesterday\"}", -1));
}

int
main(void)
{
	th_buf_init(&out, 4096);
	test_parse();
	ok("as many members as are allowed",
	    parse_members(TH_MEMBER_MAX) == TH_OK);
	ok("one more", parse_members(TH_MEMBER_MAX + 1) == TH_EDATA);
	test_visit();
	test_set();
	test_change();
	test_append();
	test_aliases();
	th_item_release(&it);
	th_buf_release(&out);
	return done();
}

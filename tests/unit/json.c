/* json -- what is JSON and what is not, values, writing */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "trigger.h"

/* column 0: valid */
static const struct {
	const char *text;
	size_t column;
	const char *name;
} texts[] = {
	{ "null", 0, "null" },
	{ " \t\r\n[ 1 , \"a\" ] \n", 0, "white space around tokens" },
	{ "[]", 0, "an empty array" },
	{ "{}", 0, "an empty object" },
	{ "{\"\":{}}", 0, "an empty name" },
	{ "[[],{},[[]]]", 0, "containers in containers" },
	{ "-0.0e+0", 0, "each part of a number" },
	{ "1E400", 0, "a number beyond any double" },
	{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", 0, "every escape" },
	{ "\"\\ud800\"", 0, "a lone surrogate as an escape" },
	{ "\"\\u0000\"", 0, "NUL as an escape" },
	{ "\"\xf4\x8f\xbf\xbf\x7f\"", 0, "the last character of Unicode" },
	{ "", 1, "nothing" },
	{ " ", 2, "only white space" },
	{ "nul", 1, "a word cut short" },
	{ "nulL", 1, "another word" },
	{ "truefalse", 5, "two words" },
	{ "[1,]", 4, "a comma before ]" },
	{ "[,1]", 2, "a comma behind [" },
	{ "[1 2]", 4, "no comma" },
	{ "[1}", 3, "the wrong bracket" },
	{ "[", 2, "an array without end" },
	{ "{\"a\":1,}", 8, "a comma before }" },
	{ "{\"a\" 1}", 6, "no colon" },
	{ "{\"a\":}", 6, "no value" },
	{ "{a:1}", 2, "a name without quotes" },
	{ "{1:1}", 2, "a number for a name" },
	{ "{\"a\"", 5, "an object without end" },
	{ "[]]", 3, "a bracket too many" },
	{ "01", 1, "a number that begins with 0" },
	{ "-", 2, "a minus alone" },
	{ "+1", 1, "a plus" },
	{ ".5", 1, "no digit before the point" },
	{ "1.", 3, "no digit behind the point" },
	{ "1.e1", 3, "no digit before the exponent" },
	{ "1e", 3, "no digit in the exponent" },
	{ "0x1", 2, "a hexadecimal number" },
	{ "NaN", 1, "not a number" },
	{ "'a'", 1, "single quotes" },
	{ "\"a", 3, "a string without end" },
	{ "\"a\tb\"", 3, "a tab in a string" },
	{ "\"\\x\"", 2, "an unknown escape" },
	{ "\"\\u12g4\"", 6, "an escape that is not hexadecimal" },
	{ "\"\\u12", 6, "an escape cut short" },
	{ "\"\\", 3, "a backslash at the end" },
	{ "\"\xc0\x80\"", 2, "an overlong NUL" },
	{ "\"\xed\xa0\x80\"", 2, "a surrogate in UTF-8" },
	{ "\"ab\xe2\x82\"", 4, "a character cut short" },
	{ "\"\xf4\x90\x80\x80\"", 2, "beyond Unicode" },
	{ "\"\xff\"", 2, "a byte that UTF-8 never has" },
	{ "\xef\xbb\xbf{}", 1, "a byte order mark" },
	{ "\xc2\xa0{}", 1, "white space that JSON does not know" },
	{ "[1]//", 4, "a comment" },
};

/*
 * Parses a copy that ends where its memory ends, so that a sanitizer sees a
 * look behind it.
 */
static enum th_status
parse(struct th_str text, size_t *column)
{
	char *copy = th_malloc(text.len);
	struct th_value v;
	struct th_err err = { 0 };
	enum th_status st;

	memcpy(copy, text.s, text.len);
	st = th_json_parse((struct th_str){ copy, text.len }, &v, &err);
	free(copy);
	*column = err.column;
	return st;
}

static void
test_texts(void)
{
	enum th_status st;
	size_t i, column;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		st = parse(th_str(texts[i].text), &column);
		ok(texts[i].name,
		    texts[i].column == 0
			? st == TH_OK
			: st == TH_EDATA && column == texts[i].column);
		if (column != texts[i].column)
			printf(
			    "# column %zu, not %zu\n", column, texts[i].column);
	}
	ok("a NUL byte is no white space",
	    parse((struct th_str){ "1\0", 2 }, &column) == TH_EDATA &&
		column == 2);
}

/* `depth` times open, then as many times close. */
static enum th_status
parse_nested(size_t depth, const char *open, const char *close)
{
	struct th_buf b;
	size_t i, column;
	enum th_status st;

	th_buf_init(&b, SIZE_MAX);
	for (i = 0; i < depth; i++)
		th_buf_adds(&b, open);
	for (i = 0; i < depth; i++)
		th_buf_adds(&b, close);
	st = parse(th_buf_str(&b), &column);
	th_buf_release(&b);
	return st;
}

static void
test_depth(void)
{
	ok("arrays as deep as is allowed",
	    parse_nested(TH_DEPTH_MAX, "[", "]") == TH_OK);
	ok("arrays one deeper",
	    parse_nested(TH_DEPTH_MAX + 1, "[", "]") == TH_EDATA);
	ok("objects as deep as is allowed",
	    parse_nested(TH_DEPTH_MAX / 2, "{\"a\":[", "]}") == TH_OK);
	ok("objects deeper",
	    parse_nested(TH_DEPTH_MAX / 2 + 1, "{\"a\":[", "]}") == TH_EDATA);
	ok("a million brackets", parse_nested(1000000, "[", "") == TH_EDATA);
}

static bool
text_is(const char *json, struct th_str want)
{
	struct th_value v;
	struct th_buf b;
	struct th_str s;
	bool same;

	th_buf_init(&b, 1024);
	if (th_json_parse(th_str(json), &v, NULL) != TH_OK)
		return false;
	th_value_text(&v, &b);
	same = b.len == want.len && memcmp(b.data, want.s, want.len) == 0;
	th_value_str(&v, &b, &s);
	same = same && s.len == want.len && memcmp(s.s, want.s, s.len) == 0;
	th_buf_release(&b);
	return same;
}

static void
test_text(void)
{
	ok("a plain string is itself",
	    text_is("\"caf\xc3\xa9\"", TH_STR("caf\xc3\xa9")));
	ok("escapes are decoded", text_is("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
				      TH_STR("\"\\/\b\f\n\r\t")));
	ok("four hex digits are a character",
	    text_is("\"\\u00E9\\u20ac\"", TH_STR("\xc3\xa9\xe2\x82\xac")));
	ok("two surrogates are one character",
	    text_is("\"\\ud83d\\ude80\"", TH_STR("\xf0\x9f\x9a\x80")));
	ok("a lone surrogate is U+FFFD",
	    text_is(
		"\"\\ud83d-\\ude80\"", TH_STR("\xef\xbf\xbd-\xef\xbf\xbd")));
	ok("two high surrogates are two",
	    text_is("\"\\ud83d\\ud83d\\ude80\"",
		TH_STR("\xef\xbf\xbd\xf0\x9f\x9a\x80")));
	ok("NUL is a byte", text_is("\"a\\u0000b\"", TH_STR("a\0b")));
	ok("a number is its digits", text_is(" -1.50 ", TH_STR("-1.50")));
	ok("an array is its JSON", text_is("[1, 2]", TH_STR("[1, 2]")));
}

static const struct {
	const char *text;
	double want;
} numbers[] = { { "0", 0 }, { "-0", 0 }, { "10", 10 }, { "100.25", 100.25 },
	{ "-3.14", -3.14 }, { "1e3", 1000 }, { "12E-1", 1.2 },
	{ "0.001", 0.001 }, { "0.1e+2", 10 },
	{ "9007199254740993", 9007199254740992.0 }, { "1e400", HUGE_VAL },
	{ "-1e400", -HUGE_VAL }, { "1e-400", 0 },
	{ "1e99999999999999999999", HUGE_VAL },
	{ "1e-99999999999999999999", 0 }, { "0e99999999999999999999", 0 } };

static void
test_numbers(void)
{
	struct th_value v;
	struct th_buf b;
	double d = 1;
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		th_json_parse(th_str(numbers[i].text), &v, NULL);
		ok(numbers[i].text,
		    th_value_number(&v, &d) && d == numbers[i].want);
	}
	th_buf_init(&b, SIZE_MAX);
	th_buf_adds(&b, "0.");
	for (i = 0; i < 5000; i++)
		th_buf_addc(&b, '0');
	th_buf_adds(&b, "25e5001");
	th_json_parse(th_buf_str(&b), &v, NULL);
	ok("zeros without end are no digits",
	    th_value_number(&v, &d) && d == 2.5);
	th_buf_clear(&b);
	th_buf_addc(&b, '7');
	for (i = 0; i < 5000; i++)
		th_buf_addc(&b, '0');
	th_buf_adds(&b, "e-5000");
	th_json_parse(th_buf_str(&b), &v, NULL);
	ok("digits without end count", th_value_number(&v, &d) && d == 7);
	th_json_parse(TH_STR("\"1\""), &v, NULL);
	ok("a string is no number", !th_value_number(&v, &d));
	th_buf_release(&b);
}

static void
test_walk(void)
{
	struct th_value v, child;
	struct th_iter it;
	struct th_str key;
	struct th_buf b;

	th_buf_init(&b, 1024);
	th_json_parse(TH_STR(" { \"a\" : [1, {\"]\":\"}\"} ] , \"a\":2,"
			     "\"\\u0061\":\"\\\"\"} "),
	    &v, NULL);
	th_iter_init(&it, &v);
	while (th_iter_next(&it, &key, &child)) {
		th_buf_add(&b, key.s, key.len);
		th_buf_addc(&b, '=');
		th_buf_add(&b, child.raw.s, child.raw.len);
		th_buf_addc(&b, ';');
	}
	ok("an object's members come in order",
	    strcmp(b.data, "a=[1, {\"]\":\"}\"} ];a=2;\\u0061=\"\\\"\";") == 0);
	ok("the last of a name is got, its name being decoded",
	    th_value_get(&v, "a", &child) && child.type == TH_JSON_STRING);
	ok("another name is not", !th_value_get(&v, "b", &child));
	th_json_parse(TH_STR("[1,[2],\"3\"]"), &v, NULL);
	th_buf_clear(&b);
	th_iter_init(&it, &v);
	while (th_iter_next(&it, NULL, &child))
		th_buf_add(&b, child.raw.s, child.raw.len);
	ok("an array's values come in order", strcmp(b.data, "1[2]\"3\"") == 0);
	ok("an array has no members", !th_value_get(&v, "a", &child));
	th_json_parse(TH_STR("\"x\""), &v, NULL);
	th_iter_init(&it, &v);
	ok("a string has no parts", !th_iter_next(&it, NULL, &child));
	th_buf_release(&b);
}

static void
test_write(void)
{
	struct th_buf b;

	th_buf_init(&b, 1024);
	th_json_open(&b, '{');
	th_json_member(&b, "a\"b", TH_STR("\x01\b\f\n\r\t\"\\/\x7f\xc3\xa9"));
	th_json_member(&b, "none", TH_STR(""));
	th_json_key(&b, "list");
	th_json_open(&b, '[');
	th_json_int(&b, INT64_MIN);
	th_json_bool(&b, true);
	th_json_raw(&b, TH_STR(" [1,2] "));
	th_json_open(&b, '{');
	th_json_close(&b, '}');
	th_json_string(&b, TH_STR("x,"));
	th_json_string(&b, TH_STR("bad\xff\xe2\x82"));
	th_json_close(&b, ']');
	th_json_key(&b, "z");
	th_json_bool(&b, false);
	th_json_close(&b, '}');
	ok("a series of calls reads like the text it makes",
	    strcmp(b.data,
		"{\"a\\\"b\":\"\\u0001\\b\\f\\n\\r\\t\\\"\\\\/\x7f\xc3\xa9\","
		"\"list\":[-9223372036854775808,true,[1,2],{},\"x,\","
		"\"bad\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"],\"z\":false}") ==
		0);
	th_buf_release(&b);
	th_buf_init(&b, 8);
	th_json_string(&b, TH_STR("too long\xff"));
	ok("what does not fit is an error", b.status == TH_EDATA);
	th_buf_release(&b);
}

int
main(void)
{
	test_texts();
	test_depth();
	test_text();
	test_numbers();
	test_walk();
	test_write();
	return done();
}

/* thrift: what is written, byte by byte, and replies that lie */
#include <string.h>

#include "tap.h"
#include "trigger.h"

#define HEAD "\x80\x01\x00\x02\x00\x00\x00\x01m\x00\x00\x00\x01"
#define LIE(s)                                                                 \
	{                                                                      \
		(s), sizeof(s) - 1                                             \
	}
#define BYTES(s) ((struct th_str)LIE(s))

static bool
is(const struct th_buf *b, struct th_str want)
{
	return b->status == TH_OK && b->len == want.len &&
	       memcmp(b->data, want.s, want.len) == 0;
}

static void
test_writing(void)
{
	const struct th_str two[] = { TH_STR("x"), TH_STR("yz") };
	struct th_buf b;

	th_buf_init(&b, 1024);
	th_thrift_call(&b, "m", 1);
	th_thrift_string(&b, 1, TH_STR("t"));
	th_thrift_end(&b);
	ok("a call is the strict head, its fields, and a stop",
	    is(&b, BYTES("\x80\x01\x00\x01\x00\x00\x00\x01m\x00\x00\x00\x01"
			 "\x0b\x00\x01\x00\x00\x00\x01t\x00")));
	th_buf_clear(&b);
	th_thrift_i32(&b, 2, -2);
	th_thrift_i64(&b, 258, 1);
	th_thrift_bool(&b, 3, true);
	th_thrift_strings(&b, 15, two, 2);
	ok("numbers are big-endian, lists have type and count",
	    is(&b, BYTES("\x08\x00\x02\xff\xff\xff\xfe"
			 "\x0a\x01\x02\x00\x00\x00\x00\x00\x00\x00\x01"
			 "\x02\x00\x03\x01"
			 "\x0f\x00\x0f\x0b\x00\x00\x00\x02"
			 "\x00\x00\x00\x01x\x00\x00\x00\x02yz")));
	th_buf_release(&b);
}

static void
test_reading(void)
{
	static const char reply[] =
	    HEAD "\x0d\x00\x63\x0b\x0c\x00\x00\x00\x01\x00\x00\x00\x01k\x00"
		 "\x0c\x00\x00"
		 "\x0b\x00\x01\x00\x00\x00\x02hi"
		 "\x08\x00\x02\xff\xff\xff\xff"
		 "\x0f\x00\x03\x0b\x00\x00\x00\x02\x00\x00\x00\x01"
		 "a\x00\x00\x00\x00"
		 "\x00\x00";
	struct th_thrift_message m;
	struct th_thrift st, v;
	struct th_thrift_iter it;
	bool good;

	good = th_thrift_parse(BYTES(reply), &m, NULL) == TH_OK &&
	       m.kind == TH_THRIFT_REPLY && m.seqid == 1 &&
	       th_str_is(m.method, "m");
	ok("a reply is read", good);
	if (!good)
		return;
	good = th_thrift_get(&m.body, 0, TH_THRIFT_STRUCT, &st);
	ok("a field is found behind one that is not known", good);
	if (!good)
		return;
	ok("a string", th_str_is(th_thrift_text(&st, 1), "hi"));
	ok("a number with its sign", th_thrift_number(&st, 2, 0) == -1);
	ok("what is not there is something else",
	    th_thrift_number(&st, 9, 7) == 7 &&
		th_thrift_text(&st, 2).s == NULL);
	th_thrift_list(&st, 3, &it);
	good = th_thrift_next(&it, &v) && th_str_is(th_thrift_str(&v), "a") &&
	       th_thrift_next(&it, &v) && th_thrift_str(&v).len == 0 &&
	       !th_thrift_next(&it, &v);
	ok("a list, to its end", good);
}

static const struct {
	const char *name;
	struct th_str reply;
} lies[] = {
	{ "nothing at all", { "", 0 } },
	{ "the old head without version",
	    LIE("\x00\x00\x00\x01m\x02\x00\x00\x00\x01\x00") },
	{ "no stop", LIE(HEAD) },
	{ "a negative length", LIE(HEAD "\x0b\x00\x00\xff\xff\xff\xff\x00") },
	{ "two gigabytes of text",
	    LIE(HEAD "\x0b\x00\x00\x7f\xff\xff\xfe\x00") },
	{ "more elements than bytes",
	    LIE(HEAD "\x0f\x00\x00\x0c\x00\xff\xff\xff\x00\x00\x00") },
	{ "a negative count",
	    LIE(HEAD "\x0f\x00\x00\x0c\xff\xff\xff\xff\x00") },
	{ "elements of no type",
	    LIE(HEAD "\x0f\x00\x00\x00\x00\x00\x00\x01\x00\x00") },
	{ "a map from no type",
	    LIE(HEAD "\x0d\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00") },
	{ "a type that is none", LIE(HEAD "\x01\x00\x00\x00\x00") },
	{ "bytes behind the end", LIE(HEAD "\x00\x00") },
};

static void
test_lies(void)
{
	struct th_thrift_message m;
	struct th_buf b;
	size_t i, n;
	char name[80];

	for (i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		snprintf(name, sizeof(name), "refused: %s", lies[i].name);
		ok(name, th_thrift_parse(lies[i].reply, &m, NULL) == TH_EDATA);
	}
	for (n = 20; n < 4000000; n = n == 20 ? 40 : n * 100) {
		th_buf_init(&b, TH_LINE_MAX);
		th_buf_add(&b, HEAD, sizeof(HEAD) - 1);
		for (i = 0; i < n; i++)
			th_buf_add(&b, "\x0c\x00\x01", 3);
		for (i = 0; i < n + 1; i++)
			th_buf_addc(&b, '\0');
		snprintf(name, sizeof(name), "%zu structs deep", n);
		ok(name, th_thrift_parse(th_buf_str(&b), &m, NULL) ==
			     (n < 32 ? TH_OK : TH_EDATA));
		th_buf_release(&b);
	}
}

int
main(void)
{
	test_writing();
	test_reading();
	test_lies();
	return done();
}

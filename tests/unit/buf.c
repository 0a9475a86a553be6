/* buf -- growing bytes, and memory that is watched */
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "trigger.h"

/* A sanitizer shall let too large a request fail, as malloc() does. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void
test_str(void)
{
	struct th_str blank = th_str_trim(TH_STR(" \t\r\n"));

	ok("no C string is an empty one", th_str(NULL).len == 0);
	ok("equal to itself", th_str_is(TH_STR("abc"), "abc"));
	ok("not equal to a longer one", !th_str_is(TH_STR("abc"), "abcd"));
	ok("ASCII case is ignored", th_str_iis(TH_STR("aBc[@"), "AbC[@"));
	ok("only ASCII case", !th_str_iis(TH_STR("["), "{"));
	ok("a shorter one is another", !th_str_iis(TH_STR("ab"), "abc"));
	ok("a prefix of itself", th_str_has_prefix(TH_STR("ab"), "ab"));
	ok("nothing longer is a prefix",
	    !th_str_has_prefix(TH_STR("ab"), "abc"));
	ok("white space around goes",
	    th_str_is(th_str_trim(TH_STR(" \ta b\n")), "a b"));
	ok("of white space nothing stays", blank.len == 0);
}

static void
test_append(void)
{
	struct th_buf b;

	th_buf_init(&b, 10);
	ok("starts empty", th_buf_str(&b).len == 0 && b.data == NULL);
	th_buf_adds(&b, "one");
	th_buf_addc(&b, ' ');
	th_buf_addf(&b, "%d", 23);
	ok("appends bytes, characters and formats",
	    strcmp(b.data, "one 23") == 0 && b.len == 6);
	ok("holds exactly its ceiling", th_buf_adds(&b, "4567") == TH_OK &&
					    b.len == 10 && b.data[10] == '\0');
	ok("and nothing at that is fine", th_buf_add(&b, "", 0) == TH_OK);
	ok("but no byte more", th_buf_addc(&b, 'x') == TH_EDATA);
	ok("the failure sticks", th_buf_add(&b, "", 0) == TH_EDATA);
	ok("what was there stays", strcmp(b.data, "one 234567") == 0);
	ok("nothing is handed over in error", th_buf_take(&b) == NULL);
	th_buf_clear(&b);
	ok("cleared it is in order again",
	    th_buf_adds(&b, "ok") == TH_OK && strcmp(b.data, "ok") == 0);
	th_buf_release(&b);
	ok("released it may be used again", th_buf_adds(&b, "again") == TH_OK);
	th_buf_release(&b);
}

static void
test_limits(void)
{
	struct th_buf b = { 0 };
	char *s;

	ok("a zeroed buffer holds nothing", th_buf_addc(&b, 'x') == TH_EDATA);
	th_buf_init(&b, SIZE_MAX);
	th_buf_adds(&b, "abc");
	ok("a size that cannot be is refused",
	    th_buf_reserve(&b, SIZE_MAX - 2) == TH_EDATA);
	th_buf_clear(&b);
	s = th_buf_take(&b);
	ok("an empty buffer hands over an empty string",
	    s != NULL && *s == '\0' && b.data == NULL);
	free(s);
}

static void
test_alloc(void)
{
	volatile size_t huge = SIZE_MAX / 2;
	void *p = th_malloc(0);
	char *s = th_strndup("abcdef", 3);

	ok("no bytes are no failure", p != NULL && !th_alloc_failed());
	ok("a piece of a string is copied", strcmp(s, "abc") == 0);
	free(p);
	free(s);
	ok("too much is refused", th_malloc(huge) == NULL);
	ok("and remembered", th_alloc_failed());
	th_alloc_reset();
	ok("until reset", !th_alloc_failed());
	ok("a product that overflows is refused",
	    th_calloc(huge, 16) == NULL && th_alloc_failed());
	th_alloc_reset();
}

int
main(void)
{
	test_str();
	test_append();
	test_limits();
	test_alloc();
	return done();
}

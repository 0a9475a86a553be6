/* the same of a feed, whatever the size of the pieces that it comes in */
#include <string.h>

#include "trigger.h"

#include "tap.h"

static enum th_status
emit(void *ctx, struct th_str id, struct th_str line)
{
	(void)id;
	return th_buf_add(ctx, line.s, line.len);
}

/* Has the feed, in pieces of any size, an item with that title? */
static bool
has_title(const char *text, const char *charset, const char *title)
{
	struct th_buf out;
	struct th_feed_info info = {
		.charset = charset, .emit = emit, .ctx = &out
	};
	struct th_err err = { 0 };
	struct th_feed *f;
	size_t len = strlen(text), step, i;
	bool good = true;

	for (step = 1; step <= len; step *= 3) {
		th_buf_init(&out, SIZE_MAX);
		if (th_feed_new(&info, &f, &err) != TH_OK)
			return false;
		for (i = 0; i < len; i += step)
			th_feed_push(f,
			    (struct th_str){
				text + i, len - i < step ? len - i : step },
			    &err);
		good &= th_feed_finish(f, &err) == TH_OK && out.len > 0 &&
			strstr(out.data, title) != NULL;
		th_feed_free(f);
		th_buf_release(&out);
	}
	return good;
}

#define FEED(encoding, title)                                                  \
	"<?xml version='1.0' encoding='" encoding                              \
	"'?><rss><channel><item><title>" title                                 \
	"</title></item></channel></rss>"

int
main(void)
{
	ok("UTF-8 that the header calls ISO-8859-1",
	    has_title(FEED("utf-8", "Caf\303\251 au lait"), "iso-8859-1",
		"Caf\303\251 au lait"));
	ok("UTF-8 that is declared as KOI8-R",
	    has_title(FEED("koi8-r", "\320\237\321\200\320\270\320\262"), NULL,
		"\320\237\321\200\320\270\320\262"));
	ok("KOI8-R that the header calls UTF-8",
	    has_title(FEED("koi8-r", "\360\322\311\327\305\324"), "utf-8",
		"\320\237\321\200\320\270\320\262\320\265\321\202"));
	ok("windows-1252 that nobody names",
	    has_title(FEED("utf-8", "Caf\351 au lait"), "us-ascii",
		"Caf\303\251 au lait"));
	return done();
}

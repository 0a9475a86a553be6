/* any bytes as a feed: the same items whole and in pieces, each valid */
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static enum th_status
emit(void *ctx, struct th_str id, struct th_str line)
{
	struct th_buf *all = ctx;
	struct th_item it;

	th_item_init(&it);
	if (id.len == 0 || th_item_parse(&it, line, NULL) != TH_OK)
		abort();
	th_item_release(&it);
	th_buf_add(all, line.s, line.len);
	return th_buf_addc(all, '\n');
}

static enum th_status
read_all(struct th_str s, size_t step, const char *charset, struct th_buf *all)
{
	struct th_feed_info info = { .url = "http://h.example/a/b.xml",
		.charset = charset,
		.emit = emit,
		.ctx = all };
	struct th_err err = { 0 };
	struct th_feed *f;
	struct th_buf page;
	enum th_status st;
	size_t n;

	if (th_feed_new(&info, &f, &err) != TH_OK)
		abort();
	for (st = TH_OK; st == TH_OK && s.len > 0; s.s += n, s.len -= n) {
		n = s.len < step ? s.len : step;
		st = th_feed_push(f, (struct th_str){ s.s, n }, &err);
	}
	if (st == TH_OK)
		st = th_feed_finish(f, &err);
	if (st != TH_OK && st != TH_EDATA)
		abort();
	th_buf_init(&page, 1 << 20);
	if (st == TH_EDATA)
		th_feed_discover(f, &page);
	th_buf_release(&page);
	th_feed_free(f);
	return st;
}

/* The first byte is how large the pieces are, and if a header says UTF-8. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_str s = { (const char *)data, size };
	struct th_buf whole, pieces;
	const char *charset;
	enum th_status st;

	if (size == 0)
		return 0;
	s.s++;
	s.len--;
	th_buf_init(&whole, SIZE_MAX);
	th_buf_init(&pieces, SIZE_MAX);
	charset = data[0] >= 128 ? "utf-8" : NULL;
	st = read_all(s, SIZE_MAX, charset, &whole);
	if (read_all(s, data[0] % 32 + 1, charset, &pieces) != st)
		abort();
	if (st == TH_OK && (whole.len != pieces.len ||
			       (whole.len > 0 && memcmp(whole.data, pieces.data,
						     whole.len) != 0)))
		abort();
	th_buf_release(&whole);
	th_buf_release(&pieces);
	return 0;
}

/*
 * any lines as items of a feed, in every format: what is written can be merged
 * with itself, and then is the same
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trigger.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
add_items(struct th_feedout *f, struct th_str text)
{
	struct th_item it;
	struct th_str line;
	const char *nl;

	th_item_init(&it);
	while (text.len > 0) {
		nl = memchr(text.s, '\n', text.len);
		line = text;
		if (nl != NULL)
			line.len = (size_t)(nl - text.s);
		if (th_item_parse(&it, line, NULL) == TH_OK &&
		    th_feedout_item(f, &it, NULL) != TH_OK)
			abort();
		line.len += nl != NULL;
		text.s += line.len;
		text.len -= line.len;
	}
	th_item_release(&it);
}

/* The feed of these items and of an older one, by way of a file. */
static void
make(enum th_feed_format format, struct th_str items, struct th_str old,
    struct th_buf *ret)
{
	const struct th_feedout_options opt = { .format = format,
		.title = "T" };
	struct th_feedout *f;
	struct th_out out;
	FILE *file = tmpfile();

	if (file == NULL || th_feedout_new(&opt, NULL, NULL, &f, NULL) != TH_OK)
		abort();
	th_out_init(&out, fileno(file));
	add_items(f, items);
	if (th_feedout_merge(f, old, NULL) != TH_OK ||
	    th_feedout_finish(f, &out, NULL) != TH_OK ||
	    th_out_flush(&out) != TH_OK || lseek(out.fd, 0, SEEK_SET) != 0 ||
	    th_file_read_fd(out.fd, ret, NULL) != TH_OK)
		abort();
	th_out_release(&out);
	th_feedout_free(f);
	fclose(file);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_str items = { (const char *)data, size };
	struct th_buf one, two;
	int format;

	for (format = TH_FEED_RSS; format <= TH_FEED_JSON; format++) {
		th_buf_init(&one, TH_REPLY_MAX);
		th_buf_init(&two, TH_REPLY_MAX);
		make(format, items, TH_STR(""), &one);
		make(format, TH_STR(""), th_buf_str(&one), &two);
		if (one.len != two.len ||
		    memcmp(one.data, two.data, one.len) != 0)
			abort();
		th_buf_clear(&two);
		make(format, items, th_buf_str(&one), &two);
		if (one.len != two.len ||
		    memcmp(one.data, two.data, one.len) != 0)
			abort();
		th_buf_release(&one);
		th_buf_release(&two);
	}
	return 0;
}

/*
 * any bytes as lists of feeds: OPML, those of sfeed and newsboat, and our own
 * with a name on each line
 */
#include "../../services/rss.c"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct seen {
	size_t feeds, max;
};

/* A list is left after some feeds, so that leaving is tried too. */
static enum th_status
visit(void *ctx, const struct th_listed *feed)
{
	struct seen *s = ctx;
	size_t i;

	if (feed->url.len == 0)
		__builtin_trap();
	for (i = 0; i < feed->nfolders; i++)
		if (feed->folder[i].len == 0)
			__builtin_trap();
	return ++s->feeds < s->max ? TH_OK : TH_END;
}

static void
unlisted(void *ctx, size_t line, bool lost, const char *what)
{
	(void)ctx;
	(void)lost;
	if (line == 0 || *what == '\0' ||
	    th_utf8_valid(th_str(what)) != strlen(what))
		__builtin_trap();
}

static enum th_status
visit_text(void *ctx, const struct th_listed *feed)
{
	if (th_utf8_valid(feed->url) != feed->url.len ||
	    th_utf8_valid(feed->title) != feed->title.len)
		__builtin_trap();
	return visit(ctx, feed);
}

/* A name is what stands between blanks on its line. */
static void
read_names(char *text, size_t size)
{
	const char *name, *end = text + size;

	while ((name = next_name(&text)) != NULL)
		if (text > end || name + strlen(name) > end || *name == '#' ||
		    *name == ' ' || *name == '\0' ||
		    strchr(" \t\r", name[strlen(name) - 1]) != NULL)
			__builtin_trap();
}

static void
check(enum th_status st, const struct seen *s)
{
	if (s->feeds == s->max ? st != TH_END : st != TH_OK && st != TH_EDATA)
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_str text = { (const char *)data, size };
	char *copy = th_strndup(text.s, text.len);
	struct seen s = { .max = 8 };

	check(th_opml_read(text, visit_text, &s, NULL), &s);
	s.feeds = 0;
	check(th_sfeedrc_read(text, visit, unlisted, &s, NULL), &s);
	s.feeds = 0;
	check(th_urls_read(text, visit, unlisted, &s, NULL), &s);
	if (copy != NULL)
		read_names(copy, size);
	free(copy);
	return 0;
}

/* import-feeds -- a trigger for each feed of a list, or one for all of them */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"

#define URL_MAX ((size_t)64 << 10)
#define TAGS 64

/* How a script finds its list, wherever the files are. */
#define LISTS                                                                  \
	"${TH_HOME:-${XDG_CONFIG_HOME:-$HOME/.config}/triggerhappy}"           \
	"/lists/"

struct feeds {
	struct importing *m;
	struct th_set *urls;
	struct th_buf list; /* for --one */
	int64_t n;
};

/* ---- one feed ---- */

/* Appends the address as we read it, without the scheme that readers register.
 */
static bool
clean_url(struct th_str url, struct th_buf *ret)
{
	size_t i;

	if (th_str_has_prefix(url, "feed://")) {
		th_buf_adds(ret, "http://");
		url = (struct th_str){ url.s + 7, url.len - 7 };
	} else if (th_str_has_prefix(url, "feed:")) {
		url = (struct th_str){ url.s + 5, url.len - 5 };
	}
	th_buf_add(ret, url.s, url.len);
	if (ret->status == TH_ENOMEM)
		cmd_check(ret->status, NULL);
	for (i = 0; i < ret->len; i++)
		if ((unsigned char)ret->data[i] <= ' ' || ret->data[i] == 0x7f)
			return false;
	return ret->status == TH_OK && th_url_is_http(th_buf_str(ret));
}

bool
import_add_feed(struct th_buf *b, struct th_str url)
{
	struct th_buf clean, masked;
	bool good;

	th_buf_init(&clean, URL_MAX);
	th_buf_init(&masked, URL_MAX);
	if ((good = clean_url(url, &clean))) {
		cmd_check(th_url_mask(th_buf_str(&clean), &masked), NULL);
		/* What may be a secret is not to be among the arguments. */
		if (th_str_is(th_buf_str(&clean), masked.data)) {
			th_buf_addc(b, ' ');
			th_shell_quote(th_buf_str(&clean), b);
			th_buf_adds(b, " |\n");
		} else {
			th_buf_adds(b, " --file - <<'END' |\n");
			th_buf_add(b, clean.data, clean.len);
			th_buf_adds(b, "\nEND\n");
		}
	}
	th_buf_release(&clean);
	th_buf_release(&masked);
	return good;
}

static void
add_sink(const struct feeds *f, const char *name, struct th_buf *b)
{
	if (f->m->c->to != NULL)
		th_buf_addf(b, "    %s\n", f->m->c->to);
	else
		th_buf_addf(b,
		    "    th-publish file --path \"$HOME/feeds/%s.ndjson\" "
		    "--append\n",
		    name);
}

static void
add_tags(const struct feeds *f, const struct th_listed *feed, struct th_buf *b)
{
	struct th_str tag[2 * TAGS];
	size_t n = 0;

	if (f->m->c->tags != NULL)
		n = trigger_split_tags(f->m->c->tags, tag, TAGS);
	if (feed->nfolders > 0 && feed->nfolders <= TAGS)
		memcpy(tag + n, feed->folder, feed->nfolders * sizeof(*tag));
	th_script_add_list(b, "tags", tag, n + feed->nfolders);
}

static void
make_trigger(const struct feeds *f, const struct th_listed *feed,
    struct th_str url, const char *masked)
{
	struct import_script s = { .title = feed->title,
		.otherwise = masked + strcspn(masked, "/") + 2,
		.shown = masked };
	struct th_buf name, text, mark;

	th_buf_init(&name, URL_MAX);
	th_buf_init(&text, TRIGGER_SCRIPT_MAX);
	th_buf_init(&mark, TRIGGER_SCRIPT_MAX);
	th_buf_adds(&mark, "th-fetch rss");
	import_add_feed(&mark, url);
	cmd_check(mark.status, NULL);
	s.mark = mark.data;
	import_name(f->m, &s, &name);
	th_buf_adds(&text, "#!/bin/sh\n");
	th_script_add(&text, "description",
	    feed->title.len > 0 ? feed->title : th_str(masked));
	import_add_schedule(f->m, &text);
	add_tags(f, feed, &text);
	th_buf_add(&text, mark.data, mark.len);
	add_sink(f, name.data, &text);
	cmd_check(text.status, NULL);
	import_write(f->m, name.data, &s, th_buf_str(&text));
	th_buf_release(&name);
	th_buf_release(&text);
	th_buf_release(&mark);
}

/* A line of the list, what it is called in a comment above. */
static void
add_to_list(struct feeds *f, const struct th_listed *feed, struct th_str url)
{
	struct th_buf line;
	size_t i;

	th_buf_init(&line, IMPORT_MAX);
	for (i = 0; i < feed->nfolders; i++) {
		th_buf_add(&line, feed->folder[i].s, feed->folder[i].len);
		th_buf_adds(&line, ": ");
	}
	th_buf_add(&line, feed->title.s, feed->title.len);
	if (line.len > 0)
		th_buf_adds(&f->list, "# ");
	th_text_fold(th_buf_str(&line), &f->list);
	if (line.len > 0)
		th_buf_addc(&f->list, '\n');
	th_buf_add(&f->list, url.s, url.len);
	cmd_check(th_buf_addc(&f->list, '\n'), NULL);
	th_buf_release(&line);
}

static enum th_status
on_feed(void *ctx, const struct th_listed *feed)
{
	struct feeds *f = ctx;
	struct th_buf url, masked, what;
	bool is_new;

	th_buf_init(&url, URL_MAX);
	th_buf_init(&masked, URL_MAX);
	th_buf_init(&what, 2 * URL_MAX);
	if (!clean_url(feed->url, &url)) {
		th_buf_adds(&what, "not an http or https URL: ");
		th_url_mask(feed->url, &what);
		import_leave(
		    f->m, feed->line, true, what.data != NULL ? what.data : "");
		goto out;
	}
	cmd_check(th_url_mask(th_buf_str(&url), &masked), NULL);
	cmd_check(th_set_add(f->urls, th_buf_str(&url), &is_new), NULL);
	if (!is_new) {
		cmd_say(1, "%s is in the list twice", masked.data);
	} else {
		f->n++;
		if (f->m->c->one != NULL)
			add_to_list(f, feed, th_buf_str(&url));
		else
			make_trigger(f, feed, th_buf_str(&url), masked.data);
	}
out:
	th_buf_release(&url);
	th_buf_release(&masked);
	th_buf_release(&what);
	return th_interrupted ? TH_EAGAIN : TH_OK;
}

/* ---- one for all ---- */

static char *
list_path(const char *name)
{
	struct th_err err = { 0 };
	struct th_buf path;

	th_buf_init(&path, URL_MAX);
	cmd_check(th_path_config("lists", &path, &err), &err);
	cmd_check(th_buf_addf(&path, "/%s", name), NULL);
	return th_buf_take(&path);
}

static void
make_one(struct feeds *f)
{
	const char *name = f->m->c->one;
	const struct th_listed none = { .url = { "", 0 } };
	struct import_script s = { 0 };
	const struct th_str list = th_buf_str(&f->list);
	struct th_buf text;
	char what[64], *path = list_path(name);

	if (!f->m->c->force && import_look(path, list) == THERE_OTHER) {
		import_keep(f->m, path);
		free(path);
		return;
	}
	snprintf(what, sizeof(what), "%" PRId64 " feeds", f->n);
	th_buf_init(&text, TRIGGER_SCRIPT_MAX);
	th_buf_adds(&text, "#!/bin/sh\n");
	th_script_add(&text, "description", th_str(what));
	import_add_schedule(f->m, &text);
	add_tags(f, &none, &text);
	th_buf_addf(&text, "th-fetch rss --file \"" LISTS "%s\" |\n", name);
	add_sink(f, name, &text);
	cmd_check(text.status, NULL);
	s.shown = what;
	if (!f->m->c->dry_run)
		import_put(path, list, 0600);
	import_write(f->m, name, &s, th_buf_str(&text));
	th_buf_release(&text);
	free(path);
}

/* ---- the lists ---- */

static void
on_other(void *ctx, size_t line, bool lost, const char *what)
{
	struct feeds *f = ctx;

	import_leave(f->m, line, lost, what);
}

static void
begin(struct feeds *f, struct importing *m)
{
	*f = (struct feeds){ .m = m, .urls = cmd_need(th_set_new()) };
	th_buf_init(&f->list, IMPORT_MAX);
}

static void
finish(struct feeds *f, enum th_status st, const struct th_err *err)
{
	if (st != TH_OK)
		cmd_die(st, "%s: %s", f->m->file,
		    err->text[0] != '\0' ? err->text : th_strstatus(st));
	if (f->m->c->one != NULL && f->n > 0)
		make_one(f);
	th_set_free(f->urls);
	th_buf_release(&f->list);
}

void
import_opml(struct importing *m, struct th_str text)
{
	struct th_err err = { 0 };
	struct feeds f;

	begin(&f, m);
	finish(&f, th_opml_read(text, on_feed, &f, &err), &err);
}

void
import_sfeedrc(struct importing *m, struct th_str text)
{
	struct th_err err = { 0 };
	struct feeds f;

	begin(&f, m);
	finish(&f, th_sfeedrc_read(text, on_feed, on_other, &f, &err), &err);
}

void
import_newsboat(struct importing *m, struct th_str text)
{
	struct th_err err = { 0 };
	struct feeds f;

	begin(&f, m);
	finish(&f, th_urls_read(text, on_feed, on_other, &f, &err), &err);
}

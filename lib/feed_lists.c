/* feed_lists -- the feeds that sfeed and newsboat are told to read */
#include <stdarg.h>
#include <string.h>

#include "trigger.h"

#define TAGS 64 /* more of one feed are not told */
#define LINE_MAX ((size_t)1 << 20)

struct reader {
	th_listed_visit *visit;
	th_unlisted *other;
	void *ctx;
};

static void other(const struct reader *, size_t line, bool lost,
    const char *fmt, ...) TH_PRINTF(4, 5);

static void
other(const struct reader *r, size_t line, bool lost, const char *fmt, ...)
{
	struct th_buf clean;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	th_buf_init(&clean, 4 * sizeof(text));
	if (th_utf8_clean(th_str(text), &clean) == TH_OK)
		r->other(r->ctx, line, lost, clean.data);
	else
		r->other(r->ctx, line, lost, th_strstatus(TH_ENOMEM));
	th_buf_release(&clean);
}

/* ---- sfeedrc ---- */

struct sfeedrc {
	struct reader r;
	const struct th_shell_word *end; /* of all */
	bool inside;                     /* of feeds() */
	size_t depth;                    /* of braces in a function */
};

static const char *
text_of(const struct th_shell_word *w)
{
	return w->text.data != NULL ? w->text.data : "";
}

static bool
is_plain(const struct th_shell_word *w, const char *text)
{
	return !w->quoted && strcmp(text_of(w), text) == 0;
}

/* feed NAME URL [BASE [ENCODING]]: our reader finds the last two itself. */
static enum th_status
read_feed(const struct sfeedrc *s, const struct th_shell_word *w,
    const struct th_shell_word *end)
{
	struct th_listed feed = { .line = w->line };

	if (end - w < 3 || (w[2].text.len == 0 && !w[2].dynamic)) {
		other(&s->r, w->line, true, "feed without a name and a URL");
		return TH_OK;
	}
	feed.title = th_buf_str(&w[1].text);
	feed.url = th_buf_str(&w[2].text);
	if (w[2].dynamic) {
		other(&s->r, w->line, true,
		    "feed %s: only running the file would tell its URL",
		    w[1].dynamic ? "?" : text_of(&w[1]));
		return TH_OK;
	}
	if (w[1].dynamic)
		feed.title = (struct th_str){ "", 0 };
	return s->r.visit(s->r.ctx, &feed);
}

static bool
is_assignment(const char *text)
{
	const size_t n = strspn(text,
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return n > 0 && text[n] == '=';
}

static void
begin_function(struct sfeedrc *s, const struct th_shell_word *w)
{
	s->inside = is_plain(w, "feeds");
	if (!s->inside)
		other(&s->r, w->line, false,
		    "%s() is not taken over: its work is the pipeline's now",
		    text_of(w));
}

/* What a loop or a condition is told of once, where it begins. */
static bool
is_inner(const struct th_shell_word *w)
{
	static const char *const all[] = { "do", "done", "then", "else", "elif",
		"fi", "esac", "!", NULL };
	size_t i;

	for (i = 0; all[i] != NULL; i++)
		if (is_plain(w, all[i]))
			return true;
	return false;
}

/* One command, up to where the next begins. */
static enum th_status
read_command(struct sfeedrc *s, const struct th_shell_word *w,
    const struct th_shell_word *end)
{
	if (w->called) {
		begin_function(s, w);
	} else if (is_plain(w, "{")) {
		s->depth++;
	} else if (is_plain(w, "}")) {
		if (s->depth > 0 && --s->depth == 0)
			s->inside = false;
	} else if (s->inside && is_plain(w, "feed")) {
		return read_feed(s, w, end);
	} else if ((s->inside || s->depth == 0) && !is_inner(w) &&
		   !is_assignment(text_of(w))) {
		other(&s->r, w->line, s->inside, "%s is not run",
		    w->dynamic ? "a command" : text_of(w));
	}
	return TH_OK;
}

enum th_status
th_sfeedrc_read(struct th_str text, th_listed_visit *visit,
    th_unlisted *unlisted, void *ctx, struct th_err *err)
{
	struct sfeedrc s = { .r = { visit, unlisted, ctx } };
	const struct th_shell_word *w, *end, *last;
	struct th_shell words;
	enum th_status st = th_shell_read(text, &words);

	if (st != TH_OK)
		return th_fail(err, st, "%s", th_strstatus(st));
	last = words.n > 0 ? words.word + words.n : words.word;
	for (w = words.word; w < last && !w->inner && st == TH_OK; w = end) {
		for (end = w + 1; end < last && !end->first && !end->inner;
		     end++)
			;
		st = read_command(&s, w, end);
	}
	th_shell_release(&words);
	return st;
}

/* ---- newsboat ---- */

/* One word, "..." with \" and \\ in it or bare; false: none is left. */
static bool
next_word(struct th_str *line, struct th_buf *ret)
{
	size_t i = 0;
	bool quoted;

	*line = th_str_trim(*line);
	if (line->len == 0)
		return false;
	quoted = line->s[0] == '"';
	for (i = quoted; i < line->len; i++) {
		if (quoted ? line->s[i] == '"'
			   : strchr(" \t", line->s[i]) != NULL)
			break;
		if (quoted && line->s[i] == '\\' && i + 1 < line->len)
			i++;
		th_buf_addc(ret, line->s[i]);
	}
	if (i < line->len)
		i++;
	line->s += i;
	line->len -= i;
	return true;
}

/* These are made by a program or of other feeds. */
static bool
is_made(struct th_str url)
{
	return th_str_has_prefix(url, "query:") ||
	       th_str_has_prefix(url, "exec:") ||
	       th_str_has_prefix(url, "filter:");
}

static enum th_status
read_line(const struct reader *r, struct th_str line, size_t number,
    struct th_buf *room)
{
	struct th_listed feed = { .line = number };
	size_t start[TAGS + 1], n = 0, i;
	struct th_str tag[TAGS];
	const char *colon;

	th_buf_clear(room);
	do
		start[n] = room->len;
	while (n < TAGS && next_word(&line, room) && ++n > 0);
	if (room->len == 0)
		return room->status;
	for (i = 1; i < n; i++) {
		tag[feed.nfolders] = (struct th_str){ room->data + start[i],
			start[i + 1] - start[i] };
		/* "~TITLE", "!hidden"; the rest are tags. */
		if (tag[feed.nfolders].len > 1 &&
		    tag[feed.nfolders].s[0] == '~')
			feed.title = (struct th_str){ room->data + start[i] + 1,
				tag[feed.nfolders].len - 1 };
		else if (tag[feed.nfolders].len > 0 &&
			 tag[feed.nfolders].s[0] != '!')
			feed.nfolders++;
	}
	feed.url = (struct th_str){ room->data, n > 0 ? start[1] : 0 };
	feed.folder = tag;
	if (room->status != TH_OK || feed.url.len == 0)
		return room->status;
	if (!is_made(feed.url))
		return r->visit(r->ctx, &feed);
	colon = memchr(feed.url.s, ':', feed.url.len);
	other(r, number, true, "%.*s needs a pipeline of its own",
	    (int)(colon - feed.url.s) + 1, feed.url.s);
	return TH_OK;
}

enum th_status
th_urls_read(struct th_str text, th_listed_visit *visit, th_unlisted *unlisted,
    void *ctx, struct th_err *err)
{
	const struct reader r = { visit, unlisted, ctx };
	enum th_status st = TH_OK;
	struct th_str line;
	struct th_buf room;
	const char *nl;
	size_t number;

	th_buf_init(&room, LINE_MAX);
	for (number = 1; text.len > 0 && st == TH_OK; number++) {
		nl = memchr(text.s, '\n', text.len);
		line = (struct th_str){ text.s,
			nl != NULL ? (size_t)(nl - text.s) : text.len };
		text.s += line.len + (nl != NULL);
		text.len -= line.len + (nl != NULL);
		line = th_str_trim(line);
		if (line.len > 0 && line.s[0] != '#')
			st = read_line(&r, line, number, &room);
		if (room.status != TH_OK)
			th_fail(
			    err, st, "line %zu: %s", number, th_strstatus(st));
	}
	th_buf_release(&room);
	return st;
}

/*
 * file -- items from files, and into files: Markdown notes, or a growing log
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trigger.h"

#define TEXT_MAX (4 * TH_LINE_MAX)
#define PATH_MAX_BYTES ((size_t)1 << 20)

static const struct th_param params[] = {
	{ "format", TH_CHOICE, TH_P_FETCH, "ndjson|csv|json",
	    "read as this, whatever the file looks like", 0 },
	{ "path", TH_TEMPLATE, TH_P_PUBLISH | TH_P_REQUIRED | TH_P_DEST,
	    "TEMPLATE", "file of an item", 0 },
	{ "append", TH_FLAG, TH_P_PUBLISH | TH_P_DEST, NULL,
	    "add each item as a line of JSON to the file", 0 },
	{ NULL, TH_STRING, 0, NULL, NULL, 0 }
};

/* ---- reading ---- */

struct reading {
	struct th_session *ses;
	const struct th_fetch *fetch;
	const char *name;
	struct th_item item;
	struct th_buf id, line, source;
};

static void
complain(struct reading *r, size_t line, const char *why)
{
	if (line > 0)
		th_session_say(r->ses, 0, TH_EDATA, "%s: line %zu: %s", r->name,
		    line, why);
	else
		th_session_say(r->ses, 0, TH_EDATA, "%s: %s", r->name, why);
}

/* Ids are known by file: two may count their items from 1. */
static enum th_status
hand_on(struct reading *r)
{
	struct th_buf scope;
	enum th_status st;

	th_buf_init(&scope, TH_LINE_MAX);
	th_buf_adds(&scope, "file:");
	if ((st = th_buf_adds(&scope, r->name)) == TH_OK)
		st = th_fetch_emit(r->fetch, scope.data, th_buf_str(&r->id),
		    th_buf_str(&r->line), th_session_err(r->ses));
	th_buf_release(&scope);
	return st;
}

/* Hands r->item on, with an id. */
static enum th_status
emit_item(struct reading *r)
{
	enum th_status st;

	th_buf_clear(&r->id);
	th_buf_clear(&r->line);
	st = th_item_text(&r->item, "id", &r->id);
	if (st == TH_END || (st == TH_OK && r->id.len == 0)) {
		st = th_item_identity(&r->item, &r->id);
		if (st == TH_OK)
			st = th_item_set_string(
			    &r->item, "id", th_buf_str(&r->id));
	}
	if (st == TH_OK && r->source.len > 0)
		st = th_item_set(&r->item, "_source", th_buf_str(&r->source));
	if (st == TH_OK)
		st = th_item_line(&r->item, &r->line);
	return st == TH_OK ? hand_on(r) : st;
}

/* A file that cannot be read further is one that is not there. */
static enum th_status
unreadable(struct reading *r, enum th_status st, const char *why)
{
	if (st != TH_EIO)
		return th_session_fail(r->ses, st, "%s: %s", r->name, why);
	th_session_say(r->ses, 0, TH_EUNAVAIL, "%s: %s", r->name, why);
	return TH_OK;
}

/* A file of any size, a line at a time. */
static enum th_status
read_lines(struct reading *r, struct th_stream *in)
{
	enum th_status st, taken = TH_OK;

	while (taken == TH_OK) {
		st = th_stream_next(in, &r->item);
		if (st == TH_OK)
			taken = emit_item(r);
		else if (st == TH_EDATA)
			complain(r, in->line, in->err.text);
		else
			return st == TH_END ? TH_OK
					    : unreadable(r, st, in->err.text);
	}
	return taken;
}

/* Without the white space between tokens: an item is one line. */
static enum th_status
compact(struct th_str json, struct th_buf *ret)
{
	bool quoted = false;
	size_t i;

	th_buf_clear(ret);
	for (i = 0; i < json.len; i++) {
		if (quoted && json.s[i] == '\\')
			th_buf_addc(ret, json.s[i++]);
		else if (json.s[i] == '"')
			quoted = !quoted;
		else if (!quoted && strchr(" \t\r\n", json.s[i]) != NULL)
			continue;
		th_buf_addc(ret, json.s[i]);
	}
	return ret->status;
}

static void
add_source(struct reading *r, const struct th_value *feed, const char *name)
{
	struct th_value v;

	if (th_value_get(feed, name, &v) && v.type == TH_JSON_STRING) {
		th_json_key(&r->source, name);
		th_json_raw(&r->source, v.raw);
	}
}

/* The nth of its array; 0: it is in none. */
static enum th_status
emit_value(struct reading *r, const struct th_value *v, size_t n)
{
	struct th_buf line;
	struct th_err err;
	enum th_status st;

	th_buf_init(&line, TH_LINE_MAX);
	if ((st = compact(v->raw, &line)) == TH_OK)
		st = th_item_parse(&r->item, th_buf_str(&line), &err);
	if (st == TH_OK) {
		st = emit_item(r);
	} else if (st == TH_EDATA) {
		if (n > 0)
			th_session_say(r->ses, 0, TH_EDATA, "%s: item %zu: %s",
			    r->name, n, err.text);
		else
			complain(r, 0, err.text);
		st = TH_OK;
	}
	th_buf_release(&line);
	return st;
}

/* An array of items, a JSON Feed, or one item. */
static enum th_status
read_json(struct reading *r, struct th_str text)
{
	enum th_status st = TH_OK;
	struct th_value all, items, v;
	struct th_iter iter;
	struct th_err err;
	size_t n = 0;

	if (th_json_parse(text, &all, &err) != TH_OK) {
		complain(r, 0, err.text);
		return TH_OK;
	}
	if (all.type == TH_JSON_OBJECT && th_value_get(&all, "items", &items) &&
	    items.type == TH_JSON_ARRAY) {
		th_json_open(&r->source, '{');
		th_json_member(&r->source, "service", TH_STR("file"));
		add_source(r, &all, "feed_url");
		add_source(r, &all, "title");
		add_source(r, &all, "home_page_url");
		add_source(r, &all, "language");
		th_json_close(&r->source, '}');
		all = items;
	}
	if (all.type != TH_JSON_ARRAY)
		return emit_value(r, &all, 0);
	th_iter_init(&iter, &all);
	while (st == TH_OK && th_iter_next(&iter, NULL, &v))
		st = emit_value(r, &v, ++n);
	return st;
}

static void
tell_record(struct reading *r, const struct th_records *rec, enum th_status st)
{
	if (st == TH_EDATA)
		complain(r, rec->line, "a quote that does not close");
	if (rec->undated)
		th_session_say(r->ses, 1, TH_OK,
		    "%s: line %zu: no date, left out", r->name, rec->line);
}

static enum th_status
read_csv(struct reading *r, struct th_str text)
{
	struct th_records rec;
	struct th_buf line;
	enum th_status st;
	bool all;

	th_buf_init(&line, TH_LINE_MAX);
	th_records_init(&rec, text);
	do {
		st = th_records_next(&rec, &line);
		tell_record(r, &rec, st);
		all = st == TH_END || st == TH_EDATA; /* that was told */
		if (st != TH_OK || line.len <= 2)     /* "{}": a line without */
			continue;
		st = th_item_parse(&r->item, th_buf_str(&line), NULL);
		if (st == TH_OK)
			st = emit_item(r);
	} while (st == TH_OK);
	th_records_release(&rec);
	th_buf_release(&line);
	return all ? TH_OK : st;
}

/* ---- which of them it is ---- */

static bool
has_suffix(const char *name, const char *suffix)
{
	size_t a = strlen(name), b = strlen(suffix);

	return a >= b && th_str_iis(th_str(name + a - b), suffix);
}

/* Cuts the first line that is not empty off; false: there is none. */
static bool
next_line(struct th_str *text, struct th_str *ret)
{
	const char *nl;

	*text = th_str_trim(*text);
	nl = memchr(text->s, '\n', text->len);
	*ret = *text;
	if (nl != NULL)
		ret->len = (size_t)(nl - text->s);
	text->s += ret->len;
	text->len -= ret->len;
	return ret->len > 0;
}

static bool
is_feed(const struct th_item *it)
{
	struct th_buf version;
	struct th_value items;
	bool yes;

	th_buf_init(&version, 256);
	yes = th_item_text(it, "version", &version) == TH_OK &&
	      th_str_has_prefix(
		  th_buf_str(&version), "https://jsonfeed.org/version/") &&
	      th_item_get(it, "items", &items) && items.type == TH_JSON_ARRAY;
	th_buf_release(&version);
	return yes;
}

/*
 * By name; else by its first character, and whether one of the first two lines
 * is an item.  NULL: it is none of them.
 */
static const char *
guess_format(struct reading *r, struct th_str text)
{
	struct th_str line, first = { "", 0 };
	bool more;

	if (has_suffix(r->name, ".csv") || has_suffix(r->name, ".tsv"))
		return "csv";
	if (has_suffix(r->name, ".ndjson") || has_suffix(r->name, ".jsonl"))
		return "ndjson";
	if (!next_line(&text, &first))
		return "ndjson";
	if (first.s[0] == '[')
		return "json";
	more = next_line(&text, &line);
	if (first.s[0] == '{' && th_item_parse(&r->item, first, NULL) == TH_OK)
		return is_feed(&r->item) ||
			       (!more && has_suffix(r->name, ".json"))
			   ? "json"
			   : "ndjson";
	if (more && th_item_parse(&r->item, line, NULL) == TH_OK)
		return "ndjson";
	if (first.s[0] == '{')
		return more ? "json" : "ndjson";
	if (has_suffix(r->name, ".json"))
		return "json";
	return first.s[0] == '<' ? NULL : "csv";
}

/* What there is at the beginning, without the mark that it may begin with. */
static enum th_status
find_format(struct reading *r, struct th_stream *in, const char **format)
{
	struct th_str head;
	enum th_status st = th_stream_peek(in, 2, &head);

	if (st != TH_OK)
		return st;
	if (th_str_has_prefix(head, "\xef\xbb\xbf"))
		head = (struct th_str){ head.s + 3, head.len - 3 };
	if (th_str_has_prefix(head, "\xff\xfe") ||
	    th_str_has_prefix(head, "\xfe\xff"))
		return th_fail(&in->err, TH_EDATA,
		    "in UTF-16; iconv -f utf-16 -t utf-8 makes it readable");
	if (*format == NULL && (*format = guess_format(r, head)) == NULL)
		return th_fail(&in->err, TH_EDATA,
		    "neither NDJSON nor CSV nor JSON; th-fetch rss reads feeds "
		    "and pages");
	return TH_OK;
}

/* All of it; in what it was looked at, and in the file. */
static enum th_status
read_all(struct reading *r, struct th_stream *in, bool csv)
{
	struct th_buf text;
	struct th_err err;
	struct th_str s;
	enum th_status st;

	th_buf_init(&text, TH_REPLY_MAX);
	th_buf_add(&text, in->buf.data + in->pos, in->end - in->pos);
	if ((st = text.status) != TH_OK ||
	    (st = th_file_read_fd(in->fd, &text, &err)) != TH_OK) {
		st = unreadable(
		    r, st, text.status != TH_OK ? th_strstatus(st) : err.text);
		goto out;
	}
	s = th_buf_str(&text);
	if (th_str_has_prefix(s, "\xef\xbb\xbf")) {
		s.s += 3;
		s.len -= 3;
	}
	st = csv ? read_csv(r, s) : read_json(r, s);
out:
	th_buf_release(&text);
	return st;
}

static enum th_status
read_file(struct reading *r)
{
	const char *format = th_opt(th_session_opts(r->ses), "format");
	struct th_stream in;
	enum th_status st;
	int fd = STDIN_FILENO;

	if (strcmp(r->name, "-") != 0)
		fd = open(r->name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return unreadable(r, TH_EIO, strerror(errno));
	th_stream_init(&in, fd, NULL);
	st = find_format(r, &in, &format);
	if (st == TH_EDATA) {
		complain(r, 0, in.err.text);
		st = TH_OK;
	} else if (st != TH_OK) {
		st = unreadable(r, st, in.err.text);
	} else if (strcmp(format, "ndjson") == 0) {
		st = read_lines(r, &in);
	} else {
		st = read_all(r, &in, strcmp(format, "csv") == 0);
	}
	th_stream_release(&in);
	if (fd != STDIN_FILENO)
		close(fd);
	return st;
}

static enum th_status
file_fetch(struct th_session *ses, const struct th_fetch *fetch)
{
	struct reading r = { .ses = ses, .fetch = fetch };
	enum th_status st = TH_OK;
	size_t i;

	if (fetch->nargs == 0)
		return th_session_fail(
		    ses, TH_EUSAGE, "name a file, or - for standard input");
	th_item_init(&r.item);
	th_buf_init(&r.id, TH_LINE_MAX);
	th_buf_init(&r.line, 2 * TH_LINE_MAX);
	th_buf_init(&r.source, TH_LINE_MAX);
	for (i = 0; i < fetch->nargs && st == TH_OK; i++) {
		r.name = fetch->arg[i];
		th_buf_clear(&r.source);
		st = read_file(&r);
	}
	th_item_release(&r.item);
	th_buf_release(&r.id);
	th_buf_release(&r.line);
	th_buf_release(&r.source);
	return st == TH_END ? TH_OK : st; /* the reader has enough */
}

/* ---- a note ---- */

static enum th_status
make_note(
    struct th_session *ses, const struct th_delivery *d, struct th_buf *ret)
{
	enum th_status st;

	if (d->text.s != NULL) {
		th_buf_add(ret, d->text.s, d->text.len);
		if (d->text.len == 0 || d->text.s[d->text.len - 1] != '\n')
			th_buf_addc(ret, '\n');
		return ret->status;
	}
	if (th_opt_flag(th_session_opts(ses), "append")) {
		st = th_item_line(d->item, ret);
		return st != TH_OK ? st : th_buf_addc(ret, '\n');
	}
	return th_note_make(d->item, d->id, d->title, ret);
}

/* Is there nothing of another item, or of the user, under that name? */
static bool
is_free(const struct th_place *p, const struct th_delivery *d,
    struct th_str note, enum th_status *ret)
{
	struct th_buf old, id;
	bool free = false;
	int fd;

	fd = openat(p->dir, p->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT;
	th_buf_init(&old, TEXT_MAX);
	th_buf_init(&id, TH_LINE_MAX);
	th_note_head(d->id, &id);
	*ret = th_file_read_fd(fd, &old, NULL);
	if (*ret == TH_OK && d->text.s != NULL)
		free = th_str_equal(th_buf_str(&old), note);
	else if (*ret == TH_OK && id.status == TH_OK)
		free = th_str_has_prefix(th_buf_str(&old), id.data);
	if (*ret == TH_EDATA) /* too large to be a note of ours */
		*ret = TH_OK;
	if (id.status != TH_OK)
		*ret = id.status;
	th_buf_release(&old);
	th_buf_release(&id);
	close(fd);
	return free;
}

/* One try under p->name.  TH_END: it belongs to somebody else. */
static enum th_status
try_name(struct th_session *ses, struct th_place *p,
    const struct th_delivery *d, struct th_str note, bool mine)
{
	struct th_file file;
	enum th_status st, looked = TH_OK;
	int dir = dup(p->dir);

	if (dir < 0)
		return th_session_fail(
		    ses, TH_ECREATE, "%s: %s", p->path.data, strerror(errno));
	st = th_file_openat(dir, p->name, 0666, &file, th_session_err(ses));
	if (st != TH_OK) {
		close(dir);
		return st;
	}
	if (!mine && !is_free(p, d, note, &looked))
		st = looked != TH_OK ? looked : TH_END;
	if (st == TH_OK)
		st = th_file_write(file.fd, note, th_session_err(ses));
	if (st == TH_OK)
		st = th_file_commit(&file, th_session_err(ses));
	th_file_release(&file);
	return st;
}

static enum th_status
write_note(struct th_session *ses, struct th_place *p,
    const struct th_delivery *d, struct th_str note)
{
	struct stat sb;
	enum th_status st = TH_END;

	/* A link or a directory in the way is somebody else's, too. */
	if (fstatat(p->dir, p->name, &sb, AT_SYMLINK_NOFOLLOW) < 0 ||
	    S_ISREG(sb.st_mode))
		st = try_name(ses, p, d, note, false);
	if (st != TH_END)
		return st;
	if ((st = th_place_mark(p, d->id)) != TH_OK)
		return st;
	return try_name(ses, p, d, note, true);
}

/* ---- the service ---- */

static enum th_status
append(struct th_session *ses, const struct th_place *p,
    const struct th_delivery *d, struct th_str note)
{
	struct th_growth g = { .line = note, .doubtful = d->doubtful };

	if (d->text.s == NULL)
		g.id = d->id;
	return th_growth_append(&g, p, th_session_err(ses));
}

/* For a dry run: what would be written where. */
static enum th_status
show(struct th_delivery *d, bool append_it, const struct th_place *p,
    struct th_str note)
{
	struct th_buf url;
	enum th_status st;
	size_t i;

	th_buf_init(&url, PATH_MAX_BYTES);
	th_buf_adds(&url, "file:");
	for (i = 0; i < p->path.len; i++)
		if (p->path.data[i] == '/')
			th_buf_addc(&url, '/');
		else
			th_text_urlencode(
			    (struct th_str){ p->path.data + i, 1 }, &url);
	st = url.status;
	if (st == TH_OK)
		st = th_request_set(&d->request, append_it ? "APPEND" : "WRITE",
		    th_buf_str(&url));
	if (st == TH_OK)
		st = th_buf_add(&d->request.body, note.s, note.len);
	d->request.has_body = true;
	th_buf_release(&url);
	return st;
}

/* The directory as the user wrote it, and the name as it came to be. */
static enum th_status
add_receipt(struct th_delivery *d, const struct th_place *p)
{
	const char *slash = strrchr(p->path.data, '/');
	struct th_buf id;

	th_buf_init(&id, PATH_MAX_BYTES);
	if (slash != NULL)
		th_buf_add(
		    &id, p->path.data, (size_t)(slash - p->path.data) + 1);
	th_buf_adds(&id, p->name);
	d->receipt.id = th_buf_take(&id);
	th_buf_release(&id);
	return d->receipt.id == NULL ? TH_ENOMEM : TH_END;
}

static enum th_status
file_publish(
    struct th_session *ses, struct th_delivery *d, const struct th_reply *reply)
{
	bool append_it = th_opt_flag(th_session_opts(ses), "append");
	struct th_err *err = th_session_err(ses);
	struct th_place p;
	struct th_buf note;
	enum th_status st;

	(void)reply;
	th_buf_init(&note, TEXT_MAX);
	th_place_init(&p);
	st = th_place_fill(
	    &p, th_opt(th_session_opts(ses), "path"), d->item, err);
	if (st == TH_OK)
		st = make_note(ses, d, &note);
	if (st == TH_OK && d->dry) {
		st = show(d, append_it, &p, th_buf_str(&note));
		goto out;
	}
	if (st == TH_OK)
		st = th_place_enter(&p, err);
	if (st == TH_OK && append_it)
		st = append(ses, &p, d, th_buf_str(&note));
	else if (st == TH_OK)
		st = write_note(ses, &p, d, th_buf_str(&note));
	if (st == TH_OK)
		st = add_receipt(d, &p);
out:
	th_buf_release(&note);
	th_place_release(&p);
	return st;
}

static enum th_status
file_check(const struct th_opts *opts, struct th_err *err)
{
	const struct th_item none = { 0 };
	struct th_place p;
	enum th_status st;

	th_place_init(&p);
	st = th_place_fill(&p, th_opt(opts, "path"), &none, err);
	th_place_release(&p);
	return st;
}

const struct th_service th_service_file = {
	.name = "file",
	.summary = "files: NDJSON, CSV and JSON in, Markdown and NDJSON out",
	.params = params,
	.fetch = file_fetch,
	.publish = file_publish,
	.check = file_check,
	.local = true,
};

/*
 * file -- items from files, and into files: Markdown notes, or a growing log
 *
 * What an item says becomes part of a path, but never leads out of the fixed
 * directory in front of the template's first field.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trigger.h"

#define VALUE_MAX 200  /* bytes of one substituted value */
#define NAME_BYTES 220 /* of one name; a suffix and ".tmp" must still fit */
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

static enum th_status
read_lines(struct reading *r, struct th_str text)
{
	const char *nl, *end = text.s + text.len;
	enum th_status st = TH_OK;
	struct th_err err;
	struct th_str line;
	size_t n = 0;

	for (; st == TH_OK && text.len > 0;
	     text = (struct th_str){ nl, (size_t)(end - nl) }) {
		nl = memchr(text.s, '\n', text.len);
		nl = nl == NULL ? end : nl + 1;
		line = th_str_trim(
		    (struct th_str){ text.s, (size_t)(nl - text.s) });
		n++;
		if (line.len == 0)
			continue;
		st = th_item_parse(&r->item, line, &err);
		if (st == TH_OK) {
			st = emit_item(r);
		} else if (st == TH_EDATA) {
			complain(r, n, err.text);
			st = TH_OK;
		}
	}
	return st;
}

/* A file of any size, a line at a time. */
static enum th_status
read_stream(struct reading *r, int fd)
{
	struct th_stream in;
	enum th_status st;

	th_stream_init(&in, fd, NULL);
	do {
		st = th_stream_next(&in, &r->item);
		if (st == TH_OK) {
			st = emit_item(r);
		} else if (st == TH_EDATA) {
			complain(r, in.line, in.err.text);
			st = TH_OK;
		} else if (st != TH_END) {
			th_session_fail(
			    r->ses, st, "%s: %s", r->name, in.err.text);
		}
	} while (st == TH_OK);
	th_stream_release(&in);
	return st == TH_END ? TH_OK : st;
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

static enum th_status
emit_value(struct reading *r, const struct th_value *v)
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
		complain(r, 0, "a value that is no item");
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
		return emit_value(r, &all);
	th_iter_init(&iter, &all);
	while (st == TH_OK && th_iter_next(&iter, NULL, &v))
		st = emit_value(r, &v);
	return st;
}

/* ---- reading CSV ---- */

enum cell { TEXT, DATE, LIST, PEOPLE };
static const struct {
	const char *column, *member;
	enum cell cell;
} column[] = {
	{ "author", "authors", PEOPLE },
	{ "authors", "authors", PEOPLE },
	{ "date", "date_published", DATE },
	{ "date_modified", "date_modified", DATE },
	{ "date_published", "date_published", DATE },
	{ "id", "id", TEXT },
	{ "link", "url", TEXT },
	{ "tags", "tags", LIST },
	{ "text", "content_text", TEXT },
	{ "title", "title", TEXT },
	{ "url", "url", TEXT },
};

/* "a, b; c" as an array of strings, or of objects with a name. */
static void
add_list(struct th_buf *b, struct th_str s, bool people)
{
	struct th_str part;
	size_t n;

	th_json_open(b, '[');
	while (s.len > 0) {
		for (n = 0;
		     n < s.len && s.s[n] != ';' && (people || s.s[n] != ',');
		     n++)
			;
		part = th_str_trim((struct th_str){ s.s, n });
		if (part.len > 0 && people)
			th_json_open(b, '{');
		if (part.len > 0 && people)
			th_json_key(b, "name");
		if (part.len > 0)
			th_json_string(b, part);
		if (part.len > 0 && people)
			th_json_close(b, '}');
		n += n < s.len;
		s.s += n;
		s.len -= n;
	}
	th_json_close(b, ']');
}

static void
add_cell(struct reading *r, struct th_buf *b, const char *name, struct th_str s,
    size_t line)
{
	char date[TH_DATE_SIZE];
	enum cell cell = TEXT;
	int64_t t;
	size_t i;

	for (i = 0; i < sizeof(column) / sizeof(*column); i++)
		if (th_str_iis(th_str(name), column[i].column)) {
			name = column[i].member;
			cell = column[i].cell;
		}
	if (cell == DATE) {
		if (th_date_parse(s, &t) != TH_OK ||
		    th_date_format(t, date) != TH_OK) {
			th_session_say(r->ses, 1, TH_OK,
			    "%s: line %zu: no date, left out", r->name, line);
			return;
		}
		s = th_str(date);
	}
	th_json_key(b, name);
	if (cell == LIST || cell == PEOPLE)
		add_list(b, s, cell == PEOPLE);
	else
		th_json_string(b, s);
}

struct header {
	char **name;
	size_t n, cap;
};

static void
header_release(struct header *h)
{
	while (h->n > 0)
		free(h->name[--h->n]);
	free(h->name);
}

static enum th_status
header_add(struct header *h, struct th_str cell)
{
	char **p;

	if (h->n == h->cap) {
		h->cap = h->cap == 0 ? 16 : 2 * h->cap;
		p = th_realloc(h->name, h->cap * sizeof(*p));
		if (p == NULL)
			return TH_ENOMEM;
		h->name = p;
	}
	cell = th_str_trim(cell);
	if ((h->name[h->n] = th_strndup(cell.s, cell.len)) == NULL)
		return TH_ENOMEM;
	h->n++;
	return TH_OK;
}

/* One record as an item in ret; empty cells are fields it does not have. */
static enum th_status
read_record(struct reading *r, struct th_csv *csv, struct header *h,
    struct th_buf *cell, struct th_buf *ret)
{
	size_t line = csv->line, i;
	bool last = false, head = h->n == 0;
	enum th_status st = TH_OK;

	th_buf_clear(ret);
	th_json_open(ret, '{');
	for (i = 0; st == TH_OK && !last; i++) {
		st = th_csv_next(csv, cell, &last);
		if (st == TH_EDATA)
			complain(r, line, "a quote that does not close");
		if (st != TH_OK)
			break;
		if (head)
			st = header_add(h, th_buf_str(cell));
		else if (i < h->n && h->name[i][0] != '\0' && cell->len > 0)
			add_cell(r, ret, h->name[i], th_buf_str(cell), line);
	}
	th_json_close(ret, '}');
	return st != TH_OK ? st : ret->status;
}

static enum th_status
read_csv(struct reading *r, struct th_str text)
{
	struct header h = { 0 };
	struct th_buf cell, line;
	struct th_csv csv;
	enum th_status st;
	bool all;

	th_buf_init(&cell, TH_LINE_MAX);
	th_buf_init(&line, TH_LINE_MAX);
	th_csv_init(&csv, text);
	do {
		st = read_record(r, &csv, &h, &cell, &line);
		all = st == TH_END || st == TH_EDATA; /* that was told */
		if (st != TH_OK || line.len <= 2)     /* "{}": a line without */
			continue;
		st = th_item_parse(&r->item, th_buf_str(&line), NULL);
		if (st == TH_OK)
			st = emit_item(r);
	} while (st == TH_OK);
	header_release(&h);
	th_buf_release(&cell);
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

/* By name; else by its first character, and whether that line is an item. */
static const char *
guess_format(struct reading *r, struct th_str text)
{
	struct th_str s = th_str_trim(text);
	const char *nl;

	if (has_suffix(r->name, ".csv") || has_suffix(r->name, ".tsv"))
		return "csv";
	if (th_str_has_prefix(s, "["))
		return "json";
	if (s.len > 0 && !th_str_has_prefix(s, "{"))
		return "csv";
	nl = memchr(s.s, '\n', s.len);
	if (nl != NULL)
		s.len = (size_t)(nl - s.s);
	if (th_item_parse(&r->item, s, NULL) != TH_OK)
		return nl == NULL ? "ndjson" : "json";
	if (nl == NULL && has_suffix(r->name, ".json"))
		return "json";
	return "ndjson";
}

static enum th_status
read_all(struct reading *r, int fd, const char *format)
{
	struct th_buf text;
	struct th_err err;
	struct th_str s;
	enum th_status st;

	th_buf_init(&text, TH_REPLY_MAX);
	if ((st = th_file_read_fd(fd, &text, &err)) != TH_OK) {
		th_session_fail(r->ses, st, "%s: %s", r->name, err.text);
		goto out;
	}
	s = th_buf_str(&text);
	if (th_str_has_prefix(s, "\xef\xbb\xbf")) {
		s.s += 3;
		s.len -= 3;
	}
	if (format == NULL)
		format = guess_format(r, s);
	if (strcmp(format, "csv") == 0)
		st = read_csv(r, s);
	else if (strcmp(format, "json") == 0)
		st = read_json(r, s);
	else
		st = read_lines(r, s);
out:
	th_buf_release(&text);
	return st;
}

static enum th_status
read_file(struct reading *r)
{
	const char *format = th_opt(th_session_opts(r->ses), "format");
	enum th_status st;
	int fd = STDIN_FILENO;

	if (strcmp(r->name, "-") != 0)
		fd = open(r->name, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		th_session_say(
		    r->ses, 0, TH_EUNAVAIL, "%s: %s", r->name, strerror(errno));
		return TH_OK;
	}
	if (format == NULL &&
	    (has_suffix(r->name, ".ndjson") || has_suffix(r->name, ".jsonl")))
		format = "ndjson";
	if (format != NULL && strcmp(format, "ndjson") == 0)
		st = read_stream(r, fd);
	else
		st = read_all(r, fd, format);
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

/* ---- the path of an item ---- */

/*
 * A value may not begin, end or part a name, nor hide it, nor be all of "..";
 * it is never empty.
 */
static enum th_status
quote_name(struct th_str s, struct th_buf *ret)
{
	unsigned char c;
	size_t i;

	s = th_str_trim(s);
	if (s.len > VALUE_MAX) {
		s.len = VALUE_MAX;
		while (s.len > 0 && ((unsigned char)s.s[s.len] & 0xc0) == 0x80)
			s.len--;
		s = th_str_trim(s);
	}
	if (s.len == 0)
		return th_buf_adds(ret, "untitled");
	for (i = 0; i < s.len && s.s[i] == '.'; i++)
		th_buf_addc(ret, '_');
	for (; i < s.len; i++) {
		c = (unsigned char)s.s[i];
		if (c == '\t' || c == '\n' || c == '\r')
			th_buf_addc(ret, ' ');
		else if (c < ' ' || c == 0x7f || c == '/' || c == '\\')
			th_buf_addc(ret, '-');
		else
			th_buf_addc(ret, (char)c);
	}
	return ret->status;
}

/* Where the name's suffix begins: ".md", but not a sentence after a full stop.
 */
static size_t
stem(const char *name, size_t len)
{
	const char *dot = strrchr(name, '.');

	return dot == NULL || dot == name || len - (size_t)(dot - name) > 16
		   ? len
		   : (size_t)(dot - name);
}

/* Makes a name fit, at a character, with `mark` before its suffix. */
static char *
fit_name(const char *name, const char *mark)
{
	size_t len = strlen(name), cut = stem(name, len), end = cut;
	size_t tail = len - end + strlen(mark);
	struct th_buf b;
	char *fitted;

	if (cut + tail > NAME_BYTES) {
		cut = NAME_BYTES - tail;
		while (cut > 1 && ((unsigned char)name[cut] & 0xc0) == 0x80)
			cut--;
	}
	th_buf_init(&b, 4096);
	th_buf_add(&b, name, cut);
	th_buf_adds(&b, mark);
	th_buf_adds(&b, name + end);
	fitted = th_buf_take(&b);
	th_buf_release(&b);
	return fitted;
}

struct place {
	struct th_buf
	    path; /* as filled in; the first `fixed` bytes are the user's */
	size_t fixed;
	int dir;    /* of the file */
	char *name; /* in it */
};

static enum th_status
fill_path(struct th_session *ses, const struct th_item *it, struct place *ret)
{
	const char *path = th_opt(th_session_opts(ses), "path"), *p, *slash;
	struct th_template *t;
	enum th_status st;

	p = strchr(path, '{');
	for (slash = p == NULL ? path + strlen(path) : p;
	     slash > path && slash[-1] != '/'; slash--)
		;
	st = th_template_new(slash, &t, th_session_err(ses));
	if (st != TH_OK)
		return st;
	th_buf_add(&ret->path, path, (size_t)(slash - path));
	ret->fixed = ret->path.len;
	st = th_template_expand(
	    t, it, quote_name, &ret->path, th_session_err(ses));
	th_template_free(t);
	return st;
}

static enum th_status
fail_at(struct th_session *ses, const struct place *p)
{
	return th_session_fail(ses, errno == ENOMEM ? TH_ENOMEM : TH_ECREATE,
	    "%s: %s", p->path.data, strerror(errno));
}

/* Goes into a directory, which is made when missing; no link leads out. */
static enum th_status
enter(struct th_session *ses, struct place *p, const char *name, bool fixed)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int dir;

	if (mkdirat(p->dir, name, 0777) == 0) {
		if (th_file_sync_dir(p->dir, th_session_err(ses)) != TH_OK)
			return TH_EIO;
	} else if (errno != EEXIST) {
		return fail_at(ses, p);
	}
	dir = openat(p->dir, name, fixed ? flags : flags | O_NOFOLLOW);
	if (dir < 0)
		return fail_at(ses, p);
	close(p->dir);
	p->dir = dir;
	return TH_OK;
}

/* The name between two slashes, which the template alone could make special. */
static enum th_status
next_name(struct th_session *ses, struct place *p, const char *s, size_t len)
{
	char *raw = th_strndup(s, len);

	free(p->name);
	p->name = NULL;
	if (raw == NULL)
		return TH_ENOMEM;
	if (strcmp(raw, ".") == 0 || strcmp(raw, "..") == 0) {
		free(raw);
		return th_session_fail(ses, TH_EUSAGE,
		    "--path: no . or .. behind the first field");
	}
	p->name = fit_name(raw, "");
	free(raw);
	return p->name == NULL ? TH_ENOMEM : TH_OK;
}

static enum th_status
enter_fixed(struct th_session *ses, struct place *p)
{
	const char *s = p->path.data, *end = s + p->fixed;
	enum th_status st = TH_OK;
	char *name;
	size_t n;

	p->dir = open(p->fixed > 0 && *s == '/' ? "/" : ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->dir < 0)
		return fail_at(ses, p);
	for (; st == TH_OK && s < end; s += n + 1) {
		n = (size_t)((const char *)memchr(s, '/', (size_t)(end - s)) -
			     s);
		if (n == 0)
			continue;
		if ((name = th_strndup(s, n)) == NULL)
			return TH_ENOMEM;
		st = enter(ses, p, name, true);
		free(name);
	}
	return st;
}

/* Opens the directory of the path, and leaves the last name in p. */
static enum th_status
go_to(struct th_session *ses, struct place *p)
{
	const char *s = p->path.data + p->fixed;
	enum th_status st;
	size_t n;

	if ((st = enter_fixed(ses, p)) != TH_OK)
		return st;
	for (;; s += n + 1) {
		n = strcspn(s, "/");
		if (n == 0 && s[n] == '/')
			continue;
		if (n == 0)
			return th_session_fail(
			    ses, TH_EUSAGE, "--path: no file name at the end");
		if ((st = next_name(ses, p, s, n)) != TH_OK || s[n] == '\0')
			return st;
		if ((st = enter(ses, p, p->name, false)) != TH_OK)
			return st;
	}
}

static void
place_release(struct place *p)
{
	th_buf_release(&p->path);
	free(p->name);
	if (p->dir >= 0)
		close(p->dir);
}

/* ---- a note ---- */

/* A double-quoted scalar: JSON's, but YAML has more characters to escape. */
static void
add_yaml(struct th_buf *b, const char *key, struct th_str s)
{
	size_t i, n, run;
	uint32_t c;

	th_buf_adds(b, key);
	th_buf_adds(b, "\"");
	for (i = run = 0; i < s.len; i += n) {
		n = th_utf8_decode(s.s + i, s.len - i, &c);
		if (n == 0)
			n = 1;
		if ((c < 0x7f || c > 0x9f) && c != 0x2028 && c != 0x2029 &&
		    c != 0xfeff && c < 0xfffe)
			continue;
		th_json_escape(b, (struct th_str){ s.s + run, i - run });
		if (c <= 0xffff)
			th_buf_addf(b, "\\u%04x", (unsigned)c);
		else
			th_buf_add(b, s.s + i, n);
		run = i + n;
	}
	th_json_escape(b, (struct th_str){ s.s + run, s.len - run });
	th_buf_adds(b, "\"");
}

struct list {
	struct th_buf *out, text;
	size_t n;
};

static bool
add_element(void *ctx, const struct th_value *v)
{
	struct list *l = ctx;

	if (v->type != TH_JSON_STRING || v->raw.len <= 2)
		return false;
	th_buf_clear(&l->text);
	th_value_text(v, &l->text);
	add_yaml(l->out, l->n++ == 0 ? "" : ", ", th_buf_str(&l->text));
	return l->text.status != TH_OK;
}

/* "key: [...]", or nothing when the item has none. */
static enum th_status
add_yaml_list(struct th_buf *b, const char *key, const struct th_item *it,
    const char *path)
{
	struct list l = { .out = b };
	enum th_status st;
	size_t len = b->len;

	th_buf_init(&l.text, TH_LINE_MAX);
	th_buf_addf(b, "%s: [", key);
	th_item_visit(it, path, add_element, &l);
	st = l.text.status;
	th_buf_release(&l.text);
	if (st != TH_OK || b->status != TH_OK)
		return st != TH_OK ? st : b->status;
	if (l.n == 0) {
		b->len = len;
		return TH_OK;
	}
	return th_buf_adds(b, "]\n");
}

static enum th_status
add_front_matter(struct th_buf *b, const struct th_delivery *d)
{
	char date[TH_DATE_SIZE];
	struct th_buf url;
	enum th_status st;
	int64_t t;

	th_buf_init(&url, TH_LINE_MAX);
	th_buf_adds(b, "---\n");
	add_yaml(b, "id: ", d->id);
	add_yaml(b, "\ntitle: ", d->title);
	st = th_item_text(d->item, "url", &url);
	if (st == TH_OK && url.len > 0)
		add_yaml(b, "\nurl: ", th_buf_str(&url));
	th_buf_release(&url);
	if (st == TH_ENOMEM)
		return st;
	if (th_item_date(d->item, &t) == TH_OK &&
	    th_date_format(t, date) == TH_OK)
		th_buf_addf(b, "\ndate: %s", date);
	th_buf_adds(b, "\n");
	if ((st = add_yaml_list(b, "author", d->item, "authors.name")) != TH_OK)
		return st;
	if ((st = add_yaml_list(b, "tags", d->item, "tags")) != TH_OK)
		return st;
	return th_buf_adds(b, "---\n\n");
}

/* content_html, else content_text, else the summary. */
static enum th_status
add_body(struct th_buf *b, const struct th_item *it)
{
	static const char *const name[] = { "content_html", "content_text",
		"summary" };
	struct th_buf text;
	enum th_status st = TH_END;
	size_t i;

	th_buf_init(&text, TH_LINE_MAX);
	for (i = 0; i < 3 && (st == TH_END || (st == TH_OK && text.len == 0));
	     i++)
		st = th_item_text(it, name[i], &text);
	if (st == TH_OK && i == 1)
		st = th_markdown_from_html(th_buf_str(&text), b);
	else if (st == TH_OK && text.len > 0) {
		th_buf_add(b, text.data, text.len);
		st = th_buf_addc(b, '\n');
	}
	th_buf_release(&text);
	return st == TH_END ? TH_OK : st;
}

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
	if ((st = add_front_matter(ret, d)) != TH_OK)
		return st;
	return add_body(ret, d->item);
}

/* Is there nothing of another item, or of the user, under that name? */
static bool
is_free(const struct place *p, const struct th_delivery *d, struct th_str note,
    enum th_status *ret)
{
	struct th_buf old, id;
	bool free = false;
	int fd;

	fd = openat(p->dir, p->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT;
	th_buf_init(&old, TEXT_MAX);
	th_buf_init(&id, TH_LINE_MAX);
	th_buf_adds(&id, "---\n");
	add_yaml(&id, "id: ", d->id);
	th_buf_adds(&id, "\n");
	*ret = th_file_read_fd(fd, &old, NULL);
	if (*ret == TH_OK && d->text.s != NULL)
		free = old.len == note.len &&
		       memcmp(old.data, note.s, note.len) == 0;
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

/* The name with a mark that this id alone has, however often it comes. */
static enum th_status
mark_name(struct place *p, struct th_str id)
{
	unsigned char sum[TH_SHA256_SIZE];
	struct th_buf mark;
	char *name = NULL;

	th_sha256(id, sum);
	th_buf_init(&mark, 64);
	th_buf_addc(&mark, '-');
	th_hex_encode((struct th_str){ (char *)sum, 8 }, &mark);
	if (mark.status == TH_OK)
		name = fit_name(p->name, mark.data);
	th_buf_release(&mark);
	if (name == NULL)
		return TH_ENOMEM;
	free(p->name);
	p->name = name;
	return TH_OK;
}

/* One try under p->name.  TH_END: it belongs to somebody else. */
static enum th_status
try_name(struct th_session *ses, struct place *p, const struct th_delivery *d,
    struct th_str note, bool mine)
{
	struct th_file file;
	enum th_status st, looked = TH_OK;
	int dir = dup(p->dir);

	if (dir < 0)
		return fail_at(ses, p);
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
write_note(struct th_session *ses, struct place *p, const struct th_delivery *d,
    struct th_str note)
{
	struct stat sb;
	enum th_status st = TH_END;

	/* A link or a directory in the way is somebody else's, too. */
	if (fstatat(p->dir, p->name, &sb, AT_SYMLINK_NOFOLLOW) < 0 ||
	    S_ISREG(sb.st_mode))
		st = try_name(ses, p, d, note, false);
	if (st != TH_END)
		return st;
	if ((st = mark_name(p, d->id)) != TH_OK)
		return st;
	return try_name(ses, p, d, note, true);
}

/* ---- a growing file ---- */

static bool
contains(struct th_str s, struct th_str what)
{
	const char *p = s.s, *end = s.s + s.len;

	while ((size_t)(end - p) >= what.len &&
	       (p = memchr(p, what.s[0], (size_t)(end - p) - what.len + 1)) !=
		   NULL) {
		if ((p == s.s || p[-1] == '\n') &&
		    memcmp(p, what.s, what.len) == 0)
			return true;
		p++;
	}
	return false;
}

static bool
has_id(struct th_item *it, struct th_str id)
{
	struct th_buf b;
	bool same;

	th_buf_init(&b, TH_LINE_MAX);
	same = th_item_text(it, "id", &b) == TH_OK && b.len == id.len &&
	       memcmp(b.data, id.s, id.len) == 0;
	th_buf_release(&b);
	return same;
}

/* Is an item that we may have written before we died there? */
static enum th_status
look_for(int fd, const struct th_delivery *d, struct th_str note, bool *ret,
    struct th_err *err)
{
	struct th_stream in;
	struct th_item it;
	struct th_buf all;
	enum th_status st;

	*ret = false;
	if (d->text.s != NULL) {
		th_buf_init(&all, TH_REPLY_MAX);
		if ((st = th_file_read_fd(fd, &all, err)) == TH_OK)
			*ret = contains(th_buf_str(&all), note);
		th_buf_release(&all);
		return st;
	}
	th_item_init(&it);
	th_stream_init(&in, fd, NULL);
	do {
		st = th_stream_next(&in, &it);
		*ret = st == TH_OK && has_id(&it, d->id);
	} while (!*ret && (st == TH_OK || st == TH_EDATA));
	th_stream_release(&in);
	th_item_release(&it);
	return *ret || st == TH_END ? TH_OK : th_fail(err, st, "cannot read");
}

/* Where the last line begins, in a file of `size` bytes. */
static off_t
last_line(int fd, off_t size)
{
	char piece[4096];
	ssize_t n, i;
	off_t at;

	while (size > 0) {
		at = size > (off_t)sizeof(piece) ? size - (off_t)sizeof(piece)
						 : 0;
		n = pread(fd, piece, (size_t)(size - at), at);
		for (i = n; i > 0; i--)
			if (piece[i - 1] == '\n')
				return at + i;
		if (n <= 0)
			break;
		size = at;
	}
	return 0;
}

/* What a crash left of a line goes; a line that only lacks its end gets it. */
static enum th_status
mend_tail(int fd, const struct th_delivery *d, struct th_err *err)
{
	struct th_buf tail;
	struct th_item it;
	struct stat sb;
	enum th_status st;
	bool whole;
	off_t at;

	if (fstat(fd, &sb) < 0)
		return th_fail(err, TH_EIO, "%s", strerror(errno));
	if ((at = last_line(fd, sb.st_size)) == sb.st_size)
		return TH_OK;
	th_buf_init(&tail, TH_LINE_MAX);
	th_item_init(&it);
	st = lseek(fd, at, SEEK_SET) < 0 ? TH_EIO
					 : th_file_read_fd(fd, &tail, err);
	whole = d->text.s != NULL || st == TH_EDATA ||
		(st == TH_OK &&
		    th_item_parse(&it, th_buf_str(&tail), NULL) == TH_OK);
	if (st == TH_EDATA)
		st = TH_OK;
	if (st == TH_OK && whole)
		st = th_file_write(fd, TH_STR("\n"), err);
	else if (st == TH_OK && ftruncate(fd, at) < 0)
		st = th_fail(err, TH_EIO, "%s", strerror(errno));
	th_item_release(&it);
	th_buf_release(&tail);
	return st;
}

/* All of it, or the file is as it was. */
static enum th_status
add_line(int fd, struct th_str note, struct th_err *err)
{
	struct stat sb;
	enum th_status st;

	if (fstat(fd, &sb) < 0)
		return th_fail(err, TH_EIO, "%s", strerror(errno));
	if ((st = th_file_write(fd, note, err)) == TH_OK && fsync(fd) < 0)
		st = th_fail(err, TH_EIO, "cannot write: %s", strerror(errno));
	if (st != TH_OK && ftruncate(fd, sb.st_size) < 0)
		return st; /* the next one mends it */
	return st;
}

static enum th_status
append(struct th_session *ses, struct place *p, const struct th_delivery *d,
    struct th_str note)
{
	struct th_err *err = th_session_err(ses);
	bool there = false;
	enum th_status st;
	struct stat sb;
	int fd;

	fd = openat(p->dir, p->name,
	    O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return fail_at(ses, p);
	if ((st = th_file_lock(fd, err)) == TH_OK)
		st = mend_tail(fd, d, err);
	if (st == TH_OK && d->doubtful && lseek(fd, 0, SEEK_SET) == 0)
		st = look_for(fd, d, note, &there, err);
	if (st == TH_OK && !there && fstat(fd, &sb) == 0) {
		st = add_line(fd, note, err);
		if (st == TH_OK && sb.st_size == 0)
			st = th_file_sync_dir(p->dir, err);
	}
	close(fd);
	return st;
}

/* ---- */

/* For a dry run: what would be written where. */
static enum th_status
show(struct th_delivery *d, bool append_it, const struct place *p,
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
add_receipt(struct th_delivery *d, const struct place *p)
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
	struct place p = { .dir = -1 };
	struct th_buf note;
	enum th_status st;

	(void)reply;
	th_buf_init(&note, TEXT_MAX);
	th_buf_init(&p.path, PATH_MAX_BYTES);
	if ((st = fill_path(ses, d->item, &p)) == TH_OK)
		st = make_note(ses, d, &note);
	if (st == TH_OK && d->dry) {
		st = show(d, append_it, &p, th_buf_str(&note));
		goto out;
	}
	if (st == TH_OK)
		st = go_to(ses, &p);
	if (st == TH_OK && append_it)
		st = append(ses, &p, d, th_buf_str(&note));
	else if (st == TH_OK)
		st = write_note(ses, &p, d, th_buf_str(&note));
	if (st == TH_OK)
		st = add_receipt(d, &p);
out:
	th_buf_release(&note);
	place_release(&p);
	return st;
}

const struct th_service th_service_file = {
	.name = "file",
	.summary = "files: NDJSON, CSV and JSON in, Markdown and NDJSON out",
	.params = params,
	.fetch = file_fetch,
	.publish = file_publish,
	.local = true,
};

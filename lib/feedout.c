/* feedout -- writing feeds: what is the same for all formats */
#define _DEFAULT_SOURCE /* mkstemp() with TMPDIR, mmap() */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "feedout.h"

/* An entry is at most a line with each character escaped. */
#define ENTRY_MAX (8 * TH_LINE_MAX)
#define IN_MEMORY ((size_t)4 << 20)
#define FORGET ((size_t)4 << 20) /* of the map, kept in memory */

static const struct feedout_format *const formats[] = {
	[TH_FEED_RSS] = &th_feedout_rss,
	[TH_FEED_ATOM] = &th_feedout_atom,
	[TH_FEED_JSON] = &th_feedout_json,
};

/* One of the feed's own addresses, as those of its items are written. */
static enum th_status
own_address(
    struct th_feedout *f, const char **url, char **own, struct th_err *err)
{
	const struct th_item none = { 0 };
	struct th_str s;

	if (*url == NULL)
		return TH_OK;
	if (th_feedout_url(f, &none, th_str(*url), &s))
		*own = th_strndup(s.s, s.len);
	else if (f->status == TH_OK)
		return th_fail(
		    err, TH_EUSAGE, "no address for a feed: %s", *url);
	*url = *own;
	return *own != NULL ? TH_OK : th_fail(err, TH_ENOMEM, "out of memory");
}

enum th_status
th_feedout_new(const struct th_feedout_options *opt, th_note *note, void *ctx,
    struct th_feedout **ret, struct th_err *err)
{
	struct th_feedout *f;
	enum th_status st;

	if (opt->language != NULL &&
	    !th_feedout_is_language(th_str(opt->language)))
		return th_fail(err, TH_EUSAGE,
		    "no tag of a language, as en or pt-BR: %s", opt->language);
	f = th_calloc(1, sizeof(*f));
	if (f == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	f->opt = *opt;
	f->format = formats[opt->format];
	f->newest = INT64_MIN;
	f->author = true;
	f->spool.fd = -1;
	th_buf_init(&f->spool.mem, 2 * ENTRY_MAX);
	th_buf_init(&f->b, ENTRY_MAX);
	th_buf_init(&f->text, ENTRY_MAX);
	th_buf_init(&f->more, ENTRY_MAX);
	th_buf_init(&f->id, ENTRY_MAX);
	th_buf_init(&f->url, ENTRY_MAX);
	th_buf_init(&f->base[0], ENTRY_MAX);
	th_buf_init(&f->base[1], ENTRY_MAX);
	th_buf_init(&f->at.url, ENTRY_MAX);
	th_buf_init(&f->at.type, ENTRY_MAX);
	th_buf_init(&f->at.title, ENTRY_MAX);
	st = own_address(f, &f->opt.link, &f->link, err);
	if (st == TH_OK)
		st = own_address(f, &f->opt.self, &f->self, err);
	f->note = note;
	f->ctx = ctx;
	if (st == TH_OK)
		*ret = f;
	else
		th_feedout_free(f);
	return st;
}

static void
spool_release(struct feedout_spool *s)
{
	if (s->map != NULL)
		munmap(s->map, (size_t)s->filed);
	if (s->fd >= 0)
		close(s->fd);
	th_buf_release(&s->mem);
}

void
th_feedout_free(struct th_feedout *f)
{
	if (f == NULL)
		return;
	spool_release(&f->spool);
	th_buf_release(&f->b);
	th_buf_release(&f->text);
	th_buf_release(&f->more);
	th_buf_release(&f->id);
	th_buf_release(&f->url);
	th_buf_release(&f->base[0]);
	th_buf_release(&f->base[1]);
	th_buf_release(&f->at.url);
	th_buf_release(&f->at.type);
	th_buf_release(&f->at.title);
	free(f->entry);
	free(f->slot);
	free(f->link);
	free(f->self);
	free(f);
}

/* ---- the spool ---- */

static enum th_status
spool_open(struct feedout_spool *s, struct th_err *err)
{
	const char *dir = getenv("TMPDIR");
	struct th_buf path;

	th_buf_init(&path, 4096);
	if (dir == NULL || *dir == '\0')
		dir = "/tmp";
	if (th_buf_addf(&path, "%s/th-rss.XXXXXX", dir) == TH_OK)
		s->fd = mkstemp(path.data);
	if (s->fd >= 0)
		unlink(path.data);
	th_buf_release(&path);
	if (s->fd < 0)
		return th_fail(err, TH_ECREATE,
		    "cannot create a temporary file in %s: %s", dir,
		    strerror(errno));
	return TH_OK;
}

static enum th_status
spool_add(struct feedout_spool *s, struct th_str text, struct th_err *err)
{
	enum th_status st;

	if (th_buf_add(&s->mem, text.s, text.len) != TH_OK)
		return th_fail(err, TH_ENOMEM, "out of memory");
	if (s->mem.len < IN_MEMORY)
		return TH_OK;
	if (s->fd < 0 && (st = spool_open(s, err)) != TH_OK)
		return st;
	if ((st = th_file_write(s->fd, th_buf_str(&s->mem), err)) != TH_OK)
		return st;
	s->filed += s->mem.len;
	th_buf_clear(&s->mem);
	return TH_OK;
}

/* Nothing is added any more: entries never straddle file and memory. */
static enum th_status
spool_map(struct feedout_spool *s, struct th_err *err)
{
	void *p;

	if (s->filed == 0)
		return TH_OK;
	p = mmap(NULL, (size_t)s->filed, PROT_READ, MAP_PRIVATE, s->fd, 0);
	if (p == MAP_FAILED)
		return th_fail(err, TH_ENOMEM, "out of memory");
	s->map = p;
	return TH_OK;
}

static struct th_str
spool_at(const struct feedout_spool *s, uint64_t offset, size_t len)
{
	if (offset < s->filed)
		return (struct th_str){ s->map + offset, len };
	return (struct th_str){ s->mem.data + (offset - s->filed), len };
}

/* ---- entries, and which of them are there already ---- */

static uint32_t
tag_of(const unsigned char key[16])
{
	uint32_t tag;

	memcpy(&tag, key + 8, sizeof(tag));
	return tag;
}

static size_t
find_slot(const struct th_feedout *f, const unsigned char key[16])
{
	uint64_t hash;
	uint32_t tag = tag_of(key);
	size_t i;

	memcpy(&hash, key, sizeof(hash)); /* of SHA-256: no need to mix */
	for (i = hash & (f->nslots - 1); f->slot[i].entry != 0;
	     i = (i + 1) & (f->nslots - 1))
		if (f->slot[i].tag == tag &&
		    memcmp(f->entry[f->slot[i].entry - 1].key, key, 16) == 0)
			break;
	return i;
}

static enum th_status
grow(struct th_feedout *f, struct th_err *err)
{
	size_t i, cap = f->cap == 0 ? 64 : f->cap * 2;
	struct feedout_entry *e = NULL;
	struct feedout_slot *slot = NULL;

	if (cap <= UINT32_MAX / 2) {
		slot = th_calloc(2 * cap, sizeof(*slot));
		e = th_realloc(f->entry, cap * sizeof(*e));
	}
	if (e != NULL)
		f->entry = e;
	if (slot == NULL || e == NULL) {
		free(slot);
		return th_fail(err, TH_ENOMEM, "out of memory");
	}
	free(f->slot);
	f->slot = slot;
	f->nslots = 2 * cap;
	f->cap = cap;
	for (i = 0; i < f->n; i++)
		f->slot[find_slot(f, f->entry[i].key)] =
		    (struct feedout_slot){ (uint32_t)i + 1,
			    tag_of(f->entry[i].key) };
	return TH_OK;
}

/* Begins an entry of that id; TH_END when there is one already. */
static enum th_status
begin_entry(struct th_feedout *f, struct th_str id, struct feedout_entry **ret,
    struct th_err *err)
{
	unsigned char sum[TH_SHA256_SIZE];
	struct feedout_entry *e;
	enum th_status st;
	size_t slot;

	th_sha256(id, sum);
	if (f->n == f->cap && (st = grow(f, err)) != TH_OK)
		return st;
	slot = find_slot(f, sum);
	if (f->slot[slot].entry != 0)
		return TH_END;
	f->slot[slot] =
	    (struct feedout_slot){ (uint32_t)f->n + 1, tag_of(sum) };
	e = &f->entry[f->n];
	*e = (struct feedout_entry){ .date = INT64_MIN,
		.updated = INT64_MIN,
		.order = f->n++,
		.offset = f->spool.filed + f->spool.mem.len,
		.old = f->merged };
	memcpy(e->key, sum, sizeof(e->key));
	*ret = e;
	return TH_OK;
}

static enum th_status
end_entry(struct th_feedout *f, struct feedout_entry *e, struct th_str text,
    struct th_err *err)
{
	e->newest = e->updated > e->date ? e->updated : e->date;
	if (e->date == INT64_MIN)
		e->date = e->updated;
	e->len = text.len;
	return spool_add(&f->spool, text, err);
}

/* The worst that the buffers met with. */
static enum th_status
check_memory(struct th_feedout *f, struct th_err *err)
{
	const struct th_buf *b[] = { &f->b, &f->text, &f->more, &f->id, &f->url,
		&f->base[0], &f->base[1], &f->at.url, &f->at.type,
		&f->at.title };
	size_t i;

	for (i = 0; i < sizeof(b) / sizeof(*b); i++)
		if (b[i]->status > f->status)
			f->status = b[i]->status;
	if (f->status == TH_ENOMEM)
		return th_fail(err, TH_ENOMEM, "out of memory");
	if (f->status != TH_OK)
		return th_fail(err, TH_EDATA, "too large");
	return TH_OK;
}

void
th_feedout_clear(struct th_feedout *f, struct th_buf *b)
{
	if (b->status > f->status)
		f->status = b->status;
	th_buf_clear(b);
}

enum th_status
th_feedout_item(
    struct th_feedout *f, const struct th_item *it, struct th_err *err)
{
	struct feedout_entry *e;
	enum th_status st;

	f->based = false;
	th_buf_clear(&f->b);
	th_feedout_clear(f, &f->id);
	if ((st = th_item_identity(it, &f->id)) > f->status)
		f->status = st;
	f->format->id(f);
	if ((st = check_memory(f, err)) != TH_OK)
		return st;
	st = begin_entry(f, th_buf_str(&f->id), &e, err);
	if (st == TH_END) {
		if (!f->merged)
			th_feedout_note(f, "a second item of the same id");
		return TH_OK;
	}
	if (st != TH_OK)
		return st;
	th_feedout_date(f, it, "date_published", &e->date);
	th_feedout_date(f, it, "date_modified", &e->updated);
	f->format->item(f, it, e);
	if ((st = check_memory(f, err)) != TH_OK)
		return st;
	return end_entry(f, e, th_buf_str(&f->b), err);
}

void
th_feedout_note(struct th_feedout *f, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	if (f->note == NULL)
		return;
	n = f->id.len < 100 ? (int)f->id.len : 100;
	n = snprintf(text, sizeof(text), "%.*s: ", n,
	    f->id.data == NULL ? "" : f->id.data);
	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - (size_t)n, fmt, ap);
	va_end(ap);
	f->note(f->ctx, text);
}

/* ---- what a file already has ---- */

static const char *
find(struct th_str s, const char *what)
{
	size_t len = strlen(what);
	const char *p = s.s, *end = s.s + s.len;

	while ((size_t)(end - p) >= len &&
	       (p = memchr(p, what[0], (size_t)(end - p) - len + 1)) != NULL) {
		if (memcmp(p, what, len) == 0)
			return p;
		p++;
	}
	return NULL;
}

/* What stands between two marks; s == NULL when they are not there. */
static struct th_str
between(struct th_str s, const char *open, const char *close)
{
	const char *p, *q;

	if (open == NULL || (p = find(s, open)) == NULL)
		return (struct th_str){ 0 };
	p += strlen(open);
	q = find((struct th_str){ p, (size_t)(s.s + s.len - p) }, close);
	if (q == NULL)
		return (struct th_str){ 0 };
	return (struct th_str){ p, (size_t)(q - p) };
}

static int64_t
date_in(struct th_str s, const char *const element[2], const char *none)
{
	struct th_str text;
	int64_t t;
	size_t i;

	for (i = 0; i < 2; i++) {
		text = between(s, element[i], "</");
		if (text.s != NULL && !th_str_is(text, none) &&
		    th_date_parse(text, &t) == TH_OK)
			return t;
	}
	return INT64_MIN;
}

/* An entry that we wrote stays as it is, byte for byte. */
static enum th_status
keep_entry(struct th_feedout *f, struct th_str text, struct th_err *err)
{
	struct feedout_entry *e;
	enum th_status st;
	struct th_str id;

	id = between(text, f->format->id_open, f->format->id_close);
	if (id.s == NULL)
		id = text;
	while (id.len > 0 && *id.s != '>') { /* attributes of the element */
		id.s++;
		id.len--;
	}
	if (id.len > 0) {
		id.s++;
		id.len--;
	}
	st = begin_entry(f, id, &e, err);
	if (st != TH_OK)
		return st == TH_END ? TH_OK : st;
	e->date = date_in(text, f->format->date, f->format->no_date);
	e->updated = date_in(text, f->format->updated, f->format->no_date);
	e->author = find(text, "<author>") != NULL;
	return end_entry(f, e, text, err);
}

/*
 * Are there but our entries from p on, a newline?  What a hand wrote between
 * them is for a reader of feeds.
 */
static bool
is_whole(const struct th_feedout *f, const char *p, const char *end)
{
	struct th_str s = { p, (size_t)(end - p) };
	const char *q;

	while (th_str_has_prefix(s, f->format->open)) {
		if ((q = find(s, f->format->close)) == NULL)
			return true; /* keep_entries() tells of it */
		p = q + strlen(f->format->close) - 1;
		s = (struct th_str){ p, (size_t)(end - p) };
	}
	return s.len <= 1 ||
	       th_str_is((struct th_str){ p + 1, s.len - 1 }, f->format->tail);
}

/* Is it a file of ours in the format that we write now? */
static bool
is_ours(const struct th_feedout *f, struct th_str old)
{
	static const char last[] =
	    "\n<generator>" FEEDOUT_GENERATOR "</generator>\n";
	struct th_str head = { old.s, old.len < 65536 ? old.len : 65536 };
	const char *p;

	return f->format->open != NULL && find(head, f->format->root) != NULL &&
	       (p = find(head, last)) != NULL &&
	       is_whole(f, p + sizeof(last) - 2, old.s + old.len);
}

static enum th_status
keep_entries(struct th_feedout *f, struct th_str old, struct th_err *err)
{
	const char *p, *q, *end = old.s + old.len;
	enum th_status st = TH_OK;

	while (st == TH_OK && (p = find(old, f->format->open)) != NULL) {
		p++; /* the newline that the mark begins with */
		old = (struct th_str){ p, (size_t)(end - p) };
		if ((q = find(old, f->format->close)) == NULL)
			return th_fail(err, TH_EDATA, "an item has no end");
		q += strlen(f->format->close);
		st = keep_entry(f, (struct th_str){ p, (size_t)(q - p) }, err);
		q--; /* the next one's mark may begin with this newline */
		old = (struct th_str){ q, (size_t)(end - q) };
	}
	return st;
}

/* Our first line ends before the items; other programs break theirs elsewhere.
 */
static bool
is_our_json(struct th_str s)
{
	static const char items[] = ",\"items\":[";
	const char *nl = memchr(s.s, '\n', s.len);
	size_t len = nl != NULL ? (size_t)(nl - s.s) : 0;

	return len >= sizeof(items) - 1 &&
	       memcmp(nl - (sizeof(items) - 1), items, sizeof(items) - 1) ==
		   0 &&
	       th_str_has_prefix(s, FEEDOUT_JSON ",\"title\":\"");
}

static enum th_status
read_json(struct th_feedout *f, const struct th_value *feed, struct th_err *err)
{
	struct th_value items, v;
	struct th_item it;
	struct th_iter iter;
	enum th_status st = TH_OK;

	if (!th_value_get(feed, "items", &items) || items.type != TH_JSON_ARRAY)
		return th_fail(err, TH_EDATA, "no JSON Feed");
	th_item_init(&it);
	th_iter_init(&iter, &items);
	while (st == TH_OK && th_iter_next(&iter, NULL, &v))
		if (v.type == TH_JSON_OBJECT &&
		    (st = th_item_parse(&it, v.raw, err)) == TH_OK)
			st = th_feedout_item(f, &it, err);
	th_item_release(&it);
	return st;
}

struct reading {
	struct th_feedout *f;
	struct th_item it;
	struct th_err *err;
};

static enum th_status
take_item(void *ctx, struct th_str id, struct th_str line)
{
	struct reading *r = ctx;
	enum th_status st;

	(void)id;
	if ((st = th_item_parse(&r->it, line, r->err)) != TH_OK)
		return st;
	return th_feedout_item(r->f, &r->it, r->err);
}

/* A feed of another's making: read as th-fetch reads it. */
static enum th_status
read_feed(struct th_feedout *f, struct th_str old, struct th_err *err)
{
	struct reading r = { .f = f, .err = err };
	struct th_feed_info info = {
		.url = f->opt.self, .emit = take_item, .ctx = &r
	};
	struct th_feed *feed;
	enum th_status st;

	if ((st = th_feed_new(&info, &feed, err)) != TH_OK)
		return st;
	th_item_init(&r.it);
	if ((st = th_feed_push(feed, old, err)) == TH_OK)
		st = th_feed_finish(feed, err);
	th_item_release(&r.it);
	th_feed_free(feed);
	return st;
}

enum th_status
th_feedout_merge(struct th_feedout *f, struct th_str old, struct th_err *err)
{
	struct th_value feed;
	enum th_status st;

	f->merged = true;
	if (th_str_trim(old).len == 0)
		return TH_OK;
	if (th_str_trim(old).s[0] == '{') {
		if ((st = th_json_parse(old, &feed, err)) != TH_OK)
			return st;
		if (is_our_json(old))
			return read_json(f, &feed, err);
	}
	if (is_ours(f, old))
		return keep_entries(f, old, err);
	return read_feed(f, old, err);
}

/* ---- the end ---- */

/*
 * An item without a date stands with the one before it in its source; what has
 * no dated one before it with the next that has; in a source without dates the
 * input's are the newest, the file's the oldest.
 */
static void
date_undated(struct feedout_entry *e, size_t n, int64_t otherwise)
{
	int64_t last = otherwise;
	size_t i;

	for (i = 0; i < n; i++)
		if (e[i].date != INT64_MIN) {
			last = e[i].date;
			break;
		}
	for (i = 0; i < n; i++) {
		if (e[i].date == INT64_MIN)
			e[i].date = last;
		last = e[i].date;
	}
}

static int
newer_first(const void *pa, const void *pb)
{
	const struct feedout_entry *a = pa, *b = pb;

	if (a->date != b->date)
		return a->date > b->date ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static void
sort_entries(struct th_feedout *f)
{
	size_t i;

	for (i = 0; i < f->n && !f->entry[i].old; i++)
		;
	date_undated(f->entry, i, INT64_MAX);
	if (i < f->n)
		date_undated(f->entry + i, f->n - i, INT64_MIN);
	if (f->n > 0)
		qsort(f->entry, f->n, sizeof(*f->entry), newer_first);
	if (f->opt.max > 0 && f->n > f->opt.max)
		f->n = f->opt.max;
}

/* What the head tells of the entries below it. */
static void
sum_up(struct th_feedout *f)
{
	size_t i;

	f->author = f->n > 0;
	for (i = 0; i < f->n; i++) {
		f->author = f->author && f->entry[i].author;
		if (f->entry[i].newest > f->newest)
			f->newest = f->entry[i].newest;
	}
}

/* What was written need not stay in memory; it is read again if need be. */
static void
spool_forget(struct feedout_spool *s, size_t written)
{
	if (s->map == NULL || (s->shown += written) < FORGET)
		return;
	s->shown = 0;
	madvise(s->map, (size_t)s->filed, MADV_DONTNEED);
}

/* Entries that lie one after the other are written in one go. */
static void
write_entries(struct th_feedout *f, struct th_out *out)
{
	const char *sep = f->format->separator;
	const struct feedout_entry *e = f->entry;
	struct th_str text, next;
	size_t i;

	for (i = 0; i < f->n && out->status == TH_OK; i++) {
		text = spool_at(&f->spool, e[i].offset, e[i].len);
		if (i > 0)
			th_out_write(out, th_str(sep));
		for (; *sep == '\0' && i + 1 < f->n; i++) {
			next =
			    spool_at(&f->spool, e[i + 1].offset, e[i + 1].len);
			if (next.s != text.s + text.len || text.len > 65536)
				break;
			text.len += next.len;
		}
		th_out_write(out, text);
		spool_forget(&f->spool, text.len);
	}
}

enum th_status
th_feedout_finish(struct th_feedout *f, struct th_out *out, struct th_err *err)
{
	enum th_status st;

	if (f->merged || f->opt.max > 0)
		sort_entries(f);
	sum_up(f);
	th_buf_clear(&f->b);
	f->format->head(f);
	if ((st = check_memory(f, err)) != TH_OK ||
	    (st = spool_map(&f->spool, err)) != TH_OK)
		return st;
	th_out_write(out, th_buf_str(&f->b));
	write_entries(f, out);
	return th_out_write(out, th_str(f->format->tail));
}

/* stream -- lines in, lines out */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scan.h"
#include "trigger.h"

#define OUT_SIZE ((size_t)64 << 10)
#define IN_SIZE ((size_t)256 << 10)

/* Zeros behind what was read, so that a scanner may look ahead. */
#define SLACK 64

/* ---- out ---- */

void
th_out_init(struct th_out *o, int fd)
{
	*o = (struct th_out){ .fd = fd };
	th_buf_init(&o->buf, OUT_SIZE);
}

void
th_out_release(struct th_out *o)
{
	th_buf_release(&o->buf);
}

static void
wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	poll(&p, 1, 1000);
}

static enum th_status
write_all(struct th_out *o, const char *p, size_t len)
{
	ssize_t n;

	while (len > 0 && o->status == TH_OK) {
		n = write(o->fd, p, len);
		if (n >= 0) {
			p += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			wait_for(o->fd, POLLOUT);
		} else if (errno != EINTR) {
			o->error = errno;
			o->status = errno == EPIPE ? TH_END : TH_EIO;
		}
	}
	return o->status;
}

enum th_status
th_out_flush(struct th_out *o)
{
	write_all(o, o->buf.data, o->buf.len);
	th_buf_clear(&o->buf);
	return o->status;
}

/* Without memory for the buffer all is written at once: slow, but written. */
enum th_status
th_out_write(struct th_out *o, struct th_str s)
{
	if (o->status != TH_OK)
		return o->status;
	if (o->buf.data == NULL && th_buf_reserve(&o->buf, OUT_SIZE) != TH_OK)
		th_buf_clear(&o->buf);
	if (s.len > OUT_SIZE - o->buf.len && th_out_flush(o) != TH_OK)
		return o->status;
	if (o->buf.data == NULL || s.len > OUT_SIZE)
		return write_all(o, s.s, s.len);
	th_buf_add(&o->buf, s.s, s.len);
	return TH_OK;
}

enum th_status
th_out_line(struct th_out *o, struct th_str s)
{
	o->lines++;
	th_out_write(o, s);
	return th_out_write(o, TH_STR("\n"));
}

enum th_status
th_out_item(struct th_out *o, const struct th_item *it)
{
	const struct th_member *m;
	size_t i;

	if (!it->edited)
		return th_out_line(o, it->line);
	th_out_write(o, TH_STR("{"));
	for (i = 0; i < it->n; i++) {
		m = &it->member[i];
		th_out_write(o, th_str(i == 0 ? "\"" : ",\""));
		th_out_write(o, m->key);
		th_out_write(o, TH_STR("\":"));
		th_out_write(o, m->value.raw);
	}
	return th_out_line(o, TH_STR("}"));
}

/* ---- in ---- */

void
th_stream_init(struct th_stream *s, int fd, struct th_out *out)
{
	*s = (struct th_stream){ .fd = fd, .out = out };
	th_buf_init(&s->buf, TH_LINE_MAX + 1 + SLACK);
}

void
th_stream_release(struct th_stream *s)
{
	th_buf_release(&s->buf);
}

/* Room to read into: what is used up goes, a long line makes it grow. */
static enum th_status
make_room(struct th_stream *s)
{
	size_t cap = s->buf.cap > 0 ? s->buf.cap : IN_SIZE;
	size_t len = s->end - s->pos;
	char *data;

	if (s->pos > 0)
		memmove(s->buf.data, s->buf.data + s->pos, len);
	s->seen -= s->pos;
	s->pos = 0;
	s->end = len;
	if (cap > IN_SIZE && len < IN_SIZE / 2)
		cap = IN_SIZE;
	else if (len + SLACK >= cap)
		cap = cap < s->buf.max / 2 ? cap * 2 : s->buf.max;
	if (cap == s->buf.cap)
		return TH_OK;
	data = th_realloc(s->buf.data, cap);
	if (data == NULL)
		return TH_ENOMEM;
	s->buf.data = data;
	s->buf.cap = cap;
	return TH_OK;
}

/* Waits for input with nothing held back, or until interrupted. */
static enum th_status
wait_for_input(struct th_stream *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };
	const int64_t start = th_steady_ms();
	enum th_status st;

	/* For no descriptor poll() would wait; read() says what is wrong. */
	if (s->fd < 0 || poll(&p, 1, 0) > 0)
		return TH_OK;
	if (s->out != NULL) {
		st = th_out_flush(s->out);
		if (st != TH_OK)
			return th_fail(&s->err, st, "cannot write: %s",
			    strerror(s->out->error));
	}
	while (!th_interrupted) {
		if (poll(&p, 1, 1000) > 0)
			return TH_OK;
		if (s->patience > 0 && th_steady_ms() - start >= s->patience)
			return th_fail(
			    &s->err, TH_EUNAVAIL, "silent for too long");
	}
	return th_fail(&s->err, TH_EAGAIN, "interrupted");
}

static enum th_status
fill(struct th_stream *s)
{
	enum th_status st = make_room(s);
	ssize_t n;

	if (st != TH_OK)
		return th_fail(&s->err, st, "%s", th_strstatus(st));
	do {
		st = wait_for_input(s);
		if (st != TH_OK)
			return st;
		n = read(
		    s->fd, s->buf.data + s->end, s->buf.cap - SLACK - s->end);
	} while (n < 0 &&
		 (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK));
	if (n < 0)
		return th_fail(&s->err, TH_EIO, "%s", strerror(errno));
	s->eof = n == 0;
	s->end += (size_t)n;
	memset(s->buf.data + s->end, 0, SLACK);
	return TH_OK;
}

/* The next line, however long it is; TH_EDATA when that is too long. */
static enum th_status
next_line(struct th_stream *s, struct th_str *ret)
{
	char *nl = NULL;
	enum th_status st;

	for (;;) {
		if (s->end > s->seen)
			nl = memchr(
			    s->buf.data + s->seen, '\n', s->end - s->seen);
		if (nl != NULL || s->eof)
			break;
		s->seen = s->end;
		if (s->end - s->pos > TH_LINE_MAX) {
			s->skipping = true;
			s->pos = s->seen = s->end = 0;
		} else if (s->skipping) {
			s->pos = s->seen = s->end = 0;
		}
		st = fill(s);
		if (st != TH_OK)
			return st;
	}
	if (nl == NULL && s->pos == s->end && !s->skipping)
		return TH_END;
	ret->s = s->buf.data + s->pos;
	ret->len = (size_t)((nl != NULL ? nl : s->buf.data + s->end) - ret->s);
	s->pos = s->seen = nl != NULL ? (size_t)(nl + 1 - s->buf.data) : s->end;
	s->line++;
	s->err.line = s->line;
	if (!s->skipping && ret->len <= TH_LINE_MAX)
		return TH_OK;
	s->skipping = false;
	return th_fail(
	    &s->err, TH_EDATA, "longer than %zu MiB", TH_LINE_MAX >> 20);
}

static bool
has_lines(struct th_str s, size_t lines)
{
	const char *nl;

	for (; lines > 0; lines--) {
		if ((nl = memchr(s.s, '\n', s.len)) == NULL)
			return false;
		s.len -= (size_t)(nl + 1 - s.s);
		s.s = nl + 1;
	}
	return true;
}

enum th_status
th_stream_peek(struct th_stream *s, size_t lines, struct th_str *ret)
{
	enum th_status st = TH_OK;

	do {
		*ret =
		    (struct th_str){ s->buf.data != NULL ? s->buf.data + s->pos
							 : "",
			    s->end - s->pos };
		if (s->eof || ret->len >= TH_LINE_MAX ||
		    (ret->len > 0 && has_lines(*ret, lines)))
			return TH_OK;
	} while ((st = fill(s)) == TH_OK);
	return st;
}

static bool
is_blank(struct th_str line)
{
	const char *end = line.s + line.len;

	return line.len == 0 || th_scan_space(line.s, end) == end;
}

static enum th_status
next_item(struct th_stream *s, struct th_item *ret)
{
	struct th_str line;
	enum th_status st;

	s->err = (struct th_err){ 0 };
	do {
		if (th_interrupted && !(s->eof && s->pos == s->end))
			return th_fail(&s->err, TH_EAGAIN, "interrupted");
		st = next_line(s, &line);
		if (st != TH_OK)
			return st;
		if (s->line == 1 && th_str_has_prefix(line, "\xef\xbb\xbf")) {
			line.s += 3;
			line.len -= 3;
		}
	} while (is_blank(line));
	return th_item_parse_in(
	    ret, line, s->buf.data + s->end + SLACK, &s->err);
}

enum th_status
th_stream_next(struct th_stream *s, struct th_item *ret)
{
	enum th_status st = next_item(s, ret);

	s->items += st == TH_OK;
	s->bad += st == TH_EDATA;
	return st;
}

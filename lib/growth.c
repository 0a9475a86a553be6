/* growth -- a file that grows by a line an item, each once, whatever happens */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trigger.h"

#define PIECE ((size_t)64 << 10)

/* Behind the end of a line. */
static bool
contains(struct th_str s, struct th_str what)
{
	const char *p = s.s, *end = s.s + s.len;

	while ((size_t)(end - p) > what.len &&
	       (p = memchr(p, '\n', (size_t)(end - p) - what.len)) != NULL)
		if (memcmp(++p, what.s, what.len) == 0)
			return true;
	return false;
}

/* However long the file is, twice the text and a piece are in memory. */
static enum th_status
look_for_text(int fd, struct th_str what, bool *ret, struct th_err *err)
{
	const size_t room = what.len + PIECE;
	struct th_buf b;
	enum th_status st;
	ssize_t n = 1;

	th_buf_init(&b, room + what.len + 2);
	th_buf_addc(&b, '\n'); /* a first line begins like any other */
	st = th_buf_reserve(&b, room + what.len);
	while (st == TH_OK && n != 0 && !*ret) {
		n = read(fd, b.data + b.len, room);
		if (n < 0 && errno != EINTR)
			st = th_fail(
			    err, TH_EIO, "cannot read: %s", strerror(errno));
		if (n <= 0)
			continue;
		b.len += (size_t)n;
		*ret = contains(th_buf_str(&b), what);
		if (b.len > what.len) { /* it may have begun here */
			memmove(b.data, b.data + b.len - what.len, what.len);
			b.len = what.len;
		}
	}
	th_buf_release(&b);
	return st == TH_ENOMEM ? th_fail(err, st, "out of memory") : st;
}

static bool
has_id(struct th_item *it, struct th_str id)
{
	struct th_buf b;
	bool same;

	th_buf_init(&b, TH_LINE_MAX);
	same = th_item_text(it, "id", &b) == TH_OK &&
	       th_str_equal(th_buf_str(&b), id);
	th_buf_release(&b);
	return same;
}

/* Is an item that we may have written before we died there? */
static enum th_status
look_for(int fd, const struct th_growth *g, bool *ret, struct th_err *err)
{
	struct th_stream in;
	struct th_item it;
	enum th_status st;

	*ret = false;
	if (g->id.s == NULL)
		return look_for_text(fd, g->line, ret, err);
	th_item_init(&it);
	th_stream_init(&in, fd, NULL);
	do {
		st = th_stream_next(&in, &it);
		*ret = st == TH_OK && has_id(&it, g->id);
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
mend_tail(int fd, const struct th_growth *g, struct th_err *err)
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
	whole = g->id.s == NULL || st == TH_EDATA ||
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

enum th_status
th_growth_append(
    const struct th_growth *g, const struct th_place *p, struct th_err *err)
{
	bool there = false;
	enum th_status st;
	struct stat sb;
	int fd;

	fd = openat(p->dir, p->name,
	    O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return th_fail(err, errno == ENOMEM ? TH_ENOMEM : TH_ECREATE,
		    "%s: %s", p->path.data, strerror(errno));
	if ((st = th_file_lock(fd, err)) == TH_OK)
		st = mend_tail(fd, g, err);
	if (st == TH_OK && g->doubtful && lseek(fd, 0, SEEK_SET) == 0)
		st = look_for(fd, g, &there, err);
	/* Who wrote it may not have lived to sync it. */
	if (there && fsync(fd) < 0)
		st = th_fail(err, TH_EIO, "cannot write: %s", strerror(errno));
	if (st == TH_OK && there)
		st = th_file_sync_dir(p->dir, err);
	if (st == TH_OK && !there && fstat(fd, &sb) == 0) {
		st = add_line(fd, g->line, err);
		if (st == TH_OK && sb.st_size == 0)
			st = th_file_sync_dir(p->dir, err);
	}
	close(fd);
	return st;
}

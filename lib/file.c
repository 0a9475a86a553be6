/* file -- files that are whole or not there */
#define _XOPEN_SOURCE 700 /* realpath() */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trigger.h"

#define PIECE ((size_t)64 << 10)

/*
 * The new bytes go to ".NAME.tmp" beside the file.  That name is fixed and
 * locked, so one that a crash left behind is used again, and two writers of one
 * file wait for each other (the second after the first's rename).
 */
enum th_status
th_file_lock(int fd, struct th_err *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	while (fcntl(fd, F_SETLKW, &lock) < 0) {
		if (errno == EINTR && th_interrupted)
			return th_fail(err, TH_EAGAIN, "interrupted");
		if (errno != EINTR)
			return th_fail(
			    err, TH_EIO, "cannot lock: %s", strerror(errno));
	}
	return TH_OK;
}

/* Does the name still lead to the file that fd has open? */
static bool
is_named(int dir, const char *name, int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 &&
	       fstatat(dir, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* One that somebody else laid out for us to write into is refused. */
static enum th_status
check_temp(struct th_file *f, struct th_err *err)
{
	struct stat sb;

	if (fstat(f->fd, &sb) < 0 || !S_ISREG(sb.st_mode) || sb.st_nlink > 1 ||
	    sb.st_uid != geteuid())
		return th_fail(err, TH_ECREATE,
		    "%s is in the way and not ours to replace", f->temp);
	return TH_OK;
}

static enum th_status
open_temp(struct th_file *f, struct th_err *err)
{
	enum th_status st;

	for (;;) {
		f->fd = openat(f->dir, f->temp,
		    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (f->fd < 0)
			return th_fail(err, TH_ECREATE, "cannot create %s: %s",
			    f->temp, strerror(errno));
		if ((st = check_temp(f, err)) != TH_OK ||
		    (st = th_file_lock(f->fd, err)) != TH_OK)
			return st;
		if (is_named(f->dir, f->temp, f->fd))
			break;
		close(f->fd); /* the one before us renamed it */
	}
	f->ours = true;
	if (ftruncate(f->fd, 0) < 0)
		return th_fail(
		    err, TH_EIO, "cannot write: %s", strerror(errno));
	return TH_OK;
}

/* A new file obeys the umask; an old one keeps its bits that mode allows. */
static enum th_status
set_mode(struct th_file *f, unsigned mode, struct th_err *err)
{
	struct stat sb;
	mode_t mask;

	if (fstatat(f->dir, f->name, &sb, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!S_ISREG(sb.st_mode))
			return th_fail(err, TH_ECREATE,
			    "%s is not a regular file", f->name);
		mode &= sb.st_mode;
	} else {
		mask = umask(0);
		umask(mask);
		mode &= ~mask;
	}
	if (fchmod(f->fd, (mode_t)mode) < 0)
		return th_fail(err, TH_ECREATE, "cannot create %s: %s", f->temp,
		    strerror(errno));
	return TH_OK;
}

static void
drop_temp(struct th_file *f)
{
	if (f->ours)
		unlinkat(f->dir, f->temp, 0); /* while we hold the lock */
	f->ours = false;
}

enum th_status
th_file_openat(int dir, const char *name, unsigned mode, struct th_file *ret,
    struct th_err *err)
{
	struct th_file f = { .dir = dir, .fd = -1 };
	struct th_buf temp;
	enum th_status st;

	th_buf_init(&temp, PIECE);
	th_buf_addf(&temp, ".%s.tmp", name);
	f.temp = th_buf_take(&temp);
	f.name = th_strdup(name);
	if (f.temp == NULL || f.name == NULL)
		st = th_fail(err, TH_ENOMEM, "out of memory");
	else if ((st = open_temp(&f, err)) == TH_OK)
		st = set_mode(&f, mode, err);
	th_buf_release(&temp);
	if (st == TH_OK) {
		*ret = f;
		return TH_OK;
	}
	drop_temp(&f);
	f.dir = -1; /* the caller's still */
	th_file_release(&f);
	return st;
}

/* Splits off the directory and opens it. */
static int
open_dir(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int fd;

	*ret_name = slash == NULL ? path : slash + 1;
	if (slash == NULL)
		dir = th_strdup(".");
	else
		dir = th_strndup(
		    path, slash == path ? 1 : (size_t)(slash - path));
	if (dir == NULL) {
		errno = ENOMEM;
		return -1;
	}
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	return fd;
}

enum th_status
th_file_open(
    const char *path, unsigned mode, struct th_file *ret, struct th_err *err)
{
	char *real =
	    realpath(path, NULL); /* a link stays; what it names goes */
	const char *name;
	enum th_status st;
	int dir;

	if (real == NULL && errno == ENOMEM)
		return th_fail(err, TH_ENOMEM, "out of memory");
	dir = open_dir(real != NULL ? real : path, &name);
	if (dir < 0 && errno == ENOMEM)
		st = th_fail(err, TH_ENOMEM, "out of memory");
	else if (dir < 0)
		st = th_fail(err, TH_ECREATE, "cannot create %s: %s", path,
		    strerror(errno));
	else if (*name == '\0')
		st = th_fail(err, TH_ECREATE, "%s is a directory", path);
	else
		st = th_file_openat(dir, name, mode, ret, err);
	if (st != TH_OK && dir >= 0)
		close(dir);
	free(real);
	return st;
}

void
th_file_release(struct th_file *f)
{
	drop_temp(f);
	if (f->fd > 0)
		close(f->fd);
	if (f->dir > 0)
		close(f->dir);
	free(f->name);
	free(f->temp);
	*f = (struct th_file){ .fd = -1, .dir = -1 };
}

/* Reads until the piece is full or the file ends. */
static ssize_t
read_piece(int fd, char *p, off_t at)
{
	size_t len = 0;
	ssize_t n;

	while (len < PIECE) {
		n = pread(fd, p + len, PIECE - len, at + (off_t)len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static bool
same_bytes(int a, int b)
{
	char *p = th_malloc(2 * PIECE);
	bool same = p != NULL;
	ssize_t n = 1;
	off_t at;

	for (at = 0; same && n > 0; at += n) {
		n = read_piece(a, p, at);
		same = n >= 0 && read_piece(b, p + PIECE, at) == n &&
		       memcmp(p, p + PIECE, (size_t)n) == 0;
	}
	free(p);
	return same;
}

/* Does the file have these bytes already?  When in doubt it does not. */
static bool
is_unchanged(const struct th_file *f)
{
	struct stat a, b;
	bool same;
	int fd;

	fd = openat(f->dir, f->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return false;
	same = fstat(fd, &a) == 0 && fstat(f->fd, &b) == 0 &&
	       a.st_size == b.st_size && a.st_mode == b.st_mode &&
	       same_bytes(fd, f->fd);
	close(fd);
	return same;
}

enum th_status
th_file_sync_dir(int dir, struct th_err *err)
{
	/* Some file systems cannot sync a directory, and need not. */
	if (fsync(dir) < 0 && errno != EINVAL && errno != EROFS)
		return th_fail(err, TH_EIO, "cannot sync: %s", strerror(errno));
	return TH_OK;
}

enum th_status
th_file_commit(struct th_file *f, struct th_err *err)
{
	if (is_unchanged(f)) /* but perhaps its name is not on disk yet */
		return th_file_sync_dir(f->dir, err);
	if (fsync(f->fd) < 0)
		return th_fail(err, TH_EIO, "cannot write %s: %s", f->name,
		    strerror(errno));
	if (renameat(f->dir, f->temp, f->dir, f->name) < 0)
		return th_fail(err, TH_ECREATE, "cannot replace %s: %s",
		    f->name, strerror(errno));
	f->ours = false;
	return th_file_sync_dir(f->dir, err);
}

enum th_status
th_file_write(int fd, struct th_str bytes, struct th_err *err)
{
	ssize_t n;

	while (bytes.len > 0) {
		n = write(fd, bytes.s, bytes.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return th_fail(
			    err, TH_EIO, "cannot write: %s", strerror(errno));
		bytes.s += n;
		bytes.len -= (size_t)n;
	}
	return TH_OK;
}

enum th_status
th_file_replace(
    const char *path, struct th_str bytes, unsigned mode, struct th_err *err)
{
	struct th_file f = { .fd = -1, .dir = -1 };
	enum th_status st;

	if ((st = th_file_open(path, mode, &f, err)) != TH_OK)
		return st;
	if ((st = th_file_write(f.fd, bytes, err)) == TH_OK)
		st = th_file_commit(&f, err);
	th_file_release(&f);
	return st;
}

/* name and end stand before a message. */
static enum th_status
read_all(int fd, const char *name, const char *end, struct th_buf *ret,
    struct th_err *err)
{
	char piece[16384];
	ssize_t n;

	while (!th_interrupted) {
		n = read(fd, piece, sizeof(piece));
		if (n == 0)
			return TH_OK;
		if (n < 0 && errno != EINTR)
			return th_fail(err, TH_EIO, "%s%scannot read: %s", name,
			    end, strerror(errno));
		if (n > 0 && th_buf_add(ret, piece, (size_t)n) != TH_OK)
			return th_fail(err, ret->status, "%s%s%s", name, end,
			    ret->status == TH_EDATA ? "too large"
						    : "out of memory");
	}
	return th_fail(err, TH_EAGAIN, "interrupted");
}

enum th_status
th_file_read_fd(int fd, struct th_buf *ret, struct th_err *err)
{
	return read_all(fd, "", "", ret, err);
}

enum th_status
th_file_read(const char *path, struct th_buf *ret, struct th_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum th_status st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return th_fail(err, TH_END, "%s: %s", path, strerror(errno));
	if (fd < 0)
		return th_fail(err, TH_EIO, "%s: %s", path, strerror(errno));
	st = read_all(fd, path, ": ", ret, err);
	close(fd);
	return st;
}

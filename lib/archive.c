/*
 * archive -- tar files, by libarchive
 *
 * What is read is foreign: only plain members of tar itself are handed out, and
 * names, kinds and sizes are for the caller to judge before a byte is written.
 * Nothing is ever extracted by the library.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trigger.h"

#define PIECE ((size_t)64 << 10)

struct th_archive {
	struct archive *a;
	struct archive_entry *entry; /* borrowed when reading */
	bool writing;
};

static enum th_status
fail(const struct th_archive *a, enum th_status st, struct th_err *err)
{
	const char *why = archive_error_string(a->a);
	int error = archive_errno(a->a);

	if (error == ENOMEM || th_alloc_failed())
		st = TH_ENOMEM;
	else if (error == EPIPE && a->writing)
		st = TH_END;
	if (a->writing && error > 0) /* the library says "Write error" */
		why = strerror(error);
	return th_fail(err, st, "%s", why != NULL ? why : th_strstatus(st));
}

static enum th_status
make(bool writing, struct th_archive **ret)
{
	struct th_archive *a = th_calloc(1, sizeof(*a));

	if (a == NULL)
		return TH_ENOMEM;
	a->writing = writing;
	a->a = writing ? archive_write_new() : archive_read_new();
	if (writing)
		a->entry = archive_entry_new();
	if (a->a == NULL || (writing && a->entry == NULL)) {
		th_archive_free(a);
		return TH_ENOMEM;
	}
	*ret = a;
	return TH_OK;
}

void
th_archive_free(struct th_archive *a)
{
	if (a == NULL)
		return;
	if (a->writing) {
		archive_entry_free(a->entry);
		archive_write_free(a->a);
	} else {
		archive_read_free(a->a);
	}
	free(a);
}

/* ---- writing ---- */

enum th_status
th_archive_create(int fd, struct th_archive **ret, struct th_err *err)
{
	struct th_archive *a;
	enum th_status st = make(true, &a);

	if (st != TH_OK)
		return th_fail(err, st, "out of memory");
	/* Not a byte more than tar asks for, and none held back. */
	if (archive_write_set_format_pax_restricted(a->a) < ARCHIVE_WARN ||
	    archive_write_set_bytes_in_last_block(a->a, 512) < ARCHIVE_WARN ||
	    archive_write_open_fd(a->a, fd) != ARCHIVE_OK) {
		st = fail(a, TH_EIO, err);
		th_archive_free(a);
		return st;
	}
	*ret = a;
	return TH_OK;
}

enum th_status
th_archive_begin(struct th_archive *a, const char *name, unsigned mode,
    int64_t size, struct th_err *err)
{
	archive_entry_clear(a->entry);
	archive_entry_set_pathname(a->entry, name);
	archive_entry_set_filetype(a->entry, AE_IFREG);
	archive_entry_set_perm(a->entry, mode);
	archive_entry_set_size(a->entry, size);
	archive_entry_set_mtime(a->entry, th_now(), 0);
	if (archive_write_header(a->a, a->entry) != ARCHIVE_OK)
		return fail(a, TH_EIO, err);
	return TH_OK;
}

enum th_status
th_archive_write(struct th_archive *a, struct th_str bytes, struct th_err *err)
{
	if (bytes.len > 0 && archive_write_data(a->a, bytes.s, bytes.len) !=
				 (la_ssize_t)bytes.len)
		return fail(a, TH_EIO, err);
	return TH_OK;
}

enum th_status
th_archive_add(struct th_archive *a, const char *name, unsigned mode,
    struct th_str bytes, struct th_err *err)
{
	enum th_status st =
	    th_archive_begin(a, name, mode, (int64_t)bytes.len, err);

	return st == TH_OK ? th_archive_write(a, bytes, err) : st;
}

enum th_status
th_archive_finish(struct th_archive *a, struct th_err *err)
{
	return archive_write_close(a->a) == ARCHIVE_OK ? TH_OK
						       : fail(a, TH_EIO, err);
}

/* ---- reading ---- */

enum th_status
th_archive_open(int fd, struct th_archive **ret, struct th_err *err)
{
	struct th_archive *a;
	enum th_status st = make(false, &a);

	if (st != TH_OK)
		return th_fail(err, st, "out of memory");
	/* No compression: it could make a small file a huge one. */
	if (archive_read_support_format_tar(a->a) != ARCHIVE_OK ||
	    archive_read_open_fd(a->a, fd, PIECE) != ARCHIVE_OK) {
		st = fail(a, TH_EDATA, err);
		th_archive_free(a);
		return st;
	}
	*ret = a;
	return TH_OK;
}

enum th_status
th_archive_next(
    struct th_archive *a, struct th_archived *ret, struct th_err *err)
{
	const int rc = archive_read_next_header(a->a, &a->entry);

	if (rc == ARCHIVE_EOF)
		return TH_END;
	if (rc != ARCHIVE_OK)
		return fail(a, TH_EDATA, err);
	*ret = (struct th_archived){ .name = archive_entry_pathname(a->entry),
		.size = archive_entry_size(a->entry) };
	if (archive_entry_hardlink(a->entry) != NULL ||
	    archive_entry_symlink(a->entry) != NULL ||
	    archive_entry_sparse_count(a->entry) > 0)
		ret->kind = TH_MEMBER_OTHER;
	else if (archive_entry_filetype(a->entry) == AE_IFREG)
		ret->kind = TH_MEMBER_FILE;
	else if (archive_entry_filetype(a->entry) == AE_IFDIR)
		ret->kind = TH_MEMBER_DIRECTORY;
	else
		ret->kind = TH_MEMBER_OTHER;
	if (ret->name == NULL)
		return th_fail(err, TH_EDATA, "a name that is no text");
	return TH_OK;
}

enum th_status
th_archive_read(struct th_archive *a, char *ret, size_t size, size_t *got,
    struct th_err *err)
{
	const la_ssize_t n = archive_read_data(a->a, ret, size);

	if (n < 0)
		return fail(a, TH_EDATA, err);
	*got = (size_t)n;
	return n == 0 ? TH_END : TH_OK;
}

/*
 * failmalloc -- a malloc() that fails once, for LD_PRELOAD
 *
 * FAILMALLOC=N fails the Nth allocation after the libraries have started;
 * FAILMALLOC_TOLD=FILE is made when that has happened.  What glibc's loader and
 * the constructors of libraries allocate is theirs and not counted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static atomic_long left; /* until the one that fails; 0: none does */
static const char *told;

__attribute__((__constructor__)) static void
start(void)
{
	const char *n = getenv("FAILMALLOC");

	told = getenv("FAILMALLOC_TOLD");
	/* Programs that this one starts are left alone. */
	unsetenv("LD_PRELOAD");
	if (n != NULL)
		left = strtol(n, NULL, 10);
}

static int
fails(void)
{
	int fd;

	if (left <= 0 || atomic_fetch_sub(&left, 1) != 1)
		return 0;
	fd = told != NULL ? open(told, O_WRONLY | O_CREAT, 0600) : -1;
	if (fd >= 0)
		close(fd);
	errno = ENOMEM;
	return 1;
}

void *
malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
	return fails() ? NULL : __libc_realloc(p, size);
}

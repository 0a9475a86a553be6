/* alloc -- memory that can be watched */
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

/* One a thread, so that a failure is told where it happened. */
static _Thread_local bool failed;

static void *
noted(void *p)
{
	if (p == NULL)
		failed = true;
	return p;
}

/* No size is 0: some systems answer NULL to that, and it is no failure. */
void *
th_malloc(size_t size)
{
	return noted(malloc(size > 0 ? size : 1));
}

void *
th_calloc(size_t n, size_t size)
{
	return noted(n > 0 && size > 0 ? calloc(n, size) : calloc(1, 1));
}

void *
th_realloc(void *p, size_t size)
{
	return noted(realloc(p, size > 0 ? size : 1));
}

char *
th_strdup(const char *s)
{
	return th_strndup(s, strlen(s));
}

char *
th_strndup(const char *s, size_t max)
{
	size_t len = strnlen(s, max);
	char *p = th_malloc(len + 1);

	if (p == NULL)
		return NULL;
	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

bool
th_alloc_failed(void)
{
	return failed;
}

void
th_alloc_reset(void)
{
	failed = false;
}

/* alloc -- memory that can be watched */
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

/* One a thread, so that a failure is told where it happened. */
static _Thread_local bool failed;

/* Put by for what must not fail half way; see th_alloc_reserve(). */
static _Thread_local void *reserve;

/* Is it worth trying again?  When there was a reserve, which is free now. */
static bool
again(const void *p)
{
	bool had = reserve != NULL;

	if (p != NULL)
		return false;
	free(reserve);
	reserve = NULL;
	failed = failed || !had;
	return had;
}

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
	void *p = malloc(size > 0 ? size : 1);

	return again(p) ? noted(malloc(size > 0 ? size : 1)) : p;
}

void *
th_calloc(size_t n, size_t size)
{
	void *p;

	if (n == 0 || size == 0)
		n = size = 1;
	p = calloc(n, size);
	return again(p) ? noted(calloc(n, size)) : p;
}

void *
th_realloc(void *p, size_t size)
{
	void *q = realloc(p, size > 0 ? size : 1);

	return again(q) ? noted(realloc(p, size > 0 ? size : 1)) : q;
}

bool
th_alloc_reserve(size_t size)
{
	if (reserve == NULL)
		reserve = noted(malloc(size));
	return reserve != NULL;
}

void
th_alloc_unreserve(void)
{
	free(reserve);
	reserve = NULL;
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

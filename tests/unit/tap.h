/* tap.h -- a line for each test, the plan at the end */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stdio.h>

static int tap_n, tap_failed;

static inline void
ok(const char *name, bool good)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++tap_n, name);
	tap_failed += !good;
}

/* Prints the plan and returns main()'s exit code. */
static inline int
done(void)
{
	printf("1..%d\n", tap_n);
	return tap_failed != 0;
}

#endif

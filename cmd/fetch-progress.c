/* fetch-progress -- one line on a terminal that tells how far it is */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fetch.h"

#define FEW 8 /* so many sources need no telling */
#define INTERVAL_MS 100

static bool shown;

static bool
is_wanted(void)
{
	static int wanted = -1;
	const char *no_color = getenv("NO_COLOR");

	/* Items that go to the same terminal are progress enough. */
	if (wanted == -1)
		wanted = cmd_verbose >= 0 && isatty(STDERR_FILENO) &&
			 !isatty(STDOUT_FILENO) &&
			 (no_color == NULL || no_color[0] == '\0');
	return wanted == 1;
}

static void
draw(const char *line)
{
	ssize_t n = write(STDERR_FILENO, line, strlen(line));

	(void)n; /* nobody can be told */
}

void
fetch_progress_end(void)
{
	if (shown)
		draw("\r\033[K");
	shown = false;
}

void
fetch_progress(void *ctx, size_t done, size_t total)
{
	static int64_t last;
	char line[80];
	int64_t now;

	(void)ctx;
	/* Whoever reads our output need not wait for the slowest source. */
	if (done < total)
		th_out_flush(&cmd_out);
	if (!is_wanted() || total <= FEW)
		return;
	now = th_steady_ms();
	if (now - last < INTERVAL_MS)
		return;
	last = now;
	snprintf(line, sizeof(line), "\r\033[K%zu of %zu read", done, total);
	draw(line);
	shown = true;
}

void
fetch_say(void *ctx, int level, enum th_status st, const char *text)
{
	(void)ctx;
	if (cmd_verbose >= level)
		fetch_progress_end();
	cmd_session_say(NULL, level, st, text);
}

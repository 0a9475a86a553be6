/*
 * report -- what a program of a trigger's pipeline tells th-trigger of its end
 *
 * TH_REPORT names a file that all programs of one run append lines to: one when
 * they start, one when they are done.  A line that is missing means that the
 * program was killed, so none needs to be written by a signal handler.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"

#define RUN_MAX 160
#define REPORT_MAX ((size_t)8 << 10)

static int report = -1;
static struct th_buf told; /* the line of the end, as far as it is known */
static char why[300];      /* the last that went wrong */

static bool
is_run(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
			     "XYZ0123456789_.:-");

	return n > 0 && n <= RUN_MAX && s[n] == '\0';
}

/* One write: lines of several programs do not mix. */
static bool
put(const char *line, size_t len)
{
	ssize_t n;

	do
		n = write(report, line, len);
	while (n == -1 && errno == EINTR);
	return n == (ssize_t)len;
}

/* Needs no memory: the end must be told even when there is none left. */
static bool
put_plain(const char *what, int value)
{
	char line[RUN_MAX + 128];
	int n;

	n = snprintf(line, sizeof(line),
	    "{\"run\":\"%s\",\"pid\":%ld,\"program\":\"%s\",\"%s\":%d}\n",
	    getenv("TH_RUN"), (long)getpid(), cmd_program->name, what, value);
	return n > 0 && put(line, (size_t)n);
}

void
cmd_report_start(void)
{
	const char *path = getenv("TH_REPORT"), *run = getenv("TH_RUN");

	if (path == NULL || run == NULL || !is_run(run))
		return;
	report = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	/* A run that is over, or another machine: nobody listens. */
	if (report == -1 && errno == ENOENT)
		return;
	if (report == -1 || !put_plain("start", 1))
		cmd_die(TH_EIO, "%s: %s", path, strerror(errno));
	th_buf_init(&told, REPORT_MAX);
	th_json_open(&told, '{');
	th_json_member(&told, "run", th_str(run));
	th_json_member_int(&told, "pid", (int64_t)getpid());
	th_json_member(&told, "program", th_str(cmd_program->name));
}

void
cmd_tell(const char *key, const char *text)
{
	if (report != -1)
		th_json_member(&told, key, th_str(text));
}

void
cmd_tell_count(const char *key, int64_t n)
{
	if (report == -1)
		return;
	th_json_member_int(&told, key, n);
}

void
cmd_report_why(const char *text)
{
	size_t n = strlen(text);

	/* A place that a message before this one speaks of. */
	if (text[0] == ' ')
		return;
	if (n >= sizeof(why))
		n = sizeof(why) - 1;
	/* Not in the middle of a character. */
	while (
	    n > 0 && text[n] != '\0' && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	memcpy(why, text, n);
	why[n] = '\0';
}

void
cmd_report_end(int code)
{
	if (report == -1)
		return;
	if (code != 0 && why[0] != '\0')
		cmd_tell("why", why);
	cmd_tell_count("exit", code);
	th_json_close(&told, '}');
	if (th_buf_addc(&told, '\n') == TH_OK)
		put(told.data, told.len);
	else
		put_plain("exit", code);
	close(report);
	report = -1;
	th_buf_release(&told);
}

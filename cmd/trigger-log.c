/*
 * trigger-log -- what the scripts said, a file for each trigger
 *
 * Lines of standard output have "| " in front, those about the run "--- ".
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "triggers.h"

#define RUN_ROOM ((size_t)64 << 10) /* of a run, for each of the two */
#define LOG_MAX ((size_t)1 << 20)   /* longer: the older part goes */
#define LOG_KEEP ((size_t)512 << 10)
#define PART_MAX ((size_t)4 << 10) /* longer lines are broken */

static void
put(struct trigger_log *l, struct th_str s)
{
	struct th_err err = { 0 };

	/* A log that cannot be written is no reason to leave the work. */
	if (l->fd != -1 && th_file_write(l->fd, s, &err) != TH_OK) {
		cmd_warn("log: %s", err.text);
		close(l->fd);
		l->fd = -1;
	}
}

static void
put_line(struct trigger_log *l, const char *mark, struct th_str s)
{
	struct th_buf b;

	th_buf_init(&b, PART_MAX * 2);
	th_buf_adds(&b, mark);
	th_buf_add(&b, s.s, s.len);
	th_buf_addc(&b, '\n');
	if (b.status == TH_OK)
		put(l, th_buf_str(&b));
	th_buf_release(&b);
}

/* Runs of one trigger never overlap, so nobody else appends meanwhile. */
static void
cut_old(const char *path)
{
	struct th_err err = { 0 };
	struct th_str s;
	struct stat sb;
	struct th_buf b;
	const char *nl;

	if (stat(path, &sb) == -1 || (size_t)sb.st_size <= LOG_MAX)
		return;
	th_buf_init(&b, LOG_MAX * 4);
	if (th_file_read(path, &b, &err) == TH_OK && b.len > LOG_KEEP) {
		s = (struct th_str){ b.data + b.len - LOG_KEEP, LOG_KEEP };
		if ((nl = memchr(s.s, '\n', s.len)) != NULL) {
			s.len -= (size_t)(nl + 1 - s.s);
			s.s = nl + 1;
		}
		th_file_replace(path, s, 0600, &err);
	} else if (err.status == TH_EDATA) {
		unlink(path);
	}
	th_buf_release(&b);
}

void
trigger_log_open(struct trigger_log *l, const char *name, const char *run)
{
	char *path = trigger_state_path("log", name), when[64] = "";
	char line[TRIGGER_RUN_MAX + 80];
	time_t now = (time_t)th_now();
	struct tm tm;

	*l = (struct trigger_log){ .room = { RUN_ROOM, RUN_ROOM } };
	th_buf_init(&l->line[0], PART_MAX);
	th_buf_init(&l->line[1], PART_MAX);
	cut_old(path);
	l->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (l->fd == -1)
		cmd_warn("%s: %s", path, strerror(errno));
	if (localtime_r(&now, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S %z", &tm);
	snprintf(line, sizeof(line), "%s  %s", when, run);
	put_line(l, "--- ", th_str(line));
	free(path);
}

/*
 * The last line of stderr is why it failed, most of the time; what our programs
 * say they report.
 */
static void
end_line(struct trigger_log *l, int which)
{
	struct th_str s = th_buf_str(&l->line[which]);

	if (which == 1 && th_str_trim(s).len > 0 &&
	    (s.len < 3 || memcmp(s.s, "th-", 3) != 0))
		snprintf(l->last, sizeof(l->last), "%.*s", (int)s.len, s.s);
	if (s.len <= l->room[which]) {
		l->room[which] -= s.len;
		put_line(l, which == 0 ? "| " : "", s);
	} else {
		l->room[which] = 0;
		l->lost[which] += s.len + 1;
	}
	th_buf_clear(&l->line[which]);
}

void
trigger_log_add(struct trigger_log *l, int which, const char *s, size_t len)
{
	struct th_buf *b = &l->line[which];
	const char *end = s + len, *nl;
	size_t n;

	while (s < end) {
		nl = memchr(s, '\n', (size_t)(end - s));
		n = (size_t)((nl != NULL ? nl : end) - s);
		if (n > PART_MAX - 1 - b->len)
			n = PART_MAX - 1 - b->len;
		if (th_buf_add(b, s, n) != TH_OK)
			th_buf_clear(b);
		s += n;
		if (s == nl || b->len >= PART_MAX - 1) {
			end_line(l, which);
			s += s == nl;
		}
	}
}

void
trigger_log_close(struct trigger_log *l, const char *last_line)
{
	static const char *const what[] = { "output", "messages" };
	char line[128];
	int i;

	for (i = 0; i < 2; i++) {
		if (l->line[i].len > 0)
			end_line(l, i);
		if (l->lost[i] > 0) {
			snprintf(line, sizeof(line),
			    "%zu more bytes of %s are not kept", l->lost[i],
			    what[i]);
			put_line(l, "--- ", th_str(line));
		}
		th_buf_release(&l->line[i]);
	}
	put_line(l, "--- ", th_str(last_line));
	if (l->fd != -1)
		close(l->fd);
	l->fd = -1;
}

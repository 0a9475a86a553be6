/* secret -- a secret that a command prints (pass show, secret-tool, ...) */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

#define OUTPUT_MAX ((size_t)64 << 10)
#define TIME_MAX_MS 60000 /* a person may have to type a passphrase */

void
th_wipe(void *p, size_t len)
{
	volatile unsigned char *b = p;

	while (len-- > 0)
		*b++ = 0;
}

void
th_secret_release(struct th_secret *s)
{
	if (s->value == NULL)
		return;
	th_wipe(s->value, strlen(s->value));
	free(s->value);
	s->value = NULL;
}

void
th_buf_wipe(struct th_buf *b)
{
	th_wipe(b->data, b->cap);
	th_buf_release(b);
}

enum th_status
th_secret_take(struct th_buf *b, enum th_status st, struct th_secret *ret)
{
	if (st == TH_OK && (ret->value = th_buf_take(b)) == NULL)
		st = b->status != TH_OK ? b->status : TH_ENOMEM;
	th_buf_wipe(b);
	return st;
}

/* Standard input is empty, standard output is the pipe. */
static int
spawn(const char *command, char *const *environment, int out, pid_t *ret)
{
	char shell[] = "sh", flag[] = "-c", *copy = th_strdup(command);
	char *argv[] = { shell, flag, copy, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t set;
	int rc;

	if (copy == NULL)
		return ENOMEM;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	if ((rc = posix_spawnattr_init(&attr)) != 0)
		goto no_attr;
	if ((rc = posix_spawn_file_actions_init(&actions)) != 0)
		goto no_actions;
	if ((rc = posix_spawnattr_setsigdefault(&attr, &set)) == 0 &&
	    (rc = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF)) ==
		0 &&
	    (rc = posix_spawn_file_actions_addopen(
		 &actions, 0, "/dev/null", O_RDONLY, 0)) == 0 &&
	    (rc = posix_spawn_file_actions_adddup2(&actions, out, 1)) == 0)
		rc = posix_spawn(
		    ret, "/bin/sh", &actions, &attr, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
no_actions:
	posix_spawnattr_destroy(&attr);
no_attr:
	free(copy);
	return rc;
}

/* Reads until the end, the ceiling or the deadline. */
static enum th_status
collect(int fd, struct th_buf *ret, const char *what, struct th_err *err)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t end = th_steady_ms() + TIME_MAX_MS, left;
	char piece[4096];
	ssize_t n = 1;

	while (n > 0) {
		if (th_interrupted)
			return th_fail(err, TH_EAGAIN, "%s: interrupted", what);
		if ((left = end - th_steady_ms()) <= 0)
			return th_fail(err, TH_ECONFIG,
			    "%s: the command takes too long", what);
		if (poll(&p, 1, (int)left) != 1)
			continue;
		n = read(fd, piece, sizeof(piece));
		if (n > 0 && th_buf_add(ret, piece, (size_t)n) != TH_OK)
			return th_fail(err,
			    ret->status == TH_EDATA ? TH_ECONFIG : TH_ENOMEM,
			    "%s: the command prints too much", what);
	}
	th_wipe(piece, sizeof(piece));
	return TH_OK;
}

/* Waits; a command that was given up is ended first. */
static int
reap(pid_t pid, bool give_up)
{
	int status = 0;

	if (give_up)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	return status;
}

static enum th_status
first_line(const struct th_buf *out, const char *what, struct th_secret *ret,
    struct th_err *err)
{
	size_t len = out->len > 0 ? strcspn(out->data, "\r\n") : 0;

	if (len == 0)
		return th_fail(
		    err, TH_ECONFIG, "%s: the command prints nothing", what);
	if ((ret->value = th_strndup(out->data, len)) == NULL)
		return th_fail(
		    err, TH_ENOMEM, "%s: %s", what, th_strstatus(TH_ENOMEM));
	return TH_OK;
}

enum th_status
th_command_line(const char *command, char *const *environment, const char *what,
    struct th_secret *ret, struct th_err *err)
{
	struct th_buf out = { 0 };
	enum th_status st;
	int fds[2], rc, status;
	pid_t pid = 0;

	/* All of it at once, so that no growing leaves a copy behind. */
	th_buf_init(&out, OUTPUT_MAX);
	if (th_buf_reserve(&out, OUTPUT_MAX) != TH_OK)
		return th_fail(
		    err, TH_ENOMEM, "%s: %s", what, th_strstatus(TH_ENOMEM));
	if (pipe(fds) == -1) {
		st = th_fail(err, TH_EAGAIN, "%s: %s", what, strerror(errno));
		goto out;
	}
	fcntl(fds[0], F_SETFD, FD_CLOEXEC);
	fcntl(fds[1], F_SETFD, FD_CLOEXEC);
	rc = spawn(command, environment, fds[1], &pid);
	close(fds[1]);
	if (rc == 0)
		st = collect(fds[0], &out, what, err);
	else
		st = th_fail(err, TH_EAGAIN, "%s: %s", what, strerror(rc));
	close(fds[0]);
	status = rc == 0 ? reap(pid, st != TH_OK) : 0;
	if (st == TH_OK && WIFSIGNALED(status))
		st = th_fail(err, TH_ECONFIG,
		    "%s: the command died of signal %d", what,
		    WTERMSIG(status));
	else if (st == TH_OK && WEXITSTATUS(status) != 0)
		st = th_fail(err, TH_ECONFIG, "%s: the command exits with %d",
		    what, WEXITSTATUS(status));
	if (st == TH_OK)
		st = first_line(&out, what, ret, err);
out:
	th_buf_wipe(&out);
	return st;
}

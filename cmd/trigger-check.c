/* trigger-check -- what would go wrong, found before it runs */
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trigger-check.h"
#include "trigger-job.h"

#define FOUND_MAX 50 /* in one script; nobody reads more at a time */

extern char **environ;

void
check_complain(
    struct check *k, size_t line, size_t column, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cmd_warn("%s:%zu:%zu: %s", k->t->path, line, column, text);
	cmd_note(TH_ECONFIG);
	k->found++;
}

void
check_at_word(struct check *k, const struct th_shell_word *w, const char *what,
    const char *guess)
{
	check_complain(k, w->line, w->column, "%s%s%s%s", what,
	    guess != NULL ? " (did you mean " : "", guess != NULL ? guess : "",
	    guess != NULL ? "?)" : "");
}

/* ---- the header ---- */

static void
say_problem(void *ctx, const struct th_err *err)
{
	struct check *k = ctx;

	cmd_warn("%s", err->text);
	cmd_note(err->status == TH_ENOMEM ? TH_ENOMEM : TH_ECONFIG);
	k->found++;
}

static void
check_header(struct check *k)
{
	const char *p = k->t->text.data, *end, *nl;
	struct th_script s;
	size_t line;

	if (p == NULL)
		return;
	end = p + k->t->text.len;
	th_script_parse(
	    th_buf_str(&k->t->text), k->t->path, say_problem, k, &s);
	for (line = 1; p < end; p = nl + 1, line++) {
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
			nl = end;
		if (line >= s.body && nl - p > 1 && p[0] == '#' && p[1] == ':')
			check_complain(k, line, 1,
			    "not in the first comment, so it does not count");
		if (nl == end)
			break;
	}
	th_script_release(&s);
}

/* ---- programs that are asked ---- */

int
check_ask(char *const argv[], int which, struct th_buf *ret)
{
	posix_spawn_file_actions_t a;
	char piece[4096];
	int fd[2], status = 0, rc;
	ssize_t n;
	pid_t pid;

	if (pipe(fd) == -1 || posix_spawn_file_actions_init(&a) != 0)
		cmd_die(TH_EAGAIN, "%s: %s", argv[0], strerror(errno));
	fcntl(fd[0], F_SETFD, FD_CLOEXEC);
	posix_spawn_file_actions_addopen(&a, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&a, fd[1], which);
	posix_spawn_file_actions_addopen(
	    &a, 3 - which, "/dev/null", O_WRONLY, 0);
	rc = posix_spawnp(&pid, argv[0], &a, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&a);
	close(fd[1]);
	while (rc == 0 && (n = read(fd[0], piece, sizeof(piece))) != 0)
		if (n > 0)
			th_buf_add(ret, piece, (size_t)n);
		else if (errno != EINTR)
			break;
	close(fd[0]);
	while (rc == 0 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (rc != 0)
		return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* ---- the shell ---- */

static bool
is_shell(const char *name)
{
	static const char *const all[] = { "sh", "bash", "dash", "ksh", "mksh",
		"zsh", "ash", "yash", NULL };
	size_t i;

	for (i = 0; all[i] != NULL; i++)
		if (strcmp(all[i], name) == 0)
			return true;
	return false;
}

/*
 * What runs it, as its first line says: "#!/bin/sh -e", "#!/usr/bin/env bash".
 * False: no shell, so that nothing can be said of the rest.
 */
static bool
find_shell(struct check *k, char *ret, size_t size)
{
	const char *s = k->t->text.data, *base;
	size_t n;

	snprintf(ret, size, "/bin/sh");
	if (s == NULL || strncmp(s, "#!", 2) != 0)
		return s != NULL;
	s += 2 + strspn(s + 2, " \t");
	n = strcspn(s, " \t\r\n");
	snprintf(ret, size, "%.*s", (int)n, s);
	if (!check_is_program(ret)) {
		check_complain(k, 1, (size_t)(s - k->t->text.data) + 1,
		    "unknown program %s", ret);
		return false;
	}
	base = strrchr(ret, '/');
	if (strcmp(base != NULL ? base + 1 : ret, "env") == 0) {
		s += n + strspn(s + n, " \t");
		snprintf(ret, size, "%.*s", (int)strcspn(s, " \t\r\n"), s);
		base = strrchr(ret, '/');
	}
	return is_shell(base != NULL ? base + 1 : ret);
}

/* The shell says whether it is one of its scripts. */
static void
check_syntax(struct check *k, char *shell)
{
	char flag[] = "-n";
	char *argv[] = { shell, flag, k->t->path, NULL };
	const char *s;
	struct th_buf out;
	size_t line = 1;

	th_buf_init(&out, CHECK_HELP_MAX);
	if (check_ask(argv, 2, &out) == 0) {
		th_buf_release(&out);
		return;
	}
	/* It fell over the script without a word. */
	if (out.data == NULL) {
		check_complain(k, 1, 1, "%s -n cannot read it", shell);
		th_buf_release(&out);
		return;
	}
	out.data[strcspn(out.data, "\n")] = '\0';
	s = strstr(out.data, ": ");
	if (s != NULL) {
		s += 2;
		if (strncmp(s, "line ", 5) == 0)
			s += 5;
		line = (size_t)strtoul(s, NULL, 10);
		s += strspn(s, "0123456789: ");
	}
	check_complain(
	    k, line > 0 ? line : 1, 1, "%s", s != NULL ? s : out.data);
	th_buf_release(&out);
}

/* ---- the script ---- */

static void
check_body(struct check *k)
{
	const struct th_shell_word *w, *end, *last;

	last = k->words.word + k->words.n;
	for (w = k->words.word; w != NULL && w < last; w = end) {
		if (k->found >= FOUND_MAX) {
			check_complain(k, w->line, w->column,
			    "there may be more from here on");
			return;
		}
		for (end = w + 1; end < last && !end->first; end++)
			;
		if (w->first)
			check_command(k, w, end);
	}
}

/* What a shell stumbles over and an editor does not show. */
static bool
is_text(struct check *k)
{
	const char *s = k->t->text.data, *p;
	const size_t n = k->t->text.len;
	size_t line = 1;

	if (n == 0)
		return true;
	if (memchr(s, '\0', n) != NULL) {
		check_complain(k, 1, 1, "not a script: there is a NUL in it");
		return false;
	}
	if (strncmp(s, "\xef\xbb\xbf", 3) == 0)
		check_complain(k, 1, 1,
		    "begins with a byte order mark, so "
		    "the first line does not count");
	for (p = s; (p = strchr(p, '\n')) != NULL; p++, line++)
		if (p > s && p[-1] == '\r') {
			check_complain(k, line, 1,
			    "the line ends with CR LF; sed -i 's/\\r$//' "
			    "makes it a plain one");
			return false;
		}
	return true;
}

static void
check_one(struct triggers *c, const struct trigger *t)
{
	struct check k = { .c = c, .t = t };
	char shell[128];

	if (t->unread) {
		say_problem(&k, &t->problem);
		return;
	}
	if (!is_text(&k))
		return;
	check_header(&k);
	if (access(t->path, X_OK) == -1)
		check_complain(&k, 1, 1, "not a program: chmod +x");
	if (find_shell(&k, shell, sizeof(shell))) {
		check_syntax(&k, shell);
		cmd_check(th_shell_read(th_buf_str(&t->text), &k.words), NULL);
		check_body(&k);
		th_shell_release(&k.words);
	}
	if (k.found == 0)
		cmd_say(0, "%s: in order", t->name);
}

void
trigger_check(struct triggers *c)
{
	struct th_buf path;

	/* As it will be when they run. */
	th_buf_init(&path, CHECK_HELP_MAX);
	cmd_check(job_path(&path), NULL);
	setenv("PATH", path.data, 1);
	th_buf_release(&path);
	trigger_each_given(c, check_one);
}

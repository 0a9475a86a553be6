/* cmd -- what every program does first and last, and its words for people */
#include <sys/prctl.h>
#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "options.h"

#define MESSAGE_MAX 4096

struct th_out cmd_out;
const struct cmd *cmd_program;

static enum th_status worst;

static void
on_signal(int sig)
{
	(void)sig;
	th_interrupted = 1;
}

/* No SA_RESTART: a wait must end, so that the loop sees th_interrupted. */
static void
catch_signals(void)
{
	struct sigaction sa = { 0 }, was;

	sigemptyset(&sa.sa_mask);
	sa.sa_handler = on_signal;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	/* The terminal is gone; nohup(1) says that this is no matter. */
	if (sigaction(SIGHUP, NULL, &was) == 0 && was.sa_handler != SIG_IGN)
		sigaction(SIGHUP, &sa, NULL);
	/* A publisher must not die between sending and recording. */
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
	/* A file at its size limit is a full disk: an error to tell. */
	sigaction(SIGXFSZ, &sa, NULL);
}

/*
 * A file opened later must not become standard output by accident.  Each hole
 * is filled with the wrong mode, so that using it is still an error.
 */
static void
fill_closed(void)
{
	static const int mode[] = { O_WRONLY, O_RDONLY, O_RDWR };
	int fd;

	for (fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF &&
		    open("/dev/null", mode[fd]) != fd)
			_exit(cmd_exit_code(TH_EIO));
}

/* Secrets in memory are not for core files nor for other processes. */
static void
hide_memory(void)
{
	static const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}

void
cmd_init(const struct cmd *program)
{
	cmd_program = program;
	fill_closed();
	hide_memory();
	/* Text is UTF-8 whatever the caller's locale; cron has none. */
	setlocale(LC_CTYPE, "C.UTF-8");
	catch_signals();
	th_out_init(&cmd_out, STDOUT_FILENO);
	cmd_report_start();
}

void
cmd_disarm(char *s)
{
	unsigned char *p;

	for (p = (unsigned char *)s; *p != '\0'; p++)
		if (*p < ' ' || *p == 0x7f)
			*p = '?';
		else if (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			p[0] = p[1] = '?';
}

/* One write, so that lines of several programs do not mix; no memory needed. */
static TH_PRINTF(2, 0) void vsay(bool wrong, const char *fmt, va_list ap)
{
	char line[MESSAGE_MAX];
	size_t len;
	ssize_t n;

	len = (size_t)snprintf(line, sizeof(line), "%s: ", cmd_program->name);
	vsnprintf(line + len, sizeof(line) - 1 - len, fmt, ap);
	cmd_disarm(line);
	if (wrong)
		cmd_report_why(line + len);
	len = strlen(line);
	line[len++] = '\n';
	do
		n = write(STDERR_FILENO, line, len);
	while (n == -1 && errno == EINTR);
}

void
cmd_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(true, fmt, ap);
	va_end(ap);
}

void
cmd_say(int level, const char *fmt, ...)
{
	va_list ap;

	if (cmd_verbose < level)
		return;
	va_start(ap, fmt);
	vsay(false, fmt, ap);
	va_end(ap);
}

void
cmd_note(enum th_status st)
{
	if (st > worst)
		worst = st;
}

void
cmd_die(enum th_status st, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(true, fmt, ap);
	va_end(ap);
	cmd_note(st);
	/* Not exit(): what the callers hold goes with the process, unfreed. */
	_exit(cmd_finish());
}

void
cmd_usage(const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cmd_die(TH_EUSAGE, "%s; try %s%s%s --help", text, cmd_program->name,
	    cmd_operand != NULL ? " " : "",
	    cmd_operand != NULL ? cmd_operand : "");
}

void
cmd_check(enum th_status st, const struct th_err *err)
{
	if (st == TH_OK)
		return;
	cmd_die(st, "%s",
	    err != NULL && err->text[0] != '\0' ? err->text : th_strstatus(st));
}

void *
cmd_need(void *p)
{
	if (p == NULL)
		cmd_die(TH_ENOMEM, "%s", th_strstatus(TH_ENOMEM));
	return p;
}

void
cmd_print(struct th_buf *b)
{
	cmd_check(b->status, NULL);
	th_out_write(&cmd_out, th_buf_str(b));
	th_buf_release(b);
}

void
cmd_print_line(struct th_buf *b)
{
	cmd_check(b->status, NULL);
	th_out_line(&cmd_out, th_buf_str(b));
	th_buf_release(b);
}

int
cmd_exit_code(enum th_status st)
{
	switch (st) {
	case TH_OK: return 0;
	case TH_END: return 0;
	case TH_EREFUSED: return 65;
	case TH_EDATA: return 65;
	case TH_EUNAVAIL: return 69;
	case TH_EAGAIN: return 75;
	case TH_ENOMEM: return 75;
	case TH_ECREATE: return 73;
	case TH_EIO: return 74;
	case TH_EBUG: return 70;
	case TH_EUSAGE: return 64;
	case TH_EAUTH: return 77;
	case TH_ECONFIG: return 78;
	}
	return 70;
}

enum th_status
cmd_exit_status(int code)
{
	static const enum th_status all[] = { TH_OK, TH_EDATA, TH_EUNAVAIL,
		TH_EAGAIN, TH_ECREATE, TH_EIO, TH_EBUG, TH_EUSAGE, TH_EAUTH,
		TH_ECONFIG };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (cmd_exit_code(all[i]) == code)
			return all[i];
	return TH_EUNAVAIL;
}

/* Some file systems tell of a full disk only when the file is closed. */
static enum th_status
close_output(int *error)
{
	enum th_status st = th_out_flush(&cmd_out);

	*error = cmd_out.error;
	if (close(STDOUT_FILENO) == -1 && st == TH_OK && errno != EINTR) {
		*error = errno;
		return TH_EIO;
	}
	return st;
}

int
cmd_finish(void)
{
	enum th_status st;
	int error = 0;

	st = close_output(&error);
	if (st > TH_END) {
		cmd_warn("standard output: %s",
		    error != 0 ? strerror(error) : th_strstatus(st));
		cmd_note(st);
	}
	cmd_tell_count("out", (int64_t)cmd_out.lines);
	th_out_release(&cmd_out);
	cmd_report_end(cmd_exit_code(worst));
	return cmd_exit_code(worst);
}

void
cmd_session_say(void *ctx, int level, enum th_status st, const char *text)
{
	(void)ctx;
	cmd_say(level, "%s", text);
	if (st > TH_END)
		cmd_report_why(text);
	cmd_note(st);
}

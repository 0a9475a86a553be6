/* stream -- lines in, lines out, and what can go wrong with them */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"
#include "trigger.h"

static struct th_stream in;
static struct th_item it;

/* A pipe that holds these bytes; its writing end is closed, or in *write_end.
 */
static int
pipe_with(const char *bytes, int *write_end)
{
	int fd[2];
	size_t len = strlen(bytes);

	if (pipe(fd) != 0 || write(fd[1], bytes, len) != (ssize_t)len)
		exit(1);
	if (write_end != NULL)
		*write_end = fd[1];
	else
		close(fd[1]);
	return fd[0];
}

static void
finish(void)
{
	close(in.fd);
	th_stream_release(&in);
}

/* Does the next call return an item on line n, or (want NULL) refuse it? */
static bool
next_is(size_t n, const char *want)
{
	enum th_status st = th_stream_next(&in, &it);

	if (in.line != n || st != (want != NULL ? TH_OK : TH_EDATA))
		return false;
	return want != NULL ? th_str_is(it.line, want) : in.err.line == n;
}

static void
test_lines(void)
{
	th_stream_init(&in,
	    pipe_with("\xef\xbb\xbf{\"a\":1}\n\n \t\r\n{\"b\":2}\r\n"
		      "\xef\xbb\xbf{}\n[]\n{\"c\":3}",
		NULL),
	    NULL);
	ok("a byte order mark at the start is skipped",
	    next_is(1, "{\"a\":1}"));
	ok("blank lines are skipped but count, a CR stays",
	    next_is(4, "{\"b\":2}\r"));
	ok("a byte order mark further on is bad", next_is(5, NULL));
	ok("what is no object is bad", next_is(6, NULL));
	ok("its column is told", in.err.column == 1);
	ok("the last line needs no newline", next_is(7, "{\"c\":3}"));
	ok("then comes the end", th_stream_next(&in, &it) == TH_END);
	ok("and stays", th_stream_next(&in, &it) == TH_END);
	finish();
	th_stream_init(&in, pipe_with("", NULL), NULL);
	ok("no input is the end", th_stream_next(&in, &it) == TH_END);
	finish();
	th_stream_init(&in, -1, NULL);
	ok("no descriptor is an error", th_stream_next(&in, &it) == TH_EIO);
	ok("with the system's words", in.err.text[0] != '\0');
	th_stream_release(&in);
	th_stream_init(&in, open("/", O_RDONLY), NULL);
	ok("a directory is an error", th_stream_next(&in, &it) == TH_EIO);
	finish();
}

/* A line of len bytes: {"a":"xxx"} */
static void
put_line(FILE *f, size_t len)
{
	fputs("{\"a\":\"", f);
	for (len -= 8; len > 0; len--)
		putc('x', f);
	fputs("\"}\n", f);
}

static void
test_long(void)
{
	FILE *f = tmpfile();
	size_t cap;

	put_line(f, TH_LINE_MAX);
	put_line(f, TH_LINE_MAX + 1);
	put_line(f, 3 * TH_LINE_MAX);
	put_line(f, 10);
	put_line(f, TH_LINE_MAX + 1);
	fflush(f);
	rewind(f);
	th_stream_init(&in, dup(fileno(f)), NULL);
	ok("a line as long as is allowed",
	    th_stream_next(&in, &it) == TH_OK && it.line.len == TH_LINE_MAX);
	ok("one byte more is bad", next_is(2, NULL));
	ok("much more too", next_is(3, NULL));
	cap = in.buf.cap;
	ok("the line behind is read", next_is(4, "{\"a\":\"xx\"}"));
	ok("the buffer never grew far beyond a line", cap < TH_LINE_MAX + 4096);
	ok("the last line may be too long as well", next_is(5, NULL));
	ok("and then comes the end", th_stream_next(&in, &it) == TH_END);
	finish();
	fclose(f);
}

static void
test_shrink(void)
{
	FILE *f = tmpfile();
	int i, n = 0;
	bool grew = false;

	put_line(f, 4 << 20);
	for (i = 0; i < 20000; i++)
		put_line(f, 100);
	fflush(f);
	rewind(f);
	th_stream_init(&in, dup(fileno(f)), NULL);
	for (; th_stream_next(&in, &it) == TH_OK; n++)
		grew = grew || in.buf.cap > 4 << 20;
	ok("every line is read, however the buffer's end cuts it", n == 20001);
	ok("a long line makes the buffer grow, then it shrinks",
	    grew && in.buf.cap < 1 << 20);
	finish();
	fclose(f);
}

static void
interrupt(int sig)
{
	(void)sig;
	th_interrupted = 1;
}

/* Sends a signal to this process after a while. */
static pid_t
signal_later(void)
{
	struct timespec t = { 0, 50000000 };
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	nanosleep(&t, NULL);
	kill(getppid(), SIGUSR1);
	_exit(0);
}

static void
test_wait(void)
{
	struct sigaction sa = { .sa_handler = interrupt };
	struct th_out out;
	int to_in, from_out, flags;
	char got[64];
	pid_t pid;

	sigaction(SIGUSR1, &sa, NULL);
	from_out = pipe_with("", &flags);
	th_out_init(&out, flags);
	th_stream_init(&in, pipe_with("{\"a\":1}\n", &to_in), &out);
	fcntl(in.fd, F_SETFL, O_NONBLOCK);
	ok("a line is there before its sender ends", next_is(1, "{\"a\":1}"));
	th_out_item(&out, &it);
	pid = signal_later();
	ok("a signal ends the wait for more",
	    th_stream_next(&in, &it) == TH_EAGAIN);
	waitpid(pid, NULL, 0);
	ok("what was written went out before the wait",
	    read(from_out, got, sizeof(got)) == 8 &&
		memcmp(got, "{\"a\":1}\n", 8) == 0);
	ok("interrupted it stays", th_stream_next(&in, &it) == TH_EAGAIN);
	th_interrupted = 0;
	close(to_in);
	ok("without it, it goes on", th_stream_next(&in, &it) == TH_END);
	th_interrupted = 1;
	ok("at the end there is nothing to interrupt",
	    th_stream_next(&in, &it) == TH_END);
	th_interrupted = 0;
	finish();
	close(from_out);
	close(flags);
	th_out_release(&out);
}

static void
test_out(void)
{
	struct th_out out;
	char big[100000];
	int fd, from;

	memset(big, 'x', sizeof(big));
	fd = open("/dev/full", O_WRONLY);
	th_out_init(&out, fd);
	ok("a full disk is no matter before the flush",
	    th_out_line(&out, TH_STR("x")) == TH_OK);
	ok("the flush tells", th_out_flush(&out) == TH_EIO);
	ok("and why", out.error == ENOSPC);
	ok("it sticks", th_out_write(&out, TH_STR("x")) == TH_EIO);
	th_out_release(&out);
	th_out_init(&out, fd);
	ok("what is larger than the buffer is written at once",
	    th_out_write(&out, (struct th_str){ big, sizeof(big) }) == TH_EIO);
	th_out_release(&out);
	close(fd);

	signal(SIGPIPE, SIG_IGN);
	from = pipe_with("", &fd);
	close(from);
	th_out_init(&out, fd);
	th_out_line(&out, TH_STR("x"));
	ok("a reader that left ends it", th_out_flush(&out) == TH_END);
	ok("and that sticks", th_out_line(&out, TH_STR("x")) == TH_END);
	th_out_release(&out);
	close(fd);
}

static void
test_out_item(void)
{
	FILE *f = tmpfile();
	struct th_out out;
	char got[128] = { 0 };

	th_out_init(&out, fileno(f));
	th_item_parse(&it, TH_STR("{ \"a\" : 1 }"), NULL);
	th_out_item(&out, &it);
	th_item_set(&it, "b", TH_STR("2"));
	th_out_item(&out, &it);
	th_item_remove(&it, "a");
	th_item_remove(&it, "b");
	th_out_item(&out, &it);
	th_out_flush(&out);
	rewind(f);
	ok("items go out untouched, or as they were edited",
	    fread(got, 1, sizeof(got) - 1, f) > 0 &&
		strcmp(got, "{ \"a\" : 1 }\n{\"a\":1,\"b\":2}\n{}\n") == 0);
	th_out_release(&out);
	fclose(f);
}

int
main(void)
{
	test_lines();
	test_long();
	test_shrink();
	test_wait();
	test_out();
	test_out_item();
	th_item_release(&it);
	return done();
}

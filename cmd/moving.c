/* moving -- what th-trigger's export and import share: spools and th-queue */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "import.h"

#define PATH_SIZE ((size_t)16 << 10)
#define PIECE ((size_t)64 << 10)

extern char **environ;

/* A file without a name, for what may be long and is nobody else's business. */
int
moving_spool(void)
{
	struct th_err err = { 0 };
	struct th_buf b;
	int fd;

	th_buf_init(&b, PATH_SIZE);
	cmd_check(th_path_state(".spool.XXXXXX", &b, &err), &err);
	if ((fd = mkstemp(b.data)) == -1)
		cmd_die(TH_ECREATE, "%s: %s", b.data, strerror(errno));
	unlink(b.data);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	th_buf_release(&b);
	return fd;
}

void
moving_rewind(int fd)
{
	if (lseek(fd, 0, SEEK_SET) == -1)
		cmd_die(TH_EIO, "a spool: %s", strerror(errno));
}

/* Copies all there is to read, up to max bytes. */
void
moving_copy(int from, int to, int64_t max, const char *name)
{
	char *piece = cmd_need(th_malloc(PIECE));
	struct th_err err = { 0 };
	ssize_t n;

	while ((n = read(from, piece, PIECE)) != 0) {
		if (n == -1 && errno == EINTR && !th_interrupted)
			continue;
		if (n == -1)
			cmd_die(errno == EINTR ? TH_EAGAIN : TH_EIO, "%s: %s",
			    name, strerror(errno));
		if ((max -= n) < 0)
			cmd_die(TH_EDATA, "%s: too long", name);
		cmd_check(th_file_write(
			      to, (struct th_str){ piece, (size_t)n }, &err),
		    &err);
	}
	free(piece);
}

/* th-queue as it lies beside us, else the one on PATH. */
static void
find_queue(struct th_buf *ret)
{
	char path[PATH_SIZE];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	const char *slash;

	path[n > 0 ? n : 0] = '\0';
	if ((slash = strrchr(path, '/')) != NULL) {
		th_buf_add(ret, path, (size_t)(slash + 1 - path));
		th_buf_adds(ret, "th-queue");
		if (ret->status == TH_OK && access(ret->data, X_OK) == 0)
			return;
	}
	th_buf_clear(ret);
	cmd_check(th_buf_adds(ret, "th-queue"), NULL);
}

static int
wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 70;
}

void
moving_queues(const char *command, int fd)
{
	const bool out = strcmp(command, "export") == 0;
	char flag[] = "-c", quiet[] = "-q";
	char *config =
	    cmd_need(th_strdup(cmd_config != NULL ? cmd_config : ""));
	char *verb = cmd_need(th_strdup(command));
	posix_spawn_file_actions_t a;
	struct th_buf path;
	pid_t pid;
	int rc;

	th_buf_init(&path, PATH_SIZE);
	find_queue(&path);
	if (posix_spawn_file_actions_init(&a) != 0)
		cmd_check(TH_ENOMEM, NULL);
	{
		char *argv[] = { path.data, verb, quiet,
			cmd_config != NULL ? flag : NULL, config, NULL };

		posix_spawn_file_actions_adddup2(&a, fd, out ? 1 : 0);
		if (out)
			posix_spawn_file_actions_addopen(
			    &a, 0, "/dev/null", O_RDONLY, 0);
		rc = posix_spawnp(&pid, path.data, &a, NULL, argv, environ);
	}
	posix_spawn_file_actions_destroy(&a);
	if (rc != 0)
		cmd_die(TH_EAGAIN, "%s: %s", path.data, strerror(rc));
	if ((rc = wait_for(pid)) != 0)
		cmd_die(cmd_exit_status(rc), "th-queue %s failed", command);
	th_buf_release(&path);
	free(config);
	free(verb);
}

/* trigger-spawn -- a script or a pipeline as a child of th-trigger */
#define _GNU_SOURCE /* POSIX_SPAWN_SETSID, which POSIX took up in 2024 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trigger-job.h"

/* cron's PATH may not lead to our programs. */
enum th_status
job_path(struct th_buf *ret)
{
	const char *path = getenv("PATH");
	char own[4096], *slash;
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

	th_buf_adds(ret, path != NULL ? path : "/usr/bin:/bin");
	if (n <= 0)
		return ret->status;
	own[n] = '\0';
	if ((slash = strrchr(own, '/')) != NULL)
		*slash = '\0';
	return th_buf_addf(ret, ":%s", own);
}

static bool
sets(const char *entry, const char *name)
{
	size_t n = strlen(name);

	return strncmp(entry, name, n) == 0 && entry[n] == '=';
}

/* Our environment without secrets, with what the run needs. */
static char **
environment(struct job *j, bool in_run, struct th_buf *text)
{
	char **env = th_config_environ(j->c->config), **more = NULL;
	size_t n, kept = 0, i;
	char *s;

	for (n = 0; env != NULL && env[n] != NULL; n++)
		;
	if (env != NULL)
		more = th_calloc(n + 6, sizeof(*more));
	for (i = 0; more != NULL && i < n; i++)
		if (!sets(env[i], "TH_TRIGGER") && !sets(env[i], "TH_RUN") &&
		    !sets(env[i], "TH_REPORT") && !sets(env[i], "PATH") &&
		    !sets(env[i], "TH_VACATION"))
			more[kept++] = env[i];
	free(env);
	th_buf_adds(text, "PATH=");
	job_path(text);
	th_buf_addc(text, '\0');
	/*
	 * A run that has begun is finished: were it vacation by the time
	 * th-publish starts, what was fetched would be lost.
	 */
	th_buf_adds(text, "TH_VACATION=ignore");
	th_buf_addc(text, '\0');
	if (in_run) {
		th_buf_addf(text, "TH_TRIGGER=%s", j->t->name);
		th_buf_addc(text, '\0');
		th_buf_addf(text, "TH_RUN=%s", j->run);
		th_buf_addc(text, '\0');
		th_buf_addf(text, "TH_REPORT=%s", j->report);
		th_buf_addc(text, '\0');
	}
	if (more == NULL || text->status != TH_OK) {
		free(more);
		return NULL;
	}
	for (s = text->data; s < text->data + text->len; s += strlen(s) + 1)
		more[kept++] = s;
	return more;
}

int
job_pipe(int fd[2])
{
	int i;

	if (pipe(fd) == -1)
		return errno;
	for (i = 0; i < 2; i++)
		fcntl(fd[i], F_SETFD, FD_CLOEXEC);
	return 0;
}

static int
spawn_with(
    char *const argv[], char *const env[], int in, int out, int err, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t usual;
	int rc;

	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	sigaddset(&usual, SIGXFSZ);
	if ((rc = posix_spawnattr_init(&attr)) != 0)
		return rc;
	if ((rc = posix_spawn_file_actions_init(&actions)) != 0)
		goto no_actions;
	if ((rc = posix_spawnattr_setsigdefault(&attr, &usual)) == 0 &&
	    (rc = posix_spawnattr_setflags(
		 &attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID)) == 0 &&
	    (rc = in == -1 ? posix_spawn_file_actions_addopen(
				 &actions, 0, "/dev/null", O_RDONLY, 0)
			   : posix_spawn_file_actions_adddup2(
				 &actions, in, 0)) == 0 &&
	    (rc = posix_spawn_file_actions_adddup2(&actions, out, 1)) == 0 &&
	    (rc = posix_spawn_file_actions_adddup2(&actions, err, 2)) == 0)
		rc = posix_spawn(ret, argv[0], &actions, &attr, argv, env);
	posix_spawn_file_actions_destroy(&actions);
no_actions:
	posix_spawnattr_destroy(&attr);
	return rc;
}

/* The process group and session of a process, as Linux tells; false: none. */
static bool
group_of(const char *pid, long *group, long *session)
{
	char path[64], text[512], *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	/* "PID (NAME) STATE PARENT GROUP SESSION": the name may be anything. */
	if ((p = strrchr(text, ')')) == NULL || strlen(p) < 4)
		return false;
	strtol(p + 3, &p, 10);
	*group = strtol(p, &p, 10);
	*session = strtol(p, NULL, 10);
	return true;
}

void
job_signal(pid_t leader, int sig, bool all)
{
	const struct dirent *entry;
	long group, session;
	DIR *dir;

	kill(-leader, sig);
	if (!all || (dir = opendir("/proc")) == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    group_of(entry->d_name, &group, &session) &&
		    session == (long)leader && group != (long)leader)
			kill((pid_t)strtol(entry->d_name, NULL, 10), sig);
	closedir(dir);
}

/* argv, with its output to us; a script without "#!" is one for sh. */
int
job_spawn(struct job *j, char *const argv[], bool in_run, int in)
{
	char sh[] = "/bin/sh";
	char *by_shell[] = { sh, argv[0], NULL };
	int out[2] = { -1, -1 }, err[2] = { -1, -1 }, rc;
	struct th_buf text;
	char **env;

	th_buf_init(&text, TRIGGER_RECORD_MAX);
	env = environment(j, in_run, &text);
	rc = env == NULL ? ENOMEM : job_pipe(out);
	if (rc == 0)
		rc = job_pipe(err);
	if (rc == 0)
		rc = spawn_with(argv, env, in, out[1], err[1], &j->pid);
	if (rc == ENOEXEC)
		rc = spawn_with(by_shell, env, in, out[1], err[1], &j->pid);
	close(out[1]);
	close(err[1]);
	if (rc != 0) {
		close(out[0]);
		close(err[0]);
		out[0] = err[0] = -1;
	} else {
		fcntl(out[0], F_SETFL, O_NONBLOCK);
		fcntl(err[0], F_SETFL, O_NONBLOCK);
	}
	j->fd[0] = out[0];
	j->fd[1] = err[0];
	free(env);
	th_buf_release(&text);
	return rc;
}

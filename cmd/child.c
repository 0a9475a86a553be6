/* child -- services that are programs: starting them, hearing of their end */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"

#define SECRETS_FD 3
/* What a pipe holds without a reader: nobody may ever read the secrets. */
#define SECRETS_MAX ((size_t)32 << 10)
#define PREFIX "TH_ACCOUNT_"

/* ---- what it is told ---- */

/* The account's settings, as NAME=VALUE strings one after the other. */
static enum th_status
add_settings(const struct th_account *a, struct th_buf *ret, size_t *n)
{
	const char *key, *value, *p;
	bool secret;
	size_t i;

	*n = 0;
	for (i = 0; (key = th_account_key(a, i, &secret)) != NULL; i++) {
		if (secret || (value = th_account_get(a, key)) == NULL)
			continue;
		th_buf_adds(ret, PREFIX);
		for (p = key; *p != '\0'; p++)
			th_buf_addc(ret, *p >= 'a' && *p <= 'z'
					     ? (char)(*p - 'a' + 'A')
					     : *p);
		th_buf_addf(ret, "=%s", value);
		th_buf_addc(ret, '\0');
		++*n;
	}
	return ret->status;
}

/* Our environment without secrets and what another run left of this. */
static char **
environment(const struct th_config *config, struct th_buf *settings, size_t n)
{
	char **base = th_config_environ(config), **env, *s = settings->data;
	size_t i, kept = 0;

	if (base == NULL)
		return NULL;
	for (i = 0; base[i] != NULL; i++)
		continue;
	env = th_calloc(i + n + 1, sizeof(*env));
	for (i = 0; env != NULL && base[i] != NULL; i++)
		if (strncmp(base[i], PREFIX, strlen(PREFIX)) != 0)
			env[kept++] = base[i];
	for (; env != NULL && n > 0; n--) {
		env[kept++] = s;
		s += strlen(s) + 1;
	}
	free(base);
	return env;
}

static enum th_status
add_secrets(struct th_account *a, struct th_buf *ret, struct th_err *err)
{
	struct th_secret secret = { 0 };
	const char *key;
	enum th_status st = TH_OK;
	bool is_secret;
	size_t i;

	th_json_open(ret, '{');
	for (i = 0;
	     st == TH_OK && (key = th_account_key(a, i, &is_secret)) != NULL;
	     i++) {
		if (!is_secret)
			continue;
		st = th_account_secret(a, key, &secret, err);
		if (st == TH_OK) {
			th_json_key(ret, key);
			th_json_string(ret, th_str(secret.value));
		}
		th_secret_release(&secret);
	}
	th_json_close(ret, '}');
	if (st == TH_OK && th_buf_addc(ret, '\n') != TH_OK)
		st = th_fail(err, TH_ECONFIG, "too many secrets");
	return st;
}

/* A pipe that has the secrets in it already. */
static enum th_status
secrets_pipe(struct th_account *a, int *ret, struct th_err *err)
{
	struct th_buf b;
	enum th_status st;
	int fd[2];

	th_buf_init(&b, SECRETS_MAX);
	if ((st = add_secrets(a, &b, err)) == TH_OK && pipe(fd) == -1)
		st = th_fail(err, TH_EAGAIN, "%s", strerror(errno));
	if (st == TH_OK) {
		st = th_file_write(fd[1], th_buf_str(&b), err);
		close(fd[1]);
		*ret = fd[0];
		if (st != TH_OK)
			close(fd[0]);
	}
	th_buf_wipe(&b);
	return st;
}

/* ---- starting ---- */

/* Between fork and exec: nothing but system calls. */
static void
become(const char *path, char *const argv[], char *const env[], int in, int out,
    int secrets)
{
	struct sigaction sa = { 0 };

	sa.sa_handler = SIG_DFL;
	sigaction(SIGPIPE, &sa, NULL);
	sigaction(SIGXFSZ, &sa, NULL);
	if ((in == -1 || dup2(in, STDIN_FILENO) != -1) &&
	    dup2(out, STDOUT_FILENO) != -1 && dup2(secrets, SECRETS_FD) != -1)
		execve(path, argv, env);
	_exit(127);
}

/* Above 3, so that putting one in its place does not close another. */
static int
lift(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, SECRETS_FD + 1);

	close(fd);
	return high;
}

static int
make_pipe(int fd[2])
{
	if (pipe(fd) == -1)
		return -1;
	fd[0] = lift(fd[0]);
	fd[1] = lift(fd[1]);
	return fd[0] == -1 || fd[1] == -1 ? -1 : 0;
}

static void
shut(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

static enum th_status
spawn(const char *path, char *const argv[], char *const env[], int secrets,
    bool with_input, struct cmd_child *ret, struct th_err *err)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	pid_t pid = -1;

	if ((!with_input || make_pipe(in) == 0) && make_pipe(out) == 0)
		pid = fork();
	if (pid == 0)
		become(path, argv, env, in[0], out[1], secrets);
	if (pid == -1)
		th_fail(err, TH_EAGAIN, "%s: %s", path, strerror(errno));
	shut(&in[0]);
	shut(&out[1]);
	if (pid == -1) {
		shut(&in[1]);
		shut(&out[0]);
		return TH_EAGAIN;
	}
	*ret = (struct cmd_child){ pid, in[1], out[0] };
	return TH_OK;
}

enum th_status
cmd_child_start(const char *path, char *const argv[],
    const struct th_config *config, struct th_account *account, bool with_input,
    struct cmd_child *ret, struct th_err *err)
{
	struct th_buf settings;
	char **env = NULL;
	enum th_status st;
	size_t n;
	int secrets = -1;

	th_buf_init(&settings, TH_LINE_MAX);
	if ((st = add_settings(account, &settings, &n)) == TH_OK &&
	    (env = environment(config, &settings, n)) == NULL)
		st = TH_ENOMEM;
	if (st != TH_OK)
		th_fail(err, st, "%s", th_strstatus(st));
	else
		st = secrets_pipe(account, &secrets, err);
	if (st == TH_OK && (secrets = lift(secrets)) == -1)
		st = th_fail(err, TH_EAGAIN, "%s", strerror(errno));
	if (st == TH_OK)
		st = spawn(path, argv, env, secrets, with_input, ret, err);
	shut(&secrets);
	free(env);
	th_buf_release(&settings);
	return st;
}

/* ---- its end ---- */

enum th_status
cmd_child_wait(struct cmd_child *c, const char *name, enum cmd_child_end how,
    struct th_err *err)
{
	int status;

	shut(&c->in);
	shut(&c->out);
	if (how != CMD_CHILD_ENDS)
		kill(c->pid, how == CMD_CHILD_HANGS ? SIGKILL : SIGTERM);
	while (waitpid(c->pid, &status, 0) == -1)
		if (errno != EINTR)
			return th_fail(
			    err, TH_EBUG, "%s: %s", name, strerror(errno));
	if (how != CMD_CHILD_ENDS)
		return TH_OK;
	if (WIFSIGNALED(status))
		return th_fail(err, TH_EUNAVAIL, "%s ended by signal %d", name,
		    WTERMSIG(status));
	if (WEXITSTATUS(status) == 0)
		return TH_OK;
	return th_fail(err, cmd_exit_status(WEXITSTATUS(status)),
	    "%s ended with exit code %d", name, WEXITSTATUS(status));
}

/*
 * powerloss -- what a loss of power would leave, at each sync of a program
 *
 * To be preloaded.  At each fsync and fdatasync of a file of the store the file
 * as it is then goes to $TH_SNAP/shadow: what is there was synced, nothing
 * else. Then the shadow is copied to $TH_SNAP/N.strict (all that was not synced
 * is lost) and the files as they are to $TH_SNAP/N.loose (all of it survived).
 * So it is at every tenth thing sent, when what was promised must be on disk.
 */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH 4096

static void
copy_file(const char *from, const char *to)
{
	char room[65536];
	ssize_t n;
	int in, out;

	in = open(from, O_RDONLY | O_CLOEXEC);
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	while (in != -1 && out != -1 && (n = read(in, room, sizeof(room))) > 0)
		if (write(out, room, (size_t)n) != n)
			break;
	close(in);
	close(out);
}

/* The files of the store; the log of the sink goes along. */
static int
is_ours(const char *name)
{
	return strcmp(name, "th.db") == 0 || strcmp(name, "th.db-wal") == 0;
}

static void
copy_all(const char *from, const char *to)
{
	char a[PATH * 2], b[PATH * 2];
	struct dirent *e;
	DIR *d = opendir(from);

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (!is_ours(e->d_name))
			continue;
		snprintf(a, sizeof(a), "%s/%s", from, e->d_name);
		snprintf(b, sizeof(b), "%s/%s", to, e->d_name);
		copy_file(a, b);
	}
	if (d != NULL)
		closedir(d);
	snprintf(b, sizeof(b), "%s/sink.log", to);
	copy_file(getenv("TH_SNAP_LOG"), b);
}

static void
snapshot(void)
{
	const char *snap = getenv("TH_SNAP"), *home = getenv("TH_HOME");
	char to[PATH * 2], shadow[PATH];
	int n;

	snprintf(shadow, sizeof(shadow), "%s/shadow", snap);
	for (n = 1; n < 100000; n++) {
		snprintf(to, sizeof(to), "%s/%05d.strict", snap, n);
		if (mkdir(to, 0700) == 0)
			break;
	}
	copy_all(shadow, to);
	snprintf(to, sizeof(to), "%s/%05d.loose", snap, n);
	mkdir(to, 0700);
	copy_all(home, to);
}

static void
synced(const char *path, const char *name)
{
	char to[PATH * 2];

	snprintf(to, sizeof(to), "%s/shadow", getenv("TH_SNAP"));
	mkdir(to, 0700);
	snprintf(to, sizeof(to), "%s/shadow/%s", getenv("TH_SNAP"), name);
	copy_file(path, to);
	snapshot();
}

static void
note(int fd)
{
	char link[64], path[PATH], *name;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0 || getenv("TH_SNAP") == NULL)
		return;
	path[n] = '\0';
	name = strrchr(path, '/') + 1;
	if (is_ours(name))
		synced(path, name);
}

/* What libcurl sends with. */
ssize_t
send(int fd, const void *data, size_t len, int flags)
{
	static int sent;

	if (getenv("TH_SNAP") != NULL && sent++ % 10 == 5)
		snapshot();
	return sendto(fd, data, len, flags, NULL, 0);
}

int fsync(int);
int fdatasync(int);

int
fsync(int fd)
{
	int rc = (int)syscall(SYS_fsync, fd);

	note(fd);
	return rc;
}

int
fdatasync(int fd)
{
	int rc = (int)syscall(SYS_fdatasync, fd);

	note(fd);
	return rc;
}

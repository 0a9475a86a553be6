/* owner -- who leases: a process, told from its namesakes; is it still there?
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trigger.h"

#define TAG_SIZE 9 /* eight digits and a NUL */

/* Appends the first line of a small file; nothing when it is not there. */
static void
add_file(struct th_buf *b, const char *path)
{
	char text[128];
	ssize_t n;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return;
	n = read(fd, text, sizeof(text));
	close(fd);
	if (n > 0)
		th_buf_add(b, text, (size_t)n);
}

static void
tag(const struct th_buf *b, char ret[TAG_SIZE])
{
	struct th_hash h = th_hash(th_buf_str(b));

	snprintf(ret, TAG_SIZE, "%02x%02x%02x%02x", h.byte[0], h.byte[1],
	    h.byte[2], h.byte[3]);
}

/* The machine, and, as process ids mean nothing outside, their name space. */
static void
host_tag(char ret[TAG_SIZE])
{
	char text[256] = "";
	struct th_buf b;
	ssize_t n;

	th_buf_init(&b, 4096);
	if (gethostname(text, sizeof(text) - 1) == 0)
		th_buf_adds(&b, text);
	n = readlink("/proc/self/ns/pid", text, sizeof(text));
	if (n > 0)
		th_buf_add(&b, text, (size_t)n);
	tag(&b, ret);
	th_buf_release(&b);
}

static void
boot_tag(char ret[TAG_SIZE])
{
	struct th_buf b;

	th_buf_init(&b, 4096);
	add_file(&b, "/proc/sys/kernel/random/boot_id");
	tag(&b, ret);
	th_buf_release(&b);
}

/*
 * When a process started, in ticks since the boot; 0 when that cannot be told,
 * -1 when it is no more (a zombie does nothing any more either).
 */
static int64_t
start_of(long pid)
{
	char path[64], *p;
	struct th_buf b;
	int64_t start = 0;
	int i;

	if (kill((pid_t)pid, 0) == -1 && errno == ESRCH)
		return -1;
	th_buf_init(&b, 4096);
	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	add_file(&b, path);
	/* Field 2 is a name that may hold anything; the last ) ends it. */
	p = b.data != NULL ? strrchr(b.data, ')') : NULL;
	if (p != NULL && (p[1] == '\0' || p[2] == 'Z' || p[2] == 'X'))
		start = -1;
	for (i = 2; p != NULL && start == 0 && i < 22; i++)
		p = strchr(p + 1, ' ');
	if (p != NULL && start == 0)
		start = strtoll(p, NULL, 10);
	th_buf_release(&b);
	return start;
}

void
th_owner_of(int64_t pid, char ret[TH_OWNER_SIZE])
{
	char host[TAG_SIZE], boot[TAG_SIZE];

	host_tag(host);
	boot_tag(boot);
	snprintf(ret, TH_OWNER_SIZE, "%s.%s.%" PRId64 ".%" PRId64, host, boot,
	    pid, start_of((long)pid));
}

void
th_owner(char ret[TH_OWNER_SIZE])
{
	th_owner_of((int64_t)getpid(), ret);
}

enum th_owner_life
th_owner_life(const char *owner)
{
	char host[TAG_SIZE], boot[TAG_SIZE], *end;
	int64_t start;
	long pid;

	host_tag(host);
	boot_tag(boot);
	if (strlen(owner) < 2 * TAG_SIZE || owner[TAG_SIZE - 1] != '.' ||
	    owner[2 * TAG_SIZE - 1] != '.' ||
	    strncmp(owner, host, TAG_SIZE - 1) != 0)
		return TH_OWNER_FAR;
	if (strncmp(owner + TAG_SIZE, boot, TAG_SIZE - 1) != 0)
		return TH_OWNER_DEAD;
	pid = strtol(owner + 2 * TAG_SIZE, &end, 10);
	if (*end != '.' || pid <= 0)
		return TH_OWNER_FAR;
	start = start_of(pid);
	if (start == -1)
		return TH_OWNER_DEAD;
	return start == strtoll(end + 1, NULL, 10) ? TH_OWNER_ALIVE
						   : TH_OWNER_DEAD;
}

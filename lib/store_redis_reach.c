/*
 * store_redis_reach -- a connection to a server, by TCP or a Unix socket
 *
 * Not by hiredis: that of 0.14 does not survive an allocation that fails here.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store_redis.h"

/* Waits until the connection stands; an errno else. */
static int
await(int fd, int64_t ms)
{
	struct pollfd p = { fd, POLLOUT, 0 };
	const int64_t end = th_steady_ms() + ms;
	socklen_t len = sizeof(int);
	int n, error = 0;

	do
		n = poll(&p, 1, (int)ms);
	while (n == -1 && errno == EINTR && !th_interrupted &&
	       (ms = end - th_steady_ms()) > 0);
	if (n == -1)
		return errno;
	if (n == 0)
		return ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		return errno;
	return error;
}

/* The socket, to be used blocking; or -1 and *error. */
static int
connect_one(const struct sockaddr *to, socklen_t len, int64_t ms, int *error)
{
	const int yes = 1;
	int fd = socket(to->sa_family, SOCK_STREAM, 0), flags;

	*error = errno;
	if (fd == -1)
		return -1;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	flags = fcntl(fd, F_GETFL);
	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	*error = connect(fd, to, len) == -1 ? errno : 0;
	if (*error == EINPROGRESS)
		*error = await(fd, ms);
	if (*error != 0) {
		close(fd);
		return -1;
	}
	fcntl(fd, F_SETFL, flags);
	if (to->sa_family != AF_UNIX) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
	}
	return fd;
}

static int
connect_path(const char *path, int64_t ms, int *error)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	*error = ENAMETOOLONG;
	if (strlen(path) >= sizeof(to.sun_path))
		return -1;
	memcpy(to.sun_path, path, strlen(path) + 1);
	return connect_one((const struct sockaddr *)&to, sizeof(to), ms, error);
}

/* gai: why the name is not known, else 0. */
static int
connect_host(const char *host, int port, int64_t ms, int *error, int *gai)
{
	const struct addrinfo want = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL, *a;
	char text[16];
	int fd = -1;

	snprintf(text, sizeof(text), "%d", port);
	*gai = getaddrinfo(host, text, &want, &list);
	if (*gai != 0)
		return -1;
	for (a = list; a != NULL && fd == -1; a = a->ai_next)
		fd = connect_one(a->ai_addr, a->ai_addrlen, ms, error);
	freeaddrinfo(list);
	return fd;
}

enum th_status
th_redis_reach(
    const struct th_redis *r, int64_t ms, int *ret, struct th_err *err)
{
	const struct th_redis_place *p = &r->place;
	int error = 0, gai = 0;

	if (r->node.host != NULL)
		*ret =
		    connect_host(r->node.host, r->node.port, ms, &error, &gai);
	else if (p->path != NULL)
		*ret = connect_path(p->path, ms, &error);
	else
		*ret = connect_host(p->host, p->port, ms, &error, &gai);
	if (*ret != -1)
		return TH_OK;
	if (gai == EAI_MEMORY || error == ENOMEM)
		return th_fail(err, TH_ENOMEM, "store: out of memory");
	return th_fail(err, TH_EAGAIN, "%s: %s", p->shown,
	    gai != 0 && gai != EAI_SYSTEM ? gai_strerror(gai)
					  : strerror(error));
}

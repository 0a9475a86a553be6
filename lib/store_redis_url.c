/* store_redis_url -- redis://[[USER]:PASSWORD@]HOST[:PORT][/DB],
 * unix:///PATH?db=N */
#include <stdlib.h>
#include <string.h>

#include "store_redis.h"

#define PORT 6379
#define TEXT_MAX 4096

static enum th_status
read_user(struct th_str userinfo, struct th_redis_place *ret)
{
	const char *colon;
	size_t len;

	if (userinfo.s == NULL)
		return TH_OK;
	colon = memchr(userinfo.s, ':', userinfo.len);
	len = colon != NULL ? (size_t)(colon - userinfo.s) : userinfo.len;
	if (len > 0) {
		ret->user.value =
		    th_url_unescape((struct th_str){ userinfo.s, len });
		if (ret->user.value == NULL)
			return TH_ENOMEM;
	}
	if (colon == NULL)
		return TH_OK;
	ret->pass.value = th_url_unescape(
	    (struct th_str){ colon + 1, userinfo.len - len - 1 });
	return ret->pass.value != NULL ? TH_OK : TH_ENOMEM;
}

static enum th_status
read_number(struct th_str s, int64_t most, int64_t *ret)
{
	int64_t n;

	if (s.len == 0)
		return TH_OK;
	if (th_int_parse(s, &n) != TH_OK || n < 0 || n > most)
		return TH_EDATA;
	*ret = n;
	return TH_OK;
}

static enum th_status
read_socket(const struct th_url *url, struct th_redis_place *ret)
{
	static const char db[] = "db=";
	struct th_str query = url->query;

	if (url->path.len < 2 || url->host.len > 0)
		return TH_EDATA;
	if ((ret->path = th_url_unescape(url->path)) == NULL)
		return TH_ENOMEM;
	if (query.s == NULL)
		return TH_OK;
	if (!th_str_has_prefix(query, db))
		return TH_EDATA;
	query.s += sizeof(db) - 1;
	query.len -= sizeof(db) - 1;
	return read_number(query, INT32_MAX, &ret->db);
}

static enum th_status
read_host(const struct th_url *url, struct th_redis_place *ret)
{
	struct th_str host = url->host, path = url->path;
	int64_t port = PORT;

	if (host.len == 0 || url->query.s != NULL)
		return TH_EDATA;
	if (host.len > 2 && host.s[0] == '[') {
		host.s++;
		host.len -= 2;
	}
	if ((ret->host = th_url_unescape(host)) == NULL)
		return TH_ENOMEM;
	if (path.len > 0) {
		path.s++;
		path.len--;
	}
	if (read_number(url->port, 65535, &port) != TH_OK ||
	    read_number(path, INT32_MAX, &ret->db) != TH_OK)
		return TH_EDATA;
	ret->port = (int)port;
	return TH_OK;
}

static enum th_status
show(const char *url, struct th_redis_place *ret)
{
	struct th_buf shown;
	enum th_status st;

	th_buf_init(&shown, TEXT_MAX);
	st = th_url_mask(th_str(url), &shown);
	if (st == TH_OK)
		ret->shown = th_buf_take(&shown);
	th_buf_release(&shown);
	return st != TH_OK || ret->shown != NULL ? st : TH_ENOMEM;
}

enum th_status
th_redis_place(const char *url, struct th_redis_place *ret, struct th_err *err)
{
	struct th_url u;
	enum th_status st;

	*ret = (struct th_redis_place){ 0 };
	st = strlen(url) < TEXT_MAX ? th_url_parse(th_str(url), &u) : TH_EDATA;
	if (st == TH_OK)
		st = show(url, ret);
	if (st == TH_OK)
		st = read_user(u.userinfo, ret);
	if (st == TH_OK && th_str_iis(u.scheme, "unix"))
		st = read_socket(&u, ret);
	else if (st == TH_OK)
		st = read_host(&u, ret);
	if (st == TH_OK) {
		ret->tls = th_str_iis(u.scheme, "rediss");
		return TH_OK;
	}
	th_redis_place_release(ret);
	if (st == TH_ENOMEM)
		return th_fail(err, st, "store: %s", th_strstatus(st));
	return th_fail(err, TH_ECONFIG,
	    "store: must be redis://[[USER]:PASSWORD@]HOST[:PORT][/DB] or "
	    "unix:///PATH[?db=DB]");
}

void
th_redis_place_release(struct th_redis_place *p)
{
	th_secret_release(&p->user);
	th_secret_release(&p->pass);
	free(p->shown);
	free(p->host);
	free(p->path);
	*p = (struct th_redis_place){ 0 };
}

/*
 * place -- where an item's file goes: a path out of a template, confined
 *
 * What an item says becomes part of a path, but never leads out of the fixed
 * directory in front of the template's first field.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trigger.h"

#define VALUE_MAX 200  /* bytes of one substituted value */
#define NAME_BYTES 220 /* of one name; a suffix and ".tmp" must still fit */
#define PATH_BYTES ((size_t)1 << 20)

/* What parts words and lines, to whoever lists the directory, too. */
static bool
is_break(uint32_t c)
{
	return c == '\t' || c == '\n' || c == '\r' || c == 0x85 ||
	       c == 0x2028 || c == 0x2029;
}

/* Control characters, and those that turn the text behind them around. */
static bool
is_control(uint32_t c)
{
	return c < ' ' || (c >= 0x7f && c <= 0x9f) ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/*
 * A value may not begin, end or part a name, nor hide it, nor be all of "..",
 * nor look like an option where somebody writes *; it is never empty.
 */
static enum th_status
quote_name(struct th_str s, struct th_buf *ret)
{
	bool first = true;
	size_t i, n;
	uint32_t c;

	s = th_str_trim(s);
	if (s.len > VALUE_MAX) {
		s.len = VALUE_MAX;
		while (s.len > 0 && ((unsigned char)s.s[s.len] & 0xc0) == 0x80)
			s.len--;
		s = th_str_trim(s);
	}
	if (s.len == 0)
		return th_buf_adds(ret, "untitled");
	for (i = 0; i < s.len; i += n) {
		n = th_utf8_decode(s.s + i, s.len - i, &c);
		if (is_break(c))
			c = ' ';
		else if (is_control(c) || c == '/' || c == '\\')
			c = '-';
		first &= c == '.' || c == '-';
		if (first || c == ' ' || c == '-')
			th_buf_addc(ret, first ? '_' : (char)c);
		else
			th_buf_add(ret, s.s + i, n);
	}
	return ret->status;
}

/* Where the name's suffix begins: ".md", but not a sentence after a full stop.
 */
static size_t
stem(const char *name, size_t len)
{
	const char *dot = strrchr(name, '.');

	return dot == NULL || dot == name || len - (size_t)(dot - name) > 16
		   ? len
		   : (size_t)(dot - name);
}

/* Makes a name fit, at a character, with `mark` before its suffix. */
static char *
fit_name(const char *name, const char *mark)
{
	size_t len = strlen(name), cut = stem(name, len), end = cut;
	size_t tail = len - end + strlen(mark);
	struct th_buf b;
	char *fitted;

	if (cut + tail > NAME_BYTES) {
		cut = NAME_BYTES - tail;
		while (cut > 1 && ((unsigned char)name[cut] & 0xc0) == 0x80)
			cut--;
	}
	th_buf_init(&b, 4096);
	th_buf_add(&b, name, cut);
	th_buf_adds(&b, mark);
	th_buf_adds(&b, name + end);
	fitted = th_buf_take(&b);
	th_buf_release(&b);
	return fitted;
}

/*
 * What the template alone makes of names: no item's value is empty, a dot or
 * two of them.
 */
static enum th_status
check_names(const struct th_place *p, struct th_err *err)
{
	const char *s = p->path.data + p->fixed;
	struct th_str name;

	for (;; s += name.len + 1) {
		name = (struct th_str){ s, strcspn(s, "/") };
		if (th_str_is(name, ".") || th_str_is(name, ".."))
			return th_fail(err, TH_EUSAGE,
			    "--path: no . or .. behind the first field");
		if (s[name.len] == '\0' && name.len == 0)
			return th_fail(
			    err, TH_EUSAGE, "--path: no file name at the end");
		if (s[name.len] == '\0')
			return TH_OK;
	}
}

enum th_status
th_place_fill(struct th_place *ret, const char *path, const struct th_item *it,
    struct th_err *err)
{
	const char *p, *slash;
	struct th_template *t;
	enum th_status st;

	p = strchr(path, '{');
	for (slash = p == NULL ? path + strlen(path) : p;
	     slash > path && slash[-1] != '/'; slash--)
		;
	st = th_template_new(slash, &t, err);
	if (st != TH_OK)
		return st;
	th_buf_add(&ret->path, path, (size_t)(slash - path));
	ret->fixed = ret->path.len;
	st = th_template_expand(t, it, quote_name, &ret->path, err);
	th_template_free(t);
	return st == TH_OK ? check_names(ret, err) : st;
}

static enum th_status
fail_at(const struct th_place *p, struct th_err *err)
{
	return th_fail(err, errno == ENOMEM ? TH_ENOMEM : TH_ECREATE, "%s: %s",
	    p->path.data, strerror(errno));
}

/* Goes into a directory, which is made when missing; no link leads out. */
static enum th_status
enter(struct th_place *p, const char *name, bool fixed, struct th_err *err)
{
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int dir;

	if (mkdirat(p->dir, name, 0777) == 0) {
		if (th_file_sync_dir(p->dir, err) != TH_OK)
			return TH_EIO;
	} else if (errno != EEXIST) {
		return fail_at(p, err);
	}
	dir = openat(p->dir, name, fixed ? flags : flags | O_NOFOLLOW);
	if (dir < 0)
		return fail_at(p, err);
	close(p->dir);
	p->dir = dir;
	return TH_OK;
}

/* The name between two slashes. */
static enum th_status
next_name(struct th_place *p, const char *s, size_t len)
{
	char *raw = th_strndup(s, len);

	free(p->name);
	p->name = NULL;
	if (raw == NULL)
		return TH_ENOMEM;
	p->name = fit_name(raw, "");
	free(raw);
	return p->name == NULL ? TH_ENOMEM : TH_OK;
}

static enum th_status
enter_fixed(struct th_place *p, struct th_err *err)
{
	const char *s = p->path.data, *end = s + p->fixed;
	enum th_status st = TH_OK;
	char *name;
	size_t n;

	p->dir = open(p->fixed > 0 && *s == '/' ? "/" : ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->dir < 0)
		return fail_at(p, err);
	for (; st == TH_OK && s < end; s += n + 1) {
		n = (size_t)((const char *)memchr(s, '/', (size_t)(end - s)) -
			     s);
		if (n == 0)
			continue;
		if ((name = th_strndup(s, n)) == NULL)
			return TH_ENOMEM;
		st = enter(p, name, true, err);
		free(name);
	}
	return st;
}

enum th_status
th_place_enter(struct th_place *p, struct th_err *err)
{
	const char *s = p->path.data + p->fixed;
	enum th_status st;
	size_t n;

	if ((st = enter_fixed(p, err)) != TH_OK)
		return st;
	for (;; s += n + 1) {
		n = strcspn(s, "/");
		if (n == 0) /* a slash too many; the last name is not empty */
			continue;
		if ((st = next_name(p, s, n)) != TH_OK || s[n] == '\0')
			return st;
		if ((st = enter(p, p->name, false, err)) != TH_OK)
			return st;
	}
}

void
th_place_init(struct th_place *p)
{
	*p = (struct th_place){ .dir = -1 };
	th_buf_init(&p->path, PATH_BYTES);
}

enum th_status
th_place_mark(struct th_place *p, struct th_str id)
{
	unsigned char sum[TH_SHA256_SIZE];
	struct th_buf mark;
	char *name = NULL;

	th_sha256(id, sum);
	th_buf_init(&mark, 64);
	th_buf_addc(&mark, '-');
	th_hex_encode((struct th_str){ (char *)sum, 8 }, &mark);
	if (mark.status == TH_OK)
		name = fit_name(p->name, mark.data);
	th_buf_release(&mark);
	if (name == NULL)
		return TH_ENOMEM;
	free(p->name);
	p->name = name;
	return TH_OK;
}

void
th_place_release(struct th_place *p)
{
	th_buf_release(&p->path);
	free(p->name);
	if (p->dir >= 0)
		close(p->dir);
}

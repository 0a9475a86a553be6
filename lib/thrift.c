/*
 * thrift -- Apache Thrift's binary protocol: calls out, replies in
 *
 * A reply is checked whole before anything is read from it, as JSON is in
 * json.c: no length or count goes beyond the bytes that are there, nothing is
 * nested deeper than DEPTH_MAX, and no memory is asked for.
 */
#include <string.h>

#include "trigger.h"

#define VERSION 0x80010000u
#define VERSION_MASK 0xffff0000u
#define DEPTH_MAX 32
#define METHOD_MAX 128 /* bytes of a method's name */

/* ---- writing ---- */

static enum th_status
put_int(struct th_buf *b, uint64_t v, unsigned bytes)
{
	char out[8];
	unsigned i;

	for (i = 0; i < bytes; i++)
		out[i] = (char)(unsigned char)(v >> (8 * (bytes - 1 - i)));
	return th_buf_add(b, out, bytes);
}

static enum th_status
put_text(struct th_buf *b, struct th_str s)
{
	if (s.len > INT32_MAX)
		return b->status = TH_EDATA;
	put_int(b, s.len, 4);
	return th_buf_add(b, s.s != NULL ? s.s : "", s.len);
}

enum th_status
th_thrift_call(struct th_buf *b, const char *method, int32_t seqid)
{
	put_int(b, VERSION | TH_THRIFT_CALL, 4);
	put_text(b, th_str(method));
	return put_int(b, (uint32_t)seqid, 4);
}

enum th_status
th_thrift_begin(struct th_buf *b, int id, enum th_thrift_type type)
{
	put_int(b, (unsigned)type, 1);
	return put_int(b, (unsigned)id, 2);
}

enum th_status
th_thrift_end(struct th_buf *b)
{
	return th_buf_addc(b, '\0');
}

enum th_status
th_thrift_string(struct th_buf *b, int id, struct th_str s)
{
	th_thrift_begin(b, id, TH_THRIFT_STRING);
	return put_text(b, s);
}

enum th_status
th_thrift_i32(struct th_buf *b, int id, int32_t v)
{
	th_thrift_begin(b, id, TH_THRIFT_I32);
	return put_int(b, (uint32_t)v, 4);
}

enum th_status
th_thrift_i64(struct th_buf *b, int id, int64_t v)
{
	th_thrift_begin(b, id, TH_THRIFT_I64);
	return put_int(b, (uint64_t)v, 8);
}

enum th_status
th_thrift_bool(struct th_buf *b, int id, bool v)
{
	th_thrift_begin(b, id, TH_THRIFT_BOOL);
	return put_int(b, v, 1);
}

enum th_status
th_thrift_strings(struct th_buf *b, int id, const struct th_str *s, size_t n)
{
	size_t i;

	th_thrift_begin(b, id, TH_THRIFT_LIST);
	put_int(b, TH_THRIFT_STRING, 1);
	put_int(b, n, 4);
	for (i = 0; i < n; i++)
		put_text(b, s[i]);
	return b->status;
}

/* ---- checking ---- */

/* Takes n bytes off the front; false when there are fewer. */
static bool
take(struct th_str *in, size_t n, struct th_str *ret)
{
	if (in->len < n)
		return false;
	*ret = (struct th_str){ in->s, n };
	in->s += n;
	in->len -= n;
	return true;
}

static uint64_t
number(struct th_str s)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < s.len; i++)
		v = v << 8 | (unsigned char)s.s[i];
	return v;
}

static bool
take_int(struct th_str *in, unsigned bytes, uint64_t *ret)
{
	struct th_str s;

	if (!take(in, bytes, &s))
		return false;
	*ret = number(s);
	return true;
}

/* A length: one that is negative is larger than all there is. */
static bool
take_text(struct th_str *in, struct th_str *ret)
{
	uint64_t len;

	return take_int(in, 4, &len) && take(in, len, ret);
}

/* The least bytes that a value of a type takes; 0: there is no such type. */
static size_t
least(uint64_t type)
{
	switch (type) {
	case TH_THRIFT_BOOL:
	case TH_THRIFT_BYTE:
	case TH_THRIFT_STRUCT: return 1;
	case TH_THRIFT_I16: return 2;
	case TH_THRIFT_I32:
	case TH_THRIFT_STRING: return 4;
	case TH_THRIFT_SET:
	case TH_THRIFT_LIST: return 5;
	case TH_THRIFT_MAP: return 6;
	case TH_THRIFT_DOUBLE:
	case TH_THRIFT_I64: return 8;
	default: return 0;
	}
}

static bool skip(struct th_str *in, uint64_t type, unsigned depth);

/* So many elements, of one type or (maps) of two in turn. */
static bool
skip_elements(struct th_str *in, uint64_t key, uint64_t value, unsigned depth)
{
	size_t bytes = least(value) + (key != 0 ? least(key) : 0);
	uint64_t n;

	if (!take_int(in, 4, &n))
		return false;
	if (n == 0)
		return true;
	if (least(value) == 0 || (key != 0 && least(key) == 0) || bytes == 0 ||
	    n > in->len / bytes)
		return false;
	for (; n > 0; n--)
		if ((key != 0 && !skip(in, key, depth)) ||
		    !skip(in, value, depth))
			return false;
	return true;
}

static bool
skip_struct(struct th_str *in, unsigned depth)
{
	uint64_t type, id;

	while (take_int(in, 1, &type))
		if (type == TH_THRIFT_STOP)
			return true;
		else if (!take_int(in, 2, &id) || !skip(in, type, depth))
			return false;
	return false;
}

/* Goes past one value; false when it is malformed. */
static bool
skip(struct th_str *in, uint64_t type, unsigned depth)
{
	struct th_str s;
	uint64_t key, value;

	if (depth == DEPTH_MAX)
		return false;
	switch (type) {
	case TH_THRIFT_STRING: return take_text(in, &s);
	case TH_THRIFT_STRUCT: return skip_struct(in, depth + 1);
	case TH_THRIFT_MAP:
		return take_int(in, 1, &key) && take_int(in, 1, &value) &&
		       skip_elements(
			   in, key != 0 ? key : UINT8_MAX, value, depth + 1);
	case TH_THRIFT_SET:
	case TH_THRIFT_LIST:
		return take_int(in, 1, &value) &&
		       skip_elements(in, 0, value, depth + 1);
	default: return least(type) > 0 && take(in, least(type), &s);
	}
}

enum th_status
th_thrift_parse(
    struct th_str in, struct th_thrift_message *ret, struct th_err *err)
{
	struct th_str all = in;
	uint64_t head, seqid;

	if (!take_int(&in, 4, &head) || (head & VERSION_MASK) != VERSION)
		return th_fail(err, TH_EDATA, "it is no Thrift message");
	if (!take_text(&in, &ret->method) || ret->method.len > METHOD_MAX ||
	    !take_int(&in, 4, &seqid))
		return th_fail(
		    err, TH_EDATA, "the head of the message is cut short");
	ret->kind = (int)(head & 0xff);
	ret->seqid = (int32_t)(uint32_t)seqid;
	ret->body = (struct th_thrift){ TH_THRIFT_STRUCT, in };
	if (!skip_struct(&in, 0))
		return th_fail(err, TH_EDATA,
		    "the message is malformed or cut short at byte %zu",
		    all.len - in.len);
	if (in.len > 0)
		return th_fail(err, TH_EDATA,
		    "%zu bytes are behind the end of the message", in.len);
	return TH_OK;
}

/* ---- reading what was checked ---- */

/* The value at the front, of which the reader then is behind. */
static struct th_thrift
value_at(struct th_str *in, enum th_thrift_type type)
{
	struct th_thrift v = { type, *in };

	if (!skip(in, (uint64_t)type, 0))
		in->len = 0;
	v.raw.len -= in->len;
	return v;
}

bool
th_thrift_get(const struct th_thrift *st, int id, enum th_thrift_type type,
    struct th_thrift *ret)
{
	struct th_str in = st->raw;
	struct th_thrift v;
	uint64_t t, n;
	bool found = false;

	if (st->type != TH_THRIFT_STRUCT)
		return false;
	while (take_int(&in, 1, &t) && t != TH_THRIFT_STOP &&
	       take_int(&in, 2, &n)) {
		v = value_at(&in, (enum th_thrift_type)t);
		if (n == (uint64_t)id && t == (uint64_t)type) {
			*ret = v;
			found = true;
		}
	}
	return found;
}

struct th_str
th_thrift_str(const struct th_thrift *v)
{
	if (v->type != TH_THRIFT_STRING || v->raw.len < 4)
		return (struct th_str){ NULL, 0 };
	return (struct th_str){ v->raw.s + 4, v->raw.len - 4 };
}

struct th_str
th_thrift_text(const struct th_thrift *st, int id)
{
	struct th_thrift v = { .type = TH_THRIFT_STOP };

	th_thrift_get(st, id, TH_THRIFT_STRING, &v);
	return th_thrift_str(&v);
}

int64_t
th_thrift_number(const struct th_thrift *st, int id, int64_t otherwise)
{
	struct th_thrift v;

	if (th_thrift_get(st, id, TH_THRIFT_I64, &v))
		return (int64_t)number(v.raw);
	if (th_thrift_get(st, id, TH_THRIFT_I32, &v))
		return (int32_t)(uint32_t)number(v.raw);
	if (th_thrift_get(st, id, TH_THRIFT_I16, &v))
		return (int16_t)(uint16_t)number(v.raw);
	if (th_thrift_get(st, id, TH_THRIFT_BOOL, &v))
		return number(v.raw) != 0;
	return otherwise;
}

void
th_thrift_list(const struct th_thrift *st, int id, struct th_thrift_iter *ret)
{
	struct th_thrift list;
	struct th_str in = { NULL, 0 };
	uint64_t type = TH_THRIFT_STOP, n = 0;

	if (th_thrift_get(st, id, TH_THRIFT_LIST, &list)) {
		in = list.raw;
		if (!take_int(&in, 1, &type) || !take_int(&in, 4, &n))
			n = 0;
	}
	*ret =
	    (struct th_thrift_iter){ in, (enum th_thrift_type)type, (size_t)n };
}

bool
th_thrift_next(struct th_thrift_iter *it, struct th_thrift *ret)
{
	if (it->left == 0)
		return false;
	it->left--;
	*ret = value_at(&it->in, it->type);
	return true;
}

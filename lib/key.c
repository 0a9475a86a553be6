/* key -- what items are sorted and told apart by, as bytes */
#include <stdlib.h>
#include <string.h>

#include "field.h"

struct th_key {
	struct th_field field;
	struct th_buf scratch;
};

enum th_status
th_key_new(const char *field, struct th_key **ret, struct th_err *err)
{
	struct th_str name = th_str(field);
	struct th_key *k;
	enum th_status st;

	if (name.len == 0 || th_field_scan(name) != name.len)
		return th_fail(err, TH_EUSAGE, "no name of a field: %s", field);
	k = th_calloc(1, sizeof(*k));
	if (k == NULL)
		return th_fail(err, TH_ENOMEM, "%s", th_strstatus(TH_ENOMEM));
	th_buf_init(&k->scratch, TH_LINE_MAX);
	st = th_field_init(&k->field, name, err);
	if (st == TH_OK)
		*ret = k;
	else
		th_key_free(k);
	return st;
}

void
th_key_free(struct th_key *k)
{
	if (k == NULL)
		return;
	th_field_release(&k->field);
	th_buf_release(&k->scratch);
	free(k);
}

static enum th_status
add_big_endian(struct th_buf *b, uint64_t n)
{
	char bytes[8];
	int i;

	for (i = 7; i >= 0; i--) {
		bytes[i] = (char)(n & 0xff);
		n >>= 8;
	}
	return th_buf_add(b, bytes, sizeof(bytes));
}

/* IEEE numbers are in the order of their bits, but for the sign. */
static enum th_status
add_number(struct th_buf *b, double number)
{
	uint64_t bits;

	number += 0.0; /* -0 is 0 */
	memcpy(&bits, &number, sizeof(bits));
	if ((bits >> 63) != 0)
		bits = ~bits;
	else
		bits |= (uint64_t)1 << 63;
	return add_big_endian(b, bits);
}

static enum th_status
add_date(struct th_buf *b, int64_t date)
{
	th_buf_addc(b, 'd');
	return add_big_endian(b, (uint64_t)date ^ (uint64_t)1 << 63);
}

/* The first value decides; TH_END stops the walk. */
static enum th_status
see_first(void *ctx, const struct th_val *v)
{
	struct th_buf *b = ctx;
	int64_t date;

	switch (v->type) {
	case TH_V_NONE: return TH_OK;
	case TH_V_BOOL: th_buf_addc(b, v->number != 0 ? 'b' : 'a'); break;
	case TH_V_NUMBER:
		th_buf_addc(b, 'c');
		add_number(b, v->number);
		break;
	case TH_V_DATE: add_date(b, v->date); break;
	case TH_V_STRING:
		if (th_date_parse_rfc3339(v->str, &date) == TH_OK) {
			add_date(b, date);
			break;
		}
		/* fallthrough */
	case TH_V_OTHER:
		th_buf_addc(b, 'e');
		th_buf_add(b, v->str.s, v->str.len);
		break;
	}
	return b->status == TH_OK ? TH_END : b->status;
}

enum th_status
th_key_sort(struct th_key *k, const struct th_item *it, struct th_buf *ret)
{
	enum th_status st =
	    th_field_each(&k->field, it, &k->scratch, see_first, ret);

	if (st == TH_END)
		return TH_OK;
	return st == TH_OK ? TH_END : st;
}

/* Type and length before the text, so that no two lists look the same. */
static enum th_status
see_each(void *ctx, const struct th_val *v)
{
	struct th_buf *b = ctx;
	char room[TH_DATE_SIZE];
	struct th_str s = th_val_text(v, room);

	th_buf_addf(b, "%d:%zu:", (int)v->type, s.len);
	return th_buf_add(b, s.s, s.len);
}

enum th_status
th_key_same(struct th_key *k, const struct th_item *it, struct th_buf *ret)
{
	size_t before = ret->len;
	enum th_status st =
	    th_field_each(&k->field, it, &k->scratch, see_each, ret);

	if (st == TH_OK && ret->len == before)
		return TH_END;
	return st;
}

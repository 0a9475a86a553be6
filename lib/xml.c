/*
 * xml -- a push reader of XML that forgives
 *
 * libxml2 could read feeds that are well-formed; many are not.  Its recovery
 * gives up at a bare <, closes other elements than were meant when they are
 * badly nested, and takes quadratic time for the attributes of a tag.  This
 * reader takes linear time, bounds what it holds, and counts each repair.
 */
#include <stdlib.h>

#include "xml_read.h"

#define INSTRUCTION_MAX 4096

static const char *const repairs[REPAIRS] = {
	[BARE_LT] = "a bare < taken as text",
	[BARE_AMP] = "an unknown reference or bare & taken as text",
	[STRAY_END] = "an end tag without a start dropped",
	[LEFT_OPEN] = "an element left open closed",
	[ODD_TAG] = "a malformed tag read",
	[NO_PREFIX] = "a namespace without its right declaration guessed",
	[CUT_SHORT] = "the end is missing",
};

void
th_xml_fail(struct th_xml *x, enum th_status st, const char *why)
{
	if (x->status != TH_OK)
		return;
	x->status = st;
	x->why = why;
}

void
th_xml_note(struct th_xml *x, enum th_xml_repair r)
{
	if (!x->noted[r] && x->h.note != NULL)
		x->h.note(x->h.ctx, repairs[r]);
	x->noted[r] = true;
}

/* ---- what stands between < and > ---- */

/* Ends at "?>", or where that is not near, at the first ">". */
static const char *
take_instruction(const char *p, const char *end, bool final)
{
	size_t have = (size_t)(end - p);
	const char *near = have > INSTRUCTION_MAX ? p + INSTRUCTION_MAX : end;
	const char *gt = p + 2;

	while ((gt = memchr(gt, '>', (size_t)(near - gt))) != NULL) {
		if (gt[-1] == '?')
			return gt + 1;
		gt++;
	}
	if (!final && have < INSTRUCTION_MAX)
		return NULL;
	gt = memchr(p, '>', (size_t)(near - p));
	return gt != NULL ? gt + 1 : near;
}

static const char *
take_doctype(struct th_xml *x, const char *p, const char *end, bool final)
{
	const char *gt = th_xml_find_doctype_end(p + 2, end);

	if (gt == NULL && !final && (size_t)(end - p) < TH_XML_DOCTYPE_MAX)
		return NULL;
	if (gt == NULL)
		gt = memchr(p, '>', (size_t)(end - p));
	if (gt == NULL)
		return end;
	th_xml_doctype(x, p + 1, gt);
	return gt + 1;
}

/* "<!": each returns where to go on, NULL when more must come first. */
static const char *
take_declaration(struct th_xml *x, const char *p, const char *end, bool final)
{
	static const struct {
		const char *begin;
		size_t len;
		enum th_xml_state state;
	} known[] = {
		{ "<!--", 4, COMMENT },
		{ "<![CDATA[", 9, CDATA },
		{ "<!DOCTYPE", 9, DOCTYPE },
		{ "<!doctype", 9, DOCTYPE },
	};
	size_t i, n, have = (size_t)(end - p);

	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		n = have < known[i].len ? have : known[i].len;
		if (memcmp(p, known[i].begin, n) != 0)
			continue;
		if (n < known[i].len)
			return final ? end : NULL;
		if (known[i].state == DOCTYPE)
			return take_doctype(x, p, end, final);
		x->state = known[i].state;
		return p + n;
	}
	p = memchr(p, '>', have);
	return p != NULL ? p + 1 : final || have > 4096 ? end : NULL;
}

static const char *
literal(struct th_xml *x, const char *p)
{
	th_xml_note(x, BARE_LT);
	th_xml_cdata(x, (struct th_str){ p, 1 });
	return p + 1;
}

static const char *
take_start(struct th_xml *x, const char *p, const char *end, bool final)
{
	bool bare;
	const char *gt = th_xml_find_tag_end(x, p, end, &bare);

	if (gt == NULL && !final) {
		if ((size_t)(end - p) > TH_XML_TAG_MAX)
			th_xml_fail(x, TH_EDATA, "a tag is too long");
		return NULL;
	}
	th_xml_forget_tag(x);
	if (gt == NULL)
		return end;
	if (bare)
		return literal(x, p);
	th_xml_start_tag(x, p + 1, gt);
	return gt + 1;
}

static const char *
take_end(struct th_xml *x, const char *p, const char *end, bool final)
{
	const char *q = p + 2;

	while (q < end && *q != '>' && *q != '<')
		q++;
	if (q == end && !final) {
		if ((size_t)(end - p) > TH_XML_TAG_MAX)
			th_xml_fail(x, TH_EDATA, "a tag is too long");
		return NULL;
	}
	th_xml_end_tag(x, between(p + 2, q));
	return q < end && *q == '>' ? q + 1 : q;
}

static const char *
take_markup(struct th_xml *x, const char *p, const char *end, bool final)
{
	if (end - p < 3 && !final)
		return NULL;
	if (end - p < 2)
		return literal(x, p);
	if (p[1] == '!')
		return take_declaration(x, p, end, final);
	if (p[1] == '?')
		return take_instruction(p, end, final);
	if (p[1] == '/' && end - p > 2 && is_name_start(p[2]))
		return take_end(x, p, end, final);
	if (is_name_start(p[1]))
		return take_start(x, p, end, final);
	return literal(x, p);
}

static const char *
take_text(struct th_xml *x, const char *p, const char *end, bool final)
{
	const char *lt = memchr(p, '<', (size_t)(end - p));
	struct th_str s = between(p, lt != NULL ? lt : end);

	if (x->want == TH_XML_SKIP)
		return s.s + s.len;
	if (lt == NULL && !final)
		s.len -= th_xml_open_reference(s);
	if (s.len == 0)
		return NULL;
	th_xml_text(x, s);
	return s.s + s.len;
}

/* Inside <![CDATA[ and <!--: up to the three characters that end it. */
static const char *
take_until(struct th_xml *x, const char *p, const char *end, bool final)
{
	const char *stop = x->state == CDATA ? "]]>" : "-->", *q = p;

	while ((q = memchr(q, stop[0], (size_t)(end - q))) != NULL) {
		if (end - q < 3)
			break;
		if (memcmp(q, stop, 3) == 0)
			break;
		q++;
	}
	if (q == NULL)
		q = end;
	if (end - q < 3 && final)
		q = end;
	if (x->state == CDATA)
		th_xml_cdata(x, between(p, q));
	if (end - q >= 3) {
		x->state = CONTENT;
		return q + 3;
	}
	return q == p ? NULL : q;
}

/* Takes what can be taken; returns where it stopped. */
static const char *
take(struct th_xml *x, const char *p, const char *end, bool final)
{
	const char *next;

	while (p < end && x->status == TH_OK) {
		if (x->state != CONTENT)
			next = take_until(x, p, end, final);
		else if (*p == '<')
			next = take_markup(x, p, end, final);
		else
			next = take_text(x, p, end, final);
		if (next == NULL)
			break;
		p = next;
	}
	return p;
}

/* ---- the door ---- */

struct th_xml *
th_xml_new(const struct th_xml_handler *h)
{
	struct th_xml *x = th_calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->h = *h;
	th_buf_init(&x->carry, 2 * TH_LINE_MAX);
	th_buf_init(&x->names, TH_XML_TAG_MAX * 2);
	th_buf_init(&x->prefixes, TH_XML_TAG_MAX);
	th_buf_init(&x->declared, TH_XML_DOCTYPE_MAX * 2);
	return x;
}

void
th_xml_free(struct th_xml *x)
{
	if (x == NULL)
		return;
	th_buf_release(&x->carry);
	th_buf_release(&x->names);
	th_buf_release(&x->prefixes);
	th_buf_release(&x->declared);
	free(x->binding);
	free(x);
}

void
th_xml_want(struct th_xml *x, enum th_xml_text want, struct th_buf *into)
{
	x->want = want;
	x->into = into;
}

size_t
th_xml_depth(const struct th_xml *x)
{
	return x->depth;
}

void
th_xml_stop(struct th_xml *x, enum th_status st)
{
	th_xml_fail(x, st, th_strstatus(st));
}

static enum th_status
result(struct th_xml *x, struct th_err *err)
{
	if (x->status == TH_OK)
		return TH_OK;
	return th_fail(err, x->status, "%s", x->why);
}

enum th_status
th_xml_push(struct th_xml *x, struct th_str s, struct th_err *err)
{
	const char *p = s.s, *end = s.s + s.len;
	size_t left;

	if (x->status != TH_OK || s.len == 0)
		return result(x, err);
	if (x->carry.len > 0) {
		if (th_buf_add(&x->carry, s.s, s.len) != TH_OK)
			th_xml_fail(x, x->carry.status, "a tag is too long");
		p = x->carry.data;
		end = p + x->carry.len;
	}
	p = take(x, p, end, false);
	left = (size_t)(end - p);
	if (x->status != TH_OK)
		return result(x, err);
	if (x->carry.len > 0) {
		memmove(x->carry.data, p, left);
		x->carry.len = left;
	} else if (th_buf_add(&x->carry, p, left) != TH_OK) {
		th_xml_fail(x, x->carry.status, "a tag is too long");
	}
	return result(x, err);
}

enum th_status
th_xml_finish(struct th_xml *x, struct th_err *err)
{
	if (x->status == TH_OK && x->carry.len > 0)
		take(x, x->carry.data, x->carry.data + x->carry.len, true);
	if (x->depth > 0)
		th_xml_note(x, CUT_SHORT);
	while (x->status == TH_OK && x->depth > 0)
		th_xml_pop(x, true);
	return result(x, err);
}

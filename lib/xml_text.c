/* xml_text -- text, its references, and the entities that a document declares
 */
#include "html.h"
#include "xml_read.h"

#define REFERENCE_MAX 64 /* bytes of "&name;" */
#define ENTITY_DEPTH 8   /* one in another */

/* ---- references and text ---- */

static const struct th_xml_entity *
find_entity(const struct th_xml *x, struct th_str name)
{
	const struct th_xml_entity *e = x->entity, *end = e + x->nentities;

	for (; e < end; e++)
		if (e->name_len == name.len &&
		    memcmp(x->declared.data + e->name, name.s, name.len) == 0)
			return e;
	return NULL;
}

/*
 * Appends what a declared entity stands for.  Bombs, the nested and the
 * quadratic kind alike, end at the ceiling for the whole document.
 */
static void
add_entity(struct th_xml *x, const struct th_xml_entity *e, int depth,
    struct th_buf *ret)
{
	x->expanded += e->value_len;
	if (x->expanded > TH_XML_EXPANSION || depth > ENTITY_DEPTH) {
		th_xml_fail(x, TH_EDATA, "entities expand to too much");
		return;
	}
	th_xml_expand(x,
	    (struct th_str){ x->declared.data + e->value, e->value_len },
	    depth + 1, ret);
}

/* Decodes the reference at s; 0 when it is none. */
static size_t
reference(struct th_xml *x, struct th_str s, int depth, struct th_buf *ret)
{
	const struct th_xml_entity *e;
	size_t n = 1;

	if (x->nentities > 0) {
		while (n < s.len && n < REFERENCE_MAX && is_name(s.s[n]))
			n++;
		if (n < s.len && s.s[n] == ';' &&
		    (e = find_entity(x, (struct th_str){ s.s + 1, n - 1 })) !=
			NULL) {
			add_entity(x, e, depth, ret);
			return n + 1;
		}
	}
	return th_html_entity(s, true, ret);
}

/* The five of XML itself, which nearly all are; 0 for others. */
static size_t
quick_reference(struct th_str s, char *ret)
{
	static const struct {
		const char *name;
		size_t len;
		char c;
	} five[] = {
		{ "&lt;", 4, '<' },
		{ "&gt;", 4, '>' },
		{ "&amp;", 5, '&' },
		{ "&quot;", 6, '"' },
		{ "&apos;", 6, '\'' },
	};
	size_t i;

	for (i = 0; i < sizeof(five) / sizeof(*five); i++) {
		if (s.len < five[i].len ||
		    memcmp(s.s, five[i].name, five[i].len) != 0)
			continue;
		*ret = five[i].c;
		return five[i].len;
	}
	return 0;
}

/*
 * Appends text up to and with its quick references: what comes out is never
 * longer than what goes in, so that the buffer is asked for room once.
 */
static void
expand_quick(struct th_str *s, struct th_buf *ret)
{
	const char *p = s->s, *end = p + s->len, *amp;
	size_t n;
	char *out;

	if (th_buf_reserve(ret, s->len) != TH_OK)
		return;
	out = ret->data + ret->len;
	while (p < end) {
		amp = memchr(p, '&', (size_t)(end - p));
		n = (size_t)((amp != NULL ? amp : end) - p);
		memcpy(out, p, n);
		out += n;
		p += n;
		if (p == end)
			break;
		n = quick_reference(between(p, end), out);
		if (n == 0)
			break;
		out++;
		p += n;
	}
	*out = '\0';
	ret->len = (size_t)(out - ret->data);
	*s = between(p, end);
}

/* Appends text with its references decoded. */
void
th_xml_expand(struct th_xml *x, struct th_str s, int depth, struct th_buf *ret)
{
	size_t n;

	while (s.len > 0 && x->status == TH_OK && ret->status == TH_OK) {
		expand_quick(&s, ret);
		if (s.len == 0 || ret->status != TH_OK)
			break;
		n = reference(x, s, depth, ret);
		if (n == 0) {
			th_xml_note(x, BARE_AMP);
			th_buf_addc(ret, '&');
			n = 1;
		}
		s.s += n;
		s.len -= n;
	}
	if (ret->status != TH_OK)
		th_xml_fail(x, ret->status, "text too long");
}

/* Bytes at the end that may be the beginning of a reference. */
size_t
th_xml_open_reference(struct th_str s)
{
	size_t n;

	for (n = 1; n <= s.len && n < REFERENCE_MAX; n++) {
		char c = s.s[s.len - n];

		if (c == '&')
			return n;
		if (!is_name(c) && c != '#')
			break;
	}
	return 0;
}

void
th_xml_text(struct th_xml *x, struct th_str s)
{
	if (x->want == TH_XML_DECODED)
		th_xml_expand(x, s, 0, x->into);
	else if (th_buf_add(x->into, s.s, s.len) != TH_OK)
		th_xml_fail(x, x->into->status, "text too long");
}

/* Text that has no references in it. */
void
th_xml_cdata(struct th_xml *x, struct th_str s)
{
	if (x->want == TH_XML_SKIP)
		return;
	if (x->want == TH_XML_RAW)
		th_text_escape(s, x->into);
	else
		th_buf_add(x->into, s.s, s.len);
	if (x->into->status != TH_OK)
		th_xml_fail(x, x->into->status, "text too long");
}

/* ---- declarations ---- */

/* <!ENTITY name "value">; those that point elsewhere stand for nothing. */
static const char *
declaration(struct th_xml *x, const char *p, const char *end)
{
	struct th_xml_entity *e = &x->entity[x->nentities];
	const char *name, *q;
	struct th_str value = { p, 0 };
	bool parameter = false;

	while (p < end && (th_is_space(*p) || *p == '%'))
		parameter |= *p++ == '%';
	for (name = p; p < end && is_name(*p); p++)
		continue;
	if (p == name)
		return p;
	q = p;
	while (p < end && th_is_space(*p))
		p++;
	if (p < end && (*p == '"' || *p == '\'')) {
		value.s = p + 1;
		p = memchr(value.s, *p, (size_t)(end - value.s));
		if (p == NULL)
			return end;
		value.len = (size_t)(p++ - value.s);
	}
	if (parameter || x->nentities == TH_XML_ENTITIES ||
	    find_entity(x, between(name, q)) != NULL)
		return p;
	*e = (struct th_xml_entity){ x->declared.len, (size_t)(q - name),
		x->declared.len + (size_t)(q - name), value.len };
	th_buf_add(&x->declared, name, (size_t)(q - name));
	if (th_buf_add(&x->declared, value.s, value.len) != TH_OK)
		th_xml_fail(x, x->declared.status, "declarations too long");
	x->nentities++;
	return p;
}

void
th_xml_doctype(struct th_xml *x, const char *p, const char *end)
{
	static const char word[] = "<!ENTITY";

	while ((p = memchr(p, '<', (size_t)(end - p))) != NULL) {
		if ((size_t)(end - p) > sizeof(word) &&
		    memcmp(p, word, sizeof(word) - 1) == 0)
			p = declaration(x, p + sizeof(word) - 1, end);
		else
			p++;
	}
}

/* Where a document type's declaration ends; quotes and brackets count. */
const char *
th_xml_find_doctype_end(const char *p, const char *end)
{
	int depth = 0;
	const char *q;

	for (; p < end; p++) {
		if (*p == '[') {
			depth++;
		} else if (*p == ']') {
			depth--;
		} else if (*p == '>' && depth <= 0) {
			return p;
		} else if (*p == '"' || *p == '\'') {
			q = memchr(p + 1, *p, (size_t)(end - p - 1));
			if (q == NULL)
				return NULL;
			p = q;
		} else if (end - p > 3 && memcmp(p, "<!--", 4) == 0) {
			for (p += 4; end - p > 2; p++)
				if (memcmp(p, "-->", 3) == 0)
					break;
			p += 2;
		}
	}
	return NULL;
}

/*
 * xml -- a push reader of XML that forgives
 *
 * libxml2 could read feeds that are well-formed; many are not.  Its recovery
 * gives up at a bare <, closes other elements than were meant when they are
 * badly nested, and takes quadratic time for the attributes of a tag.  This
 * reader takes linear time, bounds what it holds, and counts each repair.
 */
#include <stdlib.h>
#include <string.h>

#include "html.h"
#include "xml.h"

#define REFERENCE_MAX 64 /* bytes of "&name;" */
#define ENTITIES_MAX 256 /* declared ones */
#define ENTITY_DEPTH 8   /* one in another */
#define INSTRUCTION_MAX 4096
#define DOCTYPE_MAX ((size_t)256 << 10)

enum state { CONTENT, CDATA, COMMENT, DOCTYPE };

enum repair {
	BARE_LT,
	BARE_AMP,
	STRAY_END,
	LEFT_OPEN,
	ODD_TAG,
	NO_PREFIX,
	CUT_SHORT,
	REPAIRS
};

static const char *const repairs[REPAIRS] = {
	[BARE_LT] = "a bare < taken as text",
	[BARE_AMP] = "an unknown reference or bare & taken as text",
	[STRAY_END] = "an end tag without a start dropped",
	[LEFT_OPEN] = "an element left open closed",
	[ODD_TAG] = "a malformed tag read",
	[NO_PREFIX] = "a namespace prefix without declaration guessed",
	[CUT_SHORT] = "the end is missing",
};

struct frame {
	size_t name; /* offset in names */
	size_t len;
	size_t local;    /* length of the prefix and its colon */
	size_t bindings; /* how many there were before it */
	int ns;
};

struct binding {
	size_t prefix, len; /* in prefixes */
	int ns;
};

struct entity {
	size_t name, name_len, value, value_len; /* in declared */
};

struct th_xml {
	struct th_xml_handler h;
	enum th_xml_text want;
	struct th_buf *into;
	enum state state;
	enum th_status status;
	const char *why;
	struct th_buf carry; /* what a push left over */
	/* How far the tag at its beginning has been looked at. */
	size_t seen, gt;
	char quote;
	struct th_buf names, prefixes, declared;
	struct frame frame[TH_XML_DEPTH];
	size_t depth;
	struct binding *binding;
	size_t nbindings, cap;
	struct entity entity[ENTITIES_MAX];
	size_t nentities, expanded;
	struct th_xml_attr attr[TH_XML_ATTRS];
	bool noted[REPAIRS];
};

static bool
is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       c == ':' || (unsigned char)c >= 0x80;
}

static bool
is_name(char c)
{
	return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' ||
	       c == '.';
}

static void
fail(struct th_xml *x, enum th_status st, const char *why)
{
	if (x->status != TH_OK)
		return;
	x->status = st;
	x->why = why;
}

static void
note(struct th_xml *x, enum repair r)
{
	if (!x->noted[r] && x->h.note != NULL)
		x->h.note(x->h.ctx, repairs[r]);
	x->noted[r] = true;
}

static struct th_str
between(const char *p, const char *end)
{
	return (struct th_str){ p, (size_t)(end - p) };
}

/* ---- references and text ---- */

static void expand(struct th_xml *, struct th_str, int depth, struct th_buf *);

static const struct entity *
find_entity(const struct th_xml *x, struct th_str name)
{
	const struct entity *e = x->entity, *end = e + x->nentities;

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
add_entity(
    struct th_xml *x, const struct entity *e, int depth, struct th_buf *ret)
{
	x->expanded += e->value_len;
	if (x->expanded > TH_XML_EXPANSION || depth > ENTITY_DEPTH) {
		fail(x, TH_EDATA, "entities expand to too much");
		return;
	}
	expand(x, (struct th_str){ x->declared.data + e->value, e->value_len },
	    depth + 1, ret);
}

/* Decodes the reference at s; 0 when it is none. */
static size_t
reference(struct th_xml *x, struct th_str s, int depth, struct th_buf *ret)
{
	const struct entity *e;
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
static void
expand(struct th_xml *x, struct th_str s, int depth, struct th_buf *ret)
{
	size_t n;

	while (s.len > 0 && x->status == TH_OK && ret->status == TH_OK) {
		expand_quick(&s, ret);
		if (s.len == 0 || ret->status != TH_OK)
			break;
		n = reference(x, s, depth, ret);
		if (n == 0) {
			note(x, BARE_AMP);
			th_buf_addc(ret, '&');
			n = 1;
		}
		s.s += n;
		s.len -= n;
	}
	if (ret->status != TH_OK)
		fail(x, ret->status, "text too long");
}

/* Bytes at the end that may be the beginning of a reference. */
static size_t
open_reference(struct th_str s)
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

static void
text(struct th_xml *x, struct th_str s)
{
	if (x->want == TH_XML_DECODED)
		expand(x, s, 0, x->into);
	else if (th_buf_add(x->into, s.s, s.len) != TH_OK)
		fail(x, x->into->status, "text too long");
}

/* Text that has no references in it. */
static void
cdata(struct th_xml *x, struct th_str s)
{
	if (x->want == TH_XML_SKIP)
		return;
	if (x->want == TH_XML_RAW)
		th_text_escape(s, x->into);
	else
		th_buf_add(x->into, s.s, s.len);
	if (x->into->status != TH_OK)
		fail(x, x->into->status, "text too long");
}

/* ---- namespaces ---- */

static int
ns_of_uri(const struct th_xml *x, struct th_str uri)
{
	const struct th_xml_ns *ns;

	uri = th_str_trim(uri);
	while (uri.len > 0 && uri.s[uri.len - 1] == '/')
		uri.len--;
	if (uri.len == 0)
		return 0;
	for (ns = x->h.ns; ns->uri != NULL; ns++)
		if (th_str_iis(uri, ns->uri))
			return ns->id;
	return -1;
}

static int
ns_of_prefix(struct th_xml *x, struct th_str prefix)
{
	const struct th_xml_ns *ns;
	const struct binding *b;
	size_t i;

	for (i = x->nbindings; i-- > 0;) {
		b = &x->binding[i];
		if (b->len == prefix.len && memcmp(x->prefixes.data + b->prefix,
						prefix.s, prefix.len) == 0)
			return b->ns;
	}
	if (prefix.len == 0)
		return 0;
	note(x, NO_PREFIX);
	for (ns = x->h.ns; ns->uri != NULL; ns++)
		if (ns->prefix != NULL && th_str_iis(prefix, ns->prefix))
			return ns->id;
	return -1;
}

static void
bind(struct th_xml *x, struct th_str prefix, const struct th_xml_attr *a)
{
	struct binding *more;
	struct th_buf uri;

	if (x->nbindings == TH_XML_NAMES) {
		fail(x, TH_EDATA, "too many namespaces");
		return;
	}
	if (x->nbindings == x->cap) {
		more =
		    th_realloc(x->binding, (x->cap * 2 + 16) * sizeof(*more));
		if (more == NULL) {
			fail(x, TH_ENOMEM, "out of memory");
			return;
		}
		x->binding = more;
		x->cap = x->cap * 2 + 16;
	}
	th_buf_init(&uri, TH_XML_TAG_MAX);
	th_xml_value(x, a, &uri);
	x->binding[x->nbindings++] = (struct binding){ x->prefixes.len,
		prefix.len, ns_of_uri(x, th_buf_str(&uri)) };
	if (th_buf_add(&x->prefixes, prefix.s, prefix.len) != TH_OK)
		fail(x, x->prefixes.status, "too many namespaces");
	th_buf_release(&uri);
}

static void
bind_all(struct th_xml *x, size_t nattrs)
{
	struct th_str name;
	size_t i;

	for (i = 0; i < nattrs; i++) {
		name = x->attr[i].name;
		if (th_str_is(name, "xmlns"))
			bind(x, TH_STR(""), &x->attr[i]);
		else if (th_str_has_prefix(name, "xmlns:"))
			bind(x, (struct th_str){ name.s + 6, name.len - 6 },
			    &x->attr[i]);
	}
}

/* ---- tags ---- */

static struct th_xml_tag
tag_of(const struct th_xml *x, const struct frame *f)
{
	struct th_str name = { x->names.data + f->name, f->len };

	return (struct th_xml_tag){ .ns = f->ns,
		.name = name,
		.local = { name.s + f->local, name.len - f->local } };
}

static void
pop(struct th_xml *x)
{
	struct frame *f = &x->frame[x->depth - 1];
	struct th_xml_tag tag = tag_of(x, f);

	x->h.end(x->h.ctx, &tag);
	x->depth--;
	x->names.len = f->name;
	if (x->nbindings > f->bindings) {
		x->nbindings = f->bindings;
		x->prefixes.len = x->binding[x->nbindings].prefix;
	}
}

/* Closes what the element to come shows to have been left open. */
static void
close_left_open(struct th_xml *x, const struct th_xml_tag *next)
{
	while (x->depth > 0 && x->status == TH_OK &&
	       x->h.left_open(x->h.ctx, next)) {
		note(x, LEFT_OPEN);
		pop(x);
	}
}

static void
push(struct th_xml *x, struct th_str name, size_t nattrs)
{
	const char *colon = memchr(name.s, ':', name.len);
	size_t local = colon != NULL ? (size_t)(colon - name.s) + 1 : 0;
	struct th_xml_tag tag = { .name = name,
		.local = { name.s + local, name.len - local },
		.attr = x->attr,
		.nattrs = nattrs };
	struct frame *f;
	size_t bindings;

	close_left_open(x, &tag);
	if (x->depth == TH_XML_DEPTH) {
		fail(x, TH_EDATA, "elements nested too deep");
		return;
	}
	bindings = x->nbindings;
	if (nattrs > 0)
		bind_all(x, nattrs);
	if (x->status != TH_OK)
		return;
	tag.ns = ns_of_prefix(
	    x, (struct th_str){ name.s, local > 0 ? local - 1 : 0 });
	f = &x->frame[x->depth];
	*f = (struct frame){ x->names.len, name.len, local, bindings, tag.ns };
	if (th_buf_add(&x->names, name.s, name.len) != TH_OK) {
		fail(x, x->names.status, "names too long");
		return;
	}
	x->depth++;
	x->h.start(x->h.ctx, &tag);
}

/* A typesetter's quotes around a value are none, but they were meant so. */
static struct th_str
without_quotes(struct th_str s)
{
	if (s.len >= 6 && memcmp(s.s, "\342\200", 2) == 0 &&
	    memcmp(s.s + s.len - 3, "\342\200", 2) == 0) {
		s.s += 3;
		s.len -= 6;
	}
	return s;
}

/* One attribute at p; where the next may begin.  The value may lack quotes. */
static const char *
attribute(struct th_xml *x, const char *p, const char *end, size_t *n)
{
	struct th_str name, value = { p, 0 };
	const char *start = p;

	while (p < end && *p != '=' && *p != '/' && !is_space(*p))
		p++;
	if (p == start)
		return p + 1;
	name = between(start, p);
	while (p < end && is_space(*p))
		p++;
	if (p < end && *p == '=') {
		for (p++; p < end && is_space(*p); p++)
			continue;
		start = p;
		if (p < end && (*p == '"' || *p == '\'')) {
			start++;
			p = memchr(start, *p, (size_t)(end - start));
			if (p == NULL)
				p = end;
			value = between(start, p);
			p += p < end;
		} else {
			while (p < end && !is_space(*p))
				p++;
			value = without_quotes(between(start, p));
			note(x, ODD_TAG);
		}
	}
	if (*n < TH_XML_ATTRS)
		x->attr[(*n)++] = (struct th_xml_attr){ name, value };
	return p;
}

/* The inside of a start tag. */
static void
start_tag(struct th_xml *x, const char *p, const char *end)
{
	const char *name = p;
	size_t nattrs = 0;
	struct th_str s;
	bool empty = end > p && end[-1] == '/';

	if (empty)
		end--;
	while (p < end && !is_space(*p) && *p != '/')
		p++;
	s = between(name, p);
	while (p < end) {
		if (is_space(*p))
			p++;
		else
			p = attribute(x, p, end, &nattrs);
	}
	push(x, s, nattrs);
	if (empty && x->status == TH_OK)
		pop(x);
}

static bool
closes(const struct th_xml *x, const struct frame *f, struct th_str name)
{
	const char *s = x->names.data + f->name;
	size_t i;

	if (f->len != name.len)
		return false;
	if (memcmp(s, name.s, name.len) == 0)
		return true;
	for (i = 0; i < name.len; i++)
		if ((s[i] | 0x20) != (name.s[i] | 0x20))
			return false;
	return true;
}

static void
end_tag(struct th_xml *x, struct th_str name)
{
	size_t i = x->depth;

	name = th_str_trim(name);
	while (i > 0 && !closes(x, &x->frame[i - 1], name))
		i--;
	if (i == 0) {
		note(x, STRAY_END);
		return;
	}
	if (i < x->depth)
		note(x, LEFT_OPEN);
	while (x->depth >= i && x->status == TH_OK)
		pop(x);
}

/*
 * Finds the end of the start tag at p: the > that no quotes enclose.  NULL:
 * not there yet, go on from x->seen when more has come.  *bare is set when it
 * is no tag, because another < comes first.  Quotes that run over a > and then
 * into another tag were not meant: then it ends at the first > inside them.
 */
static const char *
find_tag_end(struct th_xml *x, const char *p, const char *end, bool *bare)
{
	const char *q = p + (x->seen > 0 ? x->seen : 1);

	*bare = false;
	for (; q < end; q++) {
		if (x->quote != '\0') {
			if (*q == x->quote)
				x->quote = '\0';
			else if (*q == '>' && x->gt == 0)
				x->gt = (size_t)(q - p);
			else if (*q == '<' && x->gt > 0)
				return p + x->gt;
		} else if (*q == '>') {
			return q;
		} else if (*q == '<') {
			*bare = true;
			return q;
		} else if (*q == '"' || *q == '\'') {
			/* only after "=", so that <it's> is no trap */
			const char *b = q;

			while (b > p && is_space(b[-1]))
				b--;
			if (b[-1] == '=') {
				x->quote = *q;
				x->gt = 0;
			}
		}
	}
	x->seen = (size_t)(q - p);
	return NULL;
}

static void
forget_tag(struct th_xml *x)
{
	x->seen = x->gt = 0;
	x->quote = '\0';
}

/* ---- declarations ---- */

/* <!ENTITY name "value">; those that point elsewhere stand for nothing. */
static const char *
declaration(struct th_xml *x, const char *p, const char *end)
{
	struct entity *e = &x->entity[x->nentities];
	const char *name, *q;
	struct th_str value = { p, 0 };
	bool parameter = false;

	while (p < end && (is_space(*p) || *p == '%'))
		parameter |= *p++ == '%';
	for (name = p; p < end && is_name(*p); p++)
		continue;
	if (p == name)
		return p;
	q = p;
	while (p < end && is_space(*p))
		p++;
	if (p < end && (*p == '"' || *p == '\'')) {
		value.s = p + 1;
		p = memchr(value.s, *p, (size_t)(end - value.s));
		if (p == NULL)
			return end;
		value.len = (size_t)(p++ - value.s);
	}
	if (parameter || x->nentities == ENTITIES_MAX ||
	    find_entity(x, between(name, q)) != NULL)
		return p;
	*e = (struct entity){ x->declared.len, (size_t)(q - name),
		x->declared.len + (size_t)(q - name), value.len };
	th_buf_add(&x->declared, name, (size_t)(q - name));
	if (th_buf_add(&x->declared, value.s, value.len) != TH_OK)
		fail(x, x->declared.status, "declarations too long");
	x->nentities++;
	return p;
}

static void
doctype(struct th_xml *x, const char *p, const char *end)
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
static const char *
find_doctype_end(const char *p, const char *end)
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

static const char *
take_doctype(struct th_xml *x, const char *p, const char *end, bool final)
{
	const char *gt = find_doctype_end(p + 2, end);

	if (gt == NULL && !final && (size_t)(end - p) < DOCTYPE_MAX)
		return NULL;
	if (gt == NULL)
		gt = memchr(p, '>', (size_t)(end - p));
	if (gt == NULL)
		return end;
	doctype(x, p + 1, gt);
	return gt + 1;
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

/* "<!": each returns where to go on, NULL when more must come first. */
static const char *
take_declaration(struct th_xml *x, const char *p, const char *end, bool final)
{
	static const struct {
		const char *begin;
		size_t len;
		enum state state;
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
	note(x, BARE_LT);
	cdata(x, (struct th_str){ p, 1 });
	return p + 1;
}

static const char *
take_start(struct th_xml *x, const char *p, const char *end, bool final)
{
	bool bare;
	const char *gt = find_tag_end(x, p, end, &bare);

	if (gt == NULL && !final) {
		if ((size_t)(end - p) > TH_XML_TAG_MAX)
			fail(x, TH_EDATA, "a tag is too long");
		return NULL;
	}
	forget_tag(x);
	if (gt == NULL)
		return end;
	if (bare)
		return literal(x, p);
	start_tag(x, p + 1, gt);
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
			fail(x, TH_EDATA, "a tag is too long");
		return NULL;
	}
	end_tag(x, between(p + 2, q));
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
		s.len -= open_reference(s);
	if (s.len == 0)
		return NULL;
	text(x, s);
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
		cdata(x, between(p, q));
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
	th_buf_init(&x->declared, DOCTYPE_MAX * 2);
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
	fail(x, st, th_strstatus(st));
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
			fail(x, x->carry.status, "a tag is too long");
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
		fail(x, x->carry.status, "a tag is too long");
	}
	return result(x, err);
}

enum th_status
th_xml_finish(struct th_xml *x, struct th_err *err)
{
	if (x->status == TH_OK && x->carry.len > 0)
		take(x, x->carry.data, x->carry.data + x->carry.len, true);
	if (x->depth > 0)
		note(x, CUT_SHORT);
	while (x->status == TH_OK && x->depth > 0)
		pop(x);
	return result(x, err);
}

const struct th_xml_attr *
th_xml_attr(const struct th_xml_tag *t, const char *name)
{
	bool whole = strchr(name, ':') != NULL;
	const char *colon;
	struct th_str s;
	size_t i;

	for (i = 0; i < t->nattrs; i++) {
		s = t->attr[i].name;
		colon = whole ? NULL : memchr(s.s, ':', s.len);
		if (colon != NULL)
			s = between(colon + 1, s.s + s.len);
		if (th_str_iis(s, name))
			return &t->attr[i];
	}
	return NULL;
}

enum th_status
th_xml_value(struct th_xml *x, const struct th_xml_attr *a, struct th_buf *ret)
{
	expand(x, a->raw, 0, ret);
	return x->status;
}

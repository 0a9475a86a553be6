/* xml_tag -- tags, their attributes and namespaces, and what is open */
#include <stdlib.h>

#include "xml_read.h"

/* ---- namespaces ---- */

/* Names, not addresses, but people write https. */
static int
ns_of_uri(const struct th_xml *x, struct th_str uri)
{
	static const char http[] = "http://", https[] = "https://";
	const struct th_xml_ns *ns;
	size_t skip = 0;

	uri = th_str_trim(uri);
	while (uri.len > 0 && uri.s[uri.len - 1] == '/')
		uri.len--;
	if (uri.len == 0)
		return 0;
	if (th_str_has_prefix(uri, https)) {
		uri.s += sizeof(https) - 1;
		uri.len -= sizeof(https) - 1;
		skip = sizeof(http) - 1;
	}
	for (ns = x->h.ns; ns->uri != NULL; ns++)
		if ((skip == 0 || strncmp(ns->uri, http, skip) == 0) &&
		    th_str_iis(uri, ns->uri + skip))
			return ns->id;
	return -1;
}

/* What a prefix means to everybody; -1: nothing. */
static int
usual_ns(struct th_xml *x, struct th_str prefix)
{
	const struct th_xml_ns *ns;

	for (ns = x->h.ns; ns->uri != NULL; ns++) {
		if (ns->prefix == NULL || !th_str_iis(prefix, ns->prefix))
			continue;
		th_xml_note(x, NO_PREFIX);
		return ns->id;
	}
	return -1;
}

static int
ns_of_prefix(struct th_xml *x, struct th_str prefix)
{
	const struct th_xml_binding *b;
	size_t i;

	for (i = x->nbindings; i-- > 0;) {
		b = &x->binding[i];
		if (b->len == prefix.len && memcmp(x->prefixes.data + b->prefix,
						prefix.s, prefix.len) == 0)
			return b->ns;
	}
	return prefix.len == 0 ? 0 : usual_ns(x, prefix);
}

static void
bind(struct th_xml *x, struct th_str prefix, const struct th_xml_attr *a)
{
	struct th_xml_binding *more;
	struct th_buf uri;
	int ns;

	if (x->nbindings == TH_XML_NAMES) {
		th_xml_fail(x, TH_EDATA, "too many namespaces");
		return;
	}
	if (x->nbindings == x->cap) {
		more =
		    th_realloc(x->binding, (x->cap * 2 + 16) * sizeof(*more));
		if (more == NULL) {
			th_xml_fail(x, TH_ENOMEM, "out of memory");
			return;
		}
		x->binding = more;
		x->cap = x->cap * 2 + 16;
	}
	th_buf_init(&uri, TH_XML_TAG_MAX);
	th_xml_value(x, a, &uri);
	ns = ns_of_uri(x, th_buf_str(&uri));
	/* A name that is wrong; one letter may mean anything. */
	if (prefix.len > 1 && (ns == -1 || uri.len == 0))
		ns = usual_ns(x, prefix);
	x->binding[x->nbindings++] =
	    (struct th_xml_binding){ x->prefixes.len, prefix.len, ns };
	if (th_buf_add(&x->prefixes, prefix.s, prefix.len) != TH_OK)
		th_xml_fail(x, x->prefixes.status, "too many namespaces");
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
tag_of(const struct th_xml *x, const struct th_xml_frame *f)
{
	struct th_str name = { x->names.data + f->name, f->len };

	return (struct th_xml_tag){ .ns = f->ns,
		.name = name,
		.local = { name.s + f->local, name.len - f->local } };
}

void
th_xml_pop(struct th_xml *x, bool implied)
{
	struct th_xml_frame *f = &x->frame[x->depth - 1];
	struct th_xml_tag tag = tag_of(x, f);

	tag.implied = implied;
	x->h.end(x->h.ctx, &tag);
	x->depth--;
	x->names.len = f->name;
	if (x->nbindings > f->bindings) {
		x->nbindings = f->bindings;
		x->prefixes.len = x->binding[x->nbindings].prefix;
	}
}

static unsigned
hash(const char *s, size_t len)
{
	unsigned h = 1;
	size_t i;

	for (i = 0; i < len; i++)
		h = h * 31 + ((unsigned char)s[i] | 0x20);
	return h != 0 ? h : 1;
}

/* Closes what the element to come shows to have been left open. */
static void
close_left_open(struct th_xml *x, const struct th_xml_tag *next)
{
	while (x->depth > 0 && x->status == TH_OK &&
	       x->h.left_open(x->h.ctx, next)) {
		th_xml_note(x, LEFT_OPEN);
		th_xml_pop(x, true);
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
	struct th_xml_frame *f;
	size_t bindings;

	close_left_open(x, &tag);
	if (x->depth == TH_XML_DEPTH) {
		th_xml_fail(x, TH_EDATA, "elements nested too deep");
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
	*f = (struct th_xml_frame){ x->names.len, name.len, local, bindings,
		tag.ns, 0 };
	if (th_buf_add(&x->names, name.s, name.len) != TH_OK) {
		th_xml_fail(x, x->names.status, "names too long");
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

	while (p < end && *p != '=' && *p != '/' && !th_is_space(*p))
		p++;
	if (p == start)
		return p + 1;
	name = between(start, p);
	while (p < end && th_is_space(*p))
		p++;
	if (p < end && *p == '=') {
		for (p++; p < end && th_is_space(*p); p++)
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
			while (p < end && !th_is_space(*p))
				p++;
			value = without_quotes(between(start, p));
			th_xml_note(x, ODD_TAG);
		}
	}
	if (*n < TH_XML_ATTRS)
		x->attr[(*n)++] = (struct th_xml_attr){ name, value };
	return p;
}

/* The inside of a start tag. */
void
th_xml_start_tag(struct th_xml *x, const char *p, const char *end)
{
	const char *name = p;
	size_t nattrs = 0;
	struct th_str s;
	bool empty = end > p && end[-1] == '/';

	if (empty)
		end--;
	while (p < end && !th_is_space(*p) && *p != '/')
		p++;
	s = between(name, p);
	while (p < end) {
		if (th_is_space(*p))
			p++;
		else
			p = attribute(x, p, end, &nattrs);
	}
	push(x, s, nattrs);
	if (empty && x->status == TH_OK)
		th_xml_pop(x, false);
}

static bool
closes(const struct th_xml *x, const struct th_xml_frame *f, struct th_str name)
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

/*
 * Which open element it ends, counted from 1; 0: none.  Nearly always it is the
 * innermost; that many ends of nothing inside many elements take no time, names
 * are not compared but for their hashes.
 */
static size_t
find_open(struct th_xml *x, struct th_str name)
{
	size_t i = x->depth;
	struct th_xml_frame *f;
	unsigned h;

	if (i == 0 || closes(x, &x->frame[i - 1], name))
		return i;
	h = hash(name.s, name.len);
	for (i--; i > 0; i--) {
		f = &x->frame[i - 1];
		if (f->hash == 0)
			f->hash = hash(x->names.data + f->name, f->len);
		if (f->hash == h && closes(x, f, name))
			break;
	}
	return i;
}

void
th_xml_end_tag(struct th_xml *x, struct th_str name)
{
	size_t i;

	name = th_str_trim(name);
	i = find_open(x, name);
	if (i == 0) {
		th_xml_note(x, STRAY_END);
		return;
	}
	if (i < x->depth)
		th_xml_note(x, LEFT_OPEN);
	while (x->depth >= i && x->status == TH_OK)
		th_xml_pop(x, x->depth > i);
}

/*
 * Finds the end of the start tag at p: the > that no quotes enclose.  NULL:
 * not there yet, go on from x->seen when more has come.  *bare is set when it
 * is no tag, because another < comes first.  Quotes that run over a > and then
 * into another tag were not meant: then it ends at the first > inside them.
 */
const char *
th_xml_find_tag_end(
    struct th_xml *x, const char *p, const char *end, bool *bare)
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

			while (b > p && th_is_space(b[-1]))
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

void
th_xml_forget_tag(struct th_xml *x)
{
	x->seen = x->gt = 0;
	x->quote = '\0';
}

/* ---- what a tag has ---- */

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
	size_t from = ret->len, i;

	th_xml_expand(x, a->raw, 0, ret);
	if (memchr(a->raw.s, '\n', a->raw.len) == NULL &&
	    memchr(a->raw.s, '\t', a->raw.len) == NULL)
		return x->status;
	/* XML 1.0, 3.3.3: line ends inside a value are blanks. */
	for (i = from; i < ret->len; i++)
		if (ret->data[i] == '\n' || ret->data[i] == '\t')
			ret->data[i] = ' ';
	return x->status;
}

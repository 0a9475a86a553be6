/* feed_taken -- pieces of an entry, and the text of elements with its markup */
#include <string.h>

#include "feed_xml.h"
#include "html.h"

struct th_slot
th_fx_keep(struct th_feed_xml *f, struct th_str s, enum th_form form)
{
	struct th_slot slot = { f->entry->text.len, s.len, form };

	if (s.len == 0)
		return (struct th_slot){ 0 };
	th_fx_failed(f, th_buf_add(&f->entry->text, s.s, s.len));
	return slot;
}

struct th_str
th_fx_str(const struct th_feed_xml *f, struct th_slot s)
{
	return th_found_str(f->entry, s);
}

struct th_str
th_fx_attr(struct th_feed_xml *f, const struct th_xml_tag *t, const char *name)
{
	const struct th_xml_attr *a = th_xml_attr(t, name);

	th_buf_clear(&f->value);
	if (a == NULL)
		return TH_STR("");
	th_xml_value(f->xml, a, &f->value);
	return th_str_trim(th_buf_str(&f->value));
}

struct th_slot
th_fx_keep_attr(
    struct th_feed_xml *f, const struct th_xml_tag *t, const char *name)
{
	return th_fx_keep(f, th_fx_attr(f, t, name), TH_FORM_TEXT);
}

struct th_slot
th_fx_keep_url(struct th_feed_xml *f, struct th_str url)
{
	if (th_str_trim(url).len == 0) /* no address, not that of the feed */
		return (struct th_slot){ 0 };
	th_buf_clear(&f->other);
	th_url_resolve(th_fx_base(f), url, &f->other);
	return th_fx_keep(f, th_buf_str(&f->other), TH_FORM_TEXT);
}

struct th_slot
th_fx_keep_url_attr(
    struct th_feed_xml *f, const struct th_xml_tag *t, const char *name)
{
	return th_fx_keep_url(f, th_fx_attr(f, t, name));
}

void
th_fx_set(struct th_feed_xml *f, enum th_slots i, struct th_slot s)
{
	struct th_slot *slot = &f->entry->slot[i];

	if (s.len > 0 && th_str_trim(th_fx_str(f, *slot)).len == 0)
		*slot = s;
}

/* ---- taking text ---- */

void
th_fx_take(struct th_feed_xml *f, const struct th_fx_rule *r,
    enum th_xml_text want, enum th_form form)
{
	f->taking = r;
	f->taken_at = f->depth;
	f->start = f->entry->text.len;
	f->form = form;
	f->drop_div = want == TH_XML_RAW;
	f->base64 = f->media = false;
	th_fx_top(f)->role = R_TAKEN;
	th_xml_want(f->xml, want, &f->entry->text);
}

static void
add(struct th_feed_xml *f, struct th_str s)
{
	th_fx_failed(f, th_buf_add(&f->entry->text, s.s, s.len));
}

static bool
is_void(struct th_str name)
{
	static const char *const names[] = { "br", "img", "hr", "input", "area",
		"col", "embed", "link", "meta", "param", "source", "track",
		"wbr" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (th_str_iis(name, names[i]))
			return true;
	return false;
}

/* Markup inside a text that is taken goes with it. */
static void
add_attr(struct th_feed_xml *f, const struct th_xml_attr *a)
{
	if (th_str_has_prefix(a->name, "xml"))
		return;
	add(f, TH_STR(" "));
	add(f, a->name);
	add(f, TH_STR("=\""));
	th_buf_clear(&f->value);
	th_xml_value(f->xml, a, &f->value);
	if (th_html_is_address(a->name)) {
		th_buf_clear(&f->other);
		th_html_resolve(
		    a->name, th_fx_base(f), th_buf_str(&f->value), &f->other);
		th_fx_failed(
		    f, th_text_escape(th_buf_str(&f->other), &f->entry->text));
	} else {
		th_fx_failed(
		    f, th_text_escape(th_buf_str(&f->value), &f->entry->text));
	}
	add(f, TH_STR("\""));
}

static bool
is_wrapper(const struct th_feed_xml *f, struct th_str local)
{
	return f->drop_div && f->depth == f->taken_at + 1 &&
	       th_str_iis(local, "div");
}

void
th_fx_add_start(struct th_feed_xml *f, const struct th_xml_tag *t)
{
	size_t i;

	th_fx_top(f)->empty = is_void(t->local);
	if (is_wrapper(f, t->local) || f->form == TH_FORM_TEXT)
		return;
	if (f->form == TH_FORM_GUESS)
		f->form = TH_FORM_HTML;
	add(f, TH_STR("<"));
	add(f, t->local);
	for (i = 0; i < t->nattrs; i++)
		add_attr(f, &t->attr[i]);
	add(f, TH_STR(">"));
}

void
th_fx_add_end(struct th_feed_xml *f, const struct th_xml_tag *t)
{
	if (is_wrapper(f, t->local) || f->form == TH_FORM_TEXT ||
	    is_void(t->local))
		return;
	add(f, TH_STR("</"));
	add(f, t->local);
	add(f, TH_STR(">"));
}

/* Text, and not the bytes of a picture? */
static bool
is_text(struct th_str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.s[i] < '\t')
			return false;
	return th_utf8_valid(s) == s.len;
}

/* What is no base64 stays as it is; what stands for a picture is none. */
static void
decode_base64(struct th_feed_xml *f, struct th_slot *s)
{
	struct th_str in = th_fx_str(f, *s);
	size_t i;

	th_buf_clear(&f->value);
	th_buf_clear(&f->other);
	for (i = 0; i < in.len && in.s[i] != '='; i++)
		if ((unsigned char)in.s[i] > ' ')
			th_buf_addc(&f->value, in.s[i]);
	if (th_base64_decode(th_buf_str(&f->value), &f->other) != TH_OK)
		return;
	if (!is_text(th_buf_str(&f->other))) {
		if (!f->media)
			return;
		th_buf_clear(&f->other);
	}
	f->entry->text.len = s->off;
	s->len = f->other.len;
	add(f, th_buf_str(&f->other));
}

/* Links inside HTML are made absolute while their base is known. */
static void
make_absolute(struct th_feed_xml *f, struct th_slot *s)
{
	struct th_str base = th_fx_base(f), html = th_fx_str(f, *s);
	enum th_status st;

	if (f->drop_div || base.len == 0 || s->form == TH_FORM_TEXT ||
	    memchr(html.s, '<', html.len) == NULL)
		return;
	th_buf_clear(&f->other);
	if ((st = th_html_absolute(html, base, &f->other)) == TH_END)
		return;
	if (st != TH_OK) {
		th_fx_failed(f, st);
		return;
	}
	f->entry->text.len = s->off;
	s->len = f->other.len;
	add(f, th_buf_str(&f->other));
}

void
th_fx_taken(struct th_feed_xml *f)
{
	const struct th_fx_rule *r = f->taking;
	struct th_slot s = { f->start, f->entry->text.len - f->start, f->form };

	f->taking = NULL;
	th_xml_want(f->xml, TH_XML_SKIP, NULL);
	if (f->status != TH_OK || s.len == 0)
		return;
	if (f->base64)
		decode_base64(f, &s);
	make_absolute(f, &s);
	if (f->status == TH_OK && s.len > 0)
		r->text(f, s, r->arg);
}

/*
 * any bytes as HTML, to be made a note: what comes out is well-formed by
 * libxml2 and has nothing that a note may not have; and as a note, to be read
 */
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "trigger.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Written down from the documentation, apart from the tables in lib/enml.c. */
static const char elements[] =
    " a abbr acronym address area b bdo big blockquote br caption center cite "
    "code col colgroup dd del dfn div dl dt em font h1 h2 h3 h4 h5 h6 hr i img "
    "ins kbd li map ol p pre q s samp small span strike strong sub sup table "
    "tbody td tfoot th thead tr tt u ul var ";
static const char attributes[] =
    " style title lang dir href name rel rev target type hreflang charset "
    "shape "
    "coords src alt longdesc height width usemap ismap align border hspace "
    "vspace rowspan colspan nowrap bgcolor valign char charoff abbr summary "
    "cellspacing cellpadding compact start value size color face noshade clear "
    "cite datetime span ";

static int
is_in(const char *list, const char *word)
{
	char padded[64];

	if (strlen(word) > 60)
		return 0;
	snprintf(padded, sizeof(padded), " %s ", word);
	return strstr(list, padded) != NULL;
}

static void
check_attribute(const xmlAttr *a)
{
	xmlChar *value = xmlNodeListGetString(a->doc, a->children, 1);
	const char *name = (const char *)a->name, *v = (const char *)value;

	if (!is_in(attributes, name))
		abort();
	if (strcmp(name, "href") == 0 || strcmp(name, "src") == 0 ||
	    strcmp(name, "cite") == 0)
		if (v == NULL || strchr(v, ':') == NULL ||
		    strncmp(v, "javascript", 10) == 0 ||
		    strncmp(v, "data:", 5) == 0)
			abort();
	xmlFree(value);
}

static void
check(const xmlNode *n, int depth)
{
	const xmlAttr *a;

	if (depth > 200)
		abort();
	for (; n != NULL; n = n->next) {
		if (n->type != XML_ELEMENT_NODE)
			continue;
		if (!is_in(elements, (const char *)n->name))
			abort();
		for (a = n->properties; a != NULL; a = a->next)
			check_attribute(a);
		check(n->children, depth + 1);
	}
}

static void
check_note(const struct th_buf *b)
{
	xmlDocPtr doc;
	xmlNodePtr root;

	doc = xmlReadMemory(b->data, (int)b->len, "note.xml", NULL,
	    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	if (doc == NULL)
		abort();
	root = xmlDocGetRootElement(doc);
	if (strcmp((const char *)root->name, "en-note") != 0 ||
	    root->next != NULL)
		abort();
	check(root->children, 0);
	xmlFreeDoc(doc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_str text = { (const char *)data, size };
	struct th_buf note, back;

	th_buf_init(&note, TH_LINE_MAX);
	th_buf_init(&back, TH_LINE_MAX);
	if (th_enml_from_html(text, TH_STR("https://example.org/a/"), &note) !=
	    TH_OK)
		abort();
	check_note(&note);
	if (th_enml_to_html(th_buf_str(&note), &back) != TH_OK ||
	    th_enml_to_html(text, &back) != TH_OK)
		abort();
	th_buf_clear(&note);
	if (th_enml_from_text(text, &note) != TH_OK)
		abort();
	check_note(&note);
	th_buf_release(&note);
	th_buf_release(&back);
	return 0;
}

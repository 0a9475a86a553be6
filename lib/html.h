/* html.h -- the small change of HTML, shared by the files that read it */
#ifndef HTML_H
#define HTML_H

#include "trigger.h"

/*
 * Decodes the character reference at s into ret and returns its length; 0 when
 * there is none.  In an attribute one without semicolon is none.
 */
size_t th_html_entity(struct th_str s, bool attribute, struct th_buf *ret);

/* What is known of the rest of a text; starts at { 0 }. */
struct th_tags {
	bool no_double, no_single; /* no such quote closes any more */
};
/* Does a tag, comment or declaration begin at s? */
bool th_html_at_tag(struct th_str s);
/*
 * Is there a character reference in s, or a < before the last > that is_tag()
 * takes for a tag's?  `of` is passed to it.
 */
typedef bool th_is_tag(struct th_str at, int of);
bool th_text_has_markup(struct th_str s, th_is_tag *is_tag, int of);
/*
 * Length of the tag that begins at s, all of s when it does not end.  name gets
 * the element's name, empty for comments and declarations.
 */
size_t th_html_tag(struct th_str s, struct th_tags *, struct th_str *name);
/*
 * Bytes up to the end tag of an element whose content is not read, all of s
 * when it has none.
 */
size_t th_html_skip(struct th_str s, struct th_str name);

#endif

/*
 * charset.h -- any encoding in, clean UTF-8 out
 *
 * A byte order mark wins over the HTTP header, that over the XML declaration,
 * unless it says UTF-8 and that is none; a declaration that cannot be true is
 * not believed.  Bytes that are not UTF-8 where it was declared or nothing was
 * are windows-1252.  Out come characters that XML 1.0 allows, with line ends as
 * \n.
 */
#ifndef CHARSET_H
#define CHARSET_H

#include "trigger.h"

struct th_charset;
/* http: the header's charset, or NULL. */
struct th_charset *th_charset_new(const char *http,
    enum th_status (*sink)(void *ctx, struct th_str), void *ctx);
void th_charset_free(struct th_charset *);
/* Anything but TH_OK comes from the sink, or is TH_ENOMEM. */
enum th_status th_charset_push(struct th_charset *, struct th_str);
enum th_status th_charset_finish(struct th_charset *);
/* What it took the bytes for; "" before it knows. */
const char *th_charset_name(const struct th_charset *);
/* Were there bytes that had to be guessed or replaced? */
bool th_charset_repaired(const struct th_charset *);

#endif

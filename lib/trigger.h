/*
 * trigger.h -- the public interface of libtrigger
 *
 * One policy holds throughout: arguments are borrowed; what comes back through
 * `ret` belongs to the caller; a callee that keeps something copies it.  A
 * function that takes over an argument has _take in its name.  `ret` is set
 * only when TH_OK is returned, unless its comment says otherwise.
 *
 * X_init/X_release manage a struct on the stack (release is fine on { 0 }),
 * X_new/X_free one on the heap (free is fine on NULL), X_next fills `ret` or
 * returns TH_END.  The library never prints and never exits; a function that
 * can fail for a reason worth a sentence takes a struct th_err, which may be
 * NULL.  Sizes are bytes, times are seconds since 1970-01-01T00:00:00Z unless
 * a name ends in _ms.  Text is UTF-8.
 */
#ifndef TRIGGER_H
#define TRIGGER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#define TH_VERSION "1.0.0"

/* Ceilings.  What passes them is bad input, never a crash or a swollen heap. */
#define TH_LINE_MAX ((size_t)64 << 20)   /* one item */
#define TH_DEPTH_MAX 1024 /* nested arrays and objects of an item */
#define TH_MEMBER_MAX ((size_t)1 << 20)  /* members of an item itself */
#define TH_REPLY_MAX ((size_t)256 << 20) /* one HTTP reply, decompressed */
#define TH_REDIRECT_MAX 10

#if defined(__GNUC__)
#define TH_PRINTF(fmt, args) __attribute__((__format__(__printf__, fmt, args)))
#else
#define TH_PRINTF(fmt, args)
#endif

/* ---- status.c: what happened, sorted by what the caller does next ---- */

/* From light to grave, so that the worst of several is the greatest. */
enum th_status {
	TH_OK,       /* goes on */
	TH_END,      /* nothing more: stops */
	TH_EREFUSED, /* refused for good: sets this item aside, goes on */
	TH_EDATA,    /* bad input: skips this line, goes on */
	TH_EUNAVAIL, /* source or service unavailable: leaves it, goes on */
	TH_EAGAIN,   /* keeps it for later */
	TH_ENOMEM,   /* out of memory: keeps it for later */
	TH_ECREATE,  /* cannot create an output file */
	TH_EIO,      /* cannot read or write here: stops */
	TH_EBUG,     /* reports it */
	TH_EUSAGE,   /* a person fixes the command */
	TH_EAUTH,    /* a person logs in again */
	TH_ECONFIG   /* a person fixes the configuration */
};

/* The words for a status, for people: "out of memory".  Never NULL. */
const char *th_strstatus(enum th_status);

/* Why something failed.  One line without secrets or control characters. */
struct th_err {
	enum th_status status;
	size_t line, column; /* the place, from 1; 0 where there is none */
	int64_t retry_at;    /* not before; 0 when unknown */
	char text[512];
};

/*
 * Fills *err (when not NULL; the place is left as it is) and returns `st`, so
 * that a function can end in `return th_fail(err, TH_EDATA, "...")`.  Control
 * characters in the text become '?', what is too long is cut at a character.
 */
enum th_status th_fail(struct th_err *err, enum th_status st, const char *fmt,
    ...) TH_PRINTF(3, 4);

/*
 * Set by a program's signal handler; every loop and wait in the library ends
 * at the next safe place once it is not 0, with TH_EAGAIN.
 */
extern volatile sig_atomic_t th_interrupted;

/* ---- alloc.c: memory that can be watched ---- */

/*
 * malloc, realloc, strdup that remember a failure, because some libraries
 * answer "malformed" where they mean "no memory".  th_alloc_failed() tells
 * whether any of them failed in this thread since th_alloc_reset().  They may
 * be handed to such a library, with free(): json_set_alloc_funcs(th_malloc,
 * free), xmlMemSetup(free, th_malloc, th_realloc, th_strdup).  A size of 0 is
 * taken as 1, so NULL always means no memory.
 */
void *th_malloc(size_t);
void *th_calloc(size_t n, size_t size);
void *th_realloc(void *, size_t);
char *th_strdup(const char *);
char *th_strndup(const char *, size_t);
bool th_alloc_failed(void);
/*
 * Puts memory by in this thread: the first allocation by these functions that
 * fails gives it back and is tried again.  False: there is none to put by.
 */
bool th_alloc_reserve(size_t size);
void th_alloc_unreserve(void);
void th_alloc_reset(void);

/* ---- buf.c: growing bytes with a ceiling ---- */

/* Bytes that are not ours and need not end in NUL. */
struct th_str {
	const char *s;
	size_t len;
};
#define TH_STR(literal) ((struct th_str){ (literal), sizeof(literal) - 1 })
struct th_str th_str(const char *);             /* of a C string; NULL: empty */
bool th_str_equal(struct th_str, struct th_str);
bool th_str_is(struct th_str, const char *);    /* equal to a C string */
bool th_str_iis(struct th_str, const char *);   /* equal but for ASCII case */
bool th_str_has_prefix(struct th_str, const char *);
struct th_str th_str_trim(struct th_str); /* without ASCII white space around */

/*
 * The first append that fails (no memory, or past max) makes the buffer stick
 * in its error state, so only the last call of a series need be checked.
 * data is NUL-terminated whenever it is not NULL; the NUL is not in len.  What
 * is appended may not lie in the buffer itself.  A released buffer keeps its
 * max and may be used again; { 0 } holds nothing, not even one byte.
 */
struct th_buf {
	char *data;
	size_t len, cap, max;
	enum th_status status; /* TH_OK, TH_ENOMEM, or TH_EDATA: past max */
};
void th_buf_init(struct th_buf *, size_t max);
void th_buf_release(struct th_buf *);
void th_buf_clear(struct th_buf *); /* empty and in order again */
enum th_status th_buf_reserve(struct th_buf *, size_t more);
enum th_status th_buf_add(struct th_buf *, const void *, size_t);
enum th_status th_buf_adds(struct th_buf *, const char *);
enum th_status th_buf_addc(struct th_buf *, char);
enum th_status th_buf_addf(struct th_buf *, const char *fmt, ...)
    TH_PRINTF(2, 3);
/* Borrowed until the next change. */
struct th_str th_buf_str(const struct th_buf *);
char *th_buf_take(struct th_buf *); /* hands the bytes over; NULL in error */

/* ---- digest.c: hashes, codes and chance ---- */

#define TH_SHA256_SIZE 32
/* Of all the bytes; these cannot fail. */
void th_sha256(struct th_str, unsigned char ret[TH_SHA256_SIZE]);
void th_hmac_sha256(struct th_str key, struct th_str text,
    unsigned char ret[TH_SHA256_SIZE]); /* RFC 2104 */
#define TH_SHA1_SIZE 20
void th_hmac_sha1(struct th_str key, struct th_str text,
    unsigned char ret[TH_SHA1_SIZE]); /* what OAuth 1.0a signs with */
/* RFC 4648: the plain alphabet with padding; the one for URLs without. */
enum th_base64 { TH_BASE64, TH_BASE64_URL };
enum th_status th_base64_encode(struct th_str bytes, enum th_base64,
    struct th_buf *ret);
/* Either alphabet, padding or none.  TH_EDATA for anything else. */
enum th_status th_base64_decode(struct th_str text, struct th_buf *ret);
/* Bytes nobody can guess.  TH_EIO. */
enum th_status th_random(void *ret, size_t len);

/* ---- hex.c: bytes as hexadecimal ---- */

/* Appends lower-case hexadecimal. */
enum th_status th_hex_encode(struct th_str bytes, struct th_buf *ret);
/* Of either case; false when it is not just that of len bytes. */
bool th_hex_decode(struct th_str text, void *ret, size_t len);

/* ---- date.c, date_found.c, duration.c: instants and durations ---- */

/*
 * Any form of date found in feeds (RFC 3339, W3CDTF, RFC 822/2822, asctime,
 * seconds since 1970, and their misspellings); no zone is UTC.  TH_EDATA when
 * it is none.
 */
enum th_status th_date_parse(struct th_str, int64_t *ret);
/* Strictly RFC 3339, or its date alone (the first instant of that day, UTC). */
enum th_status th_date_parse_rfc3339(struct th_str, int64_t *ret);
/* "2026-11-23T20:18:58Z" and its NUL, 21 bytes; years 0000 to 9999. */
#define TH_DATE_SIZE 21
enum th_status th_date_format(int64_t, char ret[TH_DATE_SIZE]);
/*
 * "Mon, 23 Nov 2026 20:18:58 GMT" (RFC 822 with a four-digit year; HTTP-date).
 */
#define TH_DATE_RFC822_SIZE 32
enum th_status th_date_format_rfc822(int64_t, char ret[TH_DATE_RFC822_SIZE]);
/*
 * "90s" "15m" "2h" "7d" "4w", several in a row ("1h30m"), a bare number is
 * seconds.
 */
enum th_status th_duration_parse(struct th_str, int64_t *ret);
/* The shortest spelling in one unit: 900 is "15m". */
enum th_status th_duration_format(int64_t, struct th_buf *ret);
/* Now, in seconds; in milliseconds. */
int64_t th_now(void);
int64_t th_now_ms(void);
/* Milliseconds of a clock that only goes forward; of no meaning elsewhere. */
int64_t th_steady_ms(void);

/* ---- text.c, utf8.c: UTF-8, HTML to text ---- */

/* Length of the valid UTF-8 prefix (RFC 3629: no surrogates, no overlongs). */
size_t th_utf8_valid(struct th_str);
/* Decodes one character of valid UTF-8 at s, returns its length in bytes. */
size_t th_utf8_decode(const char *s, size_t len, uint32_t *ret);
/* Appends one character; what is not a Unicode scalar value becomes U+FFFD. */
enum th_status th_utf8_add(struct th_buf *, uint32_t);
/* Appends with bytes that are not UTF-8 replaced by U+FFFD. */
enum th_status th_utf8_clean(struct th_str, struct th_buf *ret);
/*
 * Appends the text of a piece of HTML as a person would read it: tags gone,
 * script, style and comments gone, entities decoded (all of HTML5's).
 * White space is folded to single blanks; with TH_TEXT_LINES block elements
 * and <br> become line breaks.  Any bytes are accepted, time is linear.
 */
enum th_text_mode { TH_TEXT_FOLD, TH_TEXT_LINES };
enum th_status th_text_from_html(struct th_str html, enum th_text_mode,
    struct th_buf *ret);
/* Does it look like HTML (a tag or an entity), as opposed to plain text? */
bool th_text_is_html(struct th_str);
/* Appends with &, <, >, " and ' escaped, for text in HTML and XML. */
enum th_status th_text_escape(struct th_str, struct th_buf *ret);
/*
 * Appends with white space runs folded to one blank, ends trimmed, and without
 * control characters.
 */
enum th_status th_text_fold(struct th_str, struct th_buf *ret);
/* Appends the Unicode lower / upper case of each character. */
enum th_status th_text_lower(struct th_str, struct th_buf *ret);
enum th_status th_text_upper(struct th_str, struct th_buf *ret);
/*
 * Appends at most max characters (extended grapheme clusters are not split),
 * cut at a word where one ends in the last third, with U+2026 when cut.
 */
enum th_status th_text_truncate(struct th_str, size_t max, struct th_buf *ret);
/* Appends percent-encoded: all but RFC 3986's unreserved characters. */
enum th_status th_text_urlencode(struct th_str, struct th_buf *ret);

/* ---- markdown.c: HTML as Markdown ---- */

/*
 * Appends a piece of HTML as CommonMark: headings, lists, links, images,
 * emphasis, code, quotes; other tags go.  It ends in a newline unless empty.
 * Any bytes are accepted, time is linear, scripts and their addresses are left
 * out.
 */
enum th_status th_markdown_from_html(struct th_str html, struct th_buf *ret);

/* ---- thrift.c: Apache Thrift's binary protocol ---- */

enum th_thrift_type {
	TH_THRIFT_STOP = 0,
	TH_THRIFT_BOOL = 2,
	TH_THRIFT_BYTE = 3,
	TH_THRIFT_DOUBLE = 4,
	TH_THRIFT_I16 = 6,
	TH_THRIFT_I32 = 8,
	TH_THRIFT_I64 = 10,
	TH_THRIFT_STRING = 11, /* and binary */
	TH_THRIFT_STRUCT = 12,
	TH_THRIFT_MAP = 13,
	TH_THRIFT_SET = 14,
	TH_THRIFT_LIST = 15
};
enum { TH_THRIFT_CALL = 1, TH_THRIFT_REPLY = 2, TH_THRIFT_EXCEPTION = 3 };

/*
 * Writing, in the strict form.  A call is its head, the fields of its argument
 * struct, and an end.  begin writes the head of a field alone: of a struct,
 * whose own fields and end follow.
 */
enum th_status th_thrift_call(struct th_buf *, const char *method,
    int32_t seqid);
enum th_status th_thrift_begin(struct th_buf *, int id, enum th_thrift_type);
enum th_status th_thrift_end(struct th_buf *);
enum th_status th_thrift_string(struct th_buf *, int id, struct th_str);
enum th_status th_thrift_i32(struct th_buf *, int id, int32_t);
enum th_status th_thrift_i64(struct th_buf *, int id, int64_t);
enum th_status th_thrift_bool(struct th_buf *, int id, bool);
enum th_status th_thrift_strings(struct th_buf *, int id,
    const struct th_str *, size_t n);

/* A value of a message that was checked, borrowed from where it stands. */
struct th_thrift {
	enum th_thrift_type type;
	struct th_str raw;
};
struct th_thrift_message {
	int kind; /* TH_THRIFT_REPLY... */
	struct th_str method;
	int32_t seqid;
	struct th_thrift body; /* a struct */
};
/*
 * Checks one message whole: lengths, counts and types within the bytes, at most
 * 32 deep, nothing behind it.  No memory is taken.  TH_EDATA.
 */
enum th_status th_thrift_parse(struct th_str, struct th_thrift_message *ret,
    struct th_err *err);
/*
 * A field of a struct, the last of that id and type; false when there is none.
 */
bool th_thrift_get(const struct th_thrift *, int id, enum th_thrift_type,
    struct th_thrift *ret);
/* The bytes of a string; of a struct's field.  s == NULL: it is none. */
struct th_str th_thrift_str(const struct th_thrift *);
struct th_str th_thrift_text(const struct th_thrift *, int id);
/* An integer or bool field of any width. */
int64_t th_thrift_number(const struct th_thrift *, int id, int64_t otherwise);
/* Walks a list field; one that is not there is empty. */
struct th_thrift_iter {
	struct th_str in;
	enum th_thrift_type type;
	size_t left;
};
void th_thrift_list(const struct th_thrift *, int id,
    struct th_thrift_iter *ret);
bool th_thrift_next(struct th_thrift_iter *, struct th_thrift *ret);

/* ---- limited.c: text for services that count in UTF-16 ---- */

enum {
	TH_LIMIT_LINES = 1,   /* newlines and tabs stay */
	/* Blanks of all kinds are one ' ', none at the ends. */
	TH_LIMIT_BLANKS = 2,
	TH_LIMIT_NO_COMMA = 4 /* a comma is a blank */
};
/*
 * Appends at most max UTF-16 units, without control characters; what is longer
 * is cut as th_text_truncate() does.
 */
enum th_status th_text_limit(struct th_str, size_t max, unsigned flags,
    struct th_buf *ret);

/* ---- enml.c: HTML as the notes of Evernote, and back ---- */

#define TH_ENML_MAX 5242880 /* characters of a note */
/*
 * Appends a whole document, well-formed and valid by enml2.dtd, whatever the
 * HTML is; what a note may not hold is left out, its text kept where it has
 * some.  Addresses are made absolute against base.  Time is linear.  TH_EDATA:
 * longer than TH_ENML_MAX.
 */
enum th_status th_enml_from_html(struct th_str html, struct th_str base,
    struct th_buf *ret);
/* The same of plain text: a div for each line. */
enum th_status th_enml_from_text(struct th_str text, struct th_buf *ret);
/* Appends what is inside of a note as HTML: media and secrets as words. */
enum th_status th_enml_to_html(struct th_str enml, struct th_buf *ret);

/* ---- csv.c: comma-separated values (RFC 4180) ---- */

/*
 * A text, without its BOM; comma, semicolon or tab is seen from its first line.
 */
struct th_csv {
	const char *p, *end; /* what is still to be read */
	size_t line;         /* that it stands in, from 1 */
	char separator;
	bool more; /* a separator was the last: one more cell follows */
};
void th_csv_init(struct th_csv *, struct th_str text);
/*
 * Replaces ret by the next cell; *ret_last: the record ends with it.  TH_END;
 * TH_EDATA: a quote that does not close.
 */
enum th_status th_csv_next(struct th_csv *, struct th_buf *ret, bool *ret_last);

/* ---- records.c: records of CSV as items ---- */

/*
 * The first record names the columns: id, title, url or link, date, text, tags,
 * author..., and others that become members of their name.
 */
struct th_records {
	struct th_csv csv;
	struct th_buf cell;
	char **column;
	size_t n, cap;
	size_t line;  /* that the last record began in */
	bool undated; /* a date of it was none, and is left out */
};
void th_records_init(struct th_records *, struct th_str text);
void th_records_release(struct th_records *);
/*
 * Replaces ret by the next record as JSON; empty cells are members that it does
 * not have, and that of the columns is "{}".  TH_END; TH_EDATA: a quote that
 * does not close.
 */
enum th_status th_records_next(struct th_records *, struct th_buf *ret);

/* ---- url.c: RFC 3986 ---- */

/* Parts of a URL, borrowed from it; absent parts have s == NULL. */
struct th_url {
	struct th_str scheme, userinfo, host, port, path, query, fragment;
};
/* TH_EDATA when it is no URI reference. */
enum th_status th_url_parse(struct th_str, struct th_url *ret);
/*
 * Appends `ref` made absolute against `base` (section 5.2), white space and
 * control characters around and inside dealt with as browsers do.  Returns
 * TH_EDATA and appends ref as it is when the result would not be absolute.
 */
enum th_status th_url_resolve(struct th_str base, struct th_str ref,
    struct th_buf *ret);
/* Is it an absolute http or https URL with a host? */
bool th_url_is_http(struct th_str);
/*
 * Appends the address of a page as it stands, or as th_url_resolve() makes one
 * of it.  TH_END: it is none of http or https.
 */
enum th_status th_url_page(struct th_str, struct th_buf *ret);
/*
 * Appends an address as it is, but for those that say what they lead to:
 * feed://HOST/ is http://HOST/, feed:URL is URL.
 */
enum th_status th_url_of_feed(struct th_str, struct th_buf *ret);
/* Is its host a loopback address or localhost? */
bool th_url_is_loopback(struct th_str);
/* Appends it fit for a message: no userinfo, query or fragment. */
enum th_status th_url_mask(struct th_str, struct th_buf *ret);
/* A part of one with its %XX as bytes, for free().  NULL: no memory. */
char *th_url_unescape(struct th_str);

/* ---- json.c: the strict scanner, and writing JSON into a buffer ---- */

enum th_json {
	TH_JSON_NULL,
	TH_JSON_BOOL,
	TH_JSON_NUMBER,
	TH_JSON_STRING,
	TH_JSON_ARRAY,
	TH_JSON_OBJECT
};

/* A value that was validated: its JSON text, borrowed from where it stands. */
struct th_value {
	enum th_json type;
	struct th_str raw;
};

/* Walks an array or object.  On any other type it ends at once. */
struct th_iter {
	const char *p, *end;
	bool object;
};
void th_iter_init(struct th_iter *, const struct th_value *);
/* key, when not NULL, gets the member's name still escaped, without quotes. */
bool th_iter_next(struct th_iter *, struct th_str *key, struct th_value *ret);

/* Null, "", [] or {}, with blanks in it or not; zero and false are not. */
bool th_value_is_empty(const struct th_value *);

/* The last member of that name (as in JavaScript and jq); false when none. */
bool th_value_get(const struct th_value *, const char *name,
    struct th_value *ret);
/*
 * Appends a string decoded (a lone surrogate as U+FFFD, \u0000 as a NUL byte),
 * any other value as its JSON text.
 */
enum th_status th_value_text(const struct th_value *, struct th_buf *ret);
/*
 * The same without a copy where there is nothing to decode: ret is borrowed
 * from the value, or from scratch, which is overwritten.
 */
enum th_status th_value_str(const struct th_value *, struct th_buf *scratch,
    struct th_str *ret);
/*
 * A number as a double: HUGE_VAL for one out of range; false for other types.
 */
bool th_value_number(const struct th_value *, double *ret);

/*
 * Validates one JSON text (RFC 8259, strict UTF-8, depth TH_DEPTH_MAX) with
 * white space around.  TH_EDATA with err->column at the offence.
 */
enum th_status th_json_parse(struct th_str text, struct th_value *ret,
    struct th_err *err);

/*
 * Writing.  Commas are put where the buffer's end asks for one, so a series of
 * calls reads like the text it makes:
 *	th_json_open(b, '{'); th_json_key(b, "id"); th_json_string(b, id);
 *	th_json_close(b, '}');
 * Strings are taken as UTF-8; bytes that are not become U+FFFD.
 */
enum th_status th_json_open(struct th_buf *, char bracket);
enum th_status th_json_close(struct th_buf *, char bracket);
enum th_status th_json_key(struct th_buf *, const char *name);
enum th_status th_json_string(struct th_buf *, struct th_str);
enum th_status th_json_int(struct th_buf *, int64_t);
enum th_status th_json_bool(struct th_buf *, bool);
enum th_status th_json_raw(struct th_buf *, struct th_str json);
/* A member in one call; nothing at all when the string or JSON is empty. */
enum th_status th_json_member(struct th_buf *, const char *name, struct th_str);
enum th_status th_json_member_int(struct th_buf *, const char *name, int64_t);
enum th_status th_json_member_bool(struct th_buf *, const char *name, bool);
enum th_status th_json_member_raw(struct th_buf *, const char *name,
    struct th_str json);
/* Appends the escaped characters alone, no quotes, no comma: for pieces. */
enum th_status th_json_escape(struct th_buf *, struct th_str);

/* ---- item.c: one item, read lazily and edited ---- */

struct th_member {
	struct th_str key; /* as written, without the quotes */
	struct th_value value;
};

/*
 * An item is its line and the places of its members; the members' own text is
 * looked into only when asked for.  The line is borrowed: it must outlive the
 * item's use (items from th_stream_next() live until the next call).
 */
struct th_item {
	struct th_str line;       /* as it came, without the newline */
	struct th_member *member; /* in the order of the line */
	size_t n, cap;
	bool edited;              /* the line is no longer what it says */
	struct th_chunk *own;     /* text of edited members; private */
};
void th_item_init(struct th_item *);
void th_item_release(struct th_item *);
/*
 * Validates the line whole and finds its members.  An object that spans lines
 * is copied to be one line.  May be called again on the same item, which then
 * reuses its memory.  TH_EDATA (err: reason, column)
 * when it is not one JSON object.
 */
enum th_status th_item_parse(struct th_item *, struct th_str line,
    struct th_err *err);
/* The last member of that name, as in JavaScript; false when there is none. */
bool th_item_get(const struct th_item *, const char *name,
    struct th_value *ret);
/*
 * Appends its id, a string or a number; TH_EDATA: it has none, or an empty one.
 */
enum th_status th_item_id(const struct th_item *, struct th_buf *ret,
    struct th_err *err);
/*
 * Appends a member's text; TH_END when it is absent or not a string or number.
 */
enum th_status th_item_text(const struct th_item *, const char *name,
    struct th_buf *ret);
/*
 * Calls visit for each value that a dotted path leads to; arrays on the way and
 * at the end are entered.  A visit that returns true ends the walk, and is what
 * comes back.
 */
typedef bool th_visit(void *ctx, const struct th_value *);
bool th_item_visit(const struct th_item *, const char *path, th_visit *visit,
    void *ctx);
/*
 * Editing copies what it is given.  set replaces in place or adds at the end;
 * of members of one name the last is edited and the others go.  json that is
 * not valid is TH_EDATA.  rename to a name that is taken replaces that; no
 * `from` is TH_OK.
 */
enum th_status th_item_set(struct th_item *, const char *name,
    struct th_str json);
enum th_status th_item_set_string(struct th_item *, const char *name,
    struct th_str text);
enum th_status th_item_rename(struct th_item *, const char *from,
    const char *to);
void th_item_remove(struct th_item *, const char *name);
/* Removes all members but those named. */
void th_item_keep(struct th_item *, char *const *name, size_t n);
/*
 * Adds to the end of an array member, which is made when missing or null; any
 * other value becomes the array's first element.
 */
enum th_status th_item_append(struct th_item *, const char *name,
    struct th_str json);
/* Appends the item as one line without newline: untouched, byte for byte. */
enum th_status th_item_line(const struct th_item *, struct th_buf *ret);

/*
 * The aliases of expressions and templates, one place for all programs.
 * date: date_published, else date_modified.  text: the body as plain text,
 * content_text, else content_html's text, else summary.  author: authors.name.
 * th_item_date returns TH_END when there is none or it is invalid.
 */
enum th_status th_item_date(const struct th_item *, int64_t *ret);
enum th_status th_item_body_text(const struct th_item *, enum th_text_mode,
    struct th_buf *ret);

/* ---- identity.c: ids for what has none ---- */

/*
 * Appends what tells an item from others: its id, else its url, else a urn made
 * from its content (all members but those whose name begins with "_").
 */
enum th_status th_item_identity(const struct th_item *, struct th_buf *ret);
/* Appends "urn:uuid:..." made from the text alone (RFC 9562, version 8). */
enum th_status th_urn_uuid(struct th_str text, struct th_buf *ret);

/* ---- stream.c: lines in, lines out ---- */

/* Buffered writing to a descriptor. */
struct th_out {
	int fd;
	struct th_buf buf;
	/* Sticks: TH_EIO; TH_END when the reader left (EPIPE). */
	enum th_status status;
	int error;             /* errno of the failure */
	size_t lines;          /* by th_out_line() and th_out_item() */
};
/* Written to when 64 KiB are together, or by th_out_flush(). */
void th_out_init(struct th_out *, int fd);
void th_out_release(struct th_out *); /* does not flush, does not close */
enum th_status th_out_write(struct th_out *, struct th_str);
enum th_status th_out_line(struct th_out *, struct th_str); /* and a newline */
enum th_status th_out_item(struct th_out *, const struct th_item *);
enum th_status th_out_flush(struct th_out *);

/*
 * Items from a descriptor, one a line.  `out`, when not NULL, is flushed before
 * every read that might block.  A byte order mark at the start and blank lines
 * (which count) are skipped; the last line needs no newline.
 */
struct th_stream {
	int fd;
	struct th_out *out;
	struct th_buf buf;
	size_t pos, end;   /* what is read and not yet handed out */
	size_t seen;       /* up to here there is no newline */
	size_t line;       /* number of the line handed out last, from 1 */
	size_t items, bad; /* how many were handed out, and were none */
	struct th_err err; /* why the last call failed */
	bool eof, skipping; /* skipping: inside of a line too long */
	int64_t patience; /* ms without input, then TH_EUNAVAIL; 0: for ever */
};
void th_stream_init(struct th_stream *, int fd, struct th_out *out);
void th_stream_release(struct th_stream *); /* does not close */
/*
 * TH_OK: ret holds the next item until the following call.  TH_EDATA: a bad
 * line, err says why; go on calling.  TH_END; TH_EIO; TH_ENOMEM; TH_EAGAIN when
 * interrupted.
 */
enum th_status th_stream_next(struct th_stream *, struct th_item *ret);
/*
 * What is read and not yet handed out, with so many lines in it where there are
 * as many and they are not too long: to tell what it is before it is read.
 */
enum th_status th_stream_peek(struct th_stream *, size_t lines,
    struct th_str *ret);

/* ---- key.c, field.c: sorting and telling apart by a field ---- */

/*
 * What an item is sorted or told apart by: a path (its first value) or an
 * alias.  A misspelt one is TH_EUSAGE with a hint.
 */
struct th_key;
enum th_status th_key_new(const char *field, struct th_key **ret,
    struct th_err *err);
void th_key_free(struct th_key *);
/*
 * Appends bytes that sort, compared with memcmp() and the shorter first, as the
 * values do: false and true, numbers, dates (strings in RFC 3339, by instant),
 * other strings by code point.  TH_END: the item has no such field.
 */
enum th_status th_key_sort(struct th_key *, const struct th_item *,
    struct th_buf *ret);
/* Appends bytes that are equal for items of equal values.  TH_END: none. */
enum th_status th_key_same(struct th_key *, const struct th_item *,
    struct th_buf *ret);
/* The fields and aliases of th-item(5) by number; NULL after the last. */
const char *th_field_name(size_t);

/* ---- set.c: texts seen before ---- */

/* NULL: no memory.  Takes the texts' bytes and about 50 more for each. */
struct th_set;
struct th_set *th_set_new(void);
void th_set_free(struct th_set *);
/* Adds a text; *ret tells whether it is new. */
enum th_status th_set_add(struct th_set *, struct th_str, bool *ret);

/* ---- expr.c: th-filter's expressions (DESIGN, "Expressions") ---- */

struct th_expr;
/*
 * Compiles; `now` is what the word means.  On TH_EUSAGE err->column is the
 * place in src, in bytes, and err->text the reason, with a hint for a misspelt
 * name.  At most 64 KiB, 200 parentheses deep.
 */
enum th_status th_expr_new(const char *src, int64_t now, struct th_expr **ret,
    struct th_err *err);
void th_expr_free(struct th_expr *);
/* TH_OK: *ret tells.  TH_ENOMEM; TH_EDATA: a match hit PCRE2's limits. */
enum th_status th_expr_match(struct th_expr *, const struct th_item *,
    bool *ret, struct th_err *err);

/* ---- regex.c, substitution.c: patterns ---- */

/*
 * A PCRE2 pattern, Unicode, JIT-compiled.  The only door to PCRE2.  Subjects
 * must be valid UTF-8.  One thread at a time.
 */
struct th_regex;
/* TH_EUSAGE with err->column in the pattern, in bytes. */
enum th_status th_regex_new(struct th_str pattern, bool caseless,
    struct th_regex **ret, struct th_err *err);
void th_regex_free(struct th_regex *);
enum th_status th_regex_match(struct th_regex *, struct th_str subject,
    bool *ret, struct th_err *err);
/*
 * Appends subject with the first (or, global, every) match replaced.  $1 ${1}
 * ${name} \1 are groups, $0 is all of the match, $$ and \\ one character.
 */
enum th_status th_regex_replace(struct th_regex *, struct th_str subject,
    struct th_str replacement, bool global, struct th_buf *ret,
    struct th_err *err);
/*
 * TH_EUSAGE with err->column: the replacement names a group that is not there.
 */
enum th_status th_regex_check(struct th_regex *, struct th_str replacement,
    struct th_err *err);

/*
 * /REGEX/REPLACEMENT/FLAGS: any punctuation may be the delimiter, a backslash
 * before it makes it plain; flags are g (every match) and i (caseless).
 */
struct th_substitution {
	struct th_regex *regex;
	char *replacement;
	bool global;
};
/* TH_EUSAGE with err->column in text, in bytes. */
enum th_status th_substitution_init(struct th_substitution *,
    struct th_str text, struct th_err *err);
void th_substitution_release(struct th_substitution *);

/* ---- template.c: {field|filter} templates ---- */

struct th_template;
/* Compiles; TH_EUSAGE with err->column at the offence, in bytes. */
enum th_status th_template_new(const char *src, struct th_template **ret,
    struct th_err *err);
void th_template_free(struct th_template *);
/*
 * Appends the template filled from the item.  quote, when not NULL, is what
 * each substituted value goes through (to sit in JSON, in a path, in XML).
 */
typedef enum th_status th_quote(struct th_str, struct th_buf *ret);
enum th_status th_template_expand(const struct th_template *,
    const struct th_item *, th_quote *quote, struct th_buf *ret,
    struct th_err *err);

/* ---- suggest.c: the word that was meant ---- */

/*
 * The nearest of several words to a misspelt one: init, offer each word that
 * exists, then best is the one that was probably meant, or NULL.  Words are
 * borrowed.
 */
struct th_suggest {
	const char *word, *best;
	size_t distance, limit;
};
void th_suggest_init(struct th_suggest *, const char *word);
void th_suggest_offer(struct th_suggest *, const char *candidate);

/* ---- param.c: typed options and settings, declared as data ---- */

enum th_kind {
	TH_STRING,   /* any text */
	TH_FLAG,     /* present or not; takes no argument */
	TH_INT,      /* a decimal number, >= 0 */
	TH_DURATION, /* 15m */
	TH_URL,      /* http or https */
	TH_LIST,     /* a,b,c; may be repeated, which adds */
	TH_REPEAT,   /* may be repeated; each use is one value */
	TH_TEMPLATE, /* a template, checked when given */
	TH_CHOICE,   /* one of arg, written a|b|c */
	TH_FILE      /* a path */
};
enum { /* flags of a parameter */
	TH_P_FETCH = 1,     /* option of th-fetch */
	TH_P_PUBLISH = 2,   /* option of th-publish */
	TH_P_ACCOUNT = 4,   /* key of an account in config.yaml */
	TH_P_REQUIRED = 8,
	TH_P_DEST = 16, /* names the destination: part of the default queue */
	/* Account key: KEY_command and KEY_env are understood. */
	TH_P_SECRET = 32,
	/* Account key that th-auth login gets: without it 77, not 78. */
	TH_P_LOGIN = 64
};
struct th_param {
	const char *name;   /* without "--"; NULL ends a table */
	enum th_kind kind;
	unsigned flags;
	const char *arg;    /* what --help calls the argument; the choices */
	const char *help;   /* one line, lower case, no full stop */
	char letter;        /* short option, 0 for none */
};
/* As lines of a table: what th_session_authorize() needs for OAuth 2. */
#define TH_PARAMS_OAUTH2						\
	{ "client_id", TH_STRING, TH_P_ACCOUNT, NULL,			\
	    "OAuth 2: the app's id", 0 },				\
	{ "client_secret", TH_STRING, TH_P_ACCOUNT | TH_P_SECRET, NULL,	\
	    "OAuth 2: the app's secret, if it has one", 0 },		\
	{ "access_token", TH_STRING,					\
	    TH_P_ACCOUNT | TH_P_SECRET | TH_P_LOGIN, NULL,		\
	    "OAuth 2: your token", 0 },					\
	{ "refresh_token", TH_STRING,					\
	    TH_P_ACCOUNT | TH_P_SECRET | TH_P_LOGIN, NULL,		\
	    "OAuth 2: what renews it", 0 },				\
	{ "expires_at", TH_STRING, TH_P_ACCOUNT, NULL,			\
	    "OAuth 2: when access_token ends", 0 }

/* The values given for a table of parameters. */
struct th_opts;
struct th_opts *th_opts_new(const struct th_param *table);
void th_opts_free(struct th_opts *);
/* Checks and keeps one value (arg is NULL for a flag).  TH_EUSAGE. */
enum th_status th_opts_set(struct th_opts *, const char *name, const char *arg,
    struct th_err *err);
/*
 * TH_EUSAGE when one that is TH_P_REQUIRED and has a flag of `which` is
 * missing.
 */
enum th_status th_opts_check(const struct th_opts *, unsigned which,
    struct th_err *err);
/* Last value or NULL. */
const char *th_opt(const struct th_opts *, const char *name);
bool th_opt_flag(const struct th_opts *, const char *name);
int64_t th_opt_int(const struct th_opts *, const char *name, int64_t otherwise);
/* Values, lists split. */
size_t th_opt_count(const struct th_opts *, const char *name);
const char *th_opt_nth(const struct th_opts *, const char *name, size_t);

/* Decimal digits and nothing else, up to INT64_MAX.  TH_EDATA. */
enum th_status th_int_parse(struct th_str, int64_t *ret);

/* A publishing limit: n items in any window of `window` seconds. */
struct th_limit {
	int64_t n, window;
};
/* "5/15m"; "0" lets nothing pass, and so does "0/15m".  TH_EUSAGE. */
enum th_status th_limit_parse(const char *, struct th_limit *ret,
    struct th_err *err);

/* ---- yaml.c: a small YAML text as a tree ---- */

enum th_yaml_kind { TH_YAML_TEXT, TH_YAML_LIST, TH_YAML_MAP };

struct th_yaml {
	enum th_yaml_kind kind;
	bool plain;            /* TEXT that was not quoted */
	char *text;            /* of TEXT; else NULL */
	char *key;             /* as a member of a map; else NULL */
	struct th_yaml *child; /* of LIST and MAP: the first */
	struct th_yaml *next;  /* in the list or map it is in */
	size_t line, column;
	size_t from, to;       /* of TEXT: its place, in characters */
};
/*
 * Reads one document; an empty one is an empty map.  Aliases, keys that are
 * there twice, depth over 16 and more than 20,000 values are TH_ECONFIG, named
 * as `name`:line:column.
 */
enum th_status th_yaml_parse(struct th_str text, const char *name,
    struct th_yaml **ret, struct th_err *err);
void th_yaml_free(struct th_yaml *);
/* The value of a key; NULL when there is none or it is no map. */
const struct th_yaml *th_yaml_get(const struct th_yaml *map, const char *key);
/*
 * TH_ECONFIG, with a suggestion, for a key that is not in keys (NULL ends it).
 */
enum th_status th_yaml_known(const struct th_yaml *map,
    const char *const *keys, const char *name, struct th_err *err);
/* Fills err with "name:line:column: key: what" and returns TH_ECONFIG. */
enum th_status th_yaml_fail(const char *name, const struct th_yaml *,
    struct th_err *err, const char *what);

/* ---- path.c: where things are ---- */

/*
 * DESIGN, "Files": TH_HOME, else the XDG directories.  Appends the path of
 * `name`; th_path_state makes the directory (0700) first.
 */
enum th_status th_path_config(const char *name, struct th_buf *ret,
    struct th_err *err);
enum th_status th_path_state(const char *name, struct th_buf *ret,
    struct th_err *err);

/* ---- config.c: config.yaml ---- */

struct th_config;
/*
 * Reads `path`, or config.yaml of the home when NULL (a missing one is an empty
 * configuration then).  TH_ECONFIG names file, line, column and key; also for a
 * file with secrets in it that others can read.
 */
enum th_status th_config_load(const char *path, struct th_config **ret,
    struct th_err *err);
/* The same from text; `name` stands for the file in messages. */
enum th_status th_config_parse(struct th_str text, const char *name,
    struct th_config **ret, struct th_err *err);
void th_config_free(struct th_config *);
/*
 * "sqlite" or a URL that may have a password in it; "" when a command tells it.
 */
const char *th_config_store(const struct th_config *);
/*
 * How long the steps of a store wait, in seconds, when its server is away or
 * another process holds it; else 10 for a server, 60 for another process.
 */
void th_config_wait(struct th_config *, int64_t seconds);
/* "sqlite", "http://..." */
const char *th_config_search(const struct th_config *);
const char *th_config_notify(const struct th_config *); /* NULL when not set */
int64_t th_config_failed_tries(const struct th_config *); /* 10 when not set */
/* config's limit for an account (SERVICE:ACCOUNT first, then SERVICE). */
bool th_config_limit(const struct th_config *, const char *service,
    const char *account, struct th_limit *ret);
/* Whom limits are set for (SERVICE or SERVICE:ACCOUNT), by FILE:LINE:COLUMN. */
typedef void th_limit_visit(void *ctx, const char *whom, const char *place);
void th_config_limits(const struct th_config *, th_limit_visit *visit,
    void *ctx);
/*
 * The environment for a child: ours without the variables that a KEY_env of the
 * configuration names.  free() it; its strings are borrowed.  NULL: no memory.
 */
char **th_config_environ(const struct th_config *);

/* ---- config_share.c: a configuration without its secrets ---- */

/*
 * Appends the text with "" for each secret of an account, whether secret() or
 * its name says so, and URLs without user and password; KEY_command and KEY_env
 * stay.  left gets a line for each: "twitter:default token".
 */
enum th_status th_config_share(struct th_str text, const char *name,
    bool (*secret)(void *ctx, const char *service, const char *key), void *ctx,
    struct th_buf *ret, struct th_buf *left, struct th_err *err);

/* ---- account.c, secret.c: the settings of one account ---- */

/* A secret.  No function of the library prints one; release wipes it. */
struct th_secret {
	char *value;
};
void th_secret_release(struct th_secret *);
/* th_buf_release() of a buffer that a secret was in: wipes it first. */
void th_buf_wipe(struct th_buf *);

/*
 * The settings in config.yaml over those in credentials/SERVICE.ACCOUNT.json.
 * table, when not NULL, says which keys there are: another in config.yaml is
 * TH_ECONFIG.  base_url, insecure, ca_file and proxy are known for all.
 */
struct th_account;
/*
 * TH_ECONFIG when config and credentials know nothing of it, unless it is
 * "default" and no key is required by the table: then it is empty.
 */
enum th_status th_account_new(const struct th_config *, const char *service,
    const char *account, const struct th_param *table, struct th_account **ret,
    struct th_err *err);
void th_account_free(struct th_account *);
/*
 * A required key is not set: TH_ECONFIG, or TH_EAUTH when th-auth login gets
 * it.
 */
enum th_status th_account_check(const struct th_account *, struct th_err *err);
const char *th_account_service(const struct th_account *);
const char *th_account_name(const struct th_account *);
/* A setting that is no secret; NULL when it is not set. */
const char *th_account_get(const struct th_account *, const char *key);
/* Is it set, secret or not? */
bool th_account_has(const struct th_account *, const char *key);
/* Has it any of what a login gets, from wherever? */
bool th_account_logged_in(const struct th_account *);
/*
 * Runs KEY_command or reads KEY_env when the setting says so.  TH_END: not set.
 */
enum th_status th_account_secret(const struct th_account *, const char *key,
    struct th_secret *ret, struct th_err *err);
/* Reads the credentials again, after they were changed. */
enum th_status th_account_reload(struct th_account *, struct th_err *err);
/*
 * Appends what tells a secret of config.yaml from another without giving it
 * away.  TH_END: config.yaml does not have it.
 */
enum th_status th_account_fingerprint(const struct th_account *,
    const char *key, struct th_buf *ret, struct th_err *err);
/*
 * The name of the nth setting, and whether it is a secret; NULL after the last.
 */
const char *th_account_key(const struct th_account *, size_t nth,
    bool *secret);

/* ---- accounts.c: which accounts there are ---- */

typedef enum th_status th_account_visit(void *ctx, const char *service,
    const char *account);
/*
 * Those of config.yaml in its order, then those that have credentials alone.
 * Ends with the first visit that is not TH_OK.
 */
enum th_status th_config_accounts(const struct th_config *,
    th_account_visit *visit, void *ctx, struct th_err *err);

/* ---- http_request.c: requests as data ---- */

struct th_header {
	char *name, *value;
	bool secret; /* shown as *** in dry runs */
};

/* A request, built by pure functions. */
struct th_request {
	const char *method; /* "GET"; not owned */
	char *url;
	struct th_header *header;
	size_t nheaders;
	struct th_secret *hidden; /* see th_request_hide() */
	size_t nhidden;
	struct th_buf body;
	/* What a dry run shows for a body that is no text. */
	struct th_buf shown;
	bool has_body;
	/* Redirects, http(s) only; credentials never leave the host. */
	bool follow;
	bool idempotent; /* sending it twice is harmless; so are GET and HEAD */
	/* The status says it all: whatever goes wrong after it is no failure. */
	bool by_status;
};
void th_request_init(struct th_request *);
void th_request_release(struct th_request *);
/* May be called again: a request that is reused keeps its headers. */
enum th_status th_request_set(struct th_request *, const char *method,
    struct th_str url);
/*
 * Replaces a header of that name.  A name that is no token and a value with
 * control characters other than a tab are TH_EDATA (RFC 9110, section 5).
 */
enum th_status th_request_header(struct th_request *, const char *name,
    const char *value);
/* The same for one that holds a secret: `prefix` and then the secret. */
enum th_status th_request_secret(struct th_request *, const char *name,
    const char *prefix, const struct th_secret *);
/* A secret that stands in the URL or the body: th_request_show() masks it. */
enum th_status th_request_hide(struct th_request *, const struct th_secret *);
/*
 * Appends the request as --dry-run shows it: request line, headers, an empty
 * line, the body and a newline.  Secrets, user names in the URL and the values
 * of its query are shown as ***.
 */
enum th_status th_request_show(const struct th_request *, struct th_buf *ret);

/* ---- http_reply.c: what came back ---- */

struct th_reply {
	long code;               /* HTTP status; 0 when there was no answer */
	char *url;               /* after redirects */
	bool redirected;
	/* Where permanent redirects (301, 308) alone led; or NULL. */
	char *moved;
	struct th_header *header;
	size_t nheaders;
	struct th_buf body;
	int64_t retry_at; /* from Retry-After (both forms); 0 when none */
	/* No answer, but the request may have arrived whole. */
	bool maybe_processed;
};
void th_reply_release(struct th_reply *);
/* The last header of that name, without regard to case; NULL when absent. */
const char *th_reply_header(const struct th_reply *, const char *name);
/* A header that is a decimal number; `otherwise` when it is none. */
int64_t th_reply_number(const struct th_reply *, const char *name,
    int64_t otherwise);
/* Does the body have that word, whatever its case?  Is it a web page? */
bool th_reply_mentions(const struct th_reply *, const char *word);
bool th_reply_is_page(const struct th_reply *);
/*
 * Takes one line of a reply's head as it came: a status line starts anew, a
 * header is added, what is neither is passed over.  TH_ENOMEM.
 */
enum th_status th_reply_line(struct th_reply *, struct th_str line);
/* Seconds or an HTTP-date; at most a week ahead; 0 when it is neither. */
int64_t th_retry_after(struct th_str value, int64_t now);
/*
 * For how many seconds Cache-Control: max-age says not to ask again (less what
 * Age says is gone by, at most a week); 0 for no-cache and no-store; -1 when it
 * says nothing.
 */
int64_t th_reply_max_age(const struct th_reply *);
/* Appends the address of a feed from Link headers (RFC 8288).  TH_END: none. */
enum th_status th_reply_feed_link(const struct th_reply *, struct th_buf *ret);
/*
 * The one mapping from HTTP codes: 2xx TH_OK; 401 TH_EAUTH; 408 425 429 5xx
 * TH_EAGAIN (err->retry_at from Retry-After or a limit's reset); other 4xx
 * TH_EREFUSED; 3xx, 407 (a proxy's) and no answer TH_EUNAVAIL.  The text is
 * the code's and the first line of the reply.
 */
enum th_status th_reply_status(const struct th_reply *, struct th_err *err);

/* ---- http.c: transfers over libcurl multi ---- */

struct th_http;
struct th_http_options {
	int64_t timeout; /* slower than 1 kB/s for so long: given up; 0: 10 s */
	size_t max_size;      /* of a body, decompressed; 0: TH_REPLY_MAX */
	int max_parallel;     /* transfers at once; 0: 16 */
	int max_per_host;     /* 0: 4 */
	const char *ca_file;  /* NULL: the system's */
	const char *proxy;    /* its address; NULL: that of the environment */
	bool allow_http;      /* plain http to hosts that are not loopback */
	/* Called now and then while transfers run; or NULL. */
	void (*tick)(void *);
	void *tick_ctx;
	/*
	 * Called for an answer of 400 and more, whose words may be shown; or
	 * NULL.
	 */
	void (*mask)(void *ctx, struct th_reply *);
	void *mask_ctx;
};
enum th_status th_http_new(const struct th_http_options *,
    struct th_http **ret, struct th_err *err);
void th_http_free(struct th_http *);
/* Sends and waits.  TH_EUNAVAIL: no answer (ret->maybe_processed is set). */
enum th_status th_http_send(struct th_http *, const struct th_request *,
    struct th_reply *ret, struct th_err *err);
/*
 * Queues a transfer; those of one host take turns.  The request is borrowed
 * until done is called (from th_http_run), which happens once for every start
 * that returned TH_OK.  body, when not NULL, gets the decompressed bytes as
 * they come and may end the transfer by returning anything but TH_OK, which is
 * what done gets then; without it they are collected in the reply.  In `body`
 * the reply has its code, headers and url already.  The reply is released after
 * done returns.  Both may start transfers.
 */
struct th_transfer {
	enum th_status (*body)(void *ctx, const struct th_reply *,
	    struct th_str);
	void (*done)(void *ctx, enum th_status, const struct th_reply *,
	    const struct th_err *);
	void *ctx;
};
enum th_status th_http_start(struct th_http *, const struct th_request *,
    const struct th_transfer *, struct th_err *err);
/*
 * Runs transfers until at most `left` are under way or queued (0: until all are
 * done).  Interrupted, it sends nothing more, drops what may be repeated, waits
 * for the answers of the rest, and returns TH_EAGAIN.
 */
enum th_status th_http_run(struct th_http *, size_t left, struct th_err *err);
/*
 * Ends all transfers, queued or under way: done gets TH_END.  May be called
 * from done, not from body.
 */
void th_http_stop(struct th_http *);

/* ---- creds.c: the tokens of an account ---- */

/* The members of one file; values are secrets, names are not. */
struct th_creds;
/* Appends the path.  TH_EUSAGE: not a name an account can have. */
enum th_status th_creds_path(const char *service, const char *account,
    struct th_buf *ret, struct th_err *err);
/*
 * Reads it.  TH_END: there is none; TH_ECONFIG: others can read it, or it is no
 * JSON object.
 */
enum th_status th_creds_read(const char *service, const char *account,
    struct th_creds **ret, struct th_err *err);
void th_creds_free(struct th_creds *);
/* A string or number; TH_END when absent or empty. */
enum th_status th_creds_get(const struct th_creds *, const char *key,
    struct th_secret *ret);
/* The name of the i-th member; NULL past the last. */
const char *th_creds_key(const struct th_creds *, size_t i);
/*
 * Reads it to be changed: of all processes one at a time comes out of this call
 * until it has committed, removed or freed.  set with an empty value removes a
 * member; commit writes a whole file (0600) or leaves the old one.
 */
enum th_status th_creds_lock(const char *service, const char *account,
    struct th_creds **ret, struct th_err *err);
enum th_status th_creds_set(struct th_creds *, const char *key, struct th_str);
/* Makes it say what `old` does; commit then, or remove when that is NULL. */
enum th_status th_creds_put_back(struct th_creds *, const struct th_creds *old);
enum th_status th_creds_commit(struct th_creds *, struct th_err *err);
enum th_status th_creds_remove(struct th_creds *, struct th_err *err);

/* ---- oauth.c: forms, challenges, signatures ---- */

/*
 * application/x-www-form-urlencoded.  decode appends a name or value as text
 * (TH_EDATA: a broken percent sign); next walks the pairs, still encoded;
 * get appends the first value of that name (TH_END: none); add appends a pair.
 */
enum th_status th_form_decode(struct th_str, struct th_buf *ret);
bool th_form_next(struct th_str *rest, struct th_str *name,
    struct th_str *value);
enum th_status th_form_get(struct th_str form, const char *name,
    struct th_buf *ret);
enum th_status th_form_add(struct th_buf *form, const char *name,
    struct th_str value);
/* Adds a pair to the request's body and its Content-Type with the first one. */
enum th_status th_request_form(struct th_request *, const char *name,
    struct th_str value);

/* Appends `bytes` (at most 64) of chance in hexadecimal: a state, a nonce. */
enum th_status th_random_token(size_t bytes, struct th_buf *ret);
/* The S256 challenge of a verifier (RFC 7636, 4.2). */
enum th_status th_pkce_challenge(struct th_str verifier, struct th_buf *ret);

/* Who signs (RFC 5849, 3.1).  What is NULL is not sent. */
struct th_oauth1 {
	const char *consumer_key, *consumer_secret;
	const char *token, *token_secret;
	const char *callback, *verifier; /* on the way to a token */
	const char *nonce;               /* NULL: made by chance */
	int64_t timestamp;               /* 0: now */
	bool no_version;                 /* leaves oauth_version out */
};
/*
 * Adds the Authorization header (HMAC-SHA1, 3.5.1).  The last change to a
 * request: what is in its URL's query and in a form body is signed, any other
 * body is not.  TH_EDATA: the query or form is malformed or too large.
 */
enum th_status th_oauth1_sign(struct th_request *, const struct th_oauth1 *,
    struct th_err *err);
/*
 * Appends what is signed (3.4.1), for tests; nonce and timestamp must be set.
 */
enum th_status th_oauth1_base_string(const struct th_request *,
    const struct th_oauth1 *, struct th_buf *ret);

/* ---- listen.c: the browser comes back ---- */

/* A listener on 127.0.0.1 and nowhere else; port 0: any that is free. */
struct th_listener;
enum th_status th_listen_open(unsigned port, struct th_listener **ret,
    struct th_err *err);
void th_listen_close(struct th_listener *);
unsigned th_listen_port(const struct th_listener *);
/*
 * Waits for one GET of `path` whose query `accept` takes, answers it with a
 * page for the person and appends the query.  Anything else is answered with an
 * error and does not end the wait.  TH_EAGAIN: `seconds` passed, or
 * interrupted.
 */
typedef bool th_accept(void *ctx, struct th_str query);
enum th_status th_listen_wait(struct th_listener *, const char *path,
    int64_t seconds, th_accept *accept, void *ctx, struct th_buf *ret,
    struct th_err *err);

/* ---- weigh.c: how long a short post is ---- */

/*
 * The length of a post as version 3 of the public "text" rules of micro-blogs
 * counts it: in NFC, Latin and the like 1, all else 2, an emoji sequence 2, a
 * URL 23 (or, where it may be none, its own weight if that is more).
 */
enum { TH_POST_MAX = 280, TH_POST_URL = 23 };
enum th_status th_post_weight(struct th_str text, size_t *ret);
/*
 * Appends text in NFC, cut with U+2026 to weigh at most `max`: at a word where
 * one ends, never inside a URL or a character.  What a post may not hold
 * (control characters but newline, U+FEFF, U+FFFE, U+FFFF) is left out.
 */
enum th_status th_post_cut(struct th_str text, size_t max, struct th_buf *ret);

/* ---- post.c: a text, an address and tags within a limit ---- */

/*
 * Appends text, and those of the tags (" #a #b") that it has not itself; where
 * they weigh more than max, what stands before `keep` (the address) is cut:
 * that, what is behind it and the tags stay.  Where these are too long by
 * themselves, tags are left out from the last, then what is behind the address
 * is cut.
 */
enum th_status th_post_fit(struct th_str text, struct th_str keep,
    struct th_str tags, size_t max, struct th_buf *ret);
/*
 * Appends " #tag" of the letters that such a tag may have; nothing when there
 * are none, or it is there already.
 */
enum th_status th_post_hashtag(struct th_str tag, struct th_buf *ret);

/* ---- store.c: what outlives a process ---- */

/*
 * The store of the configuration: SQLite file or Redis.  th_store_close(NULL)
 * is fine.
 */
struct th_store;
enum th_status th_store_open(const struct th_config *, struct th_store **ret,
    struct th_err *err);
/* The same to look only (dry runs): TH_END when there is no store yet. */
enum th_store_flags { TH_STORE_READ = 1 };
enum th_status th_store_open_with(const struct th_config *, unsigned flags,
    struct th_store **ret, struct th_err *err);
void th_store_close(struct th_store *);
/*
 * Says (level 1) which settings of a server do not keep what the store
 * promises.
 */
void th_store_advise(struct th_store *,
    void (*say)(void *ctx, int level, enum th_status, const char *text),
    void *ctx);

/* An id as the store knows it: SHA-256 of its UTF-8, cut to 128 bits. */
#define TH_HASH_SIZE 16
struct th_hash {
	unsigned char byte[TH_HASH_SIZE];
};
struct th_hash th_hash(struct th_str);

/*
 * The state of one reader (--state NAME): small values by key, and ids seen by
 * scope.  Nothing is written before th_state_commit(), which is one atomic,
 * durable step; th_state_free() without it forgets.  With `run` not NULL (set
 * by th-trigger in TH_RUN) the commit is kept aside under that run, to be made
 * true or dropped by th_state_settle() when the pipeline has ended.
 */
struct th_state;
enum th_status th_state_open(struct th_store *, const char *name,
    const char *run, struct th_state **ret, struct th_err *err);
void th_state_free(struct th_state *);
/* Appends the value; TH_END when there is none. */
enum th_status th_state_get(struct th_state *, const char *key,
    struct th_buf *ret, struct th_err *err);
/* An empty value takes the key away. */
enum th_status th_state_put(struct th_state *, const char *key,
    struct th_str value, struct th_err *err);
/*
 * Marks an id as seen in a scope (a feed's URL); *ret tells whether it is new.
 * Ids not marked for 90 days and in no recent reading are forgotten at commit.
 */
enum th_status th_state_see(struct th_state *, const char *scope,
    struct th_str id, bool *ret, struct th_err *err);
/* Is it marked?  Changes nothing. */
enum th_status th_state_knows(struct th_state *, const char *scope,
    struct th_str id, bool *ret, struct th_err *err);
enum th_status th_state_commit(struct th_state *, struct th_err *err);
enum th_status th_state_settle(struct th_store *, const char *run, bool keep,
    struct th_err *err);

/* ---- store_move.c: states from one store to another ---- */

/* A value, or (key == NULL) an id seen.  All is borrowed. */
struct th_state_entry {
	const char *state;
	const char *key;
	struct th_str value;
	const char *scope; /* its hash, as 32 digits */
	struct th_hash id;
	int64_t day;       /* when it was seen last, since 1970 */
};
typedef enum th_status th_state_visit(void *ctx, const struct th_state_entry *);
/* All there is of all states; what a run keeps aside is not. */
enum th_status th_state_each(struct th_store *, th_state_visit *visit,
    void *ctx, struct th_err *err);
/*
 * The same as lines of JSON, {"state":..,"key":..,"value":..} (or "base64") and
 * {"state":..,"scope":..,"day":..,"ids":[..]}; wanted, which may be NULL, says
 * which values to write.
 */
enum th_status th_state_export(struct th_store *,
    bool (*wanted)(const char *state, const char *key), struct th_out *out,
    struct th_err *err);
/*
 * Takes over such lines.  The values of one state that follow each other become
 * durable together, at the latest with end; one that the state has already
 * stays unless `replace`.  keep, which may be NULL, says of a state that what
 * the store has of its values stays, all of it.  TH_EDATA: it is no such line;
 * go on.
 */
struct th_state_moving {
	struct th_store *store;
	bool replace;
	bool (*keep)(void *ctx, const char *state);
	void *ctx;
	/* Its own: the state at hand. */
	struct th_state *state;
	char *name;
	bool kept;
};
enum th_status th_state_import(struct th_state_moving *,
    const struct th_item *, struct th_err *err);
/* { 0 } but for the store is fine to end; without it what is begun is lost. */
enum th_status th_state_import_end(struct th_state_moving *,
    struct th_err *err);

/* ---- lock.c: one at a time, over all processes and machines ---- */

/*
 * Takes a named lock for so many seconds.  TH_END: another holds it.  The lock
 * of a dead process of this machine is free at once, any other when its time is
 * over; to take one's own again renews it.  Unlocking what one lost is
 * harmless.
 */
enum th_status th_lock(struct th_store *, const char *name, int64_t seconds,
    struct th_err *err);
enum th_status th_unlock(struct th_store *, const char *name,
    struct th_err *err);

/* ---- queue.c: the outbox and the ledger ---- */

/*
 * What becomes of an item in a queue.  Each arrow is one atomic step of the
 * store.
 *
 *           deposit             claim               sent
 *  unknown ---------> waiting ---------> leased ------------> published
 *     |               ^  ^  ^            | |  |
 *     | storm  release|  |  +- try again-+ |  |for good
 *     v               |  |     (back-off)  |  v
 *    held ------------+  |                 |  refused --+
 *                        +-- lease over,   |            | retry
 *                        |   owner dead:  -+            |
 *                        |   doubtful                   |
 *                        +------------------------------+
 *                        +--------------- expired <--- waiting, too old
 *
 *  waiting, held, refused, expired --- mark as seen ---> seen
 *  waiting, held, refused, expired --- drop -----------> dropped
 *
 * waiting to expired are in the outbox, which keeps the whole line.  The others
 * are in the ledger, which keeps a hash of the id, a date and the receipt.  An
 * id that the queue knows in any state is not deposited again.  Doubtful is an
 * item that may have been sent by one who then died: it waits with that mark.
 */
enum th_item_state {
	TH_Q_UNKNOWN,
	TH_Q_WAITING,
	TH_Q_LEASED,
	TH_Q_HELD,
	TH_Q_REFUSED,
	TH_Q_EXPIRED,
	TH_Q_PUBLISHED,
	TH_Q_SEEN,
	TH_Q_DROPPED,
	TH_Q_STATES /* how many there are */
};
#define TH_Q_BIT(state) (1u << (state))
#define TH_Q_OUTBOX \
	(TH_Q_BIT(TH_Q_WAITING) | TH_Q_BIT(TH_Q_LEASED) | \
	    TH_Q_BIT(TH_Q_HELD) | TH_Q_BIT(TH_Q_REFUSED) | \
	    TH_Q_BIT(TH_Q_EXPIRED))
#define TH_Q_LEDGER \
	(TH_Q_BIT(TH_Q_PUBLISHED) | TH_Q_BIT(TH_Q_SEEN) | \
	    TH_Q_BIT(TH_Q_DROPPED))
/*
 * "waiting".  Never NULL.  The state of a word; TH_Q_UNKNOWN when it is none.
 */
const char *th_item_state_name(enum th_item_state);
enum th_item_state th_item_state_of(struct th_str);

/* A queue of a store.  service and account are of who publishes; may be "". */
struct th_queue;
enum th_status th_queue_new(struct th_store *, const char *name,
    const char *service, const char *account, struct th_queue **ret,
    struct th_err *err);
void th_queue_free(struct th_queue *);
const char *th_queue_name(const struct th_queue *);
/*
 * From now on what is deposited and what becomes of it is told to a search,
 * which must outlive the queue.  Its failures stop nothing; the worst is what
 * th_queue_indexed() returns, with its sentence.
 */
struct th_search;
void th_queue_index(struct th_queue *, struct th_search *);
enum th_status th_queue_indexed(const struct th_queue *, struct th_err *err);

/*
 * Items on their way in are collected by add (which copies; TH_EDATA: no id,
 * nothing was added) and go in together, in one durable step, when there are
 * many (th_queue_full) and at the end.
 */
enum th_status th_queue_add(struct th_queue *, const struct th_item *,
    struct th_err *err);
bool th_queue_full(const struct th_queue *);
enum th_deposit {
	TH_DEPOSIT, /* to be published, at once even if it looks like a storm */
	TH_DEPOSIT_GUARD, /* to be published; a storm is held */
	TH_DEPOSIT_SEEN,  /* seen: not published, now or later */
	TH_DEPOSIT_LOOK   /* nothing is written: only tells what is known */
};
/*
 * A storm: one source (_source.feed_url) shows TH_STORM or more ids that are
 * new while their urls or titles, all different, were published before, and
 * these are at least half of its new ids.
 */
#define TH_STORM 10
/*
 * told is called for each item added, in order, once the step is done: what is
 * known of it now, whether it was new, its line, and for one that was published
 * its line with the receipt (else s == NULL).  Not TH_OK: ends the telling.
 */
typedef enum th_status th_told(void *ctx, enum th_item_state, bool is_new,
    struct th_str line, struct th_str receipt);
enum th_status th_queue_deposit(struct th_queue *, enum th_deposit,
    th_told *told, void *ctx, struct th_err *err);
/*
 * The same for all but the last of many: may leave what was added to the next
 * call, of this or of th_queue_deposit(), so that a store elsewhere writes it
 * while the caller gathers more.  `how` is then the same in each call.
 */
enum th_status th_queue_post(struct th_queue *, enum th_deposit, th_told *told,
    void *ctx, struct th_err *err);

/* What there is, and when the next is due. */
struct th_queue_counts {
	int64_t n[TH_Q_STATES];
	int64_t doubtful; /* of the waiting */
	/* The first due date of the waiting; 0: now, or none waits. */
	int64_t next;
	/* Since when the oldest of the waiting waits; 0: none. */
	int64_t oldest;
};
/* Of the states whose bit is in states alone: the ledger may be long. */
enum th_status th_queue_count(struct th_queue *, unsigned states,
    struct th_queue_counts *ret, struct th_err *err);

/* An entry as it is kept, for show, explain and export.  All is borrowed. */
struct th_entry {
	enum th_item_state state;
	struct th_hash hash;
	struct th_str id, line; /* s == NULL in the ledger */
	int64_t date; /* outbox: when it came; ledger: when it ended */
	int64_t due;            /* waiting: not before; leased: until; else 0 */
	int64_t tries;          /* attempts made that failed */
	bool doubtful;
	struct th_str reason;   /* why it waits or was refused */
	struct th_str owner;    /* who leases it */
	struct th_str receipt;  /* packed, see th_receipt_unpack() */
};
/* Not TH_OK ends the walk and is what comes back. */
typedef enum th_status th_entry_visit(void *ctx, const struct th_entry *);
/*
 * Entries whose state's bit is in states: the outbox in order, then the ledger.
 */
enum th_status th_queue_each(struct th_queue *, unsigned states,
    th_entry_visit *, void *ctx, struct th_err *err);
/* The entry of one id; TH_END when the queue does not know it. */
enum th_status th_queue_find(struct th_queue *, struct th_str id,
    th_entry_visit *, void *ctx, struct th_err *err);
/* The queues of a store. */
typedef enum th_status th_queue_visit(void *ctx, const char *name,
    const char *service, const char *account);
enum th_status th_queue_list(struct th_store *, th_queue_visit *, void *ctx,
    struct th_err *err);
/*
 * Puts entries of an export back, in one durable step.  The state of those that
 * are known already is set to TH_Q_UNKNOWN; they stay as they are.
 */
enum th_status th_queue_import(struct th_queue *, struct th_entry *, size_t n,
    struct th_err *err);

/*
 * What a store remembers besides items, as numbers by key: when what counts on
 * a limit was sent (ms), until when a place is left alone (s), the guard's
 * marks of a queue.  each: of one key, or of all (NULL), those of one key
 * together.  put adds to what is there (a pause: one at a time); again does no
 * harm.  The marks of a queue that is not there are dropped.
 */
enum th_memory { TH_M_LIMIT, TH_M_PAUSE, TH_M_GUARD };
typedef enum th_status th_memory_visit(void *ctx, const char *key, int64_t n);
enum th_status th_memory_each(struct th_store *, enum th_memory,
    const char *key, th_memory_visit *, void *ctx, struct th_err *err);
enum th_status th_memory_put(struct th_store *, enum th_memory,
    const char *key, const int64_t *, size_t n, struct th_err *err);

/*
 * Moves one item (id.s == NULL: all) in a state of `from` to WAITING (retry,
 * release: due at once, tries forgotten), SEEN or DROPPED; *ret counts them.
 * th_queue_purge moves what was refused or expired before `before` to the
 * ledger as dropped, and forgets the receipts (not the ids) of what was
 * published before it.
 */
enum th_status th_queue_move(struct th_queue *, struct th_str id, unsigned from,
    enum th_item_state to, int64_t *ret, struct th_err *err);
enum th_status th_queue_purge(struct th_queue *, int64_t before, int64_t *ret,
    struct th_err *err);

/* Items out of the outbox and back: what publishers are made of. */
struct th_lease {
	struct th_hash hash;
	struct th_buf line;
	int64_t tries, date; /* as in struct th_entry */
	bool doubtful; /* leased before, and nobody said what became of it */
	int64_t beat;        /* when it was leased or renewed, th_steady_ms() */
	int64_t next; /* with TH_END: when one will be due; 0: none waits */
};
void th_lease_init(struct th_lease *);
void th_lease_release(struct th_lease *);
struct th_claim {
	const char *owner;   /* th_owner(), or who it is for */
	int64_t seconds;     /* how long */
	int64_t max_age;     /* older ones expire instead; 0: none does */
	bool in_order;       /* none while one before it waits or is leased */
	int64_t expired;     /* counts up */
};
/* TH_END: none is due. */
enum th_status th_queue_claim(struct th_queue *, struct th_claim *,
    struct th_lease *ret, struct th_err *err);
/*
 * Takes back what dead processes leased and what was leased for too long.  One
 * of this machine who lives is judged by the steady clock, which does not jump.
 */
enum th_status th_queue_reclaim(struct th_queue *, struct th_err *err);
/*
 * Has a lease last for so many seconds from now.  TH_END: it was over, and the
 * item is another's by now or settled.
 */
enum th_status th_queue_renew(struct th_queue *, struct th_lease *,
    const char *owner, int64_t seconds, struct th_err *err);
/* What became of a leased item. */
struct th_outcome {
	/* PUBLISHED, REFUSED, or WAITING: try again. */
	enum th_item_state state;
	const char *owner;        /* NULL: whoever it is leased to */
	struct th_str reason;     /* the service's words */
	const char *id, *url;     /* the receipt's; may be NULL */
	const struct th_item *item; /* PUBLISHED: for the storm guard */
	int64_t date;             /* when; 0: now */
	int64_t due;              /* WAITING: not before */
	bool tried;               /* WAITING: counts as an attempt */
	bool doubtful;            /* WAITING: it may have arrived */
};
/*
 * TH_END: no longer there (another settled it), or, unless PUBLISHED, no longer
 * leased to owner; nothing was done.
 */
enum th_status th_queue_settle(struct th_queue *, const struct th_hash *,
    const struct th_outcome *, struct th_err *err);

/*
 * Appends (to a cleared ret) the line of an item with its receipt at the end of
 * _published; `packed` as in struct th_entry.
 */
enum th_status th_queue_receipt(struct th_queue *, struct th_str line,
    struct th_str packed, int64_t date, struct th_buf *ret,
    struct th_err *err);

/* ---- schedule.c: when something is due again ---- */

/* The five fields of crontab(5) as sets of bits; local time. */
struct th_cron {
	uint64_t minute;
	uint32_t hour, mday, month, wday;
	bool any_hour, any_mday, any_wday; /* the field begins with * */
};
/*
 * "*" "5" "1-5" "mon,wed" with steps, or @hourly, @daily, @weekly, @monthly,
 * @yearly.  TH_EUSAGE with err->column in text, also when it names days that no
 * month has, so that it never comes.
 */
enum th_status th_cron_parse(struct th_str, struct th_cron *ret,
    struct th_err *err);
/*
 * The first full minute after `after` that matches; 0: none in nine years.  A
 * local time that a change of clocks leaves out is the minute after it; one
 * that comes twice is the first, unless the hour is * or has a step of it.
 */
int64_t th_cron_next(const struct th_cron *, int64_t after);

struct th_schedule {
	enum th_schedule_kind {
		TH_SCHEDULE_NONE, /* by hand */
		TH_SCHEDULE_EVERY,
		TH_SCHEDULE_CRON
	} kind;
	int64_t every;
	struct th_cron cron;
};
/*
 * When it is due, which may be long ago; 0: never.  last is the slot of its
 * last run, 0 when there was none: what runs every so often is due then.  since
 * is when it was first seen or enabled, before which cron's times do not count;
 * 0 is now.
 */
int64_t th_schedule_next(const struct th_schedule *, int64_t last,
    int64_t since, int64_t now);
/*
 * The time that a run which begins now stands for, so that what is run late
 * does not become later each time.
 */
int64_t th_schedule_slot(const struct th_schedule *, int64_t last, int64_t now);

/* ---- script.c: triggers as scripts ---- */

/*
 * Letters, digits, "_", ".", "-"; neither of the last two in front; at most
 * 100; not what is left over beside a file, such as NAME.bak.
 */
bool th_script_is_name(const char *);

/* What the "#:" lines of a script's first comment say. */
struct th_script {
	char *description, *notify, *cron; /* NULL: not given */
	char **tag;
	size_t ntags;
	struct th_schedule schedule;
	int64_t failed_tries; /* -1: not given */
	int64_t timeout;      /* 0: not given */
	size_t body; /* the line that the comment ends before, from 1 */
};
/*
 * Reads the header; a script without one has no schedule.  problem is told
 * "name:line:column: ..." of each thing that is wrong, and may be NULL; what is
 * right counts all the same.  TH_ECONFIG: something was wrong.
 */
typedef void th_problem(void *ctx, const struct th_err *);
enum th_status th_script_parse(struct th_str text, const char *name,
    th_problem *problem, void *ctx, struct th_script *ret);
void th_script_release(struct th_script *);

/* ---- script_write.c: scripts made from what other programs know ---- */

/*
 * Appends a name made of a title: its words without case and accents, with "-"
 * between, at most 60 bytes.  TH_END: it has no letter or digit of ASCII.
 */
enum th_status th_script_name(struct th_str title, struct th_buf *ret);
/* Appends a line of the header, the value quoted whatever it is. */
enum th_status th_script_add(struct th_buf *, const char *key,
    struct th_str value);
/* The same of a list; none at all when it is empty. */
enum th_status th_script_add_list(struct th_buf *, const char *key,
    const struct th_str *value, size_t n);

/* ---- shell.c: a script as words ---- */

struct th_shell_word {
	struct th_buf text;  /* quotes taken off; data may be NULL */
	size_t line, column; /* from 1, in bytes */
	bool first;          /* where a command's name stands */
	bool quoted;
	bool dynamic; /* made at run time, in whole or part */
	bool called;  /* a parenthesis follows: name() */
	bool inner;   /* of a $(...) or `...`; those come last */
	size_t quote_at; /* quoted: the text from there lies one byte further */
	bool shifted;    /* the text has not its place in the line */
};
struct th_shell {
	struct th_shell_word *word;
	size_t n;
};
/* Reads any bytes as far as that goes; nothing is run.  TH_ENOMEM, TH_EDATA. */
enum th_status th_shell_read(struct th_str text, struct th_shell *ret);
void th_shell_release(struct th_shell *);
/* Appends one word for the shell, in single quotes when it needs them. */
enum th_status th_shell_quote(struct th_str, struct th_buf *ret);

/* ---- owner.c: who leases ---- */

/* Who this process is, for leases and locks: host, boot, pid, start. */
#define TH_OWNER_SIZE 64
void th_owner(char ret[TH_OWNER_SIZE]);
void th_owner_of(int64_t pid, char ret[TH_OWNER_SIZE]); /* a child of ours */
/* A process of this machine that lives, that is no more; somebody elsewhere. */
enum th_owner_life { TH_OWNER_ALIVE, TH_OWNER_DEAD, TH_OWNER_FAR };
enum th_owner_life th_owner_life(const char *owner);

/* ---- receipt.c: where published items went ---- */

struct th_receipt_view {
	struct th_str service, account; /* s == NULL: the queue's */
	struct th_str id, url; /* s == NULL: the service did not tell */
};
/* As few bytes as possible: a url is kept as what surrounds the id. */
enum th_status th_receipt_pack(const struct th_receipt_view *,
    struct th_buf *ret);
/* `room` keeps the text that the view borrows. */
enum th_status th_receipt_unpack(struct th_str packed, struct th_buf *room,
    struct th_receipt_view *ret);
/*
 * A line of a publisher that is a program: {"id":..,"status":"published"|
 * "retry"|"refused","remote_id":..,"url":..,"after":..,"reason":..}.  TH_EDATA
 * when it is none.  state is PUBLISHED, WAITING or REFUSED; after is in
 * seconds, -1 when it is not given.
 */
struct th_receipt_line {
	enum th_item_state state;
	/* NULL: not given (id always is). */
	char *id, *remote_id, *url, *reason;
	int64_t after;
};
enum th_status th_receipt_read(const struct th_item *,
    struct th_receipt_line *ret, struct th_err *err);
void th_receipt_line_release(struct th_receipt_line *);
/*
 * Appends the receipt as JSON:
 * {"service":..,"account":..,"id":..,"url":..,"date":..}
 */
enum th_status th_receipt_json(const struct th_receipt_view *, int64_t date,
    struct th_buf *ret);

/* ---- limit.c: never too fast ---- */

/*
 * A sliding window over all processes that use the key: take counts one more,
 * now.  TH_END: the window is full; *next is when it has room again (0: never,
 * for a limit of 0).  *token is for th_limit_give(), which takes it back.  A
 * clock that jumped back neither frees what was counted nor locks it for ever.
 */
enum th_status th_limit_take(struct th_store *, const char *key,
    const struct th_limit *, int64_t *token, int64_t *next, struct th_err *err);
enum th_status th_limit_give(struct th_store *, const char *key, int64_t token,
    struct th_err *err);
/* How many are free; when none is, *next as above. */
enum th_status th_limit_look(struct th_store *, const char *key,
    const struct th_limit *, int64_t *ret, int64_t *next, struct th_err *err);
/*
 * The limit that a queue was last held up by besides its account's, for those
 * who ask why items wait: keep with NULL forgets it.  known gives TH_END when
 * there is none; the key of th_limit_look() is that of th_pause_queue_key().
 */
enum th_status th_limit_keep(struct th_store *, const char *queue,
    const struct th_limit *, struct th_err *err);
enum th_status th_limit_known(struct th_store *, const char *queue,
    struct th_limit *ret, struct th_err *err);
/* Appends "5/15m", or "0". */
enum th_status th_limit_format(const struct th_limit *, struct th_buf *ret);
/*
 * Seconds to wait after so many failures in a row: 2, 4, 8... up to an hour,
 * less a random part of up to a half, so that many do not come back at once.
 */
int64_t th_backoff(int64_t tries);
/*
 * An account of a service, or a destination, asked to be left alone until then:
 * kept, so that all processes obey.  get gives 0 when it did not, or the time
 * is over.
 */
enum th_status th_pause_set(struct th_store *, const char *key, int64_t until,
    struct th_err *err);
enum th_status th_pause_get(struct th_store *, const char *key, int64_t *ret,
    struct th_err *err);

/* The key under which a pause of a queue's destination is found as well. */
enum th_status th_pause_queue_key(const char *queue, struct th_buf *ret);

/* ---- search_query.c: what a person types to find something ---- */

/*
 * Terms are joined by AND.  A word matches by stem, "a phrase" as it is
 * written, a word* as a beginning; case and accents do not matter.  -TERM must
 * not match.  title: tag: service: look in one field; after: before: date:A..B
 * are ranges.
 */
enum th_query_field {
	TH_QUERY_ANY,
	TH_QUERY_TITLE,
	TH_QUERY_TAG,
	TH_QUERY_SERVICE
};
enum th_query_how { TH_QUERY_STEM, TH_QUERY_EXACT, TH_QUERY_PREFIX };
struct th_query_term {
	enum th_query_field field;
	enum th_query_how how;
	bool minus;
	/* Letters, digits and single blanks; several words are a phrase. */
	char *text;
};
struct th_query {
	struct th_query_term *term;
	size_t n;
	/* From, and up to but without; INT64_MIN, INT64_MAX. */
	int64_t after, before;
	/* What was looked for as a word, and the field that it nearly is. */
	char slip[16];
	const char *meant; /* or NULL */
};
/* TH_EUSAGE with err->column: a date that is none, no word at all. */
enum th_status th_query_parse(const char *src, struct th_query *ret,
    struct th_err *err);
void th_query_release(struct th_query *);

/* Finds the words of a text that a query looks for.  NULL: no memory. */
struct th_marker;
struct th_marker *th_marker_new(const struct th_query *);
void th_marker_free(struct th_marker *);
/* Walks a text, borrowed meanwhile; ret is the place of the next such word. */
void th_marker_start(struct th_marker *, struct th_str text);
bool th_marker_next(struct th_marker *, struct th_str *ret);

/* ---- search.c: items and triggers found again ---- */

/*
 * Documents lie in the store's own file (with a store elsewhere in a local
 * th.db), where FTS5 finds them; with `search: http...` they are sent to
 * Elasticsearch or OpenSearch as well, now or, when that is down, later.  store
 * may be NULL.  All is borrowed until th_search_free().
 */
struct th_search;
struct th_search_engine;
/* The one there is, for `search: http...`; engine NULL: without libcurl. */
extern const struct th_search_engine th_search_elastic;
enum th_status th_search_open(const struct th_config *, struct th_store *,
    const struct th_search_engine *engine, struct th_search **ret,
    struct th_err *err);
void th_search_free(struct th_search *);
enum th_search_kind { TH_SEARCH_ITEM, TH_SEARCH_TRIGGER };

/*
 * An item's document: its line, and the service it goes to (NULL: none).  Of an
 * item that is there already only the service is added.  Between begin and end
 * there is one transaction; end drops it unless st is TH_OK, and returns what
 * became of it.
 */
enum th_status th_search_begin(struct th_search *, struct th_err *err);
enum th_status th_search_put_item(struct th_search *, struct th_str id,
    struct th_str line, const char *service, struct th_err *err);
enum th_status th_search_end(struct th_search *, enum th_status st,
    struct th_err *err);
/* What is known of the item has changed: it is to be sent again. */
enum th_status th_search_touch(struct th_search *, const struct th_hash *,
    struct th_err *err);
/* A trigger's document, in place of one of that name; tags are lines. */
enum th_status th_search_put_trigger(struct th_search *, const char *name,
    struct th_str description, struct th_str tags, struct th_str text,
    struct th_err *err);
/* Makes the triggers those of the directory; looks into what changed alone. */
enum th_status th_search_scan_triggers(struct th_search *, struct th_err *err);
/*
 * Sends what is to be sent.  TH_EAGAIN: the engine is not there; it is asked
 * again after a while, or at once when somebody waits.  TH_EREFUSED: it takes
 * all but some documents, which are given up.  TH_OK at once when there is
 * none.
 */
enum th_status th_search_flush(struct th_search *, bool now,
    struct th_err *err);
/* Builds the index anew from the documents and what waits in the outbox. */
enum th_status th_search_rebuild(struct th_search *, int64_t *ret,
    struct th_err *err);

/*
 * Forgets the items that th_went_keeps() does not vouch for; *ret counts them.
 */
enum th_status th_search_prune(struct th_search *, int64_t before, int64_t *ret,
    struct th_err *err);

/* What was found.  All is borrowed for the call. */
struct th_hit {
	enum th_search_kind kind;
	/* The item; of a trigger {"trigger":..,"description":..}. */
	struct th_str line;
	double score;
	int64_t date;       /* of the item, else when it was seen first */
};
typedef enum th_status th_hit_visit(void *ctx, const struct th_hit *);
/*
 * Calls visit for the best `limit` documents of a kind, newer first where the
 * score is the same.  Not TH_OK ends the walk and is what comes back.
 */
enum th_status th_search_find(struct th_search *, enum th_search_kind,
    const struct th_query *, size_t limit, th_hit_visit *visit, void *ctx,
    struct th_err *err);

/* ---- search_went.c: where an item went ---- */

/* The queues of a store, to be asked for receipts; the store may be NULL. */
struct th_went;
enum th_status th_went_new(struct th_store *, struct th_went **ret,
    struct th_err *err);
void th_went_free(struct th_went *);
/* The nth queue, and the service that it goes to; NULL past the last. */
struct th_queue *th_went_queue(const struct th_went *, size_t nth,
    const char **service);
/*
 * Replaces ret by the item's line with the receipts that the ledger has of it
 * in _published, without those that are there already.
 */
enum th_status th_went_line(struct th_went *, struct th_str line,
    struct th_buf *ret, struct th_err *err);
/*
 * Does a queue still have the item's text or receipt, or was it settled since
 * `before`?  One that no queue knows is kept when its date is later than that.
 */
enum th_status th_went_keeps(struct th_went *, struct th_str line, int64_t date,
    int64_t before, bool *ret, struct th_err *err);

/* ---- publish.c, publish_pipe.c, delivery.c: draining a queue ---- */

struct th_service;
struct th_session;
struct th_template;
/*
 * What drains a queue through a service: claim within the limits, let the
 * service publish, settle, hand out the receipt; then the next.  All but the
 * results is set by the caller and borrowed.  What happens to single items is
 * said through the session; th_publish_run() returns what ended the run: TH_OK
 * when nothing is left that may be sent now, TH_END when `receipt` said so,
 * TH_EAGAIN when the service is to be left alone for now (err: why) or the run
 * was interrupted, else a failure (TH_EAUTH, TH_EIO...).
 */
struct th_pipe;
struct th_delivery;
struct th_publisher {
	struct th_store *store;
	struct th_queue *queue;          /* NULL: only for th_delivery_fill() */
	const char *queue_name;
	const struct th_service *service;
	struct th_session *session;
	const char *account;             /* "SERVICE:ACCOUNT", key of limits */
	const char *account_name;        /* "ACCOUNT", for receipts */
	/* Key of pauses: the account, or what of it asks by itself. */
	const char *place;
	const struct th_template *text, *title; /* may be NULL */
	const struct th_limit *limit;    /* of the account; NULL: none */
	const struct th_limit *own;      /* of the queue besides; NULL: none */
	int parallel;                    /* requests at once, from 1 */
	bool in_order;
	int64_t max_items;               /* begun in one run; 0: any number */
	int64_t retries; /* failures forgiven; < 0: any number */
	int64_t max_age;                 /* seconds since the deposit; 0: any */
	const struct th_pipe *pipe; /* publish through a program; else NULL */
	enum th_status (*receipt)(void *ctx, struct th_str line);
	void *ctx;
	/* Results. */
	int64_t published, refused, expired, failed;
	/* The limit that ended it; when it has room or a pause ends, or 0. */
	const struct th_limit *full;
	int64_t next;
	/* When the first of those that wait for their time may be sent; 0. */
	int64_t due;
};
enum th_status th_publish_run(struct th_publisher *, struct th_err *err);
/*
 * A program that publishes: it gets items, one a line, then the end of its
 * input, and answers each with a receipt line (th_receipt_read()).  start gives
 * the descriptors of its input (which is ours to close then) and output; end
 * closes that and waits, after making it stop when `stop`.  An item it does not
 * answer waits.
 */
struct th_pipe {
	enum th_status (*start)(void *ctx, int *in, int *out, struct th_err *);
	enum th_status (*end)(void *ctx, bool stop, struct th_err *);
	/* Seconds without a sign of life; then it is stopped. */
	int64_t timeout;
	void *ctx;
};
/*
 * Appends the line that such a program gets: the item with --text and --title.
 */
enum th_status th_pipe_line(const struct th_delivery *, bool with_title,
    struct th_buf *ret);
/*
 * Fills a delivery from an item: id, title, text and key.  The buffers keep
 * what the delivery borrows.
 */
struct th_delivery_text {
	struct th_buf id, title, text, key;
};
enum th_status th_delivery_fill(struct th_delivery *,
    struct th_delivery_text *room, const struct th_publisher *,
    const struct th_item *, struct th_err *err);
void th_delivery_text_release(struct th_delivery_text *);
void th_delivery_release(struct th_delivery *);

/* ---- thrift_http.c: calls of Thrift over HTTP ---- */

/* Begins a call: the rest of its arguments, and th_thrift_end(), follow. */
enum th_status th_thrift_request(struct th_request *ret, const char *url,
    const char *method);
/*
 * The result struct of a reply to that method, borrowed from it: field 0 is
 * what was asked for, others are declared exceptions.  TH_EUNAVAIL for all that
 * is no such reply, th_reply_status()'s for HTTP's codes but 4xx.
 */
enum th_status th_thrift_reply(const struct th_reply *, const char *method,
    struct th_thrift *ret, struct th_err *err);

/* ---- revisit.c: asking again, politely ---- */

/*
 * What is remembered of one URL between runs.  Validators and the like are part
 * of a reader's cursor: they belong to a state that is dropped when the items
 * got lost.  What the server asked of us (wait, moved, gone) is not, so it may
 * lie in another.  Of the URL itself only a hash is kept.
 */
enum th_revisit_field {
	TH_REVISIT_ETAG,     /* byte for byte */
	TH_REVISIT_MODIFIED, /* Last-Modified, byte for byte */
	TH_REVISIT_HASH,     /* SHA-256 of the body */
	TH_REVISIT_FEED,     /* the feed found on the page */
	TH_REVISIT_FRESH,    /* not stale before this instant */
	TH_REVISIT_AGE,      /* the max-age that goes on holding with a 304 */
	TH_REVISIT_MOVED,    /* first of the manners: where 301 and 308 led */
	TH_REVISIT_WAIT,     /* Retry-After: not before this instant */
	TH_REVISIT_GONE,     /* 410 */
	TH_REVISIT_N
};
struct th_revisit {
	char key[TH_SHA256_SIZE * 2 + 1]; /* also the scope of ids seen there */
	char *value[TH_REVISIT_N];        /* NULL: not known */
	bool secret;                      /* the URL has a query or a user */
};
enum th_status th_revisit_load(struct th_revisit *ret, struct th_state *cursor,
    struct th_state *manners, struct th_str url, struct th_err *err);
void th_revisit_release(struct th_revisit *);
enum th_status th_revisit_save(const struct th_revisit *,
    struct th_state *cursor, struct th_state *manners, struct th_err *err);
/*
 * NULL, value: forgets.  A URL is not kept when it might carry our secrets on.
 */
enum th_status th_revisit_set(struct th_revisit *, enum th_revisit_field,
    const char *value);
/* Why not to ask now (FRESH, WAIT or GONE); TH_REVISIT_N: it may be asked. */
enum th_revisit_field th_revisit_hold(const struct th_revisit *, int64_t now);
/* Adds If-None-Match and If-Modified-Since. */
enum th_status th_revisit_ask(const struct th_revisit *, struct th_request *);
/* Takes over from a reply what its code says is to be remembered. */
enum th_status th_revisit_learn(struct th_revisit *, const struct th_reply *,
    int64_t now);

/* ---- feed_opml.c, feed_lists.c: lists of feeds ---- */

/* A feed that somebody reads.  All is borrowed. */
struct th_listed {
	struct th_str url, title;    /* the title may be empty */
	/* It is in, the outermost first; or tags. */
	const struct th_str *folder;
	size_t nfolders;
	size_t line; /* 0: not known */
};
/* Anything but TH_OK ends the reading and is what comes back. */
typedef enum th_status th_listed_visit(void *ctx, const struct th_listed *);
/* What a list has besides, and why it is no feed here; lost: one is missing. */
typedef void th_unlisted(void *ctx, size_t line, bool lost, const char *what);
/*
 * OPML: the xmlUrl of each outline, its text or title, the outlines around it.
 * Broken XML is read as far as it goes; TH_EDATA: it is no OPML.
 */
enum th_status th_opml_read(struct th_str text, th_listed_visit *visit,
    void *ctx, struct th_err *err);
/*
 * The feeds() of an sfeedrc: `feed NAME URL`, as words of the shell, which is
 * not run.  A word that only running it would tell is unlisted.
 */
enum th_status th_sfeedrc_read(struct th_str text, th_listed_visit *visit,
    th_unlisted *other, void *ctx, struct th_err *err);
/* newsboat's urls: URL "TAG"... "~TITLE", a line each. */
enum th_status th_urls_read(struct th_str text, th_listed_visit *visit,
    th_unlisted *other, void *ctx, struct th_err *err);

/* ---- dump.c: the rows that Django dumps ---- */

/* dumpdata as JSON: [{"model":"app.model","pk":..,"fields":{..}}...]. */
struct th_dump_row {
	struct th_str model; /* behind the dot */
	struct th_str key;   /* fields.trigger, else pk, as it is written */
	struct th_value fields;
};
struct th_dump {
	struct th_dump_row *row; /* by model and key; borrow the text */
	size_t n;
};
/* TH_EDATA: it is none. */
enum th_status th_dump_read(struct th_str text, struct th_dump *ret,
    struct th_err *err);
void th_dump_release(struct th_dump *);
/* The first row of a model with that key (empty: of all); NULL: none. */
const struct th_dump_row *th_dump_find(const struct th_dump *,
    const char *model, struct th_str key);
/*
 * Appends a text or number, without white space around.  TH_END: there is none,
 * or it is empty.
 */
enum th_status th_dump_text(const struct th_dump_row *, const char *field,
    struct th_buf *ret);
bool th_dump_is(const struct th_dump_row *, const char *field); /* true */

/* ---- feed.c, feedout.c: feeds in and out ---- */

/*
 * Takes an item as it is found: its id decoded, and its line without newline,
 * both borrowed for the call.  Anything but TH_OK ends the reading and is what
 * the reader returns.
 */
typedef enum th_status th_emit(void *ctx, struct th_str id, struct th_str line);

/*
 * A feed in any format, pushed in pieces as they arrive.  Memory does not
 * depend on the feed's size, only on its largest entry.
 */
struct th_feed;
struct th_feed_info {
	const char *url;      /* where it came from; may be NULL */
	const char *base;     /* of relative links, NULL: url */
	const char *charset;  /* of the HTTP header, or NULL */
	const char *language; /* Content-Language, or NULL */
	th_emit *emit;
	/* Told of repairs, for -v; may be NULL. */
	void (*note)(void *ctx, const char *text);
	void *ctx;
};
enum th_status th_feed_new(const struct th_feed_info *, struct th_feed **ret,
    struct th_err *err);
void th_feed_free(struct th_feed *);
enum th_status th_feed_push(struct th_feed *, struct th_str,
    struct th_err *err);
/*
 * Ends it.  TH_EDATA: no feed at all, or refused (entity bomb, depth); what was
 * read before stays emitted.
 */
enum th_status th_feed_finish(struct th_feed *, struct th_err *err);
/* After finish with TH_EDATA: was it a web page?  Appends its feed's URL. */
enum th_status th_feed_discover(struct th_feed *, struct th_buf *ret);
/* Items emitted so far. */
size_t th_feed_count(const struct th_feed *);

/*
 * Writing one.  The same items and options give the same bytes: no clock is
 * asked.  An item whose id was there already is left out.  What is written
 * waits in memory, beyond 4 MiB in a temporary file, since the head tells of
 * the items.  Options are borrowed until th_feedout_free().
 */
enum th_feed_format { TH_FEED_RSS, TH_FEED_ATOM, TH_FEED_JSON };
struct th_feedout_options {
	enum th_feed_format format;
	const char *title, *link, *description, *self, *language;
	/* At most so many items, the newest first; 0: all, as they come. */
	size_t max;
};
/* Told what was left out, for -v. */
typedef void th_note(void *ctx, const char *text);
struct th_feedout;
enum th_status th_feedout_new(const struct th_feedout_options *, th_note *note,
    void *ctx, struct th_feedout **ret, struct th_err *err);
void th_feedout_free(struct th_feedout *);
enum th_status th_feedout_item(struct th_feedout *, const struct th_item *,
    struct th_err *err);
/*
 * After the last item: adds those of an older feed, whole in any format, that
 * were not given; the newest of all come first then.  What th_feedout wrote in
 * the same format is kept byte for byte.  TH_EDATA: no feed.
 */
enum th_status th_feedout_merge(struct th_feedout *, struct th_str old,
    struct th_err *err);
/* Writes it all; the caller flushes.  Once. */
enum th_status th_feedout_finish(struct th_feedout *, struct th_out *out,
    struct th_err *err);

/* ---- pile.c: what comes newest first ---- */

/* Items added in one order, handed to emit in the other.  { 0 } is empty. */
struct th_pile {
	struct th_piled *at;
	size_t n, cap;
};
void th_pile_release(struct th_pile *);
enum th_status th_pile_add(struct th_pile *, struct th_str id,
    struct th_str line);
/* Ends with the first that emit does not take; *ret_taken counts the calls. */
enum th_status th_pile_emit(const struct th_pile *, th_emit *emit, void *ctx,
    size_t *ret_taken);

/* ---- file.c: files that are whole or not there ---- */

/*
 * A file being replaced.  Its new bytes go to `fd`, a temporary file beside it
 * that is locked: of two writers the second waits in open() until the first has
 * committed, so what is read from the file between open and commit is current.
 */
struct th_file {
	char *name, *temp; /* in dir */
	int dir, fd;
	bool ours;         /* temp is there and we hold its lock */
};
/*
 * Of a symbolic link the file that it leads to is replaced.  A new file gets
 * `mode` under the umask, an old one keeps those of its bits that mode has.
 * openat takes a name without slashes and, when it returns TH_OK, the
 * descriptor `dir`; it follows no link.  TH_ECREATE, TH_EIO; TH_EAGAIN when
 * interrupted.
 */
enum th_status th_file_open(const char *path, unsigned mode,
    struct th_file *ret, struct th_err *err);
enum th_status th_file_openat(int dir, const char *name, unsigned mode,
    struct th_file *ret, struct th_err *err);
/*
 * Syncs it, renames it over and syncs the directory; a file that has these
 * bytes already is left alone (its mtime too).
 */
enum th_status th_file_commit(struct th_file *, struct th_err *err);
/* Without commit the old file stays as it was. */
void th_file_release(struct th_file *);
/* All of it in one call. */
enum th_status th_file_replace(const char *path, struct th_str bytes,
    unsigned mode, struct th_err *err);
/*
 * Appends a whole file, at most ret's max (TH_EDATA).  TH_END: there is none.
 */
enum th_status th_file_read(const char *path, struct th_buf *ret,
    struct th_err *err);
enum th_status th_file_read_fd(int fd, struct th_buf *ret, struct th_err *err);
/* Writes all of it, however many calls that takes. */
enum th_status th_file_write(int fd, struct th_str bytes, struct th_err *err);
/* Waits for the lock of a whole open file (POSIX: gone when it is closed). */
enum th_status th_file_lock(int fd, struct th_err *err);
/* Makes what was renamed or created in a directory last. */
enum th_status th_file_sync_dir(int dir, struct th_err *err);

/* ---- place.c: paths out of templates, confined ---- */

/*
 * What an item says becomes part of the path, but never leads out of the fixed
 * directory in front of the template's first field, nor through a link.
 */
struct th_place {
	struct th_buf path; /* as filled in; the first bytes are the user's: */
	size_t fixed;
	int dir;            /* of the file, open */
	char *name;         /* in it */
};
void th_place_init(struct th_place *);
void th_place_release(struct th_place *);
/* Fills in the template.  TH_EUSAGE when no item could lead to a file by it. */
enum th_status th_place_fill(struct th_place *, const char *path,
    const struct th_item *, struct th_err *err);
/* Goes into the directory, which is made when missing.  TH_ECREATE. */
enum th_status th_place_enter(struct th_place *, struct th_err *err);
/* Gives the name a mark that this id alone has, however often it comes. */
enum th_status th_place_mark(struct th_place *, struct th_str id);

/* ---- note.c: items as Markdown files ---- */

/* Appends front matter in YAML and the body as Markdown. */
enum th_status th_note_make(const struct th_item *, struct th_str id,
    struct th_str title, struct th_buf *ret);
/* Appends what the note of that id begins with. */
enum th_status th_note_head(struct th_str id, struct th_buf *ret);

/* ---- growth.c: files that grow by a line an item ---- */

struct th_growth {
	struct th_str line; /* with its end */
	struct th_str id; /* of the item that the line is; s NULL: it is none */
	bool doubtful;      /* it may be there already: look first */
};
/*
 * Appends the line under a lock, synced, all of it or nothing; what a crash
 * left of a line goes.  It follows no link.  TH_ECREATE, TH_EIO, TH_EAGAIN.
 */
enum th_status th_growth_append(const struct th_growth *,
    const struct th_place *, struct th_err *err);

/* ---- archive.c: tar files ---- */

struct th_archive;
/*
 * The descriptor stays the caller's, to be closed after th_archive_free().
 * Writing gives TH_END when the reader of a pipe left.
 */
enum th_status th_archive_create(int fd, struct th_archive **ret,
    struct th_err *err);
enum th_status th_archive_open(int fd, struct th_archive **ret,
    struct th_err *err);
void th_archive_free(struct th_archive *);
/* A member whole, or its head and then `size` bytes. */
enum th_status th_archive_add(struct th_archive *, const char *name,
    unsigned mode, struct th_str bytes, struct th_err *err);
enum th_status th_archive_begin(struct th_archive *, const char *name,
    unsigned mode, int64_t size, struct th_err *err);
enum th_status th_archive_write(struct th_archive *, struct th_str,
    struct th_err *err);
enum th_status th_archive_finish(struct th_archive *, struct th_err *err);
/*
 * The next member; its name, borrowed, is as foreign as all of it.  TH_END;
 * TH_EDATA: no tar, or it ends too soon.  read: some of its bytes, TH_END after
 * the last.
 */
struct th_archived {
	const char *name;
	int64_t size;
	enum { TH_MEMBER_FILE, TH_MEMBER_DIRECTORY, TH_MEMBER_OTHER } kind;
};
enum th_status th_archive_next(struct th_archive *, struct th_archived *ret,
    struct th_err *err);
enum th_status th_archive_read(struct th_archive *, char *ret, size_t size,
    size_t *got, struct th_err *err);

/* ---- session.c: a service at work ---- */

struct th_service;
struct th_session;

/*
 * What a session says goes through here: `level` 0 always, 1 with -v, 2 with
 * -vv.
 */
typedef void th_say(void *ctx, int level, enum th_status, const char *text);

/*
 * Takes the account, also when it returns NULL (no memory); all else is
 * borrowed until th_session_free().
 */
struct th_session *th_session_new(const struct th_service *,
    const struct th_config *, struct th_account *take_account,
    const struct th_opts *, th_say *say, void *say_ctx);
void th_session_free(struct th_session *);
/* Leaves the sentence in the session and returns st. */
enum th_status th_session_fail(struct th_session *, enum th_status st,
    const char *fmt, ...) TH_PRINTF(3, 4);
/* The sentence, the session's own; of the last that failed. */
struct th_err *th_session_err(struct th_session *);
/*
 * Something to tell that is no failure of the whole; st is noted for the exit.
 */
void th_session_say(struct th_session *, int level, enum th_status st,
    const char *fmt, ...) TH_PRINTF(4, 5);
/* Options of the command line. */
const struct th_opts *th_session_opts(const struct th_session *);
/* Settings of the account. */
const char *th_session_setting(const struct th_session *, const char *key);
const char *th_session_account(const struct th_session *); /* its name */
/*
 * A secret that is needed: where there is none, as th_account_missing();
 * TH_ECONFIG: no request can hold it.
 */
enum th_status th_session_secret(struct th_session *, const char *key,
    struct th_secret *ret);
/* As th_account_has(), th_account_logged_in(). */
bool th_session_has(const struct th_session *, const char *key);
bool th_session_logged_in(const struct th_session *);
const struct th_service *th_session_service(const struct th_session *);
/* See th_account_reload() and th_account_fingerprint(). */
enum th_status th_session_reload(struct th_session *);
enum th_status th_session_fingerprint(struct th_session *, const char *key,
    struct th_buf *ret);
/*
 * base_url of the account, else `otherwise`; TH_ECONFIG (naming base_url) when
 * both are NULL, and for plain http to a host that is not loopback unless the
 * account says `insecure: true`.  Appends it without a trailing slash, then
 * path.
 */
enum th_status th_session_url(struct th_session *, const char *otherwise,
    const char *path, struct th_buf *ret);
/* The same rule for another address that secrets go to, the setting `key`. */
enum th_status th_session_guard(struct th_session *, const char *key,
    struct th_str url);
/* What that client will be made with, to be changed before the first call. */
struct th_http_options *th_session_http_options(struct th_session *);
/* The HTTP client of the session, made at the first call. */
enum th_status th_session_http(struct th_session *, struct th_http **ret);
/*
 * Sends and waits; then th_reply_status().  The reply is set even when refused;
 * its code is 0 when it did not come whole.
 */
enum th_status th_session_send(struct th_session *, const struct th_request *,
    struct th_reply *ret);
/*
 * Small facts worth keeping between runs (ids of boards), by account and
 * base_url.  TH_END: none.
 */
enum th_status th_session_cache_get(struct th_session *, const char *key,
    struct th_buf *ret);
enum th_status th_session_cache_put(struct th_session *, const char *key,
    struct th_str value);

/* The store that the small facts are kept in, open for writing. */
enum th_status th_session_store(struct th_session *, struct th_store **ret);

/* ---- pace.c: few requests, and one at a time ---- */

/*
 * Counts one more request on a limit that the service set, shared by all
 * processes that name the same key.  Where it is full, waits for some seconds;
 * TH_EAGAIN with err->retry_at when that is not enough.
 */
enum th_status th_session_pace(struct th_session *, const char *key,
    const struct th_limit *);
/* Waits for a th_lock() of that name, two minutes at most. */
enum th_status th_session_lock(struct th_session *, const char *name);
void th_session_unlock(struct th_session *, const char *name);

/* ---- payload.c: JSON answers of services ---- */

/*
 * Reads a whole JSON text for json_decref().  TH_EUNAVAIL: it is none.
 * Numbers, depth and text are bounded as jansson bounds them; no memory is told
 * apart from malformed.
 */
struct json_t;
enum th_status th_payload_parse(struct th_str, struct json_t **ret,
    struct th_err *err);
/* A string member; NULL: it is none.  A number, or one written as a string. */
const char *th_payload_text(const struct json_t *, const char *name);
int64_t th_payload_int(const struct json_t *, const char *name,
    int64_t otherwise);
/*
 * The values of an object or array, the least key first, those of one key by
 * `tie` unless that is NULL, then as they came: borrowed, in an array for
 * free().
 */
enum th_status th_payload_order(const struct json_t *,
    int64_t (*key)(const struct json_t *),
    int64_t (*tie)(const struct json_t *), struct json_t ***ret,
    size_t *ret_n);

/* ---- compose.c: items made of what a service told ---- */

/* Members of the object that b is in; what is empty, NULL or 0 is left out. */
/* Folded. */
void th_compose_text(struct th_buf *b, const char *name, const char *text);
void th_compose_date(struct th_buf *b, const char *name, int64_t);
void th_compose_time(struct th_buf *b, const char *name, const char *rfc3339);
void th_compose_author(struct th_buf *b, struct th_str name, const char *url,
    const char *avatar);
void th_compose_true(struct th_buf *b, const char *name, bool yes);
void th_compose_source(struct th_buf *b, const struct th_session *,
    const char *title, const char *home);
/*
 * A list that is there only when it has elements: next before each of them
 * (*n is 0 at first), end behind the last.
 */
void th_compose_next(struct th_buf *b, const char *list, size_t *n);
void th_compose_end(struct th_buf *b, size_t n);

/* ---- named.c: things of a service by their names ---- */

/* Which of several is called so: exactly, else but for case; the first such. */
struct th_called {
	const char *name;
	struct th_buf low, id; /* id: of the best; empty: none */
	bool exact;
};
enum th_status th_called_init(struct th_called *, const char *name);
void th_called_release(struct th_called *);
enum th_status th_called_offer(struct th_called *, struct th_str name,
    struct th_str id);

/*
 * Something that has a name and an id.  list offers all there are; make makes
 * one and appends its id, TH_END: there is one already.
 */
struct th_named {
	const char *word; /* "board", for people and for the key of the cache */
	const char *in;   /* id of what it is in; NULL: nothing */
	const char *name;
	enum th_status (*list)(struct th_session *, const struct th_named *,
	    struct th_called *);
	enum th_status (*make)(struct th_session *, const struct th_named *,
	    struct th_buf *ret);
	const void *ctx;
};
enum th_named_how {
	TH_NAMED_FIND, /* TH_EUNAVAIL when there is none */
	TH_NAMED_MAKE, /* by one process at a time */
	TH_NAMED_SHOW  /* asks nobody: the name stands for an id not known */
};
/* Appends the id, which is remembered from then on. */
enum th_status th_named_id(struct th_session *, const struct th_named *,
    enum th_named_how, struct th_buf *ret);
/* The id is no longer good. */
void th_named_forget(struct th_session *, const struct th_named *);

/* ---- login.c, grant.c: how a person opens an account ---- */

enum th_login_kind {
	TH_LOGIN_END,
	TH_LOGIN_TOKEN,    /* the person is given a token and hands it over */
	TH_LOGIN_OAUTH1,   /* OAuth 1.0a, three legs */
	TH_LOGIN_XAUTH,    /* user name and password for OAuth 1.0a tokens */
	TH_LOGIN_OAUTH2,   /* code with PKCE */
	TH_LOGIN_DEVICE,   /* a code typed in elsewhere, RFC 8628 */
	TH_LOGIN_PASSWORD, /* user name and password, RFC 6749, 4.3 */
	TH_LOGIN_POCKET    /* Pocket's own two steps */
};
enum {
	TH_LOGIN_JSON = 1,      /* the token endpoint takes JSON, not a form */
	TH_LOGIN_CONFIRMED = 2, /* oauth_callback_confirmed must be there */
	TH_LOGIN_CALLBACK = 4,  /* the consent page wants oauth_callback, too */
	TH_LOGIN_ROTATES = 8    /* a refresh token is good for one use */
};

/*
 * One way to log in at a service; a table of them ends with TH_LOGIN_END.
 * Addresses are those of the real service; the account's base_url takes the
 * place of their host.  One that is a path alone needs a base_url.  Lists are
 * words with blanks between.
 */
struct th_login {
	enum th_login_kind kind;
	const char *name;      /* for --method */
	const char *help;      /* where its keys come from */
	const char *needs;     /* settings it cannot do without */
	/* FIELD=KEY of the answer, to be kept; the first is the token. */
	const char *keeps;
	const char *request;   /* temporary credentials, device code */
	const char *authorize; /* consent page; {KEY} is a setting */
	const char *token;     /* the tokens; of OAuth 2 also their refresh */
	const char *revoke;    /* RFC 7009; NULL: see th_service.logout */
	const char *scope;
	unsigned flags;
};

/*
 * The way of that name; without a name the one by which the account was logged
 * in, else the first whose settings are all there.  NULL: none.
 */
const struct th_login *th_login_way(struct th_session *, const char *name);

/*
 * The steps for a program.  begin asks for what comes before the person's
 * consent; redirect is where the browser shall come back to, NULL when the
 * answer is typed in.  address is the page to open (NULL: none), user_code what
 * to type there (device flow).  accept is a th_accept of the flow: does this
 * query answer it (state, token)?  finish takes that query, a whole pasted
 * address, or the bare code; it gets the tokens and keeps them.
 */
struct th_login_flow;
enum th_status th_login_begin(struct th_session *, const struct th_login *,
    const char *redirect, struct th_login_flow **ret);
void th_login_flow_free(struct th_login_flow *);
const char *th_login_address(const struct th_login_flow *);
const char *th_login_user_code(const struct th_login_flow *);
bool th_login_accept(void *flow, struct th_str query);
enum th_status th_login_finish(struct th_session *, struct th_login_flow *,
    struct th_str answer);
/* TH_LOGIN_XAUTH, TH_LOGIN_PASSWORD; TH_LOGIN_TOKEN. */
enum th_status th_login_password(struct th_session *, const struct th_login *,
    const char *user, const struct th_secret *password);
enum th_status th_login_token(struct th_session *, const struct th_login *,
    const struct th_secret *token);
/* A string or number of a JSON or form body.  TH_END, TH_EDATA. */
enum th_status th_login_reply(struct th_str body, const char *name,
    struct th_secret *ret);

/* ---- token.c: requests in the name of an account ---- */

/*
 * Signs or adds the bearer token, whichever the account has; one that is about
 * to expire is renewed first.  The last change to a request.  TH_EAUTH: not
 * logged in.
 */
enum th_status th_session_authorize(struct th_session *, struct th_request *);
/* The same for a dry run: nothing is asked, nothing is shown. */
enum th_status th_session_authorize_dry(struct th_session *,
    struct th_request *);
/*
 * After a 401: TH_OK when the account has another token now, so that the
 * request may be built and sent once more.  Of many processes one asks, the
 * rest take what it got.  TH_EAUTH: a person logs in again.
 */
enum th_status th_session_renew(struct th_session *);
/*
 * Revokes the tokens where the service can, and forgets them in any case.
 * TH_END: there was nothing of either to do.
 */
enum th_status th_login_end(struct th_session *);

/* ---- fetch.c: what every reader does ---- */

/* What th-fetch asks of a service. */
struct th_fetch {
	char *const *arg;       /* operands */
	size_t nargs;
	int64_t limit;          /* at most so many items; 0: all */
	int64_t since;          /* not older than; INT64_MIN: any */
	struct th_state *state; /* NULL: stateless */
	/* Kept even when the items got lost; maybe state itself. */
	struct th_state *manners;
	th_emit *emit; /* applies limit, since; TH_END: that was enough, stop */
	/* Told after each source of how many is done; may be NULL. */
	void (*progress)(void *ctx, size_t done, size_t total);
	void *ctx;
};

/*
 * Hands an item on unless an earlier run did.  It counts as seen once emit has
 * taken it, and not before: what a signal or a full disk kept from being
 * printed is read again.  Returns what emit does; TH_OK for one that is known;
 * TH_EAGAIN when interrupted.  Without state all are handed on.
 */
enum th_status th_fetch_emit(const struct th_fetch *, const char *scope,
    struct th_str id, struct th_str line, struct th_err *err);
/* Was it handed on before?  For what is dear to make ready. */
enum th_status th_fetch_knows(const struct th_fetch *, const char *scope,
    struct th_str id, bool *ret, struct th_err *err);
/*
 * A number kept under a key of the state: a date, a count.  What is not there
 * is left as it is, and so it is without state.
 */
enum th_status th_fetch_recall(const struct th_fetch *, const char *key,
    int64_t *ret, struct th_err *err);
enum th_status th_fetch_keep(const struct th_fetch *, const char *key,
    int64_t, struct th_err *err);

/* ---- delivery.c, content.c: an item on its way out ---- */

/* Where a delivered item went. */
struct th_receipt {
	char *id, *url; /* at the service; NULL when it does not tell */
};

/*
 * One item on its way out.  The driver (publish.c) calls publish() with reply
 * NULL first; a service either fills `request` and returns TH_OK, to be called
 * again with the reply, or returns TH_END when the item is delivered, or an
 * error that says what becomes of it.
 */
struct th_delivery {
	const struct th_item *item;
	struct th_str id;        /* the item's id */
	struct th_str text; /* --text filled in; s == NULL when not given */
	/* --title filled in, else the item's title, else its url. */
	struct th_str title;
	/* Same for every attempt: an idempotency key, [A-Za-z0-9_]. */
	struct th_str key;
	bool dry; /* --dry-run: touch nothing, build the last request at once */
	/*
	 * An earlier attempt may have arrived: look before sending; set when
	 * this one may have.
	 */
	bool doubtful;
	int step;                /* the service's own count; 0 at first */
	struct th_buf memo;      /* the service's own notes between steps */
	struct th_request request;
	struct th_receipt receipt;
	int64_t retry_at; /* with TH_EAGAIN: not before; 0: back-off decides */
};

/*
 * Appends the address of a page: url, else external_url.  TH_END: no http(s).
 */
enum th_status th_delivery_page(const struct th_delivery *,
    struct th_buf *ret);
/*
 * Append content_html (TH_END: none, or --text stands in its
 * place); --text, else the body as plain text; the title on one line, else the
 * beginning of that text, see th_text_limit(); the first author's name.
 * Nothing where there is none.
 */
enum th_status th_delivery_html(const struct th_delivery *,
    struct th_buf *ret);
enum th_status th_delivery_plain(const struct th_delivery *,
    struct th_buf *ret);
enum th_status th_delivery_headline(const struct th_delivery *, size_t max,
    unsigned flags, struct th_buf *ret);
enum th_status th_delivery_author(const struct th_delivery *,
    struct th_buf *ret);
/*
 * Calls for each tag once (case does not matter): the values of --tags, then
 * the item's own, unless --no-item-tags.  A service whose tags are dearer has
 * --item-tags and another option for the others: then only with that.
 * Ends with the first that is not TH_OK.
 */
enum th_status th_delivery_each_tag(const struct th_delivery *,
    const struct th_opts *, const char *option,
    enum th_status (*use)(void *ctx, struct th_str tag), void *ctx);
/*
 * Appends them with `between` between; a comma inside of a tag becomes a blank.
 */
enum th_status th_delivery_tags(const struct th_delivery *,
    const struct th_opts *, const char *between, struct th_buf *ret);

/* It has arrived: the receipt, of which either may be NULL.  Returns TH_END. */
enum th_status th_delivery_arrived(struct th_delivery *, const char *id,
    const char *url);

/* ---- api.c: services that answer in JSON ---- */

struct json_t;
struct th_api {
	const char *host; /* without base_url; NULL: it must be set */
	/* What an answer means that is not good; leaves the sentence. */
	enum th_status (*judge)(struct th_session *, const struct th_reply *);
	/* Instead of th_session_authorize(); may be NULL. */
	enum th_status (*authorize)(struct th_session *, struct th_request *);
	/* Waits until one more may be sent; may be NULL. */
	enum th_status (*pace)(struct th_session *, const struct th_request *);
};
enum th_status th_api_request(struct th_session *, const struct th_api *,
    const char *method, const char *path, struct th_request *ret);
/*
 * Authorizes and sends; after a 401 once more when there is a new token.  The
 * reply is set even when refused.
 */
enum th_status th_api_send(struct th_session *, const struct th_api *,
    struct th_request *, struct th_reply *ret);
/* The same for its JSON; a GET of a path. */
enum th_status th_api_call(struct th_session *, const struct th_api *,
    struct th_request *, struct json_t **ret);
enum th_status th_api_get(struct th_session *, const struct th_api *,
    const char *path, struct json_t **ret);
/* Is it worth asking again?  After a 401 that a new token cured. */
bool th_api_renewed(struct th_session *, enum th_status,
    const struct th_reply *);
/* TH_EAGAIN: `who` ("X") asks to wait until then. */
enum th_status th_api_wait(struct th_session *, const char *who, int64_t until);
/* A step of a delivery: the request begun anew; and made ready to be sent. */
enum th_status th_api_begin(struct th_session *, const struct th_api *,
    struct th_delivery *, const char *method, const char *path, int step);
enum th_status th_api_ready(struct th_session *, const struct th_api *,
    struct th_delivery *);

/* ---- edam.c: calls of Evernote's interface ---- */

/* An account at work: its token, and where its notes are. */
struct th_edam {
	struct th_session *ses;
	const char *host; /* where base_url is not set */
	struct th_secret token;
	struct th_buf store;
};
/*
 * Finds both; where notes are by the setting note_store_url, by the token, or
 * by asking, which is remembered.  A dry run asks nobody.  Release it in any
 * case.
 */
enum th_status th_edam_open(struct th_edam *, bool dry);
void th_edam_release(struct th_edam *);
/* The page of a note for a browser; nothing when the token does not tell. */
void th_edam_page(const struct th_edam *, struct th_str guid,
    struct th_buf *ret);
/* When the token ends; 0: it does not tell. */
int64_t th_edam_expires(const struct th_edam *);

/* Codes that mean more than a status does; those of EDAMErrorCode, and ours. */
enum {
	TH_EDAM_DATA_CONFLICT = 10,
	TH_EDAM_ENML_VALIDATION = 11,
	TH_EDAM_TAKEN_DOWN = 18,
	TH_EDAM_NOT_FOUND = 1000, /* EDAMNotFoundException has no code */
	TH_EDAM_NO_CODE = -1      /* there was no answer that can be read */
};
/* A reply, read; borrowed from it. */
struct th_edam_answer {
	struct th_thrift body;   /* what the method returns and throws */
	struct th_thrift result; /* its field 0 */
	int code;                /* of the exception; 0: there was none */
	struct th_str about;     /* what it finds fault with */
	int64_t retry_at;
};
/* Begins a call to the NoteStore: its name, and the token as its argument 1. */
enum th_status th_edam_call(const struct th_edam *, const char *method,
    struct th_request *ret);
/*
 * Reads the reply to a method whose result is of that type.  An exception is
 * the status that its code means, the sentence in the session without the
 * token; TH_EUNAVAIL for what is no answer.
 */
enum th_status th_edam_read(const struct th_edam *, const struct th_reply *,
    const char *method, enum th_thrift_type, struct th_edam_answer *ret);
/*
 * Ends a call, sends it and reads the reply.  ask_about: a call with one more
 * string, none where that is NULL; ask_user: to the UserStore, before open,
 * too.
 */
enum th_status th_edam_ask(const struct th_edam *, struct th_request *,
    const char *method, enum th_thrift_type, struct th_reply *,
    struct th_edam_answer *ret);
enum th_status th_edam_ask_about(const struct th_edam *, const char *method,
    struct th_str about, enum th_thrift_type, struct th_reply *,
    struct th_edam_answer *ret);
enum th_status th_edam_ask_user(const struct th_edam *, const char *method,
    enum th_thrift_type, struct th_reply *, struct th_edam_answer *ret);

/* ---- shelf.c: pages to be read later ---- */

/* A list being read: all of it, by id, before anything is handed on. */
struct th_shelf {
	struct th_session *ses;
	const struct th_fetch *f;
	struct json_t *all; /* an object, for json_object_set() */
	struct th_buf key;  /* of the cursor, and of ids: what is listed */
};
enum th_status th_shelf_init(struct th_shelf *, struct th_session *,
    const struct th_fetch *);
void th_shelf_release(struct th_shelf *);
/*
 * Where an earlier run ended, less the second that is asked for again; left
 * alone when there was none.
 */
enum th_status th_shelf_recall(struct th_shelf *, int64_t *since);
/* How an entry is handed on. */
#define TH_SHELF_ID 32
struct th_shelving {
	const char *(*id)(const struct json_t *, char room[TH_SHELF_ID]);
	int64_t (*date)(const struct json_t *);
	int64_t (*tie)(const struct json_t *); /* see th_payload_order() */
	enum th_status (*item)(void *ctx, const struct json_t *,
	    struct th_buf *ret); /* TH_EDATA: too long, it is left out */
	void *ctx;
	size_t most; /* the newest of them; 0: all */
};
/*
 * Hands on what is new, oldest first, until that is enough.  ret_last:
 * borrowed, the last that was, or was before; ret_whole: none is left.
 */
enum th_status th_shelf_emit(const struct th_shelf *,
    const struct th_shelving *, const struct json_t **ret_last,
    bool *ret_whole);
/*
 * Appends the address of an item that is put there, see th_delivery_page();
 * TH_EREFUSED without one.
 */
enum th_status th_shelf_page(struct th_session *, const struct th_delivery *,
    struct th_buf *ret);

enum th_auth { TH_AUTH_NONE, TH_AUTH_TOKEN, TH_AUTH_OAUTH1, TH_AUTH_OAUTH2,
	TH_AUTH_POCKET };

/* What a service knows of an account.  Zeroed by the caller, who frees name. */
struct th_identity {
	char *name;
	int64_t expires; /* of the tokens; 0: never or unknown */
};

/*
 * A service: one file, one of these.  man/th-service.7 tells how to write one.
 */
struct th_service {
	const char *name;
	const char *summary;   /* one line */
	const char *closed; /* "2025-07-08, use Wallabag": retired; else NULL */
	enum th_auth auth;
	const struct th_param *params;
	/*
	 * Hands items to emit, oldest first, and ends when emit is not TH_OK.
	 * May be NULL.
	 */
	enum th_status (*fetch)(struct th_session *, const struct th_fetch *);
	/* One step of a delivery, see struct th_delivery.  May be NULL. */
	enum th_status (*publish)(struct th_session *, struct th_delivery *,
	    const struct th_reply *);
	/*
	 * Are the options of publish right, beyond their types?  Asked before
	 * an item is read.  TH_EUSAGE; may be NULL.
	 */
	enum th_status (*check)(const struct th_opts *, struct th_err *);
	/* Keeps addresses and no text: --text is a mistake. */
	bool textless;
	/*
	 * Sends no request: publish does its work at once (file).  Then no
	 * http.
	 */
	bool local;
	/*
	 * Destinations have nothing to do with each other (webhook): one that
	 * asks to be left alone does not speak for the account.
	 */
	bool apart;
	/* Ways to log in, the best first; NULL: none. */
	const struct th_login *login;
	/* Who the tokens belong to.  May be NULL. */
	enum th_status (*whoami)(struct th_session *, struct th_identity *ret);
	/*
	 * Makes the tokens void, where login->revoke cannot say how; TH_END:
	 * there is nothing to make void.  May be NULL.
	 */
	enum th_status (*logout)(struct th_session *);
};

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif

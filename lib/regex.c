/* regex -- PCRE2, with Unicode and JIT; nothing else includes its header */
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "priv.h"

#define JIT_STACK_START ((size_t)32 << 10)
#define JIT_STACK_MAX ((size_t)1 << 20)

struct th_regex {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *context;
	pcre2_jit_stack *stack; /* made when a match needs more than usual */
	bool jit;
};

static void *
pcre_malloc(size_t size, void *ctx)
{
	(void)ctx;
	return th_malloc(size);
}

static void
pcre_free(void *p, void *ctx)
{
	(void)ctx;
	free(p);
}

/* The words of PCRE2 for one of its codes. */
static enum th_status
fail(struct th_err *err, enum th_status st, const char *what, int code)
{
	PCRE2_UCHAR text[256];

	if (pcre2_get_error_message(code, text, sizeof(text)) < 0)
		text[0] = '\0';
	return th_fail(err, st, "%s%s", what, (const char *)text);
}

/*
 * A match that cannot be had at the default limits, or for want of memory, is
 * an error and not "no match".
 */
static enum th_status
match_failed(int code, struct th_err *err)
{
	switch (code) {
	case PCRE2_ERROR_NOMEMORY:
		return th_fail(err, TH_ENOMEM, "%s", th_strstatus(TH_ENOMEM));
	case PCRE2_ERROR_MATCHLIMIT:
	case PCRE2_ERROR_DEPTHLIMIT:
	case PCRE2_ERROR_HEAPLIMIT:
	case PCRE2_ERROR_JIT_STACKLIMIT:
		return fail(err, TH_EDATA, "pattern gives up: ", code);
	}
	return fail(err, TH_EDATA, "pattern cannot be matched: ", code);
}

static enum th_status
compile(struct th_regex *re, pcre2_general_context *general,
    struct th_str pattern, bool caseless, struct th_err *err)
{
	uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C |
			   (caseless ? PCRE2_CASELESS : 0);
	pcre2_compile_context *cc = pcre2_compile_context_create(general);
	PCRE2_SIZE place = 0;
	int code = 0;

	if (cc == NULL)
		return TH_ENOMEM;
	th_alloc_reset();
	re->code = pcre2_compile(
	    (PCRE2_SPTR)pattern.s, pattern.len, options, &code, &place, cc);
	pcre2_compile_context_free(cc);
	if (re->code != NULL)
		return TH_OK;
	if (th_alloc_failed())
		return TH_ENOMEM;
	if (err != NULL)
		err->column = place + 1;
	return fail(err, TH_EUSAGE, "pattern: ", code);
}

enum th_status
th_regex_new(struct th_str pattern, bool caseless, struct th_regex **ret,
    struct th_err *err)
{
	struct th_regex *re = th_calloc(1, sizeof(*re));
	pcre2_general_context *general =
	    pcre2_general_context_create(pcre_malloc, pcre_free, NULL);
	enum th_status st = TH_ENOMEM;

	if (re == NULL || general == NULL)
		goto out;
	st = compile(re, general, pattern, caseless, err);
	if (st != TH_OK)
		goto out;
	st = TH_ENOMEM;
	re->context = pcre2_match_context_create(general);
	re->match = pcre2_match_data_create_from_pattern(re->code, general);
	if (re->context == NULL || re->match == NULL)
		goto out;
	/* Without JIT (no memory that may be run) it is slower, not wrong. */
	re->jit = pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE) == 0;
	st = TH_OK;
out:
	pcre2_general_context_free(general);
	if (st == TH_OK) {
		*ret = re;
		return TH_OK;
	}
	th_regex_free(re);
	if (st == TH_ENOMEM)
		th_fail(err, st, "%s", th_strstatus(st));
	return st;
}

void
th_regex_free(struct th_regex *re)
{
	if (re == NULL)
		return;
	pcre2_jit_stack_free(re->stack);
	pcre2_match_data_free(re->match);
	pcre2_match_context_free(re->context);
	pcre2_code_free(re->code);
	free(re);
}

static int
match_once(
    struct th_regex *re, struct th_str subject, size_t at, uint32_t options)
{
	/* PCRE2 refuses a null pointer, even for nothing. */
	PCRE2_SPTR s = (PCRE2_SPTR)(subject.s != NULL ? subject.s : "");

	if (re->jit)
		return pcre2_jit_match(re->code, s, subject.len, at,
		    options & ~PCRE2_NO_UTF_CHECK, re->match, re->context);
	return pcre2_match(
	    re->code, s, subject.len, at, options, re->match, re->context);
}

/* The subject is valid UTF-8: items and templates were checked before. */
static int
match_at(
    struct th_regex *re, struct th_str subject, size_t at, uint32_t options)
{
	int rc;

	options |= PCRE2_NO_UTF_CHECK;
	rc = match_once(re, subject, at, options);
	if (rc != PCRE2_ERROR_JIT_STACKLIMIT || re->stack != NULL)
		return rc;
	re->stack =
	    pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MAX, NULL);
	if (re->stack == NULL)
		return PCRE2_ERROR_NOMEMORY;
	pcre2_jit_stack_assign(re->context, NULL, re->stack);
	return match_once(re, subject, at, options);
}

enum th_status
th_regex_match(
    struct th_regex *re, struct th_str subject, bool *ret, struct th_err *err)
{
	int rc = match_at(re, subject, 0, 0);

	if (rc < 0 && rc != PCRE2_ERROR_NOMATCH)
		return match_failed(rc, err);
	*ret = rc >= 0;
	return TH_OK;
}

/* ---- replacing ---- */

/* A group by number or name at s; its length there, 0 when it is none. */
static size_t
read_group(struct th_regex *re, struct th_str s, int *ret)
{
	char name[33];
	size_t len = 0;
	int n = 0;

	while (len < s.len && len < 3 && th_is_digit(s.s[len]))
		n = n * 10 + (s.s[len++] - '0');
	if (len > 0) {
		*ret = n;
		return len;
	}
	while (len < s.len && len < sizeof(name) - 1 && s.s[len] != '}') {
		name[len] = s.s[len];
		len++;
	}
	name[len] = '\0';
	*ret = pcre2_substring_number_from_name(re->code, (PCRE2_SPTR)name);
	return len;
}

static enum th_status
add_group(
    struct th_regex *re, int group, struct th_str subject, struct th_buf *ret)
{
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(re->match);

	if (ret == NULL || at[2 * group] == PCRE2_UNSET)
		return TH_OK;
	return th_buf_add(
	    ret, subject.s + at[2 * group], at[2 * group + 1] - at[2 * group]);
}

/*
 * $1, ${1}, ${name} and \1 at r: appends that group and returns its length;
 * 0 when it is no reference.  A group that the pattern does not have: -1.
 */
static int
add_reference(struct th_regex *re, struct th_str r, struct th_str subject,
    struct th_buf *ret)
{
	size_t skip = r.len > 1 && r.s[0] == '$' && r.s[1] == '{' ? 2 : 1, len;
	bool digit = r.len > 1 && th_is_digit(r.s[1]);
	int group;

	if ((r.s[0] != '$' && r.s[0] != '\\') || (skip == 1 && !digit))
		return 0;
	len =
	    read_group(re, (struct th_str){ r.s + skip, r.len - skip }, &group);
	if (skip == 2 && (skip + len >= r.len || r.s[skip + len] != '}'))
		return -1;
	if (group < 0 || (uint32_t)group >= pcre2_get_ovector_count(re->match))
		return -1;
	add_group(re, group, subject, ret);
	return (int)(skip + len + (skip == 2));
}

/* Appends the replacement for the last match; ret may be NULL, to check it. */
static enum th_status
add_replacement(struct th_regex *re, struct th_str r, struct th_str subject,
    struct th_buf *ret, struct th_err *err)
{
	size_t i = 0;
	int n;

	while (i < r.len) {
		n = add_reference(
		    re, (struct th_str){ r.s + i, r.len - i }, subject, ret);
		if (n < 0) {
			if (err != NULL)
				err->column = i + 1;
			return th_fail(err, TH_EUSAGE,
			    "replacement: the pattern has no such group");
		}
		i += (size_t)n;
		if (n > 0)
			continue;
		/* "$$" and "\\" are the characters themselves. */
		if (i + 1 < r.len && r.s[i] == r.s[i + 1] &&
		    (r.s[i] == '$' || r.s[i] == '\\'))
			i++;
		if (ret != NULL)
			th_buf_addc(ret, r.s[i]);
		i++;
	}
	return ret != NULL ? ret->status : TH_OK;
}

enum th_status
th_regex_check(
    struct th_regex *re, struct th_str replacement, struct th_err *err)
{
	return add_replacement(re, replacement, TH_STR(""), NULL, err);
}

static size_t
next_char(struct th_str s, size_t i)
{
	for (i++; i < s.len && ((unsigned char)s.s[i] & 0xc0) == 0x80; i++)
		;
	return i;
}

enum th_status
th_regex_replace(struct th_regex *re, struct th_str subject,
    struct th_str replacement, bool global, struct th_buf *ret,
    struct th_err *err)
{
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer(re->match);
	size_t done = 0, from = 0;
	enum th_status st = TH_OK;
	uint32_t options = 0;
	int rc = 0;

	while (from <= subject.len && st == TH_OK) {
		rc = match_at(re, subject, from, options);
		if (rc == PCRE2_ERROR_NOMATCH)
			break;
		if (rc < 0)
			return match_failed(rc, err);
		/* \K may put the start where it likes; never go back. */
		if (at[0] < done || at[1] < at[0])
			break;
		th_buf_add(ret, subject.s + done, at[0] - done);
		st = add_replacement(re, replacement, subject, ret, err);
		done = at[1];
		if (!global)
			break;
		/* An empty match at the end of the last one is none. */
		from = done;
		options = PCRE2_NOTEMPTY_ATSTART;
		if (at[0] == at[1]) {
			from = next_char(subject, done);
			options = 0;
		}
	}
	if (st != TH_OK)
		return st;
	return th_buf_add(ret, subject.s + done, subject.len - done);
}

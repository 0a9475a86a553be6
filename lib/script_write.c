/* script_write -- names and headers of scripts that we make */
#include <stdlib.h>

#include "words.h"

#define NAME_LENGTH 60

/* The letters and digits that a name may have. */
static void
add_plain(struct th_str word, struct th_buf *b, size_t max)
{
	size_t i;

	for (i = 0; i < word.len && b->len < max; i++)
		if ((word.s[i] >= 'a' && word.s[i] <= 'z') ||
		    (word.s[i] >= '0' && word.s[i] <= '9'))
			th_buf_addc(b, word.s[i]);
}

enum th_status
th_script_name(struct th_str title, struct th_buf *ret)
{
	struct th_words *words = th_words_new(false);
	const size_t start = ret->len, max = start + NAME_LENGTH;
	struct th_word w;
	size_t before, with;

	if (words == NULL)
		return TH_ENOMEM;
	th_words_start(words, title, false);
	while (ret->len < max && th_words_next(words, &w)) {
		before = ret->len;
		if (before > start)
			th_buf_addc(ret, '-');
		with = ret->len;
		add_plain(w.plain, ret, max);
		/* A word of another script leaves nothing. */
		if (ret->len == with && with > before)
			ret->data[ret->len = before] = '\0';
	}
	th_words_free(words);
	if (ret->status != TH_OK)
		return ret->status;
	return ret->len > start ? TH_OK : TH_END;
}

/* YAML takes no control characters, not even C1's, whatever JSON says. */
static void
add_quoted(struct th_buf *b, struct th_str value)
{
	uint32_t c;
	size_t i, n;

	th_buf_addc(b, '"');
	for (i = 0; i < value.len; i += n) {
		n = 1;
		if (th_utf8_valid((struct th_str){ value.s + i,
			4 < value.len - i ? 4 : value.len - i }) == 0)
			continue;
		n = th_utf8_decode(value.s + i, value.len - i, &c);
		if (c == '\t' || c == '\n')
			th_buf_addc(b, ' ');
		else if (c >= 0x20 && (c < 0x7f || c > 0x9f) && c != 0xfeff &&
			 c != 0xfffe && c != 0xffff)
			th_json_escape(b, (struct th_str){ value.s + i, n });
	}
	th_buf_addc(b, '"');
}

enum th_status
th_script_add(struct th_buf *b, const char *key, struct th_str value)
{
	th_buf_addf(b, "#: %s: ", key);
	add_quoted(b, value);
	return th_buf_addc(b, '\n');
}

enum th_status
th_script_add_list(
    struct th_buf *b, const char *key, const struct th_str *value, size_t n)
{
	size_t i;

	if (n == 0)
		return b->status;
	th_buf_addf(b, "#: %s: [", key);
	for (i = 0; i < n; i++) {
		if (i > 0)
			th_buf_adds(b, ", ");
		add_quoted(b, value[i]);
	}
	return th_buf_adds(b, "]\n");
}

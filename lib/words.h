/*
 * words.h -- words of a text as searching sees them: folded, and by stem
 */
#ifndef TH_WORDS_H
#define TH_WORDS_H

#include "trigger.h"

#define TH_WORD_MAX 64  /* bytes of a word that count */
#define TH_WORD_STEMS 4 /* French and English, with and without accents */

/*
 * Of the rules below, and of how the index keeps words: after a change of it
 * what was indexed is so anew.
 */
#define TH_WORDS_VERSION "2"

/*
 * A word is a run of letters, marks and digits.  A letter of a script that is
 * written without blanks, as Chinese, Japanese or Thai, is one by itself with
 * the marks it has, and so are a syllable of Korean and a picture.  plain is
 * without case and accents; stems are those of it and of the word with its
 * accents that differ from plain and each other.
 */
struct th_word {
	struct th_str at; /* in the text */
	struct th_str plain;
	struct th_str stem[TH_WORD_STEMS];
	size_t nstems;
};

/*
 * What keeps the words handed out, until the next one; with stems it can be
 * asked for those.  NULL: no memory.
 */
struct th_words;
struct th_words *th_words_new(bool stems);
void th_words_free(struct th_words *);
/* Walks a text, borrowed meanwhile.  Any bytes are accepted, nothing fails. */
void th_words_start(struct th_words *, struct th_str text, bool stems);
bool th_words_next(struct th_words *, struct th_word *ret);

#endif

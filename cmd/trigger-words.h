/* trigger-words.h -- a shell script as words, for th-trigger check */
#ifndef TRIGGER_WORDS_H
#define TRIGGER_WORDS_H

#include "triggers.h"

struct word {
	struct th_buf text;  /* quotes taken off; data may be NULL */
	size_t line, column; /* from 1, in bytes */
	bool first;          /* where a command's name stands */
	bool quoted;
	bool dynamic; /* made at run time, in whole or part */
	bool called;  /* a parenthesis follows: name() */
};
struct words {
	struct word *word;
	size_t n;
};
void words_read(struct th_str script, struct words *ret);
void words_release(struct words *);

#endif

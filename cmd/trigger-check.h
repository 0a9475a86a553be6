/* trigger-check.h -- shared by the files that look for mistakes in a script */
#ifndef TRIGGER_CHECK_H
#define TRIGGER_CHECK_H

#include "services.h"
#include "triggers.h"

#define CHECK_HELP_MAX ((size_t)256 << 10)

struct check {
	struct triggers *c;
	const struct trigger *t;
	struct th_shell words;
	size_t found;
};

/* ---- trigger-check.c ---- */

/* Names the place and notes it for the exit code. */
void check_complain(struct check *, size_t line, size_t column, const char *fmt,
    ...) TH_PRINTF(4, 5);
/* At a word; guess, when not NULL, is what was probably meant. */
void check_at_word(struct check *, const struct th_shell_word *,
    const char *what, const char *guess);
/* Runs argv; its output (2 of it, or 1) up to a ceiling.  The exit code. */
int check_ask(char *const argv[], int which, struct th_buf *ret);

/* ---- trigger-command.c: one command of it ---- */

/* Is there a program of that name?  With a slash: a file that can be run. */
bool check_is_program(const char *word);
/* From its name up to where the next command begins. */
void check_command(struct check *, const struct th_shell_word *,
    const struct th_shell_word *end);

/* ---- trigger-literal.c: arguments in little languages ---- */

/*
 * Is the text, from offset on, what the help calls `form` ("TEMPLATE", "N")?
 * What it does not know is right.
 */
void check_literal(struct check *, const struct th_shell_word *, size_t offset,
    struct th_str form);

#endif

/* complete -- what the shell may offer for a word, from the programs' tables */
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define WORD_SIZE 128

/* An option of either sort of table. */
struct opt {
	const char *name, *arg, *help;
	int letter;
	bool choice; /* arg is a|b|c */
};

/* The line up to the cursor, as far as it was understood. */
struct line {
	struct cmd sub;                /* of the first operand */
	const struct th_param *params; /* those of `which` */
	unsigned which;
	char **operand;
	size_t noperands;
	struct opt
	    before; /* the option that the word belongs to, if it has arg */
	bool ended; /* by "--" */
};

/* What is asked for: words that begin so, and what stands before them. */
static const char *wanted = "", *before = "";
static int before_len;

/* Up to what is not for a terminal nor a line of its own. */
static size_t
plain_length(const char *s)
{
	size_t n = 0;

	while ((unsigned char)s[n] >= ' ' && s[n] != 0x7f)
		n++;
	return n;
}

void
cmd_offer(const char *word, const char *help)
{
	if (strncmp(word, wanted, strlen(wanted)) != 0 ||
	    plain_length(word) != strlen(word))
		return;
	th_out_write(&cmd_out, (struct th_str){ before, (size_t)before_len });
	th_out_write(&cmd_out, th_str(word));
	if (help != NULL) {
		th_out_write(&cmd_out, TH_STR("\t"));
		th_out_write(
		    &cmd_out, (struct th_str){ help, plain_length(help) });
	}
	th_out_write(&cmd_out, TH_STR("\n"));
}

/* ---- options ---- */

typedef void see_opt(void *ctx, const struct opt *);

static void
each_of_table(const struct cmd_option *o, see_opt *see, void *ctx)
{
	struct opt opt;

	for (; o != NULL && o->name != NULL; o++) {
		opt = (struct opt){ o->name, o->arg, o->help, o->letter,
			o->arg != NULL && o->arg[0] >= 'a' &&
			    o->arg[0] <= 'z' };
		see(ctx, &opt);
	}
}

static void
each_option(const struct line *l, see_opt *see, void *ctx)
{
	const struct th_param *p;
	struct opt opt;

	for (p = l->params; p != NULL && p->name != NULL; p++) {
		opt = (struct opt){ p->name, cmd_param_arg(p), p->help,
			p->letter, p->kind == TH_CHOICE };
		if ((p->flags & l->which) != 0)
			see(ctx, &opt);
	}
	each_of_table(l->sub.options, see, ctx);
	each_of_table(cmd_program->options, see, ctx);
	each_of_table(cmd_common, see, ctx);
}

/* Looks for a name, whole or its beginning as in getopt_long(), or a letter. */
struct search {
	const char *name;
	size_t len;
	int letter;
	struct opt found; /* arg NULL: takes nothing, or is none */
	bool whole;
};

static void
see_name(void *ctx, const struct opt *o)
{
	struct search *s = ctx;
	bool is, whole;

	if (s->name == NULL) {
		is = whole = o->letter == s->letter;
	} else {
		is = strncmp(o->name, s->name, s->len) == 0;
		whole = is && o->name[s->len] == '\0';
	}
	if (!is || s->whole)
		return;
	s->found = *o;
	s->whole = whole;
}

/* What "--name" is. */
static struct opt
find_long(const struct line *l, const char *word)
{
	struct search s = { .name = word + 2, .len = strcspn(word + 2, "=") };

	each_option(l, see_name, &s);
	return s.found;
}

/* What takes the word after "-abc": c, if neither a nor b takes "c". */
static struct opt
find_letters(const struct line *l, const char *word)
{
	struct search s;

	do {
		s = (struct search){ .letter = (unsigned char)*++word };
		each_option(l, see_name, &s);
	} while (s.found.arg == NULL && word[1] != '\0');
	return word[1] == '\0' ? s.found : (struct opt){ 0 };
}

/* Does the help of an option say "new, edit: ..." of other subcommands? */
static bool
is_of_others(const struct line *l, const char *help)
{
	const char *s = cmd_program->synopsis, *sub = l->operand[0];
	size_t len = strcspn(help, " ,:");

	if (l->noperands == 0 || strchr(help, ':') == NULL)
		return false;
	for (; s != NULL; s = strchr(s, '\n')) {
		s += *s == '\n';
		if (strncmp(s, help, len) == 0 && strchr(" \n", s[len]) != NULL)
			return strstr(help, sub) == NULL;
	}
	return false;
}

static void
see_offer(void *ctx, const struct opt *o)
{
	char word[WORD_SIZE];

	if (is_of_others(ctx, o->help))
		return;
	snprintf(word, sizeof(word), "--%s", o->name);
	cmd_offer(word, o->help);
}

/* ---- values and operands ---- */

static void
offer_choice(const char *choices)
{
	char word[WORD_SIZE];
	size_t len;

	for (;; choices += len + 1) {
		len = strcspn(choices, "|");
		snprintf(word, sizeof(word), "%.*s", (int)len, choices);
		cmd_offer(word, NULL);
		if (choices[len] == '\0')
			return;
	}
}

/* What there is of a kind the program knows. */
static void
offer_kind(const struct line *l, const char *kind)
{
	if (cmd_program->offer != NULL)
		cmd_program->offer(l->noperands > 0 ? l->operand[0] : "", kind);
}

static void
look_for(const char *all, const char *from)
{
	before = all;
	before_len = (int)(from - all);
	wanted = from;
}

/* The value of an option; the last of a list "A,B", a field after its "-". */
static void
offer_value(const struct line *l, const struct opt *o, const char *all,
    const char *value)
{
	const char *comma =
	    strchr(o->arg, ',') != NULL ? strrchr(value, ',') : NULL;

	if (comma != NULL)
		value = comma + 1;
	else if (strncmp(o->arg, "[-]", 3) == 0 && value[0] == '-')
		value++;
	look_for(all, value);
	if (o->choice)
		offer_choice(o->arg);
	else
		offer_kind(l, o->arg);
}

/* One word of a form of the synopsis, without brackets. */
static bool
next_pattern(const char **form, char ret[WORD_SIZE], bool *repeats)
{
	size_t len, dots;

	*form += strspn(*form, " ");
	if ((len = strcspn(*form, " \n")) == 0)
		return false;
	snprintf(ret, WORD_SIZE, "%.*s", (int)len, *form);
	*form += len;
	len = strlen(ret);
	dots = len > 3 && strcmp(ret + len - 3, "...") == 0 ? 3 : 0;
	*repeats = dots > 0;
	ret[len -= dots] = '\0';
	if (ret[0] == '[') {
		if (ret[len - 1] == ']')
			ret[len - 1] = '\0';
		memmove(ret, ret + 1, strlen(ret));
	}
	return true;
}

/* What this form has for the operand after those that there are; "": nothing.
 */
static void
match_form(const struct line *l, const char *form, char ret[WORD_SIZE])
{
	bool repeats = false;
	size_t i = 0;

	while (next_pattern(&form, ret, &repeats)) {
		if (ret[0] == '-' || strcmp(ret, "OPTION") == 0)
			continue;
		if (i == l->noperands || repeats)
			return;
		if (ret[0] >= 'a' && ret[0] <= 'z' &&
		    strcmp(ret, l->operand[i]) != 0)
			break;
		i++;
	}
	ret[0] = '\0';
}

static void
offer_operand(const struct line *l, const char *word)
{
	const char *s = cmd_program->synopsis;
	char kind[WORD_SIZE], last[WORD_SIZE] = "";

	look_for(word, word);
	for (; s != NULL; s = strchr(s, '\n')) {
		s += *s == '\n';
		match_form(l, s, kind);
		if (kind[0] >= 'a' && kind[0] <= 'z')
			offer_choice(kind);
		else if (kind[0] != '\0' && strcmp(kind, last) != 0)
			offer_kind(l, kind);
		memcpy(last, kind, sizeof(last));
	}
}

/* ---- the line ---- */

/* A word that is done: an option, its value, or an operand. */
static void
read_word(struct line *l, char *word)
{
	if (l->before.arg != NULL) {
		if (l->before.letter == 'c')
			cmd_config = word;
		l->before.arg = NULL;
	} else if (l->ended || word[0] != '-' || word[1] == '\0') {
		if (l->noperands == 0 && cmd_program->sub != NULL)
			cmd_program->sub(word, &l->sub, &l->params, &l->which);
		l->operand[l->noperands++] = word;
	} else if (strcmp(word, "--") == 0) {
		l->ended = true;
	} else if (word[1] != '-') {
		l->before = find_letters(l, word);
	} else if (strchr(word, '=') == NULL) {
		l->before = find_long(l, word);
	} else if (find_long(l, word).letter == 'c') {
		cmd_config = strchr(word, '=') + 1;
	}
}

void
cmd_complete(int argc, char *argv[])
{
	static char none[] = "";
	char *word = argc > 0 ? argv[argc - 1] : none;
	struct line l = { 0 };
	struct opt o;
	int i;

	l.operand = cmd_need(th_calloc((size_t)argc + 1, sizeof(*l.operand)));
	for (i = 0; i + 1 < argc; i++)
		read_word(&l, argv[i]);
	if (l.before.arg != NULL) {
		offer_value(&l, &l.before, word, word);
	} else if (l.ended || word[0] != '-') {
		offer_operand(&l, word);
	} else if (strchr(word, '=') == NULL) {
		look_for(word, word);
		each_option(&l, see_offer, &l);
	} else if ((o = find_long(&l, word)).arg != NULL) {
		offer_value(&l, &o, word, strchr(word, '=') + 1);
	}
	free(l.operand);
	if (th_alloc_failed()) /* something may be missing */
		cmd_note(TH_ENOMEM);
}

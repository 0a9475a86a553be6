/* options -- getopt_long() fed from tables, with words for what goes wrong */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

/* Options without a letter of their own; apart from those of the programs. */
#define PARAM_BASE 0x10000
#define OPTIONS_MAX 64 /* of a program with subcommands */

int cmd_verbose;
const char *cmd_config;
const char *cmd_operand;
static bool was_given[OPTIONS_MAX];

const struct cmd_option cmd_common[] = {
	{ "config", 'c', "FILE", "read FILE instead of config.yaml" },
	{ "help", 'h', NULL, "print this help" },
	{ "quiet", 'q', NULL, "say nothing but what went wrong" },
	{ "verbose", 'v', NULL, "say more; repeat for more still" },
	{ "version", 'V', NULL, "print the version" }, { NULL, 0, NULL, NULL }
};

/* The tables in force, merged into what getopt_long() takes. */
struct tables {
	struct option *longs;
	char *letters;
	size_t nlongs, nletters;
};

static void
add_one(struct tables *t, const char *name, int val, int letter, bool arg)
{
	struct option *o;

	t->longs =
	    cmd_need(th_realloc(t->longs, (t->nlongs + 2) * sizeof(*t->longs)));
	o = &t->longs[t->nlongs++];
	*o = (struct option){ name, arg ? required_argument : no_argument, NULL,
		val };
	o[1] = (struct option){ 0 };
	if (letter <= 0 || letter >= 256)
		return;
	t->letters = cmd_need(th_realloc(t->letters, t->nletters + 3));
	t->letters[t->nletters++] = (char)letter;
	if (arg)
		t->letters[t->nletters++] = ':';
	t->letters[t->nletters] = '\0';
}

static void
add_options(struct tables *t, const struct cmd_option *o)
{
	for (; o != NULL && o->name != NULL; o++)
		add_one(t, o->name, o->letter, o->letter, o->arg != NULL);
}

static void
add_params(struct tables *t, const struct th_param *params, unsigned which)
{
	int i;

	for (i = 0; params != NULL && params[i].name != NULL; i++)
		if ((params[i].flags & which) != 0)
			add_one(t, params[i].name, PARAM_BASE + i,
			    params[i].letter, params[i].kind != TH_FLAG);
}

/* The merged letters begin with what tells getopt_long() how to go on. */
static struct tables
make_tables(const char *mode, const struct cmd *sub,
    const struct th_param *params, unsigned which)
{
	struct tables t = { 0 };

	t.letters = cmd_need(th_strdup(mode));
	t.nletters = strlen(mode);
	if (sub != NULL)
		add_options(&t, sub->options);
	add_params(&t, params, which);
	add_options(&t, cmd_program->options);
	add_options(&t, cmd_common);
	return t;
}

static void
free_tables(struct tables *t)
{
	free(t->longs);
	free(t->letters);
}

/* "--name" without "=value": that may be a secret given to a misspelt name. */
static void
unknown_long(const struct tables *t, const char *word)
{
	struct th_suggest guess;
	size_t len = strcspn(word, "="), i, near = 0;
	char *name = cmd_need(th_strndup(word, len));

	th_suggest_init(&guess, name);
	for (i = 0; i < t->nlongs; i++) {
		near += strncmp(t->longs[i].name, name, len) == 0;
		th_suggest_offer(&guess, t->longs[i].name);
	}
	if (near > 1)
		cmd_usage("option --%s could be several", name);
	if (guess.best != NULL)
		cmd_usage("unknown option --%s (did you mean --%s?)", name,
		    guess.best);
	cmd_usage("unknown option --%s%s", name,
	    cmd_operand == NULL && cmd_program->sub != NULL
		? "; those of one service or command stand behind its name"
		: "");
}

static const char *
name_of(const struct tables *t, int val)
{
	size_t i;

	for (i = 0; i < t->nlongs; i++)
		if (t->longs[i].val == val)
			return t->longs[i].name;
	return NULL;
}

/* May it stand last on the line without its argument, written "[ARG]"? */
static bool
is_optional(int val)
{
	const struct cmd_option *o;

	for (o = cmd_program->options; o != NULL && o->name != NULL; o++)
		if (o->letter == val)
			return o->arg != NULL && o->arg[0] == '[' &&
			       o->arg[strlen(o->arg) - 1] == ']';
	return false;
}

/* What getopt_long() did not like; `word` is the one it looked at. */
static void
complain(const struct tables *t, int c, const char *word)
{
	const char *name = name_of(t, optopt);

	if (c == ':' && name != NULL)
		cmd_usage("option --%s needs an argument", name);
	if (c == ':')
		cmd_usage("option -%c needs an argument", optopt);
	if (optopt != 0 && name != NULL)
		cmd_usage("option --%s takes no argument", name);
	if (optopt != 0)
		cmd_usage("unknown option -%c", optopt);
	unknown_long(t, word + 2);
}

static void
print_version(void)
{
	char text[128];

	snprintf(text, sizeof(text), "%s (Trigger Happy) %s", cmd_program->name,
	    TH_VERSION);
	th_out_line(&cmd_out, th_str(text));
}

bool
cmd_common_option(
    int c, const struct cmd *sub, const struct th_param *params, unsigned which)
{
	switch (c) {
	case 'c': cmd_config = optarg; return true;
	case 'q': cmd_verbose = -1; return true;
	case 'v': cmd_verbose += cmd_verbose < 0 ? 2 : 1; return true;
	case 'h': cmd_help(sub, params, which); exit(cmd_finish());
	case 'V': print_version(); exit(cmd_finish());
	}
	return false;
}

/* An option of the service goes into opts; false when it is none. */
static bool
param_option(int c, const struct th_param *params, struct th_opts *opts)
{
	struct th_err err = { 0 };
	enum th_status st;

	if (c < PARAM_BASE)
		return false;
	st = th_opts_set(opts, params[c - PARAM_BASE].name, optarg, &err);
	if (st == TH_EUSAGE)
		cmd_usage("%s", err.text);
	cmd_check(st, &err);
	return true;
}

/* The letter of a parameter stands for the parameter. */
static int
letter_to_param(int c, const struct th_param *params, unsigned which)
{
	int i;

	if (c <= 0 || c >= 256)
		return c;
	for (i = 0; params != NULL && params[i].name != NULL; i++)
		if (params[i].letter == c && (params[i].flags & which) != 0)
			return PARAM_BASE + i;
	return c;
}

static void
note_given(int c)
{
	const struct cmd_option *o = cmd_program->options;
	size_t i;

	for (i = 0; i < OPTIONS_MAX && o[i].name != NULL; i++)
		if (o[i].letter == c)
			was_given[i] = true;
}

bool
cmd_was_given(size_t option)
{
	return option < OPTIONS_MAX && was_given[option];
}

int
cmd_getopt(int argc, char *argv[], bool stop_at_operand)
{
	struct tables t;
	int c;

	if (argc > 1 && strcmp(argv[1], "--complete") == 0) {
		cmd_complete(argc - 2, argv + 2);
		exit(cmd_finish());
	}
	opterr = 0;
	t = make_tables(stop_at_operand ? "+:" : ":", NULL, NULL, 0);
	do {
		c = getopt_long(argc, argv, t.letters, t.longs, NULL);
		if (c == ':' && is_optional(optopt)) {
			c = optopt;
			optarg = NULL;
		}
		if (c == '?' || c == ':')
			complain(&t, c, argv[optind - 1]);
	} while (c != -1 && cmd_common_option(c, NULL, NULL, 0));
	note_given(c);
	free_tables(&t);
	return c;
}

/*
 * getopt_long() cannot go on with another table in the middle of argv, so it is
 * told that the vector begins at the operand; optind is mended at the end.
 */
int
cmd_getopt_more(int argc, char *argv[], const struct cmd *sub,
    const struct th_param *params, unsigned which, struct th_opts *opts)
{
	static int base = -1;
	struct tables t;
	int c;

	cmd_operand = sub != NULL ? sub->name : NULL;
	if (base == -1) {
		base = optind;
		optind = 0;
	}
	t = make_tables(":", sub, params, which);
	do {
		c = getopt_long(
		    argc - base, argv + base, t.letters, t.longs, NULL);
		if (c == '?' || c == ':')
			complain(&t, c, argv[base + optind - 1]);
		c = letter_to_param(c, params, which);
	} while (c != -1 && (param_option(c, params, opts) ||
				cmd_common_option(c, sub, params, which)));
	free_tables(&t);
	if (c == -1) {
		optind += base;
		base = -1;
	}
	return c;
}

int64_t
cmd_int(const char *option, const char *arg, int64_t min)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(arg, &end, 10);
	if (arg[0] == '\0' || strchr("0123456789-", arg[0]) == NULL ||
	    *end != '\0')
		cmd_usage("%s: not a whole number: %s", option, arg);
	if (errno == ERANGE || n < min)
		cmd_usage("%s: out of range, at least %lld: %s", option,
		    (long long)min, arg);
	return n;
}

int64_t
cmd_duration(const char *option, const char *arg)
{
	int64_t seconds;

	if (th_duration_parse(th_str(arg), &seconds) != TH_OK)
		cmd_usage("%s: not a duration such as 90s, 15m, 2h or 7d: %s",
		    option, arg);
	return seconds;
}

int64_t
cmd_timeout(const char *arg)
{
	int64_t t = cmd_duration("--timeout", arg);

	if (t < 1 || t > 86400)
		cmd_usage("--timeout: from 1s to 1d: %s", arg);
	return t;
}

/* "2026" is meant as a date, not as so many seconds. */
static bool
is_year(const char *arg)
{
	return strlen(arg) == 4 && strspn(arg, "0123456789") == 4;
}

int64_t
cmd_since(const char *option, const char *arg)
{
	int64_t t;

	if (th_date_parse_rfc3339(th_str(arg), &t) == TH_OK)
		return t;
	if (!is_year(arg) && th_duration_parse(th_str(arg), &t) == TH_OK)
		return th_now() - t;
	cmd_usage("%s: neither a date such as 2026-11-23 nor a duration such "
		  "as 7d: %s",
	    option, arg);
}

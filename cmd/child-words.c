/* child-words -- the command line of a program that is a service */
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "options.h"

static const struct cmd_option *
find_long(const struct cmd_option *o, const char *name, size_t len)
{
	for (; o->name != NULL; o++)
		if (strlen(o->name) == len && strncmp(o->name, name, len) == 0)
			return o;
	return NULL;
}

static const struct cmd_option *
find_letter(const struct cmd_option *o, int letter)
{
	for (; o->name != NULL; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

static const struct cmd_option *
find_option(const char *word)
{
	const struct cmd_option *o;

	if (word[0] != '-' || word[1] == '\0')
		return NULL;
	if (word[1] == '-') {
		word += 2;
		if ((o = find_long(cmd_program->options, word,
			 strcspn(word, "="))) == NULL)
			o = find_long(cmd_common, word, strcspn(word, "="));
	} else {
		if ((o = find_letter(cmd_program->options, word[1])) == NULL)
			o = find_letter(cmd_common, word[1]);
		if (o != NULL && o->arg == NULL && word[2] != '\0')
			return NULL;
	}
	return o;
}

/* The argument of an option, in the word or after it; NULL when missing. */
static const char *
argument(const struct cmd_option *o, char *const *word)
{
	const char *eq;

	if (o->arg == NULL)
		return "";
	if (word[0][1] != '-' && word[0][2] != '\0')
		return word[0] + 2;
	eq = word[0][1] == '-' ? strchr(word[0], '=') : NULL;
	return eq != NULL ? eq + 1 : word[1];
}

/* Of the program we know its place alone. */
static void
print_help(const char *path)
{
	const char *name = strrchr(path, '/') + 1; /* th-fetch-NAME */
	char summary[4096];
	const struct cmd sub = { .name = name + strlen(cmd_program->name) + 1,
		.summary = summary,
		.synopsis = "[--OPTION VALUE]... [ARG]...",
		.note = "Other options and arguments go to the program." };

	snprintf(summary, sizeof(summary), "A program: %s", path);
	cmd_help(&sub, NULL, 0);
}

void
cmd_child_words(const char *path, int argc, char *argv[], cmd_own_option *own,
    void *ctx, struct cmd_words *w)
{
	const struct cmd_option *o;
	const char *arg;
	int i;

	w->argv = cmd_need(th_calloc((size_t)argc + 2, sizeof(*w->argv)));
	w->argv[0] = cmd_need(th_strdup(path));
	w->n = 1;
	for (i = optind + 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if ((o = find_option(argv[i])) == NULL) {
			w->argv[w->n++] = argv[i];
			continue;
		}
		if ((arg = argument(o, argv + i)) == NULL)
			cmd_usage("option --%s needs an argument", o->name);
		if (arg == argv[i + 1])
			i++;
		if (o->letter == 'h') {
			print_help(path);
			exit(cmd_finish());
		}
		optarg = (char *)arg;
		if (!cmd_common_option(o->letter, NULL, NULL, 0))
			own(ctx, o->letter, arg);
	}
	for (; i < argc; i++)
		w->argv[w->n++] = argv[i];
}

void
cmd_words_release(struct cmd_words *w)
{
	if (w->argv != NULL)
		free(w->argv[0]);
	free(w->argv);
	*w = (struct cmd_words){ 0 };
}

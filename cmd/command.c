/* command -- subcommands, and mistakes in them told by the synopsis */
#include <string.h>

#include "options.h"

#define TEXT_SIZE 512
#define NAME_SIZE 32

/* The next form of the synopsis and the subcommand it begins with; or NULL. */
static const char *
next_form(const char *form, char name[NAME_SIZE])
{
	if (form == NULL)
		form = cmd_program->synopsis;
	else if ((form = strchr(form, '\n')) != NULL)
		form++;
	if (form != NULL)
		snprintf(
		    name, NAME_SIZE, "%.*s", (int)strcspn(form, " \n"), form);
	return form;
}

static _Noreturn void
unknown_command(const char *word)
{
	struct th_suggest guess;
	const char *form = NULL;
	char name[NAME_SIZE], near[NAME_SIZE] = "", all[TEXT_SIZE] = "";
	size_t len = 0;

	th_suggest_init(&guess, word);
	while ((form = next_form(form, name)) != NULL) {
		if (len < sizeof(all))
			len += (size_t)snprintf(all + len, sizeof(all) - len,
			    "%s%s", len > 0 ? ", " : "", name);
		th_suggest_offer(&guess, name);
		if (guess.best == name)
			guess.best = memcpy(near, name, sizeof(near));
	}
	if (guess.best != NULL)
		cmd_usage("unknown command %s (did you mean %s?)", word, near);
	cmd_usage("unknown command %s; there are %s", word, all);
}

size_t
cmd_find_command(const char *word, const void *table, size_t n, size_t size)
{
	const char *name;
	size_t i;

	for (i = 0; i < n; i++) {
		memcpy(&name, (const char *)table + i * size, sizeof(name));
		if (strcmp(name, word) == 0)
			return i;
	}
	unknown_command(word);
}

/* Is the word one of those, with a blank behind each? */
static bool
is_in(const char *words, const char *word)
{
	const size_t n = strlen(word);

	for (; *words != '\0'; words += strcspn(words, " ") + 1)
		if (strncmp(words, word, n) == 0 && words[n] == ' ')
			return true;
	return false;
}

void
cmd_check_options(const char *command, const char *takes)
{
	const struct cmd_option *o = cmd_program->options;
	size_t i;

	for (i = 0; o[i].name != NULL; i++)
		if (cmd_was_given(i) && !is_in(takes, o[i].name))
			cmd_usage(
			    "--%s is not an option of %s", o[i].name, command);
}

void
cmd_check_operands(const char *command, size_t n, size_t min, size_t max)
{
	const char *form = NULL;
	char name[NAME_SIZE];

	if (n >= min && n <= max)
		return;
	while ((form = next_form(form, name)) != NULL &&
	       strcmp(name, command) != 0)
		continue;
	if (form == NULL)
		form = command;
	cmd_usage("usage: %s %.*s", cmd_program->name, (int)strcspn(form, "\n"),
	    form);
}

/* command -- mistakes in subcommands, told by the synopsis */
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

void
cmd_unknown_command(const char *word)
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

void
cmd_bad_operands(const char *command)
{
	const char *form = NULL;
	char name[NAME_SIZE];

	while ((form = next_form(form, name)) != NULL &&
	       strcmp(name, command) != 0)
		continue;
	if (form == NULL)
		form = command;
	cmd_usage("usage: %s %.*s", cmd_program->name, (int)strcspn(form, "\n"),
	    form);
}

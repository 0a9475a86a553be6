/* trigger-print -- the lines that make cron or systemd drive it all */
#define _XOPEN_SOURCE 700 /* realpath() */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "triggers.h"

static const char *const variables[] = { "TH_HOME", "XDG_CONFIG_HOME",
	"XDG_STATE_HOME", NULL };

/* Where our files are, which neither cron nor systemd would know. */
static const char *
variable(size_t i)
{
	const char *home = getenv(variables[0]), *value = getenv(variables[i]);

	if (value == NULL || value[0] == '\0')
		return NULL;
	return i > 0 && home != NULL && home[0] != '\0' ? NULL : value;
}

/* Calls for the words of our command, each as it is. */
static void
each_word(void (*add)(struct th_buf *, const char *before, const char *),
    struct th_buf *b)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *config;

	path[n > 0 ? n : 0] = '\0';
	add(b, "", n > 0 ? path : "th-trigger");
	if (cmd_config == NULL)
		return;
	/* Neither runs it where we are now. */
	config = realpath(cmd_config, NULL);
	add(b, "", "-c");
	add(b, "", config != NULL ? config : cmd_config);
	free(config);
}

/* before: a name and "=", or nothing. */
static void
add_for_shell(struct th_buf *b, const char *before, const char *word)
{
	th_buf_adds(b, before);
	th_shell_quote(th_str(word), b);
	th_buf_addc(b, ' ');
}

/* systemd.service(5): quotes go around a whole word; "%" and "$" are doubled.
 */
static void
add_for_systemd(struct th_buf *b, const char *before, const char *word)
{
	const bool quote = strpbrk(word, " \t\"'\\;#") != NULL;

	th_buf_adds(b, quote ? " \"" : " ");
	th_buf_adds(b, before);
	for (; *word != '\0'; word++) {
		if (*word == '%' || *word == '$')
			th_buf_addc(b, *word);
		if (*word == '"' || *word == '\\')
			th_buf_addc(b, '\\');
		th_buf_addc(b, *word);
	}
	th_buf_adds(b, quote ? "\"" : "");
}

/* In a crontab a percent sign is a newline unless there is a backslash. */
void
trigger_crontab(struct triggers *c)
{
	struct th_buf line, b;
	char before[32];
	size_t i;

	(void)c;
	th_buf_init(&line, TRIGGER_SCRIPT_MAX);
	th_buf_init(&b, TRIGGER_SCRIPT_MAX);
	th_buf_adds(&line, "* * * * * ");
	for (i = 0; variables[i] != NULL; i++) {
		snprintf(before, sizeof(before), "%s=", variables[i]);
		if (variable(i) != NULL)
			add_for_shell(&line, before, variable(i));
	}
	each_word(add_for_shell, &line);
	th_buf_adds(&line, "run --due --quiet\n");
	for (i = 0; i < line.len; i++) {
		if (line.data[i] == '%')
			th_buf_addc(&b, '\\');
		th_buf_addc(&b, line.data[i]);
	}
	th_buf_release(&line);
	cmd_print(&b);
}

void
trigger_systemd(struct triggers *c)
{
	struct th_buf b;
	char before[48];
	size_t i;

	(void)c;
	th_buf_init(&b, TRIGGER_SCRIPT_MAX);
	th_buf_adds(&b,
	    "# ~/.config/systemd/user/th-trigger.service\n"
	    "[Unit]\n"
	    "Description=Run the triggers that are due\n"
	    "Documentation=man:th-trigger(1)\n"
	    "\n"
	    "[Service]\n"
	    "Type=oneshot\n"
	    "# A unit of its own each minute: one that hangs delays no other.\n"
	    "ExecStart=systemd-run --user --collect --quiet");
	for (i = 0; variables[i] != NULL; i++) {
		snprintf(before, sizeof(before), "--setenv=%s=", variables[i]);
		if (variable(i) != NULL)
			add_for_systemd(&b, before, variable(i));
	}
	each_word(add_for_systemd, &b);
	th_buf_adds(&b,
	    " run --due\n"
	    "\n"
	    "# ~/.config/systemd/user/th-trigger.timer\n"
	    "# then: systemctl --user enable --now th-trigger.timer\n"
	    "[Unit]\n"
	    "Description=Every minute, the triggers that are due\n"
	    "\n"
	    "[Timer]\n"
	    "OnCalendar=*:0/1\n"
	    "AccuracySec=1s\n"
	    "Persistent=true\n"
	    "\n"
	    "[Install]\n"
	    "WantedBy=timers.target\n");
	cmd_print(&b);
}

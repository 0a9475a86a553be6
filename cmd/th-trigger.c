/* th-trigger -- run triggers, on time, and see how they do */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "triggers.h"

enum {
	OPT_BACKLOG = 256,
	OPT_CRON,
	OPT_DESCRIPTION,
	OPT_DJANGO,
	OPT_DRY_RUN,
	OPT_DUE,
	OPT_EVERY,
	OPT_FORCE,
	OPT_FROM,
	OPT_HTML,
	OPT_JSON,
	OPT_NEWSBOAT,
	OPT_ONE,
	OPT_PROMETHEUS,
	OPT_SFEEDRC,
	OPT_TAGS,
	OPT_TO,
	OPT_UNTIL
};

static const struct cmd_option options[] = {
	{ "backlog", OPT_BACKLOG, "deliver|skip",
	    "vacation off: what becomes of items that wait (deliver)" },
	{ "cron", OPT_CRON, "FIELDS", "new, import: when, as in crontab(5)" },
	{ "description", OPT_DESCRIPTION, "TEXT", "new: what it does" },
	{ "django-th", OPT_DJANGO, NULL,
	    "import: a dump of the Trigger Happy of 2015" },
	{ "dry-run", OPT_DRY_RUN, NULL,
	    "import: show what would come, change nothing" },
	{ "due", OPT_DUE, NULL, "run: what is due, once each" },
	{ "every", OPT_EVERY, "DURATION", "new, import: how often, as in 15m" },
	{ "force", OPT_FORCE, NULL,
	    "run: what is disabled, too; import: replace what is there" },
	{ "from", OPT_FROM, "PIPELINE|DATE",
	    "new: the pipeline; vacation on: from when" },
	{ "html", OPT_HTML, "[FILE]", "status: as a web page" },
	{ "jobs", 'j', "N", "run: so many at once (default: processors)" },
	{ "json", OPT_JSON, NULL, "list, show, status, vacation: as JSON" },
	{ "lines", 'n', "N", "log: the last N lines (40)" },
	{ "newsboat", OPT_NEWSBOAT, NULL, "import: newsboat's file urls" },
	{ "one", OPT_ONE, "NAME",
	    "import: one trigger of that name for all feeds" },
	{ "prometheus", OPT_PROMETHEUS, NULL,
	    "status: in the text format of Prometheus" },
	{ "sfeedrc", OPT_SFEEDRC, NULL, "import: sfeed's file sfeedrc" },
	{ "tags", OPT_TAGS, "A,B", "new, import: tags" },
	{ "to", OPT_TO, "PIPELINE", "import: where the items of feeds go" },
	{ "until", OPT_UNTIL, "DATE", "vacation on: until when" },
	{ NULL, 0, NULL, NULL },
};

static void
offer(const char *command, const char *kind)
{
	if (strcmp(kind, "NAME") == 0 && strcmp(command, "new") != 0)
		trigger_offer();
}

static const struct cmd program = {
	.name = "th-trigger",
	.summary = "Run triggers when they are due, and see how they do.",
	.synopsis =
	    "list [NAME]...\nshow [NAME]...\nnew NAME\nedit NAME\n"
	    "check [NAME]...\nenable NAME...\ndisable NAME...\n"
	    "run [NAME... | --due]\nstatus [NAME]...\nlog NAME\nrm NAME...\n"
	    "import FILE\nexport [FILE]\n"
	    "vacation on|off|status\ncrontab\nsystemd",
	.options = options,
	.offer = offer,
};

static const struct {
	const char *name;
	void (*run)(struct triggers *);
	size_t min, max;   /* operands */
	const char *takes; /* options, with a blank behind each */
} commands[] = {
	{ "list", trigger_print_list, 0, SIZE_MAX, "json " },
	{ "show", trigger_show, 0, SIZE_MAX, "json " },
	{ "new", trigger_new, 1, 1, "cron description every from tags " },
	{ "edit", trigger_edit, 1, 1, "" },
	{ "check", trigger_check, 0, SIZE_MAX, "" },
	{ "enable", trigger_enable, 1, SIZE_MAX, "" },
	{ "disable", trigger_disable, 1, SIZE_MAX, "" },
	{ "run", trigger_run, 0, SIZE_MAX, "due force jobs " },
	{ "status", trigger_status, 0, SIZE_MAX, "html json prometheus " },
	{ "log", trigger_print_log, 1, 1, "lines " },
	{ "rm", trigger_remove, 1, SIZE_MAX, "" },
	{ "import", trigger_import, 1, 1,
	    "cron django-th dry-run every force newsboat one sfeedrc tags "
	    "to " },
	{ "export", trigger_export, 0, 1, "" },
	{ "vacation", trigger_vacation, 1, 1, "backlog from json until " },
	{ "crontab", trigger_crontab, 0, 0, "" },
	{ "systemd", trigger_systemd, 0, 0, "" },
};
#define NCOMMANDS (sizeof(commands) / sizeof(*commands))

static void
set_option(struct triggers *c, int letter, const char *arg)
{
	switch (letter) {
	case 'j': c->jobs = cmd_int("--jobs", arg, 1); break;
	case 'n': c->lines = cmd_int("--lines", arg, 1); break;
	case OPT_BACKLOG: c->backlog = arg; break;
	case OPT_CRON: c->cron = arg; break;
	case OPT_DESCRIPTION: c->description = arg; break;
	case OPT_DJANGO: c->django = true; break;
	case OPT_DRY_RUN: c->dry_run = true; break;
	case OPT_DUE: c->due = true; break;
	case OPT_EVERY: c->every = arg; break;
	case OPT_FORCE: c->force = true; break;
	case OPT_FROM: c->from = arg; break;
	case OPT_HTML: c->html = arg != NULL ? arg : "-"; break;
	case OPT_JSON: c->json = true; break;
	case OPT_NEWSBOAT: c->newsboat = true; break;
	case OPT_ONE: c->one = arg; break;
	case OPT_PROMETHEUS: c->prometheus = true; break;
	case OPT_SFEEDRC: c->sfeedrc = true; break;
	case OPT_TAGS: c->tags = arg; break;
	case OPT_TO: c->to = arg; break;
	case OPT_UNTIL: c->until = arg; break;
	}
}

/* Scripts, cron and systemd go to other directories. */
static void
make_home_absolute(void)
{
	const char *home = getenv("TH_HOME");
	char here[4096];
	struct th_buf b;

	if (home == NULL || home[0] == '\0' || home[0] == '/' ||
	    getcwd(here, sizeof(here)) == NULL)
		return;
	th_buf_init(&b, TRIGGER_SCRIPT_MAX);
	cmd_check(th_buf_addf(&b, "%s/%s", here, home), NULL);
	if (setenv("TH_HOME", b.data, 1) == -1)
		cmd_check(TH_ENOMEM, NULL);
	th_buf_release(&b);
}

int
main(int argc, char *argv[])
{
	struct triggers c = { 0 };
	struct th_err err = { 0 };
	size_t i;
	int letter;

	cmd_init(&program);
	make_home_absolute();
	while ((letter = cmd_getopt(argc, argv, false)) != -1)
		set_option(&c, letter, optarg);
	if (optind == argc)
		cmd_usage("name a command");
	i = cmd_find_command(
	    argv[optind], commands, NCOMMANDS, sizeof(*commands));
	cmd_check_options(commands[i].name, commands[i].takes);
	c.arg = argv + optind + 1;
	c.nargs = (size_t)(argc - optind - 1);
	cmd_check_operands(
	    commands[i].name, c.nargs, commands[i].min, commands[i].max);
	cmd_check(th_config_load(cmd_config, &c.config, &err), &err);
	commands[i].run(&c);
	th_store_close(c.store);
	th_config_free(c.config);
	return cmd_finish();
}

/* help -- --help, printed from the tables that the options are read with */
#include <string.h>

#include "options.h"

#define TEXT_MAX ((size_t)64 << 10)
#define COLUMN 28 /* where the explanations begin */
#define WIDTH 79

/* Adds text from `column` on, broken between words before WIDTH. */
static void
add_wrapped(struct th_buf *b, const char *text, size_t column, size_t at)
{
	size_t word;

	while (*text != '\0') {
		word = strcspn(text, " ");
		if (at > column && at + 1 + word > WIDTH) {
			th_buf_addf(b, "\n%*s", (int)column, "");
			at = column;
		} else if (at > column) {
			th_buf_addc(b, ' ');
			at++;
		}
		th_buf_add(b, text, word);
		at += word;
		text += word;
		text += strspn(text, " ");
	}
	th_buf_addc(b, '\n');
}

static void
add_option(struct th_buf *b, int letter, const char *name, const char *arg,
    const char *help)
{
	size_t start = b->len, width;

	if (letter > 0 && letter < 256)
		th_buf_addf(b, "  -%c, --%s", letter, name);
	else
		th_buf_addf(b, "      --%s", name);
	if (arg != NULL)
		th_buf_addf(b, " %s", arg);
	width = b->len - start;
	if (width + 2 > COLUMN) {
		th_buf_addc(b, '\n');
		width = 0;
	}
	th_buf_addf(b, "%*s", (int)(COLUMN - width), "");
	add_wrapped(b, help, COLUMN, COLUMN);
}

static void
add_table(struct th_buf *b, const char *head, const struct cmd_option *o)
{
	if (o == NULL || o->name == NULL)
		return;
	th_buf_addf(b, "\n%s:\n", head);
	for (; o->name != NULL; o++)
		add_option(b, o->letter, o->name, o->arg, o->help);
}

const char *
cmd_param_arg(const struct th_param *p)
{
	static const char *const usual[] = { [TH_STRING] = "TEXT",
		[TH_INT] = "N",
		[TH_DURATION] = "DURATION",
		[TH_URL] = "URL",
		[TH_LIST] = "A,B",
		[TH_REPEAT] = "TEXT",
		[TH_TEMPLATE] = "TEMPLATE",
		[TH_FILE] = "FILE" };

	if (p->kind == TH_FLAG)
		return NULL;
	if (p->arg != NULL || p->kind == TH_CHOICE)
		return p->arg;
	return usual[p->kind];
}

static void
add_params(struct th_buf *b, const char *name, const struct th_param *p,
    unsigned which)
{
	bool any = false;

	for (; p != NULL && p->name != NULL; p++) {
		if ((p->flags & which) == 0)
			continue;
		if (!any)
			th_buf_addf(b, "\noptions of %s:\n", name);
		any = true;
		add_option(b, p->letter, p->name, cmd_param_arg(p), p->help);
	}
}

/* The keys that an account may have in config.yaml. */
static void
add_keys(struct th_buf *b, const struct th_param *p)
{
	size_t start = b->len;

	for (; p != NULL && p->name != NULL; p++) {
		if ((p->flags & TH_P_ACCOUNT) == 0)
			continue;
		if (b->len == start)
			th_buf_adds(b, "\naccount keys, see th-config(5):\n");
		th_buf_addf(b, "      %-20s  ", p->name);
		add_wrapped(b, p->help, COLUMN, COLUMN);
	}
}

/* One line for each form of the synopsis. */
static void
add_usage(struct th_buf *b, const struct cmd *sub)
{
	const char *s = sub != NULL ? sub->synopsis : cmd_program->synopsis;
	const char *word = "usage:";
	size_t n;

	do {
		n = strcspn(s, "\n");
		th_buf_addf(b, "%s %s", word, cmd_program->name);
		if (sub != NULL && sub->name != NULL)
			th_buf_addf(b, " %s", sub->name);
		if (n > 0)
			th_buf_addf(b, " %.*s", (int)n, s);
		th_buf_addc(b, '\n');
		word = "      ";
		s += n + (s[n] == '\n');
	} while (*s != '\0');
}

void
cmd_help(const struct cmd *sub, const struct th_param *params, unsigned which)
{
	const struct cmd *c = sub != NULL ? sub : cmd_program;
	struct th_buf b;

	th_buf_init(&b, TEXT_MAX);
	add_usage(&b, sub);
	add_wrapped(&b, c->summary, 0, 0);
	if (c->closed != NULL) {
		th_buf_adds(&b, "Closed since");
		add_wrapped(&b, c->closed, 0, strlen("Closed since"));
	}
	if (sub != NULL) {
		add_params(&b, sub->name, params, which);
		add_table(&b, "options", sub->options);
	}
	add_table(&b, sub != NULL ? "options of all" : "options",
	    cmd_program->options);
	add_table(&b, "common options", cmd_common);
	add_keys(&b, params);
	if (c->note != NULL)
		th_buf_addf(&b, "\n%s\n", c->note);
	th_buf_addf(&b, "\nThe manual: man %s\n", cmd_program->name);
	cmd_print(&b);
}

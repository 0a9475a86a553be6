/* th-queue -- look into the outbox, and lend a hand there */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue.h"

#define LEASE_DEFAULT 300
#define OLDER_DEFAULT ((int64_t)90 * 86400)

enum {
	OPT_JSON = 256,
	OPT_LEASE,
	OPT_LEDGER,
	OPT_OLDER,
	OPT_PROMETHEUS,
	OPT_WAIT
};

static const struct cmd_option options[] = {
	{ "json", OPT_JSON, NULL,
	    "print JSON on a terminal too (list, show, explain, stats)" },
	{ "lease", OPT_LEASE, "DURATION",
	    "take: how long until what is not acknowledged returns (5m)" },
	{ "ledger", OPT_LEDGER, NULL, "show: what was published as well" },
	{ "max", 'n', "N", "take: at most N items (default: all)" },
	{ "older", OPT_OLDER, "DURATION", "purge: what is older (90d)" },
	{ "prometheus", OPT_PROMETHEUS, NULL,
	    "stats: in the text format of Prometheus" },
	{ "wait", OPT_WAIT, "DURATION",
	    "wait that long for a store that is away (10s) or held (1m)" },
	{ NULL, 0, NULL, NULL },
};

static void
offer(const char *command, const char *kind)
{
	(void)command;
	if (strcmp(kind, "QUEUE") == 0)
		cmd_offer_queues();
}

static const struct cmd program = {
	.name = "th-queue",
	.summary = "Look into the queues of th-publish, and lend a hand there.",
	.synopsis =
	    "list\nshow QUEUE\nexplain ID\nstats\nput QUEUE\ntake QUEUE\n"
	    "ack QUEUE\nretry QUEUE [ID]...\nrelease QUEUE [ID]...\n"
	    "drop QUEUE ID...\npurge [QUEUE]...\nexport [QUEUE]...\nimport",
	.options = options,
	.offer = offer,
};

static const struct {
	const char *name;
	void (*run)(struct queue_cmd *);
	size_t min, max;   /* operands */
	const char *takes; /* options, with a blank behind each */
} commands[] = {
	{ "list", queue_list, 0, 0, "json wait " },
	{ "show", queue_show, 1, 1, "json ledger wait " },
	{ "explain", queue_explain, 1, 1, "json wait " },
	{ "stats", queue_stats, 0, 0, "json prometheus wait " },
	{ "put", queue_put, 1, 1, "wait " },
	{ "take", queue_take, 1, 1, "lease max wait " },
	{ "ack", queue_ack, 1, 1, "wait " },
	{ "retry", queue_retry, 1, SIZE_MAX, "wait " },
	{ "release", queue_release, 1, SIZE_MAX, "wait " },
	{ "drop", queue_drop, 2, SIZE_MAX, "wait " },
	{ "purge", queue_purge, 0, SIZE_MAX, "older wait " },
	{ "export", queue_export, 0, SIZE_MAX, "wait " },
	{ "import", queue_import, 0, 0, "wait " },
};
#define NCOMMANDS (sizeof(commands) / sizeof(*commands))

void
queue_check(enum th_status st, const struct th_err *err)
{
	if (st != TH_END)
		cmd_check(st, err);
}

bool
queue_wants_json(const struct queue_cmd *c)
{
	return c->json || !isatty(STDOUT_FILENO);
}

int64_t
queue_paused(const struct queue_cmd *c)
{
	struct th_err err = { 0 };
	struct th_buf key[2];
	int64_t until, ret = 0;
	int i;

	th_buf_init(&key[0], TH_LINE_MAX);
	th_buf_init(&key[1], TH_LINE_MAX);
	cmd_check(th_buf_addf(&key[0], "%s:%s", c->service, c->account), NULL);
	cmd_check(th_pause_queue_key(th_queue_name(c->q), &key[1]), NULL);
	for (i = 0; i < 2; i++) {
		cmd_check(
		    th_pause_get(c->store, key[i].data, &until, &err), &err);
		ret = until > ret ? until : ret;
		th_buf_release(&key[i]);
	}
	return ret;
}

/* ---- opening ---- */

struct names {
	char **name, **service, **account;
	size_t n;
};

static void
add_name(char ***list, size_t n, const char *s)
{
	*list = cmd_need(th_realloc(*list, (n + 1) * sizeof(**list)));
	(*list)[n] = cmd_need(th_strdup(s));
}

static enum th_status
note_name(void *ctx, const char *name, const char *service, const char *account)
{
	struct names *l = ctx;

	add_name(&l->name, l->n, name);
	add_name(&l->service, l->n, service);
	add_name(&l->account, l->n, account);
	l->n++;
	return TH_OK;
}

static void
names_release(struct names *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		free(l->name[i]);
		free(l->service[i]);
		free(l->account[i]);
	}
	free(l->name);
	free(l->service);
	free(l->account);
}

static void
open_named(struct queue_cmd *c, const char *name, const char *service,
    const char *account)
{
	struct th_err err = { 0 };

	c->service = cmd_need(th_strdup(service));
	c->account = cmd_need(th_strdup(account));
	cmd_check(
	    th_queue_new(c->store, name, service, account, &c->q, &err), &err);
}

static void
no_queue(const struct names *l, const char *name)
{
	struct th_suggest guess;
	size_t i;

	th_suggest_init(&guess, name);
	for (i = 0; i < l->n; i++)
		th_suggest_offer(&guess, l->name[i]);
	if (guess.best != NULL)
		cmd_usage("no queue %s (did you mean %s?)", name, guess.best);
	cmd_usage("no queue %s; th-queue list names those there are", name);
}

void
queue_open(struct queue_cmd *c, const char *name, const char *service,
    const char *account)
{
	struct names l = { 0 };
	struct th_err err = { 0 };
	size_t i;

	cmd_check(th_queue_list(c->store, note_name, &l, &err), &err);
	for (i = 0; i < l.n && strcmp(l.name[i], name) != 0; i++)
		continue;
	if (i == l.n && service == NULL)
		no_queue(&l, name);
	open_named(c, name, i < l.n ? l.service[i] : service,
	    i < l.n ? l.account[i] : account);
	names_release(&l);
}

void
queue_close(struct queue_cmd *c)
{
	cmd_index_close(c->search, c->q);
	c->search = NULL;
	th_queue_free(c->q);
	free(c->service);
	free(c->account);
	c->q = NULL;
	c->service = c->account = NULL;
}

void
queue_for_each(struct queue_cmd *c, void (*f)(struct queue_cmd *))
{
	struct names l = { 0 };
	struct th_err err = { 0 };
	size_t i;

	cmd_check(th_queue_list(c->store, note_name, &l, &err), &err);
	for (i = 0; i < l.n; i++) {
		open_named(c, l.name[i], l.service[i], l.account[i]);
		f(c);
		queue_close(c);
	}
	names_release(&l);
}

/* ---- the command line ---- */

static void
set_option(struct queue_cmd *c, int letter, const char *arg)
{
	switch (letter) {
	case 'n': c->n = cmd_int("--max", arg, 1); break;
	case OPT_JSON: c->json = true; break;
	case OPT_LEASE: c->lease = cmd_duration("--lease", arg); break;
	case OPT_LEDGER: c->ledger = true; break;
	case OPT_OLDER: c->older = cmd_duration("--older", arg); break;
	case OPT_PROMETHEUS: c->prometheus = true; break;
	case OPT_WAIT: c->wait = cmd_wait(arg); break;
	}
}

int
main(int argc, char *argv[])
{
	struct queue_cmd c = {
		.lease = LEASE_DEFAULT, .older = OLDER_DEFAULT, .wait = -1
	};
	struct th_err err = { 0 };
	size_t i;
	int letter;

	cmd_init(&program);
	while ((letter = cmd_getopt(argc, argv, false)) != -1)
		set_option(&c, letter, optarg);
	if (optind == argc)
		cmd_usage("name a command");
	i = cmd_find_command(
	    argv[optind], commands, NCOMMANDS, sizeof(*commands));
	c.arg = argv + optind + 1;
	c.nargs = (size_t)(argc - optind - 1);
	cmd_check_options(commands[i].name, commands[i].takes);
	cmd_check_operands(
	    commands[i].name, c.nargs, commands[i].min, commands[i].max);
	cmd_check(th_config_load(cmd_config, &c.config, &err), &err);
	cmd_check(cmd_store_open(c.config, c.wait, 0, &c.store, &err), &err);
	commands[i].run(&c);
	queue_close(&c);
	th_store_close(c.store);
	th_config_free(c.config);
	return cmd_finish();
}

/* th-publish -- deliver items to a service, each once */
#include <stdlib.h>
#include <string.h>

#include "child.h"
#include "publish.h"
#include "services.h"

enum {
	OPT_DRAIN = 256,
	OPT_DRY_RUN,
	OPT_IN_ORDER,
	OPT_LIMIT,
	OPT_LIST,
	OPT_MARK_SEEN,
	OPT_MAX_AGE,
	OPT_MAX_ITEMS,
	OPT_NO_GUARD,
	OPT_PARALLEL,
	OPT_QUEUE,
	OPT_QUEUE_ONLY,
	OPT_RETRIES,
	OPT_TEXT,
	OPT_TIMEOUT,
	OPT_TITLE,
	OPT_WAIT
};

static const struct cmd_option options[] = {
	{ "drain", OPT_DRAIN, NULL, "send what waits; read no items" },
	{ "dry-run", OPT_DRY_RUN, NULL,
	    "print each request instead of sending it; change nothing" },
	{ "in-order", OPT_IN_ORDER, NULL,
	    "send nothing before all that came earlier is settled" },
	{ "limit", OPT_LIMIT, "N/DURATION",
	    "publish at most N items of this queue in any such time" },
	{ "list", OPT_LIST, NULL, "list the services that can be written to" },
	{ "mark-seen", OPT_MARK_SEEN, NULL,
	    "record the items as published without sending them" },
	{ "max-age", OPT_MAX_AGE, "DURATION",
	    "set aside what has waited longer" },
	{ "max-items", OPT_MAX_ITEMS, "N",
	    "send at most N items in this run; the others wait" },
	{ "no-guard", OPT_NO_GUARD, NULL,
	    "publish new ids even if their urls or titles were published" },
	{ "parallel", OPT_PARALLEL, "N", "send N items at a time (default 1)" },
	{ "queue", OPT_QUEUE, "QUEUE",
	    "use this queue (default: service, account and destination)" },
	{ "queue-only", OPT_QUEUE_ONLY, NULL,
	    "put the items into the queue; send nothing" },
	{ "retries", OPT_RETRIES, "N",
	    "refuse an item after N failed retries (default: never)" },
	{ "text", OPT_TEXT, "TEMPLATE", "the text to publish" },
	{ "timeout", OPT_TIMEOUT, "DURATION",
	    "give up a request slower than 1 kB/s for so long (10s), and a "
	    "program that is silent for so long (1m)" },
	{ "title", OPT_TITLE, "TEMPLATE", "the title to publish" },
	{ "wait", OPT_WAIT, "DURATION",
	    "wait that long for a store that is away (10s) or held (1m)" },
	{ NULL, 0, NULL, NULL },
};

static void
service_tables(const char *word, struct cmd *ret,
    const struct th_param **ret_params, unsigned *ret_which)
{
	(void)ret;
	*ret_params = cmd_service_params(word);
	*ret_which = TH_P_PUBLISH;
}

static void
offer(const char *service, const char *kind)
{
	(void)service;
	if (strcmp(kind, "SERVICE[:ACCOUNT]") == 0)
		cmd_offer_services(TH_P_PUBLISH);
	else if (strcmp(kind, "QUEUE") == 0)
		cmd_offer_queues();
}

static const struct cmd program = {
	.name = "th-publish",
	.summary = "Deliver items from standard input to a service, each once.",
	.synopsis = "SERVICE[:ACCOUNT] [OPTION]...\n--list",
	.options = options,
	.note = "th-publish SERVICE --help lists the options of a service.",
	.sub = service_tables,
	.offer = offer,
};

static int
parallel_of(const char *arg)
{
	int64_t n = cmd_int("--parallel", arg, 1);

	if (n > 64)
		cmd_usage("--parallel: at most 64: %s", arg);
	return (int)n;
}

static void
set_limit(struct publish *p, const char *arg)
{
	struct th_err err = { 0 };

	if (th_limit_parse(arg, &p->own, &err) != TH_OK)
		cmd_usage("--limit: %s", err.text);
	p->has_own = true;
}

static void
set_option(struct publish *p, int c, const char *arg)
{
	switch (c) {
	case OPT_DRAIN: p->drain = true; break;
	case OPT_DRY_RUN: p->dry_run = true; break;
	case OPT_IN_ORDER: p->in_order = true; break;
	case OPT_LIMIT: set_limit(p, arg); break;
	case OPT_LIST: p->list = true; break;
	case OPT_MARK_SEEN: p->mark_seen = true; break;
	case OPT_MAX_AGE: p->max_age = cmd_duration("--max-age", arg); break;
	case OPT_NO_GUARD: p->no_guard = true; break;
	case OPT_PARALLEL: p->parallel = parallel_of(arg); break;
	case OPT_QUEUE: p->queue = arg; break;
	case OPT_QUEUE_ONLY: p->queue_only = true; break;
	case OPT_MAX_ITEMS:
		p->max_items = cmd_int("--max-items", arg, 1);
		break;
	case OPT_RETRIES: p->retries = cmd_int("--retries", arg, 0); break;
	case OPT_TEXT: p->text_source = arg; break;
	case OPT_TIMEOUT: p->timeout = cmd_timeout(arg); break;
	case OPT_TITLE: p->title_source = arg; break;
	case OPT_WAIT: p->wait = cmd_wait(arg); break;
	}
}

/* Options that contradict each other, before anything is done. */
static void
check_options(const struct publish *p)
{
	if (p->drain && (p->queue_only || p->mark_seen))
		cmd_usage("--drain reads no items: not with --%s",
		    p->queue_only ? "queue-only" : "mark-seen");
	if (p->queue_only && p->mark_seen)
		cmd_usage("either --queue-only or --mark-seen");
	if (p->in_order && p->parallel > 1)
		cmd_usage("either --in-order or --parallel");
	if (p->queue != NULL && p->queue[0] == '\0')
		cmd_usage("--queue: empty name");
}

static void
run_service(
    struct publish *p, const struct th_service *s, int argc, char *argv[])
{
	struct cmd sub = { .name = s->name,
		.summary = s->summary,
		.closed = s->closed,
		.synopsis = "[OPTION]..." };
	struct th_opts *opts = th_opts_new(s->params);
	struct th_err err = { 0 };
	enum th_status st = TH_OK;
	int c;

	if (s->publish == NULL)
		cmd_usage("%s cannot be written to; th-publish --list "
			  "names the services that can",
		    s->name);
	if (opts == NULL)
		cmd_die(TH_ENOMEM, "%s", th_strstatus(TH_ENOMEM));
	while ((c = cmd_getopt_more(
		    argc, argv, &sub, s->params, TH_P_PUBLISH, opts)) != -1)
		set_option(p, c, optarg);
	if (optind < argc)
		cmd_usage("%s: th-publish reads standard input", argv[optind]);
	check_options(p);
	if (s->textless && p->text_source != NULL)
		cmd_usage("--text: %s keeps addresses, no text", s->name);
	if (th_opts_check(opts, TH_P_PUBLISH, &err) != TH_OK)
		cmd_usage("%s", err.text);
	if (s->check != NULL)
		st = s->check(opts, &err);
	if (st == TH_EUSAGE)
		cmd_usage("%s", err.text);
	cmd_check(st, &err);
	if (!cmd_vacation())
		publish_service(p, s, opts);
	th_opts_free(opts);
}

static void
own_option(void *ctx, int c, const char *arg)
{
	set_option(ctx, c, arg);
}

static void
run_external(struct publish *p, const char *path, int argc, char *argv[])
{
	struct cmd_words words = { 0 };

	cmd_child_words(path, argc, argv, own_option, p, &words);
	check_options(p);
	p->words = &words; /* cppcheck-suppress autoVariables */
	if (!cmd_vacation())
		publish_external(p, &words);
	p->words = NULL;
	cmd_words_release(&words);
}

int
main(int argc, char *argv[])
{
	struct publish p = { .parallel = 1, .retries = -1, .wait = -1 };
	const struct th_service *s;
	struct th_buf path;
	int c;

	th_buf_init(&path, TH_LINE_MAX);
	cmd_init(&program);
	while ((c = cmd_getopt(argc, argv, true)) != -1)
		set_option(&p, c, optarg);
	if (p.list) {
		cmd_list_services(TH_P_PUBLISH);
		return cmd_finish();
	}
	if (optind == argc)
		cmd_usage("name a service");
	cmd_split_service(argv[optind], &p.service, &p.account);
	cmd_tell("service", argv[optind]);
	if ((s = th_service_find(p.service)) != NULL)
		run_service(&p, s, argc, argv);
	else if (th_external_find("publish", p.service, &path) == TH_OK)
		run_external(&p, path.data, argc, argv);
	else
		cmd_unknown_service(p.service);
	th_buf_release(&path);
	free(p.service);
	return cmd_finish();
}

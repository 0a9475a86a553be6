/* th-fetch -- print the items of a source */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "fetch.h"
#include "services.h"

enum {
	OPT_LIST = 256,
	OPT_MAX_SIZE,
	OPT_SINCE,
	OPT_STATE,
	OPT_TIMEOUT,
	OPT_WAIT
};

static const struct cmd_option options[] = { { "limit", 'n', "N",
						 "print at most N items" },
	{ "list", OPT_LIST, NULL, "list the services that can be read from" },
	{ "max-size", OPT_MAX_SIZE, "SIZE",
	    "give up a source that sends more (default 256M)" },
	{ "since", OPT_SINCE, "DATE|DURATION",
	    "leave out items older than that" },
	{ "state", OPT_STATE, "NAME",
	    "print only what is new since the last run with NAME" },
	{ "timeout", OPT_TIMEOUT, "DURATION",
	    "give up a source slower than 1 kB/s for so long (10s), and a "
	    "program that is silent for so long (1m)" },
	{ "wait", OPT_WAIT, "DURATION",
	    "wait that long for a store that is away (10s) or held (1m)" },
	{ NULL, 0, NULL, NULL } };

static void
service_tables(const char *word, struct cmd *ret,
    const struct th_param **ret_params, unsigned *ret_which)
{
	(void)ret;
	*ret_params = cmd_service_params(word);
	*ret_which = TH_P_FETCH;
}

static void
offer(const char *service, const char *kind)
{
	(void)service;
	if (strcmp(kind, "SERVICE[:ACCOUNT]") == 0)
		cmd_offer_services(TH_P_FETCH);
}

static const struct cmd program = {
	.name = "th-fetch",
	.summary = "Print the items of a source, one JSON object a line.",
	.synopsis = "SERVICE[:ACCOUNT] [OPTION]... [ARG]...\n--list",
	.options = options,
	.note = "th-fetch SERVICE --help lists the options of a service.",
	.sub = service_tables,
	.offer = offer,
};

/* "10M" */
static size_t
size_of(const char *arg)
{
	static const char units[] = "kMG";
	char *end;
	const char *unit;
	unsigned long long n = strtoull(arg, &end, 10);
	int shift = 0;

	unit = *end != '\0' ? strchr("kMG", *end == 'K' ? 'k' : *end) : NULL;
	if (unit != NULL) {
		shift = 10 * (int)(strchr(units, *unit) - units + 1);
		end++;
	}
	if (arg[0] < '0' || arg[0] > '9' || *end != '\0' || n == 0 ||
	    n > (SIZE_MAX >> 1) >> shift)
		cmd_usage(
		    "--max-size: not a size such as 500k or 20M: %s", arg);
	return (size_t)n << shift;
}

bool
fetch_option(struct fetch *f, int c, const char *arg)
{
	switch (c) {
	case 'n':
		f->limit = cmd_int("--limit", arg, 0);
		f->nothing = f->limit == 0;
		return true;
	case OPT_LIST: f->list = true; return true;
	case OPT_MAX_SIZE: f->max_size = size_of(arg); return true;
	case OPT_SINCE: f->since = cmd_since("--since", arg); return true;
	case OPT_STATE: f->state_name = arg; return true;
	case OPT_TIMEOUT: f->timeout = cmd_timeout(arg); return true;
	case OPT_WAIT: f->wait = cmd_wait(arg); return true;
	}
	return false;
}

static void
unknown_service(const char *name, const char *word)
{
	if (strchr(word, '/') != NULL || access(word, F_OK) == 0)
		cmd_usage("%s is no service; th-fetch rss reads feeds, "
			  "th-fetch file items",
		    word);
	cmd_unknown_service(name);
}

/* A service that is built in. */
static void
run_service(struct fetch *f, const struct th_service *s, int argc, char **argv)
{
	struct cmd sub = { .name = s->name,
		.summary = s->summary,
		.closed = s->closed,
		.synopsis = "[OPTION]... [ARG]..." };
	struct th_opts *opts = cmd_need(th_opts_new(s->params));
	struct th_err err = { 0 };
	int c;

	if (s->fetch == NULL)
		cmd_usage("%s cannot be read from; th-fetch --list names the "
			  "services that can",
		    s->name);
	while ((c = cmd_getopt_more(
		    argc, argv, &sub, s->params, TH_P_FETCH, opts)) != -1)
		fetch_option(f, c, optarg);
	if (th_opts_check(opts, TH_P_FETCH, &err) != TH_OK)
		cmd_usage("%s", err.text);
	if (!cmd_vacation() && !f->nothing)
		fetch_service(
		    f, s, opts, argv + optind, (size_t)(argc - optind));
	th_opts_free(opts);
}

int
main(int argc, char *argv[])
{
	struct fetch f = { .since = INT64_MIN, .wait = -1 };
	const struct th_service *s;
	struct th_buf path;
	int c;

	cmd_init(&program);
	f.state_name = getenv("TH_TRIGGER");
	while ((c = cmd_getopt(argc, argv, true)) != -1)
		fetch_option(&f, c, optarg);
	if (f.list) {
		cmd_list_services(TH_P_FETCH);
		return cmd_finish();
	}
	if (optind == argc)
		cmd_usage("name a service");
	cmd_split_service(argv[optind], &f.service, &f.account);
	cmd_tell("service", argv[optind]);
	th_buf_init(&path, TH_LINE_MAX);
	if ((s = th_service_find(f.service)) != NULL)
		run_service(&f, s, argc, argv);
	else if (th_external_find("fetch", f.service, &path) == TH_OK)
		fetch_external(&f, path.data, argc, argv);
	else
		unknown_service(f.service, argv[optind]);
	th_buf_release(&path);
	free(f.service);
	return cmd_finish();
}

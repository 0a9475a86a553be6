/* search-main -- th-search, whoever finds what it looks for */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "search.h"

#define LIMIT_DEFAULT 20
#define WORDS_MAX ((size_t)64 << 10)
#define HELPER "th-search-http"

enum { OPT_ALL = 256, OPT_ITEMS, OPT_JSON, OPT_REINDEX, OPT_TRIGGERS };

static const struct cmd_option options[] = {
	{ "all", OPT_ALL, NULL, "look for triggers and items (the default)" },
	{ "items", OPT_ITEMS, NULL, "look for items alone" },
	{ "json", OPT_JSON, NULL, "print one JSON object a line" },
	{ "max", 'n', "N", "print at most N of each, the best (20)" },
	{ "reindex", OPT_REINDEX, NULL, "build the index anew first" },
	{ "triggers", OPT_TRIGGERS, NULL, "look for triggers alone" },
	{ NULL, 0, NULL, NULL },
};

static const struct cmd program = {
	.name = "th-search",
	.summary = "Find items and triggers again.",
	.synopsis = "[OPTION]... WORD...\n--reindex [OPTION]... [WORD]...",
	.options = options,
	.note =
	    "All words must be there: a word matches by its stem, \"a "
	    "phrase\" as it is\nwritten, word* as a beginning; -word must "
	    "not be there.  title: tag: service:\nlook in one place, after: "
	    "before: date:A..B by date.",
};

/* Is this argument one of our options?  -mysql is a word that must not match.
 */
static bool
is_option(const char *arg, bool *takes_next)
{
	const char letter = arg[1];

	*takes_next = false;
	if (arg[0] != '-' || letter == '\0')
		return false;
	if (letter == '-') {
		/* getopt_long knows them by their beginnings. */
		*takes_next = arg[2] != '\0' &&
			      (th_str_has_prefix(TH_STR("--max"), arg) ||
				  th_str_has_prefix(TH_STR("--config"), arg));
		return true;
	}
	if ((letter == 'n' || letter == 'c') && arg[2] == '\0') {
		*takes_next = true;
		return true;
	}
	if (letter == 'n')
		return arg[2 + strspn(arg + 2, "0123456789")] == '\0';
	return arg[1 + strspn(arg + 1, "hqvV")] == '\0';
}

/* Options to the front, then "--", then the words, in their order. */
static char **
sort_arguments(int argc, char *argv[])
{
	static char end[] = "--";
	char **sorted = cmd_need(th_calloc((size_t)argc + 2, sizeof(*sorted)));
	int i, pass, n = 0;
	bool next = false, option, ended;

	sorted[n++] = argv[0];
	for (pass = 0; pass < 2; pass++) {
		if (pass == 1)
			sorted[n++] = end;
		ended = false;
		for (i = 1; i < argc; i++) {
			if (!ended && strcmp(argv[i], "--") == 0) {
				ended = true;
				continue;
			}
			option = !ended && is_option(argv[i], &next);
			if (option == (pass == 0))
				sorted[n++] = argv[i];
			if (option && next && i + 1 < argc) {
				i++;
				if (pass == 0)
					sorted[n++] = argv[i];
			}
		}
	}
	return sorted;
}

static void
set_option(struct search *s, int letter, const char *arg)
{
	switch (letter) {
	case 'n': s->n = cmd_int("--max", arg, 1); break;
	case OPT_ALL: s->items = s->triggers = true; break;
	case OPT_ITEMS: s->items = true; break;
	case OPT_JSON: s->json = true; break;
	case OPT_REINDEX: s->reindex = true; break;
	case OPT_TRIGGERS: s->triggers = true; break;
	}
}

static void
read_arguments(struct search *s, int argc, char *argv[])
{
	char **sorted;
	struct th_buf words;
	int i, n, letter;

	if (argc > 1 && strcmp(argv[1], "--complete") == 0)
		cmd_getopt(argc, argv, false); /* does not come back */
	sorted = sort_arguments(argc, argv);
	for (n = 1; sorted[n] != NULL; n++)
		continue;
	while ((letter = cmd_getopt(n, sorted, false)) != -1)
		set_option(s, letter, optarg);
	th_buf_init(&words, WORDS_MAX);
	th_buf_adds(&words, "");
	for (i = optind; i < n; i++)
		th_buf_addf(&words, "%s%s", i > optind ? " " : "", sorted[i]);
	if (words.status == TH_EDATA)
		cmd_usage("too many words");
	cmd_check(words.status, NULL);
	s->words = th_buf_take(&words);
	free(sorted);
	if (!s->items && !s->triggers)
		s->items = s->triggers = true;
}

static void
read_query(struct search *s)
{
	struct th_err err = { 0 };
	enum th_status st;

	if (s->words[0] == '\0' && !s->reindex)
		cmd_usage("name a word to look for");
	if (s->words[0] == '\0')
		return;
	st = th_query_parse(s->words, &s->query, &err);
	if (st == TH_EUSAGE)
		cmd_point("query", s->words, &err);
	cmd_check(st, &err);
	s->marker = cmd_need(th_marker_new(&s->query));
}

/* The program of that name beside this one, or on PATH, goes on. */
static void
leave_to_helper(struct search *s)
{
	const char *slash = strrchr(s->argv[0], '/');
	struct th_buf path;

	th_buf_init(&path, WORDS_MAX);
	if (slash != NULL)
		th_buf_add(&path, s->argv[0], (size_t)(slash - s->argv[0]) + 1);
	th_buf_adds(&path, HELPER);
	cmd_check(path.status, NULL);
	execvp(path.data, s->argv);
	cmd_die(TH_EUNAVAIL, "%s: %s", path.data, strerror(errno));
}

static void
open_index(struct search *s)
{
	struct th_err err = { 0 };

	cmd_check(th_config_load(cmd_config, &s->config, &err), &err);
	if (s->engine == NULL &&
	    strcmp(th_config_search(s->config), "sqlite") != 0)
		leave_to_helper(s);
	cmd_check(cmd_store_open(s->config, -1, 0, &s->store, &err), &err);
	cmd_check(
	    th_search_open(s->config, s->store, s->engine, &s->index, &err),
	    &err);
	cmd_check(th_went_new(s->store, &s->went, &err), &err);
	th_buf_init(&s->line, 2 * TH_LINE_MAX);
	th_buf_init(&s->text, 2 * TH_LINE_MAX);
	th_buf_init(&s->out, 2 * TH_LINE_MAX);
}

static void
close_index(struct search *s)
{
	th_marker_free(s->marker);
	th_query_release(&s->query);
	th_went_free(s->went);
	th_search_free(s->index);
	th_store_close(s->store);
	th_config_free(s->config);
	th_buf_release(&s->line);
	th_buf_release(&s->text);
	th_buf_release(&s->out);
	free(s->words);
}

/*
 * Triggers are looked through again and what waits is sent: never stale, or
 * said to be.
 */
static void
refresh(struct search *s, struct th_err *stale)
{
	struct th_err err = { 0 };
	enum th_status st;
	int64_t n;

	/* First, as nothing can be put into an index that is damaged. */
	if (s->reindex) {
		cmd_check(th_search_rebuild(s->index, &n, &err), &err);
		cmd_say(0, "%" PRId64 " documents indexed", n);
	}
	cmd_check(th_search_scan_triggers(s->index, &err), &err);
	st = th_search_flush(s->index, true, stale);
	if (st == TH_EREFUSED)
		cmd_warn("%s", stale->text);
	else if (st != TH_EAGAIN || s->reindex)
		cmd_check(st, stale);
	stale->status = st;
}

static void
find(struct search *s, enum th_search_kind kind)
{
	struct th_err err = { 0 };
	enum th_status st;

	st = th_search_find(s->index, kind, &s->query, (size_t)s->n,
	    s->json ? search_json : search_show, s, &err);
	if (st != TH_END && cmd_out.status == TH_OK)
		cmd_check(st, &err);
}

int
search_main(int argc, char *argv[], const struct th_search_engine *engine)
{
	struct search s = {
		.n = LIMIT_DEFAULT, .argv = argv, .engine = engine
	};
	const char *no_color = getenv("NO_COLOR");
	struct th_err stale = { 0 };

	cmd_init(&program);
	read_arguments(&s, argc, argv);
	read_query(&s);
	s.bold = isatty(STDOUT_FILENO) == 1 &&
		 (no_color == NULL || no_color[0] == '\0');
	open_index(&s);
	refresh(&s, &stale);
	if (s.words[0] != '\0' && s.triggers)
		find(&s, TH_SEARCH_TRIGGER);
	if (s.words[0] != '\0' && s.items)
		find(&s, TH_SEARCH_ITEM);
	if (s.query.meant != NULL)
		cmd_say(0, "%s: is no field, but a word; did you mean %s:?",
		    s.query.slip, s.query.meant);
	if (stale.status == TH_EAGAIN)
		cmd_say(0, "%s; what is new is not found yet", stale.text);
	close_index(&s);
	return cmd_finish();
}

/* th-filter -- selects and reshapes items */
#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>

#include "filter.h"

enum {
	OPT_SET = 256,
	OPT_REPLACE,
	OPT_RENAME,
	OPT_KEEP,
	OPT_DROP,
	OPT_UNIQUE,
	OPT_SORT,
	OPT_REVERSE,
	OPT_SKIP,
	OPT_TAIL,
	OPT_COUNT
};

static const struct cmd_option options[] = {
	{ "set", OPT_SET, "FIELD=TEMPLATE", "set FIELD to a text" },
	{ "replace", OPT_REPLACE, "FIELD/REGEX/REPLACEMENT/FLAGS",
	    "replace in FIELD what REGEX matches" },
	{ "rename", OPT_RENAME, "A=B", "make field A into B" },
	{ "keep", OPT_KEEP, "F,..", "remove all fields but these" },
	{ "drop", OPT_DROP, "F,..", "remove these fields" },
	{ "unique", OPT_UNIQUE, "FIELD", "only the first item of each FIELD" },
	{ "sort", OPT_SORT, "[-]FIELD", "sort by FIELD; -FIELD: downwards" },
	{ "reverse", OPT_REVERSE, NULL, "turn the order round" },
	{ "skip", OPT_SKIP, "N", "leave out the first N items" },
	{ "limit", 'n', "N", "then print at most N items" },
	{ "tail", OPT_TAIL, "N", "of those only the last N" },
	{ "count", OPT_COUNT, NULL, "print how many items, not the items" },
	{ NULL, 0, NULL, NULL },
};

/* Most kinds here are a field, or begin with one. */
static void
offer(const char *none, const char *kind)
{
	const char *name;
	size_t i;

	(void)none;
	if (strcmp(kind, "N") == 0 || strcmp(kind, "FILE") == 0)
		return;
	for (i = 0; (name = th_field_name(i)) != NULL; i++)
		cmd_offer(name, NULL);
}

static const struct cmd program = {
	.name = "th-filter",
	.summary =
	    "Select and reshape items, in the order of the options below.",
	.synopsis = "[OPTION]... [EXPRESSION]",
	.options = options,
	.note = "An expression: title ~ \"chess\" and not tags = \"ad\" and "
		"date > now - 7d",
	.offer = offer,
};

struct filter {
	struct th_expr *expr;
	struct edits *edits;
	struct th_key *unique, *sort;
	struct th_set *seen;
	struct order order;
	bool sorted, tailed, count;
	size_t skip, limit, tail;
	size_t n; /* items that came so far */
	struct th_buf key, line;
};

/* ---- options ---- */

static size_t
number(const char *option, const char *arg)
{
	int64_t n = cmd_int(option, arg, 0);

	return (uint64_t)n > SIZE_MAX ? SIZE_MAX : (size_t)n;
}

static void
set_key(const char *option, const char *arg, struct th_key **key)
{
	struct th_err err = { 0 };
	enum th_status st;

	th_key_free(*key);
	*key = NULL;
	st = th_key_new(arg, key, &err);
	if (st == TH_EUSAGE)
		cmd_usage("%s: %s", option, err.text);
	cmd_check(st, &err);
}

static void
set_sort(struct filter *f, const char *arg)
{
	f->order.descending = arg[0] == '-';
	set_key("--sort", arg + f->order.descending, &f->sort);
	f->sorted = true;
}

static void
set_option(struct filter *f, int c)
{
	switch (c) {
	case OPT_SET: edits_add(f->edits, EDIT_SET, optarg); break;
	case OPT_REPLACE: edits_add(f->edits, EDIT_REPLACE, optarg); break;
	case OPT_RENAME: edits_add(f->edits, EDIT_RENAME, optarg); break;
	case OPT_KEEP: edits_add(f->edits, EDIT_KEEP, optarg); break;
	case OPT_DROP: edits_add(f->edits, EDIT_DROP, optarg); break;
	case OPT_UNIQUE: set_key("--unique", optarg, &f->unique); break;
	case OPT_SORT: set_sort(f, optarg); break;
	case OPT_REVERSE: f->order.reverse = f->sorted = true; break;
	case OPT_SKIP: f->skip = number("--skip", optarg); break;
	case 'n': f->limit = number("--limit", optarg); break;
	case OPT_TAIL:
		f->tail = number("--tail", optarg);
		f->tailed = true;
		break;
	case OPT_COUNT: f->count = true; break;
	}
}

static void
set_expression(struct filter *f, const char *src)
{
	struct th_err err = { 0 };
	enum th_status st = th_expr_new(src, th_now(), &f->expr, &err);

	if (st == TH_EUSAGE)
		cmd_point("expression", src, &err);
	cmd_check(st, &err);
}

/* A configuration says nothing to a filter, but one that is named is read. */
static void
check_config(void)
{
	struct th_config *config = NULL;
	struct th_err err = { 0 };

	if (cmd_config == NULL)
		return;
	cmd_check(th_config_load(cmd_config, &config, &err), &err);
	th_config_free(config);
}

static size_t
end_of_limit(const struct filter *f)
{
	return f->limit > SIZE_MAX - f->skip ? SIZE_MAX : f->skip + f->limit;
}

/* Keeps in memory only what can still be printed. */
static void
set_bounds(struct filter *f)
{
	f->order.max = SIZE_MAX;
	if (f->sorted && f->limit < SIZE_MAX) {
		f->order.max = end_of_limit(f);
	} else if (f->tailed) {
		f->order.max = f->tail;
		f->order.last = true;
	}
}

/* No directory: of "title ~ soup" without quotes the shell makes one. */
static bool
is_file(const char *arg)
{
	struct stat st;

	return strpbrk(arg, "./") != NULL && stat(arg, &st) == 0 &&
	       !S_ISDIR(st.st_mode);
}

static void
read_options(struct filter *f, int argc, char *argv[])
{
	int c;

	while ((c = cmd_getopt(argc, argv, false)) != -1)
		set_option(f, c);
	for (c = optind; c < argc; c++)
		if (is_file(argv[c]))
			cmd_usage("%s is a file; th-filter reads standard "
				  "input: <%s",
			    argv[c], argv[c]);
	if (argc - optind > 1)
		cmd_usage("one expression, not %d; put it between quotes: %s",
		    argc - optind, argv[optind + 1]);
	check_config();
	if (optind < argc)
		set_expression(f, argv[optind]);
	set_bounds(f);
	if (f->unique != NULL)
		f->seen = cmd_need(th_set_new());
}

/* ---- items ---- */

static enum th_status
is_new(struct filter *f, const struct th_item *it, bool *ret)
{
	enum th_status st;

	*ret = true;
	if (f->unique == NULL)
		return TH_OK;
	th_buf_clear(&f->key);
	st = th_key_same(f->unique, it, &f->key);
	if (st == TH_OK)
		st = th_set_add(f->seen, th_buf_str(&f->key), ret);
	return st == TH_END ? TH_OK : st;
}

/* Into memory, to be printed when all have come. */
static enum th_status
keep(struct filter *f, const struct th_item *it)
{
	struct th_str key = { 0 };
	enum th_status st;

	th_buf_clear(&f->key);
	th_buf_clear(&f->line);
	if (f->sort != NULL) {
		st = th_key_sort(f->sort, it, &f->key);
		if (st == TH_OK)
			key = th_buf_str(&f->key);
		else if (st != TH_END)
			return st;
	}
	st = th_item_line(it, &f->line);
	if (st != TH_OK)
		return st;
	return order_add(&f->order, key, th_buf_str(&f->line));
}

/* One item on its way; err->text is set for what is only this item's fault. */
static enum th_status
pass(struct filter *f, struct th_item *it, struct th_err *err)
{
	bool wanted = true;
	enum th_status st = TH_OK;
	size_t i;

	if (f->expr != NULL)
		st = th_expr_match(f->expr, it, &wanted, err);
	if (st == TH_OK && wanted)
		st = edits_apply(f->edits, it, err);
	if (st == TH_OK && wanted)
		st = is_new(f, it, &wanted);
	if (st != TH_OK || !wanted)
		return st;
	i = f->n++;
	if (f->count || (!f->sorted && i < f->skip))
		return TH_OK;
	if (f->sorted || f->tailed)
		return keep(f, it);
	st = th_out_item(&cmd_out, it);
	return st;
}

/* Has all come that can be printed? */
static bool
is_enough(const struct filter *f)
{
	return !f->sorted && f->n >= end_of_limit(f);
}

/* Returns false when reading was broken off, so that nothing half is printed.
 */
static bool
run(struct filter *f)
{
	struct th_stream in;
	struct th_item it;
	struct th_err err = { 0 };
	enum th_status st = TH_OK;

	cmd_items_open(&in, &cmd_out);
	th_item_init(&it);
	while (!is_enough(f) && cmd_out.status == TH_OK) {
		st = th_stream_next(&in, &it);
		if (st == TH_EDATA) { /* one bad line is not the end */
			cmd_bad_line(&in, st, &in.err);
			continue;
		}
		if (st != TH_OK)
			break;
		st = pass(f, &it, &err);
		if (st == TH_EDATA) {
			err.column = 0;
			cmd_bad_line(&in, st, &err);
		} else if (st != TH_OK) {
			in.err = (struct th_err){ 0 };
			break;
		}
		st = TH_OK;
	}
	cmd_tell_count("in", (int64_t)in.items);
	th_item_release(&it);
	cmd_items_close(&in);
	if (st <= TH_END || cmd_out.status != TH_OK)
		return cmd_out.status == TH_OK;
	if (st == TH_EIO)
		cmd_warn("standard input: %s",
		    in.err.text[0] != '\0' ? in.err.text : th_strstatus(st));
	else
		cmd_warn(
		    "%s", st == TH_EAGAIN ? "interrupted" : th_strstatus(st));
	cmd_note(st);
	return false;
}

/* The part of the n items that came which skip, limit and tail leave. */
static void
slice(const struct filter *f, size_t *start, size_t *end)
{
	*start = f->skip < f->n ? f->skip : f->n;
	*end = end_of_limit(f) < f->n ? end_of_limit(f) : f->n;
	if (f->tailed && *end - *start > f->tail)
		*start = *end - f->tail;
}

/* What was kept: the last of all that came, or the first. */
static void
print_kept(struct filter *f)
{
	size_t offset = f->order.last ? f->n - f->order.n : 0, i, start, end;

	slice(f, &start, &end);
	order_finish(&f->order);
	for (i = start; i < end; i++)
		if (th_out_line(&cmd_out, order_line(&f->order, i - offset)) !=
		    TH_OK)
			return;
}

static void
print(struct filter *f)
{
	char text[32];
	size_t start, end;

	if (f->count) {
		slice(f, &start, &end);
		snprintf(text, sizeof(text), "%zu", end - start);
		th_out_line(&cmd_out, th_str(text));
	} else if (f->sorted || f->tailed) {
		print_kept(f);
	}
}

static void
release(struct filter *f)
{
	th_expr_free(f->expr);
	edits_free(f->edits);
	th_key_free(f->unique);
	th_key_free(f->sort);
	th_set_free(f->seen);
	order_release(&f->order);
	th_buf_release(&f->key);
	th_buf_release(&f->line);
}

int
main(int argc, char *argv[])
{
	struct filter f = { .limit = SIZE_MAX };

	cmd_init(&program);
	f.edits = edits_new();
	th_buf_init(&f.key, TH_LINE_MAX);
	th_buf_init(&f.line, TH_LINE_MAX);
	read_options(&f, argc, argv);
	if (run(&f))
		print(&f);
	edits_tell(f.edits);
	release(&f);
	return cmd_finish();
}

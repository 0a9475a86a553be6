/* th-rss -- write items as a feed */
#include <errno.h>
#include <string.h>

#include "cmd.h"

#define FILE_MAX ((size_t)1 << 30) /* an older feed, to be merged */

enum { FORMAT = 256, TITLE, LINK, DESCRIPTION, SELF, LANGUAGE, MAX, MERGE };

static const struct cmd_option options[] = {
	{ "format", FORMAT, "rss|atom|json",
	    "RSS 2.0 (default), Atom 1.0 or JSON Feed 1.1" },
	{ "title", TITLE, "TEXT", "name of the feed; required" },
	{ "link", LINK, "URL", "page that the feed belongs to" },
	{ "description", DESCRIPTION, "TEXT", "what the feed is about" },
	{ "self", SELF, "URL", "where the feed will be found" },
	{ "language", LANGUAGE, "TAG", "language of the feed, as en or pt-BR" },
	{ "max", MAX, "N", "keep the N newest items" },
	{ "output", 'o', "FILE", "replace FILE, when it changes" },
	{ "merge", MERGE, NULL, "keep FILE's items that are not in the input" },
	{ NULL, 0, NULL, NULL },
};

static const struct cmd program = {
	.name = "th-rss",
	.summary = "Write items as a feed.",
	.synopsis = "--title TEXT [OPTION]... [-o FILE [--merge]]",
	.options = options,
};

struct job {
	struct th_feedout_options feed;
	const char *file; /* NULL: standard output */
	bool merge;
};

static enum th_feed_format
parse_format(const char *arg)
{
	static const char *const name[] = { [TH_FEED_RSS] = "rss",
		[TH_FEED_ATOM] = "atom",
		[TH_FEED_JSON] = "json" };
	size_t i;

	for (i = 0; i < sizeof(name) / sizeof(*name); i++)
		if (strcmp(arg, name[i]) == 0)
			return (enum th_feed_format)i;
	cmd_usage("--format is rss, atom or json, not %s", arg);
}

/* A feed's own addresses are absolute, and text of blanks and controls is none.
 */
static const char *
parse_url(const char *option, const char *arg)
{
	if (!th_url_is_http(th_str(arg)))
		cmd_usage("--%s: not an http or https URL: %s", option, arg);
	return arg;
}

static const char *
parse_text(const char *option, const char *arg)
{
	const char *p = arg;

	if (th_utf8_valid(th_str(arg)) != strlen(arg))
		cmd_usage("--%s is not UTF-8", option);
	while ((unsigned char)*p <= ' ' && *p != '\0')
		p++;
	return *p != '\0' ? arg : NULL;
}

static void
parse_options(int argc, char *argv[], struct job *ret)
{
	int c;

	while ((c = cmd_getopt(argc, argv, false)) != -1) {
		switch (c) {
		case FORMAT: ret->feed.format = parse_format(optarg); break;
		case TITLE:
			ret->feed.title = parse_text("title", optarg);
			break;
		case LINK: ret->feed.link = parse_url("link", optarg); break;
		case DESCRIPTION:
			ret->feed.description =
			    parse_text("description", optarg);
			break;
		case SELF: ret->feed.self = parse_url("self", optarg); break;
		case LANGUAGE:
			ret->feed.language = parse_text("language", optarg);
			break;
		case MAX:
			ret->feed.max = (size_t)cmd_int("--max", optarg, 1);
			break;
		case 'o':
			ret->file = strcmp(optarg, "-") == 0 ? NULL : optarg;
			break;
		case MERGE: ret->merge = true; break;
		}
	}
	if (optind < argc)
		cmd_usage("%s: th-rss reads standard input", argv[optind]);
	if (ret->feed.title == NULL)
		cmd_usage("a feed needs a --title");
	if (ret->merge && ret->file == NULL)
		cmd_usage("--merge needs -o FILE");
}

static void
note(void *ctx, const char *text)
{
	(void)ctx;
	cmd_say(1, "%s", text);
}

/* False: there was something, and nothing of it was an item. */
static bool
read_items(struct th_feedout *feed)
{
	bool any;

	struct th_stream in;
	struct th_err err = { 0 };
	struct th_item it;
	enum th_status st;

	th_item_init(&it);
	cmd_items_open(&in, NULL);
	while ((st = th_stream_next(&in, &it)) != TH_END) {
		if (st == TH_EDATA) {
			cmd_bad_line(&in, st, &in.err);
			continue;
		}
		if (st != TH_OK)
			cmd_die(st, "standard input: %s", in.err.text);
		if ((st = th_feedout_item(feed, &it, &err)) != TH_OK)
			cmd_die(st, "line %zu: %s", in.line, err.text);
	}
	cmd_tell_count("in", (int64_t)in.items);
	any = in.items > 0 || in.bad == 0;
	cmd_items_close(&in);
	th_item_release(&it);
	return any;
}

/* The lock that th_file_open() took makes what we read here what we replace. */
static enum th_status
merge(struct th_feedout *feed, const char *path, struct th_buf *old,
    struct th_err *err)
{
	enum th_status st = th_file_read(path, old, err);

	if (st == TH_OK || st == TH_END) /* none yet: one without items */
		st = th_feedout_merge(feed, th_buf_str(old), err);
	return st;
}

/* Nothing of a file half-written stays behind, whatever goes wrong. */
static enum th_status
write_file(struct th_feedout *feed, const struct job *job, struct th_err *err)
{
	struct th_file file;
	struct th_out out;
	struct th_buf old;
	enum th_status st;

	if ((st = th_file_open(job->file, 0666, &file, err)) != TH_OK)
		return st;
	th_out_init(&out, file.fd);
	th_buf_init(&old, FILE_MAX);
	if (job->merge)
		st = merge(feed, job->file, &old, err);
	if (st == TH_OK)
		st = th_feedout_finish(feed, &out, err);
	if (st == TH_OK && th_out_flush(&out) != TH_OK)
		st = th_fail(err, TH_EIO, "%s", strerror(out.error));
	if (st == TH_OK)
		st = th_file_commit(&file, err);
	th_file_release(&file);
	th_out_release(&out);
	th_buf_release(&old);
	return st;
}

/* A program with no settings of its own still tells of a wrong file. */
static void
check_config(void)
{
	struct th_config *config;
	struct th_err err = { 0 };

	if (cmd_config == NULL)
		return;
	cmd_check(th_config_load(cmd_config, &config, &err), &err);
	th_config_free(config);
}

int
main(int argc, char *argv[])
{
	struct job job = { 0 };
	struct th_feedout *feed;
	struct th_err err = { 0 };
	enum th_status st;
	bool any;

	cmd_init(&program);
	parse_options(argc, argv, &job);
	check_config();
	cmd_check(th_feedout_new(&job.feed, note, NULL, &feed, &err), &err);
	any = read_items(feed);
	if (job.file == NULL) {
		st = th_feedout_finish(feed, &cmd_out, &err);
		if (cmd_out.status == TH_OK) /* else cmd_finish() tells */
			cmd_check(st, &err);
	} else if (!any) {
		cmd_warn("%s is left as it is", job.file);
	} else if ((st = write_file(feed, &job, &err)) != TH_OK) {
		cmd_die(st, "%s%s%s",
		    strstr(err.text, job.file) ? "" : job.file,
		    strstr(err.text, job.file) ? "" : ": ", err.text);
	}
	th_feedout_free(feed);
	return cmd_finish();
}

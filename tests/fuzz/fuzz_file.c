/*
 * fuzz_file -- any bytes as a file of items: as CSV, JSON and lines; and as
 * what an item says of the name that its note gets
 */
#include "../../lib/place.c"
#include "../../services/file.c"
#include "emitted.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
read_as(struct th_session *ses, struct th_str text,
    enum th_status (*reader)(struct reading *, struct th_str))
{
	bool numbers = true;
	const struct th_fetch fetch = {
		.since = INT64_MIN, .emit = check, .ctx = &numbers
	};
	struct reading r = { .ses = ses, .fetch = &fetch, .name = "x" };

	th_item_init(&r.item);
	th_buf_init(&r.id, TH_LINE_MAX);
	th_buf_init(&r.line, 2 * TH_LINE_MAX);
	th_buf_init(&r.source, TH_LINE_MAX);
	guess_format(&r, text);
	if (reader(&r, text) != TH_OK)
		__builtin_trap();
	th_item_release(&r.item);
	th_buf_release(&r.id);
	th_buf_release(&r.line);
	th_buf_release(&r.source);
}

/* As lines: all that there is was read before. */
static enum th_status
read_held(struct reading *r, struct th_str text)
{
	char *bytes = th_calloc(1, text.len + 64);
	struct th_stream in;
	enum th_status st = TH_OK;

	th_stream_init(&in, -1, NULL);
	in.eof = true;
	if (bytes != NULL) {
		memcpy(bytes, text.s, text.len);
		in.buf.data = bytes;
		in.buf.cap = text.len + 64;
		in.end = text.len;
		st = read_lines(r, &in);
	}
	th_stream_release(&in);
	return st;
}

/* No name is hidden, leads elsewhere, or is too long for a file. */
static void
check_name(const char *s, size_t n)
{
	char *raw = th_strndup(s, n), *fitted;
	size_t i;

	if (raw == NULL)
		return;
	if (n == 0 || strlen(raw) != n || raw[0] == '.')
		__builtin_trap();
	for (i = 0; i < n; i++)
		if ((unsigned char)raw[i] < ' ' || raw[i] == 0x7f ||
		    raw[i] == '\\')
			__builtin_trap();
	fitted = fit_name(raw, "-1234");
	if (fitted == NULL || strlen(fitted) > NAME_BYTES || *fitted == '\0')
		__builtin_trap();
	free(fitted);
	free(raw);
}

/* The path has the two slashes that its template has. */
static void
name_note(struct th_session *ses, struct th_str text)
{
	const char *path = th_opt(th_session_opts(ses), "path");
	struct th_place p;
	struct th_item it;
	const char *s, *slash;

	th_place_init(&p);
	th_item_init(&it);
	if (th_item_parse(&it, TH_STR("{}"), NULL) == TH_OK &&
	    th_item_set_string(&it, "title", text) == TH_OK &&
	    th_place_fill(&p, path, &it, NULL) == TH_OK) {
		s = p.path.data;
		if (p.fixed != 6 || strncmp(s, "notes/", 6) != 0)
			__builtin_trap();
		if ((slash = strchr(s + 6, '/')) == NULL ||
		    strchr(slash + 1, '/') != NULL || strlen(s) != p.path.len)
			__builtin_trap();
		check_name(s + 6, (size_t)(slash - s) - 6);
		check_name(slash + 1, strlen(slash + 1));
	}
	th_item_release(&it);
	th_place_release(&p);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_str text = { (const char *)data, size };
	struct th_opts *opts = th_opts_new(params);
	struct th_session *ses = NULL;

	if (opts != NULL &&
	    th_opts_set(opts, "path", "notes/{title}/{title|upper}.md", NULL) ==
		TH_OK)
		ses = th_session_new(
		    &th_service_file, NULL, NULL, opts, NULL, NULL);
	if (ses != NULL) {
		read_as(ses, text, read_csv);
		read_as(ses, text, read_json);
		read_as(ses, text, read_held);
		name_note(ses, text);
	}
	th_session_free(ses);
	th_opts_free(opts);
	return 0;
}

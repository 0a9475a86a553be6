/* vacation -- whether the owner is away and nothing should run */
#include <stdlib.h>
#include <string.h>

#include "cmd.h"

#define FILE_MAX 4096

/*
 * Takes "from: DATE" or "until: DATE"; both ends stay open when not given. That
 * the file is there says enough: other words in it are for people.
 */
static bool
read_line(struct th_str line, int64_t *from, int64_t *until)
{
	int64_t *t;
	size_t skip;

	line = th_str_trim(line);
	if (th_str_has_prefix(line, "from:")) {
		t = from;
		skip = strlen("from:");
	} else if (th_str_has_prefix(line, "until:")) {
		t = until;
		skip = strlen("until:");
	} else {
		return true;
	}
	line.s += skip;
	line.len -= skip;
	return th_date_parse_rfc3339(th_str_trim(line), t) == TH_OK;
}

static void
read_dates(const char *path, struct th_str text, int64_t *from, int64_t *until)
{
	const char *end = text.s + text.len, *nl;
	size_t line = 0;

	for (; text.len > 0; text.len = (size_t)(end - text.s)) {
		line++;
		nl = memchr(text.s, '\n', text.len);
		if (nl == NULL)
			nl = end;
		text.len = (size_t)(nl - text.s);
		if (!read_line(text, from, until))
			cmd_die(TH_ECONFIG,
			    "%s:%zu: not \"from: DATE\" or \"until: DATE\"",
			    path, line);
		text.s = nl < end ? nl + 1 : end;
	}
}

bool
cmd_vacation_read(struct cmd_vacation *ret)
{
	struct th_buf path = { 0 }, text = { 0 };
	struct th_err err = { 0 };
	enum th_status st;
	int64_t now = th_now();

	*ret = (struct cmd_vacation){ .from = INT64_MIN, .until = INT64_MAX };
	th_buf_init(&path, FILE_MAX);
	th_buf_init(&text, FILE_MAX);
	cmd_check(th_path_config("vacation", &path, &err), &err);
	st = th_file_read(path.data, &text, &err);
	if (st == TH_OK)
		read_dates(
		    path.data, th_buf_str(&text), &ret->from, &ret->until);
	else if (st != TH_END)
		cmd_check(st, &err);
	ret->now = st == TH_OK && ret->from <= now && now < ret->until;
	th_buf_release(&path);
	th_buf_release(&text);
	return st == TH_OK;
}

bool
cmd_vacation(void)
{
	const char *how = getenv("TH_VACATION");
	char date[TH_DATE_SIZE] = "";
	struct cmd_vacation v;

	if (how != NULL && strcmp(how, "ignore") == 0)
		return false;
	if (!cmd_vacation_read(&v) || !v.now)
		return false;
	if (v.until != INT64_MAX)
		th_date_format(v.until, date);
	cmd_say(0, "on vacation%s%s, doing nothing",
	    date[0] != '\0' ? " until " : "", date);
	return true;
}

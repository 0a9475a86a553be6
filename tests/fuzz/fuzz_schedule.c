/*
 * any bytes as the five fields of cron, as a duration and as a vacation; what
 * is due has a time that is later
 */
#include "../../cmd/vacation.c"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

void
cmd_die(enum th_status st, const char *fmt, ...)
{
	(void)st;
	(void)fmt;
	abort();
}

void
cmd_check(enum th_status st, const struct th_err *err)
{
	(void)st;
	(void)err;
}

void
cmd_say(int level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
}

static void
cron(struct th_str text)
{
	const int64_t now = 1795470000;
	struct th_err err = { 0 };
	struct th_cron c;
	int64_t next;

	if (th_cron_parse(text, &c, &err) == TH_OK) {
		next = th_cron_next(&c, now);
		if (next != 0 && (next <= now || next % 60 != 0))
			abort();
	} else if (err.text[0] == '\0' || err.column > text.len + 1) {
		abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_str text = { (const char *)data, size }, line = text;
	int64_t from = INT64_MIN, until = INT64_MAX, d;
	const char *nl = size > 0 ? memchr(data, '\n', size) : NULL;

	setenv("TZ", ":Europe/Berlin", 1);
	cron(text);
	if (th_duration_parse(text, &d) == TH_OK && d < 0)
		abort();
	if (nl != NULL)
		line.len = (size_t)(nl - text.s);
	line = th_str_trim(line);
	if (!read_line(line, &from, &until) &&
	    !th_str_has_prefix(line, "from:") &&
	    !th_str_has_prefix(line, "until:"))
		abort(); /* other words are for people */
	return 0;
}

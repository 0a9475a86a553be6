/* clock -- instants as people read them, and as programs do */
#include <time.h>

#include "cmd.h"

void
cmd_clock(int64_t at, char ret[CMD_CLOCK_SIZE])
{
	time_t t = (time_t)at;
	struct tm tm;

	ret[0] = '\0';
	if (at != 0 && localtime_r(&t, &tm) != NULL)
		strftime(ret, CMD_CLOCK_SIZE, "%Y-%m-%d %H:%M", &tm);
}

void
cmd_json_date(struct th_buf *b, const char *name, int64_t at)
{
	char text[TH_DATE_SIZE];

	if (at != 0 && th_date_format(at, text) == TH_OK)
		th_json_member(b, name, th_str(text));
}

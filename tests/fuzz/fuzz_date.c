/* any bytes as a date: what it says is read again as the same instant */
#include <stdlib.h>

#include "trigger.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_str s = { (const char *)data, size };
	char text[TH_DATE_SIZE], mail[TH_DATE_RFC822_SIZE];
	int64_t t, again;

	if (th_date_parse(s, &t) == TH_OK && th_date_format(t, text) == TH_OK) {
		if (th_date_parse_rfc3339(th_str(text), &again) != TH_OK ||
		    again != t)
			abort();
		if (th_date_format_rfc822(t, mail) != TH_OK ||
		    th_date_parse(th_str(mail), &again) != TH_OK || again != t)
			abort();
	}
	if (th_duration_parse(s, &t) == TH_OK && t < 0)
		abort();
	return 0;
}

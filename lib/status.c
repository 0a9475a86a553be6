/* status -- what happened, in words */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "trigger.h"

volatile sig_atomic_t th_interrupted;

const char *
th_strstatus(enum th_status st)
{
	switch (st) {
	case TH_OK: return "done";
	case TH_END: return "end";
	case TH_EREFUSED: return "refused";
	case TH_EDATA: return "bad input";
	case TH_EUNAVAIL: return "unavailable";
	case TH_EAGAIN: return "try again later";
	case TH_ENOMEM: return "out of memory";
	case TH_ECREATE: return "cannot create";
	case TH_EIO: return "input or output error";
	case TH_EBUG: return "internal error";
	case TH_EUSAGE: return "wrong use";
	case TH_EAUTH: return "log in again";
	case TH_ECONFIG: return "configuration error";
	}
	return "unknown status";
}

/* Cuts a text that vsnprintf() cut before a character that is not whole. */
static void
cut_at_character(char *s, size_t len)
{
	size_t i = len;

	while (i > 0 && len - i < 4 && ((unsigned char)s[i - 1] & 0xc0) == 0x80)
		i--;
	if (i > 0 && (unsigned char)s[i - 1] >= 0xc0)
		s[i - 1] = '\0';
}

enum th_status
th_fail(struct th_err *err, enum th_status st, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	if (err == NULL)
		return st;
	va_start(ap, fmt);
	n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(err->text))
		cut_at_character(err->text, sizeof(err->text) - 1);
	for (s = err->text; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
	err->status = st;
	return st;
}

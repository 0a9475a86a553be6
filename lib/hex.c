/* hex -- bytes as hexadecimal, and back */
#include "trigger.h"

enum th_status
th_hex_encode(struct th_str bytes, struct th_buf *ret)
{
	static const char digit[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < bytes.len; i++) {
		th_buf_addc(ret, digit[(unsigned char)bytes.s[i] >> 4]);
		th_buf_addc(ret, digit[bytes.s[i] & 15]);
	}
	return ret->status;
}

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

bool
th_hex_decode(struct th_str text, void *ret, size_t len)
{
	unsigned char *byte = ret;
	size_t i;
	int high, low;

	if (text.len != 2 * len)
		return false;
	for (i = 0; i < len; i++) {
		high = hex_digit(text.s[2 * i]);
		low = hex_digit(text.s[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		byte[i] = (unsigned char)(high * 16 + low);
	}
	return true;
}

/* digest -- SHA-256 and its HMAC, Base64, random bytes */
#include <errno.h>
#include <sys/random.h>

#include <nettle/hmac.h>
#include <nettle/sha2.h>

#include "trigger.h"

static const char base64_plain[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
th_sha256(struct th_str text, unsigned char ret[TH_SHA256_SIZE])
{
	struct sha256_ctx ctx;

	sha256_init(&ctx);
	sha256_update(&ctx, text.len, (const uint8_t *)text.s);
	sha256_digest(&ctx, TH_SHA256_SIZE, ret);
}

void
th_hmac_sha256(
    struct th_str key, struct th_str text, unsigned char ret[TH_SHA256_SIZE])
{
	struct hmac_sha256_ctx ctx;

	hmac_sha256_set_key(&ctx, key.len, (const uint8_t *)key.s);
	hmac_sha256_update(&ctx, text.len, (const uint8_t *)text.s);
	hmac_sha256_digest(&ctx, TH_SHA256_SIZE, ret);
}

void
th_hmac_sha1(
    struct th_str key, struct th_str text, unsigned char ret[TH_SHA1_SIZE])
{
	struct hmac_sha1_ctx ctx;

	hmac_sha1_set_key(&ctx, key.len, (const uint8_t *)key.s);
	hmac_sha1_update(&ctx, text.len, (const uint8_t *)text.s);
	hmac_sha1_digest(&ctx, TH_SHA1_SIZE, ret);
}

enum th_status
th_base64_encode(struct th_str bytes, enum th_base64 form, struct th_buf *ret)
{
	const char *digit = form == TH_BASE64_URL ? base64_url : base64_plain;
	size_t i, j, n;
	uint32_t v;

	for (i = 0; i < bytes.len; i += 3) {
		n = bytes.len - i < 3 ? bytes.len - i : 3;
		for (v = 0, j = 0; j < 3; j++)
			v = v << 8 |
			    (j < n ? (unsigned char)bytes.s[i + j] : 0);
		for (j = 0; j < 4; j++) {
			if (j <= n)
				th_buf_addc(ret, digit[v >> (18 - 6 * j) & 63]);
			else if (form == TH_BASE64)
				th_buf_addc(ret, '=');
		}
	}
	return ret->status;
}

/* The value of a digit of either alphabet, or -1. */
static int
digit_value(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

enum th_status
th_base64_decode(struct th_str text, struct th_buf *ret)
{
	size_t i, pad = 0;
	uint32_t v = 0;
	int d;

	for (; text.len > 0 && pad < 2 && text.s[text.len - 1] == '='; pad++)
		text.len--;
	if (text.len % 4 == 1 || (pad > 0 && (text.len + pad) % 4 != 0))
		return TH_EDATA;
	for (i = 0; i < text.len; i++) {
		if ((d = digit_value((unsigned char)text.s[i])) < 0)
			return TH_EDATA;
		v = v << 6 | (uint32_t)d;
		if (i % 4 > 0)
			th_buf_addc(ret, (char)(v >> (6 - 2 * (i % 4)) & 255));
	}
	return ret->status;
}

enum th_status
th_random(void *ret, size_t len)
{
	unsigned char *p = ret;
	ssize_t n;

	while (len > 0) {
		n = getrandom(p, len, 0);
		if (n < 0 && errno != EINTR)
			return TH_EIO;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return TH_OK;
}

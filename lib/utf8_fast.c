/* utf8_fast -- is it valid UTF-8, 32 bytes at a time where the processor can */
#include <string.h>

#include "scan.h"
#include "trigger.h"

#if !defined(TH_SCAN_PORTABLE) && defined(__GNUC__) && defined(__x86_64__)
#include <immintrin.h>

/*
 * The method of Keiser and Lemire ("Validating UTF-8 In Less Than One
 * Instruction Per Byte", 2020).  Whatever can be wrong about two bytes in a row
 * has a bit; three tables say, by the first byte's high half, its low half and
 * the second byte's high half, which of them are still possible; what all three
 * allow is wrong.  TWO is no error where a longer sequence wants it: the byte
 * two or three places before tells, and both must agree.
 */
enum {
	SHORT = 1,  /* a lead without its continuation */
	LONG = 2,   /* a continuation without a lead */
	OVER3 = 4,  /* overlong, three bytes */
	LARGE = 8,  /* over U+10FFFF */
	SURR = 16,  /* a surrogate */
	OVER2 = 32, /* overlong, two bytes */
	OVER4 = 64, /* overlong, four bytes; or over U+10FFFF by f5 80 */
	TWO = 128,  /* two continuations */
	ANY = SHORT | LONG | TWO
};

#define TABLE(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)
#define B(bits) ((char)(bits))
#define AVX2 __attribute__((__target__("avx2")))

AVX2 static inline __m256i
first_high(__m256i i)
{
	return _mm256_shuffle_epi8(
	    TABLE(LONG, LONG, LONG, LONG, LONG, LONG, LONG, LONG, B(TWO),
		B(TWO), B(TWO), B(TWO), SHORT | OVER2, SHORT,
		SHORT | OVER3 | SURR, SHORT | LARGE | OVER4),
	    i);
}

AVX2 static inline __m256i
first_low(__m256i i)
{
	return _mm256_shuffle_epi8(
	    TABLE(B(ANY | OVER3 | OVER2 | OVER4), B(ANY | OVER2), B(ANY),
		B(ANY), B(ANY | LARGE), B(ANY | LARGE | OVER4),
		B(ANY | LARGE | OVER4), B(ANY | LARGE | OVER4),
		B(ANY | LARGE | OVER4), B(ANY | LARGE | OVER4),
		B(ANY | LARGE | OVER4), B(ANY | LARGE | OVER4),
		B(ANY | LARGE | OVER4), B(ANY | LARGE | OVER4 | SURR),
		B(ANY | LARGE | OVER4), B(ANY | LARGE | OVER4)),
	    i);
}

AVX2 static inline __m256i
second_high(__m256i i)
{
	return _mm256_shuffle_epi8(
	    TABLE(SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT, SHORT,
		B(LONG | OVER2 | TWO | OVER3 | OVER4),
		B(LONG | OVER2 | TWO | OVER3 | LARGE),
		B(LONG | OVER2 | TWO | SURR | LARGE),
		B(LONG | OVER2 | TWO | SURR | LARGE), SHORT, SHORT, SHORT,
		SHORT),
	    i);
}

/* The bytes of x moved up by n, those of before moving in. */
#define MOVED(x, before, n)                                                    \
	_mm256_alignr_epi8(                                                    \
	    (x), _mm256_permute2x128_si256((before), (x), 0x21), 16 - (n))

/* Not zero where x, with what stood before it, is wrong. */
AVX2 static inline __m256i
wrong(__m256i x, __m256i before)
{
	const __m256i low = _mm256_set1_epi8(15);
	__m256i one = MOVED(x, before, 1);
	__m256i two = MOVED(x, before, 2);
	__m256i three = MOVED(x, before, 3);
	__m256i bits, third;

	bits = _mm256_and_si256(
	    first_high(_mm256_and_si256(_mm256_srli_epi16(one, 4), low)),
	    first_low(_mm256_and_si256(one, low)));
	bits = _mm256_and_si256(
	    bits, second_high(_mm256_and_si256(_mm256_srli_epi16(x, 4), low)));
	/* The top bit stays where a third or fourth byte is due. */
	third = _mm256_or_si256(_mm256_subs_epu8(two, _mm256_set1_epi8(0x60)),
	    _mm256_subs_epu8(three, _mm256_set1_epi8(0x70)));
	third = _mm256_and_si256(third, _mm256_set1_epi8(B(0x80)));
	return _mm256_xor_si256(bits, third);
}

AVX2 static bool
valid_avx2(const char *p, size_t len)
{
	__m256i before = _mm256_setzero_si256(), bad = before, x;
	bool ascii = true; /* what stands before */
	char last[32] = { 0 };
	const char *end = p + len;

	for (; end - p >= 32; p += 32) {
		x = _mm256_loadu_si256((const __m256i *)(const void *)p);
		if (ascii && _mm256_movemask_epi8(x) == 0)
			continue;
		bad = _mm256_or_si256(bad, wrong(x, before));
		ascii = _mm256_movemask_epi8(x) == 0;
		before = x;
	}
	memcpy(last, p, (size_t)(end - p));
	x = _mm256_loadu_si256((const __m256i *)(const void *)last);
	bad = _mm256_or_si256(bad, wrong(x, before));
	return _mm256_testz_si256(bad, bad);
}

bool
th_utf8_fast(struct th_str s)
{
	return __builtin_cpu_supports("avx2") && valid_avx2(s.s, s.len);
}
#else
bool
th_utf8_fast(struct th_str s)
{
	(void)s;
	return false;
}
#endif

/* digest and file: published vectors, files that are whole or not there */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trigger.h"

static int n, failed;

static void
ok(bool good, const char *name)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++n, name);
	failed += !good;
}

static void
hex_is(const unsigned char *sum, const char *want, const char *name)
{
	struct th_buf b;

	th_buf_init(&b, 128);
	th_hex_encode((struct th_str){ (const char *)sum, 32 }, &b);
	ok(th_str_is(th_buf_str(&b), want), name);
	th_buf_release(&b);
}

/* RFC 4648, section 10 */
static const struct {
	const char *plain, *coded, *url;
} vector[] = { { "", "", "" }, { "f", "Zg==", "Zg" }, { "fo", "Zm8=", "Zm8" },
	{ "foo", "Zm9v", "Zm9v" }, { "foob", "Zm9vYg==", "Zm9vYg" },
	{ "fooba", "Zm9vYmE=", "Zm9vYmE" },
	{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
	{ "\xfb\xff\xfe", "+//+", "-__-" } };

static void
test_base64(void)
{
	static const char *const bad[] = { "Z",
		"Zg=", "Zm9v=", "Z*==", "====", "Zm9vYg=\n" };
	struct th_buf b;
	bool good = true;
	size_t i;

	th_buf_init(&b, 128);
	for (i = 0; i < sizeof(vector) / sizeof(*vector); i++) {
		th_buf_clear(&b);
		th_base64_encode(th_str(vector[i].plain), TH_BASE64, &b);
		good = good && th_str_is(th_buf_str(&b), vector[i].coded);
		th_buf_clear(&b);
		th_base64_encode(th_str(vector[i].plain), TH_BASE64_URL, &b);
		good = good && th_str_is(th_buf_str(&b), vector[i].url);
		th_buf_clear(&b);
		good = good &&
		       th_base64_decode(th_str(vector[i].coded), &b) == TH_OK &&
		       th_str_is(th_buf_str(&b), vector[i].plain);
		th_buf_clear(&b);
		good = good &&
		       th_base64_decode(th_str(vector[i].url), &b) == TH_OK &&
		       th_str_is(th_buf_str(&b), vector[i].plain);
	}
	ok(good, "Base64 of RFC 4648's vectors, both ways, both alphabets");
	for (good = true, i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		good = good && th_base64_decode(th_str(bad[i]), &b) == TH_EDATA;
	ok(good, "what is not Base64 is refused");
	th_buf_release(&b);
}

static bool
holds(const char *path, const char *want)
{
	struct th_buf b;
	bool good;

	th_buf_init(&b, 1000);
	good = th_file_read(path, &b, NULL) == TH_OK &&
	       th_str_is(th_buf_str(&b), want);
	th_buf_release(&b);
	return good;
}

static void
test_file(void)
{
	struct th_file f = { 0 };
	struct th_err err = { 0 };
	struct stat a, b;

	ok(th_file_replace("f", th_str("one"), 0666, &err) == TH_OK &&
		holds("f", "one"),
	    "a new file is written");
	ok(chmod("f", 0604) == 0 && stat("f", &a) == 0 &&
		th_file_replace("f", th_str("one"), 0666, &err) == TH_OK &&
		stat("f", &b) == 0 && a.st_ino == b.st_ino,
	    "a file that has these bytes is left alone");
	ok(th_file_replace("f", th_str("two"), 0666, &err) == TH_OK &&
		holds("f", "two") && stat("f", &b) == 0 &&
		a.st_ino != b.st_ino && (b.st_mode & 0777) == 0604,
	    "a file is replaced and keeps its mode");
	ok(th_file_open("f", 0666, &f, &err) == TH_OK &&
		th_file_write(f.fd, th_str("th"), &err) == TH_OK,
	    "a file is begun");
	th_file_release(&f);
	ok(holds("f", "two") && access(".f.tmp", F_OK) < 0,
	    "without a commit nothing has happened");
	ok(symlink("f", "link") == 0 &&
		th_file_replace("link", th_str("three"), 0666, &err) == TH_OK &&
		lstat("link", &a) == 0 && S_ISLNK(a.st_mode) &&
		holds("f", "three"),
	    "of a link the file that it names is replaced");
	ok(th_file_replace("none/f", th_str(""), 0666, &err) == TH_ECREATE &&
		strstr(err.text, "none/f") != NULL,
	    "a directory that is missing is told");
	ok(th_file_replace("/dev/null", th_str(""), 0666, &err) == TH_ECREATE,
	    "a device is not replaced");
	ok(symlink("f", ".g.tmp") == 0 &&
		th_file_replace("g", th_str(""), 0666, &err) == TH_ECREATE &&
		holds("f", "three"),
	    "a link in place of the temporary file is not followed");
	unlink(".g.tmp");
	ok(link("f", ".g.tmp") == 0 &&
		th_file_replace("g", th_str(""), 0666, &err) == TH_ECREATE &&
		holds("f", "three"),
	    "a file of another name is not written into");
}

int
main(void)
{
	unsigned char sum[TH_SHA256_SIZE], more[TH_SHA256_SIZE];
	char dir[] = "/tmp/th-unit.XXXXXX";

	th_sha256(th_str("abc"), sum); /* FIPS 180-4 */
	hex_is(sum,
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	    "SHA-256 of abc");
	th_hmac_sha256(th_str("key"),
	    th_str("The quick brown fox jumps over the lazy dog"), sum);
	hex_is(sum,
	    "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
	    "HMAC-SHA256 of the quick brown fox");
	th_hmac_sha256(
	    th_str("Jefe"), th_str("what do ya want for nothing?"), sum);
	hex_is(sum, /* RFC 4231, test case 2 */
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	    "HMAC-SHA256 of RFC 4231");
	ok(th_hex_decode(th_str("00fFaB"), more, 3) &&
		memcmp(more, "\0\377\253", 3) == 0,
	    "hexadecimal of either case is read");
	ok(!th_hex_decode(th_str("00ff"), more, 3) &&
		!th_hex_decode(th_str("00fg"), more, 2),
	    "not that of another length, nor what is none");
	test_base64();
	ok(th_random(sum, 32) == TH_OK && th_random(more, 32) == TH_OK &&
		memcmp(sum, more, 32) != 0,
	    "random bytes differ");
	if (mkdtemp(dir) == NULL || chdir(dir) < 0)
		return 1;
	test_file();
	printf("1..%d\n", n);
	unlink("link");
	unlink(".g.tmp");
	unlink("f");
	rmdir(dir);
	return failed != 0;
}

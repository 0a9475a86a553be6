/* config.yaml and accounts: what is accepted, and where a mistake is shown */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "trigger.h"

static int n, failed;

static void
ok(bool good, const char *what, const char *name)
{
	printf("%sok %d - %s%s\n", good ? "" : "not ", ++n, what, name);
	failed += !good;
}

static const struct {
	const char *text, *name, *words; /* NULL: it is right */
} configs[] = {
	{ "", "an empty file", NULL },
	{ "# nothing\n", "comments alone", NULL },
	{ "---\nstore: sqlite\n", "a document", NULL },
	{ "accounts:\n", "no accounts yet", NULL },
	{ "accounts: {rss: {default: }}\n", "an empty account", NULL },
	{ "store: redis://h:6379/0\nsearch: https://h:9200/x\n", "addresses",
	    NULL },
	{ "limits: {twitter: 5/15m, \"twitter:work\": 1/1h}\n", "limits",
	    NULL },
	{ "failed_tries: 3\nnotify: trello\n", "tries", NULL },
	{ "stor: sqlite\n", "a misspelt key",
	    "c:1:1: stor: unknown key, did you mean store?" },
	{ "a: 1\n", "an unknown key", "c:1:1: a: unknown key" },
	{ "store: oracle\n", "an unknown store", "c:1:1: store: must be" },
	{ "store: [sqlite]\n", "a list", "c:1:1: store: must be" },
	{ "store: sqlite\nstore: sqlite\n", "a key twice", "c:2:1: store" },
	{ "search: ftp://h\n", "an odd search", "c:1:1: search: must be" },
	{ "limits:\n  x: 5/never\n", "an odd limit", "c:2:3: x: must be" },
	{ "limits: 5/15m\n", "a limit without a service", "c:1:1: limits" },
	{ "failed_tries: many\n", "odd tries", "c:1:1: failed_tries" },
	{ "accounts: {x: {y: z}}\n", "an account that is text", "c:1:16: y" },
	{ "accounts: {x: {y: {z: [1]}}}\n", "a list as a setting",
	    "c:1:20: z: must be one value" },
	{ "accounts: &a\n  x: {default: *a}\n", "an alias", "aliases" },
	{ "a: [[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]\n", "depth",
	    "too deep" },
	{ "store: 'sqlite\n", "an open quote", "c:" },
	{ "store: \"a\\0b\"\n", "a NUL", "NUL" },
	{ "\xff\xfe\n", "bytes that are no text", "c:" },
	{ "- a\n", "a list at the top", "c:1:1: must be keys" },
	{ "a\n", "a word at the top", "c:1:1: must be keys" },
	{ "store: sqlite\n---\nstore: sqlite\n", "two documents", "second" },
	{ "? [a]\n: b\n", "a key that is a list", "a key must be a word" },
};

static void
test_parse(void)
{
	struct th_config *c;
	struct th_err err;
	enum th_status st;
	size_t i;

	for (i = 0; i < sizeof(configs) / sizeof(*configs); i++) {
		memset(&err, 0, sizeof(err));
		c = NULL;
		st = th_config_parse(th_str(configs[i].text), "c", &c, &err);
		if (configs[i].words == NULL)
			ok(st == TH_OK, "accepted: ", configs[i].name);
		else
			ok(st == TH_ECONFIG &&
				strstr(err.text, configs[i].words) != NULL,
			    "refused: ", configs[i].name);
		if (st == TH_ECONFIG && configs[i].words != NULL &&
		    strstr(err.text, configs[i].words) == NULL)
			printf("# %s\n", err.text);
		th_config_free(c);
	}
}

/* A tree that would grow without bound is refused, however it is written. */
static void
test_bounds(void)
{
	struct th_buf b = { 0 };
	struct th_config *c = NULL;
	struct th_err err = { 0 };
	int i;

	th_buf_init(&b, (size_t)1 << 20);
	th_buf_adds(&b, "limits: {");
	for (i = 0; i < 30000; i++)
		th_buf_addf(&b, "a%d: 1/1h, ", i % 10 == 0 ? i : i + 100000);
	th_buf_adds(&b, "}\n");
	ok(th_config_parse(th_buf_str(&b), "c", &c, &err) == TH_ECONFIG &&
		strstr(err.text, "too much") != NULL,
	    "", "too many values are refused");
	th_buf_release(&b);
}

static const char yaml[] =
    "store: redis://h/1\n"
    "failed_tries: 4\n"
    "limits: {twitter: 5/15m, 'twitter:work': 1/1h}\n"
    "accounts:\n"
    "  demo:\n"
    "    default: {base_url: 'http://127.0.0.1:1', token: abc}\n"
    "    cmd: {token_command: 'printf \"one\\ntwo\\n\"'}\n"
    "    env: {token_env: TH_UNIT_SECRET}\n"
    "    child: {token_command: 'echo ${TH_UNIT_SECRET-none}'}\n"
    "    fails: {token_command: 'echo x; exit 3'}\n"
    "    mute: {token_command: 'true'}\n"
    "    noenv: {token_env: TH_UNIT_NOT_SET}\n"
    "    floods: {token_command: 'yes'}\n"
    "    typo: {tokn: abc}\n"
    "    twice: {token: a, token_env: B}\n"
    "    asked: {base_url_command: 'echo http://127.0.0.1:2'}\n"
    "    lost: {base_url_env: TH_UNIT_NOT_SET}\n"
    "    bare: {}\n";

static const struct th_param demo[] = { { "token", TH_STRING,
					    TH_P_ACCOUNT | TH_P_SECRET |
						TH_P_REQUIRED | TH_P_LOGIN,
					    NULL, "a token", 0 },
	{ NULL, TH_STRING, 0, NULL, NULL, 0 } };

static const struct {
	const char *account;
	enum th_status want;
	const char *text; /* the secret, or words of the message */
	const char *name;
} secrets[] = {
	{ "default", TH_OK, "abc", "a secret in the file" },
	{ "cmd", TH_OK, "one", "the first line of a command" },
	{ "env", TH_OK, "s3cret", "a secret from the environment" },
	{ "child", TH_OK, "none", "a command does not inherit secrets" },
	{ "fails", TH_ECONFIG, "c:10: token_command: the command exits with 3",
	    "a command that fails" },
	{ "mute", TH_ECONFIG, "prints nothing", "a command without output" },
	{ "noenv", TH_ECONFIG, "TH_UNIT_NOT_SET is not in the environment",
	    "a variable that is not set" },
	{ "floods", TH_ECONFIG, "prints too much", "a command without end" },
	{ "typo", TH_ECONFIG, "c:14:12: tokn: unknown key, did you mean token?",
	    "a key that the service does not have" },
	{ "twice", TH_ECONFIG, "token_env: the key is there twice",
	    "a secret given in two ways" },
	{ "lost", TH_ECONFIG, "base_url_env: TH_UNIT_NOT_SET is not in the",
	    "a variable for what is no secret" },
	{ "bare", TH_END, "", "a secret that is not set" },
	{ "nobody", TH_ECONFIG, "unknown account demo:nobody",
	    "an account that is not there" },
	{ "../x", TH_EUSAGE, "not an account's name", "a name with a slash" },
	{ "saved", TH_OK, "from-file", "a secret of the credentials" },
	{ "open", TH_ECONFIG, "others can read it",
	    "credentials that others can read" },
	{ "broken", TH_ECONFIG, "not a JSON object", "broken credentials" },
};

static enum th_status
get_secret(const struct th_config *c, const char *account,
    struct th_secret *ret, struct th_err *err)
{
	struct th_account *a = NULL;
	enum th_status st;

	st = th_account_new(c, "demo", account, demo, &a, err);
	if (st == TH_OK)
		st = th_account_secret(a, "token", ret, err);
	th_account_free(a);
	return st;
}

static void
test_secrets(const struct th_config *c)
{
	struct th_secret secret;
	struct th_err err;
	enum th_status st;
	size_t i;

	for (i = 0; i < sizeof(secrets) / sizeof(*secrets); i++) {
		memset(&err, 0, sizeof(err));
		secret.value = NULL;
		st = get_secret(c, secrets[i].account, &secret, &err);
		ok(st == secrets[i].want &&
			(st == TH_OK
				? strcmp(secret.value, secrets[i].text) == 0
				: strstr(err.text, secrets[i].text) != NULL),
		    "", secrets[i].name);
		if (st != secrets[i].want)
			printf("# %d %s\n", (int)st, err.text);
		th_secret_release(&secret);
	}
}

static void
test_lookup(const struct th_config *c)
{
	struct th_account *a = NULL;
	struct th_err err = { 0 };
	struct th_limit l = { 0 };

	ok(strcmp(th_config_store(c), "redis://h/1") == 0, "", "the store");
	ok(strcmp(th_config_search(c), "sqlite") == 0, "", "the usual search");
	ok(th_config_failed_tries(c) == 4, "", "failed_tries");
	ok(th_config_limit(c, "twitter", "work", &l) && l.n == 1, "",
	    "the limit of an account goes before its service's");
	ok(th_config_limit(c, "twitter", "default", &l) && l.window == 900, "",
	    "the limit of a service");
	ok(!th_config_limit(c, "twit", "x", &l), "", "no limit of another");
	ok(th_account_new(c, "demo", "default", demo, &a, &err) == TH_OK &&
		th_account_get(a, "token") == NULL &&
		strcmp(th_account_get(a, "base_url"), "http://127.0.0.1:1") ==
		    0,
	    "", "a secret is no setting");
	th_account_free(a);
	a = NULL;
	ok(th_account_new(c, "demo", "asked", demo, &a, &err) == TH_OK &&
		th_account_get(a, "base_url") != NULL &&
		strcmp(th_account_get(a, "base_url"), "http://127.0.0.1:2") ==
		    0,
	    "", "a command may give a setting, too");
	th_account_free(a);
	a = NULL;
	ok(th_account_new(c, "demo", "asked", NULL, &a, &err) == TH_OK &&
		th_account_get(a, "base_url") == NULL &&
		th_account_has(a, "base_url"),
	    "", "to a service that is a program it is a secret");
	th_account_free(a);
	a = NULL;
	ok(th_account_new(c, "demo", "bare", demo, &a, &err) == TH_OK &&
		th_account_check(a, &err) == TH_EAUTH &&
		strstr(err.text, "th-auth login demo:bare") != NULL,
	    "", "a missing token asks for a login");
	th_account_free(a);
}

static void
put_file(const char *home, const char *name, const char *text, mode_t mode)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/credentials/%s", home, name);
	if ((f = fopen(path, "w")) == NULL)
		return;
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
}

int
main(void)
{
	char home[] = "/tmp/th-unit.XXXXXX", command[600], dir[512];
	struct th_config *c = NULL;
	struct th_err err = { 0 };

	if (mkdtemp(home) == NULL)
		return 1;
	setenv("TH_HOME", home, 1);
	setenv("TH_UNIT_SECRET", "s3cret", 1);
	snprintf(dir, sizeof(dir), "%s/credentials", home);
	mkdir(dir, 0700);
	put_file(
	    home, "demo.saved.json", "{\"token\":\"from-file\",\"n\":1}", 0600);
	put_file(home, "demo.open.json", "{\"token\":\"x\"}", 0644);
	put_file(home, "demo.broken.json", "{\"token\":", 0600);
	test_parse();
	test_bounds();
	ok(th_config_parse(th_str(yaml), "c", &c, &err) == TH_OK, "",
	    "the example is read");
	if (c != NULL) {
		test_lookup(c);
		test_secrets(c);
	}
	th_config_free(c);
	snprintf(command, sizeof(command), "rm -r '%s'", home);
	printf("1..%d\n", n);
	return system(command) != 0 || failed != 0;
}

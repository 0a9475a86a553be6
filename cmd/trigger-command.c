/* trigger-command -- a command of a script: its name, service and arguments */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trigger-check.h"

/* ---- names ---- */

static bool
is_word_of(const char *word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, word) == 0)
			return true;
	return false;
}

static bool
is_shells(const char *word)
{
	static const char *const all[] = { ".", ":", "[", "[[", "alias", "bg",
		"bind", "break", "builtin", "caller", "case", "cd", "command",
		"compgen", "complete", "continue", "coproc", "declare", "dirs",
		"disown", "do", "done", "echo", "elif", "else", "emulate",
		"enable", "esac", "eval", "exec", "exit", "export", "false",
		"fc", "fg", "fi", "for", "function", "getopts", "hash", "help",
		"history", "if", "in", "jobs", "kill", "let", "local",
		"mapfile", "popd", "print", "printf", "pushd", "pwd", "read",
		"readarray", "readonly", "return", "select", "set", "setopt",
		"shift", "shopt", "source", "suspend", "test", "then", "time",
		"times", "trap", "true", "type", "typeset", "ulimit", "umask",
		"unalias", "unset", "until", "wait", "whence", "while", "{",
		"}", "!", NULL };

	return is_word_of(word, all);
}

bool
check_is_program(const char *word)
{
	const char *path = getenv("PATH"), *p;
	char full[4096];
	size_t n;

	if (strchr(word, '/') != NULL)
		return access(word, X_OK) == 0;
	for (p = path != NULL ? path : "/usr/bin:/bin"; *p != '\0';
	     p += n + (p[n] == ':')) {
		n = strcspn(p, ":");
		snprintf(full, sizeof(full), "%.*s/%s", (int)n, p, word);
		if (access(full, X_OK) == 0)
			return true;
	}
	return false;
}

/* A function of the script, or another name that it gives a command. */
static bool
is_function(const struct check *k, const char *word)
{
	const struct th_shell_word *w;
	const size_t n = strlen(word);
	size_t i;

	for (i = 0; i < k->words.n; i++) {
		w = &k->words.word[i];
		if (w->text.data == NULL)
			continue;
		if (w->called && strcmp(w->text.data, word) == 0)
			return true;
		if (strncmp(w->text.data, word, n) == 0 &&
		    w->text.data[n] == '=' && i > 0 &&
		    th_str_is(th_buf_str(&w[-1].text), "alias"))
			return true;
	}
	return false;
}

/* "command -v name && name": it knows that there may be none. */
static bool
is_asked_for(const struct check *k, const char *word)
{
	static const char *const asks[] = { "-v", "-V", "which", "type", "hash",
		NULL };
	const struct th_shell_word *w = k->words.word;
	size_t i;

	for (i = 1; i < k->words.n; i++)
		if (w[i].text.data != NULL && w[i - 1].text.data != NULL &&
		    strcmp(w[i].text.data, word) == 0 &&
		    is_word_of(w[i - 1].text.data, asks))
			return true;
	return false;
}

/* What it reads from other files may define anything. */
static bool
reads_others(const struct check *k)
{
	const struct th_shell_word *w;
	size_t i;

	for (i = 0; i < k->words.n; i++) {
		w = &k->words.word[i];
		if (w->first && !w->quoted && w->text.data != NULL &&
		    (strcmp(w->text.data, ".") == 0 ||
			strcmp(w->text.data, "source") == 0))
			return true;
	}
	return false;
}

static const char *const ours[] = { "th-auth", "th-fetch", "th-filter",
	"th-publish", "th-queue", "th-rss", "th-search", "th-trigger", NULL };

static bool
has_commands(const char *program)
{
	static const char *const those[] = { "th-auth", "th-queue",
		"th-trigger", NULL };

	return is_word_of(program, those);
}

static bool
check_name(struct check *k, const struct th_shell_word *w)
{
	const char *name = w->text.data;
	struct th_suggest guess;
	char what[256];
	size_t i;

	/* From the home or working directory of who runs it. */
	if (name[0] == '~' || (name[0] != '/' && strchr(name, '/') != NULL))
		return true;
	if (is_shells(name) || check_is_program(name) || is_function(k, name) ||
	    is_asked_for(k, name))
		return true;
	th_suggest_init(&guess, name);
	for (i = 0; ours[i] != NULL; i++)
		th_suggest_offer(&guess, ours[i]);
	if (guess.best == NULL && reads_others(k))
		return true;
	snprintf(what, sizeof(what), "unknown command %.100s", name);
	check_at_word(k, w, what, guess.best);
	return false;
}

/* ---- what --help tells of options ---- */

/* One line of it: "  -n, --limit N". */
struct known {
	struct th_str name, form;
	char letter;
};

static bool
next_known(const char **p, struct known *ret)
{
	const char *s, *form;
	size_t n;

	while ((s = strstr(*p, "--")) != NULL) {
		*p = s + 2;
		n = strspn(s + 2, "abcdefghijklmnopqrstuvwxyz0123456789-");
		if (n == 0 || (s[-1] != ' ' && s[-1] != '\n'))
			continue;
		ret->name = (struct th_str){ s + 2, n };
		form = s + 2 + n;
		ret->form = (struct th_str){ NULL, 0 };
		if (form[0] == ' ' && form[1] != ' ' && form[1] != '\n')
			ret->form = (struct th_str){ form + 1,
				strcspn(form + 1, " \n") };
		ret->letter = s[-2] == ',' && s[-4] == '-' ? s[-3] : '\0';
		/* At the head of a line, else it is in a sentence. */
		for (s -= ret->letter != '\0' ? 4 : 0; s[-1] == ' '; s--)
			;
		if (s[-1] == '\n')
			return true;
	}
	return false;
}

static bool
is_option(const struct th_shell_word *w)
{
	return w->text.len > 1 && w->text.data[0] == '-' &&
	       strcmp(w->text.data, "--") != 0;
}

/* Finds an option in the help.  *at: where its value begins; 0: the next word.
 */
static bool
find_option(const struct th_shell_word *w, const char *help, struct known *ret,
    size_t *at)
{
	const char *s = w->text.data, *p = help;
	const size_t len = strcspn(s + 2, "=");

	*at = 0;
	while (next_known(&p, ret)) {
		if (s[1] != '-' ? ret->letter != s[1]
				: !th_str_equal(
				      ret->name, (struct th_str){ s + 2, len }))
			continue;
		if (s[1] == '-')
			*at = s[2 + len] == '=' ? 3 + len : 0;
		else
			*at = s[2] != '\0' ? 2 : 0;
		return true;
	}
	return false;
}

static void
unknown_option(struct check *k, const struct th_shell_word *w, const char *help)
{
	const char *s = w->text.data, *p = help;
	char name[64], best[64] = "", candidate[64], what[256];
	struct th_suggest guess;
	struct known o;

	if (s[1] != '-') {
		snprintf(what, sizeof(what), "unknown option -%c", s[1]);
		check_at_word(k, w, what, NULL);
		return;
	}
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(s + 2, "="), s + 2);
	th_suggest_init(&guess, name);
	while (next_known(&p, &o)) {
		if (o.name.len >= sizeof(candidate))
			continue;
		snprintf(candidate, sizeof(candidate), "%.*s", (int)o.name.len,
		    o.name.s);
		th_suggest_offer(&guess, candidate);
		if (guess.best == candidate)
			snprintf(best, sizeof(best), "%s", candidate);
		guess.best = best[0] != '\0' ? best : NULL;
	}
	snprintf(what, sizeof(what), "unknown option --%s%s%s%s", name,
	    best[0] != '\0' ? " (did you mean --" : "", best,
	    best[0] != '\0' ? "?)" : "");
	check_at_word(k, w, what, NULL);
}

/* "$@": anything may be in it. */
static bool
is_anything(const struct th_shell_word *w)
{
	return w->dynamic && w->text.len == 0;
}

/* The options of a built-in service that a command was given. */
struct use {
	const struct th_param *params; /* NULL: no such service */
	unsigned which;                /* TH_P_FETCH or TH_P_PUBLISH */
	uint64_t given;
	bool open; /* it may have others, which the shell makes */
};

/* Is the option one of the service's, and its value one that it takes? */
static void
use_option(struct check *k, struct use *u, struct th_str name,
    const struct th_shell_word *value, size_t at)
{
	const struct th_param *p;
	struct th_err err = { 0 };
	struct th_opts *opts;
	size_t i;

	for (i = 0, p = u->params; p != NULL && p->name != NULL; i++, p++)
		if ((p->flags & u->which) != 0 && th_str_is(name, p->name))
			break;
	if (p == NULL || p->name == NULL)
		return;
	u->given |= (uint64_t)1 << i % 64;
	/* Of a template more is told elsewhere, with its place. */
	if (value == NULL || value->dynamic || value->text.data == NULL ||
	    p->kind == TH_TEMPLATE || p->kind == TH_INT)
		return;
	opts = cmd_need(th_opts_new(u->params));
	if (th_opts_set(opts, p->name, value->text.data + at, &err) ==
	    TH_EUSAGE)
		check_at_word(k, value, err.text, NULL);
	th_opts_free(opts);
}

static void
check_required(
    struct check *k, const struct use *u, const struct th_shell_word *service)
{
	const struct th_param *p;
	char what[128];
	size_t i;

	for (i = 0, p = u->params; !u->open && p != NULL && p->name != NULL;
	     i++, p++) {
		if ((p->flags & u->which) == 0 ||
		    (p->flags & TH_P_REQUIRED) == 0 ||
		    (u->given >> i % 64 & 1) != 0)
			continue;
		snprintf(what, sizeof(what), "%.40s: --%.60s is missing",
		    service->text.data, p->name);
		check_at_word(k, service, what, NULL);
	}
}

/* The options, their values, and the operands when they are of one form. */
static void
check_arguments(struct check *k, const struct th_shell_word *w,
    const struct th_shell_word *end, const char *help, const char *operand,
    struct use *u)
{
	const struct th_shell_word *option;
	bool ended = false;
	struct known o;
	size_t at;

	for (; w < end; w++) {
		u->open = u->open || w->dynamic;
		if (is_anything(w) && !w->quoted)
			return;
		if (w->text.data == NULL)
			continue;
		if (!ended && strcmp(w->text.data, "--") == 0) {
			ended = true;
			continue;
		}
		if (ended || !is_option(w)) {
			if (operand != NULL && !w->dynamic)
				check_literal(k, w, 0, th_str(operand));
			continue;
		}
		if (!find_option(w, help, &o, &at)) {
			if (!w->dynamic || strchr(w->text.data, '=') != NULL)
				unknown_option(k, w, help);
			operand = NULL; /* it may be its value */
			continue;
		}
		if (o.form.s == NULL) {
			use_option(k, u, o.name, NULL, 0);
			continue;
		}
		option = w;
		if (at == 0 && ++w >= end) {
			check_at_word(
			    k, option, "its argument is missing", NULL);
			break;
		}
		use_option(k, u, o.name, w, at);
		if (!w->dynamic && w->text.data != NULL)
			check_literal(k, w, at, o.form);
	}
}

/* "th-queue tak": its usage has a line for each command. */
static void
check_subcommand(struct check *k, const struct th_shell_word *program,
    const struct th_shell_word *w, const char *help)
{
	const char *name = program->text.data, *p;
	char candidate[32], best[32] = "", what[128];
	struct th_suggest guess;
	size_t n;

	if (w == NULL || w->dynamic)
		return;
	th_suggest_init(&guess, w->text.data);
	for (p = help; (p = strstr(p, name)) != NULL; p += strcspn(p, "\n")) {
		if (p == help || p[-1] != ' ' || p[strlen(name)] != ' ')
			continue;
		p += strlen(name) + 1;
		n = strspn(p, "abcdefghijklmnopqrstuvwxyz");
		snprintf(candidate, sizeof(candidate), "%.*s", (int)n, p);
		if (strcmp(candidate, w->text.data) == 0)
			return;
		th_suggest_offer(&guess, candidate);
		if (guess.best == candidate)
			snprintf(best, sizeof(best), "%s", candidate);
		guess.best = best[0] != '\0' ? best : NULL;
	}
	snprintf(what, sizeof(what), "unknown command %.100s", w->text.data);
	check_at_word(k, w, what, guess.best);
}

/* ---- services and accounts ---- */

static enum th_status
no_key(const struct th_account *a, const char *key, struct th_err *err)
{
	return th_fail(err, TH_ECONFIG, "account %s:%s has no %s",
	    th_account_service(a), th_account_name(a), key);
}

/* Of the keys that open it: are there any, and those of a login? */
static enum th_status
look_for_keys(
    const struct th_account *a, const struct th_service *s, struct th_err *err)
{
	const struct th_param *p;
	const char *first = NULL, *login = NULL;
	bool any = false;

	if (s->closed != NULL && th_account_get(a, "base_url") == NULL)
		return no_key(a, "base_url", err);
	for (p = s->params; p != NULL && p->name != NULL; p++) {
		if ((p->flags & TH_P_ACCOUNT) == 0)
			continue;
		if ((p->flags & TH_P_LOGIN) != 0) {
			if (th_account_has(a, p->name))
				return TH_OK;
			login = login != NULL ? login : p->name;
		}
		any = any || th_account_has(a, p->name);
		first = first != NULL ? first : p->name;
	}
	if (login == NULL)
		return TH_OK;
	if (!any)
		return no_key(a, first, err);
	return th_fail(err, TH_EAUTH,
	    "account %s:%s has no tokens; th-auth login %s:%s",
	    th_account_service(a), th_account_name(a), th_account_service(a),
	    th_account_name(a));
}

static void
check_account(
    struct check *k, const struct th_shell_word *w, const struct th_service *s)
{
	const char *colon = strchr(w->text.data, ':');
	struct th_account *a = NULL;
	struct th_err err = { 0 };
	enum th_status st;

	st = th_account_new(k->c->config, s->name,
	    colon != NULL ? colon + 1 : "default", s->params, &a, &err);
	if (st == TH_OK)
		st = th_account_check(a, &err);
	if (st == TH_OK)
		st = look_for_keys(a, s, &err);
	if (st == TH_ENOMEM)
		cmd_check(st, &err);
	if (st != TH_OK)
		check_at_word(k, w, err.text, NULL);
	th_account_free(a);
}

/* The first that is no option, nor the value of one. */
static const struct th_shell_word *
service_word(const struct th_shell_word *w, const struct th_shell_word *end,
    const char *help)
{
	struct known o;
	size_t at;

	for (w++; w < end; w++) {
		if (is_anything(w) || w->text.data == NULL)
			return NULL;
		if (!is_option(w))
			return w;
		if (find_option(w, help, &o, &at) && o.form.s != NULL &&
		    at == 0)
			w++;
	}
	return NULL;
}

static bool
check_service(struct check *k, const struct th_shell_word *w, const char *kind)
{
	char name[64], what[256];
	const struct th_service *s;
	struct th_buf path;
	bool external;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(w->text.data, ":"),
	    w->text.data);
	if ((s = th_service_find(name)) != NULL) {
		if (strcmp(kind, "fetch") == 0 ? s->fetch == NULL
					       : s->publish == NULL) {
			snprintf(what, sizeof(what), "%s cannot be %s", name,
			    strcmp(kind, "fetch") == 0 ? "read from"
						       : "written to");
			check_at_word(k, w, what, NULL);
			return false;
		}
		check_account(k, w, s);
		return true;
	}
	th_buf_init(&path, TRIGGER_SCRIPT_MAX);
	external = th_external_find(kind, name, &path) == TH_OK;
	th_buf_release(&path);
	if (!external) {
		snprintf(what, sizeof(what), "unknown service %s", name);
		check_at_word(k, w, what, th_service_suggest(name));
	}
	/* What an external service takes is its own affair. */
	return false;
}

/* ---- one command ---- */

static bool
get_help(const char *program, const char *service, struct th_buf *ret)
{
	char name[32], word[64] = "", flag[] = "--help";
	char *argv[] = { name, flag, NULL, NULL };

	snprintf(name, sizeof(name), "%s", program);
	if (service != NULL) {
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(service, ":"),
		    service);
		argv[1] = word;
		argv[2] = flag;
	}
	th_buf_init(ret, CHECK_HELP_MAX);
	return check_ask(argv, 1, ret) == 0 && ret->data != NULL;
}

static void
check_ours(struct check *k, const struct th_shell_word *w,
    const struct th_shell_word *end)
{
	const char *program = w->text.data;
	const struct th_shell_word *word;
	const struct th_service *s = NULL;
	struct use u = { 0 };
	struct th_buf help;
	char name[64];
	bool good = get_help(program, NULL, &help);

	if (strcmp(program, "th-fetch") == 0)
		u.which = TH_P_FETCH;
	else if (strcmp(program, "th-publish") == 0)
		u.which = TH_P_PUBLISH;
	word = good ? service_word(w, end, help.data) : NULL;
	if (good && u.which != 0) {
		if (end == w + 1)
			check_at_word(k, w, "it wants a service", NULL);
		good = word != NULL && !word->dynamic &&
		       check_service(k, word,
			   u.which == TH_P_FETCH ? "fetch" : "publish");
		th_buf_release(&help);
		good = good && get_help(program, word->text.data, &help);
		if (good) {
			snprintf(name, sizeof(name), "%.*s",
			    (int)strcspn(word->text.data, ":"),
			    word->text.data);
			s = th_service_find(name);
			u.params = s != NULL ? s->params : NULL;
		}
	} else if (good && has_commands(program)) {
		check_subcommand(k, w, word, help.data);
	}
	if (good) {
		check_arguments(k, w + 1, end, help.data,
		    strcmp(program, "th-filter") == 0 ? "EXPRESSION" : NULL,
		    &u);
		check_required(k, &u, word);
	}
	th_buf_release(&help);
}

/* "nice -n 5 th-fetch": the command that another is given to run. */
static const struct th_shell_word *
inner_command(const struct th_shell_word *w, const struct th_shell_word *end)
{
	static const char *const runs[] = { "builtin", "chronic", "chrt",
		"command", "doas", "env", "exec", "faketime", "flock", "ionice",
		"nice", "nohup", "setsid", "stdbuf", "sudo", "time", "timeout",
		"xargs", NULL };

	if (is_word_of(w->text.data, ours))
		return w;
	if (!is_word_of(w->text.data, runs))
		return NULL;
	for (w++; w < end; w++)
		if (!w->dynamic && w->text.data != NULL &&
		    is_word_of(w->text.data, ours))
			return w;
	return NULL;
}

void
check_command(struct check *k, const struct th_shell_word *w,
    const struct th_shell_word *end)
{
	if (w->dynamic || w->text.data == NULL || w->called ||
	    w->text.data[0] == '-' || strchr(w->text.data, '=') != NULL ||
	    !check_name(k, w))
		return;
	if ((w = inner_command(w, end)) != NULL)
		check_ours(k, w, end);
}

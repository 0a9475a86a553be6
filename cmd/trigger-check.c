/* trigger-check -- what would go wrong, found before it runs */
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "services.h"
#include "triggers.h"

#define HELP_MAX ((size_t)256 << 10)

extern char **environ;

struct check {
	struct triggers *c;
	const struct trigger *t;
	struct th_shell words;
	size_t found;
};

/* Names the place and notes it for the exit code. */
static void complain(struct check *k, size_t line, size_t column,
    const char *fmt, ...) TH_PRINTF(4, 5);

static void
complain(struct check *k, size_t line, size_t column, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cmd_warn("%s:%zu:%zu: %s", k->t->path, line, column, text);
	cmd_note(TH_ECONFIG);
	k->found++;
}

static void
at_word(struct check *k, const struct th_shell_word *w, const char *what,
    const char *guess)
{
	complain(k, w->line, w->column, "%s%s%s%s", what,
	    guess != NULL ? " (did you mean " : "", guess != NULL ? guess : "",
	    guess != NULL ? "?)" : "");
}

/* ---- the header ---- */

static void
say_problem(void *ctx, const struct th_err *err)
{
	struct check *k = ctx;

	cmd_warn("%s", err->text);
	cmd_note(TH_ECONFIG);
	k->found++;
}

static void
check_header(struct check *k)
{
	const char *p = k->t->text.data, *end, *nl;
	struct th_script s;
	size_t line;

	if (p == NULL)
		return;
	end = p + k->t->text.len;
	th_script_parse(
	    th_buf_str(&k->t->text), k->t->path, say_problem, k, &s);
	for (line = 1; p < end; p = nl + 1, line++) {
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
			nl = end;
		if (line >= s.body && nl - p > 1 && p[0] == '#' && p[1] == ':')
			complain(k, line, 1,
			    "not in the first comment, so it does not count");
		if (nl == end)
			break;
	}
	th_script_release(&s);
}

/* ---- programs that are asked ---- */

/* Runs argv; its output (2 of it, or 1) up to a ceiling.  The exit code. */
static int
ask(char *const argv[], int which, struct th_buf *ret)
{
	posix_spawn_file_actions_t a;
	char piece[4096];
	int fd[2], status = 0, rc;
	ssize_t n;
	pid_t pid;

	if (pipe(fd) == -1 || posix_spawn_file_actions_init(&a) != 0)
		cmd_die(TH_EAGAIN, "%s: %s", argv[0], strerror(errno));
	fcntl(fd[0], F_SETFD, FD_CLOEXEC);
	posix_spawn_file_actions_addopen(&a, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&a, fd[1], which);
	posix_spawn_file_actions_addopen(
	    &a, 3 - which, "/dev/null", O_WRONLY, 0);
	rc = posix_spawnp(&pid, argv[0], &a, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&a);
	close(fd[1]);
	while (rc == 0 && (n = read(fd[0], piece, sizeof(piece))) != 0)
		if (n > 0)
			th_buf_add(ret, piece, (size_t)n);
		else if (errno != EINTR)
			break;
	close(fd[0]);
	while (rc == 0 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (rc != 0)
		return 127;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* The shell of its first line says whether it is one of its scripts. */
static void
check_syntax(struct check *k)
{
	char sh[64] = "/bin/sh", flag[] = "-n";
	const char *s = k->t->text.data;
	char *argv[] = { sh, flag, k->t->path, NULL };
	struct th_buf out;
	size_t line = 1;

	if (s == NULL)
		return;
	if (strncmp(s, "#!", 2) == 0) {
		s += 2 + strspn(s + 2, " \t");
		if (strcspn(s, " \t\n") >= sizeof(sh))
			return;
		snprintf(sh, sizeof(sh), "%.*s", (int)strcspn(s, " \t\n"), s);
		if (strcmp(sh + strlen(sh) - (strlen(sh) > 1 ? 2 : 0), "sh") !=
		    0)
			return;
	}
	th_buf_init(&out, HELP_MAX);
	if (ask(argv, 2, &out) == 0 || out.data == NULL) {
		th_buf_release(&out);
		return;
	}
	out.data[strcspn(out.data, "\n")] = '\0';
	s = strstr(out.data, ": ");
	if (s != NULL) {
		s += 2;
		if (strncmp(s, "line ", 5) == 0)
			s += 5;
		line = (size_t)strtoul(s, NULL, 10);
		s += strspn(s, "0123456789: ");
	}
	complain(k, line > 0 ? line : 1, 1, "%s", s != NULL ? s : out.data);
	th_buf_release(&out);
}

/* ---- commands ---- */

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
		"break", "case", "cd", "command", "continue", "declare", "do",
		"done", "echo", "elif", "else", "esac", "eval", "exec", "exit",
		"export", "false", "fg", "fi", "for", "function", "getopts",
		"hash", "if", "in", "jobs", "kill", "let", "local", "mapfile",
		"printf", "pwd", "read", "readonly", "return", "select", "set",
		"shift", "shopt", "source", "test", "then", "time", "times",
		"trap", "true", "type", "typeset", "ulimit", "umask", "unalias",
		"unset", "until", "wait", "while", "{", "}", "!", NULL };

	return is_word_of(word, all);
}

static bool
is_program(const char *word)
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

static bool
is_function(const struct check *k, const char *word)
{
	size_t i;

	for (i = 0; i < k->words.n; i++)
		if (k->words.word[i].called &&
		    th_str_is(th_buf_str(&k->words.word[i].text), word))
			return true;
	return false;
}

static const char *const ours[] = { "th-auth", "th-fetch", "th-filter",
	"th-publish", "th-queue", "th-rss", "th-search", "th-trigger", NULL };

static bool
check_command(struct check *k, const struct th_shell_word *w)
{
	struct th_suggest guess;
	char what[256];
	size_t i;

	if (is_shells(w->text.data) || is_function(k, w->text.data) ||
	    is_program(w->text.data))
		return true;
	th_suggest_init(&guess, w->text.data);
	for (i = 0; ours[i] != NULL; i++)
		th_suggest_offer(&guess, ours[i]);
	snprintf(what, sizeof(what), "unknown command %.100s", w->text.data);
	at_word(k, w, what, guess.best);
	return false;
}

/* ---- options ---- */

/* One line of --help: "  -n, --limit N". */
struct known {
	const char *name;
	size_t len;
	char letter;
	bool arg;
};

static bool
next_known(const char **p, struct known *ret)
{
	const char *s;
	size_t n;

	while ((s = strstr(*p, "--")) != NULL) {
		*p = s + 2;
		n = strspn(s + 2, "abcdefghijklmnopqrstuvwxyz0123456789-");
		if (n == 0 || (s[-1] != ' ' && s[-1] != '\n'))
			continue;
		ret->name = s + 2;
		ret->len = n;
		ret->arg =
		    s[2 + n] == ' ' && s[3 + n] != ' ' && s[3 + n] != '\n';
		ret->letter = s[-2] == ',' && s[-4] == '-' ? s[-3] : '\0';
		/* At the head of a line, else it is in a sentence. */
		for (s -= ret->letter != '\0' ? 4 : 0; s[-1] == ' '; s--)
			;
		if (s[-1] == '\n')
			return true;
	}
	return false;
}

/* Takes an option; *skip is set when the next word is its argument. */
static void
check_option(struct check *k, const struct th_shell_word *w, const char *help,
    bool *skip)
{
	const char *s = w->text.data, *p = help;
	size_t len = strcspn(s + 2, "=");
	struct th_suggest guess;
	char name[64], best[64] = "", what[256];
	struct known o;
	bool is_long = s[1] == '-';

	snprintf(name, sizeof(name), "%.*s", (int)len, s + 2);
	th_suggest_init(&guess, name);
	while (next_known(&p, &o)) {
		if (is_long ? o.len == len && strncmp(o.name, s + 2, len) == 0
			    : o.letter == s[1]) {
			*skip = o.arg &&
				(is_long ? s[2 + len] != '=' : s[2] == '\0');
			return;
		}
		if (is_long && o.len < sizeof(best)) {
			char candidate[64];

			snprintf(candidate, sizeof(candidate), "%.*s",
			    (int)o.len, o.name);
			th_suggest_offer(&guess, candidate);
			if (guess.best == candidate)
				snprintf(best, sizeof(best), "%s", candidate);
			guess.best = best[0] != '\0' ? best : NULL;
		}
	}
	if (is_long)
		snprintf(what, sizeof(what), "unknown option --%s%s%s%s", name,
		    best[0] != '\0' ? " (did you mean --" : "", best,
		    best[0] != '\0' ? "?)" : "");
	else
		snprintf(what, sizeof(what), "unknown option -%c", s[1]);
	at_word(k, w, what, NULL);
}

static bool
is_option(const struct th_shell_word *w)
{
	return w->text.len > 1 && w->text.data[0] == '-' &&
	       strcmp(w->text.data, "--") != 0;
}

/* The nth word that is no option; the program's help tells which take one. */
static void
check_options(struct check *k, const struct th_shell_word *w,
    const struct th_shell_word *end, const char *help)
{
	bool skip = false;

	for (; w < end; w++) {
		if (skip) {
			skip = false;
			continue;
		}
		if (w->text.data == NULL || w->dynamic || !is_option(w)) {
			if (w->text.data != NULL &&
			    strcmp(w->text.data, "--") == 0)
				return;
			/* "$@": anything may be in it. */
			if (w->dynamic && w->text.len == 0 && !w->quoted)
				return;
			continue;
		}
		check_option(k, w, help, &skip);
	}
}

/* ---- services and accounts ---- */

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
	if (st == TH_ENOMEM)
		cmd_check(st, &err);
	if (st != TH_OK)
		at_word(k, w, err.text, NULL);
	th_account_free(a);
}

static const struct th_shell_word *
service_word(const struct th_shell_word *w, const struct th_shell_word *end,
    const char *help)
{
	const char *p, *s;
	struct known o;
	size_t len;
	bool skip = false;

	for (w++; w < end; w++) {
		if (skip || w->text.data == NULL) {
			skip = false;
			continue;
		}
		if (!is_option(w))
			return w;
		s = w->text.data;
		len = strcspn(s + 2, "=");
		for (p = help; next_known(&p, &o);)
			if (s[1] == '-' ? o.len == len &&
					      strncmp(o.name, s + 2, len) == 0
					: o.letter == s[1])
				skip = o.arg && (s[1] == '-' ? s[2 + len] != '='
							     : s[2] == '\0');
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
			at_word(k, w, what, NULL);
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
		at_word(k, w, what, th_service_suggest(name));
	}
	/* What an external service takes is its own affair. */
	return false;
}

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
	th_buf_init(ret, HELP_MAX);
	return ask(argv, 1, ret) == 0 && ret->data != NULL;
}

static void
check_ours(struct check *k, const struct th_shell_word *w,
    const struct th_shell_word *end)
{
	const char *program = w->text.data, *kind = NULL;
	const struct th_shell_word *service = NULL;
	struct th_buf help;
	bool good;

	if (strcmp(program, "th-fetch") == 0)
		kind = "fetch";
	else if (strcmp(program, "th-publish") == 0)
		kind = "publish";
	good = get_help(program, NULL, &help);
	if (good && kind != NULL) {
		service = service_word(w, end, help.data);
		if (service == NULL || service->dynamic) {
			th_buf_release(&help);
			return;
		}
		good = check_service(k, service, kind);
		th_buf_release(&help);
		good = good && get_help(program, service->text.data, &help);
	}
	if (good)
		check_options(k, w + 1, end, help.data);
	th_buf_release(&help);
}

/* ---- the script ---- */

static void
check_body(struct check *k)
{
	const struct th_shell_word *w, *end, *last;
	bool in_case = false;
	size_t i;

	last = k->words.word + k->words.n;
	for (w = k->words.word; w != NULL && w < last; w = end) {
		for (end = w + 1; end < last && !end->first; end++)
			;
		if (!w->first || w->dynamic || w->text.data == NULL)
			continue;
		if (th_str_is(th_buf_str(&w->text), "case"))
			in_case = true;
		if (th_str_is(th_buf_str(&w->text), "esac"))
			in_case = false;
		if (in_case || w->called || strchr(w->text.data, '=') != NULL ||
		    !check_command(k, w))
			continue;
		for (i = 0; ours[i] != NULL; i++)
			if (strcmp(ours[i], w->text.data) == 0)
				check_ours(k, w, end);
	}
}

static void
check_one(struct triggers *c, const struct trigger *t)
{
	struct check k = { .c = c, .t = t };

	check_header(&k);
	if (access(t->path, X_OK) == -1)
		complain(&k, 1, 1, "not a program: chmod +x");
	check_syntax(&k);
	cmd_check(th_shell_read(th_buf_str(&t->text), &k.words), NULL);
	check_body(&k);
	th_shell_release(&k.words);
	if (k.found == 0)
		cmd_say(0, "%s: in order", t->name);
}

void
trigger_check(struct triggers *c)
{
	struct trigger_list l = { 0 };
	size_t i;

	trigger_given(c, &l);
	for (i = 0; i < l.n; i++)
		check_one(c, l.t[i]);
	trigger_list_release(&l);
}

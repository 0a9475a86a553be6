/* script -- a trigger is a script; its first comment says when and how */
#include <stdlib.h>
#include <string.h>

#include "priv.h"

#define HEADER_MAX ((size_t)64 << 10)
#define NAME_MAX_LENGTH 100
#define EVERY_MAX ((int64_t)10 * 366 * 86400)

struct reader {
	const char *name;
	th_problem *problem;
	void *ctx;
	struct th_script *script;
	struct th_err err;
	enum th_status worst;
};

static bool
is_word(char c)
{
	return th_is_alnum(c) || c == '_' || c == '.' || c == '-';
}

/* What editors, patch(1) and packages leave beside a file is not to be run. */
static bool
is_left_over(const char *name)
{
	static const char *const ends[] = { "bak", "old", "orig", "rej", "save",
		"swp", "tmp" };
	const char *dot = strrchr(name, '.');
	size_t i;

	if (dot == NULL)
		return false;
	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (strcmp(dot + 1, ends[i]) == 0)
			return true;
	return strncmp(dot + 1, "dpkg-", 5) == 0 ||
	       strncmp(dot + 1, "ucf-", 4) == 0;
}

bool
th_script_is_name(const char *name)
{
	size_t i;

	for (i = 0; is_word(name[i]); i++)
		;
	return i > 0 && i <= NAME_MAX_LENGTH && name[i] == '\0' &&
	       name[0] != '.' && name[0] != '-' && !is_left_over(name);
}

/* ---- the values ---- */

static void
tell(struct reader *r, enum th_status st)
{
	if (st > r->worst)
		r->worst = st;
	if (r->problem != NULL)
		r->problem(r->ctx, &r->err);
}

static void
wrong(struct reader *r, const struct th_yaml *n, const char *what)
{
	tell(r, th_yaml_fail(r->name, n, &r->err, what));
}

static bool
no_memory(struct reader *r, const void *p)
{
	if (p != NULL)
		return false;
	tell(r, th_fail(&r->err, TH_ENOMEM, "%s: %s", r->name,
		    th_strstatus(TH_ENOMEM)));
	return true;
}

static void
read_text(struct reader *r, const struct th_yaml *n, char **ret)
{
	if (n->kind != TH_YAML_TEXT)
		wrong(r, n, "must be one value");
	else if ((*ret = th_strdup(n->text)) == NULL)
		no_memory(r, *ret);
}

static void
read_description(struct reader *r, const struct th_yaml *n)
{
	read_text(r, n, &r->script->description);
}

static void
read_notify(struct reader *r, const struct th_yaml *n)
{
	read_text(r, n, &r->script->notify);
}

static void
read_duration(struct reader *r, const struct th_yaml *n, int64_t *ret)
{
	int64_t t;

	if (n->kind != TH_YAML_TEXT ||
	    th_duration_parse(th_str(n->text), &t) != TH_OK || t < 1 ||
	    t > EVERY_MAX)
		wrong(r, n, "must be a duration such as 15m, 2h or 7d");
	else
		*ret = t;
}

static void
read_every(struct reader *r, const struct th_yaml *n)
{
	read_duration(r, n, &r->script->schedule.every);
	if (r->script->schedule.every == 0)
		return;
	if (r->script->schedule.kind == TH_SCHEDULE_CRON)
		wrong(r, n, "either every or cron");
	else
		r->script->schedule.kind = TH_SCHEDULE_EVERY;
}

static void
read_cron(struct reader *r, const struct th_yaml *n)
{
	struct th_schedule *s = &r->script->schedule;
	struct th_err why = { 0 };

	read_text(r, n, &r->script->cron);
	if (r->script->cron == NULL)
		return;
	if (th_cron_parse(th_str(r->script->cron), &s->cron, &why) != TH_OK)
		wrong(r, n, why.text);
	else if (s->kind == TH_SCHEDULE_EVERY)
		wrong(r, n, "either every or cron");
	else
		s->kind = TH_SCHEDULE_CRON;
}

static void
read_tries(struct reader *r, const struct th_yaml *n)
{
	if (n->kind != TH_YAML_TEXT ||
	    th_int_parse(th_str(n->text), &r->script->failed_tries) != TH_OK ||
	    r->script->failed_tries < 0) {
		r->script->failed_tries = -1;
		wrong(r, n, "must be a whole number, 0 for never");
	}
}

static void
read_timeout(struct reader *r, const struct th_yaml *n)
{
	read_duration(r, n, &r->script->timeout);
}

static void
add_tag(struct reader *r, struct th_str text)
{
	struct th_script *s = r->script;
	char **more;

	text = th_str_trim(text);
	if (text.len == 0)
		return;
	more = th_realloc(s->tag, (s->ntags + 1) * sizeof(*more));
	if (no_memory(r, more))
		return;
	s->tag = more;
	s->tag[s->ntags] = th_strndup(text.s, text.len);
	if (!no_memory(r, s->tag[s->ntags]))
		s->ntags++;
}

/* "[a, b]" or "a, b". */
static void
read_tags(struct reader *r, const struct th_yaml *n)
{
	const struct th_yaml *c;
	const char *p;
	size_t len;

	for (c = n->child; c != NULL; c = c->next)
		if (c->kind == TH_YAML_TEXT)
			add_tag(r, th_str(c->text));
		else if (n->kind == TH_YAML_LIST)
			wrong(r, c, "a tag is a word");
	if (n->kind == TH_YAML_MAP)
		wrong(r, n, "must be a list, as in [a, b]");
	for (p = n->kind == TH_YAML_TEXT ? n->text : ""; *p != '\0';
	     p += len + (p[len] == ',')) {
		len = strcspn(p, ",");
		add_tag(r, (struct th_str){ p, len });
	}
}

static const struct {
	const char *name;
	void (*read)(struct reader *, const struct th_yaml *);
} keys[] = { { "description", read_description }, { "every", read_every },
	{ "cron", read_cron }, { "tags", read_tags },
	{ "failed_tries", read_tries }, { "notify", read_notify },
	{ "timeout", read_timeout } };
#define NKEYS (sizeof(keys) / sizeof(*keys))

static void
unknown(struct reader *r, const struct th_yaml *n)
{
	struct th_suggest guess;
	char what[128] = "unknown key";
	size_t i;

	th_suggest_init(&guess, n->key);
	for (i = 0; i < NKEYS; i++)
		th_suggest_offer(&guess, keys[i].name);
	if (strcmp(n->key, "enabled") == 0)
		snprintf(what, sizeof(what),
		    "unknown key; th-trigger enable "
		    "and disable say so");
	else if (guess.best != NULL)
		snprintf(what, sizeof(what), "unknown key, did you mean %s?",
		    guess.best);
	wrong(r, n, what);
}

static void
read_member(struct reader *r, const struct th_yaml *n)
{
	size_t i;

	for (i = 0; i < NKEYS && strcmp(keys[i].name, n->key) != 0; i++)
		;
	if (i == NKEYS)
		unknown(r, n);
	else
		keys[i].read(r, n);
}

/* ---- the lines ---- */

/* The value in a line "key: value". */
static bool
value_of(struct th_str line, const char *key, struct th_str *ret)
{
	struct th_str s = th_str_trim(line);
	size_t n = strlen(key);

	if (!th_str_has_prefix(s, key) || s.len < n + 3 || s.s[n] != ':' ||
	    s.s[n + 1] != ' ')
		return false;
	*ret = th_str_trim((struct th_str){ s.s + n + 2, s.len - n - 2 });
	return ret->len > 0;
}

/* Where " #" begins a comment; its length when there is none. */
static size_t
comment_at(struct th_str s)
{
	size_t i;

	for (i = 1; i < s.len; i++)
		if (s.s[i] == '#' && s.s[i - 1] == ' ')
			return i;
	return s.len;
}

/* Would YAML take it for something else than words? */
static bool
would_misread(struct th_str s)
{
	size_t i;

	if (strchr("'\"[{|>", s.s[0]) != NULL)
		return false; /* it is YAML, and meant to be */
	if (s.s[0] == '#')
		return s.len > 1 && s.s[1] != ' ';
	for (i = 0; i < s.len; i++)
		if (s.s[i] == ':' && (i + 1 == s.len || s.s[i + 1] == ' '))
			return true;
	return comment_at(s) < s.len || strchr("*&!%@`", s.s[0]) != NULL;
}

/*
 * Must be quoted to be YAML, and people do not: a description that says
 * "Follow #chess" or "Soup: hot", fields of cron that begin with "*", "@daily".
 */
static bool
wants_quotes(struct th_str line, struct th_str *ret)
{
	if (value_of(line, "cron", ret)) {
		ret->len = comment_at(*ret);
		*ret = th_str_trim(*ret);
		return ret->s[0] == '*' || ret->s[0] == '@';
	}
	return value_of(line, "description", ret) && would_misread(*ret);
}

static void
add_line(struct th_buf *ret, struct th_str s)
{
	struct th_str value;
	size_t i;

	if (!wants_quotes(s, &value)) {
		th_buf_add(ret, s.s, s.len);
		return;
	}
	th_buf_add(ret, s.s, (size_t)(value.s - s.s));
	th_buf_addc(ret, '\'');
	for (i = 0; i < value.len; i++) {
		if (value.s[i] == '\'')
			th_buf_addc(ret, '\'');
		th_buf_addc(ret, value.s[i]);
	}
	th_buf_addc(ret, '\'');
}

/*
 * The YAML with blanks where the script has "#:", and an empty line for any
 * other, so that lines and columns are those of the script.
 */
static void
take_header(struct th_str text, struct th_buf *ret, size_t *body)
{
	const char *p = text.s, *end = text.s + text.len, *nl;
	bool begun = false;
	size_t len;

	for (*body = 1; p < end; p = nl + (nl < end), ++*body) {
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
			nl = end;
		len = (size_t)(nl - p);
		if (len > 0 && p[len - 1] == '\r')
			len--;
		if (len > 0 ? p[0] != '#' : begun)
			break;
		if (len > 1 && p[1] == ':') {
			begun = true;
			th_buf_adds(ret, "  ");
			add_line(ret, (struct th_str){ p + 2, len - 2 });
		}
		th_buf_addc(ret, '\n');
	}
}

static void
read_header(struct reader *r, struct th_str yaml)
{
	struct th_yaml *root;
	const struct th_yaml *n;
	enum th_status st;

	st = th_yaml_parse(yaml, r->name, &root, &r->err);
	if (st != TH_OK) {
		tell(r, st);
		return;
	}
	if (root->kind != TH_YAML_MAP)
		wrong(r, root, "must be keys and values");
	else
		for (n = root->child; n != NULL; n = n->next)
			read_member(r, n);
	th_yaml_free(root);
}

enum th_status
th_script_parse(struct th_str text, const char *name, th_problem *problem,
    void *ctx, struct th_script *ret)
{
	struct reader r = { .name = name, .problem = problem, .ctx = ctx };
	struct th_buf yaml;

	*ret = (struct th_script){ .failed_tries = -1 };
	r.script = ret;
	th_buf_init(&yaml, HEADER_MAX);
	take_header(text, &yaml, &ret->body);
	if (yaml.status == TH_OK)
		read_header(&r, th_buf_str(&yaml));
	else
		tell(&r,
		    th_fail(&r.err,
			yaml.status == TH_EDATA ? TH_ECONFIG : TH_ENOMEM,
			"%s: the header: %s", name,
			yaml.status == TH_EDATA ? "too long"
						: th_strstatus(yaml.status)));
	th_buf_release(&yaml);
	return r.worst;
}

void
th_script_release(struct th_script *s)
{
	while (s->ntags > 0)
		free(s->tag[--s->ntags]);
	free(s->tag);
	free(s->description);
	free(s->notify);
	free(s->cron);
	*s = (struct th_script){ .failed_tries = -1 };
}

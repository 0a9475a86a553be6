/*
 * import-django -- triggers of the Trigger Happy of 2015, from Django's
 * dumpdata
 *
 * A row of triggerservice joins two of userservice (provider and consumer,
 * which 0.7 spelt consummer), and each service has a model of its own with a
 * row for each trigger it takes part in.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"

#define TEXT_MAX ((size_t)4 << 10)
#define WORD_SIZE 64

struct dump {
	struct importing *m;
	struct th_dump rows;
	struct th_set *accounts; /* to be logged in to; each is told once */
};

/* One end of a trigger. */
struct end {
	const struct th_dump_row *user;   /* of userservice */
	const struct th_dump_row *fields; /* of the service's model */
	const struct service *service;
	char name[WORD_SIZE]; /* "ServiceRss" */
};

/* A field that becomes an option, or an operand. */
struct field {
	const char *name, *option;
};
struct service {
	const char *name; /* there: the model, "Service" and this */
	const char *here; /* NULL: it is not known */
	bool login;
	struct field fetch[3], publish[3];
	const char *why; /* what to do when it is not known; may be NULL */
};
static const struct service services[] = {
	{ "evernote", "evernote", true,
	    { { "notebook", "--notebook" }, { "tag", "--tag" } },
	    { { "notebook", "--notebook" }, { "tag", "--tags" } }, NULL },
	{ "pelican", NULL, false, { { NULL, NULL } }, { { NULL, NULL } },
	    "th-publish file writes such pages" },
	{ "pocket", "pocket", true, { { "tag", "--tag" } },
	    { { "tag", "--tags" } }, NULL },
	{ "readability", "readability", true, { { "tag", "--tag" } },
	    { { "tag", "--tags" } }, NULL },
	{ "rss", "rss", false, { { "url", "" } }, { { NULL, NULL } }, NULL },
	{ "slack", NULL, false, { { NULL, NULL } }, { { NULL, NULL } },
	    "th-publish webhook can post to it" },
	{ "trello", "trello", true,
	    { { "board_name", "--board" }, { "list_name", "--list" } },
	    { { "board_name", "--board" }, { "list_name", "--list" } }, NULL },
	{ "twitter", "twitter", true,
	    { { "tag", "--search" }, { "screen", "--user" } },
	    { { "tag", "--hashtags" } }, NULL },
};
#define NSERVICES (sizeof(services) / sizeof(*services))

/* A short text; false when there is none. */
static bool
get(const struct th_dump_row *row, const char *field, char *ret, size_t size)
{
	struct th_buf b;
	enum th_status st;
	size_t n;

	th_buf_init(&b, TEXT_MAX);
	st = th_dump_text(row, field, &b);
	if (st == TH_ENOMEM)
		cmd_check(st, NULL);
	n = st == TH_OK ? b.len < size ? b.len : size - 1 : 0;
	if (n > 0)
		memcpy(ret, b.data, n);
	ret[n] = '\0';
	ret[th_utf8_valid(th_str(ret))] = '\0';
	th_buf_release(&b);
	return ret[0] != '\0';
}

/* ---- what does not come ---- */

static void leave(struct dump *d, const struct th_dump_row *t, bool lost,
    const char *fmt, ...) TH_PRINTF(4, 5);

static void
leave(struct dump *d, const struct th_dump_row *t, bool lost, const char *fmt,
    ...)
{
	char why[256], name[128], text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	get(t, "description", name, sizeof(name));
	snprintf(text, sizeof(text), "trigger %.*s, %s: %s",
	    (int)(t->key.len < 20 ? t->key.len : 20), t->key.s,
	    name[0] != '\0' ? name : "without a name", why);
	import_leave(d->m, 0, lost, text);
}

/* ---- the two ends ---- */

static const struct service *
find_service(const char *name)
{
	size_t i;

	if (strncmp(name, "Service", 7) != 0)
		return NULL;
	for (i = 0; i < NSERVICES; i++)
		if (th_str_iis(th_str(name + 7), services[i].name))
			return &services[i];
	return NULL;
}

/* Who is at that end. */
static bool
find_end(struct dump *d, const struct th_dump_row *t, const char *field,
    struct end *ret)
{
	char key[WORD_SIZE];

	*ret = (struct end){ 0 };
	if (get(t, field, key, sizeof(key)) ||
	    (field[0] == 'c' && get(t, "consummer", key, sizeof(key))))
		ret->user = th_dump_find(&d->rows, "userservice", th_str(key));
	if (ret->user == NULL) {
		leave(d, t, true, "its %s is not in the dump", field);
		return false;
	}
	get(ret->user, "name", ret->name, sizeof(ret->name));
	ret->service = find_service(ret->name);
	if (ret->service != NULL)
		ret->fields =
		    th_dump_find(&d->rows, ret->service->name, t->key);
	if (ret->service != NULL && ret->service->here != NULL)
		return true;
	leave(d, t, true, "service %s is not known here%s%s", ret->name,
	    ret->service != NULL ? "; " : "",
	    ret->service != NULL ? ret->service->why : "");
	return false;
}

/* Is it told what to do there: fields of fetch or publish? */
static bool
is_told(struct dump *d, const struct th_dump_row *t, const struct end *e,
    const struct field *fields)
{
	if (fields[0].name == NULL)
		leave(d, t, true, "service %s cannot be written to", e->name);
	else if (e->fields == NULL)
		leave(
		    d, t, true, "what %s is to do is not in the dump", e->name);
	return fields[0].name != NULL && e->fields != NULL;
}

/* The first account of a service is "default", others have their number. */
static void
add_account(struct dump *d, const struct end *e, struct th_buf *b)
{
	const struct th_dump_row *row =
	    th_dump_find(&d->rows, "userservice", (struct th_str){ "", 0 });
	const struct th_dump_row *end = d->rows.row + d->rows.n;
	char name[WORD_SIZE];
	const size_t start = b->len;
	bool is_new;

	th_buf_adds(b, e->service->here);
	for (; row < end && row != e->user; row++)
		if (get(row, "name", name, sizeof(name)) &&
		    strcmp(name, e->name) == 0)
			break;
	if (row != e->user)
		th_buf_addf(b, ":u%.*s", (int)e->user->key.len, e->user->key.s);
	cmd_check(b->status, NULL);
	if (!e->service->login)
		return;
	cmd_check(
	    th_set_add(d->accounts,
		(struct th_str){ b->data + start, b->len - start }, &is_new),
	    NULL);
	if (is_new)
		cmd_say(0,
		    "log in again, tokens are not taken over: th-auth "
		    "login %s",
		    b->data + start);
}

static void
add_option(const struct end *e, const struct field *f, struct th_buf *b)
{
	char value[TEXT_MAX];

	if (!get(e->fields, f->name, value, sizeof(value)))
		return;
	th_buf_adds(b, " ");
	/* A value that begins with a dash is not to be taken for an option. */
	if (f->option[0] != '\0')
		th_buf_addf(b, "%s%c", f->option, value[0] == '-' ? '=' : ' ');
	th_shell_quote(th_str(value), b);
}

/* ---- the pipeline ---- */

/* What went before was published there: no second time. */
static void
add_since(const struct th_dump_row *t, struct th_buf *b)
{
	char text[WORD_SIZE], date[TH_DATE_SIZE];
	int64_t at;

	if (get(t, "date_triggered", text, sizeof(text)) &&
	    th_date_parse(th_str(text), &at) == TH_OK &&
	    th_date_format(at, date) == TH_OK)
		th_buf_addf(b, " --since %s", date);
}

/* A search goes before a user, and a user's likes before his posts. */
static bool
add_twitter(struct dump *d, const struct th_dump_row *t, const struct end *e,
    struct th_buf *b)
{
	const size_t before = b->len;

	add_option(e, &e->service->fetch[0], b);
	if (b->len > before)
		return true;
	if (th_dump_is(e->fields, "fav")) {
		leave(d, t, false, "only your own likes can be read");
		th_buf_adds(b, " --likes");
		return true;
	}
	add_option(e, &e->service->fetch[1], b);
	if (b->len == before)
		leave(d, t, true, "it has neither a search nor a user");
	return b->len > before;
}

static bool
add_rss(struct dump *d, const struct th_dump_row *t, const struct end *e,
    struct th_buf *b)
{
	char url[TEXT_MAX];

	if (get(e->fields, "url", url, sizeof(url)) &&
	    import_add_feed(b, th_str(url)))
		return true;
	leave(d, t, true, "its feed has no http or https URL");
	return false;
}

/* Up to the "|" and the end of that line. */
static bool
add_fetch(struct dump *d, const struct th_dump_row *t, const struct end *e,
    struct th_buf *b)
{
	size_t i;

	th_buf_adds(b, "th-fetch ");
	add_account(d, e, b);
	add_since(t, b);
	if (strcmp(e->service->here, "rss") == 0)
		return add_rss(d, t, e, b);
	if (strcmp(e->service->here, "twitter") != 0)
		for (i = 0; e->service->fetch[i].name != NULL; i++)
			add_option(e, &e->service->fetch[i], b);
	else if (!add_twitter(d, t, e, b))
		return false;
	th_buf_adds(b, " |\n");
	return true;
}

static void
add_publish(struct dump *d, const struct end *e, struct th_buf *b)
{
	size_t i;

	th_buf_adds(b, "    th-publish ");
	add_account(d, e, b);
	for (i = 0; e->service->publish[i].name != NULL; i++)
		add_option(e, &e->service->publish[i], b);
	th_buf_adds(b, "\n");
}

/* ---- triggers ---- */

/* On, and both services are on, and not off because of holidays alone. */
static bool
is_enabled(
    struct dump *d, const struct th_dump_row *t, const struct end ends[2])
{
	const struct th_dump_row *row, *end = d->rows.row + d->rows.n;
	char name[WORD_SIZE];

	row = th_dump_find(&d->rows, "holidays", t->key);
	if (!th_dump_is(row != NULL ? row : t, "status"))
		return false;
	row = th_dump_find(
	    &d->rows, "servicesactivated", (struct th_str){ "", 0 });
	for (; row != NULL && row < end &&
	       th_str_is(row->model, "servicesactivated");
	     row++) {
		get(row, "name", name, sizeof(name));
		if ((strcmp(name, ends[0].name) == 0 ||
			strcmp(name, ends[1].name) == 0) &&
		    !th_dump_is(row, "status"))
			return false;
	}
	return true;
}

static void
make(struct dump *d, const struct th_dump_row *t, const struct end ends[2],
    struct th_str pipeline)
{
	char title[256], mark[96], shown[160];
	struct import_script s = { .otherwise = shown,
		.mark = mark,
		.shown = shown,
		.disabled = !is_enabled(d, t, ends) };
	struct th_buf text, name;
	struct th_str tag[64];
	size_t n = 0;

	get(t, "description", title, sizeof(title));
	s.title = th_str(title);
	snprintf(mark, sizeof(mark), "# was trigger %.*s of django-th\n",
	    (int)(t->key.len < 40 ? t->key.len : 40), t->key.s);
	snprintf(shown, sizeof(shown), "%s to %s", ends[0].service->here,
	    ends[1].service->here);
	th_buf_init(&text, TRIGGER_SCRIPT_MAX);
	th_buf_init(&name, TRIGGER_SCRIPT_MAX);
	import_name(d->m, &s, &name);
	th_buf_adds(&text, "#!/bin/sh\n");
	th_script_add(
	    &text, "description", th_str(title[0] != '\0' ? title : shown));
	import_add_schedule(d->m, &text);
	if (d->m->c->tags != NULL)
		n = trigger_split_tags(d->m->c->tags, tag, 64);
	th_script_add_list(&text, "tags", tag, n);
	th_buf_adds(&text, mark);
	th_buf_add(&text, pipeline.s, pipeline.len);
	cmd_check(text.status, NULL);
	import_write(d->m, name.data, &s, th_buf_str(&text));
	th_buf_release(&text);
	th_buf_release(&name);
}

static void
import_one(struct dump *d, const struct th_dump_row *t)
{
	struct end ends[2];
	struct th_buf b;
	char digest[2];

	if (!find_end(d, t, "provider", &ends[0]) ||
	    !find_end(d, t, "consumer", &ends[1]) ||
	    !is_told(d, t, &ends[0], ends[0].service->fetch) ||
	    !is_told(d, t, &ends[1], ends[1].service->publish))
		return;
	if (get(ends[0].user, "duration", digest, sizeof(digest)) &&
	    digest[0] != 'n')
		leave(d, t, false,
		    "its digest is not taken over; see --every of th-trigger");
	th_buf_init(&b, TRIGGER_SCRIPT_MAX);
	if (add_fetch(d, t, &ends[0], &b)) {
		add_publish(d, &ends[1], &b);
		cmd_check(b.status, NULL);
		make(d, t, ends, th_buf_str(&b));
	}
	th_buf_release(&b);
}

void
import_django(struct importing *m, struct th_str text)
{
	struct dump d = { .m = m, .accounts = cmd_need(th_set_new()) };
	const struct th_dump_row *t;
	struct th_err err = { 0 };
	enum th_status st;

	if ((st = th_dump_read(text, &d.rows, &err)) != TH_OK)
		cmd_die(st, "%s: %s", m->file, err.text);
	t = th_dump_find(&d.rows, "triggerservice", (struct th_str){ "", 0 });
	if (t == NULL)
		import_leave(m, 0, true, "no triggers in this dump");
	for (; t != NULL && t < d.rows.row + d.rows.n &&
	       th_str_is(t->model, "triggerservice") && !th_interrupted;
	     t++)
		import_one(&d, t);
	if (th_interrupted)
		cmd_note(TH_EAGAIN);
	th_dump_release(&d.rows);
	th_set_free(d.accounts);
}

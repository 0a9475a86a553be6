/* compose -- items made of what a service told */
#include "trigger.h"

void
th_compose_next(struct th_buf *b, const char *list, size_t *n)
{
	if ((*n)++ > 0)
		return;
	th_json_key(b, list);
	th_json_open(b, '[');
}

void
th_compose_end(struct th_buf *b, size_t n)
{
	if (n > 0)
		th_json_close(b, ']');
}

void
th_compose_text(struct th_buf *b, const char *name, const char *text)
{
	struct th_buf folded;

	th_buf_init(&folded, TH_LINE_MAX);
	th_text_fold(th_str(text), &folded);
	th_json_member(b, name, th_buf_str(&folded));
	if (folded.status == TH_ENOMEM)
		b->status = TH_ENOMEM;
	th_buf_release(&folded);
}

void
th_compose_date(struct th_buf *b, const char *name, int64_t t)
{
	char date[TH_DATE_SIZE];

	if (t > 0 && th_date_format(t, date) == TH_OK)
		th_json_member(b, name, th_str(date));
}

void
th_compose_time(struct th_buf *b, const char *name, const char *text)
{
	int64_t t;

	if (text != NULL && th_date_parse_rfc3339(th_str(text), &t) == TH_OK)
		th_compose_date(b, name, t);
}

void
th_compose_author(
    struct th_buf *b, struct th_str name, const char *url, const char *avatar)
{
	if (name.len == 0)
		return;
	th_json_key(b, "authors");
	th_json_open(b, '[');
	th_json_open(b, '{');
	th_json_member(b, "name", name);
	th_json_member(b, "url", th_str(url));
	th_json_member(b, "avatar", th_str(avatar));
	th_json_close(b, '}');
	th_json_close(b, ']');
}

void
th_compose_true(struct th_buf *b, const char *name, bool yes)
{
	if (!yes)
		return;
	th_json_member_bool(b, name, true);
}

void
th_compose_source(struct th_buf *b, const struct th_session *ses,
    const char *title, const char *home)
{
	th_json_key(b, "_source");
	th_json_open(b, '{');
	th_json_member(b, "service", th_str(th_session_service(ses)->name));
	th_json_member(b, "account", th_str(th_session_account(ses)));
	th_json_member(b, "title", th_str(title));
	th_json_member(b, "home_page_url", th_str(home));
	th_json_close(b, '}');
}

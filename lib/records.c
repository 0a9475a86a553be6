/* records -- records of CSV as items */
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

#define COLUMNS_TOLD 1000 /* apart: beyond them it is no table */

enum cell { TEXT, DATE, LIST, PEOPLE };
static const struct {
	const char *column, *member;
	enum cell cell;
} columns[] = {
	{ "author", "authors", PEOPLE },
	{ "authors", "authors", PEOPLE },
	{ "date", "date_published", DATE },
	{ "date_modified", "date_modified", DATE },
	{ "date_published", "date_published", DATE },
	{ "id", "id", TEXT },
	{ "link", "url", TEXT },
	{ "tags", "tags", LIST },
	{ "text", "content_text", TEXT },
	{ "title", "title", TEXT },
	{ "url", "url", TEXT },
};

/* "a, b; c" as an array of strings, or of objects with a name. */
static void
add_list(struct th_buf *b, struct th_str s, bool people)
{
	struct th_str part;
	size_t n;

	th_json_open(b, '[');
	while (s.len > 0) {
		for (n = 0;
		     n < s.len && s.s[n] != ';' && (people || s.s[n] != ',');
		     n++)
			;
		part = th_str_trim((struct th_str){ s.s, n });
		if (part.len > 0 && people)
			th_json_open(b, '{');
		if (part.len > 0 && people)
			th_json_key(b, "name");
		if (part.len > 0)
			th_json_string(b, part);
		if (part.len > 0 && people)
			th_json_close(b, '}');
		n += n < s.len;
		s.s += n;
		s.len -= n;
	}
	th_json_close(b, ']');
}

static void
add_cell(
    struct th_records *r, struct th_buf *b, const char *name, struct th_str s)
{
	char date[TH_DATE_SIZE];
	enum cell cell = TEXT;
	int64_t t;
	size_t i;

	for (i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		if (th_str_iis(th_str(name), columns[i].column)) {
			name = columns[i].member;
			cell = columns[i].cell;
		}
	if (cell == DATE) {
		if (th_date_parse(s, &t) != TH_OK ||
		    th_date_format(t, date) != TH_OK) {
			r->undated = true;
			return;
		}
		s = th_str(date);
	}
	th_json_key(b, name);
	if (cell == LIST || cell == PEOPLE)
		add_list(b, s, cell == PEOPLE);
	else
		th_json_string(b, s);
}

/* The member that a column makes. */
static const char *
member_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		if (th_str_iis(th_str(name), columns[i].column))
			return columns[i].member;
	return name;
}

/* Of several columns that make one member the first counts. */
static bool
is_double(const struct th_records *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->n && i < COLUMNS_TOLD; i++)
		if (strcmp(member_of(r->column[i]), member_of(name)) == 0)
			return true;
	return false;
}

static enum th_status
add_column(struct th_records *r, struct th_str cell)
{
	char **p;

	if (r->n == r->cap) {
		r->cap = r->cap == 0 ? 16 : 2 * r->cap;
		p = th_realloc(r->column, r->cap * sizeof(*p));
		if (p == NULL)
			return TH_ENOMEM;
		r->column = p;
	}
	cell = th_str_trim(cell);
	if ((r->column[r->n] = th_strndup(cell.s, cell.len)) == NULL)
		return TH_ENOMEM;
	if (is_double(r, r->column[r->n]))
		r->column[r->n][0] = '\0';
	r->n++;
	return TH_OK;
}

void
th_records_init(struct th_records *r, struct th_str text)
{
	*r = (struct th_records){ 0 };
	th_csv_init(&r->csv, text);
	th_buf_init(&r->cell, TH_LINE_MAX);
}

void
th_records_release(struct th_records *r)
{
	while (r->n > 0)
		free(r->column[--r->n]);
	free(r->column);
	th_buf_release(&r->cell);
}

enum th_status
th_records_next(struct th_records *r, struct th_buf *ret)
{
	bool last = false, head = r->n == 0;
	enum th_status st = TH_OK;
	size_t i;

	r->line = r->csv.line;
	r->undated = false;
	th_buf_clear(ret);
	th_json_open(ret, '{');
	for (i = 0; st == TH_OK && !last; i++) {
		st = th_csv_next(&r->csv, &r->cell, &last);
		if (st != TH_OK)
			break;
		if (head)
			st = add_column(r, th_buf_str(&r->cell));
		else if (i < r->n && r->column[i][0] != '\0' && r->cell.len > 0)
			add_cell(r, ret, r->column[i], th_buf_str(&r->cell));
	}
	th_json_close(ret, '}');
	return st != TH_OK ? st : ret->status;
}

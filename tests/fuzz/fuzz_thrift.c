/*
 * any bytes as a reply in Thrift's binary protocol: what was checked is read,
 * also as Evernote's list of notes
 */
#include "../../services/evernote.c"

#define TOKEN "S=s1:U=2:H=canary"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Reads all that there is, and stays within it. */
static void
walk(const struct th_thrift *st, struct th_str all, int depth)
{
	struct th_thrift_iter it;
	struct th_thrift v;
	struct th_str s;
	int id;

	if (st->raw.s < all.s || st->raw.s + st->raw.len > all.s + all.len ||
	    depth > 40)
		abort();
	for (id = -1; id < 20; id++) {
		th_thrift_number(st, id, 0);
		s = th_thrift_text(st, id);
		if (s.s != NULL &&
		    (s.s < all.s || s.s + s.len > all.s + all.len))
			abort();
		if (th_thrift_get(st, id, TH_THRIFT_STRUCT, &v))
			walk(&v, all, depth + 1);
		th_thrift_list(st, id, &it);
		while (th_thrift_next(&it, &v))
			if (v.type == TH_THRIFT_STRUCT && depth < 3)
				walk(&v, all, depth + 1);
	}
}

/* Each note is an item, of one line; its tags are known by this very list. */
static void
make_item(struct reading *r, const struct th_thrift *meta)
{
	struct th_buf line;
	struct th_value v;

	th_buf_init(&line, TH_LINE_MAX);
	if (item_of(r, meta, th_thrift_text(meta, 2), &line) == TH_OK &&
	    (memchr(line.data, '\n', line.len) != NULL ||
		th_json_parse(th_buf_str(&line), &v, NULL) != TH_OK))
		abort();
	th_buf_release(&line);
}

static void
list_of(struct reading *r, const struct th_thrift *list)
{
	struct page p = { 0 };
	struct th_thrift meta;
	size_t i;

	r->tag_list = *list;
	if (index_tags(r) != TH_OK)
		return;
	take_page(r, list, &p);
	for (i = 0; i < r->nnotes; i++) {
		meta = (struct th_thrift){ .type = TH_THRIFT_STRUCT,
			.raw = { r->note[i].raw, r->note[i].len } };
		make_item(r, &meta);
	}
}

/* As the answer to the list that we ask for; no error shows the token. */
static void
take_answer(struct th_str all)
{
	struct th_opts *opts = th_opts_new(params);
	struct th_reply rep = { .code = 200 };
	struct reading r = { 0 };
	struct th_edam_answer a;

	r.ses =
	    th_session_new(&th_service_evernote, NULL, NULL, opts, NULL, NULL);
	r.acc.ses = r.ses;
	r.acc.token.value = th_strdup(TOKEN);
	th_buf_init(&rep.body, TH_REPLY_MAX);
	th_buf_add(&rep.body, all.s, all.len);
	if (opts != NULL && r.ses != NULL && r.acc.token.value != NULL) {
		if (th_edam_read(&r.acc, &rep, method_of(LOOK),
			TH_THRIFT_STRUCT, &a) == TH_OK)
			list_of(&r, &a.result);
		if (strstr(th_session_err(r.ses)->text, TOKEN) != NULL)
			abort();
	}
	th_reply_release(&rep);
	reading_release(&r);
	th_session_free(r.ses);
	th_opts_free(opts);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_str all = { (const char *)data, size };
	struct th_thrift_message m;

	if (th_thrift_parse(all, &m, NULL) == TH_OK) {
		walk(&m.body, all, 0);
		take_answer(all);
	}
	return 0;
}

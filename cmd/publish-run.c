/* publish-run -- one run of th-publish: deposit, drain, summary */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "child.h"
#include "publish.h"

#define NAME_MAX_SIZE 4096

/* ---- the name of the queue ---- */

/* A URL without what may be secret; a hash keeps two of them apart. */
static void
add_url(struct th_buf *b, const char *url)
{
	const size_t start = b->len;
	unsigned char sum[TH_SHA256_SIZE];

	if (th_url_mask(th_str(url), b) != TH_OK)
		return;
	if (th_str_is((struct th_str){ b->data + start, b->len - start }, url))
		return;
	th_sha256(th_str(url), sum);
	th_buf_addc(b, '#');
	th_hex_encode((struct th_str){ (const char *)sum, 4 }, b);
}

/* The account, and the options that name a destination there. */
static void
add_destination(struct publish *p, const struct th_param *params,
    const struct th_opts *opts, struct th_buf *b)
{
	const char *value;
	size_t i, j;

	th_buf_addf(b, "%s:%s", p->service, p->account);
	for (i = 1; p->words != NULL && i < p->words->n; i++)
		th_buf_addf(b, "/%s", p->words->argv[i]);
	for (i = 0; params != NULL && params[i].name != NULL; i++)
		for (j = 0; (params[i].flags & TH_P_DEST) != 0 &&
			    j < th_opt_count(opts, params[i].name);
		     j++) {
			value = th_opt_nth(opts, params[i].name, j);
			th_buf_addf(b, "/%s=", params[i].name);
			if (params[i].kind == TH_URL)
				add_url(b, value);
			else
				th_buf_adds(b, value);
		}
}

static void
name_queue(struct publish *p, const struct th_param *params,
    const struct th_opts *opts)
{
	struct th_buf *b = &p->queue_name;

	th_buf_init(b, NAME_MAX_SIZE);
	if (p->queue != NULL)
		th_buf_adds(b, p->queue);
	else
		add_destination(p, params, opts, b);
	if (b->status == TH_EDATA)
		cmd_usage("the name of the queue would be too long; give one "
			  "with --queue");
	cmd_check(b->status, NULL);
	if (th_utf8_valid(th_buf_str(b)) != b->len)
		cmd_usage("the name of the queue is not UTF-8");
}

/* ---- opening and closing ---- */

static struct th_template *
compile(const char *option, const char *source)
{
	struct th_template *ret = NULL;
	struct th_err err = { 0 };
	enum th_status st;

	if (source == NULL)
		return NULL;
	st = th_template_new(source, &ret, &err);
	if (st == TH_EUSAGE)
		cmd_usage("--%s: %s", option, err.text);
	cmd_check(st, &err);
	return ret;
}

void
publish_open(
    struct publish *p, const struct th_service *s, const struct th_opts *opts)
{
	const struct th_param *params = s != NULL ? s->params : NULL;
	struct th_err err = { 0 };
	enum th_status st;

	p->text = compile("text", p->text_source);
	p->title = compile("title", p->title_source);
	name_queue(p, params, opts);
	cmd_check(th_config_load(cmd_config, &p->config, &err), &err);
	cmd_check_limits(p->config);
	th_buf_init(&p->account_key, NAME_MAX_SIZE);
	cmd_check(th_buf_addf(&p->account_key, "%s:%s", p->service, p->account),
	    NULL);
	th_buf_init(&p->place, TH_LINE_MAX);
	if (s != NULL && s->apart)
		add_destination(p, params, opts, &p->place);
	else
		th_buf_adds(&p->place, p->account_key.data);
	cmd_check(p->place.status, NULL);
	p->has_limit =
	    th_config_limit(p->config, p->service, p->account, &p->limit);
	st = cmd_store_open(p->config, p->wait, p->dry_run ? TH_STORE_READ : 0,
	    &p->store, &err);
	if (st == TH_END)
		return;
	cmd_tell("queue", p->queue_name.data);
	cmd_check(st, &err);
	cmd_check(th_queue_new(p->store, p->queue_name.data, p->service,
		      p->account, &p->outbox, &err),
	    &err);
	if (!p->dry_run)
		cmd_index_open(p->config, p->store, p->outbox, &p->search);
}

void
publish_close(struct publish *p)
{
	cmd_index_close(p->search, p->outbox);
	th_queue_free(p->outbox);
	th_store_close(p->store);
	th_config_free(p->config);
	th_template_free(p->text);
	th_template_free(p->title);
	th_buf_release(&p->account_key);
	th_buf_release(&p->place);
	th_buf_release(&p->queue_name);
}

/* ---- depositing ---- */

/* Items that were published in an earlier run come out again, receipt and all.
 */
static enum th_status
told(void *ctx, enum th_item_state state, bool is_new, struct th_str line,
    struct th_str receipt)
{
	struct publish *p = ctx;

	(void)line;
	if (receipt.s != NULL)
		return th_out_line(&cmd_out, receipt);
	if (is_new && state == TH_Q_HELD)
		p->held++;
	if (p->mark_seen && state != TH_Q_LEASED &&
	    (is_new || state != TH_Q_SEEN))
		p->seen++;
	return TH_OK;
}

static enum th_status
deposit(struct publish *p, bool last)
{
	struct th_err err = { 0 };
	enum th_deposit how = p->mark_seen  ? TH_DEPOSIT_SEEN
			      : p->no_guard ? TH_DEPOSIT
					    : TH_DEPOSIT_GUARD;
	enum th_status st;

	st = (last ? th_queue_deposit : th_queue_post)(
	    p->outbox, how, told, p, &err);
	if (st == TH_OK)
		st = th_out_flush(&cmd_out);
	/* Of standard output cmd_finish() tells; what came in is kept anyway.
	 */
	if (st != TH_OK && cmd_out.status == TH_OK) {
		cmd_warn("%s", err.text);
		cmd_note(st);
		return st;
	}
	return TH_OK;
}

static enum th_status
add_item(
    struct publish *p, const struct th_item *it, const struct th_stream *in)
{
	struct th_err err = { 0 };
	enum th_status st = th_queue_add(p->outbox, it, &err);

	if (st != TH_OK)
		cmd_bad_line(in, st, &err);
	return st == TH_EDATA ? TH_OK : st;
}

void
publish_deposit(struct publish *p)
{
	struct th_stream in;
	struct th_item it;
	enum th_status st;

	cmd_items_open(&in, NULL);
	th_item_init(&it);
	while ((st = th_stream_next(&in, &it)) == TH_OK || st == TH_EDATA) {
		if (st == TH_EDATA) {
			cmd_bad_line(&in, st, &in.err);
			continue;
		}
		if ((st = add_item(p, &it, &in)) != TH_OK)
			break;
		if (th_queue_full(p->outbox) &&
		    (st = deposit(p, false)) != TH_OK)
			break;
	}
	if (st != TH_END && in.err.status == st && st != TH_OK) {
		cmd_warn("standard input: %s", in.err.text);
		cmd_note(st);
	}
	/* Interrupted or not: what was read is kept. */
	if (deposit(p, true) == TH_OK && p->held > 0)
		cmd_warn("%s: held %" PRId64 " items whose ids are new but "
			 "whose urls or titles were published before; th-queue "
			 "release publishes them, --mark-seen does not",
		    th_queue_name(p->outbox), p->held);
	cmd_tell_count("in", (int64_t)in.items);
	th_item_release(&it);
	cmd_items_close(&in);
}

/* ---- draining ---- */

static enum th_status
hand_out(void *ctx, struct th_str line)
{
	enum th_status st = th_out_line(&cmd_out, line);

	(void)ctx;
	return st == TH_OK ? th_out_flush(&cmd_out) : st;
}

void
publish_init(struct publish *p, struct th_publisher *ret)
{
	*ret = (struct th_publisher){ 0 };
	ret->store = p->store;
	ret->queue = p->outbox;
	ret->queue_name = p->queue_name.data;
	ret->account = p->account_key.data;
	ret->account_name = p->account;
	ret->place = p->place.data;
	ret->text = p->text;
	ret->title = p->title;
	ret->limit = p->has_limit ? &p->limit : NULL;
	ret->own = p->has_own ? &p->own : NULL;
	ret->parallel = p->parallel;
	ret->in_order = p->in_order;
	ret->retries = p->retries;
	ret->max_items = p->max_items;
	ret->max_age = p->max_age;
	ret->receipt = hand_out;
	ret->ctx = p;
}

void
publish_ended(enum th_status st, const struct th_err *err)
{
	if (st <= TH_END || cmd_out.status != TH_OK)
		return;
	cmd_warn("%s", err->text[0] != '\0' ? err->text : th_strstatus(st));
	cmd_note(st);
}

static void
run(struct publish *p, struct th_publisher *pub)
{
	struct th_err err = { 0 };
	struct th_http_options *http = th_session_http_options(pub->session);

	http->max_parallel = http->max_per_host = p->parallel;
	http->timeout = p->timeout;
	publish_ended(th_publish_run(pub, &err), &err);
}

static struct th_session *
open_session(
    struct publish *p, const struct th_service *s, const struct th_opts *opts)
{
	struct th_account *account;
	struct th_session *ses;
	struct th_err err = { 0 };

	cmd_check(th_account_new(p->config, s->name, p->account, s->params,
		      &account, &err),
	    &err);
	ses =
	    th_session_new(s, p->config, account, opts, cmd_session_say, NULL);
	if (ses == NULL)
		cmd_die(TH_ENOMEM, "%s", th_strstatus(TH_ENOMEM));
	return ses;
}

void
publish_service(
    struct publish *p, const struct th_service *s, const struct th_opts *opts)
{
	struct th_session *ses = NULL;
	struct th_publisher pub;

	publish_open(p, s, opts);
	publish_init(p, &pub);
	/* What only puts aside needs no account that works. */
	if (!p->queue_only && !p->mark_seen)
		ses = open_session(p, s, opts);
	pub.service = s;
	pub.session = ses;
	if (p->dry_run) {
		publish_dry(p, &pub);
	} else {
		if (!p->drain)
			publish_deposit(p);
		if (ses != NULL && cmd_out.status == TH_OK)
			run(p, &pub);
		publish_summary(p, &pub);
	}
	th_session_free(ses);
	publish_close(p);
}

/* ---- the summary ---- */

/* "21:15" today; farther off with the day. */
static void
add_clock(struct th_buf *b, int64_t at)
{
	char text[64] = "";
	time_t t = (time_t)at;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		return;
	if (at - th_now() < 20 * 3600)
		strftime(text, sizeof(text), "%H:%M", &tm);
	else
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm);
	th_buf_addf(b, "next at %s", text);
}

static void
add_waiting(
    struct th_buf *b, const struct th_publisher *pub, int64_t n, int64_t next)
{
	th_buf_addf(b, ", %" PRId64 " wait", n);
	if (pub->full == NULL && next == 0)
		return;
	th_buf_adds(b, " (");
	if (pub->full != NULL) {
		th_buf_adds(b, "limit ");
		th_limit_format(pub->full, b);
	}
	if (pub->full != NULL && next != 0)
		th_buf_adds(b, ", ");
	if (next != 0)
		add_clock(b, next);
	th_buf_addc(b, ')');
}

static void
add_count(struct th_buf *b, int64_t n, const char *word)
{
	if (n > 0)
		th_buf_addf(
		    b, "%s%" PRId64 " %s", b->len > 0 ? ", " : "", n, word);
}

void
publish_summary(struct publish *p, const struct th_publisher *pub)
{
	struct th_queue_counts c;
	struct th_err err = { 0 };
	enum th_status st;
	struct th_buf b;
	int64_t next, waiting;

	st = th_queue_count(p->outbox, TH_Q_OUTBOX, &c, &err);
	if (st != TH_OK) {
		publish_ended(st, &err);
		return;
	}
	waiting = c.n[TH_Q_WAITING] + c.n[TH_Q_LEASED];
	/* In order, what is due waits for what is not. */
	if (c.next == 0 && waiting > 0)
		c.next = pub->due;
	next = pub->next != 0 || pub->full != NULL ? pub->next : c.next;
	cmd_tell_count("published", pub->published);
	cmd_tell_count("refused", pub->refused);
	th_buf_init(&b, NAME_MAX_SIZE);
	if (p->mark_seen)
		th_buf_addf(&b, "%" PRId64 " marked as seen", p->seen);
	else
		th_buf_addf(&b, "%" PRId64 " published", pub->published);
	if (waiting > 0)
		add_waiting(&b, pub, waiting, next);
	add_count(&b, pub->refused, "refused");
	add_count(&b, pub->expired, "expired");
	add_count(&b, c.n[TH_Q_HELD], "held");
	if (b.status == TH_OK)
		cmd_say(0, "%s", b.data);
	th_buf_release(&b);
	/* What waits for more than a limit, or for a decision, is a failure. */
	if (c.n[TH_Q_HELD] > 0 ||
	    (pub->full == NULL && waiting > 0 && c.next != 0))
		cmd_note(TH_EAGAIN);
}

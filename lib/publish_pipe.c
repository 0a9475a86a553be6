/*
 * publish_pipe -- draining a queue through a program
 *
 * A program may keep its answers until its input ends, so each run of it gets a
 * batch, then the end of input; the next batch is for the next run.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "publish.h"

#define BATCH_BYTES ((size_t)8 << 20)

struct pump {
	struct run *r;
	struct th_buf input; /* for the program, of which `sent` are gone */
	size_t sent;
	struct th_buf line; /* of its output, not yet whole */
	int in, out;
	bool stop; /* it does not answer any more */
};

enum th_status
th_pipe_line(const struct th_delivery *d, bool with_title, struct th_buf *ret)
{
	struct th_item it;
	enum th_status st;

	th_item_init(&it);
	st = th_item_parse(&it, d->item->line, NULL);
	if (st == TH_OK && d->text.s != NULL) {
		th_item_remove(&it, "content_html");
		st = th_item_set_string(&it, "content_text", d->text);
	}
	if (st == TH_OK && with_title)
		st = th_item_set_string(&it, "title", d->title);
	if (st == TH_OK)
		st = th_item_line(&it, ret);
	if (st == TH_OK)
		st = th_buf_addc(ret, '\n');
	th_item_release(&it);
	return st;
}

/* Claims a batch and writes down its lines; false when there is none. */
static bool
gather(struct pump *m)
{
	struct run *r = m->r;
	enum th_status st = TH_OK;
	struct slot *s;
	size_t i;

	for (i = 0; i < r->nslots && st == TH_OK && r->stop == TH_OK &&
		    !th_interrupted && m->input.len < BATCH_BYTES;
	     i++) {
		s = &r->slot[i];
		if ((st = th_slot_claim(s)) != TH_OK)
			break;
		if (!th_slot_open(s))
			continue;
		s->state = SENDING;
		s->unsafe = true;
		st = th_pipe_line(&s->d, r->p->title != NULL, &m->input);
	}
	if (st != TH_OK && st != TH_END)
		th_run_stop(r, th_fail(r->err, st, "%s", th_strstatus(st)));
	return r->busy > 0;
}

static struct slot *
find_slot(struct run *r, const char *id)
{
	size_t i;

	for (i = 0; i < r->nslots; i++)
		if (r->slot[i].state == SENDING &&
		    th_str_is(r->slot[i].d.id, id))
			return &r->slot[i];
	return NULL;
}

static void
take_receipt(struct slot *s, struct th_receipt_line *l)
{
	s->asked = true;
	s->d.receipt.id = l->remote_id;
	s->d.receipt.url = l->url;
	l->remote_id = l->url = NULL;
	switch (l->state) {
	case TH_Q_PUBLISHED: th_slot_conclude(s, TH_END, "", 0, false); break;
	case TH_Q_REFUSED:
		th_slot_conclude(s, TH_EREFUSED,
		    l->reason != NULL ? l->reason : "no reason given", 0,
		    false);
		break;
	default:
		th_slot_conclude(s, TH_EAGAIN,
		    l->reason != NULL ? l->reason : "asked to try again",
		    l->after > 0 ? th_now() + l->after : 0, false);
	}
	th_slot_release(s);
}

/* One line of the program.  What is no receipt of an item in hand is told. */
static void
take_line(struct pump *m, struct th_str line)
{
	struct th_session *ses = m->r->p->session;
	struct th_receipt_line l = { 0 };
	struct th_err err = { 0 };
	struct th_item it;
	struct slot *s;

	if (th_str_trim(line).len == 0)
		return;
	th_item_init(&it);
	if (th_item_parse(&it, line, &err) != TH_OK ||
	    th_receipt_read(&it, &l, &err) != TH_OK) {
		th_session_say(ses, 0, TH_OK, "%s: answered nonsense: %s",
		    m->r->p->account, err.text);
	} else if ((s = find_slot(m->r, l.id)) == NULL) {
		th_session_say(ses, 0, TH_OK,
		    "%s: answered for %s, which it was not given",
		    m->r->p->account, l.id);
	} else {
		take_receipt(s, &l);
	}
	th_receipt_line_release(&l);
	th_item_release(&it);
}

/* Cuts lines off what came; the rest of a line stays. */
static void
take_output(struct pump *m)
{
	const char *nl;
	size_t start = 0;

	while (start < m->line.len && (nl = memchr(m->line.data + start, '\n',
					   m->line.len - start)) != NULL) {
		take_line(m, (struct th_str){ m->line.data + start,
				 (size_t)(nl - m->line.data) - start });
		start = (size_t)(nl - m->line.data) + 1;
	}
	if (start == 0)
		return;
	memmove(m->line.data, m->line.data + start, m->line.len - start);
	m->line.len -= start;
}

static void
read_some(struct pump *m)
{
	char room[16384];
	ssize_t n = read(m->out, room, sizeof(room));

	if (n == -1 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0 && th_buf_add(&m->line, room, (size_t)n) == TH_OK) {
		take_output(m);
		return;
	}
	m->stop = n > 0; /* a line without end */
	m->out = -1;
}

static void
write_some(struct pump *m)
{
	ssize_t n;

	n = write(m->in, m->input.data + m->sent, m->input.len - m->sent);
	if (n > 0)
		m->sent += (size_t)n;
	else if (n == -1 && errno != EINTR && errno != EAGAIN)
		m->sent = m->input.len; /* it does not want more */
	if (m->sent < m->input.len)
		return;
	close(m->in);
	m->in = -1;
}

/* Until its output ends, or it has given no sign of life for too long. */
static void
pump(struct pump *m)
{
	const int64_t ms = m->r->p->pipe->timeout * 1000;
	struct pollfd fd[2];
	int64_t until = th_now_ms() + ms;
	int n;

	while (m->out != -1) {
		fd[0] = (struct pollfd){ m->out, POLLIN, 0 };
		fd[1] = (struct pollfd){ m->in, POLLOUT, 0 };
		n = poll(fd, 2, 1000);
		if (n == -1 && errno != EINTR)
			return;
		if (n > 0 && fd[0].revents != 0)
			read_some(m);
		if (n > 0 && fd[1].revents != 0)
			write_some(m);
		if (n > 0)
			until = th_now_ms() + ms;
		else if (th_now_ms() > until || th_now_ms() < until - 2 * ms) {
			m->stop = true;
			return;
		}
	}
}

/* What was not answered waits; what was written may have been published. */
static void
put_off(struct pump *m, enum th_status end, const struct th_err *err)
{
	const char *why = m->stop        ? "did not answer in time"
			  : end != TH_OK ? err->text
					 : "was not answered";
	struct run *r = m->r;
	struct slot *s;
	size_t i;

	for (i = 0; i < r->nslots; i++) {
		s = &r->slot[i];
		if (s->state != SENDING)
			continue;
		s->maybe = true;
		s->asked = true;
		th_slot_conclude(s,
		    end == TH_EAUTH || end == TH_ECONFIG ? end : TH_EAGAIN, why,
		    0, false);
		th_slot_release(s);
	}
}

static void
run_batch(struct pump *m)
{
	const struct th_pipe *p = m->r->p->pipe;
	struct th_err err = { 0 };
	enum th_status st;

	st = p->start(p->ctx, &m->in, &m->out, &err);
	if (st != TH_OK) {
		th_run_stop(m->r, th_fail(m->r->err, st, "%s", err.text));
		m->stop = false;
		put_off(m, st, &err);
		return;
	}
	fcntl(m->in, F_SETFL, fcntl(m->in, F_GETFL) | O_NONBLOCK);
	fcntl(m->out, F_SETFL, fcntl(m->out, F_GETFL) | O_NONBLOCK);
	pump(m);
	if (m->line.len > 0 && !m->stop) /* a last line without its end */
		take_line(m, th_buf_str(&m->line));
	if (m->in != -1)
		close(m->in);
	st = p->end(p->ctx, m->stop, &err);
	put_off(m, st, &err);
	/* It says it cannot go on: so it is, even if all was answered. */
	if (st != TH_OK || m->stop)
		th_run_stop(
		    m->r, th_fail(m->r->err, m->stop ? TH_EAGAIN : st, "%s",
			      m->stop ? "did not answer in time" : err.text));
}

void
th_run_pipe(struct run *r)
{
	struct pump m = { .r = r };

	th_buf_init(&m.input, TH_LINE_MAX * 3);
	th_buf_init(&m.line, TH_LINE_MAX);
	while (r->stop == TH_OK && !th_interrupted && gather(&m)) {
		m.sent = 0;
		m.stop = false;
		run_batch(&m);
		th_buf_clear(&m.input);
		th_buf_clear(&m.line);
	}
	if (th_interrupted)
		th_run_stop(r, th_fail(r->err, TH_EAGAIN, "interrupted"));
	th_buf_release(&m.input);
	th_buf_release(&m.line);
}

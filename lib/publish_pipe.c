/*
 * publish_pipe -- draining a queue through a program
 *
 * What it was given when we die may be published without our knowing, so it
 * gets an item when it has answered for the one before.  A program may also
 * keep its answers until its input ends: one that is silent gets more and more,
 * then the end of input, and the next run of it all it can get.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "publish.h"

#define BATCH_BYTES ((size_t)8 << 20)
#define PATIENCE_MS 250 /* of silence, at least, before it gets more */

struct pump {
	struct run *r;
	struct th_buf input; /* for the program, of which `sent` are gone */
	size_t sent;
	struct th_buf line; /* of its output, not yet whole */
	size_t seen;        /* up to here it has no end */
	int in, out;
	size_t window;    /* how many it may have in hand */
	int64_t patience; /* ms */
	int64_t heard;    /* when it answered last, or got more */
	bool answers;     /* did so while its input was open */
	bool keeps;       /* its answers until the end, the last run showed */
	bool whole;       /* nothing more is to come for this run of it */
	const char *stop; /* why it must end; or NULL */
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

static struct slot *
free_slot(struct run *r)
{
	size_t i;

	for (i = 0; i < r->nslots; i++)
		if (r->slot[i].state == FREE)
			return &r->slot[i];
	return NULL;
}

/* Claims what the program may have now, and writes down the lines. */
static void
gather(struct pump *m)
{
	struct run *r = m->r;
	enum th_status st = TH_OK;
	struct slot *s;

	while (!m->whole && r->busy < m->window && st == TH_OK) {
		s = free_slot(r);
		if (s == NULL || r->stop != TH_OK || th_interrupted ||
		    m->input.len >= BATCH_BYTES ||
		    (st = th_slot_claim(s)) != TH_OK) {
			m->whole = true;
		} else if (th_slot_open(s)) {
			s->state = SENDING;
			s->unsafe = true;
			s->at = m->input.len;
			s->given = th_steady_ms();
			m->heard = s->given;
			st =
			    th_pipe_line(&s->d, r->p->title != NULL, &m->input);
		}
	}
	m->whole |= th_interrupted || r->stop != TH_OK || st != TH_OK;
	if (st != TH_OK && st != TH_END)
		th_run_stop(r, th_fail(r->err, st, "%s", th_strstatus(st)));
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

/* It may think about the next one as long, and some more. */
static void
learn_patience(struct pump *m, int64_t thought)
{
	const int64_t most = m->r->p->pipe->timeout * 1000 / 4;

	if (4 * thought > m->patience)
		m->patience = 4 * thought;
	if (m->patience > most)
		m->patience = most > PATIENCE_MS ? most : PATIENCE_MS;
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
	m->heard = th_steady_ms();
	if (th_item_parse(&it, line, &err) != TH_OK ||
	    th_receipt_read(&it, &l, &err) != TH_OK) {
		th_session_say(ses, 0, TH_OK, "%s: answered nonsense: %s",
		    m->r->p->account, err.text);
	} else if ((s = find_slot(m->r, l.id)) == NULL) {
		th_session_say(ses, 0, TH_OK,
		    "%s: answered for %s, which it was not given",
		    m->r->p->account, l.id);
	} else {
		learn_patience(m, m->heard - s->given);
		m->answers |= m->in != -1;
		m->window = (size_t)m->r->p->parallel;
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
	size_t start = 0, seen = m->seen;

	while (seen < m->line.len && (nl = memchr(m->line.data + seen, '\n',
					  m->line.len - seen)) != NULL) {
		take_line(m, (struct th_str){ m->line.data + start,
				 (size_t)(nl - m->line.data) - start });
		start = seen = (size_t)(nl - m->line.data) + 1;
	}
	if (start > 0)
		memmove(
		    m->line.data, m->line.data + start, m->line.len - start);
	m->line.len -= start;
	m->seen = m->line.len;
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
	if (n > 0)
		m->stop = "answered with a line without end";
	m->out = -1;
}

static void
close_input(struct pump *m)
{
	if (m->in != -1)
		close(m->in);
	m->in = -1;
	m->whole = true;
}

/* What is left to another by now must not be given away. */
static bool
hold_all(struct run *r)
{
	bool held = true;
	size_t i;

	for (i = 0; i < r->nslots; i++)
		if (r->slot[i].state == SENDING)
			held &= th_slot_hold(&r->slot[i]);
	return held;
}

static void
write_some(struct pump *m)
{
	ssize_t n;

	if (!hold_all(m->r)) {
		close_input(m);
		return;
	}
	n = write(m->in, m->input.data + m->sent, m->input.len - m->sent);
	if (n > 0)
		m->sent += (size_t)n;
	else if (n == -1 && errno != EINTR && errno != EAGAIN)
		close_input(m); /* it does not want more */
}

/* It has all it was given, and is silent: does it wait for more? */
static void
ponder(struct pump *m)
{
	if (m->sent < m->input.len || m->in == -1)
		return;
	if (m->whole)
		close_input(m);
	else if (th_steady_ms() - m->heard >= m->patience)
		m->window = m->r->busy * 2;
}

/* Waits for something to do, not for long. */
static int
await(struct pump *m, struct pollfd fd[2])
{
	const bool more = m->sent < m->input.len;
	int n;

	fd[0] = (struct pollfd){ m->out, POLLIN, 0 };
	fd[1] = (struct pollfd){ m->in, more ? POLLOUT : 0, 0 };
	n = poll(fd, 2, m->in != -1 && !more ? PATIENCE_MS / 2 : 1000);
	if (n > 0 && fd[0].revents != 0)
		read_some(m);
	if (n > 0 && (fd[1].revents & POLLOUT) != 0)
		write_some(m);
	else if (n > 0 && fd[1].revents != 0)
		close_input(m);
	return n;
}

/* Until its output ends, or it has given no sign of life for too long. */
static void
pump(struct pump *m)
{
	const int64_t ms = m->r->p->pipe->timeout * 1000;
	struct pollfd fd[2];
	int64_t until = th_steady_ms() + ms;
	int n;

	while (m->out != -1) {
		gather(m);
		ponder(m);
		n = await(m, fd);
		if (n == -1 && errno != EINTR)
			return;
		hold_all(m->r);
		if (n > 0)
			until = th_steady_ms() + ms;
		else if (th_steady_ms() > until) {
			m->stop = "did not answer in time";
			return;
		}
	}
}

/* What was not answered waits; what it was given may have been published. */
static void
put_off(struct pump *m, enum th_status end, const struct th_err *err)
{
	const char *why = m->stop != NULL ? m->stop
			  : end != TH_OK  ? err->text
					  : "was not answered";
	struct run *r = m->r;
	struct slot *s;
	size_t i;

	for (i = 0; i < r->nslots; i++) {
		s = &r->slot[i];
		if (s->state != SENDING)
			continue;
		s->maybe = s->asked = m->sent > s->at;
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
		m->stop = NULL;
		put_off(m, st, &err);
		return;
	}
	fcntl(m->in, F_SETFL, fcntl(m->in, F_GETFL) | O_NONBLOCK);
	fcntl(m->out, F_SETFL, fcntl(m->out, F_GETFL) | O_NONBLOCK);
	pump(m);
	if (m->line.len > 0 &&
	    m->stop == NULL) /* a last line without its end */
		take_line(m, th_buf_str(&m->line));
	close_input(m);
	st = p->end(p->ctx, m->stop != NULL, &err);
	put_off(m, st, &err);
	/* It says it cannot go on: so it is, even if all was answered. */
	if (st != TH_OK || m->stop != NULL)
		th_run_stop(
		    m->r, th_fail(m->r->err, m->stop != NULL ? TH_EAGAIN : st,
			      "%s", m->stop != NULL ? m->stop : err.text));
}

/* Everything for one run of the program; false when there is nothing. */
static bool
begin(struct pump *m)
{
	const size_t most = m->r->nslots;

	th_buf_clear(&m->input);
	th_buf_clear(&m->line);
	m->in = m->out = -1;
	m->sent = 0;
	m->window = m->keeps ? most : (size_t)m->r->p->parallel;
	m->patience = PATIENCE_MS;
	m->answers = m->whole = false;
	m->stop = NULL;
	m->seen = 0;
	gather(m);
	return m->r->busy > 0;
}

void
th_run_pipe(struct run *r)
{
	struct pump m = { .r = r };

	th_buf_init(&m.input, TH_LINE_MAX * 3);
	th_buf_init(&m.line, TH_LINE_MAX);
	while (r->stop == TH_OK && !th_interrupted && begin(&m)) {
		run_batch(&m);
		m.keeps = !m.answers;
	}
	if (th_interrupted)
		th_run_stop(r, th_fail(r->err, TH_EAGAIN, "interrupted"));
	th_buf_release(&m.input);
	th_buf_release(&m.line);
}

/* publish-external -- a service that is a program: th-publish-NAME on PATH */
#include <sys/wait.h>

#include <stdlib.h>

#include "child.h"
#include "publish.h"

struct external {
	struct publish *p;
	struct th_account *account;
	const struct cmd_words *words;
	struct cmd_child child;
};

static enum th_status
start(void *ctx, int *in, int *out, struct th_err *err)
{
	struct external *x = ctx;
	enum th_status st;

	st = cmd_child_start(x->words->argv[0], x->words->argv, x->p->config,
	    x->account, true, &x->child, err);
	if (st != TH_OK)
		return st;
	*in = x->child.in;
	*out = x->child.out;
	x->child.in = -1;
	return TH_OK;
}

static enum th_status
end(void *ctx, bool stop, struct th_err *err)
{
	struct external *x = ctx;

	return cmd_child_wait(&x->child, x->p->service,
	    stop ? CMD_CHILD_HANGS : CMD_CHILD_ENDS, err);
}

void
publish_external(struct publish *p, const struct cmd_words *words)
{
	const struct th_service service = { .name = p->service };
	struct external x = { .p = p, .words = words };
	const struct th_pipe pipe = { start, end,
		p->timeout > 0 ? p->timeout : CMD_CHILD_TIMEOUT, &x };
	struct th_err err = { 0 };
	struct th_publisher pub;
	struct th_session *ses;

	publish_open(p, NULL, NULL);
	publish_init(p, &pub);
	cmd_check(th_account_new(p->config, p->service, p->account, NULL,
		      &x.account, &err),
	    &err);
	/* Only to speak through: the account stays ours. */
	ses = th_session_new(
	    &service, p->config, NULL, NULL, cmd_session_say, NULL);
	if (ses == NULL)
		cmd_die(TH_ENOMEM, "%s", th_strstatus(TH_ENOMEM));
	pub.service = &service;
	pub.session = ses;
	pub.pipe = &pipe;
	if (p->dry_run) {
		publish_dry(p, &pub);
	} else {
		if (!p->drain)
			publish_deposit(p);
		if (!p->queue_only && !p->mark_seen && cmd_out.status == TH_OK)
			publish_ended(th_publish_run(&pub, &err), &err);
		publish_summary(p, &pub);
	}
	th_session_free(ses);
	th_account_free(x.account);
	publish_close(p);
}

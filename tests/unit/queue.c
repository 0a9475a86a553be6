/* queue -- receipts packed, back-off, windows, owners, steps of the store */
#include <sys/wait.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "trigger.h"

static int n;

static void
ok(bool pass, const char *name)
{
	printf("%sok %d - %s\n", pass ? "" : "not ", ++n, name);
}

/* ---- receipts ---- */

static bool
same(struct th_str a, const char *b)
{
	return b == NULL ? a.s == NULL : a.s != NULL && th_str_is(a, b);
}

static size_t
round_trip(const char *id, const char *url, const char *service, bool *pass)
{
	struct th_receipt_view in = { 0 }, out = { 0 };
	struct th_buf packed, room;
	size_t len;

	th_buf_init(&packed, 1 << 16);
	th_buf_init(&room, 1 << 16);
	in.id = th_str(id);
	in.url = th_str(url);
	in.service = th_str(service);
	*pass = th_receipt_pack(&in, &packed) == TH_OK &&
		th_receipt_unpack(th_buf_str(&packed), &room, &out) == TH_OK &&
		same(out.id, id) && same(out.url, url) &&
		same(out.service, service) && out.account.s == NULL;
	len = packed.len;
	th_buf_release(&packed);
	th_buf_release(&room);
	return len;
}

static void
test_receipts(void)
{
	bool pass;
	size_t len;

	len = round_trip(NULL, NULL, NULL, &pass);
	ok(pass && len == 0, "a receipt without anything takes no byte");
	len = round_trip("1234567890", NULL, NULL, &pass);
	ok(pass && len == 10, "one with an id takes the id");
	len = round_trip(
	    "1234567890", "https://x.com/i/status/1234567890", NULL, &pass);
	ok(pass && len == 10 + 1 + 23 + 1,
	    "a url that holds the id is shorter");
	round_trip("12", "https://t.example/c/12/a-12-title", NULL, &pass);
	ok(pass, "text behind the id comes back");
	round_trip(NULL, "https://a.example/", "b", &pass);
	ok(pass, "a url alone and another service come back");
}

/* ---- back-off ---- */

static void
test_backoff(void)
{
	bool within = true, differs = false;
	int64_t tries, wait, most, first = th_backoff(10);
	int i;

	for (tries = -1; tries < 100; tries++)
		for (i = 0; i < 20; i++) {
			wait = th_backoff(tries);
			most = tries < 1    ? 2
			       : tries > 11 ? 3600
					    : (int64_t)1 << tries;
			most = most > 3600 ? 3600 : most;
			within =
			    within && wait <= most && wait >= most - most / 2;
		}
	for (i = 0; i < 20; i++)
		differs = differs || th_backoff(10) != first;
	ok(within, "back-off doubles up to an hour, less up to a half");
	ok(differs, "back-off is not the same twice");
}

static void
test_owner(void)
{
	char self[TH_OWNER_SIZE], other[TH_OWNER_SIZE], *pid;

	th_owner(self);
	ok(th_owner_life(self) == TH_OWNER_ALIVE, "we are alive");
	memcpy(other, self, sizeof(other));
	other[strlen(other) - 1] ^= 1;
	ok(th_owner_life(other) == TH_OWNER_DEAD,
	    "a process id that was given out anew is not the one that died");
	memcpy(other, self, sizeof(other));
	other[9] = other[9] == 'f' ? '0' : 'f';
	ok(th_owner_life(other) == TH_OWNER_DEAD, "after a boot all are dead");
	memcpy(other, self, sizeof(other));
	other[0] = other[0] == 'f' ? '0' : 'f';
	ok(th_owner_life(other) == TH_OWNER_FAR,
	    "of another machine we know nothing");
	snprintf(other, sizeof(other), "%.18s%d.1", self, 99999999);
	pid = other + 18;
	ok(*pid == '9' && th_owner_life(other) == TH_OWNER_DEAD,
	    "a process that is not there is dead");
	ok(th_owner_life("") == TH_OWNER_FAR &&
		th_owner_life("take x") == TH_OWNER_FAR,
	    "a word is nobody we know");
}

/* ---- the store ---- */

static void
test_limits(struct th_store *s)
{
	const struct th_limit three = { 3, 3600 }, none = { 0, 0 };
	const int64_t before = th_now();
	int64_t token[4] = { 0 }, next = 0, room = -1;
	int i, taken = 0;

	for (i = 0; i < 4; i++)
		taken += th_limit_take(
			     s, "a", &three, &token[i], &next, NULL) == TH_OK;
	ok(taken == 3 && next >= before + 3599 && next <= th_now() + 3601,
	    "a window lets so many pass and tells when the next may");
	ok(th_limit_give(s, "a", token[1], NULL) == TH_OK &&
		th_limit_look(s, "a", &three, &room, &next, NULL) == TH_OK &&
		room == 1 && next == 0,
	    "what is given back may be taken again");
	ok(th_limit_take(s, "b", &none, &token[0], &next, NULL) == TH_END &&
		next == 0,
	    "a limit of none lets none pass, ever");
	ok(th_limit_look(s, "c", &three, &room, &next, NULL) == TH_OK &&
		room == 3,
	    "keys do not share");
}

static void
test_pauses(struct th_store *s)
{
	int64_t until = -1, later = th_now() + 100;

	ok(th_pause_get(s, "p", &until, NULL) == TH_OK && until == 0,
	    "no pause without one");
	th_pause_set(s, "p", later, NULL);
	th_pause_set(s, "p", later - 50, NULL);
	ok(th_pause_get(s, "p", &until, NULL) == TH_OK && until == later,
	    "the later of two pauses counts");
	th_pause_set(s, "q", th_now() - 1, NULL);
	ok(th_pause_get(s, "q", &until, NULL) == TH_OK && until == 0,
	    "a pause that is over is none");
}

static enum th_status
deposit_one(struct th_queue *q, const char *line)
{
	struct th_item it;
	enum th_status st;

	th_item_init(&it);
	st = th_item_parse(&it, th_str(line), NULL);
	if (st == TH_OK)
		st = th_queue_add(q, &it, NULL);
	if (st == TH_OK)
		st = th_queue_deposit(q, TH_DEPOSIT, NULL, NULL, NULL);
	th_item_release(&it);
	return st;
}

static void
test_leases(struct th_store *s)
{
	char self[TH_OWNER_SIZE];
	struct th_claim c = { .owner = self, .seconds = 100 };
	struct th_queue *q = NULL;
	struct th_lease l;

	th_owner(self);
	th_lease_init(&l);
	ok(th_queue_new(s, "leases", "x", "y", &q, NULL) == TH_OK &&
		deposit_one(q, "{\"id\":\"1\"}") == TH_OK &&
		th_queue_claim(q, &c, &l, NULL) == TH_OK && !l.doubtful,
	    "an item is leased");
	ok(th_queue_reclaim(q, NULL) == TH_OK &&
		th_queue_claim(q, &c, &l, NULL) == TH_END,
	    "the lease of one who lives is left to him");
	ok(th_queue_renew(q, &l, self, 0, NULL) == TH_OK &&
		th_queue_renew(q, &l, "somebody", 9, NULL) == TH_END,
	    "he may renew it, others may not");
	ok(th_queue_reclaim(q, NULL) == TH_OK &&
		th_queue_renew(q, &l, self, 9, NULL) == TH_END,
	    "when it is over, it is over for one who lives, too");
	ok(th_queue_claim(q, &c, &l, NULL) == TH_OK && l.doubtful,
	    "and the item is doubtful");
	th_lease_release(&l);
	th_queue_free(q);
}

static void
test_locks(struct th_store *s)
{
	const struct timespec tick = { 0, 10000000 };
	int status = -1, busy[2] = { -1, -1 };
	struct th_store *other = NULL;
	struct th_config *config = NULL;
	pid_t pid;
	char c;

	ok(th_lock(s, "l", 60, NULL) == TH_OK &&
		th_lock(s, "l", 60, NULL) == TH_OK &&
		th_unlock(s, "l", NULL) == TH_OK,
	    "a lock is taken, renewed, given back");
	if (pipe(busy) == -1 || (pid = fork()) == -1)
		return;
	if (pid == 0) {
		th_config_load(NULL, &config, NULL);
		th_store_open(config, &other, NULL);
		c = th_lock(other, "l", 60, NULL) == TH_OK ? '1' : '0';
		if (write(busy[1], &c, 1) == 1)
			for (;;)
				nanosleep(&tick, NULL);
		_exit(1);
	}
	ok(read(busy[0], &c, 1) == 1 && c == '1' &&
		th_lock(s, "l", 60, NULL) == TH_END,
	    "a lock that another process holds is not taken");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	ok(th_lock(s, "l", 60, NULL) == TH_OK,
	    "the lock of a process that died is free");
}

static void
test_state(struct th_store *s)
{
	struct th_state *st = NULL;
	struct th_buf b;
	bool new = false, again = true, known = true, gone = false;

	th_buf_init(&b, 1 << 16);
	ok(th_state_open(s, "n", NULL, &st, NULL) == TH_OK &&
		th_state_put(st, "etag", TH_STR("\"x\""), NULL) == TH_OK &&
		th_state_see(st, "feed", TH_STR("1"), &new, NULL) == TH_OK &&
		th_state_see(st, "feed", TH_STR("1"), &again, NULL) == TH_OK &&
		new && !again,
	    "an id is new once in a reading");
	th_state_free(st);
	th_state_open(s, "n", NULL, &st, NULL);
	ok(th_state_get(st, "etag", &b, NULL) == TH_END,
	    "what was not committed is forgotten");
	th_state_put(st, "etag", TH_STR("\"x\""), NULL);
	th_state_see(st, "feed", TH_STR("1"), &new, NULL);
	ok(th_state_commit(st, NULL) == TH_OK, "commit");
	th_state_free(st);
	th_state_open(s, "n", "run1", &st, NULL);
	ok(th_state_get(st, "etag", &b, NULL) == TH_OK &&
		strcmp(b.data, "\"x\"") == 0 &&
		th_state_see(st, "feed", TH_STR("1"), &known, NULL) == TH_OK &&
		!known,
	    "what was committed is there");
	th_state_put(st, "etag", TH_STR("\"y\""), NULL);
	th_state_see(st, "feed", TH_STR("2"), &new, NULL);
	th_state_commit(st, NULL);
	th_state_free(st);
	th_state_open(s, "n", NULL, &st, NULL);
	th_buf_clear(&b);
	ok(th_state_get(st, "etag", &b, NULL) == TH_OK &&
		strcmp(b.data, "\"x\"") == 0,
	    "a run keeps its changes aside");
	th_state_free(st);
	th_state_settle(s, "run1", true, NULL);
	th_state_open(s, "n", NULL, &st, NULL);
	th_buf_clear(&b);
	ok(th_state_get(st, "etag", &b, NULL) == TH_OK &&
		strcmp(b.data, "\"y\"") == 0 &&
		th_state_see(st, "feed", TH_STR("2"), &known, NULL) == TH_OK &&
		!known,
	    "until it is settled");
	th_state_put(st, "etag", TH_STR(""), NULL);
	th_state_commit(st, NULL);
	gone = th_state_get(st, "etag", &b, NULL) == TH_END;
	ok(gone, "an empty value takes the key away");
	th_state_free(st);
	th_buf_release(&b);
}

int
main(void)
{
	struct th_config *config = NULL;
	struct th_store *s = NULL;
	struct th_err err = { 0 };

	test_receipts();
	test_backoff();
	test_owner();
	ok(th_config_load(NULL, &config, &err) == TH_OK &&
		th_store_open(config, &s, &err) == TH_OK,
	    "a store opens");
	if (s != NULL) {
		test_limits(s);
		test_pauses(s);
		test_leases(s);
		test_locks(s);
		test_state(s);
	}
	th_store_close(s);
	th_config_free(config);
	printf("1..%d\n", n);
	return 0;
}

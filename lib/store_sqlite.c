/*
 * store_sqlite -- the embedded store: opening it, statements, readers' states
 *
 * The pragmas, and why:
 *   journal_mode=WAL   readers never wait for a writer, and a commit is one
 *                      append to the log: what a process committed survives
 *                      its being killed without a sync.
 *   synchronous=FULL   around what must outlive a loss of power as well (the
 *                      deposit of items, a reader's cursor): the log is synced
 *                      before the commit returns.
 *   synchronous=NORMAL for the rest (each result of a delivery): the log is
 *                      synced before it is copied into the database only.  A
 *                      loss of power may undo the last of these, never tear
 *                      one, and never a deposit that went before.
 *
 * The log is copied into the database after 4000 pages (16 MB), a quarter of
 * the syncs of SQLite's default; sooner where the disk has less room left than
 * the log takes already, or a log of what is long settled would fill it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "store_sqlite.h"

#define SCHEMA_VERSION 2
#define LOG_PAGES 4000 /* of the log, before it is copied */
#define LOOK_PAGES 64  /* between two looks at the room that is left */
#define PAGE_SIZE 4096
#define INTERRUPTED_MS 5000 /* waited for at most once we were told to stop */

static const char state_schema[] =
    "CREATE TABLE state(name TEXT, run TEXT, key TEXT, value BLOB,"
    " PRIMARY KEY(name, run, key)) WITHOUT ROWID;"
    "CREATE TABLE scope(no INTEGER PRIMARY KEY, name TEXT, scope TEXT,"
    " UNIQUE(name, scope));"
    "CREATE TABLE seen(scope INTEGER, id BLOB, day INTEGER,"
    " PRIMARY KEY(scope, id)) WITHOUT ROWID;"
    "CREATE TABLE seen_run(run TEXT, scope INTEGER, id BLOB,"
    " PRIMARY KEY(run, scope, id)) WITHOUT ROWID;";

enum th_status
th_sql_fail(struct th_sqlite *s, int rc, struct th_err *err)
{
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return th_fail(err, TH_ENOMEM, "store: out of memory");
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return th_fail(err, TH_EAGAIN, "%s: busy", s->path);
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return th_fail(
		    err, TH_EIO, "%s: %s", s->path, sqlite3_errstr(rc));
	default:
		return th_fail(err, TH_EBUG, "%s: %s", s->path,
		    s->db != NULL ? sqlite3_errmsg(s->db) : sqlite3_errstr(rc));
	}
}

/* Waits a little longer each time, not quite as long as the others do. */
static int
on_busy(void *ctx, int tries)
{
	const struct th_sqlite *s = ctx;
	const int ms = tries < 10 ? tries + 1 : 10;
	struct timespec t = { 0 };
	int64_t waited;

	waited = tries < 10 ? tries * (tries + 1) / 2 : 45 + (tries - 10) * 10;
	if (waited > s->wait_ms || (th_interrupted && waited > INTERRUPTED_MS))
		return 0;
	sqlite3_randomness(sizeof(t.tv_nsec), &t.tv_nsec);
	t.tv_nsec = (long)((unsigned long)t.tv_nsec % (1000000UL * ms));
	nanosleep(&t, NULL);
	return 1;
}

static enum th_status
find_statement(struct th_sqlite *s, const char *sql, sqlite3_stmt **ret,
    struct th_err *err)
{
	size_t i;
	int rc;

	for (i = 0; i < s->nkept; i++)
		if (s->kept[i].sql == sql) {
			*ret = s->kept[i].stmt;
			return TH_OK;
		}
	if (s->nkept == TH_SQL_STATEMENTS)
		return th_fail(err, TH_EBUG, "store: too many statements");
	rc = sqlite3_prepare_v3(
	    s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);
	if (rc != SQLITE_OK)
		return th_sql_fail(s, rc, err);
	s->kept[s->nkept].sql = sql;
	s->kept[s->nkept++].stmt = *ret;
	return TH_OK;
}

static int
bind_bytes(sqlite3_stmt *stmt, int i, struct th_str v, bool text)
{
	if (v.s == NULL)
		return sqlite3_bind_null(stmt, i);
	if (text)
		return sqlite3_bind_text64(
		    stmt, i, v.s, v.len, SQLITE_STATIC, SQLITE_UTF8);
	return sqlite3_bind_blob64(stmt, i, v.s, v.len, SQLITE_STATIC);
}

static enum th_status
bind_all(struct th_sqlite *s, sqlite3_stmt **ret, struct th_err *err,
    const char *sql, const char *types, va_list ap)
{
	const struct th_hash *h;
	enum th_status st;
	int i, rc = SQLITE_OK;

	if ((st = find_statement(s, sql, ret, err)) != TH_OK)
		return st;
	for (i = 1; types[i - 1] != '\0' && rc == SQLITE_OK; i++)
		switch (types[i - 1]) {
		case 'i':
			rc = sqlite3_bind_int64(*ret, i, va_arg(ap, int64_t));
			break;
		case 's':
			rc = sqlite3_bind_text(
			    *ret, i, va_arg(ap, char *), -1, SQLITE_STATIC);
			break;
		case 'h':
			h = va_arg(ap, const struct th_hash *);
			rc = sqlite3_bind_blob(
			    *ret, i, h->byte, sizeof(h->byte), SQLITE_STATIC);
			break;
		default:
			rc = bind_bytes(*ret, i, va_arg(ap, struct th_str),
			    types[i - 1] == 't');
		}
	return rc == SQLITE_OK ? TH_OK : th_sql_fail(s, rc, err);
}

enum th_status
th_sql(struct th_sqlite *s, sqlite3_stmt **ret, struct th_err *err,
    const char *sql, const char *types, ...)
{
	enum th_status st;
	va_list ap;

	va_start(ap, types);
	st = bind_all(s, ret, err, sql, types, ap);
	va_end(ap);
	return st;
}

enum th_status
th_sql_step(struct th_sqlite *s, sqlite3_stmt *stmt, struct th_err *err)
{
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_ROW)
		return TH_OK;
	sqlite3_reset(stmt);
	return rc == SQLITE_DONE ? TH_END : th_sql_fail(s, rc, err);
}

/* The first row, or that there is none. */
static enum th_status
first_row(struct th_sqlite *s, sqlite3_stmt **ret, struct th_err *err,
    const char *sql, const char *types, va_list ap)
{
	enum th_status st = bind_all(s, ret, err, sql, types, ap);

	return st == TH_OK ? th_sql_step(s, *ret, err) : st;
}

enum th_status
th_sql_run(struct th_sqlite *s, struct th_err *err, const char *sql,
    const char *types, ...)
{
	sqlite3_stmt *stmt = NULL;
	enum th_status st;
	va_list ap;

	va_start(ap, types);
	st = first_row(s, &stmt, err, sql, types, ap);
	va_end(ap);
	sqlite3_reset(stmt); /* NULL is fine */
	return st == TH_END ? TH_OK : st;
}

enum th_status
th_sql_int(struct th_sqlite *s, int64_t *ret, struct th_err *err,
    const char *sql, const char *types, ...)
{
	sqlite3_stmt *stmt;
	enum th_status st;
	va_list ap;

	va_start(ap, types);
	st = first_row(s, &stmt, err, sql, types, ap);
	va_end(ap);
	if (st != TH_OK)
		return st;
	*ret = sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	return TH_OK;
}

struct th_str
th_sql_text(sqlite3_stmt *stmt, int column)
{
	const char *s = (const char *)sqlite3_column_text(stmt, column);

	return (struct th_str){ s, (size_t)sqlite3_column_bytes(stmt, column) };
}

struct th_str
th_sql_blob(sqlite3_stmt *stmt, int column)
{
	const char *s = sqlite3_column_blob(stmt, column);

	return (struct th_str){ s, (size_t)sqlite3_column_bytes(stmt, column) };
}

enum th_status
th_sql_begin(struct th_sqlite *s, bool durable, struct th_err *err)
{
	int rc = SQLITE_OK;

	/* Not prepared: this pragma takes effect when it is compiled. */
	if (durable != s->durable)
		rc = sqlite3_exec(s->db,
		    durable ? "PRAGMA synchronous=FULL"
			    : "PRAGMA synchronous=NORMAL",
		    NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return th_sql_fail(s, rc, err);
	s->durable = durable;
	return th_sql_run(s, err, "BEGIN IMMEDIATE", "");
}

enum th_status
th_sql_end(struct th_sqlite *s, enum th_status st, struct th_err *err)
{
	enum th_status rc = TH_EIO;

	if (st == TH_OK || st == TH_END)
		rc = th_sql_run(s, err, "COMMIT", "");
	if (rc == TH_OK)
		return st;
	/* The queue remembered may have been made by what is undone. */
	free(s->queue);
	s->queue = NULL;
	/* SQLite may have rolled back by itself; then this fails harmlessly. */
	th_sql_run(s, NULL, "ROLLBACK", "");
	return st == TH_OK || st == TH_END ? rc : st;
}

/* ---- readers' states ---- */

static enum th_status
state_get(struct th_store *store, const char *name, const char *run,
    const char *key, struct th_buf *ret, struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	struct th_str value;
	sqlite3_stmt *stmt;
	enum th_status st;

	st = th_sql(s, &stmt, err,
	    "SELECT value FROM state WHERE name=? AND run IN ('', ?) AND key=?"
	    " ORDER BY run DESC LIMIT 1",
	    "sss", name, run, key);
	if (st != TH_OK || (st = th_sql_step(s, stmt, err)) != TH_OK)
		return st;
	value = th_sql_blob(stmt, 0);
	st = value.len == 0 ? TH_END : th_buf_add(ret, value.s, value.len);
	sqlite3_reset(stmt);
	return st == TH_ENOMEM ? th_fail(err, st, "out of memory") : st;
}

static enum th_status
state_scope(struct th_store *store, const char *name, const char *run,
    const char *scope, bool *ret, struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;
	int64_t no;

	(void)run; /* a scope is noted alike with it and without */
	st = th_sql_int(s, &no, err,
	    "SELECT no FROM scope WHERE name=? AND scope=?", "ss", name, scope);
	*ret = st == TH_OK;
	return st == TH_END ? TH_OK : st;
}

static enum th_status
state_seen(struct th_store *store, const char *name, const char *run,
    const char *scope, const struct th_hash *id, bool *ret, struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;
	int64_t found;

	st = th_sql_int(s, &found, err,
	    "SELECT 1 FROM seen WHERE id=? AND scope="
	    "(SELECT no FROM scope WHERE name=? AND scope=?)",
	    "hss", id, name, scope);
	if (st == TH_END && run[0] != '\0')
		st = th_sql_int(s, &found, err,
		    "SELECT 1 FROM seen_run WHERE run=? AND id=? AND scope="
		    "(SELECT no FROM scope WHERE name=? AND scope=?)",
		    "shss", run, id, name, scope);
	*ret = st == TH_OK;
	return st == TH_END ? TH_OK : st;
}

static enum th_status
mark_seen(struct th_sqlite *s, const char *run, int64_t scope,
    const struct th_state_mark *m, int64_t day, struct th_err *err)
{
	if (run[0] != '\0')
		return th_sql_run(s, err,
		    "INSERT OR IGNORE INTO seen_run VALUES(?, ?, ?)", "sih",
		    run, scope, &m->id);
	/* A week's difference is not worth writing for. */
	return th_sql_run(s, err,
	    "INSERT INTO seen VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE"
	    " SET day=?3 WHERE abs(day - ?3) >= 7",
	    "ihi", scope, &m->id, day);
}

static enum th_status
find_scopes(struct th_sqlite *s, const char *name,
    const struct th_state_change *c, int64_t *no, struct th_err *err)
{
	enum th_status st = TH_OK;
	size_t i;

	for (i = 0; i < c->nscopes && st == TH_OK; i++) {
		st = th_sql_run(s, err,
		    "INSERT OR IGNORE INTO scope(name, scope) VALUES(?, ?)",
		    "ss", name, c->scope[i]);
		if (st == TH_OK)
			st = th_sql_int(s, &no[i], err,
			    "SELECT no FROM scope WHERE name=? AND scope=?",
			    "ss", name, c->scope[i]);
	}
	return st;
}

static enum th_status
write_change(struct th_sqlite *s, const char *name, const char *run,
    const struct th_state_change *c, int64_t *no, struct th_err *err)
{
	const int64_t day = c->now / 86400;
	enum th_status st;
	size_t i;

	st = find_scopes(s, name, c, no, err);
	for (i = 0; i < c->npairs && st == TH_OK; i++)
		st = th_sql_run(s, err,
		    "INSERT INTO state VALUES(?, ?, ?, ?) ON CONFLICT DO UPDATE"
		    " SET value=excluded.value WHERE value IS NOT"
		    " excluded.value",
		    "sssb", name, run, c->pair[i].key,
		    c->pair[i].value.len > 0 ? th_buf_str(&c->pair[i].value)
					     : TH_STR(""));
	for (i = 0; i < c->nmarks && st == TH_OK; i++)
		st = mark_seen(
		    s, run, no[c->mark[i].scope], &c->mark[i], day, err);
	for (i = 0; i < c->nscopes && st == TH_OK && run[0] == '\0'; i++)
		st = th_sql_run(s, err,
		    "DELETE FROM seen WHERE scope=? AND day<?", "ii", no[i],
		    day - TH_SEEN_DAYS);
	return st;
}

static enum th_status
state_commit(struct th_store *store, const char *name, const char *run,
    const struct th_state_change *c, struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	int64_t *no = th_calloc(c->nscopes + 1, sizeof(*no));
	enum th_status st;

	if (no == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	if ((st = th_sql_begin(s, true, err)) == TH_OK)
		st = th_sql_end(s, write_change(s, name, run, c, no, err), err);
	free(no);
	return st;
}

static enum th_status
settle_run(struct th_sqlite *s, const char *run, bool keep, int64_t day,
    struct th_err *err)
{
	enum th_status st = TH_OK;

	if (keep)
		st = th_sql_run(s, err,
		    "INSERT OR REPLACE INTO state SELECT name, '', key, value"
		    " FROM state WHERE run=?",
		    "s", run);
	if (keep && st == TH_OK)
		st = th_sql_run(s, err,
		    "INSERT OR REPLACE INTO seen SELECT scope, id, ?2 FROM"
		    " seen_run WHERE run=?1",
		    "si", run, day);
	if (keep && st == TH_OK)
		st = th_sql_run(s, err,
		    "DELETE FROM seen WHERE day<?2 AND scope IN"
		    " (SELECT DISTINCT scope FROM seen_run WHERE run=?1)",
		    "si", run, day - TH_SEEN_DAYS);
	if (st == TH_OK)
		st = th_sql_run(
		    s, err, "DELETE FROM state WHERE run=?", "s", run);
	if (st == TH_OK)
		st = th_sql_run(
		    s, err, "DELETE FROM seen_run WHERE run=?", "s", run);
	return st;
}

static enum th_status
state_settle(struct th_store *store, const char *run, bool keep, int64_t now,
    struct th_err *err)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	enum th_status st;

	if (run[0] == '\0')
		return TH_OK;
	if ((st = th_sql_begin(s, true, err)) != TH_OK)
		return st;
	return th_sql_end(s, settle_run(s, run, keep, now / 86400, err), err);
}

/* ---- opening ---- */

static void
sqlite_close(struct th_store *store)
{
	struct th_sqlite *s = (struct th_sqlite *)store;
	size_t i;

	for (i = 0; i < s->nkept; i++)
		sqlite3_finalize(s->kept[i].stmt);
	sqlite3_close(s->db);
	free(s->queue);
	free(s->path);
	free(s);
}

struct th_sqlite *
th_sqlite_of(struct th_store *store)
{
	return store->ops->close == sqlite_close ? (struct th_sqlite *)store
						 : NULL;
}

static enum th_status
make_tables(struct th_sqlite *s, struct th_err *err)
{
	const char *const part[] = { state_schema, th_sqlite_queue_schema,
		th_sqlite_limit_schema, "PRAGMA user_version=2" };
	int rc = SQLITE_OK;
	size_t i;

	for (i = 0; i < sizeof(part) / sizeof(*part) && rc == SQLITE_OK; i++)
		rc = sqlite3_exec(s->db, part[i], NULL, NULL, NULL);
	return rc == SQLITE_OK ? TH_OK : th_sql_fail(s, rc, err);
}

/* Version 1 knew no steady clock. */
static enum th_status
alter_tables(struct th_sqlite *s, struct th_err *err)
{
	int rc;

	rc = sqlite3_exec(s->db,
	    "ALTER TABLE outbox ADD COLUMN beat INTEGER;"
	    "PRAGMA user_version=2",
	    NULL, NULL, NULL);
	return rc == SQLITE_OK ? TH_OK : th_sql_fail(s, rc, err);
}

/* Makes the tables, or finds them of this version. */
static enum th_status
prepare_schema(struct th_sqlite *s, bool reading, struct th_err *err)
{
	enum th_status st;
	int64_t version;

	st = th_sql_int(s, &version, err, "PRAGMA user_version", "");
	if (st != TH_OK || version == SCHEMA_VERSION)
		return st;
	if (version > SCHEMA_VERSION)
		return th_fail(err, TH_ECONFIG,
		    "%s: made by a newer version of this program", s->path);
	if (reading) /* of the older one all that is looked at is there */
		return version == 0 ? TH_END : TH_OK;
	if ((st = th_sql_begin(s, true, err)) != TH_OK)
		return st;
	/* Another process may have been quicker. */
	st = th_sql_int(s, &version, err, "PRAGMA user_version", "");
	if (st == TH_OK && version == 0)
		st = make_tables(s, err);
	else if (st == TH_OK && version == 1)
		st = alter_tables(s, err);
	return th_sql_end(s, st, err);
}

static bool
is_tight(const struct th_sqlite *s, int pages)
{
	struct statvfs v;

	return statvfs(s->path, &v) == 0 &&
	       (uint64_t)v.f_bavail * v.f_frsize < (uint64_t)pages * PAGE_SIZE;
}

/* After each commit: how many pages does the log have now? */
static int
on_commit(void *ctx, sqlite3 *db, const char *name, int pages)
{
	struct th_sqlite *s = ctx;
	bool look;

	if (pages < s->looked) /* it began anew */
		s->looked = 0;
	look = pages >= s->looked + LOOK_PAGES;
	if (look)
		s->looked = pages;
	/* Who fails here has committed all the same. */
	if (pages >= LOG_PAGES || (look && is_tight(s, pages)))
		sqlite3_wal_checkpoint_v2(
		    db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	return SQLITE_OK;
}

/* The switch to WAL asks no busy handler, so waiting is done here. */
static enum th_status
set_pragmas(struct th_sqlite *s, bool reading, struct th_err *err)
{
	int rc, tries = 0;

	do
		rc = sqlite3_exec(s->db,
		    reading
			? "PRAGMA query_only=ON"
			: "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
		    NULL, NULL, NULL);
	while (rc == SQLITE_BUSY && on_busy(s, tries++));
	sqlite3_wal_hook(s->db, on_commit, s);
	return rc == SQLITE_OK ? TH_OK : th_sql_fail(s, rc, err);
}

/* The file is made before SQLite sees it: nobody else may read it, ever. */
static enum th_status
make_file(const char *path, bool reading, struct th_err *err)
{
	int fd;

	if (reading)
		return access(path, F_OK) == 0 ? TH_OK : TH_END;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	/* A store that cannot be written to may be read; SQLite will tell. */
	if (fd < 0 && errno != EACCES && errno != EROFS)
		return th_fail(err, TH_EIO, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return TH_OK;
}

static enum th_status
open_database(struct th_sqlite *s, unsigned flags, struct th_err *err)
{
	const bool reading = (flags & TH_STORE_READ) != 0;
	struct th_buf path;
	enum th_status st;
	int rc;

	th_buf_init(&path, 1 << 16);
	st = reading ? th_path_state_look("th.db", &path, err)
		     : th_path_state("th.db", &path, err);
	if (st != TH_OK)
		goto out;
	if ((s->path = th_buf_take(&path)) == NULL) {
		st = th_fail(err, TH_ENOMEM, "out of memory");
		goto out;
	}
	if ((st = make_file(s->path, reading, err)) != TH_OK)
		goto out;
	rc = sqlite3_open_v2(
	    s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc != SQLITE_OK) {
		st = th_sql_fail(s, rc, err);
		goto out;
	}
	sqlite3_extended_result_codes(s->db, 1);
	sqlite3_busy_handler(s->db, on_busy, s);
	st = set_pragmas(s, reading, err);
	if (st == TH_OK)
		st = prepare_schema(s, reading, err);
out:
	th_buf_release(&path);
	return st;
}

enum th_status
th_store_sqlite(
    unsigned flags, int64_t wait, struct th_store **ret, struct th_err *err)
{
	struct th_sqlite *s = th_calloc(1, sizeof(*s));
	enum th_status st;

	if (s == NULL)
		return th_fail(err, TH_ENOMEM, "out of memory");
	s->wait_ms = wait * 1000;
	s->ops.close = sqlite_close;
	s->ops.state_get = state_get;
	s->ops.state_scope = state_scope;
	s->ops.state_seen = state_seen;
	s->ops.state_commit = state_commit;
	s->ops.state_settle = state_settle;
	th_sqlite_queue_ops(&s->ops);
	th_sqlite_look_ops(&s->ops);
	th_sqlite_each_ops(&s->ops);
	th_sqlite_limit_ops(&s->ops);
	th_sqlite_move_ops(&s->ops);
	s->store.ops = &s->ops;
	if ((st = open_database(s, flags, err)) != TH_OK) {
		sqlite_close(&s->store);
		return st;
	}
	*ret = &s->store;
	return TH_OK;
}

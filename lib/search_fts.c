/* search_fts -- words as FTS5 is given them, and how well a document matches */
#include <string.h>

#include "search_docs.h"
#include "words.h"

/* ---- the tokenizer ---- */

static int
create(void *ctx, const char **arg, int nargs, Fts5Tokenizer **ret)
{
	struct th_words *w = th_words_new(true);

	(void)ctx;
	(void)arg;
	(void)nargs;
	*ret = (Fts5Tokenizer *)w;
	return w != NULL ? SQLITE_OK : SQLITE_NOMEM;
}

static void
destroy(Fts5Tokenizer *t)
{
	th_words_free((struct th_words *)t);
}

/* A stem is told from a word by a sign before it. */
static int
give_stem(int (*token)(void *, int, const char *, int, int, int), void *ctx,
    struct th_str stem, int from, int to)
{
	char text[TH_WORD_MAX + 32] = "~";

	if (stem.len > sizeof(text) - 1)
		return SQLITE_OK;
	memcpy(text + 1, stem.s, stem.len);
	return token(
	    ctx, FTS5_TOKEN_COLOCATED, text, (int)stem.len + 1, from, to);
}

/*
 * In a document a word is indexed as it is, and by its stems where they are
 * different.  In a query it stands for itself, its stems, and words that are
 * one of those; after '=' and as a beginning for itself alone.
 */
static int
tokenize(Fts5Tokenizer *t, void *ctx, int flags, const char *text, int len,
    int (*token)(void *, int, const char *, int, int, int))
{
	struct th_words *words = (struct th_words *)t;
	const bool query = (flags & FTS5_TOKENIZE_QUERY) != 0;
	const bool exact = query && ((flags & FTS5_TOKENIZE_PREFIX) != 0 ||
					(len > 0 && text[0] == '='));
	struct th_word w;
	int from, to, rc = SQLITE_OK;
	size_t i;

	th_words_start(words, (struct th_str){ text, (size_t)len }, !exact);
	while (rc == SQLITE_OK && th_words_next(words, &w)) {
		from = (int)(w.at.s - text);
		to = from + (int)w.at.len;
		rc = token(ctx, 0, w.plain.s, (int)w.plain.len, from, to);
		if (rc == SQLITE_OK && query && !exact)
			rc = give_stem(token, ctx, w.plain, from, to);
		for (i = 0; i < w.nstems && rc == SQLITE_OK; i++) {
			rc = give_stem(token, ctx, w.stem[i], from, to);
			if (rc == SQLITE_OK && query)
				rc = token(ctx, FTS5_TOKEN_COLOCATED,
				    w.stem[i].s, (int)w.stem[i].len, from, to);
		}
	}
	return rc;
}

/* ---- the score ---- */

#define COLUMNS 4
#define PHRASES 64  /* as many as a query may have terms */
#define K1 1.2      /* BM25's: what a word that comes again adds */
#define LENGTH 0.75 /* how much a long document counts less */

/*
 * th_score(table, N): BM25 over the first N phrases, without the part that
 * tells rare words from common ones (all must be there, and to count them all
 * would be to read each of their places), as if all were of the same length.
 */
static void
give_score(const Fts5ExtensionApi *api, Fts5Context *fts, sqlite3_context *ctx,
    int nargs, sqlite3_value **arg)
{
	static const double weight[COLUMNS] = { 8, 1, 4, 2 };
	double freq[PHRASES] = { 0 }, score = 0;
	int i, n = 0, phrase, column, offset, rc;
	int count = nargs > 0 ? sqlite3_value_int(arg[0]) : 0;

	if (count > PHRASES)
		count = PHRASES;
	rc = api->xInstCount(fts, &n);
	for (i = 0; i < n && rc == SQLITE_OK; i++) {
		rc = api->xInst(fts, i, &phrase, &column, &offset);
		if (rc == SQLITE_OK && phrase < count && column < COLUMNS)
			freq[phrase] += weight[column];
	}
	for (i = 0; i < count; i++)
		score += freq[i] * (K1 + 1) / (freq[i] + K1);
	if (rc == SQLITE_OK)
		sqlite3_result_double(ctx, score);
	else
		sqlite3_result_error_code(ctx, rc);
}

/*
 * th_rank(SCORE, N, SIZE, MEAN): the same with the document's length, taken as
 * if each of the N words had the same share of the score.
 */
static void
give_rank(sqlite3_context *ctx, int nargs, sqlite3_value **arg)
{
	const double n = nargs > 3 ? sqlite3_value_double(arg[1]) : 0;
	double share, freq, length, mean;

	if (n < 1) {
		sqlite3_result_double(ctx, 0);
		return;
	}
	share = sqlite3_value_double(arg[0]) / n;
	mean = sqlite3_value_double(arg[3]);
	length = mean > 0 ? sqlite3_value_double(arg[2]) / mean : 1;
	freq = share < K1 + 1 ? K1 * share / (K1 + 1 - share) : 1e6;
	sqlite3_result_double(ctx,
	    n * freq * (K1 + 1) / (freq + K1 * (1 - LENGTH + LENGTH * length)));
}

enum th_status
th_fts_add(struct th_sqlite *s, struct th_err *err)
{
	fts5_tokenizer how = { create, destroy, tokenize };
	sqlite3_stmt *stmt = NULL;
	fts5_api *api = NULL;
	int rc;

	rc = sqlite3_prepare_v2(s->db, "SELECT fts5(?1)", -1, &stmt, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_bind_pointer(
		    stmt, 1, (void *)&api, "fts5_api_ptr", NULL);
	if (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		rc = SQLITE_OK;
	sqlite3_finalize(stmt);
	if (rc == SQLITE_OK && api != NULL)
		rc = api->xCreateTokenizer(api, "th", NULL, &how, NULL);
	if (rc == SQLITE_OK && api != NULL)
		rc = api->xCreateFunction(
		    api, "th_score", NULL, give_score, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function_v2(s->db, "th_rank", 4,
		    SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, give_rank, NULL,
		    NULL, NULL);
	if (rc != SQLITE_OK)
		return th_sql_fail(s, rc, err);
	return api != NULL ? TH_OK
			   : th_fail(err, TH_EBUG,
				 "search: this SQLite is without FTS5");
}

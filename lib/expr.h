/*
 * expr.h -- the inside of expressions, for lib/expr*.c only
 *
 * expr_lex.c makes words of the text, expr_parse.c a tree of the words, expr.c
 * asks the tree about an item.
 */
#ifndef TH_EXPR_H
#define TH_EXPR_H

#include "field.h"

#define TH_EXPR_MAX ((size_t)64 << 10) /* bytes of an expression */
#define TH_EXPR_DEPTH 200              /* of parentheses and nots */
#define TH_CALL_MAX 8                  /* functions around one operand */

enum th_op { TH_EQ, TH_NE, TH_LT, TH_LE, TH_GT, TH_GE, TH_MATCH, TH_NOMATCH };

/* ---- words ---- */

enum th_tok {
	TH_T_END,
	TH_T_NAME,
	TH_T_STRING, /* text is what is between the quotes, as written */
	TH_T_NUMBER,
	TH_T_DURATION,
	TH_T_DATE,
	TH_T_OP,
	TH_T_CHAR /* ( ) + - */
};
struct th_token {
	enum th_tok type;
	enum th_op op;
	size_t at; /* bytes before it */
	struct th_str text;
	double number; /* of a number or duration */
	int64_t date;
};
struct th_lexer {
	struct th_str src;
	size_t pos;
	struct th_token tok;
	struct th_err *err;
};
/* Puts the next word in tok.  TH_EUSAGE with the place. */
enum th_status th_expr_lex(struct th_lexer *);
/* th_fail() with TH_EUSAGE at a place. */
enum th_status th_expr_fail(struct th_lexer *, size_t at, const char *fmt, ...)
    TH_PRINTF(3, 4);

/* ---- the tree ---- */

enum th_call { TH_LENGTH, TH_LOWER, TH_HOST, TH_TEXT };

/* A field or a constant, and the functions around it, innermost first. */
struct th_operand {
	size_t at;
	bool constant, duration;
	struct th_field field;
	struct th_val value;
	char *own; /* the text of value */
	size_t ncalls;
	enum th_call call[TH_CALL_MAX];
};

enum th_node_type { TH_N_OR, TH_N_AND, TH_N_TEST, TH_N_HAS };
struct th_node {
	enum th_node_type type;
	bool negate;
	struct th_node *child, *next; /* of "or" and "and"; siblings */
	enum th_op op;                /* of a test; never TH_NE, TH_NOMATCH */
	struct th_operand left, right;
	struct th_regex *regex; /* of TH_MATCH */
};
enum th_status th_expr_parse(
    const char *src, int64_t now, struct th_node **ret, struct th_err *err);
void th_node_free(struct th_node *);

/* ---- evaluation ---- */

/* left and right each have a buffer to decode in, and two for functions. */
#define TH_SCRATCH 3
struct th_expr {
	struct th_node *root;
	struct th_buf scratch[2][TH_SCRATCH];
};

#endif

/* emitted.h -- what a reader hands on is a line of JSON with an id */
#ifndef EMITTED_H
#define EMITTED_H

#include <string.h>

#include "trigger.h"

/* A th_emit; ctx: not NULL where an id may be a number, as its source had it. */
static enum th_status
check(void *ctx, struct th_str id, struct th_str line)
{
	const bool *may_be_number = ctx;
	struct th_value root, v;

	if (id.len == 0 || memchr(line.s, '\n', line.len) != NULL ||
	    th_json_parse(line, &root, NULL) != TH_OK ||
	    !th_value_get(&root, "id", &v))
		__builtin_trap();
	if (v.type == TH_JSON_NUMBER && may_be_number != NULL)
		return TH_OK;
	if (v.type != TH_JSON_STRING || v.raw.len <= 2)
		__builtin_trap();
	return TH_OK;
}

#endif

/* payload -- JSON answers of services, read with jansson */
#include <stdlib.h>

#include <jansson.h>

#include "trigger.h"

enum th_status
th_payload_parse(struct th_str text, json_t **ret, struct th_err *err)
{
	json_error_t why;
	json_t *root;

	json_set_alloc_funcs(th_malloc, free);
	th_alloc_reset();
	root = json_loadb(text.s != NULL ? text.s : "", text.len, 0, &why);
	if (root == NULL && th_alloc_failed())
		return th_fail(err, TH_ENOMEM, "out of memory");
	if (root == NULL)
		return th_fail(err, TH_EUNAVAIL,
		    "the answer is not the JSON it should be");
	*ret = root;
	return TH_OK;
}

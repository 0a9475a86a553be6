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
	root = json_loadb(
	    text.s != NULL ? text.s : "", text.len, JSON_ALLOW_NUL, &why);
	if (root == NULL && th_alloc_failed())
		return th_fail(err, TH_ENOMEM, "out of memory");
	if (root == NULL)
		return th_fail(err, TH_EUNAVAIL,
		    "the answer is not the JSON it should be");
	*ret = root;
	return TH_OK;
}

const char *
th_payload_text(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

int64_t
th_payload_int(const json_t *o, const char *name, int64_t otherwise)
{
	const json_t *v = json_object_get(o, name);
	int64_t n;

	if (json_is_integer(v))
		return json_integer_value(v);
	if (json_is_string(v) &&
	    th_int_parse(th_str(json_string_value(v)), &n) == TH_OK)
		return n;
	return otherwise;
}

struct th_ordered {
	int64_t key, tie;
	size_t place;
	json_t *value;
};

static int
compare(const void *a, const void *b)
{
	const struct th_ordered *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->tie != y->tie)
		return x->tie < y->tie ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

static struct th_ordered
ordered(json_t *v, size_t place, int64_t (*key)(const json_t *),
    int64_t (*tie)(const json_t *))
{
	return (
	    struct th_ordered){ key(v), tie != NULL ? tie(v) : 0, place, v };
}

enum th_status
th_payload_order(const json_t *from, int64_t (*key)(const json_t *),
    int64_t (*tie)(const json_t *), json_t ***ret, size_t *ret_n)
{
	json_t *all = (json_t *)(uintptr_t)from, *v;
	size_t n = json_object_size(from) + json_array_size(from), i = 0;
	struct th_ordered *o = th_calloc(n + 1, sizeof(*o));
	json_t **values = th_calloc(n + 1, sizeof(json_t *));
	const char *name;

	if (o == NULL || values == NULL) {
		free(o);
		free(values);
		return TH_ENOMEM;
	}
	if (json_is_object(from)) {
		json_object_foreach(all, name, v)
		{
			o[i] = ordered(v, i, key, tie);
			i++;
		}
	} else {
		json_array_foreach(all, i, v) o[i] = ordered(v, i, key, tie);
	}
	qsort(o, n, sizeof(*o), compare);
	for (i = 0; i < n; i++)
		values[i] = o[i].value;
	free(o);
	*ret = values;
	*ret_n = n;
	return TH_OK;
}

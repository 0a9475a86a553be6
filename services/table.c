/* table -- the services that are built in, from all.def */
#include <string.h>

#include "services.h"

#define S(name) extern const struct th_service th_service_##name;
#include "all.def"
#undef S

const struct th_service *const th_services[] = {
#define S(name) &th_service_##name,
#include "all.def"
#undef S
	NULL
};

const struct th_service *
th_service_find(const char *name)
{
	size_t i;

	for (i = 0; th_services[i] != NULL; i++)
		if (strcmp(th_services[i]->name, name) == 0)
			return th_services[i];
	return NULL;
}

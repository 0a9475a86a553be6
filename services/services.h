/*
 * services.h -- the registry of services, for cmd/ and table.c only
 */
#ifndef SERVICES_H
#define SERVICES_H

#include "trigger.h"

/* All built-in services in the order of all.def, ended by NULL. */
extern const struct th_service *const th_services[];

/* The built-in service of that name; NULL when there is none. */
const struct th_service *th_service_find(const char *name);

/*
 * The executable th-fetch-NAME or th-publish-NAME on PATH (kind is "fetch" or
 * "publish"); TH_END when there is none or NAME is not [a-z0-9_-]+.
 */
enum th_status th_external_find(const char *kind, const char *name,
    struct th_buf *ret);

/*
 * All programs that th_external_find() finds for names that no built-in service
 * has, in the order of PATH, those of a directory by name.  Ends with the first
 * visit that is not TH_OK.
 */
typedef enum th_status th_external_visit(void *ctx, const char *name,
    const char *path);
enum th_status th_external_each(const char *kind, th_external_visit *visit,
    void *ctx);

/* The built-in service nearest to a misspelt name; NULL when none is near. */
const char *th_service_suggest(const char *name);

#endif

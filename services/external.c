/* external -- services that are programs on PATH */
#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "services.h"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyz0123456789_-"

static bool
is_program(const char *path)
{
	struct stat sb;

	return stat(path, &sb) == 0 && S_ISREG(sb.st_mode) &&
	       access(path, X_OK) == 0;
}

enum th_status
th_external_find(const char *kind, const char *name, struct th_buf *ret)
{
	const char *dir = getenv("PATH");
	size_t start = ret->len, len;

	if (dir == NULL || name[0] == '\0' ||
	    name[strspn(name, NAME_CHARS)] != '\0')
		return TH_END;
	for (;; dir += len + 1) {
		len = strcspn(dir, ":");
		/* An empty entry means the working directory: not trusted. */
		if (len > 0 && dir[0] == '/') {
			th_buf_add(ret, dir, len);
			if (th_buf_addf(ret, "/th-%s-%s", kind, name) != TH_OK)
				return ret->status;
			if (is_program(ret->data + start))
				return TH_OK;
			ret->len = start;
			ret->data[start] = '\0';
		}
		if (dir[len] == '\0')
			return TH_END;
	}
}

const char *
th_service_suggest(const char *name)
{
	struct th_suggest guess;
	size_t i;

	th_suggest_init(&guess, name);
	for (i = 0; th_services[i] != NULL; i++)
		th_suggest_offer(&guess, th_services[i]->name);
	return guess.best;
}

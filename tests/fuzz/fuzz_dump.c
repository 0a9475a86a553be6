/* A dump of rows: what is found has the key that was looked for. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "trigger.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct th_str text = { (const char *)data, size };
	const struct th_dump_row *row;
	struct th_dump d;
	struct th_buf b;
	char model[64];
	size_t i;

	if (th_dump_read(text, &d, NULL) != TH_OK)
		return 0;
	th_buf_init(&b, 1 << 20);
	for (i = 0; i < d.n && i < 100; i++) {
		th_buf_clear(&b);
		th_dump_text(&d.row[i], "name", &b);
		th_dump_is(&d.row[i], "status");
		if (d.row[i].model.len >= sizeof(model) ||
		    memchr(d.row[i].model.s, '\0', d.row[i].model.len) != NULL)
			continue;
		memcpy(model, d.row[i].model.s, d.row[i].model.len);
		model[d.row[i].model.len] = '\0';
		row = th_dump_find(&d, model, d.row[i].key);
		if (row == NULL || row->key.len != d.row[i].key.len)
			if (row == NULL || d.row[i].key.len > 0)
				abort();
	}
	th_buf_release(&b);
	th_dump_release(&d);
	return 0;
}

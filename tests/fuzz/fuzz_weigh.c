/* fuzz_weigh -- a text that was cut, or made to fit, keeps to its weight */
#include <string.h>

#include "trigger.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct th_str text = { (const char *)data, size };
	struct th_buf cut;
	size_t w = 0, max = size > 0 ? 2 + data[0] : TH_POST_MAX;

	th_buf_init(&cut, 1 << 24);
	if (th_post_cut(text, max, &cut) == TH_OK &&
	    (th_post_weight(th_buf_str(&cut), &w) != TH_OK || w > max))
		__builtin_trap();
	th_buf_release(&cut);
	th_buf_init(&cut, 1 << 24);
	if (th_post_fit(text, TH_STR("example.org"), TH_STR(" #ab #c"), max,
		&cut) == TH_OK &&
	    (th_post_weight(th_buf_str(&cut), &w) != TH_OK || w > max))
		__builtin_trap();
	th_buf_release(&cut);
	return 0;
}

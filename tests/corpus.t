#!/bin/sh
# feeds nobody here wrote, and what other readers make of them
. "${0%/*}/lib.sh"

if [ -x "$shared/corpus/compare-feeds" ]; then
	ok 'at least 98 of 100 entries agree in every field' \
	    "$shared/corpus/compare-feeds" --cmd 'th-fetch rss {}' --strict --min 98
	tail -n 4 "$scratch/.out" 2>/dev/null | sed 's/^/# /'
else
	skip 'at least 98 of 100 entries agree in every field' \
	    "no corpus in $shared/corpus"
fi
finish

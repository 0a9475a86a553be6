#!/bin/sh
# Every JSON test file as a line between two good items.
. "${0%/*}/lib.sh"
if [ -x "$shared/corpus/check-json" ]; then
	ok 'lines are taken or refused as RFC 8259 has it' \
	    "$shared/corpus/check-json" --cmd th-filter
else
	skip 'lines are taken or refused as RFC 8259 has it' \
	    "no JSON corpus in $shared/corpus"
fi
finish

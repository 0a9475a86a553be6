#!/bin/sh
# The C programs of tests/unit print TAP themselves; each counts here as one.
. "${0%/*}/lib.sh"

passes() { # PROGRAM: ran to its plan, and no line says "not ok"
	"$1" >out 2>err
	_rc=$?
	grep -A5 '^not ok' out
	cat err
	[ $_rc = 0 ] && ! grep -q '^not ok' out || return 1
	_plan=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' out)
	[ -n "$_plan" ] && [ "$(grep -c '^ok' out)" = "$_plan" ]
}

for c in "$top"/tests/unit/*.c; do
	name=${c##*/}; name=${name%.c}
	ok "unit tests of $name" passes "${TH_BUILD:-$top/build}/tests/$name"
done
finish

#!/bin/sh
# The shared library offers what trigger.h declares, and nothing else.
. "${0%/*}/lib.sh"

declared() {
	python3 - "$top/lib/trigger.h" <<'PY'
import re, sys
s = open(sys.argv[1]).read()
s = re.sub(r"/\*.*?\*/", "", s, flags=re.S)
s = re.sub(r"^#.*?(?<!\\)$", "", s, flags=re.M | re.S)
while re.search(r"\{[^{}]*\}", s):
    s = re.sub(r"\{[^{}]*\}", "", s)
for d in s.split(";"):
    m = re.search(r"\b(th_\w+)\s*\(", d)
    if m and not d.strip().startswith("typedef"):
        print(m.group(1))
    m = re.search(r"\bextern\b.*\b(th_\w+)\s*$", d.strip(), re.S)
    if m and "(" not in d:
        print(m.group(1))
PY
}

declared | sort -u >want
grep -v '^th_interrupted$' want >functions
is 'the shared library has the symbols of the header alone' want \
    sh -c 'nm -D --defined-only "$1" | sed "s/.* //" | grep -v "^_\|^__" | sort -u' - \
    "${TH_BUILD:-$top/build}/libtrigger.so"
is 'libtrigger(3) names the functions of the header' functions sh -c \
    'mandoc -T ascii "$1" | col -bx | grep -Eo "\\bth_[a-z0-9_]+\\(\\)" | tr -d "()" | sort -u' - \
    "$top/man/libtrigger.3"
finish

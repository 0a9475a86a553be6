#!/bin/sh
# The pipelines of the README do what they say; they are run as they stand.
. "${0%/*}/lib.sh"

# Pipelines are what the README indents, in blocks that begin with "# ".
awk '/^\t# /{ f = sprintf("pipeline%d", ++n) } /^\t/ && f { sub(/^\t/, ""); print >f; next } { f = "" }' \
    "$top/README"
ok 'the README has three pipelines' test -s pipeline3 -a ! -e pipeline4
for p in pipeline*; do
	sed "s|/tmp/|$scratch/|g; s|tests/data|$top/tests/data|g" "$p" >"$p.sh"
done

ok 'the first pipeline runs' bash -o pipefail pipeline1.sh
ok 'it prints five titles, the newest first' sh -c \
    'bash -o pipefail pipeline1.sh >out && [ "$(wc -l <out)" = 5 ] && head -n 1 out | grep -q lathe'
ok 'the second pipeline runs' bash -o pipefail pipeline2.sh
ok 'the feed has the recipe that was meant' sh -c \
    'grep -q oignon recipes.xml && ! grep -q attempt recipes.xml'
ok 'the third pipeline runs' bash -o pipefail pipeline3.sh
ok 'a note for each item' sh -c '[ "$(ls notes | wc -l)" = 3 ]'
ls -l --time-style=full-iso notes >before
ok 'the third pipeline runs again' bash -o pipefail pipeline3.sh
is 'no note is written twice' before ls -l --time-style=full-iso notes
finish

#!/bin/sh
# The pipelines of the README do what they say; they are run as they stand.
. "${0%/*}/lib.sh"

# Pipelines are what the README indents, in blocks that begin with "# ".
awk '/^\t# /{ f = sprintf("pipeline%d", ++n) } /^\t/ && f { sub(/^\t/, ""); print >f; next } { f = "" }' \
    "$top/README"
ok 'the README has four pipelines' test -s pipeline4 -a ! -e pipeline5
for p in pipeline*; do
	sed "s|/tmp/|$scratch/|g; s|\$PWD/||g; s|tests/data|$top/tests/data|g" "$p" >"$p.sh"
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
ok 'the fourth runs, from the directory of the checkout' sh -c 'cd "$1" && bash -o pipefail "$2/pipeline4.sh" >"$2/said" 2>&1' - "$top" "$scratch"
ok 'the trigger ran and is in order' grep -q '^1 trigger: 1 on, 0 off; 0 in trouble' said
is 'it writes no note twice either' before ls -l --time-style=full-iso notes
says 'the line for crontab is one' 1 sh -c 'th-trigger crontab | wc -l'

cd "$top" || exit
for m in man/*; do
	ok "the README names ${m#man/}" grep -q "${m#man/}" README
	m=${m#man/}
	[ "$m" = trigger.7 ] || ok "trigger(7) leads to $m" sh -c \
	    'sed -n "/^.Sh SEE ALSO/,\$p" man/trigger.7 | grep -q "^.Xr $1 $2\>"' - "${m%.*}" "${m##*.}"
done
for f in $(grep -oE '^\tmake [a-z]+|`make [a-z]+`?' README | tr -d '`\t' | sed 's/make //' | sort -u); do
	ok "make $f is there" sh -c 'make -n "$1" >/dev/null' - "$f"
done
finish

#!/bin/sh
# external.t -- programs that publish: th-publish-NAME on PATH
. "${0%/*}/lib.sh"
. "$top/tests/sink.sh"
mkdir bin; PATH=$scratch/bin:$PATH

program() { # NAME: makes one of standard input
	{ echo '#!/bin/sh'; cat; } >"bin/th-publish-$1"
	chmod +x "bin/th-publish-$1"
}
items 1 5 >in

program good <<'X'
while read -r line; do
	id=$(printf '%s' "$line" | jq -r .id)
	echo "$id" >>took
	echo "{\"id\":\"$id\",\"status\":\"published\",\"remote_id\":\"r$id\",\"url\":\"http://x/r$id\"}"
done
X
says 'a program publishes; its answers become receipts' 'good default ri1 http://x/ri1' sh -c \
    'th-publish good <in >out && head -n 1 out | jq -r "._published[0] | [.service, .account, .id, .url] | join(\" \")"'
says '--help is answered for it' "usage: th-publish good" sh -c \
    'th-publish good --help </dev/null | cut -c -22 | head -n 1'
says 'so is --version' "$(th-publish --version)" th-publish good -V
says 'all of them' 5 sh -c 'wc -l <out'
is   'a second run asks it for nothing' out th-publish good <in
says 'really nothing' 5 sh -c 'wc -l <took'

program mixed <<'X'
cat >/dev/null
echo '{"id":"i1","status":"published"}'
echo '{"id":"i2","status":"retry","after":3600,"reason":"not now"}'
echo '{"id":"i3","status":"refused","reason":"too ugly"}'
echo 'nonsense'
echo '{"id":"i99","status":"published"}'
printf '{"id":"i4","status":"published"}'
X
code 'retry, refused, silence: each is settled for itself' 75 th-publish mixed <in
told 'refused with its words' 'i3: refused: too ugly'
told 'nonsense is told' 'answered nonsense'
told 'and so is what was not asked' 'answered for i99'
told 'what it did not answer waits' 'i5: waits: was not answered'
told 'the summary counts' '2 published, 2 wait .*, 1 refused'

program dies <<'X'
read -r line
kill -9 $$
X
code 'a program that dies leaves its items waiting' 75 th-publish dies <in
told 'its end is told' 'ended by signal 9'
says 'all wait' 5 counts dies:default waiting
says 'the one it was given as doubtful' 1 counts dies:default doubtful

program slow <<'X'
while read -r line; do
	echo "$line" >>slow.took
	id=${line#*:\"}
	sleep 0.01
	echo "{\"id\":\"${id%%\"*}\",\"status\":\"published\"}"
done
X
seq 1 120 | sed 's/.*/{"id":"s&"}/' >slow.in
kills=0 i=0
while [ $i -lt 8 ]; do
	i=$((i + 1))
	th-publish slow <slow.in >/dev/null 2>&1 & p=$!
	sleep "0.$(od -An -N1 -tu1 /dev/urandom | awk '{ printf "%02d", $1 % 20 + 3 }')"
	kill -9 $p 2>/dev/null && kills=$((kills + 1))
	wait $p 2>/dev/null
done
th-publish slow <slow.in >slow.out 2>/dev/null
is   'th-publish killed at random moments: each item is published' slow.in sort -Vu slow.took
_twice=$(($(wc -l <slow.took) - 120))
ok   "the program is given one at a time: at most one twice for a kill ($_twice for $kills)" [ $_twice -le $kills ]
says 'and each has its receipt' 120 sh -c 'wc -l <slow.out'
says 'with --parallel it may have some in hand' 120 sh -c \
    'th-publish slow --queue sp --parallel 8 <slow.in | wc -l'

program keeps <<'X'
echo start >>keeps.log
while read -r line; do
	id=${line#*:\"}
	answers="${answers-}{\"id\":\"${id%%\"*}\",\"status\":\"published\"}
"
done
printf '%s' "$answers"
X
says 'a program that keeps its answers gets all it may have' 120 sh -c 'th-publish keeps <slow.in | wc -l'
says 'in two runs' 2 sh -c 'wc -l <keeps.log'
program shuts <<'X'
read -r line
exec <&-
id=${line#*:\"}
sleep 0.3
echo "{\"id\":\"${id%%\"*}\",\"status\":\"published\"}"
X
ok   'a program that closes its input after one item is run again' sh -c 'head -n 2 in | th-publish shuts'
told 'and publishes both' 'th-publish: 2 published'

program hangs <<'X'
trap '' TERM
exec sleep 1000
X
code 'a program that hangs is stopped, its items wait' 75 th-publish hangs --timeout 1s <in
told 'that is told' 'did not answer in time'
says 'all wait' 5 counts hangs:default waiting
program endless <<'X'
head -c 70000000 /dev/zero | tr '\0' x
echo
X
head -n 1 in >one
code 'one that answers with a line that is too long, too' 75 th-publish endless <one
told 'and told of' 'answered with a line without end'

program login <<'X'
exit 77
X
code 'a program that wants a login is believed' 77 th-publish login <in
program args <<'X'
cat >/dev/null
echo "$@ $TH_ACCOUNT_COLOUR ${SECRET-unset} $(cat <&3)" >seen
X
cat >"$TH_HOME/config.yaml" <<'X'
accounts:
  args:
    work: {colour: blue, token_env: SECRET}
X
chmod 600 "$TH_HOME/config.yaml"
SECRET=hunter2 th-publish args:work --to me --retries 3 <in >/dev/null 2>&1
says 'it gets its options, settings in the environment, secrets on descriptor 3' \
    '--to me blue unset {"token":"hunter2"}' cat seen
seq 1 250 | sed 's/.*/{"id":"n&"}/' >many
says 'more than a batch goes through several runs' 250 sh -c 'th-publish keeps --queue many <many | wc -l'
printf 'limits: {good: 3/1h}\n' >"$TH_HOME/config.yaml"
items 11 20 >new
says 'limits hold' 3 sh -c 'th-publish good:default --queue lim <new | wc -l'
rm "$TH_HOME/config.yaml"
says '--dry-run shows the lines it would get' 5 sh -c 'th-publish mixed --queue dry --dry-run <in | wc -l'
says '--text and --title are in them' 'T Title 1' sh -c \
    'th-publish mixed --queue dry --dry-run --text T --title "{title}" <in | head -n 1 | jq -r "\"\(.content_text) \(.title)\""'
code 'a program that is not there' 64 th-publish nowhere <in
# ---- the example of the manual
{
	echo '#!/bin/sh'
	sed -n '/^# th-publish-wall/,/^\.Ed/{/^\.Ed/q; s/\\e/\\/g; p;}' "$top/man/th-service.7"
} >bin/th-publish-wall
chmod +x bin/th-publish-wall
says 'the service that th-service(7) shows is one of at most ten lines' yes sh -c \
    '[ "$(wc -l <bin/th-publish-wall)" -le 10 ] && grep -q read bin/th-publish-wall && echo yes'
says 'it publishes' 5 sh -c 'th-publish wall <in | jq -c "._published[0].service" | grep -c wall'
says 'each title is on the wall' 5 sh -c 'wc -l <wall.txt'
says 'once, however often it is run' 5 sh -c 'th-publish wall <in >again && wc -l <wall.txt'

# ---- the one in C: its pieces, one after the other, are a file that is built in
mkdir c pages
sed -n '/^\.Sh A SERVICE IN C/,/^\.Ss 7/{/^\.Bd -literal/,/^\.Ed/{/^\.Bd/d; s/^\.Ed$//; s/\\e/\\/g; p;}}' \
    "$top/man/th-service.7" >c/board.c
cp "$top/services/table.c" "$top/services/services.h" c
{ cat "$top/services/all.def"; echo 'S(board)'; } >c/all.def
libs=$(awk '/^DEPS/ { f = 1 } f { sub(/^DEPS *= */, ""); print } f && !/\\$/ { exit }' "$top/Makefile" | tr -d '\\\n')
build=${TH_BUILD:-$top/build} san=
case $build in *-san) san=-fsanitize=address,undefined ;; esac
# shellcheck disable=SC2046,SC2086
ok 'the pieces of th-service(7) compile' ${CC:-cc} -std=c11 -Wall -Wextra -Werror -c -o c/board.o \
    -I"$top/lib" $(pkg-config --cflags $libs) c/board.c
linked() {
	# shellcheck disable=SC2046,SC2086
	for p in th-fetch th-publish th-auth; do
		${CC:-cc} -std=c11 $san -D_POSIX_C_SOURCE=200809L -Ic -I"$top/lib" -o "c/$p" "$build/cmd/$p.o" c/board.o c/table.c \
		    "$build/libcmd.a" "$build/libservices.a" "$build/libtrigger.a" $(pkg-config --libs $libs) -lstemmer -lm || return
	done
}
ok 'they are linked with the others' linked
printf '200 OK\n\n[{"id":"1","title":"One"},{"id":2},{"id":"3","title":"A \\"b\\""}]' >pages/cards
printf '200 OK\n\n{"nick":"x"}' >pages/me
python3 "$top/tests/servers/scripted.py" pages & pids="$pids $!"
i=0; while [ ! -s pages/port ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done
printf 'accounts: {board: {default: {base_url: "http://127.0.0.1:%s", client_id: a, access_token: T}}}\n' \
    "$(cat pages/port)" >"$TH_HOME/config.yaml"
chmod 600 "$TH_HOME/config.yaml"
says 'they read a board' '{"id":"1","title":"One"}
{"id":"3","title":"A \"b\""}' c/th-fetch board --board 'A b' --state b
says 'once' 0 sh -c "c/th-fetch board --board 'A b' --state b | wc -l"
says 'publish to it' 'board=A%20b&title=T&text=B' sh -c \
    'echo "{\"id\":\"1\",\"title\":\"T\",\"content_text\":\"B\"}" | c/th-publish board --board "A b" --dry-run | grep ^board='
code 'and may be told no name' 69 c/th-auth check board
told 'in an answer without it' 'no name in the answer'
rm "$TH_HOME/config.yaml"

# ---- the list of what there is
mkdir behind; cp bin/th-publish-wall behind; cp bin/th-publish-wall behind/th-publish-other
cp bin/th-publish-wall behind/th-publish-file; : >behind/th-publish-data
printf 'accounts: {other: {two: {key: K}}}\n' >"$TH_HOME/config.yaml"; chmod 600 "$TH_HOME/config.yaml"
PATH=$PATH:$scratch/behind:$scratch/bin; export PATH
printf '%s\n' 'file read, write' "wall write $scratch/bin/th-publish-wall" \
    "other write $scratch/behind/th-publish-other; accounts: two" >want
is   '--list has programs, too: each once, where it is, with its accounts' want sh -c \
    "th-publish --list | grep -E '^(wall|other|data|file) ' | sed 's/  */ /g; s/^\(file read, write\).*/\1/'"
code 'those that publish do not read' 1 sh -c 'th-fetch --list | grep "^wall "'
rm "$TH_HOME/config.yaml"
finish

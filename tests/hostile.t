#!/bin/sh
# hostile.t -- th-fetch rss and servers and feeds that mean harm
. "${0%/*}/lib.sh"
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy
command -v timeout >/dev/null || { echo "Bail out! timeout is missing"; exit 1; }

mkdir h
python3 "$top/tests/servers/hostile.py" h & pids="$pids $!"
i=0; while [ ! -s h/port ] && [ $i -lt 200 ]; do sleep 0.02; i=$((i + 1)); done
[ -s h/port ] || { echo "Bail out! no server"; exit 1; }
H=http://127.0.0.1:$(cat h/port)
: >h/log

# What a run left behind, by the line that /usr/bin/time adds.  Sanitizers keep
# what was freed for a while: memory is measured without them.
is_small() { # at most 100 MB
	case ${TH_BUILD:-} in *-san) return 0;; esac
	awk '/^kB / { if ($2 > 102400) { print "peak " $2 " kB"; exit 1 } found = 1 }
	    END { exit !found }' kept
}
is_one_line() { [ "$(grep -vc '^kB ' kept)" = 1 ]; }
fetch() { # ARG...: at most 256 MB, 20 s at the utmost
	timeout 20 /usr/bin/time -q -f 'kB %M' th-fetch rss --timeout 1 "$@"
}
ends() { # NAME CODE REGEX PATH [OPTION]...: told, small, the good feed delivered
	_n=$1 _c=$2 _re=$3 _p=$4; shift 4
	code "$_n" "$_c" fetch "$@" "$H/$_p" "$H/good"
	cp .err kept; cp .out items
	told '... with the reason' "^th-fetch: $H/$_p: .*$_re"
	ok '... in one line' is_one_line
	ok '... within 100 MB' is_small
	says '... and the good feed is delivered' 'good-1
good-2' sh -c 'jq -r .id <items | grep ^good- | sort -u'
}

ends 'an endless feed' 69 'larger than 268435456 bytes' endless
ends 'an endless feed, cut early' 69 'larger than 1048576 bytes' endless --max-size 1M
ends 'an endless element' '65' '.' endless-element
ends 'a trickle' 69 'slower than 1 kB/s for 1 s' drip
ends 'silence' 69 'no answer within 1 s' silent
ends 'half a head' 69 'slower than 1 kB/s for 1 s' half-head
ends 'a gzip bomb' 65 '.' gzip-bomb
ends 'a gzip bomb, cut early' 69 'larger than' gzip-bomb --max-size 10M
ends 'a gzip bomb in gzip' 65 '.' gzip-twice
ends 'gzip that is none' 69 'compressed body is damaged' not-gzip
ends 'gzip with more after it' 69 'compressed body is damaged' more-than-gzip
ends 'a redirect to itself' 69 'redirected more than 10 times' loop
ends 'eleven redirects' 69 'redirected more than 10 times' chain/11
ends 'a redirect to a file' 69 'not http or https' to-file
ends 'a permanent one' 69 'not http or https' to-file-forever --state s
ends 'a redirect to gopher' 69 'not http or https' to-gopher
ends 'a redirect to ftp' 69 'not http or https' to-ftp
ends 'a redirect to dict' 69 'not http or https' to-dict
ends 'a redirect to nowhere' 69 'no valid URL' to-nowhere
ends 'headers without end' 69 'too many headers' endless-headers
ends 'headers by the thousand' 69 'too many headers' many-headers
ends 'a connection that is cut' 69 'the connection was cut' cut
ends 'a chunk that is cut' 69 'the connection was cut' cut-chunk
ends 'a chunk without a length' 69 '.' bad-chunk
ends 'what is not HTTP' 69 'not HTTP' garbage
ends 'no answer at all' 69 'closed without an answer' nothing
ends 'entities that multiply' 65 '.' laughs
ends 'a long entity, often' 65 '.' quadratic
ends 'a million elements deep' 65 '.' deep
ends 'an attribute of 90 MB' 65 '.' huge-attribute

# Strange, but readable: nothing is to be told, or as the parser sees fit.
code 'ten redirects' 0 fetch "$H/chain/10"
code 'a tag with 200,000 attributes ends' 0 sh -c \
    'timeout 20 th-fetch rss --timeout 1 "$1" "$2" >items; case $? in 0|65) ;; *) exit 1;; esac
    grep -q good-1 items' - "$H/attributes" "$H/good"
code 'a body longer than it says ends' 0 sh -c \
    'timeout 20 th-fetch rss --timeout 1 "$1" "$2" >items; case $? in 0|65) ;; *) exit 1;; esac
    grep -q good-1 items' - "$H/short-length" "$H/good"
for x in xxe-file xxe-http; do
	code "an external entity ends ($x)" 0 sh -c \
	    'timeout 20 th-fetch rss --timeout 1 "$1" "$2" >items; case $? in 0|65) ;; *) exit 1;; esac
	    grep -q good-1 items' - "$H/$x" "$H/good"
	ok 'it is not read' sh -c '! grep -q root: items'
done
ok 'nothing was asked for that no user named' sh -c '! grep -q secret h/log'

# All of them at once: the good one is not held up, the worst tells the code.
all=
for x in endless drip silent half-head gzip-bomb loop to-file endless-headers \
    cut garbage nothing laughs quadratic xxe-http; do all="$all $H/$x"; done
# shellcheck disable=SC2086
code 'all at once end' 69 fetch --max-size 20M $all "$H/good"
cp .err kept; cp .out items
ok '... within 100 MB' is_small
says '... and the good feed is delivered' 'good-1
good-2' sh -c 'jq -r .id <items | grep ^good- | sort -u'

# Interrupted: what came is printed and remembered, the rest is for later.
th-fetch rss --timeout 15 --state i "$H/silent" "$H/good" >items 2>err & p=$!
pids="$pids $p"
i=0; until grep -q good-2 items || [ $i -gt 200 ]; do sleep 0.02; i=$((i + 1)); done
kill -TERM $p; t=$(date +%s); wait $p; rc=$?
says 'interrupted: try again later' 75 echo $rc
ok '... at once' test $(($(date +%s) - t)) -le 3
says '... what came before is there' 'good-1
good-2' sh -c 'jq -r .id <items'
says '... and remembered' 0 sh -c 'th-fetch rss --state i "$1" | wc -l' - "$H/good"

# Progress: on a terminal alone, and never in the way of a message.
if command -v script >/dev/null; then
	urls=; for i in 1 2 3 4 5 6 7 8 9; do urls="$urls $H/good?$i"; done
	tty() { script -qec "$1" /dev/null | tr -d '\r' >"tty"; }
	tty "th-fetch rss --timeout 1 $urls $H/nothing $H/drip >/dev/null"
	ok 'on a terminal it is told how far it is' grep -q 'of 11 read' tty
	ok 'the line is wiped before a message and at the end' sh -c \
	    'ESC=$(printf "\033"); sed "s/$ESC\[K/\n/g" tty | grep -q "^th-fetch: .*nothing: " &&
	    ! sed "s/$ESC\[K/\n/g" tty | grep -q "read.*th-fetch" &&
	    tail -c 4 tty | grep -q "$ESC\[K"'
	for how in 'NO_COLOR=1 th-fetch rss' 'th-fetch -q rss'; do
		tty "$how $urls >/dev/null"
		ok "... not with $how" test ! -s tty
	done
else
	skip 'progress on a terminal' 'script is not here'
fi
finish

#!/bin/sh
# torture.sh -- every allocation of a program fails in turn: it must end in its
# full output, or in 74 or 75 with the beginning of it; never in a signal,
# never in a silent loss.  TORTURE=all tries each; without it, beyond the first
# 200 ever fewer are tried, so that it is quick.

# Nothing here need outlive the run, so nothing need wait for a disk.
[ -n "${TMPDIR:-}" ] || [ ! -w /dev/shm ] || { TMPDIR=/dev/shm; export TMPDIR; }
. "${0%/*}/lib.sh"
shim=${TH_BUILD:-$top/build}/failmalloc.so

before() { :; } # makes the state a run starts from; redefined by a case

next() { # N: the allocation to fail after N
	if [ "${TORTURE:-}" = all ] || [ "$1" -lt 200 ]; then
		echo $(($1 + 1))
	else
		echo $(($1 + $1 / 50))
	fi
}

run() { # N COMMAND...: with its Nth allocation failing
	_n=$1; shift
	rm -f told
	before
	LD_PRELOAD=$shim FAILMALLOC=$_n FAILMALLOC_TOLD=$scratch/told \
	    "$@" <in >got 2>err
}

is_start() { # the output so far is how the whole begins
	head -c "$(wc -c <got)" want | cmp -s - got
}

survives() { # COMMAND...
	before
	"$@" <in >want 2>err || { echo "fails by itself: $?"; cat err; return 1; }
	nth=1 bad=0 tried=0
	while run $nth "$@"; rc=$?; [ -e told ]; do
		tried=$((tried + 1))
		case $rc in
		0) cmp -s want got || { echo "$nth: output lost"; bad=1; } ;;
		74 | 75) is_start || { echo "$nth: output differs"; bad=1; } ;;
		*) echo "$nth: exit $rc: $(head -n1 err)"; bad=1 ;;
		esac
		nth=$(next $nth)
	done
	cmp -s want got || { echo 'differs with none failing'; bad=1; }
	[ $tried -gt 0 ] || { echo 'no allocation failed'; bad=1; }
	return $bad
}

torture() { # NAME COMMAND...
	_what=$1; shift
	if [ -x "${TH_BUILD:-$top/build}/$1" ]; then
		ok "$_what" survives "$@"
	else
		skip "$_what" "$1 is not built"
	fi
}

cat >in <<'EOF'
{"id":"1","title":"A release of \u201cc\u201d","date_published":"2026-11-23T20:18:58Z","tags":["c","x"]}
{"id":"2","title":"Chess","content_html":"<p>text &amp; more<\/p>","tags":["y"]}
{"id":"3","url":"https://example.org/3","title":"Release","summary":"s"}
EOF
torture 'th-filter passes all' th-filter
torture 'th-filter by an expression' th-filter \
    'title ~ "release" and not tags = "ad" or lower(text) ~ "more"'
torture 'th-filter edits' th-filter --set 'title={title|upper} {date|date:%d}' \
    --replace 'title/e/i/g' --rename summary=content_text --drop tags
torture 'th-filter sorts' th-filter --unique id --sort -date --reverse --tail 2
torture 'th-queue lists' th-queue list
torture 'th-auth lists' th-auth list
torture 'th-search finds nothing' th-search nothing
th-publish file --path all.ndjson --append <in >/dev/null 2>&1
torture 'th-search finds items' th-search 'release* -chess'
torture 'th-search finds them as JSON' th-search --json releases
torture 'th-trigger lists' th-trigger list
torture 'th-rss writes RSS' th-rss --title T --link https://example.org/
torture 'th-rss writes Atom' th-rss --format atom --title T \
    --self https://example.org/feed
torture 'th-rss writes JSON' th-rss --format json --title T

{
	echo '<rss version="2.0"><channel><title>T</title>'
	echo '<link>https://example.org/</link>'
	echo '<item><guid>1</guid><title>A &amp;amp; b</title>'
	echo '<description>&lt;p&gt;x&lt;/p&gt;</description></item>'
	echo '<item><guid>2</guid><link>/2</link><category>c</category>'
	echo '<pubDate>Mon, 23 Nov 2026 20:18:58 GMT</pubDate></item>'
	echo '</channel></rss>'
} >feed
cp in items
cp feed in
torture 'th-fetch reads a feed' th-fetch rss -
printf '%s\n' title,url,time_added,tags,status \
    '"A, b",https://example.org/1,1700000000,x|y,unread' \
    ',https://example.org/2,1700000001,,archive' >in
torture 'th-fetch reads the export of Pocket' th-fetch pocket --export -
cp feed in
before() { rm -rf "$TH_HOME"; mkdir "$TH_HOME"; }
torture 'th-fetch with a state' th-fetch rss --state s -
mkdir web
{ printf '200 OK\nETag: "1"\nContent-Type: text/xml\n\n'; cat feed; } >web/feed
python3 "$top/tests/servers/scripted.py" web & pids="$pids $!"
until [ -s web/port ]; do sleep 0.05; done
torture 'th-fetch over http' \
    th-fetch rss --state s "http://127.0.0.1:$(cat web/port)/feed"
before() { :; }
cp items in

# What a failed run left undone, the next does; receipts have a date.
before() { rm -rf "$TH_HOME" notes; mkdir "$TH_HOME" notes; }
survives_twice() { # the second run, with nothing failing, makes it whole
	before
	th-publish file --path 'notes/{id}.md' <in >want 2>err || return
	ls notes >want-notes
	cut -d, -f1 want >want-ids
	nth=1 bad=0
	while run $nth th-publish file --path 'notes/{id}.md'; rc=$?; [ -e told ]; do
		case $rc in
		0 | 74 | 75) ;;
		*) echo "$nth: exit $rc: $(head -n1 err)"; bad=1 ;;
		esac
		th-publish file --path 'notes/{id}.md' <in >got 2>err || {
			echo "$nth: the next run fails: $(head -n1 err)"; bad=1; }
		ls notes | cmp -s want-notes - || { echo "$nth: notes lost"; bad=1; }
		cut -d, -f1 got | cmp -s want-ids - || {
			echo "$nth: receipts lost"; bad=1; }
		nth=$(next $nth)
	done
	return $bad
}
if th-publish file --help >/dev/null 2>&1; then
	ok 'th-publish loses nothing' survives_twice
else
	skip 'th-publish loses nothing' 'th-publish file is not built'
fi
finish

#!/bin/sh
# torture.sh -- every allocation of a program fails in turn: it must end in its
# full output, or in 74 or 75 with the beginning of it; never in a signal,
# never in a silent loss.  TORTURE=all tries each; without it, beyond the first
# $dense ever fewer are tried, so that it is quick.  Several that are given one
# directory share the cases: each takes those that are not marked as taken there.

# Nothing here need outlive the run, so nothing need wait for a disk.
[ -n "${TMPDIR:-}" ] || [ ! -w /dev/shm ] || { TMPDIR=/dev/shm; export TMPDIR; }
. "${0%/*}/lib.sh"
. "$top/tests/api.sh"
taken=${1:-} cases=0
dense=200
shim=${TH_BUILD:-$top/build}/failmalloc.so

before() { :; } # makes the state a run starts from; redefined by a case

next() { # N: the allocation to fail after N
	if [ "${TORTURE:-}" = all ] || [ "$1" -lt "$dense" ]; then
		echo $(($1 + 1))
	else
		echo $(($1 + 1 + $1 * 4 / dense))
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

mine() { # is the next case not another's?
	cases=$((cases + 1))
	[ -n "$taken" ] || return 0
	mkdir "$taken/$cases" 2>/dev/null && return 0
	[ -d "$taken/$cases" ] && return 1
	echo "torture.sh: cannot mark a case as taken in $taken" >&2; exit 1
}

torture() { # NAME COMMAND...
	_what=$1; shift
	if ! mine; then
		:
	elif [ -x "${TH_BUILD:-$top/build}/$1" ]; then
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
torture 'th-fetch reads a table' th-fetch file -
cp items in
torture 'th-fetch reads items' th-fetch file -
jq -s . items >in
torture 'th-fetch reads JSON' th-fetch file -
cp feed in
before() { rm -rf "$TH_HOME"; mkdir "$TH_HOME"; }
torture 'th-fetch with a state' th-fetch rss --state s -
mkdir web
{ printf '200 OK\nETag: "1"\nContent-Type: text/xml\n\n'; cat feed; } >web/feed
python3 "$top/tests/servers/scripted.py" web & pids="$pids $!"
until [ -s web/port ]; do sleep 0.05; done
torture 'th-fetch over http' \
    th-fetch rss --state s "http://127.0.0.1:$(cat web/port)/feed"
printf '200 OK\n\n<html><link rel=alternate type="application/rss+xml" href=feed>' >web/page
torture 'th-fetch finds the feed of a page, as a user' \
    th-fetch rss --state s "http://u:p@127.0.0.1:$(cat web/port)/page"
before() { :; }
cp items in


# ---- what looks into the store

torture 'th-publish --dry-run of a webhook' th-publish webhook \
    --url http://127.0.0.1:9/ --body '{{"t":"{title}"}}' --dry-run
torture 'th-publish --dry-run of files' th-publish file --path '{id}.md' --dry-run
th-publish webhook --url http://127.0.0.1:9/ --queue-only <in >/dev/null 2>&1
dense=50
queue=$(th-queue list --json | jq -r .queue | grep webhook)
torture 'th-publish --dry-run of what waits' th-publish webhook \
    --url http://127.0.0.1:9/ --dry-run --drain
torture 'th-queue lists what waits' th-queue list
torture 'completion of a queue' th-queue --complete show ''
torture 'completion of a service' th-publish --complete w
torture 'completion of a trigger' th-trigger --complete run ''
torture 'th-queue shows it' th-queue show "$queue"
torture 'th-queue explains an item' th-queue explain 2
torture 'th-queue tells statistics' th-queue stats
torture 'th-queue exports' th-queue export
th-queue export >exported

# ---- services, read from and written to

serve twitter; twitter=$url
serve trello; trello=$url
serve pocket; pocket=$url
serve readability; readability=$url
rm -f port
python3 "$top/tests/servers/evernote.py" S=s1:U=1:H=t0rture >port & pids="$pids $!"
until [ -s port ]; do sleep 0.05; done
evernote=http://127.0.0.1:$(cat port)
keys='consumer_key: consumer-key, consumer_secret: consumer-secret'
tokens='token: user-token, token_secret: user-token-secret'
config <<E
accounts:
  twitter:
    default: {base_url: "$twitter", $keys, $tokens}
    two: {base_url: "$twitter", client_id: client-id}
  trello: {default: {base_url: "$trello", key: trello-key, token: trello-token}}
  pocket: {default: {base_url: "$pocket", consumer_key: pocket-key, access_token: pocket-token}}
  readability: {default: {base_url: "$readability", $keys, $tokens}}
  evernote: {default: {base_url: "$evernote", token: "S=s1:U=1:H=t0rture"}}
E
post() { # URL JSON
	curl -s -o /dev/null -d "$2" "$1/_post"
}
post "$twitter" '[{"text":"#chess &amp; more"},{"text":"#chess two"}]'
for s in "$pocket" "$readability"; do
	post "$s" '[{"url":"https://example.org/1","title":"One","at":1700000000},
	    {"url":"https://example.org/2","title":"Two","at":1700000001}]'
done
th-publish trello --board B --list L <in >/dev/null 2>&1
torture 'th-fetch twitter' th-fetch twitter --search '#chess'
torture 'th-fetch trello' th-fetch trello --board B
torture 'th-fetch pocket' th-fetch pocket
torture 'th-fetch readability' th-fetch readability
torture 'th-publish twitter --dry-run' th-publish twitter --dry-run
torture 'th-publish trello --dry-run' th-publish trello --board B --list M --dry-run
grep url items >in
torture 'th-publish pocket --dry-run' th-publish pocket --dry-run
torture 'th-publish readability --dry-run' th-publish readability --dry-run
cp items in
torture 'th-auth checks' th-auth check twitter
note() { # JSON: which stands in Evernote from now on
	curl -sS --noproxy '*' -d "$1" "$evernote/notes"
}
for t in one two; do
	note "[{\"title\":\"$t\",\"notebook\":\"Work\",\"tags\":[\"x\",\"y\"],\"created\":1700000000000,
	    \"content\":\"<en-note><p>of &amp;eacute; $t</p><en-todo/></en-note>\"}]"
done
torture 'th-fetch evernote' th-fetch evernote --notebook work --tag x
torture 'th-publish evernote --dry-run' th-publish evernote --notebook Work --tags a,b --dry-run

# ---- what changes something: what a failed run left undone, the next does

effect() { :; } # prints what it came to; redefined by a case

settles() { # COMMAND...: run again with nothing failing, it comes to the same
	before
	"$@" <in >got 2>err || { echo "fails by itself: $?"; cat err; return 1; }
	effect >want-effect
	[ -s want-effect ] || { echo 'no effect'; return 1; }
	nth=1 bad=0 tried=0
	while run $nth "$@"; rc=$?; [ -e told ]; do
		tried=$((tried + 1))
		case $rc in
		0 | 74 | 75) ;;
		*) echo "$nth: exit $rc: $(head -n1 err)"; bad=1 ;;
		esac
		"$@" <in >got 2>err || {
			echo "$nth: the next run fails: $(head -n1 err)"; bad=1; }
		effect >got-effect
		cmp -s want-effect got-effect || {
			echo "$nth: it came to something else"; diff want-effect got-effect; bad=1; }
		nth=$(next $nth)
	done
	[ $tried -gt 0 ] || { echo 'no allocation failed'; bad=1; }
	return $bad
}

undone() { # NAME COMMAND...
	_what=$1; shift
	! mine || ok "$_what" settles "$@"
}

# A refresh token is good once: what the service gave must not be lost.
dense=200
before() {
	mkdir -p "$TH_HOME/credentials"
	rm -f "$TH_HOME/credentials/twitter.two.json"
	(umask 077; jq -n --arg r "$(curl -s "$twitter/_fresh")" \
	    '{access_token: "stale", refresh_token: $r, expires_at: "2020-01-01T00:00:00Z"}' \
	    >"$TH_HOME/credentials/twitter.two.json")
}
effect() {
	th-auth check twitter:two
	(cd "$TH_HOME/credentials" && ls -A && ls -l twitter.two.json | cut -c1-10)
}
undone 'th-auth refresh loses no token' th-auth refresh twitter:two

# Receipts have a date.
before() { rm -rf "$TH_HOME" notes all.ndjson; mkdir "$TH_HOME" notes; }
effect() { ls notes; cut -d, -f1 got; }
dense=100
undone 'th-publish file loses no note and no receipt' th-publish file --path 'notes/{id}.md'
dense=50
effect() { jq -r .id all.ndjson; cut -d, -f1 got; }
undone 'th-publish file --append has each item once' th-publish file --path all.ndjson --append
effect() { th-queue export | jq -c 'del(.date)'; }
cp exported in
undone 'th-queue imports' th-queue import
cp items in
python3 "$top/tests/servers/webhook.py" hooked secret >hook & pids="$pids $!"
until [ -s hook ]; do sleep 0.05; done
before() { rm -rf "$TH_HOME"; mkdir "$TH_HOME"; : >hooked; }
effect() { sed 's/.*"id":"\([0-9]*\)".*/\1/' hooked | sort -u; cut -d, -f1 got; }
undone 'th-publish webhook loses nothing' th-publish webhook --url "http://127.0.0.1:$(cat hook)/200"
before() { # an account without notes
	rm -rf "$TH_HOME"; mkdir "$TH_HOME"
	curl -sS --noproxy '*' -d '' "$evernote/reset"
	config <<-E
		accounts: {evernote: {default: {base_url: "$evernote", token: "S=s1:U=1:H=t0rture"}}}
	E
}
effect() { # each note once, faithfully, and each receipt
	curl -sS --noproxy '*' "$evernote/notes" | jq -c '[.title,.content,.source,.created,.names]' | sort; cut -d, -f1 got
}
jq -c '.date_published //= "2026-11-23T20:18:59Z" | .url //= "https://example.org/\(.id)"' items >in
undone 'th-publish evernote makes each note once' th-publish evernote --notebook Work --tags a,b
cp items in

dense=200
th-rss --title T -o old.xml <in
before() { cp old.xml feed.xml; }
effect() { cat feed.xml; }
jq -c '.id |= "new " + .' items >in
undone 'th-rss merges' th-rss --title T -o feed.xml --merge
cp items in

before() { rm -rf "$TH_HOME"; mkdir -p "$TH_HOME"; }
rm -rf "$TH_HOME"; mkdir "$TH_HOME"
th-publish file --path all.ndjson --append <in >/dev/null 2>&1
dense=50
before() { :; }
effect() { th-search --json release | jq -r .id; }
undone 'th-search builds its index anew' th-search --reindex

{
	printf '#!/bin/sh\n#: every: 1h\n#: description: soup of the day\n'
	echo "th-fetch file $scratch/items | th-publish file --path $scratch/all.ndjson --append"
} >soup
before() { # a trigger that is due
	rm -rf "$TH_HOME" all.ndjson; mkdir -p "$TH_HOME/triggers"
	cp soup "$TH_HOME/triggers/soup"; chmod +x "$TH_HOME/triggers/soup"
}
effect() { jq -r .id all.ndjson; }
undone 'th-trigger runs a pipeline' th-trigger run soup
torture 'th-trigger lists one' th-trigger list soup
torture 'th-trigger checks it' th-trigger check
# shellcheck disable=SC2218
before # that of the case above
th-trigger run soup >/dev/null 2>&1
before() { :; }
torture 'th-trigger tells its status' th-trigger status
torture 'th-search finds triggers' th-search --triggers soup
before() { rm -rf "$TH_HOME"; mkdir -p "$TH_HOME"; }
effect() { (cd "$TH_HOME/triggers" && head -n 50 ./*); }
undone 'th-trigger imports a list' th-trigger import --force "$top/tests/data/list.opml"
finish

#!/bin/sh
# demo.sh -- the main job from end to end, on this machine alone: make demo
#
# Feeds in, a filter, a feed and notes and a webhook out; then all of it again,
# to show that nothing is published twice.  FEED=URL reads your feed instead of
# the bundled ones, FILTER=EXPRESSION selects other items.
set -eu
here=$(cd "${0%/*}" && pwd)
PATH=${TH_BUILD:-$here/../build}:$PATH; export PATH
case ${FEED-} in '' | /* | *://*) ;; *) FEED=$PWD/$FEED ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/triggerhappy-demo.XXXXXX")
TH_HOME=$work/home; export TH_HOME
mkdir "$TH_HOME"
cd "$work"

python3 "$here/demo/server.py" "$here/demo" "$work/webhook.log" port &
server=$!
trap 'kill $server 2>/dev/null' EXIT
trap 'exit 1' HUP INT TERM
tries=0
while [ ! -s port ]; do
	tries=$((tries + 1))
	[ $tries -lt 200 ] || { echo 'demo: the server does not start' >&2; exit 1; }
	sleep 0.05
done
base=http://127.0.0.1:$(cat port)
: >webhook.log

say() {
	printf '\n# %s\n' "$*"
}
run() { # prints a command, then runs it
	printf '$ %s\n' "$*"
	eval "$*"
}

feeds="$base/kitchen.xml $base/releases.xml $base/chess.json" filter='any ~ "recipe"'
[ -z "${FEED-}" ] || feeds="'$FEED'" filter=title
filter=${FILTER:-$filter}

say 'Read feeds (RSS, Atom, JSON Feed): one JSON object a line.'
run "th-fetch rss $feeds >items.ndjson"
run "wc -l <items.ndjson"
run "head -n 1 items.ndjson"

say 'Keep what matters.'
run "th-filter '$filter' <items.ndjson >kept.ndjson"
run "th-filter --keep title,date_published <kept.ndjson"

say 'Write it as a feed of your own.'
run "th-rss --title 'From the demo' --link $base/ -o feed.xml <kept.ndjson"
run "head -n 8 feed.xml"

pipeline="th-fetch rss $feeds |
    th-filter '$filter' |
    th-publish file --path 'notes/{title}.md' |
    th-publish webhook --url $base/hook >receipts.ndjson"

say 'One pipeline: a Markdown note for each item, then a webhook.'
run "$pipeline"
run "ls notes"
notes=$(cat notes/*.md | cksum) posts=$(wc -l <webhook.log)

say 'What the webhook received:'
run "cat webhook.log"

say 'The same pipeline again: every item is read, none is published twice.'
run "$pipeline"
[ "$notes" = "$(cat notes/*.md | cksum)" ] && [ "$posts" = "$(wc -l <webhook.log)" ] || {
	echo 'demo: something was published twice' >&2
	exit 1
}
run "wc -l <webhook.log"

say 'With --state, only what is new is read at all.'
run "th-fetch rss --state demo $feeds | wc -l"
run "th-fetch rss --state demo $feeds | wc -l"

cat <<END

Done: $posts items were published, each once.  Look at
  $work/notes/         Markdown notes
  $work/feed.xml       the feed
  $work/webhook.log    what the webhook received
  $work/receipts.ndjson  where each item went
  $work/home/th.db     the store: outbox, ledger, cursors
Next: man man/trigger.7, or the pipelines in README.
END

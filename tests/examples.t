#!/bin/sh
# the scripts of examples/: by hand and as triggers, each against stand-ins
. "${0%/*}/lib.sh"
. "$top/tests/api.sh"
x=$top/examples

serve twitter; twitter=$url
serve trello; trello=$url
serve pocket; pocket=$url
serve readability; readability=$url
oauth='consumer_key: consumer-key, consumer_secret: consumer-secret, token: user-token, token_secret: user-token-secret'
config <<E
accounts:
  twitter: {default: {base_url: "$twitter", $oauth}}
  trello: {default: {base_url: "$trello", key: trello-key, token: trello-token}}
  pocket: {default: {base_url: "$pocket", consumer_key: pocket-key, access_token: pocket-token}}
  readability: {default: {base_url: "$readability", $oauth}}
E
mkdir "$TH_HOME/triggers"
FEED=$top/tests/data/feed.xml HASHTAG='#chess' OUT=$scratch/chess.xml HOME=$scratch
export FEED HASHTAG OUT HOME
url=$twitter
post() { curl -s -o /dev/null -d "$1" "$twitter/_post"; }
has_evernote() { th-publish evernote --help >/dev/null 2>&1; }
install_all() {
	for f in "$x"/*-to-*.sh; do
		b=${f##*/}
		[ "$b" != feed-to-evernote.sh ] || has_evernote || continue
		cp "$f" "$TH_HOME/triggers/${b%.sh}" || return 1
	done
}

ok 'they are copied as they are' install_all
ok 'their headers are good' th-trigger check
for s in "$x"/*-to-*.sh; do
	s=${s##*/}; s=${s%.sh}
	ok "README tells of $s" grep -q "$s.sh" "$x/README"
	ok "$s says how often it runs" grep -Eq '^#: every: [0-9]+[mh]$' "$x/$s.sh"
done

code 'a feed to X, by hand' 0 "$x/feed-to-twitter.sh"
count=$(th-fetch rss "$FEED" | wc -l | tr -d ' ')
most=$((count < 3 ? count : 3))
says 'no more than the limit' $most state '.sent | length'
code 'again, as a trigger' 0 th-trigger run feed-to-twitter
says 'nothing is posted twice or above the limit' $most state '.sent | length'

post '[{"text":"#chess one https://t.co/x","entities":{"hashtags":[{"tag":"chess"}],
"urls":[{"url":"https://t.co/x","expanded_url":"https://example.org/x"}]}},{"text":"#chess two"}]'
code 'a hashtag to a feed, as a trigger' 0 th-trigger run hashtag-to-rss
says 'with all that was said' '#chess two|#chess one https://example.org/x' sh -c \
    'th-fetch rss chess.xml | jq -rs "map(.title) | sort | reverse | join(\"|\")"'
post '[{"text":"#chess three"}]'
code 'again' 0 th-trigger run hashtag-to-rss
says 'the feed keeps what it had' 3 sh -c 'th-fetch rss chess.xml | wc -l'

code 'a hashtag to cards, as a trigger' 0 th-trigger run hashtag-to-trello
url=$trello
says 'one for each' '#chess one https://example.org/x|#chess two|#chess three' state '.cards | map(.name) | join("|")'
says 'with its label' '["X"]' state '.cards[0].labels | map(.name)'
code 'again, by hand' 0 "$x/hashtag-to-trello.sh"
says 'makes no second card' 3 state '.cards | length'

code 'bookmarks to a read-later service, as a trigger' 0 th-trigger run bookmarks-to-read-later
url=$pocket
says 'the page that is linked to' '[["https://example.org/x","#chess one https://example.org/x","x"]]' \
    state '.added | map(select(.url == "https://example.org/x") | [.url,.title,.tags])'
code 'again, by hand' 0 "$x/bookmarks-to-read-later.sh"
says 'it is added once' 1 state '[.added[] | select(.url == "https://example.org/x")] | length'

code 'favorites to another, as a trigger' 0 th-trigger run favorites-to-read-later
url=$readability
says 'the page with its tags' '["x","liked"]' \
    state '.bookmarks[] | select(.article.url == "https://example.org/x") | .tags | map(.text)'

# ---- a feed to notes
if ! has_evernote; then
	skip 'a feed to notes' 'evernote is not built in'; finish
elif ! python3 -c 'import sys; sys.path.append("/usr/lib/python3/dist-packages"); import thrift' 2>/dev/null; then
	skip 'a feed to notes' 'python3-thrift is not installed'; finish
fi
token=S=s1:U=8f1c:E=19f6b5c2c00:C=17a:P=1cd:A=me:V=2:H=c4n4ry
python3 "$top/tests/servers/evernote.py" "$token" >en.port & pids="$pids $!"
i=0; while [ ! -s en.port ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done
url=http://127.0.0.1:$(cat en.port)
config <<E
accounts: {evernote: {default: {base_url: "$url", token: "$token"}}}
E
notes() { curl -s "$url/notes" | jq -cs "$1"; }
code 'a feed to notes, as a trigger' 0 th-trigger run feed-to-evernote
says 'one for each item' "$count" notes length
says 'with the tags' true notes 'all(.names | contains(["feed","unread"]))'
says 'in a notebook of its own' Reading sh -c 'curl -s "$1/notebooks" | grep Reading' - "$url"
code 'again, by hand' 0 "$x/feed-to-evernote.sh"
says 'makes no second note' "$count" notes length
finish

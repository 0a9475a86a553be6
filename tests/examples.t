#!/bin/sh
# the scripts of examples/: by hand and as triggers, each against stand-ins
. "${0%/*}/lib.sh"
. "$top/tests/api.sh"
x=$top/examples

serve twitter; twitter=$url
serve trello; trello=$url
serve pocket; pocket=$url
serve readability; readability=$url
token=S=s1:U=8f1c:E=19f6b5c2c00:C=17a:P=1cd:A=me:V=2:H=c4n4ry
oauth='consumer_key: consumer-key, consumer_secret: consumer-secret, token: user-token, token_secret: user-token-secret'
config <<E
accounts:
  twitter: {default: {base_url: "$twitter", $oauth}}
  trello: {default: {base_url: "$trello", key: trello-key, token: trello-token}}
  pocket: {default: {base_url: "$pocket", consumer_key: pocket-key, access_token: pocket-token}}
  evernote: {default: {token: "$token"}}
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
says 'the page that is linked to' '[["https://example.org/x","#chess one https://example.org/x","x,chess"]]' \
    state '.added | map(select(.url == "https://example.org/x") | [.url,.title,.tags])'
code 'again, by hand' 0 "$x/bookmarks-to-read-later.sh"
says 'it is added once' 1 state '[.added[] | select(.url == "https://example.org/x")] | length'

code 'favorites to another, as a trigger' 0 th-trigger run favorites-to-read-later
url=$readability
says 'the page with its tags' '["x","liked","chess"]' \
    state '.bookmarks[] | select(.article.url == "https://example.org/x") | .tags | map(.text)'

post '[{"text":"#chess four"}]'
code 'a board to a feed, as a trigger' 0 env OUT="$scratch/board.xml" th-trigger run board-to-rss
says 'with its cards' '#chess one https://example.org/x|#chess two|#chess three' sh -c \
    'th-fetch rss board.xml | jq -rs "map(.title) | sort_by(. != \"#chess one https://example.org/x\", . != \"#chess two\") | join(\"|\")"'
printf '%s\n' '{"version":"https://jsonfeed.org/version/1.1","title":"T","items":[
{"id":"1","url":"https://example.org/long","content_text":"'"$(printf '%0300d' 0)"'","tags":["t"]},
{"id":"2","url":"https://example.org/short","content_text":"short"}]}' >long.json
code 'long reads to be read later' 0 env FEED="$scratch/long.json" th-trigger run feed-to-pocket
url=$pocket
says 'what is long alone, with its tag and ours' '[["https://example.org/long","feed,t"]]' \
    state '.added | map(select(.url | test("/(long|short)$")) | [.url,.tags])'
FEED=$scratch/news.json
sed 's/example.org/example.net/g; s/"short"/"Short"/' long.json >news.json
code 'cards, then posts, as a trigger' 0 th-trigger run feed-to-trello-to-twitter
url=$trello
says 'a card for each' 2 state '[.cards[] | select(tostring | test("example.net"))] | length'
url=$twitter
says 'a post for each' 2 state '[.sent[] | select(tostring | test("New: "))] | length'
code 'again, by hand' 0 "$x/feed-to-trello-to-twitter.sh"
says 'no second post' 2 state '[.sent[] | select(tostring | test("New: "))] | length'

FEED=$top/tests/data/feed.xml
# ---- without services: http URLs of any host are answered here
mkdir any any/www any/www/blog.example any/www/kitchen.example
cp "$top/tests/data/feed.xml" any
python3 "$top/tests/servers/anyhost.py" "$scratch/any" anyport & pids="$pids $!"
i=0; while [ ! -s anyport ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done
http_proxy=http://127.0.0.1:$(cat anyport); no_proxy=127.0.0.1,localhost; export http_proxy no_proxy
TZ=UTC; export TZ
fresh() { # a home and a working directory of their own
	HOME=$scratch/$1 TH_HOME=$scratch/$1/th; mkdir -p "$TH_HOME/triggers"; cd "$HOME" || exit
}
feed() { # FILE TITLE...: a feed of these, each a day older than the one before
	_f=$1 _d=20; shift
	{
		echo '<rss version="2.0"><channel><title>T</title><link>http://blog.example/</link>'
		for _t; do
			echo "<item><title>$_t</title><link>http://blog.example/$(echo "$_t" | tr -cd a-z)</link>" \
			    "<description>of $_t</description><category>${_t%% *}</category>" \
			    "<pubDate>$_d Nov 2026 08:00:00 GMT</pubDate></item>"
			_d=$((_d - 1))
		done
		echo '</channel></rss>'
	} >"$_f"
}
titles() { # of a feed on stdin
	th-fetch rss - | jq -rs 'map(.title) | join("|")'
}
pipe() { # SCRIPT ARG...: the titles that it makes
	_p=$1; shift; "$x/pipes/$_p" "$@" | titles
}
fresh pipes
feed one.xml 'soup b' 'bread' 'sponsored: soup'
feed two.xml 'soup b' 'Ad: cake | Kitchen' 'Bread'
for s in "$x"/pipes/*.sh "$x"/*.sh "$x"/machines/*.sh; do
	ok "README tells of ${s##*/}" grep -q "${s##*/}" "$x/README"
done
says 'union: newest first, each page once' 'soup b|bread|Ad: cake | Kitchen|sponsored: soup|Bread' \
    pipe union.sh one.xml two.xml
says 'filter' 'soup b' pipe filter.sh one.xml
sed 's|</link>|?utm_source=x</link>|; s|soup b|Soup B|' one.xml >marked.xml
says 'unique: whatever the case and the marks of trackers' 'soup b|bread|sponsored: soup' pipe unique.sh one.xml marked.xml
says 'sort' 'Ad: cake | Kitchen|Bread|soup b' pipe sort.sh two.xml
feed many.xml 'a title that is much longer than any page has room for in its margin' b c d
says 'truncate: three of each, titles cut' 'a title that is much longer than any…|b|c|soup b|bread|sponsored: soup' \
    pipe truncate.sh many.xml one.xml
says 'regex' 'soup b|cake|Bread' pipe regex.sh two.xml
says 'regex: addresses, too' true sh -c '"$1" two.xml | th-fetch rss - | jq -s "all(.url | test(\"^https:\"))"' - "$x/pipes/regex.sh"
mkdir ways
code 'split' 0 "$x/pipes/split.sh" ways one.xml
says 'a feed for a tag' 'soup b' sh -c 'th-fetch rss ways/soup.xml | jq -r .title'
says 'and one for the rest' 'bread|sponsored: soup' sh -c 'th-fetch rss ways/rest.xml | jq -rs "map(.title) | join(\"|\")"'
code 'split: a source that fails is told' 69 "$x/pipes/split.sh" ways none.xml
echo '<html><head><meta charset="utf-8"></head><body><nav>no</nav><article><h1>Soup</h1><p>The <b>whole</b> text é</p></article></body></html>' >"$scratch/any/www/blog.example/soupb"
echo '<p>plain</p>' >"$scratch/any/www/blog.example/bread"
says 'fetch-page: the article of each page' '["Soup The whole text é","plain"]' sh -c \
    '"$1" one.xml | th-fetch rss - | th-filter --limit 2 --set "summary={text}" | jq -cs "map(.summary | gsub(\"\\\\s+\"; \" \"))"' - "$x/pipes/fetch-page.sh"
sed 's|blog.example|127.0.0.1:1|' one.xml >gone.xml
says 'fetch-page: without its page an item stays' 'of soup b' sh -c \
    '"$1" gone.xml 2>/dev/null | th-fetch rss - | jq -r .content_text,.content_html | sed -n "/of soup/{p;q;}"' - "$x/pipes/fetch-page.sh"
printf '%s\n' '<h1><a href="/a">The  first</a></h1><p><a href="/no">no</a></p><h2><a href="b">second</a></h2>' \
    '<h3><a href="http://other.example/c">third</a></h3>' >"$scratch/any/www/blog.example/news"
says 'page-to-feed' 'http://blog.example/a The first|http://blog.example/b second|http://other.example/c third' sh -c \
    '"$1" http://blog.example/news | th-fetch rss - | jq -rs "map(.url + \" \" + .title) | join(\"|\")"' - "$x/pipes/page-to-feed.sh"
code 'page-to-feed: a page that is away is told' 69 "$x/pipes/page-to-feed.sh" http://127.0.0.1:1/

# ---- crontab: its commands as they stand
fresh cron
sed -n 's/^[0-9*][^ ]* [^ ]* [^ ]* [^ ]* [^ ]* //p' "$x/crontab" >commands
ok 'the crontab has its lines' [ "$(grep -c . commands)" = 6 ]
ok 'no percent sign in it, which cron makes a newline' sh -c '! grep % "$1"' - "$x/crontab"
says 'its first is what th-trigger prints' 'th-trigger run --due --quiet' sh -c \
    'unset TH_HOME; th-trigger crontab | sed "s|.*/\(th-trigger\)'\''*|\1|"'
cp "$x/read-now.sh" "$TH_HOME/triggers/read-now"
cp "$x/publish-later.sh" "$TH_HOME/triggers/publish-later"
ok 'the headers are good' th-trigger check
i=0
while IFS= read -r line; do
	i=$((i + 1))
	code "crontab, $line" 0 sh -c "$line" </dev/null
	ok "line $i: cron has nothing to mail" [ ! -s "$scratch/.out" ]
	[ $i != 2 ] || ok 'notes are written' sh -c '[ "$(ls notes | wc -l)" = 3 ]'
	[ $i != 3 ] || { says 'away' true sh -c 'th-trigger vacation status --json | jq .vacation'; th-trigger vacation off 2>/dev/null; }
	[ $i != 4 ] || ok 'there is a page' grep -q '<html' status.html
done <commands
if command -v faketime >/dev/null; then
	fresh schedule
	cp "$x/read-now.sh" "$TH_HOME/triggers/read-now"
	cp "$x/publish-later.sh" "$TH_HOME/triggers/publish-later"
	python3 "$top/tests/servers/sink.py" sunk >sinkport & pids="$pids $!"
	i=0; while [ ! -s sinkport ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done
	HOOK=http://127.0.0.1:$(cat sinkport)/; export HOOK; : >sunk
	cron() { # the crontab's first line at these times; how often each ran, what came
		for _t; do faketime -f "@2026-11-$_t:00" sh -c "$(sed -n 1p ../cron/commands)"; done
		th-trigger list --json | jq -r 'map("\(.name) \(.runs)") | join(" ")'
		grep -c ^200 sunk
	}
	says 'each is due by its header: read at night, nothing published' 'publish-later 0 read-now 2
0' cron '23 06:50' '23 06:55' '23 07:00' '23 07:05'
	says 'in office hours what was kept is published' 'publish-later 1 read-now 4
3' cron '23 08:59' '23 09:00' '23 09:14'
	says 'once an hour, each item once' 'publish-later 2 read-now 5
3' cron '23 10:00' '23 10:01'
else
	skip 'the schedule' 'faketime is not installed'
fi

# ---- systemd: units that are right, command lines as they stand
fresh units
mkdir bin; printf '#!/bin/sh\nwhile [ "${1#--}" != "$1" ]; do shift; done; exec "$@"\n' >bin/systemd-run; chmod +x bin/systemd-run
if command -v systemd-analyze >/dev/null; then
	cp "$x"/systemd/* .; mkdir run
	# Programs that are not installed yet are no mistake of a unit.
	sed -i "s|ExecStart=systemd-run|ExecStart=$HOME/bin/systemd-run|" th-trigger.service
	ok 'systemd-analyze finds nothing' sh -c 'XDG_RUNTIME_DIR=$PWD/run systemd-analyze --user --man=no verify ./*.service ./*.timer >said 2>&1; cat said; [ ! -s said ]'
else
	skip 'systemd-analyze finds nothing' 'systemd-analyze is not installed'
fi
exec_start() { # UNIT INSTANCE: what it starts, in the shell's words
	sed -n 's/^ExecStart=//p' "$x/systemd/$1" | sed "s/%i/${2-}/g"
}
printf '#!/bin/sh\n#: description: X\n#: every: 1h\necho ran >>"$HOME/ran"\n' >"$TH_HOME/triggers/x"; chmod +x "$TH_HOME/triggers/x"
code 'th-trigger.service runs what is due' 0 env PATH="$HOME/bin:$PATH" sh -c "$(exec_start th-trigger.service)"
says 'it did' ran cat ran
says 'it is the one that th-trigger prints' "$(exec_start th-trigger.service | sed 's/ th-trigger.*//')" sh -c \
    'unset TH_HOME; th-trigger systemd | sed -n "s/^ExecStart=//p" | sed "s| ['\'']*/.*th-trigger.*||"'
sed -n '/^OnCalendar/p;/^Accuracy/p;/^Persistent/p' "$x/systemd/th-trigger.timer" >timer
is 'so is the timer' timer sh -c 'th-trigger systemd | sed -n "/^OnCalendar/p;/^Accuracy/p;/^Persistent/p"'
code 'th-fetch@.service writes notes' 0 env FEED=http://blog.example/feed.xml sh -c "$(exec_start th-fetch@.service blog)"
ok 'one for each item' sh -c '[ "$(ls notes | wc -l)" = 3 ]'

# ---- Makefile
fresh make
mkdir feeds; cp "$x/Makefile" feeds
feed "$scratch/any/www/blog.example/feed.xml" 'one' 'two'
feed "$scratch/any/www/kitchen.example/feed.xml" 'two' 'three'
mk() { make -s -C feeds blog=http://blog.example/feed.xml kitchen=http://kitchen.example/feed.xml "$@"; }
code 'make makes feeds' 0 mk
says 'and one of all, each page once' 'one|two|three' sh -c 'th-fetch rss feeds/planet.xml | jq -rs "map(.title) | join(\"|\")"'
touch -d 2026-01-01 feeds/blog.xml feeds/kitchen.xml; touch -d 2026-01-02 feeds/planet.xml
ls -l --time-style=full-iso feeds >before
code 'again' 0 mk
is 'nothing is new, nothing is written' before ls -l --time-style=full-iso feeds
feed "$scratch/any/www/kitchen.example/feed.xml" 'four' 'three'
code 'something new' 0 mk
says 'is there, the old stays' 'one|four|two|three' sh -c 'th-fetch rss feeds/planet.xml | th-filter --sort -date | jq -rs "map(.title) | join(\"|\")"'
feed "$scratch/any/www/kitchen.example/feed.xml" 'five'
mkdir stub; printf '#!/bin/sh\nexit 74\n' >stub/th-rss; chmod +x stub/th-rss
code 'a run that breaks' 2 env PATH="$HOME/stub:$PATH" make -s -C feeds blog=http://blog.example/feed.xml kitchen=http://kitchen.example/feed.xml kitchen.xml
code 'is mended by the next' 0 mk
says 'nothing is lost' 'five' sh -c 'th-fetch rss feeds/planet.xml | jq -r .title | grep five'

# ---- several machines, one Redis
if command -v redis-server >/dev/null; then
	cd "$scratch" || exit
	. "$top/tests/redis.sh"
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	redis_start --port "$port" --bind 127.0.0.1
	fresh machines
	python3 "$top/tests/servers/sink.py" sunk >sinkport & pids="$pids $!"
	i=0; while [ ! -s sinkport ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done
	HOOK=http://127.0.0.1:$(cat sinkport)/ FEED=http://blog.example/feed.xml; export HOOK FEED; : >sunk
	feed "$scratch/any/www/blog.example/feed.xml" one two three
	for m in a b c; do
		code "machine $m is set up" 0 env TH_HOME="$HOME/$m" "$x/machines/setup.sh" "127.0.0.1:$port"
	done
	all_run() { # all machines, in the same minute
		for m in a b c; do TH_HOME=$HOME/$m th-trigger run --due -q & runs="${runs-} $!"; done
		for p in $runs; do wait "$p" || return; done; runs=
	}
	ok 'all run what is due' all_run
	says 'it ran once in all' 1 sh -c 'TH_HOME=$HOME/c th-trigger list --json | jq ".[0].runs"'
	says 'each item arrived once' 'one three two' sh -c "sed -n 's|^200 [^ ]*/\([a-z]*\) .*|\1|p' sunk | sort | paste -sd' '"
	feed "$scratch/any/www/blog.example/feed.xml" four one two three
	says 'another machine goes on where one was' 'four' sh -c \
	    'TH_HOME=$HOME/b th-trigger run feed-to-webhook -q >/dev/null; sed -n "4,\$s|^200 [^ ]*/\([a-z]*\) .*|\1|p" sunk'
	ok 'nobody else reads the configuration' sh -c 'ls -l a/config.yaml | grep -q "^-rw-------"'
	echo 'failed_tries: 3' >>a/config.yaml; echo '# mine' >>a/triggers/feed-to-webhook
	code 'a machine is set up again' 0 env TH_HOME="$HOME/a" "$x/machines/setup.sh" "127.0.0.1:$port"
	ok 'and keeps its configuration and trigger' sh -c 'grep -q failed_tries a/config.yaml && grep -q mine a/triggers/feed-to-webhook'
	mkdir d; echo 'limits: {webhook: 1/1h}' >d/config.yaml
	code 'one with a configuration of its own' 73 env TH_HOME="$HOME/d" "$x/machines/setup.sh" "127.0.0.1:$port"
	told 'is told what to write into it' "d/config.yaml is there; write into it: store: redis://127.0.0.1:$port/0\$"
	says 'which stays as it was' 'limits: {webhook: 1/1h}' cat d/config.yaml
else
	skip 'several machines' 'redis-server is not installed'
fi
cd "$scratch" || exit
TH_HOME=$scratch/home HOME=$scratch FEED=$top/tests/data/feed.xml

# ---- a feed to notes
if ! has_evernote; then
	skip 'a feed to notes' 'evernote is not built in'; finish
elif ! python3 -c 'import sys; sys.path.append("/usr/lib/python3/dist-packages"); import thrift' 2>/dev/null; then
	skip 'a feed to notes' 'python3-thrift is not installed'; finish
fi
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

#!/bin/sh
# import.t -- triggers from what other programs know, and all of a home moved
# shellcheck disable=SC2016
. "${0%/*}/lib.sh"
data=$top/tests/data/import
HOME=$scratch/user; export HOME; mkdir "$HOME"
names() { th-trigger list --json | jq -r '[.[].name] | join(" ")'; }
body() { grep -v '^#' "$TH_HOME/triggers/$1"; }
header() { grep '^#: ' "$TH_HOME/triggers/$1"; }
anew() { TH_HOME=$scratch/home$1; mkdir "$TH_HOME"; }
count() { sed -n 's/^th-trigger: \([0-9]* [a-z ]*made, .*\)/\1/p' "$scratch/.err"; }

# ---- OPML ----
code 'an OPML file with what is no feed is imported, with 65' 65 \
    th-trigger import "$data/subscriptions.opml"
told 'what is left out is named, with the reason' 'not an http or https URL: file:'
told 'a URL with blanks in it is none' 'not an http or https URL: http://trick.example/'
told 'all are counted' ' 6 made, 0 there already, 2 left out'
ok 'what may be a secret in a URL is in no message' sh -c '! grep opensesame "$1"' - "$scratch/.err"
says 'names are made of titles: safe, each its own' \
    'creme-brulee etc-passwd news news-2 news-example-all-xml tricks' names
says 'and the scripts are in order' 6 sh -c 'th-trigger check 2>&1 | grep -c "in order"'
cat >want <<'END'
#: description: "News"
#: every: 1h
#: tags: ["Cooking", "Bread"]
END
is 'nested outlines are tags' want header news
{ printf '%s\n' "th-fetch rss --file - <<'END' |" \
    'http://bread.example/news?format=rss&key=opensesame' END \
    '    th-publish file --path "$HOME/feeds/news.ndjson" --append'; } >want
is 'what may be a secret is no argument' want body news
says 'a quote in a URL stays one' "th-fetch rss 'http://pots.example/it'\\''s/feed.xml' |" \
    sh -c 'grep th-fetch "$TH_HOME/triggers/news-2"'
says 'feed: is what readers register' 'th-fetch rss http://news.example/all.xml |' \
    sh -c 'grep th-fetch "$TH_HOME/triggers/news-example-all-xml"'
mkdir shim
printf '#!/bin/sh\nprintf "%%s\\n" "$@"\n' >shim/th-fetch
printf '#!/bin/sh\ncat\n' >shim/th-publish
chmod +x shim/*
# shellcheck disable=SC2016
printf '%s\n' rss 'http://trick.example/$(touch${IFS}ran)'"'"'`date`' >want
is 'nothing of an address is run' want sh -c 'PATH=$PWD/shim:$PATH; "$TH_HOME/triggers/tricks"'
ok 'indeed nothing' test ! -e ran
says 'scripts are for their owner alone' 700 stat -c %a "$TH_HOME/triggers/news"

# ---- again ----
code 'the same once more' 65 th-trigger import "$data/subscriptions.opml"
told 'makes nothing' ' 0 made, 6 there already, 2 left out'
th-trigger disable -q news; echo '# mine' >>"$TH_HOME/triggers/news"
code 'what was edited is not overwritten' 73 \
    sh -c 'grep -v "file:\|touch" "$1" | th-trigger import -' - "$data/subscriptions.opml"
told 'it is named' 'news is there already and differs; --force replaces it'
says 'and as it was' 1 grep -c mine "$TH_HOME/triggers/news"
grep -v 'file:\|touch' "$data/subscriptions.opml" >good.opml
says '--dry-run with --force tells what would be' 'news: http://bread.example/news' \
    th-trigger import -q --dry-run --force good.opml
says 'and changes nothing' 1 grep -c mine "$TH_HOME/triggers/news"
code '--force replaces it' 0 th-trigger import --force good.opml
code 'then it is as it was' 1 grep -c mine "$TH_HOME/triggers/news"
printf '<opml><body><outline text="News" xmlUrl="http://other.example/n.xml"/></body></opml>' >other.opml
code 'another feed of the same name' 0 th-trigger import --force other.opml
says 'gets a name of its own, even with --force' 'th-fetch rss http://other.example/n.xml |' \
    sh -c 'grep th-fetch "$TH_HOME/triggers/news-3"'

# ---- options ----
anew 2
says '--dry-run shows names and addresses without queries' \
    'news: http://bread.example/news' sh -c 'th-trigger import -q --dry-run "$1" | grep bread' - good.opml
ok 'and makes nothing' test ! -e "$TH_HOME/triggers"
code '--every, --tags and --to are for all' 0 th-trigger import --every 2h --tags a,b \
    --to 'th-rss --title X -o x.xml --merge' other.opml
cat >want <<'END'
#!/bin/sh
#: description: "News"
#: every: 2h
#: tags: ["a", "b"]
th-fetch rss http://other.example/n.xml |
    th-rss --title X -o x.xml --merge
END
is 'so is the script' want cat "$TH_HOME/triggers/news"
code '--one makes one trigger for all' 0 th-trigger import --one all --cron @daily good.opml
says 'that reads a list' 5 grep -c ://  "$TH_HOME/lists/all"
says 'with titles and folders' '# Cooking: Bread: News' grep Bread "$TH_HOME/lists/all"
ok 'which others cannot read' sh -c 'test "$(stat -c %a "$TH_HOME/lists/all")" = 600'
code 'th-trigger check finds nothing wrong' 0 th-trigger check all
code 'another list of that name is not overwritten' 73 th-trigger import --one all other.opml
says 'it stays' 5 grep -c ://  "$TH_HOME/lists/all"
code 'but with --force' 0 th-trigger import --one all --force other.opml
says 'it is the new one' http://other.example/n.xml grep -v '^#' "$TH_HOME/lists/all"
printf '<opml><body><outline text="Kitchen" xmlUrl="%s"/></body></opml>' "$top/tests/data/feed.xml" >local.opml
code 'a path in a list from elsewhere is not read' 65 th-trigger import local.opml
code 'what is no OPML' 65 sh -c 'echo "<html></html>" | th-trigger import -'
told 'is said to be none' 'standard input: not OPML'
code 'what is nothing we know' 64 sh -c 'echo hello | th-trigger import -'
code 'a file that is not there' 64 th-trigger import nowhere.opml
code 'a schedule that is none' 64 th-trigger import --every sometimes --force other.opml
code 'a name that is none' 64 th-trigger import --one ../x other.opml

# ---- sfeed ----
anew 3
code 'an sfeedrc is read, with 65 for what only running it would tell' 65 \
    th-trigger import --sfeedrc "$data/feeds.sfeedrc"
says 'its feeds are there, whatever their quotes' 'it-s-news plain slow-kitchen' names
says 'over two lines, too' 'th-fetch rss http://plain.example/feed.json |' \
    sh -c 'grep th-fetch "$TH_HOME/triggers/plain"'
ok 'nothing in it was run' test ! -e ran
cp "$scratch/.err" sfeed.err
th-trigger import --sfeedrc "$data/feeds.sfeedrc" 2>&1 | sed 's|.*/||' >said
cat >want <<'END'
feeds.sfeedrc:7: fetch() is not taken over: its work is the pipeline's now
feeds.sfeedrc:16: feed Releases: only running the file would tell its URL
feeds.sfeedrc:19: feed without a name and a URL
feeds.sfeedrc:20: for is not run
feeds.sfeedrc:21: feed ?: only running the file would tell its URL
feeds.sfeedrc:24: touch is not run
th-trigger: 0 made, 3 there already, 4 left out
END
is 'what it has besides is told by line' want cat said

# ---- newsboat ----
anew 4
code "newsboat's urls are read, with 65 for queries and programs" 65 \
    th-trigger import --newsboat "$data/newsboat.urls"
told 'by line' 'newsboat.urls:5: query: needs a pipeline of its own'
told 'each' 'newsboat.urls:6: exec: needs'
says 'names are titles or addresses' 'a-quoted-name plain-example-atom-xml slow-kitchen' names
says 'tags are tags' '#: tags: ["cooking", "slow food"]' \
    sh -c 'grep tags "$TH_HOME/triggers/slow-kitchen"'
says 'a title may have quotes' '#: description: "A \"quoted\" name"' \
    sh -c 'grep descr "$TH_HOME/triggers/a-quoted-name"'

# ---- the original ----
anew 5
dump=$data/django-th.json
code "a dump of the original is read, with 65 for what cannot come" 65 \
    th-trigger import --django-th "$dump"
sed -n 's/.*over: //p' "$scratch/.err" | sort >logins
grep -v log "$scratch/.err" | sed 's|.*django-th.json|dump|' >said
cat >want <<'END'
dump: trigger 3, What I like, to read: only your own likes can be read
dump: trigger 4, Soups as notes: its digest is not taken over; see --every of th-trigger
dump: trigger 6, To the sky: service ServiceThunder is not known here
dump: trigger 7, To the team: service ServiceSlack is not known here; th-publish webhook can post to it
dump: trigger 8, Nowhere from: what ServiceRss is to do is not in the dump
dump: trigger 9, Nobody's: its provider is not in the dump
dump: trigger 10, Notes as a feed: service ServiceRss cannot be written to
dump: trigger 11, Everything: it has neither a search nor a user
th-trigger: 5 made, 0 there already, 6 left out
END
is 'each with its reason' want cat said
cat >want <<'END'
th-auth login evernote
th-auth login pocket
th-auth login readability
th-auth login trello
th-auth login twitter
th-auth login twitter:u12
END
is 'it tells where to log in' want cat logins
says 'triggers are named after what they do' \
    'chess-as-cards news-touch-ran-every-1m soups-as-notes soups-as-notes-2 what-i-like-to-read' names
says 'those that were on are, and those that holidays put off' \
    'soups-as-notes soups-as-notes-2 what-i-like-to-read' sh -c \
    'th-trigger list --json | jq -r "[.[] | select(.enabled) | .name] | join(\" \")"'
cat >want <<'END'
#!/bin/sh
#: description: "Soups as notes"
#: every: 1h
# was trigger 1 of django-th
th-fetch rss --since 2016-07-03T17:06:09Z http://kitchen.example/feed.xml |
    th-publish evernote --notebook 'Kitchen & Garden' --tags soup
END
is 'a feed goes to notes, from where it was left' want cat "$TH_HOME/triggers/soups-as-notes"
cat >want <<'END'
th-fetch twitter --search '#chess' |
    th-publish trello --board 'It'\''s mine' --list='-to read'
END
is 'a search becomes cards; 0.7 spelt it consummer' want body chess-as-cards
cat >want <<'END'
th-fetch twitter:u12 --since 2016-07-03T17:06:09Z --likes |
    th-publish pocket --tags 'read me'
END
is "another user's account has a name of its own" want body what-i-like-to-read
says 'a list becomes hashtags' '    th-publish twitter --hashtags a,b' \
    sh -c 'grep publish "$TH_HOME/triggers/soups-as-notes-2"'
says 'a description stays one line of the header' 2 grep -c '^#: ' \
    "$TH_HOME/triggers/news-touch-ran-every-1m"
says 'each script is right, but for its accounts' 0 sh -c \
    'th-trigger check 2>&1 | grep -v "account\|in order" | wc -l'
ok 'nothing was run' test ! -e ran
ok 'no token came' sh -c '! grep -r opensesame "$TH_HOME"'
ok 'none is in messages' sh -c 'th-trigger import --django-th -v "$1" 2>&1 | (! grep opensesame)' - "$dump"
code 'once more' 65 th-trigger import --django-th "$dump"
told 'nothing is made twice' ' 0 made, 5 there already, 6 left out'
printf '[{"model":"django_th.rss","fields":{}}]' >none.json
code 'a dump without triggers' 65 th-trigger import --django-th none.json
told 'is said to have none' 'no triggers'
printf '[{"model":"django_th.rss"}]' >bad.json
code 'a row without fields is no dump' 65 th-trigger import --django-th bad.json
told 'its row is named' 'row 1 has no model or no fields'
code 'neither is what is cut' 65 sh -c 'head -c 2000 "$1" | th-trigger import --django-th -' - "$dump"
ok 'then nothing is made' test "$(th-trigger list --json | jq length)" = 5
code 'one kind at a time' 64 th-trigger import --django-th --sfeedrc "$dump"

# ---- all of a home ----
anew 6
old=$TH_HOME
cp "$top/tests/data/feed.xml" .
cat >"$TH_HOME/config.yaml" <<'END'
# my settings
limits: {twitter: 5/15m}
accounts:
  twitter:
    default: {consumer_key: Ké, consumer_secret: opensesame1, token: "open sesame2", token_secret_env: TS, base_url: "http://me:opensesame3@127.0.0.1:1"} # end
  webhook:
    default:
      secret: opensesame4
      token_command: echo x
    more:
      secret: >-
        opensesame5
        opensesame6
      token: |
        opensesame7
END
mkdir "$TH_HOME/credentials"
echo '{"access_token":"opensesame8"}' >"$TH_HOME/credentials/pocket.default.json"
chmod 600 "$TH_HOME/config.yaml" "$TH_HOME/credentials/pocket.default.json"
th-trigger new -q soup --every 15m --from "th-fetch rss '$PWD/feed.xml' |
    th-publish file --path '$scratch/notes/{title}.md'"
th-trigger new -q off --every 1h --from true; th-trigger disable -q off
th-trigger import -q --one list --to true other.opml
th-trigger run -q soup >/dev/null
echo '{"id":"w1","title":"waits"}' | th-publish -q file --queue later --path x --queue-only
th-trigger vacation on -q --until 2099-01-01
code 'export writes one file' 0 th-trigger export home.tar
told 'and says what is not in it' 'secrets and logins are not in it'
says 'that only its owner can read' 600 stat -c %a home.tar
cat >want <<'END'
triggerhappy/config.yaml
triggerhappy/lists/list
triggerhappy/manifest.json
triggerhappy/state/queues.ndjson
triggerhappy/state/readers.ndjson
triggerhappy/triggers/list
triggerhappy/triggers/off
triggerhappy/triggers/soup
triggerhappy/vacation
END
is 'any tar can list it' want sh -c 'tar -tf home.tar | sort'
ok 'no secret is in it' sh -c '! tar -xOf home.tar | grep -a "opensesame\|open sesame"'
cat >want <<'END'
# my settings
limits: {twitter: 5/15m}
accounts:
  twitter:
    default: {consumer_key: Ké, consumer_secret: "", token: "", token_secret_env: TS, base_url: "http://127.0.0.1:1"} # end
  webhook:
    default:
      secret: ""
      token_command: echo x
    more:
      secret: ""
      token: ""
END
is 'the configuration is as it was, without them' want tar -xOf home.tar triggerhappy/config.yaml
code 'standard output will do' 0 sh -c 'th-trigger export - >again.tar && tar -tf again.tar'
code 'a full disk is an error' 74 sh -c 'th-trigger export - >/dev/full'
told 'and told' 'No space left'
ok   'a reader that leaves is none' sh -c '
	mkfifo gone
	{ read -r _ <gone; th-trigger export - 2>left.err; echo $? >left.rc; } |
	    { exec <&-; echo >gone; }
	[ "$(cat left.rc)" = 0 ] && [ ! -s left.err ]'

moved() { # NAME: in the home at hand nothing is new, all is as it was
	says "$1: triggers are there" 'list off soup' names
	says "$1: what was off is off" false sh -c \
	    'th-trigger list --json | jq ".[] | select(.name == \"off\") | .enabled"'
	says "$1: so is the vacation" "on, until 2099-01-01 00:00" th-trigger vacation status
	rm -rf notes
	th-trigger vacation -q off
	code "$1: the next run" 0 th-trigger run soup
	told "$1: reads nothing that was read" ' 0 fetched'
	ok "$1: publishes nothing old" test ! -e notes
	says "$1: not even what is read again" 0 sh -c \
	    'th-fetch rss feed.xml | th-publish -q file --path "$1/notes/{title}.md" --queue "$(th-queue list --json |
	     jq -r "select(.published > 0) | .queue")" >/dev/null; ls notes 2>/dev/null | wc -l' - "$scratch"
	says "$1: what waited waits" 1 sh -c \
	    'th-queue list --json | jq "select(.queue == \"later\") | .waiting"'
}
anew 7
code 'import into a new home' 0 th-trigger import home.tar
told 'says what to fill in' 'fill in config.yaml: twitter:default consumer_secret$'
told 'of URLs, too' 'fill in config.yaml: twitter:default base_url, its user and password'
told 'and where to log in' 'log in: th-auth login pocket:default'
told 'and what it made' ' 3 made, 0 there already, 0 left out'
ok 'scripts and lists are as they were' sh -c 'diff -r "$1/triggers" "$2/triggers" && diff -r "$1/lists" "$2/lists"' \
    - "$old" "$TH_HOME"
says 'nobody else can read them' '600 700 700 600' sh -c 'cd "$TH_HOME" && stat -c %a config.yaml triggers/soup lists lists/list | xargs'
moved 'a new home'
code 'import it once more' 0 th-trigger import home.tar
told 'it is there' ' 0 made, 3 there already, 0 left out'
echo '# mine' >>"$TH_HOME/triggers/off"; th-trigger enable -q off
code 'what was edited stays' 73 th-trigger import home.tar
says 'with its state' true sh -c 'th-trigger list --json | jq ".[] | select(.name == \"off\") | .enabled"'
code 'but with --force' 0 th-trigger import --force home.tar
says 'all is as in the archive' false sh -c \
    'th-trigger list --json | jq ".[] | select(.name == \"off\") | .enabled"'
anew 8
says '--dry-run lists what would come' 8 sh -c 'th-trigger import --dry-run - <home.tar | grep -c .'
ok 'and touches nothing' sh -c 'test -z "$(find "$TH_HOME" -type f)"'

anew 8b
printf 'accounts:\n' >"$TH_HOME/config.yaml"
code 'a configuration without accounts is exported' 0 th-trigger export few.tar
printf '\357\273\277accounts: {a: {b: {token: opensesame, x: y}}}\n' >"$TH_HOME/config.yaml"
chmod 600 "$TH_HOME/config.yaml"
code 'so is one that begins with a byte order mark' 0 th-trigger export bom.tar
says 'nothing of its secret is left' 'accounts: {a: {b: {token: "", x: y}}}' \
    sh -c 'tar -xOf bom.tar triggerhappy/config.yaml | tail -c +4'
printf 'accounts: {a: {b: {token: {c: opensesame}}}}\n' >"$TH_HOME/config.yaml"
chmod 600 "$TH_HOME/config.yaml"
code 'one that may hide a secret elsewhere is not' 78 th-trigger export few.tar
told 'its place is named' 'config.yaml:1:'
says 'and the old archive stays' accounts: tar -xOf few.tar triggerhappy/config.yaml

# ---- from one store to the other ----
if ! on redis && command -v redis-server >/dev/null; then
	. "$top/tests/redis.sh"
	redis_start
	anew 9
	echo "store: unix://$scratch/redis.sock?db=3" >"$TH_HOME/config.yaml"
	code 'import into Redis' 0 th-trigger import home.tar
	told 'the configuration that is there stays' 'config.yaml is there already and stays'
	moved 'in Redis'
	th-trigger vacation -q on --until 2099-01-01
	code 'export from Redis' 0 th-trigger export redis.tar
	anew 9b
	mkdir "$TH_HOME/triggers"
	cp "$old"/triggers/* "$TH_HOME/triggers/"
	echo "store: unix://$scratch/redis.sock?db=4" >"$TH_HOME/config.yaml"
	code 'a home whose store is changed alone' 0 th-trigger import home.tar
	told 'keeps its scripts' ' 0 made, 3 there already, 0 left out'
	moved 'another store'
	anew 10
	mkdir one; tar -C one -xf redis.tar
	grep -v ^store: one/triggerhappy/config.yaml >"$TH_HOME/config.yaml"
	code 'and into a file again' 0 th-trigger import redis.tar
	moved 'back from Redis'
	ok 'ids that were seen are the same in both' sh -c 'for t in home redis; do
	    tar -xOf $t.tar triggerhappy/state/readers.ndjson | jq -r "select(.ids) | .scope, .ids[]" | sort >$t.ids; done
	    diff home.ids redis.ids'
else
	skip 'from one store to the other' 'redis-server is not there'
fi

# ---- archives that are none of ours ----
anew 11
python3 - <<'PY'
import io, tarfile
def tar(name, *members, keep=True, config=None):
    src = tarfile.open('home.tar')
    out = tarfile.open(name, 'w')
    for m in src.getmembers():
        if keep and m.name != 'triggerhappy/manifest.json':
            text = src.extractfile(m).read()
            if config and m.name == 'triggerhappy/config.yaml':
                text = config; m.size = len(text)
            out.addfile(m, io.BytesIO(text))
    for m in members:
        t = tarfile.TarInfo(m[0]); t.type = m[1]; t.linkname = m[2]; t.size = len(m[3])
        out.addfile(t, io.BytesIO(m[3]))
    m = src.getmember('triggerhappy/manifest.json')
    out.addfile(m, src.extractfile(m))
    out.close()
F, L, H, D, C = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE
tar('bad-dots.tar', ('triggerhappy/triggers/../../../evil', F, '', b'x'))
tar('bad-root.tar', ('/etc/evil', F, '', b'x'))
tar('bad-hidden.tar', ('triggerhappy/triggers/.evil', F, '', b'x'))
tar('bad-symlink.tar', ('triggerhappy/triggers/evil', L, '/etc/passwd', b''))
tar('bad-dirlink.tar', ('triggerhappy/lists', L, '/tmp', b''))
tar('bad-hardlink.tar', ('triggerhappy/triggers/evil', H, 'triggerhappy/triggers/soup', b''))
tar('bad-device.tar', ('triggerhappy/triggers/evil', C, '', b''))
tar('bad-twice.tar', ('triggerhappy/triggers/soup', F, '', b'x'))
tar('bad-credentials.tar', ('triggerhappy/credentials/x.y.json', F, '', b'{}'))
tar('bad-long.tar', ('triggerhappy/triggers/long', F, '', b'x' * (2 << 20)))
tar('bad-missing.tar', keep=False)
tar('bad-config.tar', config=b'searches: sqlite\n')
tar('bad-yaml.tar', config=b'search: [\n')
b = open('home.tar', 'rb').read()
open('bad-noise.tar', 'wb').write(b[:512] + bytes(i * 7 % 256 for i in range(4096)) + b[4608:])
n = len(b.rstrip(b'\0'))
for i in range(8):
    open('bad-cut%d.tar' % i, 'wb').write(b[:1024 + (n - 1024) * i // 8])
import gzip
gzip.open('zipped.tar', 'wb').write(b)
tar('good-dirs.tar', ('triggerhappy/', D, '', b''), ('triggerhappy/triggers/new', F, '', b'#!/bin/sh\ntrue\n'))
PY
for t in bad-*.tar; do
	code "$t is refused" 65 th-trigger import "$t"
	ok "$t: nothing was written" sh -c 'test -z "$(find "$TH_HOME" -type f)" && test ! -e "$TH_HOME/../evil"'
done
code 'a cut archive is told as that' 65 th-trigger import bad-cut3.tar
told 'in words' 'cut off|[Tt]runcated|missing'
code 'what is compressed is no archive' 64 th-trigger import zipped.tar
told 'how it becomes one' 'gzip -dc'
code 'one packed anew, with more in it, is fine' 0 th-trigger import good-dirs.tar
says 'with what is new' 'list new off soup' names

finish

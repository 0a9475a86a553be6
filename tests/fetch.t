#!/bin/sh
# fetch.t -- th-fetch rss against a real web server and a scripted one
. "${0%/*}/lib.sh"
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy NO_COLOR

feed() { # ID...: a feed of these
	printf '<?xml version="1.0"?>\n<rss version="2.0"><channel><title>T</title>\n'
	for _i; do printf '<item><guid isPermaLink="false">%s</guid><title>t %s</title></item>\n' "$_i" "$_i"; done
	printf '</channel></rss>\n'
}
ids() { jq -r .id; }
wait_for() { # FILE
	_t=0
	while [ ! -s "$1" ] && [ $_t -lt 200 ]; do sleep 0.02; _t=$((_t + 1)); done
	[ -s "$1" ]
}
run() { # like code; what it said is kept in out and err
	code "$@"
	cp .out out; cp .err err
}
asked() { grep -c "	/$1	" s/log; }

mkdir s
python3 "$top/tests/servers/scripted.py" s & pids="$pids $!"
wait_for s/port || { echo "Bail out! no server"; exit 1; }
S=http://127.0.0.1:$(cat s/port)
script() { # NAME STATUS [HEADER]...: the body is stdin
	_f=s/$1; shift
	{ printf '%s\n' "$@"; echo; cat; } >"$_f.new"; mv "$_f.new" "$_f"
}
: >s/log
none=/dev/null

# ---- files, pipes, lists ----
feed a1 a2 >a.xml
feed b1 b2 >b.xml
says 'a file is read' 'a1
a2' sh -c 'th-fetch rss a.xml | jq -r .id'
says 'standard input is read' 'a1
a2' sh -c 'th-fetch rss - <a.xml | jq -r .id'
says 'sources come in the order they are named' 'b1
b2
a1
a2' sh -c 'th-fetch rss b.xml - <a.xml | jq -r .id'
says 'standard input is read where it is named' 'a1
a2
b1
b2' sh -c 'th-fetch rss - b.xml <a.xml | jq -r .id'
printf '# two\n\n  a.xml  \r\nb.xml' >list
says 'a list has a path a line, comments and blanks' 'a1
a2
b1
b2' sh -c 'th-fetch rss --file list | jq -r .id'
run 'a missing file is unavailable' 69 th-fetch rss a.xml nosuch.xml
told 'and named' '^th-fetch: nosuch.xml: No such file'
ok 'the other is read' grep -q a1 out
run 'a directory is unavailable' 69 th-fetch rss .
echo 'not a feed at all' >no.xml
run 'what is no feed is bad input' 65 th-fetch rss no.xml a.xml
told 'and named' '^th-fetch: no.xml: '
ok 'the feed after it is read' grep -q a1 out
says '-n ends the stream' 'a1
a2
b1' sh -c 'th-fetch rss -n 3 a.xml b.xml | jq -r .id'
says 'none when none is wanted' 0 sh -c 'th-fetch rss -n 0 a.xml | wc -l'
run 'an address of another kind is told as one' 69 th-fetch rss ftp://a.example/x
told 'and not as a missing file' 'not an http or https URL'
says 'options may stand before the service' 'a1' sh -c 'th-fetch -n 1 rss a.xml | jq -r .id'
run 'a full disk is an error' 74 sh -c 'th-fetch rss a.xml >/dev/full'
ok 'a reader that leaves is none' sh -c 'th-fetch rss a.xml b.xml | head -n 1'
run 'no feed named' 64 th-fetch rss
run 'no service named' 64 th-fetch
run 'an unknown service' 64 th-fetch rsss
told 'has a hint' 'did you mean rss'
run 'an unknown account' 78 th-fetch rss:nobody a.xml
ok 'rss is listed' sh -c 'th-fetch --list | grep -q "^rss "'
ok 'the options of a service are listed' sh -c 'th-fetch rss --help | grep -q -- --opml'
cat >dates.xml <<-'X'
	<rss version="2.0"><channel><title>T</title>
	<item><guid>old</guid><pubDate>Mon, 02 Jan 2006 10:00:00 GMT</pubDate></item>
	<item><guid>undated</guid></item>
	<item><guid>new</guid><pubDate>Fri, 01 Jan 2021 10:00:00 GMT</pubDate></item>
	</channel></rss>
X
says '--since leaves out what is older, not what has no date' 'undated
new' sh -c 'th-fetch rss --since 2020-01-01 dates.xml | jq -r .id'
run '--since takes no nonsense' 64 th-fetch rss --since yesterday a.xml
run 'nor a year for seconds' 64 th-fetch rss --since 2026 a.xml
run '--timeout takes no nonsense' 64 th-fetch rss --timeout 0 a.xml
run '--max-size takes no nonsense' 64 th-fetch rss --max-size 1X a.xml
mkdir -p "$TH_HOME" && : >"$TH_HOME/vacation"
says 'nothing is fetched on vacation' '' sh -c 'th-fetch rss a.xml; echo'
says 'unless told so' 'a1' sh -c 'TH_VACATION=ignore th-fetch rss -n 1 a.xml | jq -r .id'
rm "$TH_HOME/vacation"

# ---- the web ----
feed w1 w2 | script w.xml '200 OK' 'Content-Type: text/xml'
feed x1 | script x.xml '200 OK'
says 'a URL is read' 'w1
w2' sh -c 'th-fetch rss "$1" | jq -r .id' - "$S/w.xml"
says 'a URL with a query is read' 'w1
w2' sh -c 'th-fetch rss "$1?a=b" | jq -r .id' - "$S/w.xml"
ok 'the request says what it takes and who asks' \
    grep -Eq 'User-Agent: TriggerHappy/.*Accept: application/atom\+xml|Accept: application/atom\+xml.*User-Agent: TriggerHappy/' s/log
ok 'and that it may be compressed' grep -q 'Accept-Encoding: .*gzip' s/log
for c in utf-8 UTF-8,none '"x"' ''; do
	feed e1 | script enc.xml '200 OK' "Content-Encoding: $c"
	says "a coding that is none ($c) encodes nothing" e1 sh -c 'th-fetch rss "$1" | jq -r .id' - "$S/enc.xml"
done
feed e1 | script enc.xml '200 OK' 'Content-Encoding: gzip, utf-8'
_n=$(asked enc.xml)
run 'one that is real is decoded, or told' 69 th-fetch rss "$S/enc.xml"
says 'and asked for once' 1 expr "$(asked enc.xml)" - "$_n"
cat >l.opml <<-X
	<opml version="2.0"><body>
	<outline text="a"><outline text="b"><outline xmlUrl="$S/w.xml"/></outline></outline>
	<outline TEXT="c" xmlurl="$S/x.xml"/><outline text="no feed"/>
	</body></opml>
X
says 'OPML of any depth is read' 'w1
w2
x1' sh -c 'th-fetch rss --opml l.opml | jq -r .id | sort'
printf '<opml><outline text="Caf\351 & more" xmlUrl="%s?a=1&b=2">' "$S/w.xml" >rough.opml
says 'nor need it be UTF-8, or well-formed' 'w1
w2' sh -c 'th-fetch rss --opml rough.opml | jq -r .id'
ok 'and its URLs are what they say' grep -q '/w.xml?a=1&b=2' s/log
sed 's|<outline text="no feed"/>|<outline xmlUrl="a.xml"/>|' l.opml >evil.opml
run 'OPML does not lead to files' 69 th-fetch rss --opml evil.opml
ok 'they are not read' sh -c '! grep -q a1 "$1"' - out
ok 'the feeds are' grep -q x1 out
printf '<opml><body><outline type="rss" url="feed:%s"/><outline type="link" url="%s"/><outline xmlUrl="ftp://u:hunter2@h/x"/></body></opml>' "$S/x.xml" "$S/w.xml" >odd.opml
run 'OPML has feeds by other names, too' 69 th-fetch rss --opml odd.opml
told 'and no secret is told' '^th-fetch: ftp://h/x: not an http'
ok 'not pages' test "$(ids <out)" = x1
says 'feed: in front of an address is no part of it' 'x1
x1' sh -c 'th-fetch rss "feed:$1" "feed://${1#http://}" | jq -r .id' - "$S/x.xml"
run 'what is no OPML is bad input' 65 th-fetch rss --opml a.xml
run 'a missing page is unavailable' 69 th-fetch rss "$S/missing?key=hunter2" "$S/x.xml"
told 'and named' "^th-fetch: $S/missing: not found \(404\)"
ok 'without its query' sh -c '! grep -q hunter2 "$1"' - err
ok 'the other feed is read' grep -q x1 out
run 'a refused connection is unavailable' 69 th-fetch rss http://127.0.0.1:1/feed
told 'and named' 'cannot connect: Connection refused'
run 'so is a bad URL' 69 th-fetch rss 'http://exa mple/'
echo 'busy' | script busy '503 Service Unavailable'
run '503 is for later' 75 th-fetch rss "$S/busy" "$S/x.xml"
ok 'the other feed is read' grep -q x1 out
run 'a feed too large is given up' 69 th-fetch rss --max-size 100 "$S/w.xml"
told 'with the reason' 'larger than 100 bytes'

# ---- web pages ----
printf '<!DOCTYPE html><html><head><title>p</title><link rel="alternate" type="application/rss+xml" href="w.xml"></head><body>x</body></html>' |
    script page '200 OK' 'Content-Type: text/html'
: >s/log
says 'the feed of a page is found' 'w1
w2' sh -c 'th-fetch rss "$1" | jq -r .id' - "$S/page"
says 'by one request for each' 2 sh -c 'wc -l <s/log'
printf '<html><body>x</body></html>' | script page2 '200 OK' 'Content-Type: text/html' \
    'Link: </style.css>; rel="stylesheet", </x.xml>; rel="alternate"; type="application/rss+xml"'
says 'and that of a Link header' 'x1' sh -c 'th-fetch rss "$1" | jq -r .id' - "$S/page2"
printf '<html><head><link rel=alternate type="application/rss+xml" title="P &raquo; Comments Feed" href="/c">
    <script>var s = "<link rel=alternate type=application/rss+xml href=no>"</script>
    <!-- <link rel=alternate type=application/rss+xml href=no> -->
    <LINK REL="home ALTERNATE" TYPE="Application/Atom+XML; charset=x" HREF="feed:x.xml?a=1&amp;b=2">
    <base href="../"></head></html>' | script deep_page5 '200 OK'
: >s/log
says 'of several the one of the page itself, from its base' x1 sh -c 'th-fetch rss "$1" | jq -r .id' - "$S/deep/page5"
ok 'asked as it is written' grep -q '	/x.xml?a=1&b=2	' s/log
printf '<html><head><link rel="alternate" type="application/rss+xml" href="file://$PWD/a.xml">
    <link rel="alternate" type="application/rss+xml" href="javascript:x"><link rel="alternate" type="application/rss+xml" href="x.xml">' |
    script page6 '200 OK'
says 'what leads nowhere is passed over' x1 sh -c 'th-fetch rss "$1" | jq -r .id' - "$S/page6"
printf '<html lang=de><link rel=alternate type="application/rss+xml" title="Kommentar-Feed" href="/comments/feed"><link rel=alternate type="application/atom+xml" title="Feed" href="x.xml">' |
    script page7 '200 OK'
says 'that of comments is known by its address, too' x1 sh -c 'th-fetch rss "$1" | jq -r .id' - "$S/page7"
printf '<html><link rel=alternate type="application/rss+xml" href="/lost.xml?key=hunter2">' | script page8 '200 OK'
run 'a page whose feed is lost' 69 th-fetch rss "$S/page8"
told 'is not told to be lost itself' "^th-fetch: $S/page8: its feed $S/lost.xml: not found"
printf '<html><body>x</body></html>' | script page3 '200 OK' 'Content-Type: text/html'
run 'a page without a feed is bad input' 65 th-fetch rss "$S/page3"
printf '<html><head><link rel="alternate" type="application/rss+xml" href="page4"></head></html>' |
    script page4 '200 OK' 'Content-Type: text/html'
: >s/log
run 'a page that names itself ends' 65 th-fetch rss "$S/page4"
says 'after two requests' 2 sh -c 'wc -l <s/log'

# ---- redirects and secrets ----
script r1 '302 Found' 'Location: /w.xml' <$none
says 'a redirect is followed' 'w1
w2' sh -c 'th-fetch rss "$1" | jq -r .id' - "$S/r1"
script r404 '302 Found' 'Location: /nowhere.xml?key=s3cret' <$none
run 'a redirect that leads nowhere is an error' 69 th-fetch rss "$S/r404"
told 'that names both ends' "^th-fetch: $S/r404: redirected to $S/nowhere.xml[^ ]*: .*404"
mkdir o; python3 "$top/tests/servers/scripted.py" o & pids="$pids $!"
wait_for o/port
O=http://127.0.0.1:$(cat o/port)
feed o1 | { printf '200 OK\n\n'; cat; } >o/o.xml
script away '302 Found' "Location: $O/o.xml" <$none
script near '302 Found' "Location: $S/w.xml" <$none
user=http://user:hunter2@127.0.0.1:$(cat s/port)
: >s/log
ok 'a user in the URL is sent' th-fetch rss "$user/near"
says 'also after a redirect within the host' 2 grep -c 'Authorization: Basic' s/log
run 'another host is asked' 0 th-fetch rss "$user/away"
ok 'without our secrets' sh -c '! grep -qi authorization o/log'
# What is no URL, or lacks its scheme, may have been meant for one.
odd() { run "nor what was meant for one ($1)" 69 th-fetch rss "$1"; ok '... no secret' sh -c '! grep -q -e hunter -e user "$1"' - err; }
for u in 'ftp://user:hunter2@h/x' 'http://user:hunter2@/x' 'http://user:hunter/2@h/x' 'http://user:hunter?2@h/x' \
    'http://user:hunter#2@h' 'http://user:hunter2@h:port/x' 'user:hunter2@h/feed' 'h.example/feed?key=hunter2'; do odd "$u"; done
for o in --opml --file; do
	run "nor does $o" 69 th-fetch rss $o 'http://user:hunter2@h/list?key=hunter2' "$S/w.xml"
	told 'it says what it takes' '^th-fetch: http://h/list: a list of feeds is read from a file'
	ok 'and no secret' sh -c '! grep -q -e hunter -e user "$1"' - err
	ok 'the feeds beside it are read' grep -q w1 out
done
feed b1 | script a_b.xml '200 OK'
: >s/log
printf '<opml><outline xmlUrl="%s"/></opml>' "$S/a_b.xml?q=a b" >blank.opml
says 'a blank in an address is encoded, as browsers do' 'b1
b1' sh -c 'th-fetch rss "$1?q=a b" --opml blank.opml | jq -r .id' - "$S/a_b.xml"
says '... in each way of naming it' 2 grep -c '/a_b.xml?q=a%20b' s/log
printf '\357\273\277%s\n%s tag\n' "$S/a_b.xml" "$S/x.xml" >blank.list
run 'in a list it ends none: what follows is not for us' 69 th-fetch rss -f blank.list
told 'that is told' "^th-fetch: $S/x.xml tag: not an http or https URL, nor a file"
says 'and a byte order mark is no part of the first' b1 sh -c 'jq -r .id <out'
run 'a failure shows no user' 69 th-fetch rss "$user/missing"
ok 'nor password' sh -c '! grep -q -e hunter2 -e user: "$1"' - err

# ---- proxies ----
feed p1 >p.xml; { printf '200 OK\n\n'; cat p.xml; } >o/p.xml
proxy() { # URL...: asked by way of the other server
	env http_proxy="http://me:hunter2@${O#http://}/" https_proxy="http://me:hunter2@${O#http://}/" \
	    no_proxy="127.0.0.1,.local" th-fetch rss "$@"
}
: >s/log; : >o/log
run 'a proxy is asked for what it is for' 0 proxy http://feeds.example/p.xml "$S/x.xml"
says 'and not for what it is not for' 'p1
x1' sh -c 'jq -r .id <out | sort'
ok 'it is told the whole URL and who asks, the site is not' sh -c \
    'grep -q "^GET	http://feeds.example/p.xml	.*Proxy-Authorization: Basic" o/log && ! grep -qi proxy-auth s/log'
run 'a proxy that refuses is unavailable' 69 proxy https://feeds.example/p.xml http://feeds.example/none
ok 'was asked for a tunnel' grep -q '^CONNECT	feeds.example:443' o/log
cp err .err; told 'it is told' '^th-fetch: https://feeds.example/p.xml: the proxy refused to connect \(403\)'
ok 'without its password' sh -c '! grep -q hunter2 "$1"' - err

called() { # CONTENT-TYPE CHARSET DECLARED: the title of such a feed
	printf '<?xml version="1.0" encoding="%s"?><rss><channel><item><title>Привет</title></item></channel></rss>' "$3" |
	    iconv -t "$2" | script called.xml '200 OK' "Content-Type: $1"
	th-fetch rss "$S/called.xml" | jq -r .title
}
says 'the charset of the header goes before the one declared' Привет called 'text/xml; CHARSET = "koi8-r"' koi8-r utf-8
says 'UTF-8 in the header is believed where it can be' Привет called 'text/xml; charset=utf-8' utf-8 koi8-r
says 'else what is declared' Привет called 'text/xml; charset=utf-8' koi8-r koi8-r
says '... also for ASCII that is none' Привет called 'text/plain; charset=us-ascii' windows-1251 windows-1251
item='<item><guid>1</guid><link>a</link></item>'
printf '<rss><channel>%s</channel></rss>' "$item" | script rel.xml '200 OK' 'Content-Location: /b/c'
says 'links are relative to where the server says that the body is' "$S/b/a" \
    sh -c 'th-fetch rss "$1" | jq -r .url' - "$S/rel.xml"
printf '<rss><channel>%s</channel></rss>' "$item" | script rel.xml '200 OK' 'Content-Location: http://inside:8080/c'
says 'not if it names another' "$S/a" sh -c 'th-fetch rss "$1" | jq -r .url' - "$S/rel.xml"

# ---- state ----
state() { th-fetch rss --state t "$@"; }
feed s1 s2 | script s.xml '200 OK' 'ETag: W/"a:b, c"' 'Last-Modified: Tue, 1 Dec 2020 9:00:00 +0000' '!conditional'
says 'a first run prints all' 's1
s2' sh -c 'th-fetch rss --state t "$1" | jq -r .id' - "$S/s.xml"
: >s/log
says 'a second run nothing' '' sh -c 'th-fetch rss --state t "$1"; echo' - "$S/s.xml"
ok 'ETag goes back byte for byte' grep -qF 'If-None-Match: W/"a:b, c"' s/log
ok 'so does Last-Modified' grep -qF 'If-Modified-Since: Tue, 1 Dec 2020 9:00:00 +0000' s/log
feed s3 s2 s1 | script s.xml '200 OK' 'ETag: "2"' '!conditional'
says 'only what is new is printed' 's3' sh -c 'th-fetch rss --state t "$1" | jq -r .id' - "$S/s.xml"
says 'another state knows nothing of it' 3 sh -c 'th-fetch rss --state u "$1" | wc -l' - "$S/s.xml"
says 'TH_TRIGGER names a state' 3 sh -c 'TH_TRIGGER=v th-fetch rss "$1" | wc -l' - "$S/s.xml"
says 'and keeps it' 0 sh -c 'TH_TRIGGER=v th-fetch rss "$1" | wc -l' - "$S/s.xml"
says 'an empty name is none' 3 sh -c 'TH_TRIGGER=v th-fetch rss --state "" "$1" | wc -l' - "$S/s.xml"
says 'a file has a state too' 2 sh -c 'th-fetch rss --state t a.xml | wc -l'
says 'a file is not printed again' 0 sh -c 'th-fetch rss --state t a.xml | wc -l'

feed f1 f2 f3 | script f.xml '200 OK' 'ETag: "f"' '!conditional'
says 'with -n the next come the next time' 'f1
--
f2
--
f3' sh -c 'th-fetch rss --state t -n 1 "$1" | jq -r .id; echo --; th-fetch rss --state t -n 1 "$1" | jq -r .id; echo --; th-fetch rss --state t "$1" | jq -r .id' - "$S/f.xml"

feed g1 | script g.xml '200 OK' 'ETag: "g"' '!conditional'
run 'output that cannot be written' 74 sh -c 'th-fetch rss --state t "$1" >/dev/full' - "$S/g.xml"
says 'is printed the next time' 1 sh -c 'th-fetch rss --state t "$1" | wc -l' - "$S/g.xml"
feed e1 e2 | script e.xml '200 OK' 'ETag: "e"' '!conditional'
(th-fetch rss --state t "$S/e.xml"; echo $? >rc) 2>err | :
says 'a reader that left is no error' 0 cat rc
says 'and did not get the items' 2 sh -c 'th-fetch rss --state t "$1" | wc -l' - "$S/e.xml"

feed h1 | script h.xml '200 OK' 'ETag: "h"' '!conditional'
state "$S/h.xml" >$none
echo 'out of order' | script h.xml '200 OK' 'ETag: "broken"'
run 'a body that is no feed is told' 65 state "$S/h.xml"
: >s/log
run 'each time' 65 state "$S/h.xml"
ok 'its validators do not replace the good ones' grep -qF 'If-None-Match: "h"' s/log

feed i1 | script i.xml '200 OK'
state "$S/i.xml" >$none
run 'a body that is the same without validators' 0 state -v "$S/i.xml"
ok 'brings nothing' test ! -s out

# ---- what servers ask of us ----
feed m1 | script m.xml '200 OK' 'Cache-Control: public, max-age=3600'
state "$S/m.xml" >$none
: >s/log
run 'a fresh feed is quiet' 0 state "$S/m.xml"
says 'and not asked' 0 asked m.xml
run 'without state it is asked' 0 th-fetch rss "$S/m.xml"
says 'once' 1 asked m.xml
for cc in no-cache no-store max-age=0 'no-cache, max-age=3600'; do
	name=cc$(printf %s "$cc" | tr -dc a-z0-9)
	feed n1 | script "$name" '200 OK' "Cache-Control: $cc"
	state "$S/$name" >$none
	state "$S/$name" >$none
	says "with $cc every run asks" 2 asked "$name"
done
feed p1 | script p.xml '200 OK' 'Cache-Control: max-age=600' 'Age: 700'
state "$S/p.xml" >$none; state "$S/p.xml" >$none
says 'what is older than its max-age is asked for' 2 asked p.xml

for c in '429 Too Many Requests' '503 Service Unavailable'; do
	name=ra${c%% *}
	echo later | script "$name" "$c" 'Retry-After: 3600'
	run "${c%% *} is for later" 75 state "$S/$name"
	run 'and the next process waits, too' 0 state "$S/$name"
	says 'without a request' 1 asked "$name"
done
echo later | script radate '503 No' "Retry-After: $(date -u -d '+1 hour' '+%a, %d %b %Y %H:%M:%S GMT')"
state "$S/radate" 2>$none; state "$S/radate" 2>$none
says 'a date is obeyed as well' 1 asked radate
echo later | script rapast '503 No' 'Retry-After: Tue, 14 Nov 2000 22:14:20 GMT'
state "$S/rapast" 2>$none; state "$S/rapast" 2>$none
says 'one that is over is not' 2 asked rapast

script old '301 Moved Permanently' 'Location: /new' <$none
feed q1 | script new '200 OK' 'ETag: "q"' '!conditional'
state "$S/old" >$none
run 'after 301' 0 state "$S/old"
says 'the old place is not asked again' 1 asked old
says 'the new one is' 2 asked new
rm s/new
run 'when the new place is lost' 69 state "$S/old"
told 'both are named' "^th-fetch: $S/old: moved to $S/new: not found"
feed q2 | script old '200 OK'
says 'the old one is asked again' q2 sh -c 'th-fetch rss --state t "$1" | jq -r .id' - "$S/old"
script temp '302 Found' 'Location: /w.xml' <$none
state "$S/temp" >$none; state "$S/temp" >$none
says 'after 302 the old place is asked' 2 asked temp
script t1 '308 Permanent Redirect' 'Location: /t2' <$none
script t2 '302 Found' 'Location: /w.xml' <$none
state "$S/t1" >$none; state "$S/t1" >$none
says 'only the permanent start of a chain is kept' '1 2' sh -c 'echo $(grep -c "	/t1	" s/log) $(grep -c "	/t2	" s/log)'

echo gone | script gone '410 Gone'
run 'what is gone is told' 69 state "$S/gone"
told 'once' 'gone for good \(410\), not asked again'
run 'then it is quiet' 0 state "$S/gone"
ok 'without a word' test ! -s err
run 'but for -v' 0 state -v "$S/gone"
told 'that tells' 'gone for good'
says 'and not asked' 1 asked gone

: >s/log
state "$S/page" >$none; state "$S/page" >$none
says 'the feed of a page is remembered' '1 2' sh -c 'echo $(grep -c "	/page	" s/log) $(grep -c "	/w.xml	" s/log)'

mv s/w.xml s/w.kept
run 'when that is lost' 69 state "$S/page"
told 'it is that which is told' "^th-fetch: $S/page: its feed $S/w.xml: not found"
mv s/w.kept s/w.xml
script uold '301 Moved Permanently' 'Location: /w.xml' <$none
script uaway '301 Moved Permanently' "Location: $O/o.xml" <$none
printf '<html><link rel=alternate type="application/rss+xml" href="x.xml">' | script upage '200 OK'
for i in 1 2; do state "$user/uold" "$user/uaway" "$user/upage" >$none; done
: >s/log; : >o/log
run 'where it moved to, and the feed of a page, are asked' 0 state "$user/uold" "$user/uaway" "$user/upage"
says 'as the user of the URL, on the same server' '2 2' sh -c 'echo $(grep -c "Authorization: Basic" s/log) $(wc -l <s/log)'
says 'on no other' '0 1' sh -c 'echo $(grep -ci "authorization" o/log) $(wc -l <o/log)'
ok 'no URL and no secret is in the store' sh -c 'th-fetch rss --state t "$1?key=hunter2" && ! grep -aq hunter2 "$2"/th.db*' - "$S/w.xml" "$TH_HOME"

# A pipeline that failed: its cursor is dropped, what the server asked is kept.
echo later | script run429 '429 No' 'Retry-After: 3600'
TH_RUN=run1 state "$S/run429" 2>$none
state "$S/run429" 2>$none
says 'Retry-After is kept even if the run is not' 1 asked run429
feed r1 | script run.xml '200 OK' 'ETag: "r"' '!conditional'
TH_RUN=run2 state "$S/run.xml" >$none
says 'the items of a run that was not settled come again' 1 sh -c 'th-fetch rss --state t "$1" | wc -l' - "$S/run.xml"

# ---- programs on PATH ----
mkdir bin; PATH=$scratch/bin:$PATH
cat >bin/th-fetch-ten <<-'X'
	#!/bin/sh
	printf '{"id":"args","title":"%s"}\n' "$*"
	printf '{"id":"env","title":"%s"}\n' "${TH_ACCOUNT_TEAM-none} ${TH_ACCOUNT_TOKEN-hidden} ${MY_TOKEN-hidden}"
	echo 'not json'
	printf '{"id":"fd","title":%s}\n' "$(jq -c '.token' <&3)"
	exit "${TEN_EXIT:-0}"
X
chmod +x bin/th-fetch-ten
cat >"$TH_HOME/config.yaml" <<-'X'
	accounts: {ten: {work: {team: blue, token_env: MY_TOKEN}}}
X
MY_TOKEN=hunter2; export MY_TOKEN
run 'a program on PATH is a service; its bad line is told' 65 th-fetch ten:work --board 'a b' -n 9 --flag x
told 'by number' '^th-fetch: ten: line 3: '
says 'it gets the options that are not ours, settings and secrets apart' 'args --board a b --flag x
env blue hidden hidden
fd hunter2' sh -c 'th-fetch ten:work --board "a b" -n 9 --flag x | jq -r "\"\(.id) \(.title)\""'
says '-n stops it' 1 sh -c 'th-fetch ten:work -n 1 | wc -l'
says 'with state only what is new is printed' '3
0' sh -c 'th-fetch ten:work --state x | wc -l; th-fetch ten:work --state x | wc -l'
run 'its exit code is ours' 75 env TEN_EXIT=75 th-fetch ten:work
run 'an unknown one of sysexits is unavailable' 69 env TEN_EXIT=3 th-fetch ten:work
rm "$TH_HOME/config.yaml"
cat >bin/th-fetch-hangs <<-'X'
	#!/bin/sh
	trap '' TERM
	echo '{"id":"1"}'
	exec sleep 1000
X
chmod +x bin/th-fetch-hangs
run 'one that hangs is stopped, whatever it listens to' 69 timeout 60 th-fetch hangs --timeout 1s
told 'that is told' 'hangs: silent for too long'

# ---- a real web server ----
if command -v nginx >$none || [ -x /usr/sbin/nginx ]; then
	PATH=$PATH:/usr/sbin
	mkdir -p www ng
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		feed $(seq -f "n$i.%g" 1 40) >www/$i.xml
	done
	free_port() { python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
	start_nginx() {
		_port=$(free_port); _tls=$(free_port)
		openssl req -x509 -newkey rsa:2048 -nodes -keyout ng/tls.pem -out ng/cert.pem -days 2 -subj /CN=127.0.0.1 \
		    -addext subjectAltName=IP:127.0.0.1 2>$none && cat ng/cert.pem >>ng/tls.pem
		cat >ng/conf <<-X
			daemon off; user root; pid $scratch/ng/pid; error_log $scratch/ng/error;
			worker_processes 1;
			events { worker_connections 256; }
			http {
			access_log $scratch/ng/access;
			client_body_temp_path ng/t1; proxy_temp_path ng/t2;
			fastcgi_temp_path ng/t3; uwsgi_temp_path ng/t4; scgi_temp_path ng/t5;
			types { text/xml xml; }
			gzip on; gzip_types text/xml; gzip_min_length 1;
			server { listen 127.0.0.1:$_port; root $scratch/www; }
			server { listen 127.0.0.1:$_tls ssl http2; root $scratch/www;
			    ssl_certificate $scratch/ng/tls.pem; ssl_certificate_key $scratch/ng/tls.pem; }
			}
		X
		nginx -p "$scratch/" -e "$scratch/ng/error" -c "$scratch/ng/conf" 2>>ng/err &
		pids="$pids $!"
		_t=0
		until curl -s -o $none "http://127.0.0.1:$_port/"; do
			_t=$((_t + 1)); [ $_t -lt 100 ] || return 1; sleep 0.05
		done
	}
	ok 'nginx starts' start_nginx
	N=http://127.0.0.1:$_port
	run 'a server nobody vouches for is refused' 69 th-fetch rss "https://127.0.0.1:$_tls/1.xml"
	told 'and named' 'certificate'
	printf 'accounts: {rss: {default: {ca_file: %s}, lost: {ca_file: nowhere}}}\n' "$scratch/ng/cert.pem" >"$TH_HOME/config.yaml"
	: >ng/access
	says 'ca_file vouches for it' n1.1 sh -c 'th-fetch rss -n 1 "$1" | jq -r .id' - "https://127.0.0.1:$_tls/1.xml"
	ok 'it is asked in HTTP/2' grep -q 'GET /1.xml HTTP/2.0" 200' ng/access
	run 'a ca_file that is not there is a mistake in config.yaml' 78 th-fetch rss:lost "https://127.0.0.1:$_tls/1.xml"
	told 'and named' 'cannot read the CA certificates .ca_file'
	rm "$TH_HOME/config.yaml"
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do echo "$N/$i.xml"; done >nlist
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		seq -f "n$i.%g" 1 40
	done | sort >nwant
	is 'feeds read side by side lose nothing' nwant sh -c 'th-fetch rss -j 8 -f nlist | jq -r .id | sort'
	is 'also one at a time' nwant sh -c 'th-fetch rss -j 1 -f nlist | jq -r .id | sort'
	ok 'the items of each are in its order' sh -c 'th-fetch rss -f nlist | jq -r .id | sort -s -t. -k1,1 | sort -c -t. -k1,1 -k2,2n'
	says 'with state all the first time' 800 sh -c 'th-fetch rss --state ng -f nlist | wc -l'
	: >ng/access
	says 'nothing the second time' 0 sh -c 'th-fetch rss --state ng -f nlist | wc -l'
	says 'all 304' '20 304' sh -c 'echo $(cut -d" " -f9 ng/access | sort | uniq -c)'
	touch -d '2001-01-01' www/7.xml; feed n7.new $(seq -f "n7.%g" 1 40) >www/7.xml
	says 'but for the feed that changed' n7.new sh -c 'th-fetch rss --state ng -f nlist | jq -r .id'
else
	skip 'a real web server' 'nginx is not here'
fi
finish

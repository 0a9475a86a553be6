#!/bin/sh
# th-rss: valid, stable, whole
. "${0%/*}/lib.sh"

# The nastiest items.
cat >nasty <<'END'
{"id":"a","url":"https://e.org/a","title":"A & <b>B</b> ]]> \u0001x\ufffe","content_html":"<p>hi ]]> &amp; \ufffe\r\n</p>","date_published":"2026-11-23T20:18:58+02:00","authors":[{"name":"N <n>","url":"https://n.org/"}],"tags":["x","y&z",3,null],"attachments":[{"url":"https://e.org/a.mp3"},{"url":"/b.mp3","mime_type":"audio/mpeg","size_in_bytes":12,"title":"B"},{"title":"no url"}],"_source":{"home_page_url":"https://e.org/x/"}}
{"url":"https://e.org/b","content_text":"line 1 < 2\nline 2","date_published":"yesterday","date_modified":"2026-01-01T00:00:00Z"}
{"title":"only"}
{"id":"https://e.org/c","url":"https://e.org/c","summary":"s & t","external_url":"https://x.org/","image":"i.png","language":"en","_x":{"y":1},"foo":1}
{"id":5,"url":"relative","title":"","summary":"\u0000","tags":[],"date_published":"9999-99-99T00:00:00Z"}
{"id":"\u0001","title":"\ud800 lone","authors":[{}],"attachments":"none"}
{"id":"\u0001\n\u0001","url":"urn:\uffff","title":"Blank id"}
{"id":"fffe","title":"\ufffe","tags":["\uffff"," \ufffe "],"authors":[{"name":"\u0001\uffff"}]}
{"id":"javascript:alert(1)\">","url":"jav ascript:\u0007","title":"\"'><script>alert(1)</script>","content_html":"]]]]>><![CDATA[x]]>"}
{}
END

cat >check.py <<'END'
"""A feed validator of the rules that count, without network."""
import json, re, sys, xml.etree.ElementTree as ET
from email.utils import parsedate_to_datetime
A = '{http://www.w3.org/2005/Atom}'
IRI = re.compile(r'^[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>"\\^`{|}]+$')
DATE = re.compile(r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$')
bad = []
def need(ok, what):
    if not ok:
        bad.append(what)
def unique(ids):
    need(len(ids) == len(set(ids)), 'ids twice')
def rss(root):
    need(root.get('version') == '2.0', 'version')
    ch = root.find('channel')
    for e in 'title', 'link', 'description':
        need(len(ch.findall(e)) == 1 and (ch.findtext(e) or '').strip(), e)
    need(IRI.match(ch.findtext('link')), 'channel link')
    unique([i.findtext('guid') for i in ch.findall('item')])
    for i in ch.findall('item'):
        need(i.find('title') is not None or i.find('description') is not None, 'title or description')
        for e in 'title', 'link', 'guid', 'pubDate', 'description', 'enclosure':
            need(len(i.findall(e)) <= 1, 'two of ' + e)
        if i.find('link') is not None:
            need(IRI.match(i.findtext('link')), 'link')
        g = i.find('guid')
        need((g.text or '').strip(), 'guid')
        need(g.get('isPermaLink') in ('true', 'false'), 'isPermaLink')
        need(g.get('isPermaLink') == 'false' or g.text.startswith('http'), 'permalink')
        if i.find('pubDate') is not None:
            parsedate_to_datetime(i.findtext('pubDate'))
        for e in i.findall('enclosure'):
            need(e.get('url').startswith('http') and e.get('length').isdigit() and '/' in e.get('type'), 'enclosure')
def atom_one(e):
    for name in 'id', 'title', 'updated':
        need(len(e.findall(A + name)) == 1, name)
    need(IRI.match(e.findtext(A + 'id')), 'id')
    need(DATE.match(e.findtext(A + 'updated')), 'updated')
    for p in e.findall(A + 'published'):
        need(DATE.match(p.text), 'published')
    for l in e.findall(A + 'link'):
        need(IRI.match(l.get('href')), 'link')
    for a in e.findall(A + 'author'):
        need((a.findtext(A + 'name') or '').strip(), 'name of author')
    for c in e.findall(A + 'category'):
        need(c.get('term'), 'term')
def atom(root):
    atom_one(root)
    entries = root.findall(A + 'entry')
    tags = [c.tag for c in root]
    need(A + 'entry' not in tags or all(t == A + 'entry' for t in tags[tags.index(A + 'entry'):]), 'order')
    unique([e.findtext(A + 'id') for e in entries])
    for e in entries:
        atom_one(e)
        need(root.find(A + 'author') is not None or e.find(A + 'author') is not None, 'author')
        alt = [l for l in e.findall(A + 'link') if l.get('rel', 'alternate') == 'alternate']
        need(alt or e.find(A + 'content') is not None, 'link or content')
def jsonfeed(f):
    need(f['version'] == 'https://jsonfeed.org/version/1.1', 'version')
    need(isinstance(f['title'], str) and f['title'], 'title')
    unique([i['id'] for i in f['items']])
    known = set('id url external_url title content_html content_text summary image banner_image date_published '
                'date_modified authors tags language attachments'.split())
    for i in f['items']:
        need(isinstance(i['id'], str) and i['id'], 'id')
        need('content_html' in i or 'content_text' in i, 'content')
        need(all(k in known or k.startswith('_') for k in i), 'members ' + str(list(i)))
        for k in 'date_published', 'date_modified':
            need(k not in i or DATE.match(i[k]), k)
        for k in 'url', 'external_url', 'image':
            need(k not in i or IRI.match(i[k]), k)
        need(all(isinstance(t, str) for t in i.get('tags', [])), 'tags')
        for a in i.get('attachments', []):
            need(a['url'] and a['mime_type'], 'attachment')
data = open(sys.argv[1], encoding='utf-8', newline='').read()
if data[0] == '{':
    jsonfeed(json.loads(data))
else:
    r = ET.fromstring(data.encode())
    rss(r) if r.tag == 'rss' else atom(r)
if bad:
    sys.exit('invalid: ' + ', '.join(bad))
END

for f in rss atom json; do
	ok "makes $f of the nastiest items" sh -c "th-rss --format $f --title 'T & <U>' --link https://e.org/ <nasty >nasty.$f"
	ok "that $f is valid" python3 check.py nasty.$f
	ok "the same items give the same $f" sh -c "th-rss --format $f --title 'T & <U>' --link https://e.org/ <nasty | cmp - nasty.$f"
	ok "an empty $f is valid" sh -c "th-rss --format $f --title T </dev/null >empty.$f && python3 check.py empty.$f"
done
for f in rss atom; do
	ok "xmllint reads that $f" xmllint --noout --nonet nasty.$f
done

# What is in it.
cat >one <<'END'
{"id":"tag:1","url":"https://e.org/1","title":"AT&T","content_html":"<p>x &amp; ]]></p>","summary":"short & sweet","date_published":"2026-11-23T20:18:58Z","authors":[{"name":"Ada"}],"tags":["t"],"attachments":[{"url":"https://e.org/1.mp3","mime_type":"audio/mpeg","size_in_bytes":7}]}
END
cat >one.py <<'END'
import sys, xml.etree.ElementTree as ET
i = ET.parse(sys.stdin).getroot().find('channel/item')
e = i.find('enclosure')
print(i.findtext('title'), i.findtext('link'), i.findtext('guid'), i.find('guid').get('isPermaLink'),
      i.findtext('pubDate'), i.findtext('description'), i.findtext('category'),
      i.findtext('{http://purl.org/rss/1.0/modules/content/}encoded'),
      i.findtext('{http://purl.org/dc/elements/1.1/}creator'), e.get('url'), e.get('length'), e.get('type'), sep='|')
END
says 'every field has its place in RSS' 'AT&T|https://e.org/1|tag:1|false|Mon, 23 Nov 2026 20:18:58 GMT|short & sweet|t|<p>x &amp; ]]></p>|Ada|https://e.org/1.mp3|7|audio/mpeg' \
    sh -c 'th-rss --title T <one | python3 one.py'
says 'a guid that is the url is a permanent link' 1 \
    sh -c 'echo "{\"id\":\"https://e.org/1\",\"url\":\"https://e.org/1\"}" | th-rss --title T | grep -c "isPermaLink=\"true\""'
says 'an Atom id that is no IRI becomes a urn, always the same' '<id>urn:uuid:ca978112-ca1b-8dca-bac2-31b39a23dc4d</id>' \
    sh -c 'echo "{\"id\":\"a\"}" | th-rss --title T --format atom --link https://e.org/ | grep urn'
says 'JSON Feed keeps members that begin with _ and drops the unknown' '{"y":1}null' \
    sh -c 'jq -cj ".items[]|select(._x)|._x,.foo" nasty.json | sed "\$a\\"'
says 'a JSON Feed item without a body has its summary' '"s & t"' jq '.items[]|select(._x)|.content_text' nasty.json
says 'a second item of the same id is left out' 1 \
    sh -c '{ cat one; cat one; } | th-rss --title T | grep -c "^<item>"'
th-rss -v --title T <nasty >/dev/null 2>.err
told 'an invalid date is told with -v' 'date_published left out, not RFC 3339: yesterday'
ok 'and not without' sh -c 'th-rss --title T <nasty 2>&1 >/dev/null | { ! grep .; }'
code 'a bad line is told and skipped' 65 sh -c '{ echo bad; cat one; } | th-rss --title T >out'
told 'by its number' 'line 1, column 1: '
ok 'and the rest is written' grep -q tag:1 out

# What a validator would not take for an address, a language, a type, a date.
cat >strict.py <<'END'
import json, re, sys, xml.etree.ElementTree as ET
def feed(fmt, item, *opts):
    import subprocess
    p = subprocess.run(['th-rss', '--title', 'T', '--format', fmt, *opts], input=json.dumps(item), text=True, stdout=subprocess.PIPE, check=True)
    return p.stdout
A = '{http://www.w3.org/2005/Atom}'
M = '{http://search.yahoo.com/mrss/}thumbnail'
def rss(item):
    return ET.fromstring(feed('rss', item)).find('channel/item')
def atom(item):
    return ET.fromstring(feed('atom', item)).find(A + 'entry')
def js(item):
    return json.loads(feed('json', item))['items'][0]
def url(u):
    i = {'id': '1', 'url': u}
    l = atom(i).find(A + 'link')
    return rss(i).findtext('link'), l is not None and l.get('href'), js(i).get('url')
def row(*values):
    print(*values, sep='|')
row(*url('https://e.org/a b'))
row(*url('https://e.org/?a[]=1#[2]'))
row(*url('http://[::1]:8080/x'))
row(*url('http://[bad'))
row(*url('http:///x'))
row(*url('https://e.org/\u00e9?\u00fc'))
for i in 'http://[bad', 'http://', 'https://e.org/a[1]', 'https://e.org/\u00e9':
    row(re.sub('^urn:uuid:.*', 'urn', atom({'id': i}).findtext(A + 'id')))
e = {'id': 'https://e.org/\u00e9', 'url': 'https://e.org/\u00e9', 'image': 'https://e.org/\u00e9', 'date_published': '2026-11-23'}
row(rss(e).find('guid').get('isPermaLink'), rss(e).findtext('guid'), atom(e).find(M).get('url'), js(e)['date_published'])
for l in 'en_US', 'zh-Hant-TW', 'x-own', 'x', 'english language', 'zz-ZZZZZZZZZZ', 'de-', '12':
    i = {'id': '1', 'language': l}
    row(rss(i).findtext('{http://purl.org/dc/elements/1.1/}language'), atom(i).get('{http://www.w3.org/XML/1998/namespace}lang'), js(i).get('language'))
for t in 'audio/mpeg', 'audio/mp4; codecs="a;b"', 'a/b;c=d; e=f', 'mp3', 'a/', '/b', 'a/b;', 'a/b c/d', 'a/b;c="d':
    i = {'id': '1', 'attachments': [{'url': 'file:///x'}, {'url': 'http://e.org/x', 'mime_type': t, 'size_in_bytes': '5', 'duration_in_seconds': 2}]}
    r = rss(i)
    row(r.find('enclosure').get('type'), r.find('enclosure').get('url'), r.find(A + 'link').get('href'), ','.join(sorted(js(i)['attachments'][1])))
i = {'id': '1', 'title': ' \u0001\n', 'summary': ' ', 'date_published': '0000-05-01T00:00:00Z'}
row(rss(i).find('title'), rss(i).findtext('description'), rss(i).find('pubDate'))
END
cat >want <<'END'
https://e.org/a%20b|https://e.org/a%20b|https://e.org/a%20b
https://e.org/?a%5B%5D=1#%5B2%5D|https://e.org/?a%5B%5D=1#%5B2%5D|https://e.org/?a%5B%5D=1#%5B2%5D
http://[::1]:8080/x|http://[::1]:8080/x|http://[::1]:8080/x
None|False|None
None|False|None
https://e.org/%C3%A9?%C3%BC|https://e.org/é?ü|https://e.org/é?ü
urn
urn
urn
https://e.org/é
false|https://e.org/é|https://e.org/%C3%A9|2026-11-23T00:00:00Z
en-US|en-US|en-US
zh-Hant-TW|zh-Hant-TW|zh-Hant-TW
x-own|x-own|x-own
None|None|None
None|None|None
None|None|None
None|None|None
None|None|None
audio/mpeg|http://e.org/x|file:///x|duration_in_seconds,mime_type,url
audio/mp4; codecs="a;b"|http://e.org/x|file:///x|duration_in_seconds,mime_type,url
a/b;c=d; e=f|http://e.org/x|file:///x|duration_in_seconds,mime_type,url
application/octet-stream|http://e.org/x|file:///x|duration_in_seconds,mime_type,url
application/octet-stream|http://e.org/x|file:///x|duration_in_seconds,mime_type,url
application/octet-stream|http://e.org/x|file:///x|duration_in_seconds,mime_type,url
application/octet-stream|http://e.org/x|file:///x|duration_in_seconds,mime_type,url
application/octet-stream|http://e.org/x|file:///x|duration_in_seconds,mime_type,url
application/octet-stream|http://e.org/x|file:///x|duration_in_seconds,mime_type,url
None||None
END
is 'what a validator would refuse is mended or left out' want \
    env PYTHONIOENCODING=utf-8 PYTHONUTF8=1 python3 strict.py
own() { # FORMAT: the feed's own addresses
	echo '{"id":"1","url":"a"}' | th-rss --format "$1" --title T --link 'https://e.org/é[1]/' --self 'https://e.org/é?[2]' |
	    grep -Eo '(atom:)?(link|id|_url)"?( [^>]*href=|>|:)"?https:[^"<]*' | sed 's/.*https/https/' | sort -u | tr '\n' ' '
	echo
}
says "a feed's own addresses are those of RSS" 'https://e.org/%C3%A9%5B1%5D/ https://e.org/%C3%A9%5B1%5D/a https://e.org/%C3%A9?%5B2%5D ' own rss
says '... of Atom, with its id' 'https://e.org/é%5B1%5D/ https://e.org/é%5B1%5D/a https://e.org/é?%5B2%5D ' own atom
says '... and of JSON Feed' 'https://e.org/é%5B1%5D/ https://e.org/é?%5B2%5D ' own json
code 'a language is a tag' 64 sh -c 'th-rss --title T --language "not one" <one'

# JSON Feed has of authors, tags and attachments what RSS and Atom have.
cat >lists <<'END'
{"id":"1","content_html":" \n","title":"\u0020","summary":7,"tags":["a"," ","",5,null],"authors":[{"name":"A","url":"/a","avatar":"a.png","_x":1},{"_x":1},{"name":" "},{"name":5},{"name":"B","url":"http://[bad"},"C"],"attachments":[{"u\u0072l":"b","title":"","size_in_bytes":-1,"duration_in_seconds":2}]}
{"id":"2","content_text":"\u0009x","tags":"one","authors":{"name":"D"},"_o":{ }}
END
cat >want <<'END'
{"id":"1","content_text":"7","summary":"7","authors":[{"name":"A","url":"https://e.org/a","avatar":"https://e.org/d/a.png","_x":1},{"name":"5"},{"name":"B"}],"tags":["a","5"],"attachments":[{"url":"https://e.org/d/b","mime_type":"application/octet-stream","duration_in_seconds":2}]}
{"id":"2","content_text":"\u0009x","authors":[{"name":"D"}],"tags":["one"],"_o":{ }}
END
is 'what no JSON Feed may have is mended or left out' want \
    sh -c 'th-rss --format json --title T --link https://e.org/d/ <lists | grep "^{.id" | sed "s/,\$//"'

awk 'BEGIN { printf "{\"id\":\"1\",\"_source\":{\"x\":\"%08000000d\"},\"attachments\":[{\"url\":\"0\"}", 0
	for (i = 1; i < 20000; i++) printf ",{\"url\":\"%d\"}", i; print "]}" }' >links
says 'many links and a long source take no long time' 20000 sh -c \
    'timeout 20 th-rss --format atom --title T --link https://e.org/ <links | grep -c "href=.https://e.org/[0-9]"'

# -o, --merge, --max
item() { # N: an item of day N
	printf '{"id":"i%d","title":"Item %d","date_published":"2026-11-%02dT00:00:00Z","content_html":"<p>\\n%d</p>"}\n' "$1" "$1" "$1" "$1"
}
ids() { grep -Eo 'i[0-9]+<|"id":"i[0-9]+"' "$1" | tr -dc 'i0-9\n' | sed 's/^ii/i/' | tr '\n' ' '; echo; }
for f in rss json; do
	m="th-rss --format $f --title T -o m.$f --merge"
	{ item 1; item 2; } | $m
	{ item 3; item 2; } >again; $m <again
	says "a merged $f has old and new items, newest first" 'i3 i2 i1 ' ids m.$f
	ok "and is valid" python3 check.py m.$f
	touch -d 2001-01-01 m.$f; cp -p m.$f before
	ok "merging nothing changes no byte of $f" sh -c "$m </dev/null && cmp m.$f before"
	ok "nor does merging the same again" sh -c "cat again | $m && cmp m.$f before"
	says "a $f that did not change keeps its time" 2001 date -r m.$f +%Y
	item 4 | $m --max 2
	says "--max keeps the newest of $f" 'i4 i3 ' ids m.$f
done
for f in rss atom json; do
	m="th-rss --format $f --title T -o n.$f --merge"
	$m <nasty; cp n.$f before
	ok "the nastiest $f merges byte for byte" sh -c "$m </dev/null && cmp n.$f before && $m <nasty && cmp n.$f before"
done
# What the epoch, which Atom's mark for no date is near to, and a year that UTC
# has not are to a merge; the order was another once it was read.
{
	echo '{"id":"i1","title":"U"}'
	echo '{"id":"i2","title":"E","date_modified":"1970-01-01T00:00:00Z"}'
	echo '{"id":"i3","title":"U"}'
	echo '{"id":"i4","title":"X","date_published":"9999-12-31T23:59:59-12:00"}'
	echo '{"id":"i5","title":"D","date_published":"2000-01-01T00:00:00Z"}'
	echo '{"id":"i6","title":"B","date_published":"0000-01-01T00:00:00+01:00"}'
	echo '{"id":"i7","title":"O","date_modified":"1969-01-01T00:00:00Z"}'
} >odd
for f in rss atom json; do
	m="th-rss --format $f --title T -o o.$f --merge"
	$m <odd; cp o.$f before
	ok "odd dates keep their order in $f" sh -c "$m </dev/null && cmp o.$f before && $m <odd && cmp o.$f before"
done
# A feed that another wrote, or that we wrote in another format.
cp "$top/tests/data/feed.xml" other
count=$(($(grep -c "<item" other) + 1))
item 5 | th-rss --title T -o other --merge
says "another's feed keeps its items" $count grep -c '^<item>' other
for f in atom json rss; do
	ok "it becomes $f" sh -c "th-rss --format $f --title T -o other --merge </dev/null"
	ok "with all its items" sh -c '[ "$(grep -Ec "^<entry|^<item|^\{\"id\"" other)" = "$1" ]' - $count
	ok "and is valid" python3 check.py other
done
# A file of ours that a hand has added to is another's: nothing of it is lost.
for f in rss:item atom:entry; do
	e=${f#*:}; f=${f%:*}
	tag=id; [ $f = atom ] || tag=guid
	hand="<$e><$tag>urn:x:hand</$tag><title>By hand</title></$e>"
	for at in '<generator>' "<\/$e>"; do
		{ item 1; item 2; } | th-rss --format $f --title T | sed "/$at/a\\  $hand" >hand
		item 3 | th-rss --format $f --title T -o hand --merge
		says "what a hand wrote in our $f stays, behind $at" 'By hand Item 1 Item 2 Item 3 ' \
		    sh -c 'grep -Eo "(By hand|Item .)" hand | sort -u | tr "\n" " "; echo'
	done
done
cat >others.json <<'END'
{"version":"https://jsonfeed.org/version/1","title":"O","home_page_url":"https://e.org/o/","author":{"name":"Feed"},"items":[
{"id":7,"url":"a","title":" A\n b ","author":{"name":"Ann"},"content_html":"<p>x</p>","date_published":"2026-11-23T20:18:58.5+02:00"},
{"id":"8","content_text":"t","date_published":"Mon, 23 Nov 2026 20:18:58 GMT"}]}
END
cat >want <<'END'
{"id":"8","content_text":"t","date_published":"2026-11-23T20:18:58Z","authors":[{"name":"Feed"}]}
{"id":"7","url":"https://e.org/o/a","title":"A b","content_html":"<p>x</p>","date_published":"2026-11-23T18:18:58Z","authors":[{"name":"Ann"}]}
END
cp others.json other
th-rss --format json --title T -o other --merge </dev/null
is "another's JSON Feed is read as th-fetch does" want jq -c '.items[] | del(._source)' other
head -c 300 others.json >other; cp other before
code '... and half of one is no feed' 65 sh -c 'th-rss --format json --title T -o other --merge </dev/null'
ok '... and left as it was' cmp other before
echo '{"id":"1","_own":{"a":1}}' | th-rss --format json --title T >ours
says 'of our own JSON Feed all stays' '{"a":1}' sh -c 'th-rss --format json --title T -o ours --merge </dev/null && jq -c ".items[]._own" ours'
# What th-fetch reads of it is what went in.
item 7 | sed 's/}$/,"url":"https:\/\/e.org\/7","summary":"a < b","authors":[{"name":"Ada"}],"tags":["x","y"]}/' >in
jq -cS . in >want
for f in rss json; do
	ok "$f is read back" sh -c "th-rss --format $f --title T --link https://e.org/ <in >back && th-fetch rss back | jq -cS 'del(._source)' >got"
	is "as the same item" want cat got
done
for f in rss atom json; do
	says "a title of the feed that looks like HTML is read back from $f" '"<b>A</b> &amp; B"' \
	    sh -c "th-rss --format $f --title '<b>A</b> &amp; B' --description '<i>' <in | th-fetch rss - | jq -c ._source.title"
done
says 'so is what RSS says of it escaped' '<description>&amp;lt;i&amp;gt;</description>' \
    sh -c "th-rss --title T --description '<i>' </dev/null | grep descr"
item 5 | th-rss --title T -o m.rss
says 'without --merge the file is replaced' 'i5 ' ids m.rss
ok 'nothing else lies about' sh -c '! ls -A | grep tmp'

# Two at once.
pair=
for k in 11 12 13 14 15 16 17 18; do
	item $k | th-rss --title T -o pair.rss --merge & pair="$pair $!"
done
for p in $pair; do wait "$p"; done
says 'of several that merge at once none loses an item' 'i18 i17 i16 i15 i14 i13 i12 i11 ' ids pair.rss

# What goes wrong.
echo 'no feed' >not; cp not not.before
code 'a file that is no feed is not replaced by a merge' 65 sh -c 'th-rss --title T -o not --merge <one'
ok 'and left as it was' cmp not not.before
code 'a title is needed' 64 th-rss
code '... and one of controls is none' 64 th-rss --title "$(printf ' \001')"
code '--merge needs a file' 64 th-rss --title T --merge
code 'a link is an address' 64 th-rss --title T --link nonsense
code 'an operand is no use' 64 th-rss --title T file
code 'a directory that is missing is told' 73 sh -c 'th-rss --title T -o none/f <one'
code 'a full disk is told' 74 sh -c 'th-rss --title T <one >/dev/full'
code 'a reader that leaves is no error' 0 sh -c 'th-rss --title T <one | true'
yes '{"title":"more than a pipe holds"}' | head -n 20000 |
    awk '{ print "{\"id\":\"" NR "\"," substr($0, 2) }' >many
code 'a full disk is one, and told once' 74 sh -c 'th-rss --title T <many >/dev/full 2>full.err'
says 'in words' 'th-rss: standard output: No space left on device' cat full.err
ok 'nor worth a word' sh -c 'th-rss --title T <many 2>left.err | true; [ ! -s left.err ]'
ok 'a feed beyond the memory kept is whole' sh -c '
	awk "BEGIN { for (i = 0; i < 20000; i++) printf \"{\\\"id\\\":\\\"i%d\\\",\\\"content_html\\\":\\\"%0500d\\\"}\\n\", i, i }" >many
	th-rss --title T <many >many.rss && xmllint --noout --huge many.rss && [ $(grep -c "^<item>" many.rss) = 20000 ]'
code 'a temporary directory that is missing is told' 73 sh -c 'TMPDIR=$PWD/missing th-rss --title T <many >/dev/null'
echo '{"id":"1","title":"kept"}' | th-rss --title T -o kept.xml
cp kept.xml want
code 'input without one item is a mistake' 65 sh -c 'echo "<html>503</html>" | th-rss --title T -o kept.xml'
told 'that the feed does not pay for' 'kept\.xml is left as it is'
is   'it has its items still' want cat kept.xml
code 'no input at all is a feed without items' 0 th-rss --title T -o kept.xml </dev/null
ok   'which has none' sh -c '! grep -q "<item>" kept.xml'
finish

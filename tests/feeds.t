#!/bin/sh
# the feed reader: each format, what is broken, encodings, hostile input
. "${0%/*}/lib.sh"
d=$top/tests/data/feeds

is 'RSS 2.0 with its companions' "$d/rss2.ndjson" th-fetch rss "$d/rss2.xml"
is 'RSS 1.0' "$d/rdf.ndjson" th-fetch rss "$d/rdf.xml"
is 'Atom 1.0 with bases, languages and all kinds of text' "$d/atom.ndjson" th-fetch rss "$d/atom.xml"
is 'Atom 0.3' "$d/atom03.ndjson" th-fetch rss "$d/atom03.xml"
is 'JSON Feed, an item that is no JSON left out' "$d/feed.ndjson" th-fetch rss "$d/feed.json"
is 'ill-formed XML is read to its end' "$d/broken.ndjson" th-fetch rss "$d/broken.xml"
is 'elements left open do not swallow what follows' "$d/open.ndjson" th-fetch rss "$d/open.xml"
code 'repairs are no failure' 0 th-fetch -v rss "$d/broken.xml"
told 'and are told with -v' 'the end is missing'
code 'without -v nothing is told' 0 th-fetch rss "$d/broken.xml"
ok 'not a word' test ! -s "$scratch/.err"

titles() { # of the items of a feed on stdin, on one line
	th-fetch rss - | jq -r .title | paste -s -d ' ' -
}
open() { printf '<rss><channel>%s</channel></rss>' "$1" | titles; }
says 'items left open are items' '1 2 3 4 5' open \
    '<item><title>1</title><item><title>2</title></item><item><title>3<item><title>4</title><item><title>5</title>'
says '... each of them, as when the end is missing' '1 2 3' titles <<'X'
<rss><channel><item><title>1</title><item><title>2</title><item><title>3</title>
X
says 'an item in an item is none' '1 3' open \
    '<item><title>1</title><item><title>2</title></item><link>http://e/</link></item><item><title>3</title></item>'
long() { # a description of so many lines, and another item
	{ printf '<rss><channel><item><title>1</title><description>'
	yes "$1" | head -n 2000
	printf '</description></item><item><title>2</title>'; } | titles
}
says 'what in HTML has no end is not nested' '1 2' long 'a<br><img src="b">c'

title() { # the titles of a feed on stdin
	th-fetch rss - | sed 's/.*"title":"\([^"]*\)","_source.*/\1/'
}
feed() { # DECLARATION TITLE
	printf '%s<rss><channel><item><title>%s</title></item></channel></rss>' "$1" "$2"
}
as() { # CHARSET DECLARED
	feed "<?xml version='1.0' encoding='$2'?>" 'Grüße €' | iconv -f utf-8 -t "$1" | title
}
says 'UTF-16 with a mark, declared UTF-8' 'Grüße €' as utf-16 utf-8
says 'UTF-16 without a mark' 'Grüße €' as utf-16be utf-16
says 'UTF-32' 'Grüße €' as utf-32le utf-32
says 'ISO-8859-1 is windows-1252' 'Grüße €' as windows-1252 iso-8859-1
says 'UTF-8 that is windows-1252' 'Grüße €' as windows-1252 utf-8
says 'UTF-16 that is UTF-8' 'Grüße €' as utf-8 utf-16
says 'an encoding nobody knows' 'Grüße €' as utf-8 x-klingon
says 'ISO-8859-15' 'Grüße €' as iso-8859-15 iso-8859-15
says 'GB2312 is GB18030' 'Grüße €' as gb18030 gb2312
says 'UTF-8 that is called ISO-8859-1' 'Grüße €' as utf-8 iso-8859-1
says '... or windows-1251' 'Привет' sh -c 'printf "<?xml version=\"1.0\" encoding=\"windows-1251\"?><rss><channel><item><title>Привет</title></item></channel></rss>" |
    th-fetch rss - | sed "s/.*\"title\":\"\([^\"]*\)\",\"_source.*/\1/"'
says '... and windows-1251 that is' 'Привет' sh -c 'printf "<?xml version=\"1.0\" encoding=\"windows-1251\"?><rss><channel><item><title>Привет</title></item></channel></rss>" |
    iconv -t windows-1251 | th-fetch rss - | sed "s/.*\"title\":\"\([^\"]*\)\",\"_source.*/\1/"'
says 'a name with _ for -' 'Grüße €' as iso-8859-15 iso_8859_15
blank16() { { echo; feed '' 'Grüße €'; } | iconv -f utf-8 -t utf-16le | title; }
says 'UTF-16 without a mark, after an empty line' 'Grüße €' blank16
crlf() { feed '' "a
b" | sed 's/$/\r/' | title; }
says 'line ends of any system' 'a b' crlf

# What an item has, as jq puts it: each in its own way of writing it.
has() { # NAME WANT JQ, the items of an RSS feed on stdin
	{ printf '<rss xmlns:dc="http://purl.org/dc/elements/1.1/"
	    xmlns:media="http://search.yahoo.com/mrss/"
	    xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel>'
	cat; printf '</channel></rss>'; } >has.xml
	says "$1" "$2" sh -c 'th-fetch rss has.xml | jq -c "$1"' - "$3"
}
has 'angle brackets of a text are no tags' '["Re: <me@e.org>","by <me@e.org> at <https://e.org/>"]
["<stdio.h> & vector<int>","#include <stdio.h>"]
["How to style the <select> element","Use <int> & <John Doe>"]
["What <?php does","<no subject>"]' '[.title,.content_text]' <<'X'
<item><title>Re: &lt;me@e.org&gt;</title><description>by &lt;me@e.org&gt; at &lt;https://e.org/&gt;</description></item>
<item><title>&lt;stdio.h&gt; &amp; vector&lt;int&gt;</title><description>#include &lt;stdio.h&gt;</description></item>
<item><title>How to style the &lt;select&gt; element</title><description>Use &lt;int&gt; &amp; &lt;John Doe&gt;</description></item>
<item><title>What &lt;?php does</title><description>&lt;no subject&gt;</description></item>
X
has 'what HTML has besides is markup' '["a b c d","<p>open"]
["e f g","a<BR/>b"]
["h & i","<x-y>j</x-y>"]
["k","&lt;l&gt;"]' '[.title,.content_html]' <<'X'
<item><title>&lt;b>a&lt;/b> b&lt;br>c &lt;i class="x">d</title><description>&lt;p>open</description></item>
<item><title>e&lt;hr/>f &lt;img src=x>g</title><description>a&lt;BR/>b</description></item>
<item><title>h &amp;amp; i</title><description>&lt;x-y>j&lt;/x-y></description></item>
<item><title>&lt;!-- x -->k</title><description>&amp;lt;l&amp;gt;</description></item>
X
has 'the first date that is one counts' '"2020-01-02T00:00:00Z"' .date_published <<'X'
<item><pubDate>soon</pubDate><dc:date>2020-01-02</dc:date></item>
X
has 'an author is told once, and as in Atom, too' '["Joe"]
["N","mailto:n@e.org"]' '[.authors[]|.name,.url//empty]' <<'X'
<item><author>Joe</author><dc:creator>Joe</dc:creator></item>
<item><author><name>N</name><email>n@e.org</email></author></item>
X
has 'enclosures are known by any name, and once' '["http://e/a","http://e/b","http://e/c"]' '[.attachments[].url]' <<'X'
<item><enclosure url="http://e/a"/><enclosure resource="http://e/b"/>
<enclosure href="http://e/c"/><media:content url=" http://e/a "/></item>
X
has 'an address of blanks is none' '"http://e/g"
null' .url <<'X'
<item><link>
 </link><guid>http://e/g</guid></item>
<item xml:base="http://e/"><link> </link><title>t</title></item>
X
says '... nor in JSON' '["J",null,null,"2003-12-31T10:14:55Z"]' sh -c \
    'echo "{\"feed_url\":\"http://e/f\",\"title\":\"J\",\"home_page_url\":\" \",\"items\":[{\"id\":1,\"url\":\" \",\"date_published\":1072865695}]}" |
    th-fetch rss - | jq -c "[._source.title,._source.home_page_url,.url,.date_published]"'
has '... whichever comes first, with all that is said of them' '[{"url":"http://e/a","mime_type":"audio/mpeg","size_in_bytes":5,"duration_in_seconds":7}]' .attachments <<'X'
<item><media:content url="http://e/a" duration="7"/><enclosure url="http://e/a" length="5" type="audio/mpeg"/>
<media:content url="http://e/a" fileSize="6" type="x/y"/></item>
X
has 'a length that is none is left out' '[12,null,null,null,null]' '[.attachments[].size_in_bytes]' <<'X'
<item><enclosure url="a" length="12"/><enclosure url="b" length="-1"/><enclosure url="c" length="1,234"/>
<enclosure url="d" length="99999999999999999999999"/><enclosure url="e" length="0"/></item>
X
has 'durations, of iTunes and of the media' '3723
120' '.attachments[0].duration_in_seconds' <<'X'
<item><enclosure url="a"/><itunes:duration>1:02:03.5</itunes:duration></item>
<item><media:group><media:content url="b" duration="120"/></media:group></item>
X
has 'keywords of the media are tags' '["a","b c","d"]' .tags <<'X'
<item><media:group><media:keywords>a, b c</media:keywords></media:group><media:keywords>d</media:keywords></item>
X
has 'each address of a list is made absolute' '"<img src=\"http://b/c/a\" srcset=\"http://b/c/a,1 1x, http://b/d 2x, http://e/f, http://b/c/g\">"
"<img srcset=\"http://b/c/a 100w, data:x,y 2x\">"' .content_html <<'X'
<item><description xml:base="http://b/c/"><![CDATA[<img src="a" srcset="a,1 1x, /d  2x ,http://e/f, g">]]></description></item>
<item><description xml:base="http://b/c/"><img srcset=" a 100w,data:x,y 2x"/></description></item>
X
cat >place.xml <<'X'
<rss xmlns:atom="http://www.w3.org/2005/Atom"><channel><link>http://home/</link><item><link>a</link></item>
<atom:link rel="self" href="http://feed/x/f.xml"/><item><link>a</link><description>&lt;a href="b"></description></item></channel></rss>
X
says 'a feed from a file is where it says, or at its home page' '["http://home/a",null]
["http://feed/x/a","<a href=\"http://feed/x/b\">"]
["http://f/a/c",null]' sh -c '{ th-fetch rss place.xml
    echo "{\"home_page_url\":\"http://h/\",\"feed_url\":\"http://f/a/b\",\"items\":[{\"id\":1,\"url\":\"c\"}]}" |
	th-fetch rss -; } | jq -c "[.url,.content_html]"'
has 'an attribute on two lines is one text' '["a/b; c=d","e f"]' '[.attachments[0].mime_type,.tags[0]]' <<'X'
<item><enclosure url="u" type="a/b;
c=d"/><category term="e	f"/></item>
X
has 'characters that no text may have are none' '"ab c�"' .title <<'X'
<item><title>a&#1;b &#x1f; &#xFFFE;c&#0;</title></item>
X
cat >media.atom <<'X'
<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><content type="video/mp4">aGVsbG8=</content></entry>
<entry><id>2</id><content type="image/png">iVBORw0KGgoAAAAN</content><summary>s</summary></entry></feed>
X
says 'base64 may be text whatever its type, or a picture' '[1,"hello"]
[2,"s"]' sh -c 'th-fetch rss media.atom | jq -c "[(.id|tonumber),.content_text]"'
says 'namespaces are known in any case, with https and without a slash' '["A","B"]' sh -c \
    'echo "<rss xmlns:a=\"https://purl.org/DC/elements/1.1\" xmlns:i=\"https://www.itunes.com/DTDs/Podcast-1.0.dtd\"><item><a:creator>A</a:creator><i:title>B</i:title></item></rss>" |
    th-fetch rss - | jq -c "[.authors[0].name,.title]"'
has 'a prefix that is bound to nothing known means what it does elsewhere' '["A","<b>B"]' '[.authors[].name,.content_html]' <<'X'
<item xmlns:content="http://wrong/" xmlns:dc=""><dc:creator>A</dc:creator><content:encoded>&lt;b>B</content:encoded></item>
X
says 'a feed in a namespace that nobody knows is one' x sh -c \
    'echo "<feed xmlns=\"urn:x\"><entry><title>x</title></entry></feed>" | th-fetch rss - | jq -r .title'
has 'categories are text or terms' '["a","b & c"]' .tags <<'X'
<item><category term="a"/><category domain="x">a</category><category><![CDATA[b & c]]></category><category> </category></item>
X
cat >src.atom <<'X'
<feed xmlns="http://www.w3.org/2005/Atom" xml:base="http://b.org/x/"><title>T</title>
<entry><id>1</id><content type="video/mp4" src="v.mp4"/><link href="p"/><summary>s</summary></entry>
<entry><id>2</id><content type="text/html" src="c.html"/></entry>
<entry><id>3</id><link rel="enclosure" href="i.png" length="9"/><content type="image/png" src="i.png"/></entry>
</feed>
X
says 'content that is elsewhere is attached, or where the entry is' '["http://b.org/x/p","s",[["http://b.org/x/v.mp4","video/mp4"]]]
["http://b.org/x/c.html",null,[]]
["http://b.org/x/i.png",null,[["http://b.org/x/i.png","image/png"]]]' \
    sh -c 'th-fetch rss src.atom | jq -c "[.url,.content_text,[(.attachments//[])[]|[.url,.mime_type]]]"'
cat >authors.atom <<'X'
<feed xmlns="http://www.w3.org/2005/Atom" xml:base="http://b.org/x/"><title>T</title>
<author><name>A</name><uri>/a</uri></author>
<entry><id>1</id></entry>
<entry><id>2</id><author><name>B</name></author></entry>
<entry><id>3</id><source><title>no</title><id>no</id><author><name>S</name></author></source></entry>
</feed>
X
says 'an entry without author has that of its source, then of its feed' '["1",[{"name":"A","url":"http://b.org/a"}]]
["2",[{"name":"B"}]]
["3",[{"name":"S"}]]' sh -c 'th-fetch rss authors.atom | jq -c "[.id,.authors]"'
cat >authors.json <<'X'
{"version":"https://jsonfeed.org/version/1.1","title":"T","author":{"name":"A"},"authors":[{"name":"A"}],
"items":[{"id":1},{"id":"2","authors":{"name":"B"},"tags":"t"},{"id":true},null,{"id":"3","author":{"name":"C"},"tags":["a",1,null,"a"]}]}
X
says 'JSON: the same; one for a list of one; what says nothing left out' '["1",["A"],null]
["2",["B"],["t"]]
["3",["C"],["a","1"]]' sh -c 'th-fetch rss authors.json | jq -c "[.id,[.authors[].name],.tags]"'
says 'JSON: what is null is not there, and a size may be in quotes' '[null,12]' sh -c \
    'echo "{\"title\":null,\"items\":[{\"id\":\"1\",\"attachments\":[{\"url\":\"u\",\"size_in_bytes\":\"12\"}]}]}" |
    th-fetch rss - | jq -c "[._source.title,.attachments[0].size_in_bytes]"'
says 'JSON: both bodies, the home page made absolute, a fraction of a second' '["<p>a",null,"http://j/x/h",60.5]
["<p>a","a","http://j/x/h",null]' sh -c \
    'echo "{\"feed_url\":\"http://j/x/f\",\"home_page_url\":\"h\",\"items\":[
    {\"id\":1,\"content_html\":\"<p>a\",\"content_text\":\" \",\"attachments\":[{\"url\":\"u\",\"duration_in_seconds\":60.5}]},
    {\"id\":2,\"content_html\":\"<p>a\",\"content_text\":\"a\",\"attachments\":[{\"url\":\"u\",\"duration_in_seconds\":-60.5}]}]}" |
    th-fetch rss - | jq -c "[.content_html,.content_text,._source.home_page_url,.attachments[0].duration_in_seconds]"'
says 'JSON with items needs no version' 1 sh -c 'echo "{\"items\":[{\"id\":\"1\"}]}" | th-fetch rss - | jq -r .id'

# A feed that is refused: within the time, within the memory, with its reason.
ceiling='ulimit -v 400000;' # KiB; a sanitized program maps terabytes
case ${TH_BUILD:-} in *-san) ceiling= ;; esac
refused() { # NAME WORDS FILE
	code "$1" 65 sh -c "$ceiling timeout 20 th-fetch rss $3"
	told 'and told why' "$2"
}
python3 - <<'EOF'
def w(name, s):
    with open(name, 'w') as f:
        f.write(s)
head = '<rss><channel><item><title>good</title></item>'
item = head + '<item><title>'
bomb = '<!ENTITY a "%s">' % ('x' * 1000) + ''.join(
    '<!ENTITY %s "%s">' % (chr(98 + i), ('&%s;' % chr(97 + i)) * 10)
    for i in range(9))
w('bomb.xml', '<!DOCTYPE r [' + bomb + ']>' + item + '&j;')
w('quadratic.xml', '<!DOCTYPE r [<!ENTITY a "%s">]>' % ('x' * 100000)
  + item + '&a;' * 100000)
w('circle.xml', '<!DOCTYPE r [<!ENTITY a "&b;"><!ENTITY b "&a;">]>'
  + item + '&a;')
w('deep.xml', head + '<a>' * 1000000)
w('items.xml', '<rss><channel>' + '<item>' * 80000)
w('deep.json', '{"items":[{"id":"good","x":' + '[' * 1000000)
w('attribute.xml', head + '<item><enclosure url="http://x/' + 'a' * 20000000)
w('text.xml', item + 'a ' * 20000000)
w('names.xml', head + ''.join('<a xmlns:p%d="u">' % i for i in range(510))
  + ''.join('<a xmlns:q="u" xmlns:r="u" xmlns:s="u">' for i in range(2)))
w('attributes.xml', head + '<item ' + ' '.join(
    "a%d='1'" % i for i in range(200000)) + '><title>many</title></item>')
w('external.xml', '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x" [<!ENTITY a '
  'SYSTEM "file:///etc/passwd">]>' + item + '[&a;]')
w('stray.xml', head + '<item>' + '<%s>' % ('a' * 40) * 480
  + ('</%sb>' % ('a' * 39)) * 500000)
w('lone.xml', item + '<&' * 1000000)
EOF
refused 'an entity bomb' 'entities expand' bomb.xml
says 'leaves the items before it' good sh -c 'th-fetch rss bomb.xml | sed "s/.*\"title\":\"\([^\"]*\)\".*/\1/"'
refused 'a quadratic entity bomb' 'entities expand' quadratic.xml
refused 'entities in a circle' 'entities expand' circle.xml
refused 'a million nested elements' 'too deep' deep.xml
refused 'though items they are' 'too deep' items.xml
refused 'or lists in JSON' 'too deep' deep.json
refused 'an attribute without end' 'too long' attribute.xml
refused 'a text of 40 MB' 'too long' text.xml
refused 'more namespaces than anybody needs' 'too (many|deep)' names.xml
code '200,000 attributes are not looked at' 0 timeout 20 th-fetch rss attributes.xml
code 'a million bare characters are text' 0 timeout 20 th-fetch rss lone.xml
code 'nor half a million ends of nothing, inside many elements' 0 timeout 20 th-fetch rss stray.xml
says 'an external entity is nothing' '[]' sh -c 'th-fetch rss external.xml | sed -n "s/.*\"title\":\"\([^\"]*\)\".*/\1/; 2p"'

printf 'no feed at all' >text
refused 'a text is no feed' 'not a feed' text
printf '<html><body>x</body></html>' >page
refused 'nor is a page' 'not a feed' page
printf '<head><title>x</title>' >page
refused 'nor one without html' 'web page' page
printf '<?xml version="1.0"?><?xml-stylesheet href="x"?><!DOCTYPE html PUBLIC "x"><html/>' >page
refused 'nor one in XHTML' 'web page' page
printf '<a:feed xmlns:a="http://www.w3.org/2005/Atom"><a:entry><a:id>1</a:id><a:content><html>' >feed
code 'but a feed with a page inside is' 0 th-fetch rss feed
printf '<feed xmlns="urn:x"><title>x</title></feed>' >root
refused 'nor is XML that has the name alone' 'not a feed' root
printf '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><r:Description/></r:RDF>' >rdf
refused 'nor is RDF about something else' 'not a feed' rdf
printf '<?xml version="1.0"?><!-- x --><opml><head><title>x</title></head></opml>' >list
refused 'nor is a list of feeds' 'OPML' list
printf '{"version":"10.20.30","name":"x"}' >json
refused 'nor is any JSON' 'not a feed' json
: >empty
refused 'nor is nothing' 'not a feed' empty
finish

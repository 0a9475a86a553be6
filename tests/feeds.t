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
crlf() { feed '' "a
b" | sed 's/$/\r/' | title; }
says 'line ends of any system' 'a b' crlf

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
w('attribute.xml', head + '<item><enclosure url="http://x/' + 'a' * 20000000)
w('text.xml', item + 'a ' * 20000000)
w('names.xml', head + ''.join('<a xmlns:p%d="u">' % i for i in range(510))
  + ''.join('<a xmlns:q="u" xmlns:r="u" xmlns:s="u">' for i in range(2)))
w('attributes.xml', head + '<item ' + ' '.join(
    "a%d='1'" % i for i in range(200000)) + '><title>many</title></item>')
w('external.xml', '<!DOCTYPE r SYSTEM "http://127.0.0.1:1/x" [<!ENTITY a '
  'SYSTEM "file:///etc/passwd">]>' + item + '[&a;]')
w('lone.xml', item + '<&' * 1000000)
EOF
refused 'an entity bomb' 'entities expand' bomb.xml
says 'leaves the items before it' good sh -c 'th-fetch rss bomb.xml | sed "s/.*\"title\":\"\([^\"]*\)\".*/\1/"'
refused 'a quadratic entity bomb' 'entities expand' quadratic.xml
refused 'entities in a circle' 'entities expand' circle.xml
refused 'a million nested elements' 'too deep' deep.xml
refused 'an attribute without end' 'too long' attribute.xml
refused 'a text of 40 MB' 'too long' text.xml
refused 'more namespaces than anybody needs' 'too (many|deep)' names.xml
code '200,000 attributes are not looked at' 0 timeout 20 th-fetch rss attributes.xml
code 'a million bare characters are text' 0 timeout 20 th-fetch rss lone.xml
says 'an external entity is nothing' '[]' sh -c 'th-fetch rss external.xml | sed -n "s/.*\"title\":\"\([^\"]*\)\".*/\1/; 2p"'

printf 'no feed at all' >text
refused 'a text is no feed' 'not a feed' text
printf '<html><body>x</body></html>' >page
refused 'nor is a page' 'not a feed' page
printf '{"version":1}' >json
refused 'nor is any JSON' 'not a feed' json
: >empty
refused 'nor is nothing' 'not a feed' empty
finish

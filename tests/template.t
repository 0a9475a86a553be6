#!/bin/sh
# template.t -- {field|filter} templates, through th-filter --set
. "${0%/*}/lib.sh"

cat >in <<'END'
{"id":"7","title":"Ärger & <b>Glück</b>, a long story","n":4.50,"yes":true,"none":null,"tags":["open source","Schach","c++"],"date_published":"2026-11-03T04:05:06+01:00","content_html":"<p>One</p><p>Two &amp; three</p>","authors":[{"name":"A"},{"name":"B"}],"_source":{"title":"Src"},"o":{"a":1},"rate":"r"}
END
makes() { # TEMPLATE WANT
	_t=$1 _w=$2
	says "$_t" "$_w" sh -c 'th-filter --set "x=$1" <in | jq -r .x' - "$_t"
}
makes 'plain text' 'plain text'
makes '{id}' '7'
makes 'a{id}b{id}' 'a7b7'
makes '{{id}}' '{id}'
makes '{{"a":{id}}' '{"a":7}'
makes '{{"a":"{id}"}' '{"a":"7"}'
makes '{{{id}}}' '{7}'
makes 'a}b' 'a}b'
makes '{n}, {yes}, {o}' '4.50, true, {"a":1}'
makes '[{none}{missing}]' '[]'
makes '{tags}' 'open source, Schach, c++'
makes '{_source.title}' 'Src'
makes '{authors.name} {author}' 'A, B A, B'
makes '{.rate}{rate}' 'rr'
makes '{date}' '2026-11-03T03:05:06Z'
makes '{date_published}' '2026-11-03T04:05:06+01:00'
makes '{text}' 'One
Two & three'
makes '{content_html|text|replace:/\n/ /}' 'One Two & three'
makes '{date|date:%d %b}' '03 Nov'
makes '{date|date:%Y-%m-%dT%H:%M:%S %j %s %Z %%}' '2026-11-03T03:05:06 307 1793675106 UTC %'
makes '{title|date:%d}{title|date:%d|default:never}' 'never'
makes '{title|text|truncate:12}' 'Ärger &…'
makes '{id|truncate:12}' '7'
makes '{title|upper}' 'ÄRGER & <B>GLÜCK</B>, A LONG STORY'
makes '{title|lower}' 'ärger & <b>glück</b>, a long story'
makes '{title|text|urlencode}' '%C3%84rger%20%26%20Gl%C3%BCck%2C%20a%20long%20story'
makes '{tags|hashtags}' '#opensource #Schach #c'
makes '{tags|lower|hashtags}' '#opensource #schach #c'
makes '{missing|hashtags|default:#none}' '#none'
makes '{missing|default:a\|b\}c\\d}' 'a|b}c\d'
makes '{id|default:x}' '7'
makes '{title|replace:/[^a-z]+/-/g}' '-rger-b-l-ck-b-a-long-story'
makes '{title|replace:/ä/ae/i}' 'aerger & <b>Glück</b>, a long story'
makes '{title|replace:/(\w+).*/$1|}/}' 'Ärger|}'
makes '{title|replace:/<|>/|/g|truncate:9}' 'Ärger &…'
makes '{any|truncate:5}' 'Ärge…'

wrong() { # TEMPLATE CARET-COLUMN REGEX
	code "\"$1\" is refused" 64 th-filter --set "x=$1" <in
	told '... with the reason' "$3"
	_col=$(sed -n '$s/^th-filter:     \( *\)^$/\1/p' .err | awk '{ print length }')
	ok "... and a caret in column $2" [ "$_col" = "$2" ]
}
wrong '{' 1 'name is missing'
wrong 'ä{id' 1 'never closed'
wrong '{}' 1 'name is missing'
wrong '{id }' 3 'expected'
wrong '{titel}' 1 'did you mean title'
wrong '日{id|upr}' 6 'did you mean upper'
wrong '{id|}' 4 'name is missing'
wrong '{id|upper:3}' 9 'no argument'
wrong '{id|truncate}' 12 'takes a number'
wrong '{id|truncate:x}' 13 'takes a number'
wrong '{id|date:%q}' 9 'no conversion %q'
wrong '{id|date:5%}' 9 'at the end'
wrong '{id|replace:/(/x/}' 14 'parenthesis'
wrong '{id|replace:/a/b}' 17 'third of replace'
wrong '{id|replace:/a/b/' 0 'never closed'
wrong '{id|replace:x}' 12 'expected'
code 'a template that is not UTF-8 is refused' 64 th-filter --set "x=$(printf '\377')" <in
finish

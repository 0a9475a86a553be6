#!/bin/sh
# Items as th-item(5) has them, through th-filter.
. "${0%/*}/lib.sh"

# The page's examples, as they are read.
mandoc -T utf8 -O width=500 "$top/man/th-item.5" | col -bx |
    sed -n 's/^ *\({.*}\)$/\1/p' >page
ok 'the page has examples' grep -q '"12"' page
is 'the examples of th-item(5) pass byte for byte' page th-filter <page

passes() { # NAME: the line in the file `in` comes out as it is
	is "$1" in th-filter <in
}
printf '\t{ "a" : [ 1 , { } ] , "b":"\\u00e9\\/" }  \r\n' >in
passes 'white space, escapes and a carriage return stay'
printf '{"a":1,"a":2,"\\u0061":3}\n' >in
passes 'members of one name pass'
printf '{"n":[1e999,-1e-999,123456789012345678901234567890.10]}\n' >in
passes 'numbers pass as they are written'
printf '{"s":"\\u0000\\ud800\\udfff\177"}\n' >in
passes 'NUL and lone surrogates pass as escapes'
awk 'BEGIN { printf "{\"a\":"; for (i = 1; i < 1024; i++) printf "["
    for (i = 1; i < 1024; i++) printf "]"; print "}" }' >in
passes 'arrays 1024 deep pass'

printf '\357\273\277{"a":1}\n\n{"b":2}' >in
printf '{"a":1}\n{"b":2}\n' >want
is 'a byte order mark and empty lines go, the last newline comes' want \
    th-filter <in

refused() { # NAME COLUMN REASON: the line in `bad`, between two good ones
	{ echo '{"id":"1"}'; cat bad; echo '{"id":"3"}'; } >in
	code "$1 is bad input" 65 th-filter <in
	cp .out got
	told '  and its line, column and reason are told' "2.*$2.*$3"
	printf '{"id":"1"}\n{"id":"3"}\n' >want
	ok '  and the lines around it pass' cmp want got
}
echo '["a"]' >bad
refused 'an array' 1 'not an object'
echo '{"a":"b' >bad
refused 'half an item' 8 'unexpected end'
printf '{"a":"\300\200"}\n' >bad
refused 'an overlong character' 7 UTF-8
printf '{"a":"\355\240\200"}\n' >bad
refused 'a surrogate in UTF-8' 7 UTF-8
printf '{"a":"b\0"}\n' >bad
refused 'a NUL byte' 8 'control character'
awk 'BEGIN { printf "{\"a\":"; for (i = 1; i < 1025; i++) printf "["
    for (i = 1; i < 1025; i++) printf "]"; print "}" }' >bad
refused 'an array 1025 deep' 1029 'nested'
{ printf '{"a":"'; head -c 67108864 /dev/zero | tr '\0' x; echo '"}'; } >bad
refused 'a line of more than 64 MiB' '' '64 MiB'

printf '{"a":1,"n":9007199254740993,"a":2}\n' >in
printf '{"n":9007199254740993,"a":"2x"}\n' >want
is 'of one name the last is changed, the others go, the rest stays' want \
    th-filter --set 'a={a}x' <in

echo '{"a":1}' >in
code 'a full disk is told' 74 sh -c 'th-filter <in >/dev/full'
code 'a directory cannot be read' 74 th-filter </
ok 'a reader that leaves is no error' sh -c '
	{ yes "{\"a\":1}" | head -n 100000 | th-filter; echo $? >rc; } |
	    head -n1 >/dev/null; [ "$(cat rc)" = 0 ]'

mkfifo tap
th-filter <tap >flow &
pids="$pids $!"
exec 9>tap
echo '{"a":1}' >&9
flows() { # within 5 s, though the sender goes on
	_i=0
	while [ ! -s flow ] && [ $_i -lt 500 ]; do
		_i=$((_i + 1)); sleep 0.01
	done
	cmp in flow
}
ok 'what passes is not held back while the sender waits' flows
exec 9>&-
finish

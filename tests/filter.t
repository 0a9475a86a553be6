#!/bin/sh
# filter.t -- th-filter: expressions, edits, order and conduct
. "${0%/*}/lib.sh"

cat >in <<'END'
{"id":"1","title":"Chess news","tags":["chess","ad"],"n":1,"date_published":"2026-11-01T00:00:00Z","url":"https://WWW.Example.org:8080/a"}
{"id":"2","title":"Les échecs à Paris","tags":["chess"],"n":10,"date_published":"2026-11-20T12:00:00Z","authors":[{"name":"Marthe"},{"name":"Ida"}]}
{ "id" : "3", "title":"R\u00e9sum\u00e9 \"q\"", "n":9.5, "x":null, "empty":"", "list":[], "no":false, "zero":0, "deep":{"list":["a","b"],"obj":{}} }
{"id":"4","content_html":"<p>Say <b>knight</b>&amp;pawn</p>","date_modified":"2026-10-01T02:00:00+02:00","attachments":[{"url":"https://a.example/1.mp3","size_in_bytes":5},{"url":"https://b.example/2.ogg","size_in_bytes":7000}]}
END
ids() { th-filter "$@" <in | sed 's/^{ *"id" *: *"\([^"]*\)".*/\1/' | tr -d '\n'; echo; }
selects() { # IDS EXPRESSION
	says "$2" "$1" ids "$2"
}

# ---- expressions ----
is 'no expression passes all byte for byte' in th-filter <in
selects 12 'title ~ "chess|échecs"'
selects 12 'title ~ "CHESS|ÉCHECS"'
selects 2 'title ~ "(?-i)échecs"'
selects 3 'title ~ "résumé"'
selects 3 'title ~ "\"q\""'
selects 3 "title ~ '\"Q\"$'"
selects 1 'title ~ "^\w+ news$"'
selects 234 'title !~ "chess"'
selects 1 'tags = "ad"'
selects 12 'tags ~ "^ch"'
selects 234 'tags != "ad"'
selects 34 'tags !~ "chess"'
selects 34 'not tags'
selects 1 'n = 1'
selects 23 'n > 9'
selects 12 'n = 1 or n = 10'
selects 1 'n < 9.5'
selects 13 'n <= 9.5'
selects 124 'not n = 9.5'
selects 3 'n = 0.95e1'
selects 4 'attachments.size_in_bytes >= 7000'
selects 4 'attachments.url ~ "ogg$"'
selects 4 'host(attachments.url) = "b.example"'
selects 1 'host(url) = "www.example.org"'
selects 2 'author = "Ida"'
selects 2 'authors.name = "Marthe" and author != "Bob"'
selects 134 'author != "Ida"'
selects 2 'date > 2026-11-01'
selects 12 'date >= 2026-11-01'
selects 4 'date = 2026-10-01'
selects 4 'date = 2026-10-01T01:00:00+01:00'
selects 2 'date_published > "2026-11-02"'
selects 12 '2026-10-31 + 1d <= date'
selects 2 'date >= 2026-11-21-12h'
selects '' 'date > now + 100000d'
selects 124 'date < now + 100000d'
selects 4 'text ~ "knight&pawn"'
selects 4 'text(content_html) = "Say knight&pawn"'
selects 4 'any ~ "KNIGHT"'
selects 12 'any ~ "chess"'
selects 3 'lower(title) = "résumé \"q\""'
selects 13 'length(title) = 10'
selects 1 'length(tags) = 2'
selects 34 'length(tags) = 0'
selects 3 'length(deep.list) = 2'
selects 2 'length(authors) > 1 and length(author) = 3'
selects 3 'deep.list = "b"'
selects 3 'zero'
selects 3 'no'
selects 3 'no = false'
selects '' 'x or empty or list or deep.obj or missing'
selects 1234 'x != 1'
selects 123 'title'
selects 1 'title < "D" and title'
selects 12 'title = "Chess news" or title = "none" or id = "2" and n = 10'
selects 13 'id = "1" or id = "2" and n = 9.5 or id = "3"'
selects '' '(id = "1" or id = "2") and n = 9.5'
selects 2 'not id = "1" and tags'
selects 34 'not (id = "1" or tags)'
selects 1234 'true'
selects '' 'not true or false'
selects 1 '.n = 1'
selects 1 'title ~ "chess" and
	tags = "ad"'
echo '{"rate":5,"text":"mine","s":"12","d":"2026-11-23T00:00:00Z","e":"2026-11-23T01:00:00+01:00"}' >own
selects_own() { is "$1" own th-filter "$1" <own; }
selects_own '.rate > 4'
selects_own 'rate > 4'
selects_own '.text = "mine"'
selects_own 's > 9 and s < "2"'
selects_own 'd <= .e and rate != .text'
selects_own 'd = 2026-11-23 and d = .e'

echo '{"o":{ },"a":[ ],"p":{ "o" : {	} },"q":{ "x" : null }}' >blank
is 'an object with nothing but blanks in it is empty' blank th-filter 'q and not (o or a or p.o)' <blank

# Arrays in arrays are one list; they are read once and not at each depth.
echo '{"a":[[1,[ "two" , [] ,{"b":[[3],[{"b":4}]]}] ],{"b":["5"]},[[]]]}' >nested
is 'elements of arrays in arrays are found' nested \
    th-filter 'a = 1 and a = "two" and a.b = 3 and a.b = 5 and not a = 3' <nested
says '... in their order' '{"x":"3, {\"b\":4}, 5"}' th-filter --set 'x={a.b}' --keep x <nested
awk 'BEGIN { printf "{\"a\":"; for (i = 0; i < 1000; i++) printf "[1,"; for (i = 0; i < 2000000; i++) printf "1,"
	printf "2"; for (i = 0; i < 1000; i++) printf "]"; print "}" }' >nested
code '... in time, however deep' 0 timeout 20 th-filter --count 'a = 3' <nested

# ---- wrong expressions ----
wrong() { # EXPRESSION CARET-COLUMN REGEX
	code "\"$1\" is refused" 64 th-filter "$1" <in
	told '... with the reason' "$3"
	_out=$(wc -c <.out) # ok writes over it
	_col=$(sed -n '$s/^th-filter:     \( *\)^$/\1/p' .err | awk '{ print length }')
	ok "... and a caret in column $2" [ "$_col" = "$2" ]
	ok '... and no output' [ "$_out" = 0 ]
}
wrong 'titel ~ "x"' 0 'did you mean title'
wrong 'title ~ "x" and tag = "y"' 16 'did you mean tags'
wrong '_source.titel = "x"' 0 'did you mean _source.title'
wrong 'author.name = "x"' 0 'did you mean authors.name'
wrong 'lenght(title) > 3' 0 'did you mean length'
wrong 'title ~ "x" an tags = "y"' 12 'did you mean and'
wrong 'title ~ "x" && tags = "y"' 12 'did you mean and'
wrong 'title == "x"' 6 'did you mean ='
wrong 'title contains "x"' 6 'no operator contains; did you mean ~'
wrong '(tags is "x" or n)' 6 'no operator is; did you mean ='
wrong 'title ~ “x”' 8 'a string stands between " or '
wrong '«title» = "x"' 0 'a string stands between " or '
wrong 'title ~ "日本é" && n' 16 'did you mean and'
wrong 'title ~ "日本("' 14 'parenthesis'
wrong 'title ~ chess' 8 'quotes'
wrong 'tags = ad' 7 'did you mean "ad"'
wrong 'title ~ "x' 8 'no end'
wrong '(title' 0 'never closed'
wrong 'title)' 5 'never opened'
wrong '' 0 'expected'
wrong 'title =' 7 'expected'
wrong 'date > 7d' 7 'now - 7d'
wrong 'date > 5' 7 'a date cannot be compared with a number'
wrong 'date > "soon"' 7 'no date'
wrong 'date > today' 7 'no date; one looks like'
wrong 'title = null' 8 'not FIELD'
wrong 'NOT title' 0 'did you mean not'
wrong 'title and Not(tags)' 10 'did you mean not'
wrong 'date > 2026-11-23T' 7 'no such date'
wrong 'date > 2026-11-23T10:' 7 'no such date'
wrong 'date > 2026-13-01' 7 'no such date'
wrong 'n > 5x' 4 'nor a duration'
wrong 'n > true' 4 'no order'
wrong '"chess"' 0 'any ~'
wrong 'length(title)' 0 'comparison is missing'
wrong 'lower(length(title)) = "x"' 6 'is a number'
wrong 'title + 7d > now' 6 'can be added'
wrong 'title # x' 6 'means nothing'
code 'an expression that is not UTF-8 is refused' 64 th-filter "$(printf 'title ~ "\377"')" <in
deep=$(printf '%0250d' 0 | sed 's/0/(/g')
code 'parentheses without end are refused' 64 th-filter "$deep" <in
told '... by their depth' 'nested too deeply'
many=$(printf '%09000d' 0 | sed 's/0/n or /g')
says 'a long expression is no deep one' 1234 ids "$many true"
long=$(printf '%070000d' 0)
code 'an expression over 64 KiB is refused' 64 th-filter "n = 1$long" <in
code 'two expressions are refused' 64 th-filter title n <in
told '... with advice' 'between quotes'

# ---- edits ----
gives() { # NAME WANT ARG...: what the first item becomes
	_n=$1 _w=$2; shift 2
	says "$_n" "$_w" sh -c 'head -n1 in | th-filter "$@"' - "$@"
}
k='--keep=id,title,tags,x'
gives '--set replaces in place' '{"id":"1","title":"new","tags":["chess","ad"]}' $k --set title=new
gives '--set adds at the end' '{"id":"1","title":"Chess news","tags":["chess","ad"],"x":"1 Chess news = {}"}' $k --set 'x={id} {title} = {{}}'
gives '--set of tags makes a list' '{"tags":["chess","ad","more"]}' --keep tags --set 'tags={tags},more, ,'
gives '--set of authors makes an author' '{"authors":[{"name":"Doe, Jane"}]}' --keep authors --set 'authors=Doe, Jane'
gives '--set to nothing removes' '{"id":"1"}' --keep id,title --set 'title={summary}'
gives 'one --set sees the last' '{"y":"b!"}' --keep y --set x=b --set 'y={.x}!'
code '--set needs a whole field' 64 th-filter --set a.b=c <in
code '--set makes no object' 64 th-filter --set _source=c <in
code '--set needs a template' 64 th-filter --set title <in
code 'white space before a mistake is one blank wide' 64 th-filter "$(printf 'id and\ttitel')"
told '... where the text is shown' '^th-filter:     id and titel$'
told '... and the caret' '^th-filter:            \^$'
code '--set shows a mistake' 64 th-filter --set 'title={id} {titel}' <in
told '... with a hint' 'did you mean title'
told '... and a caret' '^th-filter:           \^$'
gives '--replace takes the first' '{"title":"CheSs news"}' --keep title --replace title/s/S/
gives '--replace takes all with g' '{"title":"CheSS newS"}' --keep title --replace title/s/S/g
gives '--replace minds case' '{"title":"Chess news"}' --keep title --replace title/CHESS/x/
gives '--replace does not with i' '{"title":"x news"}' --keep title --replace title/CHESS/x/i
gives '--replace knows groups' '{"title":"news, Chess $"}' --keep title --replace 'title/(\w+) (?<b>\w+)/${b}, \1 $$/'
gives '--replace works on each string of an array' '{"tags":["Chess","Ad"]}' --keep tags --replace 'tags/^c/C/' --replace 'tags/^a/A/'
gives '--replace with nothing left removes' '{"id":"1"}' --keep id,tags --replace 'tags/.*//'
gives '--replace takes an escaped delimiter' '{"url":"https:--WWW.Example.org:8080-a"}' --keep url --replace 'url/\//-/g'
gives '--replace takes another delimiter' '{"url":"http://WWW.Example.org:8080/a"}' --keep url --replace 'url|https://|http://|'
gives '--replace at empty matches ends' '{"id":"-1-"}' --keep id --replace 'id/x*/-/g'
is 'a line --replace does not change stays as it was' in th-filter --replace title/nothing/x/ --replace n/1/2/ <in
code '--replace shows a mistake' 64 th-filter --replace 'title/(a/b/' <in
told '... with a caret' '^th-filter:        \^$'
code '--replace with an unknown flag is refused' 64 th-filter --replace 'title/a/b/x' <in
code '--replace with an unknown group is refused' 64 th-filter --replace 'title/a/$1/' <in
gives '--rename keeps the place' '{"key":"1","title":"Chess news"}' --rename id=key --keep key,title
gives '--rename replaces' '{"title":"1"}' --rename id=title --keep id,title
gives '--keep keeps the order of the line' '{"id":"1","title":"Chess news"}' --keep title,nothing --keep id
gives '--keep and --drop take blanks behind the commas' '{"id":"1"}' --keep 'id, title' --drop 'n, title'
gives '--drop drops' '{"id":"1","title":"Chess news"}' --drop tags,n --drop url,date_published
gives 'edits come in their order' '{"b":"2!"}' --drop a --keep a,b --rename c=b --replace c/1/2/ --set 'c={id}!'
code '--drop needs whole fields' 64 th-filter --drop a.b <in

# Null and "" are not there, and an object is no text.
cat >odd <<'END'
{"id":"1","date_published":null,"date_modified":"2026-01-02T00:00:00Z","content_text":"","content_html":"<p>a</p>"}
{"id":"2","date_published":"","date_modified":"2026-01-02T00:00:00Z","content_html":"","summary":"a"}
{"id":"3","date_published":"no","date_modified":"2026-01-02T00:00:00Z","o":{"a":1}}
END
says 'of an item without the one date or body the next counts' 2 sh -c 'th-filter --count "date = 2026-01-02 and text = \"a\"" <odd'
says 'a function of an object is nothing' 0 sh -c 'th-filter --count "lower(o) >= \"\"" <odd'

# ---- order ----
for i in 3 1 none 2 10 1b; do echo "{\"id\":\"$i\",\"v\":\"${i%b}\",\"w\":${i%b}}"; done |
    sed 's/,"v":"none","w":none//' >u
awk 'BEGIN { for (i = 0; i < 3000; i++) printf "{\"n\":%d,\"i\":%d}\n", (i * 7919) % 1000, i }' >many
uids() { th-filter "$@" <u | sed 's/.*"id":"\([^"]*\)".*/\1/' | tr '\n' ' '; echo; }
says 'numbers sort as numbers, stable, missing last' '1 1b 2 3 10 none ' uids --sort w
says 'downwards too' '10 3 2 1 1b none ' uids --sort -w
says 'strings sort by code point' '1 1b 10 2 3 none ' uids --sort v
says '--reverse turns all round' 'none 10 3 2 1b 1 ' uids --sort w --reverse
says '--reverse alone' '1b 10 2 none 1 3 ' uids --reverse
says '--sort --limit' '1 1b 2 ' uids --sort w --limit 3
says '--sort --skip --limit' '1b 2 ' uids --sort w --skip 1 --limit 2
says '--sort --tail' '10 none ' uids --sort w --tail 2
says '--sort --skip --tail' 'none ' uids --sort w --skip 5 --tail 3
says '--sort --skip --limit --tail' '2 3 ' uids --sort w --skip 1 --limit 3 --tail 2
says '--skip --limit' '1 none ' uids --skip 1 --limit 2
says '--limit --tail' '1 none ' uids --limit 3 --tail 2
says '--tail' '10 1b ' uids --tail 2
says '--tail more than there is' '3 1 none 2 10 1b ' uids --tail 99
says '--limit 0' '' uids --limit 0
says '--unique keeps the first, and all without' '3 1 none 2 10 ' uids --unique v
says '--unique tells numbers from strings' '3 1 none 2 10 ' uids --unique w
says '--unique of many' 1000 sh -c 'th-filter --unique n <many | wc -l'
says '--count' 6 th-filter --count <u
says '--count of none' 0 th-filter --count 'id = "no"' <u
says '--count after --skip and --tail' 2 th-filter --count --skip 3 --tail 2 <u
says '--count after --sort --skip --limit' 1 th-filter --count --sort w --skip 5 --limit 4 <u
says 'dates sort as instants' 412 sh -c 'th-filter --sort date date <in | sed "s/.*\"id\":\"\(.\)\".*/\1/" | tr -d "\n"; echo'
code '--sort hints at a misspelt field' 64 th-filter --sort dat_published <in
told '... by name' 'did you mean date_published'
code 'a number must be one' 64 th-filter --limit x <in
th-filter --sort n <many >sorted
head -n 100 sorted | tail -n 90 >want
is 'the top is the top of all' want th-filter --sort n --skip 10 --limit 90 <many
tail -n 50 sorted >want
is 'the tail is the tail of all' want th-filter --sort n --tail 50 <many
awk -F'[:,}]' '{ print $2, $4 }' sorted >have
sort -s -n -k1,1 have >want
is 'sorting is stable' want cat have

# ---- conduct ----
printf '%s\n' '{"id":"1"}' '{"id":' '' '[1]' '{"id":"2"}' >bad
code 'bad lines are told' 65 th-filter <bad
told '... by number' '^th-filter: line 2(, column [0-9]+)?: '
told '... each' '^th-filter: line 4(, column [0-9]+)?: '
printf '%s\n' '{"id":"1"}' '{"id":"2"}' >want
is '... and the stream goes on' want th-filter <bad
a=$(printf '%0200d' 0 | sed 's/0/aaaaa/g')
printf '%s\n' "{\"title\":\"$a!\"}" '{"title":"b"}' >steps
code 'a pattern that gives up is bad input, not no match' 65 th-filter 'title ~ "^(a|aa)+$|^b"' <steps
told '... with its line' '^th-filter: line 1: pattern gives up'
echo '{"title":"b"}' >want
is '... and the stream goes on' want th-filter 'title ~ "^(a|aa)+$|^b"' <steps
printf '{"title":"%08000d"}\n' 0 >want
is 'a pattern may need much stack' want th-filter 'title ~ "^(0|a|(b))*$"' <want
code 'a full disk is an error' 74 sh -c 'th-filter <in >/dev/full'
code '... when sorting, too' 74 sh -c 'th-filter --sort n <in >/dev/full'
code '... and when counting' 74 sh -c 'th-filter --count <in >/dev/full'
code 'a directory cannot be read' 74 sh -c 'th-filter <.'
code 'a closed input is an error' 74 sh -c 'th-filter <&-'
awk 'BEGIN { for (i = 0; i < 20000; i++) print "{\"id\":\"" i "\",\"title\":\"some text to fill a pipe\"}" }' >long
code 'a reader that leaves is no error' 0 sh -c '{ th-filter <long; echo $? >rc; } | head -n1; exit $(cat rc)'
cp .err err
ok '... and nothing is said' [ ! -s err ]
slip() { # ARG...: what is told of fields that no item has
	echo '{"id":"1","title":"A","rate":1}' | { th-filter "$@" >/dev/null; } 2>&1
}
says 'a name that no item has is told' 'th-filter: --keep: no item has titel; did you mean title?' slip --keep id,titel
says '... as is an alias' 'th-filter: --drop: no item has date; did you mean date_published?' slip --drop date
says '... for each option' 'th-filter: --replace: no item has titel; did you mean title?
th-filter: --rename: no item has tag; did you mean tags?' slip --replace titel/a/b/ --rename tag=x
for a in '--keep id,rate,mood --drop mood' '--set tag=x --keep tag' '--drop content_html --keep summary' '--quiet --keep titel'; do
	# shellcheck disable=SC2086
	says "... but not: $a" 0 sh -c 'echo "$1" | wc -w' - "$(slip $a)"
done
ok '... nor anything without items' sh -c 'th-filter --keep titel </dev/null 2>said; [ ! -s said ]'
says '--limit stops reading' '{"id":"0"}' sh -c '{ cat long; cat /dev/zero; } | timeout 20 th-filter --limit 1 --keep id'

mkfifo fifo
for o in --quiet --sort=n --count; do
	th-filter "$o" <fifo >out 2>err & pid=$!; pids="$pids $pid"
	exec 7>fifo
	cat in >&7
	# It sleeps in a read once all was taken; only then it is interrupted.
	i=0
	until grep -q '^State:.S' "/proc/$pid/status" 2>/dev/null || [ $i -ge 200 ]; do
		sleep 0.02; i=$((i + 1))
	done
	[ "$o" = --quiet ] && { i=0; until cmp -s in out || [ $i -ge 200 ]; do sleep 0.02; i=$((i + 1)); done; }
	kill -TERM "$pid"
	code "interrupted with input left ($o)" 75 wait "$pid"
	exec 7>&-
	if [ "$o" = --quiet ]; then
		is '... what came was printed' in cat out
	else
		ok '... nothing half is printed' [ ! -s out ]
	fi
done

printf 'accounts:\n  nonsense\n' >conf
code '-c checks a configuration' 78 th-filter -c conf <in
code '-c of a missing file' 78 th-filter -c missing <in
skip_libs='libcurl|libsqlite|libxml2|libicu|libjansson|libnettle'
if ldd "$(command -v th-filter)" >libs 2>/dev/null && ! grep -q asan libs; then
	ok 'it loads no library that makes it slow to start' sh -c "! grep -E '$skip_libs' libs"
else
	skip 'it loads no library that makes it slow to start' 'not a plain dynamic program'
fi
finish

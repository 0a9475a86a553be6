#!/bin/sh
# evernote: notes out and in, against a stand-in decoded by Apache Thrift
. "${0%/*}/lib.sh"
. "$top/tests/api.sh"

canary=S=s1:U=8f1c:E=19f6b5c2c00:C=17a:P=1cd:A=me:V=2:H=c4n4ryc4n4ry
start() { # NAME TOKEN
	python3 "$top/tests/servers/evernote.py" "$2" >"port.$1" 2>"server.$1" & pids="$pids $!"
	i=0; while [ ! -s "port.$1" ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done
	at=http://127.0.0.1:$(cat "port.$1")
}
accounts() { # of the server that was started last
	config <<-END
		accounts:
		  evernote:
		    default: {base_url: "$at", token_env: EVERNOTE_TOKEN}
		    store: {note_store_url: "$at/edam/note/s9", base_url: "$at", token_env: EVERNOTE_TOKEN}
		    wrong: {base_url: "$at", token_env: EVERNOTE_WRONG}
	END
}
if ! python3 -c 'import sys; sys.path.append("/usr/lib/python3/dist-packages"); import thrift' 2>/dev/null; then
	skip 'evernote' 'python3-thrift is not installed'; finish
fi
start a "$canary"
accounts
EVERNOTE_TOKEN=$canary EVERNOTE_WRONG=S=s1:H=wr0ngwr0ng
export EVERNOTE_TOKEN EVERNOTE_WRONG
post() { # PATH BODY
	curl -sS --noproxy '*' --data-binary "$2" -H 'Content-Type: text/plain' "$at/$1"
}
get() { # PATH
	curl -sS --noproxy '*' "$at/$1"
}
item() { # ID [MEMBERS]
	printf '{"id":"%s","url":"https://e.org/%s","title":"Title of %s","content_html":"<p>%s<\/p>","date_published":"2026-11-23T20:18:58Z"%s}\n' \
	    "$1" "$1" "$1" "$1" "${2-}"
}
called() { # methods, in turn
	get calls | paste -sd' ' -
}
notes() { # how many have that title
	get notes | jq -r --arg t "$1" 'select(.title == $t) | .guid' | wc -l
}

# One note, as it should be.
item 1 ',"tags":["c","A"],"authors":[{"name":"Zoë"}]' >one
ok 'an item becomes a note' th-publish evernote --notebook Recipes --tags a,b <one
get notes >all
says 'in the notebook, which was made' 'Inbox Recipes' sh -c 'curl -sS --noproxy "*" "$1/notebooks" | paste -sd" "' - "$at"
says 'with title, source, author and date' 'Title of 1|https://e.org/1|Zoë|1795465138000' \
    jq -r '[.title,.source,.author,.created]|join("|")' all
says 'with the tags of option and item, each once' 'a b c' jq -r '.names|join(" ")' all
says 'its body as ENML' '<en-note><p>1</p></en-note>' sh -c 'jq -r .content all | tail -n 1'
says 'by as few calls as can be' 'listNotebooks createNotebook createNote' sh -c 'curl -sS --noproxy "*" "$1/calls" | paste -sd" "' - "$at"
post faults '[]'
item 2 >two; item 3 >>two
th-publish evernote --notebook RECIPES --tags a,b <two >receipts 2>err
says 'a notebook is found whatever its case, and remembered' 'listNotebooks createNote createNote' sh -c 'curl -sS --noproxy "*" "$1/calls" | paste -sd" "' - "$at"
says 'receipts have the guid' "$(get notes | jq -r 'select(.title=="Title of 2").guid')" sh -c 'jq -r "select(.id==\"2\")._published[0].id" receipts'
says 'and the page' "$at/shard/s1/nl/36636/$(get notes | jq -r 'select(.title=="Title of 2").guid')/" \
    sh -c 'jq -r "select(.id==\"2\")._published[0].url" receipts'
post forget Recipes
item 4 >four
ok 'a notebook that was deleted is made again' th-publish evernote --notebook Recipes <four
post faults '[["createNote","3 Note.notebookGuid"]]'
item 4a >four
ok 'one that is another account'"'"'s is looked for anew' th-publish evernote --notebook Recipes <four
says 'once' 'createNote listNotebooks createNote' called
post faults '[["createNote","3 Note.notebookGuid"],["createNote","3 Note.notebookGuid"]]'
item 4b >four
code 'where it is refused again, so is the item' 65 th-publish evernote --notebook Recipes <four
jq -cn '{id:"ext",external_url:"https://e.org/an other",title:"Elsewhere"}' >four
ok 'an item that points elsewhere' th-publish evernote --notebook Recipes <four
says 'has that page as its source' https://e.org/an%20other sh -c 'curl -sS --noproxy "*" "$1/notes" |
    jq -r "select(.title==\"Elsewhere\").source"' - "$at"
post faults '[["listNotebooks","truncate"]]'
item 5 >five
code 'one with a name never seen, while the list is cut short, waits' 75 th-publish evernote --notebook New --retries 5 <five

# Many publishers at once: one notebook.
for i in 1 2 3 4 5 6; do item "p$i"; done >many
ok 'several at once' th-publish evernote --notebook Race --parallel 6 <many
says 'make the notebook once' 1 sh -c 'curl -sS --noproxy "*" "$1/notebooks" | grep -c "^Race$"' - "$at"
post faults '[["createNotebook","10"]]'
post faults '[["createNotebook",10]]'
item conflict >c
code 'a notebook that exists and is not listed lets the item wait' 75 th-publish evernote --notebook Ghost <c

# Dry run.
post faults '[]'
item dry ',"tags":["x"]' >dry.in
th-publish evernote --notebook Never --tags a --dry-run -vv <dry.in >dry 2>&1
ok 'a dry run tells the call, the title and the notebook' sh -c 'grep -q "^NoteStore.createNote" dry && grep -q "^title: Title of dry" dry && grep -q "^notebook: Never" dry && grep -q "^tags: a, x" dry'
get calls >called
ok 'and calls nothing' test ! -s called

# Faults.
fault() { # NAME CODE FAULTS WORDS: item NAME meets them, exits with CODE
	post faults "$3"; item "$1" >"i.$1"
	code "$1: exit $2" "$2" th-publish evernote --queue "q.$1" <"i.$1"
	told "$1: the reason is told" "$4"
}
again() { # NAME: it is due again, and no more than once there
	post faults '[]'
	th-queue retry "q.$1" >/dev/null 2>&1
	th-publish evernote --queue "q.$1" --drain >/dev/null 2>err
	says "$1: at the next try it is there, once" 1 notes "Title of $1"
}
fault invalid 77 '[["createNote",8]]' 'th-auth login evernote'; again invalid
fault notoken 77 '[["createNote","2 authenticationToken"]]' 'token is not valid'; again notoken
fault expired 77 '[["createNote",9]]' 'expired'; again expired
fault cleared 77 '[["createNote",27]]' 'log in again'
fault shard 75 '[["createNote",12]]' 'shard is unavailable'
fault internal 75 '[["createNote",4]]' 'internal error'
fault quota 75 '[["createNote",7]]' 'quota'
fault denied 65 '[["createNote",3]]' 'permission denied: scripted'
fault long 65 '[["createNote",14]]' 'too long: scripted'
fault unknown 75 '[["createNote",99]]' 'unknown error'
post faults '[["createNote",11]]'; item plain >i.plain
ok 'a note whose ENML is found wanting is sent as plain text' th-publish evernote --queue plain <i.plain
says 'at once' 2 sh -c 'curl -sS --noproxy "*" "$1/calls" | grep -c createNote' - "$at"
says 'without markup' '<en-note><div>plain</div></en-note>' sh -c 'curl -sS --noproxy "*" "$1/notes" | jq -r "select(.title==\"Title of plain\").content" | tail -n 1' - "$at"
fault twice 65 '[["createNote",11],["createNote",11]]' 'not valid ENML'
fault html 75 '[["createNote","html"]]' 'web page'
fault notfound 75 '[["createNote","http 404"]]' 'HTTP 404'
fault busy 75 '[["createNote","http 503"]]' 'unavailable'
fault truncated 75 '[["createNote","truncate"]]' 'cut short'
fault cut 75 '[["createNote","cut"]]' '.'
fault stamped 75 '[["createNote","stamp"]]' '.'
fault dropped 75 '[["createNote","drop"]]' '.'
fault echoed 65 '[["createNote","echo"]]' 'permission denied'

# After a doubtful end it is looked for first.
doubted() { # NAME CALLS: at the next try it is there once, by these calls
	again "$1"
	says "$1: it was looked for" "$2" called
}
doubted truncated findNotesMetadata
doubted cut findNotesMetadata
doubted stamped findNotesMetadata
post notes '[{"title":"Title of other","notebook":"Inbox","tags":[],"source":"https://e.org/other","created":1700000000000,"content":"<en-note>x</en-note>"}]'
fault other 75 '[["createNote","drop"]]' '.'
post faults '[]'; th-queue retry q.other >/dev/null 2>&1
th-publish evernote --queue q.other --drain >/dev/null 2>err
says 'an older note of the same page is another one' 2 notes 'Title of other'
doubted dropped 'findNotesMetadata createNote'
doubted html 'findNotesMetadata createNote'

# Fifty nasty items: the stand-in refuses what breaks a rule or a limit.
post faults '[]'
sh "$top/tests/nasty.sh" >nasty
ok 'nasty items become notes, all of them' sh -c 'th-publish evernote --queue nasty --notebook Nasty --tags "n,@everyone" <nasty >out'
says 'each once, at the first attempt' "$(wc -l <nasty)" sh -c 'curl -sS --noproxy "*" "$1/calls" | grep -c createNote$' - "$at"
ok 'without a script' sh -c '! curl -sS --noproxy "*" "$1/notes" | jq -r .content | grep -i "<script\|javascript:\|onerror="' - "$at"

# A rate limit stops the run and the next one.
post faults '[["createNote","rate 3600"]]'
for i in 1 2 3; do item "r$i"; done >rate
code 'a rate limit puts off all' 75 th-publish evernote --queue rate <rate
told 'and says for how long' 'wait for 3600 s'
says 'after one call' 1 sh -c 'curl -sS --noproxy "*" "$1/calls" | wc -l' - "$at"
code 'the next run calls nothing' 75 th-publish evernote --queue rate --drain
says 'nothing at all' 1 sh -c 'curl -sS --noproxy "*" "$1/calls" | wc -l' - "$at"

# Reading.
start b "$canary"
accounts
note() { # TITLE NOTEBOOK TAGS CREATED [SOURCE]
	post notes "$(jq -nc --arg t "$1" --arg n "$2" --argjson g "$3" --argjson c "$4" --arg s "${5-}" \
	    '[{title:$t,notebook:$n,tags:$g,created:$c,source:(if $s == "" then null else $s end),
	    content:("<en-note><p>of "+$t+"</p><en-todo checked=\"true\"/></en-note>")}]')"
}
titles_of() { # ACCOUNT
	th-fetch "evernote:$1" --search one | jq -r .title
}
titles() { # ARG...: of what is fetched
	th-fetch evernote "$@" | jq -r .title | paste -sd' ' -
}
note one Recipes '["x","y"]' 1700000000000 https://e.org/one
note two Recipes '["x"]' 1600000000000
note three Work '["y"]' 1700000000000
th-fetch evernote --search one >items
says 'a note becomes an item' 'one|https://e.org/one|x,y|2023-11-14T22:13:20Z' \
    jq -r '[.title,.url,(.tags|join(",")),.date_published]|join("|")' items
ok 'with its content as HTML' sh -c 'jq -r .content_html items | grep -q "<p>of one</p>"'
says 'notes come by their sequence' 'one two three' titles
says 'of a notebook' 'one two' titles --notebook recipes
says 'with a tag' 'one three' titles --tag y
says 'with all of several tags' one titles --tag x --tag y
says 'of a few the newest' 'two three' titles -n 2
post faults '[["getNoteContent","3 Note"]]'
code 'a note that may not be read is told' 69 th-fetch evernote --state held
told 'and why' 'note [-0-9a-f]+: permission denied: Note'
says 'others are read, and it is asked for again' one titles --state held
post faults '[["getNoteContent",18]]'
code 'one that was taken down is as good as gone' 0 th-fetch evernote
says 'since a date' 'one three' titles --since 2023-01-01
code 'a notebook that is not there is told' 69 th-fetch evernote --notebook None
told 'by its name' 'no such notebook at Evernote: None'
says 'a first run with --state has all' 'one two three' titles --state s
post faults '[]'
says 'a second one has nothing' '' titles --state s
says 'by one call' getSyncState called
note old Work '[]' 1000000000000
says 'a note that is new has an old date' old titles --state s
post notes '[{"title":"binned","notebook":"Work","tags":[],"created":1,"deleted":2,"content":"<en-note>x</en-note>"}]'
says 'what is in the bin is not read' '' titles --state s
i=0
while [ $i -lt 260 ]; do i=$((i + 1)); echo "$i"; done | jq -nc '[inputs | {title: "n\(.)", notebook: "Many", tags: [],
    created: 1700000000000, content: "<en-note>x</en-note>"}]' >many.json
curl -sS --noproxy '*' --data-binary @many.json -H 'Content-Type: text/plain' "$at/notes"
says 'pages are turned' '260 n1 n260' sh -c 'th-fetch evernote --notebook Many | jq -r .title >t
    echo "$(sort -u t | wc -l) $(head -n 1 t) $(tail -n 1 t)"'
jq -nc '[range(0;100) | {title: "s\(.)", notebook: "Slow", tags: [], created: 1700000000000,
    content: ("<en-note>" + "s" * 4000 + "</en-note>")}]' >slow.json
curl -sS --noproxy '*' --data-binary @slow.json -H 'Content-Type: text/plain' "$at/notes"
resumes 'notes' 100 th-fetch evernote --notebook Slow --state slow
post faults '[["findNotesMetadata","truncate"]]'
note late Work '[]' 1700000000000
code 'a list that is cut short is told' 69 th-fetch evernote --state s --notebook Work
says 'and costs no note' 'three old late' titles --state s --notebook Work

post reset ''
note anew Work '[]' 1700000000000
says 'an account that counts from the beginning again is read from there' anew titles --state s
note one Recipes '["x","y"]' 1700000000000 https://e.org/one

# Accounts.
says 'a token tells whose it is' bob sh -c 'th-auth check evernote | grep -o bob | head -n 1'
code 'one that is not valid' 77 th-fetch evernote:wrong
says 'note_store_url tells where notes are' one titles_of store
config <<END
accounts:
  evernote:
    plain: {note_store_url: "http://192.0.2.1/edam/note/s1", token_env: EVERNOTE_TOKEN}
END
code 'a token does not go to a note_store_url of plain http' 78 th-fetch evernote:plain
told 'which is told' 'note_store_url is plain http'

# A token that does not tell where notes are.
EVERNOTE_PLAIN=n0sh4rd; export EVERNOTE_PLAIN
asked='getUserUrls listNotebooks createNotebook createNote'
for name in d e; do
	start $name "$EVERNOTE_PLAIN"
	config <<-END
		accounts:
		  evernote: {plain: {base_url: "$at", token_env: EVERNOTE_PLAIN}}
	END
	item "s1$name" >in1; item "s2$name" >in2
	ok "$name: the service is asked" th-publish evernote:plain --notebook N <in1
	says "$name: even if another server was" "$asked" called
	th-publish evernote:plain --notebook N <in2 >out 2>err
	says "$name: and its word remembered" "$asked createNote" called
done
ok 'no secret was told' sh -c '! grep -rl "c4n4ryc4n4ry\|wr0ngwr0ng\|n0sh4rd" "$1"' - "$scratch"

# The same on a store that machines share.
if ! command -v redis-server redis-cli >/dev/null; then
	skip 'evernote on Redis' 'no redis-server here: make deps'; finish
fi
on redis || { . "$top/tests/redis.sh"; redis_start; }
machine() { # NAME: a home of its own, the same store
	TH_HOME=$scratch/$1; mkdir "$TH_HOME"
	config <<-END
		store: "unix://$scratch/redis.sock?db=60"
		accounts:
		  evernote: {default: {base_url: "$at", token_env: EVERNOTE_TOKEN}}
	END
}
start c "$canary"
machine box1
item m1 >in1; item m2 >in2; item m3 >in3
ok 'on Redis a note is made' th-publish evernote --notebook Shared <in1
called >/dev/null; post faults '[]'
machine box2
ok 'on another machine, too' th-publish evernote --notebook Shared <in2
says 'which knows the notebook' createNote called
says 'and what was published' 0 sh -c 'th-publish evernote --notebook Shared <in1 2>&1 >/dev/null | cut -d" " -f2'
post faults '[["createNote","cut"]]'
code 'an answer that was lost waits' 75 th-publish evernote --notebook Shared <in3
post faults '[]'
TH_HOME=$scratch/box1 th-queue retry evernote:default/notebook=Shared >/dev/null 2>&1
ok 'the first machine looks for the note' env TH_HOME="$scratch/box1" th-publish evernote --notebook Shared --drain
says 'and makes it no second time' 1 notes 'Title of m3'
says 'a reading begun here' 'Title of m1|Title of m2|Title of m3' sh -c 'th-fetch evernote --state s | jq -r .title | paste -sd"|" -'
item m4 | th-publish evernote --notebook Shared >out 2>err
says 'goes on there' 'Title of m4' sh -c 'TH_HOME=$1/box1 th-fetch evernote --state s | jq -r .title' - "$scratch"
ok 'no secret is in the store' sh -c '! redis-cli -s "$1/redis.sock" -n 60 --scan | while read -r k; do
    redis-cli -s "$1/redis.sock" -n 60 dump "$k"; done | grep -a c4n4ry' - "$scratch"
finish

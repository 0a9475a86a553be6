#!/bin/sh
# An engine elsewhere (a stand-in): the same words find the same, and publishing
# goes on without it.  The real one is in opensearch.sh.
. "${0%/*}/lib.sh"
. "$top/tests/search.sh"

mkdir engine
python3 "$top/tests/servers/opensearch.py" "$scratch/engine" 2>engine/err &
pids="$pids $!"
i=0; while [ ! -s engine/port ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done
url=http://127.0.0.1:$(cat engine/port)
echo "search: $url/th" >"$TH_HOME/config.yaml"
publish() { th-publish file --path "$scratch/out.ndjson" --append; }
have() { curl -fs "$url/th-items/_count" | jq .count; }

code 'nothing published, nothing found' 0 th-search anything
ok 'items are published' sh -c 'th-publish file --path "$1" --append <"$2" >/dev/null' - \
    "$scratch/out.ndjson" "$top/tests/data/search.ndjson"
says 'the engine has them all' 7 have
finds
mkdir "$TH_HOME/triggers"
printf '%s\n' '#!/bin/sh' '#: description: Suivre les échecs' true >"$TH_HOME/triggers/follow"
says 'triggers are found' follow sh -c 'th-search --triggers --json echec | jq -r .trigger'
rm "$TH_HOME/triggers/follow"
ok 'until they are gone' sh -c '! th-search --triggers --json echec | grep .'

# ---- away ---------------------------------------------------------------------

: >engine/down
echo '{"id":"away","title":"published meanwhile"}' >in
code 'publishing goes on while it is away' 0 sh -c 'th-publish file --path "$1" --append <in >receipt' - "$scratch/out.ndjson"
says 'the item is published' away jq -r .id receipt
code 'a search then is to be tried again' 75 th-search meanwhile
: >engine/log
code 'it is left alone for a while' 0 sh -c 'echo "{\"id\":\"b\"}" | th-publish -v file --path "$1" --append >/dev/null' - "$scratch/out.ndjson"
told '-v tells so' 'sent later'
ok 'and not asked' test ! -s engine/log
rm engine/down
says 'what it missed is sent when it is back and somebody looks' away ids meanwhile
echo 2 >engine/busy
printf '%s\n' '{"id":"q1","title":"busy one"}' '{"id":"q2","title":"busy two"}' '{"id":"q3","title":"busy three"}' |
    publish >/dev/null 2>&1
says 'of a batch it takes what it can' 10 have
says 'and the rest later' 'q1 q2 q3' set_of busy
for fault in '403 cluster_block_exception' '500 exception' '503 unavailable_shards_exception' '404 index_not_found_exception'; do
	id=f${fault%% *}
	echo "$fault" >engine/fault
	echo "{\"id\":\"$id\",\"title\":\"faulty $id\"}" | publish >/dev/null 2>&1
	code "$fault: a search goes on" 0 th-search nothing
	told 'and says what is missing' 'just so; what is new is not found yet'
	rm engine/fault
	says 'which is there later' "$id" ids "$id"
done
echo gibberish >engine/text
echo '{"id":"text","title":"answered by a proxy"}' | publish >/dev/null 2>&1
rm engine/text
says 'an answer that is none settles nothing' text ids proxy
echo 4000 >engine/most
i=0; while [ $i -lt 20 ]; do i=$((i + 1)); echo "{\"id\":\"m$i\",\"title\":\"many of them\"}"; done >in
python3 -c 'import json; print(json.dumps({"id":"huge","title":"many","content_text":"far too much " * 1000}))' >>in
code 'what is too much at once' 0 publish <in
told 'but for what is so alone' 'left out: 1$'
rm engine/most
says 'goes in smaller batches' 20 sh -c 'th-search --json -n 100 many | wc -l'
echo bad >engine/bad
printf '%s\n' '{"id":"bad","title":"refused rightly"}' '{"id":"good","title":"refused not"}' >in
code 'what it makes nothing of' 0 publish <in
told 'is told' '400: a bad field; documents left out: 1$'
says 'one document that it refuses stops no other' good set_of refused
rm engine/bad
: >engine/log
th-search nothing >/dev/null
ok 'nor is it sent for ever' sh -c '! grep _bulk engine/log'

# ---- who asks -------------------------------------------------------------------

printf '%s' "Basic $(printf 'me:hunter2' | base64)" >engine/auth
code 'without its password nobody is let in' 77 th-search recette
told 'in its own words' 'who is it'
printf '%s\n' "search: $url/th" 'accounts: {search: {default: {user: me, password_command: "echo hunter2"}}}' >"$TH_HOME/config.yaml"
says 'a user and a password are sent' '1 2' set_of recette
printf 'ApiKey k1' >engine/auth
printf '%s\n' "search: $url/th" 'accounts: {search: {default: {api_key_env: SEARCH_KEY}}}' >"$TH_HOME/config.yaml"
SEARCH_KEY=k1; export SEARCH_KEY
says 'or a key' '1 2' set_of recette
printf '%s' "Basic $(printf 'me:p@ss:word' | base64)" >engine/auth
echo "search: http://me:p%40ss:word@${url#http://}/th" >"$TH_HOME/config.yaml"; chmod 600 "$TH_HOME/config.yaml"
says 'or both in the address' '1 2' set_of recette
rm engine/auth
printf '%s\n' 'search: http://search.example/th' >"$TH_HOME/config.yaml"
code 'plain http to another machine is refused' 78 th-search recette
echo "search: $url/Th" >"$TH_HOME/config.yaml"
code 'a prefix that no index can have is refused' 78 th-search recette

# ---- two stores, one engine -----------------------------------------------------

echo "search: $url/two" >"$TH_HOME/config.yaml"
mkdir "$scratch/other" && { cat "$TH_HOME/config.yaml"; echo 'accounts: {file: {other: {}}}'; } >"$scratch/other/config.yaml"
echo '{"id":"both","title":"shared thing"}' >in
th-publish file --path "$scratch/out.ndjson" --append <in >/dev/null 2>&1
TH_HOME=$scratch/other th-publish file:other --path "$scratch/out2.ndjson" --append <in >/dev/null 2>&1
receipts() { th-search --json --items "$1" | jq -c '[._published[].account] | sort'; }
says 'an item of both is found once, with the receipts of both' '["default","other"]' receipts shared
says 'by the other as well' '["default","other"]' sh -c 'TH_HOME=$1 th-search --json --items shared | jq -c "[._published[].account] | sort"' - "$scratch/other"
echo '{"id":"mine","title":"only here"}' | publish >/dev/null 2>&1
code 'building anew what one has' 0 env TH_HOME="$scratch/other" th-search --reindex
says 'takes nothing from the other' mine ids only
says 'nor receipts' '["default","other"]' receipts shared
echo "search: $url/th" >"$TH_HOME/config.yaml"

# ---- engines of other kinds -----------------------------------------------------

echo "search: $url/hired" >"$TH_HOME/config.yaml"
: >engine/hired
says 'one with shards of its own finds the same' '1 2' set_of recette
: >engine/part
code 'a part of the index is not all' 75 th-search recette
told 'which is said' 'only a part'
rm engine/hired engine/part

# ---- the index anew ----------------------------------------------------------------

echo "search: $url/th" >"$TH_HOME/config.yaml"
curl -fs -X DELETE "$url/th-items" >/dev/null
code 'the index is built anew' 0 th-search --reindex
says 'and finds the same' '1 2' set_of recette
echo 'search: sqlite' >"$TH_HOME/config.yaml"
says 'back to SQLite nothing is lost' '1 2' set_of recette
finish

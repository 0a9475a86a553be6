#!/bin/sh
# queue.t -- th-queue: the outbox in the open
. "${0%/*}/lib.sh"
. "$top/tests/sink.sh"
sink a
items 1 6 >in

code 'no queues: an empty list' 0 th-queue list
code 'put makes a queue' 0 sh -c 'th-queue put q <in'
told 'and tells how many are new' '^th-queue: 6 new$'
code 'put again: none is new' 0 sh -c 'th-queue put q <in'
told 'which is told' '^th-queue: 0 new$'
code 'an item without an id is bad input' 65 sh -c 'echo "{}" | th-queue put q'
is   'show prints the items as they came' in sh -c 'th-queue show q | jq -c .item'
says 'with what is known of them' 'q i1 waiting' sh -c \
    'th-queue show q | head -n 1 | jq -r "[.queue, .id, .state] | join(\" \")"'
ok   'on a terminal it is a table' sh -c \
    'script -qec "th-queue show q" /dev/null </dev/null | grep -Eq "^waiting +20..-..-.. ..:..  i1 "'
for mistake in 'list --ledger' 'show q --prometheus' 'explain i1 -n 1' 'stats --older 1d' \
    'put q --json' 'take q --older 1d' 'ack q --lease 1m' 'retry q -n 1' 'release q --ledger' \
    'drop q i1 --json' 'purge --lease 1m' 'export --json' 'import --ledger'; do
	code "an option that another command has: $mistake" 64 sh -c 'th-queue '"$mistake"' </dev/null'
	told 'is no option of this one' "^th-queue: --[a-z]* is not an option of ${mistake%% *};"
done
ok   'nothing was done' sh -c 'th-queue show q | jq -c .item | cmp -s - in'
for right in 'list --json' 'show q --json --ledger' 'explain i1 --json' 'stats --json' 'stats --prometheus' \
    'purge --older 90d' 'retry q' 'export q' 'put q'; do
	code "one that it has: $right" 0 sh -c 'th-queue '"$right"' --wait 5s </dev/null'
done
code 'a queue that is not there is wrong use' 64 th-queue show nothing
told 'and named' 'no queue nothing'
code 'an unknown command' 64 th-queue tkae q
told 'gets a hint' 'did you mean take'
code 'an operand too few' 64 th-queue show
code 'a queue without a name' 64 th-queue put ''
code 'one whose name is no text' 64 th-queue put "$(printf 'a\377')"
code 'an operand too many' 64 th-queue list q

# ---- take and ack
head -n 2 in >want
is   'take leases the first ones' want th-queue take q -n 2
sed 1,2d in | head -n 1 >want
is   'the next take gets the next' want th-queue take q -n 1
says 'they are leased' 3 counts q leased
ok   'ack of items: they were published' sh -c 'head -n 2 in | th-queue ack q'
says 'so they are' 2 counts q published
code 'ack of a refusal' 65 sh -c 'echo "{\"id\":\"i3\",\"status\":\"refused\",\"reason\":\"no\"}" | th-queue ack q'
says 'the reason is kept' no sh -c 'th-queue show q | jq -r "select(.id == \"i3\").reason"'
th-queue take q -n 1 >/dev/null
code 'ack of a retry: it waits' 75 sh -c 'echo "{\"id\":\"i4\",\"status\":\"retry\",\"after\":900}" | th-queue ack q'
says 'for as long as it says' i5 sh -c 'th-queue take q -n 1 --lease 1s | jq -r .id'
code 'ack of what is not there is bad input' 65 sh -c 'echo "{\"id\":\"zz\"}" | th-queue ack q'
told 'and is named' 'zz: is not in the queue'
code 'a status nobody knows is bad input' 65 sh -c 'echo "{\"id\":\"i5\",\"status\":\"perhaps\"}" | th-queue ack q'
later='faketime +1minute'
if on redis; then # its own clock counts
	later=
	_end=$(($(date +%s) + 2))
	until_true sh -c '[ "$(date +%s)" -ge "$1" ]' - $_end
fi
says 'what is not acknowledged returns when the lease is over' i5 \
    sh -c "$later th-queue take q -n 1 | jq -r .id"
told 'as doubtful' 'may have been sent before'
says 'a publisher in any language can stand in' 'published' sh -c '
	th-queue take q | jq -c "{id, status: \"published\", remote_id: \"r6\", url: \"http://x/r6\"}" | th-queue ack q
	th-queue explain i6 | jq -r .state'
says 'its receipt is kept' http://x/r6 sh -c 'th-queue explain i6 | jq -r .url'
printf 'limits: {webhook: 2/1h}\n' >"$TH_HOME/config.yaml"
th-publish webhook --url "$url" --queue l --queue-only <in 2>/dev/null
says 'take keeps the limit of the account' 2 sh -c 'th-queue take l 2>take.err | wc -l'
ok   'and says so' grep -q 'limit reached, next at' take.err
says 'th-publish counts what was taken' 0 sh -c 'th-publish webhook --url "$1" --queue l --drain | wc -l' - "$url"
rm "$TH_HOME/config.yaml"

# ---- moving items about
ok   'retry lets one go' th-queue retry q i3
says 'so it waits' waiting sh -c 'th-queue explain i3 | jq -r "select(.queue == \"q\").state"'
ok   'retry lets all go' th-queue retry q
says 'nothing is put off any more' 0 sh -c \
    'th-queue list | jq "select(.queue == \"q\") | if .next then 1 else 0 end"'
ok   'drop takes one out' th-queue drop q i3
says 'it is remembered' dropped sh -c 'th-queue explain i3 | jq -r "select(.queue == \"q\").state"'
ok   'so it is not put in again' sh -c 'th-queue put q <in && th-queue show q | jq -e "select(.id == \"i3\")" >found; [ ! -s found ]'
code 'there is nothing more to drop' 65 th-queue drop q i3
says 'explain an id that nobody knows' unknown sh -c 'th-queue explain zz | jq -r .state'
ok   'explain on a terminal is a sentence' sh -c \
    'script -qec "th-queue explain i6" /dev/null </dev/null | grep -q "^q: i6: published on 20[-0-9]* [0-9:]* as http://x/r6"'
says 'of a published item the id is repeated, who took it, when and where it is' 'i1 webhook default true true' sh -c \
    'head -n 1 in | th-publish webhook --url "$1" --queue ex >/dev/null 2>&1
    th-queue explain i1 | jq -r "select(.queue == \"ex\") |
        \"\(.id) \(.service) \(.account) \(.date != null) \(.explanation | test(\"^published on .* at webhook:default\"))\""' - "$url"
touch "$TH_HOME/vacation"
says 'explain tells of a vacation' 'waits, vacation' sh -c '
	echo "{\"id\":\"away\"}" | th-queue put q 2>/dev/null
	th-queue explain away | jq -r .explanation; th-queue drop q away'
says 'and of one that came to nobody' 1 sh -c \
    'th-queue explain zz | grep -c "unknown.* on vacation"'
rm "$TH_HOME/vacation"

# ---- a limit of the command line
sink own
for limit in 1/1h 0; do
	th-publish webhook --url "$url" --queue "own $limit" --limit "$limit" \
	    <in >/dev/null 2>&1
done
says 'explain knows the limit that held the queue up' 1 sh -c \
    'th-queue explain i2 | grep -c "waits (limit 1/1h, next at 20[-0-9]* [0-9:]*)"'
says 'a limit of 0, too' 1 sh -c \
    'th-queue explain i2 | grep -c "waits (limit 0)"'
th-publish webhook --url "$url" --queue "own 1/1h" --drain --max-items 1 \
    >/dev/null 2>&1
says 'a run without it forgets it' 0 sh -c \
    'th-queue explain i5 | grep -c "limit 1/1h"'

# ---- refused, purged
sink p
echo '* 422' >p.plan
th-publish webhook --url "$url" --queue p <in >/dev/null 2>&1
says 'dead letters' 6 counts p refused
rm p.plan
code 'purge leaves what is young' 0 th-queue purge p --older 90d
says 'it does' 6 counts p refused
code 'purge forgets the old' 0 faketime '+91 days' th-queue purge p --older 90d
says 'they are out of the outbox' 0 counts p refused
says 'but their ids are known: nothing is published again' 0 sh -c \
    'th-publish webhook --url "$1" --queue p <in | wc -l' - "$url"
ok   'purge forgets receipts, not ids' sh -c '
	faketime "+91 days" th-queue purge 2>/dev/null
	[ "$(th-queue explain i6 | jq -r "select(.queue == \"q\") | [.state, .url] | tostring")" = "[\"published\",null]" ]'

# ---- figures
ok   'stats as JSON' sh -c 'th-queue stats --json | jq -e "select(.queue == \"q\") | .published >= 1"'
ok   'stats for Prometheus' sh -c \
    'th-queue stats --prometheus | grep -Eq "^triggerhappy_queue_items\{queue=\"q\",state=\"published\"\} [0-9]+$"'
echo '{"id":"1"}' | th-queue put 'a"b\c' 2>/dev/null
ok   'they keep the rules' sh -c 'th-queue stats --prometheus | python3 "$1"' - "$top/tests/prometheus.py"
ok   'odd names are escaped there' sh -c 'th-queue stats --prometheus | grep -Fq "queue=\"a\\\"b\\\\c\""'

# ---- from one store to another
th-queue put e <in 2>/dev/null
th-queue take e -n 1 >/dev/null
head -n 1 in | th-queue ack e
th-queue export | sort >exported
mkdir other
ok   'import takes what export printed' sh -c 'TH_HOME=$PWD/other th-queue import <exported'
is   'both stores hold the same' exported sh -c 'TH_HOME=$PWD/other th-queue export | sort'
code 'a second import changes nothing' 0 sh -c 'TH_HOME=$PWD/other th-queue import <exported'
told 'it says so' ' 0 imported'
ok   'what was counted on a limit comes along' sh -c 'grep -q "\"memory\":\"limit\",\"of\":\"webhook:default\"" exported'
printf 'limits: {webhook: 2/1h}\n' >other/config.yaml
says 'so nothing bursts after a move' 0 sh -c \
    'TH_HOME=$PWD/other th-publish webhook --url "$1" --queue l --drain 2>/dev/null | wc -l' - "$url"
rm other/config.yaml
sink g
items 21 40 >old
th-publish webhook --url "$url" --queue g <old >/dev/null 2>&1
sed 's/"id":"i/"id":"new/' old >storm
mkdir third
ok   'one queue alone' sh -c 'th-queue export g | TH_HOME=$PWD/third th-queue import'
code 'brings the memory of the storm guard along' 75 sh -c \
    'TH_HOME=$PWD/third th-publish webhook --url "$1" --queue g <storm' - "$url"
told 'which tells' 'held 20 items'
echo '* 429 after=300' >g.plan
items 50 51 | th-publish webhook --url "$url" --queue g >/dev/null 2>&1
mkdir fourth
ok   'who asked to be left alone' sh -c 'th-queue export g | TH_HOME=$PWD/fourth th-queue import'
code 'is left alone there too' 75 sh -c \
    'TH_HOME=$PWD/fourth th-queue take g >taken 2>take.err; [ ! -s taken ] && grep -q "left alone until" take.err && exit 75'
rm g.plan
code 'numbers that are none are bad input' 65 sh -c 'echo "{\"memory\":\"limit\",\"of\":\"x\",\"values\":[\"a\"]}" | th-queue import'
code 'a memory that nobody knows is bad input' 65 sh -c 'echo "{\"memory\":\"mood\",\"of\":\"x\",\"values\":[1]}" | th-queue import'
says 'nothing is published again after the move' 0 sh -c \
    'TH_HOME=$PWD/other th-publish webhook --url "$1" --queue p <in | wc -l' - "$url"
code 'import of nonsense is bad input' 65 sh -c 'printf "%s\n" "{}" "x" "{\"queue\":\"q\",\"state\":\"odd\"}" "{\"queue\":\"q\",\"state\":\"waiting\",\"hash\":\"00\"}" | th-queue import'
if on sqlite; then
	th-queue export | sort >exported
	python3 -c 'import sqlite3; d = sqlite3.connect("'"$TH_HOME"'/th.db")
d.executescript("ALTER TABLE outbox DROP COLUMN beat; PRAGMA user_version=1")'
	is 'a store that an older version made is used as it is' exported sh -c 'th-queue export | sort'
	ok 'and written to' sh -c 'th-queue take e -n 1 >/dev/null'
	python3 -c 'import sqlite3; d = sqlite3.connect("'"$TH_HOME"'/th.db")
d.execute("PRAGMA user_version=99")'
	code 'one that a newer version made is not' 78 th-queue list
	told 'which is told' 'made by a newer version'
	python3 -c 'import sqlite3; d = sqlite3.connect("'"$TH_HOME"'/th.db")
d.execute("PRAGMA user_version=2")'
fi
code 'output on a full disk is an error' 74 sh -c 'th-queue export >/dev/full'
code 'take on a full disk is one too' 74 sh -c 'th-queue take e >/dev/full'
finish

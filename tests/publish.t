#!/bin/sh
# publish.t -- th-publish: each item once, limits, failures, receipts
. "${0%/*}/lib.sh"
. "$top/tests/sink.sh"

sink a
items 1 10 >in

# ---- once, with receipts
ok   'items are published' sh -c 'th-publish webhook --url "$1" <in >out 2>err' - "$url"
ids 1 10 >want
is   'each arrives, in order' want arrived a.log
says 'each is printed with its receipt' 10 sh -c \
    'jq -r "._published[0] | select(.service == \"webhook\" and .account == \"default\" and (.date | length == 20)) | .service" out | wc -l'
ok   'the rest of the line is what it was' sh -c \
    'jq -c "del(._published)" out | cmp - in'
says 'the summary tells' 'th-publish: 10 published' cat err
is   'a second run prints the same receipts' out hook <in
is   'and sends nothing' want arrived a.log
items 1 12 >more
says 'new ones among known ones are sent' 'i11 i12' sh -c \
    'th-publish webhook --url "$1" <more >out2 && tail -n 2 a.log | cut -d" " -f2 | xargs' - "$url"
says 'the receipts are those of all that was read' 12 sh -c 'wc -l <out2'
items 50 50 >one
says 'published twice in one input is published once' 1 sh -c \
    'cat one one | th-publish webhook --url "$1" --queue twice | wc -l' - "$url"
says 'publishers chain: one receipt each' '2' sh -c \
    'th-publish webhook --url "$1" --queue c1 <one | th-publish webhook --url "$1" --queue c2 | jq "._published | length"' - "$url"
says 'a chain that broke is mended by a re-run' '2' sh -c \
    'th-publish webhook --url "$1" --queue c1 <one | th-publish webhook --url "$1" --queue c3 | jq "._published | length"' - "$url"

# ---- options
ok   'no more than so many in a run' sh -c 'th-publish webhook --url "$1" --queue most --max-items 2 <in >out.m 2>err.m' - "$url"
says 'are sent, the others wait' '2 th-publish: 2 published, 8 wait' sh -c 'echo "$(wc -l <out.m) $(cat err.m)"'
says 'for the next run' 8 sh -c 'th-publish webhook --url "$1" --queue most --drain 2>err.m | wc -l' - "$url"
says 'a dry run shows as many' 3 sh -c 'th-publish webhook --url "$1" --queue most2 --max-items 3 --dry-run <in 2>err.m | grep -c "^POST"' - "$url"
code 'not even one is wrong use' 64 hook --max-items 0
code 'an item without an id is bad input' 65 hook --queue b <<-X
	{"title":"no id"}
	{"id":"","title":"empty id"}
	nonsense
	{"id":"b1"}
	X
told 'its line is named' 'line 1: an item without an id'
told 'so is a bad line' 'line 3, column [0-9]+: '
says 'the good one went out' 'b1' sh -c 'tail -n 1 a.log | cut -d" " -f2'
code '--queue-only deposits' 0 hook --queue d --queue-only <in
told 'and tells what waits' '^th-publish: 0 published, 10 wait$'
says 'nothing was sent' 'b1' sh -c 'tail -n 1 a.log | cut -d" " -f2'
says '--drain sends it, reading nothing' 10 sh -c \
    'echo garbage | th-publish webhook --url "$1" --queue d --drain | wc -l' - "$url"
: >empty
is   '--mark-seen prints nothing' empty hook --queue s --mark-seen <in
told 'and tells how many' '10 marked as seen'
ok   'explain says that they were not sent' sh -c \
    'th-queue explain "$(head -n 1 in | jq -r .id)" | grep -q "marked as seen on .*, not sent"'
cp a.log before
is   'what is marked as seen is not published later, nor printed' empty hook --queue s <in
ok   'indeed not' cmp a.log before
on redis || cp "$TH_HOME/th.db" db.before
says '--dry-run shows the requests' 10 sh -c \
    'th-publish webhook --url "$1" --queue dry --dry-run <in | grep -c "^POST "' - "$url"
ok   '--dry-run sends nothing' cmp a.log before
on redis || ok '--dry-run leaves the store as it was' cmp "$TH_HOME/th.db" db.before
ok   '--dry-run makes no store' sh -c \
    'mkdir none && TH_HOME=$PWD/none th-publish webhook --url "$1" --dry-run <in >/dev/null && [ ! -e none/th.db ]' - "$url"
echo '{"id":"","title":"t"}' >idless
code '--dry-run refuses what a run would refuse' 65 env TH_HOME="$scratch/none" th-publish webhook --url "$url" --dry-run <idless
told 'by its line' 'line 1: an item without an id'
says '--dry-run leaves out what is known' 0 sh -c \
    'th-publish webhook --url "$1" --dry-run <in | grep -c "^POST"; exit 0' - "$url"
says '--text makes the body' 'Title 1!' sh -c \
    'head -n 1 in | th-publish webhook --url "$1" --queue t --dry-run --text "{title}!" | tail -n 2 | head -n 1' - "$url"
code '--parallel and --in-order exclude each other' 64 hook --parallel 2 --in-order
code 'an unknown service is wrong use' 64 th-publish wbhook
told 'with a hint' 'did you mean webhook'
code 'an unknown account is a configuration error' 78 th-publish webhook:x --url "$url"
code 'a wrong limit is wrong use' 64 hook --limit many
printf 'limits: {webhook: 3/15m}\n' >"$TH_HOME/config.yaml"

# ---- limits
for round in 1 2 3 4; do
	th-publish webhook --url "$url" --queue l$round --limit 2/1h <in >out.l 2>err.l
	echo "$? $(wc -l <out.l) $(sed 's/[0-9][0-9]:[0-9][0-9]/HH:MM/' err.l)"
done >got
printf '%s\n' '0 2 th-publish: 2 published, 8 wait (limit 2/1h, next at HH:MM)' \
    '0 1 th-publish: 1 published, 9 wait (limit 3/15m, next at HH:MM)' \
    '0 0 th-publish: 0 published, 10 wait (limit 3/15m, next at HH:MM)' \
    '0 0 th-publish: 0 published, 10 wait (limit 3/15m, next at HH:MM)' >want
is   'a limit of the queue and one of the account both hold; waiting is no failure' want cat got
printf 'limits: {webhook: 0}\n' >"$TH_HOME/config.yaml"
code 'a limit of 0 stops publishing' 0 hook --queue l5 <in
told 'and says so' '0 published, 10 wait \(limit 0\)'
printf 'limits:\n  webhook: 3/15m\n  wbhook:work: 1/1d\n  else: 2/1h\n' >"$TH_HOME/config.yaml"
code 'a limit for a service that is not here is no mistake' 0 hook --queue l6 --dry-run </dev/null
told 'but is warned of' '^th-publish: .*:[0-9]+:3: wbhook:work: a limit for a service that is not here \(did you mean webhook\?\)$'
told 'each with its place' ':[0-9]+:3: else: a limit for a service that is not here$'
rm "$TH_HOME/config.yaml"

# ---- failures
sink f
printf '%s\n' 'i3 500' 'i5 404' >f.plan
code 'what failed waits: try again later' 75 hook --queue f <in
told 'the reason is told' 'i3: waits: .*500'
told 'the refused one is told' 'i5: refused: .*404'
told 'the summary counts both' '8 published, 1 wait \(next at [0-9:]*\), 1 refused'
code 'a queue that waits for a back-off is a failure still' 75 hook --queue f --drain
echo 'i5 404' >f.plan
ok   'th-queue retry lets it go at once' sh -c 'th-queue retry f i3 && th-publish webhook --url "$1" --queue f --drain' - "$url"
{ ids 1 2; echo i4; ids 6 10; echo i3; } >want
is   'the others went before, the one came last' want arrived f.log
ok   'the refused one has the words of the service' sh -c \
    'th-queue explain i5 | jq -es "any(.queue == \"f\" and (.reason | tostring | test(\"404\")))"'
rm f.plan
ok   'a refused item can be tried again' sh -c 'th-queue retry f i5 && th-publish webhook --url "$1" --queue f --drain | grep -q i5' - "$url"
sink o
echo 'i3 500 once' >o.plan
code '--in-order holds the others up' 75 hook --queue o --in-order <in
told 'until when is told' '2 published, 8 wait \(next at '
ids 1 2 >want
is   'only those before it went' want arrived o.log
ok   'and the rest follows in order' sh -c 'th-queue retry o && th-publish webhook --url "$1" --queue o --in-order --drain' - "$url"
ids 1 10 >want
is   'all in order' want arrived o.log
printf '{"queue":"oi","hash":"%s","state":"waiting","service":"webhook","account":"default","id":"i0","date":"2026-11-01T00:00:00Z","due":"2100-01-01T00:00:00Z","tries":1,"item":{"id":"i0"}}\n' \
    "$(printf i0 | sha256sum | cut -c1-32)" | th-queue import 2>/dev/null
code 'what waits behind one whose time has not come is a failure, too' 75 hook --queue oi --in-order <in
told 'and told until when' '0 published, 11 wait \(next at 2100-01-01'
ok   'without --in-order the others go' sh -c '[ "$(th-publish webhook --url "$1" --queue oi --drain | wc -l)" = 10 ]' - "$url"
sink w
echo '* 401' >w.plan
code 'after 401 somebody must log in' 77 hook --queue w <in
says 'the run stopped asking' 1 sh -c 'wc -l <w.log'
rm w.plan
ok   'after the login all is sent' hook --queue w --drain
sink p
echo '* 429 after=100' >p.plan
code 'after 429 the service is left alone' 75 hook --queue p <in
says 'nothing more was asked' 1 sh -c 'wc -l <p.log'
rm p.plan
code 'another process, another queue: the account is left alone too' 75 hook --queue p2 <in
told 'and says why' 'asked to wait'
says 'it did not ask' 1 sh -c 'wc -l <p.log'
ok   'explain tells until when' sh -c \
    'th-queue explain i2 | jq -es "any(.queue == \"p\" and (.explanation | test(\"waits, not before 20\")))"'
ok   'who takes items out by hand obeys too' sh -c '[ -z "$(th-queue take p 2>take.err)" ]'
ok   'and is told' grep -q 'asked to be left alone until 20' take.err
paused=$url
sink q
ok   'another address of the account is not meant' hook --queue q <in
url=$paused/other
code 'nor is another path there' 0 sh -c \
    'th-publish webhook --url "$1" --queue q2 <in' - "$url"
TH_HOME=$scratch/home2; mkdir "$TH_HOME"
sink r
echo 'i1 500' >r.plan
items 1 1 >one
code '--retries 0: the first failure is the last' 65 hook --queue r --retries 0 <one
told 'given up' 'refused: given up after 1 attempts'
if on sqlite; then # a clock of this machine that jumps means nothing to a server
sink e
items 1 3 | hook --queue e --queue-only 2>/dev/null
code '--max-age sets aside what waited too long' 0 faketime '+2 hours' \
    th-publish webhook --url "$url" --queue e --max-age 1h --drain
told 'and counts it' '0 published, 3 expired'
ok   'nothing was sent' sh -c '[ ! -s e.log ]'
fi
url=http://127.0.0.1:1/
code 'nobody there: the run ends after three' 75 hook --queue n <in
told 'all wait' '0 published, 10 wait'
cp .err n.err
says 'no more than three were tried' 3 sh -c 'grep -c "waits: " n.err'

# ---- storms
TH_HOME=$scratch/home3; mkdir "$TH_HOME"
sink g
items 1 40 >old
hook --queue g <old >/dev/null 2>&1
sed 's/"id":"i/"id":"new/' old >storm
code 'new ids of known urls are held' 75 hook --queue g <storm
told 'one message says so' 'held 40 items'
cp .err g.err
says 'one message, not forty' 1 sh -c 'grep -c held.40.items g.err'
says 'none went out' 0 sh -c 'grep -c new g.log; exit 0'
code 'they stay held in the next run' 75 hook --queue g <storm
{ cat old; items 41 80; } >mixed
ok   '40 really new ones among known ones pass' hook --queue g2 --no-guard <old
ok   'pass indeed' sh -c '[ "$(th-publish webhook --url "$1" --queue g2 <mixed | wc -l)" = 80 ]' - "$url"
sed 's/"url":"[^"]*"/"url":"x"/; s/Title [0-9]*/Photo/; s/"id":"i/"id":"p/' old >photos
ok   'forty photos with one title are no storm' sh -c '
	head -n 1 photos | th-publish webhook --url "$1" --queue g >/dev/null 2>&1
	th-publish webhook --url "$1" --queue g <photos >ph.out 2>/dev/null; [ "$(wc -l <ph.out)" = 40 ]' - "$url"
says 'th-queue release lets them go' 40 sh -c \
    'th-queue release g 2>/dev/null && th-publish webhook --url "$1" --queue g --drain | wc -l' - "$url"
sed 's/"id":"i/"id":"third/' old >third
hook --queue g <third >/dev/null 2>&1
ok   '--mark-seen settles that they are not' sh -c '
	th-publish webhook --url "$1" --queue g --mark-seen <third && th-publish webhook --url "$1" --queue g <third' - "$url"
says 'so they are not published' 0 sh -c 'grep -c third g.log; exit 0'
sed 's/"id":"i/"id":"fourth/' old >fourth
says '--no-guard publishes them' 40 sh -c 'th-publish webhook --url "$1" --queue g --no-guard <fourth | wc -l' - "$url"

# ---- output that fails
code 'a full standard output is an error' 74 sh -c 'th-publish webhook --url "$1" --queue x1 <in >/dev/full' - "$url"
code 'a reader that left is none' 0 bash -c 'th-publish webhook --url "$1" --queue x2 <in | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}' - "$url"
says 'nothing is lost by either' 10 sh -c 'th-publish webhook --url "$1" --queue x1 <in | wc -l' - "$url"
touch "$TH_HOME/vacation"
code 'on vacation nothing is done' 0 hook --queue v <in
told 'and that is said' vacation
finish

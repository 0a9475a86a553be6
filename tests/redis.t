#!/bin/sh
# redis.t -- the store that machines share, on real servers
#
# First, beside the rest, the tests of delivery again on Redis.  TH_LONG=1 makes
# 300 rounds of the kills.
. "${0%/*}/lib.sh"
. "$top/tests/sink.sh"
on redis || . "$top/tests/redis.sh"
if ! command -v redis-server redis-cli >/dev/null; then
	skip 'the store on Redis' 'no redis-server here: make deps'
	finish
fi
again='publish external queue crash'
for t in $again; do
	TH_TEST_STORE=redis sh "$top/tests/$t.t" >"$scratch/again.$t" 2>&1
done &
again_pid=$!

redis_start --appendfsync always
use() { # URL [LINE]...: the store of TH_HOME from here on
	(umask 077 && { printf 'store: "%s"\n' "$1"; shift; printf '%s\n' "$@"; } >"$TH_HOME/config.yaml")
}
machine() { # NAME: a home of its own, the same store
	TH_HOME=$scratch/$1; mkdir -p "$TH_HOME"; use "$here"
}
proxy() { # NAME: $there leads to the server through it; NAME.plan is its own
	rm -f "$1.port"
	python3 "$top/tests/servers/redis-proxy.py" "$scratch/redis.sock" "$1.plan" >"$1.port" 2>"$1.err" &
	pids="$pids $!"
	until_true test -s "$1.port"
	there=redis://127.0.0.1:$(cat "$1.port")/3
}
here="unix://$scratch/redis.sock?db=3"
items 1 10 >in
ids 1 10 >want

# ---- where it is, who may
use "$here"
sink a
ok   'a store on Redis by its socket' hook --queue a <in
is   'delivers' want arrived a.log
says 'another machine knows' 0 sh -c 'mkdir other && cp "$TH_HOME/config.yaml" other &&
    TH_HOME=$PWD/other th-publish webhook --url "$1" --queue a <in 2>&1 >/dev/null | cut -d" " -f2' - "$url"
ok   'nothing is left of it in the stream' [ "$(redis -n 3 xlen 'th:{th}:queue a:s')" = 0 ]
says 'all keys share a hash slot' 1 sh -c \
    'redis-cli -s "$1" -n 3 keys "*" | sed "s/.*{//; s/}.*//" | sort -u | wc -l' - "$scratch/redis.sock"
use "unix://$scratch/redis.sock?db=64"
code 'a database that is not there is a configuration error' 78 th-queue list
told 'and told' 'has no database of that number'
redis config set requirepass 'pa:ss/w%rd' >/dev/null
use "$here"
code 'a password is missing' 78 th-queue list
told 'and told' 'redis.sock: wants a password'
use "unix://:wrong-one@$scratch/redis.sock?db=3"
code 'a wrong password is a configuration error' 78 th-queue list -vv
told 'that does not show it' 'redis.sock: does not take the password'
ok   'indeed not' sh -c '! grep -q wrong-one "$1"' - "$scratch/.err"
sock=$scratch/redis.sock
TH_REDIS="unix://:pa%3Ass%2Fw%25rd@$sock?db=3"; export TH_REDIS
printf 'store_env: TH_REDIS\n' >"$TH_HOME/config.yaml"
ok   'store_env has the URL with its password' th-queue list -vv
ok   'which is not shown' sh -c '! grep -q "ss.*rd" "$1" "$2"' - "$scratch/.err" "$scratch/.out"
printf 'store_command: "echo $TH_REDIS"\n' >"$TH_HOME/config.yaml"
ok   'store_command prints it' th-queue list
printf 'store_command: "exit 3"\n' >"$TH_HOME/config.yaml"
code 'a command that fails is a configuration error' 78 th-queue list
printf 'store: sqlite\nstore_env: TH_REDIS\n' >"$TH_HOME/config.yaml"
code 'one store is enough' 78 th-queue list
printf 'store: "redis://:pw@localhost/"\n' >"$TH_HOME/config.yaml"
chmod 644 "$TH_HOME/config.yaml"
code 'a password that others can read is refused' 78 th-queue list
rm -f "$TH_HOME/config.yaml"
redis -a 'pa:ss/w%rd' --no-auth-warning config set requirepass '' >/dev/null
redis acl setuser th on '>pw' '~th:*' +@read +@write +@scripting +@connection +time >/dev/null
use "unix://th:pw@$sock?db=3"
ok   'a user of an ACL with the rights of th-config(5)' hook --queue acl -v <in
told 'who may not ask for settings' 'does not tell its appendonly'
redis acl setuser th -@stream >/dev/null
code 'one right less is a configuration error' 78 hook --queue acl2 <in
told 'and told' 'does not permit'
use "$here"
ok   'settings that keep what was promised are not spoken of' th-queue list -v
ok   'indeed' sh -c '! grep -q append "$1"' - "$scratch/.err"
redis config set appendfsync everysec >/dev/null
ok   'those that do not are, with -v' th-queue list -v
told 'by name' 'appendfsync is not always: a power failure loses the last second'
redis config set appendfsync always >/dev/null
for bad in redis:///0 redis://h:99999/ redis://h/x 'redis://h/0?x=1' unix://h/x unix:///s?x=1; do
	use "$bad"
	code "$bad is no store" 78 th-queue list
done
use rediss://127.0.0.1:1/0
code 'rediss without TLS in hiredis is refused, with it not reached' \
    "$(pkg-config --atleast-version=1.0 hiredis && echo 75 || echo 78)" th-queue list --wait 0

# ---- a server that is away, or not ready
use redis://127.0.0.1:1/0
code 'nobody there: try again later' 75 hook --wait 300s --wait 0 <in
told 'and who is not there' 'redis://127.0.0.1:1/0: Connection refused'
python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
print(s.getsockname()[1], flush=True)
while True: c = s.accept()[0]; c.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n"); c.close()' >http.port & pids="$pids $!"
until_true test -s http.port
use "redis://127.0.0.1:$(cat http.port)/2"
code 'who is no Redis server is told so' 78 th-queue list --wait 0
told 'by name' 'is no Redis server'
proxy p
use "$there"
ok   'by TCP' hook --queue tcp <in
sink b
for c in 'LOADING Redis is loading the dataset in memory' \
    'BUSY Redis is busy running a script' \
    'MASTERDOWN Link with MASTER is down' \
    "READONLY You can't write against a read only replica." \
    'ERR Error running script (call to f_1): @user_script:1: -READONLY You cannot' \
    'CLUSTERDOWN The cluster is down' \
    "OOM command not allowed when used memory > 'maxmemory'." \
    'MISCONF Errors writing to the AOF file: No space left on device' \
    'NOREPLICAS Not enough good replicas to write.' \
    'ERR max number of clients reached'; do
	echo "error 3 $c" >p.plan
	items 1 3 >few
	ok "${c%% *} is waited for" hook --queue "$c" <few
done
says 'each time all of it arrives' 30 sh -c 'arrived=$(grep -c "^200" b.log); echo $arrived'
words() { # CODE ANSWER WORDS
	echo "error 1000 $2" >p.plan
	code "${2%% *} until the time is over: $1" "$1" th-queue list --wait 0
	told 'and told' "$3"
}
words 75 'LOADING wait' 'is loading its data'
words 74 'OOM no' 'has no memory left'
words 74 'MISCONF no' 'cannot write to its disk'
words 78 "ERR unknown command 'EVALSHA'" 'too old'
use "${there%/3}" # no SELECT, as in a cluster
words 75 'MOVED 3999 127.0.0.1:1' 'Connection refused'
words 74 'MOVED 3999 nowhere' 'sends us nowhere'
words 75 'ASK 3999 127.0.0.1:1' 'is moving keys'
use "$there"
echo hang >p.plan
code 'one who does not answer is not waited for for ever' 75 th-queue list --wait 1
told 'and told' 'does not answer'
rm p.plan
sink h
echo '* 200 delay=0.02' >h.plan
items 1 500 >long
th-publish webhook --url "$url" --queue hung --wait 5m <long >/dev/null 2>&1 & p=$!
until_true test -s h.log
echo hang >p.plan
kill -INT $p
timeout 60 tail --pid=$p -f /dev/null || kill -9 $p
wait $p; got=$?
says 'nor for long once told to stop' 75 echo $got
rm p.plan
redis config set maxmemory 1 >/dev/null
sink m
code 'a server that is full: nothing can be deposited' 74 hook --queue full --wait 0 <in
told 'and told' 'has no memory left'
ok   'nothing was sent' [ ! -s m.log ]
redis config set maxmemory 0 >/dev/null
ok   'with room again all is sent' hook --queue full <in
is   'each once' want arrived m.log
redis eval 'while true do end' 0 >/dev/null 2>&1 &
hook --queue busy <in >/dev/null 2>&1 & p=$!
until_true sh -c 'redis-cli -s "$1" ping | grep -q BUSY' - "$sock"
redis script kill >/dev/null
ok   'a busy server is waited for' wait $p
redis script flush >/dev/null
ok   'scripts that were forgotten are sent again' hook --queue flushed <in

# ---- batches: one is written while the next is read
{ items 1 1500; items 900 2100; items 1 50; items 2101 2600; } >batches
items 1 2600 >whole
use "$there"
for cut in 5 6 7; do # replies that are lost: of the look, of the deposit
	echo "cut $cut" >p.plan
	ok   "batches, reply $cut lost" th-queue put "batch$cut" <batches
	rm p.plan
	is   'each item once, in order' whole th-queue take "batch$cut"
done
ok   'what is new is counted once' th-queue put batch <batches
told 'over all batches' '2600 new'
ok   'nothing of it is new again' th-queue put batch <batches
told 'told' '0 new'
redis script flush >/dev/null
ok   'as seen, several batches' hook --queue batch --mark-seen <batches
says 'nothing waits' '0 2600' sh -c \
    'th-queue list | jq -r "select(.queue == \"batch\") | \"\(.waiting) \(.seen)\""'

# ---- replies that are lost
sink c
items 1 60 >many
ids 1 60 >all
echo 'cut 7' >p.plan
use "$there" 'limits: {webhook: 200/1h}'
code 'replies lost: every step is repeated' 0 hook --queue c --limit 1000/1h <many
is   'without harm: each item once, in order' all arrived c.log
is   'and the receipts of all' many sh -c 'th-publish webhook --url "$1" --queue c <many | jq -c "del(._published)"' - "$url"
says 'nothing is left leased' '0 0' sh -c \
    'th-queue list | jq -r "select(.queue == \"c\") | \"\(.waiting) \(.leased)\""'
says 'each is counted once on the limit' 60 redis -n 3 zcard 'th:{th}:limit queue%20c'
says 'what one takes is what is leased' '5 5' sh -c 'th-publish webhook --url "$1" --queue t --queue-only <many 2>/dev/null
    echo $(th-queue take t -n 5 | wc -l) $(th-queue list | jq "select(.queue == \"t\").leased")' - "$url"
rm -f p.plan

# ---- a server that dies
use "$here"
sink k
echo '* 200 delay=0.002' >k.plan
rounds=6
[ -n "${TH_LONG:-}" ] && rounds=300
items 1 400 >kin; ids 1 400 >kall
hook --queue k --wait 60s <kin >kout 2>kerr & p=$!
i=0
while [ $i -lt $rounds ] && kill -0 $p 2>/dev/null; do
	sleep "0.$(od -An -N1 -tu1 /dev/urandom | awk '{ printf "%02d", $1 % 20 + 5 }')"
	redis_kill; redis_start --appendfsync always; i=$((i + 1))
done
ok   "the server killed and started again ($i times): the publisher waits" wait $p
is   'each item arrives once, in order' kall arrived k.log
is   'and is in the ledger' kin sh -c 'jq -c "del(._published)" kout'
sink kp
echo '* 200 delay=0.002' >kp.plan
i=0 kills=0
while [ $i -lt $rounds ]; do
	th-publish webhook --url "$url" --queue kp --wait 60s <kin >/dev/null 2>&1 & p=$!
	sleep "0.0$(od -An -N1 -tu1 /dev/urandom | awk '{ printf "%02d", $1 % 80 + 10 }')"
	kill -9 $p 2>/dev/null && kills=$((kills + 1))
	wait $p 2>/dev/null
	redis_kill; redis_start --appendfsync always
	i=$((i + 1))
done
hook --queue kp <kin >/dev/null 2>kerr
hook --queue kp <kin >kout 2>>kerr
arrived kp.log | sort -u >got
sort kall >want.k
is   'publisher and server killed: every item arrives' want.k cat got
_twice=$(($(arrived kp.log | wc -l) - 400))
ok   "at most one is sent twice for a kill ($_twice for $kills)" [ $_twice -le $kills ]
is   'the ledger agrees with what arrived' kin sh -c 'jq -c "del(._published)" kout'
redis_kill
code 'a server that stays away: later' 75 hook --queue k2 --wait 0 <in
redis_start --appendfsync always

# ---- machines
leased() { # ID DUE: as a machine left it
	printf '{"queue":"far","hash":"%s","state":"leased","service":"webhook","account":"default","id":"%s","date":"2026-11-01T00:00:00Z","due":"%s","owner":"ffffffff.ffffffff.1.1","item":{"id":"%s"}}\n' \
	    "$(printf %s "$1" | sha256sum | cut -c1-32)" "$1" "$2" "$1"
}
sink f
{ leased over 2026-11-01T00:05:00Z; leased held 2100-01-01T00:00:00Z; } | th-queue import 2>/dev/null
ok   'a machine that died' hook --queue far --drain
told 'is doubted' 'over: may have been sent before'
says 'leaves its lease to another when it is over' over arrived f.log
says 'and not before' 1 counts far leased
sink l
printf '%s\n' 'limits: {webhook: 5/1h}' >limits
i=0; while [ $i -lt 4 ]; do
	machine m$i; cat limits >>"$TH_HOME/config.yaml"
	faketime "$((i * 7)) hours ago" th-publish webhook --url "$url" --queue l$i <many >/dev/null 2>&1 &
	eval "w$i=$!"; i=$((i + 1))
done
i=0; while [ $i -lt 4 ]; do eval "wait \$w$i"; i=$((i + 1)); done
says 'four machines whose clocks differ never exceed the limit of an account' 0 sh -c \
    'n=$(grep -c "^200" l.log); [ "$n" -le 5 ]; echo $?'
TH_HOME=$scratch/home; use "$here"
redis -n 3 flushdb >/dev/null
sink d
for i in 0 1 2 3; do
	machine m$i
	hook --queue d <kin >d.out.$i 2>d.err.$i &
	eval "w$i=$!"
done
for i in 0 1 2 3; do eval "wait \$w$i"; done
hook --queue d --drain >/dev/null 2>&1
arrived d.log | sort >got
is   'four machines that bring the same items: each once' want.k cat got
TH_HOME=$scratch/home; use "$here"
sink o
printf '{"queue":"o","hash":"%s","state":"waiting","service":"webhook","account":"default","id":"i0","date":"2026-11-01T00:00:00Z","due":"2100-01-01T00:00:00Z","tries":1,"item":{"id":"i0"}}\n' \
    "$(printf i0 | sha256sum | cut -c1-32)" | th-queue import 2>/dev/null
code 'an item whose time has not come holds up the rest, in order' 75 hook --queue o --in-order <in
code 'on another machine, too' 75 sh -c 'TH_HOME=$2/m1 th-publish webhook --url "$1" --queue o --in-order --drain' - "$url" "$scratch"
ok   'nothing was sent' [ ! -s o.log ]
ok   'th-queue retry lets it go' sh -c 'th-queue retry o && th-publish webhook --url "$1" --queue o --in-order --drain' - "$url"
ids 0 10 >want0
is   'then all goes in order' want0 arrived o.log
echo 'i20 500' >o.plan
items 20 20 | hook --queue o >/dev/null 2>&1
items 21 21 | hook --queue o >/dev/null 2>&1
says 'without --in-order it does not' i21 sh -c 'tail -n 1 o.log | cut -d" " -f2'

# ---- the clock of the server
jump() { # MILLISECONDS: what was counted moves, as when the clock goes back by that
	for _m in $(redis -n 3 zrange "$key" 0 -1); do redis -n 3 zincrby "$key" "$1" "$_m" >/dev/null; done
	hook --queue j --limit 5/15m <many >/dev/null 2>&1
	arrived j.log | wc -l
}
sink j
key='th:{th}:limit queue%20j'
{ jump 0; jump 10800000; jump -840000; jump -60001; jump -86400000; } | xargs >got
says 'a clock put back 3 h, on 14 min, 1 min and a day: no burst, nothing for ever' '5 5 5 10 15' cat got
says 'a limit that nobody needs any more goes away by itself' 1 sh -c \
    'n=$(redis-cli -s "$1" -n 3 pttl "$2"); [ "$n" -gt 900000 ] && [ "$n" -le 960000 ] && echo 1' - "$sock" "$key"

# ---- from one store to another
TH_HOME=$scratch/sqlite; mkdir "$TH_HOME"
sink x
printf '%s\n' 'i2 404' 'i4 500' >x.plan
hook --queue x <in >/dev/null 2>&1
items 11 13 | hook --queue x --mark-seen 2>/dev/null
items 14 15 | hook --queue x --queue-only 2>/dev/null
th-queue take x -n 1 >/dev/null 2>&1
hook --queue x --limit 0 --drain >/dev/null 2>&1
items 60 62 | hook --queue lim --limit 2/1h >/dev/null 2>&1
entry() { # ID STATE MORE
	printf '{"queue":"z","hash":"%s","state":"%s","service":"webhook","account":"default","id":"%s","date":"2026-11-01T00:00:00Z",%s"item":{"id":"%s"}}\n' \
	    "$(printf %s "$1" | sha256sum | cut -c1-32)" "$2" "$1" "$3" "$1"
}
{
	entry z9 waiting '"due":"2100-01-01T00:00:00Z","tries":3,"doubtful":true,"reason":"was away",'
	entry z3 held ''
	entry z7 expired ''
	entry z1 refused '"reason":"too \"long\"","tries":1,'
	entry z8 waiting ''
	entry z2 leased '"due":"2100-01-01T00:00:00Z","owner":"ffffffff.ffffffff.1.1",'
	entry z5 waiting '"doubtful":true,'
} | th-queue import 2>/dev/null
flat() { # what a store exports, but for times that depend on its clock
	th-queue export | jq -cS 'del(.due) | if .values then .values |= sort else . end' | sort
}
flat >from.sqlite
th-queue export >moved
th-queue export z | jq -r '.id // empty' >order
th-queue stats --json | jq -cS 'del(.next)' >counts
TH_HOME=$scratch/home; use "unix://$sock?db=9"
ok   'th-queue import takes what another store exported' sh -c 'th-queue import <moved'
is   'all of it: states, limits, the memory of the guard' from.sqlite flat
is   'in the order of the outbox' order sh -c 'th-queue export z | jq -r ".id // empty"'
is   'and counts the same' counts sh -c 'th-queue stats --json | jq -cS "del(.next)"'
code 'a second time adds nothing' 0 th-queue import <moved
told 'as it tells' '0 imported, 25 known before'
th-queue export >back
TH_HOME=$scratch/sqlite2; mkdir "$TH_HOME"
th-queue import <back 2>/dev/null
is   'and back again' from.sqlite flat
is   'in order' order sh -c 'th-queue export z | jq -r ".id // empty"'
ok   'what is not due yet is not made due' sh -c '[ "$(th-queue export z | jq -r "select(.id == \"z9\").due")" \> 2099 ]'
is   'and counted' counts sh -c 'th-queue stats --json | jq -cS "del(.next)"'
rm x.plan; : >x.log
items 1 15 >all15
TH_HOME=$scratch/home hook --queue x <all15 >/dev/null 2>&1
says 'nothing is published again after' 'i15' sh -c 'grep ^200 x.log | cut -d" " -f2 | grep -v "i14\|i4" | xargs'

# ---- states, limits, locks
TH_HOME=$scratch/home; use "unix://$sock?db=10"
ok   'the steps of the store as the library offers them' sh -c '
	"$1/tests/queue" >steps; cat steps; grep -q "^1\.\." steps && ! grep -q "^not ok" steps' - "${TH_BUILD:-$top/build}"
says 'a run that is settled leaves nothing aside' 0 sh -c \
    'redis-cli -s "$1" -n 10 keys "*run*" | grep -c th:; exit 0' - "$sock"

# ---- clusters
nodes=$(python3 -c 'import socket
s = [socket.socket() for _ in range(3)]
for x in s: x.bind(("127.0.0.1", 0))
p = [x.getsockname()[1] for x in s]
print(*(x if x < 55000 else x - 12000 for x in p))')
i=0
for port in $nodes; do
	mkdir cluster$i
	redis-server --port "$port" --dir "$scratch/cluster$i" --save '' --cluster-enabled yes \
	    --cluster-require-full-coverage no --cluster-node-timeout 1000 >>redis.log 2>&1 &
	eval "node$i=$port cluster$i=$!"; pids="$pids $!"; i=$((i + 1))
	until_true sh -c '[ "$(redis-cli -p "$1" ping)" = PONG ]' - "$port"
done
cluster() { # PORT COMMAND...
	_port=$1; shift; redis-cli -p "$_port" cluster "$@" >>redis.log 2>&1
}
owner() { # PORT: who has our keys, as it knows
	redis-cli -p "$1" get '{th}' 2>&1 | sed "s/.*MOVED.*://; s/^\$/$1/; q"
}
agree() { # PORT: do all nodes say that it is this one?
	for _p in $nodes; do [ -n "$1" ] && [ "$(owner "$_p")" = "$1" ] || return 1; done
}
# shellcheck disable=SC2046
redis-cli --cluster create $(for p in $nodes; do echo "127.0.0.1:$p"; done) --cluster-yes >>redis.log
until_true sh -c '[ "$(redis-cli -p "$1" cluster info | grep -c "state:ok")" = 1 ]' - "$node0"
from=$(owner "$node0")
until_true agree "$from"
for p in $nodes; do [ "$p" = "$from" ] || to=$p; done
for p in $nodes; do [ "$p" = "$from" ] || [ "$p" = "$to" ] || other=$p; done
id_from=$(redis-cli -p "$from" cluster myid) id_to=$(redis-cli -p "$to" cluster myid)
slot=$(redis-cli -p "$from" cluster keyslot '{th}')
use "redis://127.0.0.1:$other" 'limits: {webhook: 100/1h}'
sink u
ok   'one node of three is named, another has the keys' hook --queue 'u{}}x{' --limit 50/1h <in
is   'it delivers' want arrived u.log
says 'all keys are where they belong' 0 sh -c '[ "$(redis-cli -p "$2" dbsize)" -gt 3 ] && redis-cli -p "$1" dbsize' - "$other" "$from"
code 'a failure, too' 75 sh -c 'echo "* 429 after=9" >u.plan; sed "s/:\"i/:\"j/" in | th-publish webhook --url "$1" --queue v' - "$url"
ok   'and the state of a reader' sh -c 'th-fetch rss --state s "$1/tests/data/feed.xml" | grep -q id' - "$top"
says 'which is remembered' 0 sh -c 'th-fetch rss --state s "$1/tests/data/feed.xml" | wc -l' - "$top"
ok   'tables of queues' th-queue stats --prometheus
ok   'purging' th-queue purge --older 1s
sink y
echo '* 200 delay=0.02' >y.plan
hook --queue y <many >y.out 2>y.err & w=$!
until_true test -s y.log
cluster "$to" setslot "$slot" importing "$id_from"
cluster "$from" setslot "$slot" migrating "$id_to"
until [ "$(redis-cli -p "$from" cluster countkeysinslot "$slot")" = 0 ]; do
	redis-cli -p "$from" --scan | while IFS= read -r k; do
		redis-cli -p "$from" migrate 127.0.0.1 "$to" "$k" 0 1000 >>redis.log
	done
done
for p in "$to" "$from" "$other"; do cluster "$p" setslot "$slot" node "$id_to"; done
until_true agree "$to"
ok   'keys that move to another node meanwhile' wait $w
is   'each item once, in order' all arrived y.log
for i in 0 1 2; do
	eval "[ \$node$i = $to ] && kill -9 \$cluster$i && wait \$cluster$i" 2>/dev/null
done
code 'a node that is gone: later' 75 hook --queue y --wait 0 <in

# ---- the tests of delivery again
wait $again_pid
for t in $again; do
	grep -A9 '^not ok' "again.$t" | sed 's/^/# /'
	ok "$t.t passes on Redis" sh -c 'grep "^1\.\." "again.$1" && ! grep "^not ok" "again.$1"' - "$t"
done
finish

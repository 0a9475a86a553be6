#!/bin/sh
# crash.t -- nothing lost, nothing twice: kills, many publishers, full disks
#
# TH_LONG=1 makes 300 rounds of the kills, as .ci/run does.
. "${0%/*}/lib.sh"
. "$top/tests/sink.sh"
rounds=30 size=300
[ -n "${TH_LONG:-}" ] && rounds=300 size=500

# ---- SIGKILL at random moments
killed() { # QUEUE OPTION...: runs th-publish and kills it after a while
	_q=$1; shift
	th-publish webhook --url "$url" --queue "$_q" "$@" <kin >/dev/null 2>&1 &
	_p=$!
	sleep "0.0$(od -An -N1 -tu1 /dev/urandom | tr -d ' ' | awk '{ printf "%02d", $1 % 90 + 1 }')"
	kill -9 $_p 2>/dev/null && kills=$((kills + 1))
	wait $_p 2>/dev/null
}
sink k
echo '* 200 delay=0.005' >k.plan
items 1 $size >kin
kills=0 i=0
while [ $i -lt $rounds ]; do killed k; i=$((i + 1)); done
echo "# $kills kills, $(arrived k.log | wc -l) arrived in the meantime"
hook --queue k <kin >kout 2>kerr
ids 1 $size | sort >want
arrived k.log | sort -u >got
is   'after kills at random moments every item arrives' want cat got
_twice=$(($(arrived k.log | wc -l) - size))
ok   "at most one is sent twice for a kill ($_twice for $kills)" [ $_twice -le $kills ]
is   'the ledger agrees with what arrived' kin sh -c 'jq -c "del(._published)" kout'
says 'nothing is left in the outbox' '0 0' sh -c \
    'th-queue list | jq -r "select(.queue == \"k\") | \"\(.waiting) \(.leased)\""'
arrived k.log | sort | uniq -d | sort >twice
ok   'what was sent twice carries the same key' sh -c \
    'while read -r id; do [ "$(grep " $id " k.log | cut -d" " -f3 | sort -u | wc -l)" = 1 ] || exit 1; done <twice'

# ---- a request whose answer is lost
sink c
echo 'i2 200 cut once' >c.plan
items 1 3 >cin
code 'an answer that is lost: the item waits' 75 hook --queue c <cin
says 'as doubtful' 1 counts c doubtful
ok   'and is sent again' sh -c 'th-queue retry c && th-publish webhook --url "$1" --queue c --drain' - "$url"

# ---- several publishers on one queue
for many in 2 4 8; do
	sink m$many
	items 1 $size >min
	hook --queue m$many --queue-only <min 2>/dev/null
	i=0; while [ $i -lt $many ]; do
		hook --queue m$many --drain >m$many.out.$i 2>m$many.err.$i &
		eval "w$i=$!"; i=$((i + 1))
	done
	i=0; while [ $i -lt $many ]; do eval "wait \$w$i"; i=$((i + 1)); done
	arrived m$many.log | sort >got
	is   "$many publishers on one queue: each item once" want cat got
	says "each hands out the receipts of its own" $size sh -c "cat m$many.out.* | wc -l"
	ok   "none fails" sh -c "! grep -v published m$many.err.*"
done
sink d
i=0; while [ $i -lt 4 ]; do hook --queue d <min >/dev/null 2>&1 & eval "w$i=$!"; i=$((i + 1)); done
i=0; while [ $i -lt 4 ]; do eval "wait \$w$i"; i=$((i + 1)); done
hook --queue d --drain >/dev/null 2>&1
arrived d.log | sort >got
is   'four that all bring the same items: each once' want cat got
sink l
printf 'limits: {webhook: 5/1h}\n' >"$TH_HOME/config.yaml"
i=0; while [ $i -lt 4 ]; do hook --queue l$i <min >/dev/null 2>&1 & eval "w$i=$!"; i=$((i + 1)); done
i=0; while [ $i -lt 4 ]; do eval "wait \$w$i"; i=$((i + 1)); done
says 'four at once on four queues of one account never exceed its limit' 5 sh -c 'wc -l <l.log'

# ---- clocks that jump (redis.t has those of a server)
TH_HOME=$scratch/clock; mkdir "$TH_HOME"
if on sqlite; then
printf 'limits: {webhook: 5/15m}\n' >"$TH_HOME/config.yaml"
at() { # WHEN OPTION...: th-publish with the clock put there
	_w=$1; shift; faketime "$_w" th-publish webhook --url "$url" "$@"
}
sink t
items 1 31 >tin
for when in 10:00 10:16 10:32 10:48 11:04 11:20 11:36; do
	at "2026-11-01 $when:00" --queue t <tin 2>/dev/null >/dev/null
	arrived t.log | wc -l
done | awk '{ printf "%s%d", (NR == 1 ? "" : ","), $1 - last; last = $1 } END { print "" }' >got
says '31 items with a limit of 5: 5,5,5,5,5,5,1' '5,5,5,5,5,5,1' cat got
sink b
at '2026-11-01 12:00:00' --queue b <tin >/dev/null 2>&1
at '2026-11-01 09:00:00' --queue b <tin >/dev/null 2>&1
says 'a clock put back frees nothing' 5 sh -c 'wc -l <b.log'
at '2026-11-01 09:14:00' --queue b <tin >/dev/null 2>&1
says 'not before the window is over' 5 sh -c 'wc -l <b.log'
at '2026-11-01 09:16:00' --queue b <tin >/dev/null 2>&1
says 'and locks nothing for ever' 10 sh -c 'wc -l <b.log'
at '2027-11-01 09:00:00' --queue b <tin >/dev/null 2>&1
says 'a clock put forward lets one window through' 15 sh -c 'wc -l <b.log'
sink s
rm "$TH_HOME/config.yaml"
echo '* 503' >s.plan
items 1 1 | at '2027-01-01 12:00:00' --queue s >/dev/null 2>&1
rm s.plan
code 'a back-off set in the future of the clock does not wait for it' 0 at '2026-01-01 12:00:00' --queue s --drain
items 1 1 | hook --queue q --queue-only 2>/dev/null
faketime '2027-01-01 12:00:00' th-queue take q >/dev/null
says 'nor does a lease' 1 sh -c 'faketime "2026-01-01 12:00:00" th-queue take q 2>/dev/null | wc -l'

fi

# ---- leases of the dead
sink x
echo '* 200 delay=5' >x.plan
items 1 1 >one
th-publish webhook --url "$url" --queue x <one >/dev/null 2>&1 & p=$!
until_true sh -c '[ "$(th-queue list | jq "select(.queue == \"x\").leased")" = 1 ]'
kill -9 $p; wait $p 2>/dev/null
rm x.plan
ok   'what a dead process leased is taken over at once' hook --queue x --drain
told 'and reported as doubtful, as a webhook cannot be asked' 'i1: may have been sent before'


# ---- leases of those who live, but do nothing
sink h
echo 'i1 200 delay=1' >h.plan
items 1 4 >four
th-publish webhook --url "$url" --queue h <four >h.out 2>h.err & p=$!
until_true sh -c '[ "$(th-queue list | jq "select(.queue == \"h\").leased")" = 1 ]'
kill -STOP $p
ok   'the lease of a process that was stopped is left to it at first' hook --queue h --drain
if on sqlite; then
	code 'after five minutes another takes it over' 0 faketime '+6 minutes' \
	    th-publish webhook --url "$url" --queue h --drain
	told 'as doubtful' 'i1: may have been sent before'
	kill -CONT $p; wait $p
	says 'the one who comes back sends nothing more' 'i1 i1 i2 i3 i4' sh -c \
	    'sed -n "s/^200 \([^ ]*\) .*/\1/p" h.log | sort | xargs'
else
	kill -CONT $p; wait $p
fi

# ---- interrupted
sink i
echo '* 200 delay=0.05' >i.plan
th-publish webhook --url "$url" --queue i <min >iout 2>ierr & p=$!
until_true test -s i.log
kill -TERM $p; wait $p
says 'interrupted with work left: try again later' $? echo 75
ok   'what was sent is recorded' sh -c '[ "$(arrived=$(grep -c ^200 i.log); echo $arrived)" = "$(wc -l <iout)" ]'
rm i.plan
hook --queue i --drain >/dev/null 2>&1
arrived i.log | sort >got
is   'the rest follows, nothing twice' want cat got

# ---- disks
if on sqlite; then
TH_HOME=$scratch/disk; mkdir "$TH_HOME"
sink f
code 'a full disk: nothing can be deposited' 74 bash -c \
    'ulimit -f 40; th-publish webhook --url "$1" --queue f <kin' - "$url"
told 'that is told' 'th.db: '
ok   'nothing was sent' sh -c '[ ! -s f.log ]'
ok   'when there is room again all is sent' sh -c 'th-publish webhook --url "$1" --queue f <kin >fout' - "$url"
arrived f.log | sort >got
is   'each once' want cat got
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	as="setpriv --reuid=65534 --regid=65534 --clear-groups"
	chmod 755 "$scratch"; chmod -R a+rX "$TH_HOME"
elif [ "$(id -u)" != 0 ]; then
	as='' ; chmod -R a-w "$TH_HOME"
else
	as=none
fi
if [ "$as" = none ]; then
	skip 'a store that cannot be written to is an error' 'root may write anywhere'
else
	chmod 444 "$TH_HOME"/th.db
	code 'a store that cannot be written to is an error' 74 $as "$(command -v th-publish)" webhook --url "$url" --queue f <cin
	chmod -R u+w "$TH_HOME"
fi
TH_HOME=$scratch/small; mkdir "$TH_HOME"
sink s
items 1 400 >small.in
if unshare -rm mount -t tmpfs -o size=2m small "$TH_HOME" 2>/dev/null; then
	code 'a log that would fill a small disk is copied before' 0 unshare -rm sh -c '
	    mount -t tmpfs -o size=2m small "$TH_HOME"
	    th-publish webhook --url "$1" --queue s <small.in >/dev/null' - "$url"
else
	skip 'a log that would fill a small disk is copied before' 'a disk cannot be mounted'
fi
fi
finish

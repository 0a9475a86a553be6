#!/bin/sh
# machines.t -- three machines, one store: each due trigger runs once
# TH_LONG=1: fifty triggers for ten simulated minutes, else fifteen for six.
# shellcheck disable=SC2016
. "${0%/*}/lib.sh"
on redis || . "$top/tests/redis.sh"
if ! command -v redis-server redis-cli faketime >/dev/null; then
	skip 'triggers on several machines' 'no redis-server or no faketime here: make deps'
	finish
fi
on redis || redis_start
triggers=15 minutes=6
[ -z "${TH_LONG-}" ] || { triggers=50; minutes=10; }
TZ=UTC; export TZ scratch
for m in 1 2 3; do
	mkdir -p "$scratch/m$m/triggers"
	(umask 077; echo "store: \"unix://$scratch/redis.sock?db=7\"" >"$scratch/m$m/config.yaml")
	i=0
	while [ $i -lt $triggers ]; do
		i=$((i + 1))
		cat >"$scratch/m$m/triggers/t$i" <<'E'
#!/bin/sh
#: every: 1m
if [ -e "$scratch/hold.$TH_TRIGGER" ]; then echo $$ >>"$scratch/orphans"; touch "$scratch/held"; exec sleep 30; fi
echo "$TH_TRIGGER" >>"$scratch/ran"
E
		chmod +x "$scratch/m$m/triggers/t$i"
	done
done
# Not through faketime(1), which waits for what its program leaves behind.
preload=$(faketime -f +0 sh -c 'echo "$LD_PRELOAD"')
at() { # TIME COMMAND...
	_at=$1; shift
	FAKETIME="@2026-11-23 $_at" FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD=$preload "$@"
}
until_held() {
	_i=0
	while [ ! -e held ] && [ $_i -lt 400 ]; do _i=$((_i + 1)); sleep 0.05; done
}
run() { # MACHINE MINUTE: what is due there and then
	TH_HOME=$scratch/m$1 at "10:$2:00" th-trigger run --due -q --jobs 4 2>>"err.$1"
}
minute=10
while [ $minute -lt $((10 + minutes)) ]; do
	if [ $minute = 13 ]; then
		# The third is killed in the middle of a run; the others take over.
		touch hold.t2
		TH_HOME=$scratch/m3 at 10:13:00 sh -c \
		    'echo $$ >m3.pid; exec th-trigger run --due -q --jobs 1' 2>>err.3 & third=$!
		until_held
		kill -9 "$(cat m3.pid)"; wait $third 2>/dev/null
		rm hold.t2
		run 1 $minute & one=$!
		run 2 $minute; wait $one
	else
		run 1 $minute & one=$!
		run 2 $minute & two=$!
		[ $minute -gt 13 ] || run 3 $minute
		wait $one $two
	fi
	minute=$((minute + 1))
done
ok 'one was killed with a run at work' test -e held
says 'all triggers ran' $triggers sh -c 'sort -u ran | wc -l'
says 'each of them once a minute' $minutes sh -c 'sort ran | uniq -c | awk "{ print \$1 }" | sort -u | xargs'
says 'the one that was cut off is told of' lost sh -c \
    'TH_HOME=$scratch/m1 th-trigger show --json t2 | jq -r ".history[].status" | grep -v ok'
says 'a machine sees what another disabled' off sh -c '
    TH_HOME=$scratch/m1 th-trigger disable -q t1
    TH_HOME=$scratch/m2 th-trigger show --json t1 | jq -r .state'
cat err.1 err.2 err.3 >"$scratch/.err"
ok 'nobody complained' sh -c '! grep -v "was cut off" "$scratch/.err"'

# A machine that is no more cannot be asked: its lease must be over.
if unshare -u true 2>/dev/null; then
	rm -f held; touch hold.t3
	TH_HOME=$scratch/m3 unshare -u sh -c \
	    'hostname far-away; echo $$ >m3.pid; exec th-trigger run -q t3' 2>/dev/null & third=$!
	until_held
	kill -9 "$(cat m3.pid)"; wait $third 2>/dev/null
	rm hold.t3
	code 'the run of a far machine is left to it at first' 75 env TH_HOME="$scratch/m1" th-trigger run t3
	if [ -n "${TH_LONG-}" ]; then
		i=0
		until TH_HOME=$scratch/m1 th-trigger run -q t3 2>/dev/null || [ $i -gt 60 ]; do
			i=$((i + 1)); sleep 1
		done
		ok 'it is taken over when the lease is over' [ $i -le 45 ]
	fi
else
	skip 'a far machine that dies' 'no name of its own for a process here'
fi
while read -r p; do kill "$p" 2>/dev/null; done <orphans
finish

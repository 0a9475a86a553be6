#!/bin/sh
# redis.sh -- the store on Redis beside SQLite; four machines beside one
. "${0%/*}/lib.sh"
. "$top/tests/redis.sh"
needs python3 jq redis-server redis-cli

# On a disk, as a sync costs nothing in memory.
place=$B/bench/redis-store
rm -rf "$place"; mkdir -p "$place/redis" "$place/sqlite"
redis-server --port 0 --unixsocket "$scratch/redis.sock" --dir "$place/redis" \
    --save '' --appendonly yes --appendfsync always >"$scratch/redis.log" 2>&1 &
pids="$pids $!"
until [ "$(redis ping 2>/dev/null)" = PONG ]; do sleep 0.02; done
home() { # NAME: a TH_HOME on Redis
	mkdir -p "$place/$1"
	echo "store: unix://$scratch/redis.sock" >"$place/$1/config.yaml"
	chmod 600 "$place/$1/config.yaml"
}
sink() { # PLAN: prints its url
	rm -f "$scratch/port"
	python3 "$top/tests/servers/sink.py" /dev/null "$1" >"$scratch/port" &
	pids="$pids $!"
	while [ ! -s "$scratch/port" ]; do sleep 0.02; done
	url=http://127.0.0.1:$(cat "$scratch/port")/
}
home one
sink "$scratch/none"
many=$(items 100000)
fresh() {
	redis flushall >/dev/null
	rm -f "$place"/*/*.db*
}
pairs() { # FUNCTION: Redis and SQLite in turns, microseconds of each, a pair a line
	_i=0
	while [ $_i -lt "$runs" ]; do
		fresh
		if [ $((_i % 2)) = 0 ]; then # neither is always the first
			TH_HOME=$place/one; _a=$(us "$1")
			TH_HOME=$place/sqlite; _b=$(us "$1")
		else
			TH_HOME=$place/sqlite; _b=$(us "$1")
			TH_HOME=$place/one; _a=$(us "$1")
		fi
		echo "$_a $_b"; _i=$((_i + 1))
	done
}

few=$scratch/few
head -n 30000 "$many" >"$few"
head -n 10000 "$many" >"$scratch/drain"
deposit() { th-publish webhook --url "$url" --queue q --queue-only <"$few"; }
drain() { th-publish webhook --url "$url" --queue q <"$scratch/drain"; }
tell() { # NAME FUNCTION N: the middle of the pairs, for what else runs slows both
	pairs "$2" >"$scratch/.pairs"
	report "$1" "$(cut -d' ' -f1 "$scratch/.pairs" | middle |
	    awk "{ printf \"%.0f\", $3 * 1e6 / \$1 }")" 'items/s on Redis' ''
	report "$1, SQLite beside it" "$(awk '{ printf "%.2f\n", $2 / $1 }' "$scratch/.pairs" |
	    middle)" 'times as long' '>= 1'
}
tell 'deposit of 30,000, each batch synced' deposit 30000
# As SQLite does: results are written at once, synced a little later.
redis config set appendfsync everysec >/dev/null
tell 'deposit and drain of 10,000' drain 10000

# ---- machines
echo '* 200 delay=0.02' >"$scratch/slow"
sink "$scratch/slow"
for m in m1 m2 m3 m4; do home $m; done
machines() { # NAME...: each drains
	_w=
	for m in "$@"; do
		TH_HOME=$place/$m th-publish webhook --url "$url" --queue s --drain >/dev/null 2>&1 &
		_w="$_w $!"
	done
	# shellcheck disable=SC2086
	wait $_w
}
share() { # NAME...: microseconds until they published 400
	redis flushall >/dev/null
	head -n 400 "$many" | TH_HOME=$place/m1 th-publish webhook --url "$url" --queue s --queue-only 2>/dev/null
	us machines "$@"
}
alone=$(share m1) four=$(share m1 m2 m3 m4)
report 'four machines on one queue, the sink answers in 20 ms' \
    "$(awk "BEGIN { printf \"%.2f\", $alone / $four }")" 'times one' '>= 2.5'
rm -rf "$place"
done_with

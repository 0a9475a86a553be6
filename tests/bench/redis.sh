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
	rm -f "$place"/sqlite/th.db*
}
each_in_turn() { # FUNCTION: how many times longer than Redis does SQLite take?
	: >"$scratch/.a"; : >"$scratch/.b"; _i=0
	while [ $_i -lt "${RUNS:-3}" ]; do
		fresh
		TH_HOME=$place/one; us "$1" >>"$scratch/.a"
		TH_HOME=$place/sqlite; us "$1" >>"$scratch/.b"
		_i=$((_i + 1))
	done
	echo "$(middle <"$scratch/.a") $(middle <"$scratch/.b")"
}

deposit() { th-publish webhook --url "$url" --queue q --queue-only <"$many"; }
drain() { head -n 10000 "$many" | th-publish webhook --url "$url" --queue q; }
tell() { # NAME MICROSECONDS MICROSECONDS N
	report "$1" "$(awk "BEGIN { printf \"%.0f\", $4 * 1e6 / $2 }")" 'items/s on Redis' ''
	report "$1, SQLite beside it" "$(awk "BEGIN { printf \"%.2f\", $3 / $2 }")" \
	    'times as long' '>= 1'
}
# shellcheck disable=SC2046
tell 'deposit of 100,000, each batch synced' $(each_in_turn deposit) 100000
# As SQLite does: results are written at once, synced a little later.
redis config set appendfsync everysec >/dev/null
# shellcheck disable=SC2046
tell 'deposit and drain of 10,000' $(each_in_turn drain) 10000

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

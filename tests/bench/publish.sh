#!/bin/sh
# publish.sh -- th-publish: deposits, re-runs, draining, a queue with a past
. "${0%/*}/lib.sh"
needs python3 jq sqlite3
runs=${RUNS:-3}

python3 "$top/tests/servers/sink.py" /dev/null >"$scratch/port" &
pids="$pids $!"
while [ ! -s "$scratch/port" ]; do sleep 0.05; done
url=http://127.0.0.1:$(cat "$scratch/port")/
hook() { th-publish webhook --url "$url" "$@"; }
fresh() { rm -rf "$TH_HOME"; mkdir "$TH_HOME"; }
# The store must be on a disk: in memory a sync costs nothing.
TH_HOME=$B/bench/publish-home; export TH_HOME
small() { # FROM TO: items without bodies
	seq "$1" "$2" | sed 's|.*|{"id":"https://example.com/&","url":"https://example.com/&","title":"Title &"}|'
}

# ---- deposits
many=$(items 100000)
fresh
first=$(us sh -c 'th-publish webhook --url "$1" --queue q --queue-only <"$2"' - "$url" "$many")
again=$(us sh -c 'th-publish webhook --url "$1" --queue q --queue-only <"$2"' - "$url" "$many")
report 'deposit of 100,000 items' "$(awk "BEGIN { printf \"%.2f\", $first / 1e6 }")" s ''
report 'the same once more, all known' "$(awk "BEGIN { printf \"%.2f\", $again / $first }")" \
    'of that time' '<= 0.5'

# ---- draining
drain() { # N: microseconds to publish that many
	fresh
	us sh -c 'head -n "$3" "$2" | th-publish webhook --url "$1"' - "$url" "$many" "$1"
}
_i=0
while [ $_i -lt "$runs" ]; do
	drain 10000 >>"$scratch/ten"; drain 20000 >>"$scratch/twenty"
	_i=$((_i + 1))
done
ten=$(middle <"$scratch/ten") twenty=$(middle <"$scratch/twenty")
report '20,000 items to a webhook' "$(awk "BEGIN { printf \"%.0f\", 20000e6 / $twenty }")" \
    'items/s' '>= 1500'
report '20,000 against 10,000' "$(awk "BEGIN { printf \"%.2f\", $twenty / $ten }")" 'times' '<= 2.3'

# ---- a queue with a million published ids
fresh
small 1 1 | hook --queue big >/dev/null 2>&1
before=$(stat -c %s "$TH_HOME/th.db")
seq 2 1000000 | awk '{ printf "{\"queue\":\"big\",\"hash\":\"%08x%08x%08x%08x\",\"state\":\"published\",\"service\":\"webhook\",\"account\":\"default\",\"date\":\"2026-11-23T20:18:58Z\"}\n",
    ($1 * 2654435761) % 4294967296, ($1 * 40503) % 4294967296, $1, 0 }' | th-queue import 2>/dev/null
after=$(stat -c %s "$TH_HOME/th.db")
report 'store per published id' "$(awk "BEGIN { printf \"%.1f\", ($after - $before) / 1e6 }")" bytes ''
small 2000001 2000100 >"$scratch/new"
deposit() { # takes 100 out again, so that each run finds them new
	sqlite3 "$TH_HOME/th.db" 'DELETE FROM outbox; DELETE FROM body' >/dev/null
	us sh -c 'th-publish webhook --url "$1" --queue big --queue-only <"$2"' - "$url" "$scratch/new"
}
runs_us=$(for i in 1 2 3 4 5; do deposit; done | middle)
report 'deposit of 100 beside a million' "$(awk "BEGIN { printf \"%.1f\", $runs_us / 1e3 }")" ms '<= 50'
rm -rf "$TH_HOME"
done_with

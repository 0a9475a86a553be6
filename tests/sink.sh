# sink.sh -- for tests of delivery: a sink, items, what arrived
# shellcheck shell=sh

sink() { # NAME: starts one; $url, NAME.log and NAME.plan are its own
	rm -f "$1.port"
	python3 "$top/tests/servers/sink.py" "$1.log" "$1.plan" >"$1.port" &
	pids="$pids $!"
	until_true test -s "$1.port" || { echo "# the sink did not start"; exit 1; }
	url=http://127.0.0.1:$(cat "$1.port")/
}
until_true() { # COMMAND...: until it succeeds, for ten seconds
	_end=$(($(date +%s) + 10))
	until "$@" 2>/dev/null; do
		[ "$(date +%s)" -lt "$_end" ] || return 1
		sleep 0.02
	done
}
items() { # FROM TO: that many items
	seq "$1" "$2" | sed 's|.*|{"id":"i&","url":"http://example.com/&","title":"Title &"}|'
}
arrived() { # LOG: ids that were taken with 200, in order
	sed -n 's/^200 \([^ ]*\) .*/\1/p' "$1" 2>/dev/null
}
ids() { # FROM TO
	seq "$1" "$2" | sed 's/^/i/'
}
hook() { # OPTION...: th-publish to the sink
	th-publish webhook --url "$url" "$@"
}
counts() { # QUEUE STATE: how many
	th-queue list --json | jq -r --arg q "$1" --arg s "$2" \
	    'select(.queue == $q)[$s]'
}

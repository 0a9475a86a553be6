# api.sh -- for tests of services: a stand-in, its faults, its record.  Sourced.
serve() { # NAME: starts tests/servers/NAME.py; $url is where it listens
	rm -f port
	python3 "$top/tests/servers/$1.py" port 2>server.err &
	pids="$pids $!"
	_i=0; while [ ! -s port ] && [ $_i -lt 200 ]; do sleep 0.05; _i=$((_i + 1)); done
	url=http://127.0.0.1:$(cat port)
}
fault() { # PATH KIND [TIMES [METHOD]]: the next requests to PATH fail so
	_m=${4:+,\"method\":\"$4\"}
	curl -s -o /dev/null -d "{\"path\":\"$1\",\"kind\":\"$2\",\"times\":${3:-1}$_m}" "$url/_fault"
}
calm() { # no faults any more
	curl -s -o /dev/null "$url/_calm"
}
post() { # JSON: what the stand-in has from now on, too
	curl -s -o /dev/null -d "$1" "$url/_post"
}
entries() { # FROM TO SECOND: pages for post, all of one second
	jq -cn --argjson a "$1" --argjson b "$2" --argjson t "$3" \
	    '[range($a;$b) | {url:"https://example.org/e\(.)",title:"e\(.)",at:$t}]'
}
requests() { # prints what came in since the last call
	curl -s "$url/_requests"
}
forget() {
	requests >/dev/null
}
state() { # JQ-EXPRESSION: of what the stand-in knows
	curl -s "$url/_state" | jq -cr "$1"
}
config() { # stdin becomes config.yaml
	(umask 077; cat >"$TH_HOME/config.yaml")
}
visit() { # FILE: waits for an address there and follows it as a browser does
	_i=0; while [ ! -s "$1" ] && [ $_i -lt 200 ]; do sleep 0.05; _i=$((_i + 1)); done
	curl -m 10 -sL "$(cat "$1")${2-}"
}
# resumes NAME N COMMAND...: interrupted and run again it gives N items, each once
resumes() {
	_what=$1 _all=$2; shift 2
	code "$_what: interrupted" 75 sh -c 'python3 "$@" >first.run' - "$top/tests/interrupt.py" "$@"
	ok "$_what: which was in the middle" sh -c '[ -s first.run ] && [ "$(wc -l <first.run)" -lt "$1" ]' - "$_all"
	code "$_what: once more" 0 sh -c '"$@" >second.run' - "$@"
	says "$_what: nothing is lost, nothing comes twice" "$_all $_all" sh -c \
	    'echo "$(cat first.run second.run | wc -l) $(cat first.run second.run | jq -r .id | sort -u | wc -l)"'
}

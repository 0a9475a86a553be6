# lib.sh -- for the scripts beside it, which measure one thing each and print
# one line for it: "name: figure unit (bar)".  Both sides of a ratio are
# measured in turns, in one run, and the medians are compared.
set -u
LC_ALL=C.UTF-8; export LC_ALL
top=$(cd "${0%/*}/../.." && pwd)
B=${TH_BUILD:-$top/build}
PATH=$B:$PATH; export PATH
shared=${TH_SHARED:-$top/../shared}
runs=${RUNS:-5} # how often each side runs
missed=0
mkdir -p "$B/bench"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/th-bench.XXXXXX") || exit 1
TH_HOME=$scratch/home; export TH_HOME
mkdir "$TH_HOME"
pids=
at_exit() {
	for p in $pids; do kill "$p" 2>/dev/null; done
	rm -rf "$scratch"
}
trap at_exit EXIT
trap 'exit 1' HUP INT TERM

needs() { # PROGRAM...: ends the script when one is missing, and says so
	for _p in "$@"; do
		command -v "$_p" >/dev/null && continue
		echo "${0##*/}: not measured, $_p is missing"
		exit 0
	done
}
items() { # N: prints the path of a file with N generated items
	_f=$B/bench/items-$1.ndjson
	if [ ! -s "$_f" ]; then
		"$shared/bench/gen-items" "$1" >"$_f.tmp" && mv "$_f.tmp" "$_f"
	fi
	echo "$_f"
}
us() { # COMMAND...: runs it, prints the microseconds it took
	_t=$(date +%s%N)
	"$@" >"$scratch/.us" 2>&1 || echo "$1 failed: $(tail -n1 "$scratch/.us")" >&2
	echo $((($(date +%s%N) - _t) / 1000))
}
cpu_us() { # COMMAND...: the same of the processor's time, user and system
	("$@" >"$scratch/.us" 2>&1 || echo "$1 failed: $(tail -n1 "$scratch/.us")" >&2
	times) | awk -F'[ ms]+' 'NR == 2 { print int(($1 * 60 + $2 + $3 * 60 + $4) * 1e6) }'
}
middle() { # of the numbers on stdin, one a line
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
median() { # COMMAND...: prints the median of $runs runs in microseconds
	_i=0
	while [ $_i -lt "$runs" ]; do us "$@"; _i=$((_i + 1)); done | middle
}
ratio() { # OURS THEIRS (functions): prints how many times longer THEIRS takes
	# by the clock, or by what $us has
	: >"$scratch/.a"; : >"$scratch/.b"; _i=0
	while [ $_i -lt "$runs" ]; do
		${us:-us} "$1" >>"$scratch/.a"; ${us:-us} "$2" >>"$scratch/.b"; _i=$((_i + 1))
	done
	echo "$(middle <"$scratch/.a") $(middle <"$scratch/.b")" |
	    awk '{ printf "%.2f\n", $2 / $1 }'
}
peak() { # COMMAND...: prints the most memory it held, in MiB (needs time)
	/usr/bin/time -o "$scratch/.peak" -f %M "$@" >/dev/null 2>&1
	tail -n1 "$scratch/.peak" | awk '{ printf "%.1f\n", $1 / 1024 }'
}
report() { # NAME FIGURE UNIT BAR: BAR is ">= NUMBER" or "<= NUMBER", or empty
	_note=
	if [ -n "$4" ] && ! echo "$2 $4" | awk '{
	    exit !($2 == ">=" ? $1 >= $3 : $1 <= $3) }'; then
		_note=' MISSED'; missed=1
	fi
	echo "$1: $2 $3 (${4:-no bar})$_note"
}
same() { # NAME FILE FILE: the bytes must be the same, or the figure is void
	cmp -s "$2" "$3" && return
	echo "$1: the output differs, $2 $3 MISSED"; missed=1
}
done_with() { # last call: exits 1 when a bar was missed
	exit $missed
}

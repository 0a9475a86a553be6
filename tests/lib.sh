# lib.sh -- TAP in sh.  A test sources it, calls is/code/ok..., ends in finish.
# TH_BUILD is where the programs are; every test has a scratch directory of its
# own ($scratch, also its working directory) and its own TH_HOME in it.
set -u
LC_ALL=C.UTF-8; export LC_ALL
top=$(cd "${0%/*}/.." && pwd)
PATH=${TH_BUILD:-$top/build}:$PATH; export PATH
# The scripts and configurations that tests write name these without quotes.
case ${TMPDIR-} in *[[:space:]]*) TMPDIR=/tmp; export TMPDIR ;; esac
scratch=$(mktemp -d "${TMPDIR:-/tmp}/th-test.XXXXXX") || exit 1
case $top in *[[:space:]]*)
	ln -s "$top" "$scratch/.checkout"; top=$scratch/.checkout
	[ -z "${TH_BUILD-}" ] || { ln -s "$TH_BUILD" "$scratch/.build"; TH_BUILD=$scratch/.build; export TH_BUILD; }
	PATH=${TH_BUILD:-$top/build}:$PATH ;;
esac
TH_HOME=$scratch/home; export TH_HOME
mkdir "$TH_HOME"
# Sanitizers, when built with: an allocation too large is refused as without them,
# and faketime may be loaded before them.
ASAN_OPTIONS=allocator_may_return_null=1:verify_asan_link_order=0; export ASAN_OPTIONS
unset TH_TRIGGER TH_RUN TH_VACATION XDG_CONFIG_HOME XDG_STATE_HOME
pids=
shared=${TH_SHARED:-$top/../shared}
at_exit() {
	for p in $pids; do kill "$p" 2>/dev/null; done
	cd / && rm -rf "$scratch"
}
trap at_exit EXIT
trap 'exit 1' HUP INT TERM
cd "$scratch" || exit 1
n=0 failed=0

judge() { # NAME CODE: how it went; on stderr why not, from $scratch/.why
	n=$((n + 1))
	[ "$2" != 0 ] || { echo "ok $n - $1"; return; }
	failed=$((failed + 1)); echo "not ok $n - $1"
	{ echo "${0##*/} $n - $1"; head -40 "$scratch/.why"; } | sed 's/^/# /' >&2
}
try() { # COMMAND...: $scratch/.out, $scratch/.err and the exit code $_rc
	"$@" >"$scratch/.out" 2>"$scratch/.err"; _rc=$?
	{ echo "exit $_rc: $*"; cat "$scratch/.err"; } >"$scratch/.why"
}
ok() { # NAME COMMAND...: passes when COMMAND exits 0
	_name=$1; shift; try "$@"
	cat "$scratch/.out" >>"$scratch/.why"
	judge "$_name" $_rc
}
is() { # NAME WANT COMMAND...: stdout is the same as file WANT
	_name=$1 _want=$2; shift 2; try "$@"
	cmp -s "$_want" "$scratch/.out"; _rc=$?
	[ $_rc = 0 ] || diff -u "$_want" "$scratch/.out" >>"$scratch/.why" 2>&1
	judge "$_name" $_rc
}
says() { # NAME WANT COMMAND...: stdout is the text WANT
	_name=$1; shift; printf '%s\n' "$1" >"$scratch/.want"; shift
	is "$_name" "$scratch/.want" "$@"
}
code() { # NAME CODE COMMAND...: exits with CODE; $scratch/.err has the words
	_name=$1 _want=$2; shift 2; try "$@"
	[ "$_rc" = "$_want" ]; judge "$_name" $?
}
told() { # NAME REGEX: the last command's stderr matches
	grep -Eq -- "$2" "$scratch/.err"; judge "$1" $?
}
skip() { # NAME REASON
	n=$((n + 1)); echo "ok $n - $1 # SKIP $2"
}
on() { # STORE: is it the one that is tested?
	[ "${TH_TEST_STORE:-sqlite}" = "$1" ]
}
finish() { # prints the plan: a test that dies early fails
	echo "1..$n"
	[ $failed = 0 ]; exit
}

# TH_TEST_STORE=redis: the same tests on a real redis-server (tests/redis.t).
if on redis; then
	. "$top/tests/redis.sh"
	redis_start
	redis_programs
fi

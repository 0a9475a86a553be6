#!/bin/sh
# lint.sh -- what machines can see: `make lint`.  A missing tool is an error.
set -u
CC=${CC:-cc} B=${B:-build} CPPALL=${CPPALL:--D_POSIX_C_SOURCE=200809L -Ilib}
failed=0
sources=$(ls lib/*.c cmd/*.c services/*.c)
headers=$(ls lib/*.h cmd/*.h services/*.h)
tests_c=$(ls tests/*.c tests/unit/*.c tests/fuzz/*.c 2>/dev/null)
scripts=$(ls tests/*.t tests/*.sh tests/bench/*.sh examples/*.sh examples/*/*.sh 2>/dev/null)

for tool in clang-format clang-tidy cppcheck shellcheck mandoc nm; do
	command -v $tool >/dev/null && continue
	echo "lint: $tool is missing: make deps DEB='clang-format clang-tidy cppcheck shellcheck mandoc binutils'" >&2
	exit 1
done

check() { # NAME COMMAND...: prints what COMMAND says when it fails
	_name=$1; shift
	if _out=$("$@" 2>&1); then
		echo "lint: $_name: clean"
	else
		failed=1; echo "lint: $_name:"; echo "$_out" | head -60
	fi
}

headers_alone() {
	for h in $headers; do
		echo "#include \"$h\"" | $CC -std=c11 -Wall -Wextra -Wpedantic $CPPALL \
		    -Icmd -Iservices -I. -x c -fsyntax-only - || return 1
	done
}

# Fuzz targets look into files that their owners change.
targets_compile() {
	for t in tests/fuzz/fuzz_*.c; do
		$CC -std=c11 -Wall -Wextra -Wno-unused-function $CPPALL -Iservices \
		    -fsyntax-only "$t" || return 1
	done
}

# The library never prints and never exits.  (_exit is for a child after fork.)
library_is_silent() {
	! nm -u "$B/libtrigger.a" |
	    grep -E ' (exit|abort|puts|putchar|printf|vprintf|perror|stdout|stderr|__(v)?printf_chk)(@|$)'
}

# Which library is known to which file.
only_in() { # HEADER FILE...: is included nowhere else
	_h=$1; shift
	_found=$(grep -l "#include <$_h" $sources)
	for _f in $_found; do
		case " $* " in *" $_f "*) ;; *) echo "$_f includes <$_h"; return 1 ;; esac
	done
}
layers() {
	only_in yaml.h lib/yaml.c &&
	only_in sqlite3.h lib/store_sqlite.c lib/store_sqlite_queue.c lib/search_sqlite.c && only_in libstemmer.h lib/words.c &&
	only_in libxml/ lib/html.c && only_in curl/ lib/http.c && only_in oauth.h lib/oauth.c &&
	only_in hiredis lib/store_redis.c && only_in archive lib/archive.c && only_in pcre2.h lib/regex.c &&
	! grep -n '#include "services.h"\|#include "cmd.h"' lib/*.[ch] &&
	! grep -ln '#include "' services/[a-z]*.c | while read -r f; do
		grep '#include "' "$f" | grep -v '"trigger.h"\|"services.h"\|\.def"' | sed "s|^|$f: |"
	done | grep .
}

banned() {
	! grep -nE '\b(sprintf|vsprintf|strcpy|strcat|gets|strtok|atoi|atol|atof|system|popen|tmpnam|mktemp)\(' \
	    $sources $headers
}

unfinished() {
	! grep -nE 'TODO|FIXME|\bXXX\b|\bHACK\b|not implemented' $sources $headers $tests_c $scripts $(ls man/* README 2>/dev/null) |
	    grep -v '^tests/lint.sh'
}

# Several at a time, each of few files: the analyzers use one processor.
share() { # COMMAND...: of files
	echo $sources | xargs -P "$(nproc)" -n 8 "$@"
}
# A parameter that is a function has no name for it in a header without typedef.
cppcheck_all() {
	share cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 \
	    --enable=warning,portability,performance --suppress=missingIncludeSystem \
	    --suppress=funcArgOrderDifferent:lib/queue.c -Ilib -Icmd -Iservices
}
# Of a function it looks at a third of the states that it does by itself: all of
# them take minutes, and they are those that loops come back to.
tidy() {
	share sh -c 'clang-tidy --quiet "$@" -- -std=c11 '"$CPPALL"' -Icmd -Iservices \
	    -Xclang -analyzer-config -Xclang max-nodes=75000 2>/dev/null' sh >"$B/tidy.out"
	! grep -A3 -E '(warning|error):' "$B/tidy.out"
}

# shellcheck disable=SC2086
{
check 'white space (make fmt)' clang-format --dry-run --Werror $sources $tests_c
check 'every header compiles alone' headers_alone
check 'every fuzz target compiles' targets_compile
check 'the library neither prints nor exits' library_is_silent
check 'every library has its one file' layers
check 'no banned calls' banned
check 'nothing left to do' unfinished
check cppcheck cppcheck_all
check clang-tidy tidy
check shellcheck shellcheck -s sh -S warning -e SC1091,SC2154,SC2034,SC1111,SC2046,SC2238 $scripts
check 'shellcheck of .ci/run' shellcheck -S warning .ci/run
check manuals mandoc -T lint -W warning man/*.[1-8]
}
exit $failed

#!/bin/sh
# powerloss.t -- what a loss of power at any sync leaves is whole, and loses none
. "${0%/*}/lib.sh"
. "$top/tests/sink.sh"

if ! ${CC:-cc} -shared -fPIC -o shim.so "$top/tests/powerloss.c" 2>cc.err; then
	cat cc.err
	skip 'the store survives a loss of power' 'the shim does not compile here'
	finish
fi
if nm -D "$(command -v th-publish)" 2>/dev/null | grep -q __asan_init; then
	skip 'the store survives a loss of power' 'preloading does not go with a sanitizer'
	finish
fi
sink p
: >p.log
mkdir snap
TH_SNAP=$scratch/snap TH_SNAP_LOG=$scratch/p.log; export TH_SNAP TH_SNAP_LOG
size=0
for round in 1 2 3 4 5 6; do
	items $((size + 1)) $((size + 40)) >in
	LD_PRELOAD=$scratch/shim.so th-publish webhook --url "$url" --queue p <in >/dev/null 2>&1
	size=$((size + 40))
done
unset TH_SNAP
snaps=$(find snap -name '*.strict' -o -name '*.loose' | sort)
ok   "there were syncs to look at ($(echo "$snaps" | wc -l))" sh -c \
    '[ "$(ls -d snap/*.strict | wc -l)" -ge 12 ]'

whole() { # each opens, and is consistent by SQLite's own check
	for s in $snaps; do
		[ -s "$s/th.db" ] || continue
		cp -r "$s" look
		[ "$(sqlite3 look/th.db 'PRAGMA integrity_check' 2>&1)" = ok ] ||
		    { echo "$s"; return 1; }
		rm -rf look
	done
}
if command -v sqlite3 >/dev/null; then
	ok 'each of them is a consistent store' whole
else
	skip 'each of them is a consistent store' 'sqlite3 is not installed'
fi

known() { # nothing that was sent is unknown to the store; deposits are whole
	for s in $snaps; do
		cp -r "$s" look
		TH_HOME=$scratch/look th-queue list --json >counts 2>err ||
		    { echo "$s: $(cat err)"; return 1; }
		_n=$(jq '.waiting + .leased + .published' counts)
		_sent=$(wc -l <"$s/sink.log")
		[ $((${_n:-0} % 40)) = 0 ] && [ "${_n:-0}" -ge "$_sent" ] ||
		    { echo "$s: ${_n:-0} known, $_sent were sent"; return 1; }
		rm -rf look
	done
}
ok   'in each all that was sent before is known, and deposits are whole' known

lost() { # after the power is back everything deposited is delivered
	_last=$(echo "$snaps" | tail -n 1)
	for s in $(echo "$snaps" | awk 'NR % 5 == 1') $_last; do
		cp -r "$s" look
		_n=$(TH_HOME=$scratch/look th-queue list --json |
		    jq '.waiting + .leased + .published')
		TH_HOME=$scratch/look th-publish webhook --url "$url" --queue p --drain >out 2>err
		_p=$(TH_HOME=$scratch/look th-queue list --json | jq .published)
		[ "${_p:-0}" = "${_n:-0}" ] ||
		    { echo "$s: ${_p:-0} of ${_n:-0}"; cat err; return 1; }
		rm -rf look
	done
}
ok   'from each the rest is delivered, nothing is lost' lost

# ---- what another process wrote and did not live to sync is synced
cat >syncs.c <<'END'
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int
fsync(int fd)
{
	char link[64], path[4096] = "";
	FILE *log = fopen(getenv("TH_SYNCS"), "a");

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (readlink(link, path, sizeof(path) - 1) > 0 && log != NULL)
		fprintf(log, "%s\n", path);
	if (log != NULL)
		fclose(log);
	return (int)syscall(SYS_fsync, fd);
}
END
${CC:-cc} -shared -fPIC -o syncs.so syncs.c
TH_SYNCS=$scratch/syncs; export TH_SYNCS
echo '{"id":"1","title":"t"}' >one
th-publish file --path notes/1.md --queue n1 <one >out 2>err
ok   'a note that is there already: its name' sh -c 'LD_PRELOAD=$PWD/syncs.so th-publish file --path notes/1.md --queue n2 <one && grep -qx "$(pwd -P)/notes" syncs'
th-queue put d <one 2>err
mkdir log; cp one log/all
ok   'a line that is there already: the file, and its name' sh -c '
    th-queue export d | jq -c ".doubtful = true | .queue = \"e\"" | th-queue import &&
    LD_PRELOAD=$PWD/syncs.so th-publish file --path log/all --append --queue e --drain &&
    cmp one log/all && grep -qx "$(pwd -P)/log/all" syncs && grep -qx "$(pwd -P)/log" syncs'
finish

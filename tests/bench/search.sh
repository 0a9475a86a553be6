#!/bin/sh
# search.sh -- th-search on 100,000 items; what the index costs th-publish
. "${0%/*}/lib.sh"
needs python3 jq

python3 "$top/tests/servers/sink.py" /dev/null >"$scratch/port" &
pids="$pids $!"
while [ ! -s "$scratch/port" ]; do sleep 0.05; done
url=http://127.0.0.1:$(cat "$scratch/port")/
# On a disk: in memory a sync costs nothing.
TH_HOME=$B/bench/search-home; export TH_HOME
rm -rf "$TH_HOME"; mkdir "$TH_HOME"
many=$(items 100000)

# ---- what the index costs: all of it is made again by --reindex
publish() { us sh -c 'head -n 10000 "$2" | th-publish webhook --url "$1"' - "$url" "$many"; }
whole=$(publish)
index=$(median th-search --reindex)
report 'indexing, of publishing 10,000 items without it' \
    "$(awk "BEGIN { printf \"%.0f\", 100 * $index / ($whole - $index) }")" % '<= 20'

# ---- searching, the start of the program included
th-publish webhook --url "$url" --queue-only <"$many" >/dev/null 2>&1
for query in kernel 'security kernel' 'bridge -coach' title:release tag:linux 'lin*' '"small library"' \
    'recettes jardin' 'kernel date:2010-02' nowhere brücke погода; do
	median th-search --json "$query"
done >"$scratch/each"
report 'a search in 100,000 items, median of 12 queries' \
    "$(middle <"$scratch/each" | awk '{ printf "%.1f", $1 / 1e3 }')" ms '<= 20'
report 'the slowest of them' "$(sort -n "$scratch/each" | tail -n 1 | awk '{ printf "%.1f", $1 / 1e3 }')" ms ''
rm -rf "$TH_HOME"
done_with

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

# ---- what is looked through, in pages, by a purge that finds nothing
th-publish webhook --url "$url" --queue-only <"$many" >/dev/null 2>&1
report 'a purge beside 100,000 items, of a processor' \
    "$(awk "BEGIN { printf \"%.0f\", $(cpu_us th-queue purge) / 1e3 }")" ms '<= 1500'

# ---- searching, the start of the program included: a query a line, of each the
# ---- medians of the time that passes and of what it takes of a processor
python3 - "$runs" >"$scratch/each" <<'EOF'
import resource, statistics, subprocess, sys, time

queries = {
    'rare': ['nowhere', 'kernel 99991', 'bibliothek jardin', 'title:échecs'],
    'common': ['kernel', 'bridge', 'library', 'погода', 'brücke', 'the', 'recette'],
    'several': ['security kernel', 'recettes jardin', 'small library opens', 'garden chess'],
    'prefix': ['lin*', 'biblio*', 'title:rel*', 'се*'],
    'phrase': ['"small library"', '"опубликован сервер"', 'title:"bridge version"'],
    'field': ['title:release', 'tag:linux', 'tag:chess library', 'service:webhook kernel'],
    'minus': ['bridge -coach', 'kernel -security', '-kernel title:library', 'tag:linux -kernel'],
    'dates': ['kernel date:2010-02', 'library after:2011', 'bridge before:2010-06-01', 'date:2010-03-04'],
}
def spent():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime
for kind in queries:
    for query in queries[kind]:
        wall, cpu = [], []
        for _ in range(int(sys.argv[1])):
            before, start = spent(), time.perf_counter()
            subprocess.run(['th-search', '--json', '--', query] if query[0] != '-' else
                           ['th-search', '--json', query], stdout=subprocess.DEVNULL, check=True)
            wall.append(time.perf_counter() - start)
            cpu.append(spent() - before)
        print('%.2f\t%.2f\t%s\t%s' % (statistics.median(wall) * 1e3, statistics.median(cpu) * 1e3, kind, query))
EOF
[ -n "${V:-}" ] && cat "$scratch/each"
n=$(wc -l <"$scratch/each")
report "a search in 100,000 items, median of $n queries" "$(cut -f1 "$scratch/each" | middle)" ms '<= 20'
report 'the same, of a processor (user and system)' "$(cut -f2 "$scratch/each" | middle)" ms '<= 20'
for kind in rare common several prefix phrase field minus dates; do
	report "  $kind" "$(grep "	$kind	" "$scratch/each" | cut -f2 | middle)" ms ''
done
report 'the slowest of them' "$(sort -n -k2 "$scratch/each" | tail -n 1 | cut -f2)" ms ''
rm -rf "$TH_HOME"
done_with

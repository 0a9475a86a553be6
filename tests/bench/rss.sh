#!/bin/sh
# rss.sh -- 100,000 items of one feed written by th-rss, and by sfeed_atom
. "${0%/*}/lib.sh"
needs sfeed sfeed_atom
n=${N:-100000}

"$shared/bench/gen-feed" "$n" >"$scratch/feed.xml"
sfeed <"$scratch/feed.xml" >"$scratch/feed.tsv"
th-fetch rss "$scratch/feed.xml" >"$scratch/items"
rm "$scratch/feed.xml"
# shellcheck disable=SC2329
ours() { th-rss --format atom --title T <"$scratch/items" >"$scratch/ours"; }
# shellcheck disable=SC2329
theirs() { sfeed_atom <"$scratch/feed.tsv" >"$scratch/theirs"; }
# Both wait for the disk they write to, now more, now less: theirs is not ours.
report 'th-rss beside sfeed_atom, time of the processor' \
    "$(us=cpu_us ratio ours theirs)" 'times faster' '>= 1'
report 'th-rss, memory' "$(peak sh -c 'th-rss --title T <"$1"' - "$scratch/items")" \
    MiB '<= 64'
done_with

#!/bin/sh
# trigger.sh -- what th-trigger adds to 200 scripts that are due, eight at a time
# One line: by hand, by run --due, and the difference for each, in ms.
. "${0%/*}/lib.sh"
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
feed=${0%/*}/../data/feed.xml
TH_HOME=$dir/home; export TH_HOME
mkdir -p "$TH_HOME/triggers"
i=0
while [ $i -lt 200 ]; do
	i=$((i + 1))
	printf '#!/bin/sh\n#: every: 1m\nth-fetch rss "%s" | th-filter title >/dev/null\n' \
	    "$(realpath "$feed")" >"$TH_HOME/triggers/t$i"
	chmod +x "$TH_HOME/triggers/t$i"
done
now() { date +%s%N; }
a=$(now)
find "$TH_HOME/triggers" -type f -printf '%f\n' |
    xargs -P8 -I{} sh -c 'TH_TRIGGER={} "$TH_HOME/triggers/{}"'
b=$(now)
rm -f "$TH_HOME"/th.db*
th-trigger run --due --quiet --jobs 8
c=$(now)
echo "200 due triggers: $(((b - a) / 1000000)) ms by hand, $(((c - b) / 1000000)) ms by run --due:" \
    "$(((c - b - (b - a)) / 200000000)) ms more for each"

#!/bin/sh
# trigger.sh -- what th-trigger adds to 200 scripts that are due, eight at a time
. "${0%/*}/lib.sh"
feed=$top/tests/data/feed.xml
mkdir -p "$TH_HOME/triggers"
i=0
while [ $i -lt 200 ]; do
	i=$((i + 1))
	printf '#!/bin/sh\n#: every: 1m\nth-fetch rss "%s" | th-filter title >/dev/null\n' \
	    "$feed" >"$TH_HOME/triggers/t$i"
	chmod +x "$TH_HOME/triggers/t$i"
done
# shellcheck disable=SC2016,SC2329
by_hand() {
	find "$TH_HOME/triggers" -type f -printf '%f\n' |
	    xargs -P8 -I{} sh -c 'TH_TRIGGER={} "$TH_HOME/triggers/{}"'
}
# shellcheck disable=SC2329
due() { th-trigger run --due --quiet --jobs 8; }
: >"$scratch/more"
i=0
while [ $i -lt "$runs" ]; do
	i=$((i + 1))
	rm -f "$TH_HOME"/th.db*; a=$(us by_hand)
	rm -f "$TH_HOME"/th.db*; b=$(us due)
	echo $(((b - a) / 200)) >>"$scratch/more"
done
report 'th-trigger run --due, more for each of 200' \
    "$(middle <"$scratch/more" | awk '{ printf "%.1f\n", $1 / 1000 }')" ms '<= 15'
done_with

#!/bin/sh
# filter.sh -- th-filter beside jq, its memory, and what it costs to start
. "${0%/*}/lib.sh"
needs th-filter jq /usr/bin/time
in=$(items 100000)
word=version

# The input's own lines of the items that a jq expression is true for.
jq_lines() {
	jq -c "$1" "$in" | awk 'NR == FNR { keep[NR] = $0 == "true"; next }
	    keep[FNR]' - "$in"
}

ours_one() { th-filter "title ~ \"$word\"" <"$in" >"$scratch/ours"; }
jq_one() { jq -c "select(.title|test(\"$word\";\"i\"))" <"$in" >"$scratch/jq"; }
ours_three() {
	th-filter "title ~ \"$word\" and tags = \"linux\" and
	    date_published > 2010-03-01" <"$in" >"$scratch/ours"
}
three="(.title|test(\"$word\";\"i\")) and ((.tags//[])|any(. == \"linux\")) and
    (.date_published > \"2010-03-01T00:00:00Z\")"
jq_three() { jq -c "select($three)" <"$in" >"$scratch/jq"; }

ours_one
jq_lines ".title|test(\"$word\";\"i\")" >"$scratch/want"
same 'th-filter, one condition' "$scratch/ours" "$scratch/want"
report 'th-filter, one condition, beside jq' "$(ratio ours_one jq_one)" \
    'times faster' '>= 12'
ours_three
jq_lines "$three" >"$scratch/want"
same 'th-filter, three conditions' "$scratch/ours" "$scratch/want"
report 'th-filter, three conditions, beside jq' "$(ratio ours_three jq_three)" \
    'times faster' '>= 12'

gigabyte() { cat "$in" "$in" "$in" "$in" "$in" "$in" "$in"; }
report 'th-filter, memory over 1 GB' \
    "$(gigabyte | peak th-filter "title ~ \"$word\"")" MiB '<= 16'

head -n1 "$in" >"$scratch/one"
hundred() { for _n in 0 1 2 3 4 5 6 7 8 9; do for _m in 0 1 2 3 4 5 6 7 8 9; do
	"$@" <"$scratch/one" >/dev/null; done; done; }
report 'th-filter, start over true' "$({ median hundred th-filter 'title ~ "a"'
	median hundred /bin/true; } | awk '{ v[NR] = $1 }
	    END { printf "%.2f\n", (v[1] - v[2]) / 100000 }')" ms '<= 2.5'
done_with

#!/bin/sh
# status.t -- how all is: for people, for programs, as a page
# With TH_LONG=1 and chromium installed the page is looked at in a browser, too.
# shellcheck disable=SC2016
. "${0%/*}/lib.sh"
mkdir -p "$TH_HOME/triggers"
cp "$top/tests/data/feed.xml" .
feed=$scratch/feed.xml; export feed
script() { # NAME, lines on stdin
	cat >"$TH_HOME/triggers/$1" && chmod +x "$TH_HOME/triggers/$1"
}
ok 'metrics of nothing' sh -c 'th-trigger status --prometheus | python3 "$1"' - "$top/tests/prometheus.py"
says 'words of nothing' '0 triggers: 0 on, 0 off; 0 in trouble; 0 items wait' th-trigger status
script good <<'E'
#!/bin/sh
#: description: Soup <b>&amp; "salad"</b> for everybody
#: every: 1h
th-fetch rss "$feed" | th-publish file --path 'out/{title}.md'
E
script waits <<'E'
#!/bin/sh
th-fetch rss "$feed" | th-publish file --path 'late/{title}.md' --limit 1/1d
E
script bad <<'E'
#!/bin/sh
#: failed_tries: 2
th-fetch nosuch
E
script off <<'E'
#!/bin/sh
true
E
script a-name_that.is_as_long_as_the_longest_of_the_names_that_people_give_to_their_things <<'E'
#!/bin/sh
#: every: 1d
E
th-trigger run -q good waits bad >/dev/null 2>&1
th-trigger run -q bad >/dev/null 2>&1
th-trigger disable -q off

th-trigger status >words
says 'words: the sum first' '5 triggers: 3 on, 2 off; 1 in trouble; 2 items wait' head -1 words
ok 'then what failed, why' sh -c 'sed -n 3,4p words | tr "\n" " " | grep -q "^bad: off, failed 2 times.*th-fetch: unknown service nosuch"'
ok 'and what to do' grep -q 'What to do: mend the command line.*; then th-trigger enable bad' words
ok 'then what waits, and why' grep -q '2 items wait for a publishing limit' words
ok 'what is in order is not talked of' sh -c '! grep -q good words'

for why in 'th-fetch rss http://127.0.0.1:1/f | th-publish file --path x | cat@th-fetch: http://127.0.0.1:1/f: cannot connect' \
    'echo "{}" | th-filter "title ~ (" | th-publish file --path x; echo remark >&2@th-filter: expression: ' \
    'th-fetch rss "$feed" | th-publish webhook --url http://127.0.0.1:1/; echo remark >&2@th-publish: .*cannot connect' \
    'echo "my own words" >&2; echo "{" | th-filter >/dev/null 2>&1; exit 3@the script ended with exit code 3 \(my own words' \
    'th-fetch rss "$feed" | th-filter -v title >/dev/null; ls /dev/null/none >&2@the script ended with exit code [0-9]* \(.*/dev/null/none'; do
	printf '#!/bin/sh\n%s\n' "${why%@*}" >"$TH_HOME/triggers/why" && chmod +x "$TH_HOME/triggers/why"
	th-trigger run -q why >/dev/null 2>&1
	ok "the words are those of what failed: ${why#*@}" sh -c 'th-trigger status why | grep -Eq "^    $1"' - "${why#*@}"
done
th-trigger rm -q why
printf '#!/bin/sh\n#: failed_tries: 1\nth-fetch rss http://127.0.0.1:1/f\n' >"$TH_HOME/triggers/gone" && chmod +x "$TH_HOME/triggers/gone"
th-trigger run -q gone >/dev/null 2>&1
ok 'one that is off is not said to come back by itself' sh -c \
    'th-trigger status gone | grep -q "What to do: wait until the service is back, or look at the address; then th-trigger enable gone$"'
th-trigger rm -q gone

th-trigger status --json >json
says 'JSON: failures first' 'bad waits' jq -r '[.triggers[].name][0:2] | join(" ")' json
says 'JSON has items of each day' '[3,3,1,0]' jq -c '.triggers[] | select(.name == "good") | .days[]' json
ok 'metrics keep the rules' sh -c 'th-trigger status --prometheus | python3 "$1"' - "$top/tests/prometheus.py"
says 'metrics have the counts' 'th_trigger_published_items_total{trigger="good"} 3' \
    sh -c 'th-trigger status --prometheus | grep "^th_trigger_published_items_total.*good"'
code 'one form at a time' 64 th-trigger status --json --prometheus

ok 'a page is written' th-trigger status --html page.html
ok 'it is whole, readable, in both schemes, and loads nothing' python3 "$top/tests/page.py" page.html
says 'failures come first' 'bad' sh -c 'grep -o "<h3>[^<]*" page.html | head -1 | cut -c5-'
says 'text is text' 'Soup &lt;b&gt;&amp;amp; &quot;salad&quot;&lt;/b&gt; for everybody' \
    sh -c 'grep -o "Soup.*everybody" page.html'
ok 'the chart has the day and its items' grep -q '<rect [^>]*><title>[0-9-]*: 3</title>' page.html
ok 'the last runs are there, and why they failed' sh -c 'grep -q "<summary>Last runs" page.html && grep -q "<td[^>]*>th-fetch: unknown service nosuch" page.html'
ok 'the sums stand on top' sh -c 'tr "\n" " " <page.html | grep -q "<b class=.bad.>1</b> in trouble</p><p><b>2</b> items wait</p><p><b>3</b> on</p><p><b>2</b> off"'
th-trigger vacation on -q --until 2w
ok 'the page tells of a vacation' sh -c 'th-trigger status --html page.html && grep -q "On vacation: nothing runs until" page.html'
ok 'or goes to standard output' sh -c 'th-trigger status --html - | grep -q "^<!DOCTYPE html>" && test ! -e -'
ok 'as it does when no file is named' sh -c 'th-trigger status --html | grep -q "^<!DOCTYPE html>"'
code 'a page that cannot be written' 73 th-trigger status --html /proc/none/page.html

if [ -n "${TH_LONG-}" ] && command -v chromium >/dev/null; then
	{ cat page.html; echo '<script>document.body.dataset.wide=document.documentElement.scrollWidth>innerWidth;document.body.dataset.articles=document.querySelectorAll("article").length</script>'; } >seen.html
	for width in 400 1280; do
		browse() { chromium --headless --no-sandbox --disable-gpu --user-data-dir="$scratch/chromium" \
		    --window-size=$width,900 --hide-scrollbars "$@" 2>/dev/null; }
		ok "a browser $width wide makes a picture of it" sh -c 'test "$(head -c 8 "$1" | tail -c 7 | head -c 3)" = PNG' - \
		    "$(browse --screenshot="$scratch/shot.png" "file://$scratch/page.html" >/dev/null; echo "$scratch/shot.png")"
		browse --dump-dom "file://$scratch/seen.html" >dom
		ok "nothing sticks out at $width" grep -q 'data-wide="false"' dom
		ok "all triggers are there at $width" grep -q 'data-articles="5"' dom
	done
else
	skip 'the page in a browser' 'TH_LONG=1 and chromium look at it'
fi
finish

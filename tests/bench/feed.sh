#!/bin/sh
# feed.sh -- th-fetch rss on a large feed from disk, beside sfeed
. "${0%/*}/lib.sh"
needs th-fetch sfeed /usr/bin/time
feed=$B/bench/feed-53000.xml # 80 MB
if [ ! -s "$feed" ]; then
	"$shared/bench/gen-feed" 53000 >"$feed.tmp" && mv "$feed.tmp" "$feed"
fi

ours() { th-fetch rss "$feed" >/dev/null; }
sfeeds() { sfeed <"$feed" >/dev/null; }

report 'th-fetch rss, 80 MB from disk' "$(ratio sfeeds ours)" \
    "of sfeed's time" '<= 0.9'
report 'th-fetch rss, 80 MB, memory' "$(peak th-fetch rss "$feed")" MiB '<= 16'
done_with

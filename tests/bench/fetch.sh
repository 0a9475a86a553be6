#!/bin/sh
# fetch.sh -- th-fetch rss of 1,000 feeds beside sfeed_update, cold and unchanged
. "${0%/*}/lib.sh"
PATH=$PATH:/usr/sbin
needs th-fetch nginx sfeed_update curl python3
[ -x "$shared/bench/gen-feed" ] || { echo "fetch.sh: not measured, no gen-feed"; exit 0; }
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy
runs=${RUNS:-3}
nfeeds=${FEEDS:-1000}

feeds=$B/bench/feeds-$nfeeds # of about 50 kB
if [ ! -d "$feeds" ]; then
	"$shared/bench/gen-feed" --dir "$feeds.tmp" --feeds "$nfeeds" 31 &&
	    mv "$feeds.tmp" "$feeds"
fi
port=$(python3 -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$scratch/nginx.conf" <<-X
	daemon off; user root; pid $scratch/pid; worker_processes 1;
	events { worker_connections 512; }
	http {
	access_log off; keepalive_requests 10000;
	client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;
	uwsgi_temp_path t4; scgi_temp_path t5; types { text/xml xml; }
	server { listen 127.0.0.1:$port; root $feeds; }
	}
X
nginx -p "$scratch/" -e "$scratch/error" -c "$scratch/nginx.conf" 2>/dev/null &
pids=$!
until curl -s -o /dev/null "http://127.0.0.1:$port/"; do sleep 0.05; done

find "$feeds" -type f -printf "%f\n" | sort | sed "s|^|http://127.0.0.1:$port/|" >"$scratch/list"
{
	echo "sfeedpath=$scratch/sfeeds; maxjobs=8"
	echo 'feeds() {'
	sed 's|.*/\(.*\)\.xml|	feed "\1" "&"|' "$scratch/list"
	echo '}'
} >"$scratch/sfeedrc"

ours() { th-fetch rss --state bench -f "$scratch/list" >"$scratch/out"; }
ours_cold() { rm -f "$TH_HOME"/th.db*; ours; }
theirs() { sfeed_update "$scratch/sfeedrc" >/dev/null 2>&1; }
theirs_cold() { rm -rf "$scratch/sfeeds"; theirs; }

ours_cold
[ "$(wc -l <"$scratch/out")" = $((nfeeds * 31)) ] || {
	echo "th-fetch: items are missing MISSED"; missed=1; }
report "th-fetch rss, $nfeeds feeds cold, beside sfeed_update" \
    "$(ratio ours_cold theirs_cold)" 'times faster' '>= 15'
ours_cold; theirs_cold
report "th-fetch rss, $nfeeds feeds unchanged, beside sfeed_update" \
    "$(ratio ours theirs)" 'times faster' '>= 25'
report "th-fetch rss, $nfeeds feeds, memory" \
    "$(rm -f "$TH_HOME"/th.db*; peak th-fetch rss --state bench -f "$scratch/list")" MiB ''
done_with

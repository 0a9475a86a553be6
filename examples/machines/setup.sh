#!/bin/sh
# setup.sh [HOST:PORT]: makes this machine one of those that share a store.
# Run it on each.  The Redis needs `appendonly yes`, so that what it was told
# outlives it; `th-fetch -v` and `th-publish -v` say what its settings risk.
set -eu
here=$(cd "${0%/*}" && pwd)
home=${TH_HOME:-${XDG_CONFIG_HOME:-$HOME/.config}/triggerhappy}
umask 077
mkdir -p "$home/triggers"
redis=${1:-redis.example:6379}
# What is there already stays: it may have accounts, or your address.
if [ -e "$home/config.yaml" ]; then
	grep -q "^store: redis://$redis/0$" "$home/config.yaml" || {
		echo "$home/config.yaml is there; write into it: store: redis://$redis/0" >&2
		exit 73
	}
else
	sed "s|redis.example:6379|$redis|" "$here/config.yaml" >"$home/config.yaml"
fi
trigger=$home/triggers/feed-to-webhook
[ -e "$trigger" ] || cp "$here/feed-to-webhook.sh" "$trigger"
chmod +x "$trigger"
th-trigger check
th-trigger list
echo "now, once: (crontab -l; th-trigger crontab) | crontab -"

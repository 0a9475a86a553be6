#!/bin/sh
# setup.sh [HOST:PORT]: makes this machine one of those that share a store.
# Run it on each.  The Redis needs `appendonly yes`, so that what it was told
# outlives it; `th-fetch -v` and `th-publish -v` say what its settings risk.
set -eu
here=$(cd "${0%/*}" && pwd)
home=${TH_HOME:-${XDG_CONFIG_HOME:-$HOME/.config}/triggerhappy}
umask 077
mkdir -p "$home/triggers"
sed "s|redis.example:6379|${1:-redis.example:6379}|" "$here/config.yaml" >"$home/config.yaml"
cp "$here/feed-to-webhook.sh" "$home/triggers/feed-to-webhook"
chmod +x "$home/triggers/feed-to-webhook"
th-trigger check
th-trigger list
echo "now, once: (crontab -l; th-trigger crontab) | crontab -"

#!/bin/sh
# page-to-feed.sh URL [XPATH]: a feed for a page that has none: an item for each
# link that XPATH finds, by default those in headings.  Needs curl, xmllint, jq.
# Dates are not known; what is new shows by `th-rss -o FILE --merge`.
url=$1 xpath=${2:-//h1//a | //h2//a | //h3//a}
tmp=$(mktemp); trap 'rm -f "$tmp"' EXIT
curl -fsSL --max-time 20 -- "$url" >"$tmp" || exit 69
count=$(xmllint --html --xpath "count($xpath)" "$tmp" 2>/dev/null) || exit 65
i=1
while [ "$i" -le "$count" ]; do
	href=$(xmllint --html --xpath "string(($xpath)[$i]/@href)" "$tmp" 2>/dev/null)
	text=$(xmllint --html --xpath "normalize-space(($xpath)[$i])" "$tmp" 2>/dev/null)
	case $href in
	*://*) ;;
	/*) href=$(printf '%s\n' "$url" | sed 's|\(://[^/]*\).*|\1|')$href ;;
	*) href=${url%/*}/$href ;;
	esac
	jq -cn --arg u "$href" --arg t "$text" '{id: $u, url: $u, title: $t}'
	i=$((i + 1))
done |
    th-filter --unique url |
    th-rss --title "Links of $url" --link "$url"

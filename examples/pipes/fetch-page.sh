#!/bin/sh
# fetch-page.sh URL...: for feeds that give a teaser only.  A loop over the items
# that gets each page and puts its <article> (else <main>, else <body>) into the
# item.  An item whose page fails stays as it is.  Needs curl, xmllint and jq.
page() {
	curl -fsSL --max-time 20 --max-filesize 5000000 -- "$1" >"$tmp" || return
	for element in article main body; do
		xmllint --html --noent --nonet --encode utf-8 --xpath "(//$element)[1]" "$tmp" 2>/dev/null && return
	done
}
tmp=$(mktemp); trap 'rm -f "$tmp"' EXIT
th-fetch rss "$@" | th-filter url --limit 20 |
    while IFS= read -r item; do
	html=$(page "$(printf '%s\n' "$item" | jq -r .url)") || html=
	printf '%s\n' "$item" | jq -c --arg html "$html" \
	    'if $html == "" then . else .content_html = $html | del(.content_text) end'
    done |
    th-rss --title 'With the whole text'

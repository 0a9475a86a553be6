#!/bin/sh
# split.sh DIRECTORY URL...: one source, read once, many ways: a feed for each tag
# named here, and one for the rest.
dir=$1; shift
items=$(mktemp); trap 'rm -f "$items"' EXIT
th-fetch rss "$@" >"$items" || exit
for tag in recipe soup; do
	th-filter "tags = \"$tag\"" <"$items" |
	    th-rss --title "$tag" -o "$dir/$tag.xml" --merge
done
th-filter 'not (tags = "recipe" or tags = "soup")' <"$items" |
    th-rss --title 'The rest' -o "$dir/rest.xml" --merge

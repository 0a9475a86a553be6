#!/bin/sh
# truncate.sh URL...: the first three items of each feed, with short titles and
# the beginning of the text alone.  --tail N and --skip N are its kin.
for url; do
	th-fetch rss --limit 3 "$url"
done |
    th-filter --set 'title={title|truncate:40}' --set 'content_text={text|truncate:200}' \
        --drop content_html |
    th-rss --title 'In short'

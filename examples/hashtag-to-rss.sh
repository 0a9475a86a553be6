#!/bin/sh
#: description: The posts on X with a hashtag, kept as a feed of your own
#: every: 15m
#: tags: [twitter, feed]
th-fetch twitter --search "${HASHTAG:-#chess}" --no-retweets |
    th-filter --set 'title={text|truncate:80}' |
    th-rss --title "${HASHTAG:-#chess}" --link https://x.com/ \
        --max 200 -o "${OUT:-$HOME/hashtag.xml}" --merge

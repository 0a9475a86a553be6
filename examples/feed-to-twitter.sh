#!/bin/sh
#: description: What a site publishes, as posts on X, a few at a time
#: every: 15m
#: tags: [twitter, feed]
th-fetch rss "${FEED:-https://blog.example/feed.xml}" |
    th-publish twitter --limit 3/15m --hashtags news

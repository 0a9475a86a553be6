#!/bin/sh
#: description: Long reads of a site, to be read later
#: every: 1h
#: tags: [pocket, feed]
th-fetch rss "${FEED:-https://blog.example/feed.xml}" |
    th-filter 'length(text) > 200' |
    th-publish pocket --tags feed

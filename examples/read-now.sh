#!/bin/sh
#: description: Read a site often, and keep what is new for publish-later
#: every: 15m
#: tags: [cache, feed]
# The queue between the two is on disk (or in Redis); th-queue(1) looks into it.
th-fetch rss "${FEED:-https://blog.example/feed.xml}" |
    th-publish webhook --url "${HOOK:-https://hooks.example/in}" \
        --queue later --queue-only

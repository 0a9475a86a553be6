#!/bin/sh
#: description: What a site publishes, as notes in a notebook
#: every: 1h
#: tags: [evernote, feed]
th-fetch rss "${FEED:-https://blog.example/feed.xml}" |
    th-publish evernote --notebook Reading --tags feed,unread

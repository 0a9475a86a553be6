#!/bin/sh
#: description: A card for each item of a site, then a post about those that have one
#: every: 1h
#: tags: [trello, twitter, feed]
# th-publish prints what was delivered, so publishers stand in a row.  A run that
# breaks between the two is mended by the next.
th-fetch rss "${FEED:-https://blog.example/feed.xml}" |
    th-publish trello --board Press --list Published |
    th-publish twitter --text 'New: {title} {url}'

#!/bin/sh
#: description: Pages that bookmarked posts on X link to, to be read later
#: every: 30m
#: tags: [twitter, pocket]
th-fetch twitter --bookmarks |
    th-filter external_url --set 'title={text|truncate:100}' \
        --rename external_url=url |
    th-publish pocket --tags x

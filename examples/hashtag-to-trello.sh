#!/bin/sh
#: description: The posts on X with a hashtag, each a card on a board
#: every: 30m
#: tags: [twitter, trello]
th-fetch twitter --search "${HASHTAG:-#chess}" --no-retweets |
    th-publish trello --board Reading --list Inbox --labels X \
        --title '{text|truncate:80}' --text '{text}'

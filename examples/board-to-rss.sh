#!/bin/sh
#: description: The cards of a board as a feed; any service can stand here
#: every: 1h
#: tags: [trello, feed]
th-fetch trello --board "${BOARD:-Reading}" |
    th-rss --title "${BOARD:-Reading}" --link https://trello.com/ \
        --max 100 -o "${OUT:-$HOME/board.xml}" --merge

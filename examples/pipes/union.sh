#!/bin/sh
# union.sh URL...: several feeds as one, newest first, each page once.
th-fetch rss "$@" |
    th-filter --unique url --sort -date |
    th-rss --title 'All of them'

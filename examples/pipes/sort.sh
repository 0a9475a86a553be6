#!/bin/sh
# sort.sh URL...: by title; items without one come last.  --sort -date: newest
# first; any field will do, numbers of your own, too.
th-fetch rss "$@" |
    th-filter --sort title |
    th-rss --title 'From A to Z'

#!/bin/sh
# filter.sh URL...: what matters, by words, tags and age.  `any` is title,
# summary, text and tags; a name alone asks whether there is one.
th-fetch rss "$@" |
    th-filter 'any ~ "recipe|soup" and not title ~ "sponsored" and url' |
    th-rss --title 'What matters'

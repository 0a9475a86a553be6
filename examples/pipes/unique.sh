#!/bin/sh
# unique.sh URL...: the same story from many sites once, whatever the case of its
# title and the marks that trackers put on its address.
th-fetch rss "$@" |
    th-filter --replace 'url,[?&]utm_.*,,' --set '_same={title|lower}' --unique url |
    th-filter --unique _same --drop _same |
    th-rss --title 'Each story once'

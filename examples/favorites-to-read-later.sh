#!/bin/sh
#: description: Pages that posts you liked on X link to, to be read later
#: every: 30m
#: tags: [twitter, readability]
th-fetch twitter --likes |
    th-filter external_url --rename external_url=url |
    th-publish readability --tags x,liked

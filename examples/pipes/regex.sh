#!/bin/sh
# regex.sh URL...: titles and addresses tidied up.  Groups are $1, $2; any
# punctuation may stand in place of the slashes.
th-fetch rss "$@" |
    th-filter --replace 'title/^(ad|sponsored): *//i' \
        --replace 'title/\s*[|–-]\s*[^|–-]*$//' \
        --replace 'url,^http:,https:,' |
    th-rss --title 'Tidied up'

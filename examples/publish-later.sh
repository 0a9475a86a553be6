#!/bin/sh
#: description: Publish what read-now kept, in office hours, ten an hour at most
#: cron: "0 9-17 * * 1-5"
#: tags: [cache]
th-publish webhook --url "${HOOK:-https://hooks.example/in}" \
    --queue later --drain --limit 10/1h

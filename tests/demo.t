#!/bin/sh
# The demo runs through, and so does it with a feed of the caller's.
. "${0%/*}/lib.sh"
TMPDIR=$scratch; export TMPDIR
ok 'make demo does what it says' "$top/examples/demo.sh"
cp .out demo.out; ok 'it ends with the places to look at' grep -q '^Done: 4 items were published, each once' demo.out
ok 'FEED names another feed' env FEED="$top/tests/data/atom.xml" "$top/examples/demo.sh"
cp .out demo.out; ok 'its items are published' grep -q '^Done: 2 items were published, each once' demo.out
code 'a wrong FILTER is an error' 64 env FILTER='title ~' "$top/examples/demo.sh"
finish

#!/bin/sh
# th-publish webhook: bodies, signatures, answers
. "${0%/*}/lib.sh"

secret=whsec_$(printf 'a secret of thirty-two bytes 123' | base64 -w0)
python3 "$top/tests/servers/webhook.py" log "$secret" >port & pids="$pids $!"
i=0; while [ ! -s port ] && [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done
at=http://127.0.0.1:$(cat port)
q=0
send() { # CODE OPTION...: items of stdin to a new queue
	_code=$1; shift; q=$((q + 1)); : >log
	th-publish webhook --url "$at/$_code" --queue "q$q" "$@"
}
field() { # N: of the last request
	tail -n 1 log | cut -d' ' -f "$1"
}
body() {
	tail -n 1 log | cut -d' ' -f 7-
}
printf '%s\n' '{"id":"1","title":"A \"b\" \\ c","url":"https://e.org/1","date_published":"2026-11-23T20:18:58Z","_x":[1]}' >one

ok 'an item is sent' send 200 <one
is 'its body is the item as it is' one body
says 'by POST' POST field 1
says 'as JSON' application/json field 2
says 'without a secret it is not signed' unsigned field 4
ok 'an envelope is sent' send 200 --envelope <one
says 'that has type, timestamp and data' 'item.published 2026-11-23T20:18:58Z 1' \
    sh -c 'tail -n 1 log | cut -d" " -f 7- | jq -r "[.type,.timestamp,.data.id]|join(\" \")"'
ok 'a template is sent' send 200 --body '{{"text":"{title}","n":1}}' <one
says 'with values escaped for JSON' '{"text":"A \"b\" \\ c","n":1}' body
code 'a template that makes no JSON refuses the item' 65 sh -c 'th-publish webhook --url "$1/200" --queue bad --body "{{\"n\":{nothing}}}" <one' - "$at"
told 'and says so' 'no JSON'
ok 'plain text is sent' send 200 --text '{title}' <one
says 'as it is' 'A "b" \ c' body
says 'as text' 'text/plain;charset=utf-8' field 2
ok 'method and headers are the user'\''s' send 200 --method PUT --header 'X-Extra: yes' <one
says 'the method' PUT field 1
says 'the header: type and charset stay' application/json field 2
says 'and its own' yes field 6
ok 'GET has no body' send 200 --method GET <one
says 'none at all' '' body
code 'a header without a colon is a usage error' 64 sh -c 'th-publish webhook --url "$1/200" --queue h --header nonsense <one' - "$at"

code 'how long the body is cannot be set' 64 sh -c 'th-publish webhook --url "$1/200" --queue l --header "content-length: 1" <one' - "$at"
told 'and that is said' 'content-length is not yours'
ok 'with a wrong header nothing is queued' sh -c '! th-queue list | grep -E "\"queue\":\"(h|l)\""'

# Signed, with a token.
mkdir -p "$TH_HOME"
cat >"$TH_HOME/config.yaml" <<-END
	accounts:
	  webhook:
	    default: {secret_env: HOOK_SECRET, token_env: HOOK_TOKEN}
	    plain: {secret_env: HOOK_PLAIN}
	    broken: {secret_env: HOOK_BROKEN}
END
HOOK_SECRET=$secret HOOK_TOKEN=tok3n HOOK_PLAIN=plain HOOK_BROKEN='whsec_*'
export HOOK_SECRET HOOK_TOKEN HOOK_PLAIN HOOK_BROKEN
ok 'an item is sent with a secret' send 200 <one
says 'and is signed as Standard Webhooks and GitHub do' signed sh -c 'tail -n 1 log | cut -d" " -f 4'
says 'a token is sent as Bearer' 'Bearer tok3n' sh -c 'tail -n 1 log | cut -d" " -f 5-6'
th-publish webhook --url "$at/200" --dry-run --header 'X-Api-Key: k3y' -vv <one >dry 2>&1
ok 'a dry run shows the request' grep -q '^POST ' dry
ok 'and no secret, signature, token or key' sh -c '! grep -E "tok3n|k3y|whsec_|v1,[A-Za-z0-9+/]{20}|sha256=[0-9a-f]{20}" dry'
code 'nor does a token go out over plain http' 78 sh -c \
    'th-publish webhook --url http://192.0.2.1/ --queue plain <one'
told 'which tells what to do' 'use https or say insecure: true'
code 'a secret that is no Base64 is a configuration error' 78 th-publish webhook:broken --url "$at/200" <one
ok 'and is not shown' sh -c '! grep -F "whsec_*" .err'
code 'so is a token with a control character, and no fault of the item' 78 \
    env HOOK_TOKEN="$(printf '\033[1mtok3n')" sh -c 'th-publish webhook --url "$1/200" --queue esc <one' - "$at"
told 'which is told' 'account webhook:default: token has a control character'
says 'the item waits' 1 sh -c 'th-queue list | jq "select(.queue == \"esc\").waiting"'

# What the answers mean.
rm "$TH_HOME/config.yaml"
ok '201 is done' sh -c 'th-publish webhook --url "$1/201" --queue c201 <one >receipt' - "$at"
says 'and its Location is the receipt' https://e.org/made/1 jq -r '._published[0].url' receipt
for c in 400 404 410 422; do
	code "$c refuses the item" 65 sh -c 'th-publish webhook --url "$1/$2" --queue "c$2" <one' - "$at" $c
done
: >log
code 'a redirect is not followed' 75 sh -c 'th-publish webhook --url "$1/302" --queue r <one' - "$at"
says 'the other address hears nothing' 1 sh -c 'wc -l <log'
for c in 500 503 429 407; do
	code "$c keeps the item for later" 75 sh -c 'th-publish webhook --url "$1/$2" --queue "c$2" <one' - "$at" $c
done

# What goes wrong after the status does not make another attempt of it.
for f in cut damaged endless; do
	: >log
	code "200 and a body that is $f: it has arrived" 0 sh -c 'th-publish webhook --url "$1/200?$2" --queue "f$2" <one' - "$at" $f
	code "404 and a body that is $f: it is refused" 65 sh -c 'th-publish webhook --url "$1/404?$2" --queue "r$2" <one' - "$at" $f
	ok 'neither is sent again' sh -c 'th-publish webhook --url "$1/200?$2" --queue "f$2" <one >.out && th-publish webhook --url "$1/404?$2" --queue "r$2" <one && [ "$(wc -l <log)" = 2 ]' - "$at" $f
done
finish

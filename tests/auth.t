#!/bin/sh
# th-auth: every way to log in, tokens kept, renewed by one, and let go
. "${0%/*}/lib.sh"
. "$top/tests/api.sh"

serve twitter
config <<E
accounts:
  twitter:
    default: {base_url: "$url", consumer_key: consumer-key, consumer_secret: consumer-secret}
    two: {base_url: "$url", client_id: client-id}
    secret: {base_url: "$url", client_id: client-id, client_secret: client-secret}
    bare: {base_url: "$url", user: x}
E
code 'an unknown key of an account is named' 78 th-auth check twitter:bare
config <<E
accounts:
  twitter:
    default: {base_url: "$url", consumer_key: consumer-key, consumer_secret: consumer-secret}
    two: {base_url: "$url", client_id: client-id}
    secret: {base_url: "$url", client_id: client-id, client_secret: client-secret}
    old: {base_url: "$url", client_id: client-id, access_token: stale, refresh_token: refresh-token}
    none: {base_url: "$url"}
E
login() { # ACCOUNT [OPTION]...: logs in as a person with a browser would
	rm -f address; _a=$1; shift
	th-auth login "$_a" --timeout 20s "$@" >address 2>err & _p=$!
	visit address "${follow-}" >page
	wait $_p
}
creds=$TH_HOME/credentials
code 'not logged in yet' 77 th-auth check twitter
told 'is told how' 'th-auth login twitter:default'
code 'OAuth 1.0a by browser' 0 login twitter
ok 'the page thanks' grep -q 'Thank you' page
ok 'the file is for its owner alone' sh -c 'ls -l "$1" | grep -q "^-rw-------"' - "$creds/twitter.default.json"
says 'and holds the tokens' '["login","token","token_secret"]' jq -c keys "$creds/twitter.default.json"
says 'check tells who it is' 'twitter	default	me	no end known' th-auth check twitter
follow='&deny=1' code 'the person may say no' 77 login twitter
code 'OAuth 2 by browser' 0 login twitter:two
code 'OAuth 2 of a client with a secret' 0 login twitter:secret
finish

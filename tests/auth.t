#!/bin/sh
# th-auth: every way to log in, tokens kept, renewed by one, and let go
. "${0%/*}/lib.sh"
. "$top/tests/api.sh"
unset DISPLAY WAYLAND_DISPLAY

serve trello; trello=$url
serve twitter
config <<E
accounts:
  twitter:
    bare: {base_url: "$url", usr: x}
E
code 'an unknown key of an account is an error' 78 th-auth check twitter:bare
told 'and named' 'usr: unknown key'
config <<E
accounts:
  twitter:
    default: {base_url: "$url", consumer_key: consumer-key, consumer_secret: consumer-secret}
    two: {base_url: "$url", client_id: client-id}
    secret: {base_url: "$url", client_id: client-id, client_secret: client-secret}
    old: {base_url: "$url", client_id: client-id, access_token: stale, refresh_token: refresh-token,
      expires_at: "2020-01-01T00:00:00Z"}
    spent: {base_url: "$url", client_id: client-id, access_token: stale, refresh_token: used-up}
    wrong: {base_url: "$url", consumer_key: consumer-key, consumer_secret: mistaken}
    none: {base_url: "$url"}
    cmd: {base_url: "$url", consumer_key: consumer-key, consumer_secret_command: echo consumer-secret,
      token: user-token, token_secret_env: TH_TEST_SECRET}
  trello:
    default: {base_url: "$trello", key: trello-key}
    signed: {base_url: "$trello", consumer_key: consumer-key, consumer_secret: consumer-secret}
    two: {base_url: "$trello", client_id: client-id, client_secret: client-secret}
E
follow=
login() { # ACCOUNT [OPTION]...: logs in as a person with a browser does
	rm -f address; _a=$1; shift
	th-auth login "$_a" --timeout 20s "$@" >address 2>err & _p=$!
	visit address "$follow" >page
	wait $_p
}
creds=$TH_HOME/credentials
mode() { ls -l "$1" | cut -c1-10; }

# ---- OAuth 1.0a
code 'not logged in yet' 77 th-auth check twitter
told 'is told how' 'th-auth login twitter:default'
code 'nothing to renew before the first login' 77 th-auth refresh twitter
told 'which is told' 'not logged in; th-auth login twitter:default'
code 'nor to log out of' 0 th-auth logout twitter
told 'is told, too' 'twitter:default: was not logged in'
ok 'and nothing is made for it' test ! -e "$creds"
code 'OAuth 1.0a by browser' 0 login twitter
ok 'the page thanks' grep -q 'Thank you' page
ok 'the address is alone on standard output' sh -c '[ "$(wc -l <address)" = 1 ] && grep -q "^http" address'
says 'the file is for its owner alone' -rw------- mode "$creds/twitter.default.json"
says 'and holds the tokens' '["login","token","token_secret"]' jq -c keys "$creds/twitter.default.json"
says 'check tells who it is' 'twitter	default	me	no end known' th-auth check twitter
code 'what does not end needs no renewal' 0 th-auth refresh twitter
fault /oauth/request_token 403
code 'a service that refuses to begin' 77 th-auth login twitter
told 'is told with its words' 'login refused: forbidden .403.: .*not permitted'
follow='&deny=1'
code 'the person may say no' 77 login twitter:default
follow=
code 'a wrong consumer secret is refused' 77 th-auth login twitter:wrong
code 'no key at all: the configuration lacks it' 78 th-auth login twitter:none
told 'and says which and where from' 'oauth1: needs consumer_key consumer_secret'
mkfifo pin; rm -f address
th-auth login twitter --paste <pin >address 2>err & p=$!
exec 3>pin; visit address >&3; echo >&3; exec 3>&-
code 'a code may be pasted' 0 wait $p
code 'a wrong code is refused' 77 sh -c 'echo 999 | th-auth login twitter --paste'
code 'no code is no login' 77 sh -c 'th-auth login twitter --paste </dev/null'
code 'nobody comes: later' 75 th-auth login twitter --timeout 1s
TH_TEST_SECRET=user-token-secret; export TH_TEST_SECRET
says 'secrets from a command and the environment' 'twitter	cmd	me	no end known' th-auth check twitter:cmd

# ---- OAuth 2
code 'OAuth 2 by browser' 0 login twitter:two
says 'tokens and their end are kept' '["access_token","expires_at","login","refresh_token"]' \
    jq -c keys "$creds/twitter.two.json"
code 'OAuth 2 of a client with a secret' 0 login twitter:secret
follow='&forge=1'
rm -f address
th-auth login twitter:two --timeout 2s >address 2>err & p=$!
visit address "$follow" >page
code 'an answer with another state is not ours' 75 wait $p
ok 'and its sender is told' grep -q 'Not for us' page
follow=
rm -f address
th-auth login twitter:two --timeout 20s >address 2>err & p=$!
_i=0; while [ ! -s address ] && [ $_i -lt 200 ]; do sleep 0.05; _i=$((_i + 1)); done
back=$(sed 's/.*redirect_uri=//; s/&.*//; s/%3A/:/g; s/%2F/\//g' address)
says 'other visits do not end the wait' '400 404 404' sh -c '
	for u in "$1?state=x&code=y" "${1%/callback}/" "${1%/callback}/favicon.ico"; do
	curl -s -o /dev/null -w "%{http_code}\n" "$u"; done | paste -sd" "' - "$back"
visit address >page
code 'the right one does' 0 wait $p
ok 'the listener is on the loopback address alone' sh -c 'grep -q "redirect_uri=http%3A%2F%2F127.0.0.1%3A" address'
rm -f address
th-auth login twitter:two --paste --port 9999 <pin >address 2>err & p=$!
exec 3>pin
_i=0; while [ ! -s address ] && [ $_i -lt 200 ]; do sleep 0.05; _i=$((_i + 1)); done
curl -s -o /dev/null -w '%{redirect_url}\n' "$(cat address)" >&3; exec 3>&-
code 'the whole address may be pasted' 0 wait $p
rm -f address
th-auth login twitter:two --paste --port 9999 <pin >address 2>err & p=$!
exec 3>pin
_i=0; while [ ! -s address ] && [ $_i -lt 200 ]; do sleep 0.05; _i=$((_i + 1)); done
curl -s -o /dev/null -w '%{redirect_url}\n' "$(cat address)" |
    sed 's/.*[?&]code=//; s/&.*//; s/%3D/=/g' >&3; exec 3>&-
code 'or the code alone, whatever is in it' 0 wait $p
free=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
code 'a port of one'"'"'s own' 0 login twitter:two --port "$free"
ok 'is the one that the browser comes back to' grep -q "redirect_uri=http%3A%2F%2F127.0.0.1%3A$free%2F" address
code 'a port that there is not' 64 th-auth login twitter:two --port 70000
before=$(jq -r .refresh_token "$creds/twitter.two.json")
code 'tokens are renewed on demand' 0 th-auth refresh twitter:two
ok 'and the new ones kept' sh -c '[ "$(jq -r .refresh_token "$1")" != "$2" ]' - "$creds/twitter.two.json" "$before"
says 'and good' 'twitter	two	me	renewed as needed' th-auth check twitter:two
n0=$(state .refreshes)
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	jq -cn --arg i "$i" '{id:$i,title:"Post \($i)"}' | th-publish twitter:old --queue "o$i" >"out$i" 2>"err$i" &
	eval "p$i=$!"
done
bad=0
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	eval "wait \$p$i" || bad=$((bad + 1))
done
says 'twenty publishers with a token that ended all publish' '0 20' sh -c \
    'echo "$1 $(curl -s "$2/_state" | jq ".sent | length")"' - $bad "$url"
says 'after exactly one renewal' 1 expr "$(state .refreshes)" - "$n0"
says 'tokens of config.yaml that were used up give way' 'twitter	old	me	renewed as needed' th-auth check twitter:old
code 'a refresh token that is no longer good' 77 th-auth check twitter:spent
told 'asks for a login' 'th-auth login twitter:spent'
fault /2/oauth2/token 500
code 'a token endpoint that is not well: later' 75 th-auth refresh twitter:two
fault /2/oauth2/token html
code 'a token endpoint that answers a page: later' 75 th-auth refresh twitter:two
fault /2/oauth2/token truncated
code 'half an answer: unavailable' 69 th-auth refresh twitter:two
code 'after which the old token is still there' 0 th-auth check twitter:two

code 'logout of OAuth 2' 0 th-auth logout twitter:secret
says 'makes both tokens void there' '["refresh_token","access_token"]' state .revoked
ok 'and forgets them here' test ! -e "$creds/twitter.secret.json"
code 'a login after that' 0 login twitter:secret
fault /2/oauth2/revoke 503
code 'a service that cannot revoke now' 75 th-auth logout twitter:secret
told 'is told' 'forgotten here, not revoked there'
ok 'they are forgotten all the same' test ! -e "$creds/twitter.secret.json"
code 'without a login nothing is read' 77 th-fetch twitter:secret --home
code 'nor written' 77 sh -c 'jq -cn "{id:\"x\",title:\"x\"}" | th-publish twitter:secret --queue x'
code 'of an account unknown nothing is read' 78 th-fetch twitter:nope --home
code 'nor written' 78 sh -c 'jq -cn "{id:\"x\",title:\"x\"}" | th-publish twitter:nope --queue x'

code 'tokens of config.yaml that the service cannot revoke are no logout' 78 th-auth logout twitter:cmd
told 'is told' 'stand in config.yaml'

# ---- a token, and Trello's two others
says 'a token is asked for, the page is shown' '1' sh -c \
    'echo trello-token | th-auth login trello 2>/dev/null | grep -c "/1/authorize.*key=trello-key"'
says 'days left are told' 'trello	default	alice	12 days left' th-auth check trello
code 'a token from standard input' 0 sh -c 'echo trello-token | th-auth login trello --token-stdin'
code 'not where there is none' 64 sh -c 'echo x | th-auth login twitter --token-stdin'
code 'one that the service refuses is told' 77 sh -c 'echo mistaken | th-auth login trello --token-stdin'
says 'and leaves the one that is there' 'trello	default	alice	12 days left' th-auth check trello
url=$trello
code 'Trello by OAuth 1.0a' 0 login trello:signed
says 'is good' 'trello	signed	alice	12 days left' th-auth check trello:signed
code 'Trello by OAuth 2, whose endpoint wants JSON' 0 login trello:two
says 'is good' 'trello	two	alice	renewed as needed' th-auth check trello:two
code 'logout' 0 th-auth logout trello
says 'makes the token void there' '["trello-token2","trello-token3"]' state .tokens
ok 'and forgets it here' test ! -e "$creds/trello.default.json"
code 'after which one is logged out' 77 th-auth check trello
code 'a token that is refused' 77 sh -c 'echo mistaken | th-auth login trello --token-stdin'
ok 'is not kept' test ! -e "$creds/trello.default.json"
(umask 077; echo '{"token": "mistaken"}' >"$creds/trello.default.json")
code 'a token that is void already is forgotten' 0 th-auth logout trello
ok 'indeed' test ! -e "$creds/trello.default.json"

# ---- looking
says 'list tells service, account, way, settings, end' 'twitter	default	oauth1	consumer_key,consumer_secret,token,token_secret	-' \
    sh -c 'th-auth list | head -n 1'
ok 'th-fetch lists what can be read, and who is logged in' sh -c \
    'th-fetch --list | grep "^twitter .*read, write.*accounts: default, two, secret"'
ok 'th-publish lists what can be written to' sh -c \
    'th-publish --list | grep "^trello .*default (not logged in), signed, two"'
ok 'since when a service is closed, and what to use' sh -c \
    'th-fetch --list | grep -q "^readability .*; closed 2016-09-30; use wallabag"'
ok 'and so does its help' sh -c 'th-publish readability --help | grep -q "^Closed since 2016-09-30; use wallabag"'
code 'an unknown service' 64 th-auth check twiter
told 'is guessed at' 'did you mean twitter'
code 'an unknown account' 78 th-auth check twitter:nope
code 'an unknown way' 64 th-auth login twitter --method magic
code 'a service that needs no login' 64 th-auth login rss
code 'an unknown command' 64 th-auth lgin
chmod 644 "$creds/twitter.two.json"
code 'tokens that others can read are refused' 78 th-auth check twitter:two
told 'and the file is named' 'twitter.two.json: others can read it'
code 'the other accounts are looked at all the same' 78 th-auth list
th-auth list >list 2>/dev/null
ok 'all of them' sh -c 'grep -q "^twitter.cmd" list && grep -q "^trello.two" list'
ok 'and this one is listed as what it is' sh -c 'th-fetch --list | grep -q "two (cannot be read: see th-auth list)"'
chmod 600 "$creds/twitter.two.json"
(umask 077; echo '{"access_token": 5, "refresh' >"$creds/twitter.secret.json")
code 'tokens that are no JSON are refused' 78 th-auth check twitter:secret

# ---- ways that no built-in service has
serve oauth
TH_TEST_URL=$url; export TH_TEST_URL
ok 'device code, password grant and xAuth' sh -c 'out=$("$1"); st=$?; echo "$out"
    [ $st = 0 ] && echo "$out" | grep -qx 1..13' - "${TH_BUILD:-$top/build}/tests/login"
finish

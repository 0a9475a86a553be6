#!/bin/sh
# secrets stay where they belong: no file, argument, environment or message
. "${0%/*}/lib.sh"
. "$top/tests/api.sh"

# Every secret of this run begins so; short-lived states and codes do not.
canary=kanarienvogel
TH_SECRET=$canary-app TH_PREFIX=$canary; export TH_SECRET TH_PREFIX
serve twitter; twitter=$url
serve trello; trello=$url
unset TH_SECRET TH_PREFIX
cat >spy <<'E'
#!/bin/sh
# Stands in for a browser and a password manager: writes down what it sees.
{ echo "args: $*"; env; tr '\0' '\n' </proc/$PPID/cmdline; } >>"$SPY" 2>/dev/null
case $1 in print) cat "$2" ;; *) curl -m 10 -sL "$1" >/dev/null ;; esac
E
chmod 755 spy; mkdir bin; cp spy bin/xdg-open
cat >bin/th-publish-spy <<'E'
#!/bin/sh
{ echo "args: publish $*"; env; } >>"$SPY"
jq -c '{id, status: "published"}'
E
cat >bin/th-fetch-spy <<'E'
#!/bin/sh
{ echo "args: fetch $*"; env; } >>"$SPY"
E
chmod 755 bin/*
SPY=$scratch/seen; export SPY; : >seen
mkdir -m 700 pass; (umask 077; printf '%s-app\n' $canary >pass/app)
config <<E
accounts:
  twitter:
    default: {base_url: "$twitter", consumer_key: consumer-key, consumer_secret_command: "$scratch/spy print $scratch/pass/app"}
    two: {base_url: "$twitter", client_id: client-id, client_secret: $canary-app}
    env: {base_url: "$twitter", consumer_key: consumer-key, consumer_secret_env: CANARY_APP,
      token: $canary-token, token_secret_command: "$scratch/spy print $scratch/pass/app"}
    bad: {base_url: "$twitter", client_id: client-id, access_token: $canary-1, refresh_token: $canary-2}
  trello:
    default: {base_url: "$trello", key: $canary-key, token: $canary-token}
    echo: {base_url: "$trello", key: $canary-key, token: $canary-token}
  spy:
    default: {token: $canary-spy, wall: north}
E
mkdir "$TH_HOME/triggers"
printf '#!/bin/sh\n#: description: spied upon\n#: every: 15m\nth-fetch spy | th-publish spy\n' >"$TH_HOME/triggers/spied"
chmod 755 "$TH_HOME/triggers/spied"
CANARY_APP=$canary-app; export CANARY_APP
jq -cn '{id:"1",title:"One",url:"https://example.org/1"}' >in
DISPLAY=:99; export DISPLAY
log() { # EXIT COMMAND...: all that it says is kept
	_want=$1; shift
	echo "\$ $*" >>said
	"$@" >>said 2>&1 <in
	[ $? = "$_want" ] || { echo "not $_want: $*"; tail -n 3 said; return 1; }
}
PATH=$scratch/bin:$PATH
ok 'a login with a browser' log 0 th-auth -vv login twitter --timeout 20s
ok 'one by OAuth 2' log 0 th-auth -vv login twitter:two --timeout 20s
ok 'a renewal' log 0 th-auth -vv refresh twitter:two
ok 'a renewal that is refused' log 77 th-auth -vv refresh twitter:bad
ok 'a list' log 0 th-auth -vv list
ok 'a check that is refused' log 77 th-auth -vv check trello
ok 'reading' log 0 th-fetch -vv twitter --home
ok 'reading by OAuth 2' log 0 th-fetch -vv twitter:two --home
ok 'reading that is refused' log 77 th-fetch -vv twitter:env --home
ok 'publishing' log 0 th-publish -vv twitter
ok 'publishing that is refused' log 77 th-publish -vv trello --board B --list L
ok 'a dry run' log 0 th-publish -vv twitter --dry-run --queue d
ok 'another' log 0 th-publish -vv trello --board B --list L --dry-run --queue d
ok 'a service that is a program is written to' log 0 th-publish -vv spy --queue spy
ok 'and read' log 0 th-fetch -vv spy
ok 'a trigger' log 0 th-trigger -vv run spied
ok 'its log' log 0 th-trigger log spied
ok 'its status' log 0 th-trigger status --json
ok 'the queue' log 0 th-queue list
ok 'an item explained' log 0 th-queue explain 1
ok 'the services' log 0 th-fetch --list
ok 'a search' log 0 th-search -vv one
ok 'a wrong key beside secrets' sh -c 'sed "s/client_secret: $1/client_sekret: $1/" "$TH_HOME/config.yaml" >wrong.yaml
    chmod 600 wrong.yaml; th-fetch -vv -c wrong.yaml twitter:two --home >>said 2>&1; test $? = 78' - $canary
sed 's/127.0.0.1:[0-9]*/127.0.0.1:1/' "$TH_HOME/config.yaml" >down.yaml; chmod 600 down.yaml
ok 'a server that is not there' log 69 th-fetch -vv -c down.yaml twitter:two --home
url=$twitter; fault /2/users html 9
ok 'an answer that makes no sense' log 75 th-fetch -vv twitter --home
calm
# A service that repeats what it was sent: of its words the secrets are masked.
echoed() { # URL [N]: the next N requests there are answered so
	url=$1; fault / echo "${2:-1}"
}
echoed "$twitter"; ok 'a check, and an answer that repeats the token' log 69 th-auth -vv check twitter:two
echoed "$trello" 2; ok 'publishing, the same' log 65 th-publish -vv trello:echo --board 555555555555555555555555 --list 555555555555555555555555 --queue echo
echoed "$twitter"; ok 'a renewal, the same' log 77 th-auth -vv refresh twitter:two
echoed "$twitter"; ok 'a login by OAuth 1.0a, the same' log 77 th-auth -vv login twitter --paste
ok 'the words are told all the same' grep -q 'not understood: Bearer \*\*\*' said
ok 'what is kept of them, too' sh -c 'th-queue show echo | tee -a said | grep -q "not understood: OAuth [*][*]"'

ok 'the spy saw the browser and the password manager' sh -c 'grep -q "^args: http" seen && grep -q "^args: print" seen'
ok 'no secret is in an argument or environment of others' sh -c '! grep -a "$1" seen' - $canary
ok 'none is in what was said' sh -c '! grep -a "$1" said' - $canary
rm -f "$TH_HOME/config.yaml" down.yaml pass/app
ok 'programs that are services were seen, too' sh -c 'grep -q "^args: publish" seen && grep -q "^args: fetch" seen && grep -q "^TH_ACCOUNT_WALL=north" seen'
rm -f wrong.yaml
says 'on disk they are in the credentials alone' 'twitter.default.json twitter.two.json' sh -c \
    'grep -arl "$1" "$TH_HOME" . | sed "s:.*/::" | sort -u | paste -sd" "' - $canary
unset DISPLAY

# ---- what is left of a program that dies
dumps() { # PROGRAM...: does it leave a core when it is killed?  After its first line.
	python3 - "$@" <<'PY'
import os, resource, signal, subprocess, sys
most = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (most, most))
p = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                     stderr=subprocess.DEVNULL)
p.stdout.readline()
p.send_signal(signal.SIGABRT)
print("yes" if os.WCOREDUMP(os.waitpid(p.pid, 0)[1]) else "no")
PY
}
serve trello
config <<E
accounts:
  trello: {default: {base_url: "$url", key: $canary-key}}
E
if [ "$(cd "$scratch" && dumps sh -c 'echo x; exec cat')" = yes ]; then
	says 'no program with secrets leaves a core' no dumps th-auth login trello
else
	skip 'no program with secrets leaves a core' 'nothing leaves cores here'
fi
rm -f core core.*

# ---- where they are sent
serve twitter; other=$(echo "$url" | sed 's/127.0.0.1/localhost/')
serve twitter
config <<E
accounts:
  twitter: {default: {base_url: "$url", client_id: client-id, access_token: bearer-token}}
E
for c in GET POST; do
	curl -s -o /dev/null -d "{\"path\":\"/2/\",\"kind\":\"redirect\",\"times\":1,\"to\":\"$other/2/users/me\"}" "$url/_fault"
	[ $c = GET ] && th-auth check >/dev/null 2>&1
	[ $c = POST ] && th-publish twitter --queue r <in >/dev/null 2>&1
done
url=$other
says 'a redirect to another host does not take them along' 0 state .credentials

# ---- whom they are told to
openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.pem -out cert.pem -days 2 -subj /CN=127.0.0.1 \
    -addext subjectAltName=IP:127.0.0.1 2>/dev/null && cat cert.pem >>tls.pem
TH_CERT=$scratch/tls.pem; export TH_CERT
serve twitter; url=$(echo "$url" | sed 's/http:/https:/')
config <<E
accounts:
  twitter:
    default: {base_url: "$url", client_id: client-id, access_token: bearer-token}
    ours: {base_url: "$url", client_id: client-id, access_token: bearer-token, ca_file: $scratch/cert.pem}
    loud: {base_url: "HTTP://192.0.2.1:9", client_id: client-id, access_token: bearer-token}
    open: {base_url: "http://192.0.2.1:9", client_id: client-id, access_token: bearer-token}
E
code 'a server nobody vouches for is refused' 69 th-auth check twitter
says 'before it was told anything' 0 sh -c 'curl -sk "$1/_state" | jq .credentials' - "$url"
says 'ca_file vouches for it' 'twitter	ours	me	no end known' th-auth check twitter:ours
code 'plain http to another machine is refused' 78 th-auth check twitter:open
told 'and says what to do' 'https or say insecure: true'
code 'in capitals, too' 78 th-auth check twitter:loud

# ---- and what a proxy on the way learns
: >tunnels
rm -f proxyport
python3 "$top/tests/servers/connect.py" proxyport tunnels 2>proxy.err & pids="$pids $!"
_i=0; while [ ! -s proxyport ] && [ $_i -lt 200 ]; do sleep 0.05; _i=$((_i + 1)); done
proxy=http://127.0.0.1:$(cat proxyport)
config <<E
accounts:
  twitter:
    set: {base_url: "$url", client_id: client-id, access_token: bearer-token, ca_file: $scratch/cert.pem, proxy: "$proxy"}
    env: {base_url: "$url", client_id: client-id, access_token: bearer-token, ca_file: $scratch/cert.pem}
    gone: {base_url: "$url", client_id: client-id, access_token: bearer-token, ca_file: $scratch/cert.pem, proxy: "http://127.0.0.1:1"}
E
says 'the proxy of an account is used' 'twitter	set	me	no end known' th-auth check twitter:set
says 'that of the environment, too' 'twitter	env	me	no end known' env https_proxy="$proxy" no_proxy= th-auth check twitter:env
says 'each opened a tunnel' 2 grep -c '^CONNECT 127.0.0.1:' tunnels
ok 'and was told no token' sh -c '! grep -i "authorization\|bearer" tunnels'
code 'a proxy that is not there' 69 th-auth check twitter:gone
finish

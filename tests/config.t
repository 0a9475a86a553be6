#!/bin/sh
# config.yaml seen from outside: where it is found, what is refused and how.
. "${0%/*}/lib.sh"
item='{"id":"1","title":"t"}'
filter() { # CONFIG ARG...: th-filter with that configuration text
	printf '%b' "$1" >c.yaml; shift
	echo "$item" | th-filter -c c.yaml "$@"
}
at_home() { # DIRECTORY ASSIGNMENT...: where is config.yaml looked for?
	mkdir -p "$1" && echo 'nonsense: 1' >"$1/config.yaml"; shift
	env -u TH_HOME -u XDG_CONFIG_HOME "$@" th-fetch rss "$top/tests/data/feed.xml"
}


code 'no configuration is needed' 0 sh -c "echo '$item' | th-filter"
code 'an empty file is fine' 0 filter ''
code 'a file that -c names must be there' 78 th-filter -c nowhere.yaml
told 'the file is named' '^th-filter: nowhere.yaml: '

code 'an unknown key is refused' 78 filter 'store: sqlite\nlimit: {x: 1/1h}\n'
told 'file, line, column, key and a suggestion' \
    '^th-filter: c.yaml:2:1: limit: unknown key, did you mean limits\?$'
code 'a tab is refused' 78 filter 'limits:\n\twebhook: 1/1h\n'
told 'by its name' '^th-filter: c.yaml:2:1: a tab; YAML is indented with blanks$'
code 'one behind blanks, too' 78 filter 'limits:\n  webhook: 1/1h\n  \tfile: 1/1h\n'
told 'likewise' '^th-filter: c.yaml:3:[0-9]+: a tab; YAML is indented with blanks$'
code 'other mistakes keep their words' 78 filter 'limits: {a: 1/1h\n'
told 'as before' 'c.yaml:2:1: did not find expected'
code 'an alias is refused' 78 filter 'accounts: &a\n  x: *a\n'
told 'the place of the alias' '^th-filter: c.yaml:2:.*aliases are not allowed$'
code 'a bomb of aliases is refused at once' 78 filter \
    'a: &a [x,x,x]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\n'
code 'a directory is no configuration' 78 th-filter -c .
code 'control characters do not reach the terminal' 78 filter '"a\\e[31m": 1\n'
told 'they are shown as ?' 'a\?\[31m'

# Secrets in a file that others can read.
exposed() { # MODE TEXT
	printf '%b' "$2" >s.yaml; chmod "$1" s.yaml
	echo "$item" | th-filter -c s.yaml
}
secret='accounts:\n  trello:\n    default: {key: k, token: hunter2}\n'
code 'a literal secret in a file of mode 0600 is fine' 0 exposed 600 "$secret"
code 'a literal secret that the group can read is refused' 78 exposed 640 "$secret"
told 'the place is told' '^th-filter: s.yaml:3:.*chmod 600$'
ok 'the secret is not' sh -c '! grep hunter2 "$1"' - "$scratch/.err"
code 'a literal secret that others can read is refused' 78 exposed 604 "$secret"
code 'a command for the secret may be read by all' 0 exposed 644 \
    'accounts: {trello: {default: {token_command: pass trello}}}\n'
code 'a variable for the secret may be read by all' 0 exposed 644 \
    'accounts: {trello: {default: {token_env: TOKEN}}}\n'
code 'a password in an address is a secret' 78 exposed 644 'store: redis://u:hunter2@h/0\n'

# Where it is looked for.
code 'TH_HOME is looked into first' 78 at_home "$scratch/t" TH_HOME="$scratch/t" \
    XDG_CONFIG_HOME=/nonexistent HOME=/nonexistent
code 'then XDG_CONFIG_HOME' 78 at_home "$scratch/x/triggerhappy" \
    XDG_CONFIG_HOME="$scratch/x" HOME=/nonexistent
code 'then .config in HOME' 78 at_home "$scratch/h/.config/triggerhappy" HOME="$scratch/h"
code 'a relative XDG_CONFIG_HOME is ignored' 78 at_home "$scratch/h/.config/triggerhappy" \
    XDG_CONFIG_HOME=x HOME="$scratch/h"
code 'without any of them there is no configuration' 78 \
    env -u TH_HOME -u XDG_CONFIG_HOME -u HOME th-fetch rss "$top/tests/data/feed.xml"

# On vacation.
fetch() { TH_HOME=$scratch/home th-fetch rss "$top/tests/data/feed.xml"; }
: >"$TH_HOME/vacation"
is 'on vacation nothing is read' /dev/null fetch
code 'that is no failure' 0 fetch
told 'it is told' '^th-fetch: on vacation, doing nothing$'
ok 'TH_VACATION=ignore works on vacation' sh -c \
    'TH_VACATION=ignore th-fetch rss "$1" | grep -q kitchen' - "$top/tests/data/feed.xml"
echo 'until: 2999-01-01' >"$TH_HOME/vacation"
code 'a vacation that lasts' 0 fetch
told 'its end is told' 'on vacation until 2999-01-01T00:00:00Z'
printf 'from: 2000-01-01\nuntil: 2000-02-01T12:00:00+01:00\n' >"$TH_HOME/vacation"
ok 'a vacation that is over is none' sh -c 'th-fetch rss "$1" | grep -q kitchen' - \
    "$top/tests/data/feed.xml"
echo 'from: 2999-01-01' >"$TH_HOME/vacation"
ok 'a vacation to come is none yet' sh -c 'th-fetch rss "$1" | grep -q kitchen' - \
    "$top/tests/data/feed.xml"
echo 'until: soon' >"$TH_HOME/vacation"
code 'a date that is none is an error' 78 fetch
told 'file and line are named' 'vacation:1: '
rm "$TH_HOME/vacation"
finish

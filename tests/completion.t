#!/bin/sh
# completion: what the programs offer to a shell, and bash and zsh with it
. "${0%/*}/lib.sh"
programs='th-auth th-fetch th-filter th-publish th-queue th-rss th-search th-trigger'
services=$(sed -n 's/^S(\([a-z0-9_]*\)).*/\1/p' "$top/services/all.def")

words() { # COMMAND WORD...: what is offered, without the help
	_p=$1; shift; "$_p" --complete "$@" | cut -f 1
}
silent() { # COMMAND WORD...: nothing is offered
	_p=$1; shift; "$_p" --complete "$@" >offered 2>&1 && [ ! -s offered ]
}
nothing() { # NAME COMMAND WORD...: is offered
	_what=$1; shift; ok "$_what" silent "$@"
}
all_options() { # PROGRAM [SUB]: each option of its --help is completed
	"$@" --help >help || return 1
	sed '/^account keys/,/^$/d' help | grep -E '^ +--?[A-Za-z]' |
	    grep -Eo -- '--[a-z][a-z0-9-]*' | sort -u >want
	words "$@" -- | sort -u >got
	sed -n 's/^  *\(-., \)*--\([a-z0-9-]*\).*/\2/p' want | while read -r o; do
		[ "$(words "$@" "--$o" | head -n 1)" = "--$o" ] || echo "--$o"; done >bad
	[ -s want ] && diff want got && [ ! -s bad ]
}
all_commands() { # PROGRAM: each subcommand of the usage, and no other word
	"$1" --help | sed -n "s/^\(usage:\|      \) $1 \([a-z][a-z]*\).*/\2/p" | sort -u >want
	words "$1" '' | sort >got
	[ -s want ] && diff want got
}

ok 'all programs are here' sh -c 'ls "$1"/cmd/th-*.c | wc -l | grep -qx 8' - "$top"
for p in $programs; do
	ok "$p: each option of --help is completed" all_options "$p"
	ok "$p: in bash" grep -q "$p" "$top/cmd/complete.bash"
	ok "$p: in zsh" sh -c 'head -n 1 "$1" | grep -q " $2"' - "$top/cmd/complete.zsh" "$p"
done
for s in $services; do
	for k in fetch publish; do
		"th-$k" "$s" --help >/dev/null 2>&1 || continue
		ok "th-$k $s: each of its options is, too" all_options "th-$k" "$s"
		ok "th-$k offers $s" sh -c '[ "$("$1" --complete "$2" | cut -f 1 | head -n 1)" = "$2" ]' - "th-$k" "$s"
	done
done
ok 'th-auth login: its own options' all_options th-auth login
for p in th-auth th-queue th-trigger; do
	ok "$p: each command of its usage" all_commands "$p"
done
nothing 'rss cannot be written to' th-publish rss

says 'options may stand before the service' 'rss
--opml' sh -c 'for w in "-n 3 rs" "--limit 3 rss --op"; do th-fetch --complete $w | cut -f 1; done'
nothing 'an option of one service is none of another' th-fetch rss --board
nothing 'nor in the other direction' th-fetch trello --position
says 'its value after =' '--position=top' words th-publish trello --position=t
says 'its value after a blank' bottom words th-publish trello --position b
nothing 'a value is no operand' th-fetch --state r
nothing 'no options after --' th-fetch rss -- --
says 'the beginning of an option is understood' json words th-rss --form j
nothing 'letters in a bunch' th-fetch -vn rs
says 'an option for one command alone' '--due' words th-trigger run --d
nothing 'is not offered for another' th-trigger vacation --du
says 'operands after the command' 'off
on
status' sh -c 'th-trigger --complete vacation "" | sort'
says 'fields' 'title' words th-filter --sort ti
says 'downwards' '-title' words th-filter --sort -ti
says 'one after another' 'title,url' words th-filter --keep title,u
says 'in an expression' 'title' words th-filter tit
says 'with help behind a tab' '--due	run: what is due, once each' th-trigger --complete run --due

# ---- what changes from one user to the next
ok 'nothing is made by asking' sh -c 'TH_HOME=$PWD/none; export TH_HOME
	for w in show take; do th-queue --complete $w ""; done; th-trigger --complete run ""
	th-publish --complete file --queue ""; [ ! -e none ]'
ok 'not even the directory of the state' sh -c 'unset TH_HOME; HOME=$PWD/nobody; export HOME
	th-queue --complete show ""; th-publish --dry-run file --path x </dev/null; [ ! -e nobody ]'
(umask 077; cat >"$TH_HOME/config.yaml" <<E
accounts:
  twitter:
    default: {consumer_key: canary-k, token: canary-t}
    work: {consumer_key_command: "touch $scratch/ran; echo canary-c"}
  trello: {family: {key: canary-k, token_env: CANARY}}
  mine: {other: {token: canary-m}}
  gone: {old: {}}
E
)
CANARY=canary-e; export CANARY
mkdir bin bin2
printf '#!/bin/sh\n' >bin/th-fetch-mine; cp bin/th-fetch-mine bin/th-publish-out
cp bin/th-fetch-mine bin2/th-fetch-mine; cp bin/th-fetch-mine bin2/th-fetch-Not.a.name
chmod +x bin/th-* bin2/th-fetch-mine bin2/th-fetch-Not.a.name; : >bin/th-fetch-text
PATH=$scratch/bin:$scratch/bin2:$PATH
says 'accounts' 'twitter
twitter:work' words th-fetch twi
says 'of an account' 'twitter:work' words th-publish twitter:
says 'options with an account' '--no-link' words th-publish twitter:work --no-l
says 'programs on PATH, once, with their accounts' 'mine
mine:other' words th-fetch mi
says 'in their direction' 'out' words th-publish ou
nothing 'no file that is no program' th-fetch te
nothing 'no name that is none' th-fetch N
nothing 'no service that is not there' th-fetch go
says 'accounts to log in' 'trello
trello:family' words th-auth login tre
nothing 'and none where there is no login' th-auth login rs
printf 'accounts: {twitter: {else: {}}}\n' >other.yaml
says 'of the configuration that is named' 'twitter
twitter:else' words th-fetch --config other.yaml twi
says 'a configuration with a mistake keeps the services' rss sh -c \
    'echo "no: such" >bad.yaml; th-fetch --complete -c bad.yaml --limit 1 rs 2>&1 | cut -f 1'

printf '%s\n' '{"id":"1","url":"http://a.example/","title":"A"}' >one
th-publish file --path "$scratch/n/{title}.md" <one >/dev/null 2>&1
th-publish file --queue 'a $(touch ran2) b' --path "$scratch/m/{title}.md" <one >/dev/null 2>&1
says 'queues' "file:default/path=$scratch/n/{title}.md" words th-queue show f
says 'of th-publish, too' '--queue=a $(touch ran2) b' words th-publish --queue=a
mkdir "$TH_HOME/triggers"
printf '#!/bin/sh\n#: description: Soup\tof the day\n#: every: 1h\ntrue\n' >"$TH_HOME/triggers/soup"
says 'triggers' soup words th-trigger run s
says 'several' soup words th-trigger disable other s
nothing 'a new one has a new name' th-trigger new s

for p in $programs; do
	for w in '' -- "twitter --" "list " "show " "login "; do
		# shellcheck disable=SC2086
		"$p" --complete $w ''
	done
done >everything 2>&1
ok 'secrets are not shown' sh -c '[ -s everything ] && ! grep canary everything'
ok 'no command of the configuration is run' [ ! -e ran ]
printf 'store: redis://127.0.0.1:1/0\n' >away.yaml
ok 'a server is not asked, and not waited for' sh -c \
    '[ -z "$(timeout 5 th-queue --complete -c away.yaml show "" 2>&1 || echo waited)" ]'
code 'a full disk is an error' 74 sh -c 'th-fetch --complete "" >/dev/full'

# ---- the shells, from where make install puts it
ok 'make install' make -s -C "$top" B="${TH_BUILD:-build}" install DESTDIR="$scratch/root" PREFIX=/usr LIBDIR=/usr/lib/here
root=$scratch/root/usr
ok 'the library is where it is wanted' test -s "$root/lib/here/libtrigger.so.1" -a ! -e "$root/lib/libtrigger.so.1"
says 'where pkg-config says' '-L/usr/lib/here -ltrigger' sh -c 'PKG_CONFIG_PATH=$1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 pkg-config --libs libtrigger | sed "s/ *$//"' - "$root/lib/here/pkgconfig"
ok 'the licence goes with it' cmp "$top/COPYING" "$root/share/doc/triggerhappy/COPYING"
: >file.ndjson
in_shell() { # SHELL START
	says "$1: services, accounts, options, values, fields, queues; else files" 'th-fetch twitter
th-fetch twitter:work
th-publish twitter:work --no-link
th-publish webhook --method PATCH
th-rss --format=atom
th-rss -o file.ndjson
th-rss --output=file.ndjson
th-filter title <file.ndjson | th-filter --tail
th-filter --keep title,url,summary
th-trigger run soup
th-queue show a\ \$\(touch\ ran2\)\ b
th-publish --queue=a\ \$\(touch\ ran2\)\ b' typed "$@" 'th-fetch twitt' 'th-fetch twitter:w' \
	    'th-publish twitter:work --no-l' 'th-publish webhook --method PA' \
	    'th-rss --format=a' 'th-rss -o fil' 'th-rss --output=fil' \
	    'th-filter title <file.ndjson | th-filter --ta' 'th-filter --keep title,url,su' \
	    'th-trigger run so' 'th-queue show a' 'th-publish --queue=a'
	ok "$1: nothing that is typed is run" [ ! -e ran2 ]
	for p in $programs; do
		echo "$p $(words "$p" -- | sort | tr '\n' ' ')"
	done >want
	echo "th-queue $(words th-queue '' | sort | tr '\n' ' ')" >>want
	sed -i 's/ *$//' want
	is "$1: all that there is" want typed "$@" '*th-auth --' '*th-fetch --' '*th-filter --' \
	    '*th-publish --' '*th-queue --' '*th-rss --' '*th-search --' '*th-trigger --' '*th-queue '
}
ok 'with the manual and the examples' sh -c \
    '[ -s "$1/share/man/man7/trigger.7" ] && [ -x "$1/share/doc/triggerhappy/examples/pipes/union.sh" ]' - "$root"
typed() {
	python3 "$top/tests/servers/typist.py" "$@" | sed 's/ *$//'
}
in_shell bash ". $root/share/bash-completion/completions/th-queue"
if [ -r /usr/share/bash-completion/bash_completion ]; then
	XDG_DATA_DIRS=$root/share; export XDG_DATA_DIRS
	says 'bash-completion finds it by itself' 'th-trigger run soup' typed bash \
	    '. /usr/share/bash-completion/bash_completion' 'th-trigger run so'
else
	skip 'bash-completion finds it by itself' 'bash-completion is not installed'
fi
if command -v zsh >/dev/null; then
	in_shell zsh "fpath=($root/share/zsh/site-functions \$fpath)"
else
	skip 'zsh' 'zsh is not installed'
fi
ok 'make uninstall leaves no file' sh -c 'make -s -C "$1" B="$2" uninstall DESTDIR="$3" PREFIX=/usr LIBDIR=/usr/lib/here &&
	! find "$3" -type f -o -type l | grep .' - "$top" "${TH_BUILD:-build}" "$scratch/root"
finish

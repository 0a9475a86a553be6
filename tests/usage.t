#!/bin/sh
# usage.t -- programs, --help, manual pages and services tell one story
#
# For each program: the options of --help are those that its page lists
# (`.It Fl l , Fl -long Ar ARG`).  For each page, of any section: every line of
# EXAMPLES that begins with "$ " is run and must exit with 0:
#
#	.Bd -literal -offset indent
#	$ th-filter 'title ~ "chess"' <items.ndjson
#	.Ed
#
# The lines of one page run in turn in one scratch directory, which holds copies
# of tests/data/*.* (items.ndjson, feed.xml, atom.xml, feed.json, list.opml...)
# and a TH_HOME of its own; a line that ends in a backslash goes on in the next.
# http (not https) URLs of any host are answered by a stand-in on loopback: GET
# by tests/data/www/HOST/PATH, else by tests/data/feed.xml; POST by 200 and {}.
# Lines that do not begin with "$ " are output or files for the reader.
. "${0%/*}/lib.sh"
man=$top/man

# shellcheck disable=SC2046
programs=$(cd "$top/cmd" && for f in th-*.c; do
	# th-trigger is made of trigger-run.c and so on, not of th-trigger-*.c
	[ -x "${TH_BUILD:-$top/build}/${f%.c}" ] && echo "${f%.c}"; done)
services=$(sed -n 's/^S(\([a-z0-9_]*\)).*/\1/p' "$top/services/all.def")

render() { # PAGE: as plain text, quotes and dashes as they are typed
	mandoc -T utf8 -O width=500 "$1" | col -bx |
	    sed "s/[‘’]/'/g; s/[−‐]/-/g; s/ˆ/^/g; s/˜/~/g; s/“\|”/\"/g"
}

options() { # long options at the head of an entry
	grep -E '^ +--?[A-Za-z]' | grep -Eo -- '--[a-z][a-z0-9-]*' | sort -u
}

same_options() { # PROGRAM: its page may tell of those of services besides
	"$1" --help >help || return 1
	for _c in $(sed -n "s/^\(usage:\|      \) $1 \([a-z][a-z]*\).*/\2/p" help | sort -u); do
		"$1" "$_c" --help
	done >>help
	sed '/^account keys/,/^$/d' help | options >help.options
	case $1 in th-fetch | th-publish)
		for _s in $services; do "$1" "$_s" --help; done 2>/dev/null |
		    sed '/^account keys/,/^$/d' | options;; esac >may.options
	render "$man/$1.1" >page || return 1
	sed -n '/^DESCRIPTION/,/^[A-CE-Z]/p' page | options >page.options
	sort -u help.options may.options | comm -13 - page.options >unknown
	comm -23 help.options page.options >missing
	cat unknown missing
	[ ! -s unknown ] && [ ! -s missing ]
}

section() { # NAME of a page on stdin
	awk -v s="$1" '/^[A-Z]/ { on = $0 == s } on'
}

examples() { # the commands of a rendered page, one a line
	section EXAMPLES | sed -n '
	s/^ *\$ //
	t more
	d
	:more
	/\\$/ { N; s/\\\n *//; b more
	}
	p'
}

run_page() { # PAGE: runs its examples in a directory of their own
	_dir=$scratch/$(basename "$1").d
	mkdir "$_dir" "$_dir/home" && cp "$top"/tests/data/*.* "$_dir" 2>/dev/null
	render "$1" | examples >"$_dir.examples"
	while IFS= read -r _line; do
		ok "${1##*/}: $_line" sh -c 'cd "$1" && TH_HOME=$1/home bash -o pipefail -c "$2" </dev/null' \
		    - "$_dir" "$_line"
	done <"$_dir.examples"
}

in_page() { # PAGE WORD...: each is in the page
	render "$1" >page; shift
	for _w; do
		grep -Fqw -- "$_w" page || { echo "not in the manual: $_w"; return 1; }
	done
}

agrees() { # SERVICE: help, manual and tests know it
	for _kind in fetch publish; do
		"th-$_kind" --list | grep -Eq "^ *$1( |\$)" || continue
		"th-$_kind" "$1" --help >help || return 1
		sed -n "/^options of $1:/,/^\$/p" help | options >opts
		sed -n '/^account keys/,/^$/s/^      \([a-z_]*\).*/\1/p' help >keys
		# shellcheck disable=SC2046
		in_page "$man/th-config.5" $(cat keys) || return 1
		render "$man/th-$_kind.1" >page
		render "$man/th-config.5" >>page
		while read -r _o; do
			grep -Fqw -- "$_o" page || { echo "not in a manual: $_o"; return 1; }
		done <opts
	done
	[ -s help ] || { echo "no program lists it"; return 1; }
	grep -q "^\.Ss $1\$" "$man/th-config.5" || { echo "no section in th-config(5)"; return 1; }
	grep -lw "$1" "$top"/tests/*.t | grep -qv usage.t || { echo "no test names it"; return 1; }
}

python3 "$top/tests/servers/anyhost.py" "$top/tests/data" port &
pids="$pids $!"
i=0; while [ ! -s port ] && [ $i -lt 100 ]; do sleep 0.05; i=$((i + 1)); done
http_proxy=http://127.0.0.1:$(cat port); export http_proxy
no_proxy=127.0.0.1,localhost,::1; export no_proxy

for p in $programs; do
	ok "$p: --help and the manual have the same options" same_options "$p"
	ok "$p: --version names it" sh -c '"$1" -V | grep -q "^$1 (Trigger Happy) [0-9]"' - "$p"
	code "$p: an unknown option is a usage error" 64 "$p" --no-such-option=hunter2
	told "$p: the unknown option is named" '^th-[a-z]*: unknown option --no-such-option.*--help$'
	ok "$p: a value that may be a secret is not shown" sh -c '! grep hunter2 "$1"' - "$scratch/.err"
	code "$p: help on a full disk is an error" 74 sh -c '"$1" --help >/dev/full' - "$p"
	code "$p: help on a closed descriptor is an error" 74 sh -c '"$1" --help >&-' - "$p"
done
told_by() { # REGEX COMMAND...: a mistake and what to do about it
	_re=$1; shift
	code "a mistake: $*" 64 "$@"
	told 'says what to do' "$_re"
}
cp "$top/tests/data/items.ndjson" .
told_by 'did you mean list\?' th-queue lst
told_by 'did you mean rss\?' th-fetch RSS feed.xml
told_by 'did you mean trello\?' th-auth login Trello
told_by 'there are list, show, .* import; try th-queue --help$' th-queue whatever
told_by 'usage: th-queue drop QUEUE ID\.\.\.;' th-queue drop q
told_by 'usage: th-trigger new NAME;' th-trigger new
told_by 'usage: th-auth login SERVICE\[:ACCOUNT\]' th-auth login
told_by 'th-fetch rss reads feeds' th-fetch http://blog.example/feed.xml
told_by 'th-fetch file items' th-fetch items.ndjson
told_by 'unknown option --search; those of one service .* behind its name' th-fetch --search x twitter
told_by '; th-publish --list names the services that can;' th-publish rss
told_by '; th-fetch --list names the services that can;' th-fetch webhook
told_by '^th-rss: --max: out of range' th-rss --title T --max 0
told_by '--path is missing; try th-publish file --help$' th-publish file
told_by 'standard input: <items.ndjson' th-filter title items.ndjson
told_by 'standard input: <items.ndjson' th-filter items.ndjson
told_by 'one expression, not 3; put it between quotes' th-filter title "$scratch" soup
for c in 'th-filter' 'th-rss --title T' 'th-publish file --path x' 'th-queue put q'; do
	code "a feed where items belong: $c" 65 sh -c "$c" <"$top/tests/data/feed.xml"
	told 'says what was left out' 'no line was an item; th-fetch rss - reads a feed, '
done
code 'one bad line among items' 65 sh -c '(echo "<x>"; cat items.ndjson) | th-filter'
code 'is all that is told' 1 grep 'no line' "$scratch/.err"
if command -v script >/dev/null; then
	for c in 'th-filter' 'th-rss --title T' 'th-publish file --path x' 'th-queue put q'; do
		says "a terminal is waited for aloud: $c" "${c%% *}: reading items from the terminal; Ctrl-D ends them" \
		    sh -c 'script -qec "$1" /dev/null </dev/null | tr -d "\r" | head -n 1' - "$c"
	done
	says 'with -q it is not said' 0 sh -c 'script -qec "th-filter -q" /dev/null </dev/null | grep -c reading'
else
	skip 'terminals' 'script is not installed'
fi
code 'a URL without its scheme' 69 th-fetch rss kitchen.example/feed.xml
told 'says what is missing' 'a URL begins with http:// or https://$'
code 'an account that lacks settings' 78 th-fetch trello --board B
told 'says what to do' 'no key in .*; th-auth login trello:default says what it needs$'
code 'a token to be typed' 77 th-auth login evernote </dev/null
told 'says what it looks like' 'a token of yours that begins with S='
for c in list show check run status; do
	code "no triggers: th-trigger $c" 0 th-trigger "$c"
	told 'says where they belong' "^th-trigger: no triggers in $TH_HOME/triggers yet; th-trigger new NAME makes one\$"
done
ok 'but not to cron, or a machine' sh -c 'for c in "run --due" "list --json" "status --html -"; do th-trigger $c 2>&1 >/dev/null; done | (! grep .)'
for p in th-auth th-queue th-trigger; do told_by '^[a-z-]*: name a command; try' "$p"; done
code 'no accounts' 0 th-auth list
told 'says what to do' 'no account yet; th-auth login SERVICE makes one'
th-publish -q file --path '{title}' <items.ndjson >/dev/null
told_by 'did you mean file:default/path=\{title\}\?' th-queue show file:default
for s in $services; do
	ok "$s: help, manual and tests know the service" agrees "$s"
done
for page in "$man"/*.[1-8]; do
	[ -e "$page" ] || continue
	ok "${page##*/} has no warnings" mandoc -T lint -W warning "$page"
	run_page "$page"
done
finish

#!/bin/sh
# vacation.t -- nothing runs while its owner is away, and then all is as before
# shellcheck disable=SC2016
. "${0%/*}/lib.sh"
TZ=UTC; export TZ
mkdir -p "$TH_HOME/triggers"
cp "$top/tests/data/feed.xml" "$top/tests/data/items.ndjson" .
if ! command -v faketime >/dev/null; then
	skip 'vacations in simulated days' 'faketime is not installed'
	finish
fi
at() { # DATE COMMAND...
	_at=$1; shift
	faketime -f "@$_at" "$@"
}
names() { # those that are enabled
	th-trigger list --json | jq -r '[.[] | select(.enabled) | .name] | join(" ")'
}
due() { # DATE: runs what is due; prints who ran since the last time
	at "$1" th-trigger run --due -q
	if [ -e ran ]; then sort ran | xargs; else echo; fi
	rm -f ran
}
for t in a b c d e f g h i j; do
	printf '#!/bin/sh\n#: every: 1h\necho %s >>ran\n' $t >"$TH_HOME/triggers/$t"
	chmod +x "$TH_HOME/triggers/$t"
done
th-trigger disable -q g h i j
says 'six on, four off: six run' 'a b c d e f' due '2026-11-20 08:00:00'
says 'an hour later again' 'a b c d e f' due '2026-11-20 09:00:00'

# ---- three days ----
code 'vacation on' 0 at '2026-11-20 09:30:00' th-trigger vacation on
told 'it says what will be' '6 triggers will be enabled again'
says 'there is a file' yes sh -c 'test -e "$TH_HOME/vacation" && echo yes'
code 'run does nothing, with 0' 0 at '2026-11-20 10:00:00' th-trigger run --due
told 'and says so' 'on vacation'
code 'neither by name' 0 at '2026-11-20 10:00:00' th-trigger run a
ok 'nothing ran' test ! -e ran
code 'th-fetch does nothing' 0 at '2026-11-21 10:00:00' th-fetch rss feed.xml
told 'and says so' 'on vacation'
code 'list tells of it' 0 at '2026-11-21 10:00:00' th-trigger list
told 'in words' 'vacation: nothing runs'
says 'and status' true sh -c 'faketime -f "@2026-11-21 10:00:00" th-trigger status --json | jq .vacation'
th-trigger enable -q g; th-trigger disable -q b
says 'TH_VACATION=ignore runs it' 'a' sh -c '
    TH_VACATION=ignore faketime -f "@2026-11-22 10:00:00" th-trigger run -q a; cat ran; rm ran'
says 'day after day' '' due '2026-11-22 12:00:00'
says 'vacation status: on' on at '2026-11-22 12:00:00' th-trigger vacation status
code 'vacation off' 0 at '2026-11-23 09:00:00' th-trigger vacation off
says 'just as before, but for what was changed meanwhile' 'a c d e f g' names
says 'what was missed runs once' 'a c d e f g' due '2026-11-23 09:00:00'
says 'and not again' '' due '2026-11-23 09:01:00'
code 'off without a vacation' 0 th-trigger vacation off
told 'is told' 'not on vacation'
th-trigger enable -q b; th-trigger disable -q g

# ---- exactly those, and failures ----
at '2026-11-24 08:00:00' th-trigger vacation on -q
printf '#!/bin/sh\n#: failed_tries: 1\n#: every: 1h\nfalse\n' >"$TH_HOME/triggers/f"
TH_VACATION=ignore at '2026-11-25 08:00:00' th-trigger run -q f 2>/dev/null
at '2026-11-27 08:00:00' th-trigger vacation off -q
says 'exactly the six' 'a b c d e f' names
printf '#!/bin/sh\n#: every: 1h\necho f >>ran\n' >"$TH_HOME/triggers/f"

# ---- dates ----
at '2026-12-01 08:00:00' th-trigger vacation on -q --from 2026-12-10 --until '2026-12-20T12:00:00Z'
says 'before it all goes on' 'a b c d e f' due '2026-12-09 23:59:00'
says 'it is planned' 'planned, from 2026-12-10 00:00, until 2026-12-20 12:00' at '2026-12-09 23:59:00' th-trigger vacation status
says 'from its first instant nothing runs' '' due '2026-12-10 00:00:00'
code 'it says until when' 0 at '2026-12-15 00:00:00' th-trigger run --due
told 'with the date' 'until 2026-12-20T12:00:00Z'
says 'to the last' '' due '2026-12-20 11:59:59'
says 'then all runs by itself' 'a b c d e f' due '2026-12-20 12:00:00'
ok 'and the file is gone' test ! -e "$TH_HOME/vacation"
code 'an end before the beginning is refused' 64 th-trigger vacation on --from 2030-01-02 --until 2030-01-01
code 'what is no date is refused' 64 th-trigger vacation on --until tomorrow
ok 'nothing was begun' test ! -e "$TH_HOME/vacation"

code 'an option of off does not go with on' 64 th-trigger vacation on --backlog skip
code 'nor one of on with off' 64 th-trigger vacation off --until 2w
echo 'gone fishing' >"$TH_HOME/vacation"
says 'a file that a person wrote will do' on th-trigger vacation status
echo 'until: whenever' >"$TH_HOME/vacation"
code 'a date that is none' 78 th-trigger run
ok 'keeps nobody from coming home' sh -c 'th-trigger vacation off -q && test ! -e "$TH_HOME/vacation"'
mkdir -p far/triggers; (umask 077; echo 'store: "unix:///nonexistent/socket"' >far/config.yaml)
ok 'a store that is away keeps nobody here' env TH_HOME="$PWD/far" sh -c 'th-trigger vacation on && test -e "$TH_HOME/vacation" && th-trigger vacation off'
printf '#!/bin/sh\nth-fetch rss feed.xml >fetched; : >"$TH_HOME/vacation"; th-publish file --path "late/{title}.md" <fetched\n' >"$TH_HOME/triggers/late"
chmod +x "$TH_HOME/triggers/late"
th-trigger run -q late >/dev/null 2>&1
says 'a run that has begun is finished' 3 sh -c 'ls late | wc -l'
th-trigger vacation off -q; th-trigger rm -q late

# ---- what waits ----
publish() { th-publish file --path 'out/{title}.md' "$@" >/dev/null 2>&1; }
waiting() { th-queue list --json | jq -s '[.[] | .waiting] | add'; }
publish --queue-only <items.ndjson
all=$(waiting)
ok 'items wait' test "$all" -gt 0
th-trigger vacation on -q; publish --drain
says 'on vacation they go on waiting' "$all" waiting
th-trigger vacation off -q --backlog deliver; publish --drain
says 'deliver: they are sent afterwards' 0 waiting
rm -rf out
sed 's/"id":"/"id":"second-/; s/"url":"/"url":"http:\/\/second.example\//' items.ndjson >second.ndjson
publish --queue-only <second.ndjson
th-trigger vacation on -q
code 'skip' 0 th-trigger vacation off --backlog skip
told 'tells how many' "$all waiting items marked as seen"
publish --drain; publish <second.ndjson
ok 'they are never sent' test ! -e out
code 'a backlog that is neither' 64 th-trigger vacation off --backlog keep
finish

#!/bin/sh
# trigger.t -- triggers: scripts, runs, what is kept of them
# The files are given to sh -c in single quotes, for it to expand.
# shellcheck disable=SC2016
. "${0%/*}/lib.sh"
mkdir -p "$TH_HOME/triggers"
cp "$top/tests/data/feed.xml" "$top/tests/data/items.ndjson" .
items=$scratch/items.ndjson feed=$scratch/feed.xml; export items feed

script() { # NAME, lines on stdin
	cat >"$TH_HOME/triggers/$1" && chmod +x "$TH_HOME/triggers/$1"
}
fact() { # NAME JQ: of show --json
	th-trigger show --json "$1" | jq -r "$2"
}
gone() { # PID: no more, or dead and not buried
	! kill -0 "$1" 2>/dev/null || [ ! -e "/proc/$1/status" ] ||
	    ! grep -qs '^State:.*[^Z] (' "/proc/$1/status"
}
until_true() { # COMMAND...: polls, at most 20 s
	_i=0
	until "$@" 2>/dev/null; do
		_i=$((_i + 1)); [ $_i -lt 400 ] || return 1
		sleep 0.05
	done
}

# ---- scripts and their headers ----
ok 'new makes a script that runs' th-trigger new soup --every 15m \
    --description 'Soup: "hot"' --tags a,b --from 'th-fetch rss "$feed" | th-publish file --path notes/{title}.md'
ok 'the script is in order' th-trigger check soup
says 'a new trigger is on and due' 'on 15m due' sh -c '
    th-trigger list --json | jq -r ".[] | .state + \" \" + .every" | tr "\n" " "
    th-trigger list | grep -o "due$"'
says 'quotes in a description survive' 'Soup: "hot" a b' fact soup '.description + " " + (.tags | join(" "))'
code 'a second of that name is refused' 64 th-trigger new soup --from true
told 'and not overwritten' 'is there already'
for bad in .x -x a/b '' 'a b' é; do
	code "no trigger is called '$bad'" 64 th-trigger new --from true -- "$bad"
done
code 'a wrong schedule makes no script' 64 th-trigger new wrong --cron '61 * * * *' --from true
told 'it is named' 'minute: out of range'
ok 'nothing was made' test ! -e "$TH_HOME/triggers/wrong"
script bad <<'E'
#!/bin/sh
#: evry: 5m
#: every: 5x
#: cron: "0 8 * * mon-fry"
th-fetch rsss x | th-filtr foo
th-publish file --pth x
#: tags: [late]
E
code 'check finds what is wrong' 78 th-trigger check bad
for want in 'bad:2:4: evry: unknown key, did you mean every\?' 'bad:3:4: every: must be a duration' \
    'bad:4:4: cron: day of the week' 'bad:5:10: unknown service rsss \(did you mean rss\?\)' \
    'bad:5:19: unknown command th-filtr \(did you mean th-filter\?\)' \
    'bad:6:17: unknown option --pth \(did you mean --path\?\)' 'bad:7:1: not in the first comment'; do
	told "check says $want" "$want"
done
script grammar <<'E'
#!/bin/sh
if true
E
code 'check asks the shell about its grammar' 78 th-trigger check grammar
told 'and says where' 'grammar:[0-9]+:1: [Ss]yntax error'
rm "$TH_HOME/triggers/grammar" "$TH_HOME/triggers/bad"
printf '#!/bin/sh\r\n#: every: 1h\r\necho a\r\n' | script crlf
printf '\177ELF\0\n' | script binary
{ printf '#!/bin/sh\n'; head -c 1100000 /dev/zero | tr '\0' '#'; } | script huge
printf '#!/bin/sh\n#: description: caf\351\n' | script latin
printf '#!/bin/sh\n#: cron: 0 0 31 2 *\ntrue\n' | script never
printf '\357\273\277#!/bin/sh\ntrue\n' | script bom
code 'check finds what an editor does not show' 78 th-trigger check crlf binary huge latin never bom
for want in 'crlf:1:1: .*CR LF' 'binary:1:1: not a script' 'huge: too large' 'latin:2:[0-9]*: ' \
    'never:2:4: cron: day of the month: .*never comes' 'bom:1:1: .*byte order mark'; do
	told "check says $want" "$want"
done
code 'a script with CR LF cannot be started' 78 th-trigger run crlf
told 'for that reason' 'crlf: .*; its lines end with CR LF'
for f in crlf binary huge latin never bom; do rm "$TH_HOME/triggers/$f"; done
cp "$TH_HOME/triggers/soup" "$TH_HOME/triggers/soup.bak"
says 'a copy that is left over is no trigger' soup sh -c 'th-trigger list --json | jq -r ".[].name"'
rm "$TH_HOME/triggers/soup.bak"
{ echo '#!/bin/sh'; i=0; while [ $i -lt 300 ]; do i=$((i + 1)); echo "th-nosuch $i"; done; } | script endless
code 'a script that is wrong throughout' 78 th-trigger check endless
told 'tells that there is more' 'endless:52:1: there may be more'
says 'and not line by line' 51 sh -c 'th-trigger check endless 2>&1 | wc -l'
rm "$TH_HOME/triggers/endless"
code 'an option that another command has' 64 th-trigger list --due
told 'is no option of this one' '--due is not an option of list'
code 'a new trigger with an empty pipeline' 64 th-trigger new void --from ''
script fine <<'E'
#!/bin/sh
#: {description: all kinds, every: 1h}
set -e; greet() { echo hello "$1"; }
if [ -e x ]; then greet you; else : nothing; fi
for f in a b; do printf '%s\n' "$f" | grep -c . >/dev/null 2>&1 || true; done
X=1 th-fetch rss -n 3 "$feed" --limit=2 | th-filter -- 'title' | cat <<END
th-nosuch in a here document
END
case $1 in th-nosuch) true ;; esac
E
ok 'check has nothing against what is right' th-trigger check fine
told 'and says so' 'fine: in order'
script fine <<'E'
#!/usr/bin/env bash
#: {description: all that a shell can, every: 1h}
declare -a list=(th-nosuch "two words") more; more+=(three)
for ((i = 0; i < 3; i++)); do echo "${list[$i]}" "${#list}"; done
function twice { echo "$1$1"; }
thrice() (echo "$1")
twice "$(thrice "$(echo `uname` | tr a-z A-Z)")" $((1 + $(echo 2)))
[[ $1 =~ ^(a|b)$ && x < y ]] && cat <(echo a) <<<"th-nosuch | x"
case $1 in
(a | b*) case $2 in c) :;; esac ;;
*) title=${1:-"no ) title"} ;;
esac
while read -r line; do echo "$line"; done 2>&1 <<-A >"$HOME/x" <<'B'
	th-nosuch $(th-nosuch
	A
th-nosuch '
B
command -v th-nosuch >/dev/null && th-nosuch
alias ll='ls -l'; ll; ~/bin/mine; ./relative
th-filter "title ~ '$1'" --set "x={title|truncate:3}"
th-filter 'title ~ "it'"'"'s" and not tags = "ad"'
timeout 5 env A=b th-publish file --path "$HOME/{title}.md" -- "$@"
th-fetch rss --file <(echo a) --since 7d; th-publish file $options; th-publish file "$@"
th-queue take q | th-queue "$command" q; th-fetch --list >/dev/null
E
ok 'however it is written' th-trigger check fine
script path <<'E'
#!/bin/sh
th-fetch --version
E
ok 'our programs are found with the PATH of cron' env PATH=/usr/bin:/bin "$(command -v th-trigger)" check path
ok 'when they run, too' env PATH=/usr/bin:/bin "$(command -v th-trigger)" run path
rm "$TH_HOME/triggers/path"
rm "$TH_HOME/triggers/fine"
script wrong <<'E'
#!/bin/sh
x=$(th-fetch rsss | th-filter 'title')
y="`echo $(nosuchcommand)`"
th-filter 'title ~ "a" nad tags'
th-filter --set title='{title|truncat:3}' \
    --limit many 'title and
  title ~'
case $x in a) th-publish file --path '{title' --max-age 3x ;; esac
nice th-filter --tial 3
th-publish twitter --length 3
th-fetch rss --since yesterday | th-publish file --limit 3 | th-filter --sort
th-publish trello --board B --list L --position sideways; th-queue tak q; th-fetch
E
code 'check looks into what is nested' 78 th-trigger check wrong
for want in 'wrong:2:14: unknown service rsss' 'wrong:3:12: unknown command nosuchcommand' 'wrong:4:24: ' \
    'wrong:5:31: no filter truncat; did you mean truncate' 'wrong:6:13: not a whole number' 'wrong:7:10: ' \
    'wrong:8:39: this "." is never closed' 'wrong:8:57: not a duration' 'wrong:9:16: unknown option --tial \(did you mean --tail' \
    'wrong:10:12: account twitter:default has no consumer_key' 'wrong:11:22: neither a date' \
    'wrong:11:45: file: --path is missing' 'wrong:11:58: not a limit' 'wrong:11:72: its argument is missing' \
    'wrong:12:49: --position: one of' 'wrong:12:68: unknown command tak \(did you mean take' 'wrong:12:75: it wants a service'; do
	told "check says $want" "$want"
done
script follow <<'E'
#!/bin/sh
#: description: Follow #chess, it's fun
#: every: 15m  # a comment
true
E
says 'a description has its number signs' "Follow #chess, it's fun 15m" fact follow '.description + " " + .every'
rm "$TH_HOME/triggers/follow"
script wrong <<'E'
#!/usr/bin/nosuchshell
true
E
code 'and for who runs it' 78 th-trigger check wrong
told 'by its first line' 'wrong:1:3: unknown program /usr/bin/nosuchshell'
printf '%s\n' '#!/usr/bin/env python3' 'import sys' >"$TH_HOME/triggers/wrong"
ok 'what is no shell script is left alone' th-trigger check wrong
rm "$TH_HOME/triggers/wrong"

# ---- one run ----
code 'run runs it' 0 th-trigger run soup
told 'and tells of it' 'soup: ok, .* 3 fetched, 3 published'
says 'the run is counted' '1 3 3 0 ok' fact soup '[.runs,.fetched,.published,.failures,.last_status] | join(" ")'
says 'each stage is kept with its counts' 'th-fetch 3 th-publish 3' fact soup \
    '[.last.stages | sort_by(.program)[] | .program, .out] | map(tostring) | join(" ")'
ok 'what it printed is in the log' sh -c 'th-trigger log soup | grep -q "^th-publish: 3 published"'
code 'run --due leaves what is not due' 0 th-trigger run --due -v
told 'nothing ran' '0 run'
code 'a second run finds nothing new: the cursor moved' 0 th-trigger run soup
told 'nothing was fetched' ' 0 fetched'
script env <<'E'
#!/bin/sh
echo "$TH_TRIGGER"; [ -n "$TH_RUN" ] && [ -f "$TH_REPORT" ] && cat | wc -c
E
says 'the script knows its name and has no input' 'env 0' sh -c 'th-trigger run -q env | xargs'
script plain <<'E'
echo without a first line
E
says 'a script without #! is one for sh' 'without a first line' th-trigger run -q plain
echo true >"$TH_HOME/triggers/noexec"
code 'a script that is no program fails' 78 th-trigger run noexec
told 'and says what to do' 'chmod \+x'
rm "$TH_HOME/triggers/noexec" "$TH_HOME/triggers/plain" "$TH_HOME/triggers/env"
script once <<'E'
echo run >>once.runs
E
ok 'named twice it runs once' th-trigger run -q once once
says 'so it is' 1 sh -c 'wc -l <once.runs'
rm "$TH_HOME/triggers/once"
code 'a name that is not there is told' 64 th-trigger run suop
told 'with the one that was meant' 'did you mean soup'

# ---- cursors move only if all went well ----
for how in 'th-filter nonsense(' 'sh -c "cat >/dev/null; exit 3"' 'th-publish file --path /proc/none/{title}' \
    'th-filter title | head -1 | sh -c "kill -9 \$PPID"'; do
	script cursor <<E
#!/bin/sh
th-fetch rss "\$feed" | $how
E
	ok "failed: $how" sh -c '! th-trigger run -q cursor >/dev/null'
done
mkfifo hold
script cursor <<'E'
#!/bin/sh
th-fetch rss "$feed" >/dev/null
th-filter title <hold & pid=$!
exec 9>hold
until grep -q "\"pid\":$pid," "$TH_REPORT"; do sleep 0.05; done
kill -9 $pid; wait $pid; true
E
code 'a program that is killed fails the run' 70 th-trigger run cursor
told 'and is named' 'th-filter was killed'
script cursor <<'E'
#!/bin/sh
th-fetch rss nosuchfile "$feed" | cat >/dev/null
true
E
ok 'a program that fails fails the run, whatever the shell says' sh -c '! th-trigger run -q cursor'
script cursor <<'E'
#!/bin/sh
th-fetch rss "$feed"
E
says 'all items are still new then' 3 sh -c 'th-trigger run -q cursor | wc -l'
says 'and no more after they were taken' 0 sh -c 'th-trigger run -q cursor | wc -l'
rm "$TH_HOME/triggers/cursor"

# ---- failures ----
script flaky <<'E'
#!/bin/sh
#: failed_tries: 3
#: notify: cat >>notices.ndjson
[ -e good ] || { echo "it is broken" >&2; exit 1; }
E
code 'a failure is told' 69 th-trigger run flaky
told 'with its last words' 'flaky: failed: .*exit code 1 \(it is broken\)'
th-trigger run -q flaky 2>/dev/null
ok 'no notice yet' test ! -e notices.ndjson
code 'the third disables it' 69 th-trigger run flaky
told 'and says so' 'failed 3 times in a row and is disabled'
says 'list shows it as off' 'off failures' fact flaky '.state + " " + .disabled_by'
code 'disabled it does not run' 64 th-trigger run flaky
says 'one notice was sent' 'Trigger flaky fails' jq -r .title notices.ndjson
ok 'the notice is an item' sh -c 'th-filter --keep id,title,content_text,date_published <notices.ndjson | grep -q "urn:uuid.*it is broken"'
th-trigger enable -q flaky
says 'enabled, its failures are forgiven' 'on 0' fact flaky '.state + " " + (.failures | tostring)'
th-trigger run -q flaky 2>/dev/null
says 'one more does not disable it' 'failing 1' fact flaky '.state + " " + (.failures | tostring)'
says 'a failure more sends none' 1 sh -c 'wc -l <notices.ndjson'
touch good
ok 'enabled again it recovers' th-trigger run flaky
says 'one notice tells of that' 'Trigger flaky works again' sh -c 'tail -1 notices.ndjson | jq -r .title'
ok 'and not twice' sh -c 'th-trigger run -q flaky; test "$(wc -l <notices.ndjson)" = 2'
rm "$TH_HOME/triggers/flaky"
mv "$TH_HOME/triggers" others; mkdir "$TH_HOME/triggers"
script wrong <<'E'
#!/bin/sh
#: evry: 5m
E
code 'a header that is wrong is told by run --due' 78 th-trigger run --due
told 'with its place' 'wrong:2:4: evry'
code 'each minute its exit status tells' 78 th-trigger run --due
says 'but once is enough of the words' '' sh -c 'th-trigger run --due 2>&1; echo'
sed -i s/evry/evrry/ "$TH_HOME/triggers/wrong"
code 'another mistake' 78 th-trigger run --due
told 'is told' 'wrong:2:4: evrry'
rm "$TH_HOME/triggers/wrong"
script owed <<'E'
#!/bin/sh
#: every: 1h
#: failed_tries: 1
#: notify: "[ -e mailer ] || exit 75; cat >>mail.ndjson"
exit 1
E
code 'one whose notice is put off' 69 th-trigger run --due
says 'is disabled all the same' 'off failures' fact owed '.state + " " + .disabled_by'
touch mailer
if command -v faketime >/dev/null; then
	code 'a little later' 0 faketime '+1 minute' th-trigger run --due
	ok 'it is not bothered again' test ! -e mail.ndjson
	code 'but soon' 0 faketime '+6 minutes' th-trigger run --due
	says 'the notice is handed over again, though nothing runs any more' 'Trigger owed fails' jq -r .title mail.ndjson
	code 'and no more' 0 faketime '+12 minutes' th-trigger run --due
	says 'than once' 1 sh -c 'wc -l <mail.ndjson'
else
	skip 'a notice that was put off' 'faketime is not installed'
fi
rm -r "$TH_HOME/triggers"; mv others "$TH_HOME/triggers"
script esc <<'E'
printf '\033[31mred\001\n' >&2; exit 1
E
th-trigger run -q esc 2>/dev/null
ok 'no control character of a script reaches a terminal by its status' sh -c '
    th-trigger status esc | tr -d "\n" >words; LC_ALL=C grep -q "[[:cntrl:]]" words && exit 1; grep -q "?\[31mred" words'
rm "$TH_HOME/triggers/esc"

# ---- one at a time; time; interruption ----
script slow <<'E'
#!/bin/sh
#: every: 1h
th-fetch rss "$feed" >/dev/null
echo $$ >slow.pid; touch slow.up
while [ ! -e slow.go ]; do sleep 0.05; done
E
th-trigger run -q slow 2>/dev/null & slow=$!
ok 'a run is at work' until_true test -e slow.up
says 'list shows it' running fact slow .state
code 'a second run says so' 75 th-trigger run slow
told 'in words' 'runs already'
code 'run --due passes over it' 0 th-trigger run --due
touch slow.go; wait $slow
says 'the first went well' ok fact slow .last_status
rm -f slow.go slow.up
th-trigger run -q slow 2>/dev/null & slow=$!
until_true test -e slow.up
kill -9 $slow; wait $slow 2>/dev/null
pid=$(cat slow.pid); touch slow.go.not
ok 'th-trigger is killed: its script goes on for now' kill -0 "$pid"
rm -f slow.up; touch slow.go
script slow <<'E'
#!/bin/sh
th-fetch rss "$feed"
E
says 'the next run carries on with the same cursor' 0 sh -c 'th-trigger run slow 2>err | wc -l'
ok 'it says what happened' grep -q 'was cut off' err
ok 'and the old script is gone' gone "$pid"
says 'history tells of it' 'ok lost ok' fact slow '[.history[].status] | join(" ")'
script hang <<'E'
#!/bin/sh
#: timeout: 1s
sh -c 'trap "" TERM; echo $$ >hang.pid; while :; do sleep 0.1; done' | cat
E
code 'a run that takes too long is ended' 75 th-trigger run hang
told 'and told' 'timed out: it took longer than 1 s'
ok 'with all that it started' gone "$(cat hang.pid)"
script hang <<'E'
#!/bin/bash
#: timeout: 1s
set -m
sleep 100 & echo $! >hang.job
timeout 100 sh -c 'echo $$ >hang.pid; while :; do sleep 0.1; done'
E
code 'whoever has a process group of its own' 75 th-trigger run hang
ok 'is ended, too' gone "$(cat hang.pid)"
ok 'in the background as well' gone "$(cat hang.job)"
rm "$TH_HOME/triggers/hang"
script jobs <<'E'
#!/bin/bash
set -m
sleep 100 & echo $! >hang.job
E
ok 'what is left behind that way' th-trigger run jobs
ok 'ends with the run' gone "$(cat hang.job)"
script jobs <<'E'
sh -c 'trap "" TERM; echo $$ >hang.job; while :; do sleep 0.1; done' >/dev/null 2>&1 &
until [ -s hang.job ]; do sleep 0.05; done
E
rm hang.job
ok 'and what does not want to' th-trigger run jobs
ok 'has to' gone "$(cat hang.job)"
rm "$TH_HOME/triggers/jobs"
script slow <<'E'
#!/bin/sh
touch slow.up2; exec sleep 60
E
th-trigger run -q slow 2>/dev/null & slow=$!
until_true test -e slow.up2; kill -TERM $slow; wait $slow
says 'interrupted: come again' 75 echo $?
code 'a terminal that is closed interrupts as well' 75 sh -c 'rm -f slow.up2; th-trigger run -q slow & until [ -e slow.up2 ]; do sleep 0.05; done; kill -HUP $!; wait $!'
says 'that is no failure of the trigger' 'interrupted 0' fact slow '.last_status + " " + (.failures | tostring)'
rm "$TH_HOME/triggers/slow"
if command -v faketime >/dev/null; then
	script jump <<'E'
#!/bin/sh
#: timeout: 1m
printf +2h >clock; echo jumped; until grep -q jumped "$TH_HOME/log/jump"; do sleep 0.05; done
sleep 0.1
E
	printf +0 >clock
	ok 'a clock that is set does not end a run' env FAKETIME_TIMESTAMP_FILE="$scratch/clock" FAKETIME_NO_CACHE=1 \
	    FAKETIME_DONT_FAKE_MONOTONIC=1 LD_PRELOAD="$(faketime -f +0 sh -c 'echo "$LD_PRELOAD"')" th-trigger run -q jump
	says 'nor make it take longer' true fact jump '.last.ms < 60000'
	rm "$TH_HOME/triggers/jump"
else
	skip 'a clock that is set' 'faketime is not installed'
fi
script loud <<'E'
#!/bin/sh
yes 'a long story' | head -c 3000000; yes 'another story' | head -c 3000000 >&2; echo last >&2
E
th-trigger run -q loud >/dev/null 2>&1
ok 'the log has a ceiling' sh -c 'test "$(wc -c <"$TH_HOME/log/loud")" -lt 200000 && th-trigger log loud | grep -q "not kept"'

# ---- one that hangs, and many that do not ----
# It waits at a fifo until all the others are done: 200 of them in a long check.
many=40; [ -z "${TH_LONG-}" ] || many=200
crowd=$scratch/crowd
mkdir -p "$crowd/triggers" ran && mkfifo fifo
i=0
while [ $i -lt $many ]; do
	i=$((i + 1))
	printf '#!/bin/sh\n#: every: 1m\n: >"ran/$TH_TRIGGER"\n' >"$crowd/triggers/t$i"
done
printf '#!/bin/sh\n#: every: 1m\nread -r line <fifo && : >ran/hangs\n' >"$crowd/triggers/hangs"
chmod +x "$crowd"/triggers/*
TH_HOME=$crowd th-trigger run --due --jobs 8 2>.err & crew=$!
ok "$many that are due run while another hangs" until_true sh -c 'test "$(ls ran | wc -l)" = "$1"' - $many
ok 'which still does' test ! -e ran/hangs
echo go >fifo
wait $crew
says 'and ends well' 0 echo $?
says 'each has run once' "$((many + 1))" sh -c 'TH_HOME=$1 th-trigger list --json | jq "[.[] | select(.runs == 1)] | length"' - "$crowd"

# ---- disable, rm ----
script torn <<'E'
#!/bin/sh
#: failed_tries: 1
th-trigger disable -q torn; exit 1
E
th-trigger run -q torn 2>/dev/null
says 'who disables it while it fails has the last word' user fact torn .disabled_by
script away <<'E'
#!/bin/sh
cd / && th-fetch rss "$feed"
E
says 'a home that is named from here is found elsewhere' '3 0' sh -c '
    cd "$TH_HOME/.."; export TH_HOME="${TH_HOME##*/}"
    { th-trigger run -q away | wc -l; th-trigger run -q away | wc -l; } | xargs'
rm "$TH_HOME/triggers/torn" "$TH_HOME/triggers/away"
th-trigger disable -q soup
says 'disable' off fact soup .state
says 'what is off has no next run' null fact soup .next_run
th-trigger enable -q soup
says 'enable' on fact soup .state
ok 'rm removes script and log' sh -c 'th-trigger rm -q soup && test ! -e "$TH_HOME/triggers/soup" && test ! -e "$TH_HOME/log/soup"'
says 'crontab prints one line that runs what is due' 1 sh -c 'th-trigger crontab | grep -c "^\* \* \* \* \* TH_HOME=.*th-trigger'\''* run --due"'
says 'they quote as cron and systemd do' '1 1' sh -c '
    TH_HOME="$PWD/a \$5 %d" th-trigger crontab | grep -cF "\\%d" | tr "\n" " "
    TH_HOME="$PWD/a \$5 %d" th-trigger systemd | grep -cF " \"--setenv=TH_HOME=$PWD/a \$\$5 %%d\" /"'
ok 'they know of other homes' sh -c 'env -u TH_HOME XDG_STATE_HOME=/state th-trigger crontab | grep -q " XDG_STATE_HOME=/state "'
ok 'systemd prints a service and a timer' sh -c 'th-trigger systemd | grep -q "^OnCalendar=" && th-trigger systemd | grep -q "^ExecStart="'
ok 'no run left anything behind' sh -c 'test -z "$(ls "$TH_HOME/run")"'
finish

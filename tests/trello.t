#!/bin/sh
# trello against a stand-in with its limits and plain-text errors
. "${0%/*}/lib.sh"
. "$top/tests/api.sh"

serve trello
for a in 429 500 503 html cut; do # a pause is the account's
	echo "    w$a: {base_url: \"$url\", key: trello-key, token: trello-token2}"
done >accounts
config <<E
accounts:
  trello:
    default: {base_url: "$url", key: trello-key, token: trello-token}
    other: {base_url: "$url", key: trello-key, token: trello-token2}
    busy: {base_url: "$url", key: trello-key, token: trello-token3}
    signed: {base_url: "$url", consumer_key: consumer-key, consumer_secret: consumer-secret,
      token: user-token, token_secret: user-token-secret}
    two: {base_url: "$url", client_id: client-id, access_token: stale, refresh_token: refresh-token}
    wrong: {base_url: "$url", key: trello-key, token: mistaken}
    nobody: {base_url: "$url", key: trello-key}
$(cat accounts)
E
item() { # ID TITLE [URL]
	jq -cn --arg i "$1" --arg t "$2" --arg u "${3-}" '{id:$i,title:$t} + if $u == "" then {} else {url:$u} end'
}
drop() { curl -s -o /dev/null -d "$1" "$url/_drop"; }
cards() { curl -s -o /dev/null -d "$1" "$url/_card"; } # JSON: made elsewhere
pub() { th-publish "trello${account-}" --board Reading --list Inbox "$@"; }

# ---- publishing
jq -cn '{id:"1",title:"One",url:"https://example.org/1",
    content_html:"<p>Some <b>bold</b> <a href=\"https://e.org/\">link</a></p><script>x()</script>"}' >in
code 'board, list and labels are made when missing' 0 sh -c \
    'th-publish trello --board Reading --list Inbox --labels News,Later --position top <in >out'
says 'the card has title, Markdown, link, place' 'One|Some **bold** [link](https://e.org/)|https://example.org/1|top' \
    state '.cards[0] | "\(.name)|\(.desc | rtrimstr("\n"))|\(.attachments[0].url)|\(.pos)"'
says 'and labels' '["News","Later"]' state '.cards[0].labels | map(.name)'
says 'the receipt leads to it' 'https://trello.com/c/' sh -c 'jq -r "._published[0].url" out | cut -c1-21'
jq -cn '{id:"1b",title:"One b",tags:["Later","own"]}' >in
th-publish trello --board Reading --list Inbox --labels Later <in >out 2>err
says 'a label alone is that label' '["Later"]' state '.cards[1].labels | map(.name)'
jq -cn '{id:"1c",title:"One c",tags:["later","own"]}' >in
th-publish trello --board Reading --list Inbox --labels Later --item-tags <in >out 2>err
says 'tags of the item are labels when told so, each once' '["Later","own"]' state '.cards[2].labels | map(.name)'
item 2 Two https://example.org/2 >in
forget
code 'what is known is not asked again' 0 sh -c \
    'th-publish trello --board Reading --list Inbox --labels News,Later <in >out'
says 'one card, one request' 'POST /1/cards' requests
item 3 Three >in
code 'names are found whatever their case' 0 sh -c 'th-publish trello --board READING --list inbox <in >out'
says 'no second board is made' '1 1' state '"\(.boards | length) \(.lists | length)"'
list=$(state '.lists[0].id') board=$(state '.boards[0].id')
item 4 Four >in
code 'ids are taken as they are' 0 sh -c "th-publish trello --board $board --list $list <in >out"
says 'in the same list' '1' state '[.cards[].idList] | unique | length'
account=:signed; item 5 Five | pub --queue s >out 2>err
says 'OAuth 1.0a is signed' Five state '.cards[-1].name'
account=:two; item 6 Six | pub --queue t >out 2>err; account=
says 'an OAuth 2 token that is no longer good is renewed, once' 'Six 1' state '"\(.cards[-1].name) \(.refreshes)"'
drop Inbox
item 7 Seven | pub >out 2>err
says 'a list that is gone is found anew' 'Seven 1' state '"\(.cards[-1].name) \(.lists | length)"'
drop Reading
item 7b 'Seven b' >in
code 'a board that is gone is made anew, for a list that was not asked for before, too' 0 sh -c \
    'th-publish trello --board Reading --list Elsewhere --labels News <in >out'
says 'and the card is there' 'Seven b Elsewhere' state '.cards[-1] as $c | "\($c.name) \(.lists[] | select(.id == $c.idList) | .name)"'
says 'one board, as before' 1 state '.boards | length'
item 7c 'Seven c' >in
board=$(state '.boards[0].url')
code 'a board may be given by its address' 0 sh -c "th-publish trello --board '$board' --list Inbox <in >out"
code 'a short one, too' 0 th-fetch trello --board "${board%/x}" --list inbox
code 'of somebody else as well' 0 th-fetch trello --board https://trello.com/b/Shared00
code 'an address that leads nowhere' 69 th-fetch trello --board https://trello.com/b/Nowhere0
code 'is no name for a new board' 75 sh -c 'th-publish trello:other --board https://trello.com/b/Nowhere0 --list Inbox <in'
says 'none is made' 1 state '.boards | length'
forget
i=0; while [ $i -lt 200 ]; do item "n$i" "Card $i" "https://example.org/m/$i"; i=$((i + 1)); done >many
code 'two hundred cards keep to the limit of Trello' 0 sh -c 'th-publish trello:busy --board Reading --list Inbox <many >out'
says 'all are there' '200' state '[.cards[] | select(.name | startswith("Card "))] | length'
says 'by two hundred requests and two' 202 sh -c 'curl -s "$1/_requests" | wc -l' - "$url"
item d Dry https://example.org/d >in
code 'a dry run asks nobody' 0 sh -c 'th-publish trello --board New --list L --labels x --dry-run <in >dry'
says 'indeed' 0 sh -c "curl -s $url/_requests | wc -l"
ok 'shows the card' grep -q 'idList=L&name=Dry&urlSource=' dry
ok 'and no secret' sh -c '! grep -E "trello-(key|token)" dry'
code 'no list is a usage error' 64 sh -c 'th-publish trello --board B <in'

# ---- what may go wrong
for f in 429 500 503 html; do
	item "w$f" "Wait $f" >in
	fault /1/cards $f 1 POST
	code "publishing: $f waits" 75 sh -c "th-publish trello:w$f --board Reading --list Inbox --queue w$f <in"
done
for f in 400 403; do
	item "r$f" "Refuse $f" >in
	fault /1/cards $f 9 POST
	code "publishing: $f refuses the card" 65 sh -c "th-publish trello:other --board Reading --list Inbox --queue r$f <in"
	calm
done
item a Auth >in
code 'a wrong token' 77 sh -c 'th-publish trello:wrong --board Reading --list Inbox --queue a <in'
code 'no token yet' 77 sh -c 'th-publish trello:nobody --board Reading --list Inbox --queue b <in'
told 'is told how to get one' 'th-auth login trello:nobody'
lost() { # QUEUE ACCOUNT BOARD LIST: a card whose answer is lost, and tried again
	_queue=$1 _account=$2; set -- --board "$3" --list "$4" --queue "$1"
	item "$_queue" Cut https://example.org/cut >in
	fault /1/cards cut 1 POST
	th-publish "trello:$_account" "$@" <in >out 2>err
	th-queue retry "$_queue" >/dev/null 2>&1
	th-publish "trello:$_account" "$@" --drain >out 2>err
}
lost c wcut Reading Inbox
says 'a card whose answer was lost is not made twice' 1 state '[.cards[] | select(.name == "Cut")] | length'
ok 'and has its receipt' grep -q trello.com/c/ out

item late 'Late' https://example.org/late >in
fault /1/cards late500 1 POST
code 'a 500 for a card that was made' 75 sh -c 'th-publish trello:other --board Reading --list Inbox --queue late <in'
th-queue retry late >/dev/null 2>&1
code 'is looked for' 0 th-publish trello:other --board Reading --list Inbox --queue late --drain
says 'and is there once' 1 state '[.cards[] | select(.name == "Late")] | length'

item p 'Page' https://example.org/page >in
fault /1/cards html200 1 POST
code 'a web page in place of an answer: it waits, in doubt' 75 sh -c 'th-publish trello:other --board Reading --list Inbox --queue p <in'
th-queue retry p >/dev/null 2>&1
code 'and is sent' 0 th-publish trello:other --board Reading --list Inbox --queue p --drain
says 'once' 1 state '[.cards[] | select(.name == "Page")] | length'

# ---- reading
cards '[{"board":"R","list":"A","name":"first","made":1700000000,"url":"https://example.org/f","desc":"*text*"},
{"board":"R","list":"A","name":"second","made":1700000001},{"board":"R","list":"B","name":"third","made":1700000001}]'
code 'no board is a usage error' 64 th-fetch trello:other --list Inbox
told 'and named' '--board is missing'
code 'an unknown board' 69 th-fetch trello:other --board Nowhere
told 'is named' 'no such board: Nowhere'
code 'an unknown list' 69 th-fetch trello:other --board R --list Nowhere
says 'and none is made' 0 state '[.boards[], .lists[] | select(.name == "Nowhere")] | length'
says 'all lists of a board, oldest first' 'first second third' sh -c \
    'th-fetch trello:other --board r | jq -rs "map(.title) | join(\" \")"'
th-fetch trello:other --board R --list A --state x >cards
says 'a list alone' 'first second' sh -c 'jq -rs "map(.title) | join(\" \")" cards'
says 'title, text, link, date' 'first *text* https://example.org/f 2023-11-14T22:13:20Z' \
    sh -c 'head -n 1 cards | jq -r "\"\(.title) \(.content_text) \(.external_url) \(.date_published)\""'
cards '[{"board":"R","list":"A","name":"same second","made":1700000001},
{"board":"R","list":"A","name":"older","made":1600000000}]'
says 'later only what is new, of whatever date' 'older same second' sh -c \
    'th-fetch trello:other --board R --list A --state x | jq -rs "map(.title) | join(\" \")"'
says 'and then nothing' 0 sh -c 'th-fetch trello:other --board R --list A --state x | wc -l'
drop A
code 'a list that is gone' 69 th-fetch trello:other --board R --list A
told 'is named' 'no such list: A'
cards '[{"board":"R","list":"A","name":"anew","made":1700000002}]'
drop B
th-fetch trello:other --board R --list A >out 2>err
cards '[{"board":"R","list":"B","name":"b anew","made":1700000002}]'
drop R
cards '[{"board":"R","list":"C","name":"c anew","made":1700000002}]'
says 'a board made anew under the same name is read at once' 'c anew' sh -c \
    'th-fetch trello:other --board R --list C | jq -r .title'
jq -cn '[range(0;100) | {board:"R", list:"Slow", name:"s\(.)", desc: ("s" * 4000), made: 1700000000}]' >slow.json
cards @slow.json
resumes 'cards' 100 th-fetch trello:other --board R --list Slow --state slow
fault /1/lists truncated
code 'reading: a truncated answer' 69 th-fetch trello:other --board R --list C
fault /1/lists 429
code 'reading: 429 waits' 75 th-fetch trello:other --board R --list C

# ---- fifty nasty items
sh "$top/tests/nasty.sh" >nasty
before=$(state '.cards | length')
th-publish trello:signed --board Reading --list Nasty <nasty >out 2>err
says 'fifty nasty items arrive' 50 sh -c 'wc -l <out | tr -d " "'
says 'each as one card' 50 expr "$(state '.cards | length')" - "$before"
card() { state "[.cards[] | select(.attachments[0].url == \"https://example.org/n/$1\")][0].$2"; }
says 'a title of 5,000 characters is whole' 5000 card 3 'name | length'
says 'scripts stay behind' good card 14 'desc | rtrimstr("\n")'
says 'control characters, too' abcdefg card 17 name
says 'what looks like a form is a title' 'a=b&c=d+e%20f#g?h' card 20 name
says 'what notifies elsewhere is a title' '@everyone @channel @here <!channel>' card 13 name
says 'a family is whole' '👨‍👩‍👧‍👦' card 8 name
says 'an address that is none is no attachment' 0 state \
    '[.cards[] | select(.name == "script url") | .attachments[]] | length'

# ---- a server that does less
TH_PLAIN=1; export TH_PLAIN
serve trello
unset TH_PLAIN
config <<E
accounts:
  trello:
    default: {base_url: "$url", key: trello-key, token: trello-token}
    late: {base_url: "$url", key: trello-key, token: trello-token}
E
cards '[{"board":"P","list":"A","name":"a","made":1700000000},{"board":"P","list":"B","name":"b","made":1700000001}]'
says 'a board is read list by list where it must be' 'a b' sh -c \
    'th-fetch trello --board P | jq -rs "map(.title) | join(\" \")"'
lost less late P A
says 'a card is known by its title and text where attachments are not shown' 1 state '[.cards[] | select(.name == "Cut")] | length'
finish

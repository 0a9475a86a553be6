#!/bin/sh
# pocket against a stand-in, and the export that Pocket gave its users
. "${0%/*}/lib.sh"
. "$top/tests/api.sh"

serve pocket
canary=pocket-token key=pocket-key
for a in 403limit 429limit 500 503x html html200 status0; do # a pause is the account's
	echo "    w$a: {base_url: \"$url\", consumer_key: $key, access_token: $canary}"
done >accounts
config <<E
accounts:
  pocket:
    default: {base_url: "$url", consumer_key: $key, access_token: $canary}
    new: {base_url: "$url", consumer_key: $key}
    wrong: {base_url: "$url", consumer_key: $key, access_token: mistaken}
    lost: {consumer_key: $key, access_token: $canary}
    elsewhere: {base_url: "$url/elsewhere", consumer_key: $key, access_token: $canary}
$(cat accounts)
E
last() { state ".added[-1] | $1"; }
item() { # ID TITLE [URL]
	jq -cn --arg i "$1" --arg t "$2" --arg u "${3-https://example.org/$1}" '{id:$i,title:$t,url:$u,tags:["Ü","a,b"]}'
}

# ---- closed
item 1 One >in
code 'reading without base_url is refused' 78 th-fetch pocket:lost
told 'says since when and what to use instead' 'closed 2025-07-08; use .*base_url'
code 'publishing without base_url is refused' 78 sh -c 'th-publish pocket:lost <in'
told 'and names base_url' 'base_url'
code 'no account at all is refused the same way' 78 env TH_HOME="$scratch" th-fetch pocket
told 'naming base_url' 'base_url'
code 'logging in without base_url is refused' 78 th-auth login pocket:lost
told 'naming it too' 'base_url'
code 'with no account at all, too' 78 env TH_HOME="$scratch" th-auth login pocket
told 'and naming it' 'base_url'
code 'a server of another kind' 69 th-fetch pocket:elsewhere
told 'is told as such' "does not speak Pocket's protocol"

# ---- reading
code 'an empty list is no error' 0 th-fetch pocket
says 'and prints nothing' '' sh -c 'th-fetch pocket; echo'
post '[{"url":"https://example.org/a?b=1&c=2","title":"A  <b>title</b>","tags":["x","y"],"excerpt":"First\nwords","favorite":"1",
"authors":{"7":{"author_id":"7","name":"Ada","url":"https://ada.example/"}},
"images":{"1":{"item_id":"229","src":"https://pbs.example/1.png"}}}]'
th-fetch pocket >one
says 'an entry becomes an item' 'https://example.org/a?b=1&c=2|A <b>title</b>|First words|2023-11-14T22:13:20Z|x,y|Ada|https://pbs.example/1.png' \
    jq -r '[.id,.title,.summary,.date_published,(.tags|join(",")),.authors[0].name,.image]|join("|")' one
post '[{"url":"https://example.org/b","at":1}]'
says 'one without tags has none' false sh -c 'th-fetch pocket | tail -n 1 | jq "has(\"tags\")"'
post '[{"url":"https://example.org/c","title":"c","at":2,"status":"1","tags":["x"]}]'
titles() { th-fetch pocket "$@" | jq -r .id | sed 's|.*/||; s|?.*||' | paste -sd' ' -; }
says 'unread is what one gets' 'a b' titles
says 'the archive' c titles --status archive
says 'all of it' 'a b c' titles --status all
says 'favorites' a titles --favorite
says 'a tag' 'a c' titles --status all --tag x
says 'what is newer than a date' 'b c' titles --status all --since 2023-11-14T22:13:21Z
post "$(entries 0 1201 10)"
forget
th-fetch pocket >many
says 'many entries come from many pages, oldest first' '1203 https://example.org/a?b=1&c=2 https://example.org/e1200' sh -c \
    'echo "$(wc -l <many) $(head -n 1 many | jq -r .id) $(tail -n 1 many | jq -r .id)"'
says 'as many requests as pages' 3 sh -c "curl -s $url/_requests | wc -l"
says 'no one twice' 1203 sh -c 'jq -r .id many | sort -u | wc -l'
post '[{"url":"https://example.org/x1","title":"x1","at":11},{"url":"https://example.org/x2","title":"x2","at":12}]'
says 'of the newest some' 'x1 x2' sh -c 'th-fetch pocket -n 2 | jq -rs "map(.title) | join(\" \")"'
curl -s -o /dev/null -d 100 "$url/_cap"
says 'a server that gives less at once' 1205 sh -c 'th-fetch pocket | wc -l'
says 'a first run with state reads all' 1205 sh -c 'th-fetch pocket --state s | wc -l'
says 'the next has nothing new' 0 sh -c 'th-fetch pocket --state s | wc -l'
post "$(entries 2000 2003 20)"
says 'then what is new' 'e2000 e2001 e2002' sh -c 'th-fetch pocket --state s | jq -rs "map(.title) | join(\" \")"'
post "$(entries 2003 2005 20)"
says 'of the same second, too' 'e2003 e2004' sh -c 'th-fetch pocket --state s | jq -rs "map(.title) | join(\" \")"'
curl -s -o /dev/null -d 231 "$url/_delete"
post "$(entries 2005 2206 30)"
says 'a limit leaves the rest to the next run; what is deleted is passed over' '120 81 201' sh -c \
    'th-fetch pocket --state s -n 120 >a; th-fetch pocket --state s >b
     echo "$(wc -l <a) $(wc -l <b) $(cat a b | jq -r .id | sort -u | wc -l)"'
for f in 403limit 429limit 500 503x html; do
	fault /v3/get $f 9
	code "reading: $f waits" 75 th-fetch pocket --timeout 2s
	calm
done
for f in 400x 402 403x html200 status0 nolist truncated; do
	fault /v3/get $f
	code "reading: $f is unavailable" 69 th-fetch pocket
	calm
done
fault /v3/get 401x
code 'reading: a token that was revoked' 77 th-fetch pocket
told 'in the words of the service' 'No such token'
fault /v3/get cut 9
code 'reading: a connection cut' 69 th-fetch pocket
calm
fault /v3/get silence 9
code 'reading: silence' 69 th-fetch pocket --timeout 1s
calm
post "$(entries 3000 3001 40)"
fault /v3/get truncated
th-fetch pocket --state s >/dev/null 2>&1
says 'what failed is read by the next run' e3000 sh -c 'th-fetch pocket --state s | jq -r .title'
code 'an operand is a usage error' 64 th-fetch pocket list.csv
code 'a status there is not' 64 th-fetch pocket --status gone

# ---- publishing
pub() { th-publish pocket --queue "q$n" "$@"; }
item 1 'Hello &  "you"' 'https://example.org/p?b=1&c=2#d' | pub --tags 'one,two three' --no-item-tags >out 2>err
says 'address, title and tags are added' 'https://example.org/p?b=1&c=2#d|Hello & "you"|one,two three' last '[.url,.title,.tags]|join("|")'
says 'the receipt has the id of the entry' 'pocket true' jq -r '._published[0] | "\(.service) \(.id | test("^[0-9]+$"))"' out
item 2 Two | pub --tags x,ü >out 2>err
says 'the tags of the item besides, each once' 'x,ü,a b' last .tags
item 3 Three | pub --no-item-tags --title 'T: {title|upper}' >out 2>err
says 'a title of yours' 'T: THREE' last .title
says 'no tags, no member' null last .tags
jq -cn '{id:"4",url:"https://example.org/4"}' | pub >out 2>err
says 'nor a title where there is none' null last .title
jq -cn '{id:"4a",url:"https://example.org/4 a"}' | pub >out 2>err
says 'an address with a blank in it is no title either' 'https://example.org/4%20a null' last '"\(.url) \(.title)"'
jq -cn '{id:"5",external_url:"https://example.org/5",title:"x"}' | pub >out 2>err
says 'external_url where there is no other' https://example.org/5 last .url
before=$(state .entries)
item 6 Again https://example.org/5 | pub >out 2>err
says 'adding twice is adding once' "$before" state .entries
item 7 Text >in
code '--text has no meaning there' 64 sh -c 'th-publish pocket --queue text --text x <in'
told 'and is told' '^th-publish: --text: pocket keeps addresses, no text; try'
code 'before an item is read' 64 th-queue show text
item 8 Dry >in
forget
code 'a dry run sends nothing' 0 sh -c 'th-publish pocket --dry-run --tags a <in >dry'
says 'indeed' 0 sh -c "curl -s $url/_requests | wc -l"
ok 'shows the body' grep -q '"url":"https://example.org/8","title":"Dry","tags":"a,Ü,a b"' dry
ok 'and no secret' sh -c '! grep -E "$1|$2" dry' - $key $canary
sh "$top/tests/nasty.sh" >nasty
before=$(state '.added | length')
code 'of fifty nasty items those without a page are refused' 65 sh -c 'th-publish pocket --queue nasty --tags n <nasty >out 2>err'
says 'all others are published' 47 sh -c 'wc -l <out'
says 'each refusal has its reason' 3 grep -c 'refused: no page to be read: the item has no http address' err
state ".added[$before:]" >got
cat >compare.py <<'E'
import json
import re


def essence(s):
    s = re.sub("[\ud800-\udfff]", "\ufffd", s)
    return re.sub(r"[\x00-\x1f\s\u200b]", "", s)  # what is no text


got = json.load(open("got"))
sent = [json.loads(s) for s in open("nasty")]
sent = [i for i in sent if i["url"].startswith("http")]
assert len(got) == len(sent) == 47
for it, e in zip(sent, got):
    assert e["url"] == it["url"] and e["tags"] == "n", (it, e)
    title = "" if it["title"] == it["url"] else it["title"]
    assert essence(e.get("title", "")) == essence(title), (title, e)
E
ok 'addresses and titles arrive faithfully' python3 compare.py
for f in 403limit 429limit 500 503x html html200 status0; do
	item "w$f" "Wait $f" >in
	fault /v3/add $f
	code "publishing: $f waits" 75 sh -c "th-publish pocket:w$f --queue w$f <in"
done
item again Again >in
code 'a spent limit stops others of the account' 75 sh -c 'th-publish pocket:w403limit --queue other <in'
for f in 400x 403x; do
	item "r$f" "Refuse $f" >in
	fault /v3/add $f
	code "publishing: $f refuses the item" 65 sh -c "th-publish pocket --queue r$f <in"
done
item c Cut >in
fault /v3/add cut 9
code 'publishing: a connection cut' 75 sh -c 'th-publish pocket --queue c <in'
item t Truncated >in
fault /v3/add truncated
code 'publishing: a truncated answer' 75 sh -c 'th-publish pocket --queue t <in'
item s Silence >in
calm
fault /v3/add silence 9
code 'publishing: silence' 75 sh -c 'th-publish pocket --queue s --timeout 1s <in'
calm
item a Auth >in
code 'publishing: a wrong token' 77 sh -c 'th-publish pocket:wrong --queue a <in'
code 'publishing: no token' 77 sh -c 'th-publish pocket:new --queue b <in'
told 'is told how to get one' 'th-auth login pocket:new'

post '[{"url":"https://example.org/nul","title":"a\u0000b","at":50}]'
says 'a NUL in a title makes no list unreadable' https://example.org/nul sh -c 'th-fetch pocket | tail -n 1 | jq -r .id'
ok 'no secret is told, however much is' sh -c '! { th-fetch -vv pocket; th-fetch -vv pocket:wrong
    th-publish -vv pocket --queue a --drain; } 2>&1 | grep -E "$1|$2"' - $key $canary

# ---- interrupted
jq -cn '[range(0;100) | {url: "https://example.org/s\(.)", title: ("s" * 4000), at: 40, tags: ["slow"]}]' >slow.json
post @slow.json
resumes 'entries' 100 th-fetch pocket --tag slow --state slow

# ---- logging in
code 'a login needs a word that it was allowed' 77 sh -c 'th-auth login pocket:new --paste </dev/null'
mkfifo answer
th-auth login pocket:new --paste <answer >address 2>err & p=$!
exec 9>answer
visit address >page
echo >&9; exec 9>&-
code 'a login waits until it was allowed' 0 wait $p
says 'it is known who it is' 'pocket	new	alice	no end known' th-auth check pocket:new
says 'the credentials are for their owner alone' '-rw-------' sh -c \
    'ls -l "$TH_HOME/credentials/pocket.new.json" | cut -c1-10'
code 'a token that is not good' 77 th-auth check pocket:wrong

# ---- the export
cat >export.csv <<'E'
title,url,time_added,tags,status
"Quoted, ""title""",https://example.org/2,1700000002,b|a c,archive
First,https://example.org/1?a=1&b=2,1700000001,,unread
https://example.org/3,https://example.org/3,1700000003,x,unread
E
exported() {
	th-fetch pocket --export export.csv "$@" |
	    jq -r '[.url,.title,.date_published,(.tags//[]|join("+")),._archived//"no"]|map(tostring)|join("|")'
}
rm "$TH_HOME/config.yaml"
cat >want <<'E'
https://example.org/1?a=1&b=2|First|2023-11-14T22:13:21Z||no
https://example.org/2|Quoted, "title"|2023-11-14T22:13:22Z|b+a c|true
https://example.org/3|https://example.org/3|2023-11-14T22:13:23Z|x|no
E
is 'the export is read, oldest first, without any account' want exported
says 'a part of it' 'https://example.org/2' sh -c 'th-fetch pocket --export export.csv --status archive | jq -r .id'
says 'or a tag of it' 'https://example.org/3' sh -c 'th-fetch pocket --export export.csv --tag x | jq -r .id'
printf 'url,title,status,tags,time_added\nhttps://example.org/4,T\303\251\377,unread,,1\n' >two.csv
says 'several files, columns in any order' '4 Té�' sh -c \
    'th-fetch pocket --export export.csv two.csv | jq -rs "\"\(length) \(.[0].title)\""'
says 'standard input' 3 sh -c 'th-fetch pocket --export - <export.csv | wc -l'
says 'with state what is new' '3 0 1' sh -c 'for f in export.csv export.csv two.csv; do
    th-fetch pocket --export $f --state x | wc -l; done | paste -sd" " -'
printf 'title,url\nT, https://example.org/a b \n' >blank.csv
says 'an address with a blank in it is tidied up' https://example.org/a%20b sh -c 'th-fetch pocket --export blank.csv | jq -r .id'
printf 'title,url,time_added,tags,status\nT,nowhere,1,,unread\nU,https://example.org/u,1,,unread\n' >bad.csv
code 'a line that has no address is told' 65 th-fetch pocket --export bad.csv
told 'by its number' 'bad.csv: line 2: not an address'
says 'the others are read' U sh -c 'th-fetch pocket --export bad.csv 2>/dev/null | jq -r .title'
printf 'title,url\nV,https://example.org/v\n"open,https://example.org/' >torn.csv
code 'a torn export' 65 th-fetch pocket --export torn.csv
says 'is read as far as it goes' V sh -c 'th-fetch pocket --export torn.csv 2>/dev/null | jq -r .title'
echo 'a,b' >other.csv
code 'a file that is something else' 65 th-fetch pocket --export other.csv
code 'a file that is not there' 69 th-fetch pocket --export none.csv
code 'favorites are not in the export' 64 th-fetch pocket --export export.csv --favorite

# ---- secrets
rm -f accounts
says 'the secrets are in the credentials and nowhere else' pocket.new.json sh -c \
    'grep -arlE "$1|$2" "$3" | sed "s:.*/::" | sort -u | paste -sd" " -' - $key $canary "$scratch"
finish

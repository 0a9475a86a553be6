#!/bin/sh
# readability against a stand-in that checks every signature
. "${0%/*}/lib.sh"
. "$top/tests/api.sh"

serve readability
keys='consumer_key: consumer-key, consumer_secret: consumer-secret'
tokens="$keys, token: user-token, token_secret: user-token-secret"
for a in 429 429retry 500 503 html; do # a pause is the account's
	echo "    w$a: {base_url: \"$url\", $tokens}"
done >accounts
config <<E
accounts:
  readability:
    default: {base_url: "$url", $tokens}
    east: {base_url: "$url", $tokens, zone: "-05:00"}
    nowhere: {base_url: "$url", $tokens, zone: Mars}
    new: {base_url: "$url", $keys}
    other: {base_url: "$url", $keys}
    wrong: {base_url: "$url", $keys, token: user-token, token_secret: mistaken}
    lost: {$tokens}
    elsewhere: {base_url: "$url/elsewhere", $tokens}
$(cat accounts)
E
last() { state ".bookmarks[-1] | $1"; }
item() { # ID TITLE [URL]
	jq -cn --arg i "$1" --arg t "$2" --arg u "${3-https://example.org/$1}" '{id:$i,title:$t,url:$u,tags:["Ü","a,b"]}'
}

# ---- closed
item 1 One >in
code 'reading without base_url is refused' 78 th-fetch readability:lost
told 'says since when and what to use instead' 'closed 2016-09-30; use .*base_url'
code 'publishing without base_url is refused' 78 sh -c 'th-publish readability:lost <in'
told 'and names base_url' 'base_url'
code 'no account at all is refused the same way' 78 env TH_HOME="$scratch" th-fetch readability
told 'naming base_url' 'base_url'
code 'logging in without base_url is refused' 78 th-auth login readability:lost
told 'naming it too' 'base_url'
code 'a server of another kind' 69 th-fetch readability:elsewhere
told 'is told as such' "speak Readability's protocol"
code 'a zone that is none' 78 th-fetch readability:nowhere

# ---- reading
code 'an empty list is no error' 0 th-fetch readability
says 'and prints nothing' '' sh -c 'th-fetch readability; echo'
post '[{"url":"https://example.org/a?b=1&c=2","title":" A &quot;title&quot;","excerpt":"First &amp; <b>best</b>","at":0,"tags":["x","y"],"favorite":true,
"author":"Ada","lead_image_url":"https://pbs.example/1.png"},{"url":"https://example.org/b","at":1},
{"url":"https://example.org/c","at":2,"archive":true,"tags":["x"]}]'
th-fetch readability >three
says 'a bookmark becomes an item' 'https://example.org/a?b=1&c=2|A "title"|First & best|2015-01-02T10:00:00Z|x,y|Ada|https://pbs.example/1.png|true' \
    jq -r 'select(.tags and ._favorite)|[.id,.title,.summary,.date_published,(.tags|join(",")),.authors[0].name,.image,._favorite]|join("|")' three
says 'dates by the zone that is set' 2015-01-02T15:00:00Z sh -c 'th-fetch readability:east -n 3 | head -n 1 | jq -r .date_published'
titles() { th-fetch readability "$@" | jq -r .id | sed 's|.*/||; s|?.*||' | paste -sd' ' -; }
says 'all of them, oldest first' 'a b c' titles
says 'the archive' c titles --archive
says 'favorites' a titles --favorite
says 'a tag' 'a c' titles --tag x
says 'what is newer than a date' 'b c' titles --since 2015-01-02T10:00:01Z
says 'of the newest some' 'b c' titles -n 2
says 'whole articles' '<p>all of tg119</p>' sh -c 'th-fetch readability --content | head -n 1 | jq -r .content_html'
post "$(entries 0 161 10)"
forget
says 'many bookmarks come from many pages' '164 164' sh -c \
    'th-fetch readability >many; echo "$(wc -l <many) $(jq -r .id many | sort -u | wc -l)"'
says 'as many requests as pages' 4 sh -c "curl -s $url/_requests | wc -l"
curl -s -o /dev/null "$url/_meta"
says 'also when nobody tells how many there are' 164 sh -c 'th-fetch readability | wc -l'
says 'a first run with state reads all' 164 sh -c 'th-fetch readability --state s | wc -l'
says 'the next has nothing new' 0 sh -c 'th-fetch readability --state s | wc -l'
post "$(entries 200 203 20)"
says 'then what is new, in the order it was added' 'e200 e201 e202' sh -c 'th-fetch readability --state s | jq -rs "map(.title) | join(\" \")"'
post "$(entries 203 205 20)"
says 'of the same second, too' 'e203 e204' sh -c 'th-fetch readability --state s | jq -rs "map(.title) | sort | join(\" \")"'
post "$(entries 300 401 30)"
says 'a limit leaves the rest to the next run' '60 41 101' sh -c \
    'th-fetch readability --state s -n 60 >a; th-fetch readability --state s >b
     echo "$(wc -l <a) $(wc -l <b) $(cat a b | jq -r .id | sort -u | wc -l)"'
for f in 429 429retry 500 503 html; do
	fault /api/rest/v1/bookmarks $f 9
	code "reading: $f waits" 75 th-fetch readability --timeout 2s
	calm
done
for f in 400 402 403 html200 nothing truncated; do
	fault /api/rest/v1/bookmarks $f
	code "reading: $f is unavailable" 69 th-fetch readability
	calm
done
fault /api/rest/v1/bookmarks cut 9
code 'reading: a connection cut' 69 th-fetch readability
calm
fault /api/rest/v1/bookmarks silence 9
code 'reading: silence' 69 th-fetch readability --timeout 1s
calm
code 'reading: a wrong signature' 77 th-fetch readability:wrong
post "$(entries 500 502 40)"
fault /api/rest/v1/articles 500 9
th-fetch readability --content --state s >part 2>/dev/null
calm
says 'what failed is read by the next run' '0 2' sh -c \
    'echo "$(wc -l <part) $(th-fetch readability --content --state s | wc -l)"'
code 'an operand is a usage error' 64 th-fetch readability x

# ---- publishing
pub() { th-publish readability --queue "q$n" "$@"; }
item 1 One 'https://example.org/p?b=1&c=ü%20d'\''s#f' | pub --tags 'one,two three' --favorite --no-item-tags >out 2>err
says 'address, marks and tags arrive signed' "https://example.org/p?b=1&c=ü%20d's#f|true|false|one,two three" \
    last '[.article.url,.favorite,.archive,(.tags|map(.text)|join(","))]|map(tostring)|join("|")'
says 'the receipt has the id of the bookmark' "$(last .id)" jq -r '._published[0].id' out
item 2 Two | pub --archive --tags x,ü >out 2>err
says 'the tags of the item besides, each once' 'true x,ü,a b' last '"\(.archive) \(.tags|map(.text)|join(","))"'
forget
item 3 Three | pub --no-item-tags >out 2>err
says 'without tags one request' 1 sh -c "curl -s $url/_requests | wc -l"
adds=$(state .adds)
item 4 Again https://example.org/3 >in
code 'a duplicate counts as published' 0 sh -c 'th-publish readability --queue d --tags late --no-item-tags --favorite <in >out'
says 'its receipt has the id it had' "$(last .id)" jq -r '._published[0].id' out
says 'it is marked and tagged all the same' 'true late' last '"\(.favorite) \(.tags|map(.text)|join(","))"'
says 'there is one' "$adds" state .adds
item 5 Tagless >in
fault /api/rest/v1/bookmarks 400 9
code 'a bookmark that is refused' 65 sh -c 'th-publish readability --queue e <in'
calm
item 6 Torn >in
curl -s -o /dev/null -d '{"path":"/api/rest/v1/bookmarks/","kind":"403","times":1}' "$url/_fault"
code 'tags that are refused do not undo the bookmark' 0 sh -c 'th-publish readability --queue f --tags a <in'
told 'and are told' 'bookmarked, but its tags were refused'
item 7 Text >in
code '--text has no meaning there' 64 sh -c 'th-publish readability --queue text --text x <in'
told 'and is told' '^th-publish: --text: readability keeps addresses, no text; try'
code 'before an item is read' 64 th-queue show text
item 8 Dry >in
forget
code 'a dry run sends nothing' 0 sh -c 'th-publish readability --dry-run --tags a <in >dry'
says 'indeed' 0 sh -c "curl -s $url/_requests | wc -l"
ok 'shows the form' grep -q '^url=https%3A%2F%2Fexample.org%2F8&favorite=0&archive=0&allow_duplicates=0' dry
ok 'and no secret' sh -c '! grep -E "consumer-secret|user-token" dry'
sh "$top/tests/nasty.sh" >nasty
before=$(state '.bookmarks | length')
code 'of fifty nasty items those without a page are refused' 65 sh -c 'th-publish readability --queue nasty --tags "n,@everyone,👩‍👩‍👧" <nasty >out 2>err'
says 'all others are published' 47 sh -c 'wc -l <out'
says 'each refusal has its reason' 3 grep -c 'refused: no page to be read: the item has no http address' err
state ".bookmarks[$before:][] | .article.url" | sort >got
grep -o '"url": "https*:[^"]*' nasty | cut -c9- | sed 's/\\u00fc/ü/; s/\\u00df/ß/' | sort >want
is 'addresses arrive faithfully' want cat got
says 'with all tags' 47 sh -c 'curl -s "$1/_state" | jq "[.bookmarks[] | select([.tags[].text] == [\"n\",\"@everyone\",\"👩‍👩‍👧\"])] | length"' - "$url"
for f in 429 429retry 500 503 html; do
	item "w$f" "Wait $f" >in
	fault /api/rest/v1/bookmarks $f
	code "publishing: $f waits" 75 sh -c "th-publish readability:w$f --queue w$f <in"
done
fault /api/rest/v1/bookmarks 403
item r403 Refused >in
code 'publishing: 403 refuses the item' 65 sh -c 'th-publish readability --queue r <in'
item p Paid >in
fault /api/rest/v1/bookmarks 402
code 'publishing: 402 stops the run' 75 sh -c 'th-publish readability --queue p <in'
item cut Cut >in
fault /api/rest/v1/bookmarks cut
th-publish readability --queue c --no-item-tags --tags cut <in >out 2>err
th-queue retry c >/dev/null 2>&1
th-publish readability --queue c --no-item-tags --tags cut --drain >>out 2>>err
says 'publishing: a connection cut after it was processed makes one bookmark, with its tags' '1 ["cut"]' state \
    '[.bookmarks[] | select(.article.url == "https://example.org/cut")] | "\(length) \(.[0].tags | map(.text))"'
item s Silence >in
fault /api/rest/v1/bookmarks silence 9
code 'publishing: silence' 75 sh -c 'th-publish readability --queue s --timeout 1s <in'
calm
item a Auth >in
code 'publishing: a wrong signature' 77 sh -c 'th-publish readability:wrong --queue a <in'
code 'publishing: no token' 77 sh -c 'th-publish readability:new --queue b <in'
told 'is told how to get one' 'th-auth login readability:new'

# ---- interrupted
jq -cn '[range(0;100) | {url: "https://example.org/s\(.)", title: ("s" * 4000), at: 35, tags: ["slow"]}]' >slow.json
post @slow.json
resumes 'bookmarks' 100 th-fetch readability --tag slow --state slow

# ---- logging in
th-auth login readability:new --timeout 20s >address 2>err & p=$!
visit address >page
code 'OAuth 1.0a by browser' 0 wait $p
says 'it is known who it is' 'readability	new	alice	no end known' th-auth check readability:new
printf 'alice\nopen sesame\n' >answers
code 'xAuth by name and password' 0 sh -c 'th-auth login readability:other --method xauth <answers'
says 'gives a token, too' 'readability	other	alice	no end known' th-auth check readability:other
printf 'alice\nguess\n' >answers
code 'a wrong password' 77 sh -c 'th-auth login readability:other --method xauth <answers'

# ---- secrets
rm -f accounts answers "$TH_HOME/config.yaml"
says 'the secrets are in the credentials and nowhere else' readability.other.json sh -c \
    'grep -arlE "consumer-secret|user-token|x-secret|open sesame" "$1" | sed "s:.*/::" | sort -u | paste -sd" " -' - "$scratch"
finish

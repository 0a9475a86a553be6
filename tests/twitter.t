#!/bin/sh
# twitter against a stand-in that checks signatures and weighs posts
. "${0%/*}/lib.sh"
. "$top/tests/api.sh"

serve twitter
for a in 429 429retry 429reset 429day 500 503 html; do # a pause is the account's
	echo "    w$a: {base_url: \"$url\", consumer_key: consumer-key, consumer_secret: consumer-secret,
      token: user-token, token_secret: user-token-secret}"
done >accounts
config <<E
accounts:
  twitter:
    default: {base_url: "$url", consumer_key: consumer-key, consumer_secret: consumer-secret,
      token: user-token, token_secret: user-token-secret}
    two: {base_url: "$url", client_id: client-id, access_token: stale, refresh_token: refresh-token}
    wrong: {base_url: "$url", consumer_key: consumer-key, consumer_secret: consumer-secret,
      token: user-token, token_secret: mistaken}
    nobody: {base_url: "$url", consumer_key: consumer-key, consumer_secret: consumer-secret}
$(cat accounts)
E
last() { state '.sent[-1]'; }
item() { # ID TITLE [URL]
	jq -cn --arg i "$1" --arg t "$2" --arg u "${3-}" '{id:$i,title:$t} + if $u == "" then {} else {url:$u} end'
}

# ---- reading
code 'a search that finds nothing is no error' 0 th-fetch twitter --search '#chess'
says 'and prints nothing' '' sh -c 'th-fetch twitter --search "#chess"; echo'
post '[{"text":"#chess &amp; more https://t.co/x https://t.co/m","entities":{"urls":[
{"url":"https://t.co/x","expanded_url":"https://example.org/x"},
{"url":"https://t.co/m","expanded_url":"https://x.com/a/status/1/photo/1","media_key":"3_1"}],
"hashtags":[{"tag":"chess"}]},"attachments":{"media_keys":["3_1","7_1"]}}]'
th-fetch twitter --search '#chess' >one
says 'links are expanded, entities decoded' '#chess & more https://example.org/x' jq -r .content_text one
says 'the id does not change with the name of the user' \
    'https://x.com/i/status/1900000000000000001 https://x.com/alice/status/1900000000000000001' \
    jq -r '"\(.id) \(.url)"' one
says 'tags, author, language, date' '["chess"] Alice & Co en 2026-05-01T10:00:00Z' \
    jq -r '"\(.tags) \(.authors[0].name) \(.language) \(.date_published)"' one
says 'pictures and the best of a film are attached' \
    'https://pbs.example/1.jpg image/jpeg https://video.example/hi.mp4 video/mp4' \
    jq -r '[.attachments[] | .url, .mime_type] | join(" ")' one
says 'the first link to elsewhere is told' https://example.org/x jq -r .external_url one
post '[{"text":"cut o…","note_tweet":{"text":"a long post &lt;whole&gt;"}}]'
says 'a long post is whole' 'a long post <whole>' sh -c \
    'th-fetch twitter --search "cut" | jq -r .content_text'
post '[{"text":"RT @alice: #chess &amp; m…","referenced_tweets":[{"type":"retweeted","id":"1900000000000000001"}]}]'
says 'a repost is whole' 'RT @alice: #chess & more https://example.org/x' sh -c \
    'th-fetch twitter --home | tail -n 1 | tee repost | jq -r .content_text'
says 'its tags, link and pictures, too' '["chess"] https://example.org/x 2' jq -r \
    '"\(.tags) \(.external_url) \(.attachments | length)"' repost
post '[{"text":"links https://t.co/l1 https://t.co/l10 https://t.co/l1","entities":{"urls":[
{"url":"https://t.co/l1","expanded_url":"https://example.org/1"},
{"url":"https://t.co/l10","expanded_url":"https://example.org/10"}]}}]'
says 'a link that begins like another is not that other' \
    'links https://example.org/1 https://example.org/10 https://example.org/1' sh -c \
    'th-fetch twitter --search links | jq -r .content_text'
fault /2/tweets/search errors200
code 'a 200 that has errors and nothing else is unavailable' 69 th-fetch twitter --search links
told 'in its words' 'no longer there'
post "[$(i=0; while [ $i -lt 250 ]; do printf '{"text":"go %d"},' $i; i=$((i+1)); done) {\"text\":\"go last\"}]"
forget
th-fetch twitter --search go >many
says 'many posts come from many pages, oldest first' '251 go 0 go last' sh -c \
    'echo "$(wc -l <many) $(head -n 1 many | jq -r .content_text) $(tail -n 1 many | jq -r .content_text)"'
says 'which took three requests' 3 sh -c "curl -s $url/_requests | wc -l"
says 'of the newest some' 'go 249 go last' sh -c \
    'th-fetch twitter --search go -n 2 | jq -rs "map(.content_text) | join(\" \")"'
says 'a first run with state is one page' 100 sh -c 'th-fetch twitter --search go --state s | wc -l'
code 'the next has nothing new' 0 th-fetch twitter --search go --state s
says 'and prints nothing' 0 sh -c 'wc -c <"$1" | tr -d " "' - "$scratch/.out"
post "[$(i=0; while [ $i -lt 150 ]; do printf '{"text":"go new %d"},' $i; i=$((i+1)); done) {\"text\":\"go newest\"}]"
says 'what came since is read from all its pages, of one date or not' '151 go new 0 go newest' sh -c \
    'th-fetch twitter --search go --state s >new
     echo "$(wc -l <new) $(head -n 1 new | jq -r .content_text) $(tail -n 1 new | jq -r .content_text)"'
post '[{"text":"go a"},{"text":"go b"},{"text":"go c"}]'
says 'a limit leaves the rest to the next run' 'go a go b go c' sh -c \
    '{ th-fetch twitter --search go --state s -n 2; th-fetch twitter --search go --state s; } |
     jq -rs "map(.content_text) | join(\" \")"'
jq -cn '[range(0;100) | {text: ("slow \(.) " + "x" * 4000)}]' >slow.json
post @slow.json
resumes 'posts' 100 th-fetch twitter --search slow --state slow
curl -s -o /dev/null -d 1900000000000000900 "$url/_oldest"
post '[{"text":"go on"}]'
says 'an id too old for X is no end' 'go on' sh -c 'th-fetch twitter --search go --state s | jq -r .content_text'
post '[{"text":"go further"}]'
fault /2/tweets/search 400vague
says 'whatever X says against it' 'go further' sh -c 'th-fetch twitter --search go --state s | jq -r .content_text'
forget
th-fetch twitter --search 'go OR chess' --no-retweets >out 2>err
says 'what is left out is so for either side of an OR' 1 sh -c \
    'curl -s "$1/_requests" | grep -c "query=%28go%20OR%20chess%29%20-is%3Aretweet&"' - "$url"
code 'an unknown user' 69 th-fetch twitter --user nobody
told 'is named' 'no such user at X: nobody'
code 'no source is a usage error' 64 th-fetch twitter
code 'two sources are a usage error' 64 th-fetch twitter --home --user alice
code 'a user name that can be none is a usage error' 64 th-fetch twitter --user 'a/b'
for f in 429 429retry 429reset 429day 500 503 html; do
	fault /2/tweets/search $f 9
	code "reading: $f waits" 75 th-fetch twitter --search go --timeout 2s
	calm
done
for f in 400 402 403; do
	fault /2/tweets/search $f
	code "reading: $f is unavailable" 69 th-fetch twitter --search go
done
fault /2/tweets/search truncated
code 'reading: a truncated answer' 69 th-fetch twitter --search go
fault /2/tweets/search cut 9
code 'reading: a connection cut' 69 th-fetch twitter --search go
calm
fault /2/tweets/search silence 9
code 'reading: silence' 69 th-fetch twitter --search go --timeout 1s
calm
code 'a wrong signature' 77 th-fetch twitter:wrong --search go
code 'an account that never logged in' 77 th-fetch twitter:nobody --search go
told 'is told how' 'th-auth login twitter:nobody'
code 'a token that is no longer good is renewed' 0 th-fetch twitter:two --search go -n 1
says 'once' 1 state .refreshes

# ---- publishing
pub() { th-publish twitter --queue "q$n" "$@"; }
item 1 'Hello & <b>' 'https://example.org/a?b=1&c=2' | pub --hashtags '#one,two three' >out 2>err
says 'title, address and tags are posted' 'Hello & <b> https://example.org/a?b=1&c=2 #one #twothree' last
says 'the receipt names the post' 'twitter' jq -r '._published[0].service' out
ok 'and leads to it' sh -c 'jq -r "._published[0].url" out | grep -q "^https://x.com/i/status/19"'
long=$(printf 'word%.0s ' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 \
    31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60)
item 2 "$long" https://example.org/long | pub --hashtags tag >out 2>err
ok 'a long title is cut at a word, address and tag stay' sh -c 'curl -s "$1/_state" |
    jq -re ".sent[-1]" | grep -Eq "^(word )+word… https://example.org/long #tag$"' - "$url"
item 3 "$long" https://example.org/text | pub --text '{title} [{url}] end' >out 2>err
ok 'so is a text of yours' sh -c 'curl -s "$1/_state" |
    jq -re ".sent[-1]" | grep -Eq "^(word )+word ?\[?… https://example.org/text\] end$"' - "$url"
item 3b 'Before' https://example.org/behind >in
pub --text "{title} {url} $long $long" <in >out 2>err
ok 'what is behind the address is cut when it must' sh -c 'curl -s "$1/_state" |
    jq -re ".sent[-1]" | grep -Eq "^.*https://example.org/behind (word )+word…$"' - "$url"
item 3c 'Many tags' https://example.org/tags >in
pub --hashtags "$(seq -s, -f 'a-tag-of-some-length-%g' 30)" <in >out 2>err
ok 'tags that find no room are left out whole' sh -c 'curl -s "$1/_state" |
    jq -re ".sent[-1]" | grep -Eq "https://example.org/tags( #atagofsomelength[0-9]+)+$"' - "$url"
item 3d 'On #Chess, c' >in
pub --hashtags chess,c-a,c.a,on <in >out 2>err
says 'a tag that is there is not added' 'On #Chess, c #ca #on' last
item 3d2 'An anchor' 'https://example.org/page#chess' >in
pub --hashtags chess <in >out 2>err
says 'what is behind the # of an address is no tag' 'An anchor https://example.org/page#chess #chess' last
jq -cn '{id:"3e",title:"Elsewhere",external_url:"https://example.org/else"}' | pub >out 2>err
says 'an item that only points elsewhere is posted with that' 'Elsewhere https://example.org/else' last
item 3f 'No page' 'javascript:alert(1)' | pub >out 2>err
says 'what is no web address is not' 'No page' last
item 3g 'Own' https://example.org/own | pub --no-link --text '{title}! {url}' >out 2>err
says 'no link in a text of yours, either, when told so' 'Own!' last
item 4 'No link' https://example.org/n | pub --no-link >out 2>err
says 'no link when told so' 'No link' last
jq -cn '{id:"5",content_html:"<p>Only a <i>body</i></p>"}' | pub >out 2>err
says 'an item without title posts its text' 'Only a body' last
jq -cn '{id:"6"}' | pub >out 2>err
says 'nothing to post is refused' 65 sh -c 'jq -cn "{id:\"6a\"}" | th-publish twitter --queue e >/dev/null 2>&1; echo $?'
item 7 'Twice' | pub >out 2>err
item 8 'Twice' >in
code 'a duplicate counts as published' 0 sh -c 'th-publish twitter --queue d <in >out'
says 'its receipt has no id' 'null' jq '._published[0].id' out
item 9 'Dry' https://example.org/d >in
forget
code 'a dry run sends nothing' 0 sh -c 'th-publish twitter --dry-run <in >dry'
says 'indeed' 0 sh -c "curl -s $url/_requests | wc -l"
ok 'shows the text' grep -q '"text":"Dry https://example.org/d"' dry
ok 'and no secret' sh -c '! grep -E "consumer-secret|user-token" dry'
for f in 429 429retry 429reset 429day 500 503 html; do
	item "w$f" "Wait $f" >in
	fault /2/tweets $f 1 POST
	code "publishing: $f waits" 75 sh -c "th-publish twitter:w$f --queue w$f <in"
done
item c 'Credits' >in
fault /2/tweets 402 1 POST
code 'publishing: spent credits stop the run' 75 sh -c 'th-publish twitter --queue c <in'
told 'and are told' 'credits at X are spent'
code 'the item is sent later' 0 th-publish twitter --queue c --drain
says 'whole' 'Credits' last
for f in 400 403; do
	item "r$f" "Refuse $f" >in
	fault /2/tweets $f 1 POST
	code "publishing: $f refuses the item" 65 sh -c "th-publish twitter --queue r$f <in"
done
item a 'Unauthorized' >in
code 'publishing: a wrong token' 77 sh -c 'th-publish twitter:wrong --queue a <in'
fault /2/tweets truncated 1 POST
item t 'Truncated' >in
code 'publishing: a 201 is a post, whatever else the answer says' 0 sh -c 'th-publish twitter --queue t <in'

fault /2/tweets errors200 1 POST
item none 'Not posted' https://example.org/none >in
code 'publishing: a 200 that names no post is none' 75 sh -c 'th-publish twitter:two --queue none <in'
told 'its words are told' 'no longer there'
th-queue retry none >/dev/null 2>&1
code 'it is sent later' 0 th-publish twitter:two --queue none --drain
fault /2/tweets html200 1 POST
item page 'A page' https://example.org/page >in
code 'publishing: a web page with 200 is no post' 75 sh -c 'th-publish twitter:two --queue page <in'
th-queue retry page >/dev/null 2>&1
code 'it is sent later' 0 th-publish twitter:two --queue page --drain
says 'whole' 'A page https://example.org/page' last
jq -cn '{id:"tags",title:"Tags",tags:["#One","two three","one"]}' | pub --hashtags one --item-tags >out 2>err
says 'tags of the item are hashtags when told so, each once' 'Tags #one #twothree' last

# ---- doubt
item u 'In doubt <&> café' https://example.org/doubt >in
fault /2/tweets cut 1 POST
code 'publishing: an answer that was lost waits' 75 sh -c 'th-publish twitter:two --queue u <in >out'
th-queue retry u >/dev/null 2>&1
code 'and is looked for before it is sent again' 0 sh -c 'th-publish twitter:two --queue u --drain >out'
says 'so that it is there once' 1 state '[.sent[] | select(startswith("In doubt"))] | length'
ok 'its receipt leads to it' sh -c 'jq -re "._published[0].id" out | grep -q "^19"'

# ---- fifty nasty items
sh "$top/tests/nasty.sh" >nasty
before=$(state '.sent | length')
th-publish twitter --queue nasty <nasty >out 2>err
says 'fifty nasty items are settled, each posted or refused with a reason' 50 sh -c \
    'echo $(($(wc -l <out) + $(grep -c ": refused: " err)))'
says 'none is refused that has a text' 0 sh -c 'grep -c "refused: [^n]" err'
says 'each as one post' "$(wc -l <out | tr -d ' ')" sh -c \
    'echo $(($(curl -s "$1/_state" | jq ".sent | length") - $2))' - "$url" "$before"
says 'the family is whole' '1' state '[.sent[] | select(startswith("👨‍👩‍👧‍👦 https"))] | length'
ok 'a title cut is a title with its address' sh -c \
    'curl -s "$1/_state" | jq -r ".sent[]" | grep -q "^漢*… https://example.org/n/4$"' - "$url"

# ---- the newer names of fields
spelt() { # how the requests since the last call call what they ask for
	requests | grep -o '[a-z]*[.]fields=created\|[a-z]*[.]fields=entities' | cut -d. -f1 | paste -sd' ' -
}
serve twitter; older=$url
TH_SPELLING=post; export TH_SPELLING
serve twitter
unset TH_SPELLING
config <<E
accounts:
  twitter:
    default: {base_url: "$url", client_id: client-id, access_token: bearer-token}
    set: {base_url: "$url", client_id: client-id, access_token: bearer-token, fields: post}
    doubt: {base_url: "$url", client_id: client-id, access_token: bearer-token}
E
post '[{"text":"#chess"},{"text":"cut o…","note_post":{"text":"a long one"}},{"text":"RT @alice: #c…","referenced_posts":[{"type":"retweeted","id":"1900000000000000001"}]}]'
forget
says 'a server that wants them is read' '#chess|a long one|RT @alice: #chess' sh -c \
    'th-fetch twitter --home | jq -rs "map(.content_text) | join(\"|\")"'
says 'it was asked twice' 'tweet post' spelt
th-fetch twitter --home >out
says 'and once from then on' post spelt
th-fetch twitter:set --home >out
says 'so is one whose account says so' post spelt
item newer 'In doubt' https://example.org/doubt >in
fault /2/tweets cut 1 POST
th-publish twitter:doubt --queue newer <in >out 2>err
th-queue retry newer >/dev/null 2>&1
code 'a post in doubt is looked for with them, too' 0 th-publish twitter:doubt --queue newer --drain
says 'so that it is there once' 1 state '[.sent[] | select(startswith("In doubt"))] | length'
config <<E
accounts:
  twitter: {default: {base_url: "$older", client_id: client-id, access_token: bearer-token}}
E
code 'a server that goes back to the older ones is read' 0 th-fetch twitter --home
finish

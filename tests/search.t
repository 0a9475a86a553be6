#!/bin/sh
# th-search: the same words find the same, whatever they look like.
. "${0%/*}/lib.sh"
. "$top/tests/search.sh"

publish() { th-publish -q file --path "$scratch/out.ndjson" --append <"$top/tests/data/search.ndjson" >/dev/null; }

code 'nothing published, nothing found' 0 th-search anything
publish
finds

# ---- scripts of the world ----------------------------------------------------

cat >in <<'X'
{"id":"thai","title":"ภาษาไทยเป็นภาษาที่สวยงาม"}
{"id":"korean","title":"한국어 학교에서 배우다"}
{"id":"kana","title":"ガラスとカタカナ"}
{"id":"half","title":"ｶﾞﾗｽ"}
{"id":"arabic","title":"مُحَمَّد"}
{"id":"hebrew","title":"שָׁלוֹם"}
{"id":"persian","title":"می‌خواهم"}
{"id":"soft","title":"Donau­dampf­schiff"}
{"id":"sharp","title":"Große Straße in İstanbul"}
{"id":"heart","title":"with love ❤️"}
{"id":"flag","title":"wins 🇫🇷 and 👩‍🚀"}
X
th-publish -q file --path "$scratch/out.ndjson" --append <in >/dev/null
says 'Thai is found in a sentence' thai ids สวยงาม
says 'a Korean word with its ending' korean ids 학교
says 'however its syllables are written' korean ids 학교
says 'Kana as well' 'half kana' set_of ガラス
says 'of full width and half' 'half kana' set_of ｶﾞﾗｽ
says 'Arabic without its vowels' arabic ids محمد
says 'and Hebrew' hebrew ids שלום
says 'what only joins letters is not there' persian ids میخواهم
says 'nor a soft hyphen' soft ids donaudampfschiff
says 'German and Turkish letters without case' sharp ids STRASSE ISTANBUL
says 'a picture is a word' heart ids ❤
says 'a flag is, and no other' flag ids 🇫🇷
says 'so is one of several' flag ids 🚀
says 'a sign that a picture takes is none' heart ids ❤️
if command -v sqlite3 >/dev/null; then
	sqlite3 "$TH_HOME/th.db" "UPDATE search_meta SET value='sqlite' WHERE key='engine'; UPDATE search_line SET line=replace(line, 'Donau', 'Elbe')"
	says 'what was indexed by older rules is so anew' soft ids elbedampfschiff
else
	skip 'what was indexed by older rules is so anew' 'sqlite3 is not installed'
fi

code 'a field that is misspelt is a word' 0 th-search titel:beurre
told 'and is told' '^th-search: titel: is no field, but a word; did you mean title:\?$'
ok 'what only has a colon is not' sh -c 'th-search Re:zero 12:30 https://example.org/ data:x tags:bread 2>&1 >/dev/null | (! grep .)'

# ---- output ------------------------------------------------------------------

th-search beurre >out
ok 'people get the title' grep -q 'Une recette simple' out
ok 'and the date' grep -q '^2026-11-21' out
says 'the day is that of date:, wherever one is' '2025-12-31  ÉCOLE DE CUISINE' \
    sh -c 'TZ=Asia/Tokyo th-search soufflé date:2025-12-31 | head -n 1'
ok 'and the URL' grep -q 'https://example.org/2' out
ok 'and where it went' grep -Eq 'file:default 20[0-9-]*T' out
ok 'and the text around it' grep -q 'avec du beurre sal' out
cat >in <<'X'
{"id":"blanks","title":"Long","content_text":"One two three four five six seven eight nine ten eleven twelve thirteen needle fourteen fifteen sixteen seventeen eighteen nineteen twenty twenty-one twenty-two twenty-three twenty-four"}
{"id":"none","title":"長い","content_text":"吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。何でも薄暗いじめじめした所でニャーニャー泣いていた事だけは記憶している。吾輩はここで始めて人間というものを見た。"}
X
th-publish -q file --path "$scratch/out.ndjson" --append <in >/dev/null
says 'the text begins and ends with a word' \
    '    …six seven eight nine ten eleven twelve thirteen needle fourteen fifteen sixteen seventeen eighteen nineteen twenty twenty-one twenty-two twenty-three…' \
    sh -c 'th-search needle | tail -n 1'
says 'or a character where there are no blanks' \
    '    …かぬ。何でも薄暗いじめじめした所でニャーニャー泣いていた事だけは記憶している。吾輩はここで始めて人間というも…' \
    sh -c 'th-search ニャーニャー | tail -n 1'
ok 'nothing is in bold outside of a terminal' sh -c '! grep -q "$(printf "\033")" out'
says 'JSON tells where it went' file sh -c 'th-search --json beurre | jq -r "._published[0].service"'
says 'an item is the item' "$(sed -n 2p "$top/tests/data/search.ndjson" | jq -cS .)" \
    sh -c 'th-search --json beurre | jq -cS "del(._score, ._published)"'
if command -v script >/dev/null; then
	esc=$(printf '\033')
	ok 'a terminal shows the word in bold' sh -c "script -qec 'th-search recettes' /dev/null </dev/null | grep -q '$esc\[1mrecette$esc\[0m'"
	ok 'but for NO_COLOR' sh -c "! NO_COLOR=1 script -qec 'th-search recettes' /dev/null </dev/null | grep -q '$esc'"
else
	skip 'a terminal shows the word in bold' 'script is not installed'
	skip 'but for NO_COLOR' 'script is not installed'
fi
printf '%s\n' '{"id":"esc","title":"evil \u001b[31m\u0007\u009b word"}' |
    th-publish file --path "$scratch/out.ndjson" --append >/dev/null 2>&1
ok 'control characters reach no terminal' sh -c '! th-search evil | grep -q "[[:cntrl:]]"'

# ---- the command line --------------------------------------------------------

code 'no word is a mistake' 64 th-search
code 'signs alone are a mistake' 64 th-search '!!!'
code 'a bad date is a mistake' 64 th-search after:someday
told 'it is shown' 'not a date'
code 'options may stand behind the words' 0 th-search recette -n 5 --json
says 'also cut short, with their value' 1 sh -c 'th-search recette --ma 1 --json --ite | wc -l'
code 'a full disk is an error' 74 sh -c 'th-search recette >/dev/full'
says 'after -- everything is a word' 1 sh -c 'th-search --json --items -- recette -simple | jq -r .id'

# ---- current -----------------------------------------------------------------

mkdir "$TH_HOME/triggers"
printf '%s\n' '#!/bin/sh' '#: description: Suivre les échecs' '#: tags: [chess, jeux]' \
    'th-fetch twitter --search x | th-rss --title Chess' >"$TH_HOME/triggers/follow-chess"
names() { th-search --triggers --json "$@" | jq -r .trigger | tr '\n' ' ' | sed 's/ $//'; echo; }
says 'a trigger is found by its description' follow-chess names echec
says 'by its tag' follow-chess names tag:jeux
says 'by its name' follow-chess names title:follow
says 'by what it does' follow-chess names th-rss
says 'and not among the items' '' ids --items echec
ok 'people get it with its tags' sh -c 'th-search echec | grep -q "follow-chess  .chess, jeux."'
sed -i 's/Suivre les échecs/Les dames, aussi/' "$TH_HOME/triggers/follow-chess"
says 'a change is seen at once' follow-chess names dames
says 'what it was is gone' '' names echecs
cp -p "$TH_HOME/triggers/follow-chess" copy
sed -i 's/Les dames/Les poker/' "$TH_HOME/triggers/follow-chess"
touch -r copy "$TH_HOME/triggers/follow-chess"
says 'also one of the same size and date' follow-chess names poker
mv copy "$TH_HOME/triggers/follow-chess"
mv "$TH_HOME/triggers/follow-chess" "$TH_HOME/triggers/other"
says 'a new name is seen' other names dames
rm "$TH_HOME/triggers/other"
says 'one that is gone is not found' '' names dames
echo '{"id":"w","title":"waiting room"}' | th-publish file --path "$scratch/f" --queue-only >/dev/null 2>&1
says 'what waits is found as well' w ids waiting
echo '{"id":"s","title":"seen before"}' | th-publish file --path "$scratch/f" --mark-seen >/dev/null 2>&1
says 'and what was marked as seen' s ids seen
echo '{"id":"p","title":"put aside"}' | th-queue -q put by-hand
says 'and what was put into a queue' p ids aside
echo '{"id":"d","title":"dryness"}' | th-publish file --path "$scratch/f" --dry-run >/dev/null 2>&1
says 'a dry run leaves nothing' '' ids dryness

# ---- what is kept ---------------------------------------------------------------

printf '%s\n' '{"id":"h","title":"Marked up","content_html":"<p>Some <b>zebras</b> graze</p>","x_own":1}' |
    th-publish file --path "$scratch/f" --append >/dev/null 2>&1
says 'an item is kept without its markup' '["Some zebras graze",null,1]' \
    sh -c 'th-search --json zebra | jq -c "[.content_text, .content_html, .x_own]"'
python3 -c 'import json; print(json.dumps({"id":"long","title":"Longish","content_text":"pad " * 100000 + "quagga", "x": "y" * 200000}))' |
    th-publish file --path "$scratch/f" --append >/dev/null 2>&1
says 'of a long text the first 64 KiB' 'long' ids title:longish pad
says 'and no more' '' ids quagga
says 'and of a large item what is shown' '[65535,null]' \
    sh -c 'th-search --json longish | jq -c "[((.content_text | length) / 10 | floor) * 10 + 5, .x]"'
printf '%s\n' '#!/bin/sh' '#: tags: jeux, échiquier' '#:   description: broken' true >"$TH_HOME/triggers/odd"
says 'a header with a mistake is words all the same' odd names echiquier

# ---- the index anew ------------------------------------------------------------

th-search --json --items cuisine >before
code 'the index is built anew' 0 th-search --reindex
told 'and tells how much there is' '[0-9]+ documents indexed'
is 'it finds the same' before th-search --json --items cuisine
says 'also what waited' w ids waiting
publish
says 'what comes again is found once' '1 2' set_of recettes
if command -v sqlite3 >/dev/null; then
	th-search --json --items cuisine >before
	sqlite3 "$TH_HOME/th.db" 'DELETE FROM search_item_data WHERE id IN (1, 10); DELETE FROM search_script_data'
	echo '{"id":"late","title":"put into what is damaged"}' | th-publish file --path "$scratch/f" --queue-only >/dev/null 2>&1
	echo '# later' >>"$TH_HOME/triggers/odd"
	code 'a damaged index is an error' 74 th-search recette
	code 'until it is built anew' 0 th-search --reindex
	is 'out of what is kept' before th-search --json --items cuisine
	says 'with what came later' late ids damaged
	says 'and what was changed' odd names later
	says 'and the file is whole' ok sqlite3 "$TH_HOME/th.db" 'PRAGMA quick_check'
else
	skip 'a damaged index is built anew' 'sqlite3 is not installed'
fi
# ---- what is forgotten ------------------------------------------------------------

echo '{"id":"old","title":"obsolescent","date_published":"2020-01-01T00:00:00Z"}' |
    faketime '2020-02-01 12:00:00' th-publish file --path "$scratch/f" --append >/dev/null 2>&1
says 'an old item is found' old ids obsolescent
echo '{"id":"old"}' | th-queue put by-hand 2>/dev/null
th-queue purge --older 30d 2>/dev/null
says 'also after a purge while a queue has it' old ids obsolescent
th-queue drop by-hand old 2>/dev/null
code 'a purge of all' 0 th-queue purge --older 0s
told 'tells what it took from the index' 'th-search: [0-9]+ purged'
says 'what no queue has is forgotten' '' ids obsolescent
says 'what waits is not' w ids waiting
finish

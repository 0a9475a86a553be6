#!/bin/sh
# file: items from files, and into files
. "${0%/*}/lib.sh"

cat >items <<'END'
{"id":"1","url":"https://e.org/1","title":"First: \"one\"","content_html":"<h2>Hi</h2><p>a <b>bold</b> <a href=\"https://e.org/x\">link</a></p><ul><li>x</li></ul>","date_published":"2026-11-23T20:18:58Z","tags":["a","b: c"],"authors":[{"name":"Ada"}]}
{"id":"2","title":"Same","content_text":"two\n"}
{"id":"3","title":"Same","content_text":"three"}
END

# Notes.
cat >want <<'END'
---
id: "1"
title: "First: \"one\""
url: "https://e.org/1"
date: 2026-11-23T20:18:58Z
author: ["Ada"]
tags: ["a", "b: c"]
---

## Hi

a **bold** [link](https://e.org/x)

- x
END
ok 'items become notes' sh -c 'th-publish file --path "notes/{title}.md" <items >receipts'
is 'a note has front matter, and its body as Markdown' want cat 'notes/First: "one".md'
says 'two items of one title get two files' 3 sh -c 'ls notes | wc -l'
says 'the receipt names the file' notes/Same.md sh -c 'jq -r "select(.id==\"2\")._published[0].id" receipts'
(cd notes && cat ./*) >before
ok 'published again by another queue' sh -c 'th-publish file --queue again --path "notes/{title}.md" <items >receipts'
ok 'the same files are there' sh -c 'cat notes/* | cmp - before && [ "$(ls notes | wc -l)" = 3 ]'
ok 'a file of the user is not touched' sh -c 'echo mine >notes/Own.md; echo "{\"id\":\"o\",\"title\":\"Own\"}" | th-publish file --path "notes/{title}.md" >o && [ "$(cat notes/Own.md)" = mine ] && ls notes/Own-*.md'
ok '--text is all there is' sh -c 'th-publish file --path "t/{id}.txt" --text "{title}!" <items >o && [ "$(cat t/2.txt)" = "Same!" ]'
ok 'a dry run touches nothing' sh -c 'th-publish file --path "dry/{id}.md" --dry-run <items >o && grep -q ^WRITE o && ! [ -e dry ]'

# What Markdown would take for its own.
cat >md <<'END'
{"id":"m","content_html":"<p>use <code>a`b</code>, <code>``</code> and <code>x <b>y</b></code></p><p>1. no list</p><p>2026<b>.</b> 3.14 <i>9)</i></p><p>3.14 is pi</p><ol start=\"7\"><li>seven</li><li>eight</li></ol><ol start=\"x\"><li>one</li></ol><iframe src=\"https://v.org/1?a=1&amp;b=2\"></iframe><video><source src=\"https://v.org/2.mp4\"></video><iframe src=\"javascript:x\"></iframe><p>end</p>"}
{"id":"t","content_html":"<table><caption>Cap</caption><tr><th>A<th>B|C</tr><tr><td>1<br>2</td><td><p>p</p><ul><li>q</li></ul></td></tr><tr><td></td><td><code>a|b</code> <b>bold</td></tr></table><p>y</p><table><tr><td>l</td><td><blockquote><table><tr><th>in</th></tr></table></blockquote></td></tr></table>"}
END
cat >want <<'END'
use `` a`b ``, ``` `` ``` and `x y`

1\. no list

2026**\.** 3.14 *9)*

3.14 is pi

7. seven
8. eight

1. one

<https://v.org/1?a=1&b=2>

<https://v.org/2.mp4>

end
END
ok 'items with code, numbers, a video and tables become notes' sh -c 'th-publish file --path "md{id}.md" <md >o'
is 'that say the same as Markdown' want sed '1,/^$/d' mdm.md
cat >want <<'END'
Cap

| A | B\|C |
| --- | --- |
| 1 2 | p q |
| | `a\|b` **bold** |

y

l

> | in |
> | --- |
END
is 'a table with headings is one, without it lays out' want sed '1,/^$/d' mdt.md

# Hostile items stay inside.
mkdir -p jail/in outside; ln -s ../../outside jail/in/link; ln -s ../../outside/stolen.md jail/in/file.md
python3 - >hostile <<'END'
import json
titles = ['../../x', '..', '.', '', '/etc/passwd', 'a/b', 'a\\b', 'a\x00b', 'nl\nnl', '.hidden', '\u202ertl', 'e' * 5000,
          'é' * 300, '\U0001f680' * 300, 'link', 'file', '-rf', ' ', 'C:\\x', '~', '$(id)', '\x7f\x1b[2J', '--help', 'c1\x9b2J\x85\u2028x',
          'invoice\u202efdp.exe\u2066', '-.-']
for n, t in enumerate(titles):
    print(json.dumps({'id': 'h%d' % n, 'title': t, 'content_text': 'x', 'tags': [t], 'url': t}))
END
ok 'the most hostile titles are written' sh -c 'th-publish file --path "jail/in/{title}.md" <hostile >o'
says 'every one of them' 26 sh -c 'find jail/in -type f | wc -l'
ok 'and nothing outside' sh -c '[ -z "$(ls -A outside)" ] && [ "$(ls jail)" = in ] && ! [ -e x.md ]'
says 'no name is hidden, looks like an option, or has a control character or one that turns text around' '' python3 - <<'END'
import os, unicodedata
for name in os.listdir('jail/in'):
    if name[0] in '.-' or any(unicodedata.category(c) in ('Cc', 'Zl', 'Zp') or
                              unicodedata.bidirectional(c) in ('LRE', 'RLE', 'LRO', 'RLO', 'PDF', 'LRI', 'RLI', 'FSI', 'PDI') for c in name):
        print(ascii(name), end='')
print()
END
code 'a link is not followed into its directory' 73 sh -c 'echo "{\"id\":\"l\",\"title\":\"link\"}" | th-publish file --path "jail/in/{title}/{id}.md"'
ok 'nothing came there' sh -c '[ -z "$(ls -A outside)" ]'
code '.. behind a field is a usage error' 64 sh -c 'th-publish file --path "jail/{id}/../{title}.md" <items'
code 'no name at the end is one, too' 64 sh -c 'th-publish file --path "jail/{id}/" --queue-only <items'
ok 'and no item was queued for it' sh -c '! th-queue list | grep "path=jail/{id}/"'
cat >yaml <<'END'
{"id":"y","title":"a\nb\u0085c\u2028d\u007f: - # 'x'","tags":["\"]"],"content_text":"---\n"}
END
ok 'front matter stays one block whatever is in it' sh -c 'th-publish file --path "y/{id}.md" <yaml >o && [ "$(sed -n "/^---$/=" y/y.md | head -2 | tr "\n" " ")" = "1 5 " ]'

# A growing file.
ok 'items are appended' sh -c 'th-publish file --path log/all.ndjson --append <items >o'
is 'as they are' items cat log/all.ndjson
ok 'and only once' sh -c 'th-publish file --path log/all.ndjson --append <items >o && cmp items log/all.ndjson'
ok 'a line torn by a crash goes' sh -c 'printf "{\"id\":\"to" >>log/all.ndjson; echo "{\"id\":\"4\"}" | th-publish file --path log/all.ndjson --append >o; tail -n 1 log/all.ndjson | grep -qx "{\"id\":\"4\"}" && [ "$(wc -l <log/all.ndjson)" = 4 ]'
ok 'a line that lacks only its end gets it' sh -c 'printf "{\"id\":\"x\"}" >>log/all.ndjson; echo "{\"id\":\"5\"}" | th-publish file --path log/all.ndjson --append >o; [ "$(wc -l <log/all.ndjson)" = 6 ]'
ok '--text gives lines another form' sh -c 'th-publish file --path log/all.txt --append --text "{id} {title}" <items >o; [ "$(tail -n 1 log/all.txt)" = "3 Same" ]'
doubtful() { # ID: an item that may have been appended, or not
	echo "{\"id\":\"$1\",\"title\":\"Doubt\"}" | th-queue put d 2>/dev/null
	th-queue export d | jq -c "select(.id == \"$1\") | .doubtful = true | .queue = \"d$1\"" | th-queue import 2>/dev/null
	th-publish file --path log/long.txt --append --text '{id} {title}' --queue "d$1" --drain >o
}
truncate -s 300M log/long.txt; printf '\n1 Doubt\n' >>log/long.txt
code 'what may have been appended is looked for, however long the file is' 0 doubtful 1
says 'and is not there twice' 1 grep -ac Doubt log/long.txt
code 'what is not found is appended' 0 doubtful 2
says 'once' '2 Doubt' tail -n 1 log/long.txt
rm log/long.txt
code 'a full disk keeps the item' 74 sh -c 'ulimit -f 0; th-publish file --queue full --path log/full.ndjson --append <items' 2>/dev/null ||:

# Reading.
command -v th-fetch >/dev/null || { skip 'reading' 'no th-fetch yet'; finish; }
is 'NDJSON comes as it is' items th-fetch file items
says 'with a state once' "$(wc -l <items)
0" sh -c 'th-fetch file --state s items | wc -l; th-fetch file --state s items | wc -l'
printf '\357\273\277id,title,date,tags,note\r\n1,"a ""b"", c","Mon, 23 Nov 2026 20:18:58 GMT","x, y",n\r\n2,"two\nlines",,,\r\n' >t.csv
cat >want <<'END'
{"id":"1","title":"a \"b\", c","date_published":"2026-11-23T20:18:58Z","tags":["x","y"],"note":"n"}
{"id":"2","title":"two\nlines"}
END
is 'CSV has names in its first line, quotes, line breaks and a BOM' want th-fetch file t.csv
is 'and is known on standard input' want sh -c 'th-fetch file - <t.csv'
says 'of two CSV both are read' '1
2
1
2' sh -c 'cp t.csv again.csv && th-fetch file t.csv again.csv | jq -r .id'
printf '[ {"id":"1",\n "title": "a b"},\n {"id":"2"} ]\n' >t.json
printf '%s\n' '{"id":"1","title":"a b"}' '{"id":"2"}' >want
is 'a JSON array is one item a line' want th-fetch file t.json
printf '{"id": "1",\n"title":"a b"}' >one.json
says 'so is a single object' '{"id":"1","title":"a b"}' th-fetch file one.json
printf '{"version":"https://jsonfeed.org/version/1.1","title":"T","items":[{"id":"1"}]}' >feed.json
says 'and a JSON Feed, with its title' '{"id":"1","_source":{"service":"file","title":"T"}}' th-fetch file feed.json
says 'also on standard input' '{"id":"1","_source":{"service":"file","title":"T"}}' sh -c 'th-fetch file - <feed.json'
printf '[{"id":"1"},5,{"id":"2"}]' >t.json
code 'a value of an array that is no item is told' 65 th-fetch file t.json
told 'by its number' 't.json: item 2: not an object'
printf 'url,link,title,title\nhttps://e.org/1,x,a,b\n' >t.csv
says 'of two columns for one member the first counts' '{"url":"https://e.org/1","title":"a","id":"https://e.org/1"}' th-fetch file t.csv
printf 'oops\n{"id":"1"}\n' >odd
code 'a first line that is bad makes no table of it' 65 th-fetch file odd
told 'it is told' 'odd: line 1: not an object'
printf '<rss/>\n' >odd
code 'a page or a feed is no table either' 65 th-fetch file odd
told 'th-fetch rss is for it' 'neither NDJSON nor CSV nor JSON'
printf '\377\376i\0d\0' >t.csv
code 'UTF-16 is told as such' 65 th-fetch file t.csv
code 'a directory is left out, and the rest read' 69 sh -c 'th-fetch file . items >o; rc=$?; cmp o items && exit $rc'
awk 'BEGIN { for (i = 0; i < 400000; i++) printf "{\"id\":\"%d\",\"title\":\"%0160d\"}\n", i, i }' >many
ceiling='ulimit -v 80000;' # KiB; a sanitized program maps terabytes
case ${TH_BUILD:-} in *-san) ceiling= ;; esac
says 'of a long stream there is never much in memory' 400000 sh -c "$ceiling th-fetch file - <many | wc -l"
printf '{"url":"https://e.org/1"}\n{"title":"x"}\n' >noid
says 'what has no id gets its url' https://e.org/1 sh -c 'th-fetch file noid | head -n 1 | jq -r .id'
ok 'or a hash that stays the same' sh -c 'th-fetch file noid | tail -n 1 | jq -r .id | grep "^urn:uuid:" >a; th-fetch file noid | tail -n 1 | jq -r .id | cmp - a'
printf '{"id":"1"}\nbad\n{"id":"2"}\n' >bad
code 'a bad line is told' 65 th-fetch file bad
told 'by its number' 'bad: line 2: '
code 'a missing file is told and the rest read' 69 sh -c 'th-fetch file none items >o; rc=$?; cmp o items && exit $rc'
code 'no file at all is a usage error' 64 th-fetch file
finish

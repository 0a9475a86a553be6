# search.sh -- what any engine must find: sourced by search.t and by
# opensearch.sh, after $TH_HOME has the items of data/search.ndjson

ids() { # QUERY...: the ids found, best first
	th-search --json --items "$@" | jq -r .id | tr '\n' ' ' | sed 's/ $//'; echo
}
set_of() { # the same in the order of the ids
	ids "$@" | tr ' ' '\n' | sort | tr '\n' ' ' | sed 's/ $//'; echo
}

finds() {
	says 'a plural finds the singular, in French' '1 2' set_of recettes
	says 'and the singular the plural' '1 2' set_of recette
	says 'an English form finds another' 3 set_of run
	says 'a participle finds its verb, with accents and without' '2 4' set_of cuisine -tag:sport -Bretonnes
	says 'case does not matter' '1 2' set_of RECETTE
	says 'accents do not matter in the query' 4 set_of 'ècole'
	says 'accents do not matter in the text' '1' set_of crepes
	says 'capitals with accents are the same' 4 set_of ecole
	says 'a ligature is two letters' 4 set_of oeuvre
	says 'all words must be there' 1 set_of recette bretonne
	says 'words of different fields go together' 2 set_of beurre facile recette
	says 'nothing is found for a word that is not there' '' set_of recette nowhere
	says 'a beginning finds the words that begin so' '1' set_of 'bret*'
	says 'a beginning has no accents either' '1' set_of 'CRÊ*'
	says 'of one letter as well' '2 3 4 6' set_of 's*'
	says 'a phrase is found as it is written' 2 set_of '"recette simple"'
	says 'a phrase is no stem' '' set_of '"recettes simple"'
	says 'a phrase in another order is not found' '' set_of '"simple recette"'
	says 'a word in quotes is the word itself' '' set_of '"univers"'
	says 'its stem is found without the quotes' 3 set_of univers
	says 'the end of a phrase may be a beginning' 1 set_of '"recettes bret"*'
	says 'an apostrophe parts words that follow each other' 4 set_of "l'ete"
	says 'minus leaves out' 1 set_of recette -simple
	says 'minus leaves a phrase out' 1 set_of recette '-"recette simple"'
	says 'minus leaves a stem out' '' set_of recette -recettes
	says 'a query may be minus alone' '3 4 5 6 7' set_of -recettes
	says 'a title is looked into alone' 3 set_of title:run
	says 'a text is no title' '' set_of title:beurre
	says 'a tag is looked into alone' '1 2' set_of tag:cuisine
	says 'minus goes with a field' 4 set_of cuisine -tag:cuisine
	says 'a field takes a phrase' 2 set_of 'title:"une recette"'
	says 'a field takes a beginning' '5' set_of 'title:gard*'
	says 'the service that an item came from is found' 1 set_of service:rss
	says 'the service that it went to is found' '1 2 3 4 5 6 7' set_of service:file
	says 'a service is left out' '2 3' set_of service:file -service:rss after:2026-10-01
	says 'a feed is found by its name' 1 set_of "table"
	says 'dates: from, included' '1 2' set_of after:2026-11-20
	says 'dates: up to, not included' '4' set_of before:2026-01-01
	says 'dates: from one to the other, both included' '1 3' set_of date:2026-10-21..2026-11-20
	says 'dates: a month' '3' set_of date:2026-10
	says 'dates: a year' '4' set_of date:2025
	says 'dates: a day' '5' set_of date:2026-01-01
	says 'dates: open at one end' '4 5' set_of date:..2026-01-01
	says 'dates go with words' '1' set_of recette before:2026-11-21
	says 'a title counts more than a text' '6 5' ids recipe
	says 'of equals the newest comes first' '2 1 3' ids after:2026-10-01
	says 'what is not wanted is not printed' '2' ids -n 1 after:2026-10-01
	says 'a Japanese word is found in a sentence' 7 set_of 天気
	says 'a Russian word is found without its case' 7 set_of москва
	says 'signs of the engines mean nothing' '' set_of 'AND OR NOT NEAR(x) {title}:^y "'
	says 'nor do quotes that do not close' 2 set_of '"recette simple'
	says 'nor SQL' '' set_of "x' OR 1=1 --"
	ok 'a score is a number' sh -c 'th-search --json recette | jq -e "._score | type == \"number\""'
}

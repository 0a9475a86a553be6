#!/bin/sh
# opensearch.sh -- the tests of searching on a real engine: `make check-opensearch`
#
# Gets a small distribution of OpenSearch by its Maven coordinates, starts it on
# loopback as a user without rights (it refuses root), runs search.sh, stops it.
# Without Java or Maven it says so and passes.
. "${0%/*}/lib.sh"
. "$top/tests/search.sh"
version=${OPENSEARCH_VERSION:-2.19.1}
cache=${TH_BUILD:-$top/build}/opensearch

for tool in java mvn unzip curl jq; do
	command -v $tool >/dev/null && continue
	echo "1..0 # SKIP check-opensearch: $tool is not installed"; exit 0
done
zip=$cache/opensearch-$version.zip
if [ ! -s "$zip" ] && ! mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
    "-Dartifact=org.opensearch.distribution.integ-test-zip:opensearch:$version:zip" \
    "-DoutputDirectory=$cache" >"$scratch/mvn" 2>&1; then
	sed 's/^/# /' "$scratch/mvn" | tail -n 5
	echo 'Bail out! the distribution could not be had'; exit 1
fi
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
unzip -q "$zip" -d "$scratch" || exit 1
port=$(free_port) inner=$(free_port)
dir=$scratch/opensearch-$version
mkdir "$dir/data" "$dir/tmp"
cat >"$dir/config/opensearch.yml" <<YML
discovery.type: single-node
http.port: $port
transport.port: $inner
network.host: 127.0.0.1
cluster.routing.allocation.disk.threshold_enabled: false
YML
chmod 755 "$scratch"
as=
if [ "$(id -u)" = 0 ]; then
	chown -R nobody "$dir"
	as='setpriv --reuid=nobody --clear-groups --'
fi
home=$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")
# shellcheck disable=SC2086
JAVA_HOME=$home OPENSEARCH_JAVA_HOME=$home OPENSEARCH_TMPDIR=$dir/tmp \
    OPENSEARCH_JAVA_OPTS='-Xms256m -Xmx256m' $as "$dir/bin/opensearch" >"$scratch/log" 2>&1 &
engine=$!; pids="$pids $engine"
i=0
until curl -fs "http://127.0.0.1:$port/" >"$scratch/hello"; do
	i=$((i + 1))
	if [ $i -gt 600 ] || ! kill -0 $engine 2>/dev/null; then
		tail -n 20 "$scratch/log" | sed 's/^/# /'
		echo 'Bail out! the engine does not start'; exit 1
	fi
	sleep 0.2
done
jq -r '"# " + .version.distribution + " " + .version.number' "$scratch/hello"
echo "search: http://127.0.0.1:$port/th-test" >"$TH_HOME/config.yaml"

ok 'items are published' sh -c 'th-publish file --path "$1" --append <"$2" >/dev/null' - \
    "$scratch/out.ndjson" "$top/tests/data/search.ndjson"
says 'the engine has them all' 7 sh -c 'curl -fs "$1/th-test-items/_count" | jq .count' - "http://127.0.0.1:$port"
finds
i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); echo "{\"id\":\"w$i\",\"title\":\"zword$i\"}"; done |
    th-publish -q file --path "$scratch/out.ndjson" --append >/dev/null
says 'a beginning of more words than the engine takes clauses' 2000 sh -c 'th-search --json -n 3000 --items "z*" | wc -l'
words=$(awk 'BEGIN { for (i = 0; i < 63; i++) printf "-%c%cettements ", 97 + i % 26, 97 + int(i / 26) }')
# shellcheck disable=SC2086
says 'as many words as a query may have, with their stems' '1 2' set_of recettes $words
mkdir "$TH_HOME/triggers"
printf '%s\n' '#!/bin/sh' '#: description: Suivre les échecs' '#: tags: [chess]' true >"$TH_HOME/triggers/follow"
says 'triggers are found' follow sh -c 'th-search --triggers --json echec | jq -r .trigger'
rm "$TH_HOME/triggers/follow"
says 'until they are gone' '' sh -c 'th-search --triggers --json echec | jq -r .trigger; echo'
says 'where an item went is told to others' file sh -c '
	curl -fs "$1/th-test-items/_search?q=title:simple" | jq -r ".hits.hits[0]._source.line" | jq -r "._published[0].service"' - \
    "http://127.0.0.1:$port"
code 'the index is built anew' 0 th-search --reindex
says 'and finds the same' '1 2' set_of recette
echo 'search: sqlite' >"$TH_HOME/config.yaml"
says 'back to SQLite nothing is lost' '1 2' set_of recette
kill $engine; wait $engine 2>/dev/null
finish

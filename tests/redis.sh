# redis.sh -- for tests of the shared store: a server, programs that use it
# shellcheck shell=sh

redis_start() { # [OPTION...]: on $scratch/redis.sock; waits until it answers
	redis-server --port 0 --unixsocket "$scratch/redis.sock" --dir "$scratch" \
	    --save '' --databases 64 --appendonly yes --appendfsync no "$@" \
	    >>"$scratch/redis.log" 2>&1 &
	redis_pid=$!
	pids="$pids $redis_pid"
	_end=$(($(date +%s) + 10))
	until [ "$(redis ping 2>/dev/null)" = PONG ]; do
		[ "$(date +%s)" -lt "$_end" ] || { echo "# no redis-server"; exit 1; }
		sleep 0.02
	done
}
redis() { # COMMAND...
	redis-cli -s "$scratch/redis.sock" "$@"
}
redis_kill() { # as a crash would
	kill -9 "$redis_pid"; wait "$redis_pid" 2>/dev/null
}
# The programs as scripts that put `store:` in front of the configuration: each
# TH_HOME has a database of its own, as it would have a th.db.
redis_programs() {
	mkdir "$scratch/programs"
	for _p in th-publish th-queue th-fetch th-trigger; do
		command -v $_p >/dev/null || continue
		cat >"$scratch/programs/$_p" <<-X
			#!/bin/sh
			db=\$(grep -m1 -nxF "\$TH_HOME" '$scratch/homes' | cut -d: -f1)
			if [ -z "\$db" ]; then
				echo "\$TH_HOME" >>'$scratch/homes'
				db=\$(grep -m1 -nxF "\$TH_HOME" '$scratch/homes' | cut -d: -f1)
			fi
			umask 077
			{
				echo "store: unix://$scratch/redis.sock?db=\$db"
				cat "\$TH_HOME/config.yaml" 2>/dev/null
			} >"$scratch/config.\$\$"
			exec '$(command -v $_p)' -c "$scratch/config.\$\$" "\$@"
		X
		chmod +x "$scratch/programs/$_p"
	done
	: >"$scratch/homes"
	PATH=$scratch/programs:$PATH
}

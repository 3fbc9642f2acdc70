# Keeps one private PostgreSQL server for as long as standard input is open: when
# the test process ends, however it ends, so does the server, and its folder goes.
# $1 = an empty folder of ours, $2 = folder of the server's programs, $3 = port; $4, if
# not empty, is a cluster that was made before and never started, to copy. Without a port
# it only makes such a cluster, as data in the folder.
set -eu
dir=$1 bin=$2 port=$3 from=$4
as=""
if [ "$(id -u)" = 0 ]; then
  chown postgres "$dir"
  as="runuser -u postgres --"
fi
cd "$dir"
trap 'rm -rf "$dir"' EXIT
if [ -n "$from" ]; then
  cp -a "$from" "$dir/data"
else
  $as "$bin/initdb" -D "$dir/data" -U postgres -A trust --no-sync -E UTF8 --locale=C.UTF-8 >"$dir/initdb.log" 2>&1 || { cat "$dir/initdb.log" >&2; exit 1; }
fi
if [ -z "$port" ]; then
  echo started
  read -r _ || true
  exit
fi
$as "$bin/postgres" -D "$dir/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
  -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200 >"$dir/log" 2>&1 </dev/null &
pid=$!
echo started
read -r _ || true
# Immediate shutdown of the postmaster that we started; its data goes anyway.
kill -QUIT "$(head -n 1 "$dir/data/postmaster.pid")" 2>/dev/null || true
wait "$pid" 2>/dev/null || true

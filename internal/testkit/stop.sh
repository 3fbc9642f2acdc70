# What each keeper of one server begins with. $1 = its folder, which goes when it ends; pid is
# its server's, once that runs.
set -eu
dir=$1
pid=""
# Killed, not asked: its data goes anyway, and to clients a stop is a crash.
stop() {
  if [ -n "$pid" ]; then
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    pid=""
  fi
}
trap 'stop; rm -rf "$dir"' EXIT

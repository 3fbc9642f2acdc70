# Keeps one private slapd for as long as standard input is open: when the test
# process ends, however it ends, so does the server, and its folder goes.
# $1 = a folder of ours with slapd.conf in it, $2 = slapd's program, $3 = its
# listeners. Each line of standard input is "start" or "stop".
set -eu
dir=$1 program=$2 listeners=$3
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
cd "$dir"
# AppArmor ties slapd to the machine's own directory by the program's path, so a
# private server runs from a copy.
cp "$program" slapd
mkdir db
echo ready
while read -r word; do
  case $word in
  start)
    setpriv --pdeathsig KILL ./slapd -d none -f slapd.conf -h "$listeners" >>log 2>&1 </dev/null &
    pid=$!
    echo "started $pid"
    ;;
  stop)
    stop
    echo stopped
    ;;
  esac
done

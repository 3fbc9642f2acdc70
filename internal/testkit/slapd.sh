# Keeps one private slapd for as long as standard input is open: when the test
# process ends, however it ends, so does the server, and its folder goes.
# $1 = a folder of ours with slapd.conf in it, $2 = slapd's program, $3 = its
# listeners. Each line of standard input is "start" or "stop".
program=$2 listeners=$3
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

# Keeps one private Samba domain controller for as long as standard input is
# open: when the test process ends, however it ends, so does the server, and its
# folder and its address go. Needs root, for ports below 1024.
# $1 = a folder of ours, $2 = a folder with a domain that sambadomain.sh has made, which
# this one is a copy of. Each line of standard input is "start" or "stop".
from=$2
lock="" address=""
release() {
  [ -z "$lock" ] || rm -f "$lock"
  lock=""
}
trap 'stop; rm -rf "$dir"; release' EXIT

# The ports are fixed, so each server has a loopback address of its own. Two
# keepers never take the same one: its lock is held until the server is gone. A
# lock that its holder removed meanwhile is none, hence the second look.
claim() {
  exec 9>"/run/writ-samba-$1.lock"
  flock -n 9 || return 1
  [ "/run/writ-samba-$1.lock" -ef /proc/self/fd/9 ] || return 1
  lock=/run/writ-samba-$1.lock
}
# Strangers take no lock of ours; what listens everywhere listens here too.
idle() {
  for port in 88 135 389 464 636 3268 3269; do
    if (: <>"/dev/tcp/$1/$port") 2>/dev/null; then
      echo "something listens on $1:$port" >&2
      return 1
    fi
  done
}
for _ in {1..20}; do
  address=127.$((RANDOM % 200 + 20)).$((RANDOM % 256)).$((RANDOM % 254 + 1))
  if claim "$address" && idle "$address"; then
    break
  fi
  release
  address=""
done
[ -n "$address" ] || { echo "no loopback address has all of Samba's ports free: see 'ss -ltnp'" >&2; exit 1; }

cd "$dir"
# No crash of ours has to survive, so nothing waits for the disk.
export TDB_NO_FSYNC=1
mkdir run ncalrpc
cp -a "$from/ad" ad
cp -p "$from/password" password
chown --reference=. password
sed -i "s|$from/|$dir/|g; s|^\\(.*interfaces = \\)127.0.0.1/8|\\1$address/8|" ad/etc/smb.conf
grep -q "interfaces = $address/8" ad/etc/smb.conf || { echo "the domain's configuration has no address to replace" >&2; exit 1; }
echo "ready $address"
while read -r word; do
  case $word in
  start)
    # A number left from the last run may be another process's by now.
    rm -f run/*
    # Samba takes no key of another account.
    chown 0:0 key.pem
    setpriv --pdeathsig KILL samba -i -M single --configfile="$dir/ad/etc/smb.conf" >>log 2>&1 </dev/null 9>&- &
    pid=$!
    echo "started $pid"
    ;;
  stop)
    stop
    echo stopped
    ;;
  esac
done

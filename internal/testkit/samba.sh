# Keeps one private Samba domain controller for as long as standard input is
# open: when the test process ends, however it ends, so does the server, and its
# folder and its address go. Needs root, for ports below 1024.
# $1 = a folder of ours, $2 = the realm, $3 = the realm's short name. Each line of
# standard input is "start" or "stop".
set -eu
dir=$1 realm=$2 domain=$3
pid="" lock="" address=""
# Killed, not asked: its data goes anyway, and to clients a stop is a crash.
stop() {
  if [ -n "$pid" ]; then
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    pid=""
  fi
}
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
# Without a file of its own, provisioning would begin with the machine's.
cat >base.conf <<END
[global]
  interfaces = $address/8
  bind interfaces only = yes
  server services = rpc, ldap, cldap, kdc
  ncalrpc dir = $dir/ncalrpc
  pid directory = $dir/run
  log file = $dir/samba.log
  tls enabled = yes
  tls cafile = $dir/ca.pem
  tls certfile = $dir/cert.pem
  tls keyfile = $dir/key.pem
END
# The admin's password is Samba's own choice, because an argument would be seen
# by every account of the machine.
if ! samba-tool domain provision --configfile=base.conf --targetdir="$dir/ad" \
  --realm="$realm" --domain="$domain" --server-role=dc --dns-backend=NONE \
  --use-rfc2307 --host-name=dc1 --host-ip="$address" >provision 2>&1; then
  cat provision >&2
  exit 1
fi
(umask 077; sed -n 's/^.*Admin password: *//p' provision | tr -d '\n' >password)
rm provision
chown --reference=. password
[ -s password ] || { echo "samba-tool did not say the admin's password" >&2; exit 1; }
samba-tool domain passwordsettings set --configfile=ad/etc/smb.conf --complexity=off \
  --history-length=0 --min-pwd-length=1 --min-pwd-age=0 --max-pwd-age=0 >&2
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

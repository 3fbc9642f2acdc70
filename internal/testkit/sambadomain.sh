# Makes a domain of Samba's, which controllers are copies of: making one takes ten times
# as long as copying it. It is kept as long as standard input is open.
# $1 = a folder of ours, $2 = the realm, $3 = the realm's short name.
set -eu
dir=$1 realm=$2 domain=$3
trap 'rm -rf "$dir"' EXIT
cd "$dir"
# No crash of ours has to survive, so nothing waits for the disk.
export TDB_NO_FSYNC=1
# Without a file of its own, provisioning would begin with the machine's.
cat >base.conf <<END
[global]
  interfaces = 127.0.0.1/8
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
  --use-rfc2307 --host-name=dc1 --host-ip=127.0.0.1 >provision 2>&1; then
  cat provision >&2
  exit 1
fi
(umask 077; sed -n 's/^.*Admin password: *//p' provision | tr -d '\n' >password)
rm provision
[ -s password ] || { echo "samba-tool did not say the admin's password" >&2; exit 1; }
samba-tool domain passwordsettings set --configfile=ad/etc/smb.conf --complexity=off \
  --history-length=0 --min-pwd-length=1 --min-pwd-age=0 --max-pwd-age=0 >&2
echo made
read -r _ || true

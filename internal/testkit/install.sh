#!/bin/sh
# Installs the Debian packages that the tests need, and only those that are
# missing. Services are not started: a fresh machine would open public ports.
# MySQL, which Debian's stable releases do not have, comes first and by itself.
set -eu
list="$(dirname "$0")/debian-packages.txt"
command -v dpkg-query >/dev/null || { echo "this is not Debian: install by hand what $list names" >&2; exit 1; }
sh "$(dirname "$0")/mysqlroot.sh"
missing=""
while read -r package; do
  [ "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null)" = "install ok installed" ] || missing="$missing $package"
done <"$list"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    exec sudo -n sh "$0"
  fi
  echo "the tests need packages that are not there; as root, run this, then try again:" >&2
  echo "  apt-get update && apt-get install -y --no-install-recommends$missing" >&2
  exit 1
fi
echo "installing:$missing"

# While packages are unpacked, policy-rc.d denies every start. An earlier run that
# was killed has left the machine's own file under the saved name.
policy=/usr/sbin/policy-rc.d
saved=$policy.writ-saved
absent=$policy.writ-absent
restore() {
  if [ -e "$saved" ]; then
    mv -f "$saved" "$policy"
  elif [ -e "$absent" ]; then
    rm -f "$policy" "$absent"
  fi
}
restore
trap restore EXIT
trap 'exit 1' HUP INT TERM
if [ -e "$policy" ]; then
  mv "$policy" "$saved"
else
  : >"$absent"
fi
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"

export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# shellcheck disable=SC2086 # a list of package names
apt-get install -y -q --no-install-recommends $missing

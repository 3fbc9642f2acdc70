#!/bin/sh
# Puts a MySQL server where the tests find it. Debian 12 has none, and that of Debian
# unstable needs a newer C library: so it is unpacked, not installed, into a folder of its
# own, with the libraries and the loader that it was built for.
set -eu
folder=writ-test-mysql
dir=/opt/$folder
works() { "$dir/mysqld" --version >/dev/null 2>&1; }
! works || exit 0
if [ "$(id -u)" != 0 ]; then
  dir=$HOME/.cache/$folder
  ! works || exit 0
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    exec sudo -n sh "$0"
  fi
fi

# Two runs take turns, and the second finds what the first has made.
mkdir -p "$(dirname "$dir")"
exec 9<"$(dirname "$dir")"
flock 9
! works || exit 0
echo "unpacking MySQL of Debian unstable into $dir"

# What an interrupted run has left goes; the folder gets its name once it is whole.
new=$dir.new
rm -rf "$new"
trap 'rm -rf "$new"' EXIT
trap 'exit 1' HUP INT TERM
umask 022 # servers run as other accounts
mkdir -p "$new/apt/etc/preferences.d" "$new/apt/state/lists/partial" "$new/apt/cache/archives/partial" "$new/root" "$new/made/share"

# Sources, preferences and state are its own; of the machine's apt it keeps the way to the
# network, and runs none of the machine's hooks. Signatures are checked as ever.
: >"$new/apt/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian sid main" >"$new/apt/etc/sources.list"
cat >"$new/apt/conf" <<EOF
Dir::Etc "$new/apt/etc";
Dir::State "$new/apt/state";
Dir::State::status "$new/apt/status";
Dir::Cache "$new/apt/cache";
#clear APT::Update;
APT::Update::Error-Mode "any";
EOF
{
  apt-get -c "$new/apt/conf" -q update &&
    apt-get -c "$new/apt/conf" -q -y install --download-only --no-install-recommends mysql-server-core
} >"$new/log" 2>&1 || { cat "$new/log" >&2; echo "MySQL could not be downloaded from deb.debian.org" >&2; exit 1; }

# Most of what the packages bring is not the server's, and stays behind.
for package in "$new"/apt/cache/archives/*.deb; do
  dpkg -x "$package" "$new/root"
done
made=$new/made
mv "$new/root/usr/sbin" "$made/sbin"
mv "$new/root/usr/share/mysql" "$made/share/mysql"
mkdir "$made/lib"
mv "$new"/root/usr/lib/mysql "$new"/root/usr/lib/*-linux-gnu/*.so* "$made/lib"
cat >"$made/mysqld" <<'EOF'
#!/bin/sh
here=${0%/*}
exec "$here"/lib/ld-linux-*.so.* --library-path "$here/lib" "$here/sbin/mysqld" --no-defaults --basedir="$here" "$@"
EOF
chmod 755 "$made/mysqld"
"$made/mysqld" --version >/dev/null
rm -rf "$dir"
mv "$made" "$dir"

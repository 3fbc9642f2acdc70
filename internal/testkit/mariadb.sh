# Keeps one private MariaDB server for as long as standard input is open: when the test
# process ends, however it ends, so does the server, and its folder goes.
# $1 = an empty folder of ours, $2 = port; $3, if not empty, is a data folder that was made
# before and never started, to copy. Without a port it only makes such a folder, as data.
port=$2 from=$3
command -v mariadb-install-db >/dev/null || { echo "MariaDB is not installed: 'make test' installs it" >&2; exit 1; }
as="setpriv --pdeathsig KILL"
if [ "$(id -u)" = 0 ]; then
  chown -R mysql "$dir"
  as="$as --reuid mysql --regid $(id -g mysql) --clear-groups"
fi
cd "$dir"
export TMPDIR="$dir" # the account that it runs as may write there
fast="--innodb-buffer-pool-size=32M --innodb-log-file-size=8M --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0 --skip-log-bin"
if [ -n "$from" ]; then
  cp -a "$from" "$dir/data"
else
  $as mariadb-install-db --no-defaults --datadir="$dir/data" --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve $fast >"$dir/install.log" 2>&1 || { cat "$dir/install.log" >&2; exit 1; }
fi
if [ -z "$port" ]; then
  echo started
  read -r _ || true
  exit
fi
# Tests come over the network as an account of their own that may do everything. Of the
# accounts that are made with a server, those of this machine's name are not needed.
printf '%s;\n' "delete from mysql.global_priv where Host = '$(hostname)'" "delete from mysql.proxies_priv where Host = '$(hostname)'" "flush privileges" "create user tester@'127.0.0.1'" "grant all on *.* to tester@'127.0.0.1' with grant option" >init.sql
$as "$(command -v mariadbd || echo /usr/sbin/mariadbd)" --no-defaults --datadir="$dir/data" --port="$port" --bind-address=127.0.0.1 --socket="$dir/socket" \
  --pid-file="$dir/pid" --init-file="$dir/init.sql" --skip-name-resolve --plugin-load-add=auth_ed25519 --max-connect-errors=1000000 --max-connections=200 \
  --ssl-cert="$dir/cert.pem" --ssl-key="$dir/key.pem" --ssl-ca="$dir/ca.pem" --general-log=0 --general-log-file="$dir/general" $fast >"$dir/log" 2>&1 </dev/null &
pid=$!
echo started
read -r _ || true

# Keeps one private MySQL server for as long as standard input is open: when the test
# process ends, however it ends, so does the server, and its folder goes.
# $1 = a folder of ours with a certificate in it, $2 = port; $3, if not empty, is a data folder
# that was made before and never started, to copy. Without a port it only makes such a folder,
# as data.
port=$2 from=$3
for mysqld in /opt/writ-test-mysql/mysqld "${HOME:-}/.cache/writ-test-mysql/mysqld"; do
  [ ! -x "$mysqld" ] || break
done
[ -x "$mysqld" ] || { echo "MySQL is not there: 'make test' unpacks it" >&2; exit 1; }
as="setpriv --pdeathsig KILL"
if [ "$(id -u)" = 0 ]; then
  account=$(id -un mysql 2>/dev/null || echo nobody) # it refuses to run as root
  chown -R "$account" "$dir"
  as="$as --reuid $account --regid $(id -g "$account") --clear-groups"
fi
cd "$dir"
export TMPDIR="$dir" # the account that it runs as may write there
common="--datadir=$dir/data --secure-file-priv=NULL --mysqlx=OFF --skip-log-bin --innodb-buffer-pool-size=32M --innodb-redo-log-capacity=32M --innodb-log-buffer-size=1M
  --innodb-flush-log-at-trx-commit=0 --innodb-flush-method=nosync --innodb-doublewrite=OFF"
if [ -n "$from" ]; then
  cp -a "$from" data
else
  $as "$mysqld" --initialize-insecure $common >install.log 2>&1 || { cat install.log >&2; exit 1; }
fi
if [ -z "$port" ]; then
  echo started
  read -r _ || true
  exit
fi
# Tests come over the network as an account of their own that may do everything.
printf '%s;\n' "create user tester@'127.0.0.1'" "grant all on *.* to tester@'127.0.0.1' with grant option" >init.sql
$as "$mysqld" $common --port="$port" --bind-address=127.0.0.1 --socket="$dir/socket" --init-file="$dir/init.sql" \
  --skip-name-resolve --max-connect-errors=1000000 --max-connections=200 --performance-schema=ON \
  --ssl-cert="$dir/cert.pem" --ssl-key="$dir/key.pem" --ssl-ca="$dir/ca.pem" --general-log=OFF --general-log-file="$dir/general" >log 2>&1 </dev/null &
pid=$!
echo started
read -r _ || true

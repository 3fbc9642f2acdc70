# Keeps one private OpenBao, or Vault, in memory and unsealed, for as long as standard input is open:
# when the test process ends, however it ends, so does the server, and its folder goes.
# $1 = a folder of ours, $2 = the program, $3 = where it listens. The token of its root is
# the first line of standard input.
program=$2 listen=$3
cd "$dir"
read -r token
export BAO_DEV_ROOT_TOKEN_ID="$token" VAULT_DEV_ROOT_TOKEN_ID="$token" HOME="$dir" # each reads its own
setpriv --pdeathsig KILL "$program" server -dev -dev-no-store-token -dev-listen-address="$listen" >log 2>&1 </dev/null &
pid=$!
for _ in $(seq 300); do
  if grep -q 'server started!' log; then
    echo started
    cat >/dev/null
    exit
  fi
  kill -0 "$pid" 2>/dev/null || break
  sleep 0.1
done
tail -n 20 log >&2
exit 1

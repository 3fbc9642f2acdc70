# Gives an account another password, which the host hashes. The account's name, its uid
# and the password come one a line on standard input; the password goes from there to
# chpasswd's. printf is the shell's own: no other process is given it.
IFS= read -r login && IFS= read -r uid && IFS= read -r password || exit 64
same "$login" "$uid"
command -v chpasswd >/dev/null 2>&1 || no 70 "the host has no chpasswd"
printf '%s:%s\n' "$login" "$password" | chpasswd

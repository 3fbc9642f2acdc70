# What one account is, and what decides whether it gets in over SSH. Its name and the
# address that it is asked from come one a line on standard input; the password's hash
# stays on the host. Who is not found is gone only where every service answers.
LC_ALL=C PATH=/usr/sbin:/sbin:/usr/bin:/bin
export LC_ALL PATH
IFS= read -r login && IFS= read -r from || exit 64
if entry=$(getent passwd -- "$login"); then
	printf '%s\n' "$entry" | awk -F: -v OFS=: '{ $2 = "x"; print "P:" $0 }'
	if getent -s files passwd -- "$login" >/dev/null; then echo "own:yes"; fi
else
	unanswered
fi
getent shadow -- "$login" | awk -F: -v OFS=: '{
	print "S:" $1, ($2 ~ /^!+.+/ ? "locked" : $2 ~ /^!/ ? "none-locked" : $2 ~ /^\*/ ? "none" : "set"), "", $3, $5, $7, $8 }'
# What sshd goes by for this account, or, where it cannot say so, for everybody.
if settings=$(sshd -T -C "user=$login,host=$from,addr=$from" 2>/dev/null) || settings=$(sshd -T 2>/dev/null); then
	printf '%s\n' "$settings" | grep -E '^(authorizedkeysfile|authorizedkeyscommand|usepam|permitrootlogin|(allow|deny)(users|groups)) ' | sed 's/^/D:/'
fi
printf 'in:%s\n' "$(id -Gn -- "$login" 2>/dev/null)"
if [ -e /etc/nologin ] || [ -e /run/nologin ] || [ -e /var/run/nologin ]; then echo "closed:nologin"; fi
shell=${entry##*:}
if [ -n "$shell" ] && ! [ -x "$shell" ]; then echo "closed:shell"; fi
echo "E:end"

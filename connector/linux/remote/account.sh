# What is known of one account, whose name comes on standard input; a password's hash
# stays on the host. Who is not found is gone only where every service answers.
IFS= read -r login || exit 64
if entry=$(getent passwd -- "$login"); then
	printf '%s\n' "$entry" | awk -F: -v OFS=: '{ $2 = "x"; print "P:" $0 }'
	uid=$(printf '%s\n' "$entry" | cut -d : -f 3)
	if getent -s files passwd -- "$login" >/dev/null; then echo "own:yes"; fi
	awk -F: -v uid="$uid" '$3 == uid { print "same:" $1 }' /etc/passwd
	processes "$uid" | sed 's/^/process:/'
else
	unanswered
fi
getent shadow -- "$login" | awk -F: -v OFS=: '{
	print "S:" $1, ($2 ~ /^!+.+/ ? "locked" : $2 ~ /^!/ ? "none-locked" : $2 ~ /^\*/ ? "none" : "set"), "", $3, $5, $7, $8 }'
printf 'min:%s\n' "$(setting UID_MIN 1000)"
echo "E:end"

# What is known of one account and one group, whose names come one a line on
# standard input; the password's hash stays on the host. Who is not found is gone only
# where every service answers.
LC_ALL=C PATH=/usr/sbin:/sbin:/usr/bin:/bin
export LC_ALL PATH
IFS= read -r account && IFS= read -r group || exit 64
if [ -n "$account" ]; then
	if entry=$(getent passwd -- "$account"); then printf 'P:%s\n' "$entry"; else unanswered; fi
	getent shadow -- "$account" | awk -F: -v OFS=: '{
		print "S:" $1, ($2 ~ /^!+.+/ ? "locked" : $2 ~ /^!/ ? "none-locked" : "open"), "", "", "", "", $8 }'
fi
if [ -n "$group" ]; then
	if entry=$(getent group -- "$group"); then printf 'G:%s\n' "$entry"; else unanswered; fi
fi
echo "E:end"

# What is known of one account and one group, whose names come one a line on
# standard input; the password's hash stays on the host.
LC_ALL=C PATH=/usr/sbin:/sbin:/usr/bin:/bin
export LC_ALL PATH
IFS= read -r account && IFS= read -r group || exit 64
if [ -n "$account" ]; then
	getent passwd -- "$account" | sed 's/^/P:/'
	getent shadow -- "$account" | awk -F: -v OFS=: '{
		print "S:" $1, ($2 ~ /^!+.+/ ? "locked" : $2 ~ /^!/ ? "none-locked" : "open"), "", "", "", "", $8 }'
fi
if [ -n "$group" ]; then getent group -- "$group" | sed 's/^/G:/'; fi
echo "E:end"

# Accounts, groups and what is known of their passwords and logins. A password's
# hash is cut down to its state and scheme here: it never leaves the host.
LC_ALL=C PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
export LC_ALL PATH TZ=UTC
{ getent passwd || echo failed; } | sed 's/^/P:/'
{ getent group || echo failed; } | sed 's/^/G:/'
{ getent shadow || echo failed; } | awk -F: -v OFS=: '
	NF < 8 { print "S:failed"; next }
	{
		bare = $2; sub(/^!+/, "", bare)
		scheme = "des"
		if (substr(bare, 1, 1) == "$") { split(bare, part, "$"); scheme = part[2] }
		if (scheme !~ /^(1|2[abxy]?|5|6|7|y|gy|md5|sha1|des)$/) scheme = "other"
		state = "set"
		if ($2 == "") state = "empty"
		else if (bare == "" || bare ~ /^\*/ || length(bare) < 13) state = "none"
		else if (bare != $2) state = "locked"
		if (state == "none" && bare != $2) state = "none-locked"
		if (state != "set" && state != "locked") scheme = ""
		print "S:" $1, state, scheme, $3, $5, $7, $8
	}'
if command -v lastlog >/dev/null 2>&1 && [ -r /var/log/lastlog ]; then
	echo "U:lastlog"
	lastlog | sed '1d; s/^/L:/'
elif command -v lastlog2 >/dev/null 2>&1; then
	echo "U:lastlog2"
	lastlog2 | sed '1d; s/^/L:/'
fi
sshd -T 2>/dev/null | grep -E '^(authorizedkeysfile|authorizedkeyscommand|usepam|strictmodes|trustedusercakeys) ' | sed 's/^/D:/'
if grep -qisE '^[[:space:]]*match[[:space:]]' /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf; then echo "D:match yes"; fi
echo "E:end"

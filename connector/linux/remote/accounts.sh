# Accounts, groups and what is known of their passwords and logins. A password's
# hash is cut down to its state and scheme here: it never leaves the host.
LC_ALL=C PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
export LC_ALL PATH TZ=UTC
# Before the lists and behind them: a service may have gone or come in between.
unanswered
# A directory may hand out hashes in place of the x: the second field stays here.
{ getent passwd || echo failed; } | awk -F: -v OFS=: 'NF > 1 { $2 = "x" } { print "P:" $0 }'
{ getent group || echo failed; } | awk -F: -v OFS=: 'NF > 1 { $2 = "x" } { print "G:" $0 }'
# Where names come from, and which of them are the host's own.
sed -n -E 's/^[[:space:]]*((passwd|group)[[:space:]]*:)/N:\1/p' /etc/nsswitch.conf 2>/dev/null
for own in files extrausers altfiles systemd; do
	getent -s "$own" passwd 2>/dev/null | sed -n 's/^\([^:]*\):.*/FP:\1/p'
	getent -s "$own" group 2>/dev/null | sed -n 's/^\([^:]*\):.*/FG:\1/p'
done
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
# What else may keep people out, although they have an account here.
sshd -T 2>/dev/null | sed -n -E 's/^(allow|deny)(users|groups) .*/D:narrowed sshd_config (\1\2)/p' | sort -u
if grep -qsE '^[^#]*pam_access' /etc/pam.d/sshd /etc/pam.d/login /etc/pam.d/common-account /etc/pam.d/common-auth /etc/pam.d/system-auth /etc/pam.d/password-auth; then echo "D:narrowed pam_access (access.conf)"; fi
if grep -qsE '^[[:space:]]*(access_provider|simple_allow|ad_access_filter|ldap_access)' /etc/sssd/sssd.conf /etc/sssd/conf.d/*.conf; then echo "D:narrowed sssd.conf (access_provider)"; fi
if grep -qsE '^[[:space:]]*pam_authz_search' /etc/nslcd.conf; then echo "D:narrowed nslcd.conf (pam_authz_search)"; fi
unanswered
echo "E:end"

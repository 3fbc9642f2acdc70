# What the scripts that make, change and end accounts begin with.
LC_ALL=C PATH=/usr/sbin:/sbin:/usr/bin:/bin
export LC_ALL PATH
today=$(($(date +%s) / 86400))
no() {
	printf '%s\n' "$2" >&2
	exit "$1"
}
# A number of login.defs, or what it is without one.
setting() {
	value=$(awk -v name="$1" '$1 == name { value = $2 } END { print value }' /etc/login.defs 2>/dev/null)
	printf '%s\n' "${value:-$2}"
}
# The account in the host's own files that has the sign. A directory's does not count:
# there, people may write such fields themselves.
signed() {
	entry=$(getent -s files passwd -- "$1") || return 1
	[ "$(printf '%s\n' "$entry" | cut -d : -f 5 | cut -d , -f 5)" = "$2" ]
}
meant() { [ -z "$2" ] || signed "$1" "$2" || no 3 "the account does not have the mark"; }
fit() {
	case $1 in
	/usr/sbin/nologin | /sbin/nologin | /bin/false | /usr/bin/false) ;;
	*) grep -Fxqs -- "$1" /etc/shells || no 65 "the shell is not in /etc/shells" ;;
	esac
}
# The processes of a uid, but for those that have ended.
processes() {
	(cd /proc && grep -aHE '^(State|Uid):' [0-9]*/status 2>/dev/null) | awk -v uid="$1" '
		$1 ~ /:State:$/ { over = $2 == "Z" || $2 == "X" }
		$1 ~ /:Uid:$/ && !over && ($2 == uid || $3 == uid || $4 == uid || $5 == uid) { split($1, at, "/"); print at[1] }'
}
# Ends all that runs as a uid: asked at first, then told.
end() {
	if command -v loginctl >/dev/null 2>&1 && [ -d /run/systemd/system ]; then timeout 10 loginctl terminate-user "$1" >/dev/null 2>&1; fi
	round=0
	while running=$(processes "$1") && [ -n "$running" ]; do
		[ $round -lt 100 ] || no 66 "its processes do not end"
		signal=KILL
		[ $round -ge 10 ] || signal=TERM
		# Numbers with spaces between are so many words.
		kill -s $signal $running 2>/dev/null
		round=$((round + 1))
		sleep 0.2
	done
}
# The account in the host's own files that has the uid: what was looked at may be gone.
same() {
	[ "$(getent -s files passwd -- "$1" | cut -d : -f 1,3)" = "$1:$2" ] || no 69 "the account was changed meanwhile"
}

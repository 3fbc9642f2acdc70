# Makes an account, or goes on with one that is half made. What it is to be comes one a
# line on standard input. Until its last step the account has expired: with a password
# that need not be changed, nobody gets in.
IFS= read -r login && IFS= read -r sign && IFS= read -r gecos && IFS= read -r shell && IFS= read -r base && IFS= read -r home &&
	IFS= read -r expires && IFS= read -r ends && IFS= read -r password || exit 64
fit "$shell"
# A uid that nobody had: what is left of somebody's home is not the next one's.
unused() {
	{
		cut -d : -f 3 /etc/passwd
		find "$base" -mindepth 1 -maxdepth 1 -printf '%U\n' 2>/dev/null
	} | awk -v min="$(setting UID_MIN 1000)" -v max="$(setting UID_MAX 60000)" '
		BEGIN { next_one = min }
		$1 >= next_one && $1 <= max { next_one = $1 + 1 }
		END { if (next_one <= max) print next_one; else exit 1 }'
}
round=0
until getent passwd -- "$login" >/dev/null; do
	if [ -e "$home" ] || [ -L "$home" ]; then no 67 "the home folder is there already, and somebody else's"; fi
	uid=$(unused) || no 68 "there is no uid left"
	while getent passwd -- "$uid" >/dev/null; do uid=$((uid + 1)); done
	useradd -m -d "$home" -s "$shell" -c "$gecos" -u "$uid" -e 1970-01-02 -- "$login"
	status=$?
	case $status in
	0) ;;
	1 | 4 | 10) # somebody else makes accounts too
		round=$((round + 1))
		[ $round -lt 5 ] || exit $status
		sleep 0.5
		;;
	9) getent passwd -- "$login" >/dev/null || exit $status ;;
	*) exit $status ;;
	esac
done
signed "$login" "$sign" || no 3 "the account does not have the mark"
# There is no password yet, or one that its holder has not changed, or the last attempt
# came no further.
first=$(getent shadow -- "$login" | awk -F: -v today="$today" '
	$2 ~ /^[!*]*$/ || $2 !~ /^!/ && $8 == 1 || $3 == "0" || $3 != "" && $5 != "" && $3 + $5 < today { print "yes" }')
if [ -n "$password" ] && [ "$first" = yes ]; then
	usermod -e 1 -- "$login" || exit
	printf '%s:%s\n' "$login" "$password" | chpasswd || exit
	if [ -z "$ends" ]; then
		chage -d 0 -- "$login" || exit
	else
		# It is as old as a password may be, so it must be changed; and it may be used
		# for that until the day comes. A changed password is today's, and the rest is
		# then as far away as it is old now.
		most=$(getent shadow -- "$login" | cut -d : -f 5)
		if [ -z "$most" ] || [ "$most" -lt 1 ] || [ "$most" -gt $((today - 2)) ]; then most=$((today - 2)); fi
		left=$((ends - today))
		[ $left -ge 0 ] || left=0
		chage -M "$most" -I "$left" -d $((today - most - 1)) -- "$login" || exit
	fi
fi
if getent shadow -- "$login" | awk -F: '{ exit $2 ~ /^!+.+/ ? 0 : 1 }'; then usermod -U -- "$login" || exit; fi
exec usermod -s "$shell" -c "$gecos" -e "$expires" -- "$login"

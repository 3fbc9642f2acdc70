# Ends all that runs as an account, and deletes it where that is said. Its name, the mark
# that it must have, its uid and what to do come one a line on standard input.
IFS= read -r login && IFS= read -r sign && IFS= read -r uid && IFS= read -r what || exit 64
meant "$login" "$sign"
[ "$(getent passwd -- "$login" | cut -d : -f 3)" = "$uid" ] || no 69 "the account was changed meanwhile"
end "$uid"
case $what in
end) exit ;;
keep) set -- ;;
remove) set -- -r ;;
*) exit 64 ;;
esac
# The jobs of a name would be the next one's.
if command -v crontab >/dev/null 2>&1; then crontab -r -u "$login" >/dev/null 2>&1; fi
exec userdel "$@" -- "$login"

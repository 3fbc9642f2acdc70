# One change of access. What to do, the account and the group come one a line on
# standard input, and are only ever arguments.
LC_ALL=C PATH=/usr/sbin:/sbin:/usr/bin:/bin
export LC_ALL PATH
IFS= read -r what && IFS= read -r account && IFS= read -r group || exit 64
case $what in
grant) exec gpasswd -a "$account" -- "$group" ;;
revoke) exec gpasswd -d "$account" -- "$group" ;;
disable_account) exec usermod -L -e 1 -- "$account" ;;
enable_account) usermod -e "" -- "$account" || exit ;;
*) exit 64 ;;
esac
# An account that never had a password cannot be unlocked, and needs not be.
if getent shadow -- "$account" | awk -F: '{ exit $2 ~ /^!+.+/ ? 0 : 1 }'; then exec usermod -U -- "$account"; fi

# Accounts and groups of a directory that does not list itself, by name or by
# number. What is asked for comes one a line on standard input: u or g, a space,
# the name. Of an account, the host also says which groups it is in.
LC_ALL=C PATH=/usr/sbin:/sbin:/usr/bin:/bin
export LC_ALL PATH
while IFS= read -r ask; do
	name=${ask#* }
	case $ask in
	"u "*)
		if line=$(getent passwd -- "$name"); then
			printf 'P:%s\n' "$line"
			printf 'I:%s:%s\n' "${line%%:*}" "$(id -G -- "${line%%:*}" 2>/dev/null)"
		fi
		;;
	"g "*) if line=$(getent group -- "$name"); then printf 'G:%s\n' "$line"; fi ;;
	esac
done | awk -F: -v OFS=: '/^[PG]:/ { $3 = "x" } { print }'
unanswered
echo "E:end"

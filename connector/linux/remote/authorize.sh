# Puts one public key into an account's file of keys and takes others out. The account's
# name, its uid, how Writ's own line ends, the new line, the key in it, the key that it
# replaces (or nothing), whether other lines stay (keep or only), and then the files that
# sshd reads, come one a line on standard input: the first file gets the line.
#
# An account may put anything where its keys lie, and change it at any time. So its files
# are read and written by a process of the account's own, which can be led to nothing that
# the account cannot reach by itself. Only a file in folders that nobody but root may
# write, with no link on the way, is root's work.
IFS= read -r login && IFS= read -r uid && IFS= read -r sign && IFS= read -r key &&
	IFS= read -r blob && IFS= read -r old && IFS= read -r others || exit 64
same "$login" "$uid"
gid=$(getent -s files passwd -- "$login" | cut -d : -f 4)
roots() {
	at=$1
	while at=${at%/*}; do
		[ -n "$(find "${at:-/}" -maxdepth 0 -type d -user 0 ! -perm /022 2>/dev/null)" ] || return 1
		[ -n "$at" ] || return 0
	done
}
# The names are arguments of this fixed script; none of them is a secret.
edit='
set -u
umask 077
cd /
file=$1 folder=${1%/*} sign=$2 key=$3 blob=$4 old=$5 others=$6 uid=$7 kind=$8
tmp=
trap "if [ -n \"\$tmp\" ]; then rm -f -- \"\$tmp\"; fi" 0
trap "exit 82" HUP INT TERM
no() {
	printf "%s\n" "$1" >&2
	exit 80
}
if [ -L "$file" ] || [ -L "$folder" ]; then no "the file of keys, or its folder, is a link"; fi
if ! [ -e "$file" ]; then
	[ -n "$key" ] || exit 0
	[ -d "$folder" ] || mkdir -- "$folder" || no "the folder of the file of keys cannot be made"
	mode=600
	[ "$kind" = own ] || mode=644
else
	[ -f "$file" ] || no "the file of keys is no file"
	# Where nothing is to be put, a file in which nothing of Writ is stays as it is.
	if [ -z "$key" ] && [ "$others" = keep ] && ! grep -aFq -e " $sign" -e "$blob" -e "${old:-$blob}" -- "$file"; then exit 0; fi
	[ "$(wc -c <"$file")" -le 1048576 ] || no "the file of keys is larger than 1 MiB"
	owner=$(stat -c %u -- "$file") || no "the file of keys cannot be looked at"
	[ "$owner" = "$uid" ] || { [ "$kind" = root ] && [ "$owner" = 0 ]; } || no "the file of keys belongs to another account"
	mode=$(stat -c %a -- "$file") || no "the file of keys cannot be looked at"
fi
tmp=$(mktemp -- "$folder/.writ.XXXXXXXXXX") || no "nothing can be written beside the file of keys"
{
	if [ "$others" = keep ] && [ -f "$file" ]; then
		while IFS= read -r line || [ -n "$line" ]; do
			case "$line " in *" $sign " | *" $blob "* | *" ${old:-$blob} "*) continue ;; esac
			printf "%s\n" "$line" || exit 81
		done <"$file"
	fi
	if [ -n "$key" ]; then printf "%s\n" "$key" || exit 81; fi
} >"$tmp" || exit 81
if [ -e "$file" ]; then
	if cmp -s -- "$tmp" "$file"; then exit 0; fi
	chown --reference="$file" -- "$tmp" 2>/dev/null || chgrp --reference="$file" -- "$tmp" 2>/dev/null
fi
chmod "$mode" -- "$tmp" && chmod ug-s,go-w -- "$tmp" || exit 81
sync -- "$tmp" 2>/dev/null || sync
mv -fT -- "$tmp" "$file" || no "the file of keys cannot be replaced"
tmp=
sync -- "$folder" 2>/dev/null || sync
'
as_account() {
	if command -v setpriv >/dev/null 2>&1; then
		timeout 60 setpriv --reuid="$uid" --regid="$gid" --init-groups --no-new-privs -- "$@"
	elif command -v runuser >/dev/null 2>&1; then
		timeout 60 runuser -u "$login" -- "$@"
	else
		no 71 "the host has neither setpriv nor runuser"
	fi
}
while IFS= read -r file; do
	if [ -L "$file" ] || ! roots "$file"; then
		as_account env -i LC_ALL=C PATH=/usr/bin:/bin /bin/sh -c "$edit" keys "$file" "$sign" "$key" "$blob" "$old" "$others" "$uid" own </dev/null >/dev/null
	else
		/bin/sh -c "$edit" keys "$file" "$sign" "$key" "$blob" "$old" "$others" "$uid" root </dev/null >/dev/null
	fi || exit
	key=
done

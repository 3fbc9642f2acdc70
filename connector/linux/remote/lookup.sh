# Accounts of a directory that does not list itself, by name. Names come one a
# line on standard input.
LC_ALL=C PATH=/usr/sbin:/sbin:/usr/bin:/bin
export LC_ALL PATH
while IFS= read -r name; do getent passwd -- "$name"; done | sed 's/^/P:/'
echo "E:end"

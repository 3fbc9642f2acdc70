# Programs that run as root whoever starts them, on local file systems that honour
# the bit. Folders of root's that nobody else can enter are passed over.
LC_ALL=C PATH=/usr/sbin:/sbin:/usr/bin:/bin
export LC_ALL PATH
awk '$3 ~ /^(ext[234]|xfs|btrfs|zfs|f2fs|jfs|tmpfs)$/ || ($3 == "overlay" && $2 == "/") {
	if ("," $4 "," !~ /,nosuid,/) print $2 }' /proc/self/mounts |
while IFS= read -r mount; do
	timeout 110 find "$(printf %b "$mount")" -xdev \
		-type d -user 0 ! -perm -001 '(' ! -perm -010 -o -group 0 ')' -prune -o \
		-type f -perm -4000 -user 0 -printf "%m\t%U\t%G\t%y\t%s\t%T@\t%p\0" 2>/dev/null
	if [ $? -eq 124 ]; then printf 'timeout\0'; fi
done
printf 'end\0'

# Makes a private Linux host out of the machine it runs on: a root of its own in
# memory, the machine's programs read-only, a copy of /etc without its people.
# Runs as process 1 of new mount, UTS and pid namespaces. $1 is an empty folder,
# $2 the host's name. The host ends when standard input does.
set -eu

# The old /proc still counts processes as the machine does.
read -r outer _ </proc/self/stat

mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$1"
cd "$1"

mkdir -p usr dev/pts dev/shm etc home opt proc root run/sshd srv tmp var/lib/dpkg var/log var/mail var/spool old
chmod 1777 tmp dev/shm
chmod 700 root
chgrp mail var/mail
chmod 2775 var/mail
ln -s ../run var/run
for link in bin sbin lib lib32 lib64 libx32; do
	if [ -L "/$link" ]; then ln -s "usr/$link" "$link"; fi
done

# The machine's programs, and what they need to run. What else lies under /usr (manuals,
# headers, other products) is most of it, and whoever searches the whole host would search
# that each time. What is large is the machine's own, read-only; the rest is a copy.
mount -t tmpfs -o mode=755 tmpfs usr
mkdir -p usr/lib usr/share usr/local/bin usr/local/sbin
for folder in bin sbin libexec lib32 lib64 libx32 lib/*-linux-gnu* lib/locale lib/postgresql lib/systemd \
	share/perl share/perl5 share/postgresql share/postgresql-common share/zoneinfo; do
	for from in /usr/$folder; do
		if [ -L "$from" ]; then
			cp -a "$from" "${from#/}"
		elif [ -d "$from" ]; then
			mkdir "${from#/}"
			mount -o bind,ro "$from" "${from#/}"
		fi
	done
done
for folder in /usr/lib/dbus-1.0 /usr/lib/dpkg /usr/lib/init /usr/lib/openssh /usr/lib/pam.d /usr/lib/polkit-1 /usr/lib/sasl2 \
	/usr/lib/security /usr/lib/ssl /usr/lib/sudo /usr/lib/sysusers.d /usr/lib/terminfo /usr/lib/tmpfiles.d; do
	if [ -d "$folder" ]; then echo "$folder"; fi
done | xargs cp -a -t usr/lib
for folder in adduser base-files base-passwd debconf dpkg misc pam pam-configs terminfo; do
	if [ -d "/usr/share/$folder" ]; then echo "/usr/share/$folder"; fi
done | xargs cp -a -t usr/share
find /usr/lib -maxdepth 1 ! -type d -exec cp -a -t usr/lib '{}' +
mount --bind /var/lib/dpkg var/lib/dpkg
mount -o remount,bind,ro var/lib/dpkg
for node in null zero full random urandom tty; do
	: >"dev/$node"
	mount --bind "/dev/$node" "dev/$node"
done
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
mount -t proc proc proc

cp -a /etc/. etc/
rm -rf etc/sudoers.d etc/ssh etc/cron.d etc/subuid etc/subgid
find etc -maxdepth 1 -name '*-' -type f -delete
install -d -m 750 etc/sudoers.d
install -d etc/ssh
printf '%s\n' 'Defaults env_reset' 'Defaults !fqdn' 'root ALL=(ALL:ALL) ALL' \
	'%sudo ALL=(ALL:ALL) ALL' '@includedir /etc/sudoers.d' >etc/sudoers
chmod 440 etc/sudoers

# People of the machine, and their memberships, stay on the machine.
awk -F: '$3 >= 1000 && $3 != 65534 { print $1 }' etc/passwd >old/people
awk -F: 'FILENAME == "old/people" { gone[$1]; next } !($1 in gone)' old/people etc/passwd >old/passwd
awk -F: 'FILENAME == "old/people" { gone[$1]; next } !($1 in gone)' old/people etc/shadow >old/shadow
awk -F: -v OFS=: '$3 < 1000 || $3 == 65534 { $4 = ""; print }' etc/group >old/group
awk -F: -v OFS=: 'FILENAME == "old/group" { keep[$1]; next } $1 in keep { $3 = ""; $4 = ""; print }' old/group etc/gshadow >old/gshadow
for file in passwd shadow group gshadow; do cat "old/$file" >"etc/$file"; done
rm old/*

echo "$2" >etc/hostname
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$2" >etc/hosts
: >var/log/lastlog
: >var/log/wtmp
chmod 664 var/log/lastlog var/log/wtmp

hostname "$2"
pivot_root . old
umount -l /old
rmdir /old
cd /
echo "ready $outer"
exec cat

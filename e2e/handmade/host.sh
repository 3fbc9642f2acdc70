# Sets up a Linux host of Tidewater Freight with the distribution's own tools.
# $1 is the host's name, db1 or web1; public keys lie in /tmp/keys.
set -eu

person() { # login, name
	useradd -m -s /bin/bash -c "$2" -p '*' "$1"
	lastlog -S -u "$1"
}
key() { # account, key
	home=$(getent passwd "$1" | cut -d: -f6)
	install -d -o "$1" -g "$1" -m 700 "$home/.ssh"
	cat "/tmp/keys/$2.pub" >>"$home/.ssh/authorized_keys"
	chown "$1:$1" "$home/.ssh/authorized_keys"
	chmod 600 "$home/.ssh/authorized_keys"
}
# Last signed in so many days ago. lastlog itself only knows "now" and "never".
signed_in() { # account, days
	perl -e '($uid, $days) = @ARGV; open(F, "+<", "/var/log/lastlog") or die; seek(F, $uid * 292, 0);
		print F pack("LA32A256", time - $days * 86400, "pts/0", ""); close(F) or die' "$(id -u "$1")" "$2"
}
sudoers() { # file; its text on standard input
	cat >"/etc/sudoers.d/$1"
	chmod 440 "/etc/sudoers.d/$1"
	visudo -cqf "/etc/sudoers.d/$1"
}

if [ "$1" = db1 ]; then
	groupadd developers
	useradd -r -d /var/lib/postgresql -s /bin/bash -c "PostgreSQL administrator" postgres 2>/dev/null || true
	person taskew "Tom Askew"
	key taskew taskew
	usermod -aG sudo taskew
	person pnair "Priya Nair"
	key pnair pnair
	echo 'pnair:the-same-since-2019' | chpasswd
	chage -d 2019-02-01 pnair
	person lfisk "Lena Fisk"
	key lfisk lfisk
	person ohaddad "Omar Haddad"
	key ohaddad ohaddad
	usermod -aG developers lfisk
	usermod -aG developers ohaddad
	person ralmeida "Ruth Almeida"
	usermod -L -e 1 ralmeida
	useradd -r -m -d /srv/backup -s /bin/bash -c "Nightly backup" -p '*' svc_backup
	key svc_backup svc_backup
	sudoers databases <<'RULES'
User_Alias DBAS = pnair
Runas_Alias DATABASE = postgres
Cmnd_Alias LOGS = /usr/bin/less /var/log/postgresql/*
DBAS ALL = (DATABASE) ALL
lfisk ALL = (root) NOPASSWD: LOGS
RULES
	sudoers backup <<'RULES'
svc_backup ALL = (root) NOPASSWD: /usr/bin/tar
RULES
	# Somebody wanted to share a key once.
	chgrp developers /home/taskew/.ssh/authorized_keys
	chmod 660 /home/taskew/.ssh/authorized_keys
fi

if [ "$1" = web1 ]; then
	groupadd -r docker
	groupadd web
	person taskew "Tom Askew"
	key taskew taskew
	usermod -aG sudo taskew
	person lfisk "Lena Fisk"
	key lfisk lfisk
	usermod -aG web lfisk
	person ohaddad "Omar Haddad"
	key ohaddad ohaddad
	usermod -aG web,docker ohaddad
	person vlang "Victor Lang"
	key vlang vlang
	usermod -aG web vlang
	person nberg "Nils Berg"
	key nberg nberg
	usermod -aG web nberg
	person sokafor "Samuel Okafor"
	key sokafor sokafor
	signed_in sokafor 500
	person mkeller "Mia Keller"
	key mkeller mkeller
	person reed "Jonas Reed"
	person deploy "Deployment"
	key deploy lfisk
	usermod -aG web deploy
	person breakglass "Emergency access"
	key breakglass breakglass
	usermod -aG sudo breakglass
	signed_in breakglass 1
	useradd -r -m -d /srv/app -s /bin/bash -c "Booking application" -p '*' svc_app
	key svc_app svc_app
	usermod -aG web svc_app
	sudoers web <<'RULES'
Cmnd_Alias CHECK = /usr/sbin/nginx -t
%web ALL = (root) NOPASSWD: CHECK
%sudo ALL = (ALL:ALL) ALL, !/usr/bin/su
%web-oncall ALL = (root) ALL
RULES
	install -m 4755 /usr/bin/true /usr/local/bin/netdiag
fi

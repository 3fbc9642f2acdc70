# Sets up the directory of Tidewater Freight with OpenLDAP's own tools. URI is its
# address, BIND_DN its admin, whose password is in the file PASSWORD; public keys
# lie in the folder $1.
set -eu
base=dc=tidewater,dc=example
add() { ldapadd -x -H "$URI" -D "$BIND_DN" -y "$PASSWORD" "$@" >/dev/null; }
modify() { ldapmodify -x -H "$URI" -D "$BIND_DN" -y "$PASSWORD" "$@" >/dev/null; }

person() { # login, first name, last name, number, further lines of LDIF
	printf 'dn: uid=%s,ou=people,%s\nobjectClass: inetOrgPerson\nobjectClass: shadowAccount\nobjectClass: ldapPublicKey\n' "$1" "$base"
	printf 'uid: %s\ncn: %s %s\nsn: %s\n' "$1" "$2" "$3" "$3"
	[ -z "$4" ] || printf 'employeeNumber: %s\nmail: %s@tidewater.example\n' "$4" "$1"
	[ -z "${5-}" ] || printf '%b\n' "$5"
	echo
}
service() { # name, what it is
	printf 'dn: cn=%s,ou=services,%s\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n' "$1" "$base"
	printf 'cn: %s\ndescription: %s\nuserPassword: {CRYPT}*\n\n' "$1" "$2"
}
group() { # name, members; those with an equals sign are below the base as they stand
	printf 'dn: cn=%s,ou=groups,%s\nobjectClass: groupOfNames\ncn: %s\n' "$1" "$base" "$1"
	shift
	for m in "$@"; do
		case $m in
		*=*) printf 'member: %s,%s\n' "$m" "$base" ;;
		*) printf 'member: uid=%s,ou=people,%s\n' "$m" "$base" ;;
		esac
	done
	echo
}

{
	for ou in people services groups; do
		printf 'dn: ou=%s,%s\nobjectClass: organizationalUnit\nou: %s\n\n' "$ou" "$base" "$ou"
	done
	person mholt Maren Holt E01
	person jreed Jonas Reed E02
	person pnair Priya Nair E03
	person taskew Tom Askew E04
	person lfisk Lena Fisk E05
	person ohaddad Omar Haddad E06
	person glund Greta Lund E07 'shadowLastChange: 17928'
	person icosta Ines Costa E09
	person sokafor Samuel Okafor E10
	person vlang Victor Lang E11
	person ralmeida Ruth Almeida E12 'shadowExpire: 1'
	person dwhitby Dan Whitby E13 'objectClass: posixAccount\nuidNumber: 5001\ngidNumber: 5100\nhomeDirectory: /home/dwhitby\nloginShell: /bin/bash'
	person jreed2 Jonas Reed E14
	person nberg Nils Berg ''
	person ymori Yuki Mori ''
	person hquist Henrik Quist ''
	person team-dispatch Dispatch Desk ''
	service svc_app 'Booking application'
	service svc_backup 'Nightly backup'
	service ldapbind 'Printers and the old intranet'
	group directory-admins taskew cn=platform,ou=groups cn=svc_backup,ou=services
	group platform cn=infra,ou=groups
	group infra ohaddad
	group crew-a cn=crew-b,ou=groups sokafor
	group crew-b cn=crew-a,ou=groups team-dispatch
	group crews cn=crew-a,ou=groups
	group everybody mholt jreed pnair taskew lfisk ohaddad glund icosta sokafor vlang ralmeida dwhitby jreed2 nberg ymori hquist
	group finance glund icosta dwhitby
	group booking cn=svc_app,ou=services lfisk
	group tariffs icosta
	printf 'dn: cn=web-oncall,ou=groups,%s\nobjectClass: posixGroup\ncn: web-oncall\ngidNumber: 5100\nmemberUid: dwhitby\n\n' "$base"
} | add

modify <<LDIF
dn: cn=tariffs,ou=groups,$base
changetype: modify
add: owner
owner: uid=ralmeida,ou=people,$base

dn: cn=finance,ou=groups,$base
changetype: modify
add: owner
owner: uid=glund,ou=people,$base

dn: uid=taskew,ou=people,$base
changetype: modify
add: sshPublicKey
sshPublicKey:< file://$1/taskew.pub

dn: uid=nberg,ou=people,$base
changetype: modify
add: sshPublicKey
sshPublicKey:< file://$1/nberg.pub

dn: uid=ymori,ou=people,$base
changetype: modify
add: sshPublicKey
sshPublicKey:< file://$1/nberg.pub
LDIF

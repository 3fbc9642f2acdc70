# Sets up the Windows domain of Tidewater Freight with samba-tool, and with Samba's
# own library what samba-tool has no command for. SMB_CONF is Samba's configuration.
set -eu

# Each line is a command of samba-tool. They run in one process: starting it takes
# longer than what it does.
/usr/bin/python3 -c '
import shlex
import sys
from samba.netcmd.main import cmd_sambatool

for line in sys.stdin:
    words = shlex.split(line, comments=True)
    if words and cmd_sambatool()._run("samba-tool", *words, "--configfile=" + sys.argv[1]):
        sys.exit(line)
' "$SMB_CONF" >/dev/null <<'COMMANDS'
# The account of a name server that is not here.
user delete dns-dc1

user create jreed --random-password --given-name=Jonas --surname=Reed --mail-address=jreed@tidewater.example
user create taskew --random-password --given-name=Tom --surname=Askew --mail-address=taskew@tidewater.example
user create adm-taskew --random-password --given-name="Tom Askew" --surname="(admin)" --mail-address=adm-taskew@tidewater.example
user create lfisk --random-password --given-name=Lena --surname=Fisk --mail-address=lfisk@tidewater.example
user create ohaddad --random-password --given-name=Omar --surname=Haddad --mail-address=ohaddad@tidewater.example
user create glund --random-password --given-name=Greta --surname=Lund --mail-address=glund@tidewater.example
user create pbrandt --random-password --given-name=Paul --surname=Brandt --mail-address=pbrandt@tidewater.example
user create icosta --random-password --given-name=Ines --surname=Costa --mail-address=icosta@tidewater.example
user create sokafor --random-password --given-name=Samuel --surname=Okafor --mail-address=sokafor@tidewater.example
user create vlang --random-password --given-name=Victor --surname=Lang --mail-address=vlang@tidewater.example
user create ralmeida --random-password --given-name=Ruth --surname=Almeida --mail-address=ralmeida@tidewater.example
user create dwhitby --random-password --given-name=Dan --surname=Whitby --mail-address=dwhitby@tidewater.example
user create nberg --random-password --given-name=Nils --surname=Berg --mail-address=nberg@tidewater.example
user create mweiss --random-password --given-name=Marta --surname=Weiss --mail-address=mweiss@tidewater.example
user create info --random-password --description="Shared mailbox, opened by delegation" --mail-address=info@tidewater.example
user create helpdesk --random-password --description="The service desk signs in with it"
user create svc_sql --random-password --description="Reporting database"
user create svc_scan --random-password --description="Scanners, second floor"
user create breakglass-dc --random-password
computer create WS-014 --prepare-oldjoin

user disable info
user disable ralmeida
spn add MSSQLSvc/sql1.example.test:1433 svc_sql
spn add HTTP/scan.example.test svc_scan

group add Infrastructure
group addmembers Infrastructure taskew
group add "Server Team"
group addmembers "Server Team" jreed
group add "Service Desk"
group addmembers "Service Desk" lfisk
group addmembers "Server Team" "Service Desk"
group addmembers Infrastructure "Server Team"
group addmembers "Domain Admins" Infrastructure,adm-taskew,svc_sql,breakglass-dc,ohaddad
group addmembers "Backup Operators" sokafor
group addmembers "Account Operators" icosta,helpdesk
group add Drivers
group addmembers Drivers sokafor
group add "Night Drivers"
group addmembers "Night Drivers" Drivers
group addmembers Drivers "Night Drivers"
group add "Tariff Editors"
group addmembers "Tariff Editors" pbrandt,icosta
COMMANDS

/usr/bin/python3 - "$SMB_CONF" <<'PY'
import sys
import time
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

lp = LoadParm()
lp.load(sys.argv[1])
db = SamDB(session_info=system_session(), lp=lp)

# Some times are the domain's own to say, unless its library is told otherwise.
LAST_SET = "local_oid:1.3.6.1.4.1.7165.4.3.20:0"


def put(login, controls=(), **attributes):
    dn = db.search(expression="(sAMAccountName=%s)" % login)[0].dn
    ldif = "dn: %s\nchangetype: modify\n" % dn
    for name, value in attributes.items():
        ldif += "replace: %s\n%s: %s\n-\n" % (name, name, value)
    db.modify_ldif(ldif, list(controls))


def ago(days):  # in hundreds of nanoseconds since 1601
    return int((time.time() - days * 86400 + 11644473600) * 10000000)


def dn(login):
    return db.search(expression="(sAMAccountName=%s)" % login)[0].dn


put("ohaddad", primaryGroupID=512)  # Domain Admins
put("dwhitby", adminCount=1)  # was an administrator once
put("adm-taskew", adminCount=1)
put("ralmeida", employeeID="E12")
put("glund", employeeID="E07", lastLogonTimestamp=ago(400))
put("sokafor", lastLogonTimestamp=ago(3))
put("breakglass-dc", lastLogonTimestamp=ago(1))
put("nberg", accountExpires=ago(120))
put("Tariff Editors", managedBy=dn("ralmeida"))
put("Drivers", managedBy=dn("glund"))
put("pbrandt", [LAST_SET], pwdLastSet=ago(2900))
put("svc_sql", [LAST_SET], pwdLastSet=ago(3300))
put("breakglass-dc", [LAST_SET], pwdLastSet=ago(60))
PY

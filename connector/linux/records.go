package linux

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

const day = 24 * time.Hour

// noShells are the shells that let nobody in.
var noShells = map[string]bool{
	"nologin": true, "false": true, "true": true, "sync": true, "halt": true, "shutdown": true, "git-shell": false,
}

// serviceName is how accounts of services are usually called.
var serviceName = regexp.MustCompile(`(?i)^(svc|srv|service|app|bot|job|batch|agent)[-_.]|[-_.](svc|srv|service|app|bot|job|agent)$`)

// interactive reports whether somebody can sign in with a: it has a real shell.
func (a *account) interactive() bool {
	if a.shell == "" {
		return true // /bin/sh then
	}
	return !noShells[a.shell[strings.LastIndexByte(a.shell, '/')+1:]]
}

// kind says what is certain of the host alone; the rest is inventory's to tell.
func (a *account) kind() (access.AccountKind, string) {
	used := len(a.keys) > 0 || a.password == passwordSet
	switch {
	case a.uid == 0:
		return access.BuiltInAccount, "uid 0"
	case serviceName.MatchString(a.name):
		return access.ServiceAccount, "it is named like a service"
	case a.uid < 1000 && a.interactive() && used:
		return access.ServiceAccount, "a system account that can sign in"
	case a.uid < 1000:
		return access.BuiltInAccount, "uid below 1000"
	case !a.interactive() && !strings.Contains(a.displayName(), " "):
		return access.BuiltInAccount, "no shell to sign in with"
	}
	return "", ""
}

func (a *account) displayName() string {
	name, _, _ := strings.Cut(a.gecos, ",")
	if name = strings.TrimSpace(name); name == a.name {
		return ""
	}
	return name
}

// status says whether a can be used now. A locked password alone shuts nobody out
// who has a key, unless sshd goes by the lock itself (UsePAM no).
func (a *account) status(d daemon, now time.Time) access.AccountStatus {
	locked := a.password == passwordLocked || a.password == passwordNoneLocked
	expired := a.expired(now)
	switch {
	case locked && expired:
		return access.Disabled
	case expired:
		return access.Expired
	case locked && (len(a.keys) == 0 && !a.keysUnread || !d.pam) && a.uid != 0:
		return access.Locked
	}
	return access.Enabled
}

// over reports whether the account itself has expired.
func (a *account) over(now time.Time) bool {
	return a.expires >= 0 && a.expires <= int(now.Unix()/int64(day/time.Second))
}

// expired reports whether it has, or its password is too old to be changed even.
func (a *account) expired(now time.Time) bool {
	today := int(now.Unix() / int64(day/time.Second))
	return a.over(now) || a.password == passwordSet && a.inactive >= 0 && a.maxDays >= 0 && a.changed > 0 && today > a.changed+a.maxDays+a.inactive
}

func dayTime(days int) access.Time {
	if days <= 0 {
		return 0
	}
	return access.TimeOf(time.Unix(int64(days)*int64(day/time.Second), 0))
}

// record is a as inventory takes it.
func (h *Host) record(a *account, f *facts, now time.Time) *connector.Account {
	kind, reason := a.kind()
	r := &connector.Account{
		ID: native(a.name), Login: clean(a.name), DisplayName: clean(a.displayName()),
		Kind: kind, KindReason: reason, Status: a.status(f.daemon, now), Interactive: a.interactive(),
		Expires: dayTime(a.expires), LastUsed: access.TimeOf(a.login),
		Attributes: map[string]string{
			"uid": strconv.Itoa(a.uid), "gid": strconv.Itoa(a.gid), "home": clean(a.home), "shell": clean(a.shell),
		},
	}
	if a.expires == 0 {
		r.Expires = access.TimeOf(time.Unix(1, 0)) // zero would be "no end"
	}
	// lastlog sees logins at a terminal. That one never came says nothing of a
	// service, which is used in other ways.
	person := r.Interactive && (kind == "" || kind == access.PersonAccount || kind == access.AdminAccount)
	r.UsageKnown = f.usage && (!a.login.IsZero() || a.neverLogged && person)
	if a.password != passwordUnknown {
		r.Attributes["password"] = string(a.password)
	}
	if a.foreign {
		r.Attributes["name_service"] = clean(strings.Join(f.names.passwd, ", "))
		r.OpenedBy = h.openedBy(a, f)
	}
	if a.keysUnread {
		r.Attributes["authorized_keys"] = "too large to read whole"
	}
	return r
}

// credentials are what a can sign in with. A locked password is none.
func (a *account) credentials() (list []*connector.Credential) {
	id := native(a.name)
	switch a.password {
	case passwordSet:
		list = append(list, &connector.Credential{Account: id, Kind: access.Password, Algorithm: a.scheme, Changed: dayTime(a.changed)})
	case passwordEmpty:
		list = append(list, &connector.Credential{Account: id, Kind: access.Password, Options: "empty: every password fits", Changed: dayTime(a.changed)})
	case passwordUnknown, passwordLocked, passwordNone, passwordNoneLocked:
	}
	for _, k := range a.keys {
		c := &connector.Credential{
			Account: id, Kind: access.SSHKey, Fingerprint: k.fingerprint,
			Algorithm: clean(k.algorithm), Options: k.options, Changed: k.changed,
		}
		if k.authority {
			c.Kind = access.Certificate
		}
		list = append(list, c)
	}
	return list
}

func groupID(name string) string { return native("group:" + name) }

// groupRecord is a group as an entitlement.
func (g *group) record() *connector.Entitlement {
	return &connector.Entitlement{
		ID: groupID(g.name), Kind: "group", Name: clean(g.name),
		Capabilities: groupUses[g.name].capabilities(),
	}
}

// uidZero is what every account with uid 0 holds.
const uidZero = "uid:0"

func uidZeroRecord() *connector.Entitlement {
	return &connector.Entitlement{
		ID: uidZero, Kind: "attribute", Name: "uid 0", Description: "the account is root, whatever its name",
		Capabilities: uses{shell: true}.capabilities(),
	}
}

// record is a permission of sudo as an entitlement.
func (r *rules) record(k sudoKey) *connector.Entitlement {
	as := k.as.user + k.as.not
	if k.as.group != "" {
		as = "itself in group " + k.as.group
	}
	e := &connector.Entitlement{
		ID: k.id(), Kind: "sudo", Name: clean("run " + k.command + " as " + as),
		Capabilities: r.sudoCapabilities(k),
	}
	switch {
	case k.otherPassword:
		e.Description = "sudo asks for the password of the other account (targetpw, rootpw or runaspw)"
	case k.command == "ALL" && r.hasExceptions(k):
		e.Description = "the rule leaves commands out, which stops nobody: a copy of such a command under another name may be run"
	case r.noExec[k]:
		e.Description = "the command may not start others (NOEXEC)"
	}
	return e
}

// hasExceptions reports whether the policy leaves commands out of ALL.
func (r *rules) hasExceptions(k sudoKey) bool {
	for _, e := range r.events {
		if e.negated && e.key.as == k.as && !e.covers(k) {
			return true
		}
	}
	return false
}

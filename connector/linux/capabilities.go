package linux

import (
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// maxImpersonated caps how many accounts a rule that runs as "everybody but" or
// as a group is written out for; above that it counts as control of the host.
const maxImpersonated = 500

// groupUses is what membership of a group gives by the way the host is built.
var groupUses = map[string]uses{
	"docker":          {shell: true}, // the daemon mounts the host's root for whoever asks
	"lxd":             {shell: true},
	"lxc":             {shell: true},
	"incus-admin":     {shell: true},
	"libvirt":         {shell: true},
	"podman":          {shell: true},
	"disk":            {shell: true, reads: true, erases: true}, // raw devices: every file, past its mode
	"kmem":            {shell: true, reads: true},
	"shadow":          {reads: true}, // hashes of passwords
	"adm":             {reads: true}, // logs
	"systemd-journal": {reads: true},
	"tape":            {reads: true, erases: true}, // backups
	"staff":           {config: true},              // /usr/local, where root's shell looks first
}

var onSystem = connector.Target{Kind: connector.OnSystem}

// capabilities writes uses as rights on the whole host.
func (u uses) capabilities() (list []connector.Capability) {
	add := func(is bool, right access.Right) {
		if is {
			list = append(list, connector.Capability{Right: right, On: onSystem})
		}
	}
	add(u.shell, access.BypassControls)
	add(u.grants, access.GrantAccess)
	add(u.reads, access.ReadSensitive)
	add(u.erases, access.DestroyData)
	add(u.config, access.ChangeConfig)
	if u.becomes != "" {
		list = append(list, impersonates(u.becomes))
	}
	return list
}

func impersonates(name string) connector.Capability {
	return connector.Capability{
		Right: access.Impersonate,
		On:    connector.Target{Kind: connector.OnAccount, ID: native(name)},
	}
}

// sudoCapabilities is what one permission of sudo gives.
func (r *rules) sudoCapabilities(k sudoKey) []connector.Capability {
	if k.otherPassword {
		return nil // who knows the other account's password needs no sudo
	}
	u := usesOf(k.command, r.noExec[k])
	if u.becomes != "" && r.w.byName[u.becomes] == nil {
		u.becomes = ""
	}
	switch {
	case k.as.group != "":
		if u.shell {
			return groupUses[k.as.group].capabilities()
		}
		return nil
	case k.as.not != "":
		return r.everybodyBut(k, u)
	case k.as.user == "ALL":
		return r.asRoot(k, u)
	case strings.HasPrefix(k.as.user, "%"):
		if g := r.w.byGroup[k.as.user[1:]]; g != nil {
			return r.become(g.members, k, u)
		}
		return nil
	}
	if a := r.w.byName[k.as.user]; a != nil {
		return r.become([]*account{a}, k, u)
	}
	if k.as.user == "#0" || k.as.user == "root" {
		return r.asRoot(k, u)
	}
	return nil
}

// become is the right to run as any of some accounts; as one with uid 0 it is
// worth what the command gives.
func (r *rules) become(accounts []*account, k sudoKey, u uses) (list []connector.Capability) {
	if len(accounts) > maxImpersonated {
		return uses{shell: true}.capabilities()
	}
	root := false
	for _, a := range accounts {
		if a.uid == 0 {
			root = true
			continue
		}
		list = append(list, impersonates(a.name))
	}
	if root {
		list = append(r.asRoot(k, u), list...)
	}
	return list
}

// asRoot is what a command gives that runs as root.
func (r *rules) asRoot(k sudoKey, u uses) []connector.Capability {
	list := u.capabilities()
	for _, c := range r.keyOwners(k.command) {
		list = addCapability(list, c)
	}
	return list
}

// everybodyBut is `(ALL, !root)`: everybody else is still to be had.
func (r *rules) everybodyBut(k sudoKey, u uses) []connector.Capability {
	not := map[string]bool{}
	for name := range strings.SplitSeq(k.as.not, ",!") {
		not[name] = true
	}
	var rest []*account
	for _, a := range r.w.accounts {
		if !not[a.name] {
			rest = append(rest, a)
		}
	}
	return r.become(rest, k, u)
}

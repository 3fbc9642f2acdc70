package ldap

import (
	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

var (
	// allOfIt is what somebody can do who controls every object of the directory.
	allOfIt = []access.Right{access.GrantAccess, access.Impersonate, access.ChangeConfig, access.ReadSensitive, access.BypassControls}

	// builtinRights are groups of every domain by the RID that is the same in all
	// of them, below S-1-5-32.
	builtinRights = map[uint64][]access.Right{
		544: allOfIt,                                                         // Administrators
		548: {access.GrantAccess, access.Impersonate},                        // Account Operators
		549: {access.ChangeConfig, access.Impersonate},                       // Server Operators: services of domain controllers
		550: {access.ChangeConfig},                                           // Print Operators: drivers on domain controllers
		551: {access.ReadSensitive, access.ChangeConfig, access.Impersonate}, // Backup Operators: the database with all hashes, and writing it back
	}
	// domainRights are those below the domain's own SID.
	domainRights = map[uint64][]access.Right{
		512: allOfIt,                                                        // Domain Admins
		516: {access.ReadSensitive, access.Impersonate, access.GrantAccess}, // Domain Controllers replicate all secrets
		518: {access.ChangeConfig, access.GrantAccess},                      // Schema Admins: the rights that new objects are born with
		519: allOfIt,                                                        // Enterprise Admins
		520: {access.ChangeConfig},                                          // Group Policy Creator Owners
		526: {access.Impersonate},                                           // Key Admins write keys to sign in with
		527: {access.Impersonate},                                           // Enterprise Key Admins
	}
)

// capabilitiesOf are those of a well-known group. Names do not count: anybody who
// may rename a group could hide one, and they are translated.
func capabilitiesOf(sid string) []connector.Capability {
	rid, domain := relative(sid)
	switch {
	case domain == builtinDomain:
		return capabilities(builtinRights[rid]...)
	case len(domain) > len(domainPrefix) && domain[:len(domainPrefix)] == domainPrefix:
		return capabilities(domainRights[rid]...)
	}
	return nil
}

// capabilities are rights on the directory itself.
func capabilities(rights ...access.Right) (list []connector.Capability) {
	for _, r := range rights {
		list = append(list, connector.Capability{Right: r, On: connector.Target{Kind: connector.OnSystem}})
	}
	return list
}

package postgres

import (
	"fmt"
	"strings"

	"github.com/writhq/writ/connector"
)

// groupRole says which group of the directory gives which role: both by their
// names, with at most one asterisk in the role, which then stands for the same
// text in the group.
type groupRole struct{ role, group string }

// parseGroupRoles reads option group_roles: ROLE=GROUP or PATTERN, with
// semicolons between. Of a group's distinguished name the first part counts.
func parseGroupRoles(text string) (list []groupRole, why string) {
	for item := range strings.SplitSeq(text, ";") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		role, group, named := strings.Cut(item, "=")
		if !named {
			group = role
		}
		role, group = strings.TrimSpace(role), commonName(strings.TrimSpace(group))
		stars := strings.Count(role, "*")
		switch {
		case role == "" || group == "":
			return nil, fmt.Sprintf("group_roles: %q names no role or no group", item)
		case stars > 1 || strings.Count(group, "*") > stars:
			return nil, fmt.Sprintf("group_roles: %q may have one asterisk on each side", item)
		case !named && stars == 0:
			return nil, fmt.Sprintf("group_roles: %q must be ROLE=GROUP, or a pattern with an asterisk for roles and groups of the same name", item)
		}
		list = append(list, groupRole{role, group})
	}
	return list, ""
}

// commonName is the value of the first part of a distinguished name, by which the
// directory's groups are called.
func commonName(group string) string {
	first, _, several := strings.Cut(group, ",")
	kind, value, is := strings.Cut(first, "=")
	if is && (several || strings.EqualFold(kind, "cn")) {
		return value
	}
	return group
}

// groupOf is the group that gives a role.
func (g groupRole) groupOf(role string) (group string, gives bool) {
	before, after, pattern := strings.Cut(g.role, "*")
	if !pattern {
		return g.group, role == g.role
	}
	if len(role) < len(before)+len(after) || !strings.HasPrefix(role, before) || !strings.HasSuffix(role, after) {
		return "", false
	}
	return strings.Replace(g.group, "*", role[len(before):len(role)-len(after)], 1), true
}

// groupGrants lets the directory's groups hold the roles that option group_roles
// says they give.
func (k *catalog) groupGrants() {
	met := map[groupRole]bool{}
	for _, r := range k.order {
		for _, g := range k.groupRoles {
			group, gives := g.groupOf(r.Name)
			if !gives {
				continue
			}
			id := r.entitlementID()
			if id == "" {
				k.reject(optGroupRoles, fmt.Sprintf("role %q signs in by itself and has no members, so no group can give it", clean(r.Name)))
			} else {
				k.give(connector.Target{Kind: connector.OnEntitlement, System: k.directory, ID: clean(group)}, id, 0)
			}
			met[g] = true
		}
	}
	for _, g := range k.groupRoles {
		if !met[g] {
			k.reject(optGroupRoles, fmt.Sprintf("the cluster has no role %q", clean(g.role)))
		}
	}
}

// reject is a setting about what the cluster does not have.
func (k *catalog) reject(option, why string) {
	k.misses = append(k.misses, &connector.Reject{Where: "option " + option, Reason: why})
}

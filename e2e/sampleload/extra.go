package sampleload

import "strings"

// Extra tells which facts that only a server says are ones that every server of
// its kind brings along: its built-in accounts with what they hold, and
// entitlements that the sample does not name. That somebody else holds one of
// those is not among them. got is all that the server says, want what the sample
// says; what PostgreSQL lets everybody do in a fresh database, and who owns its
// schema public, is; so is in which groups a domain's own groups are.
func Extra(got, want map[string]bool) func(line string) bool {
	builtIn, named := map[string]bool{}, map[string]bool{}
	for line := range got {
		if word := strings.Fields(line); word[0] == "kind" && word[2] == "built_in" {
			builtIn[word[1]] = true
		}
	}
	for line := range want {
		if word := strings.Fields(line); word[0] == "entitlement" {
			named[word[1]] = true
		}
	}
	return func(line string) bool {
		word := strings.Fields(line)
		switch word[0] {
		case "account", "name", "kind", "used", "credential", "changed":
			return builtIn[word[1]]
		case "grant":
			return word[1] == "account" && builtIn[word[2]] || word[1] == "entitlement" && !named[word[2]] ||
				!named[word[4]] && (freshDatabase(word[2], word[4]) || freshDomain(word[1], word[2]))
		case "entitlement", "capability":
			return !named[word[1]]
		case "resource":
			return true // what no privilege of the sample's is on
		}
		return false
	}
}

// freshDomain tells which groups a Windows domain is born with inside of others.
func freshDomain(holderKind, holder string) bool {
	return holderKind == "entitlement" && (holder == "group:domain-admins" || holder == usersGroup)
}

// freshDatabase tells grants that a database of PostgreSQL's is born with.
func freshDatabase(holder, entitlement string) bool {
	kind, rest, _ := strings.Cut(entitlement, ":")
	thing, right, _ := strings.Cut(rest, ":")
	switch kind {
	case "owner":
		return strings.HasSuffix(thing, ".public")
	case "schema":
		return holder == "role:PUBLIC" && strings.HasSuffix(thing, ".public") && right == "USAGE"
	case "database":
		return holder == "role:PUBLIC" && thing == "postgres" && (right == "CONNECT" || right == "TEMPORARY")
	}
	return false
}

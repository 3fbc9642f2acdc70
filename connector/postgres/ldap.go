package postgres

import (
	"net"
	"slices"
	"strings"

	"github.com/writhq/writ/connector"
)

// place is where a rule looks people up: an LDAP server, and what is below a base
// there. A rule that binds by a suffix or a domain has that for its base.
type place struct{ server, base string }

// place of a rule of method ldap.
func (r *rule) place() place {
	base := r.option("ldapbasedn")
	if base == "" {
		base = r.option("ldapsuffix")
	}
	if prefix := r.option("ldapprefix"); base == "" && strings.Contains(prefix, `\`) {
		base = prefix
	}
	return newPlace(r.option("ldapserver"), r.option("ldapport"), base)
}

func newPlace(server, port, base string) place {
	switch port {
	case "", "0", "389", "636": // one server, in the clear or with TLS
	default:
		server += ":" + port
	}
	parts := strings.Split(strings.ToLower(base), ",")
	for i, p := range parts {
		parts[i] = strings.TrimSpace(p)
	}
	return place{strings.ToLower(server), strings.TrimPrefix(strings.Join(parts, ","), ",")}
}

// holds reports whether all that is in q is in p.
func (p place) holds(q place) bool {
	return p.server == q.server && (p.base == q.base || p.base != "" && strings.HasSuffix(q.base, ","+p.base))
}

func (p place) String() string {
	if p.base == "" {
		return p.server
	}
	return p.server + "/" + p.base
}

// parsePlaces reads option ldap_server. A server without a base is all that is there.
func parsePlaces(text string) (list []place, why string) {
	for part := range strings.SplitSeq(text, ";") {
		if strings.Contains(part, "://") {
			return nil, "ldap_server must be SERVER or SERVER/BASE as pg_hba.conf names them, without ldap://"
		}
		if part = strings.TrimSpace(part); part != "" {
			server, base, _ := strings.Cut(part, "/")
			name, port, err := net.SplitHostPort(server)
			if err != nil {
				name = server // has no port
			}
			list = append(list, newPlace(name, port, base))
		}
	}
	return list, ""
}

// onePlace reports whether all places are in one of them.
func onePlace(all []place) bool {
	return slices.ContainsFunc(all, func(p place) bool {
		return !slices.ContainsFunc(all, func(q place) bool { return !p.holds(q) })
	})
}

// isDirectory reports whether a rule looks people up in the directory that option
// directory names: in a place that option ldap_server says is it, or, without that,
// in the only place that there is.
func (k *catalog) isDirectory(x *rule) bool {
	if len(k.places) == 0 {
		return k.openings.gate.onePlace
	}
	at := x.place()
	return slices.ContainsFunc(k.places, func(p place) bool {
		return p.holds(at) || p.base == "" && p.server == at.server
	})
}

// ldapOpeners is the account of the directory whose password a rule asks for.
func (k *catalog) ldapOpeners(x *rule, r *role) []connector.Target {
	o := k.openings
	if !k.isDirectory(x) {
		if len(k.places) > 0 {
			o.note("pg_hba.conf, line %d (ldap): %q is not among what option ldap_server says is %s; whose accounts it lets in is unknown", x.Line, x.place(), k.directory)
		} else {
			o.note("pg_hba.conf, line %d (ldap): rules name more than one LDAP server or base, so whether %q is %s is unknown; option ldap_server says which are", x.Line, x.place(), k.directory)
		}
		return nil
	}
	k.noteLDAP(x)
	return targets(k.directory, []string{r.Name})
}

// noteLDAP says what a rule asks of the directory beyond the password.
func (k *catalog) noteLDAP(x *rule) {
	o := k.openings
	if filter := x.option("ldapsearchfilter"); strings.Contains(filter, "(") {
		o.note("pg_hba.conf, line %d lets in only whom the directory finds by %q; accounts that it does not find seem to get in", x.Line, filter)
	}
	attribute := x.option("ldapsearchattribute")
	if prefix := x.option("ldapprefix"); strings.Contains(prefix, "=") {
		attribute, _, _ = strings.Cut(prefix, "=")
	}
	if attribute != "" && !strings.EqualFold(attribute, "uid") && !strings.EqualFold(attribute, "sAMAccountName") {
		o.note("pg_hba.conf, line %d finds accounts of the directory by %q; Writ takes the role's name for their login", x.Line, attribute)
	}
}

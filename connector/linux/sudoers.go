package linux

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// policy is what cvtsudoers prints: sudo's own reading of sudoers, aliases
// expanded. Writ never reads the language of sudoers itself.
type policy struct {
	Defaults []struct {
		Binding []sudoName       `json:"Binding"`
		Options []map[string]any `json:"Options"`
	} `json:"Defaults"`
	Specs []sudoSpec `json:"User_Specs"`
}

type sudoSpec struct {
	Users    []sudoName `json:"User_List"`
	Hosts    []sudoName `json:"Host_List"`
	Commands []struct {
		RunasUsers  []sudoName       `json:"runasusers"`
		RunasGroups []sudoName       `json:"runasgroups"`
		Options     []map[string]any `json:"Options"`
		Commands    []struct {
			Command string `json:"command"`
			Negated bool   `json:"negated"`
		} `json:"Commands"`
	} `json:"Cmnd_Specs"`
}

// sudoName is one member of a list of users, groups or hosts.
type sudoName struct {
	User     string `json:"username"`
	UID      *int   `json:"userid"`
	Group    string `json:"usergroup"`
	GID      *int   `json:"usergid"`
	Netgroup string `json:"netgroup"`
	Foreign  string `json:"nonunixgroup"`
	ForeignG any    `json:"nonunixgid"`
	Host     string `json:"hostname"`
	Network  string `json:"networkaddr"`
	Command  string `json:"command"` // Defaults may bind to commands
	Negated  bool   `json:"negated"`
}

// loose is how cvtsudoers up to 1.9.13 prints two options: a member of a list
// that is not an object, which is not JSON.
var loose = regexp.MustCompile(`(?m)^(\s*)("(?:runcwd|runchroot|role|type|apparmor_profile|privs|limitprivs)": ".*?")(,?)$`)

// readSudoers reads the sudo policy. A host without sudo has an empty one.
func (h *Host) readSudoers(ctx context.Context, p probe) (*policy, error) {
	const doing = "reading the sudo policy"
	if !p.tools["sudo"] {
		return &policy{}, nil
	}
	if !p.tools["cvtsudoers"] {
		return &policy{}, ErrNoCvtsudoers.With("linux %q: the host has sudo but not cvtsudoers, so sudo rules are unknown: install a sudo of 1.8.23 or newer that brings cvtsudoers along", h.name)
	}
	out, err := h.line.run(ctx, doing, scriptSudoers, nil, asRoot)
	if err != nil {
		return nil, err
	}
	read, err := parsePolicy(out)
	if err != nil {
		return nil, ErrHostCommand.With("linux %q: what cvtsudoers prints of the sudo policy cannot be read", h.name).Because(err)
	}
	return read, nil
}

func parsePolicy(out []byte) (*policy, error) {
	var read policy
	if len(out) == 0 {
		return nil, errors.New("it printed nothing")
	}
	err := json.Unmarshal(out, &read)
	if err != nil {
		err = json.Unmarshal(loose.ReplaceAll(out, []byte("$1{ $2 }$3")), &read)
	}
	if err != nil {
		return nil, fmt.Errorf("reading its JSON: %w", err)
	}
	return &read, nil
}

func (p *policy) warnings() []string {
	unknown := map[string]bool{}
	note := func(names []sudoName) {
		for _, n := range names {
			if n.Netgroup != "" {
				unknown["+"+n.Netgroup] = true
			}
			if n.Foreign != "" || n.ForeignG != nil {
				unknown["%:"+n.Foreign] = true
			}
		}
	}
	for _, s := range p.Specs {
		note(s.Users)
		note(s.Hosts)
		for _, c := range s.Commands {
			note(c.RunasUsers)
		}
	}
	var list []string
	for _, name := range sortedKeys(unknown) {
		list = append(list, fmt.Sprintf("sudo rules name %q, whose members the host does not tell; who holds those rules is unknown", clean(name)))
	}
	return list
}

// defaults is what of Defaults changes who may do what.
type defaults struct {
	otherPassword bool   // targetpw, rootpw, runaspw: the holder must know another account's password
	noPassword    bool   // !authenticate
	runas         string // runas_default
}

// defaultsFor collects the Defaults that apply on this host to a holder.
func (w *world) defaultsFor(p *policy, holds func(sudoName) bool) defaults {
	d := defaults{runas: "root"}
	for _, entry := range p.Defaults {
		applies := len(entry.Binding) == 0
		for _, b := range entry.Binding {
			match := false
			switch {
			case b.Command != "":
			case b.Host != "" || b.Network != "":
				match = w.hostMatches(b)
			default:
				match = holds(b)
			}
			if match {
				applies = !b.Negated
			}
		}
		if !applies {
			continue
		}
		for _, option := range entry.Options {
			d.apply(option)
		}
	}
	return d
}

func (d *defaults) apply(option map[string]any) {
	for _, name := range []string{"targetpw", "rootpw", "runaspw"} {
		if on, ok := option[name].(bool); ok {
			d.otherPassword = on
		}
	}
	if on, ok := option["authenticate"].(bool); ok {
		d.noPassword = !on
	}
	if name, ok := option["runas_default"].(string); ok && name != "" {
		d.runas = name
	}
}

// world is what names in a policy are compared with.
type world struct {
	*facts
	names     []string
	addresses []netip.Addr
}

func newWorld(f *facts, p probe) *world {
	w := &world{facts: f}
	for _, name := range p.names {
		short, _, _ := strings.Cut(name, ".")
		w.names = append(w.names, strings.ToLower(name), strings.ToLower(short))
	}
	for _, text := range p.addresses {
		if a, err := netip.ParseAddr(text); err == nil {
			w.addresses = append(w.addresses, a)
		}
	}
	return w
}

// here reports whether a list of hosts means this one: the last member that
// matches decides.
func (w *world) here(hosts []sudoName) bool {
	applies := false
	for _, h := range hosts {
		if w.hostMatches(h) {
			applies = !h.Negated
		}
	}
	return applies
}

func (w *world) hostMatches(h sudoName) bool {
	switch {
	case h.Host == "ALL", h.Netgroup != "":
		return true // who is in a netgroup is unknown, and doubt is caution
	case h.Network != "":
		return w.inNetwork(h.Network)
	}
	return slices.ContainsFunc(w.names, func(name string) bool {
		ok, err := path.Match(strings.ToLower(h.Host), name)
		return ok && err == nil
	})
}

func (w *world) inNetwork(text string) bool {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		address, mask, _ := strings.Cut(text, "/")
		a, err := netip.ParseAddr(address)
		if err != nil {
			return false
		}
		bits := a.BitLen()
		if m, err := netip.ParseAddr(mask); err == nil {
			bits = onesIn(m)
		}
		if prefix, err = a.Prefix(bits); err != nil {
			return false
		}
	}
	return slices.ContainsFunc(w.addresses, prefix.Contains)
}

func onesIn(mask netip.Addr) (bits int) {
	for _, b := range mask.AsSlice() {
		for ; b != 0; b <<= 1 {
			bits++
		}
	}
	return bits
}

// matches reports whether a member of a list of users means a.
func (w *world) matches(n sudoName, a *account) bool {
	switch {
	case n.User == "ALL":
		return true
	case n.User != "":
		return strings.EqualFold(n.User, a.name) || n.User == "#"+strconv.Itoa(a.uid)
	case n.UID != nil:
		return *n.UID == a.uid
	}
	g := w.groupOf(n)
	return g != nil && a.inGroup(g)
}

// groupOf finds the group that a member of a list means, if it means one.
func (w *world) groupOf(n sudoName) *group {
	if n.Group != "" && !strings.HasPrefix(n.Group, "#") {
		return w.byGroup[n.Group]
	}
	gid := -1
	if n.GID != nil {
		gid = *n.GID
	} else if id, err := strconv.Atoi(strings.TrimPrefix(n.Group, "#")); err == nil && n.Group != "" {
		gid = id
	}
	for _, g := range w.groups {
		if g.gid == gid {
			return g
		}
	}
	return nil
}

// listMatches reports whether a list of users means a: the last member that
// matches decides.
func (w *world) listMatches(users []sudoName, a *account) bool {
	in := false
	for _, n := range users {
		if w.matches(n, a) {
			in = !n.Negated
		}
	}
	return in
}

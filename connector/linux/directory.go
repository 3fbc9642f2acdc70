package linux

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/writhq/writ/connector"
)

// maxLookup caps how many accounts and groups of a directory are looked up by name.
const maxLookup = 2000

// lookupPart is how many are looked up by one command, which has to end in time
// although each may take the directory a while.
const lookupPart = 100

// maxRounds caps how often what was looked up leads to something else to look up:
// a group to its members, and those to their groups.
const maxRounds = 4

// markForeign tells what a directory brings from what is the host's own. A name
// that is in both is the host's: its own files are asked first.
func (f *facts) markForeign() {
	for _, a := range f.accounts {
		a.foreign = len(f.names.passwd) > 0 && !f.names.accounts[a.name]
	}
	for _, g := range f.groups {
		g.foreign = len(f.names.group) > 0 && !f.names.groups[g.name]
	}
}

// asking is accounts and groups to look up, by name or number.
type asking struct{ accounts, groups map[string]bool }

func newAsking() asking { return asking{map[string]bool{}, map[string]bool{}} }

// names are the accounts and groups that the sudo policy names.
func (p *policy) names() asking {
	ask := newAsking()
	note := func(list []sudoName) {
		for _, n := range list {
			switch {
			case n.User == "ALL":
			case n.User != "":
				ask.accounts[strings.TrimPrefix(n.User, "#")] = true
			case n.UID != nil:
				ask.accounts[strconv.Itoa(*n.UID)] = true
			case n.Group != "":
				ask.groups[strings.TrimPrefix(n.Group, "#")] = true
			case n.GID != nil:
				ask.groups[strconv.Itoa(*n.GID)] = true
			}
		}
	}
	for _, spec := range p.Specs {
		note(spec.Users)
		for _, c := range spec.Commands {
			note(c.RunasUsers)
			for _, n := range c.RunasGroups {
				if n.User != "" { // cvtsudoers prints groups to run as like users
					ask.groups[strings.TrimPrefix(n.User, "#")] = true
				}
			}
			note(slices.DeleteFunc(slices.Clone(c.RunasGroups), func(n sudoName) bool { return n.User != "" }))
		}
	}
	return ask
}

// lookUp asks by name for what the lists lack: a directory need not list itself,
// yet its people hold access here. It then joins accounts and groups anew.
func (h *Host) lookUp(ctx context.Context, f *facts, ask asking) error {
	for range maxRounds {
		f.addMissing(ask)
		lines := f.questions(ask)
		if len(lines) == 0 {
			break
		}
		for part := range slices.Chunk(lines, lookupPart) {
			if err := h.askByName(ctx, f, part); err != nil {
				return err
			}
		}
		ask = newAsking()
	}
	f.join()
	return nil
}

// addMissing adds what known groups and accounts refer to.
func (f *facts) addMissing(ask asking) {
	gids := map[int]bool{}
	for _, g := range f.groups {
		gids[g.gid] = true
		for _, name := range g.listed {
			if name != "" {
				ask.accounts[name] = true
			}
		}
	}
	for _, a := range f.accounts {
		for _, gid := range append([]int{a.gid}, a.also...) {
			if a.foreign && !gids[gid] {
				ask.groups[strconv.Itoa(gid)] = true
			}
		}
	}
}

// questions are the lines of what is not known and was not asked yet.
func (f *facts) questions(ask asking) (lines []string) {
	uids, gids := map[string]bool{}, map[string]bool{}
	for _, a := range f.accounts {
		uids[strconv.Itoa(a.uid)] = true
	}
	for _, g := range f.groups {
		gids[strconv.Itoa(g.gid)] = true
	}
	add := func(line string, known bool) {
		switch {
		case known || f.asked[line] || strings.ContainsAny(line, "\n\x00"):
		case len(f.asked) >= maxLookup:
			f.unasked++
		default:
			f.asked[line] = true
			lines = append(lines, line)
		}
	}
	for _, name := range sortedKeys(ask.groups) {
		add("g "+name, f.byGroup[name] != nil || gids[name])
	}
	for _, name := range sortedKeys(ask.accounts) {
		add("u "+name, f.byName[name] != nil || uids[name])
	}
	return lines
}

func (h *Host) askByName(ctx context.Context, f *facts, lines []string) error {
	const doing = "looking up accounts and groups of a directory"
	out, err := h.line.runNames(ctx, doing, scriptLookup, []byte(strings.Join(lines, "\n")+"\n"))
	if err != nil {
		return err
	}
	if !bytes.HasSuffix(out, []byte("E:end\n")) {
		return h.line.incomplete(doing, errors.New("the list has no end"))
	}
	for raw := range bytes.Lines(out) {
		tag, rest, _ := strings.Cut(strings.TrimRight(string(raw), "\n"), ":")
		switch tag {
		case "P":
			f.addAccount(rest)
		case "G":
			f.addGroup(rest)
		case "I":
			name, list, _ := strings.Cut(rest, ":")
			if a := f.byName[name]; a != nil {
				for _, text := range strings.Fields(list) {
					if gid, err := strconv.Atoi(text); err == nil && !slices.Contains(a.also, gid) {
						a.also = append(a.also, gid)
					}
				}
			}
		}
	}
	f.markForeign()
	return nil
}

// lookUpOwners asks for the owners and groups of files that nobody has named yet,
// and reports whether there were any.
func (h *Host) lookUpOwners(ctx context.Context, f *facts, files map[string]fileFact) (found bool, err error) {
	if len(f.names.passwd)+len(f.names.group) == 0 {
		return false, nil
	}
	ask := newAsking()
	for _, fact := range files {
		ask.accounts[strconv.Itoa(fact.uid)] = true
		if fact.mode&0o020 != 0 {
			ask.groups[strconv.Itoa(fact.gid)] = true
		}
	}
	before := len(f.accounts) + len(f.groups)
	if err := h.lookUp(ctx, f, ask); err != nil {
		return false, err
	}
	return len(f.accounts)+len(f.groups) > before, nil
}

// foreigners are how many accounts and groups a directory brings.
func (f *facts) foreigners() (accounts, groups int) {
	for _, a := range f.accounts {
		if a.foreign {
			accounts++
		}
	}
	for _, g := range f.groups {
		if g.foreign {
			groups++
		}
	}
	return accounts, groups
}

func (h *Host) directoryWarnings(f *facts) (list []string) {
	accounts, groups := f.foreigners()
	if h.directory == "" && accounts+groups > 0 {
		list = append(list, fmt.Sprintf("%d accounts and %d groups come from a directory (nsswitch.conf: %s): option directory, with the directory's name in Writ, shows whose they are",
			accounts, groups, clean(strings.Join(f.names.services(), ", "))))
	}
	if several := f.names.services(); h.directory != "" && accounts+groups > 0 && len(several) > 1 {
		list = append(list, fmt.Sprintf("nsswitch.conf names several services that bring accounts and groups (%s), and the host does not say which of them is %s: none of the %d accounts and %d groups that they bring is taken for one of its; leave one service there, if the others are not needed",
			clean(strings.Join(several, ", ")), h.directory, accounts, groups))
	}
	if others := h.otherDomains(f); h.directory != "" && len(others) > 0 {
		list = append(list, fmt.Sprintf("accounts or groups of the domains %s are not taken for those of %s: option domain says which domain is the directory's own",
			clean(strings.Join(others, ", ")), h.directory))
	}
	if f.unasked > 0 {
		list = append(list, fmt.Sprintf("groups and sudo rules name %d more accounts or groups than the %d that are looked up by name; what those hold is unknown", f.unasked, maxLookup))
	}
	return list
}

// otherDomains are those of names that are not the directory's.
func (h *Host) otherDomains(f *facts) []string {
	others := map[string]bool{}
	note := func(foreign bool, name string) {
		if own, other := h.domains.Own(name); foreign && own == "" {
			others[other] = true
		}
	}
	for _, a := range f.accounts {
		note(a.foreign, a.name)
	}
	for _, g := range f.groups {
		note(g.foreign, g.name)
	}
	return slices.Sorted(maps.Keys(others))
}

// fromOne reports whether what is not the host's own is the directory's: of several
// services, any may have brought it.
func (h *Host) fromOne(f *facts) bool { return h.directory != "" && len(f.names.services()) == 1 }

// openedBy is the directory's account with which one signs in as a.
func (h *Host) openedBy(a *account, f *facts) []connector.Target {
	if !a.foreign || !h.fromOne(f) {
		return nil
	}
	own, _ := h.domains.Own(a.name)
	if own == "" {
		return nil // openings would show another's access as this directory's
	}
	return []connector.Target{{Kind: connector.OnAccount, System: h.directory, ID: native(own)}}
}

// private reports whether g is the group that some account has for itself alone;
// directories often have none, and sssd makes it up.
func (f *facts) private(g *group) bool {
	a := f.byName[g.name]
	return a != nil && a.gid == g.gid && len(g.listed) == 0
}

// fromDirectory are the directory's groups that the host has as its own: who is in
// one there is in the other here.
func (h *Host) fromDirectory(f *facts) (list []*connector.Grant) {
	if !h.fromOne(f) {
		return nil
	}
	for _, g := range f.groups {
		if own, _ := h.domains.Own(g.name); g.foreign && own != "" && !f.private(g) {
			list = append(list, &connector.Grant{
				Holder:      connector.Target{Kind: connector.OnEntitlement, System: h.directory, ID: native(own)},
				Entitlement: groupID(g.name),
			})
		}
	}
	return list
}

package linux

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// surprise is power that no list of the host names: a file that somebody else
// may write, or a program that runs as root.
type surprise struct {
	entitlement connector.Entitlement
	holders     []sudoHolder
	everybody   bool // every account that can sign in
}

// writable lists who but its owner may write a file or folder.
func (w *world) writable(p string, fact fileFact, owner *account) (s surprise, found bool) {
	s.entitlement = connector.Entitlement{ID: native("file:" + p + ":write"), Kind: "file", Name: clean("write " + p)}
	if fact.uid != 0 && (owner == nil || fact.uid != owner.uid) {
		for _, a := range w.accounts {
			if a.uid == fact.uid {
				s.holders = append(s.holders, sudoHolder{account: a})
			}
		}
	}
	sticky := fact.kind == 'd' && fact.mode&0o1000 != 0
	if fact.mode&0o020 != 0 && !sticky {
		for _, g := range w.groups {
			if g.gid == fact.gid && g.gid != 0 && g.othersThan(owner) {
				s.holders = append(s.holders, sudoHolder{group: g})
				break
			}
		}
	}
	s.everybody = fact.mode&0o002 != 0 && !sticky
	return s, s.everybody || len(s.holders) > 0
}

// othersThan reports whether g has a member that is not owner: most accounts have
// a group of their own, which lets nobody in. A directory may keep its members to
// itself, and then the group counts as having some.
func (g *group) othersThan(owner *account) bool {
	if g.foreign && len(g.listed) == 0 && (owner == nil || g.name != owner.name) {
		return true
	}
	return slices.ContainsFunc(g.members, func(a *account) bool { return a != owner })
}

// writableKeys finds files of keys, and folders on the way to them, that somebody
// else may write: whoever may can sign in as their owner.
func (w *world) writableKeys(files map[string]fileFact) (list []surprise) {
	at := map[string]int{}
	for _, a := range w.accounts {
		if !a.interactive() {
			continue
		}
		for _, keyFile := range w.daemon.keyPaths(a) {
			for _, p := range around(keyFile, a.home) {
				fact, ok := files[p]
				if !ok {
					continue
				}
				s, found := w.writable(p, fact, a)
				if !found {
					continue
				}
				i, seen := at[p]
				if !seen {
					s.entitlement.Description = "whoever may write here decides which SSH keys sign in as " + clean(a.name)
					if w.daemon.strict {
						s.entitlement.Description += "; sshd (StrictModes) ignores keys here while that is so, but not start-up files of the shell"
					}
					i = len(list)
					at[p] = i
					list = append(list, s)
				}
				list[i].entitlement.Capabilities = addCapability(list[i].entitlement.Capabilities, w.controls(a))
			}
		}
	}
	return list
}

func addCapability(list []connector.Capability, c connector.Capability) []connector.Capability {
	if slices.Contains(list, c) || len(list) >= maxImpersonated {
		return list
	}
	return append(list, c)
}

// controls is the right to be a.
func (w *world) controls(a *account) connector.Capability {
	if a.uid == 0 {
		return connector.Capability{Right: access.BypassControls, On: onSystem}
	}
	return impersonates(a.name)
}

// writableCommands finds programs of sudo rules that somebody but root may
// write: what they put there runs as the rule says.
func (h *Host) writableCommands(ctx context.Context, r *rules) ([]surprise, error) {
	runs := map[string][]*account{}
	for _, e := range r.events {
		file, _, _ := strings.Cut(e.key.command, " ")
		file = strings.ReplaceAll(file, `\`, "")
		if e.negated || !strings.HasPrefix(file, "/") || strings.HasSuffix(file, "/") || strings.ContainsAny(file, "*?[\n\x00") {
			continue
		}
		as := r.w.byName[e.key.as.user]
		if e.key.as.user == "ALL" {
			as = r.w.byName["root"]
		}
		if as == nil {
			continue
		}
		for p := path.Clean(file); p != "/"; p = path.Dir(p) {
			if !slices.Contains(runs[p], as) {
				runs[p] = append(runs[p], as)
			}
		}
	}
	files, err := h.statFiles(ctx, "looking at the programs of sudo rules", sortedKeys(runs))
	if err != nil {
		return nil, err
	}
	var list []surprise
	for _, p := range sortedKeys(runs) {
		fact, ok := files[p]
		if !ok {
			continue
		}
		for _, as := range runs[p] {
			s, found := r.w.writable(p, fact, as)
			if !found {
				continue
			}
			s.entitlement.Description = "a sudo rule runs what lies here as " + clean(as.name)
			s.entitlement.Capabilities = []connector.Capability{r.w.controls(as)}
			list = append(list, s)
		}
	}
	return list, nil
}

// readSetuid finds programs that run as root whoever starts them and that the
// distribution did not bring, or that give a shell although it did.
func (h *Host) readSetuid(ctx context.Context, w *world) ([]surprise, error) {
	if !h.setuid {
		return nil, nil
	}
	const doing = "searching setuid programs"
	out, err := h.line.run(ctx, doing, scriptSetuid, nil, asRoot)
	if err != nil {
		return nil, err
	}
	files, err := h.parseStat(doing, out)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	owned, err := h.ownedByPackages(ctx, sortedKeys(files))
	if err != nil {
		return nil, err
	}
	var list []surprise
	for _, p := range sortedKeys(files) {
		if s, found := w.setuid(p, files[p], owned[p]); found {
			list = append(list, s)
		}
	}
	return list, nil
}

func (w *world) setuid(p string, fact fileFact, owned bool) (s surprise, found bool) {
	u := usesOf(p, false)
	base := path.Base(p)
	if owned && (!u.shell || base == "su" || base == "sudo" || base == "pkexec" || base == "mount") {
		return s, false // these ask who one is, or do one thing
	}
	// What an unknown program does as root is open; that it acts on the host is not.
	u.config = true
	s.entitlement = connector.Entitlement{
		ID: native("setuid:" + p), Kind: "setuid", Name: clean("run " + p + " as root"),
		Description:  fmt.Sprintf("setuid root, mode %04o, %s", fact.mode, map[bool]string{true: "given the bit after the distribution installed it", false: "in no package of the distribution"}[owned]),
		Capabilities: u.capabilities(),
	}
	switch {
	case fact.mode&0o001 != 0:
		s.everybody = true
	case fact.mode&0o010 != 0:
		for _, g := range w.groups {
			if g.gid == fact.gid && g.gid != 0 {
				s.holders = append(s.holders, sudoHolder{group: g})
				break
			}
		}
	}
	return s, s.everybody || len(s.holders) > 0
}

// ownedByPackages asks for all paths in one command. Where /bin is a link to
// /usr/bin a package may name either.
func (h *Host) ownedByPackages(ctx context.Context, paths []string) (map[string]bool, error) {
	const doing = "asking which programs belong to packages"
	ask := slices.Clone(paths)
	for _, p := range paths {
		if short, ok := strings.CutPrefix(p, "/usr"); ok {
			ask = append(ask, short)
		}
	}
	out, err := h.line.run(ctx, doing, scriptOwned, joinPaths(ask), asRoot)
	if err != nil {
		return nil, err
	}
	body, ended := bytes.CutSuffix(out, []byte("end\n"))
	if !ended {
		return nil, h.line.incomplete(doing, errors.New("the list has no end"))
	}
	owned := map[string]bool{}
	for raw := range bytes.Lines(body) {
		p := strings.TrimRight(string(raw), "\n")
		owned[p] = true
		owned["/usr"+p] = true
	}
	return owned, nil
}

package linux

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writhq/writ/connector"
)

// passwordState is what shadow says of a password, without its hash.
type passwordState string

const (
	passwordUnknown    passwordState = ""
	passwordSet        passwordState = "set"
	passwordLocked     passwordState = "locked"      // a hash behind an exclamation mark
	passwordNone       passwordState = "none"        // no password fits
	passwordNoneLocked passwordState = "none-locked" // none, and the account is marked locked
	passwordEmpty      passwordState = "empty"       // every password fits
)

// account is one line of passwd with what belongs to it.
type account struct {
	name, gecos, home, shell string
	uid, gid                 int
	password                 passwordState
	scheme                   string
	changed, maxDays         int // days since 1970, days; -1 is not set
	inactive, expires        int
	login                    time.Time
	neverLogged              bool
	groups                   []*group // primary first
	keys                     []publicKey
	keysUnread               bool
	also                     []int // gids that the host names for it, where it was asked
	foreign                  bool  // a directory's, not in the host's own files
}

// group is one line of group.
type group struct {
	name    string
	gid     int
	listed  []string   // as the line names them
	members []*account // listed and primary
	foreign bool       // a directory's, not in the host's own files
}

// daemon is how the host's sshd treats accounts and keys.
type daemon struct {
	known       bool
	keyFiles    []string
	keyCommand  bool
	pam         bool
	strict      bool
	authorities bool
	match       bool
	narrowed    []string // what else decides who may sign in
}

// facts is what accounts.sh says.
type facts struct {
	accounts []*account
	groups   []*group
	byName   map[string]*account
	byGroup  map[string]*group
	usage    bool
	daemon   daemon
	names    nameService
	asked    map[string]bool // what was looked up by name, found or not
	unasked  int             // how many names were too many to look up
}

// readAccounts reads accounts, groups, the state of passwords and last logins.
// Whoever the sudo policy names is looked up where the lists lack them.
func (h *Host) readAccounts(ctx context.Context, sudo *policy) (*facts, error) {
	const doing = "reading accounts and groups"
	out, err := h.line.runNames(ctx, doing, scriptAccounts, nil)
	if err != nil {
		return nil, err
	}
	f := newFacts()
	f.daemon = daemon{keyFiles: []string{".ssh/authorized_keys", ".ssh/authorized_keys2"}, pam: true, strict: true}
	var logins []string
	if logins, err = f.parse(out); err != nil {
		return nil, h.line.incomplete(doing, err)
	}
	if err := h.lookUp(ctx, f, sudo.names()); err != nil {
		return nil, err
	}
	f.noteLogins(logins)
	return f, nil
}

func newFacts() *facts {
	return &facts{byName: map[string]*account{}, byGroup: map[string]*group{}, names: newNameService(), asked: map[string]bool{}}
}

// parse takes what accounts.sh printed; it must end with its end mark.
func (f *facts) parse(out []byte) (logins []string, err error) {
	var shadows []string
	ended := false
	for raw := range bytes.Lines(out) {
		text := strings.TrimRight(string(raw), "\n")
		tag, rest, _ := strings.Cut(text, ":")
		if rest == "failed" {
			return nil, fmt.Errorf("a list of %s could not be had", tag)
		}
		switch tag {
		case "P":
			f.addAccount(rest)
		case "G":
			f.addGroup(rest)
		case "S":
			shadows = append(shadows, rest)
		case "L":
			logins = append(logins, rest)
		case "U":
			f.usage = true
		case "D":
			f.daemon.set(rest)
		case "N":
			f.names.serve(rest)
		case "FP":
			f.names.accounts[rest] = true
		case "FG":
			f.names.groups[rest] = true
		case "E":
			ended = true
		}
	}
	if !ended || len(f.accounts) == 0 {
		return nil, errors.New("the list has no end")
	}
	if !f.names.whole() {
		return nil, errors.New("the host's own accounts and groups could not be listed by themselves (getent -s files), or root is not among them")
	}
	for _, s := range shadows {
		f.noteShadow(s)
	}
	f.markForeign()
	return logins, nil
}

func (f *facts) addAccount(text string) {
	part := strings.Split(text, ":")
	if len(part) < 7 || part[0] == "" {
		return
	}
	uid, err1 := strconv.Atoi(part[2])
	gid, err2 := strconv.Atoi(part[3])
	if err1 != nil || err2 != nil || f.byName[part[0]] != nil {
		return // not an account to the host either; of two with one name, the first counts there
	}
	a := &account{
		name: part[0], uid: uid, gid: gid, gecos: part[4], home: part[5], shell: part[6],
		changed: -1, maxDays: -1, inactive: -1, expires: -1,
	}
	f.accounts = append(f.accounts, a)
	f.byName[a.name] = a
}

func (f *facts) addGroup(text string) {
	part := strings.Split(text, ":")
	if len(part) < 4 || part[0] == "" || f.byGroup[part[0]] != nil {
		return
	}
	gid, err := strconv.Atoi(part[2])
	if err != nil {
		return
	}
	g := &group{name: part[0], gid: gid}
	if part[3] != "" {
		g.listed = strings.Split(part[3], ",")
	}
	f.groups = append(f.groups, g)
	f.byGroup[g.name] = g
}

func (f *facts) noteShadow(text string) {
	part := strings.Split(text, ":")
	if len(part) < 7 {
		return
	}
	a := f.byName[part[0]]
	if a == nil {
		return
	}
	a.password, a.scheme = passwordState(part[1]), part[2]
	for i, field := range []*int{&a.changed, &a.maxDays, &a.inactive, &a.expires} {
		if days, err := strconv.Atoi(part[3+i]); err == nil && days >= 0 && days < 1_000_000 {
			*field = days
		}
	}
}

func (d *daemon) set(text string) {
	key, value, _ := strings.Cut(text, " ")
	d.known = d.known || key != "match" && key != "narrowed"
	switch key {
	case "authorizedkeysfile":
		d.keyFiles = strings.Fields(value)
	case "authorizedkeyscommand":
		d.keyCommand = value != "none"
	case "usepam":
		d.pam = value == "yes"
	case "strictmodes":
		d.strict = value == "yes"
	case "trustedusercakeys":
		d.authorities = value != "none"
	case "match":
		d.match = true
	case "narrowed":
		d.narrowed = append(d.narrowed, value)
	}
}

func (d *daemon) warnings() (list []string) {
	if !d.known {
		list = append(list, "`sshd -T` says nothing, so SSH keys are looked for in the usual places only")
	}
	if d.keyCommand {
		list = append(list, "sshd also takes SSH keys from a program (AuthorizedKeysCommand); those are unknown")
	}
	if d.authorities {
		list = append(list, "sshd trusts certificate authorities (TrustedUserCAKeys); who holds their certificates is unknown")
	}
	if d.match {
		list = append(list, "sshd_config has Match blocks; what they change for single accounts is unknown")
	}
	if len(d.narrowed) > 0 {
		list = append(list, fmt.Sprintf("who may sign in is narrowed by %s, which Writ does not read: accounts that are kept out seem to get in", clean(strings.Join(d.narrowed, ", "))))
	}
	return list
}

// join makes memberships of the names in groups, of primary groups, and of what
// the host says of single accounts.
func (f *facts) join() {
	byGID := map[int]*group{}
	for _, a := range f.accounts {
		a.groups = nil
	}
	for _, g := range f.groups {
		g.members = nil
		if byGID[g.gid] == nil {
			byGID[g.gid] = g
		}
	}
	for _, a := range f.accounts {
		if g := byGID[a.gid]; g != nil {
			g.members = append(g.members, a)
			a.groups = append(a.groups, g)
		}
	}
	for _, g := range f.groups {
		seen := map[*account]bool{}
		for _, a := range g.members {
			seen[a] = true
		}
		for _, name := range g.listed {
			if a := f.byName[name]; a != nil && !seen[a] {
				seen[a] = true
				g.members = append(g.members, a)
				a.groups = append(a.groups, g)
			}
		}
	}
	for _, a := range f.accounts {
		for _, gid := range a.also {
			if g := byGID[gid]; g != nil && !a.inGroup(g) {
				g.members = append(g.members, a)
				a.groups = append(a.groups, g)
			}
		}
	}
}

// lastlogTime is how lastlog ends a line; it is of fixed width.
const lastlogTime = "Mon Jan _2 15:04:05 -0700 2006"

func (f *facts) noteLogins(lines []string) {
	for _, text := range lines {
		a := f.byName[strings.TrimRight(text[:max(0, strings.IndexByte(text, ' '))], " ")]
		if a == nil {
			a = f.longestPrefix(text)
		}
		switch {
		case a == nil:
		case strings.HasSuffix(text, "**Never logged in**"):
			a.neverLogged = true
		case len(text) > len(lastlogTime):
			if t, err := time.Parse(lastlogTime, text[len(text)-len(lastlogTime):]); err == nil {
				a.login = t
			}
		}
	}
}

// longestPrefix finds the account that a line of lastlog begins with, where its
// name has a space in it.
func (f *facts) longestPrefix(text string) (found *account) {
	for _, a := range f.accounts {
		if strings.HasPrefix(text, a.name+" ") && (found == nil || len(a.name) > len(found.name)) {
			found = a
		}
	}
	return found
}

// mark is whose the account is, in Writ's words: the last field of GECOS, which root
// alone writes in the host's own files.
func (a *account) mark() string {
	fields := strings.Split(a.gecos, ",")
	if len(fields) < gecosFields {
		return ""
	}
	return connector.Signed(fields[gecosFields-1])
}

// gecosFields are the name, the room, two telephones and the rest.
const gecosFields = 5

// inGroup reports whether a is a member of g.
func (a *account) inGroup(g *group) bool { return slices.Contains(a.groups, g) }

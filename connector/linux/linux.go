package linux

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
)

// The rules of this kind of system.
var (
	ErrUnknownHostKey = fault.New(fault.Refused, "host-key-unknown", "the host's key is not known yet")
	ErrHostCommand    = fault.New(fault.Invalid, "host-command", "a command on the host went wrong")
	ErrNoCvtsudoers   = fault.New(fault.Invalid, "cvtsudoers-missing", "the host has sudo but not cvtsudoers, which reads its policy")
)

// The options that a host takes.
const (
	optKnownHosts = "known_hosts"
	optHostKey    = "host_key"
	optTimeout    = "timeout"
	optSetuid     = "setuid"
	optDirectory  = "directory"
	optDomain     = "domain"
	optHomes      = "homes"
	optDeleteHome = "delete_home"
	optKeepRoot   = "keep_root"
)

const (
	defaultTimeout = 2 * time.Minute
	defaultHomes   = "/home"
)

// Spec describes this kind of system.
func Spec() connector.Spec {
	return connector.Spec{
		Kind: "linux", Title: "Linux host over SSH", Address: "ssh://writ@db1.example.com:22",
		Options: []connector.Option{
			{Name: optKnownHosts, Help: "the host's key: the path of a known_hosts file, or one line of such a file", Path: isFile},
			{Name: optHostKey, Help: "the host's key by its fingerprint, SHA256:…; instead of known_hosts"},
			{Name: optTimeout, Help: "seconds that one command on the host may take", Default: "120"},
			{Name: optSetuid, Help: "search the host's file systems for setuid programs: on or off", Default: "on"},
			{Name: optDirectory, Help: "the name, in Writ, of the directory that the host takes accounts and groups from"},
			{Name: optDomain, Help: "that directory's domain as the host writes it with names (ana@example.com, EXAMPLE\\ana), several with commas between; names of other domains are another directory's"},
			{Name: optHomes, Help: "the folder that homes of new accounts are made in", Default: defaultHomes},
			{Name: optDeleteHome, Help: "delete an account's home with it: on or off", Default: "off"},
			{Name: optKeepRoot, Help: "give accounts of uid 0 other passwords and keys too: on or off", Default: "off"},
		},
		Changes: []connector.ChangeKind{
			connector.AddGrant, connector.RemoveGrant, connector.DisableAccount, connector.EnableAccount,
			connector.CreateAccount, connector.UpdateAccount, connector.DeleteAccount, connector.EndSessions,
		},
		Settable: []connector.Setting{
			{Name: setName, Help: "what people call it: the first field of GECOS, without commas and colons"},
			{Name: setShell, Help: "its shell, one of /etc/shells, or nologin or false", Required: true},
			{Name: setHome, Help: "its home, a folder in the one that option homes names; without, one called like the login", Fixed: true},
		},
		FirstPassword: true,
		Keeps:         []connector.SecretKind{connector.Password, connector.SSHKey},
		Takes:         connector.SecretPolicy{Length: leastPassword, Most: mostPassword, Without: connector.NotPrintable},
		Open:          Open,
	}
}

// Host is one Linux host.
type Host struct {
	name   string
	line   *line
	now    func() time.Time
	setuid bool

	homes      string // the folder that homes are made in
	deleteHome bool
	keepRoot   bool
	directory  string // the system that accounts and groups come from, by its name in Writ
	domains    connector.Domains
}

var (
	_ connector.Maker  = (*Host)(nil)
	_ connector.Keeper = (*Host)(nil)
)

// Open checks cfg. The first command connects.
func Open(_ context.Context, cfg connector.Config) (connector.Connector, error) {
	for name := range cfg.Options {
		if !slices.ContainsFunc(Spec().Options, func(o connector.Option) bool { return o.Name == name }) {
			return nil, connector.ErrInput.With("linux %q: option %q is not known", cfg.Name, name)
		}
	}
	timeout := defaultTimeout
	if text := cfg.Options[optTimeout]; text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds < 1 || seconds > 3600 {
			return nil, connector.ErrInput.With("linux %q: option timeout must be 1 to 3600 seconds", cfg.Name)
		}
		timeout = time.Duration(seconds) * time.Second
	}
	for _, name := range []string{optSetuid, optDeleteHome, optKeepRoot} {
		if value := cfg.Options[name]; value != "" && value != "on" && value != "off" {
			return nil, connector.ErrInput.With("linux %q: option %s must be on or off", cfg.Name, name)
		}
	}
	homes := cfg.Options[optHomes]
	if homes == "" {
		homes = defaultHomes
	}
	if !path.IsAbs(homes) || path.Clean(homes) != homes || homes == "/" || strings.ContainsAny(homes, ":\n\r\x00") {
		return nil, connector.ErrInput.With("linux %q: option homes must be the path of a folder, from / on", cfg.Name)
	}
	l, err := newLine(cfg, timeout)
	if err != nil {
		return nil, err
	}
	now := cfg.Now
	if now == nil {
		now = time.Now
	}
	return &Host{name: cfg.Name, line: l, now: now, setuid: cfg.Options[optSetuid] != "off", homes: homes, deleteHome: cfg.Options[optDeleteHome] == "on", keepRoot: cfg.Options[optKeepRoot] == "on", directory: cfg.Options[optDirectory], domains: connector.ParseDomains(cfg.Options[optDomain])}, nil
}

// Close ends the connection.
func (h *Host) Close() error { return h.line.close() }

// probe is what a host says of itself to anybody.
type probe struct {
	uid       int
	user      string
	from      string // the address that the host sees Writ at
	kernel    string
	system    string
	names     []string
	addresses []string
	sudoers   string // where nsswitch.conf says the sudo policy lies
	tools     map[string]bool
	elevates  bool // commands run as root, at once or through sudo
}

// look asks the host what it is and finds out whether commands can run as root.
func (h *Host) look(ctx context.Context) (probe, error) {
	out, err := h.line.run(ctx, "describing the host", scriptProbe, nil, asSelf)
	if err != nil {
		return probe{}, err
	}
	p := probe{uid: -1, tools: map[string]bool{}}
	for text := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSpace(text), ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(key) {
		case "uid":
			p.uid, _ = strconv.Atoi(value)
		case "user":
			p.user = clean(value)
		case "connection":
			p.from, _, _ = strings.Cut(value, " ")
		case "kernel":
			p.kernel = clean(value)
		case "system":
			p.system = clean(strings.Trim(value, `"'`))
		case "name":
			if value != "" {
				p.names = append(p.names, value)
			}
		case "addresses":
			p.addresses = strings.Fields(value)
		case "sudoers":
			p.sudoers = value
		case "tool":
			p.tools[value] = true
		}
	}
	if p.uid < 0 {
		return p, h.line.incomplete("describing the host", errors.New("it did not say who is signed in"))
	}
	h.line.setRoot(p.uid == 0)
	_, err = h.line.run(ctx, "trying sudo", ":", nil, asRoot)
	var refused *commandError
	switch {
	case err == nil:
		p.elevates = true
	case !errors.As(err, &refused):
		return p, err
	}
	return p, nil
}

// remedy is the line that lets the account that Writ uses read what it must.
func (p probe) remedy() string {
	return fmt.Sprintf("put `%s ALL=(root) NOPASSWD: /bin/sh` into the host's /etc/sudoers.d/writ, or sign in as root", p.user)
}

// Describe connects and says what the host is and what cannot be read there.
func (h *Host) Describe(ctx context.Context) (connector.Description, error) {
	p, err := h.look(ctx)
	if err != nil {
		return connector.Description{}, err
	}
	d := connector.Description{Kind: "linux", Version: strings.TrimSpace(p.system + " (" + p.kernel + ")")}
	if !p.elevates {
		d.Warnings = append(d.Warnings, fmt.Sprintf(
			"account %q may not run commands as root, so passwords' states, sudo rules, SSH keys and setuid programs are unknown: %s", p.user, p.remedy()))
		return d, nil
	}
	policy, err := h.readSudoers(ctx, p)
	if errors.Is(err, ErrNoCvtsudoers) {
		d.Warnings = append(d.Warnings, err.Error())
	} else if err != nil {
		return connector.Description{}, err
	}
	facts, err := h.readAccounts(ctx, policy)
	if err != nil {
		return connector.Description{}, err
	}
	d.Warnings = slices.Concat(d.Warnings, facts.daemon.warnings(), h.toolWarnings(p, facts), policy.warnings(), h.directoryWarnings(facts))
	return d, nil
}

func (h *Host) toolWarnings(p probe, facts *facts) (warnings []string) {
	if !facts.usage {
		warnings = append(warnings, "the host keeps no record of last logins: install lastlog or lastlog2; use is unknown")
	}
	if !p.tools["dpkg"] && !p.tools["rpm"] {
		warnings = append(warnings, "the host has neither dpkg nor rpm, so every setuid program counts as outside the distribution")
	}
	if !h.setuid {
		warnings = append(warnings, "the search for setuid programs is switched off (option setuid)")
	}
	if strings.Contains(p.sudoers, "sss") || strings.Contains(p.sudoers, "ldap") {
		warnings = append(warnings, "sudo rules also come from a directory (nsswitch.conf: sudoers); only those in files are seen")
	}
	return warnings
}

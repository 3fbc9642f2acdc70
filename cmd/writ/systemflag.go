package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/secret"
)

var (
	errSystemFlag = fault.New(fault.Invalid, "bad-system", "a system is given as [NAME=]KIND=ADDRESS")
	errPassword   = fault.New(fault.Invalid, "password-in-address", "an address must not carry a password")
)

// systemFlag is one --system: what to read, and how.
type systemFlag struct {
	name, kind, address string
	options             map[string]string
	credential          string // env:NAME or file:PATH
}

// systemFlags are the flags that say which systems to read; every command that
// takes a system takes the same ones.
type systemFlags struct {
	systems, credentials, options []string
}

// parse reads the flags into systems, each with its own options and credential.
func (f *systemFlags) parse(kinds []string) ([]systemFlag, error) {
	list := make([]systemFlag, 0, len(f.systems))
	index := map[string]int{}
	for _, text := range f.systems {
		s, err := parseSystem(text, kinds)
		if err != nil {
			return nil, err
		}
		if _, twice := index[s.name]; twice {
			return nil, errSystemFlag.With("two systems are called %q: name them, as in --system NAME=%s=ADDRESS", s.name, s.kind)
		}
		index[s.name] = len(list)
		list = append(list, s)
	}
	err := eachSetting(f.options, "--option NAME.KEY=VALUE", func(key, value string) error {
		name, option := splitOption(key, index)
		i, ok := index[name]
		if !ok || option == "" {
			return errSystemFlag.With("--option %s: no --system is called that; write --option NAME.KEY=VALUE with one of: %s", key, names(list))
		}
		list[i].options[option] = value
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, eachSetting(f.credentials, "--credential NAME=env:VARIABLE or NAME=file:PATH", func(name, value string) error {
		i, ok := index[name]
		if !ok {
			return errSystemFlag.With("--credential %s: no --system is called that; there are: %s", name, names(list))
		}
		list[i].credential = value
		return nil
	})
}

func eachSetting(settings []string, form string, fn func(key, value string) error) error {
	for _, text := range settings {
		key, value, ok := strings.Cut(text, "=")
		if !ok || key == "" {
			return errSystemFlag.With("%q is not of the form %s", text, form)
		}
		if err := fn(key, value); err != nil {
			return err
		}
	}
	return nil
}

// splitOption finds the system in NAME.KEY: names may hold dots, so the longest
// name that fits wins.
func splitOption(key string, index map[string]int) (name, option string) {
	for n := range index {
		if rest, ok := strings.CutPrefix(key, n+"."); ok && len(n) > len(name) {
			name, option = n, rest
		}
	}
	return name, option
}

func names(list []systemFlag) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.name
	}
	return strings.Join(out, ", ")
}

// parseSystem reads [NAME=]KIND=ADDRESS. Without a name, the address gives one.
func parseSystem(text string, kinds []string) (systemFlag, error) {
	s := systemFlag{options: map[string]string{}}
	first, rest, ok := strings.Cut(text, "=")
	switch {
	case ok && slices.Contains(kinds, first):
		s.kind, s.address = first, rest
	case ok:
		s.name = first
		if s.kind, s.address, ok = strings.Cut(rest, "="); !ok || !slices.Contains(kinds, s.kind) {
			return s, errSystemFlag.With("%q: the kind must be one of %s, as in --system NAME=postgres=postgres://reader@host/db", text, strings.Join(kinds, ", "))
		}
	default:
		return s, errSystemFlag.With("%q is not of the form [NAME=]KIND=ADDRESS; the kinds are %s", text, strings.Join(kinds, ", "))
	}
	if s.address == "" || (s.name == "" && strings.HasPrefix(text, "=")) {
		return s, errSystemFlag.With("%q has no address", text)
	}
	if err := refusePassword(s.address); err != nil {
		return s, err
	}
	if s.name == "" {
		s.name = nameOf(s.address)
	}
	return s, nil
}

// refusePassword keeps secrets out of process lists and shell histories. The
// address itself is not repeated: it holds the password.
func refusePassword(address string) error {
	u, err := url.Parse(address)
	if err == nil && u.Scheme != "" {
		_, has := u.User.Password()
		if !has && u.Query().Get("password") == "" {
			return nil
		}
	} else if !strings.Contains(address, "password=") {
		return nil
	}
	return errPassword.With("the address carries a password, which other processes can see: take it out, and give --credential NAME=env:VARIABLE or NAME=file:PATH, or nothing to be asked")
}

func nameOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return filepath.Base(filepath.Clean(address))
}

// credential reads what a system's credential refers to; without one, a person at
// a terminal is asked.
func (a *app) credential(s systemFlag) (secret.Secret, error) {
	kind, where, ok := strings.Cut(s.credential, ":")
	switch {
	case s.credential == "":
		return secret.Secret{}, nil
	case ok && kind == "env":
		value := os.Getenv(where)
		if value == "" {
			return secret.Secret{}, errSystemFlag.With("the credential of %s: environment variable %s is empty", s.name, where)
		}
		return secret.New([]byte(value)), nil
	case ok && kind == "file":
		return readCredential(s.name, where)
	case s.credential == "prompt":
		return a.prompt("Password of " + s.name + ": ")
	}
	return secret.Secret{}, errSystemFlag.With("the credential of %s must be env:VARIABLE, file:PATH or prompt", s.name)
}

const maxCredential = 64 << 10

func readCredential(system, path string) (secret.Secret, error) {
	info, err := os.Stat(path)
	if err != nil {
		return secret.Secret{}, errSystemFlag.With("the credential of %s cannot be read", system).Because(err)
	}
	if info.Size() > maxCredential || !info.Mode().IsRegular() {
		return secret.Secret{}, errSystemFlag.With("the credential of %s: %s is not a file of a credential's size", system, path)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return secret.Secret{}, errSystemFlag.With("the credential of %s: others can read %s; run chmod 600 on it", system, path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return secret.Secret{}, errSystemFlag.With("the credential of %s cannot be read", system).Because(err)
	}
	defer clear(b)
	if !strings.HasPrefix(string(b), "-----BEGIN") {
		return secret.New([]byte(strings.TrimRight(string(b), "\r\n"))), nil
	}
	return secret.New(b), nil
}

func (a *app) prompt(question string) (secret.Secret, error) {
	f, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return secret.Secret{}, errSystemFlag.With("there is no terminal to ask for a password at: use env:VARIABLE or file:PATH")
	}
	_, _ = fmt.Fprint(a.err, question)
	b, err := term.ReadPassword(int(f.Fd()))
	_, _ = fmt.Fprintln(a.err)
	defer clear(b)
	return secret.New(b), err
}

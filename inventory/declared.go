package inventory

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
)

// What may not be set over the API.
var (
	ErrPath       = fault.New(fault.Invalid, "path-refused", "no path of the node is set over the API: name a folder or file that its configuration declares")
	ErrCredential = fault.New(fault.Invalid, "credential-refused", "the credential cannot be used like this")
)

// Declared is what a node's own configuration names. Over the API these can be named,
// and no path, variable or file be set.
type Declared struct {
	Credentials map[string]DeclaredCredential
	Paths       map[string]string
	Programs    map[string]string
}

// addresses are what stands for an address on the node, by name, and where they are declared.
func (d Declared) addresses(spec connector.Spec) (paths map[string]string, under string) {
	if spec.Program {
		return d.Programs, "programs"
	}
	return d.Paths, "paths"
}

// DeclaredCredential is a credential, and the one address and connection options that
// it is for: whoever may add a system could else have it sent to themself.
type DeclaredCredential struct {
	From    string            // env:NAME or file:PATH
	Address string            // as the system's
	Options map[string]string // as Config.reach
}

// namedPrefix begins the reference of a declared credential.
const namedPrefix = "named:"

// reference is what a system's credential is read from.
func (d Declared) reference(y System) (string, error) {
	name, named := strings.CutPrefix(y.Config.Credential, namedPrefix)
	if !named {
		return y.Config.Credential, nil
	}
	c, ok := d.Credentials[name]
	switch {
	case !ok:
		return "", ErrCredential.With("system %s: no credential is called %q in this node's configuration; there are: %s", y.Name, name, kinds(d.Credentials))
	case c.Address != y.Config.Address || !maps.Equal(orEmpty(c.Options), orEmpty(y.Config.reach())):
		return "", ErrCredential.With("system %s: the configuration declares credential %q for another address or other options, and it goes nowhere else", y.Name, name)
	}
	return c.From, nil
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// settable checks what somebody wants a system to be read from over the API, and puts
// what the configuration declares in the place of its names. What stays as it was may
// be a path.
func (d Declared) settable(spec connector.Spec, was, is *Config) error {
	if is.Address != was.Address {
		if spec.Local {
			paths, under := d.addresses(spec)
			path, ok := paths[is.Address]
			if !ok {
				return ErrPath.With("%q is not declared: the address is one of the names under %s in the node's configuration; there are: %s", is.Address, under, kinds(paths))
			}
			is.Address = path
		} else if err := remote(is.Address); err != nil {
			return err
		}
	}
	for name, value := range is.Options {
		if value == was.Options[name] {
			continue
		}
		i := slices.IndexFunc(spec.Options, func(o connector.Option) bool { return o.Fits(name) })
		if i < 0 {
			return connector.ErrInput.With("%s has no option %q", spec.Title, name)
		}
		if of := spec.Options[i].Path; of != nil && of(value) {
			path, ok := d.Paths[value]
			if !ok {
				return ErrPath.With("option %s: give the text itself, or one of the names under paths in the node's configuration; there are: %s", name, kinds(d.Paths))
			}
			is.Options[name] = path
		}
	}
	return nil
}

// remote refuses an address that is no other host's, or holds a password.
func remote(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return connector.ErrInput.With("the address is not a URL such as those that GET /v1/kinds shows")
	}
	_, password := u.User.Password()
	if password || u.Query().Get("password") != "" {
		return ErrCredential.With("the address carries a password: take it out, and give it as the credential")
	}
	if u.Scheme == "" || u.Hostname() == "" {
		return connector.ErrInput.With("the address names no host: it is a URL such as those that GET /v1/kinds shows")
	}
	for _, values := range u.Query() {
		if slices.ContainsFunc(values, func(v string) bool { return strings.HasPrefix(v, "/") }) {
			return ErrPath
		}
	}
	return nil
}

// stays refuses to keep a reference for another address than it was given for. A sealed
// credential is UpdateSystem's to look at, a declared one reference's.
func stays(was, is Config) error {
	kept := strings.HasPrefix(is.Credential, "env:") || strings.HasPrefix(is.Credential, "file:") || strings.HasPrefix(is.Credential, Vaulted) || is.Credential == "prompt"
	if kept && (was.Address != is.Address || !maps.Equal(was.reach(), is.reach())) {
		return ErrCredential.With("its credential was given on the node for the address and options that it has: give another with the new ones, or change them there with 'writ system set'")
	}
	return nil
}

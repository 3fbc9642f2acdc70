package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/hook"
	"github.com/writhq/writ/internal/notify"
	"github.com/writhq/writ/internal/outbound"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/elevate"
	"github.com/writhq/writ/server"
	"github.com/writhq/writ/signin"
)

var errConfig = fault.New(fault.Invalid, "server-config", "the server's configuration cannot be used")

// serverConfig is what a server is started with: everything else lies in the database.
type serverConfig struct {
	Address  string   `koanf:"address"`
	Origin   string   `koanf:"origin"`
	Data     string   `koanf:"data"`
	Database string   `koanf:"database"`
	Proxies  []string `koanf:"proxies"`
	Metrics  string   `koanf:"metrics"`
	Traces   string   `koanf:"traces"`
	TLS      struct {
		Certificate string `koanf:"certificate"`
		Key         string `koanf:"key"`
	} `koanf:"tls"`
	OIDC        []providerConfig              `koanf:"oidc"`
	Mail        mailConfig                    `koanf:"mail"`
	Tickets     ticketConfig                  `koanf:"tickets"`
	Credentials map[string]declaredCredential `koanf:"credentials"`
	Paths       map[string]string             `koanf:"paths"`
	Programs    map[string]string             `koanf:"programs"`
	Vault       vaultConfig                   `koanf:"vault"`
	Hooks       map[string]hookConfig         `koanf:"hooks"`
	// Rates are requests a second, from an address and of an identity. A program that reads
	// many secrets needs more than a person does; zero is what is usual.
	Rates struct {
		Address  int `koanf:"address"`
		Identity int `koanf:"identity"`
	} `koanf:"rates"`

	origin    *url.URL
	proxies   server.Networks
	tls       *tls.Config
	providers []signin.Provider
	mailer    *notify.Sender
	tickets   *elevate.HTTPTickets
	hooks     map[string]*hook.Hook
}

// limits lets three seconds' worth come at once, as a pause of the network brings it.
func (c *serverConfig) limits() server.Limits {
	r := c.Rates
	return server.Limits{AddressRate: r.Address, AddressBurst: 3 * r.Address, IdentityRate: r.Identity, IdentityBurst: 3 * r.Identity}
}

// ticketConfig is the company's own tracker, which elevations ask about tickets.
type ticketConfig struct {
	URL   string `koanf:"url"`
	Token string `koanf:"token"`
}

// tracker reads the token that is referred to: a configuration holds none. Without an
// address there is none.
func (c ticketConfig) tracker() (*elevate.HTTPTickets, error) {
	switch {
	case c.URL == "" && c.Token == "":
		return nil, nil
	case c.Token != "" && !strings.HasPrefix(c.Token, "env:") && !strings.HasPrefix(c.Token, "file:"):
		return nil, errors.New("token must be env:VARIABLE or file:PATH")
	}
	token, err := new(app).credential(systemFlag{name: "tickets", credential: c.Token})
	if err != nil {
		return nil, err
	}
	return elevate.NewHTTPTickets(c.URL, token)
}

// providerConfig is an OpenID provider that people sign in at.
type providerConfig struct {
	Name         string   `koanf:"name"`
	Title        string   `koanf:"title"`
	Issuer       string   `koanf:"issuer"`
	ClientID     string   `koanf:"client_id"`
	ClientSecret string   `koanf:"client_secret"`
	MFA          []string `koanf:"mfa"`
}

// provider reads the secret that is referred to: a configuration holds none.
func (p providerConfig) provider() (signin.Provider, error) {
	given := signin.Provider{Name: p.Name, Title: p.Title, Issuer: p.Issuer, ClientID: p.ClientID, MFA: p.MFA}
	if p.ClientSecret != "" && !strings.HasPrefix(p.ClientSecret, "env:") && !strings.HasPrefix(p.ClientSecret, "file:") {
		return given, errors.New("client_secret must be env:VARIABLE or file:PATH")
	}
	var err error
	if given.Secret, err = new(app).credential(systemFlag{name: p.Name, credential: p.ClientSecret}); err != nil {
		return given, err
	}
	return given, given.Validate()
}

// declaredCredential is a credential that the API may name, and what it goes with.
type declaredCredential struct {
	From    string            `koanf:"from"`
	Address string            `koanf:"address"`
	Options map[string]string `koanf:"options"`
}

// declared is what the API may name of this node.
func (c *serverConfig) declared() inventory.Declared {
	d := inventory.Declared{Credentials: map[string]inventory.DeclaredCredential{}, Paths: c.Paths, Programs: c.Programs}
	for name, x := range c.Credentials {
		d.Credentials[name] = inventory.DeclaredCredential(x)
	}
	return d
}

// checkDeclared says what is wrong with what the API may name.
func (c *serverConfig) checkDeclared(say func(text string, args ...any)) {
	for _, name := range slices.Sorted(maps.Keys(c.Credentials)) {
		x := c.Credentials[name]
		if !strings.HasPrefix(x.From, "env:") && !strings.HasPrefix(x.From, "file:") {
			say("credentials.%s: from is env:VARIABLE or file:PATH", name)
		}
		if x.Address == "" {
			say("credentials.%s: name the address that it is for: it goes to no other", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Paths)) {
		if !filepath.IsAbs(c.Paths[name]) {
			say("paths.%s: %q is not a whole path, from / on", name, c.Paths[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Programs)) {
		if err := (hook.Program{c.Programs[name]}).Check(); err != nil {
			say("programs.%s: %w", name, err)
		}
	}
}

const envPrefix = "WRIT_"

// readServerConfig reads a file, if one is named, and over it the environment:
// WRIT_ADDRESS is address, WRIT_TLS__KEY is key of tls.
func readServerConfig(path string, environ []string) (*serverConfig, error) {
	k := koanf.New(".")
	if path != "" {
		if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
			return nil, errConfig.With("the file %s cannot be read as YAML", path).Because(err)
		}
	}
	fromEnv := env.Provider(".", env.Opt{
		Prefix: envPrefix, EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			if value == "" {
				return "", nil // an empty variable says nothing
			}
			key := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, envPrefix)), "__", ".")
			if key == "proxies" {
				return key, strings.Fields(strings.ReplaceAll(value, ",", " "))
			}
			return key, value
		},
	})
	if err := k.Load(fromEnv, nil); err != nil {
		return nil, errConfig.With("the environment cannot be read").Because(err)
	}
	c := &serverConfig{Address: "127.0.0.1:7400"}
	err := k.UnmarshalWithConf("", c, koanf.UnmarshalConf{DecoderConfig: &mapstructure.DecoderConfig{
		ErrorUnused: true, Result: c, TagName: "koanf", WeaklyTypedInput: false,
	}})
	if err != nil {
		return nil, errConfig.With("a setting is unknown or of the wrong kind").Because(err)
	}
	return c, c.check()
}

// check finds everything that is wrong at once.
func (c *serverConfig) check() error {
	var wrong []error
	say := func(text string, args ...any) { wrong = append(wrong, fmt.Errorf(text, args...)) }
	host, _, err := net.SplitHostPort(c.Address)
	if err != nil {
		say("address: %q is not HOST:PORT", c.Address)
	}
	if (c.TLS.Certificate == "") != (c.TLS.Key == "") {
		say("tls: certificate and key go together")
	}
	if c.TLS.Certificate != "" && c.TLS.Key != "" {
		pair, err := server.NewCertificate(c.TLS.Certificate, c.TLS.Key)
		if err != nil {
			say("tls: %w", err)
		}
		c.tls = pair.TLS()
	}
	if c.Origin == "" {
		c.Origin = c.ownOrigin()
	}
	if c.origin, err = url.Parse(c.Origin); err != nil || c.origin.Host == "" || c.origin.Path != "" || c.origin.Scheme != "https" && c.origin.Scheme != "http" {
		say("origin: %q is not https://HOST or https://HOST:PORT", c.Origin)
	} else if c.origin.Scheme == "http" && !loopback(c.origin.Hostname()) {
		say("origin: %s is without TLS, which is for this machine alone: put https:// in front, and a certificate or a proxy behind it", c.Origin)
	}
	c.checkTelemetry(say)
	for _, text := range c.Proxies {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			say("proxies: %q is not a range of addresses such as 10.0.0.0/8", text)
		}
		c.proxies = append(c.proxies, p)
	}
	if err == nil && c.tls == nil && !loopback(host) && len(c.Proxies) == 0 {
		say("address: %s is reachable from elsewhere and without TLS: name tls.certificate and tls.key, or the proxies in front of it", c.Address)
	}
	for i, p := range c.OIDC {
		given, err := p.provider()
		if err != nil {
			say("oidc: provider %d: %w", i+1, err)
		}
		c.providers = append(c.providers, given)
	}
	if c.mailer, err = c.Mail.sender(c.Origin); err != nil {
		say("mail: %w", err)
	}
	if err := c.Vault.read(); err != nil {
		say("vault: %w", err)
	}
	if c.tickets, err = c.Tickets.tracker(); err != nil {
		say("tickets: %w", err)
	}
	c.checkDeclared(say)
	c.readHooks(say)
	if len(wrong) > 0 {
		return errConfig.Because(errors.Join(wrong...))
	}
	return nil
}

// checkTelemetry checks where the node's figures and traces go.
func (c *serverConfig) checkTelemetry(say func(text string, args ...any)) {
	if c.Metrics != "" {
		if _, _, err := net.SplitHostPort(c.Metrics); err != nil {
			say("metrics: %q is not HOST:PORT", c.Metrics)
		}
		if c.Metrics == c.Address {
			say("metrics: they have an address of their own, and not the server's")
		}
	}
	if c.Traces != "" {
		if _, err := outbound.New(outbound.Config{URL: c.Traces}); err != nil {
			say("traces: %q is not the URL of an OTLP collector, such as http://127.0.0.1:4318/v1/traces; one that is elsewhere needs https", c.Traces)
		}
	}
}

func (c *serverConfig) ownOrigin() string {
	scheme := "http://"
	if c.tls != nil {
		scheme = "https://"
	}
	return scheme + strings.Replace(c.Address, "127.0.0.1:", "localhost:", 1)
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// ownEnviron leaves out of the environment what is said with flags and what commands use.
func ownEnviron() []string {
	var list []string
	for _, kv := range os.Environ() {
		if strings.HasPrefix(kv, envPrefix) && !strings.HasPrefix(kv, tokenVariable+"=") && !strings.HasPrefix(kv, keyVariable+"=") {
			list = append(list, kv)
		}
	}
	return list
}

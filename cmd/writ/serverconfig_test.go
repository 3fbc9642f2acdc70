package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func configFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "writ.yaml")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

const aProvider = `
oidc:
- name: company
  title: The company
  issuer: https://login.example.com
  client_id: writ
  client_secret: env:TEST_OIDC_SECRET
  mfa: [mfa, phr]
`

func TestProvidersAreConfigured(t *testing.T) {
	t.Setenv("TEST_OIDC_SECRET", "a secret")
	c, err := readServerConfig(configFile(t, aProvider), nil)
	must(t, err)
	if len(c.providers) != 1 || c.providers[0].Name != "company" || string(c.providers[0].Secret.Reveal()) != "a secret" || len(c.providers[0].MFA) != 2 {
		t.Fatalf("read %+v", c.providers)
	}
	for name, change := range map[string][2]string{
		"a name that is no part of an address": {"name: company", "name: The Company"},
		"no issuer":                            {"https://login.example.com", "''"},
		"an issuer without TLS":                {"https://login", "http://login"},
		"no client":                            {"client_id: writ", "client_id: ''"},
		"a secret in the file":                 {"env:TEST_OIDC_SECRET", "hunter2-canary"},
		"a secret that is not there":           {"env:TEST_OIDC_SECRET", "env:TEST_OIDC_NOTHING"},
		"a setting that there is none of":      {"title:", "titel:"},
		"values that are no list":              {"[mfa, phr]", "{a: b}"},
	} {
		_, err := readServerConfig(configFile(t, strings.Replace(aProvider, change[0], change[1], 1)), nil)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

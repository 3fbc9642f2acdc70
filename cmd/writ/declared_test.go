package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the API may name is declared whole: a credential with the address that it is for.
func TestDeclaredInTheConfiguration(t *testing.T) {
	read := func(text string) (*serverConfig, error) {
		path := filepath.Join(t.TempDir(), "writ.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return readServerConfig(path, nil)
	}
	c, err := read(`
paths: {erp: /srv/exports/erp}
credentials:
  payroll: {from: env:PAYROLL_PASSWORD, address: postgres://auditor@db1/postgres}
  corp: {from: file:/etc/writ/corp, address: ldaps://dc1/dc=corp, options: {bind_dn: cn=reader}}
`)
	if err != nil {
		t.Fatal(err)
	}
	d := c.declared()
	if d.Paths["erp"] != "/srv/exports/erp" || d.Credentials["corp"].Options["bind_dn"] != "cn=reader" ||
		d.Credentials["payroll"].From != "env:PAYROLL_PASSWORD" || len(d.Credentials) != 2 {
		t.Errorf("%+v", d)
	}
	for text, want := range map[string]string{
		"credentials: {a: {from: env:A}}":                         "it goes to no other",
		"credentials: {a: {from: canary, address: x://y}}":        "env:VARIABLE or file:PATH",
		"credentials: {a: {from: env:A, address: x, port: 1}}":    "unknown",
		"paths: {erp: exports}":                                   "not a whole path",
		"credentials: {a: {from: env:A, address: x, options: 1}}": "wrong kind",
	} {
		if _, err := read(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

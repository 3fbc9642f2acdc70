package ldap

import (
	"errors"
	"strings"
	"testing"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/secret"
)

func TestAddresses(t *testing.T) {
	for address, says := range map[string]string{
		"ldaps://a:hunter2@h/dc=x": "credential", "ldaps://h": "no base", "ldaps://h/": "no base", "http://h/dc=x": "ldaps://", "ldaps:///dc=x": "one host",
		"ldaps://h,b/dc=x": "one host", "ldaps://h:0/dc=x": "port", "ldaps://h/dc": "no distinguished name", "ldaps://h/dc=x?sub?hunter2": "nothing may stand",
	} {
		_, err := Open(connector.Config{Name: "corp", Address: address})
		if !errors.Is(err, connector.ErrInput) || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), `"corp"`) {
			t.Errorf("%s: got %v, which should say %q", address, err, says)
		}
	}
	good := connector.Config{Name: "corp", Address: "ldap://h/dc=x"}
	for name, value := range map[string]string{
		optPage: "1001", optTimeout: "0", optTLS: "off", optSchema: "x", optUsers: "people", optUserFilter: "(uid=*", optLock: "x", optCA: "/nonexistent", "other": "x", optBindDN: "cn=me",
	} {
		if _, err := Open(with(good, name, value)); !errors.Is(err, connector.ErrInput) || !strings.Contains(err.Error(), name) {
			t.Errorf("option %s=%s: %v", name, value, err)
		}
	}
	contradiction := with(good, optTLS, "none")
	contradiction.Address = "ldaps://h/dc=x"
	lost := good
	lost.Credential = secret.New([]byte("x"))
	for _, cfg := range []connector.Config{contradiction, lost} {
		if _, err := Open(cfg); !errors.Is(err, connector.ErrInput) {
			t.Errorf("%+v: %v", cfg.Options, err)
		}
	}
	if _, err := Open(good); err != nil {
		t.Error(err)
	}
}

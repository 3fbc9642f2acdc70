package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/writhq/writ/pam/authority"
)

func TestOpenBaosClientHasKeysSignedForARealHost(t *testing.T) {
	s := newSigner(t)
	h := s.host()
	c := s.openbao("E1", "certificate.sign")
	sign := func(profile string, data map[string]any) (string, error) {
		data["public_key"] = h.public
		got, err := c.Logical().WriteWithContext(t.Context(), "ssh/sign/"+profile, data)
		if err != nil {
			return "", err
		}
		return strings.TrimSpace(got.Data["signed_key"].(string)), nil
	}
	if _, err := sign("ssh_user", map[string]any{}); !saysStatus(err, 400, "reason") {
		t.Fatalf("the profile asks for a reason: %v", err)
	}
	c.AddHeader("X-Writ-Reason", "a test")
	text, err := sign("ssh_user", map[string]any{"valid_principals": "root", "ttl": "10m"})
	if err != nil {
		t.Fatal(err)
	}
	s.waits(func() bool { // the host reads its configuration again
		out, err := h.ssh("root", "h1.example.com", authority.SignedBody{Text: text})
		return err == nil && out == "root"
	}, func() string { return "the host lets nobody in by what was signed" })
	if out, err := h.ssh("ana", "h1.example.com", authority.SignedBody{Text: text}); err == nil {
		t.Fatalf("signed for root alone, and %q", out)
	}
	for name, data := range map[string]map[string]any{
		"another principal": {"valid_principals": "admin"}, "longer": {"ttl": "100h"}, "options": {"critical_options": map[string]string{"force-command": "id"}},
		"a host's": {"cert_type": "host"},
	} {
		if text, err := sign("ssh_user", data); err == nil {
			t.Errorf("%s: %s", name, text)
		}
	}
	if _, err := sign("none", map[string]any{}); err == nil {
		t.Error("there is no such profile")
	}
	if got := s.as("").want(http.StatusOK, "GET", "/vault/v1/ssh/public_key", nil, nil); string(got.body) != string(s.public(authority.SSHUser, "ca.pub")) {
		t.Errorf("hosts are to trust %q", got.body)
	}
}

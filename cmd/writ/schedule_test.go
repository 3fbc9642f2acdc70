package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/writhq/writ/access"
)

// A node reads a new source and system by itself, and computes what follows.
func TestANodeReadsWhatIsDue(t *testing.T) {
	files, data := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		"hr.csv":               "number,name,email\n1,Ana Sol,ana@example.com\n",
		"erp/accounts.csv":     "id,login,email,status\na1,ana,ana@example.com,enabled\n",
		"erp/entitlements.csv": "id,kind,name\nadmin,role,Administrator\n",
		"erp/grants.csv":       "holder_kind,holder,entitlement\naccount,a1,admin\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(files, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(files, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pipe(t, "", "source", "add", "hr", filepath.Join(files, "hr.csv"), "--data", data)
	pipe(t, "", "system", "add", "erp=csv="+filepath.Join(files, "erp"), "--data", data)
	pipe(t, "", "system", "add", "away=csv="+filepath.Join(files, "nowhere"), "--data", data)
	pipe(t, "", "system", "set", "away", "--maintenance-until", "1h", "--reason", "it is made anew", "--data", data)

	a := &app{out: &bytes.Buffer{}, err: &bytes.Buffer{}, data: data}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	ctx, err := a.openGraph(ctx)
	if err != nil {
		t.Fatal(err)
	}
	n, err := a.newNode(ctx)
	if err != nil {
		t.Fatal(err)
	}
	node, end := context.WithCancel(ctx)
	over := make(chan error, 1)
	go func() { over <- n.run(node) }()
	var rev access.Rev
	for {
		if rev, err = a.db.WaitRev(ctx, rev); err != nil {
			t.Fatalf("nothing was read: %v", err)
		}
		totals, err := a.inventory().Totals(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if totals.Correlated == 1 && totals.Grants == 1 {
			break
		}
	}
	end()
	if err := <-over; err != nil && node.Err() == nil {
		t.Error(err)
	}
	if y, err := a.inventory().System(ctx, "away"); err != nil || y.State.Failed != 0 {
		t.Errorf("what is in maintenance was read: %+v, %v", y.State, err)
	}
	if err := a.close(); err != nil {
		t.Error(err)
	}
}

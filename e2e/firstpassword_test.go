package e2e

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/writhq/writ/internal/testkit"
)

// awaitFirstPasswords gives two people of the company an account in a real cluster. Their
// first passwords wait for the platform owner, who is their manager.
func awaitFirstPasswords(t *testing.T, company string) {
	t.Helper()
	p := testkit.NewPostgres(t)
	p.Exec(t, "postgres", "create role warehouse_reader")
	for _, args := range [][]string{
		{"system", "add", "warehouse-db=postgres=" + p.URL("postgres")},
		{"system", "sync", "warehouse-db"},
		{"mapping", "set", "warehouse-db", "--login", "identity.login", "--recipient", "manager", "--reason", "agreed"},
		{"mapping", "set", "warehouse-db", "--mode", "enforce", "--reason", "tried"},
		{"birthright", "add", "warehouse", "--when", `identity.number in ["E0000050", "E0000051"]`, "--entitlement", "warehouse-db/warehouse_reader", "--reason", "agreed"},
		{"birthright", "mode", "warehouse", "enforce", "--reason", "tried"},
		{"provision", "run"},
	} {
		cmd := exec.CommandContext(t.Context(), writ(t), append([]string{"--data", company}, args...)...)
		cmd.Env = demoEnviron("")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("writ %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

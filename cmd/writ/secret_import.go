package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/pam/vault"
)

// importAnswer is the answer of 'writ secret import'.
type importAnswer struct {
	Items []vault.Foreseen `json:"items"`
	Kept  bool             `json:"kept"`
}

func (s *importAnswer) tables() []table {
	t := table{title: plural(len(s.Items), "secret"), header: []string{"row", "name", "kind", "problem"}, right: []int{0}}
	for _, x := range s.Items {
		t.rows = append(t.rows, []string{strconv.Itoa(x.Row), x.Name, string(x.Kind), x.Problem})
	}
	if !s.Kept {
		t.note = "  nothing was kept: give --apply for that"
	}
	return []table{t}
}

// importing is what the API takes to keep many secrets.
type importing struct {
	Items []vault.Importing `json:"items"`
	Apply bool              `json:"apply"`
}

func (a *app) secretImportCommand() *cobra.Command {
	var server, safe, from string
	var v vaultImport
	cmd := &cobra.Command{
		Use: "import [FILE] --safe SAFE", Short: "Keep many secrets from a CSV file or another Vault, looked at first",
		Long: `Keep many secrets from a CSV file: all of them or none. Its first row names the columns: name and
value, and if there are kind (password without it) and description. Destroy the file afterwards.

With --from vault they are the keys of a key-value engine of HashiCorp Vault, OpenBao or another
Writ. Its token is read from BAO_TOKEN, VAULT_TOKEN or a file. Run it again to go on, or for what
is newer: what was kept before is left as it is.

Without --apply it says what it would do.`,
		Example: "  writ secret import passwords.csv --safe ledger --apply\n  writ secret import --from vault --address https://vault.example.com --mount kv --path ledger --safe ledger",
		Args:    cobra.MaximumNArgs(1),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case from == "vault" && (len(args) > 0 || v.address == "" || v.mount == ""):
			return fmt.Errorf("%w: --from vault takes --address and --mount, and no file", errUsage)
		case from != "vault" && (len(args) == 0 || from != "csv" || v.address != "" || v.mount != ""):
			return fmt.Errorf("%w: name a CSV file, or give --from vault", errUsage)
		}
		return a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
			if from == "vault" {
				return v.run(ctx, c, safe)
			}
			return importFile(ctx, c, args[0], safe, v.apply)
		})(cmd, args)
	}
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&safe, "safe", "", "the `safe` that they are kept in (required)")
	cmd.Flags().BoolVar(&v.apply, "apply", false, "keep them")
	cmd.Flags().StringVar(&from, "from", "csv", "where they come from: csv or vault")
	cmd.Flags().StringVar(&v.address, "address", "", "from vault: its `URL`, as VAULT_ADDR has it")
	cmd.Flags().StringVar(&v.mount, "mount", "", "from vault: where its key-value engine is mounted")
	cmd.Flags().StringVar(&v.path, "path", "", "from vault: only what is below this `folder`")
	cmd.Flags().StringVar(&v.tokenFile, "token-file", "", "from vault: the `file` that holds its token")
	cmd.Flags().BoolVar(&v.history, "history", false, "from vault: every version that can be read, not the newest alone")
	return cmd
}

func importFile(ctx context.Context, c caller, path, safe string, apply bool) (answer, error) {
	rows, err := readSecrets(path)
	if err != nil {
		return nil, err
	}
	id, err := findSafe(ctx, c, safe)
	if err != nil {
		return nil, err
	}
	var ans importAnswer
	err = c.exchange(ctx, http.MethodPost, "/v1/safes/"+id.String()+"/import", nil, importing{rows, apply}, &ans)
	return &ans, err
}

var importColumns = []string{"name", "value", "kind", "description"}

// readSecrets reads a file of secrets. No error says what is in it.
func readSecrets(path string) (rows []vault.Importing, err error) {
	f, err := os.Open(path) //nolint:gosec // whoever runs the command names their own file
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	r := csv.NewReader(io.LimitReader(f, maxSecretInput*4))
	head, err := r.Read()
	if err != nil {
		return nil, vault.ErrImport.With("the file has no row that names its columns")
	}
	for _, name := range head {
		if !slices.Contains(importColumns, name) {
			return nil, vault.ErrImport.With("the columns of the file are name, value, kind and description")
		}
	}
	for n := 2; ; n++ {
		line, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, vault.ErrImport.With("row %d of the file is no row of CSV with as many fields as the first", n)
		}
		row := vault.Importing{SecretBody: vault.SecretBody{Kind: vault.Password}}
		for i, name := range head {
			switch {
			case name == "name":
				row.Name = line[i]
			case name == "value":
				row.Value = line[i]
			case name == "kind" && line[i] != "":
				row.Kind = vault.Kind(line[i])
			case name == "description":
				row.Description = line[i]
			}
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%w", vault.ErrImport.With("there is no secret in the file"))
	}
	return rows, nil
}

package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/pam/vaultapi"
)

// Labels by which an import knows what it has kept before.
const (
	fromLabel    = "vault.path"
	versionLabel = "vault.version"
)

// vaultImport brings the keys of another Vault into a safe.
type vaultImport struct {
	address, mount, path, tokenFile string
	history                         bool

	c     caller
	from  *vaultapi.Source
	safe  access.SafeID
	apply bool
	there map[string]vault.SecretShown // what the safe holds, by name
	ans   vaultImportAnswer
}

// vaultImported is what becomes of one key.
type vaultImported struct {
	Name     string `json:"name"`
	Versions []int  `json:"versions,omitempty"` // of the other Vault, that are to be kept
	Problem  string `json:"problem,omitempty"`
}

// vaultImportAnswer is the answer of 'writ secret import --from vault'.
type vaultImportAnswer struct {
	Items []vaultImported `json:"items"`
	Same  int             `json:"there_already"`
	Kept  bool            `json:"kept"`
}

func (s *vaultImportAnswer) tables() []table {
	t := table{title: plural(len(s.Items), "key"), header: []string{"name", "versions", "problem"}}
	for _, x := range s.Items {
		numbers := make([]string, len(x.Versions))
		for i, n := range x.Versions {
			numbers[i] = strconv.Itoa(n)
		}
		t.rows = append(t.rows, []string{x.Name, strings.Join(numbers, " "), x.Problem})
	}
	t.note = fmt.Sprintf("  %d are there already", s.Same)
	if !s.Kept {
		t.note += "; nothing was kept: give --apply for that"
	}
	return []table{t}
}

// vaultToken reads the other Vault's token from a file, or from where its own clients do.
func vaultToken(path string) (secret.Secret, error) {
	if path != "" {
		b, err := os.ReadFile(path) //nolint:gosec // whoever runs the command names their own file
		defer clear(b)
		return secret.New([]byte(strings.TrimSpace(string(b)))), err
	}
	for _, name := range []string{"BAO_TOKEN", "VAULT_TOKEN"} {
		if text := os.Getenv(name); text != "" {
			return secret.New([]byte(text)), nil
		}
	}
	return secret.Secret{}, vault.ErrImport.With("the other Vault's token is needed: in BAO_TOKEN or VAULT_TOKEN, or in a file that --token-file names")
}

// run imports key after key: each is kept whole, and what was kept before is left as it is.
func (v *vaultImport) run(ctx context.Context, c caller, safe string) (answer, error) {
	token, err := vaultToken(v.tokenFile)
	if err != nil {
		return nil, err
	}
	defer token.Wipe()
	if v.from, err = vaultapi.NewSource(ctx, v.address, v.mount, token); err != nil {
		return nil, err
	}
	defer v.from.Close()
	v.c = c
	if v.safe, err = findSafe(ctx, c, safe); err != nil {
		return nil, err
	}
	var held secretListAnswer
	if err := c.exchange(ctx, http.MethodGet, "/v1/secrets?safe="+v.safe.String(), nil, nil, &held); err != nil {
		return nil, err
	}
	v.there = map[string]vault.SecretShown{}
	for _, x := range held.Items {
		if x.State != vault.Destroyed {
			v.there[x.Name] = x
		}
	}
	paths, err := v.from.List(ctx, v.path)
	if err != nil {
		return nil, err
	}
	v.ans.Kept = v.apply
	for _, path := range paths {
		if err := v.one(ctx, path); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return &v.ans, nil
}

// origin is where a key lies, as a label has it.
func (v *vaultImport) origin(path string) string { return strings.Trim(v.mount, "/") + "/" + path }

// one keeps what is not kept yet of one key.
func (v *vaultImport) one(ctx context.Context, path string) error {
	list, err := v.from.Versions(ctx, path)
	if err != nil || len(list) == 0 {
		return err
	}
	if !v.history {
		list = list[len(list)-1:]
	}
	was, kept := v.there[path]
	if kept && was.Labels[fromLabel] != v.origin(path) {
		v.ans.Items = append(v.ans.Items, vaultImported{Name: path, Problem: "the safe has a secret of that name that is not from there"})
		return nil
	}
	last, _ := strconv.Atoi(was.Labels[versionLabel]) // none is zero
	for len(list) > 0 && kept && list[0].Number <= last {
		list = list[1:]
	}
	if len(list) == 0 {
		v.ans.Same++
		return nil
	}
	item := vaultImported{Name: path}
	for _, f := range list {
		item.Versions = append(item.Versions, f.Number)
	}
	v.ans.Items = append(v.ans.Items, item)
	body := vault.SecretBody{Name: path, Kind: vault.JSON, Labels: map[string]string{}}
	x := vault.SecretShown{SecretBody: body}
	if kept {
		x = was
	}
	if !v.apply {
		return v.foresee(ctx, x, list[len(list)-1])
	}
	for _, f := range list {
		if x, err = v.keep(ctx, path, x, f); err != nil {
			return err
		}
	}
	return nil
}

// labelled are the labels that a version comes with, and where it comes from.
func (v *vaultImport) labelled(path string, f vaultapi.Found) map[string]string {
	labels := map[string]string{}
	for k, text := range f.Labels {
		labels[k] = text
	}
	labels[fromLabel], labels[versionLabel] = v.origin(path), strconv.Itoa(f.Number)
	return labels
}

// foresee says whether a new key could be kept.
func (v *vaultImport) foresee(ctx context.Context, x vault.SecretShown, f vaultapi.Found) error {
	if x.ID != 0 {
		return nil
	}
	x.Labels = v.labelled(x.Name, f)
	var ans importAnswer
	// The value is not read for a look: an empty object stands for it.
	body := importing{Items: []vault.Importing{{SecretBody: x.SecretBody, Value: "{}"}}}
	if err := v.c.exchange(ctx, http.MethodPost, "/v1/safes/"+v.safe.String()+"/import", nil, body, &ans); err != nil {
		return err
	}
	for _, found := range ans.Items {
		v.ans.Items[len(v.ans.Items)-1].Problem = found.Problem
	}
	return nil
}

// keep keeps one version: the first of a new key, or the next of one that is there.
func (v *vaultImport) keep(ctx context.Context, path string, x vault.SecretShown, f vaultapi.Found) (vault.SecretShown, error) {
	plain, err := v.from.Read(ctx, path, f.Number)
	if err != nil {
		return x, err
	}
	defer plain.Wipe()
	value := vault.ValueBody{Value: string(plain.Reveal())}
	x.Labels = v.labelled(path, f)
	var s secretAnswer
	if x.ID == 0 {
		err = v.c.exchange(ctx, http.MethodPost, "/v1/safes/"+v.safe.String()+"/secrets", nil, struct {
			vault.SecretBody
			vault.ValueBody
		}{x.SecretBody, value}, &s)
		return s.SecretShown, err
	}
	one := "/v1/secrets/" + x.ID.String()
	if err := v.c.exchange(ctx, http.MethodPost, one+"/versions", nil, struct {
		vault.ValueBody
		Base int `json:"if_version"`
	}{value, x.Current}, nil); err != nil {
		return x, err
	}
	err = v.c.exchange(ctx, http.MethodPut, one, http.Header{"If-Match": {fmt.Sprintf("%q", strconv.FormatInt(x.Version, 10))}}, x.SecretBody, &s)
	return s.SecretShown, err
}

package store

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/inventory"
)

func (g *staging) credentials(ctx context.Context, t *tx, b *inventory.Batch) error {
	for _, c := range b.EndedCreds {
		if _, err := t.exec(ctx, `update account_credential set until_set = $1 where account_id = $2 and credential_id = $3 and until_set = 0`, t.Set, c.Account, c.ID); err != nil {
			return err
		}
	}
	if len(b.Credentials) == 0 {
		return nil
	}
	ids, err := findCredentials(ctx, t, b.Credentials)
	if err != nil {
		return err
	}
	if err := newCredentials(ctx, t, b.Credentials, ids); err != nil {
		return err
	}
	rows := newRows("account_credential", "account_id, credential_id, from_set, system_id, options, changed_at, last_used", len(b.Credentials))
	for _, c := range b.Credentials {
		rows.add(int64(c.Account), int64(ids[nameOf(c)]), t.Set, int64(b.System), c.Options, int64(c.Changed), int64(c.LastUsed))
	}
	return t.insertRows(ctx, rows)
}

// credentialName tells credentials apart: there is one of a kind and fingerprint,
// however many accounts accept it. It never changes, and is kept when its last
// account lets go of it.
type credentialName struct {
	kind        access.CredentialKind
	fingerprint string
}

func nameOf(c inventory.CredentialRow) credentialName {
	return credentialName{c.Kind, c.Fingerprint}
}

// credentialsPerQuery is how many are looked up at once; a shorter list repeats its
// last, so that the query's text is always the same.
const credentialsPerQuery = 200

// One look into the index for each, whatever the planner thinks of the table: a
// list to be found "in" would be compared with every row of one that was small
// when the plan was made.
var findCredential = `
select f.column1, coalesce((select c.id from credential c where c.kind = $1 and c.fingerprint = f.column1 and c.until_set = 0), 0)
  from (values ` + rowsOfOne(2, credentialsPerQuery) + `) f`

// rowsOfOne are n rows of one parameter each, from a number on.
func rowsOfOne(first, n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = "($" + strconv.Itoa(first+i) + ")"
	}
	return strings.Join(list, ", ")
}

func findCredentials(ctx context.Context, t *tx, rows []inventory.CredentialRow) (map[credentialName]access.CredentialID, error) {
	byKind := map[access.CredentialKind][]any{}
	for _, c := range rows {
		byKind[c.Kind] = append(byKind[c.Kind], c.Fingerprint)
	}
	ids := make(map[credentialName]access.CredentialID, len(rows))
	args := make([]any, 1, 1+credentialsPerQuery)
	for kind, all := range byKind {
		for chunk := range slices.Chunk(all, credentialsPerQuery) {
			args = append(append(args[:0], string(kind)), chunk...)
			for len(args) <= credentialsPerQuery {
				args = append(args, chunk[len(chunk)-1])
			}
			err := t.each(ctx, findCredential, args, func(scan func(...any) error) error {
				var id access.CredentialID
				name := credentialName{kind: kind}
				if err := scan(&name.fingerprint, &id); err != nil || id == 0 {
					return err
				}
				ids[name] = id
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return ids, nil
}

// newCredentials makes those that are not there and adds them to ids.
func newCredentials(ctx context.Context, t *tx, all []inventory.CredentialRow, ids map[credentialName]access.CredentialID) error {
	var fresh []inventory.CredentialRow
	for _, c := range all {
		if _, ok := ids[nameOf(c)]; !ok {
			ids[nameOf(c)] = 0
			fresh = append(fresh, c)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	first, err := t.newKeys(ctx, access.KindCredential, len(fresh))
	if err != nil {
		return err
	}
	rows := newRows("credential", "id, from_set, kind, fingerprint, algorithm", len(fresh))
	for i, c := range fresh {
		id := first + int64(i)
		ids[nameOf(c)] = access.CredentialID(id)
		rows.add(id, t.Set, string(c.Kind), c.Fingerprint, c.Algorithm)
	}
	return t.insertRows(ctx, rows)
}

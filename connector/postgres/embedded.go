package postgres

import (
	"context"

	"github.com/writhq/writ/connector"
)

// embeddedRow is a place where a password lies in a cluster's own settings. The password
// itself is never selected.
type embeddedRow struct{ Database, Kind, Name, Of string }

// named finds an option that holds a secret. What Writ's role may not see has no options.
func named(options string) string {
	return `exists (select 1 from unnest(` + options + `) o where lower(split_part(o, '=', 1)) in ('password', 'passwd', 'pwd', 'sslpassword', 'secret', 'token') and split_part(o, '=', 2) <> '')`
}

var queryEmbedded = `select current_database()::text, 'user_mapping', srvname::text, coalesce(usename::text, '') from pg_user_mappings where ` + named("umoptions") + `
	union all select current_database()::text, 'foreign_server', srvname::text, '' from pg_foreign_server where ` + named("srvoptions") + ` order by 2, 3, 4`

// A subscription's connection is its cluster's, whichever database it is for.
const (
	queryMayReadSubscriptions = `select has_column_privilege('pg_subscription', 'subconninfo', 'SELECT')`
	querySubscriptions        = `select d.datname::text, 'subscription', s.subname::text, '' from pg_subscription s join pg_database d on d.oid = s.subdbid
	where s.subconninfo ~* '(^|\s)(ssl)?password\s*=' or s.subconninfo ~* '^\s*postgres(ql)?://[^/@]*:[^/@]+@' or s.subconninfo ~* '[?&](ssl)?password=' order by 1, 3`
)

// readEmbedded finds passwords that foreign servers and user mappings of a database hold.
func (k *catalog) readEmbedded(ctx context.Context, s *session) error {
	rows, err := list[embeddedRow](ctx, s, "looking for passwords of foreign servers", queryEmbedded)
	k.embeds(rows)
	return err
}

// readSubscriptions finds those that subscriptions hold, where Writ's role may look.
func (k *catalog) readSubscriptions(ctx context.Context, s *session) error {
	may, err := list[mayRow](ctx, s, "asking what may be read", queryMayReadSubscriptions)
	if err != nil || len(may) != 1 || !may[0].May {
		return err
	}
	rows, err := list[embeddedRow](ctx, s, "looking for passwords of subscriptions", querySubscriptions)
	k.embeds(rows)
	return err
}

var embeddedIn = map[string]string{"user_mapping": "user mapping", "foreign_server": "foreign server", "subscription": "subscription"}

func (k *catalog) embeds(rows []embeddedRow) {
	for _, row := range rows {
		name := embeddedIn[row.Kind] + " " + clean(row.Name)
		id := row.Kind + ":" + part(row.Database) + "." + part(row.Name)
		if row.Kind == "user_mapping" {
			id += "." + part(row.Of)
			name += " of " + clean(row.Of)
		}
		k.resources = append(k.resources, &connector.Resource{
			ID: connector.CapID("embedded:" + id), Kind: connector.EmbeddedSecret, Name: connector.CapID(name + " in " + clean(row.Database)), Parent: connector.CapID("database:" + part(row.Database)),
		})
	}
}

package postgres

import (
	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// predefined are the roles of the server's own that carry power.
var predefined = map[string][]access.Right{
	"pg_execute_server_program": {access.BypassControls},
	"pg_write_server_files":     {access.BypassControls},
	"pg_read_server_files":      {access.ReadSensitive},
	"pg_read_all_data":          {access.ReadSensitive},
	"pg_write_all_data":         {access.ChangeConfig, access.DestroyData},
	"pg_create_subscription":    {access.ChangeConfig},
	"pg_maintain":               {access.ChangeConfig},
}

var attributes = []struct {
	id  string
	has func(*role) bool
	can []access.Right
}{
	{"attr:superuser", func(r *role) bool { return r.Super }, []access.Right{access.BypassControls, access.GrantAccess, access.ReadSensitive}},
	{"attr:createrole", func(r *role) bool { return r.CreateRole }, []access.Right{access.GrantAccess}},
	{"attr:createdb", func(r *role) bool { return r.CreateDB }, nil},
	{"attr:replication", func(r *role) bool { return r.Replication }, []access.Right{access.ReadSensitive}},
	{"attr:bypassrls", func(r *role) bool { return r.Bypass }, []access.Right{access.ReadSensitive}},
}

var privilegeRights = map[string]access.Right{
	"SELECT": access.ReadSensitive, "INSERT": access.ChangeConfig, "UPDATE": access.ChangeConfig, "CREATE": access.ChangeConfig,
	"TRIGGER": access.ChangeConfig, "MAINTAIN": access.ChangeConfig, "DELETE": access.DestroyData, "TRUNCATE": access.DestroyData,
}

// powerless are the kinds of object on which a privilege gives no right.
var powerless = map[string]bool{"sequence": true, "function": true}

// ownerRights are what owning an object of a kind lets one do.
var ownerRights = map[string][]access.Right{
	"database": {access.ChangeConfig, access.DestroyData, access.GrantAccess},
	"schema":   {access.ChangeConfig, access.DestroyData, access.GrantAccess},
	"table":    {access.ReadSensitive, access.ChangeConfig, access.DestroyData, access.GrantAccess},
}

func onSystem(rights ...access.Right) []connector.Capability {
	return on(connector.Target{Kind: connector.OnSystem}, rights...)
}

func on(t connector.Target, rights ...access.Right) []connector.Capability {
	var can []connector.Capability
	for _, r := range rights {
		can = append(can, connector.Capability{Right: r, On: t})
	}
	return can
}

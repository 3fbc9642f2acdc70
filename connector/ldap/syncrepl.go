package ldap

import (
	"context"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
)

// present names all that is there as the server's content synchronisation tells it
// (RFC 4533): where that has no log of deletions, or none that reaches back, it ends
// with the ids of all entries that did not change, many times quicker than a search.
// It reports false, for a search to be made instead, where the server says no, or
// answers with its log: that misses what left with an entry that was moved.
func (f *following) present() (bool, error) {
	if f.root.ad || !f.root.syncs {
		return false, nil
	}
	all, n := map[connector.TargetKind][][16]byte{}, 0
	for kind, q := range map[connector.TargetKind]query{connector.OnEntitlement: f.groupQuery(), connector.OnAccount: f.accountQuery()} {
		ids, ok := f.synced(q)
		if !ok {
			return false, nil
		}
		all[kind] = ids
		n += len(ids)
	}
	if n == 0 {
		return false, nil // that nothing is left is asked for once more
	}
	for kind, ids := range all {
		for _, id := range ids {
			if err := f.give(connector.Record{Present: &connector.Target{Kind: kind, ID: uuidText(id)}}); err != nil {
				return true, err
			}
		}
	}
	return true, nil
}

// synced are the ids of all that a query finds; not ok where the server does not tell
// all. Only its last word says what the ids before it mean.
func (f *following) synced(q query) (ids [][16]byte, ok bool) {
	ctx, cancel := context.WithCancel(f.ctx)
	defer cancel()
	cookie := "rid=000,csn=" + strings.ReplaceAll(f.was.Count, " ", ";")
	request := goldap.NewSearchRequest(q.base, q.scope, goldap.NeverDerefAliases, 0, int(f.timeout/time.Second), false, q.filter, []string{"1.1"}, nil)
	f.line.allow(maxAnswer)
	answers := f.conn.Syncrepl(ctx, request, int(f.page), goldap.SyncRequestModeRefreshOnly, []byte(cookie), false)
	done := false
	for answers.Next() {
		for _, c := range answers.Controls() {
			switch c := c.(type) {
			case *goldap.ControlSyncState:
				if c.State != goldap.SyncStateDelete {
					ids = append(ids, c.EntryUUID)
				}
			case *goldap.ControlSyncInfo:
				if c.RefreshDelete != nil || c.SyncIdSet != nil && c.SyncIdSet.RefreshDeletes {
					return nil, false
				}
				if c.SyncIdSet != nil {
					for _, id := range c.SyncIdSet.SyncUUIDs {
						ids = append(ids, id)
					}
				}
			case *goldap.ControlSyncDone:
				if c.RefreshDeletes {
					return nil, false
				}
				done = true
			}
		}
	}
	return ids, done && answers.Err() == nil && f.ctx.Err() == nil
}

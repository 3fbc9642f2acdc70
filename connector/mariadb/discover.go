package mariadb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// checkpointEvery is how many accounts lie between two checkpoints.
const checkpointEvery = 1000

// The ways of signing in that are known.
const (
	nativePassword = "mysql_native_password" //nolint:gosec // it is a plugin's name
	ed25519Plugin  = "ed25519"
	socketPlugin   = "unix_socket"
	authSocket     = "auth_socket" // MySQL's
)

// passwordWays keep a password of the account's own, hostWays let in accounts of the host.
var (
	passwordWays = map[string]bool{
		nativePassword: true, ed25519Plugin: true, "mysql_old_password": true, "parsec": true, "caching_sha2_password": true, "sha256_password": true,
	}
	hostWays = map[string]bool{socketPlugin: true, authSocket: true, "pam": true, "authentication_pam": true}
)

// open reports whether a way lets everybody in.
func (w way) open() bool { return passwordWays[w.plugin] && w.empty }

// builtIn are accounts that the server's own set-up makes.
var builtIn = map[string]string{
	"mariadb.sys": "the server's own views run as it", "mysql.sys": "the server's own views run as it", "mysql.session": "what runs in the server works as it",
	"mysql.infoschema": "the server's own views run as it", "root": "it is made with the server", "mysql": "it is made with the server",
}

// Discover yields the server: resources, entitlements and what they hold, then each account
// with its credentials and grants. It is read whole before it is yielded. A cursor is a place
// in one state of the server; in another state it starts over.
func (s *Server) Discover(ctx context.Context, cursor string) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		k, err := s.read(ctx)
		if err != nil {
			yield(connector.Record{}, err)
			return
		}
		for rec := range k.records(cursor) {
			if ctx.Err() != nil {
				yield(connector.Record{}, fmt.Errorf("%s: reading: %w", s.called, context.Cause(ctx)))
				return
			}
			if !yield(rec, nil) {
				return
			}
		}
	}
}

// records are what comes after the cursor.
func (k *catalog) records(cursor string) iter.Seq[connector.Record] {
	var fixed []connector.Record
	for r := range k.fixed() {
		fixed = append(fixed, r)
	}
	each := make([][]connector.Record, len(k.accounts))
	sum := sha256.New()
	state := json.NewEncoder(sum)
	_ = state.Encode(fixed) // a digest takes everything, and records are text and numbers
	for i, a := range k.accounts {
		each[i] = k.record(a)
		_ = state.Encode(each[i])
	}
	digest := hex.EncodeToString(sum.Sum(nil)[:12])
	from := 0
	if place, ok := strings.CutPrefix(cursor, digest+":"); ok {
		if n, err := strconv.Atoi(place); err == nil && n > 0 && n <= len(each) {
			from, fixed = n, nil
		}
	}
	return func(yield func(connector.Record) bool) {
		for _, r := range fixed {
			if !yield(r) {
				return
			}
		}
		for i, list := range each[from:] {
			if done := from + i + 1; done%checkpointEvery == 0 || done == len(each) {
				list = append(list, connector.Record{Checkpoint: fmt.Sprintf("%s:%d", digest, done)})
			}
			for _, r := range list {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// fixed is all but the accounts.
func (k *catalog) fixed() iter.Seq[connector.Record] {
	byID := func(a, b *connector.Entitlement) int { return strings.Compare(a.ID, b.ID) }
	slices.SortFunc(k.entitlements, byID)
	return func(yield func(connector.Record) bool) {
		for _, r := range k.rejects() {
			if !yield(connector.Record{Reject: r}) {
				return
			}
		}
		for _, r := range k.resources {
			if !yield(connector.Record{Resource: r}) {
				return
			}
		}
		for _, e := range k.entitlements {
			if !yield(connector.Record{Entitlement: e}) {
				return
			}
		}
		for _, e := range k.entitlements {
			for _, r := range k.held(connector.Target{Kind: connector.OnEntitlement, ID: e.ID}) {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// held is what a holder has.
func (k *catalog) held(t connector.Target) (list []connector.Record) {
	slices.SortFunc(k.grants[t], func(a, b *connector.Grant) int { return strings.Compare(a.Entitlement, b.Entitlement) })
	for _, g := range k.grants[t] {
		list = append(list, connector.Record{Grant: g})
	}
	return list
}

// rejects are data classes of what the server does not have: a typing error must not leave
// data without its class in silence. Of tables only those are known that a grant is on.
func (k *catalog) rejects() (list []*connector.Reject) {
	for name, class := range k.classes {
		if names, _ := restoreAll(name); len(names) == 2 {
			k.resource(onTable, name, k.resource("database", part(names[0]), ""))
		} else if !k.things["database:"+name] {
			list = append(list, &connector.Reject{Where: "option " + optDataClass + clean(name), Reason: "the server has no such database, or does not show it", Raw: string(class)})
		}
	}
	slices.SortFunc(list, func(a, b *connector.Reject) int { return strings.Compare(a.Where, b.Where) })
	slices.SortStableFunc(k.resources, func(a, b *connector.Resource) int {
		return strings.Compare(a.Parent+"\x00"+a.ID, b.Parent+"\x00"+b.ID)
	})
	return list
}

// record is an account with all that is its own.
func (k *catalog) record(r *accountRow) (list []connector.Record) {
	a := &connector.Account{ID: r.id(), Login: r.login(), Status: k.status(r), Interactive: true, OpenedBy: k.openedBy(r)}
	if why := builtIn[r.User]; why != "" && isNear(r.Host) {
		a.Kind, a.KindReason = access.BuiltInAccount, why
	}
	a.Attributes = map[string]string{"user": clean(r.User), "host": clean(r.Host)}
	if r.DefaultRole != "" {
		a.Attributes["default_role"] = clean(r.DefaultRole)
	}
	if r.mark() != "" {
		a.Attributes["mark"] = r.mark()
	}
	if k.expired(r) {
		a.Attributes["password"] = "expired"
	}
	list = append(list, connector.Record{Account: a})
	for _, w := range r.ways() {
		if passwordWays[w.plugin] && !w.empty {
			c := &connector.Credential{Account: a.ID, Kind: access.Password, Algorithm: clean(w.plugin)}
			if r.Changed > 0 {
				c.Changed = access.TimeOf(time.Unix(r.Changed, 0))
			}
			list = append(list, connector.Record{Credential: c})
			break // a password is one per account
		}
	}
	return append(list, k.held(r.target())...)
}

// expired reports whether another password has to be chosen.
func (k *catalog) expired(r *accountRow) bool { return k.settings.expired(r, k.now()) }

func (s settingsRow) expired(r *accountRow, now time.Time) bool {
	days := r.Lifetime
	if days < 0 {
		days = s.Lifetime
	}
	return r.Changed == 0 || r.Changed > 0 && days > 0 && time.Unix(r.Changed, 0).AddDate(0, 0, int(days)).Before(now)
}

// status of an account: with an expired password one is let in to choose another, unless the
// server says otherwise.
func (k *catalog) status(r *accountRow) access.AccountStatus {
	switch {
	case r.Locked:
		return access.Disabled
	case k.settings.Disconnects && k.expired(r):
		return access.Expired
	}
	return access.Enabled
}

// openedBy are the host's accounts that an account lets in.
func (k *catalog) openedBy(r *accountRow) (list []connector.Target) {
	for _, w := range r.ways() {
		if k.host == "" || !hostWays[w.plugin] {
			continue
		}
		name := r.User
		if (w.plugin == socketPlugin || w.plugin == authSocket) && w.name != "" {
			name = w.name
		}
		t := connector.Target{Kind: connector.OnAccount, System: k.host, ID: clean(name)}
		if !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list
}

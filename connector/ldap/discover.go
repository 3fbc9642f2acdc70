package ldap

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
)

// checkpointEvery is how many accounts lie between two checkpoints.
const checkpointEvery = 1000

// errEnough says that whoever reads has seen enough.
var errEnough = errors.New("enough")

// place is a cursor: so many accounts in, what had been seen until then, and where
// the directory's count of changes stood when the reading began.
type place struct {
	accounts int
	digest   string
	began    string
}

func (p place) String() string { return strconv.Itoa(p.accounts) + ":" + p.digest + ":" + p.began }

func parsePlace(cursor string) (p place, ok bool) {
	count, rest, ok := strings.Cut(cursor, ":")
	n, err := strconv.Atoi(count)
	digest, began, _ := strings.Cut(rest, ":")
	return place{accounts: n, digest: digest, began: began}, ok && err == nil && n > 0 && len(digest) == 2*sha256.Size
}

// Discover yields groups as entitlements, what groups have through groups, then
// each account with its credentials and groups. Marks between pages do not outlive
// a connection, so resuming reads what came before the cursor once more without
// yielding it, and goes on only if that is what it was.
func (d *Directory) Discover(ctx context.Context, cursor string) iter.Seq2[connector.Record, error] {
	return func(yield func(connector.Record, error) bool) {
		p, resumes := parsePlace(cursor)
		goesOn, err := true, error(nil)
		if resumes {
			goesOn, err = d.discover(ctx, &p, yield)
		}
		if err == nil && (!resumes || !goesOn) {
			_, err = d.discover(ctx, nil, yield)
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield(connector.Record{}, err)
		}
	}
}

// reading is one pass over the directory.
type reading struct {
	*session
	k      kind
	in     *membership
	yield  func(connector.Record, error) bool
	behind *place // what comes before it is read without yielding; nil: everything is yielded
	seen   [sha256.Size]byte
	count  int
	began  standing // when it began, where it was resumed the first time
}

// discover reports false, having yielded nothing, when the directory is not what
// it was at the place to resume behind.
func (d *Directory) discover(ctx context.Context, behind *place, yield func(connector.Record, error) bool) (goesOn bool, err error) {
	s, err := d.connect(ctx)
	if err != nil {
		return false, err
	}
	defer s.end()
	r := &reading{session: s, k: s.kindOf(), yield: yield, behind: behind}
	if r.began, err = s.standing(); err != nil {
		return false, err
	}
	if behind != nil {
		was, ok := parseStanding(behind.began)
		if ok && was.passed(r.began) != "" || !ok && behind.began != "" {
			return false, nil // another server, or one that was set back
		}
		r.began = was
	}
	if r.in, err = s.readGroups(r.give); err != nil {
		return false, err
	}
	r.seen = r.in.digest()
	if err := r.in.nested(r.give); err != nil {
		return false, err
	}
	if err := r.accounts(); err != nil {
		return false, err
	}
	if r.behind != nil {
		return false, nil
	}
	if err := r.catchUp(r.began.Count); err != nil {
		return false, err
	}
	if err := r.in.dangling(r.give); err != nil {
		return false, err
	}
	if r.count > 0 {
		if err := r.give(connector.Record{Checkpoint: r.place().String()}); err != nil {
			return true, err
		}
	}
	if mark := r.began.String(); mark != "" {
		return true, r.give(connector.Record{Mark: &connector.Mark{Text: mark}})
	}
	return true, nil
}

// give yields a record, unless it comes before the place to resume behind.
func (r *reading) give(rec connector.Record) error {
	if r.behind != nil {
		return nil
	}
	if r.ctx.Err() != nil {
		return r.failed("reading", context.Cause(r.ctx))
	}
	if !r.yield(rec, nil) {
		return errEnough
	}
	return nil
}

func (r *reading) place() place {
	return place{r.count, hex.EncodeToString(r.seen[:]), r.began.String()}
}

var errChanged = errors.New("the directory is not what it was")

func (s *session) accountQuery() query {
	k := s.kindOf()
	q := query{doing: "reading accounts", base: s.users, scope: goldap.ScopeWholeSubtree, filter: k.accounts, attributes: k.accountAttributes}
	if s.userFilter != "" {
		q.filter = "(&" + q.filter + s.userFilter + ")"
	}
	return q
}

// accounts reads every account.
func (r *reading) accounts() error {
	err := r.pages(r.accountQuery(), nil, func(e *goldap.Entry) error {
		if err := r.account(e); err != nil {
			return err
		}
		r.count++
		if r.behind != nil && r.count == r.behind.accounts {
			if r.place() != *r.behind {
				return errChanged
			}
			r.behind = nil
			return r.give(connector.Record{Checkpoint: r.place().String()})
		}
		if r.count%checkpointEvery == 0 {
			return r.give(connector.Record{Checkpoint: r.place().String()})
		}
		return nil
	})
	if errors.Is(err, errChanged) {
		return nil // r.behind still stands, which says so
	}
	return err
}

// account yields one account with all that is its own: the groups that it is in by
// what was read, and those that it also is in.
func (r *reading) account(e *goldap.Entry, also ...uint32) error {
	id := r.k.id(e)
	if id == "" {
		return r.noID(e)
	}
	held := r.held(e, also)
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%x %s", r.seen, id)
	for _, g := range held {
		_, _ = fmt.Fprintf(sum, " %s", r.in.groups[g].id)
	}
	r.seen = [sha256.Size]byte(sum.Sum(nil))
	if err := r.give(connector.Record{Account: r.k.account(e, id, r.now())}); err != nil {
		return err
	}
	for _, c := range r.k.credentials(e, id) {
		if err := r.give(connector.Record{Credential: c}); err != nil {
			return err
		}
	}
	for _, g := range held {
		err := r.give(connector.Record{Grant: &connector.Grant{
			Holder: connector.Target{Kind: connector.OnAccount, ID: id}, Entitlement: r.in.groups[g].id,
		}})
		if err != nil {
			return err
		}
	}
	return nil
}

// held are the groups that an account is in, each once: by its name, by its uid,
// and its primary one.
func (r *reading) held(e *goldap.Entry, also []uint32) (list []uint32) {
	seen := map[uint32]bool{}
	take := func(g uint32) {
		if !seen[g] {
			seen[g] = true
			list = append(list, g)
		}
	}
	for _, g := range also {
		take(g)
	}
	r.in.of(dnKey(e.DN), take)
	if !r.root.ad {
		for _, uid := range e.GetEqualFoldAttributeValues("uid") {
			r.in.of(uidKey(uid), take)
		}
	}
	for _, g := range r.in.primary[r.k.primaryOf(e)] {
		take(g)
	}
	return list
}

package mariadb

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/writhq/writ/connector"
)

const (
	codeNoThread = 1094 // it has ended meanwhile
	maxNamed     = 12   // of what runs as an account, in one message
)

// open are the connections of an account. The server shows who came from where, not which
// account it took them for: where that could be this one or another, it counts.
func (s *session) open(ctx context.Context, a accountName) (ids []int64, err error) {
	switch may, err := s.may(ctx, "PROCESS"); {
	case err != nil:
		return nil, err
	case !may: // the server would show Writ's own, and not say so
		return nil, connector.ErrPrivilege.With("%s: account %q may not see sessions; run `grant process, connection admin on *.* to` it", s.called, clean(s.line.config.User))
	}
	rows, err := list(ctx, s, "listing sessions", scanProcess, queryProcesses, a.User)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	accounts, err := s.alike(ctx, a.User)
	if err != nil {
		return nil, err
	}
	for _, p := range rows {
		host := p.Host
		if i := strings.LastIndexByte(host, ':'); i >= 0 {
			host = host[:i]
		}
		may, _ := meant(accounts, comer{a.User, host})
		for _, b := range may {
			if p.User == a.User && b == a {
				ids = append(ids, p.ID)
			}
		}
	}
	return ids, nil
}

// may reports whether Writ has a privilege on everything, by itself or by the role that is
// active when it signs in.
func (s *session) may(ctx context.Context, word string) (bool, error) {
	v, err := s.greet(ctx)
	if err != nil {
		return false, err
	}
	i := max(strings.LastIndexByte(v.Me, '@'), 0)
	for name := (accountName{v.Me[:i], v.Me[min(i+1, len(v.Me)):]}); ; {
		row, err := s.account(ctx, name)
		if err != nil || row == nil {
			return false, err
		}
		if slices.Contains(row.Words, word) {
			return true, nil
		}
		if row.DefaultRole == "" {
			return false, nil
		}
		name = accountName{User: row.DefaultRole}
	}
}

// alike are the accounts that somebody who signs in by a name may be taken for.
func (s *session) alike(ctx context.Context, user string) ([]accountName, error) {
	rows, err := s.accounts(ctx, s, "listing accounts of one name", " where User in (?, '')", user)
	var names []accountName
	for _, r := range rows {
		if !r.Role {
			names = append(names, r.accountName)
		}
	}
	return names, err
}

// endSessions ends what an account has open, and waits until it is gone.
func (s *session) endSessions(ctx context.Context, a accountName) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout+grace)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ids, err := s.open(ctx, a)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			err := s.exec(ctx, "kill hard connection "+strconv.FormatInt(id, 10))
			switch {
			case codeOf(err) == 1095 || codeOf(err) == codeNeedsPrivilege:
				return connector.ErrPrivilege.With("%s: account %q may not end sessions; run `grant connection admin on *.* to` it", s.called, clean(s.line.config.User)).Because(err)
			case err != nil && codeOf(err) != codeNoThread:
				return s.failed("ending sessions", err)
			}
		}
		select {
		case <-ctx.Done():
			return connector.ErrIncomplete.With("%s: %d sessions of the account do not end; look at them in the process list", s.called, len(ids)).Because(context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// defines refuses where views, routines, triggers or events run with the account's rights:
// without it they fail, and as another's they would do with that one's rights what the
// account's holder wrote.
func (s *session) defines(ctx context.Context, a accountName) error {
	who := a.User + "@" + a.Host
	rows, err := list(ctx, s, "listing what runs as the account", scanDefined, queryDefined, who, who, who, who)
	if err != nil || len(rows) == 0 {
		return err
	}
	var told []string
	for _, r := range rows[:min(len(rows), maxNamed)] {
		told = append(told, r.Kind+" "+r.Name)
	}
	if more := len(rows) - len(told); more > 0 {
		told = append(told, strconv.Itoa(more)+" more")
	}
	return connector.ErrUnsupported.With("%s: the account cannot be deleted while something runs as it: %s; look at what it does, make it again with another definer or drop it, and try again", s.called, clean(strings.Join(told, ", ")))
}

package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// statements keeps what is asked again and again prepared over transactions: SQLite takes
// longer to prepare a small statement than to run it. The driver of PostgreSQL keeps its
// own. A nil one keeps nothing.
type statements struct {
	db *sql.DB

	mu   sync.RWMutex
	kept map[string]*sql.Stmt
	met  map[string]int // how often a text was met that is not kept
	due  []string       // texts to keep, as soon as a connection is free
}

// What is kept costs memory on each connection, and what is met once is not worth it.
const (
	keptAfter  = 3
	mostKept   = 300
	mostTexts  = 2000
	textLength = 8 << 10
)

func keepStatements(db *sql.DB) *statements {
	return &statements{db: db, kept: map[string]*sql.Stmt{}, met: map[string]int{}}
}

// in returns the kept statement of a text for a transaction, or nil.
func (s *statements) in(ctx context.Context, t *sql.Tx, text string) *sql.Stmt {
	if s == nil {
		return nil
	}
	s.mu.RLock()
	stmt, full := s.kept[text], len(s.kept) >= mostKept
	s.mu.RUnlock()
	if stmt != nil {
		return t.StmtContext(ctx, stmt)
	}
	if !full && len(text) <= textLength {
		s.meet(text)
	}
	return nil
}

func (s *statements) meet(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, known := s.met[text]
	if !known && len(s.met) >= mostTexts {
		return
	}
	if n++; n == keptAfter {
		s.due = append(s.due, text)
	}
	s.met[text] = n
}

// learn prepares what is due. It is called by whoever holds no connection: it takes one.
func (s *statements) learn(ctx context.Context, rebind func(string) string) {
	if s == nil {
		return
	}
	s.mu.RLock()
	none := len(s.due) == 0
	s.mu.RUnlock()
	if none {
		return
	}
	s.mu.Lock()
	due := s.due
	s.due = nil
	s.mu.Unlock()
	for _, text := range due {
		stmt, err := s.db.PrepareContext(ctx, rebind(text)) //nolint:sqlclosecheck // close ends it
		if err != nil {
			continue // whoever asks next hears why
		}
		s.mu.Lock()
		s.kept[text] = stmt
		delete(s.met, text)
		s.mu.Unlock()
	}
}

// close ends them: before their database is closed.
func (s *statements) close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, stmt := range s.kept {
		errs = append(errs, stmt.Close())
	}
	clear(s.kept)
	return errors.Join(errs...)
}

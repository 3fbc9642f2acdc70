package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"
	"testing"
)

// asked is a query that production code ran, with what it was given.
type asked struct {
	text string
	args []any
}

// recorder keeps every query that a pool is asked, so that what is explained is
// what production runs and no copy of it.
type recorder struct {
	driver driver.Driver
	dsn    string
	mu     sync.Mutex
	list   []asked
}

// record puts a recorder between a store and its readers.
func record(t *testing.T, db *DB, dsn string) *recorder {
	t.Helper()
	r := &recorder{driver: db.r.Driver(), dsn: dsn}
	if err := db.r.Close(); err != nil {
		t.Fatal(err)
	}
	db.r = sql.OpenDB(r)
	return r
}

// of returns what fn asks.
func (r *recorder) of(t *testing.T, fn func() error) []asked {
	t.Helper()
	r.mu.Lock()
	r.list = nil
	r.mu.Unlock()
	if err := fn(); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.list
}

func (r *recorder) Driver() driver.Driver { return r.driver }

func (r *recorder) Connect(context.Context) (driver.Conn, error) {
	c, err := r.driver.Open(r.dsn)
	return &recordingConn{Conn: c, r: r}, err
}

type recordingConn struct {
	driver.Conn
	r *recorder
}

func (c *recordingConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

func (c *recordingConn) CheckNamedValue(v *driver.NamedValue) error {
	if check, ok := c.Conn.(driver.NamedValueChecker); ok {
		return check.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

func (c *recordingConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	q := asked{text: text}
	for _, a := range args {
		q.args = append(q.args, a.Value)
	}
	c.r.mu.Lock()
	c.r.list = append(c.r.list, q)
	c.r.mu.Unlock()
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, text, args)
}

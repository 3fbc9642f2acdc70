package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/internal/hook"
	"github.com/writhq/writ/inventory"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/store"
)

// app is what the commands share: streams, flags, and the store once it is open.
type app struct {
	in       io.Reader
	out, err io.Writer
	data     string
	alone    bool   // whatever is done needs the data directory as its owner
	database string // that a server's configuration names
	format   format
	db       *store.DB
	graph    *graph.Graph
	kept     kept
	progress *progress
	declared inventory.Declared    // by the server's configuration
	vault    *keys.Ring            // the vault's keys in this process
	token    *keys.Token           // the hardware token of the server's configuration
	kms      *keys.KeyService      // the key service of it
	hooks    map[string]*hook.Hook // what consumers of secrets are told by, by the server's configuration
}

// open opens the store of the data directory and names the operator as the actor
// of whatever the command does. Beside a server, which owns the directory, it is one more
// node.
func (a *app) open(ctx context.Context) (context.Context, error) {
	ctx = audit.WithActor(ctx, operator())
	if a.db != nil {
		return ctx, nil
	}
	cfg := store.Config{Dir: a.data, Postgres: a.postgres()}
	db, err := store.Open(ctx, cfg)
	if errors.Is(err, store.ErrLocked) && !a.alone {
		cfg.Beside = true
		db, err = store.Open(ctx, cfg)
	}
	if err != nil {
		return ctx, fmt.Errorf("opening %s: %w", a.data, err)
	}
	a.db = db
	return ctx, nil
}

// postgres is the URL of the database, where it is not the data directory's own.
func (a *app) postgres() string { return cmp.Or(a.database, os.Getenv("WRIT_DATABASE")) }

// configured makes a server's configuration say where the truth lies. A flag has the
// last word on the directory.
func (a *app) configured(cmd *cobra.Command, c *serverConfig) {
	if c.Data != "" && !cmd.Flags().Changed("data") {
		a.data = c.Data
	}
	a.database = c.Database
}

func (a *app) close() error {
	if a.db == nil {
		return nil
	}
	a.endVault()
	db := a.db
	a.db, a.graph, a.kept = nil, nil, kept{}
	return db.Close()
}

// operator is whoever runs the command on this machine. Until people sign in, the
// data directory's permissions are what lets them. The log keeps their number on
// this machine: a name would stay in it for ever.
func operator() audit.Actor {
	uid := "unknown"
	if u, err := user.Current(); err == nil {
		uid = u.Uid
	}
	return audit.Actor{Node: operatorPrefix + uid}
}

// operatorPrefix begins the name of whoever runs commands on a node.
const operatorPrefix = "operator:"

func defaultData() string {
	if dir := os.Getenv("WRIT_DATA"); dir != "" {
		return dir
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "writ")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "writ-data"
	}
	return filepath.Join(home, ".local", "share", "writ")
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision = s.Value
		}
	}
	return revision
}

// now is the time that answers are given at.
func (a *app) now() time.Time { return time.Now() }

// warn prints a line that is not the command's answer.
func (a *app) warn(text string, args ...any) {
	_, _ = fmt.Fprintln(a.err, printableLines(fmt.Sprintf(text, args...)))
}

package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/writhq/writ/internal/hook"
	"github.com/writhq/writ/internal/secret"
)

// hookConfig is a program of the node, or a URL, that consumers of secrets are told by.
// Nothing of it can be said over the API, which names it.
type hookConfig struct {
	Run   []string `koanf:"run"`
	Value bool     `koanf:"value"`
	URL   string   `koanf:"url"`
	Key   string   `koanf:"key"`
}

// readHooks makes the hooks, and reads the keys that are referred to: a configuration holds
// none.
func (c *serverConfig) readHooks(say func(text string, args ...any)) {
	c.hooks = map[string]*hook.Hook{}
	for _, name := range slices.Sorted(maps.Keys(c.Hooks)) {
		x := c.Hooks[name]
		var key secret.Secret
		var err error
		switch {
		case x.Key != "" && !strings.HasPrefix(x.Key, "env:") && !strings.HasPrefix(x.Key, "file:"):
			say("hooks.%s: key must be env:VARIABLE or file:PATH", name)
			continue
		case x.Key != "":
			key, err = new(app).credential(systemFlag{name: name, credential: x.Key})
		}
		if err == nil {
			c.hooks[name], err = hook.New(hook.Config{Run: x.Run, Value: x.Value, URL: x.URL, Key: key})
		}
		if err != nil {
			say("hooks.%s: %w", name, err)
		}
	}
}

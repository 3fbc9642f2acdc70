package linux

import (
	"context"
	"slices"
	"strings"

	"github.com/writhq/writ/connector"
)

// Files in homes that hold what opens something else. Of keys only those count that others
// than their owner may read.
var (
	passwordFiles = []string{".pgpass", ".netrc"}
	privateKeys   = []string{".ssh/id_rsa", ".ssh/id_ecdsa", ".ssh/id_ed25519"}
)

const readableByOthers = 0o044

// readEmbedded finds where secrets lie in the homes of accounts. It asks whether the files
// are there, and who may read them; it reads none.
func (h *Host) readEmbedded(ctx context.Context, f *facts) ([]*connector.Resource, error) {
	ask := map[string]bool{} // whether it is a key
	for _, a := range f.accounts {
		home := strings.TrimRight(a.home, "/")
		if !strings.HasPrefix(home, "/") || strings.ContainsAny(home, "\x00\n") || !a.interactive() {
			continue
		}
		for _, name := range passwordFiles {
			ask[home+"/"+name] = false
		}
		for _, name := range privateKeys {
			ask[home+"/"+name] = true
		}
	}
	paths := sortedKeys(ask)
	files, err := h.statFiles(ctx, "looking for secrets in homes", paths)
	if err != nil {
		return nil, err
	}
	var list []*connector.Resource
	for _, p := range paths {
		fact, there := files[p]
		open := fact.mode&readableByOthers != 0
		if !there || fact.kind != 'f' || fact.size == 0 || ask[p] && !open {
			continue
		}
		name := clean(p)
		if open {
			name += " (others may read it)"
		}
		list = append(list, &connector.Resource{ID: "embedded:" + native(p), Kind: connector.EmbeddedSecret, Name: name})
	}
	return slices.Clip(list), nil
}

package linux

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/writhq/writ/connector"
)

// nameService is where the host takes accounts and groups from.
type nameService struct {
	passwd, group    []string        // services of nsswitch.conf that are not the host itself
	accounts, groups map[string]bool // names that are in the host's own files
}

// ownServices are those of nsswitch.conf that hold what is the host's own.
var ownServices = map[string]bool{
	"files": true, "compat": true, "db": true, "systemd": true, "extrausers": true, "altfiles": true, "mymachines": true, "cache": true,
}

// serviceActions say what follows from a service's answer: [NOTFOUND=return].
var serviceActions = regexp.MustCompile(`\[[^\]]*\]?`)

func newNameService() nameService {
	return nameService{accounts: map[string]bool{}, groups: map[string]bool{}}
}

// serve takes a line of nsswitch.conf.
func (n *nameService) serve(text string) {
	database, services, _ := strings.Cut(text, ":")
	services, _, _ = strings.Cut(services, "#")
	list := &n.passwd
	if strings.TrimSpace(database) == "group" {
		list = &n.group
	}
	for _, s := range strings.Fields(serviceActions.ReplaceAllString(services, " ")) {
		if !ownServices[s] && !slices.Contains(*list, s) {
			*list = append(*list, s)
		}
	}
}

// services are those of both, each once.
func (n *nameService) services() []string {
	return slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(n.passwd), n.group...))))
}

// whole reports whether the host's own names are known, as far as they have to be
// told from others. Without root, the list is not whole.
func (n *nameService) whole() bool {
	return (len(n.passwd) == 0 || n.accounts["root"]) && (len(n.group) == 0 || n.groups["root"])
}

// runNames runs a script that reads names. While a service does not answer, whoever it
// brings seems to be gone, and nothing of what the script prints counts.
func (l *line) runNames(ctx context.Context, doing, script string, stdin []byte) ([]byte, error) {
	out, err := l.run(ctx, doing, scriptServices+script, stdin, asRoot)
	if err != nil {
		return nil, err
	}
	if silent := silentServices(out); len(silent) > 0 {
		return nil, connector.ErrIncomplete.With("linux %q: %s: the host's name service does not answer, so whom it brings is not known and nothing counts; start it there (sss is sssd, ldap is nslcd, winbind is winbindd), see that it reaches its directory, or take it out of /etc/nsswitch.conf if it is no longer used", l.system, doing).
			Because(fmt.Errorf("no answer from %s", clean(strings.Join(silent, ", "))))
	}
	return out, nil
}

// silentServices are those of which services.sh says that they do not answer. What is
// the host's own needs no daemon.
func silentServices(out []byte) (list []string) {
	for raw := range bytes.Lines(out) {
		service, is := strings.CutPrefix(strings.TrimSpace(string(raw)), "A:")
		if is && !ownServices[service] && !slices.Contains(list, service) {
			list = append(list, service)
		}
	}
	return list
}

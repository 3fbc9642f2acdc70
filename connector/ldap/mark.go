package ldap

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/writhq/writ/connector"
)

// markFormat is raised with whatever else an entry is read as, so that one complete
// reading follows.
const markFormat = 2

// standing is where a directory's own count of its changes stands: a mark.
type standing struct {
	Format  int    `json:"v"`
	Server  string `json:"server"`  // whose count it is
	Reading string `json:"reading"` // of what was read, as a digest of the settings
	Count   string `json:"count"`   // as session.mark has it
}

// String is "" where the directory keeps no count that could be gone by.
func (p standing) String() string {
	if p.Count == "" || p.Server == "" {
		return ""
	}
	b, err := json.Marshal(p)
	if err != nil || len(b) > connector.MaxMark {
		return ""
	}
	return string(b)
}

func parseStanding(mark string) (p standing, ok bool) {
	if len(mark) > connector.MaxMark || json.Unmarshal([]byte(mark), &p) != nil {
		return standing{}, false
	}
	return p, p.Format == markFormat && p.Count != "" && p.Server != ""
}

// standing asks where the directory stands. AD's numbers are one controller's own,
// and begin again when its database is restored, which its invocation id tells; the
// change sequence numbers of OpenLDAP are those of all servers of the tree.
func (s *session) standing() (p standing, err error) {
	p = standing{Format: markFormat, Reading: s.reading()}
	if p.Count, err = s.mark(); err != nil {
		return p, err
	}
	if !s.root.ad {
		p.Server = strings.Join(suppliers(p.Count), " ")
		return p, nil
	}
	if s.root.service == "" {
		return p, nil
	}
	e, err := s.entry("asking which controller answers", s.root.service, "invocationId")
	if err != nil || e == nil {
		return p, err
	}
	if id := guid(rawFirst(e, "invocationId")); id != "" {
		p.Server = sameDN(s.root.service) + " " + id
	}
	return p, nil
}

// reading stands for what is read: at another address, with other settings, or as
// somebody else, other entries are there.
func (s *session) reading() string {
	sum := sha256.New()
	for _, part := range []string{s.addr(), s.base, s.users, s.groups, s.userFilter, s.groupFilter, s.admins, s.bindDN, s.schema} {
		_, _ = fmt.Fprintf(sum, "%q ", part)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// suppliers are the servers that have changed a tree, by their numbers in its change
// sequence numbers: TIME#COUNT#SERVER#MODIFICATION.
func suppliers(count string) (list []string) {
	for csn := range strings.FieldsSeq(count) {
		if parts := strings.Split(csn, "#"); len(parts) == 4 {
			list = append(list, parts[2])
		}
	}
	slices.Sort(list)
	return list
}

// passed says why what changed since p cannot be told by a server that stands at
// now; "" where it can.
func (p standing) passed(now standing) string {
	switch {
	case p.Reading != now.Reading:
		return "what is read, or who reads it, is set otherwise than at the last reading"
	case p.Server != now.Server:
		return "another server answers than at the last reading"
	}
	was, is := byServer(p.Count), byServer(now.Count)
	for server, at := range was {
		if is[server] < at {
			return "the server's count of changes is lower than at the last reading: it was set back, or lags behind"
		}
	}
	return ""
}

// byServer takes a count apart so that each part compares as a text.
func byServer(count string) map[string]string {
	if n, err := strconv.ParseUint(count, 10, 64); err == nil {
		return map[string]string{"": fmt.Sprintf("%020d", n)}
	}
	all := map[string]string{}
	for csn := range strings.FieldsSeq(count) {
		if parts := strings.Split(csn, "#"); len(parts) == 4 {
			all[parts[2]] = csn
		}
	}
	return all
}

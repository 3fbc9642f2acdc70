package inventory

import (
	"encoding/binary"
	"errors"
	"strings"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
)

// What a record is, in a spool.
const (
	isResource byte = iota + 1
	isEntitlement
	isAccount
	isGrant
	isCredential
	isPerson
	isReject
	isPresent
	isAll
)

var errRecord = errors.New("a damaged record")

// appendRecord writes one record: its kind, then its fields in order, texts with
// their length before them. A checkpoint is no record.
func appendRecord(b []byte, r *connector.Record) ([]byte, error) {
	switch {
	case r.Resource != nil:
		x := r.Resource
		return appendTexts(append(b, isResource), x.ID, x.Kind, x.Name, x.Parent, string(x.DataClass)), nil
	case r.Entitlement != nil:
		return appendEntitlement(append(b, isEntitlement), r.Entitlement), nil
	case r.Account != nil:
		return appendAccount(append(b, isAccount), r.Account), nil
	case r.Grant != nil:
		x := r.Grant
		b = appendTexts(appendTarget(append(b, isGrant), x.Holder), x.Entitlement, x.Resource)
		b = append(b, byte(x.Mode), byte(x.Flags), flag(x.UsageKnown))
		return appendTimes(b, x.Start, x.End, x.LastUsed), nil
	case r.Credential != nil:
		x := r.Credential
		b = appendTexts(append(b, isCredential), x.Account, string(x.Kind), x.Fingerprint, x.Algorithm, x.Options)
		return appendTimes(b, x.Changed, x.LastUsed), nil
	case r.Person != nil:
		b = appendTexts(append(b, isPerson), r.Person.ID)
		b = binary.AppendVarint(b, int64(r.Person.Line))
		return appendPairs(b, r.Person.Attributes), nil
	case r.Reject != nil:
		x := r.Reject
		return appendTarget(appendTarget(appendTexts(append(b, isReject), x.Where, x.Reason, x.Raw), x.Object), x.Holder), nil
	case r.Present != nil:
		return appendTarget(append(b, isPresent), *r.Present), nil
	case r.All != nil:
		return appendTexts(appendTarget(append(b, isAll), r.All.Holder), r.All.Entitlement), nil
	}
	return b, errors.New("the connector gave an empty record")
}

func appendEntitlement(b []byte, x *connector.Entitlement) []byte {
	b = appendTexts(b, x.ID, x.Kind, x.Name, x.Description, x.Resource, x.Owner)
	b = binary.AppendUvarint(b, uint64(len(x.Capabilities)))
	for _, c := range x.Capabilities {
		b = appendTarget(appendTexts(b, string(c.Right)), c.On)
	}
	b = binary.AppendUvarint(b, uint64(len(x.Conflicts)))
	return appendTexts(b, x.Conflicts...)
}

func appendAccount(b []byte, x *connector.Account) []byte {
	b = appendTexts(b, x.ID, x.Login, x.DisplayName, x.Email, x.Number, string(x.Kind), x.KindReason, string(x.Status))
	b = append(b, flag(x.Interactive), flag(x.UsageKnown))
	b = appendTimes(b, x.Created, x.Expires, x.LastUsed)
	b = appendPairs(b, x.Attributes)
	b = binary.AppendUvarint(b, uint64(len(x.OpenedBy)))
	for _, t := range x.OpenedBy {
		b = appendTarget(b, t)
	}
	return b
}

func appendTarget(b []byte, t connector.Target) []byte {
	return appendTexts(b, string(t.Kind), t.ID, t.System)
}

func flag(v bool) byte {
	if v {
		return 1
	}
	return 0
}

func appendTexts(b []byte, list ...string) []byte {
	for _, s := range list {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return b
}

func appendTimes(b []byte, list ...access.Time) []byte {
	for _, t := range list {
		b = binary.AppendVarint(b, int64(t))
	}
	return b
}

func appendPairs(b []byte, m map[string]string) []byte {
	b = binary.AppendUvarint(b, uint64(len(m)))
	for k, v := range m {
		b = appendTexts(b, k, v)
	}
	return b
}

// recordReader reads records out of one frame. Texts are parts of the frame; the
// record that next returns is overwritten by the following one, but for what is
// behind its maps and lists.
type recordReader struct {
	rest string
	bad  bool

	rec         connector.Record
	resource    connector.Resource
	entitlement connector.Entitlement
	account     connector.Account
	grant       connector.Grant
	credential  connector.Credential
	person      connector.Person
	reject      connector.Reject
	present     connector.Target
	all         connector.All
}

// next returns the next record, or nil at the end of the frame.
func (r *recordReader) next() (*connector.Record, error) {
	if r.rest == "" {
		return nil, nil //nolint:nilnil // the end is no error
	}
	r.rec = connector.Record{}
	switch r.byte() {
	case isResource:
		r.resource = connector.Resource{ID: r.text(), Kind: r.text(), Name: r.text(), Parent: r.text(), DataClass: access.DataClass(r.text())}
		r.rec.Resource = &r.resource
	case isEntitlement:
		r.readEntitlement()
	case isAccount:
		r.readAccount()
	case isGrant:
		r.grant = connector.Grant{
			Holder: r.target(), Entitlement: r.text(), Resource: r.text(),
			Mode: access.Mode(r.byte()), Flags: access.GrantFlags(r.byte()), UsageKnown: r.flag(), Start: r.time(), End: r.time(), LastUsed: r.time(),
		}
		r.rec.Grant = &r.grant
	case isCredential:
		r.credential = connector.Credential{
			Account: r.text(), Kind: access.CredentialKind(r.text()), Fingerprint: r.text(), Algorithm: r.text(), Options: r.text(),
			Changed: r.time(), LastUsed: r.time(),
		}
		r.rec.Credential = &r.credential
	case isPerson:
		r.person = connector.Person{ID: r.text(), Line: int(r.varint()), Attributes: r.pairs()}
		r.rec.Person = &r.person
	case isReject:
		r.reject = connector.Reject{
			Where: r.text(), Reason: r.text(), Raw: r.text(),
			Object: r.target(), Holder: r.target(),
		}
		r.rec.Reject = &r.reject
	case isPresent:
		r.present = r.target()
		r.rec.Present = &r.present
	case isAll:
		r.all = connector.All{Holder: r.target(), Entitlement: r.text()}
		r.rec.All = &r.all
	default:
		r.bad = true
	}
	if r.bad {
		return nil, errRecord
	}
	return &r.rec, nil
}

func (r *recordReader) readEntitlement() {
	r.entitlement = connector.Entitlement{ID: r.text(), Kind: r.text(), Name: r.text(), Description: r.text(), Resource: r.text(), Owner: r.text()}
	for range r.count() {
		r.entitlement.Capabilities = append(r.entitlement.Capabilities,
			connector.Capability{Right: access.Right(r.text()), On: r.target()})
	}
	for range r.count() {
		r.entitlement.Conflicts = append(r.entitlement.Conflicts, r.text())
	}
	r.rec.Entitlement = &r.entitlement
}

func (r *recordReader) readAccount() {
	r.account = connector.Account{
		ID: r.text(), Login: r.text(), DisplayName: r.text(), Email: r.text(), Number: r.text(), Kind: access.AccountKind(r.text()),
		KindReason: r.text(), Status: access.AccountStatus(r.text()), Interactive: r.flag(), UsageKnown: r.flag(),
		Created: r.time(), Expires: r.time(), LastUsed: r.time(), Attributes: r.pairs(),
	}
	for range r.count() {
		r.account.OpenedBy = append(r.account.OpenedBy, r.target())
	}
	r.rec.Account = &r.account
}

func (r *recordReader) target() connector.Target {
	return connector.Target{Kind: connector.TargetKind(r.text()), ID: r.text(), System: r.text()}
}

func (r *recordReader) byte() byte {
	if r.rest == "" {
		r.bad = true
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *recordReader) flag() bool { return r.byte() == 1 }

// uvarint reads what binary.AppendUvarint wrote.
func (r *recordReader) uvarint() (v uint64) {
	for shift := 0; shift < 64; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	r.bad = true
	return 0
}

func (r *recordReader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1) //nolint:gosec // zigzag, as encoding/binary has it
}

func (r *recordReader) time() access.Time { return access.Time(r.varint()) }

func (r *recordReader) text() string {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, ""
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

// count reads how many things follow: each takes at least a byte.
func (r *recordReader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, ""
		return 0
	}
	return int(n) //nolint:gosec // bounded by the frame
}

// pairs reads a map. It outlives its frame, so its texts are copies.
func (r *recordReader) pairs() map[string]string {
	n := r.count()
	if n == 0 {
		return nil
	}
	m := make(map[string]string, min(n, 64))
	for range n {
		k := r.text()
		m[strings.Clone(k)] = strings.Clone(r.text())
	}
	return m
}

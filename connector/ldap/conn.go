package ldap

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/internal/fault"
	"github.com/writhq/writ/internal/outbound"
)

// session is one connection to the directory, which the end of its context hangs up.
type session struct {
	*Directory
	line *line
	conn *goldap.Conn
	open bool // signed in, or nobody to sign in as
	stop func() bool
	ctx  context.Context //nolint:containedctx // a session lives as long as the one call that it is for
	root rootDSE
	// owners are the numbers of who answers for groups.
	owners numbers
}

// rootDSE is what the server says of itself.
type rootDSE struct {
	ad       bool
	vendor   string
	contexts []string
	domain   string // AD: the domain's own naming context
	service  string // AD: the directory service that answers, by its settings' name
	pages    bool
	syncs    bool // it tells who is there as RFC 4533 has it
}

const capabilityAD = "1.2.840.113556.1.4.800"

// connect dials, secures and binds.
func (d *Directory) connect(ctx context.Context) (*session, error) {
	s, err := d.begin(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.signIn(); err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

// begin is a session in which nobody has signed in. The line is Writ's own, so that closing
// it ends whatever the library waits for.
func (d *Directory) begin(ctx context.Context) (*session, error) {
	line, secured, err := d.dial(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{Directory: d, line: line, conn: goldap.NewConn(secured, d.ldaps), ctx: ctx, owners: numbers{}}
	s.stop = context.AfterFunc(ctx, func() { _ = line.Close() })
	s.conn.SetTimeout(d.timeout)
	s.conn.Start()
	if !s.ldaps && !s.plain {
		if err := s.startTLS(); err != nil {
			err = s.openError(err)
			s.end()
			return nil, err
		}
	}
	return s, nil
}

// dial returns the line, and what is spoken over: TLS on it, where the address says so.
func (d *Directory) dial(ctx context.Context) (*line, net.Conn, error) {
	plain, err := outbound.Dialer(d.host, min(d.timeout, 10*time.Second)).DialContext(ctx, "tcp", d.addr())
	if err != nil {
		return nil, nil, d.unreachable(err)
	}
	line := newLine(plain)
	if !d.ldaps {
		return line, line, nil
	}
	secured := tls.Client(line, d.tls())
	within, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	if err := secured.HandshakeContext(within); err != nil {
		_ = line.Close()
		return nil, nil, d.unreachable(err)
	}
	return line, secured, nil
}

func (s *session) signIn() error {
	if s.bindDN != "" {
		request := goldap.NewSimpleBindRequest(s.bindDN, string(s.credential.Reveal()), nil)
		if _, err := s.conn.SimpleBind(request); err != nil {
			return s.openError(err)
		}
	}
	s.open = true
	return s.readRoot()
}

// startTLS sets a time for the handshake, for which the library has none.
func (s *session) startTLS() error {
	if err := s.line.SetDeadline(time.Now().Add(s.timeout)); err != nil {
		return err
	}
	if err := s.conn.StartTLS(s.tls()); err != nil {
		return err
	}
	return s.line.SetDeadline(time.Time{})
}

// end closes the session; what it has to say is said.
func (s *session) end() {
	s.stop()
	_ = s.conn.Close()
}

func (d *Directory) unreachable(err error) error {
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	_, invalid := errors.AsType[x509.CertificateInvalidError](err)
	if unknown || name || invalid {
		return connector.ErrUnreachable.With("ldap %q: the certificate of %s is not trusted; give option ca with the authority that it is from, and use the host name that it is for", d.name, d.addr()).Because(err)
	}
	return connector.ErrUnreachable.With("ldap %q: %s does not answer; check the address, the network, TLS and that the server takes connections", d.name, d.addr()).Because(err)
}

// openError is what the server's answer to StartTLS or a bind means.
func (s *session) openError(err error) error {
	if flooded := s.flooded(); flooded != nil {
		return flooded
	}
	switch code := codeOf(err); code {
	case goldap.LDAPResultInvalidCredentials, goldap.LDAPResultInappropriateAuthentication, goldap.LDAPResultNoSuchObject, goldap.LDAPResultInvalidDNSyntax:
		return connector.ErrCredentials.With("ldap %q: %s refused %q; check option bind_dn, the password, and that the account is not locked", s.name, s.addr(), clean(s.bindDN)).Because(err)
	case goldap.LDAPResultConfidentialityRequired, goldap.LDAPResultStrongAuthRequired:
		return connector.ErrInput.With("ldap %q: %s takes no password over a line without TLS; take option tls=none away, or use ldaps://", s.name, s.addr()).Because(err)
	case goldap.LDAPResultProtocolError, goldap.LDAPResultUnavailable, goldap.LDAPResultUnwillingToPerform:
		return connector.ErrUnreachable.With("ldap %q: %s refused StartTLS or the bind; use ldaps://, or tls=none on a network that nobody else can see", s.name, s.addr()).Because(err)
	}
	return s.unreachable(err)
}

func codeOf(err error) uint16 {
	if said, ok := errors.AsType[*goldap.Error](err); ok {
		return said.ResultCode
	}
	return goldap.ErrorUnexpectedResponse
}

// failed names the system, what was being done and the remedy. An error that
// already is one of the connector's stays as it is.
func (s *session) failed(doing string, err error) error {
	if cause := context.Cause(s.ctx); cause != nil {
		return connector.ErrIncomplete.With("ldap %q: %s was called off", s.name, doing).Because(cause)
	}
	if _, known := errors.AsType[*fault.Error](err); known {
		return err
	}
	if flooded := s.flooded(); flooded != nil {
		return flooded
	}
	switch codeOf(err) {
	case goldap.LDAPResultSizeLimitExceeded, goldap.LDAPResultAdminLimitExceeded:
		return connector.ErrIncomplete.With("ldap %q: %s met the server's size limit, nothing of it counts; let %q read without limit (OpenLDAP: limits dn.exact=… size.prtotal=unlimited)", s.name, doing, clean(s.bindDN)).Because(err)
	case goldap.LDAPResultTimeLimitExceeded, goldap.LDAPResultTimeout:
		return connector.ErrIncomplete.With("ldap %q: %s took too long, nothing of it counts; raise option timeout or index what the filters ask for", s.name, doing).Because(err)
	case goldap.LDAPResultInsufficientAccessRights, goldap.LDAPResultOperationsError:
		return connector.ErrPrivilege.With("ldap %q: %q lacks what is needed for %s; let it read the base and what is below", s.name, clean(s.bindDN), doing).Because(err)
	case goldap.LDAPResultNoSuchObject:
		return connector.ErrPrivilege.With("ldap %q: there is no such base for %s, or %q may not see it; check the address, options users and groups, and the access rules", s.name, doing, clean(s.bindDN)).Because(err)
	case goldap.LDAPResultReferral:
		return connector.ErrInput.With("ldap %q: the base is kept by another server, which %s would have to ask; give that server as the address", s.name, doing).Because(err)
	case goldap.LDAPResultConfidentialityRequired, goldap.LDAPResultStrongAuthRequired:
		return s.openError(err)
	}
	return connector.ErrIncomplete.With("ldap %q: %s stopped half-way, nothing of it counts; try again", s.name, doing).Because(err)
}

// query is one search below a base.
type query struct {
	doing      string
	base       string
	scope      int
	filter     string
	attributes []string
	controls   []goldap.Control
}

// pages calls f with every entry, a page at a time; a page is forgotten before the
// next one comes. References to other servers are handed to refers.
func (s *session) pages(q query, refers func(string), f func(*goldap.Entry) error) error {
	paging, empty := goldap.NewControlPaging(s.page), 0
	for {
		request := goldap.NewSearchRequest(q.base, q.scope, goldap.NeverDerefAliases, 0, int(s.timeout/time.Second), false, q.filter, q.attributes, append([]goldap.Control{paging}, q.controls...))
		result, err := s.search(request)
		if err == nil {
			err = s.ctx.Err()
		}
		if err != nil {
			return s.failed(q.doing, err)
		}
		for _, url := range result.Referrals {
			if refers != nil {
				refers(url)
			}
		}
		if len(result.Entries) > int(s.page) {
			return s.astray(q.doing, "a page has more entries than were asked for")
		}
		for _, e := range result.Entries {
			if err := f(e); err != nil {
				return err
			}
		}
		answer, ok := goldap.FindControl(result.Controls, goldap.ControlTypePaging).(*goldap.ControlPaging)
		if !ok || len(answer.Cookie) == 0 {
			return nil
		}
		if empty++; len(result.Entries) > 0 {
			empty = 0
		}
		if why := endless(paging.Cookie, answer.Cookie, empty); why != "" {
			return s.astray(q.doing, why)
		}
		paging.SetCookie(answer.Cookie)
	}
}

const (
	maxCookie = 64 << 10
	// maxEmpty is how many pages in a row may be empty: a server may pass over what
	// nobody may see, but not for ever.
	maxEmpty = 8
)

// endless says why what a server answers does not lead to the last page; "" if it may.
func endless(last, next []byte, empty int) string {
	switch {
	case len(next) > maxCookie:
		return "the server's mark between pages is too long"
	case empty > 0 && bytes.Equal(last, next):
		return "an empty page leads to itself"
	case empty >= maxEmpty:
		return "one empty page follows another"
	}
	return ""
}

func (s *session) astray(doing, why string) error {
	return connector.ErrIncomplete.With("ldap %q: %s: %s, nothing of it counts; check that %s is a directory that pages its answers (RFC 2696)", s.name, doing, why, s.addr())
}

// entry reads one entry, or nil where there is none that can be seen.
func (s *session) entry(doing, dn string, attributes ...string) (*goldap.Entry, error) {
	return s.entryWith(nil, doing, dn, attributes...)
}

func (s *session) entryWith(controls []goldap.Control, doing, dn string, attributes ...string) (*goldap.Entry, error) {
	request := goldap.NewSearchRequest(dn, goldap.ScopeBaseObject, goldap.NeverDerefAliases, 0, int(s.timeout/time.Second), false, "(objectClass=*)", attributes, controls)
	result, err := s.search(request)
	switch code := codeOf(err); {
	case err != nil && (code == goldap.LDAPResultNoSuchObject || code == goldap.LDAPResultInvalidDNSyntax || code == goldap.LDAPResultReferral):
		return nil, nil //nolint:nilnil // nothing there is an answer
	case err != nil:
		return nil, s.failed(doing, err)
	case len(result.Entries) != 1:
		return nil, nil //nolint:nilnil // nothing there is an answer
	}
	return result.Entries[0], nil
}

func (s *session) readRoot() error {
	e, err := s.entry("asking the server what it is", "", "supportedCapabilities", "supportedControl", "namingContexts", "defaultNamingContext", "vendorName", "vendorVersion", "dsServiceName", "structuralObjectClass")
	if err != nil {
		return err
	}
	if e == nil {
		return connector.ErrPrivilege.With("ldap %q: %s does not say what it is; let %q read the root DSE", s.name, s.addr(), clean(s.bindDN))
	}
	s.root = rootDSE{
		contexts: e.GetEqualFoldAttributeValues("namingContexts"), domain: e.GetEqualFoldAttributeValue("defaultNamingContext"),
		service: e.GetEqualFoldAttributeValue("dsServiceName"),
		vendor:  clean(strings.TrimSpace(e.GetEqualFoldAttributeValue("vendorName") + " " + e.GetEqualFoldAttributeValue("vendorVersion"))),
	}
	for _, oid := range e.GetEqualFoldAttributeValues("supportedCapabilities") {
		s.root.ad = s.root.ad || oid == capabilityAD
	}
	for _, oid := range e.GetEqualFoldAttributeValues("supportedControl") {
		s.root.pages = s.root.pages || oid == goldap.ControlTypePaging
		s.root.syncs = s.root.syncs || oid == goldap.ControlTypeSyncRequest
	}
	if s.root.vendor == "" && strings.EqualFold(e.GetEqualFoldAttributeValue("structuralObjectClass"), "OpenLDAProotDSE") {
		s.root.vendor = "OpenLDAP"
	}
	switch s.schema {
	case schemaAD:
		s.root.ad = true
	case schemaOpenLDAP:
		s.root.ad = false
	}
	if !s.root.pages {
		return connector.ErrInput.With("ldap %q: %s cannot page its answers (RFC 2696), without which Writ reads no directory", s.name, s.addr())
	}
	return nil
}

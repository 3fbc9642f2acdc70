package scim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/writhq/writ/connector"
)

const (
	maxText  = 1024
	maxID    = 512
	maxMany  = 1000 // values of one attribute that are looked at
	entURN   = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	userURN  = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN = "urn:ietf:params:scim:schemas:core:2.0:Group"

	// maxElement is what one user, or a group without its members, may take.
	maxElement = 4 << 20
)

var errElement = errors.New("one user or group is larger than anybody's can be")

// metered is an answer of which so much may be read until it is allowed more.
type metered struct {
	io.Reader
	left int
}

func (m *metered) allow() { m.left = maxElement }

func (m *metered) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, errElement
	}
	n, err := m.Reader.Read(p[:min(len(p), m.left)])
	m.left -= n
	return n, err
}

// text is a string, whatever a service writes for one: numbers, nothing.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(b []byte) error {
	switch {
	case b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = text(s)
	case b[0] == '{' || b[0] == '[':
		return errors.New("a text is expected")
	case string(b) != "null":
		*t = text(b)
	}
	return nil
}

func (t text) clean() string { return clean(string(t)) }

// clean makes what the service said fit to show.
func clean(s string) string { return strings.TrimSpace(connector.Text(s, maxText)) }

// truth is a boolean, which services built for Entra write as a text.
type truth bool

// UnmarshalJSON implements json.Unmarshaler.
func (t *truth) UnmarshalJSON(b []byte) error {
	switch strings.ToLower(strings.Trim(string(b), `"`)) {
	case "true":
		*t = true
	case "false", "null", "":
		*t = false
	default:
		return errors.New("neither true nor false")
	}
	return nil
}

// presence is that there is a value, and nothing of it.
type presence bool

// UnmarshalJSON implements json.Unmarshaler.
func (p *presence) UnmarshalJSON(b []byte) error {
	*p = presence(string(b) != "null" && string(b) != `""`)
	return nil
}

// valued is a value of an attribute that may have many. Some services leave out what is
// around it.
type valued struct {
	Value, Display, Type text
	Primary              truth
}

// UnmarshalJSON implements json.Unmarshaler.
func (v *valued) UnmarshalJSON(b []byte) error {
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] != '{' {
		return v.Value.UnmarshalJSON(b)
	}
	type plain valued
	return json.Unmarshal(b, (*plain)(v))
}

// user is a User (RFC 7643 sections 4.1 and 4.3).
type user struct {
	ID               text       `json:"id"`
	ExternalID       text       `json:"externalId"`
	UserName         text       `json:"userName"`
	DisplayName      text       `json:"displayName"`
	Title            text       `json:"title"`
	UserType         text       `json:"userType"`
	Name             personName `json:"name"`
	Active           *truth     `json:"active"`
	Emails           []valued   `json:"emails"`
	Roles            []valued   `json:"roles"`
	Entitlements     []valued   `json:"entitlements"`
	X509Certificates []valued   `json:"x509Certificates"`
	Password         presence   `json:"password"`
	Meta             meta       `json:"meta"`
	Enterprise       enterprise `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
}

type personName struct {
	Formatted  text `json:"formatted"`
	GivenName  text `json:"givenName"`
	FamilyName text `json:"familyName"`
}

type meta struct {
	Created text `json:"created"`
	Version text `json:"version"`
}

type enterprise struct {
	EmployeeNumber text    `json:"employeeNumber"`
	Department     text    `json:"department"`
	Organization   text    `json:"organization"`
	Division       text    `json:"division"`
	CostCenter     text    `json:"costCenter"`
	Manager        manager `json:"manager"`
}

// manager is a person's manager; some services give its id alone.
type manager struct{ Value, DisplayName text }

// UnmarshalJSON implements json.Unmarshaler.
func (m *manager) UnmarshalJSON(b []byte) error {
	if b = bytes.TrimSpace(b); len(b) > 0 && b[0] != '{' {
		return m.Value.UnmarshalJSON(b)
	}
	type plain manager
	return json.Unmarshal(b, (*plain)(m))
}

// group is a Group without its members.
type group struct {
	ID, DisplayName, Version text
}

// member is one of a group's members.
type member struct {
	Value text `json:"value"`
	Type  text `json:"type"`
	Ref   text `json:"$ref"`
}

// kind is what the member is: User, Group, something else, or "" where nobody says.
func (m member) kind() string {
	switch {
	case strings.EqualFold(string(m.Type), ofUser), m.Type == "" && strings.Contains(string(m.Ref), usersAt+"/"):
		return ofUser
	case strings.EqualFold(string(m.Type), ofGroup), m.Type == "" && strings.Contains(string(m.Ref), groupsAt+"/"):
		return ofGroup
	}
	return string(m.Type)
}

const (
	ofUser  = "User"
	ofGroup = "Group"
)

// isID reports whether a text can be an id: it is not cut or cleaned, as two could come
// out alike.
func isID(s string) bool {
	return s != "" && len(s) <= maxID && s != "." && s != ".." && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl) && strings.TrimSpace(s) == s
}

// The kinds of entitlement, with which their native ids begin.
const (
	kindGroup       = "group"
	kindRole        = "role"
	kindEntitlement = "entitlement"
)

func idOf(kind, of string) string { return kind + ":" + of }

// splitID takes a native id of an entitlement apart; kind is "" for what is none.
func splitID(id string) (kind, of string) {
	kind, of, _ = strings.Cut(id, ":")
	switch kind {
	case kindGroup, kindRole, kindEntitlement:
		return kind, of
	}
	return "", ""
}

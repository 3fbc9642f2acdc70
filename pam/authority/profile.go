package authority

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/writhq/writ/access"
)

// Profile is what an authority signs, for whom, and on which terms.
type Profile struct {
	ID        access.ProfileID
	Version   int64 // the row
	Authority access.AuthorityID
	Name      string
	Spec
	Rights []Right // in force
}

// Spec is what a profile says. Its zero fields are the kind's usual ones.
type Spec struct {
	// Principals are whom it is for, whoever asks; of hosts one may begin with "*.", and
	// stands for whatever name is in its place.
	Principals []string `json:"principals,omitempty"`
	// LoginsOf is a system: whoever asks is whom their accounts there are.
	LoginsOf access.SystemID `json:"logins_of,omitzero"`
	// Self makes the id of whoever asks a principal.
	Self bool `json:"self,omitempty"`

	Usual   time.Duration `json:"usual"`   // how long one lasts
	Longest time.Duration `json:"longest"` // and at most
	// Terms are what having one signed takes. Most is from the start of the first to the end
	// of the last that renews it.
	Terms access.Terms `json:"terms"`

	KeyTypes      []KeyType `json:"key_types,omitempty"`
	Extensions    []string  `json:"extensions,omitempty"`     // SSH user
	SourceAddress []string  `json:"source_address,omitempty"` // SSH user
	ForceCommand  string    `json:"force_command,omitempty"`  // SSH user

	Audience []string          `json:"audience,omitempty"` // JWT
	Claims   map[string]string `json:"claims,omitempty"`   // JWT
}

// The extensions that an SSH user certificate may have. Others are refused.
var extensions = []string{"permit-pty", "permit-agent-forwarding", "permit-port-forwarding", "permit-user-rc", "permit-X11-forwarding"}

// reserved are the claims that Writ says itself.
var reserved = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "cnf"}

// The caps on a profile.
const (
	mostNames   = 100
	leastLasts  = time.Minute
	mostCommand = 1000
	mostClaims  = 32
)

var (
	principal = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._@$+-]{0,127}$`)
	wildcard  = regexp.MustCompile(`^\*(\.[a-z0-9-]{1,63}){2,}$`)
	hostName  = regexp.MustCompile(`^[a-z0-9-]{1,63}$`)
	claim     = regexp.MustCompile(`^[a-z][a-z0-9_./:-]{0,127}$`)
)

// Validate reports the first rule that p breaks for a kind, and fills in what is usual.
func (p *Profile) Validate(k Kind) error {
	if !name.MatchString(p.Name) {
		return ErrProfile.With(aName)
	}
	p.usual(k)
	switch {
	case p.Usual < leastLasts || p.Longest > k.longest() || p.Usual > p.Longest:
		return ErrProfile.With("what is signed lasts between a minute and %s, and no longer than its longest", access.Lasting(k.longest()))
	case p.Terms.Most < p.Longest:
		return ErrProfile.With("with those that renew it one lasts at least as long as one alone")
	}
	if err := p.validateNames(k); err != nil {
		return err
	}
	if err := p.validateSSH(k); err != nil {
		return err
	}
	if err := p.validateToken(k); err != nil {
		return err
	}
	return p.Terms.Validate()
}

func (p *Profile) usual(k Kind) {
	if p.Longest == 0 {
		p.Longest = max(p.Usual, k.usual())
	}
	if p.Usual == 0 {
		p.Usual = min(p.Longest, k.usual())
	}
	if p.Terms.Most == 0 {
		p.Terms.Most = p.Longest
	}
	if len(p.KeyTypes) == 0 && k != JWT {
		p.KeyTypes = slices.Clone(KeyTypes)
		if k == X509Client {
			p.KeyTypes = []KeyType{KeyEd25519, KeyP256, KeyP384, KeyRSA}
		}
	}
}

func (p *Profile) validateNames(k Kind) error {
	switch {
	case len(p.Principals) == 0 && p.LoginsOf == 0 && !p.Self:
		return ErrProfile.With("a profile says for whom it is: by principals, by the logins of a system, or by who asks")
	case len(p.Principals) > mostNames:
		return ErrProfile.With("a profile names up to %d principals", mostNames)
	case k == SSHHost && (p.LoginsOf != 0 || p.Self):
		return ErrProfile.With("a host is none of the accounts of whoever asks: name it")
	}
	for i, x := range p.Principals {
		if !principal.MatchString(x) && (k != SSHHost || !wildcard.MatchString(x)) {
			return ErrProfile.With("a principal is of letters, digits and ._@$+-, up to 128 of them, and %q is not", x)
		}
		if slices.Contains(p.Principals[:i], x) {
			return ErrProfile.With("it names the principal %s twice", x)
		}
	}
	for _, x := range p.KeyTypes {
		if !slices.Contains(KeyTypes, x) || k == X509Client && x.hardware() {
			return ErrProfile.With("%q is no kind of key that this can be for", x)
		}
	}
	if k == JWT && len(p.KeyTypes) > 0 {
		return ErrProfile.With("a token is for no key")
	}
	return nil
}

func (p *Profile) validateSSH(k Kind) error {
	if k != SSHUser {
		if len(p.Extensions)+len(p.SourceAddress)+len(p.ForceCommand) > 0 {
			return ErrProfile.With("extensions, source addresses and a command are those of SSH user certificates")
		}
		return nil
	}
	for _, x := range p.Extensions {
		if !slices.Contains(extensions, x) {
			return ErrProfile.With("%q is no extension that is known: %s", x, strings.Join(extensions, ", "))
		}
	}
	for i, x := range p.SourceAddress {
		net, err := netip.ParsePrefix(x)
		if err != nil {
			return ErrProfile.With("a source address is a network such as 10.0.0.0/8, and %q is not", x)
		}
		p.SourceAddress[i] = net.Masked().String()
	}
	if len(p.ForceCommand) > mostCommand || !utf8.ValidString(p.ForceCommand) || strings.ContainsAny(p.ForceCommand, "\x00\n\r") {
		return ErrProfile.With("a command is one line of up to %d bytes", mostCommand)
	}
	return nil
}

func (p *Profile) validateToken(k Kind) error {
	if k != JWT {
		if len(p.Audience)+len(p.Claims) > 0 {
			return ErrProfile.With("an audience and claims are those of tokens")
		}
		return nil
	}
	switch {
	case len(p.Audience) == 0 || len(p.Audience) > mostNames:
		return ErrProfile.With("a token is for an audience: name between 1 and %d", mostNames)
	case len(p.Claims) > mostClaims:
		return ErrProfile.With("a token has up to %d claims of its profile", mostClaims)
	}
	for _, x := range p.Audience {
		if x == "" || len(x) > 255 || !utf8.ValidString(x) || strings.ContainsAny(x, "\x00\n\r") {
			return ErrProfile.With("an audience is one line of up to 255 bytes")
		}
	}
	for x, text := range p.Claims {
		if !claim.MatchString(x) || slices.Contains(reserved, x) || len(text) > 1000 || !utf8.ValidString(text) {
			return ErrProfile.With("%q is no claim that a profile gives", x)
		}
	}
	return nil
}

// lasting is how long one lasts that was asked for; a policy may want it shorter.
func (p *Profile) lasting(asked, most time.Duration) (time.Duration, error) {
	longest := p.Longest
	if most > 0 {
		longest = min(longest, most)
	}
	switch {
	case asked == 0:
		return min(p.Usual, longest), nil
	case asked < time.Second:
		return 0, ErrLasts.With("say for how long: a second at least")
	case asked > longest:
		return 0, ErrLasts.With("it lasts %s at most, and that is %s", access.Lasting(longest), access.Lasting(asked))
	}
	return asked, nil
}

// principals are those that were asked for, of those that the profile gives: its own, and
// those that are from facts about whoever asks. All of them where none was asked for.
func (p *Profile) principals(own, asked []string) ([]string, error) {
	given := slices.Concat(p.Principals, own)
	if len(asked) == 0 {
		asked = slices.DeleteFunc(given, func(x string) bool { return strings.HasPrefix(x, "*") })
	} else {
		for _, x := range asked {
			if !slices.ContainsFunc(given, func(g string) bool { return gives(g, x) }) {
				return nil, ErrPrincipal.With("the profile does not give you the principal %q", x)
			}
		}
	}
	list := slices.Clone(asked)
	slices.Sort(list)
	if list = slices.Compact(list); len(list) == 0 {
		return nil, ErrNobody
	}
	return list, nil
}

// gives reports whether what a profile gives is what was asked for. A "*" stands for one
// label, never for a dot.
func gives(given, asked string) bool {
	if !strings.HasPrefix(given, "*") {
		return given == asked
	}
	label, rest, _ := strings.Cut(asked, ".")
	return hostName.MatchString(label) && "*."+rest == given
}

package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/writhq/writ/internal/fault"
)

// What can be wrong with a message.
var (
	ErrMessage = fault.New(fault.Internal, "mail-message", "the mail cannot be sent as it is")
	ErrAddress = fault.New(fault.Invalid, "mail-address", "that is no address that mail can be sent to: give whoever it belongs to one such as name@example.com")
)

// Message is one mail to one person, who sees nobody else's address.
type Message struct {
	Key     string // names the occasion and the recipient by their ids; a message is sent once under it
	To      Recipient
	Subject string
	Body    string // plain text; lines end with \n
}

// Recipient is whom a message goes to.
type Recipient struct {
	Name    string `json:"name,omitempty"`
	Address string `json:"address"`
}

const (
	maxKey     = 200
	maxSubject = 200  // characters
	maxName    = 100  // characters
	maxData    = 200  // characters of one thing that a template shows
	maxBody    = 64e3 // bytes
	maxAddress = 254
	maxLocal   = 64 // of an address, before the @
)

var (
	keyForm     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/-]*$`)
	addressForm = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+)*@[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$`)
	linkForm    = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://[^\s<>"]*|\bwww\.\S`)
	schemeForm  = regexp.MustCompile(`([A-Za-z0-9+.-]*[A-Za-z][A-Za-z0-9+.-]*):`)
	hostForm    = regexp.MustCompile(`(?i)(www)\.`)
)

// Check says what is wrong with a message itself, whoever it goes to.
func (m Message) Check() error {
	switch {
	case len(m.Key) > maxKey || !keyForm.MatchString(m.Key):
		return ErrMessage.With("the key of a mail is of ids and words, up to %d characters", maxKey)
	case m.Subject == "" || utf8.RuneCountInString(m.Subject) > maxSubject || m.Subject != line(m.Subject):
		return ErrMessage.With("the subject of mail %s is not one line of up to %d characters", m.Key, maxSubject)
	case m.Body == "" || len(m.Body) > maxBody || strings.ContainsFunc(m.Body, func(r rune) bool { return r != '\n' && unseen(r) }) || !utf8.ValidString(m.Body):
		return ErrMessage.With("the body of mail %s is not text of up to %d bytes", m.Key, int(maxBody))
	}
	return nil
}

// checkLinks refuses a message with a link that leads away from Writ.
func (m Message) checkLinks(origin string) error {
	for _, found := range linkForm.FindAllString(m.Subject+"\n"+m.Body, -1) {
		rest, own := strings.CutPrefix(found, origin)
		if !own || origin == "" || !strings.HasPrefix(rest, "/") && strings.Trim(rest, ".,;:!?)") != "" {
			return ErrMessage.With("mail %s has a link that does not lead to Writ", m.Key)
		}
	}
	return nil
}

// CheckAddress refuses what no mail can be sent to. Addresses that not every server
// takes (quoted, or other than ASCII) are refused too.
func CheckAddress(address string) error {
	local, _, _ := strings.Cut(address, "@")
	if len(address) > maxAddress || len(local) > maxLocal || !addressForm.MatchString(address) {
		return ErrAddress
	}
	return nil
}

// id is the Message-ID, without its brackets: the same for the same message.
func (m Message) id(origin, domain string) string {
	sum := sha256.Sum256([]byte(origin + "\n" + m.Key + "\n" + m.To.Address))
	return hex.EncodeToString(sum[:16]) + "@" + domain
}

// unseen reports whether a character shows nothing, or turns around what others show.
func unseen(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs) || r == utf8.RuneError
}

// line is text that somebody or something gave, on one line.
func line(text string) string {
	text = strings.Map(func(r rune) rune {
		if unseen(r) {
			return ' '
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// short cuts text off.
func short(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return strings.TrimSpace(string([]rune(text)[:most-1])) + "…"
}

// plain is data as a body shows it: on one line, and not as a link.
func plain(text string) string {
	text = schemeForm.ReplaceAllString(short(line(text), maxData), "$1: ")
	text = hostForm.ReplaceAllString(text, "$1 .")
	for strings.Contains(text, "//") {
		text = strings.ReplaceAll(text, "//", "/ /")
	}
	return line(text)
}

package mariadb

import (
	"strings"
	"unicode/utf8"

	"github.com/writhq/writ/connector"
)

// What the server says is capped. Names are at most 128 characters there, hosts 255.
const maxText = 4096

// everywhere is the host of an account that may come from anywhere. Such an account's
// login is its name alone.
const everywhere = "%"

// publicRole is the name of what every account is part of, from version 10.11 on.
const publicRole = "PUBLIC"

// clean makes what the server said fit to show.
func clean(s string) string { return connector.Text(s, maxText) }

// accountName is what the server knows an account by.
type accountName struct{ User, Host string }

// id writes it as a native id, which parseAccount reads back: one @ divides it.
func (a accountName) id() string {
	return connector.CapID(connector.EscapeID(a.User, "@") + "@" + connector.EscapeID(a.Host, "@"))
}

// login is the id, without the host where that is any.
func (a accountName) login() string {
	if a.Host == everywhere && a.User != "" {
		return connector.CapID(connector.EscapeID(a.User, "@"))
	}
	return a.id()
}

// sql names the account in a statement.
func (a accountName) sql() string { return quote(a.User) + "@" + quote(a.Host) }

// parseAccount reads a native id or a login.
func parseAccount(text string) (a accountName, ok bool) {
	user, host, has := strings.Cut(text, "@")
	if !has {
		host = everywhere
	}
	var okUser, okHost bool
	a.User, okUser = restore(user)
	a.Host, okHost = restore(host)
	return a, okUser && okHost && a.nameable() && !strings.Contains(host, "@")
}

// nameable reports whether a statement can name the account.
func (a accountName) nameable() bool {
	return utf8.ValidString(a.User) && utf8.ValidString(a.Host) && !strings.ContainsRune(a.User+a.Host, 0)
}

// part writes a name that stands between dots and colons.
func part(s string) string { return connector.EscapeID(s, ".:") }

// restore is the name that an id's part was made of.
func restore(id string) (name string, ok bool) {
	name, ok = connector.RestoreID(id)
	return name, ok && utf8.ValidString(name)
}

// restoreAll restores parts that dots divide; none of them is empty.
func restoreAll(id string) (names []string, ok bool) {
	for p := range strings.SplitSeq(id, ".") {
		name, ok := restore(p)
		if !ok || name == "" {
			return nil, false
		}
		names = append(names, name)
	}
	return names, true
}

// quote makes a name an identifier. In backticks nothing but a backtick means anything,
// whatever sql_mode says of backslashes and quotes. What no name can have is no name.
func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// literal writes a text whose alphabet has no quote and no backslash: hashes and marks.
func literal(s string) string { return "'" + s + "'" }

// pattern is how a grant names one database: what would stand for other characters there is
// escaped.
func pattern(database string) string {
	return strings.NewReplacer("_", `\_`, "%", `\%`, `\`, `\\`).Replace(database)
}

// database is the one that a pattern names, if it names one.
func database(pattern string) (name string, one bool) {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '_' || c == '%':
			return "", false
		case c == '\\' && i+1 < len(pattern):
			i++
			b.WriteByte(pattern[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), true
}

// like reports whether a pattern of the server's fits a text.
func like(pattern, text string) bool {
	for pattern != "" {
		switch c := pattern[0]; c {
		case '%':
			for pattern = pattern[1:]; ; text = text[1:] {
				if like(pattern, text) {
					return true
				}
				if text == "" {
					return false
				}
			}
		case '_':
			_, size := utf8.DecodeRuneInString(text)
			if text == "" {
				return false
			}
			pattern, text = pattern[1:], text[size:]
		default:
			if c == '\\' && len(pattern) > 1 {
				pattern = pattern[1:]
			}
			if text == "" || text[0] != pattern[0] {
				return false
			}
			pattern, text = pattern[1:], text[1:]
		}
	}
	return text == ""
}

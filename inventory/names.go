package inventory

import (
	"slices"
	"strings"

	"github.com/writhq/writ/internal/fold"
)

// plainName is a name without case, accents and punctuation, its parts apart by
// one space; "Last, First" is turned round.
func plainName(s string) string {
	if last, first, ok := strings.Cut(s, ","); ok {
		s = first + " " + last
	}
	return strings.Join(fold.Words(s), " ")
}

// spelling is a name in plain form, and in plain form with its umlauts written as two
// letters. Both have the same number of parts.
type spelling struct{ plain, spelled string }

func spell(name string) spelling {
	plain := plainName(name)
	text, has := fold.Spelled(name)
	if !has {
		return spelling{plain, plain}
	}
	spelled := plainName(text)
	if strings.Count(spelled, " ") != strings.Count(plain, " ") { // of what is no name
		return spelling{plain, plain}
	}
	return spelling{plain, spelled}
}

// spellFor spells a name whose plain form is known as far as it matters for whether
// it has the same parts as another. That is asked of many that have not.
func spellFor(other spelling, name, plain string) spelling {
	if unspelled(other.plain) != unspelled(plain) {
		return spelling{plain, plain}
	}
	return spell(name)
}

// unspelled sums the letters that writing an umlaut as two does not add.
func unspelled(plain string) (sum int) {
	for i := range len(plain) {
		if c := plain[i]; c != 'a' && c != 'e' {
			sum += int(c) * int(c)
		}
	}
	return sum
}

// What is put before or behind the login of a person's second account. The longer
// of two that begin alike comes first.
var (
	adminPrefixes = []string{"admin", "adm", "da", "a", "t0", "t1", "x"}
	adminSuffixes = []string{"admin", "adm", "sa", "a", "ext", "x"}
)

// mayBeInitials are those affixes that, before or behind a dot, may be an initial or
// a short name: a.smith is Anna Smith sooner than Smith's second account.
var mayBeInitials = []string{"a", "da", "sa", "x"}

const separators = "-_."

// normalLogin is a login without case, domain, accents, administrative affix and
// separators: ADM_Ana.Sol@example.com and EXAMPLE\ana-sol are both anasol. What may be
// an initial stays.
func normalLogin(s string) string {
	return strings.ReplaceAll(plainName(withoutAffixes(localLogin(s), false)), " ", "")
}

// bareLogin is the normal form without what may be an initial, or "" where that is
// nothing else.
func bareLogin(s string) string {
	s = localLogin(s)
	if !strings.Contains(s, ".") {
		return ""
	}
	bare := withoutAffixes(s, true)
	if bare == withoutAffixes(s, false) {
		return ""
	}
	return strings.ReplaceAll(plainName(bare), " ", "")
}

// localLogin is a login in lower case without its domain.
func localLogin(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if i := strings.IndexAny(s, `\@`); i > 0 && s[i] == '\\' {
		s = s[i+1:]
	}
	s, _, _ = strings.Cut(s, "@")
	return s
}

// withoutAffixes leaves out one affix before a login and one behind it; what may be an
// initial only where initial says so.
func withoutAffixes(s string, initial bool) string {
	marks := func(affix string, separator byte) bool {
		return strings.IndexByte(separators, separator) >= 0 && (initial || separator != '.' || !slices.Contains(mayBeInitials, affix))
	}
	for _, p := range adminPrefixes {
		if len(s) > len(p) && strings.HasPrefix(s, p) && marks(p, s[len(p)]) {
			s = s[len(p)+1:]
			break
		}
	}
	for _, p := range adminSuffixes {
		if i := len(s) - len(p) - 1; i >= 0 && strings.HasSuffix(s, p) && marks(p, s[i]) {
			s = s[:i]
			break
		}
	}
	return s
}

// loginsOf are the logins that people of a plain name usually have: ana sol gives
// anasol, asol, anas, sola.
func loginsOf(plain string) []string {
	parts := strings.Fields(plain)
	if len(parts) < 2 {
		return nil
	}
	first, last := parts[0], parts[len(parts)-1]
	whole := strings.Join(parts[1:], "")
	out := []string{first + last, last + first, first[:1] + last, first + last[:1], last + first[:1]}
	if whole != last {
		out = append(out, first+whole, first[:1]+whole)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

package policy

import (
	"regexp"
	"strings"
)

// What a text is read as where its entities are looked for: comments and strings hide what
// is in them.
var entityOrHidden = regexp.MustCompile(`//[^\n]*|([A-Za-z_][A-Za-z0-9_]*)(\s*::\s*)"((?:[^"\\]|\\.)*)"|"(?:[^"\\]|\\.)*"`)

// plainName writes names between quotes, and reads them.
var (
	plainName  = strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	quotedName = strings.NewReplacer(`\\`, `\`, `\"`, `"`)
)

// Rename returns a text with what each entity in it is called otherwise, by type. All else
// stays as it is written.
func Rename(text string, to func(of Type, called string) (string, error)) (string, error) {
	var failed error
	out := entityOrHidden.ReplaceAllStringFunc(text, func(found string) string {
		m := entityOrHidden.FindStringSubmatch(found)
		if m[1] == "" || failed != nil {
			return found
		}
		called, err := to(Type(m[1]), quotedName.Replace(m[3]))
		failed = err
		return m[1] + m[2] + `"` + plainName.Replace(called) + `"`
	})
	if failed != nil {
		return "", failed
	}
	return out, nil
}

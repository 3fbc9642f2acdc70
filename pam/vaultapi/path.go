package vaultapi

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Prefix is what every path begins with; clients are given all of it but v1/ as the
// address.
const Prefix = "/vault/"

const root = Prefix + "v1/"

// maxPath is longer than any path that means something.
const maxPath = 1024

// split reads a path into its parts; folder is that it ends with a slash. What could be read
// in two ways is no path.
func split(path string) (parts []string, folder, ok bool) {
	rest, ok := strings.CutPrefix(path, root)
	if !ok || rest == "" || len(rest) > maxPath || !utf8.ValidString(rest) {
		return nil, false, false
	}
	rest, folder = strings.CutSuffix(rest, "/")
	parts = strings.Split(rest, "/")
	for _, p := range parts {
		if p == "" || p == "." || p == ".." || !plain(p) {
			return nil, false, false
		}
	}
	return parts, folder, true
}

// plain reports whether a part is written as names in Writ are: in characters that can be
// seen, with one space between words.
func plain(part string) bool {
	if strings.ContainsFunc(part, func(r rune) bool { return r == '\\' || !unicode.IsPrint(r) }) {
		return false
	}
	return strings.Join(strings.Fields(part), " ") == part
}

// place is what a path below a safe names.
type place struct {
	safe, verb string
	name       string // of a secret, or of a folder
	folder     bool
}

func placeOf(parts []string, folder bool) (p place, ok bool) {
	if len(parts) < 2 || own[parts[0]] {
		return p, false
	}
	return place{safe: parts[0], verb: parts[1], name: strings.Join(parts[2:], "/"), folder: folder}, true
}

// own are the mounts that are the API's, and no safe's.
var own = map[string]bool{"sys": true, "auth": true, "cubbyhole": true, "identity": true, "database": true, "ssh": true}

// below returns what of a secret's name comes below a folder, to the next slash; a folder
// keeps that.
func (p place) below(name string) (string, bool) {
	rest := name
	if p.name != "" {
		var ok bool
		if rest, ok = strings.CutPrefix(name, p.name+"/"); !ok {
			return "", false
		}
	}
	if before, _, deeper := strings.Cut(rest, "/"); deeper {
		rest = before + "/"
	}
	return rest, rest != "" && rest != "/"
}

// named reports whether a secret's name can be a path.
func named(safe, name string) bool {
	parts, folder, ok := split(root + safe + "/data/" + name)
	return ok && !folder && len(parts) > 2
}

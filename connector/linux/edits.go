package linux

import (
	"path"
	"regexp"
	"strings"

	"github.com/writhq/writ/connector"
)

// harmless can write by their arguments, yet what they write is not their user's.
var harmless = map[string]bool{"chmod": true, "chown": true, "chgrp": true, "setfacl": true}

// edits are the files, or patterns of files, that a command with fixed arguments
// may write: what sudoedit opens, and the arguments of programs that can write.
func edits(text string) []string {
	c := parseCommand(text)
	if c.file != "sudoedit" && (c.args != argsFixed || harmless[path.Base(c.file)] ||
		programs[path.Base(c.file)].shell == never && programs[plainName(c.file)].shell == never) {
		return nil
	}
	var list []string
	for _, arg := range strings.Fields(strings.ReplaceAll(c.text, `\`, "")) {
		if !strings.HasPrefix(arg, "/") {
			_, arg, _ = strings.Cut(arg, "=") // dd of=/…
		}
		if strings.HasPrefix(arg, "/") {
			list = append(list, arg)
		}
	}
	return list
}

// keyOwners is the right to become those in whose files of keys a command that
// runs as root may write: a key of one's own there signs in as them.
func (r *rules) keyOwners(command string) (list []connector.Capability) {
	for _, pattern := range edits(command) {
		means := matcher(pattern)
		for _, a := range r.w.accounts {
			if !a.interactive() {
				continue
			}
			for _, p := range r.w.daemon.keyPaths(a) {
				if means(p) || means(path.Dir(p)) {
					list = addCapability(list, r.w.controls(a))
				}
			}
		}
	}
	return list
}

// matcher compares with a path in which a wildcard may stand for anything, slashes
// too: what sudo takes it for has changed between versions.
func matcher(pattern string) func(string) bool {
	if !strings.ContainsAny(pattern, "*?[") {
		return func(p string) bool { return path.Clean(pattern) == p }
	}
	loose := regexp.MustCompile(`\\\[.*?\\\]|\\\*|\\\?`).ReplaceAllString(regexp.QuoteMeta(pattern), ".*")
	re, err := regexp.Compile("^" + loose + "$")
	if err != nil {
		return func(string) bool { return true }
	}
	return re.MatchString
}

package linux

import (
	"bytes"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/writhq/writ/access"
)

// Files of keys are read up to this size and number of keys.
const (
	maxKeyFile = 1 << 20
	maxKeys    = 5000
)

// publicKey is one line of an authorized_keys file.
type publicKey struct {
	fingerprint, algorithm, options string
	authority                       bool
	changed                         access.Time
}

// fileFact is who owns and may write one file.
type fileFact struct {
	mode     uint32
	uid, gid int
	kind     byte // f, d, …
	size     int64
	changed  time.Time
}

// statFiles asks for many files in one command.
func (h *Host) statFiles(ctx context.Context, doing string, paths []string) (map[string]fileFact, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	out, err := h.line.run(ctx, doing, scriptStat, joinPaths(paths), asRoot)
	if err != nil {
		return nil, err
	}
	return h.parseStat(doing, out)
}

func (h *Host) parseStat(doing string, out []byte) (map[string]fileFact, error) {
	body, ended := bytes.CutSuffix(out, []byte("end\x00"))
	if !ended {
		return nil, h.line.incomplete(doing, errors.New("the list has no end"))
	}
	files := map[string]fileFact{}
	for record := range bytes.SplitSeq(body, []byte{0}) {
		if len(record) == 0 {
			continue
		}
		if string(record) == "timeout" {
			return nil, h.line.incomplete(doing, errors.New("the search takes too long; option setuid=off leaves it out"))
		}
		part := strings.SplitN(string(record), "\t", 7)
		if len(part) < 7 || len(part[3]) != 1 {
			return nil, h.line.incomplete(doing, errors.New("a line of the list is not whole"))
		}
		mode, err1 := strconv.ParseUint(part[0], 8, 32)
		uid, err2 := strconv.Atoi(part[1])
		gid, err3 := strconv.Atoi(part[2])
		size, err4 := strconv.ParseInt(part[4], 10, 64)
		seconds, err5 := strconv.ParseFloat(part[5], 64)
		if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
			return nil, h.line.incomplete(doing, err)
		}
		files[part[6]] = fileFact{
			mode: uint32(mode), uid: uid, gid: gid, kind: part[3][0], size: size, changed: time.Unix(int64(seconds), 0),
		}
	}
	return files, nil
}

func joinPaths(paths []string) []byte {
	return []byte(strings.Join(paths, "\x00") + "\x00")
}

// keyPaths are the files that sshd reads keys for a from.
func (d *daemon) keyPaths(a *account) (paths []string) {
	for _, pattern := range d.keyFiles {
		if pattern == "none" {
			continue
		}
		p := strings.NewReplacer("%%", "%", "%h", a.home, "%u", a.name, "%U", strconv.Itoa(a.uid)).Replace(pattern)
		if !strings.HasPrefix(p, "/") {
			p = a.home + "/" + p
		}
		if p = path.Clean(p); strings.HasPrefix(p, "/") && !strings.ContainsAny(p, "\x00\n") {
			paths = append(paths, p)
		}
	}
	return paths
}

// around are the files whose writers decide what p says: p and its folders, up
// to the home where it lies in one, else one up.
func around(p, home string) []string {
	list := []string{p}
	home = path.Clean(home)
	if !strings.HasPrefix(p, home+"/") || home == "/" {
		return append(list, path.Dir(p))
	}
	for p != home {
		p = path.Dir(p)
		list = append(list, p)
	}
	return list
}

// readKeys reads every account's keys, and who else may write them. Whoever may
// and is not known yet is looked up, and then has keys to be read as well.
func (h *Host) readKeys(ctx context.Context, f *facts) (map[string]fileFact, error) {
	files, err := h.readKeyFiles(ctx, f)
	if err != nil {
		return nil, err
	}
	found, err := h.lookUpOwners(ctx, f, files)
	if err != nil || !found {
		return files, err
	}
	return h.readKeyFiles(ctx, f)
}

func (h *Host) readKeyFiles(ctx context.Context, f *facts) (map[string]fileFact, error) {
	const doing = "reading SSH keys"
	ask := map[string]bool{}
	for _, a := range f.accounts {
		for _, p := range f.daemon.keyPaths(a) {
			for _, near := range around(p, a.home) {
				ask[near] = true
			}
		}
	}
	files, err := h.statFiles(ctx, doing, sortedKeys(ask))
	if err != nil {
		return nil, err
	}
	var readable []string
	for p := range ask {
		if fact, ok := files[p]; ok && fact.kind == 'f' && fact.size <= maxKeyFile {
			readable = append(readable, p)
		}
	}
	slices.Sort(readable)
	lines, err := h.keyLines(ctx, doing, readable)
	if err != nil {
		return nil, err
	}
	for _, a := range f.accounts {
		for _, p := range f.daemon.keyPaths(a) {
			fact, there := files[p]
			if there && fact.kind == 'f' && fact.size > maxKeyFile {
				a.keysUnread = true
			}
			a.addKeys(lines[p], fact.changed, h.now())
		}
	}
	return files, nil
}

func (h *Host) keyLines(ctx context.Context, doing string, paths []string) (map[string][]string, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	out, err := h.line.run(ctx, doing, scriptKeys, joinPaths(paths), asRoot)
	if err != nil {
		return nil, err
	}
	body, ended := bytes.CutSuffix(out, []byte("end\x00\n"))
	if !ended {
		return nil, h.line.incomplete(doing, errors.New("the list has no end"))
	}
	lines := map[string][]string{}
	for raw := range bytes.Lines(body) {
		p, text, ok := strings.Cut(strings.TrimRight(string(raw), "\n"), "\x00")
		if ok {
			lines[p] = append(lines[p], text)
		}
	}
	return lines, nil
}

// addKeys takes the lines of one file. What is no key, sshd does not take either.
func (a *account) addKeys(lines []string, changed, now time.Time) {
	for _, text := range lines {
		if len(a.keys) >= maxKeys {
			a.keysUnread = true
			return
		}
		if strings.HasPrefix(strings.TrimSpace(text), "#") {
			continue
		}
		key, _, options, _, err := ssh.ParseAuthorizedKey([]byte(text))
		if err != nil {
			continue
		}
		k := publicKey{fingerprint: ssh.FingerprintSHA256(key), algorithm: algorithm(key), changed: keyAge(changed, now)}
		k.options, k.authority = keyOptions(options)
		if !slices.ContainsFunc(a.keys, func(o publicKey) bool { return o.fingerprint == k.fingerprint }) {
			a.keys = append(a.keys, k)
		}
	}
}

// keyAge is when a key in a file was put there, as far as that is known: no later
// than the file's last change, and any change of the file looks the same. So a
// recent change says nothing, and an old one that the key is at least that old.
func keyAge(changed, now time.Time) access.Time {
	if changed.IsZero() || now.Sub(changed) < 365*24*time.Hour {
		return 0
	}
	return access.TimeOf(changed)
}

// algorithm names the type of a key, and the size of an RSA key, which decides
// how weak it is.
func algorithm(key ssh.PublicKey) string {
	if c, ok := key.(ssh.CryptoPublicKey); ok {
		if r, ok := c.CryptoPublicKey().(*rsa.PublicKey); ok {
			return fmt.Sprintf("%s %d", key.Type(), r.N.BitLen())
		}
	}
	return key.Type()
}

// keyOptions says how a key is restricted. A forced command is cut to its program
// and values of environment are left out: both may hold a secret.
func keyOptions(options []string) (text string, authority bool) {
	var list []string
	for _, option := range options {
		name, value, has := strings.Cut(option, "=")
		switch strings.ToLower(name) {
		case "cert-authority":
			authority = true
		case "command":
			program, more, _ := strings.Cut(strings.TrimSpace(strings.Trim(value, `"`)), " ")
			if more != "" {
				program += " …"
			}
			value = `"` + program + `"`
		case "environment":
			variable, _, _ := strings.Cut(strings.Trim(value, `"`), "=")
			value = `"` + variable + `=…"`
		}
		if has {
			name += "=" + value
		}
		list = append(list, name)
	}
	return clean(strings.Join(list, ",")), authority
}

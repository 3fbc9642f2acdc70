package sample

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// host writes a Linux host under the ids that its connector gives.
type host struct {
	*system
	seen map[string]bool
}

func newHost(s *system, groups ...string) *host {
	h := &host{system: s, seen: map[string]bool{}}
	h.once("uid:0", "attribute", "uid 0", "bypass_controls@system:")
	h.once("sudo:ALL:ALL", "sudo", "run ALL as ALL", "bypass_controls@system:")
	for _, g := range append([]string{"root", "sudo", "people", "services"}, groups...) {
		h.group(g)
	}
	s.gives("group:sudo", "sudo:ALL:ALL")
	s.account(account{id: "root", name: "", kind: "built_in", used: unknownUse})
	s.has("root", "uid:0", "group:root", "sudo:ALL:ALL")
	return h
}

func (h *host) once(id, kind, name string, can ...string) string {
	if !h.seen[id] {
		h.seen[id] = true
		h.entitlement(entitlement{id: id, kind: kind, name: name, can: can})
	}
	return id
}

// group is a group; docker is control of the host by another name.
func (h *host) group(name string) string {
	if name == "docker" {
		return h.once("group:docker", "group", name, "bypass_controls@system:")
	}
	return h.once("group:"+name, "group", name)
}

// sudo is a rule to run one command as root.
func (h *host) sudo(command string, can ...string) string {
	return h.once("sudo:root:"+command, "sudo", "run "+command+" as root", can...)
}

// person writes the account of a person: a real name, a key, a group of all
// people, and a last login.
func (h *host) person(i, used int, groups ...string) string {
	return h.personWithKey(i, used, h.loginOf(i), "", groups...)
}

func (h *host) personWithKey(i, used int, keyOf, changed string, groups ...string) string {
	login := h.loginOf(i)
	h.account(account{id: login, name: PlainName(h.nameOf(i)), used: used})
	h.key(login, keyOf, changed)
	h.has(login, "group:people")
	for _, g := range groups {
		h.has(login, h.group(g))
	}
	return login
}

// PlainName is a name as hosts keep it: they give no other letters back safely.
func PlainName(name string) string {
	words := strings.Fields(name)
	for n, w := range words {
		if p := plain(w); p != "" {
			words[n] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(words, " ")
}

// robotLogin writes the account of a service.
func (h *host) robotLogin(login string, groups ...string) {
	h.account(account{id: login, kind: "service", used: unknownUse})
	h.key(login, login, "")
	h.has(login, "group:services")
	for _, g := range groups {
		h.has(login, h.group(g))
	}
}

// key writes the key that is derived from the seed and keyOf; two accounts with
// one keyOf accept the same key.
func (h *host) key(login, keyOf, changed string) string {
	fingerprint, public := h.sshKey(keyOf)
	h.credential(login, "ssh_key", fingerprint, ssh.KeyAlgoED25519, changed, public)
	return fingerprint
}

// sshKey derives a key. Whoever knows the seed has its private half: it opens
// nothing but hosts that tests build from the sample.
func (c *company) sshKey(of string) (fingerprint, public string) {
	seed := sha256.Sum256(fmt.Appendf(nil, "%s key %d %s", Company, c.Seed, of))
	half := ed25519.NewKeyFromSeed(seed[:]).Public()
	key, err := ssh.NewPublicKey(half)
	if err != nil {
		panic(err) // every ed25519 key is one
	}
	return ssh.FingerprintSHA256(key), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

// nopasswd gives an account a sudo rule that asks for nothing.
func (h *host) nopasswd(login, rule string) {
	h.grants.row("account", login, rule, "", "standing", "no_password", "", "", "false", "", "")
}

// fillDBHost writes the host on which the payroll cluster runs.
func fillDBHost(s *system) {
	h := newHost(s, "postgres", "dba-watch")
	s.account(account{id: "postgres", name: "PostgreSQL administrator", kind: "built_in", used: unknownUse})
	s.has("postgres", "group:postgres")
	h.robotLogin(s.service("monitoring").login)
	h.robotLogin(s.service("backup").login)
	for _, i := range s.regionalPeople(technology, 4) {
		h.person(i, 2+i%20, "dba-watch")
	}
	p := s.plants[s.name]
	for _, i := range p[escalation] {
		login := h.person(i, 4)
		s.has(login, h.sudo("/usr/bin/find", "bypass_controls@system:", "destroy_data@system:"))
		s.found(escalation, onAccount, s.name, login, "is root on db1, and so whoever they like in "+payrollDB)
		s.found(standing, onAccount, s.name, login, "is root on db1 all the time")
	}
	h.sameKey(p[duplicateKey])
}

// fillWebHost writes a host of the web site.
func fillWebHost(s *system) {
	h := newHost(s, "web-operators")
	s.gives("group:web-operators", h.sudo("/usr/sbin/nginx -t"))
	for _, i := range s.regionalPeople(technology, 8) {
		h.person(i, 1+i%20, "web-operators")
	}
	h.robotLogin(s.service("monitoring").login)
	deploy := s.service("deploy").login
	h.robotLogin(deploy)
	h.nopasswd(deploy, h.sudo("/usr/bin/systemctl", "bypass_controls@system:", "change_config@system:"))
	s.found(nopasswdSudo, onEntitlement, s.name, "run /usr/bin/systemctl as root", "gives a shell, and asks for no password")
	p := s.plants[s.name]
	for _, i := range p[leaverActive] {
		s.found(leaverActive, onAccount, s.name, h.person(i, 9), "left the company, the key still opens the host")
	}
	for _, i := range p[dormantAccount] {
		s.found(dormantAccount, onAccount, s.name, h.person(i, 300), "has not signed in for 300 days")
	}
	for _, i := range p[staleCredential] {
		login := h.personWithKey(i, 5, s.loginOf(i), s.ago(1200))
		s.found(staleCredential, onAccount, s.name, login, "the key has lain there for 1200 days")
	}
	h.sameKey(p[duplicateKey])
	h.stranger(s.region)
	h.shared("ops-web", "ops-web", "web-operators")
}

// fillBuildHost writes a host that builds software.
func fillBuildHost(s *system) {
	h := newHost(s, "builders")
	for _, i := range s.regionalPeople(research, 8) {
		h.person(i, 1+i%20, "builders")
	}
	h.robotLogin(s.service("ci-runner").login, "builders")
	h.robotLogin("svc_nightly", "builders")
	s.found(unownedNonhuman, onAccount, s.name, "svc_nightly", "a service account that belongs to no registered service")
	p := s.plants[s.name]
	for _, i := range p[dormantAccount] {
		s.found(dormantAccount, onAccount, s.name, h.person(i, 420), "has not signed in for 420 days")
	}
	for _, i := range p[standing] {
		login := h.person(i, 3, "docker")
		s.found(standing, onAccount, s.name, login, "is in the group docker, which is root by another name")
	}
	for _, i := range p[nopasswdSudo] {
		login := h.person(i, 2)
		h.nopasswd(login, h.sudo("/usr/bin/vim", "bypass_controls@system:"))
		s.found(nopasswdSudo, onEntitlement, s.name, "run /usr/bin/vim as root", "gives a shell, and asks for no password")
		s.found(standing, onAccount, s.name, login, "is root all the time")
	}
	for _, i := range p[duplicateKey] {
		h.person(i, 6, "builders")
		h.shared("team-build", s.loginOf(i), "builders")
		fingerprint, _ := s.sshKey(s.loginOf(i))
		s.found(duplicateKey, onCredential, s.name, fingerprint, "opens a person's account and a shared one")
	}
	for _, i := range p[staleCredential] {
		login := h.person(i, 6)
		s.credential(login, "password", "", "6", s.ago(1400), "")
		s.found(staleCredential, onAccount, s.name, login, "the password is 1400 days old")
	}
}

// sameKey gives two people one key.
func (h *host) sameKey(people []int) {
	for n := 0; n+1 < len(people); n += 2 {
		key := h.loginOf(people[n])
		h.person(people[n], 5)
		h.personWithKey(people[n+1], 7, key, "")
		fingerprint, _ := h.sshKey(key)
		h.found(duplicateKey, onCredential, h.name, fingerprint, "opens the accounts of two people")
	}
}

// shared writes an account that several people sign in with.
func (h *host) shared(login, keyOf, group string) {
	h.account(account{id: login, used: 2})
	h.key(login, keyOf, "")
	h.has(login, "group:people", h.group(group))
	h.found(sharedAccount, onAccount, h.name, login, "several people sign in with it")
}

// stranger is somebody whom HR does not know.
func (h *host) stranger(n int) {
	first, last := strangerFirst[(n+5)%len(strangerFirst)], h.names.strangers[(n+7)%len(h.names.strangers)]
	login := strangerLogin(first, last)
	h.account(account{id: login, name: first + " " + last, used: 11})
	h.key(login, login, "")
	h.has(login, "group:people")
	h.found(orphanAccount, onAccount, h.name, login, "nobody of that name is or was in the HR file")
}

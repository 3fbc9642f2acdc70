package linux

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// when says with which arguments a program lets its user run anything they like.
type when uint8

const (
	never  when = iota
	free        // where the rule leaves the arguments open
	bare        // also where the rule allows no arguments: it then asks for commands
	always      // also with fixed arguments: it asks for commands, or shows through a pager that does
)

// program is what a program that runs as root can be used for beyond its purpose.
type program struct {
	shell  when // runs commands, or writes files of its user's choice, which is the same
	pager  bool // loses its shell under NOEXEC, keeps reading any file
	grants bool // makes accounts, memberships, passwords or sudo rules
	reads  bool // shows any file, where the arguments are open
	erases bool // destroys data, where the arguments are open
	config bool // changes how the host runs, even with fixed arguments
}

// programs is a table of what is well known of programs that Debian and others
// ship. Versions at the end of a name (python3.11) are cut before the look-up. A
// program that is not here says nothing: see doc.go.
var programs = map[string]program{
	"sh": {shell: bare}, "bash": {shell: bare}, "dash": {shell: bare}, "zsh": {shell: bare}, "ksh": {shell: bare},
	"fish": {shell: bare}, "csh": {shell: bare}, "tcsh": {shell: bare}, "rbash": {shell: bare}, "busybox": {shell: bare},
	"sudo": {shell: free}, "doas": {shell: free}, "pkexec": {shell: bare}, "runuser": {shell: bare}, "login": {shell: bare},

	"python": {shell: bare}, "perl": {shell: bare}, "ruby": {shell: bare}, "irb": {shell: always}, "node": {shell: bare},
	"lua": {shell: bare}, "php": {shell: bare}, "awk": {shell: free}, "gawk": {shell: free}, "mawk": {shell: free},
	"tclsh": {shell: bare}, "expect": {shell: bare}, "gcc": {shell: free}, "cc": {shell: free}, "make": {shell: bare},
	"gdb": {shell: always}, "java": {shell: free}, "ansible-playbook": {shell: free}, "ansible": {shell: free},

	"vi": {shell: always}, "vim": {shell: always}, "vim.basic": {shell: always}, "vim.tiny": {shell: always}, "nvim": {shell: always},
	"view": {shell: always}, "vimdiff": {shell: always}, "nano": {shell: always}, "pico": {shell: always}, "emacs": {shell: always}, "ed": {shell: always},
	"ex": {shell: always}, "mcedit": {shell: always}, "joe": {shell: always}, "mc": {shell: always}, "editor": {shell: always},
	"less": {shell: always, pager: true, reads: true}, "more": {shell: always, pager: true, reads: true}, "most": {shell: always, pager: true, reads: true},
	"pager": {shell: always, pager: true, reads: true}, "man": {shell: always, pager: true}, "info": {shell: always, pager: true},
	"journalctl": {shell: always, pager: true}, "git": {shell: free}, "w3m": {shell: always}, "lynx": {shell: always}, "elinks": {shell: always},

	"psql": {shell: always}, "mysql": {shell: always}, "mariadb": {shell: always}, "sqlite": {shell: always}, "sqlite3": {shell: always},
	"ftp": {shell: always}, "sftp": {shell: always}, "telnet": {shell: always}, "screen": {shell: always}, "tmux": {shell: always},
	"script": {shell: bare}, "crontab": {shell: free}, "at": {shell: free}, "batch": {shell: bare},

	"env": {shell: free}, "find": {shell: free, erases: true}, "xargs": {shell: bare}, "nice": {shell: free}, "ionice": {shell: free}, "nohup": {shell: free},
	"timeout": {shell: free}, "time": {shell: free}, "watch": {shell: free}, "strace": {shell: free}, "ltrace": {shell: free}, "taskset": {shell: free},
	"setarch": {shell: bare}, "stdbuf": {shell: free}, "flock": {shell: free}, "parallel": {shell: bare}, "chroot": {shell: free}, "nsenter": {shell: free},
	"unshare": {shell: bare}, "capsh": {shell: free}, "setpriv": {shell: free}, "start-stop-daemon": {shell: free}, "run-parts": {shell: free},
	"systemd-run": {shell: free}, "systemctl": {shell: free, config: true}, "service": {shell: free, config: true}, "machinectl": {shell: free},

	"tar": {shell: free}, "zip": {shell: free}, "unzip": {shell: free}, "cpio": {shell: free}, "rsync": {shell: free}, "scp": {shell: free}, "ssh": {shell: free},
	"cp": {shell: free}, "mv": {shell: free, erases: true}, "install": {shell: free}, "ln": {shell: free}, "dd": {shell: free, erases: true}, "tee": {shell: free},
	"sed": {shell: free}, "sort": {shell: free}, "split": {shell: free}, "patch": {shell: free}, "chmod": {shell: free}, "chown": {shell: free}, "chgrp": {shell: free},
	"setfacl": {shell: free}, "setcap": {shell: free}, "wget": {shell: free}, "curl": {shell: free, reads: true}, "socat": {shell: free}, "nc": {shell: free},
	"tcpdump": {shell: free}, "nmap": {shell: free}, "openssl": {shell: free, reads: true}, "logrotate": {shell: free}, "debugfs": {shell: always},
	"mount": {shell: free, config: true}, "umount": {config: true}, "losetup": {config: true}, "insmod": {shell: free, config: true}, "modprobe": {shell: free, config: true},

	"apt": {shell: free, config: true}, "apt-get": {shell: free, config: true}, "aptitude": {shell: bare, config: true}, "dpkg": {shell: free, config: true}, "rpm": {shell: free, config: true},
	"yum": {shell: free, config: true}, "dnf": {shell: free, config: true}, "zypper": {shell: bare, config: true}, "snap": {shell: free, config: true}, "pip": {shell: free}, "npm": {shell: free},
	"gem": {shell: free}, "docker": {shell: free}, "podman": {shell: free}, "nerdctl": {shell: free}, "ctr": {shell: free}, "lxc": {shell: free}, "incus": {shell: free}, "virsh": {shell: free},

	"visudo": {shell: always, grants: true}, "vipw": {shell: always, grants: true}, "vigr": {shell: always, grants: true},
	"usermod": {grants: true}, "useradd": {grants: true}, "adduser": {grants: true}, "userdel": {grants: true}, "deluser": {grants: true}, "newusers": {grants: true},
	"passwd": {grants: true}, "chpasswd": {grants: true}, "gpasswd": {grants: true}, "chgpasswd": {grants: true}, "chage": {grants: true},
	"groupadd": {grants: true}, "addgroup": {grants: true}, "groupmod": {grants: true}, "groupmems": {grants: true},

	"cat": {reads: true}, "head": {reads: true}, "tail": {reads: true}, "tac": {reads: true}, "nl": {reads: true}, "od": {reads: true}, "xxd": {reads: true},
	"hexdump": {reads: true}, "strings": {reads: true}, "grep": {reads: true}, "egrep": {reads: true}, "zcat": {reads: true}, "zgrep": {reads: true},
	"diff": {reads: true}, "base64": {reads: true}, "cut": {reads: true}, "rev": {reads: true}, "pg_dump": {reads: true}, "mysqldump": {reads: true},
	"rm": {erases: true}, "shred": {erases: true}, "wipefs": {erases: true}, "mkfs": {erases: true}, "fdisk": {erases: true}, "parted": {erases: true}, "truncate": {erases: true},
	"reboot": {config: true}, "shutdown": {config: true}, "poweroff": {config: true}, "halt": {config: true}, "iptables": {config: true}, "nft": {config: true},
	"ip": {config: true}, "sysctl": {config: true}, "update-alternatives": {config: true},
}

// sensitive are files whose writer decides who may do what.
var sensitive = regexp.MustCompile(`^/(etc/(sudoers|passwd|shadow|group|gshadow|pam\.d|ssh|cron|security|ld\.so|profile|crontab|nsswitch)|root/|var/spool/cron)`)

var version = regexp.MustCompile(`[-.]?[0-9][0-9.]*$`)

// arguments is what a rule says of a command's arguments.
type arguments uint8

const (
	argsOpen  arguments = iota // any, or a pattern: sudo's wildcards also match spaces and slashes
	argsNone                   // "" allows none
	argsFixed                  // exactly these
)

// command is a command of a rule, taken apart.
type command struct {
	file string
	args arguments
	text string // the arguments as written
}

func parseCommand(text string) command {
	file, args, has := strings.Cut(text, " ")
	c := command{file: file, text: args}
	switch {
	case !has, strings.ContainsAny(args, "*?["), strings.HasPrefix(args, "^"):
		c.args = argsOpen
	case args == `""`:
		c.args = argsNone
	default:
		c.args = argsFixed
	}
	return c
}

// uses is what a command gives, whoever it runs as.
type uses struct {
	shell, grants, reads, erases, config bool
	becomes                              string // the one account that it turns into (su - NAME)
}

// usesOf looks a command up. A pattern gives what any program that fits it gives.
func usesOf(text string, noExec bool) uses {
	c := parseCommand(text)
	switch {
	case text == "ALL", strings.HasSuffix(c.file, "/"):
		return uses{shell: true}
	case c.file == "sudoedit":
		return usesOfEdit(c)
	case path.Base(c.file) == "su":
		return usesOfSu(c)
	case strings.HasPrefix(c.file, "^"):
		return usesOfExpression(text, noExec)
	case strings.ContainsAny(c.file, "*?["):
		return usesOfPattern(c, noExec)
	}
	return c.with(programs[path.Base(c.file)], programs[plainName(c.file)], noExec)
}

// plainName cuts a version off a program's name.
func plainName(file string) string {
	base := path.Base(file)
	if cut := version.ReplaceAllString(base, ""); cut != "" {
		return cut
	}
	return base
}

// with says what a program gives under c's arguments; plain is the program by
// its name without a version, where the exact name is not known.
func (c command) with(exact, plain program, noExec bool) uses {
	p := exact
	if p == (program{}) {
		p = plain
	}
	u := uses{grants: p.grants, config: p.config, reads: p.reads && (c.args == argsOpen || p.pager), erases: p.erases && c.args == argsOpen}
	switch c.args {
	case argsOpen:
		u.shell = p.shell != never
	case argsNone:
		u.shell = p.shell >= bare
	case argsFixed:
		u.shell = p.shell == always
	}
	if noExec && p.pager {
		u.shell, u.reads = false, true
	}
	if c.args == argsFixed && slices.ContainsFunc(strings.Fields(c.text), sensitive.MatchString) {
		u.reads = u.reads || p.reads
		u.shell = u.shell || p.shell != never // tee, cp or an editor on what decides who may do what
	}
	return u
}

func usesOfEdit(c command) uses {
	switch {
	case c.text == "" || strings.HasPrefix(c.text, "^"):
		return uses{shell: true}
	case sensitive.MatchString(c.text), strings.HasPrefix(c.text, "*"), strings.HasPrefix(c.text, "/*"), strings.HasPrefix(c.text, "/etc/*"):
		return uses{grants: true, shell: true}
	}
	return uses{config: true}
}

// usesOfSu: `su - NAME` turns into NAME; anything else may turn into root.
func usesOfSu(c command) uses {
	if c.args != argsFixed {
		return uses{shell: true}
	}
	name := ""
	for _, arg := range strings.Fields(c.text) {
		switch {
		case arg == "-" || arg == "-l" || arg == "--login":
		case strings.HasPrefix(arg, "-"), name != "":
			return uses{shell: true} // su -c CMD, -s SHELL and what else there is
		default:
			name = arg
		}
	}
	if name == "" || name == "root" {
		return uses{shell: true}
	}
	return uses{becomes: name}
}

func usesOfPattern(c command, noExec bool) (all uses) {
	folder := path.Dir(c.file)
	for name, p := range programs {
		ok, err := path.Match(c.file, folder+"/"+name)
		if err != nil || strings.ContainsAny(folder, "*?[") {
			return uses{shell: true} // which programs it means is open
		}
		if ok {
			all = all.and(c.with(p, program{}, noExec))
		}
	}
	return all
}

func usesOfExpression(text string, noExec bool) (all uses) {
	file, args, has := strings.Cut(text, " ")
	re, err := regexp.Compile(file)
	if err != nil {
		return uses{shell: true}
	}
	c := command{args: argsOpen}
	if has && !strings.ContainsAny(strings.Trim(args, "^$"), `*+?[({|.\`) {
		c = command{args: argsFixed, text: strings.Trim(args, "^$")}
	}
	for name, p := range programs {
		for _, folder := range []string{"/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/"} {
			if re.MatchString(folder + name) {
				all = all.and(c.with(p, program{}, noExec))
			}
		}
	}
	return all
}

func (u uses) and(o uses) uses {
	return uses{
		shell: u.shell || o.shell, grants: u.grants || o.grants, reads: u.reads || o.reads,
		erases: u.erases || o.erases, config: u.config || o.config,
	}
}

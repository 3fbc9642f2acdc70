package linux

import (
	"path"
	"strings"
	"testing"
	"time"
)

func TestUsesOfCommands(t *testing.T) {
	shell, none := uses{shell: true}, uses{}
	tests := []struct {
		command string
		noExec  bool
		want    uses
	}{
		{"ALL", false, shell},
		{"/usr/bin/", false, shell},
		{"/usr/bin/vim", false, shell},
		{"/usr/bin/vim /etc/motd", false, shell},
		{"/usr/bin/vim /etc/motd", true, shell}, // an editor writes other files too
		{"/usr/bin/less /var/log/syslog", false, uses{shell: true, reads: true}},
		{"/usr/bin/less /var/log/syslog", true, uses{reads: true}},
		{"/usr/bin/find", false, uses{shell: true, erases: true}},
		{"/usr/bin/find /var -name x", false, none},
		{"/usr/bin/find /var *", false, uses{shell: true, erases: true}},
		{`/usr/bin/find ""`, false, none},
		{`/usr/bin/bash ""`, false, shell},
		{"/usr/bin/bash /opt/x.sh", false, none},
		{"/usr/bin/python3.11", false, shell},
		{"/usr/bin/python3 /opt/x.py", false, none},
		{"/usr/bin/tar czf /backup.tgz /data", false, none},
		{"/usr/bin/cat", false, uses{reads: true}},
		{"/usr/bin/cat /etc/motd", false, none},
		{"/usr/bin/cat /etc/shadow", false, uses{reads: true}},
		{"/usr/bin/tee /etc/motd", false, none},
		{"/usr/bin/tee -a /etc/sudoers.d/x", false, shell},
		{"/usr/sbin/visudo", false, uses{shell: true, grants: true}},
		{"/usr/sbin/usermod -aG web alice", false, uses{grants: true}},
		{"/usr/bin/passwd alice", false, uses{grants: true}},
		{"/usr/bin/systemctl restart nginx", false, uses{config: true}},
		{"/usr/bin/systemctl", false, uses{shell: true, config: true}},
		{"sudoedit /etc/motd", false, uses{config: true}},
		{"sudoedit /etc/sudoers", false, uses{shell: true, grants: true}},
		{"sudoedit", false, shell},
		{"/usr/bin/su", false, shell},
		{"/usr/bin/su - postgres", false, uses{becomes: "postgres"}},
		{"/usr/bin/su - root", false, shell},
		{"/usr/bin/su postgres -c id", false, shell},
		{"/usr/bin/v*", false, uses{shell: true, grants: false}},
		{"/usr/bin/nothing*", false, none},
		{"/*/bin/x", false, shell},
		{"^/usr/bin/(id|vim)$", false, shell},
		{"^/usr/bin/(id|ls)$ ^-l$", false, none},
		{"^/usr/bin/(", false, shell},
		{"/usr/bin/id", false, none},
		{"/opt/backup/run.sh", false, none},
	}
	for _, tt := range tests {
		got := usesOf(tt.command, tt.noExec)
		if tt.command == "/usr/bin/v*" {
			got.grants, got.config = false, false // vipw and vigr fit too
		}
		if got != tt.want {
			t.Errorf("%s (noexec %v) gives %+v, want %+v", tt.command, tt.noExec, got, tt.want)
		}
	}
}

func TestFilesThatCommandsWrite(t *testing.T) {
	tests := []struct{ command, path string }{
		{"sudoedit /home/a/.ssh/authorized_keys", "/home/a/.ssh/authorized_keys"},
		{"sudoedit /etc/motd /home/a/.ssh/authorized_keys", "/home/a/.ssh/authorized_keys"},
		{"sudoedit /home/*/.ssh/authorized_keys", "/home/a/.ssh/authorized_keys"},
		{"sudoedit /home/[ab]/.ssh/*", "/home/a/.ssh/authorized_keys"},
		{"/usr/bin/tee /home/a/.ssh/../.ssh/authorized_keys", "/home/a/.ssh/authorized_keys"},
		{`/bin/dd if\=/tmp/x of\=/home/a/.ssh/authorized_keys`, "/home/a/.ssh/authorized_keys"},
		{"/bin/cp /tmp/x /home/a/.ssh/", "/home/a/.ssh"},
		{"/usr/bin/tee /home/b/.ssh/authorized_keys", ""},
		{"sudoedit /home/a/.ssh/authorized_keys2", ""},
		{"/usr/bin/cat /home/a/.ssh/authorized_keys", ""},
		{"/opt/x /home/a/.ssh/authorized_keys", ""},
		{"/usr/bin/tee", ""},
	}
	for _, tt := range tests {
		got := ""
		for _, pattern := range edits(tt.command) {
			for _, p := range []string{"/home/a/.ssh", "/home/a/.ssh/authorized_keys"} {
				if matcher(pattern)(p) {
					got = p
				}
			}
		}
		if got != tt.path {
			t.Errorf("%s writes %q, want %q", tt.command, got, tt.path)
		}
	}
}

func TestProgramsAreNamedAsTheyAreLookedUp(t *testing.T) {
	for name := range programs {
		if name != path.Base(name) || name != strings.ToLower(name) {
			t.Errorf("%q is never found", name)
		}
	}
}

func TestPolicyOfOlderTools(t *testing.T) {
	p, err := parsePolicy([]byte(`{
    "User_Specs": [
        {
            "User_List": [ { "username": "a" } ],
            "Host_List": [ { "hostname": "ALL" } ],
            "Cmnd_Specs": [
                {
                    "Options": [
                        "runchroot": "/x",
                        "runcwd": "*",
                        { "authenticate": false }
                    ],
                    "Commands": [ { "command": "/bin/ls" } ]
                }
            ]
        }
    ]
}`))
	if err != nil || len(p.Specs) != 1 || len(p.Specs[0].Commands[0].Options) != 3 {
		t.Errorf("got %+v, %v", p, err)
	}
	for _, bad := range []string{"", "{", "[]", "null and void"} {
		if _, err := parsePolicy([]byte(bad)); err == nil {
			t.Errorf("%q is taken for a policy", bad)
		}
	}
}

// FuzzHost: whatever a host sends, reading it ends, without a panic.
func FuzzHost(f *testing.F) {
	f.Add([]byte("P:root:x:0:0:r:/root:/bin/sh\nG:root:x:0:\nS:root:set:y:1:2:3:4\nL:root  pts/0 Mon Nov 24 10:00:00 +0000 2026\nE:end\n"))
	f.Add([]byte("P:root:x:0:0:r:/root:/bin/sh\nN:passwd: files [x] sss\nN:group: ldap # x\nFP:root\nFG:root\nD:narrowed x\nE:end\n"))
	f.Add([]byte("P:::::::\nL:\nL: \nE:\n"))
	f.Add([]byte("755\t0\t0\tf\t1\t1.5\t/x\x00end\x00"))
	h := &Host{line: &line{}}
	f.Fuzz(func(t *testing.T, b []byte) {
		known := newFacts()
		if logins, err := known.parse(b); err == nil {
			known.join()
			known.noteLogins(logins)
		}
		_, _ = h.parseStat("fuzzing", b)
		if p, err := parsePolicy(b); err == nil {
			resolve(newWorld(known, probe{}), p, time.Now())
		}
		_ = usesOf(string(b), false)
		for _, pattern := range edits(string(b)) {
			_ = matcher(pattern)("/home/a/.ssh/authorized_keys")
		}
	})
}

package sample

import "fmt"

// tools of the agents' tool server; a tool that can do much says so.
var tools = []entitlement{
	{id: "tool:search-knowledge", name: "search_knowledge"},
	{id: "tool:read-ticket", name: "read_ticket"},
	{id: "tool:comment-ticket", name: "comment_ticket"},
	{id: "tool:book-room", name: "book_room"},
	{id: "tool:read-calendar", name: "read_calendar"},
	{id: "tool:draft-mail", name: "draft_mail"},
	{id: "tool:change-settings", name: "change_settings", about: "changes every setting of the tool server", can: []string{"bypass_controls@system:"}},
	{id: "tool:export-archive", name: "export_archive", about: "reads the whole archive of documents", can: []string{"read_sensitive@resource:archive"}},
}

const harmlessTools = 6

// fillToolbox writes the tool server (MCP) that agents work with.
func fillToolbox(s *system) {
	s.resource("archive", "store", "Document archive", "", "restricted")
	for _, t := range tools {
		t.kind = "tool"
		s.entitlement(t)
	}
	agents, powerful := 0, 0
	for i := range s.workloads {
		w := &s.workloads[i]
		if w.kind != "agent" || w.plant != "" {
			continue
		}
		s.agent(w, i)
		s.uses(w.login, tools[agents%harmlessTools].id, 1+agents%9)
		s.uses(w.login, tools[(agents+2)%harmlessTools].id, 2+agents%9)
		agents++
	}
	for i := range s.workloads {
		w := &s.workloads[i]
		switch w.plant {
		case "power":
			tool := tools[harmlessTools+powerful%2]
			powerful++
			s.agent(w, i)
			s.uses(w.login, tool.id, 4)
			s.found(tooMuchAgent, onIdentity, "", w.number, "may use "+tool.name)
		case "unused":
			s.agent(w, i)
			s.uses(w.login, tools[0].id, 3)
			s.uses(w.login, tools[2].id, neverUsed)
			s.found(tooMuchAgent, onIdentity, "", w.number, "has never used "+tools[2].name)
		case "unowned":
			if w.kind == "agent" {
				s.agent(w, i)
				s.uses(w.login, tools[1].id, 5)
			}
		}
	}
}

func (s *system) agent(w *workload, i int) {
	s.robot(w)
	s.credential(w.login, "token", fmt.Sprintf("tool-%06d", i), "", s.fresh(i), "")
}

// uses is a grant with what is known of its use.
func (s *system) uses(account, entitlement string, days int) {
	last := ""
	if days != neverUsed {
		last = s.ago(days)
	}
	s.grants.row("account", account, entitlement, "", "standing", "", s.ago(290), "", "true", last, "")
}

// fillBackup writes the backup system: whoever controls it controls everything.
func fillBackup(s *system) {
	for _, e := range []entitlement{
		{id: "role:viewer", kind: "role", name: "Viewer"},
		{id: "role:operator", kind: "role", name: "Operator", can: []string{"change_config@system:"}},
		{id: "role:administrator", kind: "role", name: "Administrator", can: []string{"bypass_controls@system:", "destroy_data@system:"}},
	} {
		s.entitlement(e)
	}
	w := s.service("backup")
	s.robot(w)
	s.credential(w.login, "token", "backup-000001", "", s.ago(20), "")
	s.has(w.login, "role:operator")
	for n := range min(3, s.unitsOf(technology)) {
		login := s.adminAccount(s.leadOf(technology, n))
		s.mayActivate(login, "role:operator")
	}
	s.account(account{id: "breakglass", name: "Break glass", kind: "break_glass", created: 900, used: unknownUse})
	s.credential("breakglass", "password", "", "", s.ago(50), "")
	s.has("breakglass", "role:administrator")
	s.entitlement(entitlement{id: "role:delegate", kind: "role", name: "Delegate", about: "may name administrators", can: []string{"grant_access@entitlement:role:administrator"}})
	p := s.plants[s.name]
	for _, i := range p[escalation] {
		login := s.adminAccount(i)
		s.has(login, "role:delegate")
		s.found(escalation, onAccount, s.name, login, "may make anybody an administrator of backups")
		s.found(standing, onAccount, s.name, login, "what can grant tier 0 is tier 0, and is held all the time")
	}
	for _, i := range p[standing] {
		login := s.adminAccount(i)
		s.has(login, "role:administrator")
		s.found(standing, onAccount, s.name, login, "administers backups all the time")
	}
	for n := range s.shape.scale {
		login := again("breakglass-vault", n, "-")
		s.account(account{id: login, name: "Break glass, second site", kind: "break_glass", created: 900, used: 3})
		s.credential(login, "password", "", "", s.ago(55), "")
		s.has(login, "role:administrator")
		s.found(unsealed, onAccount, s.name, login, "used three days ago, its password not changed since")
		login = again("operators", n, "-")
		s.account(account{id: login, name: "Operators", kind: "shared", created: 900, used: 1})
		s.has(login, "role:viewer")
		s.found(sharedAccount, onAccount, s.name, login, "several people sign in with it")
	}
}

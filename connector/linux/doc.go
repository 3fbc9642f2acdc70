// Package linux reads a Linux host over SSH: accounts, groups, sudo rules, SSH
// keys, writable files of keys, setuid programs, locks and last logins. It changes
// memberships of groups, makes, changes, disables and deletes accounts, and gives them
// other passwords and keys.
//
// What is observed, and from what:
//
//	accounts               getent passwd, and by name or number those that groups, sudo
//	                       rules and files of keys mention and the list lacks
//	groups                 getent group, primary groups included, and likewise; of accounts
//	                       looked up by name, what id -G says
//	what a directory       not in the host's own files, and nsswitch.conf names a service
//	brings                 that is not the host (sss, ldap, winbind)
//	state of passwords     getent shadow, cut on the host to set, locked, none or empty
//	sudo rules             cvtsudoers -f json -e /etc/sudoers: sudo's own reading
//	SSH keys               the files that sshd -T names (AuthorizedKeysFile)
//	writable files of keys owner and mode of those files and their folders
//	programs of sudo rules owner and mode of the file and its folders
//	embedded secrets       whether .pgpass and .netrc are in homes, and private keys that
//	                       others may read; none of these files is read
//	setuid programs        find -perm -4000 on local file systems, less what
//	                       dpkg or rpm owns; one that gives a shell stays listed
//	last logins            lastlog or lastlog2: logins at a terminal
//
// Native ids: accounts by name; entitlements group:NAME, sudo:RUNAS:COMMAND,
// sudo::GROUP:COMMAND, uid:0, file:PATH:write, setuid:PATH; resources embedded:PATH. A byte that is not
// text is written \xNN in an id.
//
// With option directory, the directory's account opens the host's of the same name,
// and its group holds the host's of the same name, since who is in the one is in the
// other. So an account of the directory that is none of the host is said to hold
// the group too. The domain that sssd or winbind may write with a name is cut off.
// Where nsswitch.conf names several services that are not the host, none is taken for
// the directory. A name in the host's own files is the host's, though PAM may also take the
// directory's password for it.
//
// How sudo rules become grants:
//   - A rule for a group is held by the group. A rule that a later one takes away
//     from somebody, and a list that leaves somebody out, is decided account by
//     account, the last rule first, as sudo does.
//   - Exceptions from ALL (`ALL, !/bin/su`) are shown and otherwise ignored: a
//     copy of the program under another name passes them, as sudoers(5) warns.
//   - (ALL, !root) is the right to become every other account.
//   - A rule whose command can start others, or write any file, is control of the
//     host where it runs as root; the table is programs.go. A program that is not
//     in it says nothing. A wildcard in arguments matches spaces and slashes, so
//     such arguments count as open. One that may write a file of keys of somebody's
//     (sudoedit, or tee, cp and their like with it as an argument) is the right to
//     become its owner. NOEXEC takes the shell from a pager, not from
//     an editor.
//   - NOPASSWD and !authenticate are the flag NoPassword. Under targetpw, rootpw
//     or runaspw the rule needs the other account's password and gives nothing by
//     itself: its id ends with #targetpw. Other Defaults are not looked at.
//   - Rules for other hosts are left out; a netgroup of hosts counts as this one.
//
// Invariants:
//  1. Every script that runs on the host is a fixed text; names and paths go to
//     its standard input and are only ever data there (SECURITY.md, 2).
//  2. A password's hash never leaves the host. Of an SSH key's options, a forced
//     command is cut to its program and values of environment are left out.
//  3. No host key is taken that is not pinned; an unknown one is shown and refused.
//  4. A snapshot is read whole before its first record goes out: a cut line, a
//     time-out or a list without its end mark is an error.
//  5. Nothing is read half: without root the host is refused, not half listed, and so
//     it is while a service of nsswitch.conf does not answer.
//  6. An account that is half made has expired: until the last step nobody gets in. Its
//     mark is the last field of GECOS, which root alone writes, in the host's own files.
//  7. A first password goes to a script's standard input and from there to chpasswd's; it
//     is in no argument and no environment (SECURITY.md, 13).
//  8. What is left of an account is nobody else's: no new one has its uid while a home is
//     owned by it, or a home that is there. Accounts below UID_MIN and Writ's own are left
//     alone, and so are processes of a uid that two accounts have.
//  9. A secret that is kept goes to a script's standard input too; of a key, the host is
//     given the public half. A file of keys is written by a process of its account's own,
//     unless none but root may write any folder on the way to it.
//  10. Opens says no only where sshd refused the secret that it offers to take, of an
//     account that it would have let in. It opens no session.
//  11. No call outlasts its context, whatever the host or the line does.
//
// A first password is made as old as a password may be there, so that it must be changed,
// with the days until its end as the time that is left for that (shadow(5), password
// inactivity). A changed one is today's, and that time is then as far away as passwords
// may grow old; where login.defs says nothing, fifty years. Whole days are all there are:
// what ends within one ends with it.
//
// Sources: sudoers(5), cvtsudoers(1), sshd_config(5), authorized_keys in sshd(8),
// shadow(5), chpasswd(8), setpriv(1), RFC 4251 to 4254 and 4256. Programs that give a shell: the manual pages of
// the programs themselves.
//
// What it does not do: it sees no access control lists, capabilities(7), PAM or
// polkit rules, SELinux, cron jobs, keys that a program hands to sshd, members of
// netgroups, sudo rules in LDAP, or what Match blocks of sshd_config change; nor what
// keeps people out who have an account: AllowUsers and its like, access.conf,
// access_provider of sssd, pam_authz_search of nslcd. Where it can tell that there
// are such, Describe warns. Of programs of sudo rules that a group may write, a group
// that the host does not list is not looked up. Listing a directory that does not
// list itself is the directory's own connector's job. What an account started
// as somebody else (sudo) and left running is not one of its processes any more. It runs GNU coreutils,
// findutils and grep on the host, as all but the smallest distributions have.
package linux

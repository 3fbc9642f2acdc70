// Package testkit starts the real servers that tests need, as private instances:
// on loopback, in a temporary folder, ended with the test by process id.
//
// Vocabulary: a host is a private Linux host in namespaces of its own, with an
// sshd; a cluster is a private PostgreSQL; a MariaDB server is one, and so is a
// MySQL server; a directory is a private OpenLDAP; a domain controller is a private
// Samba Active Directory on a loopback address of its own; a provider is a private
// issuer of OpenID Connect; a passkey is one in software; a mail server keeps what it
// gets; a service is a private SCIM 2.0 service, strict about the dialect that it was built
// for; a keeper is the shell script that owns a server and its folder. debian-packages.txt
// lists what must be installed, and install.sh installs what is missing; mysqlroot.sh
// unpacks MySQL, which Debian's stable releases do not have.
//
// Invariants:
//  1. Nothing listens beyond loopback, and nothing outlives the test.
//  2. Nothing of the machine is changed: what looks like /etc inside a host is not
//     the machine's.
//  3. A server that cannot be started fails the test; it is left out only by
//     -short, which says so.
//
// What it does not do: it fakes nothing.
package testkit

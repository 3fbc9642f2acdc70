// Package sampleload builds systems of a sample company for real: PostgreSQL
// clusters, Linux hosts, an OpenLDAP directory and a Windows domain, private to a
// test, with what the sample's flat files say of them, so that the real connectors
// can read it back: under the same ids, and in directories, whose ids are random,
// under the same names.
//
// Invariants:
//  1. Identifiers are quoted; nothing of a sample reaches a server as code.
//  2. What a sample says and a server cannot hold ends the test: nothing is left
//     out silently. What servers hold beyond the sample is listed in Extra.
//  3. No password is made that anybody knows, but for the superuser's of a cluster
//     on a host, which only who started it is told.
//  4. A host that takes people from a directory holds none of them itself, and its
//     cluster lets in whom the sample says and nobody else.
//
// What it does not do: it loads no system of another kind; those have their flat
// files.
package sampleload

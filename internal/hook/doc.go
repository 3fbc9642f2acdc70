// Package hook is how a node tells a program of its own, or a server, that something has
// happened: it runs what its configuration declares, or calls what that names.
//
// Vocabulary. A hook is a program with its arguments, or a URL with the key that calls to it
// are signed with. A message is what it is given; an answer is what came back.
//
// Invariants:
//  1. What is run, with which arguments, comes from the configuration of the node alone, and
//     is run as it stands: no shell reads it, and nothing of a message becomes part of it.
//  2. A program gets nothing of Writ's environment and no open file of its, and ends with its
//     time.
//  3. A message goes over standard input or as a signed body. A secret is in it only where
//     the hook takes one, which a URL never does.
//  4. What comes back is read up to a cap, and is data.
//
// Sources: Standard Webhooks (the signature of a call, and its headers).
//
// What it does not do: it retries nothing, and keeps nothing.
package hook

// Package ask is questions and their answers in words: who can, what somebody has,
// why, what an identity, an account and an entitlement are, and the access graph of
// one of them as a picture. Commands and the API give the same answers from here.
//
// Vocabulary. An answer names objects: its id for programs, its name for people. A
// sight says what whoever asks may see. What they may not is hidden: an answer tells
// its kind, and counts it. A path is told as one sentence. A picture is nodes,
// groups of nodes that are alike, and edges; its text says the same in sentences.
//
// Invariants:
//  1. An answer is of one revision of the graph, and says which.
//  2. Of what may not be seen, an answer has neither name nor id, in words or
//     elsewhere, and is not wrong about how much there is. Only a cursor may hold the
//     key of where its page ended.
//  3. What a person sees of others is decided by the gate, object by object. Of what
//     they hold themself, they see the names.
//  4. Every object that is reached is in exactly one node or group of a picture.
//     A picture has at most MaxNodes of both, and is never cut: it groups more.
//  5. The text of a picture tells every node and group that it shows.
//
// What it does not do: it decides nothing, changes nothing, and lays nothing out.
package ask

// Package notify is mail that Writ sends to people: what a message is, how it is made
// of a typed template, and how it is given to a mail server.
//
// Vocabulary: a message goes to one recipient and has a key, under which it is sent
// once. The outbox is where messages wait until a server took them; the store keeps it.
// A failure is of the server (every mail waits), of one mail for now, or of one mail for
// good.
//
// Invariants:
//  1. What people and systems call themselves is data: it never begins a line of a
//     header, and in a body it is neither a line of its own nor a link with a scheme.
//  2. A link leads to Writ's own origin; a message with any other is not sent.
//  3. A message holds text only. A template of data that could hold a secret, or
//     anything but text and numbers, is refused before it is used.
//  4. The same message has the same Message-ID, however often it is sent: where the
//     answer of a server was lost, a second copy is recognisable as the first.
//  5. Nothing goes over the network in the clear: without TLS a server is on this
//     machine, and there nobody signs in.
//  6. Sending ends: by its deadline, by whoever called it off, and where a server says
//     more than a server has to say.
//  7. What a server answers to a sign-in is not repeated: it may hold what was sent.
//
// Sources: RFC 5321 (SMTP; 4.5.4.1 on how long to go on), RFC 5322 and 2047 (headers),
// RFC 3207 (STARTTLS), RFC 8314 (TLS from the start), RFC 3834 (Auto-Submitted).
//
// What it does not do: it knows no feature, keeps nothing, tries nothing twice, and
// sends no HTML, no attachment and nothing that would tell that a mail was read. A host
// name without a scheme in somebody's name stays as it is, whatever a mail program makes
// of it.
package notify

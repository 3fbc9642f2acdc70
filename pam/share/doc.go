// Package share gives one secret to somebody outside who cannot sign in, by a link that
// opens once, until a time.
//
// Vocabulary. A share is that somebody gives a secret, or one field of it, to a recipient.
// Who gives it is its sponsor. Its link carries a token; a code goes with it by another way.
// It is waiting for others to agree, open, opened, expired, refused, withdrawn or blocked.
//
// Invariants:
//  1. A share opens once, whoever else tries at that moment.
//  2. Nothing of the value is kept for a share. It is opened in the vault when the share is,
//     by the right and the safe as they are then; in doubt it stays shut.
//  3. Of a token and a code only digests are kept. The token stands in the fragment of the
//     link, which no browser sends, and the digest of the code is made with the token.
//  4. To look at a link opens nothing: a program that follows links in mail uses none up.
//  5. A code is compared in constant time. After a few wrong ones the share is blocked.
//  6. Whoever opens is told nothing of why a share does not open, but that a code is wrong or
//     missing; the record says why.
//  7. Each opening, each refusal, and each end has its record in the transaction of it.
//  8. Whoever opened a share has seen the value: that is kept, and the secret is due for
//     another one by the end of the share.
//  9. Only a person gives a secret outside, with a second factor and a reason, and only for
//     as long as its safe lets them.
//
// What it does not do: it makes nothing that can be opened twice, gives nobody outside a
// sign-in, and opens no secret that one at a time has out. What a mail that brings the link
// meets on its way is nobody's to promise; the code is why that is not enough.
package share

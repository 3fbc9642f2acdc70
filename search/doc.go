// Package search is the index over the names of things. It answers one search box over
// identities, accounts, entitlements, systems, resources and findings, and every sorted
// and narrowed page of the lists of identities, accounts and entitlements. It lives in
// memory and can always be thrown away and rebuilt from its Source, which the store
// implements, and from the graph.
//
// Vocabulary. A thing is found by its words: those of its name and of what else it is
// called (a number, an email, a login, a native id), in plain form. A word is found as
// it is, as a beginning, or off by one edit (from four letters on) or two (from eight
// on). A query is words that all must be there and operators. A shelf is what is known
// of one kind: words, names in their order, and facts as sets of keys. What changed
// since a shelf was made lies beside it (late) until it is merged. Sight is what
// somebody may see; a room is what of a kind may be seen and fits the operators.
//
// Invariants:
//  1. Following any changes gives the same answers as building anew.
//  2. Nothing outside a caller's sight is found, ranked, sorted or counted: sight is
//     the first set that everything else only narrows. The zero Sight is nothing.
//  3. Until it is built it answers nothing at all, and says so.
//  4. The pages of a list, one after the other, have every row that did not change
//     meanwhile exactly once: a page begins behind a value and a key, not a number.
//  5. A word with a digit is never corrected: a number that is off by one is another.
//  6. Whoever asks waits for whoever follows at most while changes are put in; what is
//     read from the store and what is merged, nobody waits for.
//
// Facts are the graph's, read again where it says that an object changed. What follows
// from many (who reaches a tier, who answers for nothing) is worked out once for each
// revision, when somebody asks.
//
// What it does not do: it keeps no history, decides nothing (whoever wires it says what
// a caller may see), looks into no description or evidence, and corrects no letters
// beyond ASCII by more than their bytes.
//
// Sources: F. Damerau, A technique for computer detection and correction of spelling
// errors (1964), for what an edit is; D. Lemire et al., Roaring bitmaps (2016).
package search

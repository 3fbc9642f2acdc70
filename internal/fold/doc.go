// Package fold writes text such that what people take for the same is the same: in
// lower case, without accents, split into words.
//
// Vocabulary. The plain form of a text is in lower case without accents. Its words are
// its runs of letters and digits. It is spelled where its umlauts are written as two
// letters, as people do who have no keys for them.
//
// Invariants:
//  1. Folding twice is folding once.
//  2. A word has no upper case letter, no accent, no space and no punctuation.
//
// Sources: Unicode Standard Annex 15 (normalisation forms).
package fold

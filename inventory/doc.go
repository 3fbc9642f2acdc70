// Package inventory is the engine that brings in what is: sources of identities,
// systems with their accounts, entitlements and grants, and the correlation of
// accounts to identities.
//
// Vocabulary: a sync reads one source or system, completely or what changed since
// its mark. Its spool is the file that it collects into. What vanished is deleted,
// out of sight (it is still there, and stays as it was known), or nobody can say. A
// link is an account's correlation to an identity: confirmed by a rule, manual by a
// person, or disputed when nothing decides. A contender is somebody whose account a
// disputed one may be. A blocking key is what two names share that are worth
// comparing. A stage says whether something is a draft, active or in maintenance, a
// schedule how often it is read by itself. A run is one test, dry run or sync that is
// kept, with how it ended.
//
// Invariants:
//  1. Nothing is half-imported: a sync that ends with an error has changed nothing
//     but the record that it failed. The last good state stays and is marked stale.
//  2. A sync killed anywhere and run again ends in the state of one that was not.
//  3. The same content synced twice changes nothing the second time.
//  4. A sync that would remove more than the guard's share and count is refused,
//     unless the caller says that it is meant.
//  5. A rule never guesses: two candidates, or one that is not good enough, make a
//     disputed link, which counts as no link. A person's decision is never
//     overridden by a rule.
//  6. A row that cannot be read is rejected alone, with its place and the reason.
//  7. A sync of changes ends in the state of a complete reading, which then finds
//     nothing to do. What cannot be followed for certain is read completely, and so
//     is everything once a week.
//  8. What is out of sight is let go of only when it is deleted or somebody says so.
//  9. Correlating what changed ends as correlating everything does: an identity that
//     changed touches the accounts that share a key which it has or had.
//  10. An account is matched after those that open it. Those that open one another in
//     a circle say nothing of each other.
//  11. Nothing depends on two keys having different hashes.
//  12. A login or an opener alone says whose an account is only where nothing that the
//     account says of itself speaks for another: both can be chosen.
//  13. A dry run is a sync whose store only reads: it changes nothing, and foretells what
//     a sync of the same facts does.
//  14. A draft is read into nothing, and what is in maintenance is not read.
//  15. One run at a time of each system or source, wherever it is carried out. One whose
//     node died is shown as interrupted, and keeps nobody from the next.
//  16. What is due is asked of the facts whenever somebody wakes, and never of a tick.
//  17. No path, variable or program is set over the API, and no credential goes to an
//     address or with options that it was not given for.
//  18. A row of which nobody can say whose it is does not count, and is in view, until it is
//     mended or a person decides; a decision holds for the name that the row had.
//
// For a sync of changes the store does not say who holds an entitlement: that is
// asked of an index over it (Members), which must be as of the same sync.
//
// Sources: Winkler 1990 (likeness of names), Russell 1918 (how a name sounds), Tarjan
// 1972 (circles).
//
// What it does not do: it writes nothing to systems and decides no access.
package inventory

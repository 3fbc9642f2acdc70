// Package analytics says what stands out in who has what: access that hardly any peer
// has, access that is known not to be used, access that was kept when its holder moved on,
// and what a changed rule would have taken from people who used it. It recommends and
// decides nothing.
//
// Vocabulary. A trait is an attribute of a person and its value: a unit, a title. A
// grouping is a list of attributes; who has the same values of them is a peer group. The
// others of somebody's group are their peers. An outlier is an entitlement that somebody
// holds themself, and that no more than a small share of their peers has in any way. A
// use is what is known of how a grant is used: used, unused, recent (never used, and not
// known for long enough to say more), or unknown. The weight of a grant says how much it
// matters, by its tier. Somebody's position is a unit and a title from a time on; a grant
// is kept that is older than its holder's position.
//
// How peer groups are chosen. Of each person it is told from their peers alone, without
// themself, how likely they have each entitlement; the better that fits what they have,
// the fewer bits it takes to write down who has what. The attribute that saves most is
// taken first, then the one that saves most beside it, as long as something worth having
// is saved: explained is the share of all bits that is. Groups below the least size are
// not groups: whoever is in one has the peers of the next coarser grouping, in the end
// everybody.
//
// How outliers are ranked. Rarity is one minus the upper bound of the Wilson interval for
// the share of peers who have it, so that one of 240 counts more than one of ten. It is
// multiplied by the weight of the tier, and by how it is used.
//
// Invariants:
//  1. What is unknown counts as unknown: never as unused, and never as used.
//  2. A grant that was never used counts as unused only once it has been known for the
//     whole period.
//  3. Nobody is their own peer: a count of peers leaves out whoever it is about.
//  4. An answer counts and names only what lies in the systems that its asker reaches;
//     peers are counted over all of the company.
//  5. Peer groups are never smaller than the least size.
//  6. The same facts give the same answer, in the same order.
//  7. Memory grows with people and holdings, by some bytes each, and not with pairs of
//     people and entitlements.
//  8. It writes nothing.
//
// What it does not do: it opens no findings, takes nothing away, and knows no rules: what
// a rule says of people it is told.
//
// Sources: R. J. Bolton, D. J. Hand, Unsupervised profiling methods for fraud detection,
// 2001 (peer groups). M. Frank, A. P. Streich, D. Basin, J. M. Buhmann, A probabilistic
// approach to hybrid role mining, CCS 2009 (attributes are chosen by how much of the
// uncertainty of permissions they take away). J. Rissanen on the shortest description of
// data, 1978, and A. P. Dawid on prequential prediction, 1984 (what is told from the
// others, in bits). E. B. Wilson, Probable inference, 1927 (the interval). Y. Chen, S.
// Nyemba, B. Malin, Detecting anomalous insiders in collaborative information systems,
// IEEE TDSC 2012 (distance from the community one belongs to).
package analytics

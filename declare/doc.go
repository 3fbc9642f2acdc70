// Package declare keeps configuration as code: documents in YAML say what should be, a plan
// says what differs from what is, and applying it does no more than the plan said.
//
// Vocabulary. A document declares one thing of one kind, by its name. A thing is what is
// kept under that name now. A plan is the difference between documents and things, as
// steps: add, change, remove. What a step was planned against is its base. Pruning is
// removing what no document declares. An effect is what the steps of a kind together would
// do to people and accounts.
//
// Invariants:
//  1. Planning changes nothing.
//  2. What is exported, and declared again, plans to nothing.
//  3. Applying does the steps that were shown, each against its base: where that has
//     changed, nothing more is done.
//  4. Everything that the steps take to be permitted is asked before the first one is done.
//  5. Each step goes through the use case that its command or operation goes through, and
//     leaves its record.
//  6. Interrupted anywhere and applied again, it ends in the same state.
//  7. Nothing is removed unless that is asked for, and then only of the kinds that the
//     documents are of.
//  8. Only what was read in whole counts: one document that is wrong, and nothing is
//     planned.
//  9. Nothing outside the folder is read, whatever lies in it; sizes and numbers are
//     limited, a document is no deeper than its schema, and an alias is refused.
//  10. No document holds a secret or an id.
//
// Sources: YAML 1.2.2; JSON Schema 2020-12, which editors check documents by.
//
// What it does not do: it declares nothing that is a decision about somebody (who holds a
// function or a role, whose an account is, which risk is accepted, which tier somebody has
// decided on): those have a reason, an author and an end, and are not anybody's who may
// write to a folder.
package declare

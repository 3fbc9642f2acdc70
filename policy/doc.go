// Package policy is the one decision point. Console, API, commands, gateways and
// jobs all ask it whether somebody may do something; nothing decides on its own.
//
// Vocabulary. An action belongs to a group (read, write, decide, operate). A
// function (iam, security_operations, platform_owner, audit) is held within a
// scope; everybody is a requester. A document is Cedar text; a set is what was
// compiled of documents and the guards, and never changes. What an organisation
// keeps of its own are documents, too: a draft is what one is to become, until
// somebody publishes it as the next version. A decision permits or
// forbids, with the policies that decided, obligations, and the two revisions
// that it was made on. A policy's mode is observe, warn or enforce; only enforce
// has effect. A constraint forbids for reasons that a feature knows (separation
// of duties). An expression is CEL, for rules that compute rather than decide.
//
// "principal in Function::"x"" means that the principal holds x over the scope of
// the resource. The engine works that out itself, so no policy can forget scope.
//
// Invariants:
//  1. Deny is the default and doubt is denial: no engine, no facts, an unknown
//     action, identity, scope or value, or an ended context is a denial that says so.
//     The zero Decision is one.
//  2. A permit that errs does not permit; a forbid that errs forbids. A constraint
//     that errs forbids.
//  3. Only policies that can apply are evaluated, and the answer is the one that
//     evaluating all of them would give.
//  4. A set is compiled as a whole or refused as a whole, with the position.
//  5. The guards are in every set, in enforce, and cannot be replaced: nobody
//     decides on their own access, audit writes nothing but requests and comments,
//     only active identities act, and whatever is not human has an owner and
//     decides nothing.
//  6. Names are compared as they are, byte for byte; there are no magic names. What
//     a policy names must exist in the tables of this package.
//  7. Obligations add up: with several permits, each one's obligations hold.
//  8. One decision is made on one view of the facts and one set.
//  9. Evaluation ends: text, nesting and nodes of a policy are capped, expressions
//     have a cost limit, and regular expressions are RE2.
//  10. A scope stays where it was put in the organisation's tree and is only renamed,
//     so that nobody's functions reach further, or less far, than when they were given.
//  11. What changing policies obliges to (a second factor, a reason, a record), no
//     policy takes away, and no policy of an organisation has the id of one that
//     comes with Writ.
//  12. Whoever wrote any of a draft does not publish it, be it to retire a document.
//     What is published is what was looked at, compiled with all that is published
//     beside it.
//  13. Nothing is published that leaves no two people who could write and publish
//     policies. Where it has come to that all the same, or what is published cannot be
//     compiled, and only there, the operator of a node takes a document out of force.
//
// What it does not do: it keeps no record of decisions (whoever opens something records
// it in that transaction), and it asks no database to decide.
//
// Sources: the Cedar policy language (cedarpolicy.com); the Common Expression
// Language (cel.dev).
package policy

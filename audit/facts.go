package audit

import (
	"encoding/json"
	"regexp"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/internal/fault"
)

// The ways in which an event or a leaf is not fit for the log.
var (
	ErrFact   = fault.New(fault.Internal, "audit-fact", "an audit fact must be an id, a number, a time, a digest or a word")
	ErrAction = fault.New(fault.Internal, "audit-action", "an audit action must read feature.verb")
	ErrLeaf   = fault.New(fault.Invalid, "audit-leaf", "not a leaf in canonical form")
)

const (
	maxFacts     = 32
	maxFactBytes = 200
)

var (
	factName   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	actionName = regexp.MustCompile(`^[a-z][a-z_]{0,39}(\.[a-z][a-z_]{0,39}){1,3}$`)
	actorName  = regexp.MustCompile(`^[a-z][a-z0-9_.:@+-]{0,79}$`)
)

// factForms are the types that a fact may have: the allow-list that keeps names,
// free text and secrets out. A word has no digits and no capitals, so that what
// generators and people use as passwords and names does not pass for one.
var factForms = []*regexp.Regexp{
	regexp.MustCompile(`^-?[0-9]{1,19}(\.[0-9]{1,9})?$`),                                         // a count, a share, an amount
	regexp.MustCompile(`^[a-z]{1,24}([_-][a-z]{1,24}){0,5}$`),                                    // a word of the glossary, a rule, a kind
	regexp.MustCompile(`^(sha256:)?[0-9a-f]{64}$`),                                               // a digest
	regexp.MustCompile(`^SHA256:[A-Za-z0-9+/]{43}$`),                                             // an SSH fingerprint
	regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z)?$`), // a time or day
	regexp.MustCompile(`^v?[0-9]{1,5}(\.[0-9]{1,5}){1,3}$`),                                      // a version
}

// CheckAction refuses an action that is not feature.verb.
func CheckAction(action string) error {
	if !actionName.MatchString(action) {
		return ErrAction.With("the audit action %q must read feature.verb", action)
	}
	return nil
}

// CheckActor refuses an actor that is no id and no name of a part of a node.
func CheckActor(actor string) error {
	if !actorName.MatchString(actor) {
		return ErrNoActor.With("the actor %q must be an id or a lower-case name of up to 80 characters", actor)
	}
	return nil
}

// CheckFact refuses a fact that is none of the allowed types. The value is not
// part of the error: it may be what must not be seen.
func CheckFact(name, value string) error {
	switch {
	case !factName.MatchString(name):
		return ErrFact.With("the name of an audit fact must be a lower-case word, up to 40 characters")
	case len(value) > maxFactBytes:
		return ErrFact.With("the audit fact %s is %d bytes long, more than %d", name, len(value), maxFactBytes)
	case value == "":
		return nil
	}
	if _, err := access.ParseRef(value); err == nil {
		return nil
	}
	for _, form := range factForms {
		if form.MatchString(value) {
			return nil
		}
	}
	return ErrFact.With("the audit fact %s is no id, number, time, digest or word: names and text belong into Personal", name)
}

// CanonicalFacts checks facts and returns their one JSON form: sorted, no spaces.
func CanonicalFacts(facts map[string]string) (string, error) {
	if len(facts) > maxFacts {
		return "", ErrFact.With("an audit record has %d facts, more than %d", len(facts), maxFacts)
	}
	if len(facts) == 0 {
		return "{}", nil
	}
	for name, value := range facts {
		if err := CheckFact(name, value); err != nil {
			return "", err
		}
	}
	b, err := json.Marshal(facts)
	return string(b), err
}

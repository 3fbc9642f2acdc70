// Package fault is the one shape that an error takes when a person or a program
// outside Writ has to act on it: a kind that decides the exit code and the HTTP
// status, a stable code, and one sentence that says what to do.
//
// Invariants:
//  1. A code is documented, means one thing, and is never reused.
//  2. Msg holds no secret and no text that a target sent; what a target said is
//     wrapped as the cause, which edges may print but never interpret.
//  3. An error that is not a *Error is internal: edges show no text of it to
//     callers who may not see it.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what the caller can do about an error.
type Kind uint8

// The kinds, in the order of the exit codes and statuses that they map to.
const (
	Internal    Kind = iota // a defect of Writ's: nothing the caller can do
	Invalid                 // the input is wrong: change it
	NotFound                // there is no such object, or it may not be seen
	Conflict                // the state moved on: read again, then decide
	Denied                  // the policy forbids it
	Unavailable             // something that is needed does not answer: try later
	Refused                 // a safety guard stopped it: look, then confirm
)

var kindNames = [...]string{"internal", "invalid", "not-found", "conflict", "denied", "unavailable", "refused"}

// String names the kind as problem documents do.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "internal"
}

// Error carries a rule that was broken to whoever must act on it.
type Error struct {
	Kind Kind
	Code string // stable, lower case, hyphens
	Msg  string // what is wrong and what to do, one sentence, no full stop
	err  error
}

// New makes a sentinel: a rule that callers compare with errors.Is.
func New(kind Kind, code, msg string) *Error {
	return &Error{Kind: kind, Code: code, Msg: msg}
}

// Error returns the message and, after a colon, its cause.
func (e *Error) Error() string {
	if e.err != nil {
		return e.Msg + ": " + e.err.Error()
	}
	return e.Msg
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.err }

// Is compares by code, so that an error that was given details still is the rule.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// With returns the rule with its message replaced by one that names the case.
func (e *Error) With(format string, args ...any) *Error {
	return &Error{Kind: e.Kind, Code: e.Code, Msg: fmt.Sprintf(format, args...), err: e.err}
}

// Because returns the rule with its cause.
func (e *Error) Because(cause error) *Error {
	return &Error{Kind: e.Kind, Code: e.Code, Msg: e.Msg, err: cause}
}

// maxLine is what is kept of an error that is shown later; it may hold what a system said.
const maxLine = 600

// Line is the first line of what an error says, as it is kept to be shown later.
func Line(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return strings.ToValidUTF8(text[:min(len(text), maxLine)], "")
}

// KindOf returns the kind of the first *Error in err's chain, else Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

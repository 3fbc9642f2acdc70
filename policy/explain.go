package policy

import (
	"fmt"
	"strconv"
	"strings"
)

var causeWords = map[Cause]string{
	NoEngine:        "there is no decision point",
	NoFacts:         "the access graph is not there",
	Ended:           "the request ended before it was decided",
	UnknownAction:   "there is no such action",
	WrongType:       "the action is not one on that type of thing",
	UnknownIdentity: "whoever asks is not a known identity",
	UnknownScope:    "the scope it lies in is not known",
	UnknownSubject:  "whose access it is about is not known",
}

// Explain says in plain words what was decided, by what, and on which facts.
func (d Decision) Explain() string {
	var b strings.Builder
	b.Grow(200)
	switch {
	case d.Permitted():
		b.WriteString("Permitted")
		writeDecided(&b, d.Policies)
		d.Obligations.explain(&b)
	case len(d.Violations) > 0:
		b.WriteString("Denied")
		for i, v := range d.Violations {
			separate(&b, i)
			_, _ = fmt.Fprintf(&b, "%s (%s)", v.Reason, v.Rule)
		}
		b.WriteString(".")
	case len(d.Policies) > 0:
		b.WriteString("Denied")
		writeDecided(&b, d.Policies)
		if d.own != notOwn {
			_, _ = fmt.Fprintf(&b, " It is one's own because %s.", d.own)
		}
	case d.Cause == NoPolicy:
		_, _ = fmt.Fprintf(&b, "Denied: no policy permits %s here.", d.request.Action)
	case d.Cause != "":
		_, _ = fmt.Fprintf(&b, "Denied: %s.", causeWords[d.Cause])
	default:
		return "Denied: nothing was decided."
	}
	for _, p := range d.errors {
		_, _ = fmt.Fprintf(&b, " %s could not be evaluated and permits nothing.", p.ID)
	}
	for _, p := range d.Warnings {
		_, _ = fmt.Fprintf(&b, " Warning: %s would %s it: %s.", p.ID, p.Effect, p.Reason)
	}
	if d.GraphRevision != 0 || d.PolicyRevision != 0 {
		b.WriteString(" Decided on the graph at revision ")
		b.WriteString(strconv.FormatInt(int64(d.GraphRevision), 10))
		b.WriteString(" and policies at revision ")
		b.WriteString(strconv.FormatInt(int64(d.PolicyRevision), 10))
		b.WriteString(".")
	}
	return b.String()
}

func separate(b *strings.Builder, i int) {
	if i == 0 {
		b.WriteString(": ")
	} else {
		b.WriteString("; ")
	}
}

func writeDecided(b *strings.Builder, list []Decided) {
	for i, p := range list {
		separate(b, i)
		b.WriteString(p.Reason)
		b.WriteString(" (")
		b.WriteString(p.ID)
		b.WriteString(")")
		if p.Error != "" {
			b.WriteString(", which could not be evaluated and therefore forbids")
		}
	}
	b.WriteString(".")
}

func (o Obligations) explain(b *strings.Builder) {
	var list []string
	if o.Record {
		list = append(list, "it is recorded")
	}
	if o.MFA {
		list = append(list, "a second factor is asked for")
	}
	if o.Reason {
		list = append(list, "a reason is asked for")
	}
	switch {
	case o.Approve == 1:
		list = append(list, "somebody else approves it")
	case o.Approve > 1:
		list = append(list, fmt.Sprintf("%d others approve it", o.Approve))
	}
	if len(o.Mask) > 0 {
		list = append(list, "masked: "+strings.Join(o.Mask, " "))
	}
	if o.MaxDuration > 0 {
		list = append(list, "it ends after "+o.MaxDuration.String())
	}
	if len(list) > 0 {
		_, _ = fmt.Fprintf(b, " Provided that %s.", strings.Join(list, ", "))
	}
}

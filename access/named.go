package access

// Named is an object as an answer shows it: its id for programs, its names for people.
type Named struct {
	ID     Ref    `json:"id"`
	Type   string `json:"type" doc:"The glossary's word for its kind"`
	Name   string `json:"name"`
	System string `json:"system,omitempty" doc:"The name of its system"`
	Number string `json:"number,omitempty" doc:"An identity's employee number"`
	Native string `json:"native,omitempty" doc:"What its system calls it"`
}

// Named shows an object by its label; one without a name by its id.
func (l Label) Named(r Ref) Named {
	n := Named{ID: r, Type: r.Kind.String(), Name: l.Name, System: l.System, Number: l.Number, Native: l.Native}
	if n.Name == "" {
		n.Name = r.String()
	}
	return n
}

package access

// Label is how an object shows itself to people.
type Label struct {
	Name       string
	System     string // the name of its system, where it has one
	SystemKind string // the kind of its system, or of the system that it is
	Number     string // an identity's
	Native     string // what its system calls it
}

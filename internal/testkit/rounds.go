package testkit

import (
	"os"
	"testing"
)

// Rounds is how often something random is tried: in a quick run, in every other, and in
// a soak (make soak), which has the time. Each run draws anew, so that what every run
// tries adds up.
func Rounds(quick, usual, soak int) int {
	switch {
	case os.Getenv("WRIT_SOAK") != "":
		return soak
	case testing.Short():
		return quick
	}
	return usual
}

// Punctual reports whether a test may hold somebody to a second: only a soak has the machine
// to itself, anywhere else what is late may be the machine.
func Punctual() bool { return os.Getenv("WRIT_SOAK") != "" }

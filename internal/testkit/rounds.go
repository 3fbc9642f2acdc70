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

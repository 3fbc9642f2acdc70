package finding

import (
	"testing"

	"github.com/writhq/writ/access"
)

// TestWhatIsAcceptedDoesNotGrowUnseen: a finding lists its first facts and counts the
// others; one more of these is more than what was accepted, too, and one that moves
// up into the list is not.
func TestWhatIsAcceptedDoesNotGrowUnseen(t *testing.T) {
	of := func(from, to access.AccountID, also ...access.AccountID) *Draft {
		c := &checker{limits: DefaultLimits, rule: &rules[0]}
		var facts []Evidence
		for id := from; id <= to && len(facts) < DefaultLimits.Evidence+refsKept; id++ {
			facts = append(facts, say("{} has it", id.Ref()))
		}
		for _, id := range also {
			facts = append(facts, say("{} has it", id.Ref()))
		}
		c.foundSome(Draft{Evidence: facts}, int(to-from)+1+len(also))
		return &c.drafts[0].Draft
	}
	for _, c := range []struct {
		name    string
		was, is *Draft
		want    bool
	}{
		{"few, the same", of(1, 3), of(1, 3), false},
		{"few, one more", of(1, 3), of(1, 4), true},
		{"a fact that is not listed is new", of(1, 12), of(1, 13), true},
		{"the first is gone, and what was not listed moves up", of(1, 12), of(2, 12), false},
		{"one that is not listed is exchanged for another", of(1, 12), of(1, 11, 700), true},
		{"the first is gone, and another is new at the end", of(1, 12), of(2, 12, 700), true},
		{"as many as ever, of which most are only counted", of(1, 5000), of(1, 5000), false},
		{"one more of which most are only counted", of(1, 5000), of(1, 5001), true},
		{"fewer", of(1, 5000), of(1, 4000), false},
	} {
		if got := grew(c.was, c.is); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

package access

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestTermsThatNobodyCanMeet(t *testing.T) {
	owner, iam := Approver{Owner: true}, Approver{Function: IAM}
	stage := func(s Stage) Terms {
		if s.Within == 0 {
			s.Within = time.Hour
		}
		return Terms{Most: time.Hour, Stages: []Stage{s}}
	}
	for name, terms := range map[string]Terms{
		"no time":               {},
		"too long":              {Most: 31 * 24 * time.Hour},
		"too many stages":       {Most: time.Hour, Stages: make([]Stage, 6)},
		"nobody":                stage(Stage{Quorum: 1}),
		"no quorum":             stage(Stage{Approvers: []Approver{owner}}),
		"more than there are":   stage(Stage{Approvers: []Approver{owner}, Quorum: 2}),
		"distinct ones":         stage(Stage{Approvers: []Approver{owner, iam}, Quorum: 3, Distinct: true}),
		"twice the same":        stage(Stage{Approvers: []Approver{iam, iam}, Quorum: 1}),
		"audit":                 stage(Stage{Approvers: []Approver{{Function: AuditFunction}}, Quorum: 1}),
		"an unknown function":   stage(Stage{Approvers: []Approver{{Function: "king"}}, Quorum: 1}),
		"two ways in one":       stage(Stage{Approvers: []Approver{{Function: IAM, Owner: true}}, Quorum: 1}),
		"no way at all":         stage(Stage{Approvers: []Approver{{}}, Quorum: 1}),
		"no time for the stage": {Most: time.Hour, Stages: []Stage{{Approvers: []Approver{iam}, Quorum: 1}}},
	} {
		if err := terms.Validate(); !errors.Is(err, ErrTerms) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, terms := range map[string]Terms{
		"alone":                   {Most: time.Minute},
		"two of a function":       stage(Stage{Approvers: []Approver{iam}, Quorum: 2}),
		"two different functions": stage(Stage{Approvers: []Approver{iam, {Function: SecurityOperations}}, Quorum: 2, Distinct: true}),
	} {
		if err := terms.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsSaidIsOneLine(t *testing.T) {
	if got, err := Said(" the disk\n is\x00 full\xff "); err != nil || got != "the disk is full" {
		t.Errorf("%q %v", got, err)
	}
	if _, err := Said(strings.Repeat("x", 1001)); err == nil {
		t.Error("more than a reason needs is taken")
	}
	for d, want := range map[time.Duration]string{30 * time.Minute: "30m", time.Hour: "1h", 75 * time.Minute: "1h15m", 90 * time.Second: "1m30s", 10 * time.Minute: "10m", time.Hour + time.Second: "1h0m1s"} {
		if got := Lasting(d); got != want {
			t.Errorf("%s is %q", d, got)
		}
	}
}

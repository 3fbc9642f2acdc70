package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/rotate"
)

// groupFlags say which secrets are changed together, and how.
type groupFlags struct {
	safe, system, seenBy, finding string
	apart                         time.Duration
	apply                         bool
}

func (g *groupFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&g.safe, "safe", "", "all that a `safe` holds")
	cmd.Flags().StringVar(&g.system, "system", "", "all that open something in a `system`")
	cmd.Flags().StringVar(&g.seenBy, "seen-by", "", "all that `somebody` knows and that are in use still")
	cmd.Flags().StringVar(&g.finding, "finding", "", "all that open the account that an open `finding` is about")
	cmd.Flags().DurationVar(&g.apart, "apart", 0, "how long one begins after the other, where there are many")
	cmd.Flags().BoolVar(&g.apply, "apply", false, "do it; without it, what would follow is shown")
}

// given is how many of them say which.
func (g *groupFlags) given() (n int) {
	for _, text := range []string{g.safe, g.system, g.seenBy, g.finding} {
		if text != "" {
			n++
		}
	}
	return n
}

// groupAnswer is what follows for each secret of a group.
type groupAnswer struct {
	Items []rotate.RotationFollows `json:"items"`
	Left  int                      `json:"left"`
	Due   bool                     `json:"due"`
}

func (s *groupAnswer) tables() []table {
	title := plural(len(s.Items), "secret") + " would be due: say --apply to have it done"
	if s.Due {
		title = plural(len(s.Items), "secret") + " due for another value"
	}
	if s.Left > 0 {
		title += fmt.Sprintf("; %d more are not yours to change", s.Left)
	}
	t := table{title: title, header: []string{"secret", "from", "what follows", "told", "due already"}, right: []int{3}}
	for _, x := range s.Items {
		follows := "changed at once"
		switch {
		case !x.Opens:
			follows = "waits for a person: Writ does not know what it opens"
		case x.Paired:
			follows = "two accounts take turns"
		case x.Consumers > 0:
			follows = "changed at once; who uses it is told then"
		}
		t.rows = append(t.rows, []string{x.Named.Name, minute(x.At), follows, strconv.Itoa(x.Consumers), string(x.Due)})
	}
	return []table{t}
}

// rotateGroup has the secrets of a group changed, or shows what would follow.
func (a *app) rotateGroup(ctx context.Context, c caller, g groupFlags, incident bool, reason string) (answer, error) {
	body := map[string]any{"incident": incident, "reason": reason, "preview": !g.apply, "seconds_apart": int(g.apart.Seconds())}
	switch {
	case g.safe != "":
		id, err := findSafe(ctx, c, g.safe)
		if err != nil {
			return nil, err
		}
		body["safe"] = id
	case g.system != "":
		id, err := a.systemID(ctx, g.system)
		if err != nil {
			return nil, err
		}
		body["system"] = id
	case g.finding != "":
		ref, err := access.ParseRef(g.finding)
		if err != nil || ref.Kind != access.KindFinding {
			return nil, fmt.Errorf("%w: %q is not the id of a finding", errUsage, g.finding)
		}
		body["finding"] = ref.String()
	default:
		id, err := a.personID(ctx, g.seenBy)
		if err != nil {
			return nil, err
		}
		body["seen_by"] = id
	}
	var list groupAnswer
	err := c.exchange(ctx, http.MethodPost, "/v1/rotations/group", nil, body, &list)
	return &list, err
}

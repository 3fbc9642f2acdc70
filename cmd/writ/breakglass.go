package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/pam/breakglass"
	"github.com/writhq/writ/pam/vault"
	"github.com/writhq/writ/policy"
)

const kitsPath = "/v1/break-glass"

// breakGlass is kits and their openings over the open store.
func (a *app) breakGlass(ring vault.Ring, v *vault.Service, gate *policy.Gate) *breakglass.Service {
	return &breakglass.Service{Store: a.db.BreakGlass(ring), Secrets: secretObjects{v}, Signer: a.db.Signer(), Gate: gate}
}

func (a *app) breakGlassAPI(s *breakglass.Service) *breakglass.API {
	return &breakglass.API{Service: s, Names: a.db.Inventory()}
}

func (a *app) breakGlassCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "break-glass", Short: "The way in when nothing else works: kits that several people open together",
		Long: `The way in when nothing else works: kits that several people open together.

A kit is a file with what opens some accounts, sealed for its holders. 'open' needs the kit, enough
shares, and this program: no server, no database, no network. What is done is recorded in a file,
which 'merge' takes up once Writ is back: everybody is told, and what was shown is changed.

docs/how-to/break-glass.md says how to prepare, and what to do on the day.`,
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.kitListCommand(), a.kitShowCommand(), a.kitMakeCommand(), a.kitRenewCommand(), a.kitFetchCommand(), a.kitShareCommand(), a.kitRetireCommand(),
		a.kitInspectCommand(), a.kitTokenCommand(), a.kitOpenCommand(), a.kitDrillCommand(), a.kitMergeCommand())
	return cmd
}

// kitsAnswer is the answer of 'writ break-glass list'.
type kitsAnswer struct {
	Items []breakglass.KitShown `json:"items"`
}

func (s *kitsAnswer) tables() []table {
	t := table{title: plural(len(s.Items), "break-glass kit"), header: []string{"kit", "state", "edition", "made", "good until", "opened by", "last drill", "used", "id"}, right: []int{2}}
	for _, x := range s.Items {
		drill := "never"
		if x.Drilled != 0 {
			drill = minute(x.Drilled)
		}
		if x.Failed {
			drill += " (FAILED)"
		}
		t.rows = append(t.rows, []string{
			x.Name, kitState(x), strconv.Itoa(x.Edition), minute(x.Made), minute(x.Until), fmt.Sprintf("%d of %d", x.Threshold, len(x.Holders)), drill, minute(x.Used), x.ID.String(),
		})
	}
	return []table{t}
}

// whyStale says in words why a kit is stale.
var whyStale = map[breakglass.Why]string{
	breakglass.Aged: "too old", breakglass.Rotated: "a secret has changed", breakglass.Gone: "a secret is deleted",
	breakglass.Lost: "holders have left", breakglass.Failed: "a drill failed",
}

func kitState(x breakglass.KitShown) string {
	var why []string
	for _, w := range x.Why {
		why = append(why, whyStale[w])
	}
	if len(why) == 0 || x.State != breakglass.Stale {
		return string(x.State)
	}
	return string(x.State) + ": " + strings.Join(why, ", ")
}

// kitAnswer is one kit.
type kitAnswer struct {
	breakglass.KitShown
	note string
}

func (s *kitAnswer) name(r access.Ref) string { return nameIn(s.Names, r.String()) }

func (s *kitAnswer) tables() []table {
	list := (&kitsAnswer{Items: []breakglass.KitShown{s.KitShown}}).tables()
	list[0].title, list[0].note = "", s.note
	held := table{title: plural(len(s.Holders), "share"), header: []string{"share", "holder", "picked up", ""}, right: []int{0}}
	for _, h := range s.Holders {
		left := ""
		if h.Token {
			left = "a hardware token"
		}
		if h.Left {
			left = strings.TrimSpace(left + " HAS LEFT")
		}
		held.rows = append(held.rows, []string{strconv.Itoa(h.Place), s.name(h.Identity.Ref()), minute(h.Picked), left})
	}
	secrets := table{title: plural(len(s.Secrets), "secret"), header: []string{"secret", "system", ""}}
	for _, x := range s.Secrets {
		says := ""
		switch {
		case x.Gone:
			says = "deleted"
		case x.Rotated:
			says = "has changed since"
		}
		secrets.rows = append(secrets.rows, []string{s.name(x.Secret.Ref()), s.name(x.System.Ref()), says})
	}
	list = append(list, held, secrets)
	if len(s.Opens) > 0 {
		list = append(list, breaksTable(s.Opens))
	}
	return list
}

func breaksTable(list []breakglass.Break) table {
	t := table{title: "opened", header: []string{"id", "when (claimed)", "who was there", "reason", "shown", "review", "merged"}, right: []int{4}}
	for _, b := range list {
		review := b.Verdict
		switch {
		case b.Drill:
			review = "a drill"
		case review == "":
			review = "waits: " + b.Approval.String()
		}
		t.rows = append(t.rows, []string{b.ID.String(), minute(b.Opened), strings.Join(b.People, ", "), b.Reason, strconv.Itoa(len(b.Exposed)), review, minute(b.Merged)})
	}
	return t
}

func (a *app) kitListCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{Use: "list", Short: "List the kits that you may see, and whether they can be relied on", Args: cobra.NoArgs}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, _ []string) (answer, error) {
		var list kitsAnswer
		err := c.exchange(ctx, http.MethodGet, kitsPath, nil, nil, &list)
		return &list, err
	})
	serverFlag(cmd, &server)
	return cmd
}

// findKit finds a kit by its name or its id.
func findKit(ctx context.Context, c caller, text string) (path string, err error) {
	var id access.GlassID
	if id.UnmarshalText([]byte(text)) == nil && id != 0 {
		return kitsPath + "/" + id.String(), nil
	}
	var list kitsAnswer
	if err := c.exchange(ctx, http.MethodGet, kitsPath+"?name="+url.QueryEscape(text), nil, nil, &list); err != nil {
		return "", err
	}
	if len(list.Items) == 0 {
		return "", breakglass.ErrNoKit.With("there is no break-glass kit called %q, or it is not yours to see", text)
	}
	return kitsPath + "/" + list.Items[0].ID.String(), nil
}

// onKit is a command about one kit.
func (a *app) onKit(server *string, person bool, run func(ctx context.Context, c caller, path string) (answer, error)) func(*cobra.Command, []string) error {
	return a.vaultRun(server, person, func(ctx context.Context, c caller, args []string) (answer, error) {
		path, err := findKit(ctx, c, args[0])
		if err != nil {
			return nil, err
		}
		return run(ctx, c, path)
	})
}

func (a *app) kitShowCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{Use: "show KIT", Short: "Show who holds a kit, what it opens, and every time that it was opened", Args: cobra.ExactArgs(1)}
	cmd.RunE = a.onKit(&server, false, func(ctx context.Context, c caller, path string) (answer, error) {
		var s kitAnswer
		err := c.exchange(ctx, http.MethodGet, path, nil, nil, &s.KitShown)
		return &s, err
	})
	serverFlag(cmd, &server)
	return cmd
}

func (a *app) kitMakeCommand() *cobra.Command {
	var server, to, reason string
	var secrets, holders, tokens []string
	var threshold, persons, days int
	cmd := &cobra.Command{
		Use: "make NAME --secret SAFE/NAME... --holder WHO... --to FILE --reason TEXT", Short: "Seal secrets into a kit for its holders",
		Long: `Seal secrets into a kit for its holders. Each holder then picks up their share with 'writ break-glass
share', which shows it once, to them alone; who makes a kit holds none. Keep copies of the file where
they are found on the day: it says who opens it, and nothing else without their shares.`,
		Example: `  writ break-glass make production --secret ledger/root --secret hosts/web1 --holder ana@example.com \
    --holder ben@example.com --holder cleo@example.com --threshold 2 --to production.kit --reason 'yearly'`,
		Args: cobra.ExactArgs(1),
	}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		var err error
		body := map[string]any{"name": args[0], "threshold": threshold, "persons": persons, "lasts_days": days, "reason": reason}
		var ids []access.SecretID
		for _, text := range secrets {
			id, err := thereSecret(ctx, c, text)
			if err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
		var people []access.IdentityID
		for _, text := range holders {
			id, err := a.personID(ctx, text)
			if err != nil {
				return nil, err
			}
			people = append(people, id)
		}
		body["secrets"], body["holders"] = ids, people
		if body["tokens"], err = a.plannedTokens(ctx, tokens); err != nil {
			return nil, err
		}
		return a.writesKit(to, func(s *kitAnswer) error { return c.exchange(ctx, http.MethodPost, kitsPath, nil, body, &s.KitShown) })
	})
	serverFlag(cmd, &server)
	cmd.Flags().StringArrayVar(&secrets, "secret", nil, "a `secret` of an account that a system opens with it (repeatable)")
	cmd.Flags().StringArrayVar(&holders, "holder", nil, "`who` holds a share: an id, or on the node a number, email, login or name (repeatable)")
	cmd.Flags().StringArrayVar(&tokens, "token", nil, "a hardware token that opens it alone, as `WHO=KEY`; 'writ break-glass token' says KEY (repeatable)")
	cmd.Flags().IntVar(&threshold, "threshold", 2, "how many holders open it")
	cmd.Flags().IntVar(&persons, "persons", 0, "how many have to say that they are there; without it, as many as open it")
	cmd.Flags().IntVar(&days, "days", 90, "how long an edition is good for")
	kitFlags(cmd, &to, &reason)
	return cmd
}

func kitFlags(cmd *cobra.Command, to, reason *string) {
	cmd.Flags().StringVar(to, "to", "", "the `file` that the kit is written to (required)")
	cmd.Flags().StringVar(reason, "reason", "", "why (required)")
}

// writesKit has an edition made, and writes it. The file is there before anything is made:
// an edition that could not be written would be known and nowhere.
func (a *app) writesKit(to string, do func(s *kitAnswer) error) (answer, error) {
	if to == "" {
		return nil, fmt.Errorf("%w: say where the kit is written, with --to FILE", errUsage)
	}
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // whoever runs the command says where
	if err != nil {
		return nil, err
	}
	var s kitAnswer
	if err = do(&s); err == nil {
		_, err = f.WriteString(s.Kit)
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = os.Remove(to)
		return nil, err
	}
	s.Kit, s.note = "", "  written to "+to+": keep copies where they are found when nothing else works"
	if s.State == breakglass.Forming {
		s.note += "\n  each holder picks up their share with 'writ break-glass share " + s.Name + "'"
	}
	return &s, nil
}

func (a *app) kitRenewCommand() *cobra.Command {
	var server, to, reason string
	cmd := &cobra.Command{
		Use: "renew KIT --to FILE --reason TEXT", Short: "Make the next edition of a kit, of what its secrets are now",
		Long: `Make the next edition of a kit, of what its secrets are now. It needs no holder: the same shares open
it. Editions before still open, and what they hold opens nothing where it has changed since.`,
		Example: "  writ break-glass renew production --to production-2.kit --reason 'ledger/root was changed'", Args: cobra.ExactArgs(1),
	}
	cmd.RunE = a.onKit(&server, false, func(ctx context.Context, c caller, path string) (answer, error) {
		return a.writesKit(to, func(s *kitAnswer) error {
			return c.exchange(ctx, http.MethodPost, path+"/renew", nil, reasonBody{reason}, &s.KitShown)
		})
	})
	serverFlag(cmd, &server)
	kitFlags(cmd, &to, &reason)
	return cmd
}

func (a *app) kitFetchCommand() *cobra.Command {
	var server, to string
	cmd := &cobra.Command{Use: "fetch KIT --to FILE", Short: "Write the newest edition of a kit to a file", Args: cobra.ExactArgs(1)}
	cmd.RunE = a.onKit(&server, false, func(ctx context.Context, c caller, path string) (answer, error) {
		return a.writesKit(to, func(s *kitAnswer) error {
			var file struct{ Kit string }
			if err := c.exchange(ctx, http.MethodGet, path+"/file", nil, nil, &file); err != nil {
				return err
			}
			err := c.exchange(ctx, http.MethodGet, path, nil, nil, &s.KitShown)
			s.Kit = file.Kit
			return err
		})
	})
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&to, "to", "", "the `file` that the kit is written to (required)")
	return cmd
}

// shareAnswer is a share. It is the one place where it is shown.
type shareAnswer struct {
	Kit    string `json:"kit"`
	Number string `json:"number"`
	Place  int    `json:"share"`
	Text   string `json:"text"`
}

func (s *shareAnswer) tables() []table {
	return []table{{
		title: fmt.Sprintf("Your share of the break-glass kit %s, number %d. It is shown this once:", s.Kit, s.Place), header: []string{"", ""}, whole: true,
		rows: [][]string{{"share", s.Text}, {"opens", "the kit that says " + s.Number + ", in each of its editions"}},
		note: "  print it, and keep it where you reach it when no system works; nobody may have two",
	}}
}

func (a *app) kitShareCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use: "share KIT", Short: "See your share of a kit, once",
		Long: `See your share of a kit, once, at a Writ that is served. Print it: it is nowhere afterwards but with
you. It takes a second factor.`,
		Args: cobra.ExactArgs(1),
	}
	cmd.RunE = a.onKit(&server, true, func(ctx context.Context, c caller, path string) (answer, error) {
		var s shareAnswer
		err := c.exchange(ctx, http.MethodPost, path+"/share", nil, nil, &s)
		return &s, err
	})
	serverFlag(cmd, &server)
	return cmd
}

func (a *app) kitRetireCommand() *cobra.Command {
	var server, reason string
	cmd := &cobra.Command{
		Use: "retire KIT --reason TEXT", Short: "Say that a kit is no longer in use",
		Long: `Say that a kit is no longer in use. Its files still open with its shares: have what it holds changed
where they might be in wrong hands ('writ rotate --incident').`,
		Args: cobra.ExactArgs(1),
	}
	cmd.RunE = a.onKit(&server, false, func(ctx context.Context, c caller, path string) (answer, error) {
		var s kitAnswer
		err := c.exchange(ctx, http.MethodPost, path+"/retire", nil, reasonBody{reason}, &s.KitShown)
		return &s, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	return cmd
}

// breakAnswer is the answer of what merges a record.
type breakAnswer struct{ breakglass.Break }

func (s *breakAnswer) tables() []table {
	t := breaksTable([]breakglass.Break{s.Break})
	t.title = "merged"
	if !s.Drill {
		t.note = "  everybody was told; what was shown is being changed; the review waits for somebody who did not open it"
	}
	return []table{t}
}

func (a *app) kitMergeCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use: "merge RECORD", Short: "Take up the record of a kit that was opened",
		Long: `Take up the record of a kit that was opened, once Writ is back. It is checked, and kept entry by
entry: when something was done is what the record claims. Everybody who has to know is told, each
secret that was shown is changed, and somebody who did not open the kit reviews it. Merging again
does nothing twice.`,
		Args: cobra.ExactArgs(1),
	}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		text, err := os.ReadFile(args[0]) //nolint:gosec // whoever runs the command names the file
		if err != nil {
			return nil, err
		}
		var s breakAnswer
		err = c.exchange(ctx, http.MethodPost, kitsPath+"/merge", nil, map[string]string{"record": string(text)}, &s.Break)
		return &s, err
	})
	serverFlag(cmd, &server)
	return cmd
}

// stamp is a time as a file's name has it.
func stamp(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

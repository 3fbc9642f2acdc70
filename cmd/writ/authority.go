package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/graph"
	"github.com/writhq/writ/pam/authority"
	"github.com/writhq/writ/pam/vault/keys"
	"github.com/writhq/writ/policy"
)

// authorities is what signs, over the open store. Without a graph nobody has any right.
func (a *app) authorities(ring *keys.Ring, gate *policy.Gate, g *graph.Graph) (*authority.Service, error) {
	return authority.New(authority.Config{Store: a.db.Authorities(ring), Ring: ring, Gate: gate, Graph: g, Now: a.now})
}

func (a *app) authorityAPI(s *authority.Service) *authority.API {
	return &authority.API{Service: s, Names: a.db.Inventory()}
}

// authorityEvery is how often keys that are trusted no more are looked for, where nothing
// else happens.
const authorityEvery = 10 * time.Second

// keepAuthorities revokes what leavers were signed, behind each revision, and destroys keys
// that are trusted no more.
func (n *node) keepAuthorities(ctx context.Context) error {
	var seen access.Rev
	for ctx.Err() == nil {
		rev, err := n.authority.Follow(ctx, seen)
		if err != nil {
			if ctx.Err() == nil {
				slog.ErrorContext(ctx, "looking after what was signed", "error", err)
			}
			wait(ctx, retry)
			continue
		}
		seen = rev
		within, cancel := context.WithTimeout(ctx, authorityEvery)
		if _, err := n.app.db.WaitChange(within, seen); err != nil && within.Err() == nil {
			wait(ctx, retry)
		}
		cancel()
	}
	return nil
}

// signedRest is how long what was signed is not looked at again: on PostgreSQL each signature
// is a change too, and those that come together are looked at together.
const signedRest = 200 * time.Millisecond

// recheckSigned revokes what was signed by rights that are no more, behind each revision.
func (n *node) recheckSigned(ctx context.Context) error {
	return n.afterEach(ctx, "looking at what was signed again", func(ctx context.Context) error {
		err := n.authority.Recheck(ctx, n.catchUp)
		if err == nil {
			wait(ctx, signedRest)
		}
		return err
	})
}

func (a *app) authorityCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "authority", Short: "What signs SSH and X.509 certificates and tokens: its keys, and what it signs for whom",
		Long: `What signs SSH and X.509 certificates and tokens: its keys, and what it signs for whom.

An authority's private key lies in a safe of the vault, and leaves it nowhere. A certificate
profile says what is signed for whom, and who may ask; 'writ sign' asks. docs/how-to/authority.md
says what all of it means.`,
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(a.authorityListCommand(), a.authorityNewCommand(), a.authorityShowCommand(), a.authorityRotateCommand(), a.authorityPublicCommand(), a.authorityProfileCommand(),
		a.authorityIssuedCommand(), a.authorityRevokeCommand(), a.authorityCheckCommand())
	return cmd
}

type authorityAnswer struct{ authority.AuthorityShown }

func (s *authorityAnswer) tables() []table {
	t := table{title: "authority " + s.Name, header: []string{"", ""}, rows: [][]string{
		{"id", s.ID.String()}, {"signs", string(s.Kind)}, {"with", string(s.Algorithm)}, {"safe", s.Safe.String()}, {"since", minute(s.Made)},
	}}
	if s.Description != "" {
		t.rows = append(t.rows, []string{"for", s.Description})
	}
	for _, f := range s.Files {
		t.rows = append(t.rows, []string{"public", f})
	}
	list := table{title: plural(len(s.Keys), "key"), header: []string{"key", "state", "signs from", "trusted until"}, right: []int{0}}
	for _, k := range s.Keys {
		list.rows = append(list.rows, []string{strconv.Itoa(k.Number), string(k.State), minute(k.Signs), minute(k.Ends)})
	}
	profiles := table{title: plural(len(s.Profiles), "certificate profile"), header: []string{"profile", "for", "lasts", "at most", "takes", "who may"}}
	for i := range s.Profiles {
		p := &s.Profiles[i]
		profiles.rows = append(profiles.rows, []string{p.Name, s.forWhom(p), seconds(p.Usual), seconds(p.Longest), takesOf(p), s.whoMay(p)})
	}
	return []table{t, list, profiles}
}

func seconds(n int) string { return access.Lasting(time.Duration(n) * time.Second) }

func (s *authorityAnswer) forWhom(p *authority.ProfileShown) string {
	list := append([]string{}, p.Principals...)
	if p.LoginsOf != 0 {
		list = append(list, "logins of "+nameIn(s.Names, p.LoginsOf.String()))
	}
	if p.Self {
		list = append(list, "who asks")
	}
	return strings.Join(list, ", ")
}

func takesOf(p *authority.ProfileShown) string {
	var list []string
	for _, x := range []struct {
		is   bool
		what string
	}{{p.NeedsReason, "a reason"}, {p.NeedsTicket, "a ticket"}, {p.NeedsMFA, "a second factor"}, {len(p.Stages) > 0, plural(len(p.Stages), "stage")}} {
		if x.is {
			list = append(list, x.what)
		}
	}
	return strings.Join(list, ", ")
}

func (s *authorityAnswer) whoMay(p *authority.ProfileShown) string {
	var list []string
	for _, r := range p.Rights {
		text := nameIn(s.Names, r.Holder.String())
		if r.Ends != 0 {
			text += " until " + minute(r.Ends)
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

type authorityListAnswer struct {
	Items []authority.AuthorityShown `json:"items"`
}

func (s *authorityListAnswer) tables() []table {
	t := table{title: strings.Replace(plural(len(s.Items), "authority"), "authoritys", "authorities", 1), header: []string{"authority", "signs", "with", "key", "profiles", "for", "id"}, right: []int{3, 4}}
	for _, x := range s.Items {
		signing := ""
		for _, k := range x.Keys {
			if k.State == authority.Signing {
				signing = strconv.Itoa(k.Number)
			}
		}
		t.rows = append(t.rows, []string{x.Name, string(x.Kind), string(x.Algorithm), signing, strconv.Itoa(len(x.Profiles)), x.Description, x.ID.String()})
	}
	return []table{t}
}

// findAuthority finds an authority by its name or its id.
func findAuthority(ctx context.Context, c caller, text string) (path string, err error) {
	var id access.AuthorityID
	if id.UnmarshalText([]byte(text)) == nil && id != 0 {
		return "/v1/authorities/" + id.String(), nil
	}
	var list authorityListAnswer
	if err := c.exchange(ctx, http.MethodGet, "/v1/authorities?name="+url.QueryEscape(text), nil, nil, &list); err != nil {
		return "", err
	}
	if len(list.Items) == 0 {
		return "", authority.ErrNoAuthority.With("there is no authority called %q, or it is not yours to see", text)
	}
	return "/v1/authorities/" + list.Items[0].ID.String(), nil
}

// onAuthority is a command about one authority.
func (a *app) onAuthority(server *string, run func(ctx context.Context, c caller, path string, args []string) (answer, error)) func(*cobra.Command, []string) error {
	return a.vaultRun(server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		path, err := findAuthority(ctx, c, args[0])
		if err != nil {
			return nil, err
		}
		return run(ctx, c, path, args[1:])
	})
}

// authorityAfter asks for something to be done to an authority, and shows it.
func authorityAfter(ctx context.Context, c caller, method, path string, body any) (answer, error) {
	var s authorityAnswer
	err := c.exchange(ctx, method, path, nil, body, &s)
	return &s, err
}

func (a *app) authorityListCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{Use: "list", Short: "List the authorities that you may see", Args: cobra.NoArgs}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, _ []string) (answer, error) {
		var list authorityListAnswer
		err := c.exchange(ctx, http.MethodGet, "/v1/authorities", nil, nil, &list)
		return &list, err
	})
	serverFlag(cmd, &server)
	return cmd
}

func (a *app) authorityShowCommand() *cobra.Command {
	var server string
	cmd := &cobra.Command{Use: "show AUTHORITY", Short: "Show an authority: its keys, its certificate profiles, and who has which right", Args: cobra.ExactArgs(1)}
	cmd.RunE = a.onAuthority(&server, func(ctx context.Context, c caller, path string, _ []string) (answer, error) {
		return authorityAfter(ctx, c, http.MethodGet, path, nil)
	})
	serverFlag(cmd, &server)
	return cmd
}

func (a *app) authorityNewCommand() *cobra.Command {
	var server, safe, reason string
	var b authority.AuthorityBody
	cmd := &cobra.Command{
		Use: "new NAME --kind KIND --safe SAFE --reason TEXT", Short: "Make an authority, with a key that nobody has seen",
		Example: "  writ authority new ssh-users --kind ssh_user --safe signing --reason 'hosts take certificates from now on'",
		Args:    cobra.ExactArgs(1),
	}
	kind, algorithm := "", ""
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		if err := needReason(reason); err != nil {
			return nil, err
		}
		id, err := findSafe(ctx, c, safe)
		if err != nil {
			return nil, err
		}
		b.Name, b.Kind, b.Algorithm, b.Safe = args[0], authority.Kind(kind), authority.Algorithm(algorithm), id
		return authorityAfter(ctx, c, http.MethodPost, "/v1/authorities", struct {
			authority.AuthorityBody
			Reason string `json:"reason"`
		}{b, reason})
	})
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&kind, "kind", "", "what it signs: ssh_user, ssh_host, x509_client or jwt (required)")
	cmd.Flags().StringVar(&safe, "safe", "", "the `safe` that its keys lie in (required)")
	cmd.Flags().StringVar(&algorithm, "algorithm", "", "how it signs: ed25519, ecdsa_p256 or ecdsa_p384")
	cmd.Flags().StringVar(&b.Description, "description", "", "what it is for")
	reasonFlag(cmd, &reason)
	return cmd
}

func reasonFlag(cmd *cobra.Command, reason *string) {
	cmd.Flags().StringVar(reason, "reason", "", "why (required)")
}

func needReason(reason string) error {
	if strings.TrimSpace(reason) == "" {
		return policy.ErrReason
	}
	return nil
}

func (a *app) authorityRotateCommand() *cobra.Command {
	var server, reason string
	var publish, overlap time.Duration
	cmd := &cobra.Command{
		Use: "rotate AUTHORITY --reason TEXT", Short: "Give an authority its next key, or say when that one signs",
		Long: `Give an authority its next key. It is published at once, signs after a while, and the key before
stays trusted until what it signed is over; then it is destroyed. Where a next key waits already it
is that one whose time is said anew. Somebody has the key who should not: --publish 0s --overlap 0s.`,
		Example: "  writ authority rotate ssh-users --publish 24h --overlap 24h --reason 'the year is over'",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = a.onAuthority(&server, func(ctx context.Context, c caller, path string, _ []string) (answer, error) {
		if err := needReason(reason); err != nil {
			return nil, err
		}
		return authorityAfter(ctx, c, http.MethodPost, path+"/rotate", map[string]any{"publish_minutes": int(publish / time.Minute), "overlap_minutes": int(overlap / time.Minute), "reason": reason})
	})
	serverFlag(cmd, &server)
	cmd.Flags().DurationVar(&publish, "publish", 24*time.Hour, "how long the next key is published before it signs")
	cmd.Flags().DurationVar(&overlap, "overlap", 7*24*time.Hour, "how long the key before is trusted after that")
	reasonFlag(cmd, &reason)
	return cmd
}

type publicAnswer struct {
	Files []authority.PublicFile `json:"files"`
}

func (s *publicAnswer) tables() []table {
	t := table{title: "What is public, without signing in", header: []string{"file", "where"}, whole: true}
	for _, f := range s.Files {
		t.rows = append(t.rows, []string{f.Name, f.URL})
	}
	return []table{t}
}

func (a *app) authorityPublicCommand() *cobra.Command {
	var server, file string
	cmd := &cobra.Command{
		Use: "public AUTHORITY", Short: "Where what verifies its signatures is read; with --file, that itself",
		Example: "  writ authority public ssh-users\n  writ authority public ssh-users --file ca.pub >/etc/ssh/writ_ca.pub",
		Args:    cobra.ExactArgs(1),
	}
	cmd.RunE = a.onAuthority(&server, func(ctx context.Context, c caller, path string, _ []string) (answer, error) {
		var s publicAnswer
		if err := c.exchange(ctx, http.MethodGet, path+"/public", nil, nil, &s); err != nil || file == "" {
			return &s, err
		}
		for _, f := range s.Files {
			if f.Name == file && f.Text != "" {
				_, err := fmt.Fprintln(a.out, strings.TrimSuffix(f.Text, "\n"))
				return nil, err
			}
		}
		return nil, authority.ErrNoAuthority.With("nothing that is text is public of it as %q", file)
	})
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&file, "file", "", "print this `file`")
	return cmd
}

type certificatesAnswer struct {
	Items []authority.CertificateShown `json:"items"`
	Next  string                       `json:"next,omitempty"`
	Names map[string]string            `json:"names"`
}

func (s *certificatesAnswer) tables() []table {
	t := table{title: plural(len(s.Items), "certificate"), header: []string{"certificate", "who", "for", "state", "since", "until", "key"}}
	for _, x := range s.Items {
		t.rows = append(t.rows, []string{x.ID.String(), nameIn(s.Names, x.Identity.String()), strings.Join(x.Principals, ", "), string(x.State), minute(max(x.Starts, x.Asked)), minute(x.Ends), x.Fingerprint})
	}
	return []table{t}
}

func (a *app) authorityIssuedCommand() *cobra.Command {
	var server, of string
	var mine bool
	var limit int
	cmd := &cobra.Command{Use: "issued", Short: "List what was signed, the newest first, as far as you may know", Args: cobra.NoArgs}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, _ []string) (answer, error) {
		q := url.Values{"limit": {strconv.Itoa(limit)}}
		if mine {
			q.Set("mine", "true")
		}
		if of != "" {
			path, err := findAuthority(ctx, c, of)
			if err != nil {
				return nil, err
			}
			q.Set("authority", strings.TrimPrefix(path, "/v1/authorities/"))
		}
		var list certificatesAnswer
		err := c.exchange(ctx, http.MethodGet, "/v1/certificates?"+q.Encode(), nil, nil, &list)
		return &list, err
	})
	serverFlag(cmd, &server)
	cmd.Flags().StringVar(&of, "authority", "", "only of this one")
	cmd.Flags().BoolVar(&mine, "mine", false, "only yours")
	cmd.Flags().IntVar(&limit, "limit", 50, "how many at most")
	return cmd
}

type certificateAnswer struct{ authority.CertificateShown }

func (s *certificateAnswer) tables() []table {
	list := certificatesAnswer{Items: []authority.CertificateShown{s.CertificateShown}}
	return list.tables()
}

func (a *app) authorityRevokeCommand() *cobra.Command {
	var server, reason string
	cmd := &cobra.Command{
		Use: "revoke CERTIFICATE --reason TEXT", Short: "Say that a certificate is good no more",
		Long: `Say that a certificate is good no more. CERTIFICATE is its id, which is its key id in an SSH
certificate, the serial number of its subject in an X.509 one, and jti in a token. Hosts and
servers hear of it by the authority's list; a token is on no list, and is over by its end.`,
		Args: cobra.ExactArgs(1),
	}
	cmd.RunE = a.vaultRun(&server, false, func(ctx context.Context, c caller, args []string) (answer, error) {
		var id access.CertificateID
		if err := errors.Join(needReason(reason), id.UnmarshalText([]byte(args[0]))); err != nil {
			return nil, err
		}
		var s certificateAnswer
		err := c.exchange(ctx, http.MethodPost, "/v1/certificates/"+id.String()+"/revoke", nil, reasonBody{reason}, &s)
		return &s, err
	})
	serverFlag(cmd, &server)
	reasonFlag(cmd, &reason)
	return cmd
}

package lifecycle

import (
	"context"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/audit"
	"github.com/writhq/writ/policy"
)

// RuleStore keeps birthright rules. What a rule gives has to be there: else ErrRuleGives.
type RuleStore interface {
	// Rules returns them by name.
	Rules(ctx context.Context) ([]Rule, error)
	// AddRule keeps a new one, or returns ErrRuleTaken.
	AddRule(ctx context.Context, r Rule, reason string) error
	// SetRule keeps another version of a rule in place of the one that it names, or
	// returns ErrNoRule, or ErrRuleStale where another one stands.
	SetRule(ctx context.Context, r Rule, reason string) error
	// RemoveRule ends a rule, or returns ErrNoRule, or ErrRuleStale where another version
	// than the one that is named stands; zero is whichever there is.
	RemoveRule(ctx context.Context, name string, version int64, reason string) error
}

// Rules returns the birthright rules by name.
func (s *Service) Rules(ctx context.Context) ([]Rule, error) { return s.Store.Rules(ctx) }

// Rule returns one.
func (s *Service) Rule(ctx context.Context, name string) (Rule, error) {
	rules, err := s.Store.Rules(ctx)
	if err != nil {
		return Rule{}, err
	}
	if i := slices.IndexFunc(rules, func(r Rule) bool { return r.Name == name }); i >= 0 {
		return rules[i], nil
	}
	return Rule{}, ErrNoRule.With("there is no birthright rule called %q", name)
}

// AddRule keeps a rule that only observes.
func (s *Service) AddRule(ctx context.Context, r Rule, reason string) error {
	r.Mode = policy.Observe
	if err := r.check(reason); err != nil {
		return err
	}
	return s.Store.AddRule(ctx, r, reason)
}

// SetRule replaces the version of a rule that r names by r, in the mode that it has.
func (s *Service) SetRule(ctx context.Context, r Rule, reason string) error {
	was, err := s.Rule(ctx, r.Name)
	if err != nil {
		return err
	}
	r.Mode = was.Mode
	return s.set(ctx, r, reason)
}

// SetMode makes a rule count, or only observe. Nobody makes one count that gives
// something to themself.
func (s *Service) SetMode(ctx context.Context, name string, mode policy.Mode, reason string) error {
	r, err := s.Rule(ctx, name)
	if err != nil {
		return err
	}
	r.Mode = mode
	return s.set(ctx, r, reason)
}

// ChangeRule replaces the version of a rule that r names by r, in the mode that r has.
func (s *Service) ChangeRule(ctx context.Context, r Rule, reason string) error {
	return s.set(ctx, r, reason)
}

// CheckRule reports the first thing that keeps a rule from being used.
func (s *Service) CheckRule(r Rule) error {
	_, err := r.compile()
	return err
}

// TryRules says how many people would gain and lose something if these were the rules. It
// changes nothing.
func (s *Service) TryRules(ctx context.Context, rules []Rule) (gaining, losing int, err error) {
	d, err := s.current(ctx)
	if err != nil {
		return 0, 0, err
	}
	s.mu.Lock()
	roles := s.roles
	s.mu.Unlock()
	t, err := d.Try(rules, roles, "")
	if err != nil {
		return 0, 0, err
	}
	return t.Gaining(), t.Losing(), nil
}

func (s *Service) set(ctx context.Context, r Rule, reason string) error {
	if err := r.check(reason); err != nil {
		return err
	}
	if err := s.notOwn(ctx, r); err != nil {
		return err
	}
	return s.Store.SetRule(ctx, r, reason)
}

// notOwn refuses a change by whom it gives something.
func (s *Service) notOwn(ctx context.Context, r Rule) error {
	actor, err := audit.ActorOf(ctx)
	if err != nil || actor.Identity == 0 || !r.gives() {
		return err
	}
	t, err := s.trial(ctx, r)
	if err != nil {
		return err
	}
	if t.Gains(actor.Identity) {
		return ErrRuleSelf
	}
	return nil
}

func (r Rule) check(reason string) error {
	if err := validReason(reason); err != nil {
		return err
	}
	_, err := r.compile()
	return err
}

// RemoveRule removes a rule, in the version that is named or, where that is zero, in
// whichever there is: what it alone gives ends.
func (s *Service) RemoveRule(ctx context.Context, name string, version int64, reason string) error {
	if err := validReason(reason); err != nil {
		return err
	}
	return s.Store.RemoveRule(ctx, name, version, reason)
}

// trial is what keeping a rule in its mode would mean.
func (s *Service) trial(ctx context.Context, r Rule) (Trial, error) {
	d, err := s.current(ctx)
	if err != nil {
		return Trial{}, err
	}
	s.mu.Lock()
	rules, roles := slices.Clone(s.rules), s.roles
	s.mu.Unlock()
	if i := slices.IndexFunc(rules, func(o Rule) bool { return o.Name == r.Name }); i >= 0 {
		rules[i] = r
	} else {
		rules = append(rules, r)
	}
	return d.Try(rules, roles, r.Name)
}

// firstShown is how many of whom a change concerns are named.
const firstShown = 100

// Effect is what keeping a rule would change.
type Effect struct {
	Rule     string              `json:"rule"`
	Mode     string              `json:"mode" enum:"observe,warn,enforce" doc:"In which it is looked at"`
	Members  int                 `json:"members" doc:"How many meet it"`
	Joining  int                 `json:"joining" doc:"How many of them do not meet it as it is now"`
	Leaving  int                 `json:"leaving" doc:"How many meet it as it is now and would not"`
	Doubtful int                 `json:"doubtful" doc:"For how many it could not be told: nothing is given to them and nothing taken"`
	Gaining  int                 `json:"gaining" doc:"How many people gain something"`
	Losing   int                 `json:"losing" doc:"How many people lose something"`
	Gives    []EntitlementEffect `json:"gives" doc:"What they gain and lose, by how many"`
	First    []PersonEffect      `json:"first" doc:"The first hundred of them"`
	Joins    []access.Named      `json:"joins" doc:"The first hundred who would meet it anew"`
	Leaves   []access.Named      `json:"leaves" doc:"The first hundred who would meet it no more"`
	Doubts   []access.Named      `json:"doubts" doc:"The first hundred for whom it could not be told"`
	Without  []WithoutShown      `json:"without" doc:"What those who meet it have that no variant is for: it gives nothing"`
}

// WithoutShown is a value that no variant is for of the role that a rule chooses.
type WithoutShown struct {
	Role      access.Named   `json:"role"`
	Parameter string         `json:"parameter,omitempty" doc:"Nothing, where the rule does not fit the role at all"`
	From      string         `json:"from,omitempty" doc:"The attribute"`
	Value     string         `json:"value,omitempty" doc:"Nothing: they have no value"`
	Why       string         `json:"why,omitempty" doc:"Why the rule does not fit the role"`
	People    int            `json:"people"`
	First     []access.Named `json:"first" doc:"The first ten of them"`
}

const firstWithout = 10

// showWithout names what no variant is for: the most frequent hundred.
func (s *Service) showWithout(ctx context.Context, list []Without) ([]WithoutShown, error) {
	list = list[:min(len(list), firstShown)]
	var refs []access.Ref
	for _, w := range list {
		refs = append(append(refs, w.Role.Ref()), refsOf(w.first())...)
	}
	name, err := s.namer(ctx, refs)
	shown := []WithoutShown{}
	for _, w := range list {
		shown = append(shown, WithoutShown{name(w.Role.Ref()), w.Parameter, w.From, w.Value, w.Why, len(w.People), namedAll(name, w.first())})
	}
	return shown, err
}

func (w Without) first() []access.IdentityID { return w.People[:min(len(w.People), firstWithout)] }

// EntitlementEffect is how many people gain and lose an entitlement.
type EntitlementEffect struct {
	Entitlement access.Named `json:"entitlement"`
	Gain        int          `json:"gain"`
	Lose        int          `json:"lose"`
}

// PersonEffect is what one person gains and loses.
type PersonEffect struct {
	Identity access.Named   `json:"identity"`
	Gains    []access.Named `json:"gains"`
	Loses    []access.Named `json:"loses"`
}

// Try says what keeping a rule as it is given would change, and changes nothing. A rule of
// that name that is kept is the one that it would replace.
func (s *Service) Try(ctx context.Context, r Rule) (Effect, error) {
	t, err := s.trial(ctx, r)
	if err != nil {
		return Effect{}, err
	}
	e := Effect{
		Rule: r.Name, Mode: r.Mode.String(), Members: len(t.Members), Joining: len(t.Joining), Leaving: len(t.Leaving), Doubtful: len(t.Doubtful),
		Gaining: t.Gaining(), Losing: t.Losing(), Gives: []EntitlementEffect{}, First: []PersonEffect{},
	}
	changes, entitlements := t.First(firstShown), t.Entitlements()
	entitlements = entitlements[:min(len(entitlements), firstShown)]
	joins, leaves, doubts := head(t.Joining), head(t.Leaving), head(t.Doubtful)
	var refs []access.Ref
	for _, c := range changes {
		refs = append(append(append(refs, c.Identity.Ref()), refsOf(c.Gains)...), refsOf(c.Loses)...)
	}
	refs = append(append(refs, refsOf(entitlements)...), slices.Concat(refsOf(joins), refsOf(leaves), refsOf(doubts))...)
	name, err := s.namer(ctx, refs)
	if err != nil {
		return Effect{}, err
	}
	for _, id := range entitlements {
		gain, lose := t.Counts(id)
		e.Gives = append(e.Gives, EntitlementEffect{name(id.Ref()), gain, lose})
	}
	for _, c := range changes {
		e.First = append(e.First, PersonEffect{name(c.Identity.Ref()), namedAll(name, c.Gains), namedAll(name, c.Loses)})
	}
	e.Joins, e.Leaves, e.Doubts = namedAll(name, joins), namedAll(name, leaves), namedAll(name, doubts)
	e.Without, err = s.showWithout(ctx, t.Without)
	return e, err
}

// Membership is whom a rule is for.
type Membership struct {
	Members  int            `json:"members"`
	Doubtful int            `json:"doubtful" doc:"For how many it cannot be told"`
	First    []access.Named `json:"first" doc:"The first hundred whom it is for"`
	Doubts   []access.Named `json:"doubts" doc:"The first hundred for whom it cannot be told"`
	Without  []WithoutShown `json:"without" doc:"What those whom it is for have that no variant is for: it gives nothing"`
}

// Members says whom a rule is for, whatever its mode.
func (s *Service) Members(ctx context.Context, name string) (Membership, error) {
	d, err := s.current(ctx)
	if err != nil {
		return Membership{}, err
	}
	members, doubtful := d.Members(name)
	first, doubts := head(members), head(doubtful)
	named, err := s.namer(ctx, append(refsOf(first), refsOf(doubts)...))
	if err != nil {
		return Membership{}, err
	}
	without, err := s.showWithout(ctx, d.Without(name))
	return Membership{len(members), len(doubtful), namedAll(named, first), namedAll(named, doubts), without}, err
}

// Matching are the identities that meet a condition, and those of whom it cannot be told.
// It is asked of the crowd that is followed: nobody is read again.
func (s *Service) Matching(ctx context.Context, when string) (members, doubtful []access.IdentityID, err error) {
	r, err := conditionOf(when)
	if err != nil {
		return nil, nil, err
	}
	d, err := s.current(ctx)
	if err != nil {
		return nil, nil, err
	}
	members, doubtful = d.matching(r)
	return members, doubtful, nil
}

func head(list []access.IdentityID) []access.IdentityID { return list[:min(len(list), firstShown)] }

type object interface{ Ref() access.Ref }

func refsOf[T object](list []T) []access.Ref {
	refs := make([]access.Ref, len(list))
	for i, o := range list {
		refs[i] = o.Ref()
	}
	return refs
}

func namedAll[T object](name func(access.Ref) access.Named, list []T) []access.Named {
	all := make([]access.Named, len(list))
	for i, o := range list {
		all[i] = name(o.Ref())
	}
	return all
}

// namer names objects as answers show them.
func (s *Service) namer(ctx context.Context, refs []access.Ref) (func(access.Ref) access.Named, error) {
	slices.SortFunc(refs, access.Ref.Compare)
	labels, err := s.Names.Names(ctx, slices.Compact(refs))
	return func(r access.Ref) access.Named { return labels[r].Named(r) }, err
}

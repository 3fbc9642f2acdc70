package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector/csv"
	"github.com/writhq/writ/internal/secret"
	"github.com/writhq/writ/inventory"
)

// target is one system to read, with what is said about it.
type target struct {
	flag  systemFlag
	about csv.System // people by number, systems by name
	// secret is what the store is to seal; nil where the credential is a reference.
	secret *secret.Secret
}

// aboutOptions are the options that say something about a system which it cannot
// say itself; all others are the connector's.
var aboutOptions = map[string]func(*csv.System) *string{
	"environment":     func(s *csv.System) *string { return &s.Environment },
	"criticality":     func(s *csv.System) *string { return &s.Criticality },
	"data_class":      func(s *csv.System) *string { return &s.DataClass },
	"business_owner":  func(s *csv.System) *string { return &s.BusinessOwner },
	"technical_owner": func(s *csv.System) *string { return &s.TechnicalOwner },
	"runs_on":         func(s *csv.System) *string { return &s.RunsOn },
}

func kindNames() []string { return slices.Sorted(maps.Keys(connectors)) }

// targets are the sample's systems and those of --system; one of the same name
// is read from where --system says.
func (p plan) targets() ([]target, error) {
	flags, err := p.systems.parse(kindNames())
	if err != nil {
		return nil, err
	}
	var list []target
	if p.sample != "" {
		if list, err = sampleTargets(p.sample); err != nil {
			return nil, err
		}
	}
	for _, f := range flags {
		t := target{flag: f}
		i := slices.IndexFunc(list, func(x target) bool { return x.flag.name == f.name })
		if i >= 0 {
			t.about = list[i].about
		} else if f.kind == csv.Kind {
			if about, err := csv.ReadSystem(f.address); err == nil {
				t.about = about
			} else if _, missing := os.Stat(filepath.Join(f.address, "system.json")); missing == nil {
				return nil, err
			}
		}
		t.takeAbout()
		if i >= 0 {
			list[i] = t
		} else {
			list = append(list, t)
		}
	}
	return list, nil
}

// takeAbout moves what is said about the system out of the connector's options.
func (t *target) takeAbout() {
	for name, field := range aboutOptions {
		if v, ok := t.flag.options[name]; ok {
			*field(&t.about) = v
			delete(t.flag.options, name)
		}
	}
}

func sampleTargets(dir string) ([]target, error) {
	found, err := filepath.Glob(filepath.Join(dir, "systems", "*", "system.json"))
	if err != nil || len(found) == 0 {
		return nil, errSystemFlag.With("%s holds no sample: 'writ sample --out %s' makes one", dir, dir)
	}
	var list []target
	for _, path := range found {
		about, err := csv.ReadSystem(filepath.Dir(path))
		if err != nil {
			return nil, err
		}
		list = append(list, target{flag: systemFlag{name: about.Name, kind: csv.Kind, address: filepath.Dir(path), options: map[string]string{}}, about: about})
	}
	return list, nil
}

// addTarget keeps a system, or finds it where it is kept already.
func (a *app) addTarget(ctx context.Context, t target) (access.SystemID, error) {
	address, err := absolute(t.flag.kind, t.flag.address)
	if err != nil {
		return 0, err
	}
	y := inventory.System{
		Connector: t.flag.kind, Config: inventory.Config{Address: address, Options: t.flag.options, Credential: t.flag.credential},
		System: access.System{
			Name: t.flag.name, Kind: t.flag.kind, Environment: access.Environment(t.about.Environment),
			Criticality: access.Criticality(t.about.Criticality), DataClass: access.DataClass(t.about.DataClass),
		},
	}
	if t.about.Kind != "" {
		y.Kind = t.about.Kind
	}
	for _, owner := range []struct {
		number string
		into   *access.IdentityID
	}{{t.about.BusinessOwner, &y.BusinessOwner}, {t.about.TechnicalOwner, &y.TechnicalOwner}} {
		if owner.number == "" {
			continue
		}
		if *owner.into, err = a.inventory().ResolveIdentity(ctx, owner.number); err != nil {
			return 0, fmt.Errorf("its owner: %w", err)
		}
	}
	if t.about.RunsOn != "" {
		host, err := a.inventory().System(ctx, t.about.RunsOn)
		if err != nil {
			return 0, fmt.Errorf("what it runs on: %w", err)
		}
		y.RunsOn = host.ID
	}
	id, err := a.inventory().AddSystem(ctx, y, t.secret)
	if errors.Is(err, inventory.ErrNameTaken) && t.secret == nil {
		kept, err := a.inventory().System(ctx, y.Name)
		return kept.ID, err
	}
	return id, err
}

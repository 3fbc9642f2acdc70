package policy

import (
	"slices"
	"testing"
)

// What an expression looks at is known before it is evaluated, and never too little.
func TestExprUses(t *testing.T) {
	env := Env{"identity.unit": StringVar, "identity.title": StringVar, "identity.third_party": BoolVar, "identity.attributes": MapVar, "skills": StringsVar}
	for source, want := range map[string][]string{
		`true`:                     nil,
		`identity.unit == "Sales"`: {"identity.unit"},
		`identity.unit == "Sales" && (identity.third_party || identity.title.startsWith("Head"))`: {"identity.third_party", "identity.title", "identity.unit"},
		`identity.attributes["site"] == "Bern"`:                                                   {"identity.attributes.site"},
		`identity.attributes.site == "Bern"`:                                                      {"identity.attributes.site"},
		`"site" in identity.attributes && identity.attributes.site != ""`:                         {"identity.attributes.site"},
		`has(identity.attributes.site)`:                                                           {"identity.attributes.site"},
		`identity.attributes[identity.unit] == "x"`:                                               {"identity.attributes", "identity.unit"},
		`size(identity.attributes) > 2`:                                                           {"identity.attributes"},
		`identity.attributes.exists(k, k == "site")`:                                              {"identity.attributes"},
		`skills.exists(s, s == identity.title)`:                                                   {"identity.title", "skills"},
	} {
		x, err := Compile(source, env)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got := x.Uses(); !slices.Equal(got, want) {
			t.Errorf("%s looks at %v, not at %v", source, got, want)
		}
	}
}

package lifecycle

import (
	"github.com/writhq/writ/access"
	"github.com/writhq/writ/connector"
	"github.com/writhq/writ/inventory"
)

// Reorganisation is what loading a file of a source would do.
type Reorganisation struct {
	Source   string                  `json:"source"`
	At       access.Time             `json:"at"`
	Revision access.Rev              `json:"revision" doc:"Of what it was compared with"`
	File     inventory.SourcePreview `json:"file"`
	Happens  map[EventKind]int       `json:"happens" doc:"To how many people what happens: hire, move, leave, suspend, return, terminate, rehire, convert"`
	// Attributes are those that become others.
	Attributes   []AttributeEffect   `json:"attributes"`
	Gaining      int                 `json:"gaining" doc:"How many people gain something"`
	Losing       int                 `json:"losing" doc:"How many people lose something"`
	Rules        []RuleEffect        `json:"rules"`
	Roles        []RoleEffect        `json:"roles"`
	Entitlements []EntitlementEffect `json:"entitlements" doc:"The first hundred, those with the most people first"`
	Departments  []DepartmentEffect  `json:"departments" doc:"The first hundred, those with the most people first"`
	Systems      []SystemEffect      `json:"systems"`
	Guard        GuardEffect         `json:"guard"`
	Waiting      int                 `json:"waiting" doc:"How many are held already, and stay as they are"`
	Failing      int                 `json:"failing" doc:"For how many a mapping says nothing that could be an account"`
	People       int                 `json:"people" doc:"For how many people anything changes"`
	First        []PersonForeseen    `json:"first" doc:"The first of them, those who lose something first"`
}

// AttributeEffect is for how many people an attribute becomes another.
type AttributeEffect struct {
	Name   string `json:"name"`
	People int    `json:"people"`
}

// RuleEffect is how many people meet a birthright rule anew, and how many no more.
type RuleEffect struct {
	Rule     string `json:"rule"`
	Mode     string `json:"mode" enum:"observe,warn,enforce" doc:"It gives when it is enforced only"`
	Joining  int    `json:"joining"`
	Leaving  int    `json:"leaving"`
	Doubtful int    `json:"doubtful" doc:"For how many it can be told no more: nothing is given to them and nothing taken"`
}

// RoleEffect is how many people gain and lose a role, by rules and assignments together.
type RoleEffect struct {
	Role access.Named `json:"role"`
	Gain int          `json:"gain"`
	Lose int          `json:"lose"`
}

// DepartmentEffect is what changes for the people of a unit: that which they come to, or
// leave for good.
type DepartmentEffect struct {
	Unit    string `json:"unit"`
	People  int    `json:"people"`
	Gaining int    `json:"gaining"`
	Losing  int    `json:"losing"`
}

// SystemEffect is what changes in a system.
type SystemEffect struct {
	System     access.Named                 `json:"system"`
	Gaining    int                          `json:"gaining" doc:"People who gain something there"`
	Losing     int                          `json:"losing" doc:"People who lose something there"`
	Operations map[connector.ChangeKind]int `json:"operations" doc:"What provisioning would have to do"`
	Held       map[connector.ChangeKind]int `json:"held" doc:"And what it would, once the guard's hold is released"`
}

// GuardEffect is what the guard would do.
type GuardEffect struct {
	Guard
	Losing int  `json:"losing" doc:"Who would lose something in one step"`
	Before int  `json:"before" doc:"From how many others something was taken within the last hour, which counts with it"`
	Of     int  `json:"of" doc:"Of how many whom rules are for"`
	Holds  bool `json:"holds" doc:"Whether all of them would be held"`
}

// PersonForeseen is what happens to one person.
type PersonForeseen struct {
	Identity access.IdentityID `json:"identity,omitzero" doc:"None of whoever is not known yet"`
	Name     string            `json:"name"`
	Number   string            `json:"number,omitempty"`
	Happens  []EventKind       `json:"happens"`
	Gains    []access.Named    `json:"gains"`
	Loses    []access.Named    `json:"loses"`
	Held     bool              `json:"held"`

	id           access.IdentityID
	gains, loses []access.EntitlementID
}

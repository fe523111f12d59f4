package goal

import "time"

// Request says which report is wanted.
type Request struct {
	Goal    string    // id of one of the desk's standards; empty: the first
	Compare string    // likewise, of a second one; empty: none
	Month   Month     // zero: the last that is over
	Months  int       // of history, the month included; 0: 12; at most 36
	UnitsOn time.Time // the day whose units are listed; zero: the month's last
	Budget  int64     // đồng; 0: no plan is made
}

// Report is a standard applied to a month: all that was known, as plain values that JSON
// holds. It is in no language: verdicts, reasons and groups are keys of the catalogue.
type Report struct {
	Goal     GoalStamp  `json:"goal"`
	Compared *GoalStamp `json:"compared,omitempty"`
	Month    Month      `json:"month"`
	Over     bool       `json:"over"` // the month was over when it was made
	Made     time.Time  `json:"made"`
	Judged   time.Time  `json:"judged"`            // the newest judgement that was stored; zero: none
	Version  string     `json:"version"`           // of the program
	Known    Known      `json:"known"`             // hashes of what was known
	UnitsOn  time.Time  `json:"units_on"`          // the day whose units are listed
	Sites    []SiteLine `json:"sites"`             // mountain first, then by distance, the farthest first
	Groups   []Group    `json:"groups"`            // province, terrains, areas, units, in this order
	Rollout  Rollout    `json:"rollout"`           // in the month
	Changes  *Changes   `json:"changes,omitempty"` // since the published one of this goal and month; nil: none was published
	Plan     *Plan      `json:"plan,omitempty"`
}

// GoalStamp is which standard was applied: all of it, so that a report explains itself.
type GoalStamp struct {
	Standard
	Hash string `json:"hash"`
}

// Known are SHA-256 in hex of what the report was made from.
type Known struct {
	Inventory    string `json:"inventory"`
	Declarations string `json:"declarations"`
	Days         string `json:"days"`
	Unread       int    `json:"unread,omitempty"` // sheets of declarations that are damaged: older ones may hold in their place
}

// SiteLine is one site in a report.
type SiteLine struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"` // bare, of 2023
	Kind        string         `json:"kind"`
	Area        string         `json:"area"`
	AreaCode    string         `json:"area_code"`
	Terrain     string         `json:"terrain"`
	Verified    bool           `json:"verified"`  // of the terrain
	Mountain    bool           `json:"mountain"`  // shown first
	Unit        string         `json:"unit"`      // on Report.UnitsOn: code; empty: none is known
	UnitName    string         `json:"unit_name"` // bare
	UnitKind    string         `json:"unit_kind"`
	Split       bool           `json:"split"` // the unit before was divided, and this is where the site is counted
	Responsible string         `json:"responsible,omitempty"`
	Lat, Lon    float64        `json:"-"`
	Result                     // of the month
	Compared    *Result        `json:"compared,omitempty"`  // by the second standard
	History     []MonthVerdict `json:"history"`             // oldest first, the month last
	FirstMet    *Month         `json:"first_met,omitempty"` // in the history
	Relapses    []Month        `json:"relapses,omitempty"`  // months not met, or without data, after one that was met
	Todo        []Task         `json:"todo,omitempty"`
	Cost        int64          `json:"cost"`                   // đồng of Todo, as far as prices are held
	CostUnknown bool           `json:"cost_unknown,omitempty"` // of some of it no price is held
	Rollout     string         `json:"rollout"`                // NotInstalled, Installed or Reporting, in the month
}

// MonthVerdict is one month of a history.
type MonthVerdict struct {
	Month   Month   `json:"month"`
	Verdict Verdict `json:"verdict"`
}

// Task is what a site needs: one work, for one or more criteria.
type Task struct {
	Work     string   `json:"work"`     // a name of the standard's Works
	Criteria []string `json:"criteria"` // for which
	Price    int64    `json:"price"`    // đồng; 0: none is held
}

// Kinds of a group.
const (
	OfProvince = "province"
	OfTerrain  = "terrain"
	OfArea     = "area"
	OfUnit     = "unit"
)

// Group sums up sites.
type Group struct {
	Kind    string   `json:"kind"`
	Code    string   `json:"code"` // of an area or a unit; a terrain's name; else empty
	Name    string   `json:"name"` // bare; empty where the catalogue names it
	UnitOf  string   `json:"unit_kind,omitempty"`
	Verdict Verdict  `json:"verdict"` // Met if all its sites are, NotMet if one is not, else NoData
	Met     int      `json:"met"`
	NotMet  int      `json:"not_met"`
	NoData  int      `json:"no_data"`
	Sites   []string `json:"sites"`
	Split   bool     `json:"split,omitempty"` // it holds a site whose unit was divided
}

// Rollout of agents.
const (
	NotInstalled = "not_installed" // never heard
	Installed    = "installed"     // heard before, not in this time
	Reporting    = "reporting"     // heard in this time
)

// Rollout counts them.
type Rollout struct {
	Sites        int `json:"sites"`
	NotInstalled int `json:"not_installed"`
	Installed    int `json:"installed"`
	Reporting    int `json:"reporting"`
	Declared     int `json:"declared"` // of all, with a declaration in force
}

// Plan is the cheapest order of work for a budget: which sites reach the target with it.
type Plan struct {
	Budget  int64      `json:"budget"`
	Spent   int64      `json:"spent"`
	Steps   []PlanStep `json:"steps"`   // in the order of work
	Beyond  []PlanStep `json:"beyond"`  // what the budget does not reach, likewise
	Unknown []string   `json:"unknown"` // sites of which no price can be told: a work has none, or it is not known what is lacking
}

// PlanStep brings one site to the target.
type PlanStep struct {
	Site  string `json:"site"`
	Cost  int64  `json:"cost"`
	Total int64  `json:"total"` // with the steps before it
}

// Changes are what differs from a report that was published.
type Changes struct {
	Since   time.Time    `json:"since"` // when it was made
	Hash    string       `json:"hash"`
	Sites   []SiteChange `json:"sites"`
	Goal    bool         `json:"goal"`      // the standard is another
	Invent  bool         `json:"inventory"` // the inventory is
	Declare bool         `json:"declarations"`
	Days    bool         `json:"days"`
}

// SiteChange is a site whose verdict, or whose verdict on a criterion, is another.
type SiteChange struct {
	Site     string            `json:"site"`
	Was      Verdict           `json:"was"` // empty: it was not in it
	Is       Verdict           `json:"is"`  // empty: it is no more
	Criteria []CriterionChange `json:"criteria,omitempty"`
}

// CriterionChange is a criterion that is judged otherwise.
type CriterionChange struct {
	Criterion string  `json:"criterion"`
	Was       Verdict `json:"was"`
	Is        Verdict `json:"is"`
}

package goal

import "errors"

// Standard is a target as its file says it (goal-2023-05.yaml explains each key).
type Standard struct {
	ID       string          `json:"id"`     // "may-2023": what --goal names
	Name     Words           `json:"name"`   // in a heading
	Note     Words           `json:"note"`   // what it is, and what it is not
	Source   Words           `json:"source"` // where the target is from
	Criteria []Criterion     `json:"criteria"`
	Works    map[string]Work `json:"works"` // what can be done, by name
	Hash     string          `json:"-"`     // SHA-256 of the file, hex
}

// Groups of criteria, as the province groups them.
const (
	GroupLine      = "line"      // đường truyền
	GroupNetwork   = "network"   // mạng
	GroupEquipment = "equipment" // trang thiết bị
	GroupData      = "data"      // dữ liệu
)

// Groups are all, in the order in which they are shown.
var Groups = []string{GroupLine, GroupNetwork, GroupEquipment, GroupData}

// Kinds of evidence on which a criterion may rest.
const (
	ByMeasured = "measured" // days of measurements
	ByDeclared = "declared" // what the commune declared
	ByEither   = "either"   // one of the two that shows it is enough
)

// Criterion is one thing that is asked of an office.
type Criterion struct {
	ID       string   `json:"id"`
	Group    string   `json:"group"`
	Name     Words    `json:"name"`
	Measure  string   `json:"measure"`            // of Measures
	AtLeast  *float64 `json:"at_least,omitempty"` // exactly one of the two; in the measure's unit
	AtMost   *float64 `json:"at_most,omitempty"`
	Mountain *float64 `json:"mountain,omitempty"` // instead, at highland, mountain and unverified offices
	Evidence string   `json:"evidence"`           // ByMeasured, ByDeclared or ByEither

	// Of measured evidence: a window of so many months that ends with the month; the
	// percent of its due days that must be good; the percent of a due day that must be
	// known before the day is good or bad.
	Months   int     `json:"months,omitempty"`
	Days     float64 `json:"days,omitempty"`
	DayKnown float64 `json:"day_known,omitempty"`

	// Of declared evidence: how many months it may be old at the month's end.
	DeclaredMonths int `json:"declared_months,omitempty"`

	LAN2023 string `json:"lan_2023,omitempty"` // asked only of offices in areas whose LAN was called so in 2023
	Exempt  string `json:"exempt,omitempty"`   // the rule by which an office is let off; "power_steady"

	Source Words  `json:"source"` // why this figure
	Rule   Words  `json:"rule"`   // the rule or guide that a locality may rely on
	Work   string `json:"work"`   // what is to be done where it is not met: a name of Works
}

// Who is responsible for a work.
const (
	Locality = "locality" // the head of the locality
	Provider = "provider" // the line's provider, called by the locality
	Province = "province" // the province's own staff
)

// Work is what is needed where a criterion is not met.
type Work struct {
	Name        Words  `json:"name"`
	Responsible string `json:"responsible"`    // Locality, Provider or Province
	Rule        Words  `json:"rule"`           // which rule allows it
	Price       int64  `json:"price"`          // đồng, once; 0: the file holds none, unless the work is free
	Free        bool   `json:"free,omitempty"` // nothing has to be bought
	PriceSource Words  `json:"price_source"`
}

// Works that every standard has whose criteria need them: where evidence is lacking, it
// is evidence that has to be got first.
const (
	WorkInstall = "install_agent" // nothing at all was measured
	WorkMeasure = "measure_more"  // too little was, or not what the criterion needs
	WorkDeclare = "declare"       // nothing is declared, or it is too old
)

// Cost is what a work costs in đồng; false: nobody knows.
func (w Work) Cost() (int64, bool) { return w.Price, w.Price > 0 || w.Free }

// Load reads a standard: an id of one that is embedded, or a path. The error is a
// [settings.Problems] with file, line and column if the file could be opened.
func Load(nameOrPath string) (*Standard, error) {
	return nil, errors.New("not yet")
}

// Embedded are the standards that come with the program, May 2023's first.
func Embedded() []*Standard { return nil }

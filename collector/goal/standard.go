package goal

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"communewatch/collector/settings"
)

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

// PowerSteady is the exemption of an office where power does not fail.
const PowerSteady = "power_steady"

// Criterion is one thing that is asked of an office.
type Criterion struct {
	ID       string   `json:"id"`
	Group    string   `json:"group"`
	Name     Words    `json:"name"`
	Measure  string   `json:"measure"`            // of Measures
	AtLeast  *float64 `json:"at_least,omitempty"` // exactly one of the two; in the measure's unit
	AtMost   *float64 `json:"at_most,omitempty"`
	Mountain *float64 `json:"mountain,omitempty"` // instead, at highland and mountain offices; where the terrain is unknown, the stricter of the two holds
	Evidence string   `json:"evidence"`           // ByMeasured, ByDeclared or ByEither

	// Of measured evidence: a window of so many months that ends with the month; the
	// percent of its due days that must be good; the percent of a due day that must be
	// known before the day is good or bad.
	Months   int     `json:"months,omitempty"`
	Days     float64 `json:"days,omitempty"` // of a lower bound: of the exemption only
	DayKnown float64 `json:"day_known,omitempty"`

	// Of declared evidence: how many months it may be old at the month's end.
	DeclaredMonths int `json:"declared_months,omitempty"`

	LAN2023 string `json:"lan_2023,omitempty"` // asked only of offices in areas whose LAN was called so in 2023
	Exempt  string `json:"exempt,omitempty"`   // the rule by which an office is let off: PowerSteady

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

// StandardText is goal-2023-05.yaml, for people to read and to begin with.
//
//go:embed goal-2023-05.yaml
var StandardText string

// Embedded are the standards that come with the program, May 2023's first. They are not
// to be changed.
func Embedded() []*Standard { return slices.Clone(embedded()) }

// embedded reads them once; a test holds that they are right.
var embedded = sync.OnceValue(func() []*Standard {
	s, err := decode("goal-2023-05.yaml", []byte(StandardText), nil)
	if err != nil {
		panic("goal: the embedded standard is wrong:\n" + err.Error())
	}
	return []*Standard{s}
})

// Load reads a standard: an id of one that is embedded, or a path. The error is a
// [settings.Problems] with file, line and column if the file could be opened.
func Load(nameOrPath string) (*Standard, error) {
	for _, s := range embedded() {
		if s.ID == nameOrPath {
			return s, nil
		}
	}
	f, err := os.Open(nameOrPath)
	if err != nil {
		return nil, fmt.Errorf("read standard: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, settings.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read standard %s: %w", nameOrPath, err)
	}
	return decode(nameOrPath, data, embedded())
}

// decode reads a file beside those whose ids are taken. The very file of one is that one.
func decode(name string, data []byte, taken []*Standard) (*Standard, error) {
	hash := sha256.Sum256(data)
	s := &Standard{Hash: hex.EncodeToString(hash[:])}
	read, err := settings.Decode(name, data, s)
	if s.ID == "" && len(s.Criteria) == 0 && err != nil {
		return nil, err // no YAML at all: that everything is missing need not be said
	}
	check{s, read}.all(taken)
	if err := read.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

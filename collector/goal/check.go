package goal

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/collector/settings"
)

// Limits of a standard's file, in bytes and pieces.
const (
	maxName     = 120
	maxSentence = 600
	maxNote     = 2000
	maxCriteria = 60
	maxWorks    = 60
	maxPrice    = 1_000_000_000_000
)

var (
	standardID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`) // files of published reports are called so
	pieceID    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
)

// check says all that is wrong with a standard.
type check struct {
	s    *Standard
	read *settings.File
}

func (k check) all(taken []*Standard) {
	s := k.s
	if k.id("id", s.ID, standardID, "-") && slices.ContainsFunc(taken, func(t *Standard) bool { return t.ID == s.ID && t.Hash != s.Hash }) {
		k.read.Complain("id", "goal.id_taken", s.ID)
	}
	k.words("name", s.Name, maxName)
	k.words("note", s.Note, maxNote)
	k.words("source", s.Source, maxSentence)
	k.between("criteria", float64(len(s.Criteria)), 1, maxCriteria)
	k.between("works", float64(len(s.Works)), 1, maxWorks)
	if len(s.Criteria) > maxCriteria || len(s.Works) > maxWorks {
		return
	}
	seen := map[string]bool{}
	for i := range s.Criteria {
		c := &s.Criteria[i]
		at := fmt.Sprintf("criteria[%d].", i)
		if k.id(at+"id", c.ID, pieceID, "_") && seen[c.ID] {
			k.read.Complain(at+"id", "config.twice", c.ID)
		}
		seen[c.ID] = true
		k.criterion(at, c)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Works)) {
		k.work(name)
	}
	k.needed()
}

func (k check) criterion(at string, c *Criterion) {
	k.words(at+"name", c.Name, maxName)
	k.words(at+"source", c.Source, maxSentence)
	k.words(at+"rule", c.Rule, maxSentence)
	k.oneOf(at+"group", c.Group, Groups...)
	k.oneOf(at+"evidence", c.Evidence, ByMeasured, ByDeclared, ByEither)
	if c.LAN2023 != "" {
		k.oneOf(at+"lan_2023", c.LAN2023, inventory.LANAverage)
	}
	if c.Exempt != "" {
		k.oneOf(at+"exempt", c.Exempt, PowerSteady)
	}
	if _, there := k.s.Works[c.Work]; !there {
		k.read.Complain(at+"work", "goal.no_work", c.Work)
	}
	m := MeasureOf(c.Measure)
	if m == nil {
		k.oneOf(at+"measure", c.Measure, measureNames()...)
		return
	}
	k.threshold(at, c, m)
	k.evidence(at, c, m)
}

func measureNames() (names []string) {
	for _, m := range Measures {
		names = append(names, m.Name)
	}
	return names
}

func (k check) threshold(at string, c *Criterion, m *Measure) {
	if (c.AtLeast == nil) == (c.AtMost == nil) {
		k.read.Complain(at+"at_least", "goal.threshold")
		return
	}
	if c.AtMost != nil && m.LowerBound && c.Evidence != ByDeclared {
		k.read.Complain(at+"at_most", "goal.least_only", m.Name)
	}
	for _, t := range []struct {
		key   string
		value *float64
	}{{"at_least", c.AtLeast}, {"at_most", c.AtMost}, {"mountain", c.Mountain}} {
		if t.value != nil {
			low, high := m.bounds(c.AtMost != nil)
			k.between(at+t.key, *t.value, low, high)
		}
	}
}

// bounds are those of a threshold that something may fail to meet.
func (m *Measure) bounds(atMost bool) (low, high float64) {
	low, high = 0.01, 10_000
	if atMost {
		low = 0
	}
	switch {
	case m.Name == "uplink":
		high = 1
	case m.Unit == "%" && atMost:
		high = 99.99
	case m.Unit == "%":
		high = 100
	case m.Unit == "ms":
		high = 120_000
	case m.Unit == "Mbit/s":
		high = 1_000_000
	}
	return low, high
}

// evidence checks that what the criterion rests on is there, and that nothing is said that
// would not count.
func (k check) evidence(at string, c *Criterion, m *Measure) {
	if !m.Measured && c.measured() || !m.Declared && c.declared() {
		k.read.Complain(at+"evidence", "goal.no_evidence", m.Name, c.Evidence)
		return
	}
	k.figure(at+"months", float64(c.Months), 1, 12, c.measured())
	k.figure(at+"day_known", c.DayKnown, 0, 100, c.measured())
	k.figure(at+"days", c.Days, 0, 100, c.measured() && (!m.LowerBound || c.Exempt != ""))
	k.figure(at+"declared_months", float64(c.DeclaredMonths), 1, 120, c.declared())
	if c.Exempt != "" && !c.measured() {
		k.read.Complain(at+"exempt", "goal.exempt_measured", c.Exempt)
	}
}

// figure is wanted, above low or from it if that is not 0; or it counts for nothing and is
// not to be there.
func (k check) figure(path string, value, low, high float64, wanted bool) {
	switch {
	case !wanted && value != 0:
		k.read.Complain(path, "goal.unused", last(path))
	case wanted && value == 0:
		k.read.Complain(path, "config.missing", last(path))
	case wanted:
		k.between(path, value, low, high)
	}
}

func (k check) work(name string) {
	w, at := k.s.Works[name], "works."+name
	k.id(at, name, pieceID, "_")
	k.words(at+".name", w.Name, maxName)
	k.words(at+".rule", w.Rule, maxSentence)
	k.words(at+".price_source", w.PriceSource, maxSentence)
	k.oneOf(at+".responsible", w.Responsible, Locality, Provider, Province)
	k.between(at+".price", float64(w.Price), 0, maxPrice)
	if w.Free && w.Price != 0 {
		k.read.Complain(at+".price", "goal.free_price")
	}
}

// needed are works that evidence may need, and none that nothing does.
func (k check) needed() {
	used := map[string]bool{}
	for i := range k.s.Criteria {
		c := &k.s.Criteria[i]
		used[c.Work] = true
		if c.declared() {
			used[WorkDeclare] = true
		} else {
			used[WorkInstall], used[WorkMeasure] = true, true
		}
	}
	for _, name := range []string{WorkInstall, WorkMeasure, WorkDeclare} {
		if _, there := k.s.Works[name]; !there && used[name] {
			k.read.Complain("works", "goal.no_work", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(k.s.Works)) {
		if !used[name] {
			k.read.Complain("works."+name, "goal.idle_work", name)
		}
	}
}

// id tells whether a name is one that files and reports can hold.
func (k check) id(path, id string, want *regexp.Regexp, sign string) bool {
	if !want.MatchString(id) {
		k.read.Complain(path, "goal.id", id, sign)
		return false
	}
	return true
}

// words are there in both languages, neither too long nor with breaks that a table or a
// sheet would not bear.
func (k check) words(path string, w Words, most int) {
	for _, one := range []struct {
		lang say.Lang
		text string
	}{{say.Vietnamese, w.VI}, {say.English, w.EN}} {
		at := path + "." + string(one.lang)
		switch {
		case strings.TrimSpace(one.text) == "":
			k.read.Complain(at, "config.missing", path[strings.Index(path, ".")+1:]+"."+string(one.lang))
		case len(one.text) > most:
			k.read.Complain(at, "config.too_long", at, most)
		case strings.ContainsFunc(one.text, unicode.IsControl):
			k.read.Complain(at, "goal.control", at)
		}
	}
}

func (k check) oneOf(path, value string, known ...string) {
	switch {
	case value == "":
		k.read.Complain(path, "config.missing", last(path))
	case !slices.Contains(known, value):
		k.read.Complain(path, "config.one_of", strconv.Quote(value), strings.Join(known, ", "))
	}
}

func (k check) between(path string, value, low, high float64) {
	if value < low || value > high {
		k.read.Complain(path, "policy.range", last(path), short(value), short(low), short(high))
	}
}

func short(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func last(path string) string { return path[strings.LastIndex(path, ".")+1:] }

package goal

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"math"
	"slices"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/goal/declared"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
)

// Evidence is all that a verdict on one site in one month rests on.
type Evidence struct {
	Site     inventory.Site
	LAN2023  string // of its area, as inventory.Area has it
	Month    Month
	Now      time.Time             // days that are not over yet are not due yet, but count as to come
	Due      []DueDay              // days of the longest window, up to the month's end, on which the office shall be open, by the calendar and less maintenance; oldest first
	Days     []judge.Period        // site_day of these days, oldest first; a day without one has no evidence
	Declared *declared.Declaration // in force at the month's end; nil: none
}

// DueDay is a day of Vietnam on which an office shall be open.
type DueDay struct {
	Day     time.Time // its first moment
	Seconds int64     // of it due: open by calendar, less maintenance
}

const siteDay = "site_day"

// basis are the columns of a day that every report needs: how much of it is known, and
// whether the office was heard.
var basis = []string{"due_seconds", "unknown_seconds", "maintenance_seconds", "sent", "received", "rounds", "requests"}

// columnsOf are the further ones that a measure is made of. A day has three dozen, and
// what a year of a province costs follows their number.
var columnsOf = map[string][]string{
	"availability_percent":     {"down_seconds"},
	"rtt_p95_ms":               {"rtt_p95_ms"},
	"down_mbps":                {"peak_in_bps"},
	"up_mbps":                  {"peak_out_bps"},
	"routers":                  {"router_asked", "router_answered"},
	"switches":                 {"switch_asked", "switch_answered"},
	"upses":                    {"ups_asked", "ups_answered"},
	"printers":                 {"printer_asked", "printer_answered"},
	"router_answered_percent":  {"router_asked", "router_answered"},
	"switch_answered_percent":  {"switch_asked", "switch_answered"},
	"ups_answered_percent":     {"ups_asked", "ups_answered"},
	"printer_answered_percent": {"printer_asked", "printer_answered"},
	"lan_loss_percent":         {"lan_sent", "lan_received"},
	"correct_percent":          {"clock_told", "clock_wrong", "points", "rejected"},
	"complete_percent":         {"rounds_due", "devices_due", "devices"},
	"clean_percent":            {"points", "rejected", "batches", "duplicates", "interfaces", "unnamed"},
	"live_percent":             {"stale_seconds", "late"},
}

// powerSteady is the rule of exemption that looks at days itself.
const powerSteady = "power_steady"

// columns are those that a standard needs, sorted.
func (s *Standard) columns() []string {
	all := slices.Clone(basis)
	for i := range s.Criteria {
		c := &s.Criteria[i]
		if c.Evidence != ByDeclared {
			all = append(all, columnsOf[c.Measure]...)
		}
		if c.Exempt == powerSteady {
			all = append(all, "power_cuts")
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// window is how many months its longest window has, the month included.
func (s *Standard) window() int {
	months := 1
	for i := range s.Criteria {
		months = max(months, s.Criteria[i].Months)
	}
	return months
}

// measuredDays are the days of all sites, by id, oldest first, with what tells whether
// they are the same as another time.
type measuredDays struct {
	by   map[string][]judge.Period
	hash string // over the rows of the month's own window
}

// daysAtOnce is how many days one question asks: parts are read beside one another.
const daysAtOnce = 92

// firstDay is before any day that was judged, and within what a database can name.
var firstDay = time.Date(2020, 1, 1, 0, 0, 0, 0, inventory.Zone())

// readDays reads site_day of from..until, as far as it may be there yet; those from
// hashFrom on, in the first standard's columns, make the hash.
func (d *Desk) readDays(ctx context.Context, q dayQuery) (measuredDays, error) {
	from, until := later(q.from, firstDay), earlier(q.until, q.now)
	parts, err := d.readParts(ctx, partsOf(from, until), q.columns)
	if err != nil {
		return measuredDays{}, err
	}
	m := measuredDays{by: map[string][]judge.Period{}}
	sum := newDaySum(q.hashed)
	for _, series := range parts {
		for _, one := range series {
			site := one.Tags[api.TagSite]
			days := slices.Grow(m.by[site], len(one.Rows))
			for _, row := range one.Rows {
				days = append(days, judge.PeriodOf(site, row))
				if !row.Time.Before(q.hashFrom) {
					sum.add(site, row)
				}
			}
			m.by[site] = days
		}
	}
	m.hash = sum.hex()
	return m, nil
}

// dayQuery says which days are wanted.
type dayQuery struct {
	from, until, now time.Time
	columns          []string
	hashFrom         time.Time
	hashed           []string
}

// partsOf cuts a time into such as one question asks of, oldest first.
func partsOf(from, until time.Time) []judge.Span {
	var parts []judge.Span
	for from.Before(until) {
		to := earlier(from.AddDate(0, 0, daysAtOnce), until)
		parts = append(parts, judge.Span{From: from, To: to})
		from = to
	}
	return parts
}

func (d *Desk) readParts(ctx context.Context, parts []judge.Span, columns []string) ([][]store.Series, error) {
	selected := make([]store.Selector, len(columns))
	for i, name := range columns {
		selected[i] = store.Selector{Field: name}
	}
	read := make([][]store.Series, len(parts))
	err := besides(ctx, len(parts), func(ctx context.Context, i int) (err error) {
		read[i], err = d.deps.Store.Select(ctx, store.Query{
			Measurement: siteDay, Select: selected, From: parts[i].From, To: parts[i].To, By: []string{api.TagSite},
		})
		return err
	})
	return read, err
}

// daySum is a hash over rows: of each site's in their order, then of the sites in theirs,
// so that it does not follow into which parts a reading was cut.
type daySum struct {
	columns []string
	sites   map[string]hash.Hash
	buffer  []byte
}

func newDaySum(columns []string) *daySum {
	return &daySum{columns: columns, sites: map[string]hash.Hash{}}
}

func (s *daySum) add(site string, row store.Row) {
	sum := s.sites[site]
	if sum == nil {
		sum = sha256.New()
		s.sites[site] = sum
	}
	b := binary.BigEndian.AppendUint64(s.buffer[:0], uint64(row.Time.Unix()))
	for _, name := range s.columns {
		v, there := row.Values[name]
		if !there {
			b = append(b, 0)
			continue
		}
		b = append(b, 1)
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(v.Float()))
	}
	s.buffer = b
	sum.Write(b)
}

func (s *daySum) hex() string {
	all := sha256.New()
	for _, site := range slices.Sorted(maps.Keys(s.sites)) {
		all.Write(s.sites[site].Sum([]byte(site)))
	}
	return hex.EncodeToString(all.Sum(nil))
}

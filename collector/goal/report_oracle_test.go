//go:build integration

package goal

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
)

// oracleFigure is a figure of a day as a sum would have it: exact, from the rows' counts.
var oracleFigure = map[string]func(p *judge.Period) (part, of int64, told bool){
	"availability_percent":    func(p *judge.Period) (int64, int64, bool) { k := oracleKnown(p); return k - p.Down, k, k > 0 },
	"loss_percent":            func(p *judge.Period) (int64, int64, bool) { return p.Sent - p.Received, p.Sent, p.Sent > 0 },
	"lan_loss_percent":        func(p *judge.Period) (int64, int64, bool) { return p.LANSent - p.LANReceived, p.LANSent, p.LANSent > 0 },
	"router_answered_percent": func(p *judge.Period) (int64, int64, bool) { return p.RouterAnswered, p.RouterAsked, p.RouterAsked > 0 },
	"switch_answered_percent": func(p *judge.Period) (int64, int64, bool) { return p.SwitchAnswered, p.SwitchAsked, p.SwitchAsked > 0 },
	"uplink":                  func(p *judge.Period) (int64, int64, bool) { return min(p.Received, 1), 100, p.Sent > 0 },
	"down_mbps":               func(p *judge.Period) (int64, int64, bool) { return p.PeakIn, 100_000_000, p.PeakIn > 0 },
	"routers":                 func(p *judge.Period) (int64, int64, bool) { return min(p.RouterAnswered, 1), 100, p.RouterAsked > 0 },
	"switches":                func(p *judge.Period) (int64, int64, bool) { return min(p.SwitchAnswered, 1), 100, p.SwitchAsked > 0 },
	"upses":                   func(p *judge.Period) (int64, int64, bool) { return min(p.UPSAnswered, 1), 100, p.UPSAsked > 0 },
	"printers":                func(p *judge.Period) (int64, int64, bool) { return min(p.PrinterAnswered, 1), 100, p.PrinterAsked > 0 },
	"rtt_p95_ms":              func(p *judge.Period) (int64, int64, bool) { return int64(p.RTT[1] * 1000), 100_000, p.Received > 0 },
	"live_percent": func(p *judge.Period) (int64, int64, bool) {
		a, b := p.Due-p.Stale, p.Requests-p.Late
		if p.Requests > 0 && b*p.Due < a*p.Requests {
			return b, p.Requests, p.Due > 0
		}
		return a, p.Due, p.Due > 0
	},
	"complete_percent": func(p *judge.Period) (int64, int64, bool) {
		if p.DevicesDue > 0 && p.Devices*p.RoundsDue < p.Rounds*p.DevicesDue {
			return p.Devices, p.DevicesDue, p.RoundsDue > 0
		}
		return p.Rounds, p.RoundsDue, p.RoundsDue > 0
	},
}

func oracleKnown(p *judge.Period) int64 { return p.Due - p.Unknown - p.Maintenance }

// oracleReaches holds 100*part/of against a threshold without rounding.
func oracleReaches(part, of int64, threshold float64) int {
	t, _ := new(big.Rat).SetString(fmt.Sprint(threshold))
	return big.NewRat(100*part, of).Cmp(t)
}

// oracleDay draws a day: whole, or off by what lies at and beside thresholds.
func oracleDay(r *rand.Rand, p *judge.Period) bool {
	if r.IntN(12) == 0 {
		return false // nothing is stored
	}
	bad := r.IntN(3) == 0
	off := func(n int64, permille ...int64) int64 {
		if !bad {
			return 0
		}
		return n*permille[r.IntN(len(permille))]/1000 + int64(r.IntN(3)-1)
	}
	if p.Due > 0 {
		p.Unknown = max(0, off(p.Due, 0, 0, 0, 500, 200, 900, 1000))
		p.Unknown = min(p.Unknown, p.Due)
		p.Down = min(max(0, off(p.Due-p.Unknown, 0, 10, 50)), p.Due-p.Unknown)
		p.Stale = min(max(0, off(p.Due, 100, 200, 0)), p.Due)
	}
	p.Received = p.Sent - max(0, off(p.Sent, 20, 50, 0))
	p.LANReceived = p.LANSent - max(0, off(p.LANSent, 10, 2, 0))
	p.RouterAnswered = p.RouterAsked - max(0, off(p.RouterAsked, 10, 30, 0))
	p.SwitchAnswered = p.SwitchAsked - max(0, off(p.SwitchAsked, 10, 30, 0))
	p.Rounds = p.RoundsDue - max(0, off(p.RoundsDue, 100, 200, 0))
	if bad && r.IntN(2) == 0 {
		p.Devices = int64(r.IntN(5))
		p.RTT[1] = []float64{100, 100.001, 99.999, 300, 300.001}[r.IntN(5)]
		p.PeakIn = []int64{10_000_000, 9_999_999, 20_000_000, 19_999_999, 0}[r.IntN(5)]
		p.UPSAsked, p.UPSAnswered = int64(r.IntN(2)), 0
		p.PowerCuts = int64(r.IntN(2))
	}
	return true
}

func oracleInventory(t testing.TB, maintenance ...string) *inventory.Inventory {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../inventory/binhdinh")); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"maintenance.csv": "from,until,scope,reason\n" + strings.Join(maintenance, "\n") + "\n",
		"calendars.yaml":  "calendars:\n  six: {hours: ['mon-sat 07:15-11:30', 'mon-sat 13:00-17:00'], closed: ['2026-03-10 to 2026-03-12']}\nsites: {bd-21553: six, bd-21631: always}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inv, err := inventory.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

// lackingStore forgets some days.
type lackingStore struct {
	*store.Store
	lacks func(site string, day time.Time) bool
}

func (s *lackingStore) Scan(ctx context.Context, q store.Query, each func(map[string]string, time.Time, []api.Value)) error {
	return s.Store.Scan(ctx, q, func(tags map[string]string, at time.Time, values []api.Value) {
		if s.lacks == nil || !s.lacks(tags[api.TagSite], at) {
			each(tags, at, values)
		}
	})
}

// oraclePlanned is work that is planned: over days, over the new year, twice at once, and within an hour.
var oraclePlanned = [][3]string{
	{"2026-02-03 08:00", "2026-02-05 12:00", "all"}, {"2026-02-05 11:00", "2026-02-05 16:00", "bd-21550"},
	{"2025-12-31 16:30", "2026-01-02 07:30", "540"}, {"2026-01-05 09:10", "2026-01-05 09:25", "all"},
}

var oracleSites = []string{"bd-21550", "bd-21553", "bd-21631", "bd-21634", "bd-21862", "bd-21997"}

// oracleWorld is half a year of six offices, of which one joins in the middle of a month,
// with Tết in it, and days that were written twice.
type oracleWorld struct {
	*reportWorld
	*rand.Rand
	store *lackingStore
	days  map[string]map[time.Time]judge.Period // as they were written last
	open  map[string]map[time.Time]int64        // seconds without planned work
}

func newOracleWorld(t *testing.T) *oracleWorld {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	w := &oracleWorld{
		newReportWorld(t, "2026-03-16 15:00"), rand.New(rand.NewPCG(seed, 1)), nil,
		map[string]map[time.Time]judge.Period{}, map[string]map[time.Time]int64{},
	}
	rows := make([]string, len(oraclePlanned))
	for i, p := range oraclePlanned {
		rows[i] = strings.Join(p[:], ",") + ",x"
	}
	w.inv = oracleInventory(t, rows...)
	w.store = &lackingStore{Store: w.reportWorld.store.Store}
	w.desk.deps.Store = w.store
	for _, id := range oracleSites {
		w.office(id)
	}
	w.says("bd-21550", "2025-12-01")
	w.says("bd-21553", "2025-03-31")
	w.says("bd-21997", "2026-02-28")
	return w
}

// office stores its days.
func (w *oracleWorld) office(id string) {
	site, _ := w.inv.Site(id)
	w.days[id], w.open[id] = map[time.Time]judge.Period{}, map[time.Time]int64{}
	joined := Month{2025, 9}.From()
	if id == "bd-21862" {
		joined = reportAt(w.t, "2026-02-12 00:00")
	}
	var lines []byte
	for day := (Month{2025, 9}).From(); day.Before(Month{2026, 4}.From()); day = day.AddDate(0, 0, 1) {
		p := standardDay(DueDay{day, 0})
		p.Site = id
		p.Due, w.open[id][day] = w.openOn(&site, day)
		for range 1 + w.IntN(5)/4 {
			if q := p; !day.Before(joined) && oracleDay(w.Rand, &q) {
				w.days[id][day] = q
				var err error
				if lines, err = q.Point(siteDay).AppendLine(lines); err != nil {
					w.t.Fatal(err)
				}
			}
		}
	}
	if err := w.reportWorld.store.Write(w.t.Context(), api.Hourly, lines); err != nil {
		w.t.Fatal(err)
	}
}

// openOn counts a day's seconds, all and those without planned work, by five minutes.
func (w *oracleWorld) openOn(site *inventory.Site, day time.Time) (all, left int64) {
	const step = 5 * time.Minute
	var planned []judge.Span
	for _, p := range oraclePlanned {
		if p[2] == "all" || p[2] == site.ID || p[2] == site.AreaCode {
			planned = append(planned, judge.Span{From: reportAt(w.t, p[0]), To: reportAt(w.t, p[1])})
		}
	}
	for at := day; at.Before(day.AddDate(0, 0, 1)); at = at.Add(step) {
		if !site.Due(at) {
			continue
		}
		all += int64(step / time.Second)
		if !slices.ContainsFunc(planned, func(p judge.Span) bool { return !at.Before(p.From) && at.Before(p.To) }) {
			left += int64(step / time.Second)
		}
	}
	return all, left
}

// expect counts the days of a criterion as a finding has them.
func (w *oracleWorld) expect(c *Criterion, site *inventory.Site, month Month) (want Measured) {
	threshold, atLeast := c.AtLeast, true
	if c.AtMost != nil {
		threshold, atLeast = c.AtMost, false
	}
	if c.Mountain != nil && site.Terrain != inventory.Plain {
		threshold = c.Mountain
	}
	lower := MeasureOf(c.Measure).LowerBound
	for day := month.Add(1 - c.Months).From(); day.Before(month.Until()); day = day.AddDate(0, 0, 1) {
		open := w.open[site.ID][day]
		if open == 0 {
			continue
		}
		want.Due++
		if day.AddDate(0, 0, 1).After(w.now) {
			want.ToCome++
			continue
		}
		p, there := w.days[site.ID][day]
		part, of, told := oracleFigure[c.Measure](&p)
		if !there || !told || oracleKnown(&p)*100 < int64(c.DayKnown)*open {
			want.Missing++
			continue
		}
		switch beside := oracleReaches(part, of, *threshold); {
		case atLeast && beside >= 0 || !atLeast && beside <= 0:
			want.Good++
		case lower:
			want.Missing++
		default:
			want.Bad++
		}
	}
	if want.Needed = (int(c.Days)*want.Due + 99) / 100; lower {
		want.Needed = min(1, want.Due)
	}
	return want
}

// What a report counts is what anyone counts from the stored days, the calendar and a
// list of planned work, without floats.
func TestAReportCountsWhatAnyoneCountsFromTheSameDays(t *testing.T) {
	w := newOracleWorld(t)
	standard, _ := w.desk.Standard("")
	for _, month := range []Month{{2025, 12}, {2026, 1}, {2026, 2}, {2026, 3}} {
		report := w.report(Request{Month: month, Months: 1})
		for _, id := range oracleSites {
			site, _ := w.inv.Site(id)
			if site.Terrain == inventory.Unknown {
				t.Fatalf("%s is of no known terrain", id)
			}
			for _, f := range report.reportLine(t, id).Findings {
				at := slices.IndexFunc(standard.Criteria, func(c Criterion) bool { return c.ID == f.Criterion })
				c := &standard.Criteria[at]
				if oracleFigure[c.Measure] == nil {
					continue
				}
				want, m := w.expect(c, &site, month), f.Measured
				if got := (Measured{Due: m.Due, Good: m.Good, Bad: m.Bad, Missing: m.Missing, ToCome: m.ToCome, Needed: m.Needed}); got != want {
					t.Errorf("%s %s %s: %+v, want %+v", month, id, c.ID, got, want)
				}
				verdict := NoData
				switch {
				case want.Due > 0 && want.Good >= want.Needed:
					verdict = Met
				case want.Bad > want.Due-want.Needed:
					verdict = NotMet
				}
				if c.Evidence == ByMeasured && f.Verdict != verdict {
					t.Errorf("%s %s %s: %s, want %s", month, id, c.ID, f.Verdict, verdict)
				}
			}
		}
	}
}

// Whatever days are lost, no verdict of the whole report is better for it, nor nearer to
// the target, nor is one of its history.
func TestAReportOfFewerDaysIsNowhereBetter(t *testing.T) {
	w := newOracleWorld(t)
	met := func(v Verdict) int {
		if v == Met || v == Exempt {
			return 1
		}
		return 0
	}
	request := Request{Month: Month{2026, 2}, Months: 3}
	before := w.report(request)
	for _, one := range []int{2, 5, 30, 200} {
		lost := map[string]map[time.Time]bool{}
		for id, days := range w.days {
			lost[id] = map[time.Time]bool{}
			for _, day := range slices.SortedFunc(maps.Keys(days), time.Time.Compare) {
				lost[id][day.UTC()] = w.IntN(one) == 0
			}
		}
		w.store.lacks = func(site string, day time.Time) bool { return lost[site][day.UTC()] }
		w.desk.recent = recent{}
		after := w.report(request)
		for _, id := range oracleSites {
			was, is := before.reportLine(t, id), after.reportLine(t, id)
			if met(is.Verdict) > met(was.Verdict) || is.Distance < was.Distance-1e-9 {
				t.Errorf("%s: %s (%v) became %s (%v)", id, was.Verdict, was.Distance, is.Verdict, is.Distance)
			}
			for i := range was.Findings {
				if met(is.Findings[i].Verdict) > met(was.Findings[i].Verdict) {
					t.Errorf("%s %s: %s became %s", id, was.Findings[i].Criterion, was.Findings[i].Verdict, is.Findings[i].Verdict)
				}
			}
			for i := range was.History {
				if met(is.History[i].Verdict) > met(was.History[i].Verdict) {
					t.Errorf("%s in %s: %s became %s", id, was.History[i].Month, was.History[i].Verdict, is.History[i].Verdict)
				}
			}
		}
	}
}

//go:build integration

package goal

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/goal/declared"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"
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

// What a report counts is what anyone counts from the stored days, the calendar and a
// list of planned work, minute by minute and without floats.
func TestAReportCountsWhatAnyoneCountsFromTheSameDays(t *testing.T) {
	planned := []string{
		"2026-02-03 08:00,2026-02-05 12:00,all,x", "2026-02-05 11:00,2026-02-05 17:00,bd-21550,y", "2025-12-31 16:30,2026-01-02 07:30,540,z", "2026-01-05 09:10,2026-01-05 09:25,all,q",
	}
	spans := [][3]string{
		{"2026-02-03 08:00", "2026-02-05 12:00", "all"}, {"2026-02-05 11:00", "2026-02-05 17:00", "bd-21550"}, {"2025-12-31 16:30", "2026-01-02 07:30", "540"}, {"2026-01-05 09:10", "2026-01-05 09:25", "all"},
	}
	ids := []string{"bd-21550", "bd-21553", "bd-21631", "bd-21634", "bd-21862", "bd-21997"}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("SEED"); s != "" {
		fmt.Sscan(s, &seed)
	}
	t.Log("seed", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	w := newReportWorld(t, "2026-03-16 15:00")
	w.inv = oracleInventory(t, planned...)
	lacking := &lackingStore{Store: w.store.Store}
	w.desk.deps.Store = lacking
	stored := map[string]map[time.Time]judge.Period{}
	for i, id := range ids {
		site, _ := w.inv.Site(id)
		stored[id] = map[time.Time]judge.Period{}
		from := Month{2025, 9}.From()
		if i == 4 {
			from = reportAt(t, "2026-02-12 00:00") // it joins
		}
		var lines []byte
		for day := from; day.Before(Month{2026, 4}.From()); day = day.AddDate(0, 0, 1) {
			p := standardDay(DueDay{day, 0})
			p.Site = id
			for m := day; m.Before(day.AddDate(0, 0, 1)); m = m.Add(15 * time.Minute) {
				if site.Due(m) {
					p.Due += 900
				}
			}
			// Written twice: the second is what counts.
			if r.IntN(5) == 0 {
				q := p
				oracleDay(r, &q)
				lines, _ = q.Point(siteDay).AppendLine(lines)
				if !oracleDay(r, &p) {
					p = q
					stored[id][day] = q
					continue
				}
			} else if !oracleDay(r, &p) {
				continue
			}
			var err error
			if lines, err = p.Point(siteDay).AppendLine(lines); err != nil {
				t.Fatal(err)
			}
			stored[id][day] = p
		}
		if err := w.store.Write(t.Context(), api.Hourly, lines); err != nil {
			t.Fatal(err)
		}
	}
	w.says("bd-21550", "2025-12-01")
	w.says("bd-21553", "2025-03-31")
	w.says("bd-21997", "2026-02-28")
	standard, _ := w.desk.Standard("")
	checked := 0
	for _, month := range []Month{{2025, 12}, {2026, 1}, {2026, 2}, {2026, 3}} {
		report := w.report(Request{Month: month, Months: 3})
		for _, id := range ids {
			site, _ := w.inv.Site(id)
			line := report.reportLine(t, id)
			for i := range standard.Criteria {
				c := &standard.Criteria[i]
				figure := oracleFigure[c.Measure]
				at := slices.IndexFunc(line.Findings, func(f Finding) bool { return f.Criterion == c.ID })
				if figure == nil || at < 0 {
					continue
				}
				f := line.Findings[at]
				threshold, atLeast := c.AtLeast, true
				if c.AtMost != nil {
					threshold, atLeast = c.AtMost, false
				}
				if c.Mountain != nil && (site.Terrain == inventory.Highland || site.Terrain == inventory.Mountain) {
					threshold = c.Mountain
				}
				if site.Terrain == inventory.Unknown {
					continue
				}
				var due, good, bad, missing, toCome int
				for day := month.Add(1 - c.Months).From(); day.Before(month.Until()); day = day.AddDate(0, 0, 1) {
					var seconds int64
					for m := day; m.Before(day.AddDate(0, 0, 1)); m = m.Add(time.Minute) {
						open := site.Due(m)
						for _, s := range spans {
							if s[2] != "all" && s[2] != id && s[2] != site.AreaCode {
								continue
							}
							if !m.Before(reportAt(t, s[0])) && m.Before(reportAt(t, s[1])) {
								open = false
							}
						}
						if open {
							seconds += 60
						}
					}
					if seconds == 0 {
						continue
					}
					due++
					if day.AddDate(0, 0, 1).After(w.now) {
						toCome++
						continue
					}
					p, there := stored[id][day]
					part, of, told := int64(0), int64(1), false
					if there {
						part, of, told = figure(&p)
					}
					if !told || oracleKnown(&p)*100 < int64(c.DayKnown)*seconds {
						missing++
						continue
					}
					cmp := oracleReaches(part, max(of, 1), *threshold)
					switch {
					case atLeast && cmp >= 0 || !atLeast && cmp <= 0:
						good++
					case MeasureOf(c.Measure).LowerBound:
						missing++
					default:
						bad++
					}
				}
				needed := (int(c.Days)*due + 99) / 100
				if MeasureOf(c.Measure).LowerBound {
					needed = min(1, due)
				}
				m := f.Measured
				got := [6]int{m.Due, m.Good, m.Bad, m.Missing, m.ToCome, m.Needed}
				if want := [6]int{due, good, bad, missing, toCome, needed}; got != want {
					t.Errorf("seed %d: %s %s %s: got %v, want %v", seed, month, id, c.ID, got, want)
				}
				if c.Evidence == ByMeasured {
					want := NoData
					if due > 0 && good >= needed {
						want = Met
					} else if bad > due-needed {
						want = NotMet
					}
					if f.Verdict != want {
						t.Errorf("seed %d: %s %s %s: %s, want %s", seed, month, id, c.ID, f.Verdict, want)
					}
				}
				checked++
			}
		}
	}
	t.Log(checked, "findings compared")

	// Less is never better.
	rank := map[Verdict]int{NotMet: 0, NoData: 0, Met: 1, Exempt: 1}
	full := map[Month]*Report{}
	for _, month := range []Month{{2025, 12}, {2026, 2}, {2026, 3}} {
		full[month] = w.report(Request{Month: month, Months: 3, Budget: 1 << 40})
	}
	for range 25 {
		gone := map[string]bool{}
		rate := []int{2, 5, 30, 200}[r.IntN(4)]
		lacking.lacks = func(site string, day time.Time) bool {
			key := site + day.String()
			if _, known := gone[key]; !known {
				gone[key] = r.IntN(rate) == 0
			}
			return gone[key]
		}
		w.desk.recent = recent{}
		for month, before := range full {
			after := w.report(Request{Month: month, Months: 3, Budget: 1 << 40})
			for _, id := range ids {
				a, b := before.reportLine(t, id), after.reportLine(t, id)
				if rank[b.Verdict] > rank[a.Verdict] || b.Distance < a.Distance-1e-9 && b.Verdict != a.Verdict {
					t.Errorf("seed %d: %s %s: %s became %s (%v, %v)", seed, month, id, a.Verdict, b.Verdict, a.Distance, b.Distance)
				}
				if b.Distance < a.Distance-1e-9 {
					t.Errorf("seed %d: %s %s: distance %v became %v", seed, month, id, a.Distance, b.Distance)
				}
				for i := range a.Findings {
					if rank[b.Findings[i].Verdict] > rank[a.Findings[i].Verdict] {
						t.Errorf("seed %d: %s %s %s: %s became %s", seed, month, id, a.Findings[i].Criterion, a.Findings[i].Verdict, b.Findings[i].Verdict)
					}
				}
				for i := range a.History {
					if rank[b.History[i].Verdict] > rank[a.History[i].Verdict] {
						t.Errorf("seed %d: history of %s %s", seed, id, a.History[i].Month)
					}
				}
			}
		}
	}
	_ = declared.Declaration{}
	_ = storetest.Log
}

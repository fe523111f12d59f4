//go:build integration

package judge_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"
)

// crowd is so many sites that measured six targets, a UPS and four interfaces of the router
// each minute, and ten ports of a switch each five.
type crowd struct {
	b     *testing.B
	store *store.Store
	dir   string
	f     *judge.Figures
	from  time.Time
}

func newCrowd(b *testing.B, sites int, from time.Time, hours int) *crowd {
	c := &crowd{b: b, dir: b.TempDir(), from: from}
	c.store = storetest.Open(b, storetest.StartIn(b, c.dir))
	all := make([]inventory.Site, sites)
	for i := range all {
		all[i] = inventory.Site{ID: fmt.Sprintf("bd-%05d", i), Terrain: inventory.Plain, Calendar: inventory.CalendarAlways}
	}
	c.f = &judge.Figures{Store: c.store, Sites: all, Policy: policyOf}
	for minute := range hours * 60 {
		var block []byte
		for i := range all {
			block = c.round(block, all[i].ID, i, minute)
		}
		c.write(api.Raw, block)
	}
	return c
}

func (c *crowd) write(r api.Retention, block []byte) {
	c.b.Helper()
	if err := c.store.Write(context.Background(), r, block); err != nil {
		c.b.Fatal(err)
	}
}

func (c *crowd) round(block []byte, site string, i, minute int) []byte {
	at := c.from.Add(time.Duration(minute)*time.Minute + time.Duration(i)*50*time.Millisecond)
	add := func(p *api.Point) {
		var err error
		if block, err = p.Tag("site", site).Tag("agent", "a1").AppendLine(block); err != nil {
			c.b.Fatal(err)
		}
	}
	add(api.NewPoint("agent_health", at).Int("spool_batches", 0).Float("clock_uncertainty_ms", float64(20+minute%7)))
	for n, role := range []string{"gateway", "lan", "device", "uplink", "uplink", "uplink"} {
		add(api.NewPoint("ping", at).Tag("target", fmt.Sprint("t", n)).Tag("role", role).Int("sent", 10).Int("received", int64(10-minute%11/10)).Float("rtt_median_ms", float64(10+(minute*7+i)%50)))
	}
	add(api.NewPoint("device", at).Tag("target", "ups").Int("up", 1).Float("battery_percent", 100))
	for n := range 4 {
		add(api.NewPoint("interface", at).Tag("target", "t0").Tag("interface", fmt.Sprint("ether", n)).Int("oper_up", 1).Int("in_octets", int64(minute*7+i)*10_000).Int("out_octets", int64(minute*3+i)*1_000))
	}
	if minute%5 == 0 {
		for n := range 10 {
			add(api.NewPoint("interface", at).Tag("target", "t1").Tag("interface", fmt.Sprint("gi", n)).Int("oper_up", int64(n%2)))
		}
	}
	add(api.NewPoint("receipt", at.Add(time.Second)).Int("batches", 1).Int("lines", 22).Text("session", "0badcafe").Int("first_sequence", int64(minute)).Int("last_sequence", int64(minute)).
		Int("last_time_ms", at.UnixMilli()).Int("delay_ms", 1000).Text("clock", "synced"))
	return block
}

// databaseCPU is what the database has used.
func (c *crowd) databaseCPU() float64 {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", storetest.PID(c.dir)))
	if err != nil {
		c.b.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')'):]))
	user, _ := strconv.ParseFloat(fields[12-1], 64)
	system, _ := strconv.ParseFloat(fields[13-1], 64)
	return (user + system) / 100
}

// report adds the database's CPU to what Go reports.
func (c *crowd) report(cpu float64) {
	c.b.ReportMetric((c.databaseCPU()-cpu)*1000/float64(c.b.N), "db-cpu-ms/op")
}

func BenchmarkAnHour(b *testing.B) {
	for _, sites := range []int{159, 1000} {
		b.Run(fmt.Sprintf("%d sites", sites), func(b *testing.B) {
			b.ReportAllocs()
			from := time.Now().Add(-5 * time.Hour).Truncate(time.Hour)
			c := newCrowd(b, sites, from, 2)
			cpu := c.databaseCPU()
			for b.Loop() {
				points, err := c.f.Hours(b.Context(), from.Add(time.Hour), from.Add(2*time.Hour), from.Add(3*time.Hour))
				if err != nil || len(points) != sites {
					b.Fatal(len(points), err)
				}
			}
			c.report(cpu)
		})
	}
}

func BenchmarkADay(b *testing.B) {
	b.ReportAllocs()
	from := workday()
	c := newCrowd(b, 159, from, 24)
	now := from.Add(24 * time.Hour)
	hours, err := c.f.Hours(b.Context(), from, now, now)
	if err != nil {
		b.Fatal(err)
	}
	c.write(api.Hourly, linesOf(b, hours))
	cpu := c.databaseCPU()
	for b.Loop() {
		points, err := c.f.Days(b.Context(), from, now, now)
		if err != nil || len(points) != 159 {
			b.Fatal(len(points), err)
		}
	}
	c.report(cpu)
}

// What a report of a year needs: 58,035 days in one question.
func BenchmarkAYearOfDaysIsRead(b *testing.B) {
	b.ReportAllocs()
	from := workday().AddDate(-1, 0, 0)
	c := newCrowd(b, 0, from, 0)
	for day := range 365 {
		var points []*api.Point
		for site := range 159 {
			p := judge.Period{Site: fmt.Sprintf("bd-%05d", site), From: from.AddDate(0, 0, day), Due: 36_000, Sent: 6000, Received: 5990, RoundsDue: 600, Rounds: 599,
				ClockTold: 1200, Requests: 600, Points: 3000, Batches: 600, DevicesDue: 5, Devices: 5, Interfaces: 20, RTT: [3]float64{12, 15, 19}}
			points = append(points, p.Point("site_day"))
		}
		c.write(api.Hourly, linesOf(b, points))
	}
	for _, of := range []struct {
		name    string
		columns []store.Selector
	}{{"every count", judge.PeriodColumns()}, {"the four words and availability", []store.Selector{{Field: "availability_percent"}, {Field: "correct_percent"}, {Field: "complete_percent"}, {Field: "clean_percent"}, {Field: "live_percent"}}}} {
		b.Run(of.name, func(b *testing.B) {
			b.ReportAllocs()
			cpu := c.databaseCPU()
			for b.Loop() {
				series, err := c.store.Select(b.Context(), store.Query{Measurement: "site_day", Select: of.columns, From: from, To: from.AddDate(1, 0, 0), By: []string{"site"}})
				if err != nil || len(series) != 159 || len(series[0].Rows) != 365 {
					b.Fatal(len(series), err)
				}
			}
			b.ReportMetric((c.databaseCPU()-cpu)*1000/float64(b.N), "db-cpu-ms/op")
		})
	}
}

func linesOf(tb testing.TB, points []*api.Point) []byte {
	tb.Helper()
	var lines []byte
	for _, p := range points {
		var err error
		if lines, err = p.AppendLine(lines); err != nil {
			tb.Fatal(err)
		}
	}
	return lines
}

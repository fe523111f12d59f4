//go:build integration

package judge

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"
)

// someOffices is an inventory of so many sites in ten areas, with a calendar that never
// closes and a maintenance window that holds for one area.
func someOffices(tb testing.TB, count int, now time.Time) *inventory.Inventory {
	tb.Helper()
	var areas, units, members, sites strings.Builder
	areas.WriteString("area,name,kind,until,lan_2023,latitude,longitude\n")
	units.WriteString("unit,name,kind,from,until,by\n")
	members.WriteString("site,unit,from,split\n")
	sites.WriteString("site,name,kind,area,terrain,basis,terrain_source,latitude,longitude,provider\n")
	for i := range 10 {
		fmt.Fprintf(&areas, "%d,Khu %d,district,2025-07-01,,13.66806,108.96191\n", 540+i, i)
	}
	for i := range count {
		fmt.Fprintf(&units, "%d,Xã %d,commune,2021-02-01,,\n", 20_000+i, i)
		fmt.Fprintf(&members, "bd-%d,%d,2021-02-01,\n", 20_000+i, 20_000+i)
		terrain := "plain,district,by rule"
		if i%3 == 0 {
			terrain = "unknown,,"
		}
		fmt.Fprintf(&sites, "bd-%d,Số %d,commune,%d,%s,%.5f,%.5f,vnpt\n", 20_000+i, i, 540+i%10, terrain, 13.5+float64(i)/2_000, 108.5+float64(i)/2_000)
	}
	window := now.Add(-time.Hour).In(zone).Format("2006-01-02 15:04") + "," + now.Add(100*time.Hour).In(zone).Format("2006-01-02 15:04")
	inv, err := inventory.Read(fstest.MapFS{
		"areas.csv": {Data: []byte(areas.String())}, "units.csv": {Data: []byte(units.String())},
		"members.csv": {Data: []byte(members.String())}, "sites.csv": {Data: []byte(sites.String())},
		"providers.csv":   {Data: []byte("provider,name,hotline\nvnpt,VNPT Bình Định,1800 1166\n")},
		"calendars.yaml":  {Data: []byte("province: always\n")},
		"maintenance.csv": {Data: []byte("from,until,scope,reason\n" + window + ",540,x\n")},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return inv
}

// pile writes points in requests of ten thousand.
type pile struct {
	tb        testing.TB
	store     *store.Store
	retention api.Retention
	lines     []byte
	count     int
}

func (b *pile) add(points ...*api.Point) {
	for _, p := range points {
		var err error
		if b.lines, err = p.AppendLine(b.lines); err != nil {
			b.tb.Fatal(err)
		}
		if b.count++; b.count%10_000 == 0 {
			b.flush()
		}
	}
}

func (b *pile) flush() {
	if len(b.lines) == 0 {
		return
	}
	if err := b.store.Write(b.tb.Context(), b.retention, b.lines); err != nil {
		b.tb.Fatal(err)
	}
	b.lines = b.lines[:0]
}

// filled gives a point every field that it must have and lacks: nothing, or the first of
// what is allowed.
func filled(p *api.Point) *api.Point {
	for _, f := range api.Lookup(p.Measurement).Fields {
		if _, there := p.FieldNamed(f.Name); there || !f.Always {
			continue
		}
		switch f.Kind {
		case api.Text:
			first, _, _ := strings.Cut(f.Allowed, " ")
			p.SetText(f.Name, first)
		case api.Integer:
			p.Int(f.Name, 0)
		case api.Boolean:
			p.Bool(f.Name, false)
		}
	}
	return p
}

// busyProvince is a province with a quarter of an hour of rounds to five targets and a UPS in
// each fifth office, a week of outages, one every second day and site, and the judge's
// own heartbeats of five minutes.
func busyProvince(tb testing.TB, sites int) (*Judge, *time.Time) {
	now := time.Now().Truncate(time.Minute)
	inv := someOffices(tb, sites, now)
	s := storetest.Open(tb, storetest.Start(tb))
	raw, events := &pile{tb: tb, store: s, retention: api.Raw}, &pile{tb: tb, store: s, retention: api.Events}
	for i, site := range inv.Sites() {
		for back := 15; back >= 0; back-- {
			at := now.Add(-time.Duration(back) * time.Minute)
			for k, role := range []string{"gateway", "lan", "uplink", "uplink", "device"} {
				raw.add(api.NewPoint("ping", at).Tag("site", site.ID).Tag("agent", "a1").Tag("target", fmt.Sprint("t", k)).Tag("role", role).
					Int("sent", 10).Int("received", 10).Float("rtt_median_ms", 12.5))
			}
			if i%5 == 0 {
				raw.add(api.NewPoint("device", at).Tag("site", site.ID).Tag("agent", "a1").Tag("target", "ups").Int("up", 1).Float("on_battery_count", 0))
			}
			raw.add(api.NewPoint("receipt", at.Add(time.Second)).Tag("site", site.ID).Tag("agent", "a1").Int("batches", 1).Int("lines", 6).Int("last_time_ms", at.UnixMilli()))
		}
		for day := i % 2; day < 7; day += 2 {
			at := now.Add(-time.Duration(day)*24*time.Hour - time.Duration(i)*time.Second)
			events.add(filled(api.NewPoint("outage", at).Tag("site", site.ID).Tag("id", fmt.Sprintf("%s-%d", site.ID, day)).SetText("status", "closed")))
		}
	}
	raw.flush()
	events.flush()
	at := now.Add(-5 * time.Minute)
	j, err := New(Config{}, Deps{Store: s, Inventory: func() *inventory.Inventory { return inv }, Log: storetest.Log(tb), Now: func() time.Time { return at }})
	if err != nil {
		tb.Fatal(err)
	}
	for range 20 {
		if err := j.Once(tb.Context()); err != nil {
			tb.Fatal(err)
		}
		at = at.Add(15 * time.Second)
	}
	return j, &at
}

// A judgement of the province takes this long, and the time of one is what goes by while
// it is made: InfluxDB's part included, which runs on the same machine.
func BenchmarkJudgement(b *testing.B) {
	for _, sites := range []int{159, 1_000} {
		b.Run(fmt.Sprint(sites), func(b *testing.B) {
			j, at := busyProvince(b, sites)
			b.ReportAllocs()
			for b.Loop() {
				*at = at.Add(time.Second)
				if err := j.Once(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

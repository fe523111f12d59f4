//go:build integration

package judge_test

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
	"communewatch/collector/store/embedded"
	"communewatch/collector/store/storetest"
)

// Offices of the tests, by what they are for.
const (
	always   = "bd-21609" // never closes; measures a router, a switch, a printer and an uplink target
	weekdays = "bd-21634" // open Monday to Friday, 07:00 to 17:00
	halfPast = "bd-21640" // open from 07:30
	hourly   = "bd-21631" // measures once an hour, never closes
)

const calendarsFile = `
calendars:
  half: {hours: ["mon-fri 07:30-17:00"]}
province: office
sites: {bd-21609: always, bd-21640: half, bd-21631: always}
`

const targetsFile = `
province:
  targets:
    - {name: router, address: 192.168.1.1, role: gateway}
    - {name: switch, address: 192.168.1.2, role: lan}
    - {name: printer, address: 192.168.1.3, role: device}
    - {name: dns, address: 203.0.113.53, role: uplink}
sites:
  bd-21631: {interval: 1h}
`

// offices is the embedded province with these two files.
func offices(tb testing.TB) *inventory.Inventory {
	tb.Helper()
	files := fstest.MapFS{"calendars.yaml": {Data: []byte(calendarsFile)}, "targets.yaml": {Data: []byte(targetsFile)}}
	source := os.DirFS(filepath.Join("..", "inventory", "binhdinh"))
	for _, name := range []string{"areas.csv", "units.csv", "members.csv", "sites.csv"} {
		data, err := fs.ReadFile(source, name)
		if err != nil {
			tb.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	inv, report := inventory.Check(files, inventory.Options{})
	if len(report.Errors) > 0 {
		tb.Fatal(report.Errors)
	}
	return inv
}

// workday is the midnight in Vietnam that begins a working day between two others,
// some days ago, so that what is written of it is within retention.
func workday() time.Time {
	now := time.Now().In(inventory.Zone())
	for day := time.Date(now.Year(), now.Month(), now.Day()-4, 0, 0, 0, 0, inventory.Zone()); ; day = day.AddDate(0, 0, -1) {
		if !slices.ContainsFunc([]int{-1, 0, 1}, func(n int) bool { return !inventory.CalendarOffice.Due(day.AddDate(0, 0, n).Add(12 * time.Hour)) }) {
			return day
		}
	}
}

// office writes what one office sends and asks for its figures.
type office struct {
	tb       testing.TB
	store    *store.Store
	inv      *inventory.Inventory
	site     inventory.Site
	day      time.Time // midnight in Vietnam
	f        *judge.Figures
	agent    string // that sends; "": a1
	seq      int64
	receipts time.Duration // as ingest tells those of one microsecond apart
	lines    [][]byte
}

func openOffice(tb testing.TB, server *embedded.Server, inv *inventory.Inventory, id string) *office {
	tb.Helper()
	site, ok := inv.Site(id)
	if !ok {
		tb.Fatalf("no site %s", id)
	}
	o := &office{tb: tb, store: storetest.Open(tb, server), inv: inv, site: site, day: workday()}
	o.f = judge.NewFigures(o.store, inv, []inventory.Site{site}, policyOf, nil)
	return o
}

func policyOf(site *inventory.Site) judge.Policy {
	policies := judge.DefaultPolicies()
	return policies.For(site, cmp.Or(site.Interval, time.Minute))
}

// at is a time of the day: "09:00", "09:00:20"; "+1 09:00" is of the next one.
func (o *office) at(text string) time.Time {
	o.tb.Helper()
	var days int
	if n, _ := fmt.Sscanf(text, "%d ", &days); n == 1 && (text[0] == '+' || text[0] == '-') {
		text = text[3:]
	} else {
		days = 0
	}
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			return o.day.AddDate(0, 0, days).Add(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second)
		}
	}
	o.tb.Fatalf("time %q", text)
	return time.Time{}
}

func (o *office) add(p *api.Point) {
	o.tb.Helper()
	line, err := p.Tag("site", o.site.ID).Tag("agent", cmp.Or(o.agent, "a1")).AppendLine(nil)
	if err != nil {
		o.tb.Fatal(err)
	}
	o.lines = append(o.lines, line)
}

// write stores what was added, each line once.
func (o *office) write() {
	o.tb.Helper()
	o.writeLines(o.lines)
	o.lines = nil
}

func (o *office) writeLines(lines [][]byte) {
	o.tb.Helper()
	for part := range slices.Chunk(lines, 10_000) {
		if err := o.store.Write(context.Background(), api.Raw, slices.Concat(part...)); err != nil {
			o.tb.Fatal(err)
		}
	}
}

func (o *office) outage(kind string, from, to string) {
	outage := judge.Outage{Site: o.site.ID, Kind: kind, Status: api.StatusClosed, Started: o.at(from)}
	if to == "" {
		outage.Status = api.StatusOpen
	} else {
		outage.Ended = o.at(to)
	}
	o.f.Outages = append(o.f.Outages, outage)
}

func (o *office) maintenance(from, to string) {
	o.f.Maintenance = func(string, time.Time, time.Time) []inventory.Window {
		return []inventory.Window{{From: o.at(from), Until: o.at(to)}}
	}
}

// fields are the values of a point by name, a field that is absent is not there.
type fields map[string]float64

func fieldsOf(p *api.Point) fields {
	all := fields{}
	for _, f := range p.Fields {
		all[f.Name] = f.Value.Float()
	}
	return all
}

// hours computes those of a time, by their beginning in Vietnam; now is the end of the
// day after, if none is given.
func (o *office) hours(from, to string, now ...string) map[string]fields {
	o.tb.Helper()
	points, err := o.f.Hours(context.Background(), o.at(from), o.at(to), o.now(now))
	if err != nil {
		o.tb.Fatal(err)
	}
	return o.byTime(points, "site_hour", "15:04")
}

func (o *office) days(from, to string, now ...string) map[string]fields {
	o.tb.Helper()
	points, err := o.f.Days(context.Background(), o.at(from), o.at(to), o.now(now))
	if err != nil {
		o.tb.Fatal(err)
	}
	all := map[string]fields{}
	for at, f := range o.byTime(points, "site_day", time.DateOnly+" 15:04") {
		for n := range 8 {
			if at == o.day.AddDate(0, 0, n-4).Format(time.DateOnly+" 15:04") {
				all[fmt.Sprintf("%+d", n-4)] = f
			}
		}
	}
	if len(all) != len(points) {
		o.tb.Errorf("%d days of %d begin at midnight in Vietnam", len(all), len(points))
	}
	return all
}

func (o *office) now(now []string) time.Time {
	if len(now) > 0 {
		return o.at(now[0])
	}
	return o.at("+2 00:00")
}

// byTime also holds each point against the contract.
func (o *office) byTime(points []*api.Point, measurement, layout string) map[string]fields {
	o.tb.Helper()
	all := map[string]fields{}
	for _, p := range points {
		if _, err := p.AppendLine(nil); err != nil || p.Measurement != measurement {
			o.tb.Errorf("%s: %v", p.Measurement, err)
		}
		if p.TagNamed("site") != o.site.ID {
			continue
		}
		all[time.Unix(0, p.Time).In(inventory.Zone()).Format(layout)] = fieldsOf(p)
	}
	return all
}

// store writes what was computed, as the judge does.
func (o *office) keepHours(from, to string, now ...string) {
	o.tb.Helper()
	points, err := o.f.Hours(context.Background(), o.at(from), o.at(to), o.now(now))
	if err != nil {
		o.tb.Fatal(err)
	}
	var lines []byte
	for _, p := range points {
		if lines, err = p.AppendLine(lines); err != nil {
			o.tb.Fatal(err)
		}
	}
	if err := o.store.Write(context.Background(), api.Hourly, lines); err != nil {
		o.tb.Fatal(err)
	}
}

// none is the want of a field that must be absent.
const none = -1

// holds compares the fields that are wanted.
func holds(tb testing.TB, what string, got, want fields) {
	tb.Helper()
	for _, name := range slices.Sorted(maps.Keys(want)) {
		value, there := got[name]
		switch {
		case want[name] == none && there:
			tb.Errorf("%s: %s is %v, want it absent", what, name, value)
		case want[name] != none && !there:
			tb.Errorf("%s: %s is absent, want %v", what, name, want[name])
		case want[name] != none && (value < want[name]-0.005 || value > want[name]+0.005):
			tb.Errorf("%s: %s is %v, want %v", what, name, value, want[name])
		}
	}
}

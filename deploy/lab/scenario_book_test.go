//go:build integration

package lab

import (
	"fmt"
	"slices"
	"strings"
	"testing/fstest"
	"time"

	"communewatch/collector/inventory"
)

// firstDay is the latest such weekday for which the whole play lies behind now, and none
// of its days is a public holiday.
func (p *play) firstDay(_ time.Time, now time.Time) time.Time {
	zone := inventory.Zone()
	days := int((p.to + 24*time.Hour - 1) / (24 * time.Hour))
	y, m, d := now.In(zone).Date()
	for back := 1; ; back++ {
		day := time.Date(y, m, d-back, 0, 0, 0, 0, zone)
		if day.Weekday() != p.weekday || day.Add(p.to).After(now.Add(-time.Hour)) {
			continue
		}
		free := false
		for n := range days {
			free = free || inventory.Holiday(day.AddDate(0, 0, n))
		}
		if !free {
			return day
		}
	}
}

// book is the province's folder, as it is edited.
type book struct {
	play      *play
	zero      time.Time
	names     []string
	providers []string
	merged    map[int]int // office → the first of those who became one unit
	works     []works
}

func newBook(p *play, zero time.Time) *book {
	b := &book{play: p, zero: zero, merged: map[int]int{}}
	for _, a := range p.cast {
		provider := a.provider
		if p.without["providers"] {
			provider = ""
		}
		b.names, b.providers = append(b.names, a.name), append(b.providers, provider)
	}
	if !p.without["maintenance"] {
		b.works = slices.Clone(p.works)
	}
	return b
}

func (b *book) merge(first, second int) { b.merged[first], b.merged[second] = first, first }

func (b *book) dropWorks(office string) {
	b.works = slices.DeleteFunc(b.works, func(w works) bool { return w.who == office })
}

// edit changes the folder and reads it anew.
func (s *stage) edit(change func(*book)) error {
	change(s.book)
	inv, err := inventory.Read(s.book.folder(time.Now()))
	if err == nil {
		s.inv = inv
	}
	return err
}

func (b *book) folder(now time.Time) fstest.MapFS {
	files := map[string]*strings.Builder{}
	line := func(file, format string, values ...any) {
		if files[file] == nil {
			files[file] = &strings.Builder{}
		}
		fmt.Fprintf(files[file], format+"\n", values...)
	}
	line("areas.csv", "area,name,kind,until,lan_2023,latitude,longitude")
	line("units.csv", "unit,name,kind,from,until,by")
	line("members.csv", "site,unit,from,split")
	line("targets.yaml", "province:\n  interval: %s", b.play.interval)
	line("sites.csv", "site,name,kind,area,terrain,basis,terrain_source,latitude,longitude,provider")
	line("providers.csv", "provider,name,hotline")
	line("calendars.yaml", "calendars:\n  these-weeks:\n    hours: [mon-fri 07:00-17:00]\n    closed: [%s]\nprovince: these-weeks\nsites:\n  %s: these-weeks", b.closed(), siteOf(0))
	today := now.In(inventory.Zone()).Format(time.DateOnly)
	var areas, providers []string
	for i, a := range b.play.cast {
		if !slices.Contains(areas, a.area) {
			areas = append(areas, a.area)
			line("areas.csv", "%s,%s,district,2025-07-01,,13.75335,109.19513", a.area, a.area)
		}
		if p := b.providers[i]; p != "" && !slices.Contains(providers, p) {
			providers = append(providers, p)
			line("providers.csv", "%s,%s,1800 1166", p, strings.ToUpper(p))
		}
		source := "named,a test"
		if a.terrain == "unknown" {
			source = ","
		}
		line("sites.csv", "%s,%s,commune,%s,%s,%s,13.75335,109.19513,%s", siteOf(i), b.names[i], a.area, a.terrain, source, b.providers[i])
		unit, until := fmt.Sprint(30_001+i), ""
		first, merged := b.merged[i]
		if merged {
			until = today
			if first == i {
				line("units.csv", "%d,Merged,ward,%s,,", 39_001+i, today)
			}
			line("members.csv", "%s,%d,%s,", siteOf(i), 39_001+first, today)
		}
		line("units.csv", "%s,%s,commune,2021-02-01,%s,", unit, a.name, until)
		line("members.csv", "%s,%s,2021-02-01,", siteOf(i), unit)
		if a.calendar == "always" && i > 0 {
			line("calendars.yaml", "  %s: always", siteOf(i))
		}
	}
	for _, w := range b.works {
		if files["maintenance.csv"] == nil {
			line("maintenance.csv", "from,until,scope,reason")
		}
		at := func(after time.Duration) string { return b.zero.Add(after).Format("2006-01-02 15:04") }
		line("maintenance.csv", "%s,%s,%s,%s", at(w.from), at(w.to), b.siteNamed(w.who), w.reason)
	}
	folder := fstest.MapFS{}
	for name, text := range files {
		content := text.String()
		if b.play.cast[0].calendar == "always" {
			content = strings.Replace(content, siteOf(0)+": these-weeks", siteOf(0)+": always", 1)
		}
		folder[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return folder
}

func (b *book) siteNamed(name string) string {
	return siteOf(slices.IndexFunc(b.play.cast, func(a actor) bool { return a.name == name }))
}

func (b *book) closed() string {
	if b.play.without["calendar"] {
		return ""
	}
	var days []string
	for _, name := range b.play.closed {
		r := reader{now: b.play}
		at, _ := r.moment(name + " 00:00") // it was read before
		days = append(days, b.zero.Add(at).Format(time.DateOnly))
	}
	return strings.Join(days, ", ")
}

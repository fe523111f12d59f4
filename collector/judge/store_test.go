//go:build integration

package judge_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"
)

// The named sites; all others are never heard.
const (
	good   = "bd-21609"
	uplink = "bd-21634"
	lan    = "bd-21640"
	silent = "bd-21631"
	closed = "bd-21787"
	late   = "bd-21790"
	never  = "bd-21997"
	rare   = "bd-21550" // on a metered line: sends every ten minutes
)

// province writes one minute of every named site and judges it.
type province struct {
	t     *testing.T
	store *store.Store
	inv   *inventory.Inventory
	begin time.Time
}

func newProvince(t *testing.T) *province {
	inv, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{good, uplink, lan, silent, closed, late, never, rare} {
		if _, ok := inv.Site(id); !ok {
			t.Fatalf("the inventory has no %s", id)
		}
	}
	return &province{t, storetest.Open(t, storetest.Shared(t)), inv.WithCalendar(inventory.CalendarAlways), time.Now().Add(-time.Hour).Truncate(time.Minute)}
}

func (p *province) judge(now time.Time) {
	p.t.Helper()
	j, err := judge.New(judge.Config{}, judge.Deps{Store: p.store, Inventory: func() *inventory.Inventory { return p.inv }, Log: storetest.Log(p.t), Now: func() time.Time { return now }})
	if err != nil {
		p.t.Fatal(err)
	}
	if err := j.Once(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
}

// minute is what arrives in one minute: the uplink of one site dies in minute 5, the
// LAN of another in minute 6, one is silent after minute 7, one closes in minute 8, and
// a metered line is heard in minutes 0 and 10 only.
func (p *province) minute(n int) {
	p.t.Helper()
	at := p.begin.Add(time.Duration(n) * time.Minute)
	var lines []byte
	add := func(point *api.Point) {
		var err error
		if lines, err = point.AppendLine(lines); err != nil {
			p.t.Fatal(err)
		}
	}
	for _, site := range []string{good, uplink, lan, silent, closed, late, rare} {
		if site == silent && n > 7 || site == closed && n > 8 {
			continue
		}
		if site == rare && n%10 != 0 {
			continue
		}
		measured := at
		if site == late {
			measured = at.Add(-20 * time.Minute)
		}
		lanDead := site == lan && n >= 6
		uplinkDead := lanDead || site == uplink && n >= 5
		for _, target := range []struct {
			name, role string
			dead       bool
		}{{"router", "gateway", lanDead}, {"dns", "uplink", uplinkDead}} {
			point := api.NewPoint("ping", measured).Tag("site", site).Tag("agent", "a1").Tag("target", target.name).Tag("role", target.role).Int("sent", 10)
			if target.dead {
				point.Int("received", 0).Text("result", "timeout")
			} else {
				point.Int("received", 10)
			}
			add(point)
		}
		receipt := api.NewPoint("receipt", at.Add(time.Second)).Tag("site", site).Tag("agent", "a1").Int("batches", 1).Int("lines", 2).
			Int("last_time_ms", measured.UnixMilli())
		if site == closed && n == 8 {
			receipt.Text("goodbye", string(api.GoodbyeSleep))
		}
		if site == rare {
			receipt.Int("every_seconds", 600)
		}
		add(receipt)
	}
	if err := p.store.Write(p.t.Context(), api.Raw, lines); err != nil {
		p.t.Fatal(err)
	}
}

type heartbeat struct {
	State string
	Since string // minutes after begin
}

// read gives the newest heartbeat of every site.
func (p *province) read() map[string]heartbeat {
	p.t.Helper()
	series, err := p.store.Select(context.Background(), store.Query{
		Measurement: "site_state", By: []string{"site"},
		Select: []store.Selector{{Func: "last", Field: "state"}, {Field: "since_ms"}},
		From:   p.begin.Add(-time.Hour), To: time.Now().Add(time.Hour),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	out := map[string]heartbeat{}
	for _, s := range series {
		values := s.Rows[0].Values
		h := heartbeat{State: values["state"].Text()}
		if since, ok := values["since_ms"]; ok {
			h.Since = time.UnixMilli(since.Integer()).Sub(p.begin).Truncate(time.Second).String()
		}
		out[s.Tags["site"]] = h
	}
	return out
}

func TestEverySiteHasItsStateFromTheStoredPointsAndARestartChangesNothing(t *testing.T) {
	p := newProvince(t)
	for n := range 15 {
		p.minute(n)
		p.judge(p.begin.Add(time.Duration(n)*time.Minute + 2*time.Second)) // a new judge each time
	}
	want := map[string]heartbeat{
		good:   {"ok", "0s"},
		uplink: {"uplink_down", "5m0s"},
		lan:    {"lan_down", "6m0s"},
		silent: {"silent", "7m1s"},
		closed: {"closed", "8m1s"},
		late:   {"degraded", "1s"},
		never:  {"not_installed", ""},
		rare:   {"ok", "0s"},
	}
	got := p.read()
	if len(got) != 159 {
		t.Errorf("%d sites have a heartbeat, want 159", len(got))
	}
	named := map[string]heartbeat{}
	for id := range want {
		named[id] = got[id]
	}
	if d := cmp.Diff(want, named); d != "" {
		t.Error(d)
	}
	// Another judge, at the same moment and a little later, finds the same.
	end := p.begin.Add(14*time.Minute + 2*time.Second)
	p.judge(end)
	p.judge(end.Add(20 * time.Second))
	if d := cmp.Diff(got, p.read()); d != "" {
		t.Errorf("a restart changed: %s", d)
	}
}

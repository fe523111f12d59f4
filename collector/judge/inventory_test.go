//go:build integration

package judge_test

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/store"
	"communewatch/collector/store/storetest"
)

// followed is the province as a folder that is edited while a judge follows it.
type followed struct {
	t     *testing.T
	dir   string
	live  *inventory.Live
	store *store.Store
	judge *judge.Judge
	now   time.Time
}

func follow(t *testing.T) *followed {
	f := &followed{t: t, dir: t.TempDir(), store: storetest.Open(t, storetest.Shared(t))}
	source := os.DirFS(filepath.Join("..", "inventory", "binhdinh"))
	for _, name := range []string{"areas.csv", "units.csv", "members.csv", "sites.csv"} {
		data, err := fs.ReadFile(source, name)
		if err != nil {
			t.Fatal(err)
		}
		f.write(name, string(data))
	}
	var err error
	if f.live, err = inventory.NewLive(f.dir, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	f.judge, err = judge.New(judge.Config{}, judge.Deps{Store: f.store, Inventory: f.live.Current, Log: storetest.Log(t), Now: func() time.Time { return f.now }})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *followed) write(name, data string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(data), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// edit changes a file and lets the follower look until it takes the change.
func (f *followed) edit(name, old, new string) {
	f.t.Helper()
	data, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil || strings.Count(string(data), old) != 1 {
		f.t.Fatalf("%s holds %q %d times: %v", name, old, strings.Count(string(data), old), err)
	}
	f.write(name, strings.Replace(string(data), old, new, 1))
	f.live.Look()
	f.live.Look()
}

func (f *followed) judgeAt(when time.Time) {
	f.t.Helper()
	f.now = when
	if err := f.judge.Once(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

var described = []string{"state", "reason", "label", "unit", "area", "terrain", "rank"}

// stored is what the newest heartbeat of each series holds, up to a time. A series that
// was doubled would be there twice.
func (f *followed) stored(to time.Time) map[string]map[string]string {
	f.t.Helper()
	selected := []store.Selector{{Func: "last", Field: described[0]}}
	for _, field := range described[1:] {
		selected = append(selected, store.Selector{Field: field})
	}
	series, err := f.store.Select(f.t.Context(), store.Query{
		Measurement: "site_state", By: []string{"site"}, Select: selected, From: to.Add(-time.Hour), To: to.Add(time.Second),
	})
	if err != nil {
		f.t.Fatal(err)
	}
	out := map[string]map[string]string{}
	for _, s := range series {
		values := map[string]string{}
		for _, field := range described {
			v := s.Rows[len(s.Rows)-1].Values[field]
			if values[field] = v.Text(); field == "rank" {
				values[field] = time.Duration(v.Integer()).String()
			}
		}
		if out[s.Tags["site"]] != nil {
			f.t.Errorf("%s has two series", s.Tags["site"])
		}
		out[s.Tags["site"]] = values
	}
	return out
}

// The units of 2023, of December 2024 and of July 2025, as they are stored: 159, 155
// and 58 of them, of ever the same 159 sites.
func TestUnitsFollowTheirDayInWhatIsStoredAndSitesStayTheSame(t *testing.T) {
	f := follow(t)
	units := map[string]int{}
	var sites []map[string]map[string]string
	for _, day := range []string{"2023-05-31", "2024-11-30", "2024-12-01", "2025-06-30", "2025-07-01", "2026-11-25"} {
		when, err := time.ParseInLocation(time.DateOnly, day, inventory.Zone())
		if err != nil {
			t.Fatal(err)
		}
		f.judgeAt(when)
		got := f.stored(when)
		if len(got) != 159 {
			t.Errorf("%s: %d sites", day, len(got))
		}
		taken := map[string]bool{}
		for id, fields := range got {
			taken[fields["unit"]] = true
			site, _ := f.live.Current().Site(id)
			if u, ok := site.UnitOn(when); !ok || u.Code != fields["unit"] {
				t.Errorf("%s on %s: stored %s, it is %s", id, day, fields["unit"], u.Code)
			}
			delete(fields, "unit")
		}
		units[day] = len(taken)
		sites = append(sites, got)
	}
	want := map[string]int{"2023-05-31": 159, "2024-11-30": 159, "2024-12-01": 155, "2025-06-30": 155, "2025-07-01": 58, "2026-11-25": 58}
	if d := cmp.Diff(want, units); d != "" {
		t.Error(d)
	}
	for _, later := range sites[1:] {
		if d := cmp.Diff(sites[0], later); d != "" {
			t.Errorf("more than the unit changed: %s", d)
		}
	}
}

func TestWhatIsEditedWhileTheJudgeRunsChangesThatAndNothingElse(t *testing.T) {
	f := follow(t)
	when := time.Now().Truncate(time.Minute)
	f.judgeAt(when)
	before := f.stored(when)
	changed := func(what string, want map[string]map[string][2]string) {
		t.Helper()
		when = when.Add(15 * time.Second)
		f.judgeAt(when)
		after := f.stored(when)
		got := map[string]map[string][2]string{}
		for id, fields := range after {
			for field, value := range fields {
				if was := before[id][field]; was != value && field != "rank" { // the order may change with a name
					if got[id] == nil {
						got[id] = map[string][2]string{}
					}
					got[id][field] = [2]string{was, value}
				}
			}
		}
		if d := cmp.Diff(want, got); d != "" || len(after) != len(before) {
			t.Errorf("%s, %d sites: %s", what, len(after), d)
		}
		before = after
	}
	changed("nothing", map[string]map[string][2]string{})
	f.edit("sites.csv", "bd-21997,Canh Liên,", "bd-21997,Canh Liên Mới,")
	changed("a rename", map[string]map[string][2]string{"bd-21997": {"label": {"Xã Canh Liên", "Xã Canh Liên Mới"}}})
	f.edit("sites.csv", `bd-21994,Vân Canh,township,551,mountain,district,"district-rule, unverified"`, "bd-21994,Vân Canh,township,551,highland,named,a letter")
	changed("a corrected terrain", map[string]map[string][2]string{"bd-21994": {"terrain": {"mountain", "highland"}}})
	f.edit("areas.csv", "551,Vân Canh,", "551,Vân Canh cũ,")
	area := map[string]map[string][2]string{}
	for _, s := range f.live.Current().Sites() {
		if s.AreaCode == "551" {
			area[s.ID] = map[string][2]string{"area": {"Vân Canh", "Vân Canh cũ"}}
		}
	}
	if len(area) != 7 {
		t.Errorf("%d sites in the area", len(area))
	}
	changed("a renamed area", area)
	f.edit("sites.csv", "bd-21997,Canh Liên Mới,", "bd-21997,,")
	if f.live.Problems() == 0 {
		t.Error("a missing name is no mistake")
	}
	changed("a mistake", map[string]map[string][2]string{})
}

// Whoever measures every ten minutes is not silent after five.
func TestASiteIsWaitedForAsLongAsItsOwnIntervalTakes(t *testing.T) {
	f := follow(t)
	f.write("targets.yaml", "sites:\n  bd-21997: {interval: 10m}\n")
	f.write("calendars.yaml", "province: always\n")
	f.live.Look()
	f.live.Look()
	when := time.Now().Truncate(time.Minute)
	var lines []byte
	for back := 60 * time.Minute; back >= 5*time.Minute; back -= 5 * time.Minute {
		for _, site := range []string{"bd-21997", "bd-21994"} {
			measured := when.Add(-back)
			for _, p := range []*api.Point{
				api.NewPoint("ping", measured).Tag("site", site).Tag("agent", "a1").Tag("target", "dns").Tag("role", "uplink").Int("sent", 10).Int("received", 10),
				api.NewPoint("receipt", measured).Tag("site", site).Tag("agent", "a1").Int("batches", 1).Int("lines", 1).Int("last_time_ms", measured.UnixMilli()),
			} {
				var err error
				if lines, err = p.AppendLine(lines); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := f.store.Write(t.Context(), api.Raw, lines); err != nil {
		t.Fatal(err)
	}
	f.judgeAt(when.Add(-time.Second)) // so that somebody listened
	got := f.stored(when)
	if rare, often := got["bd-21997"]["state"], got["bd-21994"]["state"]; rare != "ok" || often == "ok" {
		t.Errorf("every ten minutes: %s; every minute: %s", rare, often)
	}
}

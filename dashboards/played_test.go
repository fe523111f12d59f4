//go:build integration

package dashboards

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"communewatch/collector/say"
	"communewatch/collector/store/embedded"
)

func startInflux(t *testing.T) influx {
	t.Helper()
	binary, err := filepath.Abs("../bin/communewatch-influxd")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(binary); err != nil {
		t.Fatalf("no InfluxDB to test with: %v; run: make influxd", err)
	}
	server, err := embedded.Start(t.Context(), embedded.Config{Dir: t.TempDir(), Binary: binary, Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second) // the test's own context is done by now
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Errorf("stop InfluxDB: %v", err)
		}
	})
	return influx{server.URL(), server.Token(), server.ReaderToken()}
}

// Every query of every panel, variable and annotation runs against a real InfluxDB.
func TestEveryPanelShowsWhatWasMeasured(t *testing.T) {
	db := startInflux(t)
	h := hour{time.Now().Truncate(time.Hour).Add(-2 * time.Hour)}
	db.fill(t, h)
	yesterday, lastYear := hour{h.start.Add(-24 * time.Hour)}, hour{h.start.Add(-365 * 24 * time.Hour)}
	full, bare := map[string]string{"site": leloi, "uplink": "8.8.8.8", "target": "isp"}, map[string]string{"site": dakmang, "uplink": "", "target": ""}
	everyone := map[string]string{"provider": everyValue}

	played := map[string]bool{}
	for _, c := range []struct {
		page       page
		expected   map[uint32]expectation
		full, bare window
	}{
		{provincePage, provinceExpectations, h.window(nil), yesterday.window(nil)},
		{communePage, communeExpectations, h.window(full), h.window(bare)},
		{providerPage, providerExpectations, h.days(everyone), lastYear.days(everyone)},
		{qualityPage, qualityExpectations, h.days(nil), lastYear.days(nil)},
		{collectorPage, collectorExpectations, h.window(nil), yesterday.window(nil)},
	} {
		b := one(t, c.page, say.Vietnamese)
		played[b.UID] = true
		t.Run(c.page.id, func(t *testing.T) {
			check(t, b, c.expected,
				func(p panelJSON) answer { return db.show(t, c.full, p) },
				func(p panelJSON) answer { return db.show(t, c.bare, p) }, h)
		})
	}
	for _, b := range built(t, say.Vietnamese) {
		if !played[b.UID] {
			t.Errorf("%s is shown and not played", b.UID)
		}
	}
	t.Run("variables", func(t *testing.T) { checkVariables(t, db, h) })
	t.Run("annotations", func(t *testing.T) { checkMarks(t, db, h) })
	t.Run("none of the mountains down is a figure", func(t *testing.T) {
		before := h.window(nil)
		before.to = h.at(30).Add(-time.Millisecond) // Vĩnh Sơn is only degraded
		figure(0.0)(t, h, db.show(t, before, one(t, provincePage, say.Vietnamese).panel(t, panelMountainDown)))
	})
	t.Run("no incident is a figure", func(t *testing.T) {
		before := h.window(nil)
		before.to = h.at(10).Add(-time.Millisecond)
		figure(0.0)(t, h, db.show(t, before, one(t, provincePage, say.Vietnamese).panel(t, panelInIncident)))
	})
	t.Run("an uplink target that was not probed for a while", func(t *testing.T) {
		p := one(t, communePage, say.Vietnamese).panel(t, panelUplinkRTT)
		ispRTT(t, h, db.show(t, h.window(map[string]string{"site": leloi, "uplink": "isp"}), p))
	})
	t.Run("figures that are void", func(t *testing.T) { voidFigures(t, db, h) })
	t.Run("eleven hops", func(t *testing.T) { elevenHops(t, db, h) })
	t.Run("one provider", func(t *testing.T) { oneProvider(t, db, h) })
	t.Run("a provider that lost nothing", func(t *testing.T) { nothingLost(t, db, h) })
}

// show is what a panel shows: its queries' answers, transformed and named.
func (db influx) show(t *testing.T, w window, p panelJSON) answer {
	t.Helper()
	var frames []frame
	for _, q := range p.Targets {
		frames = append(frames, db.ask(t, w.over(t, p), p, q)...)
	}
	frames = transform(t, frames, p.Transformations)
	if label, ok := strings.CutPrefix(p.FieldConfig.Defaults.DisplayName, "${__field.labels."); ok {
		for _, f := range frames {
			for i := range f.fields {
				if f.fields[i].name != "Time" {
					f.fields[i].name = f.fields[i].labels[strings.TrimSuffix(label, "}")]
				}
			}
		}
	}
	return answer{p, frames}
}

// checkVariables holds what each variable offers against what is wanted, with what is
// chosen in those before it.
func checkVariables(t *testing.T, db influx, h hour) {
	sites := []offer{{"Phường Lê Lợi", leloi}, {"Xã An Toàn", antoan}, {"Xã Cát Hải", cathai}, {"Xã Đắk Mang", dakmang}, {"Xã Vĩnh Sơn", vinhson}}
	same := func(values ...string) []offer {
		var list []offer
		for _, v := range values {
			list = append(list, offer{v, v})
		}
		return list
	}
	seen := map[string]bool{}
	for _, c := range []struct {
		variable string
		chosen   map[string]string
		want     []offer
	}{
		{"area", nil, []offer{{"Huyện An Lão", "542"}, {"Huyện Hoài Ân", "544"}, {"Huyện Phù Cát", "548"}, {"Huyện Quy Nhơn", "540"}, {"Huyện Vĩnh Thạnh", "546"}}},
		{"site", map[string]string{"area": everyValue}, sites},
		{"site", map[string]string{"area": "542"}, sites[1:2]},
		{"uplink", map[string]string{"site": leloi}, same("8.8.8.8", "8a8b8c8", "isp")},
		{"uplink", map[string]string{"site": dakmang}, nil},
		{"target", map[string]string{"site": leloi}, same("collector", "isp")},
		{"target", map[string]string{"site": dakmang}, nil},
		{"provider", nil, same("-", "Viettel", "VNPT")},
	} {
		seen[c.variable] = true
		found := false
		for _, b := range built(t, say.Vietnamese) {
			for _, v := range b.Templating.List {
				if v.Name != c.variable {
					continue
				}
				found = true
				if diff := cmp.Diff(c.want, db.values(t, h.window(c.chosen), v), cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s: variable %s after %v: %s", b.UID, v.Name, c.chosen, diff)
				}
			}
		}
		if !found {
			t.Errorf("there is no variable %s", c.variable)
		}
	}
	for _, b := range built(t, say.Vietnamese) {
		for _, v := range b.Templating.List {
			if v.Type == "query" && !seen[v.Name] {
				t.Errorf("%s: variable %s is not checked: write down what it must offer", b.UID, v.Name)
			}
		}
	}
}

// checkMarks holds the annotations against what happened.
func checkMarks(t *testing.T, db influx, h hour) {
	notes := []mark{
		{7, "Phường Lê Lợi", "", "Bình"}, {15, "Xã An Toàn", "", "An"}, {20, "Xã An Toàn", "đã gọi điện", "Lan"}, {25, "Xã An Toàn", "chờ thợ", "Minh"}, {40, "", "giao ca", "Lan"},
	}
	for _, c := range []struct {
		page page
		want map[string][]mark
	}{
		{provincePage, map[string][]mark{
			"Ghi chú của người trực": notes,
			"mất đường truyền":       {{5, "mất đường truyền", "Phường Lê Lợi", "provider"}, {30, "mất đường truyền", "Xã Vĩnh Sơn", "last_mile"}},
			"mất mạng LAN":           nil,
			"mất điện":               nil,
			"mất tín hiệu":           {{10, "mất tín hiệu", "Xã An Toàn", "unknown"}},
		}},
		{communePage, map[string][]mark{
			"Ghi chú của người trực": notes,
			"mất đường truyền":       {{5, "mất đường truyền", "Phường Lê Lợi", "provider"}},
			"mất mạng LAN":           nil,
			"mất điện":               nil,
			"mất tín hiệu":           nil, // the one that was withdrawn
			"mất thiết bị":           {{58, "mất thiết bị", "Phường Lê Lợi", "device"}},
		}},
	} {
		var names []string
		for _, a := range one(t, c.page, say.Vietnamese).Annotations.List {
			names = append(names, a.Name)
			got := db.marks(t, h.window(map[string]string{"site": leloi}), h, a)
			slices.SortFunc(got, func(a, b mark) int { return int(a.Minute - b.Minute) })
			if diff := cmp.Diff(c.want[a.Name], got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s: annotation %s: %s", c.page.id, a.Name, diff)
			}
		}
		if len(names) != len(c.want) {
			t.Errorf("%s has the annotations %q, %d are wanted", c.page.id, names, len(c.want))
		}
	}
}

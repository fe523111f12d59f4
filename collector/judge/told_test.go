//go:build integration

package judge_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/store"
)

// provided adds a provider and other files, and looks until the folder is taken up.
func (f *followed) provided(more ...string) {
	f.t.Helper()
	f.write("providers.csv", "provider,name,hotline\nvnpt,VNPT Bình Định,1800 1166\n")
	for i := 0; i+1 < len(more); i += 2 {
		f.write(more[i], more[i+1])
	}
	f.live.Look()
	f.live.Look()
	if f.live.Problems() > 0 {
		f.t.Fatal(f.live.Problem("en"))
	}
}

func (f *followed) put(retention api.Retention, points ...*api.Point) {
	f.t.Helper()
	var lines []byte
	for _, p := range points {
		var err error
		if lines, err = p.AppendLine(lines); err != nil {
			f.t.Fatal(err)
		}
	}
	if err := f.store.Write(f.t.Context(), retention, lines); err != nil {
		f.t.Fatal(err)
	}
}

// ask gives every row of a measurement that has a field, by the series' tag and in the
// order of time, each value as a person reads it.
func (f *followed) ask(measurement, tag string, from, to time.Time, fields ...string) map[string][]string {
	f.t.Helper()
	var selected []store.Selector
	for _, field := range fields {
		selected = append(selected, store.Selector{Field: field})
	}
	series, err := f.store.Select(f.t.Context(), store.Query{Measurement: measurement, By: []string{tag}, Select: selected, From: from, To: to})
	if err != nil {
		f.t.Fatal(err)
	}
	out := map[string][]string{}
	for _, s := range series {
		for _, row := range s.Rows {
			text := ""
			for _, field := range fields {
				if v, there := row.Values[field]; there {
					text += v.String()
				}
				text += ";"
			}
			out[s.Tags[tag]] = append(out[s.Tags[tag]], text)
		}
	}
	return out
}

// round is what one site sends in a minute: its line, its UPS, and the receipt.
func round(site string, at time.Time, answers, onBattery bool) []*api.Point {
	ping := api.NewPoint("ping", at).Tag("site", site).Tag("agent", "a1").Tag("target", "dns").Tag("role", "uplink").Int("sent", 10)
	if answers {
		ping.Int("received", 10).Float("rtt_median_ms", 20)
	} else {
		ping.Int("received", 0).Text("result", "timeout")
	}
	battery := 0.0
	if onBattery {
		battery = 1
	}
	return []*api.Point{
		ping,
		api.NewPoint("device", at).Tag("site", site).Tag("agent", "a1").Tag("target", "ups").Int("up", 1).Float("on_battery_count", battery),
		api.NewPoint("receipt", at.Add(time.Second)).Tag("site", site).Tag("agent", "a1").Int("batches", 1).Int("lines", 2).Int("last_time_ms", at.UnixMilli()),
	}
}

func outagePoint(site, id, kind, status, incident string, interruptions int64, at time.Time) *api.Point {
	return api.NewPoint("outage", at).Tag("site", site).Tag("id", id).SetText("kind", kind).SetText("target", "").SetText("status", status).
		Int("started_ms", at.UnixMilli()).Int("ended_ms", 0).Int("down_seconds", 60).Int("interruptions", interruptions).SetText("cause", "unknown").
		SetText("reason", "reason.unknown").SetText("evidence", "").Int("judged_ms", at.UnixMilli()).SetText("first_kind", kind).SetText("first_cause", "unknown").
		Int("first_ms", at.UnixMilli()).SetText("incident", incident).Bool("maintenance", false).SetText("label", "").SetText("area", "").SetText("terrain", "plain").SetText("provider", "")
}

func TestAHeartbeatSaysWhoseLineItIsWhereTheSiteIsAndWhatHoldsNow(t *testing.T) {
	f := follow(t)
	now := time.Now().Truncate(time.Minute)
	written := func(at time.Time) string { return at.In(inventory.Zone()).Format("2006-01-02 15:04") }
	f.rent("bd-21997", "vnpt")
	f.provided("maintenance.csv", "from,until,scope,reason\n"+written(now)+","+written(now.Add(2*time.Minute))+",vnpt,node\n")
	f.put(api.Events,
		outagePoint("bd-21997", "o1", "uplink_down", "closed", "i1", 1, now.Add(-3*time.Hour)),
		outagePoint("bd-21997", "o0", "lan_down", "open", "i0", 2, now.Add(-50*time.Hour)), // left over: the newer holds
		outagePoint("bd-21997", "o2", "uplink_down", "open", "i2", 2, now.Add(-26*time.Hour)),
		outagePoint("bd-21997", "o3", "device_down", "open", "i3", 1, now.Add(-time.Hour)),
		outagePoint("bd-21994", "o4", "device_down", "open", "i4", 1, now.Add(-time.Hour)),
		outagePoint("bd-21994", "o5", "uplink_down", "withdrawn", "i5", 1, now.Add(-time.Hour)),
	)
	for minute := range 3 {
		f.judgeAt(now.Add(time.Duration(minute)*time.Minute + time.Second))
	}
	fields := []string{"provider", "latitude", "longitude", "maintenance", "incident", "area"}
	got := f.ask("site_state", "site", now, now.Add(time.Hour), fields...)
	want := map[string][]string{
		"bd-21997": {"VNPT Bình Định;13.69114;108.89857;true;i2;Vân Canh;", "VNPT Bình Định;13.69114;108.89857;true;i2;Vân Canh;", "VNPT Bình Định;13.69114;108.89857;;i2;Vân Canh;"},
		"bd-21994": {";13.62968;108.99173;;i4;Vân Canh;", ";13.62968;108.99173;;i4;Vân Canh;", ";13.62968;108.99173;;i4;Vân Canh;"},
		"bd-21550": {";13.80663;109.20676;;;Quy Nhơn;", ";13.80663;109.20676;;;Quy Nhơn;", ";13.80663;109.20676;;;Quy Nhơn;"},
	}
	for id := range want {
		if d := cmp.Diff(want[id], got[id]); d != "" {
			t.Errorf("%s: %s", id, d)
		}
	}
}

func TestAPowerCutAndAFlappingLineAreSeenInTheStoreByAnyJudge(t *testing.T) {
	f := follow(t)
	f.provided("calendars.yaml", "province: always\n")
	const cut, mains, flapping = "bd-21997", "bd-21994", "bd-21550"
	begin := time.Now().Add(-4 * time.Hour).Truncate(time.Minute)
	f.put(api.Events, outagePoint(flapping, "o1", "uplink_down", "open", "i1", 3, begin.Add(-time.Hour)))
	for n := range 30 {
		at := begin.Add(time.Duration(n) * time.Minute)
		f.put(api.Raw, round(flapping, at, true, false)...)
		if n < 10 {
			f.put(api.Raw, round(cut, at, true, n > 7)...)
			f.put(api.Raw, round(mains, at, true, false)...)
		}
		f.judgeAt(at.Add(2 * time.Second))
	}
	last := begin.Add(29*time.Minute + 2*time.Second)
	now := func(at time.Time) map[string]string {
		out := map[string]string{}
		all := f.stored(at)
		for _, id := range []string{cut, mains, flapping} {
			out[id] = all[id]["state"] + " " + all[id]["reason"]
		}
		return out
	}
	want := map[string]string{cut: "power_lost reason.power_lost", mains: "silent reason.silent", flapping: "degraded reason.flapping"}
	if d := cmp.Diff(want, now(last)); d != "" {
		t.Error(d)
	}
	// Hours later nothing of what was measured is read any more but what the UPS said last.
	later := last.Add(3 * time.Hour)
	f.judgeAt(later)
	f.judgeAt(later.Add(time.Minute))
	want[flapping] = "silent reason.silent"
	for _, id := range []string{cut, mains} {
		if got := now(later.Add(time.Minute))[id]; got != want[id] {
			t.Errorf("%s: %s", id, got)
		}
	}
	since := f.ask("site_state", "site", last, later.Add(time.Hour), "since_ms")[cut]
	if heard := fmt.Sprint(begin.Add(9*time.Minute+time.Second).UnixMilli()) + ";"; len(since) == 0 || since[len(since)-1] != heard {
		t.Errorf("since %v, want %s", since, heard)
	}
}

func TestAnAreaIsAsItsGravestSiteThatIsInstalled(t *testing.T) {
	f := follow(t)
	f.provided("calendars.yaml", "province: always\n")
	begin := time.Now().Add(-time.Hour).Truncate(time.Minute)
	for n := range 4 {
		at := begin.Add(time.Duration(n) * time.Minute)
		f.put(api.Raw, round("bd-21997", at, true, false)...)
		f.put(api.Raw, round("bd-21994", at, n < 1, false)...)
		f.put(api.Raw, round("bd-21550", at, true, false)...)
		f.judgeAt(at.Add(2 * time.Second))
	}
	at := begin.Add(3 * time.Minute)
	got := f.ask("area_state", "area", at, at.Add(time.Minute), "label", "state", "uplink_down", "lan_down", "power_lost", "silent", "degraded", "not_installed", "closed", "ok")
	if len(got) != 11 {
		t.Errorf("%d areas, want 11", len(got))
	}
	want := map[string][]string{
		"551": {"Huyện Vân Canh;uplink_down;1;0;0;0;0;5;0;1;"},
		"540": {"Thành phố Quy Nhơn;ok;0;0;0;0;0;20;0;1;"},
		"542": {"Huyện An Lão;not_installed;0;0;0;0;0;10;0;0;"},
	}
	for code := range want {
		if d := cmp.Diff(want[code], got[code]); d != "" {
			t.Errorf("%s: %s", code, d)
		}
	}
	// Mountainous first, then the graver, and no two alike.
	ranks := f.ask("area_state", "area", at, at.Add(time.Minute), "rank")
	seen := map[string]bool{}
	for code, rank := range ranks {
		if seen[rank[0]] {
			t.Errorf("%s has the rank of another, %s", code, rank[0])
		}
		seen[rank[0]] = true
	}
	if ranks["551"][0] != "10;" || ranks["542"][0] != "5001;" || ranks["540"][0] != "107000;" {
		t.Error(ranks)
	}
}

func TestNamesAreWrittenAtTheStartAtAChangeAndOnceAnHour(t *testing.T) {
	f := follow(t)
	f.provided()
	begin := time.Now().Add(-3 * time.Hour).Truncate(time.Minute)
	of := func(id string) []string {
		return f.ask("directory", "site", begin, begin.Add(24*time.Hour), "choice", "area", "area_choice", "provider")[id]
	}
	f.judgeAt(begin)
	f.judgeAt(begin.Add(15 * time.Second))
	canhLien := "Xã Canh Liên | bd-21997;551;Huyện Vân Canh | 551;-;"
	if d := cmp.Diff([]string{canhLien}, of("bd-21997")); d != "" {
		t.Error(d)
	}
	f.edit("sites.csv", "bd-21994,Vân Canh,", "bd-21994,Vân Canh Mới,")
	f.judgeAt(begin.Add(30 * time.Second))
	f.judgeAt(begin.Add(45 * time.Second))
	f.judgeAt(begin.Add(time.Hour + 29*time.Second))
	if got := of("bd-21997"); len(got) != 2 {
		t.Errorf("%d times: %v", len(got), got)
	}
	f.judgeAt(begin.Add(time.Hour + 30*time.Second))
	got := of("bd-21994")
	if len(got) != 3 || got[0] != "Thị trấn Vân Canh | bd-21994;551;Huyện Vân Canh | 551;-;" || got[2] != "Thị trấn Vân Canh Mới | bd-21994;551;Huyện Vân Canh | 551;-;" {
		t.Error(got)
	}
	if n := len(f.ask("directory", "site", begin, begin.Add(24*time.Hour), "choice")); n != 159 {
		t.Errorf("%d sites", n)
	}
}

// rent adds the column provider to sites.csv, empty but for one site.
func (f *followed) rent(site, provider string) {
	f.t.Helper()
	data, err := os.ReadFile(filepath.Join(f.dir, "sites.csv"))
	if err != nil {
		f.t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	lines[0] += ",provider"
	for i := range lines[1:] {
		if lines[i+1] += ","; strings.HasPrefix(lines[i+1], site) {
			lines[i+1] += provider
		}
	}
	f.write("sites.csv", strings.Join(lines, "\n")+"\n")
}

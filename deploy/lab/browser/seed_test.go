//go:build integration

package browser

import (
	"bytes"
	"path/filepath"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/center"
	"communewatch/collector/goal"
	"communewatch/collector/goal/declared"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/say"
	"communewatch/deploy/lab"
)

// Sites of the seed: one whose line is dead, one that loses packets, one that is well,
// one without power, one whose incident is over.
const (
	cutSite, lossySite, wellSite, darkSite = "bd-21634", "bd-21550", "bd-21631", "bd-21997"
	openIncident, closedIncident           = "i1", "i2"
)

// seed is an hour of some offices, and the judge's word on all 159.
func (w *world) seed() {
	w.t.Helper()
	now := time.Now().Truncate(time.Second)
	var raw []*api.Point
	for n := range 60 {
		at := now.Add(time.Duration(n-59)*time.Minute - time.Second)
		for site, received := range map[string]int64{cutSite: 0, lossySite: 8, wellSite: 10} {
			if n < 20 && site == cutSite {
				received = 10
			}
			raw = append(raw, office(site, at, received, float64(n%7))...)
		}
	}
	w.write(api.Raw, raw...)
	w.write(api.Events, w.incidents(now)...)
	w.judged()
	w.write(api.Events, states()...)
}

// history is a month of days and what the offices declared, both invented.
func (w *world) history() {
	w.t.Helper()
	inv, err := inventory.Embedded()
	if err != nil {
		w.t.Fatal(err)
	}
	inv = inv.WithCalendar(inventory.CalendarAlways)
	month := goal.MonthOf(time.Now()).Add(-1)
	if err := lab.WriteHistory(w.t.Context(), w.store, inv, month, 1); err != nil {
		w.t.Fatal(err)
	}
	var sheet bytes.Buffer
	if err := declared.WriteCSV(&sheet, inv, lab.Declarations(inv, month), say.Vietnamese); err != nil {
		w.t.Fatal(err)
	}
	book, err := declared.Open(filepath.Join(center.GoalDir(w.cfg.Data), "declared"))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := book.Import("kê khai.csv", &sheet, inv, "Hạnh", time.Now()); err != nil {
		w.t.Fatal(err)
	}
}

// states are one office in each state, so that every mark and colour is looked at.
func states() []*api.Point {
	var out []*api.Point
	ids := []string{"bd-21801", "bd-21802", "bd-21804", "bd-21805", "bd-21808", "bd-21811", "bd-21814", "bd-21817"}
	for i, state := range api.StatesBySeverity() {
		out = append(out, judgedAs(ids[i%len(ids)], state, time.Now().Add(2*time.Second)))
	}
	return out
}

// judgedAs is the judge's word on an office.
func judgedAs(site string, state api.State, at time.Time) *api.Point {
	return api.NewPoint("site_state", at.Truncate(time.Second)).Tag(api.TagSite, site).Text("state", string(state)).Int("rank", 1).
		Text("reason", "reason.uplink_all_lost").Text("evidence", "router 10/10, vnpt.vn 0/10").Int("since_ms", at.Add(-time.Hour).UnixMilli())
}

// office is what one round of an office says.
func office(site string, at time.Time, received int64, more float64) []*api.Point {
	of := func(name string) *api.Point {
		return api.NewPoint(name, at).Tag(api.TagSite, site).Tag(api.TagAgent, "a1")
	}
	var out []*api.Point
	for _, target := range []string{"1.1.1.1", "vnpt.vn"} {
		p := of("ping").Tag("target", target).Tag("role", "uplink").Int("sent", 10).Int("received", received)
		if received > 0 {
			p.Float("rtt_min_ms", 20).Float("rtt_p25_ms", 21+more/4).Float("rtt_median_ms", 22.5+more).Float("rtt_p75_ms", 24+2*more).Float("rtt_max_ms", 40+9*more)
		} else {
			p.Text("result", "timeout")
		}
		out = append(out, p)
	}
	return append(out,
		of("ping").Tag("target", "router").Tag("role", "gateway").Int("sent", 10).Int("received", 10).Float("rtt_median_ms", 0.5),
		of("ping").Tag("target", "may-in-tang-2").Tag("role", "device").Int("sent", 10).Int("received", 0).Text("result", "timeout"),
		of("interface").Tag("target", "switch").Tag("interface", "GigabitEthernet0/1").Int("oper_up", 1).Int("speed_bps", 1e9).Int("in_octets", 7_500_000).Int("out_octets", 750_000).Text("alias", "Lên VNPT"),
		of("interface").Tag("target", "switch").Tag("interface", "GigabitEthernet0/2").Int("oper_up", 0).Int("in_errors", 12).Text("alias", "Phòng một cửa"),
		of("device").Tag("target", "switch").Int("up", 1).Text("model", "Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 12.2(55)SE12").Float("uptime_seconds", 864000),
		of("device").Tag("target", "ups").Int("up", 0).Text("error", "timeout"),
		of("agent_health").Int("spool_batches", 3).Int("spool_bytes", 5000).Int("rss_bytes", 14<<20).Int("dropped_batches", 1).Float("clock_offset_ms", 12).Float("clock_uncertainty_ms", 20).Text("version", "1.0").Text("os", "linux").Text("arch", "arm64"),
		api.NewPoint("receipt", at.Add(time.Second)).Tag(api.TagSite, site).Tag(api.TagAgent, "a1").Int("batches", 1).Int("lines", 9).Int("last_time_ms", at.UnixMilli()),
	)
}

// incidents are one that goes on and one that is over, with their outages and a note.
func (w *world) incidents(now time.Time) []*api.Point {
	w.t.Helper()
	inv, err := inventory.Embedded()
	if err != nil {
		w.t.Fatal(err)
	}
	began, yesterday := now.Add(-39*time.Minute), now.Add(-24*time.Hour)
	var out []*api.Point
	for _, o := range []judge.Outage{
		{ID: "o1", Site: cutSite, At: began, Status: api.StatusOpen, Kind: "uplink_down", Started: began, Interruptions: 1, Cause: api.LastMile,
			Reason: "because.path_first_hop", Evidence: "192.168.1.1 " + began.Format(time.DateTime), Judged: now, FirstKind: "silent", FirstCause: api.Unknown, First: began.Add(4 * time.Minute), Incident: openIncident},
		{ID: "o2", Site: darkSite, At: yesterday, Status: api.StatusClosed, Kind: "power_lost", Started: yesterday, Ended: yesterday.Add(2 * time.Hour), Interruptions: 1,
			Cause: api.Power, Reason: "because.ups", Judged: yesterday, FirstKind: "power_lost", FirstCause: api.Power, First: yesterday, Incident: closedIncident},
	} {
		site, _ := inv.Site(o.Site)
		out = append(out, o.Point(&site))
	}
	for _, i := range []judge.Incident{
		{ID: openIncident, At: began, Kind: "uplink_down", Status: api.StatusOpen, Started: began, Cause: api.LastMile, Members: []string{cutSite}, Mountain: 1, Title: "Xã An Nghĩa", Evidence: "192.168.1.1", Judged: now},
		{ID: closedIncident, At: yesterday, Kind: "power_lost", Status: api.StatusClosed, Started: yesterday, Ended: yesterday.Add(2 * time.Hour), Cause: api.Power, Members: []string{darkSite}, Mountain: 1, Title: "Xã Canh Liên", Judged: now},
	} {
		out = append(out, i.Point(inv))
	}
	return append(out, api.NewPoint("note", now.Add(-time.Hour)).Tag(api.TagIncident, "-").
		SetText("act", api.ActHandOver).SetText("by", "Đức").SetText("text", "Canh Liên còn tối đèn").SetText("title", ""))
}

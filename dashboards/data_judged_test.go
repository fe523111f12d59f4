//go:build integration

package dashboards

import (
	"fmt"
	"strings"
	"time"

	"communewatch/collector/api"
)

// What the judge and people wrote of the played province.

// place is what stands in the inventory of a site.
type place struct {
	site, label, terrain, area, areaCode, provider string
	lat, lon                                       float64
}

var places = []place{
	{vinhson, "Xã Vĩnh Sơn", "highland", "Vĩnh Thạnh", "546", "VNPT", 14.27, 108.73},
	{antoan, "Xã An Toàn", "mountain", "An Lão", "542", "VNPT", 14.50, 108.75},
	{dakmang, "Xã Đắk Mang", "unknown", "Hoài Ân", "544", "", 14.40, 108.82},
	{cathai, "Xã Cát Hải", "plain", "Phù Cát", "548", "Viettel", 13.98, 109.24},
	{leloi, "Phường Lê Lợi", "plain", "Quy Nhơn", "540", "Viettel", 13.77, 109.23},
}

func placeOf(site string) place {
	for _, p := range places {
		if p.site == site {
			return p
		}
	}
	panic("no place " + site)
}

// day is the beginning of a day in Vietnam, as many days before the hour's.
func (h hour) day(before int) time.Time {
	y, m, d := h.start.In(vietnam).Date()
	return time.Date(y, m, d-before, 0, 0, 0, 0, vietnam)
}

var vietnam = time.FixedZone("+07", 7*3600)

// days is the time that the pages of providers and quality show: the hour and three days before.
func (h hour) days(variables map[string]string) window {
	return window{from: h.day(3), to: h.at(60).Add(-time.Millisecond), variables: variables}
}

func (h hour) judged() []*api.Point {
	points := h.outages()
	points = append(points, h.incidents()...)
	points = append(points, h.notes()...)
	points = append(points, h.periods()...)
	points = append(points, h.looks()...)
	for _, p := range places {
		provider := p.provider
		if provider == "" {
			provider = "-"
		}
		points = append(points, api.NewPoint("directory", h.start).Tag(api.TagSite, p.site).
			Text("choice", p.label+" | "+p.site).Text("area", p.areaCode).Text("area_choice", "Huyện "+p.area+" | "+p.areaCode).Text("provider", provider))
	}
	for minute := range 60 {
		outages, changed := int64(0), ""
		if minute == 45 {
			outages, changed = 1, "bd-21553 outage silent → uplink_down"
		}
		judgement := api.NewPoint("judgement", h.at(minute)).Int("until_ms", int64(h.ms(minute))-5000).Int("took_ms", int64(100+minute)).
			Int("sites", 3).Int("outages", outages).Int("hours", 1).Text("changed", changed)
		points = append(points, judgement)
		if minute < 40 || minute >= 55 { // the judge was away for a quarter of an hour
			points = append(points, h.areaStates(minute)...)
		}
	}
	return points
}

// areaStates of two areas; An Lão's offices fall silent at minute 10.
func (h hour) areaStates(minute int) []*api.Point {
	state := func(code, label string, s api.State, rank int64) *api.Point {
		p := api.NewPoint("area_state", h.at(minute)).Tag(api.TagArea, code).Text("label", label).Text("state", string(s)).Int("rank", rank)
		for name := range strings.FieldsSeq(api.States) {
			p.Int(name, 0)
		}
		return p
	}
	anlao := api.StateOK
	if minute >= 10 {
		anlao = api.StateSilent
	}
	return []*api.Point{state("542", "Huyện An Lão", anlao, 3), state("540", "Thành phố Quy Nhơn", api.StateOK, 7)}
}

// outage is one as the judge writes it: open if it has no end.
type outage struct {
	id, site, kind, target string
	from, to               time.Time
	down                   int64
	cause                  api.Cause
	first                  string // "kind cause" as judged first, if that was something else
	maintenance, withdrawn bool
}

func (h hour) outages() []*api.Point {
	at := func(day int, clock time.Duration) time.Time { return h.day(day).Add(clock) }
	var points []*api.Point
	for _, o := range []outage{
		{id: "o1", site: vinhson, kind: "uplink_down", from: h.at(30), down: 1740, cause: api.LastMile},
		{id: "o2", site: antoan, kind: "silent", from: h.at(10), down: 2940, cause: api.Unknown},
		{id: "o3", site: leloi, kind: "uplink_down", from: h.at(5), to: h.at(15), down: 600, cause: api.ProviderNet, first: "silent unknown"},
		{id: "o4", site: leloi, kind: "silent", from: h.at(50), to: h.at(51), cause: api.Unknown, withdrawn: true},
		{id: "o5", site: leloi, kind: "device_down", target: "ups", from: h.at(58), down: 60, cause: api.DeviceGone},
		{id: "o6", site: cathai, kind: "power_lost", from: at(2, 8*time.Hour), to: at(2, 9*time.Hour), down: 3600, cause: api.Power},
		{id: "o7", site: cathai, kind: "uplink_down", from: at(2, 10*time.Hour), to: at(2, 10*time.Hour+100*time.Second), down: 100, cause: api.ProvinceNet},
		{id: "o8", site: cathai, kind: "uplink_down", from: at(1, 6*time.Hour+30*time.Minute), to: at(1, 7*time.Hour), down: 500, cause: api.ProviderNet, maintenance: true},
		{id: "o9", site: vinhson, kind: "uplink_down", from: at(2, 30*time.Minute), to: at(2, 50*time.Minute), down: 1200, cause: api.LastMile},
		{id: "o11", site: vinhson, kind: "uplink_down", from: at(1, 12*time.Hour), to: at(1, 13*time.Hour), down: 2400, cause: api.LastMile},
		{id: "o10", site: dakmang, kind: "lan_down", from: at(1, 30*time.Minute), to: at(1, 40*time.Minute), down: 600, cause: api.LANSwitch},
	} {
		points = append(points, h.outage(o))
	}
	return points
}

func (h hour) outage(o outage) *api.Point {
	status, ended := api.StatusOpen, int64(0)
	if !o.to.IsZero() {
		status, ended = api.StatusClosed, o.to.UnixMilli()
	}
	if o.withdrawn {
		status = api.StatusWithdrawn
	}
	firstKind, firstCause, known := strings.Cut(o.first, " ")
	if !known {
		firstKind, firstCause = o.kind, string(o.cause)
	}
	p := placeOf(o.site)
	return api.NewPoint("outage", o.from).Tag(api.TagSite, o.site).Tag(api.TagID, o.id).
		SetText("kind", o.kind).SetText("target", o.target).SetText("status", status).
		Int("started_ms", o.from.UnixMilli()).Int("ended_ms", ended).Int("down_seconds", o.down).Int("interruptions", 1).
		SetText("cause", string(o.cause)).SetText("reason", "rule."+o.kind).SetText("evidence", "thấy "+o.id).Int("judged_ms", int64(h.ms(59))).
		SetText("first_kind", firstKind).SetText("first_cause", firstCause).Int("first_ms", o.from.UnixMilli()).
		SetText("incident", "i"+o.id[1:]).Bool("maintenance", o.maintenance).
		SetText("label", p.label).SetText("area", p.area).SetText("terrain", p.terrain).SetText("provider", p.provider)
}

// incidents: one of the plain that has been open for 40 days, two of mountains of
// which one is taken, and two that are over.
func (h hour) incidents() []*api.Point {
	incident := func(id, kind, status, title string, cause api.Cause, sites, mountain int64, members string, rank int64, from time.Time) *api.Point {
		return api.NewPoint("incident", from).Tag(api.TagID, id).SetText("kind", kind).SetText("status", status).
			Int("started_ms", from.UnixMilli()).Int("ended_ms", 0).SetText("cause", string(cause)).
			Int("sites", sites).Int("mountain", mountain).SetText("members", members).SetText("title", title).
			SetText("provider", "").SetText("area", "").SetText("evidence", "thấy "+id).Int("judged_ms", int64(h.ms(59))).Int("rank", rank)
	}
	return []*api.Point{
		incident("i40", "lan_down", "open", "Xã Cát Hải", api.LANSwitch, 1, 0, cathai, 101_003, h.start.AddDate(0, 0, -40)),
		incident("i2", "silent", "open", "Xã An Toàn", api.Unknown, 1, 1, antoan, 3_001, h.at(10)),
		incident("i1", "uplink_down", "open", "VNPT", api.ProviderNet, 2, 2, vinhson+" "+antoan, 2, h.at(30)),
		incident("i3", "uplink_down", "closed", "Phường Lê Lợi", api.ProviderNet, 1, 0, leloi, 300_004, h.at(5)),
		incident("i9", "collector", "closed", "", api.CollectorGone, 0, 0, "", 300_000, h.at(0)),
	}
}

// notes: An took An Toàn's incident and then Lan did; the one that is over was taken
// too; and the shift was handed over.
func (h hour) notes() []*api.Point {
	note := func(minute int, incident, act, by, text, title string) *api.Point {
		return api.NewPoint("note", h.at(minute)).Tag(api.TagIncident, incident).SetText("act", act).SetText("by", by).SetText("text", text).SetText("title", title)
	}
	return []*api.Point{
		note(7, "i3", api.ActAcknowledge, "Bình", "", "Phường Lê Lợi"),
		note(15, "i2", api.ActAcknowledge, "An", "", "Xã An Toàn"),
		note(20, "i2", api.ActAcknowledge, "Lan", "đã gọi điện", "Xã An Toàn"),
		note(25, "i2", api.ActNote, "Minh", "chờ thợ", "Xã An Toàn"),
		note(40, "-", api.ActHandOver, "Lan", "giao ca", ""),
	}
}

// period is an hour or a day of a site; a word of 0 is not told.
func period(measurement string, at time.Time, site string, due, down, unknown, maintenance int64, correct, complete, clean, live float64, delay int64) *api.Point {
	told := func(percent float64) int64 {
		if percent == 0 {
			return 0
		}
		return 10
	}
	p := api.NewPoint(measurement, at).Tag(api.TagSite, site).
		Int("due_seconds", due).Int("down_seconds", down).Int("unknown_seconds", unknown).Int("maintenance_seconds", maintenance).Int("known_seconds", due-unknown-maintenance).
		Int("rounds_due", due/60).Int("rounds", (due-unknown)/60).Int("clock_told", told(correct)).Int("points", told(clean)).
		Int("rejected", 2).Int("duplicates", 1).Int("requests", 10).Int("delay_p95_ms", delay)
	p.Float("availability_percent", 100*float64(due-unknown-maintenance-down)/float64(max(due-unknown-maintenance, 1)))
	for _, f := range api.Lookup(measurement).Fields {
		if _, has := p.FieldNamed(f.Name); f.Always && !has {
			p.Int(f.Name, 0)
		}
	}
	// What stood there once stays beside a count of 0.
	return p.Float("correct_percent", max(correct, 1)).Float("complete_percent", complete).Float("clean_percent", max(clean, 1)).Float("live_percent", live)
}

func (h hour) periods() []*api.Point {
	return []*api.Point{
		period("site_hour", h.at(0), leloi, 3600, 600, 0, 0, 100, 99, 98, 97, 1000),
		period("site_hour", h.at(0), cathai, 3600, 0, 1800, 0, 0, 50, 0, 40, 9000),
		period("site_hour", h.at(-180), antoan, 3600, 0, 3600, 0, 0, 0, 0, 0, 0),
		period("site_day", h.day(2), vinhson, 36_000, 1200, 0, 0, 100, 90, 80, 96, 1000),
		period("site_day", h.day(1), vinhson, 36_000, 0, 0, 0, 98, 92, 0, 98, 1000),
		period("site_day", h.day(2), cathai, 36_000, 3700, 6000, 0, 100, 100, 100, 100, 1000),
		period("site_day", h.day(1), cathai, 36_000, 0, 0, 500, 100, 98, 100, 100, 1000),
		period("site_day", h.day(1), leloi, 36_000, 0, 0, 0, 60, 100, 100, 100, 1000),
	}
}

// looks of Lê Lợi: at the start the collector was reached over 11 hops, at minute 6 the
// uplink ended at the second.
func (h hour) looks() []*api.Point {
	look := func(minute int, target, cause string) *api.Point {
		return api.NewPoint("path", h.at(minute)).Tag(api.TagSite, leloi).Tag(api.TagAgent, "a1").Tag(api.TagTarget, target).Text("cause", cause)
	}
	points := []*api.Point{
		look(0, "collector", api.CauseStart).Text("address", "203.0.113.9").Float("dns_ms", 12).Float("connect_ms", 30).Float("tls_ms", 60).
			Int("reached", 1).Int("hops", 11).Text("last_hop", "203.0.113.9").Int("last_hop_number", 11).Int("mtu_bytes", 1492),
		look(0, "isp", api.CauseStart).Text("address", "198.51.100.1").Int("reached", 1).Int("hops", 3).Text("last_hop", "198.51.100.1").Int("last_hop_number", 3),
		look(6, "isp", api.CauseUplinkDown).Text("address", "198.51.100.1").Int("reached", 0).Text("last_hop", "100.64.0.1").Int("last_hop_number", 2).Text("trace_error", api.PathNoAnswer),
	}
	hop := func(minute int, target string, number int) {
		points = append(points, api.NewPoint("path_hop", h.at(minute)).Tag(api.TagSite, leloi).Tag(api.TagAgent, "a1").Tag(api.TagTarget, target).Tag(api.TagHop, fmt.Sprint(number)).
			Text("address", fmt.Sprintf("100.64.0.%d", number-1)).Float("rtt_ms", float64(number)))
	}
	for number := 1; number <= 11; number++ {
		hop(0, "collector", number)
	}
	for number := 1; number <= 3; number++ {
		hop(0, "isp", number)
	}
	hop(6, "isp", 1)
	hop(6, "isp", 2)
	return points
}

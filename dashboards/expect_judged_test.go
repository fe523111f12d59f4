//go:build integration

package dashboards

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"communewatch/collector/say"
)

// What the wall, a commune and the providers show of outages and incidents.

func init() {
	for id, e := range wallExpectations {
		provinceExpectations[id] = e
	}
	for id, e := range siteExpectations {
		communeExpectations[id] = e
	}
}

// always is for what looks back from now, whatever time the page shows.
func always(show func(*testing.T, hour, answer)) expectation {
	return expectation{full: show, bare: show}
}

var wallExpectations = map[uint32]expectation{
	panelInIncident: {full: figure(2.0), bare: noFigure},
	panelIncidents: always(func(t *testing.T, h hour, a answer) {
		// What has been open for 40 days is there; of two who took An Toàn's the last counts,
		// and what was taken and is over does not come back by it.
		a.table(t, []string{"kind", "title", "mountain", "sites", "cause", "started_ms", "by", "evidence", "members"}, [][]any{
			{"uplink_down", "VNPT", 2.0, 2.0, "provider", h.ms(30), nil, "thấy i1", vinhson + " " + antoan},
			{"silent", "Xã An Toàn", 1.0, 1.0, "unknown", h.ms(10), "Lan", "thấy i2", antoan},
			{"lan_down", "Xã Cát Hải", 0.0, 1.0, "lan", float64(h.start.AddDate(0, 0, -40).UnixMilli()), nil, "thấy i40", cathai},
		})
	}),
	panelMap: {full: func(t *testing.T, h hour, a answer) {
		columns := []string{"Time", "site", "label", "state", "since_ms", "terrain", "area", "provider", "latitude", "longitude"}
		for refID, rows := range map[string][][]any{
			"A": {
				{h.ms(59), leloi, "Phường Lê Lợi", "ok", h.ms(-300), "plain", "Quy Nhơn", "Viettel", 13.77, 109.23},
				{h.ms(59), dakmang, "Xã Đắk Mang", "not_installed", nil, "unknown", "Hoài Ân", nil, nil, nil},
			},
			"B": {{h.ms(59), cathai, "Xã Cát Hải", "degraded", nil, "plain", "Phù Cát", "Viettel", 13.98, 109.24}},
			"C": { // Vĩnh Sơn was degraded half an hour ago, and is in no other layer now
				{h.ms(59), antoan, "Xã An Toàn", "silent", h.ms(10), "mountain", "An Lão", "VNPT", 14.50, 108.75},
				{h.ms(59), vinhson, "Xã Vĩnh Sơn", "uplink_down", h.ms(30), "highland", "Vĩnh Thạnh", "VNPT", 14.27, 108.73},
			},
		} {
			a.of(refID).table(t, columns, rows)
		}
	}},
	panelNewestOutages: always(func(t *testing.T, h hour, a answer) {
		a.table(t, []string{"started_ms", "terrain", "label", "kind", "cause", "ended_ms"}, [][]any{
			{h.ms(58), "plain", "Phường Lê Lợi", "device_down", "device", 0.0},
			{h.ms(30), "highland", "Xã Vĩnh Sơn", "uplink_down", "last_mile", 0.0},
			{h.ms(10), "mountain", "Xã An Toàn", "silent", "unknown", 0.0},
			{h.ms(5), "plain", "Phường Lê Lợi", "uplink_down", "provider", h.ms(15)},
			{h.on(1, "12:00"), "highland", "Xã Vĩnh Sơn", "uplink_down", "last_mile", h.on(1, "13:00")},
			{h.on(1, "06:30"), "plain", "Xã Cát Hải", "uplink_down", "provider", h.on(1, "07:00")},
			{h.on(1, "00:30"), "unknown", "Xã Đắk Mang", "lan_down", "lan", h.on(1, "00:40")},
			{h.on(2, "10:00"), "plain", "Xã Cát Hải", "uplink_down", "province", h.on(2, "10:00") + 100_000},
			{h.on(2, "08:00"), "plain", "Xã Cát Hải", "power_lost", "power", h.on(2, "09:00")},
			{h.on(2, "00:30"), "highland", "Xã Vĩnh Sơn", "uplink_down", "last_mile", h.on(2, "00:50")},
		})
	}),
	panelAreaTimeline: {full: func(t *testing.T, h hour, a answer) {
		a.only(t, "Huyện An Lão", "Thành phố Quy Nhơn")
		a.at(t, h, "Huyện An Lão", map[int]any{0: "ok", 9: "ok", 10: "silent", 39: "silent", 40: nil, 54: nil, 55: "silent", 59: "silent"})
		a.at(t, h, "Thành phố Quy Nhơn", map[int]any{0: "ok", 59: "ok"})
	}},
}

// on is a time of a day in Vietnam, as many days before the hour's, in ms.
func (h hour) on(before int, clock string) float64 {
	at, err := time.Parse("15:04", clock)
	if err != nil {
		panic(err)
	}
	return float64(h.day(before).Add(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute).UnixMilli())
}

var siteOutageColumns = []string{"started_ms", "ended_ms", "kind", "target", "cause", "down_seconds", "interruptions", "maintenance", "reason", "evidence", "first_kind", "first_cause", "provider"}

var lookColumnsShown = []string{"Time", "target", "cause", "reached", "last_hop_number", "last_hop", "hops", "trace_error", "dns_ms", "dns_error", "connect_ms", "connect_error", "tls_ms", "tls_error", "mtu_bytes", "mtu_error", "address"}

func (h hour) looked(minute int) map[string][]any {
	if minute == 6 {
		return map[string][]any{"isp": {h.ms(6), "isp", "uplink_down", 0.0, 2.0, "100.64.0.1", nil, "no_answer", nil, nil, nil, nil, nil, nil, nil, nil, "198.51.100.1"}}
	}
	return map[string][]any{
		"collector": {h.ms(0), "collector", "start", 1.0, 11.0, "203.0.113.9", 11.0, nil, 12.0, nil, 30.0, nil, 60.0, nil, 1492.0, nil, "203.0.113.9"},
		"isp":       {h.ms(0), "isp", "start", 1.0, 3.0, "198.51.100.1", 3.0, nil, nil, nil, nil, nil, nil, nil, nil, nil, "198.51.100.1"},
	}
}

var siteExpectations = map[uint32]expectation{
	panelSiteOutages: {full: func(t *testing.T, h hour, a answer) {
		// What was judged silent at first and withdrawn is not there; what was judged anew says so.
		a.table(t, siteOutageColumns, [][]any{
			{h.ms(58), 0.0, "device_down", "ups", "device", 60.0, 1.0, false, "rule.device_down", "thấy o5", "device_down", "device", "Viettel"},
			{h.ms(5), h.ms(15), "uplink_down", "", "provider", 600.0, 1.0, false, "rule.uplink_down", "thấy o3", "silent", "unknown", "Viettel"},
		})
	}, bare: func(t *testing.T, h hour, a answer) {
		a.table(t, siteOutageColumns, [][]any{
			{h.on(1, "00:30"), h.on(1, "00:40"), "lan_down", "", "lan", 600.0, 1.0, false, "rule.lan_down", "thấy o10", "lan_down", "lan", ""},
		})
	}},
	panelHours: {full: func(t *testing.T, h hour, a answer) { a.at(t, h, "khả dụng", map[int]any{0: 100 * 3000.0 / 3600}) }},
	panelQualityHours: {full: func(t *testing.T, h hour, a answer) {
		a.only(t, "Đúng", "Đủ", "Sạch", "Sống")
		for name, percent := range map[string]any{"Đúng": 100.0, "Đủ": 99.0, "Sạch": 98.0, "Sống": 97.0} {
			a.at(t, h, name, map[int]any{0: percent})
		}
	}},
	panelLostHours: {full: func(t *testing.T, h hour, a answer) {
		a.at(t, h, "Thời gian mất", map[int]any{0: 600.0})
		a.at(t, h, "Không rõ", map[int]any{0: 0.0})
		a.at(t, h, "Bảo trì", map[int]any{0: 0.0})
	}},
	panelLook: {full: func(t *testing.T, h hour, a answer) {
		// The uplink's newest look is whole: how many hops there were at the start is not beside it.
		a.table(t, lookColumnsShown, [][]any{h.looked(0)["collector"], h.looked(6)["isp"]})
	}},
	panelHops: {full: func(t *testing.T, h hour, a answer) {
		a.table(t, []string{"Time", "hop", "address", "rtt_ms"}, [][]any{
			{h.ms(6), 1.0, "100.64.0.0", 1.0}, {h.ms(6), 2.0, "100.64.0.1", 2.0},
			{h.ms(0), 1.0, "100.64.0.0", 1.0}, {h.ms(0), 2.0, "100.64.0.1", 2.0}, {h.ms(0), 3.0, "100.64.0.2", 3.0},
		})
	}},
	panelLooks: {full: func(t *testing.T, h hour, a answer) {
		a.table(t, lookColumnsShown, [][]any{h.looked(6)["isp"], h.looked(0)["collector"], h.looked(0)["isp"]})
	}},
	panelOnBattery: {full: func(t *testing.T, h hour, a answer) {
		a.only(t, "ups")
		a.at(t, h, "ups", map[int]any{29: 0.0, 30: 1.0, 31: 0.0, 59: nil})
	}},
	panelBattery: {full: func(t *testing.T, h hour, a answer) {
		a.only(t, "ups · mức sạc", "ups · tải")
		a.at(t, h, "ups · mức sạc", map[int]any{0: 80.0, 59: nil})
		a.at(t, h, "ups · tải", map[int]any{0: 25.0, 59: nil})
	}},
	panelRuntime: {full: func(t *testing.T, h hour, a answer) {
		a.only(t, "ups · còn lại")
		a.at(t, h, "ups · còn lại", map[int]any{0: 1800.0, 59: nil})
	}},
	panelVolts: {full: func(t *testing.T, h hour, a answer) {
		a.only(t, "ups · điện lưới")
		a.at(t, h, "ups · điện lưới", map[int]any{29: 221.0, 30: 0.0, 59: nil})
	}},
}

// A hop's place is a number: of eleven the tenth does not come after the first.
func elevenHops(t *testing.T, db influx, h hour) {
	p := one(t, communePage, say.Vietnamese).panel(t, panelHops)
	a := db.show(t, h.window(map[string]string{"site": leloi, "target": "collector"}), p)
	var want []any
	for n := 1.0; n <= 11; n++ {
		want = append(want, n)
	}
	if diff := cmp.Diff(want, a.frames[0].field("hop").values, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

// voidFigures: a percent that stands beside a count of 0 is from before, and is not shown.
func voidFigures(t *testing.T, db influx, h hour) {
	b := one(t, communePage, say.Vietnamese)
	db.show(t, h.window(map[string]string{"site": cathai}), b.panel(t, panelQualityHours)).only(t, "Đủ", "Sống")
	before := h.window(map[string]string{"site": antoan})
	before.from = h.at(-240)
	if a := db.show(t, before, b.panel(t, panelHours)); a.hasValues() {
		t.Errorf("an hour of which nothing is known has an availability: %v", a.frames)
	}
}

//go:build integration

package dashboards

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/say"
)

// What the providers', the quality's and the collector's pages show.

var causeColumns = []string{"provider", "kind", "cause", "down_seconds (count)", "down_seconds (mean)", "down_seconds (max)", "down_seconds (sum)"}

var availabilityColumns = []string{
	"provider (lastNotNull)", "site (count)", "known (sum) (sum)", "line_availability", "line (count) (sum)", "line (sum) (sum)", "availability", "power (count) (sum)", "power (sum) (sum)",
}

// Four line faults of 1740 (it goes on), 600, 1200 and 2400 s. Not one of them: what the
// province's own network did, and what was announced.
var providerExpectations = map[uint32]expectation{
	panelLineFaults: {full: figure(4.0), bare: noFigure},
	panelLineRepair: {full: figure((600 + 1200 + 2400) / 3.0), bare: noFigure},
	panelLineDown:   {full: figure(1740.0 + 600 + 1200 + 2400), bare: noFigure},
	panelPowerCuts:  {full: figure(1.0), bare: noFigure},
	panelPowerDown:  {full: figure(3600.0), bare: noFigure},
	panelProviders: {full: func(t *testing.T, h hour, a answer) {
		// An Toàn has no day, so what is known of it adds nothing; Đắk Mang has no provider and no day.
		a.table(t, availabilityColumns, [][]any{
			{"VNPT", 2.0, 72_000.0, 1 - 5340.0/72_000, 3.0, 5340.0, 1 - 1200.0/72_000, 0.0, 0.0},
			{"Viettel", 2.0, 101_500.0, 1 - 600.0/101_500, 1.0, 600.0, 1 - 3700.0/101_500, 1.0, 3600.0},
		})
	}},
	panelOutagesPerDay: {full: func(t *testing.T, h hour, a answer) {
		// What began half an hour after midnight in Vietnam, 17:30 of the day before by UTC, is of its day there.
		a.onDays(t, h, "mất đường truyền", 2, 1, 2)
		a.onDays(t, h, "mất mạng LAN", nil, 1, nil)
		a.onDays(t, h, "mất điện", 1, nil, nil)
		a.onDays(t, h, "mất tín hiệu", nil, nil, 1)
	}},
	panelDownPerDay: {full: func(t *testing.T, h hour, a answer) {
		a.onDays(t, h, "mất đường truyền", 1300, 2400, 2340)
		a.onDays(t, h, "mất mạng LAN", nil, 600, nil)
		a.onDays(t, h, "mất điện", 3600, nil, nil)
		a.onDays(t, h, "mất tín hiệu", nil, nil, 2940)
	}},
	panelCauses: {full: func(t *testing.T, h hour, a answer) {
		a.table(t, causeColumns, [][]any{
			{"VNPT", "uplink_down", "last_mile", 2.0, 1800.0, 2400.0, 3600.0},
			{"Viettel", "power_lost", "power", 1.0, 3600.0, 3600.0, 3600.0},
			{"Viettel", "uplink_down", "province", 1.0, 100.0, 100.0, 100.0},
			{"", "lan_down", "lan", 1.0, 600.0, 600.0, 600.0},
			{"Viettel", "uplink_down", "provider", 1.0, 600.0, 600.0, 600.0},
		})
	}},
	panelProviderOutages: {full: func(t *testing.T, h hour, a answer) {
		a.table(t, []string{"provider", "started_ms", "ended_ms", "down_seconds", "terrain", "label", "kind", "cause", "maintenance", "evidence", "site"}, [][]any{
			{"VNPT", h.ms(30), 0.0, 1740.0, "highland", "Xã Vĩnh Sơn", "uplink_down", "last_mile", false, "thấy o1", vinhson},
			{"VNPT", h.ms(10), 0.0, 2940.0, "mountain", "Xã An Toàn", "silent", "unknown", false, "thấy o2", antoan},
			{"Viettel", h.ms(5), h.ms(15), 600.0, "plain", "Phường Lê Lợi", "uplink_down", "provider", false, "thấy o3", leloi},
			{"VNPT", h.on(1, "12:00"), h.on(1, "13:00"), 2400.0, "highland", "Xã Vĩnh Sơn", "uplink_down", "last_mile", false, "thấy o11", vinhson},
			{"Viettel", h.on(1, "06:30"), h.on(1, "07:00"), 500.0, "plain", "Xã Cát Hải", "uplink_down", "provider", true, "thấy o8", cathai},
			{"", h.on(1, "00:30"), h.on(1, "00:40"), 600.0, "unknown", "Xã Đắk Mang", "lan_down", "lan", false, "thấy o10", dakmang},
			{"Viettel", h.on(2, "10:00"), h.on(2, "10:00") + 100_000, 100.0, "plain", "Xã Cát Hải", "uplink_down", "province", false, "thấy o7", cathai},
			{"Viettel", h.on(2, "08:00"), h.on(2, "09:00"), 3600.0, "plain", "Xã Cát Hải", "power_lost", "power", false, "thấy o6", cathai},
			{"VNPT", h.on(2, "00:30"), h.on(2, "00:50"), 1200.0, "highland", "Xã Vĩnh Sơn", "uplink_down", "last_mile", false, "thấy o9", vinhson},
		})
	}},
}

// onDays compares a line's days, the oldest first; nil is no column.
func (a answer) onDays(t *testing.T, h hour, line string, days ...any) {
	t.Helper()
	for i, want := range days {
		before := len(days) - 1 - i
		if n, ok := want.(int); ok {
			want = float64(n)
		}
		if diff := cmp.Diff(want, a.value(t, line, float64(h.day(before).UnixMilli()))); diff != "" {
			t.Errorf("%s %d days before: %s", line, before, diff)
		}
	}
}

// oneProvider is what the page shows of one that is chosen.
func oneProvider(t *testing.T, db influx, h hour) {
	b := one(t, providerPage, say.Vietnamese)
	w := h.days(map[string]string{"provider": "VNPT"})
	figure(3.0)(t, h, db.show(t, w, b.panel(t, panelLineFaults)))
	noFigure(t, h, db.show(t, w, b.panel(t, panelPowerCuts)))
	db.show(t, w, b.panel(t, panelCauses)).table(t, causeColumns, [][]any{{"VNPT", "uplink_down", "last_mile", 2.0, 1800.0, 2400.0, 3600.0}})
	got := db.show(t, w, b.panel(t, panelProviders))
	if names := got.frames[0].fields[0].values; len(names) != 1 || names[0] != "VNPT" {
		t.Errorf("of VNPT alone the page shows %v", names)
	}
}

// nothingLost: a provider without an outage has been available all the time, and is not left out.
func nothingLost(t *testing.T, db influx, h hour) {
	w := h.days(map[string]string{"provider": "Viettel"})
	w.to = h.day(2).Add(-1) // before everything
	w.from = h.day(3)
	db.write(t, []*api.Point{period("site_day", h.day(3), leloi, 36_000, 0, 0, 0, 100, 100, 100, 100, 0)})
	a := db.show(t, w, one(t, providerPage, say.Vietnamese).panel(t, panelProviders))
	a.table(t, []string{"provider (lastNotNull)", "site (count)", "known (sum) (sum)", "line_availability", "availability"}, [][]any{{"Viettel", 2.0, 36_000.0, 1.0, 1.0}})
}

var wordsOfSite = []string{"terrain (lastNotNull)", "label (lastNotNull)", "area (lastNotNull)", "worst", "correct (mean)", "complete (mean)", "clean (mean)", "live (mean)", "site"}

var qualityExpectations = map[uint32]expectation{
	panelCorrect:  {full: percent(91.6), bare: noFigure},
	panelComplete: {full: percent(96), bare: noFigure},
	panelClean:    {full: percent(95), bare: noFigure}, // four days: of the fifth nothing was told, whatever stands there
	panelLive:     {full: percent(98.8), bare: noFigure},
	panelMountainQuality: {full: func(t *testing.T, h hour, a answer) {
		a.table(t, wordsOfSite, [][]any{
			{"mountain", "Xã An Toàn", "An Lão", nil, nil, nil, nil, nil, antoan},
			{"highland", "Xã Vĩnh Sơn", "Vĩnh Thạnh", 80.0, 99.0, 91.0, 80.0, 97.0, vinhson},
		})
	}},
	panelPlainQuality: {full: func(t *testing.T, h hour, a answer) {
		a.table(t, wordsOfSite, [][]any{
			{"plain", "Phường Lê Lợi", "Quy Nhơn", 60.0, 60.0, 100.0, 100.0, 100.0, leloi},
			{"plain", "Xã Cát Hải", "Phù Cát", 99.0, 100.0, 99.0, 100.0, 100.0, cathai},
		})
	}},
	panelAreaQuality: {full: func(t *testing.T, h hour, a answer) {
		a.table(t, []string{"area (lastNotNull)", "site (count)", "worst", "correct (mean) (mean)", "complete (mean) (mean)", "clean (mean) (mean)", "live (mean) (mean)"}, [][]any{
			{"An Lão", 1.0, nil, nil, nil, nil, nil},
			{"Quy Nhơn", 1.0, 60.0, 60.0, 100.0, 100.0, 100.0},
			{"Vĩnh Thạnh", 1.0, 80.0, 99.0, 91.0, 80.0, 97.0},
			{"Phù Cát", 1.0, 99.0, 100.0, 99.0, 100.0, 100.0},
		})
	}},
	panelCoverage: {full: func(t *testing.T, h hour, a answer) { a.at(t, h, "đã nhận", map[int]any{-60: nil, 0: 90.0 / 120}) }},
	panelRejected: {full: func(t *testing.T, h hour, a answer) {
		a.at(t, h, "bị từ chối", map[int]any{0: 4.0})
		a.at(t, h, "lô trùng", map[int]any{0: 2.0})
	}},
	panelClocks: {full: func(t *testing.T, h hour, a answer) {
		a.only(t, "khớp", "chỉ biết trong khoảng")
		a.at(t, h, "khớp", map[int]any{0: 60.0})
		a.at(t, h, "chỉ biết trong khoảng", map[int]any{0: 30.0})
	}},
	panelLate: {full: func(t *testing.T, h hour, a answer) {
		a.at(t, h, "xã trễ nhất", map[int]any{-60: nil, 0: 9000.0})
		a.at(t, h, "trung bình", map[int]any{0: 5000.0})
	}},
	panelOffsets: {full: func(t *testing.T, h hour, a answer) {
		a.table(t, []string{"terrain (lastNotNull)", "label (lastNotNull)", "ahead (lastNotNull)", "uncertainty (lastNotNull)", "site"}, [][]any{
			{"plain", "Xã Cát Hải", -5000.0, 4.0, cathai},
			{"plain", "Phường Lê Lợi", 12.5, 3.0, leloi},
		})
	}},
	panelChanges: {full: whatChanged},
}

// percent compares to a tenth.
func percent(want float64) func(*testing.T, hour, answer) {
	return func(t *testing.T, _ hour, a answer) {
		if got, _ := a.number(t).(float64); math.Abs(got-want) > 0.05 {
			t.Errorf("shows %v, want %v", got, want)
		}
	}
}

func whatChanged(t *testing.T, h hour, a answer) {
	a.table(t, []string{"Time", "changed", "outages", "hours"}, [][]any{{h.ms(45), "bd-21553 outage silent → uplink_down", 1.0, 1.0}})
}

// ageAt is a moment of the hour, and some ms.
func ageAt(minute int, beyond float64) func(*testing.T, hour, answer) {
	return func(t *testing.T, h hour, a answer) { figure(h.ms(minute)+beyond)(t, h, a) }
}

var collectorExpectations = map[uint32]expectation{
	panelJudgedUntil:  {full: ageAt(59, -5000), bare: noFigure},
	panelReceivedLast: {full: ageAt(59, 1000), bare: noFigure},
	panelMeasuredLast: {full: ageAt(59, 0), bare: noFigure},
	panelAgents:       {full: figure(2.0), bare: noFigure},
	panelReceipts: {full: func(t *testing.T, h hour, a answer) {
		a.at(t, h, "lần gửi", map[int]any{0: 2.0, 30: 1.0, 45: 2.0, 50: 0.0})
	}},
	panelPoints: {full: func(t *testing.T, h hour, a answer) {
		a.at(t, h, "đã nhận", map[int]any{0: 30.0, 30: 20.0, 45: 120.0, 50: 0.0})
	}},
	panelRejects: {full: func(t *testing.T, h hour, a answer) { a.at(t, h, "bị từ chối", map[int]any{44: nil, 45: 2.0}) }},
	panelAllDelay: {full: func(t *testing.T, h hour, a answer) {
		a.at(t, h, "một nửa dưới", map[int]any{0: 800.0, 45: 800.0})
		a.at(t, h, "95 % dưới", map[int]any{0: 2000.0, 45: 600e3})
		a.at(t, h, "nhiều nhất", map[int]any{30: 800.0, 45: 600e3})
	}},
	panelBacklog: {full: func(t *testing.T, h hour, a answer) {
		a.at(t, h, "mới nhất", map[int]any{0: 2.0, 30: 1.0, 45: 1.0})
		a.at(t, h, "gửi bù", map[int]any{44: nil, 45: 1.0})
	}},
	panelHeard: {full: func(t *testing.T, h hour, a answer) {
		a.at(t, h, "Số xã", map[int]any{0: 2.0, 25: 2.0, 30: 1.0, 55: 1.0})
	}},
	panelTook: {full: func(t *testing.T, h hour, a answer) { a.at(t, h, "nhiều nhất", map[int]any{0: 100.0, 59: 159.0}) }},
	panelJudgedWhat: {full: func(t *testing.T, h hour, a answer) {
		a.at(t, h, "Sự cố", map[int]any{44: 0.0, 45: 1.0})
		a.at(t, h, "Giờ tính lại", map[int]any{0: 1.0})
		a.at(t, h, "Xã có số liệu mới", map[int]any{0: 3.0})
	}},
	panelWaiting: {full: func(t *testing.T, h hour, a answer) { a.at(t, h, "lô chờ", map[int]any{0: 8.0, 5: 7.0, 10: 9.0}) }},
	panelSpools: {full: func(t *testing.T, h hour, a answer) {
		a.table(t, []string{"site", "agent", "spool_batches", "spool_bytes", "dropped_batches", "aside_batches", "Time"}, [][]any{
			{cathai, "a2", 7.0, nil, nil, nil, h.ms(59)},
			{leloi, "a1", 2.0, 2048.0, 4.0, nil, h.ms(59)},
		})
	}},
	panelVersions: {full: func(t *testing.T, h hour, a answer) {
		a.table(t, []string{"version", "os", "arch", "spool_batches (count)"}, [][]any{{"1.2.0", "windows", "amd64", 1.0}, {"1.1.0", "linux", "arm", 1.0}})
	}},
	panelJudgeChanges: {full: whatChanged},
}

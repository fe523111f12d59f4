//go:build integration

package dashboards

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

var provinceExpectations = map[uint32]expectation{
	panelStates: {full: func(t *testing.T, h hour, a answer) {
		a.table(t, []string{"state", "site (count)"}, [][]any{
			{"uplink_down", 1.0}, {"silent", 1.0}, {"not_installed", 1.0}, {"degraded", 1.0}, {"ok", 1.0},
		})
	}},
	panelMountainDown:   {full: figure(1.0), bare: noFigure},
	panelMountainSilent: {full: figure(1.0), bare: noFigure},
	panelJudged: {full: func(t *testing.T, h hour, a answer) {
		if got := a.number(t); got != h.ms(59) {
			t.Errorf("judged last at %v, want %v", got, h.ms(59))
		}
	}, bare: noFigure},
	panelSites: {full: func(t *testing.T, h hour, a answer) {
		// The newest heartbeat whole: Vĩnh Sơn's evidence of minute 29 is gone.
		a.table(t, []string{"terrain", "label", "state", "since_ms", "area", "maintenance", "reason", "evidence", "provider", "Time", "site"}, [][]any{
			{"highland", "Xã Vĩnh Sơn", "uplink_down", h.ms(30), "Vĩnh Thạnh", nil, "rule.now", nil, "VNPT", h.ms(59), vinhson},
			{"mountain", "Xã An Toàn", "silent", h.ms(10), "An Lão", true, "rule.now", nil, "VNPT", h.ms(59), antoan},
			{"unknown", "Xã Đắk Mang", "not_installed", nil, "Hoài Ân", nil, nil, nil, nil, h.ms(59), dakmang},
			{"plain", "Xã Cát Hải", "degraded", nil, "Phù Cát", nil, "rule.now", "isp 3 %", "Viettel", h.ms(59), cathai},
			{"plain", "Phường Lê Lợi", "ok", h.ms(-300), "Quy Nhơn", nil, "rule.now", nil, "Viettel", h.ms(59), leloi},
		})
	}},
	panelHistory: {full: func(t *testing.T, h hour, a answer) {
		a.only(t, "mất đường truyền", "mất tín hiệu", "chập chờn", "chưa lắp đặt", "hoạt động")
		a.at(t, h, "mất đường truyền", map[int]any{0: nil, 25: nil, 30: 1.0, 55: 1.0})
		a.at(t, h, "chập chờn", map[int]any{0: 2.0, 25: 2.0, 30: 1.0, 55: 1.0})
		a.at(t, h, "chưa lắp đặt", map[int]any{0: 1.0, 55: 1.0})
	}},
	panelAreas: {full: func(t *testing.T, h hour, a answer) {
		a.table(t, []string{`area\state`, "uplink_down", "silent", "degraded", "not_installed", "ok"}, [][]any{
			{"Vĩnh Thạnh", 1.0, nil, nil, nil, nil},
			{"An Lão", nil, 1.0, nil, nil, nil},
			{"Hoài Ân", nil, nil, nil, 1.0, nil},
			{"Phù Cát", nil, nil, 1.0, nil, nil},
			{"Quy Nhơn", nil, nil, nil, nil, 1.0},
		})
	}},
	panelWorst: {full: func(t *testing.T, h hour, a answer) {
		// Lê Lợi: isp 50 lost of 500, 8.8.8.8 60 of 600, 8a8b8c8 none of 600. An Toàn sent nothing.
		a.table(t, []string{"terrain (lastNotNull)", "label (lastNotNull)", "loss", "sent (sum)", "site"}, [][]any{
			{"highland", "Xã Vĩnh Sơn", 0.6, 600.0, vinhson},
			{"plain", "Phường Lê Lợi", 110.0 / 1700, 1700.0, leloi},
			{"plain", "Xã Cát Hải", 0.03, 6000.0, cathai},
		})
	}},
}

var communeExpectations = map[uint32]expectation{
	panelName:  {full: figure("Phường Lê Lợi"), bare: figure("Xã Đắk Mang")},
	panelState: {full: figure("ok"), bare: figure("not_installed")},
	panelReason: {full: func(t *testing.T, h hour, a answer) {
		a.table(t, whyColumns, [][]any{{"ok", h.ms(-300), "rule.now", nil, nil, "plain", "Quy Nhơn", "21553", "Viettel", h.ms(59)}})
	}, bare: func(t *testing.T, h hour, a answer) {
		a.table(t, whyColumns, [][]any{{"not_installed", nil, nil, nil, nil, "unknown", "Hoài Ân", "21664", nil, h.ms(59)}})
	}},
	panelTimeline: {full: func(t *testing.T, h hour, a answer) {
		a.at(t, h, "Trạng thái", map[int]any{0: "ok", 59: "ok"})
	}, bare: func(t *testing.T, h hour, a answer) {
		a.at(t, h, "Trạng thái", map[int]any{0: "not_installed", 59: "not_installed"})
	}},
	panelUplinkRTT: {full: func(t *testing.T, h hour, a answer) {
		a.only(t, "min", "p25", "median", "p75", "max")
		for line, v := range map[string]float64{"min": 21, "p25": 22, "median": 23, "p75": 24, "max": 25} {
			a.at(t, h, line, map[int]any{0: v, 59: v})
		}
	}},
	panelUplinkLoss: {full: func(t *testing.T, h hour, a answer) {
		a.only(t, "isp", "8.8.8.8", "8a8b8c8")
		a.at(t, h, "isp", map[int]any{0: 0.0, 19: 0.0, 20: nil, 29: nil, 30: 0.5, 40: 0.0})
		a.at(t, h, "8.8.8.8", map[int]any{0: 0.1, 59: 0.1})
		a.at(t, h, "8a8b8c8", map[int]any{0: 0.0})
	}},
	panelLANRTT: {full: func(t *testing.T, h hour, a answer) {
		a.only(t, "router", "switch")
		a.at(t, h, "router", map[int]any{0: 0.5})
		a.at(t, h, "switch", map[int]any{0: 0.7})
	}},
	panelLANLoss: {full: func(t *testing.T, h hour, a answer) {
		a.only(t, "router", "switch")
		a.at(t, h, "router", map[int]any{0: 0.0})
	}},
	panelDevices: {full: func(t *testing.T, h hour, a answer) {
		// The UPS's battery of minute 58 does not stand beside its silence of minute 59.
		a.table(t, []string{"target", "up", "uptime_seconds", "cpu_percent", "temperature_celsius", "battery_percent", "error", "Time"}, [][]any{
			{"router", 1.0, 3540.0, 20.0, 41.0, nil, nil, h.ms(59)},
			{"ups", 0.0, nil, nil, nil, nil, "timeout", h.ms(59)},
		})
	}},
	panelDeviceFacts: {full: func(t *testing.T, h hour, a answer) {
		a.table(t, []string{"target", "name", "model", "profile"}, [][]any{{"router", "R1", "RouterOS RB760iGS", "routeros"}})
	}},
	panelDeviceLoss: {full: func(t *testing.T, h hour, a answer) {
		a.only(t, "printer")
		a.at(t, h, "printer", map[int]any{0: 1.0, 59: 1.0})
	}},
	panelTraffic: {full: func(t *testing.T, h hour, a answer) {
		// Minute 15 holds six minutes' octets and is no spike.
		a.only(t, "router · ether1 ↓", "router · ether1 ↑")
		a.at(t, h, "router · ether1 ↓", map[int]any{0: nil, 2: 100e3, 9: 100e3, 10: nil, 14: nil, 15: 100e3, 39: 100e3, 40: 200e3, 59: 200e3})
		a.at(t, h, "router · ether1 ↑", map[int]any{2: 10e3, 15: 10e3, 40: 20e3})
	}},
	panelErrors: {full: func(t *testing.T, h hour, a answer) {
		a.only(t, "router · ether1 ↓")
		a.at(t, h, "router · ether1 ↓", map[int]any{40: nil, 41: 3.0, 42: nil})
	}},
	panelDiscards: {full: func(t *testing.T, h hour, a answer) {
		a.only(t, "router · ether1 ↑")
		a.at(t, h, "router · ether1 ↑", map[int]any{41: 2.0})
	}},
	panelSpool: {full: func(t *testing.T, h hour, a answer) {
		a.only(t, "a1 · lô chờ", "a1 · lô đã bỏ")
		a.at(t, h, "a1 · lô chờ", map[int]any{0: 0.0, 1: 1.0, 2: 2.0})
		a.at(t, h, "a1 · lô đã bỏ", map[int]any{49: nil, 50: 4.0})
	}},
	panelMemory: {full: func(t *testing.T, h hour, a answer) { a.at(t, h, "a1 · RSS", map[int]any{0: 20e6}) }},
	panelClock: {full: func(t *testing.T, h hour, a answer) {
		a.at(t, h, "a1 · lệch", map[int]any{0: 12.5})
		a.at(t, h, "a1 · sai số", map[int]any{0: 3.0})
	}},
	panelWire: {full: func(t *testing.T, h hour, a answer) {
		a.at(t, h, "a1", map[int]any{1: 1.44e6, 29: 1.44e6, 30: nil, 31: 1.44e6})
	}},
	panelNewest: {full: func(t *testing.T, h hour, a answer) {
		if got := a.number(t); got != h.ms(59) {
			t.Errorf("newest data is of %v, want %v", got, h.ms(59))
		}
	}, bare: noFigure},
	panelDelay: {full: func(t *testing.T, h hour, a answer) {
		a.at(t, h, "ít nhất", map[int]any{44: 800.0, 45: 800.0})
		a.at(t, h, "nhiều nhất", map[int]any{44: 800.0, 45: 600e3})
	}},
	panelReceived: {full: func(t *testing.T, h hour, a answer) {
		a.at(t, h, "đã nhận", map[int]any{44: 20.0, 45: 120.0})
		a.at(t, h, "bị từ chối", map[int]any{44: nil, 45: 2.0})
	}},
}

var whyColumns = []string{"state", "since_ms", "reason", "evidence", "maintenance", "terrain", "area", "unit", "provider", "Time"}

func figure(want any) func(*testing.T, hour, answer) {
	return func(t *testing.T, _ hour, a answer) {
		if diff := cmp.Diff(want, a.number(t)); diff != "" {
			t.Error(diff)
		}
	}
}

// noFigure: where nothing is known there is no figure, not even 0.
func noFigure(t *testing.T, _ hour, a answer) {
	if got := a.number(t); got != nil {
		t.Errorf("shows %v where nothing is known", got)
	}
}

// The uplink's round trips where it was not probed for ten minutes.
func ispRTT(t *testing.T, h hour, a answer) {
	a.only(t, "min", "p25", "median", "p75", "max")
	a.at(t, h, "median", map[int]any{0: 3.0, 19: 3.0, 20: nil, 29: nil, 30: 30.0, 39: 30.0, 40: 3.0})
	a.at(t, h, "min", map[int]any{30: 10.0})
	a.at(t, h, "max", map[int]any{30: 50.0})
}

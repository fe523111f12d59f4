package api

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

var at = time.Unix(1_700_000_000, 123)

// round is a ping that holds.
func round() *Point {
	return NewPoint("ping", at).Tag("target", "router").Tag("role", "gateway").Int("sent", 10).Int("received", 9)
}

func TestAPointOfEveryMeasurementHolds(t *testing.T) {
	for _, p := range []*Point{
		round(),
		round().Tag("site", "bd-1").Tag("agent", "a1").Float("rtt_min_ms", 0).Float("jitter_ms", rttMs).Text("result", ResultTimeout),
		NewPoint("interface", at).Tag("target", "sw").Tag("interface", "gi0/1").Int("oper_up", 0).Int("in_octets", 1<<53).Text("alias", `uplink "VNPT"`),
		NewPoint("device", at).Tag("target", "ups").Int("up", 1).Float("battery_percent", 97.5).Float("outdoor_temperature_celsius", -3),
		NewPoint("agent_health", at).Int("spool_batches", 0).Float("clock_offset_ms", -1e14),
		NewPoint("path", at).Tag("target", "collector").Text("cause", CauseUplinkDown).Int("reached", 0).Text("trace_error", PathNoAnswer).Text("last_hop", "198.18.1.1").Int("last_hop_number", 30),
		NewPoint("path_hop", at).Tag("target", "collector").Tag("hop", "30").Text("address", "fd00::1").Float("rtt_ms", 0.2),
		NewPoint("receipt", at).Int("batches", 0).Int("lines", 0).Bool("backlog", false).Text("goodbye", "stop"),
		NewPoint("site_state", at).Tag("site", "bd-1").Text("state", "ok").Int("rank", 0),
	} {
		if err := p.Check(); err != nil {
			t.Errorf("%s: %v", p.Measurement, err)
		}
	}
}

func TestCheckComplainsOfWhatIsWrong(t *testing.T) {
	for want, p := range map[string]*Point{
		`unknown measurement "pong"`:                                    NewPoint("pong", at).Int("x", 1),
		`unknown measurement ""`:                                        {},
		`ping without a field`:                                          NewPoint("ping", at).Tag("target", "a").Tag("role", "lan"),
		`ping needs the tag target`:                                     NewPoint("ping", at).Tag("role", "lan").Int("sent", 1).Int("received", 1),
		`ping has no tag "interface"`:                                   round().Tag("interface", "x"),
		`tag "role" given twice`:                                        round().Tag("role", "lan"),
		`tag "site" is empty`:                                           round().Tag("site", ""),
		`tag "agent" has 257 bytes, at most 256`:                        round().Tag("agent", strings.Repeat("x", 257)),
		`tag "site" holds invalid UTF-8 or a control character`:         round().Tag("site", "a\xffb"),
		`tag "agent" holds invalid UTF-8 or a control character`:        round().Tag("agent", "a\nb"),
		`tag role is "printer", want one of: gateway lan uplink device`: NewPoint("ping", at).Tag("target", "a").Tag("role", "printer").Int("sent", 1).Int("received", 1),
		`ping needs the field received`:                                 NewPoint("ping", at).Tag("target", "a").Tag("role", "lan").Int("sent", 1),
		`field "sent" given twice`:                                      round().Int("sent", 1),
		`ping has no field "battery_percent"`:                           round().Float("battery_percent", 1),
		`field late is a float, want integer`:                           round().Float("late", 1),
		`field rtt_min_ms is a integer, want float`:                     round().Int("rtt_min_ms", 1),
		`field result is a boolean, want string`:                        round().Bool("result", true),
		`field late is -1, want 0 to 4.294967296e+09`:                   round().Int("late", -1),
		`field rtt_max_ms is 120000.5, want 0 to 120000 ms`:             round().Float("rtt_max_ms", 120_000.5),
		`field rtt_min_ms is NaN, want 0 to 120000 ms`:                  round().Float("rtt_min_ms", math.NaN()),
		`field rtt_p25_ms is +Inf, want 0 to 120000 ms`:                 round().Float("rtt_p25_ms", math.Inf(1)),
		`field rtt_p75_ms is -Inf, want 0 to 120000 ms`:                 round().Float("rtt_p75_ms", math.Inf(-1)),
		`field result is "fine", want one of: timeout icmp_error no_route no_name skipped_parent not_probed`: round().Text("result", "fine"),
		`field model has 1025 bytes, at most 1024`:                                                           NewPoint("device", at).Tag("target", "a").Int("up", 1).Text("model", strings.Repeat("x", 1025)),
		`field name holds invalid UTF-8 or a control character`:                                              NewPoint("device", at).Tag("target", "a").Int("up", 1).Text("name", "a\u0085b"),
		`device has no field "percent"`:                                                                      NewPoint("device", at).Tag("target", "a").Int("up", 1).Float("percent", 1),
		`device has no field "room_fahrenheit"`:                                                              NewPoint("device", at).Tag("target", "a").Int("up", 1).Float("room_fahrenheit", 80),
		`field battery_percent is 6500, want 0 to 1000 %`:                                                    NewPoint("device", at).Tag("target", "a").Int("up", 1).Float("battery_percent", 6500),
		`field room_celsius is -3000, want -100 to 1000 Cel`:                                                 NewPoint("device", at).Tag("target", "a").Int("up", 1).Float("room_celsius", -3000),
		`field toner_count is a integer, want float`:                                                         NewPoint("device", at).Tag("target", "a").Int("up", 1).Int("toner_count", 1),
		`device has no field "Battery_percent"`:                                                              NewPoint("device", at).Tag("target", "a").Int("up", 1).Float("Battery_percent", 1),
		`device has no field "battery_lumen"`:                                                                NewPoint("device", at).Tag("target", "a").Int("up", 1).Float("battery_lumen", 1),
		`field fans_count is a integer, want float`:                                                          NewPoint("device", at).Tag("target", "a").Int("up", 1).Int("fans_count", 1),
		`field state is "red", want one of: ` + States:                                                       NewPoint("site_state", at).Tag("site", "a").Text("state", "red").Int("rank", 0),
		`tag hop is "31", want one of: ` + hopNumbers:                                                        NewPoint("path_hop", at).Tag("target", "a").Tag("hop", "31").Text("address", "::1"),
		`field mtu_bytes is 1501, want 68 to 1500 By`:                                                        NewPoint("path", at).Tag("target", "a").Text("cause", "start").Int("mtu_bytes", 1501),
		`field tls_error is "expired", want one of: timeout reset certificate not_tls other`:                 NewPoint("path", at).Tag("target", "a").Text("cause", "start").Text("tls_error", "expired"),
		`receipt has no tag "target"`:                                                                        NewPoint("receipt", at).Tag("target", "a").Int("batches", 1).Int("lines", 1),
		`unknown measurement "` + strings.Repeat("x", 40) + `…"`:                                             NewPoint(strings.Repeat("x", 41), at),
		`field in_octets is 9007199254740993, beyond ±2^53`:                                                  NewPoint("interface", at).Tag("target", "a").Tag("interface", "b").Int("oper_up", 1).Int("in_octets", 1<<53+1),
	} {
		err := p.Check()
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	many := NewPoint("device", at).Tag("target", "a").Int("up", 1)
	for i := range 255 {
		many.Float("f"+strconv.Itoa(i)+"_count", 1)
	}
	if err := many.Check(); err != nil {
		t.Errorf("256 fields: %v", err)
	}
	if err := many.Float("one_more_count", 1).Check(); err == nil || err.Error() != "device has 257 fields, at most 256" {
		t.Errorf("257 fields: %v", err)
	}
	for _, tag := range []string{`a\`, `\`, `C:\x`, `a\ b`, `a\,b`, `a\=b`} {
		if err := round().Tag("site", tag).Check(); err == nil || err.Error() != `tag "site" holds a backslash` {
			t.Errorf("%q: %v", tag, err)
		}
	}
}

func TestOnlyPlausibleTimesAreStored(t *testing.T) {
	now := at.UnixNano()
	for _, c := range []struct {
		ns   int64
		want string
	}{
		{now, ""},
		{now + int64(MaxAhead), ""},
		{now + int64(MaxAhead) + 1, "time is 600 s ahead of the collector's, at most 10m0s is stored"},
		{now + int64(365*24*time.Hour), "time is 31536000 s ahead of the collector's, at most 10m0s is stored"},
		{now - int64(MaxBehind), ""},
		{now - int64(MaxBehind) - 1, "time is 90 days ago, beyond the retention of 90 days"},
		{0, "time is 19675 days ago, beyond the retention of 90 days"},
		{now / 1e9, "time 1700000000 looks like seconds, want nanoseconds since 1970"},
		{now / 1e6, "time 1700000000000 looks like milliseconds, want nanoseconds since 1970"},
		{now / 1e3, "time 1700000000000000 looks like microseconds, want nanoseconds since 1970"},
		{now/1e9 - int64(MaxBehind/time.Second) - 1, "time is 19675 days ago, beyond the retention of 90 days"},
		{-now / 1e9, "time is 19675 days ago, beyond the retention of 90 days"},
		{math.MaxInt64, "time is 7523372036 s ahead of the collector's, at most 10m0s is stored"},
	} {
		got := ""
		if err := CheckTime(c.ns, now); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%d: %q, want %q", c.ns, got, c.want)
		}
	}
	if err := CheckTime(math.MinInt64, now); err == nil || err.Error() != "time is 126426 days ago, beyond the retention of 90 days" {
		t.Errorf("the smallest time: %v", err)
	}
	if CheckTime(time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano(), now) == nil {
		t.Error("1678 is stored")
	}
}

// The table itself: what the store, the encoder and the engines rely on.
func TestTheContractHoldsItsOwnRules(t *testing.T) {
	for i := range Measurements {
		m := &Measurements[i]
		if !plainName(m.Name, false) {
			t.Errorf("measurement %s: want [a-z_]+", m.Name)
		}
		if m.By == 0 || m.Doc == "" || m.Counter() == "" {
			t.Errorf("measurement %s has no writer, no text or no field that every point has", m.Name)
		}
		if m.By == ByAgent && m.Retention != Raw {
			t.Errorf("measurement %s is an agent's and not raw: ingest writes raw only", m.Name)
		}
		names := map[string]bool{"time": true, TagSite: true, TagAgent: true}
		for _, tag := range m.Tags {
			if names[tag.Name] || !plainName(tag.Name, true) || tag.Doc == "" {
				t.Errorf("%s: tag %s is named twice, as a field, or as the time; or has no text", m.Name, tag.Name)
			}
			names[tag.Name] = true
		}
		for _, f := range m.Fields {
			if names[f.Name] || !plainName(f.Name, true) || f.Doc == "" || f.Kind == 0 {
				t.Errorf("%s: field %s is named twice, as a tag, or as the time; or has no text or type", m.Name, f.Name)
			}
			names[f.Name] = true
			if f.Kind == Integer && (math.Abs(f.Min) > 1<<53 || f.Max > 1<<53) {
				t.Errorf("%s: field %s goes beyond ±2^53", m.Name, f.Name)
			}
			if number := f.Kind == Integer || f.Kind == Float; number && f.Max <= f.Min || f.Kind == Boolean && f.Max != f.Min || f.Min > f.Max {
				t.Errorf("%s: field %s has the range %v to %v", m.Name, f.Name, f.Min, f.Max)
			}
		}
	}
}

func plainName(s string, digits bool) bool {
	for _, c := range s {
		if (c < 'a' || c > 'z') && c != '_' && (!digits || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

func TestStatesAreOrderedWorstFirst(t *testing.T) {
	if StateUplinkDown.Severity() != 0 || StateOK.Severity() != 7 || StateSilent.Severity() >= StateClosed.Severity() || State("else").Severity() != 0 {
		t.Error("severities are out of order")
	}
}

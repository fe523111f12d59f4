//go:build integration

package dashboards

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
)

// The sites of the tests. vinhson and antoan are mountain communes that are down
// and silent, dakmang is not verified and has only its not_installed heartbeat,
// cathai and leloi are in the plain; all that is measured is at leloi.
const (
	vinhson = "bd-21786"
	antoan  = "bd-21613"
	dakmang = "bd-21664"
	cathai  = "bd-21856"
	leloi   = "bd-21553"
)

// The hour that is shown, in minutes 0 … 59 from its start.
type hour struct{ start time.Time }

func (h hour) at(minute int) time.Time { return h.start.Add(time.Duration(minute) * time.Minute) }

func (h hour) ms(minute int) float64 { return float64(h.at(minute).UnixMilli()) }

func (h hour) window(variables map[string]string) window {
	return window{from: h.start, to: h.start.Add(time.Hour - time.Millisecond), variables: variables}
}

// judgements are the heartbeats of the hour, one a minute. At minute 30 Vĩnh Sơn's
// uplink goes down; what it was before has a reason and evidence that must not be
// shown with what it is now.
func (h hour) judgements() []*api.Point {
	var points []*api.Point
	beat := func(minute int, site, label, terrain, area string, state api.State, rank int64) *api.Point {
		p := api.NewPoint("site_state", h.at(minute)).Tag(api.TagSite, site).
			Text("state", string(state)).Int("rank", rank).Text("label", label).
			Text("unit", strings.TrimPrefix(site, "bd-")).Text("area", area).Text("terrain", terrain)
		if at := placeOf(site); at.provider != "" {
			p.Text("provider", at.provider).Float("latitude", at.lat).Float("longitude", at.lon)
		}
		points = append(points, p)
		return p
	}
	for minute := range 60 {
		if minute < 30 {
			beat(minute, vinhson, "Xã Vĩnh Sơn", "highland", "Vĩnh Thạnh", api.StateDegraded, 4002).
				Text("reason", "rule.before").Text("evidence", "isp 20 %").Int("since_ms", int64(h.ms(-60)))
		} else {
			beat(minute, vinhson, "Xã Vĩnh Sơn", "highland", "Vĩnh Thạnh", api.StateUplinkDown, 2).
				Text("reason", "rule.now").Int("since_ms", int64(h.ms(30))).Text("incident", "i1")
		}
		silent := beat(minute, antoan, "Xã An Toàn", "mountain", "An Lão", api.StateSilent, 3000).Text("reason", "rule.now").Int("since_ms", int64(h.ms(10))).Bool("maintenance", true)
		if minute >= 30 {
			silent.Text("incident", "i1")
		}
		beat(minute, dakmang, "Xã Đắk Mang", "unknown", "Hoài Ân", api.StateNotInstalled, 5001)
		beat(minute, cathai, "Xã Cát Hải", "plain", "Phù Cát", api.StateDegraded, 104003).Text("reason", "rule.now").Text("evidence", "isp 3 %")
		beat(minute, leloi, "Phường Lê Lợi", "plain", "Quy Nhơn", api.StateOK, 107004).Text("reason", "rule.now").Int("since_ms", int64(h.ms(-300)))
	}
	return points
}

func (h hour) measurements() []*api.Point {
	var points []*api.Point
	for minute := range 60 {
		points = append(points, h.elsewhere(minute)...)
		points = append(points, h.pings(minute)...)
		points = append(points, h.devices(minute)...)
		points = append(points, h.interfaces(minute)...)
		points = append(points, h.agent(minute)...)
	}
	return points
}

func (h hour) ping(minute int, site, target string, role api.Role, sent, received int64) *api.Point {
	return api.NewPoint("ping", h.at(minute)).Tag(api.TagSite, site).Tag(api.TagAgent, "a1").
		Tag(api.TagTarget, target).Tag(api.TagRole, string(role)).Int("sent", sent).Int("received", received)
}

func timed(p *api.Point, least, p25, median, p75, most float64) *api.Point {
	return p.Float("rtt_min_ms", least).Float("rtt_p25_ms", p25).Float("rtt_median_ms", median).Float("rtt_p75_ms", p75).Float("rtt_max_ms", most)
}

// elsewhere are the uplinks of the other sites: Vĩnh Sơn loses 2 of 10 and from
// minute 30 all, Cát Hải 3 of 100, An Toàn sends nothing.
func (h hour) elsewhere(minute int) []*api.Point {
	received := int64(8)
	if minute >= 30 {
		received = 0
	}
	return []*api.Point{
		h.ping(minute, vinhson, "isp", api.RoleUplink, 10, received),
		h.ping(minute, cathai, "isp", api.RoleUplink, 100, 97),
		h.ping(minute, antoan, "isp", api.RoleUplink, 0, 0).Text("result", api.ResultNotProbed),
	}
}

// pings of Lê Lợi. The uplink "isp" is not probed from minute 20 to 29 and loses
// half from 30 to 39; "8.8.8.8" loses a tenth, and "8a8b8c8" is there to be caught by
// a pattern whose points are not escaped. The printer never answers.
func (h hour) pings(minute int) []*api.Point {
	isp := h.ping(minute, leloi, "isp", api.RoleUplink, 10, 10)
	switch {
	case minute >= 20 && minute < 30:
		isp = h.ping(minute, leloi, "isp", api.RoleUplink, 0, 0).Text("result", api.ResultNotProbed)
	case minute >= 30 && minute < 40:
		isp = timed(h.ping(minute, leloi, "isp", api.RoleUplink, 10, 5), 10, 20, 30, 40, 50)
	default:
		timed(isp, 1, 2, 3, 4, 5)
	}
	return []*api.Point{
		isp,
		timed(h.ping(minute, leloi, "8.8.8.8", api.RoleUplink, 10, 9), 21, 22, 23, 24, 25),
		timed(h.ping(minute, leloi, "8a8b8c8", api.RoleUplink, 10, 10), 901, 902, 903, 904, 905),
		timed(h.ping(minute, leloi, "router", api.RoleGateway, 10, 10), 0.1, 0.2, 0.5, 0.6, 0.9),
		timed(h.ping(minute, leloi, "switch", api.RoleLAN, 10, 10), 0.1, 0.2, 0.7, 0.8, 0.9),
		h.ping(minute, leloi, "printer", api.RoleDevice, 10, 0).Text("result", api.ResultTimeout),
	}
}

// devices of Lê Lợi: the router says who it is once, the UPS stops answering at minute 59.
func (h hour) devices(minute int) []*api.Point {
	device := func(target string, up int64) *api.Point {
		return api.NewPoint("device", h.at(minute)).Tag(api.TagSite, leloi).Tag(api.TagAgent, "a1").Tag(api.TagTarget, target).Int("up", up)
	}
	router := device("router", 1).Float("uptime_seconds", float64(60*minute)).Float("cpu_percent", 20).Float("temperature_celsius", 41)
	if minute == 0 {
		router.Text("name", "R1").Text("model", "RouterOS RB760iGS").Text("profile", "routeros")
	}
	onBattery, volts := 0.0, 221.0
	if minute == 30 {
		onBattery, volts = 1, 0
	}
	ups := device("ups", 1).Float("battery_percent", 80).Float("on_battery_count", onBattery).Float("load_percent", 25).Float("battery_runtime_seconds", 1800).Float("input_volts", volts)
	if minute == 59 {
		ups = device("ups", 0).Text("error", "timeout")
	}
	return []*api.Point{router, ups}
}

// interfaces of Lê Lợi: 100 kbit/s in, 10 out, from 40 on the double. The first point knows no
// difference; minutes 10 to 14 are missing, and 15 has what passed since 9.
func (h hour) interfaces(minute int) []*api.Point {
	if minute >= 10 && minute < 15 {
		return nil
	}
	p := api.NewPoint("interface", h.at(minute)).Tag(api.TagSite, leloi).Tag(api.TagAgent, "a1").
		Tag(api.TagTarget, "router").Tag(api.TagInterface, "ether1").Int("oper_up", 1).Int("speed_bps", 1e9)
	octets := int64(750_000) // 100 kbit/s for a minute
	switch {
	case minute == 0:
		return []*api.Point{p}
	case minute == 15:
		octets *= 6
	case minute == 41:
		p.Int("in_errors", 3).Int("out_discards", 2)
	}
	if minute >= 40 {
		octets *= 2
	}
	return []*api.Point{p.Int("in_octets", octets).Int("out_octets", octets/10)}
}

// agent of Lê Lợi on itself and what the collector got: 1,000 bytes a minute on the
// wire, started over at minute 30; at minute 45 an old batch comes with two bad lines.
func (h hour) agent(minute int) []*api.Point {
	health := api.NewPoint("agent_health", h.at(minute)).Tag(api.TagSite, leloi).Tag(api.TagAgent, "a1").
		Int("spool_batches", int64(minute%3)).Int("rss_bytes", 20_000_000).Int("wire_bytes", int64(1000*(minute%30))).
		Float("clock_offset_ms", 12.5).Float("clock_uncertainty_ms", 3).Text("version", "1.2.0").Text("os", "windows").Text("arch", "amd64").Int("spool_bytes", 2048)
	if minute >= 50 {
		health.Int("dropped_batches", 4)
	}
	receipt := func(batches, lines, rejected, delay int64, last int, backlog bool) *api.Point {
		return api.NewPoint("receipt", h.at(minute).Add(time.Second)).Tag(api.TagSite, leloi).Tag(api.TagAgent, "a1").
			Int("batches", batches).Int("lines", lines).Count("rejected", rejected).Int("delay_ms", delay).
			Int("last_time_ms", int64(h.ms(last))).Bool("backlog", backlog).Text("clock", "synced")
	}
	// Cát Hải's clock is far behind, and its agent old; it sends every minute but in the second half of the hour.
	other := api.NewPoint("agent_health", h.at(minute)).Tag(api.TagSite, cathai).Tag(api.TagAgent, "a2").
		Int("spool_batches", 7).Int("rss_bytes", 20_000_000).Float("clock_offset_ms", -5000).Float("clock_uncertainty_ms", 4).
		Text("version", "1.1.0").Text("os", "linux").Text("arch", "arm")
	points := []*api.Point{health, other}
	if minute != 50 { // nothing came from anybody
		points = append(points, receipt(1, 20, 0, 800, minute, false))
	}
	if minute < 30 {
		points = append(points, api.NewPoint("receipt", h.at(minute).Add(3*time.Second)).Tag(api.TagSite, cathai).Tag(api.TagAgent, "a2").
			Int("batches", 1).Int("lines", 10).Int("delay_ms", 2000).Int("last_time_ms", int64(h.ms(minute))).Bool("backlog", false).Text("clock", "bounded"))
	}
	if minute == 45 {
		late := receipt(5, 100, 2, 600_000, 35, true)
		late.Time += int64(time.Second)
		points = append(points, late)
	}
	return points
}

// fill makes the database with its policies and writes the hour.
func (db influx) fill(t *testing.T, h hour) {
	t.Helper()
	db.post(t, "/query", url.Values{"q": {"CREATE DATABASE communewatch"}}, "")
	for policy, days := range map[api.Retention]int{api.Raw: 90, api.Hourly: 1095, api.Events: 3650} {
		db.post(t, "/query", url.Values{"q": {fmt.Sprintf("CREATE RETENTION POLICY %s ON communewatch DURATION %dd REPLICATION 1", policy, days)}}, "")
	}
	db.post(t, "/query", url.Values{"q": {"ALTER RETENTION POLICY raw ON communewatch DEFAULT"}}, "")
	db.write(t, h.judgements())
	db.write(t, h.measurements())
	db.write(t, h.judged())
}

func (db influx) write(t *testing.T, points []*api.Point) {
	t.Helper()
	lines := map[api.Retention][]byte{}
	for _, p := range points {
		policy := api.Lookup(p.Measurement).Retention
		var err error
		if lines[policy], err = p.AppendLine(lines[policy]); err != nil {
			t.Fatal(err)
		}
	}
	for policy, body := range lines {
		db.post(t, "/write", url.Values{"db": {"communewatch"}, "rp": {string(policy)}, "precision": {"ns"}}, string(body))
	}
}

func (db influx) post(t *testing.T, path string, params url.Values, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, db.url+path+"?"+params.Encode(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Token "+db.admin)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, _ := io.ReadAll(response.Body)
	if response.StatusCode/100 != 2 || strings.Contains(string(answer), `"error"`) {
		t.Fatalf("%s %v: %d %s", path, params, response.StatusCode, answer)
	}
}

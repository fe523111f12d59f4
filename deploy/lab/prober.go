package lab

import (
	"context"
	"hash/fnv"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"communewatch/agent/office"
	"communewatch/collector/api"
)

// Weather is how an office's network behaves at the moment. It may change while
// the office measures.
type Weather struct {
	mu         sync.Mutex
	rtt        float64 // ms, of the uplink
	spread     float64 // ms, of its jitter
	loss       float64 // 0 to 1, of the uplink
	uplinkDown bool    // the provider's line is dead; the agent reports over a back-up line
	lanDown    bool    // the office router is dead; likewise
}

func (w *Weather) look() (rtt, spread, loss float64, uplinkDown, lanDown bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rtt, w.spread, w.loss, w.uplinkDown, w.lanDown
}

// document is what a simulated office measures: a router, a switch that is asked
// over SNMP, two addresses beyond the line, and a printer.
func document(interval time.Duration) api.Document {
	snmp := &api.SNMP{Version: "2c", Community: "simulated"}
	return api.Document{Interval: interval, Packets: api.DefaultPackets, Targets: []api.Target{
		{Name: "router", Address: "192.0.2.1", Role: api.RoleGateway},
		{Name: "switch", Address: "192.0.2.2", Role: api.RoleLAN, SNMP: snmp},
		{Name: "provider", Address: "198.51.100.1", Role: api.RoleUplink},
		{Name: "province", Address: "203.0.113.1", Role: api.RoleUplink},
		{Name: "printer", Address: "192.0.2.9", Role: api.RoleDevice},
	}}
}

// probers are the only parts of an office that are not the shipped agent: they
// answer from the weather and send nothing on any network.
func probers(site string, w *Weather) func(api.Document, func() time.Time, *slog.Logger) (office.Probers, error) {
	return func(doc api.Document, now func() time.Time, _ *slog.Logger) (office.Probers, error) {
		return office.Probers{
			ICMP: func(t api.Target) func(context.Context) []*api.Point {
				random := randomOf(site, t.Name)
				return func(context.Context) []*api.Point { return []*api.Point{ping(t, w, doc.Packets, random, now())} }
			},
			SNMP: func(t api.Target) func(context.Context) []*api.Point {
				random := randomOf(site, "snmp "+t.Name)
				return func(context.Context) []*api.Point { return ask(t, w, doc.Interval, random, now()) }
			},
		}, nil
	}
}

// randomOf is the same in every run, so that a demo can be compared with the last.
func randomOf(site, what string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(site + "/" + what))
	return rand.New(rand.NewPCG(h.Sum64(), 1))
}

func ping(t api.Target, w *Weather, packets int, random *rand.Rand, at time.Time) *api.Point {
	rtt, spread, loss, uplinkDown, lanDown := w.look()
	switch t.Role {
	case api.RoleUplink:
		if uplinkDown || lanDown {
			loss = 1
		}
	default:
		rtt, spread, loss = 0.6, 0.2, 0
		if lanDown {
			loss = 1
		}
	}
	p := api.NewPoint("ping", at).Tag(api.TagTarget, t.Name).Tag(api.TagRole, string(t.Role))
	var rtts []float64
	jitter := 0.0
	for range packets {
		if random.Float64() < loss {
			continue
		}
		v := rtt + math.Abs(random.NormFloat64())*spread
		if len(rtts) > 0 {
			jitter += math.Abs(v - rtts[len(rtts)-1])
		}
		rtts = append(rtts, v)
	}
	p.Int("sent", int64(packets)).Int("received", int64(len(rtts)))
	if len(rtts) == 0 {
		return p.Text("result", api.ResultTimeout)
	}
	jitter /= math.Max(1, float64(len(rtts)-1))
	slices.Sort(rtts)
	quantile := func(q float64) float64 { return round3(rtts[int(q*float64(len(rtts)-1)+0.5)]) }
	return p.Float("rtt_min_ms", quantile(0)).Float("rtt_p25_ms", quantile(.25)).Float("rtt_median_ms", quantile(.5)).
		Float("rtt_p75_ms", quantile(.75)).Float("rtt_max_ms", quantile(1)).Float("jitter_ms", round3(jitter))
}

func round3(v float64) float64 { return math.Round(v*1000) / 1000 }

func ask(t api.Target, w *Weather, interval time.Duration, random *rand.Rand, at time.Time) []*api.Point {
	if _, _, _, _, lanDown := w.look(); lanDown {
		return []*api.Point{api.NewPoint("device", at).Tag(api.TagTarget, t.Name).Int("up", 0).Text("error", "no answer")}
	}
	points := []*api.Point{api.NewPoint("device", at).Tag(api.TagTarget, t.Name).Int("up", 1).
		Float("uptime_seconds", float64(at.Unix()%864_000)).Text("model", "simulated switch")}
	for _, name := range []string{"uplink", "office"} {
		octets := func() int64 { return int64(interval.Seconds() * (20_000 + 400_000*random.Float64())) }
		points = append(points, api.NewPoint("interface", at).Tag(api.TagTarget, t.Name).Tag(api.TagInterface, name).
			Int("oper_up", 1).Int("speed_bps", 1_000_000_000).Int("in_octets", octets()).Int("out_octets", octets()))
	}
	return points
}

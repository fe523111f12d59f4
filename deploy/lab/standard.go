package lab

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"time"

	"communewatch/collector/api"
)

// A standard office: ten targets, of which one is a switch with 24 ports and one a UPS,
// both asked over SNMP. It is what bytes and costs are stated for.
const (
	standardTargets = 10
	standardPorts   = 24
)

// StandardPoints is how many points one round of a standard office makes.
const StandardPoints = standardTargets + standardPorts + 2 + 1

// reading is what one round found, before anybody writes it down in his own format.
type reading struct {
	at    time.Time
	pings [standardTargets]rtts
	ports [standardPorts]struct{ in, out int64 }
}

// rtts are ten round trips in ms.
type rtts struct {
	role                               api.Role
	min, p25, median, p75, max, jitter float64
	received                           int
}

// readRound invents the n-th round of an office; the same arguments give the same.
func readRound(office, n int, at time.Time) reading {
	random := rand.New(rand.NewPCG(uint64(office), uint64(n)))
	r := reading{at: at}
	for i := range r.pings {
		base, role := 0.4+random.Float64(), api.RoleLAN
		switch {
		case i == 0:
			role = api.RoleGateway
		case i > 6:
			base, role = 18+8*random.Float64(), api.RoleUplink
		}
		spread := base / 10 * random.Float64()
		r.pings[i] = rtts{role, round3(base), round3(base + spread), round3(base + 2*spread), round3(base + 3*spread), round3(base + 9*spread), round3(spread), 10}
	}
	for i := range r.ports {
		if i%3 > 0 { // a third of the ports is not in use
			r.ports[i].in, r.ports[i].out = random.Int64N(6_000_000), random.Int64N(2_000_000)
		}
	}
	return r
}

// StandardRound is the lines of one round as an agent puts them.
func StandardRound(office, n int, at time.Time) ([]byte, error) {
	r := readRound(office, n, at)
	var points []*api.Point
	for i, p := range r.pings {
		points = append(points, api.NewPoint("ping", at.Add(time.Duration(i)*5*time.Second)).Tag(api.TagTarget, targetName(i)).Tag(api.TagRole, string(p.role)).
			Int("sent", 10).Int("received", int64(p.received)).
			Float("rtt_min_ms", p.min).Float("rtt_p25_ms", p.p25).Float("rtt_median_ms", p.median).Float("rtt_p75_ms", p.p75).
			Float("rtt_max_ms", p.max).Float("jitter_ms", p.jitter))
	}
	for i, p := range r.ports {
		points = append(points, api.NewPoint("interface", at).Tag(api.TagTarget, "switch").Tag(api.TagInterface, portName(i)).
			Int("oper_up", min(1, p.in)).Int("speed_bps", 1_000_000_000).Int("in_octets", p.in).Int("out_octets", p.out))
	}
	points = append(points,
		api.NewPoint("device", at).Tag(api.TagTarget, "switch").Int("up", 1).Float("uptime_seconds", float64(100_000+60*n)),
		api.NewPoint("device", at).Tag(api.TagTarget, "ups").Int("up", 1).Float("uptime_seconds", float64(90_000+60*n)),
		api.NewPoint("agent_health", at.Add(55*time.Second)).Int("spool_batches", 1).Int("spool_bytes", 6_000).Int("rss_bytes", 14_000_000+int64(n)*4096).
			Int("round_ms", 4_800).Int("wire_bytes", int64(n)*2_000).Text("version", "1.0.0").Text("os", "linux").Text("arch", "amd64").
			Text("session", fmt.Sprintf("%016x", office)).Float("cpu_percent", 0.2).Float("clock_offset_ms", 12.5).Float("clock_uncertainty_ms", 21))
	var lines []byte
	for _, p := range points {
		var err error
		if lines, err = p.AppendLine(lines); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

func targetName(i int) string { return fmt.Sprintf("target-%d", i) }
func portName(i int) string   { return fmt.Sprintf("gi1/0/%d", i+1) }

// Stamped is lines as the collector writes them, with who sent them.
func Stamped(lines []byte, site string) []byte {
	var out []byte
	for line := range bytes.Lines(lines) {
		end := bytes.IndexAny(line, ", ")
		out = fmt.Appendf(append(out, line[:end]...), ",site=%s,agent=a1%s", site, line[end:])
	}
	return out
}

// telegrafRound is the same round as Telegraf's documentation says that inputs.ping
// (method native, percentiles 25, 50 and 75) and inputs.snmp (tables of IF-MIB) write it;
// the agent's own health is left out, since Telegraf has no such input by default.
func telegrafRound(office, n int, at time.Time) []byte {
	r := readRound(office, n, at)
	var b bytes.Buffer
	for i, p := range r.pings {
		fmt.Fprintf(&b, "ping,host=office-%d,url=%s packets_transmitted=10i,packets_received=%di,percent_packet_loss=0,ttl=64i,"+
			"minimum_response_ms=%g,average_response_ms=%g,maximum_response_ms=%g,standard_deviation_ms=%g,"+
			"percentile25_ms=%g,percentile50_ms=%g,percentile75_ms=%g,result_code=0i %d\n",
			office, targetName(i), p.received, p.min, p.median, p.max, p.jitter, p.p25, p.median, p.p75, at.UnixNano())
	}
	for i, p := range r.ports { // counters, as the device has them
		fmt.Fprintf(&b, "interface,agent_host=switch,host=office-%d,ifName=%s ifOperStatus=%di,ifHighSpeed=1000u,ifHCInOctets=%du,ifHCOutOctets=%du %d\n",
			office, portName(i), 2-min(1, p.in), 7_000_000_000+int64(n)*p.in, 3_000_000_000+int64(n)*p.out, at.UnixNano())
	}
	fmt.Fprintf(&b, "snmp,agent_host=switch,host=office-%d uptime=%du %d\n", office, 10_000_000+6_000*n, at.UnixNano())
	fmt.Fprintf(&b, "snmp,agent_host=ups,host=office-%d uptime=%du %d\n", office, 9_000_000+6_000*n, at.UnixNano())
	return b.Bytes()
}

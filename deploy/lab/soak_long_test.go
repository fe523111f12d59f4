//go:build integration && long

package lab

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/store"
)

// soak is how long the agent runs; two hours are:
// `go test -tags 'integration long' -timeout 150m ./deploy/lab -run LongRun -args -soak 2h`.
var soak = flag.Duration("soak", 10*time.Minute, "how long the agent of the long run runs")

// An office of the most targets that have a pinger each, with rounds close together, so
// that ten minutes are as many of them as three hours have in an office.
const (
	soakInterval = 3 * time.Second
	soakSilent   = 32
	soakOthers   = 32 // that answer
	soakDevices  = 20 // of those
	soakDead     = 4  // devices among the silent ones
)

// TestALongRunWithSilentTargetsTakesNoMoreAsItGoesOn watches the shipped agent from
// outside: what it holds after a while is what it holds at the end, and all that it
// measured meanwhile is stored.
func TestALongRunWithSilentTargetsTakesNoMoreAsItGoesOn(t *testing.T) {
	t.Parallel()
	if end, set := t.Deadline(); set && time.Until(end) < *soak+2*time.Minute {
		t.Fatalf("the run of %s does not fit before go test's -timeout: raise that", *soak)
	}
	o := newRemoteOffice(t, cable(""))
	// As a Linux of our days is set up (systemd 243 and later): datagram sockets for echoes.
	o.inside("sysctl", "-qw", "net.ipv4.ping_group_range=0\t2147483647")
	o.silence()
	o.variables = []string{tracing}
	o.start(soakInterval, "", o.soakTargets())
	watched := o.watch(*soak)
	o.Stop()
	if err := watched.readTrace(o.Log); err != nil {
		t.Fatal(err)
	}
	watched.wantLevel(t, *soak)
	o.wantAllStored()
	o.wantProbed(int64(*soak / soakInterval))
}

// silentNet is where nobody answers, and no error comes back either.
const silentNet = "198.18.64."

// silence leads silentNet into a cable that ends at nobody. A packet that leaves
// there went out well, other than behind a blackhole route, where sending fails.
func (o *remoteOffice) silence() {
	o.t.Helper()
	o.inside("ip", "link", "add", "quiet", "type", "veth", "peer", "name", "end")
	o.inside("ip", "link", "set", "quiet", "arp", "off", "up")
	o.inside("ip", "link", "set", "end", "up")
	o.inside("ip", "route", "add", silentNet+"0/24", "dev", "quiet")
}

// soakTargets are the silent ones and the others, and a simulator for the devices,
// which are told apart by their communities.
func (o *remoteOffice) soakTargets() string {
	o.t.Helper()
	var list strings.Builder
	recordings := map[string]string{}
	asked := func(community string) string {
		return fmt.Sprintf("device, snmp: {version: 2c, port: %d, community: %s}", simulatorPort, community)
	}
	for i := range soakSilent {
		role := []string{"lan", "uplink"}[i%2]
		if i < soakDead {
			role = asked("dead")
		}
		fmt.Fprintf(&list, "- {name: silent-%d, address: %s%d, role: %s}\n", i, silentNet, i+1, role)
	}
	for i := range soakOthers {
		role, address := "lan", fmt.Sprintf("127.0.0.%d", i+1)
		if i < soakDevices {
			community := fmt.Sprintf("device-%d", i)
			recordings[community] = RecordedSwitch(soakInterval)
			role, address = asked(community), "127.0.0.1" // where snmpsim listens
		}
		fmt.Fprintf(&list, "- {name: other-%d, address: %s, role: %s}\n", i, address, role)
	}
	simulator, err := StartSimulator(o.t.Context(), o.dir, simulatorPort, recordings, "ip", "netns", "exec", o.namespace)
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(simulator.Stop)
	return list.String()
}

// wantAllStored holds the agent's books against InfluxDB. What the agent could not be told
// at the end to be stored may be there.
func (o *remoteOffice) wantAllStored() {
	o.t.Helper()
	counts, err := (&Agent{o.Process, o.dir}).Counts()
	if err != nil {
		o.t.Fatal(err)
	}
	bySite, err := StoredPoints(o.t.Context(), o.collector.Store, o.began.Add(-time.Minute), time.Now().Add(time.Minute))
	if err != nil {
		o.t.Fatal(err)
	}
	stored := bySite[site]
	o.t.Logf("the agent's books: %+v; InfluxDB has %d points", counts, stored)
	if counts.Rejected+counts.Dropped != 0 || counts.Measured != counts.Stored+counts.Pending {
		o.t.Errorf("the agent's own books: %+v", counts)
	}
	if stored < counts.Stored || stored > counts.Measured {
		o.t.Errorf("InfluxDB has %d points of %d measured, %d of them acknowledged", stored, counts.Measured, counts.Stored)
	}
	if rounds := int64(*soak / soakInterval); counts.Pending > 3*counts.Measured/rounds {
		o.t.Errorf("%d points of %d are still to be sent: more than three rounds", counts.Pending, counts.Measured)
	}
}

// wantProbed holds that the run was what it is said to be: every target in nearly every
// round, the silent ones with echoes that left and did not come back.
func (o *remoteOffice) wantProbed(rounds int64) {
	o.t.Helper()
	least := rounds * 9 / 10
	pings := o.perTarget("ping", "sent", "received")
	if len(pings) != soakSilent+soakOthers {
		o.t.Errorf("%d targets were pinged, want %d", len(pings), soakSilent+soakOthers)
	}
	var all [2]sums
	for target, p := range pings {
		kind := kindOf(target)
		if p.points < least || p.first == 0 || (p.second > 0) != (kind == answering) {
			o.t.Errorf("%s in %d rounds: %d pings, %g echoes sent, %g received", target, rounds, p.points, p.first, p.second)
		}
		all[kind].add(p)
	}
	o.t.Logf("echoes: %g of %g received from those that answer, %g of %g from the silent ones",
		all[answering].second, all[answering].first, all[silent].second, all[silent].first)
	o.wantAsked(least)
}

// wantAsked holds the same of the devices. A poll of a silent one takes a whole interval, and misses a round then.
func (o *remoteOffice) wantAsked(least int64) {
	o.t.Helper()
	devices := o.perTarget("device", "up", "up")
	if len(devices) != soakDevices+soakDead {
		o.t.Errorf("%d devices were asked, want %d", len(devices), soakDevices+soakDead)
	}
	var all [2]sums
	for target, d := range devices {
		kind := kindOf(target)
		if kind == answering && d.first < float64(least) || kind == silent && (d.first > 0 || d.points < least/3) {
			o.t.Errorf("%s was polled %d times and answered %g, in %d rounds at least", target, d.points, d.first, least)
		}
		all[kind].add(d)
	}
	o.t.Logf("devices: %g of %d polls answered, %g of %d of the silent ones", all[answering].first, all[answering].points, all[silent].first, all[silent].points)
}

// Kinds of targets.
const (
	silent = iota
	answering
)

func kindOf(target string) int {
	if strings.HasPrefix(target, "silent-") {
		return silent
	}
	return answering
}

// sums are of one target's points of the whole run.
type sums struct {
	points        int64
	first, second float64 // of two fields
}

func (s *sums) add(t sums) {
	s.points, s.first, s.second = s.points+t.points, s.first+t.first, s.second+t.second
}

func (o *remoteOffice) perTarget(measurement, first, second string) map[string]sums {
	o.t.Helper()
	series, err := o.collector.Store.Select(o.t.Context(), store.Query{
		Measurement: measurement, From: o.began.Add(-time.Minute), To: time.Now().Add(time.Minute), Every: time.Hour, By: []string{api.TagTarget},
		Select: []store.Selector{
			{Func: "count", Field: first, As: "points"}, {Func: "sum", Field: first, As: "first"}, {Func: "sum", Field: second, As: "second"},
		},
	})
	if err != nil {
		o.t.Fatal(err)
	}
	out := map[string]sums{}
	for _, s := range series {
		all := out[s.Tags[api.TagTarget]]
		for _, row := range s.Rows {
			all.points += row.Values["points"].Integer()
			all.first += row.Values["first"].Float()
			all.second += row.Values["second"].Float()
		}
		out[s.Tags[api.TagTarget]] = all
	}
	return out
}

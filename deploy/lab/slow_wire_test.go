//go:build integration

package lab

import (
	"testing"
	"time"
)

// probesADay is what keeps an idle connection known to NATs, in bytes a day at a round a
// minute: probes after 20 and 40 s of silence, each of 52 bytes and answered with as many.
const probesADay = Day * 2 * 2 * 52

// TestAStandardOfficesBytesOnTheWireAreCountedByItsAgent sends some rounds of a standard
// office, each for itself as on a line that is not metered, and says what a day of them
// costs with TCP and IP. The agent's own count must be that: its budget goes by it.
func TestAStandardOfficesBytesOnTheWireAreCountedByItsAgent(t *testing.T) {
	t.Parallel()
	o := newRemoteOffice(t, cable(""))
	o.start(time.Second, "packets: 3\n", o.devices(time.Second))
	o.roundsOnTheWire(10, probesADay)
}

// roundsOnTheWire measures so many rounds, of which each is a request, after the first
// few. The probes of a day come on top where rounds are too close for any.
func (o *remoteOffice) roundsOnTheWire(rounds int, probes int64) {
	o.t.Helper()
	const first = 3 // connecting, and what a device says once a day
	o.awaitRequests(first, 5*time.Minute)
	began, before := o.atRest()
	o.awaitRequests(began+rounds, time.Hour)
	ended, after := o.atRest()
	passed := after.minus(before)
	o.Stop()
	o.sayWire(o.receipts()[began:ended], passed, probes)
	said := o.live("wire_bytes")[began:ended]
	own := (said[len(said)-1] - said[0]) / float64(len(said)-1) * float64(ended-began)
	o.t.Logf("the agent counts %.0f bytes, %.3f of what passed", own, own/float64(passed.bytes()))
	if ratio := own / float64(passed.bytes()); ratio < 0.9 || ratio > 1.1 {
		o.t.Errorf("the agent counts %.0f bytes, and %d passed", own, passed.bytes())
	}
}

// sayWire scales what passed in these requests, all of it, to a day of rounds.
func (o *remoteOffice) sayWire(all []received, passed traffic, probes int64) {
	o.t.Helper()
	var batches, lines, bodies int64
	for _, r := range all {
		batches, lines, bodies = batches+r.batches, lines+r.lines, bodies+r.bytes
	}
	o.t.Logf("%d rounds of %d points in %d requests, bodies of %d bytes: with TCP and IP %d bytes in %d packets up, %d in %d down, %d round trips",
		batches, lines/batches, len(all), bodies, passed.up.bytes, passed.up.packets, passed.down.bytes, passed.down.packets, passed.turns)
	o.t.Logf("a day of such rounds: %d kB, of which computed for probes %d kB", (passed.bytes()*Day/batches+probes)/1000, probes/1000)
	const astray = 2 // into the rounds before and behind, where a batch is closed in mid-round
	if lines < batches*StandardPoints-astray {
		o.t.Errorf("%d points in %d rounds, a standard office has %d in each", lines, batches, StandardPoints)
	}
}

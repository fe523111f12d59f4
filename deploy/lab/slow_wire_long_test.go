//go:build integration && long

package lab

import (
	"testing"
	"time"
)

// Rounds a minute apart as they are, with the probes between them.
func TestAStandardOfficesBytesOnTheWireWithARoundAMinute(t *testing.T) {
	t.Parallel()
	o := newRemoteOffice(t, cable(""))
	o.start(time.Minute, "", o.devices(time.Minute))
	o.roundsOnTheWire(15, 0)
}

// A metered line is used once in ten minutes. The first use takes a backlog along, so that
// requests are as large as they get, the second is at a phase by chance; what passes
// from its end to that of the third is the cost of ten rounds.
func TestAMeteredOfficesBytesOnTheWire(t *testing.T) {
	t.Parallel()
	o := newRemoteOffice(t, cable(""))
	o.fill(60)
	o.start(time.Minute, "  metered: true\n  daily_megabytes: 1000\n", o.devices(time.Minute))
	o.awaitBacklog(5 * time.Minute)
	first, _ := o.atRest()
	o.awaitRequests(first+1, 12*time.Minute)
	second, before := o.atRest()
	opened := o.tcp("ActiveOpens")
	o.awaitRequests(second+1, 12*time.Minute)
	third, after := o.atRest()
	o.t.Logf("connections: %d", o.tcp("ActiveOpens")-opened)
	o.sayWire(o.receipts()[second:third], after.minus(before), 0)
	if used := o.receipts()[second:third]; len(used) != 1 || used[0].batches != 10 {
		o.t.Errorf("one use of a metered line was %s, want ten rounds at once", sizes(used))
	}
}

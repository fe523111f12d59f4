//go:build integration && long

package lab

import (
	"testing"
	"time"
)

func TestADaysBacklogDrainsOver16KilobitASecond(t *testing.T) {
	t.Parallel()
	o := newRemoteOffice(t, cable("16kbit"))
	o.fill(Day)
	o.start(time.Minute, "", loopbacks())
	o.wantNews(o.drain(30*time.Minute), 2)
}

func TestADaysBacklogDrainsOverASatellite(t *testing.T) {
	t.Parallel()
	o := newRemoteOffice(t, satellite(300*time.Millisecond))
	o.fill(Day)
	o.start(2*time.Second, "packets: 2\n", loopbacks())
	o.wantNews(o.drain(10*time.Minute), 3)
}

func TestADaysBacklogDrainsOverASatelliteThatLosesPackets(t *testing.T) {
	t.Parallel()
	o := newRemoteOffice(t, satellite(300*time.Millisecond))
	o.lossy("random mod 100 < 5")
	o.fill(Day)
	o.start(10*time.Second, "", loopbacks())
	o.drain(20 * time.Minute)
	o.wantLost()
}

// The line is up for 20 seconds of each minute.
func TestADaysBacklogDrainsOverALineThatIsUpForTwentySecondsAtATime(t *testing.T) {
	t.Parallel()
	o := newRemoteOffice(t, cable("64kbit"))
	o.fill(Day)
	o.flap(20*time.Second, 40*time.Second)
	o.start(time.Minute, "", loopbacks())
	o.drain(30 * time.Minute)
}

//go:build integration && long

package judge

import (
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/store/storetest"
)

// A day of heartbeats of the embedded province, every 15 s: how much of the disk it takes
// once InfluxDB has packed it: 6 MB were measured. One office in twenty has a figure in its evidence that
// changes, and one in a hundred is in an incident.
func TestADayOfHeartbeatsTakesAsMuchOfTheDiskAsIsStated(t *testing.T) {
	inv, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s := storetest.Open(t, storetest.StartIn(t, dir))
	j := &Judge{inv: inv, sites: inv.Sites()}
	j.cfg.fill()
	begin := time.Now().Add(-24 * time.Hour).Truncate(time.Minute)
	events := &pile{tb: t, store: s, retention: api.Events}
	states := make([]api.State, len(j.sites))
	for n := range 24 * 60 * 4 {
		now := begin.Add(time.Duration(n) * 15 * time.Second)
		for i := range j.sites {
			v := Verdict{api.StateOK, begin, "reason.ok", "router 10/10, isp-dns 10/10, bgp 10/10"}
			e := &Evidence{}
			if i%20 == 0 {
				v.Evidence = "router 10/10, isp-dns " + string(rune('0'+rand.IntN(10))) + "/10, bgp 10/10"
			}
			if i%100 == 0 {
				v.State, v.Reason, e.Open = api.StateUplinkDown, "reason.uplink_all_lost", Outage{ID: "o", Incident: "uplink_down-bd-21550-1795000000"}
			}
			states[i] = v.State
			events.add(j.heartbeat(i, e, v, now))
		}
		if events.lines, err = j.appendAreas(events.lines, states, now); err != nil {
			t.Fatal(err)
		}
	}
	events.flush()
	// InfluxDB packs what has not been written to for ten minutes.
	for waited := time.Duration(0); waited < 15*time.Minute; waited += time.Minute {
		tsm, wal := size(t, dir, ".tsm"), size(t, dir, ".wal")
		t.Logf("after %s: %.1f MB packed, %.1f MB not yet", waited, float64(tsm)/1e6, float64(wal)/1e6)
		if wal < 1e6 {
			if tsm > 10e6 {
				t.Errorf("a day takes %d bytes", tsm)
			}
			return
		}
		time.Sleep(time.Minute)
	}
	t.Error("InfluxDB does not pack what is written")
}

// size of the files below a folder with this ending; InfluxDB may take one away meanwhile.
func size(t *testing.T, dir, ending string) (sum int64) {
	t.Helper()
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ending) {
			if info, err := d.Info(); err == nil {
				sum += info.Size()
			}
		}
		return nil
	})
	return sum
}

package board

import (
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/judge"
	"communewatch/collector/say"
)

func TestARowIsMarkedBadByThePolicyOfItsSite(t *testing.T) {
	policies := judge.DefaultPolicies()
	policies.Plain.SilentRounds = 5
	b := &board{deps: Deps{Interval: time.Minute, Policies: &policies}}
	now := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		terrain  string
		loss     int64
		ago      time.Duration
		bad, old bool
	}{
		{inventory.Plain, 30, 4 * time.Minute, true, false},
		{inventory.Plain, 10, 6 * time.Minute, false, true},
		{inventory.Mountain, 30, 3 * time.Minute, false, false},
		{inventory.Mountain, 50, 4 * time.Minute, true, true},
	} {
		site := inventory.Site{ID: "bd-1", Terrain: c.terrain}
		r := b.row(format{say.Vietnamese, now}, site, 0, siteNow{state: api.StateOK, newest: now.Add(-c.ago), sent: 100, received: 100 - c.loss})
		if r.LossBad != c.bad || r.AgeOld != c.old {
			t.Errorf("%+v: bad %t, old %t", c, r.LossBad, r.AgeOld)
		}
	}
}

package judge

import (
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

// The incident of an outage that is looked for no more is carried on while its site is as
// it was, and no longer.
func TestAnIncidentIsCarriedOnWhileTheSiteIsAsItWas(t *testing.T) {
	old := Heartbeat{State: api.StateUplinkDown, At: minute(-0.25), Since: noon.Add(-8 * 24 * time.Hour), Incident: "i1"}
	young := old
	young.Since = noon.Add(-6 * 24 * time.Hour)
	for _, c := range []struct {
		name   string
		before Heartbeat
		open   Outage
		now    api.State
		want   string
	}{
		{"it goes on for longer than is looked for", old, Outage{}, api.StateUplinkDown, "i1"},
		{"it is over", old, Outage{}, api.StateOK, ""},
		{"a younger one would have been found", young, Outage{}, api.StateUplinkDown, ""},
		{"one was found", old, Outage{ID: "o2", Incident: "i2"}, api.StateUplinkDown, "i2"},
		{"one was found that is in none yet", old, Outage{ID: "o2"}, api.StateUplinkDown, ""},
	} {
		e := Evidence{Before: c.before, Open: c.open}
		if got := e.incident(Verdict{State: c.now}, noon); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func TestAsManyRoundsAreReadAsAnyRuleLooksBackOn(t *testing.T) {
	for _, change := range []func(*Policy){
		func(p *Policy) { p.LossRounds = 20 },
		func(p *Policy) { p.FreshRounds = 20 },
		func(p *Policy) { p.DeadRounds, p.RecoverRounds = 3, 17 },
	} {
		policies := DefaultPolicies()
		change(&policies.Mountain)
		j := &Judge{cfg: Config{Policies: &policies}}
		j.cfg.fill()
		if got := noon.Sub(j.roundsFrom(noon, time.Time{}, 5*time.Minute)); got != 25*time.Minute {
			t.Errorf("%+v: %s", policies.Mountain, got)
		}
	}
}

func TestAnAreaIsMountainousIfHalfOfItsSitesAre(t *testing.T) {
	for mountainous, want := range map[int]int64{0: 107_003, 1: 107_003, 2: 7_003, 4: 7_003} {
		c := census{of: map[api.State]int64{}}
		for i := range 4 {
			site := &inventory.Site{Terrain: inventory.Plain}
			if i < mountainous {
				site.Terrain = inventory.Highland
			}
			c.add(site, api.StateOK)
		}
		if got, _ := c.point(inventory.Area{Code: "551"}, 3, noon).FieldNamed("rank"); got.Integer() != want {
			t.Errorf("%d of 4: %d, want %d", mountainous, got.Integer(), want)
		}
	}
}

func TestASiteOfWhichNothingCanBeSaidYetIsNotCounted(t *testing.T) {
	c := census{of: map[api.State]int64{}}
	c.add(&inventory.Site{}, "")
	c.add(&inventory.Site{}, api.StateNotInstalled)
	if c.sites != 2 || len(c.of) != 1 || c.state() != api.StateNotInstalled {
		t.Errorf("%+v %s", c, c.state())
	}
	c.add(&inventory.Site{}, api.StateClosed)
	if c.state() != api.StateClosed {
		t.Error(c.state())
	}
}

func TestWhatIsLookedBackOnFollowsThePolicy(t *testing.T) {
	policies := DefaultPolicies()
	if got := policies.chainBack(); got != 30*time.Minute {
		t.Errorf("by default %s", got)
	}
	if policies.Together = time.Hour; policies.chainBack() != 6*time.Hour {
		t.Errorf("of an hour %s", policies.chainBack())
	}
	began := time.Date(2026, 11, 25, 9, 0, 0, 0, zone)
	r := &Record{Looks: []Look{{Time: began.Add(time.Hour + time.Minute), Target: "collector", Cause: api.CauseUplinkDown, LastHop: "10.0.0.1", LastHopNumber: 1}}}
	for interval, want := range map[time.Duration]api.Cause{time.Minute: api.Unknown, time.Hour: api.LastMile} {
		if got := r.trace(began, policies.For(&inventory.Site{}, interval)).cause; got != want {
			t.Errorf("a look an hour later, at an interval of %s: %s", interval, got)
		}
	}
}

func TestTheCollectorsAbsenceIsSeenBeforeSitesCountAsSilent(t *testing.T) {
	for interval, want := range map[time.Duration]time.Duration{5 * time.Second: 45 * time.Second, 20 * time.Second: 70 * time.Second, time.Minute: 2 * time.Minute, time.Hour: 2 * time.Minute} {
		cfg := Config{Interval: interval}
		cfg.fill()
		p := &pass{j: &Judge{cfg: cfg}}
		if got := p.deafAfter(); got != want {
			t.Errorf("at %s: %s", interval, got)
		}
	}
}

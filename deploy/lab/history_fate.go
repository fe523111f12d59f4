package lab

import (
	"communewatch/collector/inventory"
)

// Fate is what an office goes through over the months of a history, and what it declares.
type Fate string

const (
	Complete    Fate = "complete"    // nothing is lacking, with a UPS where power fails
	Steady      Fate = "steady"      // likewise, without a UPS: power never failed
	Contrary    Fate = "contrary"    // it declares no line and no router, and both are measured
	FirstMet    Fate = "first_met"   // its switch was mended before the last month
	Relapsed    Fate = "relapsed"    // its line has been bad since the last month began
	DeadSwitch  Fate = "dead_switch" // its switch answers nobody
	SlowLine    Fate = "slow_line"   // it pays for less than is asked
	PowerFails  Fate = "power_fails" // power fails, and there is no UPS
	Leaky       Fate = "leaky"       // its line loses a tenth of all packets
	FarAway     Fate = "far_away"    // its line goes over a satellite
	Nameless    Fate = "nameless"    // half of its ports have no name
	OnePC       Fate = "one_pc"      // it has one PC
	HalfOn      Fate = "half_on"     // its PC is off on two days of three
	FellSilent  Fate = "fell_silent" // nothing was heard since the ninth of the last month
	Undeclared  Fate = "undeclared"  // all is well, and it declared nothing
	OldSaying   Fate = "old_saying"  // likewise, and what it declared is older than a year
	Uninstalled Fate = "uninstalled" // it declared all, and no agent was ever installed
	Unheard     Fate = "unheard"     // neither declared nor installed
)

// Fates in the order in which offices get them, over and over.
var (
	plainFates = []Fate{
		Complete, Steady, DeadSwitch, Complete, Contrary, Steady, SlowLine, Complete, FirstMet, Undeclared, Complete, Relapsed, Steady,
		HalfOn, Complete, Nameless, Uninstalled, Complete, FellSilent, OldSaying,
	}
	mountainFates = []Fate{
		Complete, PowerFails, FirstMet, Uninstalled, Complete, Leaky, Relapsed, Complete, SlowLine, FellSilent, FarAway, Undeclared,
		Complete, OnePC, PowerFails, Unheard,
	}
)

// wholeArea is a district all of which meets the target, so that a group does.
const wholeArea = "549"

// fates gives each office its own, by its place among those of its kind of terrain.
func fates(sites []inventory.Site) map[string]Fate {
	all := make(map[string]Fate, len(sites))
	plain, mountain := 0, 0
	for i := range sites {
		s := &sites[i]
		switch {
		case s.AreaCode == wholeArea:
			all[s.ID] = []Fate{Complete, Steady}[i%2]
		case s.Mountainous():
			all[s.ID] = mountainFates[mountain%len(mountainFates)]
			mountain++
		default:
			all[s.ID] = plainFates[plain%len(plainFates)]
			plain++
		}
	}
	return all
}

// contract is what an office pays for, in Mbit/s, down and up.
func (f Fate) contract(mountain bool) (down, up float64) {
	switch {
	case f == SlowLine:
		return 6, 2
	case mountain:
		return 50, 20
	}
	return 100, 50
}

// hasUPS tells whether one is there.
func (f Fate) hasUPS() bool { return f != Steady && f != PowerFails }

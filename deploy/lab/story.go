package lab

import (
	"context"
	"time"

	"communewatch/agent/office"
	"communewatch/collector/inventory"
)

// Story is what happens to an office.
type Story string

const (
	Good       Story = "good"        // nothing
	Lossy      Story = "lossy"       // a mountain line that loses a third of its packets
	Silent     Story = "silent"      // its line breaks for good; it measures on
	Closed     Story = "closed"      // it closes for the day and says goodbye
	PowerCut   Story = "power_cut"   // line and power fail; later it comes back and replays
	UplinkDown Story = "uplink_down" // the provider's line is dead, it reports over a back-up line
	LANDown    Story = "lan_down"    // the office router is dead, likewise
)

// assign gives each simulated site its story: the named misfortunes go to one site
// each, mountain ones first, and every fifth mountain line is lossy.
func assign(sites []inventory.Site, tokens map[string]string) map[string]Story {
	mountain := []Story{Silent, PowerCut, UplinkDown}
	plain := []Story{Closed, LANDown}
	out := map[string]Story{}
	n := 0
	for _, s := range sites {
		if tokens[s.ID] == "" {
			continue
		}
		special := &plain
		if s.Mountainous() {
			special = &mountain
			n++
		}
		switch {
		// Not the first ones: the screen should not begin with all that can happen.
		case len(*special) > 0 && len(out)%4 == 3:
			out[s.ID], *special = (*special)[0], (*special)[1:]
		case s.Mountainous() && n%5 == 0:
			out[s.ID] = Lossy
		default:
			out[s.ID] = Good
		}
	}
	return out
}

func weatherOf(site inventory.Site, story Story) *Weather {
	w := &Weather{rtt: 6, spread: 1.5}
	if site.Mountainous() {
		w.rtt, w.spread, w.loss = 24, 7, 0.01
	}
	if story == Lossy {
		w.rtt, w.spread, w.loss = 85, 60, 0.55
	}
	return w
}

// stories by name; each comes back when its office is in its last condition.
var stories = map[Story]func(context.Context, *simulated, *Line) error{
	Good:  quiet,
	Lossy: quiet,
	Silent: func(ctx context.Context, o *simulated, line *Line) error {
		o.quietCut(ctx, line, 2)
		return nil
	},
	Closed: func(ctx context.Context, o *simulated, _ *Line) error {
		if !o.rounds(ctx, 3) {
			return nil
		}
		return o.switchOff(nil)
	},
	PowerCut: func(ctx context.Context, o *simulated, line *Line) error {
		if !o.quietCut(ctx, line, 2) || !o.rounds(ctx, 2) {
			return nil
		}
		if err := o.switchOff(office.ErrPowerCut); err != nil {
			return err
		}
		if !o.rounds(ctx, 2) {
			return nil
		}
		line.Mend()
		return o.switchOn(ctx, line)
	},
	UplinkDown: func(ctx context.Context, o *simulated, _ *Line) error {
		if o.rounds(ctx, 2) {
			o.weather.change(func(w *Weather) { w.uplinkDown = true })
		}
		return nil
	},
	LANDown: func(ctx context.Context, o *simulated, _ *Line) error {
		if o.rounds(ctx, 2) {
			o.weather.change(func(w *Weather) { w.lanDown = true })
		}
		return nil
	},
}

func quiet(context.Context, *simulated, *Line) error { return nil }

func (w *Weather) change(f func(*Weather)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w)
}

// rounds waits that many intervals; false when the lab ends first.
func (o *simulated) rounds(ctx context.Context, n int) bool {
	return pause(ctx, o.cfg.Interval*time.Duration(n))
}

// quietCut cuts the line after some rounds, at a moment when nothing is under way:
// an acknowledgement that is lost after its commit belongs to the fault tests, and
// here would count a batch as stored and as pending.
func (o *simulated) quietCut(ctx context.Context, line *Line, after int) bool {
	if !o.rounds(ctx, after) {
		return false
	}
	for o.counts().Pending > 0 {
		if !pause(ctx, 20*time.Millisecond) {
			return false
		}
	}
	line.Cut()
	return true
}

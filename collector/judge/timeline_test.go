package judge

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
)

func TestATimelineIsWhatALivingJudgeWouldHaveSaid(t *testing.T) {
	for _, c := range []struct {
		name string
		s    *story
		want string
	}{
		{"a line that is lost, and is lossy for a while afterwards", recordOf(t, "09:00", `
			router  10A 10A 10A
			isp-dns 10A 10x 7 9A`),
			`09:00:00 ok (ok)
			 09:10:20 uplink_down (uplink_all_lost)
			 09:20:20 degraded (uplink_loss)
			 09:21:20 ok (ok)
			 09:30:00`},
		{"loss", recordOf(t, "09:00", `
			router  10A 10A 10A
			isp-dns 10A 55555 5A 10A`),
			`09:00:00 ok (ok)
			 09:10:20 degraded (uplink_loss)
			 09:15:20 ok (ok)
			 09:30:00`},
		{"first the LAN comes back, then the line", recordOf(t, "09:00", `
			router  10A 5x 5A 10A
			isp-dns 10A 5x 5x 10A`),
			`09:00:00 ok (ok)
			 09:10:05 lan_down (lan_all_lost)
			 09:15:05 uplink_down (uplink_all_lost)
			 09:20:20 ok (ok)
			 09:30:00`},
		{"a night", recordOf(t, "2026-11-25 16:55", `
			router  5A 840- 5A
			isp-dns 5A 840- 5A`).goodbye("17:00"),
			`16:55:00 ok (ok)
			 16:59:40 closed (goodbye)
			 2026-11-26 07:00:05 ok (ok)
			 2026-11-26 07:05:00`},
		{"a record that begins with a dead line", recordOf(t, "09:00", `
			router  10A 10A
			isp-dns 10x 10A`),
			`09:00:00 uplink_down (uplink_all_lost)
			 09:10:20 ok (ok)
			 09:20:00`},
		{"one that begins in a gap", recordOf(t, "09:00", `
			router  30- 10A
			isp-dns 30- 10A`),
			`09:00:00 silent (headless)
			 09:30:05 ok (ok)
			 09:40:00`},
		{"one that begins in a gap, of which the beginning is known", recordOf(t, "09:00", `
			router  10A 60- 10A
			isp-dns 10A 60- 10A`).goodbye("09:10").window("09:40", "10:20"),
			`09:40:00 closed (goodbye)
			 10:10:05 ok (ok)
			 10:20:00`},
		{"nothing at all", recordOf(t, "09:00", `isp-dns 10-`),
			`09:00:00 not_installed (never_heard)
			 09:10:00`},
		{"a gap in the middle of the day that goes on past closing time", recordOf(t, "15:00", `
			router  10A 120-
			isp-dns 10A 120-`),
			`15:00:00 ok (ok)
			 15:09:40 silent (not_heard)
			 16:30:00 closed (closed_hours)
			 17:10:00`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(unindent(c.want), states(Timeline(&c.s.r, c.s.p, c.s.r.To))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestWhoMaySendLaterIsNotSilentYet(t *testing.T) {
	metered := recordOf(t, "09:00", `
		router  60A 15-
		isp-dns 60A 15-`)
	for i := range metered.r.Arrivals {
		metered.r.Arrivals[i].Every = 10 * time.Minute
	}
	if d := cmp.Diff("09:00:00 ok (ok)\n10:15:00\n", states(Timeline(&metered.r, metered.p, metered.r.To))); d != "" {
		t.Error(d)
	}
	plain := recordOf(t, "09:00", `
		router  60A 15-
		isp-dns 60A 15-`)
	if d := cmp.Diff("09:00:00 ok (ok)\n09:59:40 silent (not_heard)\n10:15:00\n", states(Timeline(&plain.r, plain.p, plain.r.To))); d != "" {
		t.Error(d)
	}
	draining := recordOf(t, "09:00", `
		router  60A 15-
		isp-dns 60A 15-`)
	draining.r.Arrivals = append(draining.r.Arrivals, Arrival{Time: wall("10:14"), First: wall("09:00"), Last: wall("09:30")})
	if d := cmp.Diff("09:00:00 ok (ok)\n09:59:40 degraded (late_data)\n10:15:00\n", states(Timeline(&draining.r, draining.p, draining.r.To))); d != "" {
		t.Error(d)
	}
	returned := recordOf(t, "09:00", `
		router  60A 62-
		isp-dns 60A 62-`).deaf("10:00", "11:00")
	straight := recordOf(t, "09:00", `
		router  60A 5-
		isp-dns 60A 5-`).deaf("10:01", "10:04")
	if d := cmp.Diff("09:00:00 ok (ok)\n10:05:00\n", states(Timeline(&straight.r, straight.p, straight.r.To))); d != "" {
		t.Error("nobody listened for long enough", d)
	}
	if d := cmp.Diff("09:00:00 ok (ok)\n11:02:00\n", states(Timeline(&returned.r, returned.p, returned.r.To))); d != "" {
		t.Error("the collector has been back for two minutes only", d)
	}
	if d := cmp.Diff("09:00:00 ok (ok)\n11:00:00 silent (not_heard)\n11:20:00\n", laterStates(returned, "11:20")); d != "" {
		t.Error(d)
	}
}

// laterStates is the timeline of a story as it is known at a later time, when nothing more came.
func laterStates(s *story, now string) string {
	s.r.To = wall(now)
	return states(Timeline(&s.r, s.p, s.r.To))
}

// At each tick a living judge who has just received the rounds says the same state.
func TestATimelineAgreesWithDecideAtEachTick(t *testing.T) {
	s := recordOf(t, "09:00", `
		router  20A 5x A 9A  30A 3n 3x 20A
		switch  20A 10A  5A  5x  20A 3x 3x 20A
		isp-dns 20A 5s A 4x 5A 555555 24A 3x 3x 20A
		bgp     20A 5s 15A  10x 20A 3x 3x 20A
		printer 20A 15x 20A 41A`)
	timeline := Timeline(&s.r, s.p, s.r.To)
	apart := 0
	for _, run := range s.r.Runs {
		e := Evidence{Due: true, Listened: time.Hour, Receipt: Receipt{Time: run.Time, Newest: run.Time}}
		for _, target := range s.r.Targets {
			seen := target
			seen.Rounds = nil
			for _, round := range target.Rounds {
				if round.Time.Before(run.Time) {
					seen.Rounds = append(seen.Rounds, round)
				}
			}
			e.Targets = append(e.Targets, seen)
		}
		live := Decide(e, s.p, run.Time).State
		got := stateAt(timeline, run.Time)
		if apart++; got == live || changesSoon(timeline, run.Time) {
			apart = 0
		}
		// A state of one round between two that are alike is not told apart.
		if apart > 1 {
			t.Errorf("%s: %s in the timeline, %s live", moment(run.Time), got, live)
		}
	}
}

func stateAt(timeline []Segment, at time.Time) api.State {
	var state api.State
	for _, s := range timeline {
		if !s.From.After(at) {
			state = s.State
		}
	}
	return state
}

// changesSoon is where history knows better: a state that the next ticks tell began here,
// with the first round that failed, or the first that was good.
func changesSoon(timeline []Segment, at time.Time) bool {
	for _, s := range timeline {
		if !s.From.After(at) && at.Sub(s.From) < 5*time.Minute {
			return true
		}
	}
	return false
}

func TestATimelineHasNoHole(t *testing.T) {
	s := recordOf(t, "2026-11-20 07:00", `
		router  50A 20- 30x 5A 700- 100A 4500- 10A 20x 30A
		isp-dns 50x 20- 30s 5A 700- 100A 4500- 10A 20s 30A
		session 50a 20- 35b 700- 100c 4500- 60d`)
	timeline := Timeline(&s.r, s.p, s.r.To)
	at := s.r.From
	for i, seg := range timeline {
		if !seg.From.Equal(at) || !seg.To.After(seg.From) || i > 0 && seg.State == timeline[i-1].State {
			t.Errorf("%s: %s until %s, awaited from %s", moment(seg.From), seg.State, moment(seg.To), moment(at))
		}
		at = seg.To
	}
	if !at.Equal(s.r.To) {
		t.Errorf("ends at %s", moment(at))
	}
}

func TestOfficesAreDueBetweenOpeningAndClosing(t *testing.T) {
	office := inventory.Site{}
	for _, c := range []struct{ from, to, want string }{
		{"2026-11-25 00:00", "2026-11-26 00:00", "07:30:00-16:30:00 "},
		{"2026-11-25 09:00", "2026-11-25 10:00", "09:00:00-10:00:00 "},
		{"2026-11-25 16:29", "2026-11-25 18:00", "16:29:00-16:30:00 "},
		{"2026-11-25 16:30", "2026-11-26 07:30", ""},
		{"2026-11-27 16:00", "2026-11-30 08:00", "2026-11-27 16:00:00-2026-11-27 16:30:00 2026-11-30 07:30:00-2026-11-30 08:00:00 "},
		{"2026-11-28 00:00", "2026-11-30 00:00", ""},
		{"2026-11-25 10:00", "2026-11-25 10:00", ""},
	} {
		got := ""
		for _, s := range dueSpans(office, wall(c.from), wall(c.to), minutes) {
			got += shortly(noon, s.From) + "-" + shortly(noon, s.To) + " "
		}
		if got != c.want {
			t.Errorf("%s to %s: due %q, want %q", c.from, c.to, got, c.want)
		}
	}
	always := inventory.Site{Calendar: inventory.CalendarAlways}
	if got := dueSpans(always, wall("2026-11-27 16:00"), wall("2026-11-30 08:00"), minutes); len(got) != 1 || got[0].To.Sub(got[0].From) != 64*time.Hour {
		t.Errorf("always: %v", got)
	}
}

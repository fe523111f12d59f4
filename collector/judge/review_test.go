//go:build integration

package judge_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/store/storetest"
)

func TestSilenceIsOpenedWhileNothingComesAndClosedWithTheFirstRound(t *testing.T) {
	w := newWorld(t, storetest.Shared(t), 3)
	for n := range 60 {
		w.live(good, n, fine)
		if n < 20 || n >= 40 {
			w.live(silent, n, fine)
		}
		w.flush()
		w.review(float64(n))
		switch n {
		case 22:
			if got := w.outages(); len(got) > 0 {
				t.Errorf("too early: %v", got)
			}
		case 30:
			if d := cmp.Diff([]string{silent + " silent open 19–… unknown (silent unknown)"}, w.outages()); d != "" {
				t.Error(d)
			}
		}
	}
	if d := cmp.Diff([]string{silent + " silent closed 19–40 unknown (silent unknown)"}, w.outages()); d != "" {
		t.Error(d)
	}
	judgements := w.rows("judgement", nil, "until_ms", "outages", "sites", "changed")
	last := judgements[len(judgements)-1]
	if len(judgements) != 60 || last["sites"] != "2" || w.minute(last["until_ms"]) != "60" {
		t.Errorf("%d judgements, the last: %v", len(judgements), last)
	}
}

func TestABacklogIsJudgedAnewAndBothJudgementsAreKept(t *testing.T) {
	w := newWorld(t, storetest.Shared(t), 3)
	for n := range 100 {
		w.live(good, n, fine)
		if n < 20 || n >= 80 {
			w.live(uplink, n, fine)
		}
		w.flush()
		w.review(float64(n))
	}
	before := w.outages()
	if d := cmp.Diff([]string{uplink + " silent closed 19–80 unknown (silent unknown)"}, before); d != "" {
		t.Fatal(d)
	}
	for n := 20; n < 80; n++ {
		w.round(uplink, n, lineLost)
	}
	for n := 20; n < 80; n += 10 {
		w.took(uplink, 99.6+float64(n)/1000, n, n+9, func(p *api.Point) { p.Bool("backlog", true) })
	}
	w.flush()
	w.review(100)
	if d := cmp.Diff([]string{uplink + " uplink_down closed 20–80 unknown (silent unknown)"}, w.outages()); d != "" {
		t.Error(d)
	}
	judgements := w.rows("judgement", nil, "until_ms", "changed")
	if got := judgements[len(judgements)-1]["changed"]; !strings.Contains(got, uplink) || !strings.Contains(got, "silent") || !strings.Contains(got, "uplink_down") {
		t.Errorf("the judgement says that it changed %q", got)
	}
	known := map[string]bool{}
	for _, hour := range w.rows("site_hour", []string{"site"}, "down_seconds", "unknown_seconds") {
		if hour["site"] == uplink {
			known[hour["down_seconds"]+" "+hour["unknown_seconds"]] = true
		}
	}
	// Of two hours, the second began at minute 60: 40 and 20 minutes of the cut.
	if !known["2400 0"] || !known["1200 0"] {
		t.Errorf("down and unknown seconds of the hours: %v", known)
	}
}

// A restart that takes two minutes is no outage of the collector's worth telling; nor is it
// one of the offices, whose agents wait before they try again.
func TestAShortAbsenceOfTheCollectorLetsNobodyBeMissed(t *testing.T) {
	w := newWorld(t, storetest.Shared(t), 3)
	for n := range 21 {
		w.live(good, n, fine)
		w.live(silent, n, fine)
		w.flush()
		w.review(float64(n) + 0.9)
	}
	w.restart(w.store)
	for _, minute := range []float64{22.8, 23.3, 23.8, 24.3} {
		w.review(minute)
		if got := w.outages(); len(got) > 0 {
			t.Fatalf("at %v: %v", minute, got)
		}
	}
	for n := 21; n < 25; n++ {
		w.round(good, n, fine)
	}
	w.took(good, 24.5, 21, 24)
	w.flush()
	for _, minute := range []float64{24.8, 25.3, 25.8, 26.3, 26.8} {
		w.review(minute)
	}
	if d := cmp.Diff([]string{silent + " silent open 20–… unknown (silent unknown)"}, w.outages()); d != "" {
		t.Errorf("in the end: %s", d)
	}
}

func TestTheCollectorsOwnAbsenceIsOneIncidentAndNobodysOutage(t *testing.T) {
	w := newWorld(t, storetest.Shared(t), 3)
	for n := range 20 {
		w.live(good, n, fine)
		w.live(lan, n, fine)
		w.flush()
		w.review(float64(n))
	}
	// Nobody listens for half an hour; what was measured comes afterwards, of one office
	// at once, of the other never.
	for n := 20; n < 50; n++ {
		w.round(good, n, fine)
	}
	w.took(good, 50, 20, 49)
	w.restart(w.store)
	for n := 50; n < 70; n++ {
		w.live(good, n, fine)
		if n > 51 {
			w.live(lan, n, fine)
		}
		w.flush()
		w.review(float64(n))
		if n == 60 {
			w.restart(w.store)
		}
	}
	for _, line := range w.outagesBut("withdrawn") {
		t.Errorf("an office is blamed: %s", line)
	}
	incidents := w.rows("incident", []string{"id"}, "kind", "status", "started_ms", "ended_ms", "cause", "title")
	var kept []string
	for _, i := range incidents {
		if i["status"] != "withdrawn" {
			kept = append(kept, strings.Join([]string{i["kind"], i["status"], w.minute(i["started_ms"]), w.minute(i["ended_ms"]), i["cause"], i["title"]}, " "))
		}
	}
	if d := cmp.Diff([]string{"collector closed 20 50 collector Trung tâm không nhận hoặc không lưu được số liệu"}, kept); d != "" {
		t.Error(d)
	}
}

func TestAnOfficeThatIsHeardEveryTenMinutesIsNotSilentInBetween(t *testing.T) {
	w := newWorld(t, storetest.Shared(t), 3)
	for n := range 80 {
		w.live(good, n, fine)
		if n < 60 {
			w.round(rare, n, fine)
			if n%10 == 9 {
				w.took(rare, float64(n), n-9, n, func(p *api.Point) { p.Int("every_seconds", 600) })
			}
		}
		w.flush()
		w.review(float64(n))
		if got := w.outages(); n <= 75 && len(got) > 0 {
			t.Fatalf("minute %d: %v", n, got)
		}
	}
}

// everyMinute is how many minutes lie between the judgements of a long comparison.
var everyMinute = 4

func TestANewJudgeEveryTimeAndTwoInTurnFindTheSameAsOne(t *testing.T) {
	server := storetest.Shared(t)
	story := func(w *world, before func(n int)) []string {
		for n := range 90 {
			w.live(good, n, fine)
			switch {
			case n < 20 || n >= 40:
				w.live(silent, n, fine)
			}
			switch {
			case n >= 30 && n < 50:
				w.live(lan, n, lanLost)
			case n >= 60:
				w.live(lan, n, printerLost)
			default:
				w.live(lan, n, fine)
			}
			if n < 25 || n >= 55 {
				w.live(uplink, n, fine)
			} else if n == 54 {
				for late := 25; late < 54; late++ {
					w.round(uplink, late, lineLost)
				}
				w.took(uplink, 54, 25, 53)
			}
			w.flush()
			if n%everyMinute == 0 {
				before(n)
				w.review(float64(n))
			}
		}
		return w.all(60)
	}
	one := newWorld(t, server, 3)
	want := story(one, func(int) {})
	if len(want) == 0 {
		t.Fatal("nothing is stored")
	}
	t.Log(strings.Join(one.outages(), "\n"))

	fresh := newWorld(t, server, 3)
	if d := cmp.Diff(want, story(fresh, func(int) { fresh.restart(fresh.store) })); d != "" {
		t.Errorf("a new judge each time: %s", d)
	}
	turns := newWorld(t, server, 3)
	other := turns.judge
	turns.restart(turns.store)
	if d := cmp.Diff(want, story(turns, func(int) { turns.judge, other = other, turns.judge })); d != "" {
		t.Errorf("two in turn: %s", d)
	}
}

//go:build integration

package judge_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/judge"
	"communewatch/collector/store"
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

// everyCall is how many calls lie between two that fail, in turn; all of them take minutes.
var everyCall = 29

// failing is a store whose n-th call fails.
type failing struct {
	judge.Store
	left int
	n    int
}

func (f *failing) fail() error {
	f.n++
	if f.left--; f.left == 0 {
		return &store.Unavailable{Err: context.DeadlineExceeded}
	}
	return nil
}

func (f *failing) Select(ctx context.Context, q store.Query) ([]store.Series, error) {
	if err := f.fail(); err != nil {
		return nil, err
	}
	return f.Store.Select(ctx, q)
}

func (f *failing) Write(ctx context.Context, retention api.Retention, lines []byte) error {
	if err := f.fail(); err != nil {
		return err
	}
	return f.Store.Write(ctx, retention, lines)
}

func TestAStoreThatFailsAtAnyCallEndsInTheSame(t *testing.T) {
	server := storetest.Shared(t)
	// Until minute 70 all goes well; then one pass has much to do, and fails.
	story := func(fail int, restarted bool) (all []string, calls int) {
		w := newWorld(t, server, 3)
		for n := range 70 {
			w.live(good, n, fine)
			w.live(lan, n, fine)
			if n < 8 || n >= 16 { // long before all else, and all is well since
				w.live(late, n, fine)
			}
			if n < 20 {
				w.live(uplink, n, fine)
			}
			if n < 30 || n > 40 {
				w.live(silent, n, fine)
			}
		}
		w.flush()
		for _, n := range []float64{12, 25, 35, 45, 65, 66} {
			w.review(n)
		}
		for n := 70; n < 100; n++ {
			w.live(good, n, fine)
			w.live(lan, n, lanLost)
			w.live(uplink, n, fine)
			w.live(late, n, fine)
		}
		for n := 8; n < 16; n++ {
			w.round(late, n, lineLost)
		}
		w.took(late, 82, 8, 15)
		for n := 20; n < 70; n++ {
			w.round(uplink, n, lineLost)
		}
		for n := 31; n <= 40; n++ {
			w.round(silent, n, fine)
		}
		w.took(uplink, 80, 20, 69)
		w.took(silent, 81, 31, 40)
		w.flush()
		broken := &failing{Store: w.store, left: fail}
		w.restart(broken)
		if err := w.judge.Review(t.Context(), w.at(100)); (err == nil) != (fail == 0 || broken.n < fail) {
			t.Fatalf("call %d of %d failed, and the review: %v", fail, broken.n, err)
		}
		calls = broken.n
		if restarted {
			w.restart(w.store)
		}
		for n := 100; n < 115; n++ {
			w.live(good, n, fine)
			w.live(lan, n, fine)
			w.live(uplink, n, fine)
			w.live(late, n, fine)
		}
		w.flush()
		w.review(115)
		w.review(130)
		return w.all(120), calls
	}
	want, calls := story(0, false)
	if len(want) == 0 || calls < 10 {
		t.Fatalf("%d calls, stored: %v", calls, want)
	}
	t.Logf("%d calls a pass", calls)
	for n := 1; n <= calls; n += everyCall {
		restarted := n%2 == 0 // the same judge goes on, or another
		if got, _ := story(n, restarted); !cmp.Equal(want, got) {
			t.Errorf("call %d failed, a new judge: %t\n%s", n, restarted, cmp.Diff(want, got))
		}
	}
}

// backlogDays is how long offices keep what they measure; a week of them takes minutes.
var backlogDays = 2

func TestALongBacklogIsWorkedOffInBoundedPasses(t *testing.T) {
	w := newWorld(t, storetest.Shared(t), backlogDays*24+4)
	counted := &failing{Store: w.store} // never fails
	w.restart(counted)
	var sites []string
	for _, site := range w.inv.Sites() {
		if site.ID != good && len(sites) < 20 {
			sites = append(sites, site.ID)
		}
	}
	week := backlogDays * 24 * 60
	for _, site := range sites {
		for n := range 30 {
			w.live(site, n, fine)
		}
	}
	for n := range week + 100 {
		if n < 60 || n > week || n%2 == 0 {
			w.live(good, n, fine)
		}
	}
	w.flush()
	w.review(29)
	w.review(40)
	if got := w.outages(); len(got) < 20 {
		t.Fatalf("silent: %v", got)
	}
	for i, site := range sites {
		for n := 30; n < week; n++ {
			what := fine
			if n >= 600*(i%3+1) && n < 600*(i%3+1)+45 {
				what = lineLost
			}
			w.round(site, n, what)
		}
		for n := 30; n < week; n += 60 {
			w.took(site, float64(week)+float64(i)/50, n, min(n+59, week-1))
		}
		for n := week; n < week+20; n++ {
			w.live(site, n, fine)
		}
		w.flush()
	}
	const mostCalls = 500
	passes := 0
	for minute := float64(week + 1); ; minute += 0.5 {
		began, before := time.Now(), counted.n
		w.review(minute)
		took, calls := time.Since(began).Round(time.Millisecond), counted.n-before
		judgements := w.rows("judgement", nil, "until_ms")
		until := judgements[len(judgements)-1]["until_ms"]
		passes++
		t.Logf("pass %d took %v and %d calls, until %s", passes, took, calls, w.minute(until))
		if calls > mostCalls { // the time that they take depends on what else the machine does
			t.Errorf("pass %d took %d calls of the store", passes, calls)
		}
		if passes > 3 && time.UnixMilli(atoi(until)).After(w.at(minute-3)) {
			break
		}
		if passes > 100 {
			t.Fatal("it does not come to an end")
		}
	}
	if passes < 3 {
		t.Errorf("%d passes for all: not bounded", passes)
	}
	var closed int
	for _, line := range w.outagesBut("withdrawn") {
		if strings.Contains(line, "uplink_down closed") {
			closed++
		} else if !strings.HasPrefix(line, good) {
			t.Error(line)
		}
	}
	if closed != 20 {
		t.Errorf("%d outages of the line, want 20", closed)
	}
}

func atoi(s string) int64 {
	var n int64
	for _, c := range s {
		n = 10*n + int64(c-'0')
	}
	return n
}

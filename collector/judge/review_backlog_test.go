//go:build integration

package judge_test

import (
	"strings"
	"testing"
	"time"

	"communewatch/collector/store/storetest"
)

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

package upstream

import (
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"communewatch/collector/api"
)

func TestARunningSenderBecomesMeteredAndBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		q := newMemory(0)
		var mu sync.Mutex
		heard := map[string]int{} // Communewatch-Every → requests
		take := func() map[string]int {
			mu.Lock()
			defer mu.Unlock()
			said := heard
			heard = map[string]int{}
			return said
		}
		b.see(func(h http.Header, _ bool) {
			if h.Get("Authorization") != "" {
				mu.Lock()
				heard[h.Get(api.HeaderEvery)]++
				mu.Unlock()
			}
		})
		s := b.sender(q, slog.DiscardHandler, 4)
		stop := run(t, s)
		defer stop()
		measure(t, q, time.Second)
		time.Sleep(30 * time.Minute)
		if said := take(); said[""] < 25 || said["600"] != 0 {
			t.Errorf("not metered: %v", said)
		}
		if err := s.SetPace(10*time.Minute, 10e6); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if said := take(); said["600"] < 5 || said["600"] > 16 || said[""] > 1 {
			t.Errorf("metered: %v", said)
		}
		if s.Stats().BudgetLeft == 0 {
			t.Error("no budget after a budget was set")
		}
		if err := s.SetPace(0, 0); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Minute)
		if said := take(); said[""] < 25 || said["600"] > 1 {
			t.Errorf("not metered again: %v", said)
		}
		if n := len(q.Sequences()); n > 1 {
			t.Errorf("%d batches wait", n)
		}
	})
}

func TestAPaceThatCannotBeIsRefused(t *testing.T) {
	s := &Sender{}
	for _, p := range []pace{{-1, 0}, {2 * time.Hour, 0}, {0, 1000}, {0, -1}} {
		if err := s.SetPace(p.every, p.dailyBytes); err == nil {
			t.Errorf("%+v is taken", p)
		}
	}
	if s.asked != nil {
		t.Error("and would be used")
	}
}

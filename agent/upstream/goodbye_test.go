package upstream

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

func TestGoodbyeSendsWhatWaitsAndIsSaidOnTheLastRequest(t *testing.T) {
	for name, c := range map[string]struct {
		waits, most int
		want        []string
	}{
		"nothing waits":    {0, 100, []string{""}},
		"one round waits":  {1, 100, []string{"/1"}},
		"more than fits 1": {4, 2, []string{"/4,/1", "/2-3"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := newCollector(t, stored)
			q := newMemory(c.waits)
			s := sender(t, server, q)
			s.packer.most = c.most
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			must(t, s.Goodbye(ctx, api.GoodbyeStop))
			if diff := cmp.Diff(c.want, short(server.lists())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for i, r := range server.requests() {
				last := i == len(c.want)-1
				if said := r.header.Get(api.HeaderGoodbye) == "stop"; said != last {
					t.Errorf("request %d: goodbye %t", i, said)
				}
				if c.waits == 0 && (r.wire != 0 || r.header.Get(api.HeaderBatches) != "") {
					t.Errorf("an empty goodbye has %d bytes and names %q", r.wire, r.header.Get(api.HeaderBatches))
				}
			}
			if len(q.Sequences()) != 0 {
				t.Errorf("%v still waits", q.Sequences())
			}
		})
	}
}

func TestGoodbyeIsSaidInTimeAlthoughTheBacklogIsLong(t *testing.T) {
	t.Parallel()
	server := newCollector(t, func(w http.ResponseWriter, got received) {
		time.Sleep(20 * time.Millisecond)
		stored(w, got)
	})
	q := newMemory(100_000)
	s := sender(t, server, q)
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	must(t, s.Goodbye(ctx, api.GoodbyeStop))
	got := server.requests()
	if got[len(got)-1].header.Get(api.HeaderGoodbye) != "stop" {
		t.Errorf("goodbye was not on the last of %d requests", len(got))
	}
	if len(q.Sequences()) == 0 {
		t.Error("the backlog was not long enough for this test")
	}
}

func TestGoodbyeEndsWithItsContextAndKeepsEverything(t *testing.T) {
	release := make(chan struct{})
	server := newCollector(t, func(http.ResponseWriter, received) { <-release })
	defer close(release)
	q := newMemory(3)
	s := sender(t, server, q)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Goodbye(ctx, api.GoodbyeStop); err == nil {
		t.Error("goodbye to a collector that never answers succeeded")
	}
	if len(q.Sequences()) != 3 {
		t.Errorf("left %v, want all", q.Sequences())
	}
}

func TestGoodbyeToADeadCollectorFailsAtOnce(t *testing.T) {
	server := newCollector(t, stored)
	q := newMemory(1)
	s := sender(t, server, q)
	server.Close()
	if err := s.Goodbye(t.Context(), api.GoodbyeStop); err == nil || !strings.Contains(err.Error(), "unreachable") {
		t.Errorf("goodbye: %v", err)
	}
	if len(q.Sequences()) != 1 {
		t.Error("the batch is gone")
	}
}

func TestGoodbyeEndsAlthoughABoxOnTheWayFindsEverythingTooLarge(t *testing.T) {
	server := newCollector(t, func(w http.ResponseWriter, _ received) { w.WriteHeader(http.StatusRequestEntityTooLarge) })
	q := newMemory(8)
	if err := sender(t, server, q).Goodbye(t.Context(), api.GoodbyeStop); err == nil {
		t.Error("goodbye succeeded")
	}
	if len(q.Sequences()) != 8 {
		t.Errorf("left %v, want all", q.Sequences())
	}
}

func TestGoodbyeIsSaidAlthoughNothingCanBeLoaded(t *testing.T) {
	server := newCollector(t, stored)
	q := newMemory(40)
	for seq := range uint64(40) {
		q.bad[seq+1] = context.Canceled
	}
	must(t, sender(t, server, q).Goodbye(t.Context(), api.GoodbyeStop))
	if got := server.requests(); len(got) != 1 || got[0].header.Get(api.HeaderGoodbye) != "stop" || len(q.Sequences()) != 40 {
		t.Errorf("%d requests, %d batches left", len(got), len(q.Sequences()))
	}
}

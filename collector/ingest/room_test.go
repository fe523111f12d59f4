package ingest

import (
	"strings"
	"sync"
	"testing"

	"communewatch/collector/api"
)

func TestOneAgentHasItsPartOfTheRoomAndTheRestStaysForOthers(t *testing.T) {
	q := testQueue()
	q.cfg.QueueBytes, q.cfg.AgentBytes = 10_000, 4_000
	code := func(failure *api.Error) api.Code {
		if failure == nil {
			return api.CodeStored
		}
		return failure.Code
	}
	for i, c := range []struct {
		agent int
		body  int64 // room for it is taken first
		block int   // becomes that of its lines
		enter api.Code
		put   api.Code
	}{
		{1, 1_000, 3_000, api.CodeStored, api.CodeStored},
		{1, 1_001, 0, api.CodeTooMany, ""},
		{1, 1_000, 1_001, api.CodeStored, api.CodeTooMany},
		{2, 4_000, 4_000, api.CodeStored, api.CodeStored},
		{3, 3_001, 0, api.CodeUnavailable, ""},
		{3, 1, 3_001, api.CodeStored, api.CodeUnavailable},
		{3, 3_000, 3_000, api.CodeStored, api.CodeStored},
		{4, 1, 0, api.CodeUnavailable, ""},
	} {
		place, failure := q.enter(agent(c.agent), c.body)
		if code(failure) != c.enter {
			t.Fatalf("%d: entering is answered %q, want %q", i, code(failure), c.enter)
		}
		if failure != nil {
			continue
		}
		if failure = q.put(&request{place: place, block: zeros[:c.block:c.block]}); code(failure) != c.put {
			t.Fatalf("%d: putting is answered %q, want %q", i, code(failure), c.put)
		}
		if failure != nil {
			q.leave(place)
		}
	}
	for _, r := range q.take() {
		q.leave(r.place)
	}
	if q.held != (holding{}) || len(q.agents) != 0 {
		t.Errorf("%v is held by %d agents", q.held, len(q.agents))
	}
}

// What is held is what is accounted for: neither room for lines that were rejected, nor
// reasons that nobody counted.
func TestARequestOfGarbageHoldsItsReasonsAndNoRoomForItsLines(t *testing.T) {
	text := strings.Repeat(strings.Repeat("x", 100)+"\n", 20_000)
	l, failure := checkLines(text, agent(1), 0)
	if failure != nil {
		t.Fatal(failure)
	}
	reasons := 0
	for _, one := range l.rejected.listed {
		reasons += len(one.Reason)
	}
	r := &request{block: l.block, numbers: l.numbers, aside: l.rejected.bytes}
	if cap(l.block) > 0 || r.size() < int64(reasons+24*len(l.rejected.listed)) || r.size() > 1<<20 {
		t.Errorf("%d bytes are held of %d, the reasons have %d", cap(l.block), len(text), reasons)
	}
}

func TestManyAtOnceAreEachTakenOnce(t *testing.T) {
	q := testQueue()
	const senders, each = 16, 200
	var putting, taking sync.WaitGroup
	for n := range senders {
		putting.Go(func() {
			for i := range each {
				offer(t, q, agent(n), i%3 == 0, 1+i*100)
			}
		})
	}
	var mu sync.Mutex
	taken := map[*request]int{}
	for range 3 {
		taking.Go(func() {
			for group := q.take(); len(group) > 0; group = q.take() {
				for _, r := range group {
					mu.Lock()
					taken[r]++
					mu.Unlock()
					q.leave(r.place)
				}
			}
		})
	}
	putting.Wait()
	q.close()
	taking.Wait()
	for r, n := range taken {
		if n != 1 {
			t.Errorf("a request of %s was taken %d times", r.place.agent.Site, n)
		}
	}
	if len(taken) != senders*each || q.held != (holding{}) {
		t.Errorf("%d of %d were taken, %v is held", len(taken), senders*each, q.held)
	}
}

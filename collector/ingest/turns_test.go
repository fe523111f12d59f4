package ingest

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"communewatch/collector/api"
)

func agent(n int) api.Identity { return api.Identity{Site: fmt.Sprintf("bd-%d", n), Agent: "a1"} }

// blockOf is the block limit of the queues here: small, so that few requests fill it.
const blockOf = 256 << 10

func testQueue() *queue {
	cfg := DefaultConfiguration()
	cfg.CommitLines, cfg.CommitBytes = 1<<30, blockOf
	cfg.QueueBytes, cfg.QueueRequests, cfg.AgentBytes, cfg.AgentRequests = 1<<40, 1<<30, 1<<40, 1<<30
	return newQueue(cfg)
}

var zeros [1 << 20]byte

// offer puts a request of a size.
func offer(t rapid.TB, q *queue, from api.Identity, live bool, size int) *request {
	place, failure := q.enter(from, 1)
	if failure != nil {
		t.Fatal(failure)
	}
	r := &request{place: place, live: live, block: zeros[:size:size]}
	if failure := q.put(r); failure != nil {
		t.Fatal(failure)
	}
	return r
}

// TestWhateverComesIsTakenOnceInOrderLiveFirst: requests of any agents, kinds and
// sizes, put and taken in any order.
func TestWhateverComesIsTakenOnceInOrderLiveFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := testQueue()
		waits := map[*turns]map[api.Identity][]*request{&q.live: {}, &q.backlog: {}}
		waiting := func(of *turns) (n int) {
			for _, all := range waits[of] {
				n += len(all)
			}
			return n
		}
		take := func() {
			group := q.take()
			if len(group) == 0 {
				t.Fatal("nothing is taken although something waits")
			}
			bytes := 0
			for _, r := range group {
				bytes += r.bytes()
				from := &q.backlog
				if slices.Contains(waits[&q.live][r.place.agent], r) {
					from = &q.live
				}
				own := waits[from][r.place.agent]
				if len(own) == 0 || own[0] != r {
					t.Fatalf("a request of %s is taken twice or out of order", r.place.agent.Site)
				}
				waits[from][r.place.agent] = own[1:]
				first, second := &q.live, &q.backlog
				if q.blocks%backlogEvery == 0 {
					first, second = second, first
				}
				if from == second && waiting(first) > 0 {
					t.Fatal("what comes second was taken while what comes first waits")
				}
				q.leave(r.place)
			}
			if len(group) > 1 && bytes > blockOf {
				t.Fatalf("%d bytes in one block", bytes)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				from, live := agent(rapid.IntRange(1, 6).Draw(t, "agent")), rapid.Bool().Draw(t, "live")
				count := len(waits[&q.live][from])
				r := offer(t, q, from, live, rapid.SampledFrom([]int{1, 2_000, 60_000, 70_000, 300_000, 1_000_000}).Draw(t, "size"))
				to := &q.backlog
				if s := q.live.of[from]; s != nil && s.waiting[len(s.waiting)-1] == r {
					to = &q.live
				}
				if to == &q.live && !live || count > 0 && to == &q.live && q.blocks < claimEvery {
					t.Fatal("it waits where it does not belong")
				}
				waits[to][from] = append(waits[to][from], r)
			},
			"take": func(t *rapid.T) {
				if waiting(&q.live)+waiting(&q.backlog) > 0 {
					take()
				}
			},
		})
		for waiting(&q.live)+waiting(&q.backlog) > 0 {
			take()
		}
		if q.held != (holding{}) || len(q.agents) != 0 || len(q.live.of)+len(q.live.ring)+len(q.backlog.of)+len(q.backlog.ring) != 0 {
			t.Fatalf("an empty queue remembers %v, %d agents", q.held, len(q.agents))
		}
	})
}

// drive takes blocks while each agent has as much waiting as refill gives it, and
// counts the bytes taken of each.
func drive(q *queue, blocks int, refill func(block int)) map[api.Identity]int {
	taken := map[api.Identity]int{}
	for block := range blocks {
		refill(block)
		for _, r := range q.take() {
			taken[r.place.agent] += r.bytes()
			q.leave(r.place)
		}
	}
	return taken
}

func TestWhoSendsMoreLargerOrCallsItLiveGetsNoMoreThanOthers(t *testing.T) {
	q := testQueue()
	const blocks = 400
	ask := func(n int, live bool, size, deep int) {
		for q.agents[agent(n)] == nil || q.agents[agent(n)].requests < deep {
			offer(t, q, agent(n), live, size)
		}
	}
	taken := drive(q, blocks, func(int) {
		ask(1, false, 50_000, 4)    // as it should be
		ask(2, true, 50_000, 4)     // calls everything live
		ask(3, true, 50_000, 400)   // and sends a hundred times as much
		ask(4, false, 1_000_000, 4) // the largest
		ask(5, false, 2_000, 100)   // the smallest
	})
	honest := taken[agent(1)]
	for n := 2; n <= 5; n++ {
		// Between two who always have something waiting lie at most a turn and the largest
		// request; beyond that a liar wins the claims that it is believed.
		claims := 0
		if n == 2 || n == 3 {
			claims = blocks / claimEvery * 50_000
		}
		if more := taken[agent(n)] - honest; more > turnBytes+1_000_000+claims {
			t.Errorf("agent %d got %d bytes, an honest one %d", n, taken[agent(n)], honest)
		}
		if less := honest - taken[agent(n)]; less > turnBytes+1_000_000 {
			t.Errorf("agent %d got %d bytes only, another %d", n, taken[agent(n)], honest)
		}
	}
}

func TestBacklogNeverStarvesAndLiveNeverWaitsForIt(t *testing.T) {
	q := testQueue()
	const agents = 40
	for n := range agents {
		offer(t, q, agent(n), false, 1_000_000)
		offer(t, q, agent(n), false, 1_000_000)
	}
	// More live than the blocks can hold, from senders of whom each is believed.
	fresh, blocks := agents, 0
	for left := 2 * agents; left > 0; blocks++ {
		for range 90 {
			offer(t, q, agent(fresh), true, 3_000)
			fresh++
		}
		for i, r := range q.take() {
			if !r.live {
				left--
			}
			if !r.live && q.blocks%backlogEvery != 0 || r.live && q.blocks%backlogEvery == 0 && i == 0 {
				t.Fatalf("block %d has a live %v at %d", q.blocks, r.live, i)
			}
			q.leave(r.place)
		}
	}
	// Every fourth block begins with backlog, and each holds one of these.
	if want := 2 * agents * backlogEvery; blocks > want {
		t.Errorf("all backlog was taken after %d blocks, want %d at most", blocks, want)
	}
}

func TestALiveRequestIsInTheNextBlockHoweverLongTheBacklogs(t *testing.T) {
	q := testQueue()
	for n := range 50 {
		for range 20 {
			offer(t, q, agent(n), false, 60_000)
		}
	}
	for i := range 100 {
		for n := range 10 { // ten offices at a time, of which no one has sent lately
			offer(t, q, agent(1_000+10*i+n), true, 5_000)
		}
		first := q.take()
		if q.blocks%backlogEvery == 0 {
			first = q.take()
		}
		live := 0
		for _, r := range first {
			if r.live {
				live++
			}
		}
		if live != 10 {
			t.Fatalf("%d of 10 live requests are in the block", live)
		}
	}
}

func TestClaimsAreForgotten(t *testing.T) {
	q := testQueue()
	for n := range 1_000 {
		offer(t, q, agent(n), true, 60_000)
		for _, r := range q.take() {
			q.leave(r.place)
		}
		if len(q.claims) > 2*claimEvery {
			t.Fatalf("%d claims are remembered", len(q.claims))
		}
	}
}

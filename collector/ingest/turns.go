package ingest

import "communewatch/collector/api"

// turnBytes is what one turn is worth: a live batch of some ten ordinary offices.
const turnBytes = 64 << 10

// turns are requests that wait, by agent. Agents take turns, each worth the same number
// of bytes, and what a turn left unused is kept for the next one while something waits
// (deficit round robin: Shreedhar and Varghese, 1995). So many requests gain an agent
// nothing over few, nor large ones over small, and the largest is taken all the same. An
// agent's own come in the order in which it sent them.
type turns struct {
	of   map[api.Identity]*share
	ring []*share // those with something waiting; the first one's turn it is
}

// share is what of one agent waits.
type share struct {
	waiting []*request
	credit  int // bytes that its turn is still worth
}

func newTurns() turns { return turns{of: map[api.Identity]*share{}} }

func (t *turns) put(r *request) {
	s := t.of[r.place.agent]
	if s == nil {
		s = &share{credit: turnBytes}
		t.of[r.place.agent] = s
		t.ring = append(t.ring, s)
	}
	s.waiting = append(s.waiting, r)
}

// next is the request whose turn it is, nil if nothing waits. It stays until drop.
func (t *turns) next() *request {
	if len(t.ring) == 0 {
		return nil
	}
	for {
		s := t.ring[0]
		if s.waiting[0].bytes() <= s.credit {
			return s.waiting[0]
		}
		s.credit += turnBytes
		t.ring = append(t.ring[1:], s)
	}
}

// drop takes out what next gave.
func (t *turns) drop() {
	s := t.ring[0]
	r := s.waiting[0]
	s.credit -= r.bytes()
	s.waiting[0] = nil // the slice's start lives on
	if s.waiting = s.waiting[1:]; len(s.waiting) == 0 {
		delete(t.of, r.place.agent)
		t.ring[0] = nil
		t.ring = t.ring[1:]
	}
}

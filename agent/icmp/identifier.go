package icmp

import (
	"math/rand/v2"
	"sync"
)

// identifiers gives out the 16-bit identifiers of echoes, so that no two rounds of
// this process share one. Random ones would: 500 at once clash with 85 % likelihood.
// Another program's pinger may still use the same; its payload is another.
type identifiers struct {
	mu    sync.Mutex
	next  uint16
	taken map[uint16]struct{}
}

// newIdentifiers begins anywhere: a process that is started anew is then unlikely
// to use what its predecessor used.
func newIdentifiers() *identifiers {
	return &identifiers{next: uint16(rand.Uint32()), taken: make(map[uint16]struct{})}
}

// take gives the free identifier whose last use is longest ago; false if none is free.
func (i *identifiers) take() (int, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for range 1 << 16 {
		id := i.next
		i.next++
		if _, used := i.taken[id]; !used {
			i.taken[id] = struct{}{}
			return int(id), true
		}
	}
	return 0, false
}

func (i *identifiers) release(id int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.taken, uint16(id))
}

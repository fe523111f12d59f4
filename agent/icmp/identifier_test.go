package icmp

import (
	"sync"
	"testing"
)

func TestNoTwoRoundsAtOnceShareAnIdentifier(t *testing.T) {
	ids := newIdentifiers()
	ids.next = 65_500 // the numbers begin again in between
	var mu sync.Mutex
	using := make(map[int]bool)
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			for range 200 {
				id, ok := ids.take()
				mu.Lock()
				if !ok || using[id] {
					t.Errorf("identifier %d is in use: %v, free: %v", id, using[id], ok)
				}
				using[id] = true
				mu.Unlock()

				mu.Lock()
				using[id] = false
				mu.Unlock()
				ids.release(id)
			}
		})
	}
	group.Wait()
}

func TestAnIdentifierIsGivenAgainOnlyAfterItsReturn(t *testing.T) {
	ids := newIdentifiers()
	for range 1 << 16 {
		if _, ok := ids.take(); !ok {
			t.Fatal("none is free before all are taken")
		}
	}
	if id, ok := ids.take(); ok {
		t.Fatalf("got %d when all are taken", id)
	}
	ids.release(4711)
	if id, ok := ids.take(); !ok || id != 4711 {
		t.Errorf("got %d, %v, want the one that came back", id, ok)
	}
}

package snmp

import (
	"runtime"
	"sync"
	"testing"
	"time"
)

// TestTwoHundredDevicesArePolledSideBySide holds the memory and the goroutines that
// this takes. A conversation needs a buffer of 64 KiB, gosnmp's, while it lasts.
func TestTwoHundredDevicesArePolledSideBySide(t *testing.T) {
	const devices, answering, most = 200, 8, 64 << 20
	p, err := New(Config{Timeout: 5 * time.Second, Retries: 2})
	if err != nil {
		t.Fatal(err)
	}
	var responders []*responder
	for range answering {
		responders = append(responders, newResponder(t, switchOf(24)...))
	}
	var polls []poller
	for i := range devices {
		polls = append(polls, p.Target(responders[i%answering].target()))
	}
	runtime.GC()
	before, goroutines := heap(), runtime.NumGoroutine()
	for range 3 {
		var under sync.WaitGroup
		for _, poll := range polls {
			under.Go(func() {
				if got := check(t, poll(t.Context())); len(got.names()) != 24 || got.complaint() != "" {
					t.Errorf("%d interfaces, error %q", len(got.names()), got.complaint())
				}
			})
		}
		under.Wait()
		if grown := int64(heap().HeapSys) - int64(before.HeapSys); grown > most {
			t.Errorf("the heap grew by %d MB", grown>>20)
		}
	}
	runtime.GC()
	if kept := int64(heap().HeapAlloc) - int64(before.HeapAlloc); kept > devices*40<<10 {
		t.Errorf("%d KB are kept of a device, want its counters only", kept/devices>>10)
	}
	deadline := time.Now().Add(10 * time.Second)
	for runtime.NumGoroutine() > goroutines {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), goroutines)
		}
		time.Sleep(10 * time.Millisecond) // what a closed socket wakes ends by itself
	}
}

func heap() runtime.MemStats {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m
}

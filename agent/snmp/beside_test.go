package snmp

import (
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
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
	for range 2 {
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

// TestOddDevicesDoNotDisturbTheOthers polls three that loop, refuse and are late,
// and seven that are well, side by side.
func TestOddDevicesDoNotDisturbTheOthers(t *testing.T) {
	t.Parallel()
	loops := func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		if q.in(ifOperStatus) {
			a.Variables = []gosnmp.SnmpPDU{at(ifOperStatus, 1, 1), at(ifOperStatus, 2, 1), at(ifOperStatus, 3, 1), at(ifOperStatus, 1, 1)}
		}
		return a
	}
	refusals := 0
	refuses := func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		if !q.in(ifOperStatus) {
			return a
		}
		if refusals++; refusals%2 == 1 {
			return refuse(a, gosnmp.NoError) // an empty list
		}
		return refuse(a, gosnmp.TooBig)
	}
	late := func(q question, a *gosnmp.SnmpPacket) *gosnmp.SnmpPacket {
		if q.in(ifOperStatus) {
			a.RequestID-- // as of a request before
		}
		return a
	}
	odd := map[string]struct {
		twist twist
		says  string
	}{"A": {loops, "backwards"}, "B": {refuses, "tooBig"}, "C": {late, "no answer"}}
	var logs lockedBuffer
	p, err := New(Config{Timeout: time.Second, Log: newLog(&logs)})
	if err != nil {
		t.Fatal(err)
	}
	var polls sync.WaitGroup
	for i := range 10 {
		name := string(rune('A' + i))
		r := newResponder(t, switchOf(4)...)
		r.twisted(odd[name].twist)
		target := r.target()
		target.Name = name
		poll := p.Target(target)
		polls.Go(func() {
			got := check(t, poll(t.Context()))
			if c, is := odd[name]; is {
				got.saysAll(name, "ifOperStatus", c.says)
			} else if len(got.names()) != 4 || got.complaint() != "" {
				t.Errorf("%s: %d interfaces, error %q", name, len(got.names()), got.complaint())
			}
		})
	}
	polls.Wait()
	for name := range odd {
		if !strings.Contains(logs.String(), "target="+name) {
			t.Errorf("the log does not name %s: %s", name, logs.String())
		}
	}
}

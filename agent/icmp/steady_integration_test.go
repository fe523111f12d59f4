//go:build integration

package icmp

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"communewatch/collector/api"
)

// office64 is an office at its largest, half of it silent.
func office64(t testing.TB, n *network, prober *Prober, targets int) func() (received int) {
	probes := make([]func() int, targets)
	for i := range probes {
		host := i + 1
		if i%2 == 1 {
			host += 100
		}
		probe := prober.Target(api.Target{Name: "x", Address: fmt.Sprintf("10.50.0.%d", host), Role: api.RoleDevice})
		probes[i] = func() int { return number(n.round(t.Context(), probe)[0], "received") }
	}
	return func() (received int) {
		var group sync.WaitGroup
		var mu sync.Mutex
		for _, probe := range probes {
			group.Go(func() {
				got := probe()
				mu.Lock()
				defer mu.Unlock()
				received += got
			})
		}
		group.Wait()
		return received
	}
}

// halfSilent makes 10.50.0.0/24 the office's, which answers for its lower hundred.
func halfSilent(n *network) {
	n.route("10.50.0.0/24", unicast)
	n.answerFor("10.50.0.0/24")
	n.atOffice("ip daddr 10.50.0.101-10.50.0.255 drop")
}

// Not parallel: what others hold would be counted.
func TestRoundsOf64TargetsHalfOfThemSilentLeaveNothingBehind(t *testing.T) {
	n := newNetwork(t, datagram)
	halfSilent(n)
	prober := newProber(n.t, Config{Packets: 3, Spacing: 10 * ms, Timeout: 300 * ms})
	round := office64(t, n, prober, 64)
	for range 2 {
		round()
	}
	before := holding(t)
	const rounds = 4
	for range rounds {
		if got := round(); got < 48 || got > 96 { // a busy machine may void a round
			t.Errorf("%d replies, want 96", got)
		}
	}
	// A round allocates some 2 MB here: a tenth of it, kept each time, would show.
	until(t, "nothing of the rounds is left", func() bool {
		after := holding(t)
		return after.goroutines <= before.goroutines && after.files <= before.files && after.heap < before.heap+384<<10
	})
	if taken := len(prober.ids.taken); taken != 0 {
		t.Errorf("%d identifiers are still taken", taken)
	}
}

type held struct {
	goroutines, files int
	heap              uint64
}

func holding(t *testing.T) held {
	t.Helper()
	runtime.GC()
	runtime.GC() // what the first freed may have had finalizers
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return held{goroutines: runtime.NumGoroutine(), files: len(files), heap: memory.HeapAlloc}
}

// BenchmarkRoundOf50Targets is the work of one round of an office: ten echoes to each of
// 50 targets. What the processor did is reported beside the time, which is mostly
// waiting.
func BenchmarkRoundOf50Targets(b *testing.B) {
	for name, kind := range map[string]string{"datagram": datagram, "raw": raw} {
		b.Run(name, func(b *testing.B) {
			n := newNetwork(b, kind)
			n.route("10.50.0.0/24", unicast)
			n.answerFor("10.50.0.0/24")
			prober := newProber(n.t, Config{Spacing: 20 * ms, Timeout: time.Second})
			round := office64(b, n, prober, 50)
			round() // while the office's hardware address is not known yet, echoes pile up
			b.ReportAllocs()
			began := processor()
			for b.Loop() {
				if got := round(); got != 500 {
					b.Errorf("%d replies, want 500", got)
				}
			}
			b.ReportMetric(float64((processor()-began).Microseconds())/1e3/float64(b.N), "cpu-ms/op")
		})
	}
}

// processor is what this process has used so far.
func processor() time.Duration {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

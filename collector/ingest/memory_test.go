package ingest_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/ingest"
)

func TestMemoryStaysBelowTheStatedBoundWhateverArrives(t *testing.T) { largeBodies(t, 3, 1) }

// largeBodies has senders send bodies of the largest size at once, good and bad, while
// the database is slow.
func largeBodies(t *testing.T, senders, rounds int) {
	cfg := ingest.DefaultConfiguration()
	cfg.QueueBytes, cfg.Readers, cfg.Writers, cfg.CommitBytes = 32<<20, 2, 1, 4<<20
	cfg.AgentBurst = 1 << 40
	// Config's formula.
	bound := 2 * (cfg.QueueBytes + int64(cfg.Readers)*32<<20 + int64(cfg.Writers)*2*16<<20)
	body, garbage := largeBody(t), zips(t, []byte(strings.Repeat(strings.Repeat("x", 400)+"\n", 1_000)), 20)
	in := run(t, cfg, writer(func(context.Context, []byte) error {
		runtime.Gosched()
		return nil
	}))
	before := heap()
	stop, peak := make(chan struct{}), make(chan int64)
	go func() {
		highest := int64(0)
		for {
			highest = max(highest, heap())
			select {
			case <-stop:
				peak <- highest
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	var mu sync.Mutex
	codes := map[api.Code]int{}
	var all sync.WaitGroup
	for n := range senders {
		all.Go(func() {
			for i := range rounds {
				sent := body
				if (n+i)%3 == 0 {
					sent = garbage
				}
				a := send(t, in, post(sent, zipped, from(siteNamed(n))))
				mu.Lock()
				codes[a.Code]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	close(stop)
	highest := <-peak
	if highest-before > bound {
		t.Errorf("the heap grew from %d to %d MiB, want %d more at most", before>>20, highest>>20, bound>>20)
	}
	if codes[api.CodeStored] == 0 || codes[api.CodeInvalid] == 0 {
		t.Errorf("answers were %v", codes)
	}
	t.Logf("%d MiB of %d, answers %v", (highest-before)>>20, bound>>20, codes)
}

func heap() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// largeBody is nearly 8 MiB of good lines in nearly a MiB: eight times the same.
func largeBody(t *testing.T) []byte {
	var text strings.Builder
	random := rand.NewChaCha8([32]byte{})
	for i := range 2_200 {
		var noise [40]byte
		_, _ = random.Read(noise[:]) // never fails
		fmt.Fprintf(&text, "interface,target=%s,interface=%s oper_up=1i,alias=\"%s\" %d\n", strings.Repeat("x", 210), strings.Repeat("y", 80),
			hex.EncodeToString(noise[:]), now.Add(-time.Duration(i)*time.Second).UnixNano())
	}
	body := zips(t, []byte(text.String()), 8)
	if len(body) > api.MaxBodyBytes || len(body) < api.MaxBodyBytes/2 {
		t.Fatalf("the body has %d bytes", len(body))
	}
	return body
}

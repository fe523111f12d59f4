package upstream

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// 300 agents start within one second, and for 28 minutes there is no collector. In the
// minutes after that all of it arrives: what is new, and each one's backlog.
func TestAProvinceDoesNotComeBackInOneSecond(t *testing.T) {
	const spread, bucket = 5 * time.Minute, 10 * time.Second
	synctest.Test(t, func(t *testing.T) {
		arrivals := returning(t, syscall.ECONNREFUSED, 28*time.Minute, spread, func(since time.Duration, _ bool) int { return int(since / bucket) })
		sum, peak := 0, 0
		for i := range int(spread / bucket) {
			sum, peak = sum+arrivals[i], max(peak, arrivals[i])
		}
		mean := float64(sum) / float64(spread/bucket)
		t.Logf("%d requests, peak to mean %.2f in %s", sum, float64(peak)/mean, bucket)
		if float64(peak) >= 3*mean {
			t.Errorf("%d requests within %s, mean %.1f", peak, bucket, mean)
		}
	})
}

const province = 300

// returning lets a province be without its collector for so long, and then counts what
// comes, each request where in says; first is the agent's first. At the end nothing
// may wait any more.
func returning(t *testing.T, reason error, gone, watched time.Duration, in func(since time.Duration, first bool) int) map[int]int {
	t.Helper()
	b := newBubble(t)
	b.leave(reason)
	random := rand.New(rand.NewPCG(35, 35))
	queues := make([]*memory, province)
	for i := range queues {
		queues[i] = newMemory(int(gone / time.Minute))
		run(t, b.sender(queues[i], slog.DiscardHandler, uint64(i)))
	}
	time.Sleep(gone)
	for _, q := range queues {
		measure(t, q, time.Duration(random.Float64()*float64(time.Minute)))
	}
	back, counts := time.Now(), map[int]int{}
	b.see(func(_ http.Header, first bool) {
		if i := in(time.Since(back), first); i >= 0 {
			counts[i]++
		}
	})
	b.comeBack()
	time.Sleep(watched)
	b.see(func(http.Header, bool) {})
	for i, q := range queues {
		if n := len(q.Sequences()); n > 1 {
			t.Errorf("agent %d: %d batches still wait", i, n)
		}
	}
	return counts
}

func TestADayWithACertificateThatIsRefusedCostsFewAttemptsAndNoLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t)
		q := newMemory(0)
		var log safeBuffer
		s := b.sender(q, slog.NewTextHandler(&log, nil), 1, func(c *Config) { c.Pin = "sha256:" + strings.Repeat("0f", 32) })
		run(t, s)
		measure(t, q, time.Second)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		t.Logf("%d attempts, %d bytes of log", s.Stats().Attempts, len(log.String()))
		if n := s.Stats().Attempts; n < 100 || n > 800 {
			t.Errorf("%d attempts in a day", n)
		}
		if n := len(log.String()); n > 1000 || !strings.Contains(log.String(), "reason=certificate") {
			t.Errorf("%d bytes of log, want a line:\n%.2000s", n, log.String())
		}
		if n := len(q.Sequences()); n != 24*60 {
			t.Errorf("%d batches wait, want all of the day's", n)
		}
	})
}

func TestADeadLineCostsLittle(t *testing.T) {
	for name, c := range map[string]struct {
		every time.Duration
		most  int64 // bytes a day
	}{
		"not metered": {0, 1_300_000},
		"metered":     {10 * time.Minute, 350_000},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBubble(t)
				b.leave(nil)
				s := b.sender(newMemory(3), slog.DiscardHandler, 1, func(cfg *Config) { cfg.Every = c.every })
				s.remote.client.Transport = s.remote.transport(s.cfg, nil)
				s.remote.dial = func(ctx context.Context, _, _ string) (net.Conn, error) { return nil, b.connect(ctx) }
				stop := run(t, s)
				time.Sleep(6 * time.Hour)
				stop()
				time.Sleep(time.Minute) // the transport ends dialing in the background
				t.Logf("%d attempts, %d bytes a day", 4*s.Stats().Attempts, 4*s.WireBytes())
				if got := 4 * s.WireBytes(); got > c.most || got < c.most/2 {
					t.Errorf("%d bytes a day, want about %d", got, c.most)
				}
			})
		})
	}
}

//go:build integration

package lab

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/agent/clock"
	"communewatch/agent/office"
	"communewatch/agent/spool"
	"communewatch/agent/upstream"
	"communewatch/collector/api"
)

// TestAConnectionResetAtAnyByteOfARequestLosesAndDoublesNothing tries every seventeenth
// byte here, and every one in the long tests.
func TestAConnectionResetAtAnyByteOfARequestLosesAndDoublesNothing(t *testing.T) { resetAtBytes(t, 17) }

func resetAtBytes(t *testing.T, step int64) {
	c := startCollector(t, site)
	line := newLine(t, c)
	for name, fresh := range map[string]bool{"on a kept connection": false, "on a new connection": true} {
		t.Run(name, func(t *testing.T) {
			s := startSender(t, c, line)
			s.deliver("the first batch")
			tried := 0
			for at := int64(0); ; at += step {
				if fresh {
					line.Reset()
				}
				line.ResetAfter(at)
				s.deliver("a batch whose request is reset")
				if line.intact() {
					break // the whole request fits before this byte
				}
				tried++
			}
			line.ResetAfter(-1)
			stored, err := StoredLedger(t.Context(), c.Store, site, s.began, time.Now().Add(time.Minute))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(s.put, stored); d != "" {
				t.Errorf("put (-) and stored (+) differ:\n%.3000s", d)
			}
			if tried < 20 {
				t.Errorf("%d resets only", tried)
			}
			t.Logf("%d resets, %d points, attempts %d", tried, len(s.put), s.sender.Stats().Attempts)
		})
	}
}

// intact is true while a reset that was set has not happened.
func (l *Line) intact() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left >= 0
}

// sending is the agent's way from a batch to the collector, without rounds.
type sending struct {
	t      *testing.T
	queue  *office.Queue
	sender *upstream.Sender
	put    Ledger
	began  time.Time
	next   int64
}

func startSender(t *testing.T, c *Collector, line *Line) *sending {
	t.Helper()
	session, err := clock.Start(nil)
	if err != nil {
		t.Fatal(err)
	}
	queued, err := spool.Open(spool.Config{Dir: t.TempDir(), MaxBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	s := &sending{t: t, queue: office.NewQueue(queued, session, slog.New(slog.DiscardHandler)), put: Ledger{}, began: time.Now(), next: time.Now().UnixNano()}
	s.sender, err = upstream.New(upstream.Config{URL: line.URL(), Pin: c.Pin, Token: c.Tokens[site], FirstWait: time.Millisecond, MaxWait: 10 * time.Millisecond},
		upstream.Deps{Queue: s.queue, Clock: session, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.sender.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := queued.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// deliver puts a batch of its own and waits until it is acknowledged.
func (s *sending) deliver(what string) {
	s.t.Helper()
	var lines []byte
	for i := range 8 {
		s.next++
		var err error
		lines, err = api.NewPoint("interface", time.Unix(0, s.next)).Tag(api.TagTarget, "switch").Tag(api.TagInterface, string(rune('a'+i))).
			Int("oper_up", 1).Int("in_octets", s.next%1e9).AppendLine(lines)
		if err != nil {
			s.t.Fatal(err)
		}
	}
	if err := s.put.AddLines(lines); err != nil {
		s.t.Fatal(err)
	}
	if err := s.queue.Put(lines); err != nil {
		s.t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	for s.queue.Counts().Pending > 0 {
		if time.Now().After(deadline) {
			s.t.Fatalf("waited a minute in vain: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

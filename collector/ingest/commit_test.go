package ingest_test

// The writers here stand for databases in states that a real one cannot be held in:
// one that takes its time, one that is down, one that hangs, one that refuses a given
// line. What a real one does is in influx_test.go.

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/ingest"
	"communewatch/collector/store"
)

// slow is a database that writes when it is let: each block waits for a verdict.
type slow struct {
	blocks  chan []byte
	verdict chan error
}

func newSlow() *slow { return &slow{make(chan []byte), make(chan error)} }

func (s *slow) write(ctx context.Context, lines []byte) error {
	select {
	case s.blocks <- bytes.Clone(lines):
	case <-ctx.Done():
		return &store.Unavailable{Err: ctx.Err()}
	}
	select {
	case err := <-s.verdict:
		return err
	case <-ctx.Done():
		return &store.Unavailable{Err: ctx.Err()}
	}
}

func oneWriter() ingest.Config {
	cfg := ingest.DefaultConfiguration()
	cfg.Writers = 1
	return cfg
}

// together sends requests at the same time and gives their answers in order.
func together(t *testing.T, in running, sites ...string) (answers []answer, wait func()) {
	answers = make([]answer, len(sites))
	var all sync.WaitGroup
	for i, site := range sites {
		all.Go(func() {
			answers[i] = send(t, in, post(ping(t, ping(t, nil, site+"-first", 0), site+"-second", 0), from(site)))
		})
		synctest.Wait() // so that they come in this order
	}
	return answers, all.Wait
}

func TestWhatWaitsIsWrittenTogetherAndEachSenderGetsItsOwnOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := newSlow()
		in := run(t, oneWriter(), writer(db.write))
		answers, wait := together(t, in, "bd-1", "bd-2", "bd-3", "bd-4")
		if block := <-db.blocks; !bytes.Contains(block, []byte("bd-1")) || bytes.Count(block, []byte("\n")) != 3 {
			t.Errorf("a lone request did not go at once:\n%s", block)
		}
		db.verdict <- nil
		block := <-db.blocks
		lines := strings.Split(strings.TrimSpace(string(block)), "\n")
		if len(lines) != 9 { // three requests of two lines and a receipt
			t.Fatalf("second block:\n%s", block)
		}
		// Lines 1 and 2 are bd-2's, 3 its receipt; 4 to 6 bd-3's; 7 to 9 bd-4's.
		refused := &store.Refused{Lines: []api.RejectedLine{{Line: 3, Reason: "receipt"}, {Line: 5, Reason: "conflict"}, {Line: 7, Reason: "first"}, {Line: 8, Reason: "second"}}}
		db.verdict <- refused
		wait()
		for i, want := range [][]api.RejectedLine{nil, nil, {{Line: 2, Reason: "conflict"}}, {{Line: 1, Reason: "first"}, {Line: 2, Reason: "second"}}} {
			if d := cmp.Diff(want, answers[i].Lines); d != "" {
				t.Errorf("request %d: %s", i, d)
			}
			if code := map[bool]api.Code{true: api.CodeStored, false: api.CodeInvalid}[want == nil]; answers[i].Code != code {
				t.Errorf("request %d is answered %q, want %q", i, answers[i].Code, code)
			}
		}
		if got := answers[0].header.Get(api.HeaderStored); got != "0123abcd/1" {
			t.Errorf("stored batches are %q", got)
		}
		if n := metric(t, in.registry, "communewatch_ingest_rejected_lines_total", ""); n != 3 {
			t.Errorf("%v lines counted as rejected, want 3", n)
		}
	})
}

func TestRefusedLinesAreNumberedAsInTheBodyBesideTheContracts(t *testing.T) {
	in := run(t, oneWriter(), writer(func(context.Context, []byte) error {
		return &store.Refused{Lines: []api.RejectedLine{{Line: 2, Reason: "conflict"}}}
	}))
	body := []byte("bad\n\n")
	body = append(append(ping(t, body, "a", 0), "worse\n"...), ping(t, nil, "b", 0)...)
	a := send(t, in, post(body))
	want := []api.RejectedLine{{Line: 1, Reason: "no fields"}, {Line: 4, Reason: "no fields"}, {Line: 5, Reason: "conflict"}}
	if d := cmp.Diff(want, a.Lines); d != "" {
		t.Error(d)
	}
	if a.Message != "3 of 4 lines are rejected, all others are stored" {
		t.Error(a.Message)
	}
}

func TestABlockHoldsWholeRequestsUpToItsLimits(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit func(*ingest.Config)
		want  []int // lines of each block behind the first
	}{
		{"by lines", func(c *ingest.Config) { c.CommitLines = 7 }, []int{6, 6, 3}},
		{"by bytes", func(c *ingest.Config) { c.CommitBytes = 1 }, []int{3, 3, 3, 3, 3}},
		{"not at all", func(*ingest.Config) {}, []int{15}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				db := newSlow()
				cfg := oneWriter()
				c.limit(&cfg)
				in := run(t, cfg, writer(db.write))
				_, wait := together(t, in, "bd-1", "bd-2", "bd-3", "bd-4", "bd-5", "bd-6")
				<-db.blocks
				db.verdict <- nil
				for i, want := range c.want {
					if n := bytes.Count(<-db.blocks, []byte("\n")); n != want {
						t.Errorf("block %d has %d lines, want %d", i, n, want)
					}
					db.verdict <- nil
				}
				wait()
			})
		})
	}
}

func TestTwoWritersWriteAtTheSameTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := newSlow()
		in := run(t, ingest.DefaultConfiguration(), writer(db.write))
		_, wait := together(t, in, "bd-1", "bd-2")
		<-db.blocks
		<-db.blocks
		db.verdict <- nil
		db.verdict <- nil
		wait()
	})
}

func TestADatabaseThatDoesNotStoreIsToldToKeepEverythingForDifferentTimes(t *testing.T) {
	for _, c := range []struct {
		name     string
		err      error
		min, max int // of Retry-After, in seconds
		message  string
	}{
		{"down", &store.Unavailable{Err: errors.New("refused")}, 10, 20, "the database does not store now"},
		{"asking for time", &store.Unavailable{RetryAfter: time.Minute, Err: errors.New("503")}, 60, 120, "the database does not store now"},
		{"not set up", &store.Misconfigured{Reason: "http://10.0.0.1 has no database"}, 10, 20, "the collector's database is not set up: its operator must look into the collector's log"},
		{"unexpected", errors.New("out of order"), 10, 20, "the database does not store now"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := run(t, ingest.DefaultConfiguration(), writer(func(context.Context, []byte) error { return c.err }))
			waits := map[string]bool{}
			for range 20 {
				a := send(t, in, post(pings(t, 1)))
				if a.Code != api.CodeUnavailable || a.Message != c.message {
					t.Fatalf("answered %q, %q", a.Code, a.Message)
				}
				var wait int
				if _, err := fmt.Sscan(a.header.Get("Retry-After"), &wait); err != nil || wait < c.min || wait > c.max {
					t.Errorf("Retry-After %q, want %d to %d", a.header.Get("Retry-After"), c.min, c.max)
				}
				waits[a.header.Get("Retry-After")] = true
			}
			if len(waits) < 2 {
				t.Error("all are told the same time")
			}
			if n := metric(t, in.registry, "communewatch_ingest_queue_bytes", ""); n != 0 {
				t.Errorf("%v bytes are still held", n)
			}
		})
	}
}

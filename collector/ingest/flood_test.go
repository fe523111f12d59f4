package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
	"communewatch/collector/ingest"
)

// TestOneAgentThatFloodsCostsOnlyItself: one agent sends garbage, bombs, cut-off gzip
// and the same valid body again and again from eight connections, as fast as it is
// answered, until all others have sent what they had. The clock stands: what the flooder
// is served is what it may cost at once, and no more.
func TestOneAgentThatFloodsCostsOnlyItself(t *testing.T) {
	t.Parallel()
	db := &ledger{}
	cfg := ingest.DefaultConfiguration()
	cfg.AgentBurst = 8 << 20
	in := run(t, cfg, writer(db.write))
	d := openDoor(t, in)
	whole := zip(t, pings(t, 2_000))
	weapons := []struct {
		body []byte
		cost int64 // at least, in bytes
		want api.Code
	}{
		{zip(t, bytes.Repeat([]byte("garbage in\n"), 4_000)), 1 << 20, api.CodeInvalid},
		{bombs(t), 8 << 20, api.CodeTooLarge},
		{whole[:len(whole)-5], 500 << 10, api.CodeUnreadable},
		{bytes.Repeat([]byte("x"), api.MaxBodyBytes), 1 << 20, api.CodeUnreadable},
		{whole, 500 << 10, api.CodeStored},
	}
	var ended atomic.Bool
	var cost, turnedAway atomic.Int64
	var flood, others sync.WaitGroup
	first := d.sender(t, "bd-666") // a new token voids the one before
	for i := range 8 {
		one := &sender{door: d, t: t, token: first.token, sent: 1_000 * i, large: true}
		flood.Go(func() {
			for n := i; !ended.Load(); n++ {
				w := weapons[n%len(weapons)]
				switch a := one.send(w.body, zipped); a.Code {
				case "": // turned away in the middle of its body
					turnedAway.Add(1)
				case api.CodeTooMany:
					if a.header.Get("Retry-After") == "" {
						t.Error("too many, and not told until when")
					}
					turnedAway.Add(1)
				case w.want:
					cost.Add(w.cost)
				default:
					t.Errorf("weapon %d is answered %d %q %q", n%len(weapons), a.status, a.Code, a.Message)
				}
			}
		})
	}
	const offices, rounds = 20, 8
	for n := range offices {
		office := d.sender(t, siteNamed(n))
		others.Go(func() {
			for i := range rounds {
				body := ping(t, nil, fmt.Sprintf("target-%d", i), time.Duration(i)*time.Minute)
				a := office.send(zip(t, body), zipped)
				if a.Code != api.CodeStored {
					t.Errorf("round %d of %s is answered %d %q %q", i, siteNamed(n), a.status, a.Code, a.Message)
				} else if !db.has(t, siteNamed(n), body) {
					t.Errorf("round %d of %s is acknowledged and not stored", i, siteNamed(n))
				}
			}
		})
	}
	others.Wait()
	ended.Store(true)
	flood.Wait()
	// What is under way at once is known only when it is done: the gate lets four.
	if most := cfg.AgentBurst + 4*(api.MaxInflateBytes+6<<20); cost.Load() > most {
		t.Errorf("the flooder was served %d MiB, want %d at most", cost.Load()>>20, most>>20)
	}
	if turnedAway.Load() == 0 {
		t.Error("the flooder was never turned away")
	}
	if n := metric(t, in.registry, "communewatch_ingest_queue_bytes", ""); n != 0 {
		t.Errorf("%v bytes are still held", n)
	}
}

// TestWhoeverSendsOnlyGarbageIsToldToWaitUntilItIsPaid, for each kind of it, and the
// time is the debt's.
func TestWhoeverSendsOnlyGarbageIsToldToWaitUntilItIsPaid(t *testing.T) {
	t.Parallel()
	whole := zips(t, bytes.Repeat([]byte("no line at all\n"), 2_000), 10)
	for name, body := range map[string][]byte{
		"lines that never hold": whole,
		"gzip without an end":   whole[:len(whole)-1],
		"no gzip":               bytes.Repeat([]byte("x"), 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			clock := now
			cfg := ingest.DefaultConfiguration()
			cfg.AgentBurst = 2 << 20
			in := runAt(t, cfg, writer(func(context.Context, []byte) error { return nil }), func() time.Time { return clock })
			served := 0
			var a answer
			for a = send(t, in, post(body, zipped)); a.Code != api.CodeTooMany; a = send(t, in, post(body, zipped)) {
				if served++; served > 64 {
					t.Fatal("never turned away")
				}
			}
			wait, err := strconv.Atoi(a.header.Get("Retry-After"))
			if err != nil || a.Message != "this agent has sent more than its allowance" {
				t.Fatalf("answered %q, Retry-After %q", a.Message, a.header.Get("Retry-After"))
			}
			if other := send(t, in, post(pings(t, 1), from("bd-2"))); other.Code == api.CodeTooMany {
				t.Error("another one is turned away as well")
			}
			clock = clock.Add(time.Duration(wait-1) * time.Second)
			if a := send(t, in, post(body, zipped)); a.Code != api.CodeTooMany || a.header.Get("Retry-After") != "1" {
				t.Errorf("a second before: %q, Retry-After %q", a.Code, a.header.Get("Retry-After"))
			}
			clock = clock.Add(time.Second)
			if a := send(t, in, post(body, zipped)); a.Code == api.CodeTooMany {
				t.Errorf("when the time is over: %q", a.Code)
			}
		})
	}
}

// TestBetweenTwoRequestsOfAFlooderOneWhoWaitsIsRead: one reader, and four of the
// flooder's stand before the other's.
func TestBetweenTwoRequestsOfAFlooderOneWhoWaitsIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := newSlow()
		cfg := oneWriter()
		cfg.Readers = 1
		in := run(t, cfg, writer(db.write))
		release := in.HoldReaders()
		var all sync.WaitGroup
		sites := []string{"bd-666", "bd-666", "bd-666", "bd-666", "bd-1", "bd-2"}
		for i, site := range sites {
			all.Go(func() {
				if a := send(t, in, post(ping(t, nil, fmt.Sprint(i), 0), from(site))); a.Code != api.CodeStored {
					t.Errorf("%s is answered %q", site, a.Code)
				}
			})
			synctest.Wait() // so that they come in this order
		}
		release()
		read := make([]string, len(sites))
		for n := 0; n < len(sites); db.verdict <- nil {
			for line := range strings.Lines(string(<-db.blocks)) {
				if rest, is := strings.CutPrefix(line, "receipt,site="); is {
					site, _, _ := strings.Cut(rest, ",")
					at, _ := strconv.Atoi(line[len(line)-4 : len(line)-1]) // receipts are numbered as they are read
					read[at-1] = site
					n++
				}
			}
		}
		all.Wait()
		if d := cmp.Diff([]string{"bd-666", "bd-1", "bd-2", "bd-666", "bd-666", "bd-666"}, read); d != "" {
			t.Error(d)
		}
	})
}

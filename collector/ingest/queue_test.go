package ingest_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/ingest"
	"communewatch/collector/store"
)

// By bytes it is full in room_test.go.
func TestAFullQueueRefusesBeforeItReads(t *testing.T) {
	t.Parallel()
	all := answer{status: 503, Error: api.Error{Code: api.CodeUnavailable, Message: "too much is waiting to be stored"}}
	one := answer{status: 429, Error: api.Error{Code: api.CodeTooMany, Message: "this agent has too much waiting to be stored"}}
	for _, c := range []struct {
		name    string
		limit   func(*ingest.Config)
		senders [2]string
		to      string
		want    answer
	}{
		{"of all", func(c *ingest.Config) { c.QueueRequests = 2 }, [2]string{"bd-1", "bd-2"}, "bd-3", all},
		{"of one agent", func(c *ingest.Config) { c.AgentRequests = 2 }, [2]string{"bd-1", "bd-1"}, "bd-1", one},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				db := newSlow()
				cfg := oneWriter()
				c.limit(&cfg)
				in := run(t, cfg, writer(db.write))
				done := make(chan answer, 3)
				go func() { done <- send(t, in, post(pings(t, 1), from(c.senders[0]))) }()
				<-db.blocks // so the other is not in the same
				go func() { done <- send(t, in, post(pings(t, 1), from(c.senders[1]))) }()
				synctest.Wait()
				refused := post(make([]byte, api.MaxBodyBytes), from(c.to))
				a := send(t, in, refused)
				if a.status != c.want.status || a.Code != c.want.Code || a.Message != c.want.Message || a.header.Get("Retry-After") == "" {
					t.Errorf("answered %d %q %q, Retry-After %q", a.status, a.Code, a.Message, a.header.Get("Retry-After"))
				}
				if n, err := refused.Body.Read(make([]byte, 1)); n != 1 || err != nil {
					t.Errorf("its body was read: %d, %v", n, err)
				}
				if c.want.Code == api.CodeTooMany { // the room is there for another
					go func() { done <- send(t, in, post(pings(t, 1), from("bd-9"))) }()
					synctest.Wait()
				} else {
					done <- answer{Error: api.Error{Code: api.CodeStored}}
				}
				db.verdict <- nil
				<-db.blocks
				db.verdict <- nil
				for range 3 {
					if a := <-done; a.Code != api.CodeStored {
						t.Errorf("one of the first is answered %q", a.Code)
					}
				}
				go func() { done <- send(t, in, post(pings(t, 1), from(c.to))) }()
				<-db.blocks
				db.verdict <- nil
				if a := <-done; a.Code != api.CodeStored {
					t.Errorf("when there is room again: %q", a.Code)
				}
				if n := metric(t, in.registry, "communewatch_ingest_queue_bytes", ""); n != 0 {
					t.Errorf("%v bytes are still held", n)
				}
			})
		})
	}
}

func TestASenderWhoHasGoneHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := newSlow()
		in := run(t, oneWriter(), writer(db.write))
		request := post(pings(t, 1), from("bd-1"))
		ctx, leave := context.WithCancel(request.Context())
		gone := make(chan answer)
		go func() { gone <- send(t, in, request.WithContext(ctx)) }()
		<-db.blocks
		leave()
		if a := <-gone; a.Code != api.CodeUnavailable || a.header.Get(api.HeaderStored) != "" { // nobody may take it for stored
			t.Errorf("who has gone is answered %q", a.Code)
		}
		if n := metric(t, in.registry, "communewatch_ingest_requests_total", "gone"); n != 1 {
			t.Errorf("counted %v times", n)
		}
		done := make(chan answer)
		go func() { done <- send(t, in, post(pings(t, 1), from("bd-2"))) }()
		db.verdict <- nil
		<-db.blocks
		db.verdict <- nil
		if a := <-done; a.Code != api.CodeStored {
			t.Errorf("the next is answered %q", a.Code)
		}
		if n := metric(t, in.registry, "communewatch_ingest_queue_bytes", ""); n != 0 {
			t.Errorf("%v bytes are still held", n)
		}
	})
}

func TestAtTheEndWhatWasLetInIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := newSlow()
		in := run(t, oneWriter(), writer(db.write))
		answers, wait := together(t, in, "bd-1", "bd-2", "bd-3")
		<-db.blocks
		stopped := make(chan struct{})
		go func() { in.stop(); close(stopped) }()
		synctest.Wait()
		if a := send(t, in, post(pings(t, 1))); a.Code != api.CodeUnavailable {
			t.Errorf("a request after the end is answered %q", a.Code)
		}
		db.verdict <- nil
		<-db.blocks
		db.verdict <- nil
		wait()
		<-stopped
		for i, a := range answers {
			if a.Code != api.CodeStored {
				t.Errorf("request %d is answered %q", i, a.Code)
			}
		}
	})
}

func TestAtTheEndAHungDatabaseStillLeavesEverySenderWithAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := oneWriter()
		in := run(t, cfg, writer(func(ctx context.Context, _ []byte) error {
			<-ctx.Done()
			return &store.Unavailable{Err: ctx.Err()}
		}))
		answers, wait := together(t, in, "bd-1", "bd-2", "bd-3")
		begin := time.Now()
		in.stop()
		wait()
		if took := time.Since(begin); took > cfg.DrainTime {
			t.Errorf("the end took %s", took)
		}
		for i, a := range answers {
			if a.Code != api.CodeUnavailable {
				t.Errorf("request %d is answered %q", i, a.Code)
			}
		}
	})
}

func TestADatabaseThatHangsIsGivenUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := run(t, oneWriter(), writer(func(ctx context.Context, _ []byte) error {
			<-ctx.Done()
			return &store.Unavailable{Err: ctx.Err()}
		}))
		begin := time.Now()
		if a := send(t, in, post(pings(t, 1))); a.Code != api.CodeUnavailable || time.Since(begin) != ingest.DefaultConfiguration().CommitTime {
			t.Errorf("answered %q after %s", a.Code, time.Since(begin))
		}
	})
}

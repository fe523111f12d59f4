package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/ingest"
	"communewatch/collector/store"
)

func TestAFullQueueRefusesBeforeItReads(t *testing.T) {
	line := fmt.Sprintf("interface,target=%s,interface=%s oper_up=1i %d\n", strings.Repeat("x", 256), strings.Repeat("y", 95), now.UnixNano())
	body := zip(t, bytes.Repeat([]byte(line), 20_000)) // 8.2 MB, 8.7 when stamped
	for _, c := range []struct {
		name  string
		limit func(*ingest.Config)
	}{
		{"by requests", func(c *ingest.Config) { c.QueueRequests = 2 }},
		{"by bytes", func(c *ingest.Config) { c.QueueBytes = api.MaxBodyBytes + 2*api.MaxInflateBytes }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				db := newSlow()
				cfg := oneWriter()
				c.limit(&cfg)
				in := run(t, cfg, writer(db.write))
				done := make(chan answer, 2)
				for range 2 {
					go func() { done <- send(t, in, post(body, zipped)) }()
				}
				<-db.blocks
				synctest.Wait()
				refused := post(make([]byte, api.MaxBodyBytes))
				a := send(t, in, refused)
				if a.Code != api.CodeUnavailable || a.Message != "too much is waiting to be stored" || a.header.Get("Retry-After") == "" {
					t.Errorf("answered %q %q, Retry-After %q", a.Code, a.Message, a.header.Get("Retry-After"))
				}
				if n, err := refused.Body.Read(make([]byte, 1)); n != 1 || err != nil {
					t.Errorf("its body was read: %d, %v", n, err)
				}
				db.verdict <- nil
				<-db.blocks
				db.verdict <- nil
				for range 2 {
					if a := <-done; a.Code != api.CodeStored {
						t.Errorf("one of the first is answered %q", a.Code)
					}
				}
				go func() { done <- send(t, in, post(pings(t, 1))) }()
				<-db.blocks
				db.verdict <- nil
				if a := <-done; a.Code != api.CodeStored {
					t.Errorf("when there is room again: %q", a.Code)
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
		gone := make(chan struct{})
		go func() {
			in.ServeHTTP(httptest.NewRecorder(), request.WithContext(ctx))
			close(gone)
		}()
		<-db.blocks
		leave()
		<-gone
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

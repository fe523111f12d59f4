package upstream

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

func TestTheNewestGoesFirstAndTheBacklogBehindItOldestFirst(t *testing.T) {
	c := newCollector(t, stored)
	q := newMemory(17)
	s := sender(t, c, q)
	s.packer.most = 5
	run(t, s)
	eventually(t, "empty queue", func() bool { return len(q.Sequences()) == 0 })
	got := c.requests()
	want := []string{session + "/17," + session + "/1-4", session + "/5-14", session + "/15-16"}
	if diff := cmp.Diff(want, c.lists()); diff != "" {
		t.Fatalf("requests (-want +got):\n%s", diff)
	}
	if want := "x v=17i 17\nx v=1i 1\nx v=2i 2\nx v=3i 3\nx v=4i 4\n"; got[0].lines != want {
		t.Errorf("first body is %q", got[0].lines)
	}
	for i, r := range got {
		h := r.header
		if h.Get("Authorization") != "Token secret" || h.Get("Content-Encoding") != "gzip" || h.Get(api.HeaderClock) != "synced" || h.Get(api.HeaderGoodbye) != "" {
			t.Errorf("request %d has headers %v", i, h)
		}
		if backlog := h.Get(api.HeaderBacklog) == "1"; backlog != (i > 0) {
			t.Errorf("request %d: backlog %t", i, backlog)
		}
		if h.Get("Idempotency-Key") != "" {
			t.Errorf("request %d has a header that is for the transport only", i)
		}
	}
	if st, want := s.Stats(), (Stats{Attempts: 4}); st != want {
		t.Errorf("%+v, want %+v", st, want)
	}
}

func TestNewsThatComeWhileABacklogDrainsGoFirst(t *testing.T) {
	q := newMemory(9)
	var requests atomic.Int64
	c := newCollector(t, func(w http.ResponseWriter, got received) {
		if requests.Add(1) == 2 { // during the second request a round ends
			q.put(50, api.ClockSynced, "x v=50i 50\n")
		}
		stored(w, got)
	})
	s := sender(t, c, q)
	s.packer.most = 2
	run(t, s)
	eventually(t, "empty queue", func() bool { return len(q.Sequences()) == 0 })
	want := []string{"/9,/1", "/2-5", "/50,/6-8"}
	if diff := cmp.Diff(want, short(c.lists())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	q.put(51, api.ClockSynced, "x v=51i 51\n")
	eventually(t, "woken for one more", func() bool { return len(q.Sequences()) == 0 })
}

func TestBatchesUnderAnotherClockGoInARequestOfTheirOwn(t *testing.T) {
	q := newMemory(0)
	for seq, clock := range []api.ClockState{"corrected", "corrected", "synced", "corrected", "synced"} {
		q.put(uint64(seq+1), clock, "x v=1i 1\n")
	}
	c := newCollector(t, stored)
	run(t, sender(t, c, q))
	eventually(t, "empty queue", func() bool { return len(q.Sequences()) == 0 })
	if diff := cmp.Diff([]string{"/5", "/1-2", "/3", "/4"}, short(c.lists())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i, want := range []string{"synced", "corrected", "synced", "corrected"} {
		if got := c.requests()[i].header.Get(api.HeaderClock); got != want {
			t.Errorf("request %d: %s, want %s", i, got, want)
		}
	}
}

func TestOneRequestStaysWithinItsBounds(t *testing.T) {
	t.Parallel()
	c := newCollector(t, stored)
	for name, q := range map[string]*memory{
		"bytes":  filled(40, func(seq uint64) string { return fmt.Sprintf("x s=\"%s\" %d\n", strings.Repeat("a", 60_000), seq) }),
		"wire":   filled(40, func(seq uint64) string { return noise(int64(seq), 20_000) }),
		"lines":  filled(5, func(seq uint64) string { return strings.Repeat("x v=1i 1\n", 9_000) }),
		"ranges": newMemory(0),
	} {
		t.Run(name, func(t *testing.T) {
			if name == "ranges" {
				for seq := range uint64(300) {
					q.put(2*seq+1, api.ClockSynced, "x v=1i 1\n")
				}
			}
			before := len(c.requests())
			stop := run(t, sender(t, c, q))
			eventually(t, "empty queue", func() bool { return len(q.Sequences()) == 0 })
			stop()
			for _, r := range c.requests()[before:] {
				lines := strings.Count(r.lines, "\n")
				if len(r.lines) > packBytes || r.wire > packCompressed || lines > api.MaxLines || len(r.list) > packRanges {
					t.Errorf("request of %d bytes, %d on the wire, %d lines, %d ranges", len(r.lines), r.wire, lines, len(r.list))
				}
			}
			if n := len(c.requests()) - before; n < 2 {
				t.Errorf("%d requests: the bound was not tried", n)
			}
		})
	}
}

func TestAPoisonedLineIsSetAsideAndNothingBehindItWaits(t *testing.T) {
	c := newCollector(t, func(w http.ResponseWriter, got received) {
		e := api.Error{Code: api.CodeInvalid, Message: "some lines"}
		for i, line := range strings.Split(got.lines, "\n") {
			if strings.HasPrefix(line, "bad") {
				e.Lines = append(e.Lines, api.RejectedLine{Line: i + 1, Reason: "unknown measurement " + line[:4]})
			}
		}
		if len(e.Lines) == 0 {
			stored(w, got)
			return
		}
		e.WriteTo(w)
	})
	q := newMemory(6)
	q.put(3, api.ClockSynced, "x v=1i 1\nbad1 v=1i 1\nx v=1i 2\nbad2 v=1i 2\n")
	q.put(6, api.ClockSynced, "bad3 v=1i 1\n")
	s := sender(t, c, q)
	run(t, s)
	eventually(t, "empty queue", func() bool { return len(q.Sequences()) == 0 })
	want := map[uint64][]api.RejectedLine{
		3: {{Line: 2, Reason: "unknown measurement bad1"}, {Line: 4, Reason: "unknown measurement bad2"}},
		6: {{Line: 1, Reason: "unknown measurement bad3"}},
	}
	if diff := cmp.Diff(want, q.aside); diff != "" {
		t.Errorf("set aside (-want +got):\n%s", diff)
	}
	if st, want := s.Stats(), (Stats{Attempts: 4}); st != want {
		t.Errorf("%+v, want %+v", st, want)
	}
}

func TestWhatIsTooLargeIsHalvedDownToOneAndThatIsSetAside(t *testing.T) {
	c := newCollector(t, func(w http.ResponseWriter, got received) {
		if got.list.Len() > 3 || strings.Contains(got.lines, "huge") {
			refuse(api.Error{Code: api.CodeTooLarge, Message: "at most 3 batches"})(w, got)
			return
		}
		stored(w, got)
	})
	q := newMemory(20)
	q.put(7, api.ClockSynced, "huge v=1i 1\nhuge v=2i 2\n")
	s := sender(t, c, q)
	run(t, s)
	eventually(t, "empty queue", func() bool { return len(q.Sequences()) == 0 })
	if diff := cmp.Diff(map[uint64][]api.RejectedLine{7: {{Line: 0, Reason: "at most 3 batches"}}}, q.aside); diff != "" {
		t.Errorf("set aside (-want +got):\n%s", diff)
	}
	if st := s.Stats(); st.Trouble != "" {
		t.Errorf("trouble %q", st.Trouble)
	}
}

func TestABoxThatFindsOneBatchTooLargeMakesNothingBeForgotten(t *testing.T) {
	c := newCollector(t, func(w http.ResponseWriter, _ received) {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		fmt.Fprint(w, "<html>nginx")
	})
	q := newMemory(4)
	s := sender(t, c, q)
	run(t, s)
	eventually(t, "several attempts", func() bool { return s.Stats().Attempts > 8 })
	if got := len(q.Sequences()); got != 4 || len(q.aside) != 0 {
		t.Errorf("%d batches left, %d set aside; want all 4 to wait", got, len(q.aside))
	}
	c.answerWith(stored)
	eventually(t, "empty queue", func() bool { return len(q.Sequences()) == 0 })
}

func TestNothingIsForgottenWhileStrangersAnswer(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(http.ResponseWriter, received){
		"a login page": func(w http.ResponseWriter, _ received) { fmt.Fprint(w, "<html>log in") },
		"a redirect":   func(w http.ResponseWriter, _ received) { w.Header().Set("Location", "/login"); w.WriteHeader(302) },
		"a bare 204":   func(w http.ResponseWriter, _ received) { w.WriteHeader(204) },
		"another's 204": func(w http.ResponseWriter, _ received) {
			w.Header().Set(api.HeaderStored, "0123456789abcdef/1-3")
			w.WriteHeader(204)
		},
		"a cut line": func(w http.ResponseWriter, _ received) { hijacked(w).Close() },
		"half an answer": func(w http.ResponseWriter, _ received) {
			w.Header().Set("Content-Length", "500")
			w.WriteHeader(400)
			fmt.Fprint(w, `{"code":`)
		},
		"no answer at all":  func(w http.ResponseWriter, _ received) { time.Sleep(100 * time.Millisecond) },
		"identity unknown":  refuse(api.Error{Code: api.CodeUnauthorized, Message: "who are you"}),
		"a database asleep": refuse(api.Error{Code: api.CodeUnavailable, Message: "later"}),
	} {
		t.Run(name, func(t *testing.T) {
			c := newCollector(t, answer)
			q := newMemory(3)
			s := sender(t, c, q, func(c *Config) { c.AnswerTimeout = 30 * time.Millisecond })
			run(t, s)
			eventually(t, "several attempts", func() bool { return s.Stats().Attempts > 3 })
			if got := len(q.Sequences()); got != 3 || len(q.aside) != 0 || s.Stats().Trouble == "" {
				t.Errorf("%d batches left, %d set aside, %+v", got, len(q.aside), s.Stats())
			}
			c.answerWith(stored)
			eventually(t, "sent when the collector is back", func() bool { return len(q.Sequences()) == 0 })
			eventually(t, "no trouble", func() bool { return s.Stats().Trouble == "" })
		})
	}
}

func TestAKeptConnectionThatDiedCostsNoFailure(t *testing.T) {
	c := newCollector(t, stored)
	q := newMemory(1)
	s := sender(t, c, q)
	run(t, s)
	for seq := range uint64(5) {
		eventually(t, "empty queue", func() bool { return len(q.Sequences()) == 0 })
		c.CloseClientConnections()
		q.put(seq+10, api.ClockSynced, "x v=1i 1\n")
	}
	eventually(t, "empty queue", func() bool { return len(q.Sequences()) == 0 })
}

func TestABatchThatCannotBeLoadedIsPassedOver(t *testing.T) {
	c := newCollector(t, stored)
	q := newMemory(60)
	for seq := uint64(2); seq <= 50; seq++ {
		q.bad[seq] = errors.New("held by a scanner")
	}
	q.bad[60] = errors.New("held too")
	s := sender(t, c, q)
	run(t, s)
	eventually(t, "all others sent", func() bool { return len(q.Sequences()) == 50 })
	if q.Sequences()[0] != 2 || c.requests()[0].header.Get(api.HeaderBacklog) != "1" {
		t.Errorf("left %v; first request's headers %v", q.Sequences(), c.requests()[0].header)
	}
	q.mu.Lock()
	clear(q.bad)
	q.mu.Unlock()
	eventually(t, "sent once they can be loaded", func() bool { return len(q.Sequences()) == 0 })
}

func TestAQueueThatCannotDeleteIsNotHammered(t *testing.T) {
	c := newCollector(t, stored)
	q := newMemory(2)
	q.broken = errors.New("read-only file system")
	s := sender(t, c, q)
	run(t, s)
	eventually(t, "trouble with the queue", func() bool { return s.Stats().Trouble == ReasonQueue })
	q.mu.Lock()
	q.broken = nil
	q.mu.Unlock()
	eventually(t, "empty queue", func() bool { return len(q.Sequences()) == 0 })
}

func TestNothingIsLoadedBeforeTheTimeIsKnown(t *testing.T) {
	c := newCollector(t, stored)
	q := newMemory(1)
	w := &watch{}
	loaded := &loadSpy{memory: q, check: func() {
		if _, known := w.Collector(); !known {
			t.Error("a batch was loaded while the collector's time was not known")
		}
	}}
	run(t, senderWith(t, c, loaded, w, slog.DiscardHandler))
	eventually(t, "empty queue", func() bool { return len(q.Sequences()) == 0 })
	if c.asked != 1 {
		t.Errorf("asked %d times for the time, want once", c.asked)
	}
	if w.spread < 0 || w.spread > 10*time.Second {
		t.Errorf("the last exchange took %s by its stamps", w.spread)
	}
}

func TestBytesOnTheWireAreCounted(t *testing.T) {
	c := newCollector(t, stored)
	q := filled(1, func(seq uint64) string { return noise(1, 30_000) })
	s := sender(t, c, q)
	run(t, s)
	eventually(t, "empty queue", func() bool { return len(q.Sequences()) == 0 })
	body := c.requests()[0].wire
	if got := int(s.WireBytes()); got < body || got > body+10_000 {
		t.Errorf("%d bytes on the wire for a body of %d", got, body)
	}
}

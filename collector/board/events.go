package board

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/say"
	"communewatch/collector/store"
)

// Times of a stream of events.
const (
	lookEvery   = 2 * time.Second  // at the newest judgement, once for all streams
	beatEvery   = 15 * time.Second // a comment, so that whatever stands between does not think it idle
	sendTime    = 20 * time.Second // until what is sent must have left for the reader
	streamLife  = 10 * time.Minute // then it begins anew, and whoever may read is asked again
	againAfter  = 3 * time.Second  // until a reader whose stream has ended comes back
	judgedSince = 5 * time.Minute  // how far back the newest judgement is looked for
)

// maxStreams bounds the streams; who finds no place asks again and again, as before.
const maxStreams = 128

// events says to open pages that what they show has changed: not what, which they fetch.
// A stream lives in the request that it answers, which ends when the collector stops;
// nothing runs where nobody reads.
type events struct {
	open    atomic.Int64
	written atomic.Int64 // what people sent to these pages and was taken

	mu      sync.Mutex // held by the one stream that looks for all
	looked  time.Time
	known   *inventory.Inventory
	edition int // of the inventory
	id      atomic.Pointer[string]
}

// eventTimes are those of a stream; tests have shorter ones.
type eventTimes struct{ look, beat, life time.Duration }

func (b *board) serveEvents(w http.ResponseWriter, r *http.Request) {
	if b.events.open.Add(1) > maxStreams {
		b.events.open.Add(-1)
		w.Header().Set("Retry-After", "60")
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		return
	}
	defer b.events.open.Add(-1)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // a proxy that gathers answers would hold the events back
	h.Set("Connection", "close")     // its deadlines are not those of other requests
	s := stream{w, http.NewResponseController(w)}
	s.run(r.Context(), b, r.Header.Get("Last-Event-ID"))
}

// stream is one reader's.
type stream struct {
	w       io.Writer
	control *http.ResponseController
}

// run says each change until the reader leaves, the collector stops, or it has lived its time.
func (s stream) run(ctx context.Context, b *board, seen string) {
	times := b.times
	// Those of readers who came together end apart.
	life := time.NewTimer(times.life - rand.N(times.life/4))
	defer life.Stop()
	look, beat := time.NewTicker(times.look), time.NewTicker(times.beat)
	defer look.Stop()
	defer beat.Stop()
	id := b.lookAgain(ctx)
	text := fmt.Sprintf("retry: %d\nid: %s\n", againAfter.Milliseconds(), id)
	if seen != "" && seen != id {
		text += "event: changed\ndata: missed\n"
	}
	for err := s.send(text + "\n"); err == nil; {
		select {
		case <-ctx.Done():
			return
		case <-life.C:
			return
		case <-beat.C:
			err = s.send(": here\n\n")
		case <-look.C:
			if now := b.lookAgain(ctx); now != id {
				id = now
				err = s.send("id: " + id + "\nevent: changed\ndata: now\n\n")
			}
		}
	}
}

// send gives the connection a deadline of its own: the server's is for answers that end.
func (s stream) send(text string) error {
	_ = s.control.SetWriteDeadline(time.Now().Add(sendTime)) // a recorder of a test has none
	if _, err := io.WriteString(s.w, text); err != nil {
		return err
	}
	return s.control.Flush()
}

// lookAgain is a name of what the pages show. One stream looks for all; the others take
// what it found last, so that a slow database holds up no other.
func (b *board) lookAgain(ctx context.Context) string {
	e := &b.events
	if !e.mu.TryLock() {
		return *e.id.Load()
	}
	defer e.mu.Unlock()
	now, last := b.deps.Now(), *e.id.Load()
	if age := now.Sub(e.looked); age >= 0 && age < b.times.look/2 {
		return last
	}
	judged := b.newestJudgement(ctx, now)
	if ctx.Err() != nil {
		return last // whoever looked has gone away: it says nothing of the store
	}
	if inv := b.deps.Inventory(); inv != e.known {
		e.known, e.edition = inv, e.edition+1
	}
	h := fnv.New64a()
	_, _ = fmt.Fprintln(h, b.started.UnixNano(), judged, e.edition, e.written.Load(), b.problem(say.Langs[0])) // never fails
	id := strconv.FormatUint(h.Sum64(), 36)
	if id != last {
		b.province.expire() // who comes because of this finds what is new
	}
	e.looked = now
	e.id.Store(&id)
	return id
}

// newestJudgement is when it was made, "old" where nobody judges, "away" where the store
// does not say.
func (b *board) newestJudgement(ctx context.Context, now time.Time) string {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	series, err := b.deps.Store.Select(ctx, store.Query{
		Measurement: "site_state", Select: []store.Selector{{Func: "last", Field: "state"}},
		From: now.Add(-judgedSince), To: now.Add(b.deps.Interval), By: []string{api.TagSite},
	})
	if err != nil {
		return "away"
	}
	var judged time.Time
	for _, s := range series {
		for _, row := range s.Rows {
			judged = later(judged, row.Time)
		}
	}
	if now.Sub(judged) > oldJudgement {
		return "old" // which the pages say
	}
	return strconv.FormatInt(judged.UnixNano(), 10)
}

func (b *board) problem(lang say.Lang) string {
	if b.deps.Problem == nil {
		return ""
	}
	return b.deps.Problem(lang)
}

// noting counts what people sent and was taken, so that other open pages show it.
func (b *board) noting(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a := &outcome{ResponseWriter: w}
		handle(a, r)
		if a.status < http.StatusBadRequest {
			b.events.written.Add(1)
		}
	}
}

// outcome remembers an answer's status.
type outcome struct {
	http.ResponseWriter
	status int
}

func (a *outcome) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *outcome) Unwrap() http.ResponseWriter { return a.ResponseWriter }

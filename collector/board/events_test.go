package board

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"communewatch/collector/api"
	"communewatch/collector/inventory"
	"communewatch/collector/store"
)

// judging is a database in which a judge writes a heartbeat whenever it is told to.
type judging struct {
	keeps
	judged atomic.Int64 // Unix time in ns; 0: the database does not answer
	asked  atomic.Int64 // how often the newest judgement was asked for
	waits  atomic.Pointer[chan struct{}]
}

func (j *judging) Select(ctx context.Context, q store.Query) ([]store.Series, error) {
	if q.Measurement != "site_state" {
		return nil, nil
	}
	if wait := j.waits.Load(); wait != nil {
		select {
		case <-*wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if len(q.Select) == 1 {
		j.asked.Add(1)
	}
	at := j.judged.Load()
	if at == 0 {
		return away{}.Select(ctx, q)
	}
	return []store.Series{{Tags: map[string]string{api.TagSite: "bd-21997"}, Rows: []store.Row{{Time: time.Unix(0, at), Values: map[string]api.Value{}}}}}, nil
}

func (j *judging) judge() { j.judged.Store(time.Now().UnixNano()) }

// eventful are pages on a server whose times for a request are short.
func eventful(t *testing.T, times eventTimes) (j *judging, b *board, server *httptest.Server, stop func()) {
	t.Helper()
	j = &judging{}
	j.judge()
	inv, err := inventory.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	var files *static
	b, files, err = newBoard(Deps{Store: j, Inventory: func() *inventory.Inventory { return inv }, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	b.times = times
	server = httptest.NewUnstartedServer(asOperator(b.handler(files)))
	server.Config.ReadTimeout, server.Config.WriteTimeout = 300*time.Millisecond, 300*time.Millisecond
	serving, stop := context.WithCancel(context.Background()) // as the gate has it for streams
	t.Cleanup(stop)
	server.Config.BaseContext = func(net.Listener) context.Context { return serving }
	server.Start()
	t.Cleanup(server.Close)
	return j, b, server, stop
}

// quick are times with which a test need not wait.
var quick = eventTimes{look: 20 * time.Millisecond, beat: 50 * time.Millisecond, life: time.Minute}

// streamOf opens a stream and gives its lines until it ends.
func streamOf(t *testing.T, server *httptest.Server, seen string) <-chan string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	if seen != "" {
		r.Header.Set("Last-Event-ID", seen)
	}
	response, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		t.Fatalf("%s %s", response.Status, response.Header.Get("Content-Type"))
	}
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		defer response.Body.Close()
		for s := bufio.NewScanner(response.Body); s.Scan(); {
			lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		cancel()
		for range lines {
		}
	})
	return lines
}

// until reads lines up to one that begins like that, and tells those before it.
func until(t *testing.T, lines <-chan string, beginning string) (before []string, line string) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case line, open := <-lines:
			if !open {
				t.Fatalf("the stream ended before %q, after %q", beginning, before)
			}
			if strings.HasPrefix(line, beginning) {
				return before, line
			}
			before = append(before, line)
		case <-deadline:
			t.Fatalf("no %q, only %q", beginning, before)
		}
	}
}

func TestAStreamSaysEachChangeOnceAndOutlivesTheServersTimeForARequest(t *testing.T) {
	j, b, server, _ := eventful(t, quick)
	lines := streamOf(t, server, "")
	until(t, lines, "retry: ")
	_, first := until(t, lines, "id: ")
	for range 20 { // a second, of which a request may take a third
		until(t, lines, ": here")
	}
	j.judge()
	before, id := until(t, lines, "id: ")
	for _, line := range before {
		if strings.HasPrefix(line, "event:") {
			t.Errorf("a change was said before there was one: %q", before)
		}
	}
	until(t, lines, "event: changed")
	if id == first {
		t.Error("a change has the name of what was before")
	}
	for range 5 {
		if before, _ := until(t, lines, ": here"); strings.Contains(strings.Join(before, "\n"), "event:") {
			t.Errorf("said again: %q", before)
		}
	}
	if !b.province.stale.Load() {
		t.Error("who comes because of a change is shown what was read before it")
	}
}

func TestEverythingThatPagesShowIsAChange(t *testing.T) {
	j, b, server, _ := eventful(t, quick)
	lines := streamOf(t, server, "")
	until(t, lines, "id: ")
	for what, change := range map[string]func(){
		"a note": func() {
			r, err := server.Client().PostForm(server.URL+"/incidents/note", url.Values{"act": {"hand_over"}, "by": {"Đức"}, "text": {"x"}})
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, r.Body)
			r.Body.Close()
		},
		"the inventory": func() {
			inv, err := inventory.Embedded()
			if err != nil {
				t.Fatal(err)
			}
			changed := *inv
			b.events.mu.Lock()
			b.deps.Inventory = func() *inventory.Inventory { return &changed }
			b.events.mu.Unlock()
		},
		"a judge that is away":    func() { j.judged.Store(time.Now().Add(-2 * oldJudgement).UnixNano()) },
		"a database that is away": func() { j.judged.Store(0) },
	} {
		j.judge()
		t.Log(what)
		change()
		until(t, lines, "event: changed")
		for len(lines) > 0 {
			<-lines
		}
	}
}

func TestThatNobodyJudgesAnyMoreIsAChange(t *testing.T) {
	j, _, server, _ := eventful(t, quick)
	j.judged.Store(time.Now().Add(500*time.Millisecond - oldJudgement).UnixNano())
	lines := streamOf(t, server, "")
	until(t, lines, "id: ")
	before, _ := until(t, lines, "event: changed")
	if len(before) < 5 {
		t.Errorf("it was said at once: %q", before)
	}
}

func TestARefusedNoteIsNoChange(t *testing.T) {
	_, b, server, _ := eventful(t, quick)
	r, err := server.Client().PostForm(server.URL+"/incidents/note", url.Values{"act": {"hand_over"}})
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if n := b.events.written.Load(); n != 0 || r.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%d, %s", n, r.Status)
	}
}

func TestWhoComesBackIsToldWhetherSomethingWasMissed(t *testing.T) {
	_, _, server, _ := eventful(t, quick)
	lines := streamOf(t, server, "")
	_, id := until(t, lines, "id: ")
	id = strings.TrimPrefix(id, "id: ")
	if before, _ := until(t, streamOf(t, server, id), ": here"); strings.Contains(strings.Join(before, "\n"), "event:") {
		t.Errorf("nothing was missed: %q", before)
	}
	if before, _ := until(t, streamOf(t, server, "older"), ": here"); !strings.Contains(strings.Join(before, "\n"), "event: changed\ndata: missed") {
		t.Errorf("something was missed: %q", before)
	}
}

func TestAllStreamsTogetherAskTheDatabaseAsOftenAsOne(t *testing.T) {
	j, _, server, _ := eventful(t, eventTimes{look: 100 * time.Millisecond, beat: time.Minute, life: time.Minute})
	var all []<-chan string
	for range 20 {
		lines := streamOf(t, server, "")
		until(t, lines, "id: ")
		all = append(all, lines)
	}
	began, asked := time.Now(), j.asked.Load()
	time.Sleep(time.Second)
	most := int64(time.Since(began)/(50*time.Millisecond)) + 2
	if n := j.asked.Load() - asked; n > most || n < 3 {
		t.Errorf("%d questions in a second, want at most %d", n, most)
	}
	j.judge()
	for _, lines := range all {
		until(t, lines, "event: changed")
	}
}

func TestStreamsEndAtOnceWhenTheCollectorStopsEvenIfTheDatabaseHangs(t *testing.T) {
	j, _, server, stop := eventful(t, quick)
	var all []<-chan string
	for range 3 {
		lines := streamOf(t, server, "")
		until(t, lines, "id: ")
		all = append(all, lines)
	}
	hang := make(chan struct{})
	defer close(hang)
	j.waits.Store(&hang)
	time.Sleep(5 * quick.look) // one of them hangs by now, and no more
	beating := 0
	for _, lines := range all {
		for len(lines) > 0 {
			<-lines
		}
	}
	time.Sleep(3 * quick.beat)
	for _, lines := range all {
		if len(lines) > 0 {
			beating++
		}
	}
	if beating != len(all)-1 {
		t.Errorf("%d of %d streams go on while the database hangs", beating, len(all))
	}
	stop()
	deadline := time.After(2 * time.Second)
	for _, lines := range all {
		for open := true; open; {
			select {
			case _, open = <-lines:
			case <-deadline:
				t.Fatal("a stream goes on")
			}
		}
	}
}

func TestAStreamEndsSoThatWhoMayReadIsAskedAgain(t *testing.T) {
	_, b, server, _ := eventful(t, eventTimes{look: time.Second, beat: time.Second, life: 200 * time.Millisecond})
	lines := streamOf(t, server, "")
	for range lines { // ends
	}
	deadline := time.Now().Add(5 * time.Second)
	for b.events.open.Load() != 0 {
		if time.Now().After(deadline) {
			t.Fatalf("%d streams are counted as open", b.events.open.Load())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestTheStreamsAreBoundedAndWhoFindsNoPlaceIsToldSo(t *testing.T) {
	_, b, server, _ := eventful(t, quick)
	b.events.open.Store(maxStreams)
	r, err := server.Client().Get(server.URL + "/events")
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" || b.events.open.Load() != maxStreams {
		t.Errorf("%s, %d open", r.Status, b.events.open.Load())
	}
}

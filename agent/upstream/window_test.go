package upstream

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// upForBytes is a line that is up for so many bytes at a time: then all connections are
// reset, and so are the next attempts.
type upForBytes struct {
	net.Listener
	t       *testing.T
	target  string
	bytes   int
	onClose func() // of each window

	mu    sync.Mutex
	left  int
	skip  int // attempts that still fail
	conns []*net.TCPConn
	group sync.WaitGroup
}

func newWindows(t *testing.T, target string, bytes int, onClose func()) *upForBytes {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	w := &upForBytes{Listener: l, t: t, target: target, bytes: bytes, left: bytes, onClose: onClose}
	w.group.Go(w.accept)
	t.Cleanup(func() {
		l.Close()
		w.mu.Lock()
		w.reset()
		w.mu.Unlock()
		w.group.Wait()
	})
	return w
}

func (w *upForBytes) accept() {
	for {
		near, err := w.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", w.target)
		if err != nil {
			near.Close()
			continue
		}
		w.mu.Lock()
		w.conns = append(w.conns, near.(*net.TCPConn), far.(*net.TCPConn))
		if w.skip > 0 {
			if w.skip--; w.skip == 0 {
				w.left = w.bytes
			}
			w.reset()
		}
		w.mu.Unlock()
		w.group.Go(func() { io.Copy(near, far); near.Close() })
		w.group.Go(func() { w.up(near, far); far.Close() })
	}
}

// up relays what goes to the collector, until the window's bytes are used up.
func (w *upForBytes) up(near, far net.Conn) {
	b := make([]byte, 1024)
	for {
		n, err := near.Read(b)
		w.mu.Lock()
		n = min(n, w.left)
		w.left -= n
		if n > 0 && w.left == 0 {
			w.onClose()
			w.skip = 3
			w.reset()
		}
		w.mu.Unlock()
		if _, failed := far.Write(b[:n]); failed != nil || err != nil {
			return
		}
	}
}

func (w *upForBytes) reset() {
	for _, c := range w.conns {
		c.SetLinger(0)
		c.Close()
	}
	w.conns = nil
}

func TestALineThatIsUpForAFewBytesAtATimeDrainsTheBacklog(t *testing.T) {
	t.Parallel()
	c := newCollector(t, stored)
	q := filled(300, func(seq uint64) string { return noise(int64(seq), 400) })
	at, err := url.Parse(c.URL)
	must(t, err)
	var left, begun []int // batches that wait at each window's end; requests that had come
	w := newWindows(t, at.Host, 24<<10, func() {
		left, begun = append(left, len(q.Sequences())), append(begun, len(c.requests()))
	})
	s := sender(t, c, q)
	s.remote.base.Host = w.Addr().String()
	stop := run(t, s)
	eventually(t, "empty queue", func() bool { return len(q.Sequences()) == 0 })
	stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	t.Logf("batches left at each window's end: %v", left)
	if len(left) < 3 {
		t.Errorf("%d windows: the line was too good for this test", len(left))
	}
	for i, n := range left {
		if before := append([]int{300}, left...)[i]; n >= before {
			t.Errorf("window %d: %d batches wait, as before it", i, n)
		}
	}
	requests := c.requests()
	for _, i := range begun {
		if i < len(requests) && requests[i].list.Len() != 1 {
			t.Errorf("the first request of a window has %d batches", requests[i].list.Len())
		}
	}
	got := map[uint64]bool{}
	for _, r := range requests {
		for _, list := range r.list {
			for seq := list.First; seq <= list.Last; seq++ {
				got[seq] = true
			}
		}
	}
	if len(got) != 300 {
		t.Errorf("%d of 300 batches are stored", len(got))
	}
}

// slow is a line of 16 kbit/s that is up for 20 s at a time. What is sent while it is
// down is lost without a word, as over a radio.
type slow struct {
	*line
	origin  time.Time
	up, all time.Duration
	wasted  int
	most    int // bytes of a body, at the first try of a window
	last    int64
}

func (l *slow) window() (left time.Duration, number int64) {
	since := time.Since(l.origin)
	return l.up - since%l.all, int64(since / l.all)
}

func (l *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	if left, _ := l.window(); left <= 0 {
		l.open = false
		l.leave(nil)
		time.AfterFunc(left+l.all-l.up, l.comeBack)
	}
	if !l.open {
		if err := l.connect(r.Context()); err != nil {
			return nil, err
		}
	}
	left, number := l.window()
	if number != l.last {
		l.last, l.most = number, max(l.most, int(r.ContentLength))
	}
	bytes := int(r.ContentLength) + 1000
	if !l.open {
		bytes += 3000
	}
	needs := time.Duration(bytes) * time.Second / 2000
	if needs > left {
		l.wasted += int(left * 2000 / time.Second)
		select { // nothing is acknowledged any more
		case <-time.After(left + officeKeepAlive.unacked):
			l.open = false
			return nil, &net.OpError{Op: "read", Err: unanswered}
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	time.Sleep(needs)
	l.open = true
	return l.line.RoundTrip(r)
}

func TestALineThatIsUpFor20SecondsAtATimeDrainsTheBacklog(t *testing.T) {
	for name, c := range map[string]struct {
		all     time.Duration // from one window to the next
		backlog int           // minutes
	}{"every minute, a day's backlog": {time.Minute, 24 * 60}, "every ten minutes, three hours'": {10 * time.Minute, 3 * 60}} {
		all := c.all
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBubble(t)
				q := filled(c.backlog, func(seq uint64) string { return noise(int64(seq), 1000) })
				s := b.sender(q, slog.DiscardHandler, 3)
				l := &slow{line: s.remote.client.Transport.(*line), origin: time.Now().Add(-all / 2), up: 20 * time.Second, all: all}
				s.remote.client.Transport = l
				stop := run(t, s)
				measure(t, q, time.Second)
				began, idle, before := time.Now(), 0, len(q.Sequences())
				for len(q.Sequences()) > 40 && time.Since(began) < 7*day {
					time.Sleep(all)
					left := len(q.Sequences())
					if left >= before+int(all/time.Minute) {
						idle++
					}
					before = left
				}
				took := time.Since(began)
				stop()
				useful := 0
				for _, r := range b.requests() {
					useful += r.wire
				}
				t.Logf("the backlog and what came meanwhile in %s: %d windows, %d of them without progress, %d bytes of bodies, %d broken off, the first of a window at most %d",
					took, took/all, idle, useful, l.wasted, l.most)
				if len(q.Sequences()) > 40 {
					t.Errorf("%d batches still wait after %s", len(q.Sequences()), took)
				}
				if idle > 0 {
					t.Errorf("%d of %d windows without progress", idle, took/all)
				}
				if l.most > 4000 {
					t.Errorf("the first request of a window had %d bytes", l.most)
				}
			})
		})
	}
}

package snmp

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"

	"communewatch/collector/api"
)

type poller = func(context.Context) []*api.Point

// bench polls one responder with a clock that a test moves.
type bench struct {
	*responder
	poll poller
	now  time.Time
	logs bytes.Buffer
}

func newBench(t testing.TB, variables ...gosnmp.SnmpPDU) *bench {
	t.Helper()
	return benchWithin(t, hasty, variables...)
}

// benchWithin is one that waits that long for an answer.
func benchWithin(t testing.TB, timeout time.Duration, variables ...gosnmp.SnmpPDU) *bench {
	t.Helper()
	b := &bench{responder: newResponder(t, variables...), now: time.Unix(1_700_000_000, 0)}
	p, err := New(Config{
		Timeout: timeout, Now: func() time.Time { return b.now },
		Log: newLog(&b.logs),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.poll = p.Target(b.target())
	return b
}

// lockedBuffer takes the logs of several devices.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func newLog(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

// round polls once and sees that every point fits the contract, has the time of
// the poll's start and no name twice.
func (b *bench) round(t testing.TB) found {
	t.Helper()
	return check(t, b.poll(t.Context()))
}

func check(t testing.TB, points []*api.Point) found {
	t.Helper()
	if len(points) == 0 {
		t.Fatal("no points at all")
	}
	seen := make(map[string]bool)
	for _, p := range points {
		if err := p.Check(); err != nil {
			t.Errorf("point does not fit the contract: %v", err)
		}
		if p.Time != points[0].Time {
			t.Errorf("points of one poll have two times")
		}
		if name := p.TagNamed(api.TagInterface); seen[name] {
			t.Errorf("interface %q twice", name)
		} else {
			seen[name] = true
		}
	}
	return found{t, points}
}

// found is the points of a poll.
type found struct {
	t      testing.TB
	points []*api.Point
}

func (f found) device() *api.Point { return f.points[0] }

func (f found) complaint() string {
	v, _ := f.device().FieldNamed("error")
	return v.Text()
}

func (f found) up() bool {
	v, _ := f.device().FieldNamed("up")
	return v.Integer() == 1
}

func (f found) names() []string {
	var names []string
	for _, p := range f.points[1:] {
		names = append(names, p.TagNamed(api.TagInterface))
	}
	slices.Sort(names)
	return names
}

// field is a field of one interface as text, "" if it is absent.
func (f found) field(name, field string) string {
	f.t.Helper()
	for _, p := range f.points[1:] {
		if p.TagNamed(api.TagInterface) != name {
			continue
		}
		if v, ok := p.FieldNamed(field); ok {
			return v.String()
		}
		return ""
	}
	f.t.Fatalf("no interface %q in %q", name, f.names())
	return ""
}

// saysAll fails unless the device's complaint has all words.
func (f found) saysAll(words ...string) {
	f.t.Helper()
	for _, w := range words {
		if !strings.Contains(f.complaint(), w) {
			f.t.Errorf("error %q does not say %q", f.complaint(), w)
		}
	}
}

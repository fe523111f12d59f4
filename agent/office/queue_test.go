package office

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/agent/clock"
	"communewatch/agent/spool"
	"communewatch/collector/api"
)

var (
	recently = strconv.FormatInt(time.Now().Add(-time.Hour).UnixNano(), 10)
	twoLines = "ping,target=a,role=lan sent=1i,received=1i " + recently + "\nping,target=b,role=lan sent=1i,received=1i " + recently + "\n"
)

func open(t *testing.T, dir string, most int64) *spool.Spool {
	t.Helper()
	s, err := spool.Open(spool.Config{Dir: dir, MaxBytes: most, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newQueue(s *spool.Spool, session *clock.Session) *Queue {
	return NewQueue(s, session, slog.New(slog.DiscardHandler))
}

func session(t *testing.T) *clock.Session {
	t.Helper()
	s, err := clock.Start(nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// learn makes the session meet a collector whose clock is ahead by that much.
func learn(s *clock.Session, ahead time.Duration) {
	sent := s.Now()
	s.Observe(sent, sent.Add(2*time.Millisecond), sent.Add(ahead+time.Millisecond), sent.Add(ahead+time.Millisecond))
}

func TestABatchFromBeforeTheFirstContactIsStampedOnceAndStaysSo(t *testing.T) {
	s := session(t)
	q := newQueue(open(t, t.TempDir(), 1<<20), s)
	if err := q.Put([]byte(twoLines)); err != nil {
		t.Fatal(err)
	}
	seq := q.Sequences()[0]
	if _, err := q.Load(seq); err == nil {
		t.Error("a batch was given before its time was known")
	}
	learn(s, time.Hour)
	first, err := q.Load(seq)
	if err != nil {
		t.Fatal(err)
	}
	if first.Clock != api.ClockCorrected || strings.Contains(string(first.Lines), " "+recently+"\n") {
		t.Errorf("not corrected: %s", first.Lines)
	}
	learn(s, 2*time.Hour)
	second, err := q.Load(seq)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(first, second); d != "" {
		t.Errorf("sent again it is another batch: %s", d)
	}
}

func TestABatchOfASessionThatCannotBePlacedIsSetAsideNotGuessed(t *testing.T) {
	dir := t.TempDir()
	before := open(t, dir, 1<<20)
	if err := newQueue(before, session(t)).Put([]byte(twoLines)); err != nil {
		t.Fatal(err)
	}
	before.Close()
	if err := os.Remove(filepath.Join(dir, sessionsNote)); err != nil { // nothing is known of that run
		t.Fatal(err)
	}
	s := session(t)
	q := newQueue(open(t, dir, 1<<20), s)
	if _, err := q.Load(q.Sequences()[0]); err == nil || len(q.Sequences()) != 1 {
		t.Errorf("before the collector was met: %v, waiting %v; want it to wait", err, q.Sequences())
	}
	learn(s, time.Hour)
	if _, err := q.Load(q.Sequences()[0]); err == nil || !strings.Contains(err.Error(), "nothing is known of the run") {
		t.Errorf("got %v", err)
	}
	if len(q.Sequences()) != 0 || q.Counts().Rejected != 2 {
		t.Errorf("still waiting: %v, %+v", q.Sequences(), q.Counts())
	}
	if note := onlyNote(t, dir); !strings.Contains(note, "chưa từng gặp trung tâm") || !strings.Contains(note, "nothing is known") {
		t.Errorf("the note says %q", note)
	}
}

func onlyNote(t *testing.T, dir string) string {
	t.Helper()
	notes, _ := filepath.Glob(filepath.Join(dir, "aside", "*.txt"))
	if len(notes) != 1 {
		t.Fatalf("notes: %v", notes)
	}
	note, err := os.ReadFile(notes[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(note)
}

func TestARunThatNeverMetTheCollectorIsPlacedByTheRunAfterIt(t *testing.T) {
	dir := t.TempDir()
	wrong := func() time.Time { return time.Unix(1000, 0) } // a PC whose clock starts in 1970
	lost, err := clock.Start(wrong)
	if err != nil {
		t.Fatal(err)
	}
	first := open(t, dir, 1<<20)
	q := newQueue(first, lost)
	measured := lost.Now()
	truth := time.Now()
	line := func(at time.Time) []byte {
		return fmt.Appendf(nil, "ping,target=a,role=lan sent=1i,received=1i %d\n", at.UnixNano())
	}
	for range 3 {
		if err := q.Put(line(measured)); err != nil {
			t.Fatal(err)
		}
	}
	first.Close() // killed: it never met anybody
	now := session(t)
	q = newQueue(open(t, dir, 1<<20), now)
	learn(now, 0)
	var times []string
	for _, seq := range q.Sequences() {
		b, err := q.Load(seq)
		if err != nil {
			t.Fatal(err)
		}
		if b.Clock != api.ClockCorrected || b.Session != lost.ID() {
			t.Errorf("%+v", b)
		}
		times = append(times, strings.TrimSpace(string(b.Lines[bytes.LastIndexByte(b.Lines, ' '):])))
	}
	ns, _ := strconv.ParseInt(times[0], 10, 64)
	if off := time.Unix(0, ns).Sub(truth).Abs(); off > time.Second || len(slices.Compact(times)) != 1 {
		t.Errorf("placed at %v, %s off", times, off)
	}
}

func TestWhatIsOlderThanTheCollectorStoresIsDroppedWhenTheTimeIsKnown(t *testing.T) {
	s := session(t)
	spool := open(t, t.TempDir(), 1<<20)
	q := newQueue(spool, s)
	put := func(age time.Duration) {
		t.Helper()
		if err := q.Put(fmt.Appendf(nil, "ping,target=a,role=lan sent=1i,received=1i %d\n", s.Now().Add(-age).UnixNano())); err != nil {
			t.Fatal(err)
		}
	}
	put(api.MaxBehind + time.Hour) // not stamped: its age is not known
	learn(s, 0)
	put(api.MaxBehind + time.Hour)
	put(api.MaxBehind - time.Hour)
	if n := len(q.Sequences()); n != 3 {
		t.Errorf("%d batches wait, want all 3: the oldest has no time yet, and those behind it come after", n)
	}
	if _, err := q.Load(q.Sequences()[0]); err != nil { // stamps it
		t.Fatal(err)
	}
	put(0)
	if n, dropped := len(q.Sequences()), spool.Stats().Dropped; n != 2 || dropped != 2 {
		t.Errorf("%d wait, %d dropped, want 2 and 2", n, dropped)
	}
	if c := q.Counts(); c.Dropped != 2 || c.Measured != c.Pending+c.Dropped {
		t.Errorf("%+v", c)
	}
}

func TestARefusedLineIsKeptReadableWithItsReasonAndTheOthersCountAsStored(t *testing.T) {
	dir := t.TempDir()
	s := session(t)
	learn(s, 0)
	q := newQueue(open(t, dir, 1<<20), s)
	if err := q.Put([]byte(twoLines)); err != nil {
		t.Fatal(err)
	}
	if err := q.SetAside(q.Sequences()[0], []api.RejectedLine{{Line: 2, Reason: "time is 40 days ago"}}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(Counts{Measured: 2, Stored: 1, Rejected: 1}, q.Counts()); d != "" {
		t.Error(d)
	}
	if note := onlyNote(t, dir); !strings.Contains(note, "\n2: time is 40 days ago\n  ping,target=b,") || strings.Contains(note, "target=a") {
		t.Errorf("%s", note)
	}
}

func TestTheLedgerAddsUpOverDroppedBatchesAndRestarts(t *testing.T) {
	dir := t.TempDir()
	s := session(t)
	learn(s, 0)
	first := open(t, dir, 2_000)
	q := newQueue(first, s)
	for range 40 {
		if err := q.Put([]byte(twoLines)); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.Delete(q.Sequences()[0]); err != nil {
		t.Fatal(err)
	}
	c := q.Counts()
	if c.Measured != 80 || c.Stored != 2 || c.Dropped == 0 || c.Measured != c.Stored+c.Dropped+c.Pending {
		t.Errorf("%+v", c)
	}
	first.Close()
	if again := newQueue(open(t, dir, 2_000), s).Counts(); again.Pending != c.Pending || again.Measured != 0 {
		t.Errorf("after a restart %+v, before %+v", again, c)
	}
}

func TestABatchThatIsGoneIsAnError(t *testing.T) {
	q := newQueue(open(t, t.TempDir(), 1<<20), session(t))
	if _, err := q.Load(7); !errors.Is(err, spool.ErrGone) {
		t.Errorf("got %v", err)
	}
}

func TestTheFirstStoredBatchOfARunIsToldAtOnceAndOnce(t *testing.T) {
	q := newQueue(open(t, t.TempDir(), 1<<20), session(t))
	told := 0
	q.first = func() { told++ }
	for n := range 3 {
		must(t, q.Put([]byte("agent_health spool_batches=1i 1\n")))
		if n == 0 && told != 0 {
			t.Error("told before anything was stored")
		}
		must(t, q.Delete(q.Sequences()...))
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

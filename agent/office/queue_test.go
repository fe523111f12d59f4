package office

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/agent/clock"
	"communewatch/agent/spool"
	"communewatch/collector/api"
)

const twoLines = "ping,target=a,role=lan sent=1i,received=1i 1700000000000000000\nping,target=b,role=lan sent=1i,received=1i 1700000000000000001\n"

func open(t *testing.T, dir string, most int64) *spool.Spool {
	t.Helper()
	s, err := spool.Open(spool.Config{Dir: dir, MaxBytes: most, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
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
	q := NewQueue(open(t, t.TempDir(), 1<<20), s)
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
	if first.Clock != api.ClockCorrected || strings.Contains(string(first.Lines), " 1700000000000000000\n") {
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

func TestABatchOfASessionThatNeverMetTheCollectorIsSetAsideNotGuessed(t *testing.T) {
	dir := t.TempDir()
	before := open(t, dir, 1<<20)
	if err := NewQueue(before, session(t)).Put([]byte(twoLines)); err != nil {
		t.Fatal(err)
	}
	before.Close()
	s := session(t)
	learn(s, time.Hour)
	q := NewQueue(open(t, dir, 1<<20), s)
	if _, err := q.Load(q.Sequences()[0]); err == nil || !strings.Contains(err.Error(), "never met the collector") {
		t.Errorf("got %v", err)
	}
	if len(q.Sequences()) != 0 || q.Counts().Rejected != 2 {
		t.Errorf("still waiting: %v, %+v", q.Sequences(), q.Counts())
	}
	notes, _ := filepath.Glob(filepath.Join(dir, "aside", "*.txt"))
	if len(notes) != 1 {
		t.Fatalf("notes: %v", notes)
	}
}

func TestARefusedLineIsKeptReadableWithItsReasonAndTheOthersCountAsStored(t *testing.T) {
	dir := t.TempDir()
	s := session(t)
	learn(s, 0)
	q := NewQueue(open(t, dir, 1<<20), s)
	if err := q.Put([]byte(twoLines)); err != nil {
		t.Fatal(err)
	}
	if err := q.SetAside(q.Sequences()[0], []api.RejectedLine{{Line: 2, Reason: "time is 40 days ago"}}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(Counts{Measured: 2, Stored: 1, Rejected: 1}, q.Counts()); d != "" {
		t.Error(d)
	}
	notes, _ := filepath.Glob(filepath.Join(dir, "aside", "*.txt"))
	if len(notes) != 1 {
		t.Fatalf("notes: %v", notes)
	}
	note, err := os.ReadFile(notes[0])
	if err != nil || !strings.Contains(string(note), "line 2: time is 40 days ago\n  ping,target=b,") || strings.Contains(string(note), "target=a") {
		t.Errorf("%s, %v", note, err)
	}
}

func TestTheLedgerAddsUpOverDroppedBatchesAndRestarts(t *testing.T) {
	dir := t.TempDir()
	s := session(t)
	learn(s, 0)
	first := open(t, dir, 2_000)
	q := NewQueue(first, s)
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
	if again := NewQueue(open(t, dir, 2_000), s).Counts(); again.Pending != c.Pending || again.Measured != 0 {
		t.Errorf("after a restart %+v, before %+v", again, c)
	}
}

func TestABatchThatIsGoneIsAnError(t *testing.T) {
	q := NewQueue(open(t, t.TempDir(), 1<<20), session(t))
	if _, err := q.Load(7); !errors.Is(err, spool.ErrGone) {
		t.Errorf("got %v", err)
	}
}

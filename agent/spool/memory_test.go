package spool

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"
)

func TestAFolderThatCannotBeUsedIsToldAndMeasuringGoesOn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	must(t, os.WriteFile(dir, []byte("a file in its place"), 0o600))
	var log bytes.Buffer
	s, err := Open(Config{Dir: dir, MaxBytes: 1 << 20, Log: slog.New(slog.NewTextHandler(&log, nil))})
	must(t, err)
	a, b, c := mustPut(t, s, payload(1)), mustPut(t, s, payload(2)), mustPut(t, s, payload(3))
	must(t, s.Replace(b, payload(22)))
	must(t, s.Delete(a))
	wantLoad(t, s, b, payload(22))
	if got := s.Sequences(); !slices.Equal(got, []uint64{b, c}) || s.Stats().Memory != 2 {
		t.Errorf("queue %v, %+v", got, s.Stats())
	}
	if n := strings.Count(log.String(), "held in memory"); n != 1 {
		t.Errorf("said %d times, want once:\n%s", n, log.String())
	}
	must(t, os.Remove(dir))
	d := mustPut(t, s, payload(4))
	mustClose(t, s)
	s = mustOpen(t, dir)
	if got := s.Sequences(); !slices.Equal(got, []uint64{b, c, d}) {
		t.Errorf("on disk are %v, want %v", got, []uint64{b, c, d})
	}
	wantLoad(t, s, b, payload(22))
	mustClose(t, s)
}

func TestBatchesThatWereThereAllTheWhileComeBeforeThoseHeldMeanwhile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	s := mustOpen(t, dir)
	old := mustPut(t, s, payload(1))
	mustClose(t, s)
	away := dir + "-away"
	must(t, os.Rename(dir, away))
	must(t, os.WriteFile(dir, nil, 0o600)) // the disk is not mounted, and something else stands there
	s = mustOpen(t, dir)
	held := mustPut(t, s, payload(2))
	if held == old {
		t.Fatalf("batch %d has the name of one on the disk that is away", held)
	}
	must(t, os.Remove(dir))
	must(t, os.Rename(away, dir))
	last := mustPut(t, s, payload(3))
	if got := s.Sequences(); !slices.Equal(got, []uint64{old, held, last}) {
		t.Errorf("queue %v, want %v", got, []uint64{old, held, last})
	}
	wantLoad(t, s, old, payload(1))
	mustClose(t, s)
}

func TestAFolderThatVanishesIsMadeAnew(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	s := mustOpen(t, dir)
	mustPut(t, s, payload(1))
	must(t, os.RemoveAll(dir))
	seq := mustPut(t, s, payload(2))
	if got := s.Sequences(); !slices.Equal(got, []uint64{seq}) || s.Stats().Memory != 0 {
		t.Errorf("queue %v, %+v, want only %d, on disk", got, s.Stats(), seq)
	}
	if _, err := Open(Config{Dir: dir, MaxBytes: 1 << 20}); !errors.Is(err, ErrLocked) {
		t.Errorf("the folder made anew is not locked: %v", err)
	}
	mustClose(t, s)
	s = mustOpen(t, dir)
	wantLoad(t, s, seq, payload(2))
	mustClose(t, s)
}

func TestMemoryIsBoundedAndDropsTheOldest(t *testing.T) {
	d := &fakeDisk{}
	s := openOn(t, t.TempDir(), d)
	d.failAlways(syscall.ENOSPC)
	var last uint64
	for range 20 {
		last = mustPut(t, s, make([]byte, MaxMemory/10))
	}
	st := s.Stats()
	if st.Memory != 10 || st.Dropped != 10 || st.Bytes > MaxMemory {
		t.Errorf("%+v, want ten in memory and ten dropped", st)
	}
	if got := s.Sequences(); got[len(got)-1] != last {
		t.Errorf("queue %v, want the newest, %d, to stay", got, last)
	}
}

func TestABatchInMemoryThatIsRefusedIsNotInTheWay(t *testing.T) {
	d := &fakeDisk{}
	s := openOn(t, t.TempDir(), d)
	d.failAlways(syscall.ENOSPC)
	bad, good := mustPut(t, s, payload(1)), mustPut(t, s, payload(2))
	must(t, s.SetAside(bad, []byte("line 1: why")))
	if got := s.Sequences(); !slices.Equal(got, []uint64{good}) || s.Stats().Dropped != 1 {
		t.Errorf("queue %v, %+v", got, s.Stats())
	}
	bad = mustPut(t, s, payload(3))
	d.failAlways(nil)
	must(t, s.SetAside(bad, []byte("line 1: why")))
	if st := s.Stats(); st.Aside != 1 || st.Batches != 1 {
		t.Errorf("%+v, want one aside and one in the queue", st)
	}
}

func TestWhatIsTooOldIsDroppedAndCounted(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	a, b := mustPut(t, s, payload(1)), mustPut(t, s, payload(2))
	must(t, s.Drop(a, 999))
	if got := s.Sequences(); !slices.Equal(got, []uint64{b}) || s.Stats().Dropped != 1 {
		t.Errorf("queue %v, %+v", got, s.Stats())
	}
	mustClose(t, s)
}

func TestANoteIsKeptBesideTheQueue(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	if note, err := s.Kept("sessions.json"); note != nil || err != nil {
		t.Errorf("%q, %v before there is one", note, err)
	}
	must(t, s.Keep("sessions.json", []byte("one")))
	must(t, s.Keep("sessions.json", []byte("two")))
	must(t, os.WriteFile(filepath.Join(dir, "sessions.json.tmp"), []byte("cut off"), 0o600))
	for _, name := range []string{"../x.json", "00000000000000000001.batch", "lock", "", "A.json"} {
		if err := s.Keep(name, nil); err == nil {
			t.Errorf("a note named %q was kept", name)
		}
	}
	if err := s.Keep("big.json", make([]byte, MaxNote+1)); err == nil {
		t.Error("a note too large was kept")
	}
	mustClose(t, s)
	s = mustOpen(t, dir)
	if note, err := s.Kept("sessions.json"); string(note) != "two" || err != nil {
		t.Errorf("%q, %v", note, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "sessions.json.tmp")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the unfinished note stays: %v", err)
	}
	mustClose(t, s)
}

// Any history of puts and deliveries, with a disk that fails and works and an agent that
// is killed: what was put on a working disk and not delivered is there, with its bytes, and
// what is in memory is served until the kill.
func TestNoHistoryLosesWhatItMustKeep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "spool")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		d := &fakeDisk{}
		s, err := open(Config{Dir: dir, MaxBytes: 1 << 20}, d)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { s.Close() }()
		d.log()
		want := map[uint64]string{}
		for i := range rapid.IntRange(1, 40).Draw(t, "steps") {
			text := fmt.Sprintf("payload %d", i)
			var some uint64
			if seqs := s.Sequences(); len(seqs) > 0 {
				some = rapid.SampledFrom(seqs).Draw(t, "which")
			}
			switch rapid.SampledFrom([]string{"put", "put", "put", "replace", "delete", "fail", "work", "kill"}).Draw(t, "step") {
			case "put":
				seq, err := s.Put([]byte(text))
				if err != nil {
					t.Fatal(err)
				}
				want[seq] = text
			case "replace":
				if some != 0 && s.Replace(some, []byte(text)) == nil {
					want[some] = text
				}
			case "delete":
				if some != 0 {
					if err := s.Delete(some); err != nil {
						t.Fatal(err)
					}
					delete(want, some)
				}
			case "fail":
				d.failAlways(syscall.ENOSPC)
			case "work":
				d.failAlways(nil)
			case "kill":
				for _, h := range s.memory {
					delete(want, h.seq)
				}
				s.memory = nil // as a kill does; Close would try to save them
				stuck := s.stuck
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				d.failAlways(nil)
				if s, err = open(Config{Dir: dir, MaxBytes: 1 << 20}, d); err != nil {
					t.Fatal(err)
				}
				for seq := range stuck { // delivered, and back: sent again, harmlessly
					_ = s.Delete(seq)
				}
			}
			seqs := s.Sequences()
			if len(seqs) != len(want) || !slices.IsSorted(seqs) {
				t.Fatalf("queue %v, want the %d of %v", seqs, len(want), want)
			}
			for seq, text := range want {
				if got, err := s.Load(seq); err != nil || string(got) != text {
					t.Fatalf("batch %d is %q, %v; want %q", seq, got, err, text)
				}
			}
		}
	})
}

// logToStdout uses a folder as whoever the process is, and says what the spool said.
func logToStdout(t *testing.T, dir string) {
	s, err := Open(Config{Dir: dir, MaxBytes: 1 << 20, Log: slog.New(slog.NewTextHandler(os.Stdout, nil))})
	must(t, err)
	seq := mustPut(t, s, payload(1))
	wantLoad(t, s, seq, payload(1))
	must(t, s.Close())
}

package spool

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerDir); dir != "" {
		writeUntilKilled(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

func TestBatchesComeBackOldestFirstAndOverARestart(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	for i := range 12 {
		seq, err := s.Put(payload(i))
		if err != nil || seq != uint64(i+1) {
			t.Fatalf("Put %d: sequence %d, %v", i, seq, err)
		}
	}
	mustClose(t, s)
	s = mustOpen(t, dir)
	if got := len(s.Sequences()); got != 12 {
		t.Fatalf("%d batches after a restart, want 12", got)
	}
	for i, seq := range s.Sequences() {
		wantLoad(t, s, seq, payload(i))
	}
	if seq, err := s.Put(payload(12)); err != nil || seq != 13 {
		t.Errorf("sequence after a restart is %d (%v), want 13", seq, err)
	}
}

func TestACleanRestartSendsNothingAgain(t *testing.T) {
	dir := t.TempDir()
	for restart := range 50 {
		s := mustOpen(t, dir)
		if got := s.Sequences(); len(got) > 0 {
			t.Fatalf("restart %d finds %v, want nothing", restart, got)
		}
		a, b := mustPut(t, s, payload(1)), mustPut(t, s, payload(2))
		if err := s.Delete(a, b, a, 999); err != nil {
			t.Fatal(err)
		}
		mustClose(t, s)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.batch*"))
	if err != nil || len(files) > 0 {
		t.Errorf("left on disk: %v (%v)", files, err)
	}
}

func TestReplacedPayloadIsTheOneThatStays(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	seq := mustPut(t, s, payload(1))
	if err := s.Replace(seq, payload(2)); err != nil {
		t.Fatal(err)
	}
	wantLoad(t, s, seq, payload(2))
	mustClose(t, s)
	s = mustOpen(t, dir)
	wantLoad(t, s, seq, payload(2))
	if got, want := s.Stats(), (Stats{Batches: 1, Bytes: frameSize(len(payload(2)))}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if err := s.Replace(77, payload(3)); !errors.Is(err, ErrGone) {
		t.Errorf("Replace of a batch that is not there: %v, want ErrGone", err)
	}
}

func TestAFullQueueDropsTheOldestAndCounts(t *testing.T) {
	size := frameSize(len(payload(0)))
	dir := t.TempDir()
	s, err := Open(Config{Dir: dir, MaxBytes: 5*size + size/2})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 15 {
		mustPut(t, s, payload(i))
	}
	if diff := cmp.Diff([]uint64{11, 12, 13, 14, 15}, s.Sequences()); diff != "" {
		t.Errorf("the newest five stay (-want +got):\n%s", diff)
	}
	if got, want := s.Stats(), (Stats{Batches: 5, Bytes: 5 * size, Dropped: 10}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if _, err := s.Load(10); !errors.Is(err, ErrGone) {
		t.Errorf("Load of a dropped batch: %v, want ErrGone", err)
	}
	if err := s.Delete(10); err != nil {
		t.Errorf("Delete of a dropped batch: %v", err)
	}
	mustClose(t, s)
	s, err = Open(Config{Dir: dir, MaxBytes: 2 * size})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if diff := cmp.Diff([]uint64{14, 15}, s.Sequences()); diff != "" {
		t.Errorf("opened with a smaller bound (-want +got):\n%s", diff)
	}
}

func TestABatchSetAsideKeepsItsBytesAndAReadableNote(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	seq := mustPut(t, s, payload(1))
	mustPut(t, s, payload(2))
	if err := s.SetAside(seq, []byte("line 3: xã không có\n")); err != nil {
		t.Fatal(err)
	}
	if err := s.SetAside(seq, nil); !errors.Is(err, ErrGone) {
		t.Errorf("set aside twice: %v, want ErrGone", err)
	}
	note, err := os.ReadFile(filepath.Join(dir, "aside", "00000000000000000001.txt"))
	if err != nil || string(note) != "line 3: xã không có\n" {
		t.Errorf("note %q, %v", note, err)
	}
	kept, err := readFrame(filepath.Join(dir, "aside", "00000000000000000001.batch"))
	if err != nil || !bytes.Equal(kept, payload(1)) {
		t.Errorf("batch in aside: %q, %v", kept, err)
	}
	if err := s.Delete(2); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	s = mustOpen(t, dir)
	if got := s.Stats(); got != (Stats{Aside: 1}) {
		t.Errorf("after a restart: %+v, want one aside", got)
	}
	if err := os.Rename(filepath.Join(dir, "aside", "00000000000000000001.batch"), filepath.Join(dir, "aside", "00000000000000000041.batch")); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	if seq := mustPut(t, mustOpen(t, dir), payload(3)); seq != 42 {
		t.Errorf("next sequence %d, want 42: one above what is in aside", seq)
	}
}

func TestWhatIsSetAsideIsBounded(t *testing.T) {
	size := frameSize(len(payload(0)))
	dir := t.TempDir()
	s, err := Open(Config{Dir: dir, MaxBytes: 8 * 3 * size}) // an eighth: three batches aside
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 10 {
		if err := s.SetAside(mustPut(t, s, payload(i)), []byte("refused")); err != nil {
			t.Fatal(err)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "aside", "*"))
	if err != nil || len(left) != 6 || s.Stats().Aside != 3 {
		t.Errorf("%d files, %d counted (%v): want 3 batches and 3 notes", len(left), s.Stats().Aside, err)
	}
	if len(left) > 0 && !strings.HasSuffix(left[0], "00000000000000000008.batch") {
		t.Errorf("oldest left is %s, want the newest three", left[0])
	}
}

func TestTwoAgentsCannotShareAFolder(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	if _, err := Open(Config{Dir: dir, MaxBytes: 1 << 20}); err == nil || !strings.Contains(err.Error(), "another agent uses this folder") {
		t.Fatalf("second Open: %v", err)
	}
	mustClose(t, s)
	mustClose(t, mustOpen(t, dir))
}

func TestAClosedSpoolTakesNothing(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	seq := mustPut(t, s, payload(1))
	mustClose(t, s)
	if _, err := s.Put(payload(2)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Put: %v", err)
	}
	if err := s.Replace(seq, payload(2)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Replace: %v", err)
	}
	mustClose(t, s)
}

func TestPayloadsOutOfBoundsAreRefused(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	for _, p := range [][]byte{nil, {}, make([]byte, MaxPayload+1)} {
		if _, err := s.Put(p); err == nil {
			t.Errorf("a payload of %d bytes was taken", len(p))
		}
	}
	seq := mustPut(t, s, make([]byte, MaxPayload))
	wantLoad(t, s, seq, make([]byte, MaxPayload))
}

func TestWritersReadersAndDeletersDoNotDisturbOneAnother(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	const writers, each = 4, 25
	var wg sync.WaitGroup
	var mu sync.Mutex
	stored := map[uint64]string{}
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				text := fmt.Sprintf("writer %d, %d", w, i)
				seq, err := s.Put([]byte(text))
				if err == nil && i%2 == 0 {
					text += ", replaced"
					err = s.Replace(seq, []byte(text))
				}
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				stored[seq] = text
				mu.Unlock()
			}
		})
		wg.Go(func() {
			for range each {
				for _, seq := range s.Sequences() {
					if _, err := s.Load(seq); err != nil && !errors.Is(err, ErrGone) {
						t.Error(err)
					}
				}
				s.Stats()
			}
		})
	}
	wg.Wait()
	if len(stored) != writers*each || s.Stats().Batches != writers*each {
		t.Fatalf("%d sequences given, %d batches, want %d", len(stored), s.Stats().Batches, writers*each)
	}
	for seq, text := range stored {
		wantLoad(t, s, seq, []byte(text))
	}
}

func payload(i int) []byte {
	return fmt.Appendf(nil, "ping,site=x sent=%di 1700000000000000000\n", 10+i%10)
}

func mustOpen(t *testing.T, dir string) *Spool {
	t.Helper()
	s, err := Open(Config{Dir: dir, MaxBytes: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func mustClose(t *testing.T, s *Spool) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func mustPut(t *testing.T, s *Spool, p []byte) uint64 {
	t.Helper()
	seq, err := s.Put(p)
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

func wantLoad(t *testing.T, s *Spool, seq uint64, want []byte) {
	t.Helper()
	if got, err := s.Load(seq); err != nil || !bytes.Equal(got, want) {
		t.Errorf("batch %d holds %.60q (%v), want %.60q", seq, got, err, want)
	}
}

func BenchmarkPut(b *testing.B) {
	s, err := Open(Config{Dir: b.TempDir(), MaxBytes: 256 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	p := bytes.Repeat(payload(1), 70) // a round of an office: about 3 KB
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Put(p); err != nil {
			b.Fatal(err)
		}
	}
}

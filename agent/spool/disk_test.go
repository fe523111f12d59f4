package spool

import (
	"errors"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestContentsReachTheDiskBeforeTheNameAndTheNameBeforePutReturns(t *testing.T) {
	d := &fakeDisk{}
	s := openOn(t, t.TempDir(), d)
	seq := mustPut(t, s, payload(1))
	want := []string{
		"create 00000000000000000001.batch.tmp", "write", "sync", "close",
		"rename 00000000000000000001.batch.tmp", "sync folder",
	}
	if diff := cmp.Diff(want, d.log()); diff != "" {
		t.Errorf("Put (-want +got):\n%s", diff)
	}
	if err := s.Replace(seq, payload(2)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, d.log()); diff != "" {
		t.Errorf("Replace (-want +got):\n%s", diff)
	}
	if err := s.SetAside(seq, []byte("why")); err != nil {
		t.Fatal(err)
	}
	want = []string{
		"create 00000000000000000001.txt.tmp", "write", "sync", "close",
		"rename 00000000000000000001.txt.tmp", "sync folder",
		"rename 00000000000000000001.batch", "sync folder", "sync folder",
	}
	if diff := cmp.Diff(want, d.log()); diff != "" {
		t.Errorf("SetAside (-want +got):\n%s", diff)
	}
}

func TestAPutThatFailsAtAnyStepIsHeldAndReachesTheDiskWithTheNext(t *testing.T) {
	for _, cause := range []error{syscall.ENOSPC, syscall.EROFS, syscall.EIO} {
		for step := range 6 {
			dir := t.TempDir()
			d := &fakeDisk{}
			s := openOn(t, dir, d)
			before := mustPut(t, s, payload(1))
			d.failAt(step, cause)
			held := mustPut(t, s, payload(2))
			wantLoad(t, s, held, payload(2))
			if st := s.Stats(); st.Memory != 1 || st.Batches != 2 {
				t.Errorf("step %d: %+v, want one of two in memory", step, st)
			}
			d.failAt(-1, nil)
			after := mustPut(t, s, payload(3))
			if st := s.Stats(); st.Memory != 0 || st.Batches != 3 {
				t.Errorf("step %d: %+v, want all three on disk", step, st)
			}
			mustClose(t, s)
			s = mustOpen(t, dir)
			if got := s.Sequences(); !slices.Equal(got, []uint64{before, held, after}) {
				t.Errorf("step %d: queue %v after a restart, want %d, %d and %d", step, got, before, held, after)
			}
			wantLoad(t, s, held, payload(2))
			wantLoad(t, s, after, payload(3))
		}
	}
}

func TestTheFolderOfAFullDiskStillOpensAndDelivers(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	seq := mustPut(t, s, payload(1))
	bad := mustPut(t, s, payload(2))
	mustClose(t, s)
	flip(t, filepath.Join(dir, batchName(bad)))
	d := &fakeDisk{}
	d.failAlways(syscall.EROFS)
	s = openOn(t, dir, d)
	if got := s.Sequences(); !slices.Equal(got, []uint64{seq}) {
		t.Errorf("queue %v, want only %d: the damaged one cannot be moved and is passed over", got, seq)
	}
	wantLoad(t, s, seq, payload(1))
	must(t, s.Delete(seq)) // delivered, whether its file goes or not
	if got := s.Sequences(); len(got) != 0 || s.Stats().Batches != 0 {
		t.Errorf("queue %v, %+v: a delivered batch is in the way", got, s.Stats())
	}
	d.failAlways(nil)
	next := mustPut(t, s, payload(3))
	mustClose(t, s)
	if got := mustOpen(t, dir).Sequences(); !slices.Equal(got, []uint64{next}) {
		t.Errorf("queue %v after a restart, want %d: the delivered one's file stays for ever", got, next)
	}
}

// Power is cut before every single operation of a history, and the disk then loses
// what it may: contents that were not synced, names whose folder was not synced.
func TestAPowerCutAtAnyMomentLosesNothingThatPutHasReturned(t *testing.T) {
	steps := 0
	for cut := 0; ; cut++ {
		for _, loss := range []loss{loseNothing, loseContents, loseNames, loseBoth} {
			dir := t.TempDir()
			d := &fakeDisk{}
			s := openOn(t, dir, d)
			d.cutAt(cut)
			promised, finished := history(s)
			mustClose(t, s)
			d.lose(t, loss)
			s = mustOpen(t, dir)
			for seq, want := range promised {
				got, err := s.Load(seq)
				if err != nil || !slices.Contains(want, string(got)) {
					t.Fatalf("cut at %d, %v: batch %d is %q (%v), want one of %q", cut, loss, seq, got, err, want)
				}
			}
			if extra := len(s.Sequences()) - len(promised); extra < 0 || extra > 2 {
				t.Errorf("cut at %d, %v: %d batches beside the promised", cut, loss, extra)
			}
			mustClose(t, s)
			if finished {
				steps = cut
			}
		}
		if steps > 0 {
			break
		}
	}
	if steps < 20 {
		t.Errorf("the history has %d operations, want more than 20", steps)
	}
}

// history uses the spool until its disk fails. What it returns must be found again.
func history(s *Spool) (promised map[uint64][]string, finished bool) {
	promised = map[uint64][]string{}
	for _, text := range []string{"one", "two", "three"} {
		seq, err := s.Put([]byte(text))
		if err != nil || s.Stats().Memory > 0 {
			return promised, false
		}
		promised[seq] = []string{text}
	}
	promised[2] = []string{"two", "two, sealed"} // from now until Replace returns: either
	if s.Replace(2, []byte("two, sealed")) != nil {
		return promised, false
	}
	promised[2] = []string{"two, sealed"}
	delete(promised, 1) // from now on it may be gone or back
	if s.Delete(1) != nil {
		return promised, false
	}
	delete(promised, 3)
	if s.SetAside(3, []byte("why")) != nil {
		return promised, false
	}
	seq, err := s.Put([]byte("four"))
	if err != nil || s.Stats().Memory > 0 {
		return promised, false
	}
	promised[seq] = []string{"four"}
	return promised, true
}

func TestAFileHeldByAScannerIsTriedAgainAndOtherErrorsAreFinal(t *testing.T) {
	scanner, other := errors.New("sharing violation"), errors.New("no such file")
	transient := func(err error) bool { return errors.Is(err, scanner) }
	for name, c := range map[string]struct {
		fails []error // of the first tries
		tries int
		want  error
	}{
		"free at once":      {nil, 1, nil},
		"free after three":  {[]error{scanner, scanner, scanner}, 4, nil},
		"another error":     {[]error{other, nil}, 1, other},
		"then another one":  {[]error{scanner, other, nil}, 2, other},
		"never free: gives": {slices.Repeat([]error{scanner}, 100), 16, scanner},
	} {
		t.Run(name, func(t *testing.T) {
			tries, slept := 0, time.Duration(0)
			err := repeat(func() error {
				tries++
				if tries <= len(c.fails) {
					return c.fails[tries-1]
				}
				return nil
			}, transient, func(d time.Duration) { slept += d })
			if !errors.Is(err, c.want) || tries != c.tries {
				t.Errorf("%v after %d tries, want %v after %d", err, tries, c.want, c.tries)
			}
			if slept > 3*time.Second {
				t.Errorf("waited %s: longer than a service may", slept)
			}
		})
	}
}

package spool

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheLastFileCutAtAnyByteOrWithAnyBitFlippedHidesNoOther(t *testing.T) {
	source := t.TempDir()
	s := mustOpen(t, source)
	for i := range 3 {
		mustPut(t, s, payload(i))
	}
	mustClose(t, s)
	last := batchName(3)
	whole, err := os.ReadFile(filepath.Join(source, last))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	try := func(what string, at int, damaged []byte) {
		if err := os.CopyFS(filepath.Join(dir, "case"), os.DirFS(source)); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "case", last), damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(Config{Dir: filepath.Join(dir, "case"), MaxBytes: 1 << 20})
		if err != nil {
			t.Fatalf("%s %d: %v", what, at, err)
		}
		if got := s.Sequences(); !slices.Equal(got, []uint64{1, 2}) {
			t.Errorf("%s %d: queue %v, want 1 and 2", what, at, got)
		}
		wantLoad(t, s, 1, payload(0))
		wantLoad(t, s, 2, payload(1))
		if st := s.Stats(); st.Aside != 1 || st.Damaged != 1 {
			t.Errorf("%s %d: %+v, want one aside, damaged", what, at, st)
		}
		if seq := mustPut(t, s, payload(4)); seq != 4 {
			t.Errorf("%s %d: next sequence %d, want 4", what, at, seq)
		}
		mustClose(t, s)
		aside, err := os.ReadFile(filepath.Join(dir, "case", "aside", last))
		if err != nil || !bytes.Equal(aside, damaged) {
			t.Errorf("%s %d: the damaged bytes are not in aside: %v", what, at, err)
		}
		if err := os.RemoveAll(filepath.Join(dir, "case")); err != nil {
			t.Fatal(err)
		}
	}
	for n := range whole {
		try("cut after byte", n, whole[:n])
		zeroed := append(slices.Clone(whole[:n]), make([]byte, len(whole)-n)...)
		try("zeros from byte", n, zeroed)
	}
	for bit := range 8 * len(whole) {
		flipped := slices.Clone(whole)
		flipped[bit/8] ^= 1 << (bit % 8)
		try("flipped bit", bit, flipped)
	}
	try("with a byte more than", len(whole), append(slices.Clone(whole), 0))
}

func TestDamageAmongManyIsSetAsideAndTheRestDelivered(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	for i := range 100 { // more than Open reads whole
		mustPut(t, s, payload(i))
	}
	mustClose(t, s)
	flip(t, filepath.Join(dir, batchName(7)))
	must(t, os.Truncate(filepath.Join(dir, batchName(9)), 0))
	must(t, os.Remove(filepath.Join(dir, batchName(11)))) // reading a folder fails
	must(t, os.Mkdir(filepath.Join(dir, batchName(11)), 0o700))
	must(t, os.Remove(filepath.Join(dir, batchName(13))))
	flip(t, filepath.Join(dir, batchName(90)))
	must(t, os.WriteFile(filepath.Join(dir, "readme.txt"), []byte("a note of the office"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "18446744073709551615.batch"), []byte("not ours"), 0o600))

	s = mustOpen(t, dir)
	delivered := []uint64{}
	for _, seq := range s.Sequences() {
		switch _, err := s.Load(seq); {
		case err == nil:
			delivered = append(delivered, seq)
		case !errors.Is(err, ErrDamaged):
			t.Errorf("batch %d: %v", seq, err)
		}
	}
	want := []uint64{}
	for seq := uint64(1); seq <= 100; seq++ {
		if !slices.Contains([]uint64{7, 9, 11, 13, 90}, seq) {
			want = append(want, seq)
		}
	}
	if diff := cmp.Diff(want, delivered); diff != "" {
		t.Errorf("delivered (-want +got):\n%s", diff)
	}
	if st := s.Stats(); st.Damaged != 4 || st.Aside != 4 || st.Batches != len(want) {
		t.Errorf("%+v, want 4 damaged, 4 aside", st)
	}
	note, err := os.ReadFile(filepath.Join(dir, "aside", noteName(7)))
	if err != nil || !strings.Contains(string(note), "CRC-32C") {
		t.Errorf("note on batch 7: %q, %v", note, err)
	}
	for _, name := range []string{"readme.txt", "18446744073709551615.batch"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Errorf("a file that is not ours was touched: %v", err)
		}
	}
	if seq := mustPut(t, s, payload(1)); seq != 101 {
		t.Errorf("next sequence %d, want 101", seq)
	}
}

func TestABatchThatVanishedIsGoneAndNotInTheWay(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	a, b := mustPut(t, s, payload(1)), mustPut(t, s, payload(2))
	must(t, os.Remove(filepath.Join(dir, batchName(a))))
	if _, err := s.Load(a); !errors.Is(err, ErrGone) {
		t.Errorf("%v, want ErrGone", err)
	}
	if got := s.Sequences(); !slices.Equal(got, []uint64{b}) {
		t.Errorf("queue %v, want only %d", got, b)
	}
}

func TestUnfinishedFilesOfOursAreRemovedAtOpen(t *testing.T) {
	dir := t.TempDir()
	mustClose(t, mustOpen(t, dir))
	ours := []string{batchName(5) + ".tmp", filepath.Join("aside", noteName(2)+".tmp")}
	for _, name := range append(ours, "letter.tmp") {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600))
	}
	mustOpen(t, dir)
	for _, name := range ours {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there (%v)", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "letter.tmp")); err != nil {
		t.Errorf("someone else's file: %v", err)
	}
}

func flip(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	b[len(b)-3] ^= 0x10
	must(t, os.WriteFile(path, b, 0o600))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

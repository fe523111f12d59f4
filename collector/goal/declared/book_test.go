package declared

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/inventory"
)

func open(t *testing.T, dir string) *Book {
	t.Helper()
	b, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func imported(t *testing.T, b *Book, sheet string, now time.Time) Import {
	t.Helper()
	i, err := b.Import("ke khai.csv", strings.NewReader(sheet), province(t), "Lan", now)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func pcs(site, date string, n int) string {
	return fmt.Sprintf("site;date;source;pcs\n%s;%s;CV %d;%d\n", site, date, n, n)
}

func TestADeclarationIsInForceFromItsDayUntilALaterOne(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "goal", "declared")
	b := open(t, dir)
	at := func(minutes int) time.Time { return testNow.Add(time.Duration(minutes) * time.Minute) }
	imported(t, b, "site;date;source;pcs;ups\nbd-21997;31/05/2023;CV 1;1;1\n", at(0))
	imported(t, b, pcs("bd-21997", "31/10/2026", 2), at(1))
	imported(t, b, pcs("bd-21997", "30/09/2026", 3), at(2)) // of an earlier day, imported later
	imported(t, b, pcs("bd-21997", "31/10/2026", 4), at(3)) // of the same day, imported later
	imported(t, b, pcs("bd-22000", "01/11/2026", 5), at(4))
	for _, c := range []struct {
		day   time.Time
		known time.Time
		want  string
	}{
		{day("2023-05-30"), time.Time{}, ""},
		{day("2023-05-31"), time.Time{}, "bd-21997 1 1"},
		{day("2026-09-29"), time.Time{}, "bd-21997 1 1"},
		{day("2026-09-30"), time.Time{}, "bd-21997 3 -"}, // whole: of the UPS it says nothing
		{day("2026-10-31").Add(-time.Second), time.Time{}, "bd-21997 3 -"},
		{day("2026-10-31"), time.Time{}, "bd-21997 4 -"},
		{day("2026-10-31").Add(24*time.Hour - time.Second), time.Time{}, "bd-21997 4 -"},
		{day("2026-11-01").UTC(), time.Time{}, "bd-21997 4 -, bd-22000 5 -"}, // the day that it is in Vietnam
		{day("2026-12-31"), at(2), "bd-21997 2 -"},
		{day("2026-12-31"), at(1).Add(-time.Second), "bd-21997 1 1"},
		{day("2026-12-31"), at(-1), ""},
	} {
		for _, book := range []*Book{b, open(t, dir)} {
			bySite, _, err := book.InForce(c.day, c.known)
			var got []string
			for _, site := range []string{"bd-21997", "bd-22000"} {
				if d, has := bySite[site]; has {
					ups := "-"
					if d.UPSes != nil {
						ups = fmt.Sprint(*d.UPSes)
					}
					got = append(got, fmt.Sprintf("%s %d %s", site, *d.PCs, ups))
				}
			}
			if d := cmp.Diff(c.want, strings.Join(got, ", ")); d != "" || err != nil {
				t.Errorf("%v, known %v: %v %s", c.day, c.known, err, d)
			}
		}
	}
	_, one, _ := b.InForce(day("2026-10-31"), at(1))
	_, same, _ := open(t, dir).InForce(day("2026-11-30"), at(2))
	_, other, _ := b.InForce(day("2026-10-31"), at(3))
	if len(one) != 64 || one != same || one == other {
		t.Error(one, same, other)
	}
}

func TestTheSameSheetAgainIsTheSameImport(t *testing.T) {
	b := open(t, t.TempDir())
	first := imported(t, b, pcs("bd-21997", "31/10/2026", 2), testNow)
	version, err := b.Version()
	again, err2 := open(t, b.dir).Import("another name.csv", strings.NewReader(pcs("bd-21997", "31/10/2026", 2)), province(t), "Hoa", testNow.Add(time.Hour))
	if d := cmp.Diff(first, again); d != "" || err != nil || err2 != nil {
		t.Error(err, err2, d)
	}
	if now, _ := b.Version(); now != version {
		t.Error("the book has changed")
	}
	want := Import{
		ID: "20261128T023000Z-" + first.Hash[:12], At: testNow.UTC(), By: "Lan", File: "ke khai.csv", Hash: first.Hash,
		Declarations: []Declaration{{Site: "bd-21997", Date: day("2026-10-31"), Source: "CV 2", PCs: to(int64(2))}},
	}
	all, err := b.Imports()
	if d := cmp.Diff([]Import{want}, all); d != "" || err != nil {
		t.Error(err, d)
	}
	kept, err := os.ReadFile(filepath.Join(b.dir, first.Hash+".csv"))
	if err != nil || string(kept) != pcs("bd-21997", "31/10/2026", 2) {
		t.Errorf("%q %v", kept, err)
	}
}

func TestASheetWithAMistakeAndAPreviewLeaveNothing(t *testing.T) {
	b := open(t, t.TempDir())
	inv := province(t)
	_, err := b.Import("a.csv", strings.NewReader(pcs("bd-21997", "31/10/2026", 2)+"bd-22000;x;y;1\n"), inv, "", testNow)
	if _, ok := errors.AsType[Problems](err); !ok {
		t.Error(err)
	}
	got, err := b.Preview("a.csv", strings.NewReader(pcs("bd-21997", "31/10/2026", 2)), inv, "", testNow)
	if err != nil || len(got.Declarations) != 1 {
		t.Error(got, err)
	}
	files, err := os.ReadDir(b.dir)
	if len(files) > 0 || err != nil {
		t.Error(files, err)
	}
}

func TestADamagedImportIsNamedAndHidesNoOther(t *testing.T) {
	for name, damage := range map[string]func(text []byte) []byte{
		"empty":     func([]byte) []byte { return nil },
		"torn":      func(text []byte) []byte { return text[:len(text)/2] },
		"a digit":   func(text []byte) []byte { return bytes.Replace(text, []byte(`"pcs":2`), []byte(`"pcs":9`), 1) },
		"another's": func(text []byte) []byte { return bytes.ReplaceAll(text, []byte(`"hash":"`), []byte(`"hash":"0`)) },
		"no import": func([]byte) []byte { return []byte(`{"sha256":"","import":null}`) },
		"not JSON":  func([]byte) []byte { return []byte("\x00\x00\x00") },
		"of the next": func(text []byte) []byte {
			return bytes.Replace(text, []byte(`{"sha256"`), []byte(`{"x":1,"sha256"`), 1)
		},
	} {
		b := open(t, t.TempDir())
		hurt := imported(t, b, pcs("bd-21997", "31/10/2026", 2), testNow)
		imported(t, b, pcs("bd-22000", "31/10/2026", 3), testNow.Add(time.Minute))
		path := filepath.Join(b.dir, hurt.Hash+".json")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Remove(path), os.WriteFile(path, damage(text), 0o600)); err != nil {
			t.Fatal(err)
		}
		for _, book := range []*Book{b, open(t, b.dir)} {
			bySite, hash, err := book.InForce(day("2026-11-01"), time.Time{})
			damaged, ok := errors.AsType[*Damaged](err)
			if len(bySite) != 1 || bySite["bd-22000"].Site == "" || hash == "" || !ok || len(damaged.Files) != 1 || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: %v, %v", name, bySite, err)
			}
			if _, err := book.Import("a.csv", strings.NewReader(pcs("bd-21997", "31/10/2026", 2)), province(t), "", testNow); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: the damaged one was taken for whole, or written over: %v", name, err)
			}
		}
	}
}

func TestAnImportUnderAnotherNameIsDamaged(t *testing.T) {
	b := open(t, t.TempDir())
	one := imported(t, b, pcs("bd-21997", "31/10/2026", 2), testNow)
	text, err := os.ReadFile(filepath.Join(b.dir, one.Hash+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.dir, strings.Repeat("0", 64)+".json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := b.Imports()
	if len(all) != 1 || err == nil || !strings.Contains(err.Error(), "it is another sheet's") {
		t.Error(all, err)
	}
}

func TestABookIsKnownToChangeWhenAnotherProcessImports(t *testing.T) {
	dir := t.TempDir()
	reader, writer := open(t, dir), open(t, dir)
	before, err := reader.Version()
	imported(t, writer, pcs("bd-21997", "31/10/2026", 2), testNow)
	after, err2 := reader.Version()
	again, err3 := reader.Version()
	if before == after || after != again || err != nil || err2 != nil || err3 != nil {
		t.Error(before, after, again, err, err2, err3)
	}
	// Another one in the same tick of the clock.
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	imported(t, writer, pcs("bd-21997", "31/10/2026", 3), testNow.Add(time.Second))
	if err := os.Chtimes(dir, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if same, err := reader.Version(); same == after || err != nil {
		t.Error("an import of the same tick was missed", err)
	}
	// Long after, the folder alone is asked.
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(dir, old, old); err != nil {
		t.Fatal(err)
	}
	if after, err = reader.Version(); err != nil {
		t.Fatal(err)
	}
	for name := range reader.known {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(dir, old, old); err != nil {
		t.Fatal(err)
	}
	if quiet, err := reader.Version(); quiet != after || err != nil {
		t.Error("the folder was read though its time had not changed", err)
	}
	imported(t, writer, pcs("bd-21997", "31/10/2026", 4), testNow.Add(2*time.Second))
	if now, err := reader.Version(); now == after || err != nil {
		t.Error("a later import was missed", err)
	}
}

const importerDir = "COMMUNEWATCH_TEST_BOOK"

// TestMain is a process of its own that imports the same sheets, if it is told where.
func TestMain(m *testing.M) {
	dir := os.Getenv(importerDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	b, err := Open(dir)
	if err == nil {
		_, err = importAll(b)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// importAll imports the same sheets as everybody who calls it.
func importAll(b *Book) (ids []string, err error) {
	inv, err := inventory.Embedded()
	if err != nil {
		return nil, err
	}
	for n := range 12 {
		i, err := b.Import("a.csv", strings.NewReader(pcs("bd-21997", "31/10/2026", n)), inv, fmt.Sprint(os.Getpid()), time.Now())
		if err != nil {
			return nil, err
		}
		ids = append(ids, i.ID)
	}
	return ids, nil
}

func TestSeveralProcessesImportTheSameSheetsOnce(t *testing.T) {
	dir := t.TempDir()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			cmd := exec.CommandContext(t.Context(), program)
			cmd.Env = append(os.Environ(), importerDir+"="+dir)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	books := []*Book{open(t, dir), open(t, dir)}
	got := make([][]string, 4)
	for i := range got {
		all.Go(func() {
			ids, err := importAll(books[i%2])
			if err != nil {
				t.Error(err)
			}
			got[i] = ids
		})
	}
	all.Wait()
	imports, err := open(t, dir).Imports()
	if err != nil || len(imports) != 12 {
		t.Fatalf("%d imports, %v", len(imports), err)
	}
	for _, ids := range got {
		for _, id := range ids {
			if !slices.ContainsFunc(imports, func(i Import) bool { return i.ID == id }) {
				t.Errorf("%s was said to be kept", id)
			}
		}
	}
	files, err := os.ReadDir(dir)
	if len(files) != 24 || err != nil {
		t.Errorf("%d files, %v", len(files), err)
	}
}

func TestAnImportIsLaterThanAllBeforeIt(t *testing.T) {
	b := open(t, t.TempDir())
	imported(t, b, pcs("bd-21997", "31/10/2026", 2), testNow)
	imported(t, b, pcs("bd-21997", "31/10/2026", 3), testNow.Add(-time.Second)) // begun before, done after
	if bySite, _, err := b.InForce(testNow, time.Time{}); err != nil || *bySite["bd-21997"].PCs != 3 {
		t.Error(bySite, err)
	}
	_, err := b.Import("a.csv", strings.NewReader(pcs("bd-21997", "31/10/2026", 4)), province(t), "", testNow.Add(-time.Hour))
	if err == nil || !strings.Contains(err.Error(), "set the clock") {
		t.Error(err)
	}
}

func TestNamesInABookCannotSteerATerminal(t *testing.T) {
	b := open(t, t.TempDir())
	got, err := b.Import("a\x1b[2J\n.csv", strings.NewReader(pcs("bd-21997", "31/10/2026", 2)), province(t), "\x1b]0;x\a", testNow)
	if err != nil || strings.ContainsAny(got.File+got.By, "\x1b\a\n") {
		t.Errorf("%q %q %v", got.File, got.By, err)
	}
	_, err = Read("", strings.NewReader("site;date;source;pcs;\x1b[2J\n"), province(t), testNow)
	if err == nil || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("%q", err)
	}
}

func TestABookThatIsFullSaysSo(t *testing.T) {
	b := open(t, t.TempDir())
	imported(t, b, pcs("bd-21997", "31/10/2026", 2), testNow)
	if err := b.room(1); err != nil {
		t.Error(err)
	}
	b.known["large.json"] = page{file: fileState{size: maxBookBytes}}
	if err := b.room(1); err == nil || !strings.Contains(err.Error(), "is full") {
		t.Error(err)
	}
	if err := b.room(maxImportBytes + 1); err == nil {
		t.Error("there is no limit to one import")
	}
}

func TestWhatAKilledImportLeftIsSweptOnceItIsNobodysAnyMore(t *testing.T) {
	dir := t.TempDir()
	old, young := filepath.Join(dir, tempBeginning+"OLD"), filepath.Join(dir, tempBeginning+"YOUNG")
	for _, path := range []string{old, young} {
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-2 * sweepAfter)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old one: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("one that may be another process's: %v", err)
	}
}

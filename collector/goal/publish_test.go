package goal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/goal/kept"
	"communewatch/collector/inventory"
)

var publishMade = time.Date(2026, 11, 5, 10, 15, 0, 123, inventory.Zone())

// publishReport is a report of two sites, as made at a moment.
func publishReport(made time.Time) *Report {
	value, least := 99.25, 95.0
	finding := Finding{Criterion: "availability", Group: GroupLine, Verdict: Met, AtLeast: &least, Unit: "%", By: ByMeasured, Why: "met",
		Measured: &Measured{Value: &value, From: Month{2026, time.October}.From(), Until: Month{2026, time.November}.From(), Due: 22, Good: 22, Needed: 20}}
	return &Report{
		Goal:    GoalStamp{Standard{ID: "may-2023", Name: Words{"Mục tiêu", "Target"}, Works: map[string]Work{"b": {}, "a": {Price: 5}}}, "f00d"},
		Month:   Month{2026, time.October},
		Over:    true,
		Made:    made,
		Known:   Known{"inv", "decl", "days", 0},
		UnitsOn: time.Date(2026, 10, 31, 0, 0, 0, 0, inventory.Zone()),
		Sites: []SiteLine{
			{ID: "bd-21997", Name: "Vĩnh Sơn", Result: Result{Verdict: NoData, Distance: 1.5, Findings: []Finding{finding}}},
			{ID: "bd-21550", Name: "Nhơn Bình", Result: Result{Verdict: Met, Findings: []Finding{finding}}},
		},
	}
}

func publishArchive(t *testing.T) *Archive {
	t.Helper()
	a, err := OpenArchive(filepath.Join(t.TempDir(), "published"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func publishOne(t *testing.T, a *Archive, r *Report) Published {
	t.Helper()
	p, err := a.Publish(r, "lan")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAPublishedReportComesBackAsItWas(t *testing.T) {
	a := publishArchive(t)
	r := publishReport(publishMade)
	p := publishOne(t, a, r)
	want := Published{ID: p.ID, Goal: "may-2023", Month: r.Month, Made: publishMade.UTC(), By: "lan", Hash: p.Hash, Met: 1, NoData: 1}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
	if !strings.HasPrefix(p.ID, "may-2023_2026-10_20261105T031500Z_") || !strings.HasSuffix(p.ID, p.Hash[:12]) {
		t.Errorf("id %s of hash %s", p.ID, p.Hash)
	}
	got, again, err := a.Get(p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, got); diff != "" {
		t.Errorf("report (-published +read):\n%s", diff)
	}
	if diff := cmp.Diff(p, again); diff != "" {
		t.Errorf("what is said of it (-published +read):\n%s", diff)
	}
	info, err := os.Stat(filepath.Join(a.dir, fileOf(p)))
	if err != nil || info.Mode().Perm() != 0o444 {
		t.Errorf("file %v, %v; want it read only", info, err)
	}
}

func TestTheSameReportPublishedTwiceIsOnePublication(t *testing.T) {
	a := publishArchive(t)
	first := publishOne(t, a, publishReport(publishMade))
	second := publishOne(t, a, publishReport(publishMade))
	if first != second {
		t.Errorf("%+v, then %+v", first, second)
	}
	if all, err := a.List(); err != nil || len(all) != 1 {
		t.Errorf("%d published, %v", len(all), err)
	}
}

func TestAReportOverAPublishedOneStandsBesideIt(t *testing.T) {
	a := publishArchive(t)
	older := publishOne(t, a, publishReport(publishMade))
	newer := publishOne(t, a, publishReport(publishMade.Add(time.Hour)))
	other := publishReport(publishMade.Add(2 * time.Hour))
	other.Month = Month{2026, time.September}
	last := publishOne(t, a, other)
	all, err := a.List()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Published{last, newer, older}, all); diff != "" {
		t.Errorf("list, the newest first (-want +got):\n%s", diff)
	}
	r, p, err := a.Last("may-2023", Month{2026, time.October})
	if err != nil || p == nil || *p != newer || !r.Made.Equal(newer.Made) {
		t.Errorf("last %+v, %v; want %+v", p, err, newer)
	}
	if r, p, err := a.Last("may-2023", Month{2026, time.August}); r != nil || p != nil || err != nil {
		t.Errorf("last of a month without one: %v %v %v", r, p, err)
	}
	if r, p, err := a.Last("may", Month{2026, time.October}); r != nil || p != nil || err != nil {
		t.Errorf("last of another goal: %v %v %v", r, p, err)
	}
}

// damage does something to a file that nobody may write to.
func damage(t *testing.T, path string, do func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = errors.Join(os.Chmod(path, 0o644), os.WriteFile(path, do(data), 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestADamagedFileIsNamedAndNeverShown(t *testing.T) {
	cases := []struct {
		name string
		do   func(t *testing.T, path string)
	}{
		{"torn", func(t *testing.T, path string) {
			damage(t, path, func(b []byte) []byte { return b[:len(b)/2] })
		}},
		{"empty", func(t *testing.T, path string) {
			damage(t, path, func(b []byte) []byte { return nil })
		}},
		{"one bit flipped", func(t *testing.T, path string) {
			damage(t, path, func(b []byte) []byte { b[len(b)-20] ^= 1; return b })
		}},
		{"a space more", func(t *testing.T, path string) {
			damage(t, path, func(b []byte) []byte { return append(b, ' ') })
		}},
		{"too long", func(t *testing.T, path string) {
			if err := os.Truncate(path, maxPublishedSize+1); err != nil {
				t.Fatal(err)
			}
		}},
		{"a folder", func(t *testing.T, path string) {
			if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o755)); err != nil {
				t.Fatal(err)
			}
		}},
		{"a link to elsewhere", func(t *testing.T, path string) {
			if err := errors.Join(os.Rename(path, path[:len(path)-5]), os.Symlink(path[:len(path)-5], path)); err != nil {
				t.Fatal(err)
			}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := publishArchive(t)
			whole := publishOne(t, a, publishReport(publishMade))
			p := publishOne(t, a, publishReport(publishMade.Add(time.Hour)))
			c.do(t, filepath.Join(a.dir, fileOf(p)))

			all, err := a.List()
			var d *Damaged
			if !errors.As(err, &d) || !strings.HasPrefix(d.File, p.ID) {
				t.Errorf("the list's error is %v, want it to name %s", err, p.ID)
			}
			if diff := cmp.Diff([]Published{whole}, all); diff != "" {
				t.Errorf("list (-want +got):\n%s", diff)
			}
			if r, _, err := a.Get(p.ID); r != nil || !errors.As(err, &d) {
				t.Errorf("the damaged one: %v, %v", r, err)
			}
			if _, last, err := a.Last(p.Goal, p.Month); last == nil || *last != whole || !errors.As(err, &d) {
				t.Errorf("last is %+v, %v; want the one before and the damaged one named", last, err)
			}
			if _, err := a.Publish(publishReport(publishMade.Add(time.Hour)), "lan"); !errors.As(err, &d) {
				t.Errorf("publishing it again: %v; want that the damaged one stays as it is", err)
			}
		})
	}
}

func TestAFileUnderAnotherNameIsDamaged(t *testing.T) {
	for _, c := range []struct{ was, is string }{{"_2026-10_", "_2026-09_"}, {"may-2023_", "may-2024_"}, {"T031500Z", "T031501Z"}} {
		a := publishArchive(t)
		p := publishOne(t, a, publishReport(publishMade))
		name := strings.Replace(fileOf(p), c.was, c.is, 1)
		if err := os.Rename(filepath.Join(a.dir, fileOf(p)), filepath.Join(a.dir, name)); err != nil {
			t.Fatal(err)
		}
		var d *Damaged
		if all, err := a.List(); len(all) != 0 || !errors.As(err, &d) || d.File != name {
			t.Errorf("%s: %v, %v", name, all, err)
		}
	}
}

func TestAFileThatContradictsItselfIsDamaged(t *testing.T) {
	a := publishArchive(t)
	r := publishReport(publishMade)
	p := publishOne(t, a, r)
	data, err := os.ReadFile(filepath.Join(a.dir, fileOf(p)))
	if err != nil {
		t.Fatal(err)
	}
	forged := []byte(strings.Replace(string(data), `"met":1`, `"met":2`, 1))
	p = p.named(hashOf(forged))
	if err := kept.Add(a.dir, fileOf(p), forged, 0o444); err != nil {
		t.Fatal(err)
	}
	var d *Damaged
	if r, _, err := a.Get(p.ID); r != nil || !errors.As(err, &d) {
		t.Errorf("%v, %v", r, err)
	}
}

func TestAnIDCannotLeaveTheFolder(t *testing.T) {
	a := publishArchive(t)
	p := publishOne(t, a, publishReport(publishMade))
	outside := filepath.Join(filepath.Dir(a.dir), fileOf(p))
	if err := os.Rename(filepath.Join(a.dir, fileOf(p)), outside); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", ".", "..", "../" + p.ID, p.ID + ".json", p.ID + "/../" + p.ID, "/etc/passwd", p.ID + "\x00", p.ID + "\n", p.ID[:20], strings.ToUpper(p.ID), p.ID, strings.Repeat("a", 1<<20)} {
		r, _, err := a.Get(id)
		if r != nil || !errors.Is(err, os.ErrNotExist) || len(err.Error()) > 300 {
			t.Errorf("%.60q: %v, %.300v", id, r, err)
		}
	}
}

func TestAGoalThatNamesNoFileIsNotPublished(t *testing.T) {
	for _, id := range []string{"", "../may", "a/b", "Mai", "a_b", "-", strings.Repeat("a", 65)} {
		a := publishArchive(t)
		r := publishReport(publishMade)
		r.Goal.ID = id
		if p, err := a.Publish(r, "lan"); err == nil {
			t.Errorf("%q was published as %+v", id, p)
		}
		if names, err := a.names(); err != nil || len(names) != 0 {
			t.Errorf("%q left %v, %v", id, names, err)
		}
	}
}

func TestPublishersAtOnceKeepOneFileAReport(t *testing.T) {
	a := publishArchive(t)
	other, err := OpenArchive(a.dir) // as another process does
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if _, err := []*Archive{a, other}[i%2].Publish(publishReport(publishMade.Add(time.Duration(i/4)*time.Second)), "lan"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if all, err := a.List(); err != nil || len(all) != 4 {
		t.Errorf("%d published, %v; want 4", len(all), err)
	}
	if left, _ := filepath.Glob(filepath.Join(a.dir, ".*")); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestWhatAKilledPublisherLeftIsNoReport(t *testing.T) {
	a := publishArchive(t)
	if err := os.WriteFile(filepath.Join(a.dir, ".unfinished-1"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if all, err := a.List(); len(all) != 0 || err != nil {
		t.Errorf("%v, %v", all, err)
	}
}

func TestAFullArchiveTakesNoMore(t *testing.T) {
	a := publishArchive(t)
	for i := range maxPublished {
		if err := os.WriteFile(filepath.Join(a.dir, fmt.Sprint(i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Publish(publishReport(publishMade), "lan"); !errors.Is(err, errArchiveFull) {
		t.Errorf("%v; want that it is full", err)
	}
}

// BenchmarkListOfAHundred is what a page of all published reports costs.
func BenchmarkListOfAHundred(b *testing.B) {
	a, err := OpenArchive(filepath.Join(b.TempDir(), "published"))
	if err != nil {
		b.Fatal(err)
	}
	r := publishReport(publishMade)
	for len(r.Sites[0].Findings) < 20 {
		r.Sites[0].Findings = append(r.Sites[0].Findings, r.Sites[0].Findings[0])
	}
	for len(r.Sites) < 159 {
		r.Sites = append(r.Sites, r.Sites[0])
	}
	for i := range 100 {
		r.Made = publishMade.Add(time.Duration(i) * time.Hour)
		if _, err := a.Publish(r, "lan"); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if all, err := a.List(); err != nil || len(all) != 100 {
			b.Fatal(len(all), err)
		}
	}
}

// A list of a thousand reports is a gigabyte: what was proven is not read again, unless it
// is another file.
func TestAListReadsWhatItHasProvenNoMore(t *testing.T) {
	a := publishArchive(t)
	p := publishOne(t, a, publishReport(publishMade))
	path := filepath.Join(a.dir, fileOf(p))
	settle := func(at time.Time) {
		t.Helper()
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	good := func(why string, want int) {
		t.Helper()
		if all, _ := a.List(); len(all) != want {
			t.Errorf("%s: %d are listed, want %d", why, len(all), want)
		}
	}
	good("just written", 1)
	old := time.Now().Add(-time.Hour)
	settle(old)
	good("settled", 1)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2]++
	if err := errors.Join(os.Chmod(path, 0o644), os.WriteFile(path, data, 0o644)); err != nil {
		t.Fatal(err)
	}
	settle(old)
	good("not read", 1)
	if _, _, err := a.Get(p.ID); err == nil {
		t.Error("what is asked for is not proven")
	}
	settle(old.Add(time.Second))
	good("of another time", 0)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	good("gone", 0)
	if len(a.listed) != 0 {
		t.Errorf("%d are remembered", len(a.listed))
	}
}

// Who only reads reports needs no disk that can be written to.
func TestAnArchiveThatIsThereIsOpenedAsItIs(t *testing.T) {
	a := publishArchive(t)
	changed := func() syscall.Timespec {
		t.Helper()
		info, err := os.Stat(a.dir)
		if err != nil {
			t.Fatal(err)
		}
		return info.Sys().(*syscall.Stat_t).Ctim
	}
	before := changed()
	time.Sleep(20 * time.Millisecond)
	if _, err := OpenArchive(a.dir); err != nil {
		t.Fatal(err)
	}
	if after := changed(); after != before {
		t.Error("its owner was written again")
	}
}

package inventory

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"communewatch/collector/say"
)

// folder is the small inventory on a disk, followed.
type folder struct {
	t    *testing.T
	dir  string
	live *Live
	log  *bytes.Buffer
}

func newFolder(t *testing.T) *folder {
	f := &folder{t: t, dir: t.TempDir(), log: &bytes.Buffer{}}
	for name, file := range equipped() {
		f.write(name, string(file.Data))
	}
	var err error
	if f.live, err = NewLive(f.dir, slog.New(slog.NewTextHandler(f.log, nil))); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *folder) write(name, data string) {
	f.t.Helper()
	path := filepath.Join(f.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// edit changes a file as an editor does, which gives it another time.
func (f *folder) edit(name, old, new string) {
	f.t.Helper()
	data, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil || !strings.Contains(string(data), old) {
		f.t.Fatalf("%s holds no %q: %v", name, old, err)
	}
	f.write(name, strings.Replace(string(data), old, new, 1))
}

func (f *folder) name() string {
	s, _ := f.live.Current().Site("bd-21997")
	return s.Name
}

func (f *folder) logged(what string) int { return strings.Count(f.log.String(), what) }

func TestAChangeOfTheFolderIsTakenOnceItStaysTheSame(t *testing.T) {
	f := newFolder(t)
	before := f.live.Current()
	f.live.Look()
	f.live.Look()
	if f.live.Current() != before {
		t.Error("nothing changed and it was read anew")
	}
	f.edit("sites.csv", "Canh Liên", "Canh Tân Liên")
	f.live.Look()
	if f.name() != "Canh Liên" {
		t.Error("taken while it may be half-written")
	}
	f.edit("sites.csv", "Canh Tân Liên", "Canh Tân")
	f.live.Look()
	if f.name() != "Canh Liên" {
		t.Error("taken although it changed again")
	}
	f.live.Look()
	if f.name() != "Canh Tân" || f.logged("inventory is taken up") != 1 {
		t.Errorf("it is %s: %s", f.name(), f.log)
	}
	if s, _ := before.Site("bd-21997"); s.Name != "Canh Liên" {
		t.Error("who holds the old one sees it change")
	}
}

func TestAFolderWithAMistakeLeavesTheLastGoodOneAndSaysOnceWhy(t *testing.T) {
	f := newFolder(t)
	f.edit("sites.csv", ",551,", ",552,")
	f.edit("sites.csv", "Canh Liên", "Canh Tân")
	for range 4 {
		f.live.Look()
	}
	if f.name() != "Canh Liên" || f.live.Problems() != 1 {
		t.Errorf("%s, %d problems", f.name(), f.live.Problems())
	}
	want := "sites.csv:2:27: area \\\"552\\\" is not in areas.csv"
	if n := f.logged(want); n != 1 {
		t.Errorf("said %d times: %s", n, f.log)
	}
	if p := f.live.Problem(say.Vietnamese); !strings.Contains(p, "sites.csv:2:27: area \"552\" không có trong areas.csv") {
		t.Error(p)
	}
	f.edit("sites.csv", ",552,", ",551,")
	f.live.Look()
	f.live.Look()
	if f.name() != "Canh Tân" || f.live.Problem(say.Vietnamese) != "" || f.live.Problems() != 0 {
		t.Errorf("%s, %q", f.name(), f.live.Problem(say.English))
	}
}

func TestSecretsProfilesAndTemplatesAreFollowedToo(t *testing.T) {
	f := newFolder(t)
	for _, c := range []struct{ file, data, want string }{
		{"secrets.yaml", "router-551: {community: other}\nups: {user: u, auth_pass: auth-secret, privacy_pass: privacy-secret}\n", `"community":"other"`},
		{"profiles/y.yaml", "match: {}\n", `"y.yaml"`},
		{"targets.yaml", strings.Replace(targets, "10.0.0.9", "10.0.0.8", 1), `10.0.0.8`},
	} {
		f.write(c.file, c.data)
		f.live.Look()
		f.live.Look()
		d, err := f.live.Current().Document("bd-21997")
		if err != nil {
			t.Fatal(err)
		}
		if data, _, err := encode(d); err != nil || !strings.Contains(string(data), c.want) {
			t.Errorf("%s: %s %v", c.file, data, err)
		}
	}
	if err := os.Chmod(filepath.Join(f.dir, "secrets.yaml"), 0o644); err != nil {
		t.Fatal(err)
	}
	f.live.Look()
	f.live.Look()
	if f.live.Problems() != 1 {
		t.Error("secrets that others can read are taken")
	}
}

func TestAFolderThatIsGoneLeavesTheLastGoodOne(t *testing.T) {
	f := newFolder(t)
	if err := os.RemoveAll(f.dir); err != nil {
		t.Fatal(err)
	}
	f.live.Look()
	f.live.Look()
	f.live.Look()
	if f.name() != "Canh Liên" || f.live.Problems() != 1 || f.logged("is not taken up") != 1 {
		t.Errorf("%s %s", f.name(), f.log)
	}
}

func TestChangesOfTheCentreHoldForWhatIsReadLater(t *testing.T) {
	f := newFolder(t)
	live, err := NewLive(f.dir, slog.New(slog.DiscardHandler), func(inv *Inventory) *Inventory { return inv.WithCalendar(CalendarAlways) })
	if err != nil {
		t.Fatal(err)
	}
	f.edit("sites.csv", "Canh Liên", "Canh Tân")
	live.Look()
	live.Look()
	if s, _ := live.Current().Site("bd-21997"); s.Name != "Canh Tân" || !s.Due(at("2026-11-29 03:00")) {
		t.Errorf("%s, due %t", s.Name, s.Due(at("2026-11-29 03:00")))
	}
}

func TestAFolderThatIsWrongAtTheStartIsRefusedWithItsPath(t *testing.T) {
	f := newFolder(t)
	f.edit("sites.csv", ",551,", ",552,")
	_, err := NewLive(f.dir, slog.New(slog.DiscardHandler))
	if err == nil || !strings.HasPrefix(err.Error(), filepath.Join(f.dir, "sites.csv")+":2:28: ") {
		t.Error(err)
	}
	if _, err := NewLive(filepath.Join(f.dir, "nowhere"), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Error(err)
	}
	if _, err := NewLive(filepath.Join(f.dir, "sites.csv"), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "is no folder") {
		t.Error(err)
	}
}

func TestTheFolderIsLookedAtEveryFewSecondsUntilTheEnd(t *testing.T) {
	defer goleak.VerifyNone(t)
	f := newFolder(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			if err := f.live.Run(ctx); err != context.Canceled {
				t.Error(err)
			}
		})
		f.edit("sites.csv", "Canh Liên", "Canh Tân")
		time.Sleep(2*lookEvery + time.Second)
		synctest.Wait()
		if f.name() != "Canh Tân" {
			t.Errorf("still %s", f.name())
		}
		stop()
		group.Wait()
	})
}

func TestTheEmbeddedProvinceNeverChanges(t *testing.T) {
	live, err := NewLive("", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	before := live.Current()
	live.Look()
	live.Look()
	if live.Current() != before || len(before.Sites()) != 159 {
		t.Error("it was read anew")
	}
}

// Readers and the follower meet under the race detector.
func TestWhoeverReadsWhileTheFolderChangesHasAWholeInventory(t *testing.T) {
	f := newFolder(t)
	var group sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		group.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				inv := f.live.Current()
				if d, err := inv.Document("bd-21997"); err != nil || len(d.Targets) != 3 || len(inv.Sites()) != 1 {
					t.Errorf("%+v %v", d, err)
					return
				}
				_ = f.live.Problem(say.English)
			}
		})
	}
	for i := range 20 {
		f.edit("sites.csv", []string{"Canh Liên", "Canh Tân"}[i%2], []string{"Canh Tân", "Canh Liên"}[i%2])
		f.live.Look()
		f.live.Look()
	}
	close(done)
	group.Wait()
}

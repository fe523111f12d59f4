//go:build integration

package judge_test

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/inventory"
	"communewatch/collector/store/storetest"
)

func TestAnOutageOfASiteThatLeavesTheInventoryEndsAndComesBackWithIt(t *testing.T) {
	w := newWorld(t, storetest.Shared(t), 3)
	whole := w.inv
	minute := func(n int) {
		w.live(good, n, fine)
		if n < 10 {
			w.live(silent, n, fine)
		}
		w.flush()
		w.review(float64(n))
	}
	for n := range 25 {
		minute(n)
	}
	w.inv = without(t, silent)
	minute(25)
	w.restart(w.store)
	minute(26)
	if d := cmp.Diff([]string{silent + " silent closed 9–26 unknown (silent unknown)"}, w.outages()); d != "" {
		t.Error(d)
	}
	open := func() (n int) {
		for _, i := range w.rows("incident", []string{"id"}, "status") {
			if i["status"] == "open" {
				n++
			}
		}
		return n
	}
	if n := open(); n != 0 {
		t.Errorf("%d incidents are open", n)
	}
	labels := w.rows("outage", nil, "label", "terrain", "area", "reason")
	if labels[0]["label"] == "" || labels[0]["terrain"] == "" || labels[0]["area"] == "" || labels[0]["reason"] != "because.left" {
		t.Errorf("stored as %v", labels)
	}
	w.inv = whole
	minute(27)
	if d := cmp.Diff([]string{silent + " silent open 9–… unknown (silent unknown)"}, w.outages()); d != "" {
		t.Error(d)
	}
	if n := open(); n != 1 {
		t.Errorf("%d incidents are open", n)
	}
}

// without is the province less one site.
func without(t *testing.T, site string) *inventory.Inventory {
	t.Helper()
	files := fstest.MapFS{}
	root := os.DirFS("../inventory/binhdinh")
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, path)
		var kept []string
		for line := range strings.Lines(string(data)) {
			if !strings.Contains(line, site) {
				kept = append(kept, line)
			}
		}
		files[path] = &fstest.MapFile{Data: []byte(strings.Join(kept, ""))}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	inv, err := inventory.Read(files)
	if err != nil {
		t.Fatal(err)
	}
	if _, known := inv.Site(site); known {
		t.Fatal("it is still there")
	}
	return inv.WithCalendar(inventory.CalendarAlways)
}

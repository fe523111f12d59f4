//go:build integration

package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"communewatch/collector/store/embedded"
	"communewatch/collector/store/storetest"
)

func wallClock() time.Time { return time.Now() }

// Every scenario, and the first twin of it in which a piece of evidence is missing.
func TestTheJudgeFindsWhatHappened(t *testing.T) { playAll(t, false) }

// playAll plays all scenarios that are long, and of the others the further twins; or these
// but for those.
func playAll(t *testing.T, long bool) {
	dir, server := theatre(t)
	files, err := filepath.Glob(filepath.Join("testdata", "scenarios", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	t.Run("all", func(t *testing.T) {
		for _, file := range files {
			plays, err := readScenario(file)
			if err != nil {
				t.Error(err)
				continue
			}
			for n, p := range plays {
				if (plays[0].long || n > 1) != long {
					continue
				}
				t.Run(strings.TrimSuffix(p.file, ".txt")+"/"+p.name, func(t *testing.T) {
					t.Parallel()
					if len(plays) < 2 {
						t.Errorf("%s has no twin in which a piece of evidence is missing", p.file)
					}
					disk := filepath.Join(dir, p.file, string(rune('a'+n)))
					db, closeDB := newOutside(t.Context(), storetest.Open(t, server))
					defer func() {
						closeDB()
						t.Logf("%d queries and %d writes in %s", db.asked, db.written, db.took)
					}()
					synctest.Test(t, func(t *testing.T) {
						s, err := newStage(t, p, disk, db)
						if err == nil {
							err = s.run()
						}
						if err == nil {
							err = s.compare()
						}
						if err != nil {
							t.Fatal(err)
						}
					})
				})
			}
		}
	})
}

// theatre is an InfluxDB that many plays share, and a folder for spools, both in memory:
// the disk of this machine is not what is tried here.
func theatre(t *testing.T) (dir string, server *embedded.Server) {
	t.Helper()
	dir, err := MemoryDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir, storetest.StartIn(t, filepath.Join(dir, "influx"))
}

//go:build integration

package judge_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"communewatch/collector/inventory"
	"communewatch/collector/store/storetest"
)

// One pass in steady state: an hour of rounds is stored, every office is heard, one in
// fifty has lost its line since half an hour, and the hours are computed when they are due.
func BenchmarkReview(b *testing.B) {
	for _, sites := range []int{159, 7 * 159} {
		b.Run(fmt.Sprintf("%d sites", sites), func(b *testing.B) {
			dir := b.TempDir()
			w := newWorld(b, storetest.StartIn(b, dir), 3)
			w.inv = many(b, sites)
			w.restart(w.store)
			what := func(i, n int) int {
				if i%50 == 0 && n >= 30 {
					return lineLost
				}
				return fine
			}
			minute := func(n int) {
				for i, site := range w.inv.Sites() {
					w.live(site.ID, n, what(i, n))
				}
				w.flush()
			}
			for n := range 60 {
				minute(n)
			}
			w.review(58)
			w.review(58.5)
			pid, before, n := storetest.PID(dir), time.Duration(0), 60
			before = cpu(b, pid)
			b.ResetTimer()
			b.ReportAllocs()
			for i := range b.N {
				if i%2 == 0 {
					b.StopTimer()
					spent := cpu(b, pid)
					minute(n)
					before += cpu(b, pid) - spent
					n++
					b.StartTimer()
				}
				w.review(float64(n) - 1 + float64(i%2)/2)
			}
			b.ReportMetric(float64((cpu(b, pid)-before).Microseconds())/1000/float64(b.N), "influx-cpu-ms/op")
		})
	}
}

// many is a province of so many offices, always open.
func many(tb testing.TB, sites int) *inventory.Inventory {
	tb.Helper()
	if sites == 159 {
		inv, err := inventory.Embedded()
		if err != nil {
			tb.Fatal(err)
		}
		return inv.WithCalendar(inventory.CalendarAlways)
	}
	dir := tb.TempDir()
	source := filepath.Join("..", "inventory", "binhdinh")
	for _, name := range []string{"areas.csv", "units.csv"} {
		data, err := os.ReadFile(filepath.Join(source, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o600)
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	for _, name := range []string{"sites.csv", "members.csv"} {
		data, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			tb.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(string(data)), "\n")
		out := lines[:1:1]
		for province := 'd'; province < 'd'+rune(sites/159); province++ {
			for _, line := range lines[1:] {
				out = append(out, "b"+string(province)+strings.TrimPrefix(line, "bd"))
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(out, "\n")+"\n"), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	inv, err := inventory.Open(dir)
	if err != nil {
		tb.Fatal(err)
	}
	return inv.WithCalendar(inventory.CalendarAlways)
}

// cpu is what a process has used so far (Linux: of utime and stime in hundredths of a second).
func cpu(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		tb.Fatal(err)
	}
	fields := strings.Fields(string(data[strings.LastIndexByte(string(data), ')')+2:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

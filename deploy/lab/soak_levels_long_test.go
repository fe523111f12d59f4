//go:build integration && long

package lab

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// tracing has Go's runtime say on standard error, of a program as it is shipped, what cannot be seen
// from outside: every goroutine each 3.1 s, which is no multiple of a round, and the live heap after each collection.
const tracing = "GODEBUG=schedtrace=3100,scheddetail=1,gctrace=1"

// level is a figure that may not rise: its median at the end of a run is at most that after
// the warm-up and the larger of two tolerances.
type level struct {
	name    string
	percent float64 // tolerance, of the level after the warm-up
	units   float64 // tolerance
	seen    []sighting
}

type sighting struct {
	after time.Duration // from the start of the process
	value float64
}

// levels of a process.
type levels struct{ resident, heap, goroutines, threads, files level }

// The tolerances. Resident memory moves with the garbage collector's pace, Go keeps the threads
// that it once needed, and the round that is under way at a sample has its sockets and goroutines.
func newLevels() *levels {
	return &levels{
		resident:   level{name: "resident memory, MB", percent: 10, units: 2},
		heap:       level{name: "live heap, MB", units: 1}, // the runtime says whole ones
		goroutines: level{name: "goroutines", percent: 5, units: 5},
		threads:    level{name: "threads", units: 3},
		files:      level{name: "open files", units: 5},
	}
}

func (l *levels) all() []*level {
	return []*level{&l.resident, &l.heap, &l.goroutines, &l.threads, &l.files}
}

func (l *level) add(after time.Duration, value float64) {
	l.seen = append(l.seen, sighting{after, value})
}

// watch looks once a second at the agent from outside.
func (o *remoteOffice) watch(run time.Duration) *levels {
	o.t.Helper()
	l := newLevels()
	each := time.NewTicker(time.Second)
	defer each.Stop()
	for time.Since(o.began) < run {
		select {
		case <-o.t.Context().Done():
			o.t.Fatal("the test was ended")
		case <-o.Ended():
			o.t.Fatal("the agent ended by itself")
		case <-each.C:
		}
		if err := l.look(o.Pid(), time.Since(o.began)); err != nil {
			o.t.Fatal(err)
		}
	}
	return l
}

func (l *levels) look(pid int, after time.Duration) error {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return err
	}
	var kilobytes, threads float64
	for line := range strings.Lines(string(status)) {
		name, rest, _ := strings.Cut(line, ":")
		switch name {
		case "VmRSS":
			_, err = fmt.Sscan(rest, &kilobytes)
		case "Threads":
			_, err = fmt.Sscan(rest, &threads)
		}
		if err != nil {
			return fmt.Errorf("read %q of process %d: %w", line, pid, err)
		}
	}
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || kilobytes == 0 || threads == 0 || len(files) == 0 {
		return fmt.Errorf("process %d has %g kB, %g threads, %d files: %w", pid, kilobytes, threads, len(files), err)
	}
	l.resident.add(after, kilobytes*1024/1e6)
	l.threads.add(after, threads)
	l.files.add(after, float64(len(files)))
	return nil
}

// What [tracing] has the runtime write (package runtime, environment variables).
var (
	traceBegins    = regexp.MustCompile(`^SCHED (\d+)ms:`)
	tracedRoutine  = regexp.MustCompile(`^  G\d+: status=(\d+)\(`)
	tracedCollect  = regexp.MustCompile(`^gc \d+ @([0-9.]+)s .* \d+->\d+->(\d+) MB, `)
	deadGoroutines = []string{"0", "6"} // _Gidle, _Gdead in runtime2.go: kept to be used again
)

// readTrace reads from the agent's log what the runtime said of itself.
func (l *levels) readTrace(log string) error {
	file, err := os.Open(log)
	if err != nil {
		return err
	}
	defer file.Close()
	var at time.Duration
	goroutines := 0
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := lines.Text()
		if m := traceBegins.FindStringSubmatch(line); m != nil {
			if goroutines > 0 {
				l.goroutines.add(at, float64(goroutines))
			}
			ms, _ := strconv.ParseInt(m[1], 10, 64) // digits by the expression
			at, goroutines = time.Duration(ms)*time.Millisecond, 0
		} else if m := tracedRoutine.FindStringSubmatch(line); m != nil && !slices.Contains(deadGoroutines, m[1]) {
			goroutines++
		} else if m := tracedCollect.FindStringSubmatch(line); m != nil {
			seconds, err1 := strconv.ParseFloat(m[1], 64)
			live, err2 := strconv.ParseFloat(m[2], 64)
			if err1 != nil || err2 != nil {
				return fmt.Errorf("%s: %q", log, line)
			}
			l.heap.add(time.Duration(seconds*float64(time.Second)), live)
		}
	}
	return lines.Err()
}

// wantLevel compares the last fifth of the run with the second: the first is the warm-up.
func (l *levels) wantLevel(t *testing.T, run time.Duration) {
	t.Helper()
	for _, of := range l.all() {
		early, n := of.median(run/5, 2*run/5)
		late, m := of.median(4*run/5, run)
		if n < 5 || m < 5 {
			t.Errorf("%s: seen %d times after the warm-up and %d at the end, too few to say anything", of.name, n, m)
			continue
		}
		var fifths []string
		for i := range time.Duration(5) {
			median, _ := of.median(i*run/5, (i+1)*run/5)
			fifths = append(fifths, fmt.Sprintf("%.4g", median))
		}
		tolerance := max(early*of.percent/100, of.units)
		t.Logf("%-20s medians of the fifths of the run: %s; tolerance %.2g", of.name, strings.Join(fifths, ", "), tolerance)
		if late > early+tolerance {
			t.Errorf("%s rose from %.4g after the warm-up to %.4g at the end, which is more than %.2g", of.name, early, late, tolerance)
		}
	}
}

// median of what was seen from begin to before end, and how often it was seen.
func (l *level) median(begin, end time.Duration) (median float64, n int) {
	var values []float64
	for _, s := range l.seen {
		if s.after >= begin && s.after < end {
			values = append(values, s.value)
		}
	}
	if len(values) == 0 {
		return 0, 0
	}
	slices.Sort(values)
	return values[len(values)/2], len(values)
}

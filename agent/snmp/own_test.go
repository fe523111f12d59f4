package snmp

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"communewatch/collector/api"
)

var update = flag.Bool("update", false, "write what is read of testdata/devices as what is wanted; then check it by hand")

// TestDevicesMadeByHandAreRead polls the devices of testdata/devices, each a folder: what
// it answers (device.snmprec, and later.snmprec a minute later, if it changes) and what
// is to be read of it (want.txt). A new case is a new folder.
func TestDevicesMadeByHandAreRead(t *testing.T) {
	cases, err := filepath.Glob(filepath.Join("testdata", "devices", "*"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no devices: %v", err)
	}
	used := map[string]bool{}
	for _, dir := range cases {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			b := benchWithin(t, patient, recording(t, filepath.Join(dir, "device.snmprec"))...)
			first := b.round(t)
			profile, _ := first.device().FieldNamed("profile")
			used[profile.Text()] = true
			b.now = b.now.Add(time.Minute)
			if later := filepath.Join(dir, "later.snmprec"); exists(later) {
				b.set(recording(t, later)...)
			}
			got := first.lines() + "-- a minute later --\n" + b.round(t).lines()
			file := filepath.Join(dir, "want.txt")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Error(d)
			}
		})
	}
	shipped, err := Shipped()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range shipped.rules {
		if !used[r.profile] {
			t.Errorf("no device made by hand is known by profile %s", r.profile)
			used[r.profile] = true
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// lines are the points of a poll for people: a line each, without times.
func (f found) lines() string {
	var out strings.Builder
	for _, p := range f.points {
		out.WriteString(p.Measurement)
		if name := p.TagNamed(api.TagInterface); name != "" {
			fmt.Fprintf(&out, " %q", name)
		}
		for _, field := range p.Fields {
			if field.Value.Kind() == api.Text {
				fmt.Fprintf(&out, " %s=%q", field.Name, field.Value.Text())
			} else {
				fmt.Fprintf(&out, " %s=%s", field.Name, field.Value)
			}
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// BenchmarkAProfileOfADeviceThatIsKnown is what a round costs the agent when it knows
// what the device has; the responder's work is in it.
func BenchmarkAProfileOfADeviceThatIsKnown(b *testing.B) {
	bench := newBench(b, recording(b, filepath.Join("testdata", "devices", "synology", "device.snmprec"))...)
	bench.round(b)
	bench.questions()
	b.ReportAllocs()
	for b.Loop() {
		bench.now = bench.now.Add(time.Second)
		bench.poll(b.Context())
	}
	b.ReportMetric(float64(len(slices.Clone(bench.questions())))/float64(b.N), "requests/op")
}

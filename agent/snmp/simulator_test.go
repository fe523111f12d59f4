//go:build integration

package snmp

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"communewatch/collector/api"
)

// recordings is a folder of real devices' answers that lies beside the project.
const recordings = "../../../shared/snmprec"

// TestRecordedDevicesAreRead polls every recording, served by snmpsim: what real
// devices lack, pad, repeat and order wrongly. Every value that is known of them and
// that a profile is for must come out; with -v those are listed that none is for.
func TestRecordedDevicesAreRead(t *testing.T) {
	files := recordingsOrSkip(t)
	port := startSimulator(t)
	total, table := 0, []string{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".snmprec")
		t.Run(name, func(t *testing.T) {
			p, err := New(DefaultConfiguration())
			if err != nil {
				t.Fatal(err)
			}
			d := newDevice(api.Target{Name: name, Address: "127.0.0.1", SNMP: &api.SNMP{Version: "2c", Port: uint16(port), Community: name}}, p.cfg)
			first, second := check(t, d.poll(t.Context())), check(t, d.poll(t.Context()))
			if !first.up() || first.complaint() != "" {
				t.Errorf("up %v, error %q", first.up(), first.complaint())
			}
			if strings.Join(first.names(), "|") != strings.Join(second.names(), "|") {
				t.Errorf("names of two polls differ: %q, %q", first.names(), second.names())
			}
			facts := factsOf(t, name)
			if len(first.names()) != facts.Count {
				t.Errorf("%d interfaces, want %d", len(first.names()), facts.Count)
			}
			facts.agree(t, first)
			known, file := expected(t, name), byName(recording(t, file))
			recordedDevice{d, second.device(), file, t}.agree(known) // which knows what to ask for
			uncovered, held := recordedDevice{d, first.device(), file, t}.agree(known)
			total += held
			for _, f := range uncovered {
				table = append(table, fmt.Sprintf("%-22s %-10s %s: %v", name, d.known.said.profile, f.what, f.want))
			}
		})
	}
	t.Logf("%d values are right; no profile is for these:\n%s", total, strings.Join(table, "\n"))
}

func recordingsOrSkip(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(recordings, "*.snmprec"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("no recordings of real devices in %s: put them there to have them polled", recordings)
	}
	return files
}

// facts are what a script read of a recording, and what LibreNMS shows of it.
type facts struct {
	Count int
	List  []struct {
		IfName, IfDescr struct{ Value string }
		IfHighSpeed     struct{ Bps int64 }
		Oper            struct{ Value string }
	}
}

func factsOf(t *testing.T, name string) facts {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(recordings, name+".expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Interfaces facts }
	if err := json.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	return file.Interfaces
}

// agree holds what was read against the facts, for interfaces that have a name of
// their own.
func (f facts) agree(t *testing.T, got found) {
	t.Helper()
	for _, i := range f.List {
		name := api.CleanTag(i.IfName.Value)
		if name == "" {
			name = api.CleanTag(i.IfDescr.Value)
		}
		if !slices.Contains(got.names(), name) {
			continue
		}
		if up := got.field(name, "oper_up") == "1"; up != (i.Oper.Value == "up") {
			t.Errorf("%s: up %v, want %s", name, up, i.Oper.Value)
		}
		if speed := got.field(name, "speed_bps"); i.IfHighSpeed.Bps > 0 && speed != fmt.Sprint(i.IfHighSpeed.Bps) {
			t.Errorf("%s: speed %s, want %d", name, speed, i.IfHighSpeed.Bps)
		}
	}
}

// startSimulator serves the recordings: the community is a file's name.
func startSimulator(t *testing.T) (port int) {
	t.Helper()
	dir := t.TempDir()
	port = freePort(t)
	data, err := filepath.Abs(recordings)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{
		"--cache-dir=" + dir, "--data-dir=" + data, "--logging-method=null",
		fmt.Sprintf("--agent-udpv4-endpoint=127.0.0.1:%d", port),
	}
	if os.Getuid() == 0 { // as root it wants to become somebody else, who needs the cache
		args = append(args, "--process-user=nobody", "--process-group=nogroup")
		for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
			if err := os.Chmod(d, 0o777); err != nil {
				t.Fatal(err)
			}
		}
	}
	run(t, dir, "snmpsimd", args...)
	answers(t, api.Target{Name: "simulator", Address: "127.0.0.1", SNMP: &api.SNMP{Version: "2c", Port: uint16(port), Community: "hikvision-nvr"}})
	return port
}
